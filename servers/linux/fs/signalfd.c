/* SPDX-License-Identifier: MIT */
/*
 * signalfd: signals as bytes to read.
 */
#include "fs.h"

struct signalfd {
	sigset_t mask;
};

/* struct signalfd_siginfo of Linux. */
struct record {
	u32 signo;
	s32 error, code;
	u32 pid, uid;
	s32 fd;
	u32 timer, band, overrun, trap;
	s32 status, value;
	u64 ptr, utime, stime, addr;
	u16 addr_lsb, pad2;
	s32 syscall;
	u64 call_addr;
	u32 arch;
	unsigned char pad[28];
};
_Static_assert(sizeof(struct record) == 128, "as the ABI has it");

static void record_of(struct record *x, int signo, const struct siginfo *i)
{
	*x = (struct record){ .signo = (u32)signo, .error = i->errno_, .code = i->code };
	switch (signo) {
	case SIGCHLD:
		x->pid = (u32)i->child.pid;
		x->uid = i->child.uid;
		x->status = i->child.status;
		x->utime = (u64)i->child.utime;
		x->stime = (u64)i->child.stime;
		break;
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP: x->addr = i->fault.addr; break;
	default:
		x->pid = (u32)i->kill.pid;
		x->uid = i->kill.uid;
		x->ptr = i->kill.value;
		x->value = (s32)i->kill.value;
	}
}

static s64 signal_read(struct file *f, struct uio *to, u64 *pos)
{
	const struct signalfd *s = f->priv;
	struct task *t = current();
	struct record x;
	struct siginfo info;
	u64 done = 0;
	(void)pos;
	if (to->left < sizeof x)
		return -EINVAL;
	while (to->left >= sizeof x) {
		int signo = signal_take(t, s->mask, &info);
		if (signo > 0) {
			record_of(&x, signo, &info);
			if (uio_put(to, &x, sizeof x) != sizeof x)
				return done ? (s64)done : -EFAULT;
			done += sizeof x;
			continue;
		}
		if (done)
			break;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		s64 r = wait_on(signal_waitq(t->process), NO_DEADLINE, 0);
		if (r < 0)
			return restartable(r);
	}
	return (s64)done;
}

static u32 signal_poll(struct file *f, struct poll_table *pt)
{
	const struct signalfd *s = f->priv;
	struct task *t = current();
	if (!t)
		return 0;
	poll_wait(pt, signal_waitq(t->process));
	return signal_pending(t) & s->mask ? POLLIN : 0;
}

static void signal_release(struct file *f)
{
	kfree(f->priv);
}

static const struct file_ops signal_ops = {
	.name = "[signalfd]",
	.read = signal_read,
	.poll = signal_poll,
	.seek = seek_nowhere,
	.release = signal_release,
};

s64 lx_signalfd4(struct task *t, u64 fd, u64 mask, u64 bytes, u64 flags)
{
	sigset_t set;
	if (bytes != sizeof set)
		return -EINVAL;
	if (copy_in(t->mm, &set, mask, sizeof set) < 0)
		return -EFAULT;
	set &= ~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP));
	if ((s32)fd != -1) {
		struct file *f = fd_file(t, fd);
		if (!f)
			return -EBADF;
		bool is = f->ops == &signal_ops;
		if (is)
			((struct signalfd *)f->priv)->mask = set;
		file_put(f);
		return is ? (s64)(s32)fd : -EINVAL;
	}
	struct signalfd *s = kalloc(sizeof *s);
	if (!s)
		return -ENOMEM;
	s->mask = set;
	return file_anon(t, &signal_ops, s, (u32)flags);
}

s64 lx_signalfd(struct task *t, u64 fd, u64 mask, u64 bytes)
{
	return lx_signalfd4(t, fd, mask, bytes, 0);
}
