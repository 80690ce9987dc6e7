/* SPDX-License-Identifier: MIT */
/*
 * mq_notify: a process is told once when a message comes into an empty queue that nobody waits at.
 */
#include "mqueue.h"

struct event {
	u64 value;
	s32 signo, notify, pad[12];
};

void mqueue_tell(struct mqueue *q, struct task *t)
{
	struct process *p = q->pid ? process_find(q->pid) : NULL;
	struct siginfo info = {
		.signo = q->signo,
		.code = SI_MESGQ,
		.kill = { .pid = (s32)t->process->pid, .uid = t->ids.uid, .value = q->value }
	};

	q->pid = 0;
	if (p && q->notify == MQ_SIGNAL && q->signo != 0)
		(void)signal_process(p, q->signo, &info);
}

/* MQ_THREAD tells through a socket of a kind that there is not (AF_NETLINK). */
static s64 enter(struct task *t, struct mqueue *q, const struct event *e)
{
	if (!e) {
		if (q->pid == t->process->pid)
			q->pid = 0;
		return 0;
	}
	if (q->pid)
		return -EBUSY;
	q->pid = t->process->pid;
	q->notify = (u32)e->notify;
	q->signo = e->signo;
	q->value = e->value;
	return 0;
}

s64 lx_mq_notify(struct task *t, u64 fd, u64 uevent)
{
	struct event e;
	struct file *f;
	s64 r;

	if (uevent && copy_in(t->mm, &e, uevent, sizeof e) != 0)
		return -EFAULT;
	if (uevent && !lx_takes_mq_notify_sigev((u32)e.notify))
		return lx_refused(t, LX_TAKES_MQ_NOTIFY_SIGEV, (u32)e.notify, NULL);
	if (uevent && e.notify == MQ_SIGNAL && (e.signo < 0 || e.signo > SIGNALS))
		return -EINVAL;
	f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	r = mqueue_of(f) ? enter(t, mqueue_of(f), uevent ? &e : NULL) : -EBADF;
	file_put(f);
	return r;
}

void mqueue_closed(struct task *t, struct file *f)
{
	struct mqueue *q = mqueue_of(f);

	if (q && t && q->pid == t->process->pid)
		q->pid = 0;
}
