/* SPDX-License-Identifier: MIT */
/*
 * What loops over entries make of them, entry by entry: proved by runs.c, used by mapping.c.
 */
#pragma once
#include "whole.h"

PRED bool in_run(u32 p, u32 i, u32 page, u32 first, u32 n)
{
	return p == page && i - first < n;
}

PRED bool may_run(u32 kind, u32 page, u32 first, u32 level, u32 n)
{
	return kind <= SPACE_IO && page_exists(page) && first < PT_ENTRIES && n <= STEP_ENTRIES && n <= PT_ENTRIES - first &&
	       level >= 1 && level <= 4;
}

/* Entry i of table p, without grant g. */
PRED u64 cleared(u32 p, u32 i, u32 g, u32 kind, u32 level)
{
	return grant_has_leaf(g, kind, PTE(p, i), level) ? 0 : PTE(p, i);
}

PRED u64 old_cleared(u32 p, u32 i, u32 g, u32 kind, u32 level)
{
	return grant_has_leaf(g, kind, old_pte[p][i], level) ? 0 : old_pte[p][i];
}

/* Leaf i of those that begin at entry `first`. */
PRED u64 entered(u32 p, u32 i, u32 page, u32 first, u32 kind, u32 rights, u32 level, u32 how)
{
	return p == NIL ? 0 : pte_leaf(kind, page + ((i - first) << (LEVEL_BITS * (level - 1))), rights, level, how % 2 != 0, how / 2 % 2 != 0);
}

/* Entry i without its marks, if it is a leaf inside g. */
PRED u64 clean(u32 p, u32 i, u32 g, u32 kind)
{
	return grant_has_leaf(g, kind, PTE(p, i), 1) ? pte_clean(kind, PTE(p, i)) : PTE(p, i);
}

PRED u64 old_clean(u32 p, u32 i, u32 g, u32 kind)
{
	return grant_has_leaf(g, kind, old_pte[p][i], 1) ? pte_clean(kind, old_pte[p][i]) : old_pte[p][i];
}

/* Do bit k of both say which marks entry i had? */
PRED bool marks_are(u64 accessed, u64 dirty, u32 k, u32 g, u32 kind, u64 e)
{
	return (accessed >> (k % 64) & 1) == (grant_has_leaf(g, kind, e, 1) && pte_is_accessed(kind, e) ? 1 : 0) &&
	       (dirty >> (k % 64) & 1) == (grant_has_leaf(g, kind, e, 1) && pte_is_dirty(kind, e) ? 1 : 0);
}

/* Does an entry of run_copy's source go on, from grant g to grant `to`? */
PRED bool passes(u32 g, u32 to, u32 kind, u64 e)
{
	return grant_has_leaf(g, kind, e, 1) && grant_has_leaf(to, kind, e, 1);
}

/* The leaf that it becomes there, or 0 if it may not be read there. */
PRED u64 passed(u32 g, u32 to, u32 kind, u64 e, u64 attr)
{
	const u32 rights = pte_rights(kind, e) & (u32)attr & 7 & SLOT(to)->rights;

	return !passes(g, to, kind, e) || (rights & MAP_READ) == 0
		       ? 0
		       : pte_leaf(SP(SLOT(to)->obj)->kind, pte_page(e), rights, 1, SLOT(SLOT(to)->parent)->type == OBJ_DEVMEM, false);
}

/* Entry i of table p when n entries from `first` on, of table src, were copied to table dst. */
PRED u64 copied(u32 p, u32 i, u32 g, u32 to, u32 src, u32 dst, u32 first, u32 n, u64 attr)
{
	const u32 kind = SP(SLOT(g)->obj)->kind;
	const u64 e = old_pte[src][i];
	const u64 new = in_run(p, i, dst, first, n) ? passed(g, to, kind, e, attr) : 0;
	const u64 here = new != 0 ? new : old_pte[p][i];

	return in_run(p, i, src, first, n) && passes(g, to, kind, e) && (attr & COPY_PROTECT) != 0 ? pte_without(kind, here, MAP_WRITE) : here;
}

/* What is replaced, or may not be written any more, has to be flushed: 1 in the source, 2 in the target. */
PRED bool is_told(u32 p, u32 i, u32 to, u32 src, u32 dst, u32 flush)
{
	const u32 kind = SP(SLOT(to)->obj)->kind;

	return flush <= 3 && (PTE(p, i) == old_pte[p][i] || (p == src && (flush & 1) != 0) ||
			      (p == dst && ((flush & 2) != 0 || (!pte_is_present(kind, old_pte[p][i]) && kind != SPACE_IO))));
}

PRED bool may_copy(u32 g, u32 to, u32 src, u32 src_first, u32 dst, u32 dst_first, u32 n)
{
	return is_space(SLOT(g)->obj) && is_space(SLOT(to)->obj) && SP(SLOT(g)->obj)->kind <= SPACE_IO && SP(SLOT(to)->obj)->kind <= SPACE_IO &&
	       page_exists(src) && page_exists(dst) && src_first == dst_first && n >= 1 && n <= STEP_ENTRIES && src_first < PT_ENTRIES &&
	       n <= PT_ENTRIES - src_first && IMP(src == dst, SP(SLOT(g)->obj)->kind == SP(SLOT(to)->obj)->kind);
}

PRED bool is_copied_to(u32 p, u32 k, u32 g, u32 to, u32 src, u32 dst, u32 first, u32 n, u64 attr, u32 flush)
{
	return PTE(p, k) == copied(p, k, g, to, src, dst, first, n, attr) && is_told(p, k, to, src, dst, flush);
}
