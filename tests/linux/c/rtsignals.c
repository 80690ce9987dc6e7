/* SPDX-License-Identifier: MIT */
/* Signals with values, their order, who gets them, what is inherited. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); fflush(stdout); } while (0)

static char order[256];
static volatile int last_value, last_code, handled_by_main;
static pthread_t first;

static void on(int n, siginfo_t *i, void *c)
{
	(void)c;
	snprintf(order + strlen(order), sizeof order - strlen(order), " %d:%d", n, i->si_code == SI_QUEUE ? i->si_value.sival_int : -1);
	last_value = i->si_value.sival_int;
	last_code = i->si_code;
	handled_by_main = pthread_equal(pthread_self(), first);
}

static void queue(int n, int value)
{
	sigqueue(getpid(), n, (union sigval){ .sival_int = value });
}

static void told(const char *what)
{
	printf("%s:%s\n", what, order);
	order[0] = 0;
}

static void *wait_blocked(void *set)
{
	siginfo_t i;
	int n = sigwaitinfo(set, &i);

	printf("thread got %d value %d\n", n, i.si_value.sival_int);
	return NULL;
}

int main(int argc, char **argv)
{
	sigset_t all, some, pending, old;
	siginfo_t i;
	struct timespec t = { 0, 50000000 };
	int st;

	if (argc > 1) {
		sigprocmask(SIG_SETMASK, NULL, &old);
		sigpending(&pending);
		struct sigaction a;
		sigaction(SIGUSR2, NULL, &a);
		printf("after exec: blocked %d, pending %d, ignored %d", sigismember(&old, SIGUSR1), sigismember(&pending, SIGUSR1), a.sa_handler == SIG_IGN);
		sigaction(SIGRTMIN, NULL, &a);
		printf(", handler %d\n", a.sa_handler != SIG_DFL);
		return 0;
	}
	first = pthread_self();
	sigfillset(&all);
	for (int n = 1; n <= SIGRTMAX; n++)
		if (n != SIGKILL && n != SIGSTOP && (n < 32 || n >= SIGRTMIN))
			sigaction(n, &(struct sigaction){ .sa_sigaction = on, .sa_flags = SA_SIGINFO, .sa_mask = all }, NULL);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (int k = 0; k < 3; k++) {
		queue(SIGRTMIN + 5 - k, k);
		queue(SIGRTMIN + 2, 10 + k);
		queue(SIGUSR2, 20 + k);
	}
	kill(getpid(), SIGTERM);
	raise(SIGINT);
	sigprocmask(SIG_SETMASK, &old, NULL);
	told("order");
	sigprocmask(SIG_BLOCK, &all, NULL);
	queue(SIGRTMIN + 1, 1);
	queue(SIGRTMIN + 1, 2);
	queue(SIGUSR1, 3);
	sigemptyset(&some);
	sigaddset(&some, SIGRTMIN + 1);
	sigpending(&pending);
	E(sigismember(&pending, SIGRTMIN + 1) && sigismember(&pending, SIGUSR1));
	E(sigwaitinfo(&some, &i) == SIGRTMIN + 1 && i.si_value.sival_int == 1 && i.si_code == SI_QUEUE && i.si_pid == getpid());
	E(sigtimedwait(&some, &i, &t) == SIGRTMIN + 1 && i.si_value.sival_int == 2);
	E(sigtimedwait(&some, &i, &t));
	sigaddset(&some, SIGUSR1);
	E(sigwait(&some, &st) == 0 && st == SIGUSR1);
	int f = signalfd(-1, &some, SFD_NONBLOCK);
	struct signalfd_siginfo s[3];
	E(read(f, s, sizeof s));
	queue(SIGRTMIN + 1, 7);
	kill(getpid(), SIGUSR1);
	struct pollfd p = { .fd = f, .events = POLLIN };
	E(poll(&p, 1, 1000));
	E(read(f, s, sizeof s) / (ssize_t)sizeof *s);
	printf("%u %u %d, %u %u\n", s[0].ssi_signo, s[0].ssi_code, s[0].ssi_pid == (uint32_t)getpid(), s[1].ssi_signo, s[1].ssi_int);
	E(read(f, s, 10));
	pthread_t th;
	sigemptyset(&some);
	sigaddset(&some, SIGRTMIN + 3);
	pthread_create(&th, NULL, wait_blocked, &some);
	queue(SIGRTMIN + 3, 33);
	pthread_join(th, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	told("none left");
	pthread_kill(pthread_self(), SIGUSR1);
	E(last_code == SI_TKILL && handled_by_main);
	E(syscall(SYS_tgkill, getpid(), 1 << 30, SIGUSR1));
	E(syscall(SYS_tgkill, getpid(), getpid(), 65));
	E(kill(getpid(), 65));
	E(sigqueue(getpid(), 0, (union sigval){ 0 }));
	E(kill(-1000000, 0));
	order[0] = 0;
	for (int k = 0, e = 0; k < 50 && e == 0; k++) {
		pid_t c = fork();
		if (c == 0)
			_exit(k);
		if (waitpid(c, &st, 0) != c || WEXITSTATUS(st) != k)
			e = 1;
	}
	E(strstr(order, "17:") != NULL);
	/* Nobody waits for them: there are no zombies. */
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0)
		_exit(1);
	E(wait(&st));
	sigaction(SIGCHLD, &(struct sigaction){ .sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_NOCLDWAIT }, NULL);
	if (fork() == 0)
		_exit(1);
	usleep(200000);
	E(wait(&st));
	signal(SIGCHLD, SIG_DFL);
	/* What exec keeps. */
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigprocmask(SIG_BLOCK, &some, NULL);
	raise(SIGUSR1);
	signal(SIGUSR2, SIG_IGN);
	fflush(stdout);
	execl(argv[0], argv[0], "again", NULL);
	return 1;
}
