/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 1
 * merge = ["leaf_put", "entry_clear", "entry_harvest", "entry_pass", "entry_copy", "entry_protect"]
 * [h_contract_run_clear]
 * function = "run_clear"
 * columns = ["ub", "spec"]
 * [h_contract_run_enter]
 * function = "run_enter"
 * columns = ["ub", "spec"]
 * [h_contract_run_harvest]
 * function = "run_harvest"
 * columns = ["ub", "spec"]
 * [h_contract_run_copy]
 * function = "run_copy"
 * columns = ["ub", "spec"]
 */
/*
 * Loops over entries of one table, which begin at entry INDEX(first): what is so of any
 * entry when a round begins.
 */
#include "prover.h"
#define HOT static __attribute__((noinline))
#include "whole.h"

#include <mapping.c>
#include "runs.h"

PRED bool is_round(u32 i, u32 n, u32 index, u32 first)
{
	return i < n && index == first + i;
}

PRED bool same_pte(u32 p, u32 k)
{
	return PTE(p, k) == old_pte[p][k];
}

/* --- clearing ------------------------------------------------------------------------------- */

PRED bool is_cleared_to(u32 p, u32 k, u32 page, u32 first, u32 n, u32 g, u32 kind, u32 level, bool any)
{
	return (same_pte(p, k) || any) &&
	       (in_run(p, k, page, first, n) ? PTE(p, k) == old_cleared(p, k, g, kind, level) : same_pte(p, k));
}

void prover_begin_run_clear(u32 i, u32 n, u32 g, u32 kind, u32 at_page, u32 at_index, u32 at_level, bool cleared)
{
	CHECK_SPEC(is_round(i, n, at_index, INDEX(first)));
	CHECK_SPEC(is_cleared_to(INDEX(page), INDEX(n), at_page, INDEX(first), i, g, kind, at_level, cleared));
}

void prover_round_run_clear(u32 i, u32 n, u32 g, u32 kind, u32 at_page, u32 at_index, u32 at_level, bool cleared)
{
	FORGET(ks_pte[0]);
	prover_assume(is_round(i, n, at_index, INDEX(first)));
	prover_assume(is_cleared_to(INDEX(page), INDEX(n), at_page, INDEX(first), i, g, kind, at_level, cleared));
}

void h_contract_run_clear(u32 g, u32 kind, u32 page, u32 level, u32 n)
{
	const u32 first = INDEX(first);

	ASSUME_INPUT(may_run(kind, page, first, level, n));
	const bool any = run_clear(g, kind, (struct place){ page, first, level }, n);

	CHECK_SPEC(is_cleared_to(INDEX(page), INDEX(n), page, first, n, g, kind, level, any));
	COVER(any);
}

/* --- entering -------------------------------------------------------------------------------- */

PRED bool is_way(u64 e, u32 kind, u32 level)
{
	return pte_is_present(kind, e) && !pte_is_leaf(kind, e, level);
}

PRED bool is_flag(u32 x)
{
	return x <= 1;
}

PRED bool is_entered_to(u32 p, u32 k, u32 page, u32 first, u32 n, u32 kind, u32 level, bool any, u64 leaf)
{
	return in_run(p, k, page, first, n) ? PTE(p, k) == leaf && !is_way(old_pte[p][k], kind, level) &&
						      (any || !pte_is_present(kind, old_pte[p][k]))
					    : same_pte(p, k);
}

void prover_begin_run_enter(u32 r_done, u32 n, u32 kind, u32 at_page, u32 at_index, u32 at_level, u8 r_replaced, u32 l_page,
			    u32 l_rights, bool l_device, bool l_combine)
{
	const u32 p = INDEX(page), k = INDEX(n), first = INDEX(first);

	CHECK_SPEC(is_round(r_done, n, at_index, first));
	CHECK_SPEC(is_flag(r_replaced));
	CHECK_SPEC(is_entered_to(p, k, at_page, first, r_done, kind, at_level, r_replaced,
				 entered(p, k, l_page, first, kind, l_rights, at_level, l_device + l_combine * 2)));
}

void prover_round_run_enter(u32 r_done, u32 n, u32 kind, u32 at_page, u32 at_index, u32 at_level, u8 r_replaced, u32 l_page,
			    u32 l_rights, bool l_device, bool l_combine)
{
	const u32 p = INDEX(page), k = INDEX(n), first = INDEX(first);

	FORGET(ks_pte[0]);
	prover_assume(is_round(r_done, n, at_index, first));
	prover_assume(is_flag(r_replaced));
	prover_assume(is_entered_to(p, k, at_page, first, r_done, kind, at_level, r_replaced,
				    entered(p, k, l_page, first, kind, l_rights, at_level, l_device + l_combine * 2)));
	prover_assume(is_entered_to(at_page, at_index, at_page, first, r_done, kind, at_level, r_replaced, 0));
}

void h_contract_run_enter(u32 kind, u32 page, u32 level, u32 n, u32 frame, u32 rights, u32 how)
{
	const u32 p = INDEX(page), k = INDEX(n), first = INDEX(first);

	ASSUME_INPUT(may_run(kind, page, first, level, n) & (level <= 3) & (how <= 3));
	const struct entered r = run_enter(kind, (struct place){ page, first, level }, n,
					   (struct leaves){ frame, rights, how % 2 != 0, how / 2 != 0 });

	CHECK_SPEC(r.done <= n);
	CHECK_IF(r.done < n, "spec", is_way(old_pte[page][first + r.done], kind, level));
	CHECK_SPEC(is_entered_to(p, k, page, first, r.done, kind, level, r.replaced,
				 entered(p, k, frame, first, kind, rights, level, how)));
	COVER(r.done == n && r.replaced);
}

/* --- marks ------------------------------------------------------------------------------------ */

PRED bool is_clean_to(u32 p, u32 k, u32 page, u32 first, u32 n, u32 g, u32 kind, u64 accessed, u64 dirty)
{
	return in_run(p, k, page, first, n) ? PTE(p, k) == old_clean(p, k, g, kind) &&
						      marks_are(accessed, dirty, k - first, g, kind, old_pte[p][k])
					    : same_pte(p, k);
}

PRED bool is_below_bit(u64 marks, u32 n)
{
	return n >= 64 || marks >> (n % 64) == 0;
}

void prover_begin_run_harvest(u32 i, u32 n, u32 g, u32 kind, u32 at_page, u32 at_index, u64 m_accessed, u64 m_dirty)
{
	CHECK_SPEC(is_round(i, n, at_index, INDEX(first)));
	CHECK_SPEC(is_below_bit(m_accessed, i));
	CHECK_SPEC(is_below_bit(m_dirty, i));
	CHECK_SPEC(is_clean_to(INDEX(page), INDEX(n), at_page, INDEX(first), i, g, kind, m_accessed, m_dirty));
}

void prover_round_run_harvest(u32 i, u32 n, u32 g, u32 kind, u32 at_page, u32 at_index, u64 m_accessed, u64 m_dirty)
{
	FORGET(ks_pte[0]);
	prover_assume(is_round(i, n, at_index, INDEX(first)));
	prover_assume(is_below_bit(m_accessed, i));
	prover_assume(is_below_bit(m_dirty, i));
	prover_assume(is_clean_to(INDEX(page), INDEX(n), at_page, INDEX(first), i, g, kind, m_accessed, m_dirty));
}

void h_contract_run_harvest(u32 g, u32 kind, u32 page, u32 n)
{
	const u32 first = INDEX(first);

	ASSUME_INPUT(may_run(kind, page, first, 1, n));
	const struct marks m = run_harvest(g, kind, (struct place){ page, first, 1 }, n);

	CHECK_SPEC(is_clean_to(INDEX(page), INDEX(n), page, first, n, g, kind, m.accessed, m.dirty));
	COVER(m.accessed != 0);
}

/* --- copying ---------------------------------------------------------------------------------- */

PRED bool is_copy_round(u32 i, u32 n, u32 src, u32 dst, u32 first)
{
	return is_round(i, n, src, first) && dst == src;
}

void prover_begin_run_copy(u32 i, u32 n, u32 g, u32 to, u32 src_page, u32 src_index, u32 dst_page, u32 dst_index, u64 attr, u32 flush)
{
	CHECK_SPEC(is_copy_round(i, n, src_index, dst_index, INDEX(first)));
	CHECK_SPEC(is_copied_to(INDEX(page), INDEX(n), g, to, src_page, dst_page, INDEX(first), i, attr, flush));
}

void prover_round_run_copy(u32 i, u32 n, u32 g, u32 to, u32 src_page, u32 src_index, u32 dst_page, u32 dst_index, u64 attr, u32 flush)
{
	FORGET(ks_pte[0]);
	prover_assume(is_copy_round(i, n, src_index, dst_index, INDEX(first)));
	prover_assume(is_copied_to(INDEX(page), INDEX(n), g, to, src_page, dst_page, INDEX(first), i, attr, flush));
	prover_assume(is_copied_to(src_page, src_index, g, to, src_page, dst_page, INDEX(first), i, attr, flush));
	prover_assume(is_copied_to(dst_page, dst_index, g, to, src_page, dst_page, INDEX(first), i, attr, flush));
}

void h_contract_run_copy(u32 g, u32 to, u32 src, u32 dst, u32 n, u64 attr)
{
	const u32 first = INDEX(first);

	ASSUME_STATE(requires, may_copy(g, to, src, first, dst, first, n), "entries of two tables, at the same place");
	HINTS(any_cap_root_inv(to), any_cap_parent_inv(to));
	const u32 flush = run_copy(g, to, (struct place){ src, first, 1 }, (struct place){ dst, first, 1 }, n, attr);

	CHECK_SPEC(is_copied_to(INDEX(page), INDEX(n), g, to, src, dst, first, n, attr, flush));
	COVER(flush == 3);
}
