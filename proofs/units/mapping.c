/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * [h_contract_space_walk]
 * function = "space_walk"
 * columns = ["ub", "invariant", "spec"]
 */
#include "prover.h"
#define HOT static __attribute__((noinline))
#include "contract_walk.h"

#include <mapping.c>

static u32 below(u32 p, u64 v, u32 level)
{
	return page_exists(p) ? pte_page(PTE(p, index_at(v, level))) : 0;
}

/* What holds of the tables on the way to a virtual page. */
static void tables_on_way(u32 sp, u64 v)
{
	const u32 third = below(sp + 1, v, 4);
	const u32 second = below(third, v, 3);
	const u32 first = below(second, v, 2);

	HINT(1, any_space_inv(sp));
	HINT(1, any_entry_inv(sp + 1, index_at(v, 4)));
	HINT(1, any_ptable_inv(third));
	HINT(1, any_entry_inv(third, index_at(v, 3)));
	HINT(1, any_ptable_inv(second));
	HINT(1, any_entry_inv(second, index_at(v, 2)));
	HINT(1, any_ptable_inv(first));
}

void h_contract_space_walk(void)
{
	ANY(u32, sp);
	ANY(u64, v);
	ANY(u32, want);

	ASSUME_STATE(requires, may_walk(sp, SP(sp)->kind, v, want), "a walk begins at a space, to a user address");
	tables_on_way(sp, v);
	const struct place at = space_walk(sp, SP(sp)->kind, v, want);

	CHECK_SPEC(place_is_end(sp, v, want, at.page, at.index, at.level));
	CHECK_SPEC(at.page == table_at(sp, v, at.level));
	CHECK_SPEC((at.level == want) == has_table(sp, v, want));
	COVER(at.level == want);
}
