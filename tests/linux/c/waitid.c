/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
int main(void)
{
	siginfo_t si;
	int st;
	pid_t a = fork();
	if (a == 0) { pause(); _exit(0); }
	printf("nohang %d\n", waitpid(a, &st, WNOHANG));
	kill(a, SIGSTOP);
	printf("stopped %d", waitpid(a, &st, WUNTRACED) == a);
	printf(" %d %d\n", WIFSTOPPED(st), WSTOPSIG(st));
	kill(a, SIGCONT);
	printf("continued %d", waitpid(a, &st, WCONTINUED) == a);
	printf(" %d\n", WIFCONTINUED(st));
	kill(a, SIGTERM);
	si.si_pid = 0;
	printf("waitid %d", waitid(P_PID, a, &si, WEXITED | WNOWAIT));
	printf(" %d %d %d\n", si.si_pid == a, si.si_code == CLD_KILLED, si.si_status);
	printf("again %d %d\n", waitpid(a, &st, 0) == a, WTERMSIG(st));
	R("gone %d %d\n", waitpid(a, &st, 0), errno == ECHILD);
	pid_t b = fork();
	if (b == 0) { setpgid(0, 0); _exit(3); }
	setpgid(b, b);
	printf("group %d %d\n", waitpid(-b, &st, 0) == b, WEXITSTATUS(st));
	return 0;
}
