/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
static volatile int got;
static void on(int s) { got = s; }
int main(void)
{
	sigset_t block, old, wait;
	struct sigaction sa = { .sa_handler = on };
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, &old);
	if (fork() == 0) { kill(getppid(), SIGUSR1); _exit(0); }
	R("suspend %d %d", sigsuspend(&old), errno == EINTR);
	printf(" got %d\n", got == SIGUSR1);
	int st;
	wait4(-1, &st, 0, NULL);
	siginfo_t si;
	struct timespec t = { 0, 20000000 };
	sigemptyset(&wait);
	sigaddset(&wait, SIGUSR1);
	R("timed %d %d\n", sigtimedwait(&wait, &si, &t), errno == EAGAIN);
	union sigval v = { .sival_int = 77 };
	sigqueue(getpid(), SIGUSR1, v);
	int s = sigwaitinfo(&wait, &si);
	printf("wait %d code %d value %d\n", s == SIGUSR1, si.si_code == SI_QUEUE, si.si_value.sival_int);
	got = 0;
	alarm(1);
	t.tv_sec = 5;
	struct timespec rem;
	int r = nanosleep(&t, &rem);
	printf("sleep %d %d left %d got %d\n", r, errno == EINTR, rem.tv_sec >= 3, got == SIGALRM);
	int p[2];
	char c;
	pipe(p);
	alarm(1);
	r = read(p[0], &c, 1);
	R("read %d %d\n", r, errno == EINTR);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	if (fork() == 0) { sleep(2); write(p[1], "x", 1); _exit(0); }
	alarm(1);
	r = read(p[0], &c, 1);
	printf("restarted %d %c\n", r, c);
	return 0;
}
