/* SPDX-License-Identifier: MIT */
/*
 * Terminals as files, and job control (POSIX.1-2017 chapter 11, tty_ioctl(4)).
 *
 * Called by:  console.c, pty.c; reading and writing through tty_file_ops.
 */
#include "device.h"

#include "../proc/task.h"

enum { CHUNK = 256 };
#define DECISECOND 100000000ull

/* --- signals to groups -------------------------------------------------------------- */

static struct tty *of_ldisc(struct ldisc *l)
{
	return container_of(l, struct tty, ldisc);
}

static void send_bytes(struct ldisc *l, const char *bytes, size_t n)
{
	struct tty *t = of_ldisc(l);
	size_t room = t->room(t);

	/* Echo that finds no room is lost. */
	t->send(t, bytes, n < room ? n : room);
}

static void send_signal(struct ldisc *l, int signo)
{
	struct tty *t = of_ldisc(l);

	if (t->pgid != 0)
		(void)signal_group(t->pgid, signo, NULL);
	wake_all(&t->writers, POLLOUT);
}

static void resume_output(struct ldisc *l)
{
	wake_all(&of_ldisc(l)->writers, POLLOUT | POLLWRNORM);
}

struct orphan_search {
	u32 pgid;
	bool has_parent; /* outside the group, in the session */
};

static bool look_for_parent(struct process *p, void *arg)
{
	struct orphan_search *s = arg;
	const struct process *parent = p->parent;

	if (p->pgid == s->pgid && p->state == PROCESS_LIVE && parent != NULL &&
	    parent->pgid != p->pgid && parent->sid == p->sid)
		s->has_parent = true;
	return !s->has_parent;
}

static bool orphaned(u32 pgid)
{
	struct orphan_search s = { .pgid = pgid };

	process_each(look_for_parent, &s);
	return !s.has_parent;
}

/* May the caller use its terminal so?  Else its group gets `signo`. */
static s64 check_foreground(struct tty *t, int signo)
{
	struct task *me = current();
	struct process *p = me->process;

	if (p->tty != t || t->pgid == 0 || p->pgid == t->pgid)
		return 0;
	if (signal_ignored(me, signo))
		return signo == SIGTTIN ? -EIO : 0;
	if (orphaned(p->pgid))
		return -EIO;
	(void)signal_group(p->pgid, signo, NULL);
	return -ERESTART;
}

/* --- sessions -------------------------------------------------------------------------- */

struct detach {
	struct tty *tty;
	u32 sid;
};

static bool detach_process(struct process *p, void *arg)
{
	struct detach *d = arg;

	if (p->tty != d->tty || p->sid != d->sid)
		return true;
	p->tty = NULL;
	tty_put(d->tty);
	return true;
}

/* The session has no terminal any more, and the terminal no session. */
static void detach_session(struct tty *t)
{
	struct detach d = { t, t->sid };

	if (t->sid == 0)
		return;
	tty_get(t);
	if (t->pgid != 0) {
		(void)signal_group(t->pgid, SIGHUP, NULL);
		(void)signal_group(t->pgid, SIGCONT, NULL);
	}
	t->sid = t->pgid = 0;
	process_each(detach_process, &d);
	tty_put(t);
}

struct find_tty {
	u32 sid;
	struct tty *tty;
};

static bool find_tty_of(struct process *p, void *arg)
{
	struct find_tty *f = arg;

	if (p->sid == f->sid && p->tty != NULL)
		f->tty = p->tty;
	return f->tty == NULL;
}

void tty_session_ended(u32 sid)
{
	struct find_tty f = { .sid = sid };

	process_each(find_tty_of, &f);
	if (f.tty != NULL && f.tty->sid == sid)
		detach_session(f.tty);
}

static s64 take_as_controlling(struct tty *t, bool steal)
{
	struct process *p = current()->process;

	if (p->tty == t && t->sid == p->sid)
		return 0;
	if (p->pid != p->sid || p->tty != NULL)
		return -EPERM;
	if (t->sid != 0) {
		if (!steal || current()->ids.euid != 0)
			return -EPERM;
		detach_session(t);
	}
	tty_get(t);
	p->tty = t;
	t->sid = p->sid;
	t->pgid = p->pgid;
	return 0;
}

static s64 give_up(struct tty *t)
{
	struct process *p = current()->process;

	if (p->tty != t)
		return -ENOTTY;
	if (p->pid == p->sid) {
		detach_session(t);
		return 0;
	}
	p->tty = NULL;
	tty_put(t);
	return 0;
}

/* --- life ---------------------------------------------------------------------------------- */

void tty_init(struct tty *t, u64 rdev)
{
	ldisc_init(&t->ldisc);
	t->ldisc.out = send_bytes;
	t->ldisc.signal = send_signal;
	t->ldisc.resume = resume_output;
	waitq_init(&t->readers);
	waitq_init(&t->writers);
	t->refs = 1;
	t->rdev = rdev;
}

void tty_get(struct tty *t)
{
	t->refs++;
}

void tty_put(struct tty *t)
{
	if (--t->refs == 0)
		t->freed(t);
}

u64 tty_rdev(const struct tty *t)
{
	return t->rdev;
}

u32 tty_group(const struct tty *t)
{
	return t->pgid;
}

s64 tty_open(struct tty *t, struct file *f)
{
	struct task *me = current();

	if (t->hung_up)
		return -EIO;
	if (t->exclusive && (me == NULL || me->ids.euid != 0))
		return -EBUSY;
	tty_get(t);
	t->opens++;
	f->ops = &tty_file_ops;
	f->priv = t;
	if (me != NULL && !(f->flags & O_NOCTTY) && me->process->tty == NULL && t->sid == 0)
		(void)take_as_controlling(t, false);
	return 0;
}

s64 tty_open_current(struct inode *i, struct file *f)
{
	struct tty *t = current()->process->tty;

	(void)i;
	return t == NULL ? -ENXIO : tty_open(t, f);
}

static void tty_release(struct file *f)
{
	struct tty *t = f->priv;

	if (--t->opens == 0) {
		t->exclusive = false;
		if (t->closed != NULL)
			t->closed(t);
	}
	tty_put(t);
}

void tty_hang_up(struct tty *t)
{
	t->hung_up = true;
	detach_session(t);
	wake_all(&t->readers, POLLIN | POLLHUP);
	wake_all(&t->writers, POLLOUT | POLLHUP);
}

size_t tty_type(struct tty *t, const char *bytes, size_t n)
{
	size_t done = ldisc_type(&t->ldisc, bytes, n);

	if (ldisc_readable(&t->ldisc))
		wake_all(&t->readers, POLLIN | POLLRDNORM);
	return done;
}

void tty_set_size(struct tty *t, const struct winsize *size)
{
	bool same = memcmp(&t->size, size, sizeof *size) == 0;

	t->size = *size;
	if (!same && t->pgid != 0)
		(void)signal_group(t->pgid, SIGWINCH, NULL);
}

/* --- reading and writing ---------------------------------------------------------------------- */

/* Move what is there now.  *more: the read may go on. */
static s64 take_some(struct tty *t, struct uio *to, bool *more)
{
	char bytes[CHUNK];
	s64 done = 0;

	*more = true;
	while (*more && to->left != 0 && t->ldisc.ready != t->ldisc.head) {
		size_t n = ldisc_read(&t->ldisc, bytes, to->left < CHUNK ? to->left : CHUNK, more);
		s64 moved = n == 0 ? 0 : uio_put(to, bytes, n);

		if (moved < 0)
			return done != 0 ? done : moved;
		done += moved;
	}
	/* Who types may go on. */
	wake_all(&t->writers, POLLOUT | POLLWRNORM);
	return done;
}

/* Until when a non-canonical read waits, with `done` bytes read. */
static u64 read_deadline(const struct termios *s, s64 done)
{
	u64 time = s->cc[VTIME] * DECISECOND;

	if (s->cc[VMIN] == 0)
		return now_mono() + time;
	return time != 0 && done != 0 ? now_mono() + time : NO_DEADLINE;
}

static bool enough(const struct termios *s, s64 done, const struct uio *to)
{
	if (s->lflag & ICANON)
		return false;
	return to->left == 0 || done >= (s->cc[VMIN] == 0 ? 1 : s->cc[VMIN]);
}

static s64 sleep_for_input(struct tty *t, u64 deadline)
{
	struct waiter w = { 0 };
	s64 e;

	waiter_add(&t->readers, &w);
	e = fiber_sleep(deadline, 0);
	waiter_del(&w);
	return e;
}

static s64 tty_read(struct file *f, struct uio *to, u64 *pos)
{
	struct tty *t = f->priv;
	const struct termios *s = &t->ldisc.termios;
	s64 done = 0;
	bool more = true;

	(void)pos;
	if (to->left == 0)
		return 0;
	while (!t->hung_up) {
		s64 e = check_foreground(t, SIGTTIN);

		if (e < 0)
			return done != 0 ? done : e;
		bool any = t->ldisc.ready != t->ldisc.head;
		e = take_some(t, to, &more);
		if (e < 0)
			return done != 0 ? done : e;
		done += e;
		if ((any && (s->lflag & ICANON)) || !more || enough(s, done, to))
			return done;
		if (f->flags & O_NONBLOCK)
			return done != 0 ? done : (s->lflag & ICANON) || s->cc[VMIN] ? -EAGAIN : 0;
		e = sleep_for_input(t, s->lflag & ICANON ? NO_DEADLINE : read_deadline(s, done));
		if (e == -ETIMEDOUT)
			return done;
		if (e < 0)
			return done != 0 ? done : -ERESTART;
	}
	return done;
}

static bool writable(struct tty *t)
{
	return !t->ldisc.stopped && t->room(t) >= LDISC_OUT;
}

static s64 wait_writable(struct tty *t, bool nonblock)
{
	while (!t->hung_up && !writable(t)) {
		if (nonblock)
			return -EAGAIN;
		if (wait_on(&t->writers, NO_DEADLINE, 0) < 0)
			return -ERESTART;
	}
	return t->hung_up ? -EIO : 0;
}

static s64 tty_write(struct file *f, struct uio *from, u64 *pos)
{
	struct tty *t = f->priv;
	char bytes[CHUNK], to[CHUNK * LDISC_OUT];
	s64 done = 0, e = 0;

	(void)pos;
	if (t->ldisc.termios.lflag & TOSTOP)
		e = check_foreground(t, SIGTTOU);
	while (e == 0 && from->left != 0) {
		e = wait_writable(t, (f->flags & O_NONBLOCK) != 0);
		if (e < 0)
			break;
		size_t most = t->room(t) / LDISC_OUT;
		s64 n = uio_get(from, bytes, most < CHUNK ? most : CHUNK);

		if (n <= 0)
			return done != 0 ? done : n;
		t->send(t, to, ldisc_write(&t->ldisc, bytes, (size_t)n, to));
		done += n;
	}
	return done != 0 ? done : e;
}

static u32 tty_poll(struct file *f, struct poll_table *pt)
{
	struct tty *t = f->priv;
	u32 events = 0;

	poll_wait(pt, &t->readers);
	poll_wait(pt, &t->writers);
	if (t->hung_up)
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLERR;
	if (ldisc_readable(&t->ldisc))
		events |= POLLIN | POLLRDNORM;
	if (writable(t))
		events |= POLLOUT | POLLWRNORM;
	return events;
}

/* --- ioctl ---------------------------------------------------------------------------------------- */

enum {
	TCGETS = 0x5401,
	TCSETS,
	TCSETSW,
	TCSETSF,
	TCSBRK = 0x5409,
	TCXONC,
	TCFLSH,
	TIOCEXCL,
	TIOCNXCL,
	TIOCSCTTY,
	TIOCGPGRP,
	TIOCSPGRP,
	TIOCOUTQ,
	TIOCSTI,
	TIOCGWINSZ,
	TIOCSWINSZ,
	TIOCMGET,
	FIONREAD = 0x541b,
	TIOCNOTTY = 0x5422,
	TIOCSETD,
	TIOCGETD,
	TCSBRKP,
	TIOCGSID = 0x5429,
	TIOCVHANGUP = 0x5437,
	TIOCGEXCL = (s32)0x80045440,
};
#define TCGETS2 0x802c542aull
#define TCSETS2 0x402c542bull
#define TCSETSW2 0x402c542cull
#define TCSETSF2 0x402c542dull

/* struct termios2: two speeds follow. */
struct termios2 {
	struct termios t;
	u32 ispeed, ospeed;
};
enum { SPEED = 38400 };

static s64 get_termios(struct tty *t, u64 arg, size_t bytes)
{
	struct termios2 v = { t->ldisc.termios, SPEED, SPEED };

	return copy_out(current()->mm, arg, &v, bytes);
}

static s64 set_termios(struct tty *t, u64 arg, size_t bytes, bool flush)
{
	struct termios2 v;
	s64 e = check_foreground(t, SIGTTOU);

	if (e == 0)
		e = copy_in(current()->mm, &v, arg, bytes);
	if (e < 0)
		return e;
	/* There is no wire: bytes are whole and have no parity, as on Linux's pseudo-terminals. */
	v.t.cflag = (v.t.cflag & ~(u32)(CSIZE | PARENB)) | CS8 | CREAD;
	if (flush)
		ldisc_flush(&t->ldisc);
	ldisc_set(&t->ldisc, &v.t);
	if (ldisc_readable(&t->ldisc))
		wake_all(&t->readers, POLLIN | POLLRDNORM);
	return 0;
}

static s64 put_u32(u64 arg, u32 value)
{
	return copy_out(current()->mm, arg, &value, sizeof value);
}

static bool in_session(struct process *p, void *arg)
{
	const u32 *group = arg;

	/* Found: stop with the group's number cleared. */
	if (p->pgid != group[0] || p->sid != group[1])
		return true;
	((u32 *)arg)[2] = 1;
	return false;
}

static s64 set_group(struct tty *t, u64 arg)
{
	struct process *p = current()->process;
	u32 pgid = 0;
	s64 e = p->tty != t || t->sid != p->sid ? -ENOTTY : check_foreground(t, SIGTTOU);

	if (e == 0)
		e = copy_in(current()->mm, &pgid, arg, sizeof pgid);
	if (e < 0)
		return e;
	u32 group[3] = { pgid, p->sid, 0 };
	if ((s32)pgid < 0)
		return -EINVAL;
	process_each(in_session, group);
	if (group[2] == 0)
		return process_find(pgid) != NULL || group_exists(pgid, 0) ? -EPERM : -ESRCH;
	t->pgid = pgid;
	return 0;
}

static s64 flush(struct tty *t, u64 which)
{
	s64 e = check_foreground(t, SIGTTOU);

	if (e < 0 || which > 2)
		return e < 0 ? e : -EINVAL;
	if (which != 1)
		ldisc_flush(&t->ldisc);
	return 0;
}

static s64 flow(struct tty *t, u64 what)
{
	s64 e = check_foreground(t, SIGTTOU);

	if (e < 0 || what > 3)
		return e < 0 ? e : -EINVAL;
	if (what <= 1) {
		t->ldisc.stopped = what == 0;
		if (what == 1)
			resume_output(&t->ldisc);
	}
	return 0;
}

static s64 size_ioctl(struct tty *t, bool set, u64 arg)
{
	struct winsize size;

	if (!set)
		return copy_out(current()->mm, arg, &t->size, sizeof t->size);
	s64 e = copy_in(current()->mm, &size, arg, sizeof size);
	if (e == 0)
		tty_set_size(t, &size);
	return e;
}

s64 tty_ioctl_common(struct tty *t, u64 request, u64 arg)
{
	switch (request) {
	case TCGETS: return get_termios(t, arg, sizeof(struct termios));
	case TCGETS2: return get_termios(t, arg, sizeof(struct termios2));
	case TCSETS:
	case TCSETSW:
	case TCSETSF: return set_termios(t, arg, sizeof(struct termios), request == TCSETSF);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2: return set_termios(t, arg, sizeof(struct termios2), request == TCSETSF2);
	case TIOCGWINSZ:
	case TIOCSWINSZ: return size_ioctl(t, request == TIOCSWINSZ, arg);
	case TIOCSPGRP: return set_group(t, arg);
	case TIOCEXCL:
	case TIOCNXCL: t->exclusive = request == TIOCEXCL; return 0;
	case TCFLSH: return flush(t, arg);
	case TCXONC: return flow(t, arg);
	case TCSBRK:
	case TCSBRKP: return 0;
	case TIOCSETD: return 0;
	case TIOCGETD: return put_u32(arg, 0);
	default: return -ENOTTY;
	}
}

static s64 tty_ioctl(struct file *f, u64 request, u64 arg)
{
	struct tty *t = f->priv;
	struct process *p = current()->process;

	if (t->hung_up)
		return -EIO;
	switch (request) {
	case TIOCGPGRP: return p->tty != t ? -ENOTTY : put_u32(arg, t->pgid);
	case TIOCGSID: return p->tty != t ? -ENOTTY : put_u32(arg, t->sid);
	case TIOCSCTTY: return take_as_controlling(t, arg == 1);
	case TIOCNOTTY: return give_up(t);
	case TIOCSTI: return -EPERM;
	case TIOCOUTQ: return put_u32(arg, 0);
	case FIONREAD: return put_u32(arg, ldisc_waiting(&t->ldisc));
	case TIOCVHANGUP: return -EPERM;
	default: return tty_ioctl_common(t, request, arg);
	}
}

const struct file_ops tty_file_ops = {
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.release = tty_release,
};
