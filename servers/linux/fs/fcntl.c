/* SPDX-License-Identifier: MIT */
/*
 * fcntl and ioctl: what is the same for all files, and the way to what is not.
 */
#include "fs.h"

enum {
	F_DUPFD,
	F_GETFD,
	F_SETFD,
	F_GETFL,
	F_SETFL,
	F_GETLK,
	F_SETLK,
	F_SETLKW,
	F_SETOWN,
	F_GETOWN,
	F_SETSIG,
	F_GETSIG,
	F_SETOWN_EX = 15,
	F_GETOWN_EX,
	F_OFD_GETLK = 36,
	F_OFD_SETLK,
	F_OFD_SETLKW,
	F_GETLEASE = 1025,
	F_DUPFD_CLOEXEC = 1030,
	F_SETPIPE_SZ,
	F_GETPIPE_SZ,
	F_ADD_SEALS,
	F_GET_SEALS,
};
enum { SETTABLE = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME };

static s64 set_flags(struct task *t, struct file *f, u32 flags)
{
	if ((flags & O_NOATIME) && !(f->flags & O_NOATIME) && !is_owner(t, f->inode))
		return -EPERM;
	f->flags = (f->flags & ~(u32)SETTABLE) | (flags & SETTABLE);
	return 0;
}

static s64 dup_from(struct task *t, struct file *f, u64 from, bool cloexec)
{
	if ((u32)from >= t->process->rlimit[RLIMIT_NOFILE].soft)
		return -EINVAL;
	file_get(f);
	s64 r = fd_install(t, f, cloexec, (u32)from);
	if (r < 0)
		file_put(f);
	return r;
}

static s64 owner_ex(struct task *t, struct file *f, u64 arg, bool set)
{
	struct {
		s32 type, pid;
	} o;
	if (!set) {
		s32 v = (s32)f->owner;
		o.type = v < 0 ? 2 : 1;
		o.pid = v < 0 ? -v : v;
		return copy_out(t->mm, arg, &o, sizeof o);
	}
	if (copy_in(t->mm, &o, arg, sizeof o) < 0)
		return -EFAULT;
	if (o.type < 0 || o.type > 2)
		return -EINVAL;
	f->owner = (u64)(s64)(o.type == 2 ? -o.pid : o.pid);
	return 0;
}

static s64 control(struct task *t, struct file *f, u64 fd, u32 command, u64 arg)
{
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC: return dup_from(t, f, arg, command == F_DUPFD_CLOEXEC);
	case F_GETFD: return fd_flags(t, fd, false, 0);
	case F_SETFD: return fd_flags(t, fd, true, arg);
	case F_GETFL: return (s64)f->flags;
	default: break;
	}
	if (f->flags & O_PATH)
		return -EBADF;
	switch (command) {
	case F_SETFL: return set_flags(t, f, (u32)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW: return lock_fcntl(t, f, command, arg);
	case F_SETOWN: f->owner = (u64)(s64)(s32)arg; return 0;
	case F_GETOWN: return (s64)f->owner;
	case F_SETOWN_EX: return owner_ex(t, f, arg, true);
	case F_GETOWN_EX: return owner_ex(t, f, arg, false);
	case F_SETSIG: return (u32)arg > SIGNALS ? -EINVAL : 0;
	case F_GETSIG: return 0;
	case F_GETLEASE: return 2; /* F_UNLCK: none */
	case F_SETPIPE_SZ: return arg ? pipe_size(t, f, (u32)arg) : pipe_size(t, f, PAGE);
	case F_GETPIPE_SZ: return pipe_size(t, f, 0);
	case F_ADD_SEALS: return memfd_add_seals(t, f, (u32)arg);
	case F_GET_SEALS: return memfd_get_seals(f);
	default: return -EINVAL;
	}
}

s64 lx_fcntl(struct task *t, u64 fd, u64 command, u64 arg)
{
	struct file *f = fd_file_any(t, fd);
	if (!f)
		return -EBADF;
	s64 r = control(t, f, fd, (u32)command, arg);
	file_put(f);
	return r;
}

/* --- ioctl ----------------------------------------------------------------------------- */

enum {
	FIGETBSZ = 2,
	FIONREAD = 0x541b,
	FIONBIO = 0x5421,
	FIONCLEX = 0x5450,
	FIOCLEX = 0x5451,
	FIOASYNC = 0x5452,
	FIOQSIZE = 0x5460,
	FICLONE = 0x40049409,
	FICLONERANGE = 0x4020940d,
};

static s64 set_bit(struct task *t, struct file *f, u64 arg, u32 bit)
{
	s32 on;
	if (copy_in(t->mm, &on, arg, sizeof on) < 0)
		return -EFAULT;
	f->flags = on ? f->flags | bit : f->flags & ~bit;
	return 0;
}

static s64 request(struct task *t, struct file *f, u64 fd, u32 what, u64 arg)
{
	switch (what) {
	case FIOCLEX: return fd_flags(t, fd, true, 1);
	case FIONCLEX: return fd_flags(t, fd, true, 0);
	case FIONBIO: return set_bit(t, f, arg, O_NONBLOCK);
	case FIOASYNC: return set_bit(t, f, arg, O_ASYNC);
	case FIOQSIZE:
		if (!is_reg(f->inode) && !is_dir(f->inode) && !is_link(f->inode))
			return -ENOTTY;
		return copy_out(t->mm, arg, &f->inode->size, 8);
	case FIGETBSZ: {
		const s32 n = PAGE;
		return copy_out(t->mm, arg, &n, sizeof n);
	}
	case FICLONE:
	case FICLONERANGE: return -EOPNOTSUPP;
	default: break;
	}
	if (what == FIONREAD && is_reg(f->inode)) {
		const s32 n = (s32)(f->inode->size - f->pos);
		return copy_out(t->mm, arg, &n, sizeof n);
	}
	return f->ops->ioctl ? f->ops->ioctl(f, what, arg) : -ENOTTY;
}

s64 lx_ioctl(struct task *t, u64 fd, u64 what, u64 arg)
{
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = request(t, f, fd, (u32)what, arg);
	file_put(f);
	return r;
}
