/* SPDX-License-Identifier: MIT */
/*
 * Reply rights: who may answer a call, once.
 *
 * Owns:       thread.reply_to, thread.reply_call, capabilities of type reply.
 *             Invariant: reply_inv().
 * Locks:      the CPU's, which is home of both threads; else all locks.
 *
 * A right names the caller's page and the number of the call.  Numbers are
 * never reused, so a right outlives its caller without harm.
 */
#include "ks.h"

u32 reply_caller(u32 t, u64 call)
{
	if (PD(t)->type != OBJ_THREAD || TH(t)->state != THREAD_REPLY || TH(t)->call != call)
		return NIL;
	return t;
}

void reply_drop(u32 t)
{
	u32 c = TH(t)->reply_to;

	if (c == NIL)
		return;
	TH(t)->reply_to = NIL;
	c = reply_caller(c, TH(t)->reply_call);
	if (c != NIL)
		thread_complete(c, DONE_GONE);
}

/* What the answering thread borrowed along this call goes back with the answer.
 * The caller is READY afterwards, but not queued, or it stays stopped. */
void reply_give(u32 t, u32 c, u64 tag, bool lent)
{
	bool go_on = true;

	if (TN(c)->queued)
		timeq_remove(TH(c)->home, c);
	TH(c)->call = 0;
	if (TH(c)->fault != 0)
		go_on = msg_answer_fault(t, c, tag);
	else
		msg_transfer(t, c, tag, 0);
	if (lent)
		sched_return(t, c);
	if (TH(c)->running_on == NIL)
		sched_recall(c);
	if (!go_on) {
		sched_release(c);
		sched_reclaim(c);
	}
	TH(c)->state = go_on ? THREAD_READY : THREAD_STOPPED;
}

err_t sys_reply(u32 t, u64 tag, u64 unused, u32 reply)
{
	u32 c;
	err_t e = msg_check(t, tag, NIL);

	(void)unused;
	if (!err_is_ok(e))
		return e;
	if (reply == NIL && TH(t)->reply_to == NIL)
		return ERR_STATE;
	if (reply != NIL)
		c = reply_caller(SLOT(reply)->obj, SLOT(reply)->badge);
	else
		c = reply_caller(TH(t)->reply_to, TH(t)->reply_call);
	if (!ks.global && (reply != NIL || (c != NIL && TH(c)->home != TH(t)->home)))
		return RUN_GLOBAL;
	/* commit */
	/* First, so that the right cannot travel in the answer that it gives. */
	if (reply != NIL)
		cap_remove(reply);
	else
		TH(t)->reply_to = NIL;
	if (c != NIL)
		reply_give(t, c, tag, reply == NIL);
	if (c != NIL && TH(c)->state == THREAD_READY)
		sched_ready(c);
	if (CPU(TH(t)->home)->current == t)
		sched_continue(t);
	return OK;
}

err_t sys_reply_save(u32 t, u32 dst)
{
	if (TH(t)->reply_to == NIL)
		return ERR_STATE;
	/* commit */
	cap_insert(dst, NIL, OBJ_REPLY, 0, TH(t)->reply_to);
	SLOT(dst)->badge = TH(t)->reply_call;
	TH(t)->reply_to = NIL;
	return OK;
}
