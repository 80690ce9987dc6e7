/* SPDX-License-Identifier: MIT */
/*
 * What walking the tables of a space does, for units that call it: proved by
 * h_contract_space_walk of mapping.c.
 */
#pragma once
#include "whole.h"
#include <mapping.h>

/* Which table translates v of space sp at a level, if there is one. */
PRED u32 table_at(u32 sp, u64 v, u32 level)
{
	const u32 third = pte_page(PTE(sp + 1, index_at(v, 4)));
	const u32 second = pte_page(PTE(third, index_at(v, 3)));

	return level == 4 ? sp + 1 : level == 3 ? third : level == 2 ? second : pte_page(PTE(second, index_at(v, 2)));
}

/* Does entry i of table p lead on to another table? */
PRED bool is_way_on(u32 p, u32 i, u32 kind, u32 level)
{
	return pte_is_present(kind, PTE(p, i)) && !pte_is_leaf(kind, PTE(p, i), level);
}

PRED bool has_table(u32 sp, u64 v, u32 level)
{
	const u32 kind = SP(sp)->kind;

	return level == 4 ||
	       (is_way_on(sp + 1, index_at(v, 4), kind, 4) &&
		(level == 3 || (is_way_on(table_at(sp, v, 3), index_at(v, 3), kind, 3) &&
				(level == 2 || is_way_on(table_at(sp, v, 2), index_at(v, 2), kind, 2)))));
}

PRED bool may_walk(u32 sp, u32 kind, u64 v, u32 want)
{
	return is_space(sp) && kind == SP(sp)->kind && v < spec_pages(kind) && want >= 1 && want <= 4;
}

struct place prover_replace_space_walk(u32 sp, u32 kind, u64 v, u32 want)
{
	ANY(u32, page);
	ANY(u32, index);
	ANY(u32, level);

	CHECK_SPEC(may_walk(sp, kind, v, want));
	prover_assume(place_is_end(sp, v, want, page, index, level));
	prover_assume((page == table_at(sp, v, level)) & ((level == want) == has_table(sp, v, want)));
#ifdef WALK_IN_TABLES /* few units have to know */
	prover_assume(has_table(sp, v, level));
#endif
	return (struct place){ page, index, level };
}
