/* SPDX-License-Identifier: MIT */
/*
 * The loop: give the answer that is due, receive, handle.
 *
 * Owns:       whose reply right the kernel holds for the server's thread; the answer that is due.
 * Called by:  fibers that have nothing else to do.
 *
 * Most calls do not wait: their answer is given by the same system call that
 * receives the next message, and nothing is saved.  A call that waits has its
 * reply right moved into the slot of its task.
 */
#include "event.h"
#include "fiber.h"
#include "linux/calls.h"
#include "loop.h"
#include "trace.h"
#include "../proc/task.h"
#include "../proc/leave.h"

enum { REGS_WORDS = sizeof(struct regs_general) / 8 };

static struct task *held; /* whose reply right the thread holds */
static struct {
	struct task *task; /* NULL: none is due */
	u64 tag, word;
	u32 slot; /* of the saved right; 0: the thread holds it */
} due;
static u64 alarm_set = UINT64_MAX;

static void clock_rang(u64 bits)
{
	(void)bits;
	alarm_set = UINT64_MAX;
	timers_run(now_mono());
}

void loop_start(void)
{
	event_register(1ull << env.clock_bit, clock_rang);
}

void loop_leaves(struct task *t)
{
	if (t == NULL || held != t)
		return;
	sys_must(reply_save(SLOT_OWN(t->reply_slot)), "linux: reply_save");
	t->reply_saved = true;
	held = NULL;
}

void loop_forget(struct task *t)
{
	if (held == t)
		held = NULL;
	if (t->reply_saved)
		(void)sys_delete(SLOT_OWN(t->reply_slot));
	t->reply_saved = false;
}

void loop_answer(struct task *t, u64 label, u64 result)
{
	due.task = t;
	due.tag = label << TAG_LABEL_SHIFT;
	if (label == FAULT_RESULT)
		due.tag |= 1;
	else if (label == FAULT_REGS)
		due.tag |= 8 + REGS_WORDS;
	due.word = result;
	due.slot = t->reply_saved ? t->reply_slot : 0;
	t->reply_saved = false;
	held = NULL;
}

/* The message that gives the answer that is due. */
static void take_due(struct msg *m)
{
	if (due.tag >> TAG_LABEL_SHIFT == FAULT_REGS)
		memcpy((void *)(env.msg + 8), &due.task->regs, sizeof due.task->regs);
	m->tag = due.tag;
	m->w[0] = due.word;
	due.task = NULL;
}

static err_t receive(struct msg *m)
{
	u64 next = timers_next();

	if (next < alarm_set) {
		alarm_set = next;
		env.alarm(mono_to_ticks(next));
	}
	if (due.task == NULL) {
		m->tag = 0;
		return ep_recv(env.ep, m, 0);
	}
	take_due(m);
	return ep_reply_recv(env.ep, m, 0, (reply_h){ due.slot });
}

static void handle_call(struct task *t, struct msg *m)
{
	u64 result;

	t->call_nr = m->w[0];
	t->call_ip = m->w[7];
	if (trace_on)
		trace_begin(t, m->w);
	result = (u64)lx_dispatch(t, m->w[0], &m->w[1]);
	if (trace_on)
		trace_end(t, m->w, (s64)result);
	if (t->work != 0 || result - (u64)-ERESTART_BLOCK <= ERESTART_BLOCK - ERESTART) {
		task_leave_call(t, (s64)result);
		return;
	}
	loop_answer(t, FAULT_RESULT, result);
	task_left(t);
}

static void handle_message(struct msg *m)
{
	struct task *t = task_by_badge(m->badge);

	if (t == NULL) {
		struct msg stop = { .tag = (u64)FAULT_STOP << TAG_LABEL_SHIFT };

		(void)reply(&stop, (reply_h){ 0 });
		return;
	}
	held = t;
	task_entered(t);
	fiber_work_for(t);
	switch (m->tag >> TAG_LABEL_SHIFT) {
	case FAULT_SYSCALL: handle_call(t, m); break;
	case FAULT_PAGE: task_page_fault(t, m->w[0], m->w[1]); break;
	default: task_exception(t, m->w[0], m->w[2]); break;
	}
	fiber_work_for(NULL);
}

void loop_once(void)
{
	struct msg m;
	err_t e;

	/* What is done when there is nothing else may find input that a fiber waits for. */
	if (idle_is_wanted && !fibers_ready())
		idle_run();
	if (fibers_ready()) {
		if (due.task != NULL) {
			take_due(&m);
			(void)reply(&m, (reply_h){ due.slot });
		}
		fiber_yield_idle();
		return;
	}
	e = receive(&m);
	if (err_is_ok(e))
		handle_message(&m);
	else if (err_is(e, DONE_SIGNAL))
		events_run(m.badge);
	else
		sys_panic("linux: receive: error %u", e.v);
}
