/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_walk]
 * function = "space_walk"
 * columns = ["spec"]
 */
#include "prover.h"
#include <mapping.c>
#include "spec_space.h"
#include "state_def.h"
#include "model.h"

u8 level_ok[2][4];

bool arch_level_ok(u32 kind, u32 level)
{
	return level_ok[kind & 1][level & 3] & 1;
}

/* Flushing leaves kernel state as it is. */
void arch_space_flush(u32 sp, u64 vpage, u64 pages)
{
	(void)sp;
	(void)vpage;
	(void)pages;
}

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

void h_walk(void)
{
	ANY(u32, sp);
	ANY(u64, v);
	ANY(u32, want);
	ASSUME_INPUT((want >= 1) & (want <= 4));
	ASSUME_STATE(space, is_space(sp), "walks begin at a space");
	ASSUME_STATE(user, v < spec_pages(SP(sp)->kind), "user addresses only");
	tables_on_way(sp, v);
	const struct place at = space_walk(sp, SP(sp)->kind, v, want);
	CHECK_SPEC(place_is_end(sp, v, want, at.page, at.index, at.level));
}
