/* SPDX-License-Identifier: MIT */
/*
 * poll, ppoll, select, pselect6: wait for any of many files.
 */
#include "poll.h"

enum { WAITERS_NEAR = 12, WAITERS_CHUNK = 40 };

struct chunk {
	struct chunk *next;
	struct waiter waiter[WAITERS_CHUNK];
};

struct waiting {
	struct poll_table table;
	u32 used;
	bool failed; /* no memory for a waiter */
	struct waiter near[WAITERS_NEAR];
	struct chunk *chunks;
	u32 chunk_used;
};

void poll_wait(struct poll_table *pt, struct waitq *q)
{
	struct waiter *w = pt ? pt->next(pt) : NULL;
	if (w)
		waiter_add(q, w);
}

static struct waiter *next_waiter(struct poll_table *pt)
{
	struct waiting *x = container_of(pt, struct waiting, table);
	if (x->used < WAITERS_NEAR) {
		struct waiter *w = &x->near[x->used++];
		*w = (struct waiter){ 0 };
		return w;
	}
	if (!x->chunks || x->chunk_used == WAITERS_CHUNK) {
		struct chunk *c = kalloc(sizeof *c);
		if (!c) {
			x->failed = true;
			return NULL;
		}
		c->next = x->chunks;
		x->chunks = c;
		x->chunk_used = 0;
	}
	return &x->chunks->waiter[x->chunk_used++];
}

static void waiting_end(struct waiting *x)
{
	for (u32 i = 0; i < x->used; i++)
		waiter_del(&x->near[i]);
	for (u32 n = x->chunk_used; x->chunks; n = WAITERS_CHUNK) {
		struct chunk *c = x->chunks;
		for (u32 i = 0; i < n; i++)
			waiter_del(&c->waiter[i]);
		x->chunks = c->next;
		kfree(c);
	}
	x->used = x->chunk_used = 0;
}

/* --- times ------------------------------------------------------------- */

struct timespec {
	s64 sec, nsec;
};

static u64 deadline_of(s64 sec, u64 ns)
{
	u64 now = now_mono();
	if (sec > 9000000000ll)
		return NO_DEADLINE;
	return now + (u64)sec * 1000000000 + ns;
}

s64 deadline_get(struct task *t, u64 addr, u64 *deadline)
{
	u64 ns;
	*deadline = NO_DEADLINE;
	if (!addr)
		return 0;
	s64 r = copy_timespec_in(t, addr, &ns);
	if (r < 0)
		return r;
	u64 now = now_mono();
	*deadline = !ns ? 0 : ns > NO_DEADLINE - now ? NO_DEADLINE : now + ns;
	return 0;
}

/* Tell how much time was left; unit: ns of the second field's. */
static void time_left(struct task *t, u64 addr, u64 deadline, u64 unit)
{
	if (!addr || deadline == NO_DEADLINE)
		return;
	u64 now = now_mono(), left = deadline > now ? deadline - now : 0;
	const struct timespec ts = { (s64)(left / 1000000000), (s64)(left % 1000000000 / unit) };
	copy_out(t->mm, addr, &ts, sizeof ts);
}

/* --- poll ----------------------------------------------------------------------------- */

struct pollfd {
	s32 fd;
	int16_t events, revents;
};

static s64 look(struct pollfd *fds, struct file **files, u32 n, struct poll_table *pt)
{
	s64 count = 0;
	for (u32 i = 0; i < n; i++) {
		u32 now = 0;
		if (fds[i].fd >= 0 && !files[i])
			now = POLLNVAL;
		else if (files[i])
			now = file_poll(files[i], count ? NULL : pt) &
			      ((u16)fds[i].events | POLLERR | POLLHUP);
		fds[i].revents = (int16_t)now;
		count += now != 0;
	}
	return count;
}

static s64 poll_loop(struct pollfd *fds, struct file **files, u32 n, u64 deadline)
{
	for (;;) {
		struct waiting x;
		x.table.next = next_waiter;
		x.used = x.chunk_used = 0;
		x.chunks = NULL;
		x.failed = false;
		s64 r = look(fds, files, n, deadline ? &x.table : NULL), slept = 0;
		if (x.failed)
			r = -ENOMEM;
		if (r == 0 && deadline)
			slept = fiber_sleep(deadline, 0);
		waiting_end(&x);
		if (r || !deadline)
			return r;
		if (slept < 0) {
			r = look(fds, files, n, NULL);
			return r ? r : slept == -ETIMEDOUT ? 0 : -ERESTART_NOHAND;
		}
	}
}

static s64 do_poll(struct task *t, u64 addr, u64 n, u64 deadline)
{
	enum { NEAR = 8 };
	struct pollfd near[NEAR], *fds = near;
	struct file *near_files[NEAR], **files = near_files;
	n = (u32)n;
	if (n > t->process->rlimit[RLIMIT_NOFILE].soft || n > 65536)
		return -EINVAL;
	if (n > NEAR) {
		fds = kalloc(n * (sizeof *fds + sizeof *files));
		if (!fds)
			return -ENOMEM;
		files = (struct file **)(void *)(fds + n);
	}
	s64 r = copy_in(t->mm, fds, addr, n * sizeof *fds);
	if (r == 0) {
		for (u32 i = 0; i < n; i++)
			files[i] = fds[i].fd < 0 ? NULL : fd_file(t, (u64)fds[i].fd);
		r = poll_loop(fds, files, (u32)n, deadline);
		for (u32 i = 0; i < n; i++)
			if (files[i])
				file_put(files[i]);
		if (r >= 0 && copy_out(t->mm, addr, fds, n * sizeof *fds) < 0)
			r = -EFAULT;
	}
	if (fds != near)
		kfree(fds);
	return r;
}

s64 lx_poll(struct task *t, u64 fds, u64 n, u64 ms)
{
	s32 timeout = (s32)ms;
	u64 deadline = timeout < 0    ? NO_DEADLINE
		       : timeout == 0 ? 0
				      : now_mono() + (u64)timeout * 1000000;
	return do_poll(t, fds, n, deadline);
}

s64 lx_ppoll(struct task *t, u64 fds, u64 n, u64 timeout, u64 mask, u64 mask_bytes)
{
	u64 deadline;
	s64 r = deadline_get(t, timeout, &deadline);
	if (r == 0)
		r = signal_mask_for_call(t, mask, mask_bytes);
	if (r < 0)
		return r;
	r = do_poll(t, fds, n, deadline);
	time_left(t, timeout, deadline, 1);
	return r;
}

/* --- select -------------------------------------------------------------------------------- */

enum { SETS = 3, FDS_MAX = 1024 };

/* Which bits of poll each of the three sets stands for. */
static const u32 set_bits[SETS] = {
	POLLIN | POLLRDNORM | POLLHUP | POLLERR,
	POLLOUT | POLLWRNORM | POLLERR,
	POLLPRI,
};

struct sets {
	u64 in[SETS][FDS_MAX / 64], out[SETS][FDS_MAX / 64];
	struct pollfd fds[FDS_MAX];
	struct file *files[FDS_MAX];
};

static s64 sets_get(struct task *t, struct sets *s, const u64 addr[SETS], u32 n, u32 *used)
{
	*used = 0;
	for (u32 k = 0; k < SETS; k++)
		if (addr[k] && copy_in(t->mm, s->in[k], addr[k], (n + 63) / 64 * 8) < 0)
			return -EFAULT;
	for (u32 fd = 0; fd < n; fd++) {
		u32 events = 0;
		for (u32 k = 0; k < SETS; k++)
			if (addr[k] && (s->in[k][fd / 64] >> fd % 64 & 1))
				events |= set_bits[k];
		if (!events)
			continue;
		if (!fdtable_at(t->files, fd))
			return -EBADF;
		s->fds[*used] = (struct pollfd){ (s32)fd, (int16_t)events, 0 };
		++*used;
	}
	return 0;
}

static s64 sets_put(struct task *t, struct sets *s, const u64 addr[SETS], u32 n, u32 used)
{
	s64 count = 0;
	for (u32 i = 0; i < used; i++) {
		u32 fd = (u32)s->fds[i].fd, now = (u16)s->fds[i].revents;
		for (u32 k = 0; k < SETS; k++)
			if (addr[k] && (now & set_bits[k]) && (s->in[k][fd / 64] >> fd % 64 & 1)) {
				s->out[k][fd / 64] |= 1ull << fd % 64;
				count++;
			}
	}
	for (u32 k = 0; k < SETS; k++)
		if (addr[k] && copy_out(t->mm, addr[k], s->out[k], (n + 63) / 64 * 8) < 0)
			return -EFAULT;
	return count;
}

static s64 do_select(struct task *t, u64 count, const u64 addr[SETS], u64 deadline)
{
	u32 used, n;
	if ((s32)count < 0)
		return -EINVAL;
	n = (u32)min64(count, min64(FDS_MAX, fdtable_room(t->files)));
	struct sets *s = kalloc(sizeof *s);
	if (!s)
		return -ENOMEM;
	s64 r = sets_get(t, s, addr, n, &used);
	if (r == 0) {
		for (u32 i = 0; i < used; i++)
			s->files[i] = fd_file(t, (u64)s->fds[i].fd);
		r = poll_loop(s->fds, s->files, used, deadline);
		for (u32 i = 0; i < used; i++)
			if (s->files[i])
				file_put(s->files[i]);
		if (r >= 0)
			r = sets_put(t, s, addr, n, used);
	}
	kfree(s);
	return r;
}

s64 lx_select(struct task *t, u64 n, u64 in, u64 out, u64 except, u64 timeout)
{
	const u64 addr[SETS] = { in, out, except };
	struct timespec tv;
	u64 deadline = NO_DEADLINE;
	if (timeout) {
		if (copy_in(t->mm, &tv, timeout, sizeof tv) < 0)
			return -EFAULT;
		if (tv.sec < 0 || tv.nsec < 0)
			return -EINVAL;
		deadline = tv.sec || tv.nsec ? deadline_of(tv.sec + tv.nsec / 1000000,
							   (u64)(tv.nsec % 1000000) * 1000)
					     : 0;
	}
	s64 r = do_select(t, n, addr, deadline);
	time_left(t, timeout, deadline, 1000);
	return r;
}

s64 lx_pselect6(struct task *t, u64 n, u64 in, u64 out, u64 except, u64 timeout, u64 mask)
{
	const u64 addr[SETS] = { in, out, except };
	u64 m[2] = { 0, 0 }, deadline;
	if (mask && copy_in(t->mm, m, mask, sizeof m) < 0)
		return -EFAULT;
	s64 r = deadline_get(t, timeout, &deadline);
	if (r == 0)
		r = signal_mask_for_call(t, m[0], m[1]);
	if (r < 0)
		return r;
	r = do_select(t, n, addr, deadline);
	time_left(t, timeout, deadline, 1);
	return r;
}
