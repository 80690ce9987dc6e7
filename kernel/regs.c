/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing the registers of threads that are stopped or wait for the
 * answer to a fault, and debugging them.
 *
 * Locks:      all locks.
 * Called by:  the generated dispatcher.
 * Never:      interprets registers: the architecture does, and makes harmless
 *             what could fault on the way out.
 */
#include "ks.h"

/* Stopped, or waiting for the answer to a fault: its registers are all in its page. */
static bool is_halted(u32 t)
{
	return TH(t)->state == THREAD_STOPPED || (TH(t)->fault != 0 && TH(t)->state != THREAD_READY);
}

static err_t check(u32 t, u32 target)
{
	if (TH(t)->msg == NIL)
		return ERR_MSG_PAGE;
	if (!is_halted(target))
		return ERR_STATE;
	return OK;
}

err_t sys_thread_get_regs(u32 t, u32 s, u64 set)
{
	u32 target = SLOT(s)->obj;
	u32 page = TH(t)->msg;
	err_t e = check(t, target);

	if (!err_is_ok(e))
		return e;
	/* commit */
	FR_OUT(t, 1) = TH(target)->state == THREAD_STOPPED;
	FR_OUT(t, 0) = set == REGS_GENERAL ? arch_regs_get(target, page, 0) * 8 : arch_xstate_get(target, page);
	return OK;
}

err_t sys_thread_set_regs(u32 t, u32 s, u64 set)
{
	u32 target = SLOT(s)->obj;
	err_t e = check(t, target);

	if (!err_is_ok(e))
		return e;
	/* commit */
	/* What it was about to report was of the registers before. */
	TH(target)->pending = 0;
	if (set == REGS_GENERAL)
		arch_regs_set(target, TH(t)->msg, 0);
	else
		arch_xstate_set(target, TH(t)->msg);
	return OK;
}

err_t sys_thread_debug(u32 t, u32 s, u64 op, u64 value)
{
	u32 target = SLOT(s)->obj;

	(void)t;
	if (!arch_debug_ok((u32)op, value))
		return ERR_ARG;
	if (!is_halted(target))
		return ERR_STATE;
	/* commit */
	arch_debug_set(target, (u32)op, value);
	return OK;
}
