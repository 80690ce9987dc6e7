/* SPDX-License-Identifier: MIT */
/*
 * The invariants, evaluated.  The predicates stand in proofs/spec/inv_*.h.
 *
 * Called by:  tests and fuzzer after every kernel entry; debug kernels.
 * Never:      writes kernel state.
 */
#pragma once
#include "types.h"

/* Which invariant was found broken, and where; name NULL: none. */
struct inv_failure {
	const char *name;
	u32 index;
	u32 index2; /* of predicates with two */
};
extern struct inv_failure inv_failed;

/* All invariants at all indices; everything is computed anew. */
bool kernel_inv(void);
/* Those of what CPU `cpu` has at hand: constant time, for debug kernels. */
bool kernel_inv_local(u32 cpu);
