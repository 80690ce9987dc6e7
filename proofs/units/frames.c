/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * merge = ["object_rights", "object_start", "object_end", "object_pages"]
 * [h_frames_create]
 * function = "sys_frames_create"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_frames_extend]
 * function = "sys_frames_extend"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_frames_clear]
 * function = "sys_frames_clear"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 */
/*
 * Frames: taken out of a memory, and cleared.
 */
#include "prover.h"
#include "contract_memory.h"
#include "contract_tree.h"
#include "footprint.h"
#include "handed.h"

#include <memory.c>
#include <cap.c>

/* A page of frames, which has words only (assumption views). */
void arch_page_clear(u32 page)
{
	CLEAR(ks_word, page, 1);
}

/* No other object is made here. */
void NEVER(object_clear)(u32 type, u32 head)
{
	(void)type;
	(void)head;
}

/* What is known where pages of a memory become those of a capability: a new one in dst, or one that is there. */
static void hint_take(struct any any, u32 mem)
{
	HAS_NUMBERS(any.cpu);
	hint_newest(any, mem);
}

/* The owner of a run of pages, a newest child of mem. */
PRED bool is_frames(u32 s, u32 mem, u32 first, u64 count)
{
	return SLOT(s)->type == OBJ_FRAMES && SLOT(s)->flags == CAP_OWNER && SLOT(s)->rights == RIGHTS_ALL_FRAMES &&
	       SLOT(s)->obj == first && SLOT(s)->first == first && SLOT(s)->count == count && SLOT(s)->badge == 0 &&
	       is_newest_child(s, mem);
}

/* These pages changed, and became such as is said. */
static void check_run(u32 from, u64 pages, u32 head, bool done)
{
	const bool within = done & (any.page - from < pages);

	CHECK_IF(within & (any.page != head), "spec", is_taken(any.page, OBJ_FRAMES, head));
	CHECK_IF(within, "spec", old_page[any.page].type == PAGE_FREE);
	ASSIGNS_RUN(done, *PD(from), (u32)pages);
	check_whole();
}

void h_frames_create(u32 t, u32 mem, u32 dst, u64 offset, u64 count)
{
	HANDED(frames_create, mem, dst, offset, count);
	hint_tree(dst);
	const u32 from = SLOT(mem)->first + (u32)offset;
	hint_take(any, mem);
	const err_t err = sys_frames_create(t, mem, dst, offset, count);

	CHECK_SPEC(check_old(err.v, mem, offset, count));
	CHECK_IF(err.v == 0, "spec", is_frames(dst, mem, from, count));
	CHECK_IF(err.v == 0, "spec", PD(from)->owner == dst);
	ASSIGNS(err.v == 0, INSERTED(dst, mem));
	check_run(from, count, from, err.v == 0);
	COVER(err.v == 0);
}

/* What forbids extending s, whatever the pages behind it are. */
PRED bool may_extend(u32 s)
{
	return (SLOT(s)->flags & CAP_OWNER) != 0 && !spec_is_dying(s);
}

void h_frames_extend(u32 t, u32 s, u64 count)
{
	HANDED(frames_extend, s, count);
	hint_slot(s);
	hint_page(SLOT(s)->obj);
	const u32 mem = SLOT(s)->parent;
	const u32 end = SLOT(s)->first + SLOT(s)->count;
	HINT(1, any_cap_memory_inv(mem));
	hint_page(any.page);
	hint_page(PD(any.page)->head);
	HINT(1, any_page_owned_inv(any.page));
	const bool may = may_extend(s);
	CASES(any.slot == s);
	CASES(SLOT(any.slot)->parent == s);
	asked_page = SLOT(s)->first + any.n;
	const err_t err = sys_frames_extend(t, s, count);

	CHECK_IF(!may, "spec", err.v == ERRNO_STATE);
	CHECK_IF(may, "spec", check_old(err.v, mem, end - old_slot[mem].first, count));
	CHECK_SPEC(SLOT(s)->count == old_slot[s].count + (err.v == 0 ? count : 0));
	ASSIGNS(err.v == 0, SLOT(s)->count);
	check_run(end, count, SLOT(s)->first, err.v == 0);
	COVER(err.v == 0);
}

/* --- clearing ---------------------------------------------------------------------------- */

PRED bool is_cleared_to(u32 p, u32 k, u32 from, u64 n)
{
	return WORD(p, k) == (p - from < n ? 0 : old_word[p][k]);
}

PRED bool is_round(u32 i, u64 count)
{
	return i < count && i < STEP_ENTRIES;
}

void prover_begin_sys_frames_clear(u32 i, u32 s, u64 offset, u64 count)
{
	CHECK_SPEC(is_round(i, count));
	CHECK_SPEC(is_cleared_to(INDEX(page), INDEX(n), SLOT(s)->first + (u32)offset, i));
}

void prover_round_sys_frames_clear(u32 i, u32 s, u64 offset, u64 count)
{
	FORGET(ks_word[0]);
	prover_assume(is_round(i, count));
	prover_assume(is_cleared_to(INDEX(page), INDEX(n), SLOT(s)->first + (u32)offset, i));
}

void h_frames_clear(u32 t, u32 s, u64 offset, u64 count)
{
	HANDED(frames_clear, s, offset, count);
	HINT(1, any_cap_memory_inv(s));
	const err_t err = sys_frames_clear(t, s, offset, count);

	CHECK_SPEC(err.v == (offset + count > SLOT(s)->count ? ERRNO_RANGE : ERRNO_OK));
	CHECK_SPEC(is_cleared_to(any.page, any.n, SLOT(s)->first + (u32)offset, err.v == 0 ? count : 0));
	ASSIGNS_RUN(err.v == 0, ks_word[SLOT(s)->first + (u32)offset], (u32)count);
	check_whole();
	check_footprint(any, true, old_thread[t].home);
	COVER(err.v == 0);
}
