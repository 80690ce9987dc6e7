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

bool prover_replace_cap_is_dying(u32 s)
{
	return spec_is_dying(s);
}

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

void h_create(void)
{
	ANY(u32, t);
	ANY(u32, source);
	ANY(u32, dst);
	ANY(u32, space);
	ANY(u64, vaddr);
	ANY(u64, pages);
	ANY(u64, rights);
	const struct any any = any_index();

	HANDED(grant_create, source, dst, space, pages, rights);
	HAS_NUMBERS(any.cpu);
	const u32 sp = SLOT(space)->obj;
	hint_tree(dst);
	hint_newest(any, source);
	HINT(1, any_cap_object_inv(space));
	HINT(1, any_space_inv(sp));
	HINT(1, any_space_uid_inv(sp, any.cpu));
	const u32 bad = spec_grant_error(source, sp, vaddr, pages, rights, spec_may_derive(source) == ERRNO_OK);
	remember();
	const err_t err = sys_grant_create(t, source, dst, space, vaddr, pages, rights);
	const bool done = err.v == 0;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", is_grant(dst, source, sp, vaddr, pages, rights));
	CHECK_IF(!done | ((any.slot != dst) & (any.slot != source) & (any.slot != old_slot[source].child)), "spec",
		 same_cap(any.slot));
	CHECK_IF(any.slot != dst, "spec", same_cap_contents(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	check_threads(any);
	check_cpus(any);
	check_rest(any);
	check_invariants(any);
	check_owners(any);
	COVER(done);
}
