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

void h_get(u32 t, u32 s, u64 set)
{
	HANDED(thread_get_regs, s, set);
	THE_THREAD(t, s);
	const u32 bad = spec_regs_error(t, target), page = TH(t)->msg;
	const err_t err = sys_thread_get_regs(t, s, set);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", FR_OUT(t, 1) == (old_thread[target].state == THREAD_STOPPED));
	ASSIGNS(err.v == 0, ks_word[page], FR_OUT(t, 0), FR_OUT(t, 1));
	check_whole();
	COVER(err.v == 0);
}

void h_set(u32 t, u32 s, u64 set)
{
	HANDED(thread_set_regs, s, set);
	THE_THREAD(t, s);
	const u32 bad = spec_regs_error(t, target);
	const err_t err = sys_thread_set_regs(t, s, set);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", TH(target)->pending == 0);
	ASSIGNS(err.v == 0, TH(target)->pending);
	ASSIGNS((err.v == 0) & (set == REGS_GENERAL), TH(target)->frame.r);
	check_whole();
	COVER(err.v == 0);
}

void h_debug(u32 t, u32 s, u64 op, u64 value)
{
	HANDED(thread_debug, s, op);
	THE_THREAD(t, s);
	const u32 bad = (given.ok & 1) == 0 ? ERRNO_ARG : is_still(target) ? ERRNO_OK : ERRNO_STATE;
	const err_t err = sys_thread_debug(t, s, op, value);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", TH(target)->frame.debug[op] == value);
	ASSIGNS(err.v == 0, TH(target)->frame.debug[op]);
	check_whole();
	COVER(err.v == 0);
}
