/* SPDX-License-Identifier: MIT */
/*
 * Programs that take all of something they can get, one after the other; beside each and after it another
 * process does ordinary work.  For each hog a line: how the ordinary work went meanwhile, and afterwards.
 * Arguments: names of the only hogs to let loose.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 1 << 20, CHILDREN = 12, WAIT_MS = 8000, TRIES = 50 };

static int report = -1;	/* the hog says here that it was refused something */

static void full(void)
{
	if (report >= 0 && write(report, "f", 1) == 1)
		close(report);
	report = -1;
	usleep(50000);
}

/* --- ordinary work: 0, or where it failed ---------------------------------------------------- */

enum { WITH_FILES = 1, WITH_PTY = 2, WITH_INOTIFY = 4, ALL = 7, WITH_CPU = 8 };

static long turns; /* of a loop, in 60 ms when nobody else computes */

static void compute(long n)
{
	for (volatile long i = 0; i < n; i++)
		;
}

static void measure(void)
{
	struct timespec a, b;

	for (turns = 100000;; turns *= 2) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		compute(turns);
		clock_gettime(CLOCK_MONOTONIC, &b);
		long ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
		if (ms >= 100) {
			turns = turns * 60 / ms;
			return;
		}
	}
}

static int file_work(void)
{
	char page[4096] = "text";
	int fd = open("/tmp/ordinary", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		return 20;
	if (write(fd, page, sizeof page) != sizeof page || pread(fd, page, sizeof page, 0) != sizeof page)
		return 21;
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	if (fcntl(fd, F_SETLK, &l))
		return 23;
	close(fd);
	return unlink("/tmp/ordinary") ? 22 : 0;
}

static int work(int kinds)
{
	int p[2], st, r;
	char c = 1;

	if (pipe(p) || write(p[1], &c, 1) != 1 || read(p[0], &c, 1) != 1)
		return 10;
	close(p[0]);
	close(p[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) || write(p[1], &c, 1) != 1 || read(p[0], &c, 1) != 1)
		return 11;
	close(p[0]);
	close(p[1]);
	char *m = mmap(NULL, 256 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return 12;
	memset(m, 3, 256 << 10);
	munmap(m, 256 << 10);
	pid_t k = fork();
	if (k == 0)
		_exit(7);
	if (k < 0 || waitpid(k, &st, 0) != k || st != 7 << 8)
		return 13;
	if ((kinds & WITH_FILES) && (r = file_work()) != 0)
		return r;
	int fd = kinds & WITH_PTY ? posix_openpt(O_RDWR) : open("/dev/null", O_RDONLY);
	if (fd < 0)
		return 14;
	close(fd);
	fd = kinds & WITH_INOTIFY ? inotify_init() : eventfd(0, 0);
	if (fd < 0 || ((kinds & WITH_INOTIFY) && inotify_add_watch(fd, "/tmp", IN_CREATE) < 0))
		return 15;
	/* Some hundredths of the time are everybody's. */
	if (kinds & WITH_CPU)
		compute(turns);
	return 0;
}

/* In a process of its own. What is refused for a moment may be tried again. */
static int ordinary(int kinds)
{
	int result = 1;

	for (int i = 0; result != 0 && i < TRIES; i++) {
		int st;
		pid_t p = fork();

		if (p == 0) {
			alarm(20);
			_exit(work(kinds));
		}
		if (p < 0)
			result = 2;
		else if (waitpid(p, &st, 0) != p)
			result = 3;
		else
			result = WIFEXITED(st) ? WEXITSTATUS(st) : 100 + WTERMSIG(st);
		if (result != 0)
			usleep(20000);
	}
	return result;
}

/* --- hogs -------------------------------------------------------------------------------------- */

static void all_files(void)
{
	struct rlimit l;

	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

/* The same in many processes. */
static void in_many(void (*f)(void))
{
	for (int i = 0; i < CHILDREN; i++) {
		pid_t p = fork();

		if (p == 0)
			for (;;)
				f();
		if (p < 0)
			full();
	}
	for (;;) {
		if (wait(NULL) < 0)
			full();
	}
}

static void open_files(void)
{
	all_files();
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	full();
}
static void files(void)
{
	in_many(open_files);
}

static void fill(int fd)
{
	static char junk[65536];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, junk, sizeof junk) > 0)
		;
}

static void open_pipes(void)
{
	int p[2];

	all_files();
	while (pipe(p) == 0) {
		fcntl(p[1], F_SETPIPE_SZ, 1 << 20);
		fill(p[1]);
	}
	full();
}
static void pipes(void)
{
	in_many(open_pipes);
}

static void open_sockets(void)
{
	int p[2], type = SOCK_STREAM;

	all_files();
	while (socketpair(AF_UNIX, type, 0, p) == 0) {
		int big = 1 << 24;

		setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
		fill(p[0]);
		type = type == SOCK_STREAM ? SOCK_DGRAM : SOCK_STREAM;
	}
	full();
}
static void sockets(void)
{
	in_many(open_sockets);
}

/* Sockets that hold sockets that hold sockets, which nobody else holds. */
static void flying(void)
{
	int p[2], last = -1;

	for (;;) {
		char room[CMSG_SPACE(sizeof(int))] = { 0 }, c = 0;
		struct iovec v = { &c, 1 };
		struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };

		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, p)) {
			full();
			continue;
		}
		if (last >= 0) {
			*CMSG_FIRSTHDR(&m) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &last, sizeof last);
			if (sendmsg(p[1], &m, 0) < 0)
				full();
			close(last);
		}
		close(p[1]);
		last = p[0];
	}
}

static void tmpfs(void)
{
	static char junk[65536];
	int fd = open("/tmp/hog", O_WRONLY | O_CREAT, 0600);

	unlink("/tmp/hog");
	for (;;) {
		if (write(fd, junk, sizeof junk) < 0)
			full();
	}
}

static void names(void)
{
	char name[300];

	mkdir("/tmp/names", 0700);
	for (int i = 0;; i++) {
		snprintf(name, sizeof name, "/tmp/names/%0200d", i);
		int fd = open(name, O_WRONLY | O_CREAT, 0600);

		if (fd < 0)
			full();
		close(fd);
	}
}

static void many_areas(void)
{
	for (;;) {
		if (mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ||
		    mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			full();
	}
}
static void areas(void)
{
	in_many(many_areas);
}

/* A page-table page for each page: first of nothing, which is read, then of one page. */
static void sparse(void)
{
	const long step = 2 << 20, bytes = step << 14;
	int fd = memfd_create("one", 0);

	if (ftruncate(fd, 4096))
		full();
	for (;;) {
		char *m = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (m == MAP_FAILED) {
			full();
			continue;
		}
		for (long at = 0; at < bytes; at += step) {
			if (mmap(m + at, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
				full();
				break;
			}
			(void)*(volatile char *)(m + at);
		}
		full();
	}
}
static void tables(void)
{
	in_many(sparse);
}

static void ptys(void)
{
	all_files();
	for (;;) {
		int fd = posix_openpt(O_RDWR | O_NOCTTY);

		if (fd < 0)
			full();
		else
			grantpt(fd), unlockpt(fd), fill(fd);
	}
}

static void epolls(void)
{
	int top = epoll_create1(0), e = eventfd(0, 0);

	all_files();
	for (;;) {
		int next = epoll_create1(0);
		struct epoll_event want = { .events = EPOLLIN };

		if (next < 0) {
			full();
			continue;
		}
		if (epoll_ctl(next, EPOLL_CTL_ADD, e, &want) || epoll_ctl(next, EPOLL_CTL_ADD, top, &want))
			full();
		top = next;
		eventfd_write(e, 1);
	}
}

static void watches(void)
{
	char name[64];

	all_files();
	mkdir("/tmp/watches", 0700);
	for (int i = 0;; i++) {
		static int fd = -1;
		int next = inotify_init1(IN_NONBLOCK);

		if (next < 0)
			full();
		else
			fd = next;
		snprintf(name, sizeof name, "/tmp/watches/%d", i % 2000);
		close(open(name, O_WRONLY | O_CREAT, 0600));
		if (inotify_add_watch(fd, name, IN_ALL_EVENTS) < 0)
			full();
		inotify_add_watch(fd, "/tmp/watches", IN_ALL_EVENTS);
	}
}

static void many_timers(void)
{
	const struct itimerspec soon = { { 0, 1000 }, { 0, 1000 } };

	all_files();
	for (;;) {
		timer_t t;
		struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGWINCH };
		int fd = timerfd_create(CLOCK_MONOTONIC, 0);

		if (fd < 0 || timerfd_settime(fd, 0, &soon, NULL))
			full();
		if (timer_create(CLOCK_MONOTONIC, &e, &t) || timer_settime(t, 0, &soon, NULL))
			full();
	}
}
static void timers(void)
{
	in_many(many_timers);
}

static void queued(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (;;) {
		if (sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ 0 }))
			full();
	}
}

static void nothing(int s)
{
	(void)s;
}

/* Processes that send each other signals all the time. */
static void storm(void)
{
	signal(SIGUSR1, nothing);
	signal(SIGUSR2, nothing);
	for (int i = 0; i < 4; i++) {
		pid_t parent = getpid();

		if (fork() == 0) {
			for (;;)
				kill(parent, i & 1 ? SIGUSR1 : SIGUSR2);
		}
	}
	usleep(300000);
	full();
	for (;;)
		kill(0, SIGUSR1);
}

/* One descriptor is enough for many. */
static void many_locks(void)
{
	char name[32];

	snprintf(name, sizeof name, "/tmp/locks%d", getpid());
	int fd = open(name, O_RDWR | O_CREAT, 0600);

	unlink(name);
	for (long i = 0;; i += 2) {
		struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i, .l_len = 1 };

		if (fcntl(fd, F_SETLK, &l))
			full();
	}
}
static void locks(void)
{
	in_many(many_locks);
}

static void *rest(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void threads(void)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 16384);
	for (;;) {
		if (pthread_create(&t, &a, rest, NULL))
			full();
	}
}

/* One that never gives the processor back, at the highest priority that it can have. */
static void realtime(void)
{
	struct sched_param p = { .sched_priority = 99 };

	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			sched_setscheduler(0, SCHED_FIFO, &p);
			setpriority(PRIO_PROCESS, 0, -20);
			for (;;)
				;
		}
	}
	full();
	for (;;)
		pause();
}

/* The same, but they change their priority all the time. */
static void policies(void)
{
	for (int i = 0; i < 8; i++) {
		if (fork() != 0)
			continue;
		for (int turn = 0;; turn ^= 1) {
			struct sched_param p = { .sched_priority = 98 + turn };

			sched_setscheduler(0, SCHED_FIFO, &p);
			for (volatile int k = 0; k < 5000; k++)
				;
		}
	}
	full();
	for (;;)
		pause();
}

/* The memory of what is shared belongs to nobody's address space. */
static void shared(void)
{
	for (;;) {
		char *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (m == MAP_FAILED) {
			full();
			continue;
		}
		memset(m, 1, 1 << 20);
		munmap(m + 4096, (1 << 20) - 4096);
	}
}

static void memory(void)
{
	for (;;) {
		char *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (m == MAP_FAILED)
			full();
		else
			memset(m, 1, 1 << 20);
	}
}
static void memories(void)
{
	in_many(memory);
}

static void arguments(void)
{
	static char word[100000], *argv[64] = { "/proc/self/exe", "again" };

	memset(word, 'x', sizeof word - 1);
	for (int i = 2; i < 20; i++)
		argv[i] = word;
	for (;;) {
		if (fork() <= 0) {
			execv(argv[0], argv);
			full();
		}
	}
}

static void deep(void)
{
	for (;;) {
		if (mkdir("d", 0700) || chdir("d")) {
			full();
			if (chdir("/tmp"))
				_exit(1);
		}
	}
}

static const struct {
	const char *name;
	void (*run)(void);
	int beside; /* what ordinary work can do meanwhile */
} hog[] = {
	{ "files", files, ALL },	 { "pipes", pipes, ALL },	{ "sockets", sockets, ALL },
	{ "flying", flying, ALL },	 { "tmpfs", tmpfs, 0 },		{ "names", names, 0 },
	{ "areas", areas, ALL },	 { "tables", tables, ALL },	{ "ptys", ptys, WITH_FILES | WITH_INOTIFY },
	{ "epolls", epolls, ALL },	 { "watches", watches, WITH_FILES | WITH_PTY },
	{ "timers", timers, ALL },	 { "queued", queued, ALL },	{ "storm", storm, ALL },
	{ "locks", locks, ALL },	 { "threads", threads, -1 },	{ "realtime", realtime, ALL | WITH_CPU },
	{ "policies", policies, ALL | WITH_CPU },
	{ "shared", shared, ALL },	 { "memories", memories, ALL }, { "arguments", arguments, -1 },
	{ "deep", deep, 0 },
};

/* Directories that lie too deep for a name are removed from within. */
static void clean(void)
{
	long depth = 0;

	if (system("cd /tmp && rm -rf names watches") < 0 || chdir("/tmp"))
		puts("not cleaned");
	while (chdir("d") == 0)
		depth++;
	while (depth-- > 0 && chdir("..") == 0 && rmdir("d") == 0)
		;
}

static void let_loose(unsigned i)
{
	int p[2], st, during = 0;

	if (pipe(p))
		exit(1);
	pid_t h = fork();
	if (h == 0) {
		setpgid(0, 0);
		close(p[0]);
		report = p[1];
		if (chdir("/tmp"))
			_exit(1);
		hog[i].run();
		_exit(0);
	}
	setpgid(h, h);
	close(p[1]);
	struct pollfd f = { p[0], POLLIN, 0 };
	poll(&f, 1, WAIT_MS);
	if (hog[i].beside >= 0)
		during = ordinary(hog[i].beside);
	while (kill(-h, SIGKILL) == 0)
		waitpid(-1, &st, 0);
	while (waitpid(-1, &st, WNOHANG) > 0)
		;
	close(p[0]);
	clean();
	printf("%s: %d %d\n", hog[i].name, during, ordinary(ALL));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "again") == 0)
		for (;;)
			pause();
	measure();
	for (unsigned i = 0; i < sizeof hog / sizeof *hog; i++) {
		bool wanted = argc == 1;

		for (int k = 1; k < argc; k++)
			wanted |= strcmp(argv[k], hog[i].name) == 0;
		if (wanted)
			let_loose(i);
	}
	return 0;
}
