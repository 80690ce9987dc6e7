/* SPDX-License-Identifier: MIT */
/*
 * Processes that are killed in every state that one can be in, at any moment; each end is told to the parent,
 * and in the end there is as much memory as before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 3, MOST_US = 6000, SLACK_KIB = 1024 };

static char junk[65536];
static const char *self;

static void in_read(void)
{
	int p[2];

	if (pipe(p) == 0 && read(p[0], junk, 1) < 0)
		_exit(1);
}
static void in_write(void)
{
	int p[2];

	if (pipe(p) == 0)
		while (write(p[1], junk, sizeof junk) > 0)
			;
}
static void in_poll(void)
{
	struct pollfd f[2] = { { eventfd(0, 0), POLLIN, 0 }, { 0, 0, 0 } };

	poll(f, 1, -1);
}
static void in_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int top = epoll_create1(0), mid = epoll_create1(0);

	epoll_ctl(mid, EPOLL_CTL_ADD, eventfd(0, 0), &e);
	epoll_ctl(top, EPOLL_CTL_ADD, mid, &e);
	epoll_wait(top, &e, 1, -1);
}
static void in_futex(void)
{
	int *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	syscall(SYS_futex, w, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
}
static void in_sleep(void)
{
	sleep(100);
}
static void in_wait(void)
{
	if (fork() == 0)
		_exit((int)sleep(1));
	wait(NULL);
}
static void in_suspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigsuspend(&none);
}
static void stopped(void)
{
	raise(SIGSTOP);
}
static void in_vfork(void)
{
	if (vfork() == 0) {
		sleep(1);
		_exit(0);
	}
}
static void in_flock(void)
{
	flock(open("/tmp/deaths", O_RDWR | O_CREAT, 0600), LOCK_EX);
	sleep(100);
}
static void in_lock(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 5 };

	fcntl(open("/tmp/deaths", O_RDWR | O_CREAT, 0600), F_SETLKW, &l);
	sleep(100);
}
static void in_fifo(void)
{
	mkfifo("/tmp/deaths.fifo", 0600);
	open("/tmp/deaths.fifo", O_RDONLY);
}
static void in_accept(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un a = { AF_UNIX, "" };

	bind(s, (struct sockaddr *)&a, sizeof a.sun_family);
	listen(s, 1);
	accept(s, NULL, NULL);
}
static void in_receive(void)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0)
		recv(s[0], junk, sizeof junk, 0);
}
static void in_send(void)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0)
		while (send(s[0], junk, sizeof junk, 0) > 0)
			;
}
static void in_pty(void)
{
	int m = posix_openpt(O_RDWR);

	grantpt(m);
	unlockpt(m);
	setsid();
	int s = open(ptsname(m), O_RDWR);
	if (fork() == 0)
		while (write(s, junk, 100) > 0)
			;
	if (read(s, junk, 1) < 0)
		_exit(1);
}
static void in_inotify(void)
{
	int fd = inotify_init();

	inotify_add_watch(fd, "/tmp", IN_ALL_EVENTS);
	while (read(fd, junk, sizeof junk) > 0)
		;
}
static void in_signalfd(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (read(signalfd(-1, &all, 0), junk, sizeof junk) < 0)
		_exit(1);
}
static void in_timerfd(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec often = { { 0, 50000 }, { 0, 50000 } };

	timerfd_settime(fd, 0, &often, NULL);
	while (read(fd, junk, 8) == 8)
		;
}
static void computing(void)
{
	for (;;)
		;
}
static void faulting(void)
{
	for (;;) {
		char *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(m, 1, 1 << 20);
		munmap(m, 1 << 20);
	}
}
static void forking(void)
{
	for (;;) {
		if (fork() == 0)
			_exit(0);
		waitpid(-1, NULL, WNOHANG);
	}
}
static void executing(void)
{
	if (fork() >= 0)
		execl(self, self, "again", NULL);
}
static void *some_thread(void *arg)
{
	if (arg == NULL)
		pause();
	return arg;
}
static void threads(void)
{
	pthread_t t;

	for (long i = 0;; i++) {
		pthread_create(&t, NULL, some_thread, (void *)(i % 20));
		pthread_detach(t);
	}
}
static void exec_of_threads(void)
{
	pthread_t t;

	for (int i = 0; i < 4; i++)
		pthread_create(&t, NULL, some_thread, NULL);
	execl(self, self, "again", NULL);
}
static void files(void)
{
	char name[64];

	snprintf(name, sizeof name, "/tmp/deaths.%d", getpid());
	for (;;) {
		int fd = open(name, O_RDWR | O_CREAT, 0600);

		unlink(name);
		if (write(fd, junk, 20000) < 0 || sendfile(fd, fd, &(off_t){ 0 }, 10000) < 0)
			_exit(1);
		close(fd);
	}
}
static void signals(void)
{
	signal(SIGUSR1, SIG_IGN);
	for (;;)
		kill(getppid(), SIGURG);
}

static void (*const state[])(void) = {
	in_read,    in_write, in_poll, in_epoll, in_futex, in_sleep,   in_wait,	   in_suspend,	stopped,
	in_vfork,   in_flock, in_lock, in_fifo,	 in_accept, in_receive, in_send,   in_pty,	in_inotify,
	in_signalfd, in_timerfd, computing, faulting, forking, executing, threads, exec_of_threads, files, signals,
};
enum { STATES = sizeof state / sizeof *state };

static long memory(void)
{
	char line[128];
	long free = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "MemFree:", 8) == 0)
			free = strtol(line + 8, NULL, 10);
	if (f != NULL)
		fclose(f);
	return free;
}

/* All of them at once, and killed in any order: how many were told to have ended by the signal. */
static int round_of_deaths(void)
{
	pid_t p[STATES];
	int n = 0, st;

	for (int i = 0; i < STATES; i++) {
		p[i] = fork();
		if (p[i] == 0) {
			setpgid(0, 0);
			state[i]();
			pause();
		}
		setpgid(p[i], p[i]);
	}
	for (int left = STATES; left > 0;) {
		int i = rand() % STATES;

		if (p[i] < 0)
			continue;
		usleep((unsigned)rand() % MOST_US);
		kill(-p[i], SIGKILL);
		n += waitpid(p[i], &st, 0) == p[i] && WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL;
		p[i] = -1;
		left--;
	}
	while (waitpid(-1, &st, WNOHANG) > 0)
		;
	return n;
}

int main(int argc, char **argv)
{
	int n = 0;
	long before = 0;

	self = argv[0];
	for (; argc > 1;)
		pause();
	for (int i = 0; i < ROUNDS; i++) {
		if (i == 1)
			before = memory();
		n += round_of_deaths();
	}
	printf("%s\n", n == ROUNDS * STATES ? "all ended" : "some did not end");
	usleep(200000);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	long lost = before - memory();
	if (lost > SLACK_KIB)
		printf("%ld KiB are lost\n", lost);
	return 0;
}
