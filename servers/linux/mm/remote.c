/* SPDX-License-Identifier: MIT */
/*
 * process_vm_readv and process_vm_writev.
 *
 * Owns:       nothing.
 * Called by:  dispatch.
 */
#include "internal.h"
#include "linux/calls.h"

enum { IOV_MAX = 1024, IOV_AT_ONCE = 8 };

/* A list of buffers in a program's memory, walked from front to back. */
struct walk {
	struct mm *mm;  /* whose the buffers are */
	struct mm *own; /* in which the list lies */
	u64 list, count;
	struct lx_iovec iov[IOV_AT_ONCE];
	u64 at, loaded; /* in iov */
};

/* The next part that is not empty. @return 1; 0: the end; or -EFAULT. */
static s64 walk_part(struct walk *w)
{
	while (w->at == w->loaded || w->iov[w->at].bytes == 0) {
		if (w->at < w->loaded) {
			w->at++;
			continue;
		}
		if (w->count == 0)
			return 0;
		w->loaded = w->count < IOV_AT_ONCE ? w->count : IOV_AT_ONCE;
		w->at = 0;
		if (copy_in(w->own, w->iov, w->list, w->loaded * sizeof w->iov[0]) < 0)
			return -EFAULT;
		w->list += w->loaded * sizeof w->iov[0];
		w->count -= w->loaded;
	}
	return 1;
}

static void walk_on(struct walk *w, u64 bytes)
{
	w->iov[w->at].base += bytes;
	w->iov[w->at].bytes -= bytes;
}

/* A part of both, through the buffer: reaching for either side may sleep. */
static s64 step(struct walk *to, struct walk *from, void *buffer)
{
	const struct lx_iovec *f = &from->iov[from->at], *g = &to->iov[to->at];
	u64 n = f->bytes < g->bytes ? f->bytes : g->bytes;

	/* Not across a page's end: what cannot be reached begins there. */
	n = n < PAGE - (f->base & (PAGE - 1)) ? n : PAGE - (f->base & (PAGE - 1));
	n = n < PAGE - (g->base & (PAGE - 1)) ? n : PAGE - (g->base & (PAGE - 1));
	if (copy_in(from->mm, buffer, f->base, n) < 0 || copy_out(to->mm, g->base, buffer, n) < 0)
		return -EFAULT;
	walk_on(to, n);
	walk_on(from, n);
	return (s64)n;
}

static s64 transfer(struct walk *to, struct walk *from, void *buffer)
{
	s64 done = 0;

	for (;;) {
		const s64 a = walk_part(to), b = walk_part(from);

		if (a < 0 || b < 0)
			return done > 0 ? done : -EFAULT;
		if (a == 0 || b == 0)
			return done;
		const s64 n = step(to, from, buffer);

		if (n < 0)
			return done > 0 ? done : n;
		done += n;
	}
}

static s64 process_vm(struct task *t, u64 pid, struct walk *local, struct walk *remote, bool write)
{
	struct process *p = process_find((u32)pid);

	if (p == NULL || list_empty(&p->tasks))
		return -ESRCH;
	struct mm *mm = container_of(p->tasks.next, struct task, peer)->mm;

	if (mm == NULL)
		return -ESRCH;
	if (mm != t->mm && !may_signal(t, p))
		return -EPERM;
	void *buffer = kalloc(PAGE);

	if (buffer == NULL)
		return -ENOMEM;
	mm_get(mm);
	local->mm = local->own = remote->own = t->mm;
	remote->mm = mm;
	const s64 n = write ? transfer(remote, local, buffer) : transfer(local, remote, buffer);

	mm_put(mm);
	kfree(buffer);
	return n;
}

s64 lx_process_vm_readv(struct task *t, u64 pid, u64 local, u64 locals, u64 remote, u64 remotes,
			u64 flags)
{
	struct walk l = { .list = local, .count = locals };
	struct walk r = { .list = remote, .count = remotes };

	(void)flags; /* none */
	if (locals > IOV_MAX || remotes > IOV_MAX)
		return -EINVAL;
	return process_vm(t, pid, &l, &r, false);
}

s64 lx_process_vm_writev(struct task *t, u64 pid, u64 local, u64 locals, u64 remote, u64 remotes,
			 u64 flags)
{
	struct walk l = { .list = local, .count = locals };
	struct walk r = { .list = remote, .count = remotes };

	(void)flags; /* none */
	if (locals > IOV_MAX || remotes > IOV_MAX)
		return -EINVAL;
	return process_vm(t, pid, &l, &r, true);
}
