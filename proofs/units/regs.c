/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * [h_get]
 * function = "sys_thread_get_regs"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_set]
 * function = "sys_thread_set_regs"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_debug]
 * function = "sys_thread_debug"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "prover.h"
#include "whole.h"
#include "handed.h"

#include <regs.c>

/* --- the machine: any registers, any words ------------------------------------------------- */

u64 words[PAGE_COUNT][PT_ENTRIES];
struct {
	u64 r[REG_COUNT];
	u32 length;
	u8 ok;
} given;

PRED u64 word_of(u32 page, u32 i, u32 from)
{
	return words[page][i - from];
}

u32 arch_regs_get(u32 t, u32 page, u32 from)
{
	(void)t;
	BECOME(ks_word, page, from, PT_ENTRIES - from, word_of, from);
	return given.length % PT_ENTRIES;
}

u32 arch_xstate_get(u32 t, u32 page)
{
	return arch_regs_get(t, page, 0);
}

void arch_regs_set(u32 t, u32 page, u32 from)
{
	(void)page;
	(void)from;
	for (u32 i = 0; i < REG_COUNT; i++)
		TH(t)->frame.r[i] = given.r[i];
}

void arch_xstate_set(u32 t, u32 page)
{
	(void)t;
	(void)page;
}

bool arch_debug_ok(u32 op, u64 value)
{
	(void)op;
	(void)value;
	return given.ok & 1;
}

void arch_debug_set(u32 t, u32 op, u64 value)
{
	TH(t)->frame.debug[op % 6] = value;
}

/* --- calls ----------------------------------------------------------------------------------- */

PRED bool is_still(u32 t)
{
	return TH(t)->state == THREAD_STOPPED || (TH(t)->fault != 0 && TH(t)->state != THREAD_READY);
}

PRED u32 spec_regs_error(u32 t, u32 target)
{
	return TH(t)->msg == NIL ? ERRNO_MSG_PAGE : !is_still(target) ? ERRNO_STATE : ERRNO_OK;
}

#define THE_THREAD(t, s)                                                                            \
	CALLER(t);                                                                                 \
	HINT(1, any_cap_object_inv(s));                                                            \
	HINT(1, any_thread_bound_inv(t));                                                          \
	const u32 target = SLOT(s)->obj

/* Nothing but registers, what a thread was about to report, and contents of frames. */
static void check_others(struct any any)
{
	CHECK_SPEC(same_thread_reply(any.page) & same_thread_runs(any.page));
	CHECK_SPEC(same_thread_wait(any.page) & same_thread_links(any.page));
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(ks_pte[any.page][any.n] == old_pte[any.page][any.n]);
	check_apart_from_memory(any);
}

void h_get(void)
{
	ANY(u32, t);
	ANY(u32, s);
	ANY(u64, set);
	const struct any any = any_index();

	HANDED(thread_get_regs, s, set);
	THE_THREAD(t, s);
	const u32 bad = spec_regs_error(t, target), page = TH(t)->msg;
	remember();
	const err_t err = sys_thread_get_regs(t, s, set);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", FR_OUT(t, 1) == (old_thread[target].state == THREAD_STOPPED));
	CHECK_IF((err.v != 0) | (any.page != page), "spec", ks_word[any.page][any.n] == old_word[any.page][any.n]);
	CHECK_IF((err.v != 0) | (any.page != t) | ((any.n != REG_RDI) & (any.n != REG_RDI + 1)), "spec", same_register(any.page, any.n));
	CHECK_SPEC(same_frame_rest(any.page, any.n));
	CHECK_SPEC(same_thread_base(any.page));
	check_others(any);
	COVER(err.v == 0);
}

PRED bool same_but_pending(u32 t)
{
	return SAME(ks_thread[t], old_thread[t], flags) && SAME(ks_thread[t], old_thread[t], prio) &&
	       SAME(ks_thread[t], old_thread[t], max_prio) && SAME(ks_thread[t], old_thread[t], home) &&
	       SAME(ks_thread[t], old_thread[t], table) && SAME(ks_thread[t], old_thread[t], space) &&
	       SAME(ks_thread[t], old_thread[t], sched) && SAME(ks_thread[t], old_thread[t], msg) &&
	       SAME(ks_thread[t], old_thread[t], notif) && SAME(ks_thread[t], old_thread[t], fault);
}

void h_set(void)
{
	ANY(u32, t);
	ANY(u32, s);
	ANY(u64, set);
	const struct any any = any_index();

	HANDED(thread_set_regs, s, set);
	THE_THREAD(t, s);
	const u32 bad = spec_regs_error(t, target);
	remember();
	const err_t err = sys_thread_set_regs(t, s, set);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", TH(target)->pending == 0);
	CHECK_SPEC(same_but_pending(any.page));
	CHECK_IF((err.v != 0) | (any.page != target), "spec", same_thread_base(any.page));
	CHECK_IF((err.v != 0) | (any.page != target), "spec", same_register(any.page, any.n));
	CHECK_SPEC(same_frame_rest(any.page, any.n));
	CHECK_SPEC(ks_word[any.page][any.n] == old_word[any.page][any.n]);
	check_others(any);
	COVER(err.v == 0);
}

void h_debug(void)
{
	ANY(u32, t);
	ANY(u32, s);
	ANY(u64, op);
	ANY(u64, value);
	const struct any any = any_index();

	HANDED(thread_debug, s, op);
	THE_THREAD(t, s);
	const u32 bad = (given.ok & 1) == 0 ? ERRNO_ARG : is_still(target) ? ERRNO_OK : ERRNO_STATE;
	remember();
	const err_t err = sys_thread_debug(t, s, op, value);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", TH(target)->frame.debug[op] == value);
	CHECK_IF((err.v != 0) | (any.page != target) | (any.n != op), "spec", same_frame_rest(any.page, any.n));
	CHECK_SPEC(same_register(any.page, any.n));
	CHECK_SPEC(same_thread_base(any.page));
	CHECK_SPEC(ks_word[any.page][any.n] == old_word[any.page][any.n]);
	check_others(any);
	COVER(err.v == 0);
}
