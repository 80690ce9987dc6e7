/* SPDX-License-Identifier: MIT */
/*
 * Words of calls on open files, and of calls that make descriptors.
 */
#include "probe.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/file.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/uio.h>

enum { MFD_ALLOW = 2, HINT = 1035, ANY_FD = 900 };

static long lseek_whence(u64 v)
{
	return CALL(SYS_lseek, a_file(), 0, v);
}

static int a_memfd(void)
{
	return (int)syscall(SYS_memfd_create, "tried", MFD_ALLOW);
}

static long fcntl_fcntl(u64 v)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int p[2], owner[2] = { 1, 0 };
	u64 words[4] = { 0 };

	switch ((int)v) {
	case F_GETLK: case F_SETLK: case F_SETLKW: case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
		return CALL(SYS_fcntl, a_file(), v, &lock);
	case F_SETOWN_EX: case F_GETOWN_EX: return CALL(SYS_fcntl, a_file(), v, owner);
	case F_SETPIPE_SZ: case F_GETPIPE_SZ: a_pipe(p); return CALL(SYS_fcntl, p[0], v, 4096);
	case F_ADD_SEALS: case F_GET_SEALS: return CALL(SYS_fcntl, a_memfd(), v, 0);
	case F_NOTIFY: return CALL(SYS_fcntl, open("dir", O_RDONLY), v, 0);
	case F_DUPFD: case F_DUPFD_CLOEXEC: return CALL(SYS_fcntl, a_file(), v, 0);
	case F_SETLEASE: return CALL(SYS_fcntl, open("file", O_RDONLY), v, F_RDLCK);
	case 17: case HINT: case HINT + 1: return CALL(SYS_fcntl, a_file(), v, words);
	default: return CALL(SYS_fcntl, a_file(), v, 0);
	}
}

static long fcntl_seals(u64 v)
{
	return CALL(SYS_fcntl, a_memfd(), F_ADD_SEALS, v);
}

/* What one kind of file refuses, another may take. */
static long ioctl_ioctl(u64 v)
{
	int p[2], s[2], master = posix_openpt(O_RDWR | O_NOCTTY), unlock = 0;
	int fds[9] = { 0 };
	char words[512] = { 0 };
	long r = -ENOTTY;

	if (master < 0 || ioctl(master, 0x40045431, &unlock) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		_exit(1);
	a_pipe(p);
	setsid();
	fds[0] = open(ptsname(master), O_RDWR); /* its terminal, from now on */
	fds[1] = master, fds[2] = a_file(), fds[3] = p[0], fds[4] = s[0];
	fds[5] = inotify_init1(0), fds[6] = open("/dev/random", O_RDWR), fds[7] = epoll_create1(0), fds[8] = open("dir", O_RDONLY);
	for (int i = 0; i < 9 && r == -ENOTTY; i++) {
		/* These have another answer to what they do not know. */
		if (i == 6 ? (v >> 8 & 255) == 'R' : i != 7 || (v >> 8 & 255) == 0x8a)
			r = CALL(SYS_ioctl, fds[i], v, words);
	}
	return r;
}

static long flock_flock(u64 v)
{
	/* Words that are nothing without another. */
	if ((uint32_t)v == 0 || v == LOCK_NB)
		v |= LOCK_SH;
	if (v == 64 || v == 128)
		v |= 32;
	return CALL(SYS_flock, a_file(), v);
}

static long fallocate_falloc(u64 v)
{
	/* Making a hole keeps the size; taking out and putting in want whole blocks within the file. */
	return CALL(SYS_fallocate, a_file(), v == 2 ? 3 : v, 0, 4096);
}

static long fadvise64_fadvise(u64 v)
{
	return CALL(SYS_fadvise64, a_file(), 0, 0, v);
}

static long sync_file_range_syncrange(u64 v)
{
	return CALL(SYS_sync_file_range, a_file(), 0, 0, v);
}

/* A file, but for RWF_NOWAIT, which not all file systems have. */
static int vector_fd(u64 v, int end)
{
	int p[2];

	if (v != 8)
		return a_file();
	a_pipe(p);
	return p[end];
}

static long preadv2_rwf(u64 v)
{
	char b;
	struct iovec io = { &b, 1 };

	return CALL(SYS_preadv2, vector_fd(v, 0), &io, 1, -1, -1, v);
}

static long pwritev2_rwf(u64 v)
{
	char b = 0;
	struct iovec io = { &b, 1 };

	return CALL(SYS_pwritev2, vector_fd(v, 1), &io, 1, -1, -1, v);
}

static long splice_splice(u64 v)
{
	int p[2];

	a_pipe(p);
	return CALL(SYS_splice, p[0], NULL, a_file(), NULL, 1, v);
}

static long tee_splice(u64 v)
{
	int p[2], q[2];

	a_pipe(p);
	a_pipe(q);
	return CALL(SYS_tee, p[0], q[1], 1, v);
}

static long vmsplice_splice(u64 v)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct iovec io = { page, sizeof page };
	int p[2];

	a_pipe(p);
	return CALL(SYS_vmsplice, p[1], &io, 1, v);
}

static long copy_file_range_nothing(u64 v)
{
	return CALL(SYS_copy_file_range, a_file(), NULL, open("copy", O_RDWR | O_CREAT, 0600), NULL, 10, v);
}

static long close_range_closerange(u64 v)
{
	return CALL(SYS_close_range, ANY_FD, ANY_FD + 1, v);
}

static long dup3_fdflags(u64 v)
{
	return CALL(SYS_dup3, a_file(), ANY_FD, v);
}

static long pipe2_fdflags(u64 v)
{
	int p[2];

	return CALL(SYS_pipe2, p, v);
}

static long eventfd2_efd(u64 v)
{
	return CALL(SYS_eventfd2, 0, v);
}

static long signalfd4_sfd(u64 v)
{
	u64 set = 1;

	return CALL(SYS_signalfd4, -1, &set, sizeof set, v);
}

static long epoll_create1_epollflags(u64 v)
{
	return CALL(SYS_epoll_create1, v);
}

static long epoll_ctl_epollop(u64 v)
{
	struct epoll_event e = { 0 };
	int p = epoll_create1(0), fd = eventfd(0, 0);

	if (v != EPOLL_CTL_ADD)
		epoll_ctl(p, EPOLL_CTL_ADD, fd, &e);
	return CALL(SYS_epoll_ctl, p, v, fd, &e);
}

static long memfd_create_memfd(u64 v)
{
	return CALL(SYS_memfd_create, "tried", v);
}

static long fcntl_oflags(u64 v)
{
	return CALL(SYS_fcntl, a_file(), F_SETFL, v);
}

static long epoll_ctl_epoll(u64 v)
{
	struct epoll_event e = { .events = (uint32_t)v };

	return CALL(SYS_epoll_ctl, epoll_create1(0), EPOLL_CTL_ADD, eventfd(0, 0), &e);
}

static long mq_notify_sigev(u64 v)
{
	struct {
		u64 value;
		int signo;
		uint32_t notify, pad[12];
	} e = { 0, 10, (uint32_t)v, { 0 } };

	CALL(SYS_mq_unlink, "told");
	return CALL(SYS_mq_notify, CALL(SYS_mq_open, "told", O_RDWR | O_CREAT, 0600, NULL), &e);
}

const struct site descriptor_sites[] = {
	SITE(lseek, whence), SITE(fcntl, fcntl), SITE(fcntl, seals), SITE(ioctl, ioctl), SITE(flock, flock), SITE(fallocate, falloc),
	SITE(fadvise64, fadvise), SITE(sync_file_range, syncrange), SITE(preadv2, rwf), SITE(pwritev2, rwf), SITE(splice, splice),
	SITE(tee, splice), SITE(vmsplice, splice), SITE(copy_file_range, nothing), SITE(close_range, closerange), SITE(dup3, fdflags),
	SITE(pipe2, fdflags), SITE(eventfd2, efd), SITE(signalfd4, sfd), SITE(epoll_create1, epollflags), SITE(epoll_ctl, epollop),
	SITE(memfd_create, memfd),
	SITE(fcntl, oflags), SITE(epoll_ctl, epoll), SITE(mq_notify, sigev),
	{ NULL, NULL, NULL },
};
