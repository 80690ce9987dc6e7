/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 8
 * merge = ["source_rights"]
 * [h_create]
 * function = "sys_grant_create"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "prover.h"
#include "contract_tree.h"
#include "handed.h"

#include <grant.c>
#include <cap.c>

err_t prover_replace_cap_may_derive(u32 s)
{
	return (err_t){ spec_may_derive(s) };
}

/* The newest child of its source: all of its pages, and a window in the space as it is now. */
PRED bool is_grant(u32 g, u32 source, u32 sp, u64 vaddr, u64 pages, u64 rights)
{
	return SLOT(g)->type == OBJ_GRANT && SLOT(g)->flags == 0 && SLOT(g)->rights == rights && SLOT(g)->obj == sp &&
	       SLOT(g)->badge == SP(sp)->uid && SLOT(g)->first == SLOT(source)->first &&
	       SLOT(g)->count == SLOT(source)->count && SLOT(g)->window == vaddr / 4096 && SLOT(g)->length == pages &&
	       is_newest_child(g, source) &&
	       SLOT(g)->depth == SLOT(source)->depth + 1;
}

void h_create(u32 t, u32 source, u32 dst, u32 space, u64 vaddr, u64 pages, u64 rights)
{
	HANDED(grant_create, source, dst, space, pages, rights);
	HAS_NUMBERS(any.cpu);
	const u32 sp = SLOT(space)->obj;
	hint_tree(dst);
	hint_newest(any, source);
	HINTS(any_cap_object_inv(space), any_space_inv(sp), any_space_uid_inv(sp, any.cpu));
	const u32 bad = spec_grant_error(source, sp, vaddr, pages, rights, spec_may_derive(source) == ERRNO_OK);
	const err_t err = sys_grant_create(t, source, dst, space, vaddr, pages, rights);
	const bool done = err.v == 0;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", is_grant(dst, source, sp, vaddr, pages, rights));
	ASSIGNS(done, INSERTED(dst, source));
	check_whole();
	COVER(done);
}
