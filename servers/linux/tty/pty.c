/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals: pty(7).  The master is a file; the other end is a terminal.
 *
 * Owns:       the numbers of pseudo-terminals.
 */
#include "../proc/task.h"
#include "device.h"

enum { PTYS = 256, OUT_ROOM = 8192, PTS_MAJOR = 136, CHUNK = 256 };

struct pty {
	struct tty tty;
	u32 number;
	bool master_open, locked;
	bool was_opened; /* the other end, at least once */
	struct waitq master_readers;
	u32 head,
		tail; /* in `out`, modulo OUT_ROOM: what was written and the master has not read */
	char out[OUT_ROOM];
};

static struct pty *ptys[PTYS];

static struct pty *pty_of(struct tty *t)
{
	return container_of(t, struct pty, tty);
}

static size_t pty_room(struct tty *t)
{
	const struct pty *p = pty_of(t);

	return OUT_ROOM - (p->tail - p->head);
}

static void pty_send(struct tty *t, const char *bytes, size_t n)
{
	struct pty *p = pty_of(t);

	for (size_t i = 0; i < n; i++)
		p->out[p->tail++ % OUT_ROOM] = bytes[i];
	wake_all(&p->master_readers, POLLIN | POLLRDNORM);
}

static void pty_closed(struct tty *t)
{
	wake_all(&pty_of(t)->master_readers, POLLHUP);
}

static void pty_freed(struct tty *t)
{
	struct pty *p = pty_of(t);

	ptys[p->number] = NULL;
	kfree(p);
}

static struct pty *pty_new(void)
{
	u32 number = 0;

	while (number < PTYS && ptys[number] != NULL)
		number++;
	struct pty *p = number == PTYS ? NULL : kalloc(sizeof *p);
	if (p == NULL)
		return NULL;
	tty_init(&p->tty, (u64)PTS_MAJOR << 8 | number);
	p->tty.ldisc.termios.cflag &= ~(u32)HUPCL;
	p->tty.room = pty_room;
	p->tty.send = pty_send;
	p->tty.closed = pty_closed;
	p->tty.freed = pty_freed;
	waitq_init(&p->master_readers);
	p->number = number;
	p->master_open = true;
	p->locked = true;
	ptys[number] = p;
	return p;
}

/* --- the master ------------------------------------------------------------------------ */

/* Was it ever opened, is nobody there now, and was everything read? */
static bool deserted(const struct pty *p)
{
	return p->was_opened && p->tty.opens == 0 && p->tail == p->head;
}

static s64 master_read(struct file *f, struct uio *to, u64 *pos)
{
	struct pty *p = f->priv;
	char bytes[CHUNK];

	(void)pos;
	while (p->head == p->tail) {
		if (deserted(p))
			return -EIO;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_on(&p->master_readers, NO_DEADLINE, 0) < 0)
			return -ERESTART;
	}
	s64 done = 0;
	while (p->head != p->tail && to->left != 0) {
		size_t n = 0;

		while (n < CHUNK && n < to->left && p->head + n != p->tail) {
			bytes[n] = p->out[(p->head + n) % OUT_ROOM];
			n++;
		}
		s64 moved = uio_put(to, bytes, n);
		if (moved <= 0)
			return done != 0 ? done : moved;
		p->head += (u32)moved;
		done += moved;
	}
	wake_all(&p->tty.writers, POLLOUT | POLLWRNORM);
	return done;
}

static s64 master_write(struct file *f, struct uio *from, u64 *pos)
{
	struct pty *p = f->priv;
	char bytes[CHUNK];
	s64 done = 0;

	(void)pos;
	while (from->left != 0) {
		s64 n = uio_get(from, bytes, CHUNK);

		if (n <= 0)
			return done != 0 ? done : n;
		for (s64 typed = 0; typed < n;) {
			typed += (s64)tty_type(&p->tty, bytes + typed, (size_t)(n - typed));
			if (typed == n)
				break;
			/* What was taken from the program and finds no room is lost if it may not wait. */
			if (f->flags & O_NONBLOCK)
				return done + typed != 0 ? done + typed : -EAGAIN;
			if (wait_on(&p->tty.writers, NO_DEADLINE, 0) < 0)
				return done + typed != 0 ? done + typed : -ERESTART;
		}
		done += n;
	}
	return done;
}

static u32 master_poll(struct file *f, struct poll_table *pt)
{
	struct pty *p = f->priv;
	u32 events = POLLOUT | POLLWRNORM;

	poll_wait(pt, &p->master_readers);
	if (p->head != p->tail)
		events |= POLLIN | POLLRDNORM;
	if (deserted(p))
		events |= POLLHUP;
	return events;
}

static s64 slave_open(struct pty *p, struct file *f)
{
	s64 e = tty_open(&p->tty, f);

	p->was_opened |= e == 0;
	return e;
}

/* Where /dev is not what it should be, a terminal has no name. */
static s64 open_nameless(struct pty *p, u32 flags, struct file **out)
{
	struct inode *i = inode_anon(S_IFCHR | 0620);

	if (i == NULL)
		return -ENOMEM;
	i->rdev = p->tty.rdev;
	*out = file_new(NULL, i, flags);
	return *out == NULL ? -ENOMEM : slave_open(p, *out);
}

/* TIOCGPTPEER: a file on the other end, as if it were opened by its name. */
static s64 open_peer(struct pty *p, u64 flags)
{
	char path[24];
	struct file *f = NULL;
	u32 how = (u32)flags & (O_ACCMODE | O_NOCTTY | O_NONBLOCK);

	path[sys_format(path, sizeof path - 1, "/dev/pts/%u", p->number)] = 0;
	s64 e = vfs_open(current(), path, how, 0, &f);
	if (e == 0 && f->inode->rdev != p->tty.rdev) {
		file_put(f);
		e = -ENXIO;
	}
	if (e != 0)
		e = open_nameless(p, how, &f);
	if (e == 0)
		e = fd_install(current(), f, (flags & O_CLOEXEC) != 0, 0);
	if (e < 0 && f != NULL)
		file_put(f);
	return e;
}

enum {
	TIOCGPTN = (s32)0x80045430,
	TIOCSPTLCK = 0x40045431,
	TIOCGPTLCK = (s32)0x80045439,
	TIOCGPTPEER = 0x5441,
	MASTER_FIONREAD = 0x541b,
	MASTER_TIOCGPGRP = 0x540f,
	TIOCSIG = 0x40045436,
};

static s64 set_lock(struct pty *p, u64 arg)
{
	u32 value;
	s64 e = copy_in(current()->mm, &value, arg, sizeof value);

	if (e == 0)
		p->locked = value != 0;
	return e;
}

static s64 put_u32(u64 arg, u32 value)
{
	return copy_out(current()->mm, arg, &value, sizeof value);
}

static s64 master_ioctl(struct file *f, u64 request, u64 arg)
{
	struct pty *p = f->priv;

	switch ((s32)request) {
	case TIOCGPTN: return put_u32(arg, p->number);
	case TIOCSPTLCK: return set_lock(p, arg);
	case TIOCGPTLCK: return put_u32(arg, p->locked);
	case TIOCGPTPEER: return open_peer(p, arg);
	case MASTER_FIONREAD: return put_u32(arg, p->tail - p->head);
	case MASTER_TIOCGPGRP: return put_u32(arg, p->tty.pgid);
	case TIOCSIG:
		if (arg == 0 || arg > SIGNALS)
			return -EINVAL;
		return p->tty.pgid == 0 ? 0 : signal_group(p->tty.pgid, (int)arg, NULL);
	default: return tty_ioctl_common(&p->tty, request, arg);
	}
}

static void master_release(struct file *f)
{
	struct pty *p = f->priv;

	p->master_open = false;
	tty_hang_up(&p->tty);
	tty_put(&p->tty);
}

static const struct file_ops master_ops = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.release = master_release,
};

s64 tty_open_ptmx(struct inode *i, struct file *f)
{
	struct pty *p = pty_new();

	(void)i;
	if (p == NULL)
		return -ENOSPC;
	f->ops = &master_ops;
	f->priv = p;
	pts_made(p->number, current()->ids.fsuid, current()->ids.fsgid);
	return 0;
}

s64 tty_open_pts(struct inode *i, struct file *f, u32 number)
{
	(void)i;
	if (number >= PTYS || ptys[number] == NULL || !ptys[number]->master_open)
		return -ENXIO;
	return ptys[number]->locked ? -EIO : slave_open(ptys[number], f);
}

s64 pts_next(u32 from)
{
	for (u32 i = from; i < PTYS; i++) {
		if (ptys[i] != NULL && ptys[i]->master_open)
			return i;
	}
	return -1;
}
