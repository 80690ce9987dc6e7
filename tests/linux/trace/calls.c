/* SPDX-License-Identifier: MIT */
/* Calls of every form that a trace decodes; what goes before close(1000) is the library's. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	return syscall(nr, a, b, c, d, e, f);
}
/* A call with up to six arguments, without what a library makes of it. */
#define C(nr, ...) CALL(SYS_##nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL(nr, a, b, c, d, e, f, ...) call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static void files(void)
{
	char b[64];
	struct stat s;
	struct iovec v[2] = { { "one ", 4 }, { "two\n", 4 } };
	int p[2];

	C(openat, AT_FDCWD, "/nosuch", O_RDONLY | O_CLOEXEC);
	C(openat, AT_FDCWD, "traced", O_RDWR | O_CREAT | O_TRUNC, 0640);
	C(write, 3, "a\tb\n\"q\"\\ \1" "2\377\0z", 15);
	C(write, 3, "a string that is longer than what is shown of it", 48);
	C(lseek, 3, 0, SEEK_SET);
	C(read, 3, b, 5);
	C(pread64, 3, b, 3, 1L << 33);
	C(newfstatat, AT_FDCWD, "traced", &s, AT_SYMLINK_NOFOLLOW);
	C(fstat, 3, &s);
	C(newfstatat, AT_FDCWD, "/dev/null", &s, 0);
	C(faccessat, AT_FDCWD, "traced", R_OK | W_OK);
	C(access, "nosuch", F_OK);
	C(writev, 3, v, 2);
	C(fcntl, 3, F_GETFL);
	C(fcntl, 3, F_SETFD, FD_CLOEXEC);
	C(fcntl, 3, F_GETFD);
	C(fcntl, 3, F_SETFL, O_APPEND | O_NONBLOCK);
	C(fcntl, 3, F_DUPFD, 7);
	C(dup3, 3, 9, O_CLOEXEC);
	C(pipe2, p, O_CLOEXEC | O_NONBLOCK);
	C(read, p[0], b, 10);
	C(mkdir, "d", 0755);
	C(mkdir, "d", 0);
	C(unlinkat, AT_FDCWD, "d", AT_REMOVEDIR);
	C(symlink, "traced", "link");
	C(readlink, "link", b, 64);
	C(readlink, "traced", b, 64);
	C(rename, "traced", "other");
	C(ftruncate, 3, 100000);
	C(flock, 3, LOCK_EX | LOCK_NB);
	C(read, 99, b, 1);
	C(open, (char *)8, O_RDONLY);
	C(getcwd, b, 1);
	C(unlink, "other");
	C(unlink, "link");
	C(umask, 022);
	C(chmod, "nosuch", 0);
}

static void memory(void)
{
	void *m = (void *)C(mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	C(mprotect, m, 4096, PROT_NONE);
	C(madvise, m, 8192, MADV_DONTNEED);
	C(munmap, m, 8192);
	C(mmap, 0, 0, PROT_READ, MAP_SHARED | MAP_FIXED, -1, 0);
}

static void signals(void)
{
	struct kernel_sigaction a = { SIG_IGN, SA_RESTART | SA_NODEFER, NULL, 1ull << (SIGINT - 1) | 1ull << (SIGUSR2 - 1) | 1ull << 33 };
	uint64_t set = 1ull << (SIGUSR1 - 1), old = 0;
	int status;

	C(rt_sigaction, SIGUSR1, &a, NULL, 8);
	C(rt_sigaction, SIGUSR1, NULL, &a, 8);
	C(rt_sigaction, SIGKILL, &a, NULL, 8);
	C(rt_sigaction, 40, NULL, &a, 8);
	C(rt_sigprocmask, SIG_BLOCK, &set, &old, 8);
	set = ~0ull;
	C(rt_sigprocmask, SIG_SETMASK, &set, &old, 8);
	C(rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
	C(wait4, -1, &status, WNOHANG, NULL);
	C(kill, 1 << 30, SIGTERM);
}

static void others(void)
{
	struct pollfd p[2] = { { .fd = 4, .events = POLLOUT }, { .fd = -1, .events = POLLIN | POLLPRI } };
	struct sockaddr_un u = { AF_UNIX, "/nosuch/socket" }, hidden = { AF_UNIX, "\0hidden" };
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u64 = 7 };
	struct timespec t = { 0, 1000000 };
	struct rlimit r, files = { 4096, 4096 };
	int pair[2], one = 0;

	C(socketpair, AF_UNIX, SOCK_DGRAM, 0, pair);
	p[0].fd = pair[0];
	C(poll, p, 2, 100);
	p[0].events = POLLIN;
	C(poll, p, 1, 1);
	C(socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	C(connect, pair[1] + 1, &u, sizeof u);
	C(bind, pair[1] + 1, &hidden, offsetof(struct sockaddr_un, sun_path) + 7);
	C(sendto, pair[1], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
	C(shutdown, pair[0], SHUT_WR);
	C(epoll_create1, EPOLL_CLOEXEC);
	C(epoll_ctl, pair[1] + 2, EPOLL_CTL_ADD, pair[0], &e);
	C(epoll_wait, pair[1] + 2, &e, 1, 0);
	C(epoll_ctl, pair[1] + 2, EPOLL_CTL_DEL, 99, NULL);
	C(nanosleep, &t, NULL);
	C(nanosleep, &t, &t);
	C(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	C(clock_gettime, CLOCK_MONOTONIC, (void *)8);
	C(futex, &one, 0x81, 1);
	C(futex, &one, 0x80, 1, NULL);
	C(setrlimit, RLIMIT_NOFILE, &files);
	C(prlimit64, 0, RLIMIT_NOFILE, NULL, &r);
	C(getrlimit, RLIMIT_NOFILE, &r);
	C(getrandom, &one, 0, 1);
	C(sched_yield, 0);
	C(close, 77);
}

/* Each option has as many arguments as it has. */
static void options(void)
{
	char name[16];
	int number;

	C(prctl, PR_SET_NAME, "a\tname that is longer than they are", 2, 3, 4);
	C(prctl, PR_GET_NAME, name, 2, 3, 4);
	C(prctl, PR_SET_NAME, 8, 2, 3, 4);
	C(prctl, PR_GET_DUMPABLE, 1, 2, 3, 4);
	C(prctl, PR_SET_DUMPABLE, 1, 2, 3, 4);
	C(prctl, PR_SET_PDEATHSIG, SIGTERM, 2, 3, 4);
	C(prctl, PR_GET_PDEATHSIG, &number, 2, 3, 4);
	C(prctl, PR_GET_PDEATHSIG, 8, 2, 3, 4);
	C(prctl, PR_SET_PDEATHSIG, 0, 2, 3, 4);
	C(prctl, PR_SET_KEEPCAPS, 1, 2, 3, 4);
	C(prctl, PR_GET_KEEPCAPS, 1, 2, 3, 4);
	C(prctl, PR_CAPBSET_READ, 1, 2, 3, 4);
	C(prctl, PR_SET_SECUREBITS, 0, 2, 3, 4);
	C(prctl, PR_GET_SECUREBITS, 1, 2, 3, 4);
	C(prctl, PR_SET_CHILD_SUBREAPER, 1, 2, 3, 4);
	C(prctl, PR_GET_CHILD_SUBREAPER, &number, 2, 3, 4);
	C(prctl, PR_SET_CHILD_SUBREAPER, 0, 2, 3, 4);
	C(prctl, PR_GET_NO_NEW_PRIVS);
	C(prctl, PR_SET_NO_NEW_PRIVS, 1, 2, 3, 4);
	C(prctl, PR_CAP_AMBIENT, 1, 2);
	C(prctl, PR_CAP_AMBIENT, 4);
	C(prctl, PR_SET_TIMERSLACK, 50000, 2, 3, 4);
	C(prctl, PR_GET_TIMERSLACK, 1, 2, 3, 4);
	/* Calls that no table has. */
	CALL(1000, 1, 0, 1L << 40, 4, 5, 6);
	CALL(-1L, 1, 2, 3, 4, 5, 6);
}

int main(void)
{
	char *argv[] = { "nosuch", "an argument", NULL }, *environment[] = { "A=1", "B=2", NULL };
	int status;
	pid_t child;

	C(close, 1000);
	files();
	memory();
	signals();
	others();
	options();
	C(execve, "/nosuch", argv, environment);
	child = fork();
	if (child == 0)
		C(exit_group, 5);
	C(wait4, child, &status, 0, NULL);
	child = fork();
	if (child == 0)
		*(volatile int *)16 = 1;
	C(wait4, child, &status, 0, NULL);
	C(exit_group, 3);
}
