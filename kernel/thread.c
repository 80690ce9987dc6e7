/* SPDX-License-Identifier: MIT */
/*
 * Threads: making, binding, starting, stopping, waiting.
 *
 * Owns:       struct thread.               Invariant: thread_inv().
 * Locks:      all locks; waiting and completing: the home CPU's.
 * Called by:  the generated dispatcher; destroy.c; everything that blocks.
 */
#include "ks.h"

void thread_init(u32 t, u64 param, u32 cpu)
{
	struct thread *th = TH(t);

	th->state = THREAD_STOPPED;
	th->flags = (u8)(param & (THREAD_FPU | THREAD_FOREIGN));
	th->max_prio = (u8)(param >> 8);
	th->home = cpu;
	th->table = NIL;
	th->space = NIL;
	th->sched = NIL;
	th->msg = NIL;
	th->notif = NIL;
	th->running_on = NIL;
	th->lent = NIL;
	th->queue = NIL;
	th->qnext = NIL;
	th->qprev = NIL;
	th->reply_to = NIL;
	arch_thread_init(t);
}

/* --- waiting ------------------------------------------------------------------ */

void thread_wait(u32 t, u32 state, u64 deadline)
{
	TH(t)->state = (u8)state;
	if (CPU(TH(t)->home)->current == t)
		CPU(TH(t)->home)->current = NIL;
	if (deadline != 0)
		timeq_add(TH(t)->home, t, deadline);
}

void thread_end_wait(u32 t)
{
	struct thread *th = TH(t);

	if (th->state == THREAD_WAIT)
		notif_unqueue(t);
	else if (th->queue != NIL)
		ep_unqueue(t);
	else if (th->state == THREAD_REPLY)
		sched_recall(t);
	th->call = 0;
	if (TN(t)->queued)
		timeq_remove(th->home, t);
}

/* A fault that nobody answers leaves the thread stopped, its cause readable. */
void thread_complete(u32 t, err_t code)
{
	struct thread *th = TH(t);

	trace_add(th->home, TRACE_complete, t, code.v);
	thread_end_wait(t);
	if (th->fault != 0) {
		sched_release(t);
		sched_reclaim(t);
		th->state = THREAD_STOPPED;
		return;
	}
	FR_ERR(t) = code.v;
	FR_OUT(t, 0) = 0;
	FR_OUT(t, 1) = 0;
	sched_ready(t);
}

err_t thread_raise(u32 t)
{
	u32 s = SLOT_OF(t, TSLOT_FAULT);

	if (SLOT(s)->type == OBJ_EP)
		return ep_call_through(t, s, 0, 0);
	thread_halt(t);
	return NO_RESULT;
}

void thread_halt(u32 t)
{
	struct thread *th = TH(t);

	if (th->state == THREAD_READY) {
		sched_unready(t);
	} else if (th->state != THREAD_STOPPED) {
		/* What nobody has received yet is made, or said, again. */
		if (th->fault == FAULT_SYSCALL && th->state == THREAD_CALL)
			arch_frame_rewind(t);
		else if (th->state == THREAD_CALL)
			th->pending = th->fault;
		thread_end_wait(t);
		if (th->fault == 0) {
			FR_ERR(t) = DONE_CANCELLED.v;
			FR_OUT(t, 0) = 0;
			FR_OUT(t, 1) = 0;
		}
	}
	sched_release(t);
	sched_reclaim(t);
	th->state = THREAD_STOPPED;
	if (th->pending == FAULT_PAGE)
		th->pending = 0;
}

/* --- binding -------------------------------------------------------------------- */

static err_t bind_check(u32 target, u32 which, u32 cap)
{
	const struct cap *c = SLOT(cap);
	static const u8 type[6] = { OBJ_SPACE, OBJ_TABLE, OBJ_SCHED, OBJ_EP, OBJ_FRAMES, OBJ_NOTIF };
	static const u32 rights[6] = { RIGHT_SPACE_BIND, RIGHT_TABLE_BIND, RIGHT_SCHED_BIND,
				       RIGHT_EP_CALL, RIGHT_FRAMES_READ | RIGHT_FRAMES_WRITE,
				       RIGHT_NOTIF_WAIT };

	if (c->type != type[which])
		return ERR_TYPE;
	if (rights[which] & ~c->rights)
		return ERR_RIGHTS;
	/* One that is half destroyed may have lost its way to the mark on the capability. */
	if ((which == THREAD_SPACE || which == THREAD_TABLE) && (PD(c->obj)->flags & PAGE_DYING))
		return ERR_STATE;
	if (which == THREAD_SCHED &&
	    (SC(c->obj)->owner != NIL || SC(c->obj)->cpu != TH(target)->home))
		return ERR_STATE;
	if (which == THREAD_NOTIF && (NT(c->obj)->bound != NIL || NT(c->obj)->head != NIL))
		return ERR_STATE;
	return cap_may_derive(cap);
}

/* The new capability stands in the slot: let the cached fields say so. */
static void attach(u32 t, u32 which)
{
	struct thread *th = TH(t);
	struct cap *c = SLOT(SLOT_OF(t, which));

	switch (which) {
	case THREAD_SPACE:
		th->space = c->obj;
		break;
	case THREAD_TABLE:
		th->table = c->obj;
		break;
	case THREAD_SCHED:
		th->sched = c->obj;
		SC(c->obj)->owner = t;
		if (th->state == THREAD_READY && th->running_on == NIL)
			sched_ready(t);
		break;
	case THREAD_MSG:
		c->count = 1;
		th->msg = c->first;
		break;
	case THREAD_NOTIF:
		th->notif = c->obj;
		NT(c->obj)->bound = t;
		/* It may be receiving already: what was signalled before must not wait. */
		if (NT(c->obj)->word != 0)
			notif_set(c->obj, 0, arch_cpu());
		break;
	default:
		break;
	}
}

void thread_detach(u32 t, u32 which)
{
	struct thread *th = TH(t);

	switch (which) {
	case TSLOT_SPACE:
		thread_halt(t);
		th->space = NIL;
		break;
	case TSLOT_TABLE:
		th->table = NIL;
		break;
	case TSLOT_SCHED:
		thread_halt(t);
		SC(th->sched)->owner = NIL;
		th->sched = NIL;
		break;
	case TSLOT_MSG:
		th->msg = NIL;
		break;
	case TSLOT_NOTIF:
		NT(th->notif)->bound = NIL;
		th->notif = NIL;
		break;
	default:
		break;
	}
}

err_t sys_thread_bind(u32 t, u32 s, u64 which, u32 cap, u64 badge)
{
	u32 target = SLOT(s)->obj;
	u32 slot = SLOT_OF(target, which);

	(void)t;
	if (cap != NIL) {
		err_t e = bind_check(target, (u32)which, cap);
		if (!err_is_ok(e))
			return e;
	}
	if (badge != 0 && (which != THREAD_FAULT || cap == NIL || SLOT(cap)->badge != 0))
		return ERR_ARG;
	if (TH(target)->state != THREAD_STOPPED && cap != NIL &&
	    (which == THREAD_SPACE || which == THREAD_TABLE || which == THREAD_MSG))
		return ERR_STATE;
	/* commit */
	if (SLOT(slot)->type != 0) {
		thread_detach(target, (u32)which);
		cap_remove(slot);
	}
	if (cap == NIL)
		return OK;
	cap_insert_copy(slot, cap, SLOT(cap)->rights);
	if (badge != 0)
		SLOT(slot)->badge = badge;
	attach(target, (u32)which);
	return OK;
}

/* --- running ---------------------------------------------------------------------- */

err_t sys_thread_start(u32 t, u32 s, u64 ip, u64 sp, u64 arg)
{
	u32 target = SLOT(s)->obj;

	(void)t;
	if (!arch_user_ip(ip))
		return ERR_ARG;
	if (TH(target)->state != THREAD_STOPPED || TH(target)->space == NIL)
		return ERR_STATE;
	/* commit */
	TH(target)->fault = 0;
	TH(target)->pending = 0;
	arch_frame_start(target, ip, sp, arg);
	sched_ready(target);
	return OK;
}

err_t sys_thread_stop(u32 t, u32 s)
{
	(void)t;
	/* commit */
	thread_halt(SLOT(s)->obj);
	return OK;
}

err_t sys_thread_resume(u32 t, u32 s)
{
	u32 target = SLOT(s)->obj;

	(void)t;
	if (TH(target)->state != THREAD_STOPPED || TH(target)->space == NIL)
		return ERR_STATE;
	/* commit */
	TH(target)->fault = TH(target)->pending;
	TH(target)->pending = 0;
	if (TH(target)->fault != 0)
		(void)thread_raise(target);
	else
		sched_ready(target);
	return OK;
}

err_t sys_thread_set_cpu(u32 t, u32 s, u32 cpus, u64 cpu)
{
	u32 target = SLOT(s)->obj;
	u32 sc = TH(target)->sched;

	(void)t;
	if (cpu >= SLOT(cpus)->count || SLOT(cpus)->first + cpu >= ks.cpus)
		return ERR_RANGE;
	if (TH(target)->state != THREAD_STOPPED)
		return ERR_STATE;
	/* commit */
	TH(target)->home = SLOT(cpus)->first + (u32)cpu;
	if (sc != NIL)
		sched_move(sc, TH(target)->home);
	return OK;
}

/* Its own rights, bindings and waits end; the slots are emptied by the caller. */
void thread_destroy(u32 t)
{
	u32 cpu = arch_cpu();

	thread_halt(t);
	reply_drop(t);
	if (CPU(cpu)->loaded == t) {
		arch_switch(t, NIL);
		CPU(cpu)->loaded = NIL;
	}
	for (u32 i = 0; i < OBJECT_SLOTS; i++) {
		if (SLOT(SLOT_OF(t, i))->type != 0)
			thread_detach(t, i);
	}
	arch_thread_exit(t);
}
