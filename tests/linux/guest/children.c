/* SPDX-License-Identifier: MIT */
/* The first process ends and leaves children in every state, grandchildren too: the machine ends. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child(void (*f)(void))
{
	pid_t p = fork();

	if (p == 0) {
		f();
		for (;;)
			pause();
	}
	return p;
}

static void nothing(void)
{
}

static void compute(void)
{
	for (volatile long i = 0;; i++)
		;
}

static void end(void)
{
	_exit(3);
}

static void ignore(void)
{
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_IGN);
	child(nothing);
	child(compute);
}

static void session(void)
{
	setsid();
	child(nothing);
}

int main(void)
{
	int st;
	pid_t stopped;

	child(nothing);
	child(compute);
	child(end);
	child(ignore);
	child(session);
	stopped = child(nothing);
	kill(stopped, SIGSTOP);
	waitpid(stopped, &st, WUNTRACED);
	usleep(100000);
	printf("stopped: %d\n", WIFSTOPPED(st));
	return 0;
}
