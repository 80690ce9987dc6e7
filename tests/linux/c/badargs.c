/* SPDX-License-Identifier: MIT */
/* What calls answer to arguments that cannot be meant. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BAD 16l          /* an address where nothing is */
#define HIGH (-4096l)    /* one that no program has */

/* True addresses differ from run to run. */
static long shown(long v)
{
	return v > 1l << 31 ? 1 : v;
}

static void try(const char *name, long nr, long a, long b, long c, long d, long e, long f)
{
	errno = 0;
	long r = syscall(nr, a, b, c, d, e, f);
	printf("%s(%ld, %ld, %ld, %ld): %s %d\n", name, shown(a), shown(b), shown(c), shown(d), r < 0 ? "error" : "fine", errno);
}
#define T(name, ...) TRY(#name, SYS_##name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define TRY(text, nr, a, b, c, d, e, f, ...) try(text, nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static void addresses(int f, int p)
{
	static const long places[] = { 0, BAD, HIGH };

	for (int i = 0; i < 3; i++) {
		long x = places[i];

		T(read, f, x, 10);
		T(write, p, x, 10);
		T(open, x, O_RDONLY);
		T(stat, x, x);
		T(stat, "/", x);
		T(fstat, f, x);
		T(access, x, 0);
		T(pipe, x);
		T(poll, x, 1, 0);
		T(nanosleep, x, 0);
		T(clock_gettime, 0, x);
		T(gettimeofday, x, 0);
		T(time, x);
		T(getcwd, x, 100);
		T(rt_sigaction, 10, x, 0, 8);
		T(rt_sigaction, 10, 0, x, 8);
		T(rt_sigprocmask, 0, x, 0, 8);
		T(rt_sigpending, x, 8);
		T(getrlimit, 7, x);
		T(uname, x);
		T(sysinfo, x);
		T(times, x);
		T(getrusage, 0, x);
		T(getdents64, f, x, 1000);
		T(readlink, "/proc/self", x, 10);
		T(mkdir, x, 0);
		T(rename, x, "/w");
		T(symlink, x, "l");
		T(chdir, x);
		T(getgroups, 10, x);
		T(getresuid, x, x, x);
		T(epoll_ctl, f, 1, f, x);
		T(sendfile, f, f, x, 0);
		T(execve, x, 0, 0);
		T(utimensat, AT_FDCWD, "/w", x, 0);
		T(statfs, "/", x);
		T(sched_getaffinity, 0, 8, x);
		T(getitimer, 0, x);
		T(setitimer, 0, x, 0);
		T(sigaltstack, x, 0);
		T(getrandom, x, 10, 0);
		T(mincore, 0, 4096, x);
		T(futex, x, 0, 0, 0);
		T(set_robust_list, x, 3);
		T(prctl, 16, x);
		T(bind, socket(AF_UNIX, SOCK_STREAM, 0), x, 10);
		T(socketpair, AF_UNIX, SOCK_STREAM, 0, x);
		T(inotify_add_watch, syscall(SYS_inotify_init), x, 1);
	}
}

static void descriptors(void)
{
	static const long fds[] = { -1, 99, 1 << 30 };
	char b[256];

	for (int i = 0; i < 3; i++) {
		long x = fds[i];

		T(close, x);
		T(read, x, b, 1);
		T(write, x, b, 1);
		T(lseek, x, 0, 0);
		T(fstat, x, b);
		T(dup, x);
		T(dup2, x, 5);
		T(dup2, 0, x);
		T(dup3, x, 5, 0);
		T(fcntl, x, F_GETFL);
		T(ioctl, x, 0x5401, b);
		T(fsync, x);
		T(ftruncate, x, 0);
		T(fchdir, x);
		T(fchmod, x, 0);
		T(flock, x, 1);
		T(getdents64, x, b, 100);
		T(mmap, 0, 4096, 1, 2, x);
		T(openat, x, "f", 0);
		T(epoll_wait, x, b, 1, 0);
		T(listen, x, 1);
		T(getsockname, x, b, b);
		T(timerfd_gettime, x, b);
	}
}

static void values(int f)
{
	char b[256] = "";

	T(lseek, f, -1, 0);
	T(lseek, f, 0, 99);
	T(dup3, f, f, 0);
	T(dup3, f, 7, 1);
	T(fcntl, f, 999);
	T(fcntl, f, F_DUPFD, -1);
	T(fcntl, f, F_DUPFD, 1 << 30);
	T(pipe2, b, 1);
	T(poll, b, -1, 0);
	T(select, -1, 0, 0, 0);
	T(epoll_create, 0);
	T(epoll_create1, 1);
	T(epoll_wait, syscall(SYS_epoll_create1, 0), b, 0, 0);
	T(eventfd2, 0, 2);
	T(signalfd4, -1, b, 3, 0);
	T(timerfd_create, 0, 1);
	T(inotify_init1, 1);
	T(memfd_create, "x", 0x80);
	T(kill, 1 << 30, 0);
	T(kill, 0, 99);
	T(tgkill, 0, 0, 0);
	T(wait4, -1, 0, 0x100, 0);
	T(waitid, 9, 0, b, 4);
	T(setpgid, -1, 0);
	T(getpgid, -1);
	T(setpriority, 9, 0, 0);
	T(getpriority, 9, 0);
	T(setrlimit, 99, b);
	T(prlimit64, 1 << 30, 0, 0, b);
	T(rt_sigaction, 0, 0, b, 8);
	T(rt_sigaction, 65, 0, b, 8);
	T(rt_sigaction, 9, b, 0, 8);
	T(rt_sigaction, 10, 0, b, 4);
	T(rt_sigprocmask, 9, b, 0, 8);
	T(rt_sigprocmask, 9, 0, 0, 8);
	T(setuid, -1);
	T(setgroups, 1 << 20, b);
	T(umask, 07777777);
	T(mknod, "n", S_IFDIR);
	T(mknod, "n", 0170000);
	T(mkdir, ".", 0);
	T(rmdir, ".");
	T(unlink, ".");
	T(link, ".", "x");
	T(open, ".", O_WRONLY);
	T(open, ".", O_CREAT | O_EXCL);
	T(openat, AT_FDCWD, "x", 0x80000000 | O_CREAT, 0600);
	T(faccessat, AT_FDCWD, ".", 9);
	T(linkat, AT_FDCWD, ".", AT_FDCWD, "x", 1);
	T(unlinkat, AT_FDCWD, ".", 1);
	T(renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 3);
	T(fallocate, f, 0, 0, 0);
	T(fallocate, f, 99, 0, 1);
	T(sync_file_range, f, 0, 0, 99);
	T(fadvise64, f, 0, 0, 99);
	T(mmap, 1, 4096, 1, 0x12, -1);
	T(mmap, 0, 4096, 1, 0x20, -1);
	T(mprotect, 1, 4096, 1);
	T(mremap, 0, 0, 0, 0);
	T(madvise, 0, 4096, 99);
	T(brk, 1);
	T(futex, b, 99, 0, 0);
	T(futex, b + 1, 0, 0, 0);
	T(clock_gettime, 99, b);
	T(clock_settime, 1, b);
	T(clock_getres, 99, b);
	T(timer_delete, 99);
	T(sched_setscheduler, 0, 99, b);
	T(sched_get_priority_max, 99);
	T(sched_setaffinity, 0, 8, b);
	T(personality, -1);
	T(getrandom, b, 1, 99);
	T(socket, 99, 1, 0);
	T(shutdown, f, 0);
	T(setsockopt, f, 1, 1, b, 4);
	T(membarrier, 99, 0);
	T(close_range, 9, 3, 0);
	T(prctl, 9999);
	T(arch_prctl, 0x1002, HIGH);
	T(reboot, 1, 2, 3);
	T(copy_file_range, f, 0, f, 0, 5, 9);
}

int main(void)
{
	int f = open("f", O_RDWR | O_CREAT, 0600), p = open("g", O_RDWR | O_CREAT, 0600);

	write(f, "some text", 9);
	lseek(f, 0, SEEK_SET);
	addresses(f, p);
	descriptors();
	values(f);
	return 0;
}
