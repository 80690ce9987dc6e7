/* SPDX-License-Identifier: MIT */
/*
 * timerfd: times as files.
 */
#include "fs.h"

/* A timer does not fire more often, whatever its interval; how often it was due is worked out. */
#define FIRE_LEAST 50000ull

struct timerfd {
	struct timer timer;
	u64 next, interval; /* CLOCK_MONOTONIC; next 0: not set */
	bool real;
	struct waitq wait;
};

struct spec {
	s64 interval_sec, interval_ns, sec, ns;
};

/* How often it was due by now. */
static u64 due(const struct timerfd *x)
{
	u64 now = now_mono();
	if (!x->next || now < x->next)
		return 0;
	return x->interval ? (now - x->next) / x->interval + 1 : 1;
}

static void fire(struct timer *timer)
{
	struct timerfd *x = container_of(timer, struct timerfd, timer);
	if (x->interval) {
		u64 now = now_mono(), at = x->next + due(x) * x->interval;
		timer_arm(timer, at < now + FIRE_LEAST ? now + FIRE_LEAST : at, fire);
	}
	wake_all(&x->wait, POLLIN | POLLRDNORM);
}

static s64 timer_read(struct file *f, struct uio *to, u64 *pos)
{
	struct timerfd *x = f->priv;
	u64 n;
	(void)pos;
	if (to->left < 8)
		return -EINVAL;
	while ((n = due(x)) == 0) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		s64 r = wait_on(&x->wait, NO_DEADLINE, 0);
		if (r < 0)
			return restartable(r);
	}
	x->next = x->interval ? x->next + n * x->interval : 0;
	return uio_put(to, &n, 8) == 8 ? 8 : -EFAULT;
}

static u32 timer_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *x = f->priv;
	poll_wait(pt, &x->wait);
	return due(x) ? POLLIN : 0;
}

static void timer_release(struct file *f)
{
	struct timerfd *x = f->priv;
	timer_cancel(&x->timer);
	kfree(x);
}

static const struct file_ops timer_ops = {
	.name = "[timerfd]",
	.read = timer_read,
	.poll = timer_poll,
	.seek = seek_nowhere,
	.release = timer_release,
};

s64 lx_timerfd_create(struct task *t, u64 clock, u64 flags)
{
	enum { REALTIME = 0, REALTIME_ALARM = 8 };
	struct timerfd *x = kalloc(sizeof *x);
	if (!x)
		return -ENOMEM;
	x->real = clock == REALTIME || clock == REALTIME_ALARM;
	waitq_init(&x->wait);
	return file_anon(t, &timer_ops, x, (u32)flags);
}

static void tell(const struct timerfd *x, struct spec *s)
{
	u64 now = now_mono(), left = 0;
	if (x->next)
		left = due(x) * x->interval + x->next;
	left = left > now ? left - now : 0;
	*s = (struct spec){ (s64)(x->interval / 1000000000), (s64)(x->interval % 1000000000),
			    (s64)(left / 1000000000), (s64)(left % 1000000000) };
}

static void set(struct timerfd *x, const struct spec *s, bool absolute)
{
	/* Times farther than this are never reached. */
	const s64 far = 9000000000ll;
	u64 at = (u64)(s->sec < far ? s->sec : far) * 1000000000 + (u64)s->ns;
	timer_cancel(&x->timer);
	x->interval = (u64)(s->interval_sec < far ? s->interval_sec : far) * 1000000000 +
		      (u64)s->interval_ns;
	x->next = 0;
	if (!at)
		return;
	u64 mono = now_mono();
	if (!absolute) {
		at += mono;
	} else if (x->real) {
		u64 now = now_real();
		at = at > now ? mono + (at - now) : mono;
	}
	x->next = at ? at : 1;
	timer_arm(&x->timer, at, fire);
}

static struct timerfd *timer_of(struct task *t, u64 fd, struct file **f, s64 *r)
{
	*f = fd_file(t, fd);
	if (!*f) {
		*r = -EBADF;
		return NULL;
	}
	if ((*f)->ops == &timer_ops)
		return (*f)->priv;
	file_put(*f);
	*r = -EINVAL;
	return NULL;
}

static bool bad(s64 sec, s64 ns)
{
	return sec < 0 || ns < 0 || ns > 999999999;
}

s64 lx_timerfd_settime(struct task *t, u64 fd, u64 flags, u64 new, u64 old)
{
	enum { TFD_TIMER_ABSTIME = 1 };
	struct spec to, was;
	struct file *f;
	s64 r = 0;
	if (copy_in(t->mm, &to, new, sizeof to) < 0)
		return -EFAULT;
	if (bad(to.sec, to.ns) || bad(to.interval_sec, to.interval_ns))
		return -EINVAL;
	struct timerfd *x = timer_of(t, fd, &f, &r);
	if (!x)
		return r;
	tell(x, &was);
	set(x, &to, flags & TFD_TIMER_ABSTIME);
	if (old && copy_out(t->mm, old, &was, sizeof was) < 0)
		r = -EFAULT;
	file_put(f);
	return r;
}

s64 lx_timerfd_gettime(struct task *t, u64 fd, u64 to)
{
	struct spec now;
	struct file *f;
	s64 r = 0;
	struct timerfd *x = timer_of(t, fd, &f, &r);
	if (!x)
		return r;
	tell(x, &now);
	r = copy_out(t->mm, to, &now, sizeof now);
	file_put(f);
	return r;
}
