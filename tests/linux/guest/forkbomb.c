/* SPDX-License-Identifier: MIT */
/* As many processes as can be had, each of which makes more; then the first one ends them all, and can go on. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void bomb(void)
{
	for (;;) {
		if (fork() < 0)
			usleep(1000);
	}
}

int main(void)
{
	pid_t p = fork();

	if (p == 0) {
		setpgid(0, 0);
		bomb();
	}
	setpgid(p, p);
	sleep(2);
	pid_t r;
	do {
		r = fork();
		if (r == 0) {
			sleep(3);
			_exit(1);
		}
	} while (r > 0);
	printf("no more processes: %s\n", errno == EAGAIN ? "yes" : "no");
	for (int i = 0; i < 200; i++)
		kill(-p, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0 || kill(-p, SIGKILL) == 0)
		usleep(1000);
	pid_t q = fork();
	if (q == 0)
		_exit(42);
	int st = 0;
	while (q > 0 && waitpid(q, &st, 0) != q)
		;
	printf("afterwards: %d\n", WEXITSTATUS(st));
	return 0;
}
