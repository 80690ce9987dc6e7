/* SPDX-License-Identifier: MIT */
/* Sessions, groups, stops and continuations, and what wait tells of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); fflush(stdout); } while (0)

static pid_t sleeper(void)
{
	fflush(stdout);
	pid_t p = fork();

	if (p == 0)
		for (;;)
			pause();
	return p;
}

static void told(const char *what, pid_t p, int options)
{
	int st = 0;
	pid_t r = waitpid(p, &st, options);

	printf("%s: %s", what, r == p ? "it" : r == 0 ? "nothing" : r < 0 ? "error" : "another");
	if (r > 0 && WIFEXITED(st))
		printf(" exited %d", WEXITSTATUS(st));
	else if (r > 0 && WIFSIGNALED(st))
		printf(" killed %d", WTERMSIG(st));
	else if (r > 0 && WIFSTOPPED(st))
		printf(" stopped %d", WSTOPSIG(st));
	else if (r > 0 && WIFCONTINUED(st))
		printf(" continued");
	printf("\n");
}

static void orphans(void)
{
	int p[2];
	char c;

	/* A stopped group whose last tie to its session ends gets SIGHUP and SIGCONT. */
	pipe(p);
	fflush(stdout);
	if (fork() == 0) {
		setpgid(0, 0);
		pid_t k = fork();
		if (k == 0) {
			setpgid(0, 0);
			raise(SIGSTOP);
			write(p[1], "n", 1);
			_exit(0);
		}
		setpgid(k, k);
		waitpid(k, NULL, WUNTRACED);
		_exit(0);
	}
	close(p[1]);
	wait(NULL);
	printf("orphan: %zd\n", read(p[0], &c, 1));
}

static void subreaper(void)
{
	int st;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(stdout);
	if (fork() == 0) {
		if (fork() == 0) {
			usleep(100000);
			_exit(7);
		}
		_exit(3);
	}
	wait(&st);
	printf("child %d", WEXITSTATUS(st));
	wait(&st);
	printf(", grandchild %d\n", WEXITSTATUS(st));
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void terminal(void)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY), s;
	char name[64];

	unlockpt(m);
	ptsname_r(m, name, sizeof name);
	fflush(stdout);
	if (fork() == 0) {
		E(tcgetpgrp(open(name, O_RDWR | O_NOCTTY)));
		E(setsid() == getpid());
		E(setsid());
		E(open("/dev/tty", O_RDWR));
		s = open(name, O_RDWR);
		E(open("/dev/tty", O_RDWR) >= 0);
		E(tcgetsid(s) == getpid());
		E(tcgetpgrp(s) == getpgrp());
		signal(SIGTTOU, SIG_IGN);
		pid_t k = sleeper();
		E(setpgid(k, k));
		E(tcsetpgrp(s, k));
		E(tcgetpgrp(s) == k);
		E(tcsetpgrp(s, 1 << 30));
		write(m, "\3", 1);
		told("^C", k, 0);
		signal(SIGTTOU, SIG_DFL);
		k = fork();
		if (k == 0) {
			setpgid(0, 0);
			tcsetpgrp(s, getpgrp());
			_exit(0);
		}
		told("tcsetpgrp from behind", k, WUNTRACED);
		kill(k, SIGKILL);
		told("killed", k, 0);
		E(ioctl(s, TIOCNOTTY));
		E(open("/dev/tty", O_RDWR));
		_exit(0);
	}
	wait(NULL);
}

int main(void)
{
	pid_t p = sleeper(), q;
	siginfo_t i = { 0 };

	E(getpgid(p) == getpgrp());
	E(setpgid(p, p));
	E(getpgid(p) == p);
	E(setpgid(p, getpgrp()));
	E(setpgid(p, 1 << 30));
	E(setpgid(p, -1));
	E(setpgid(1 << 30, 0));
	E(setpgid(0, 0));
	E(getsid(p) == getsid(0));
	E(getsid(1 << 30));
	E(setsid());
	told("before", p, WNOHANG | WUNTRACED | WCONTINUED);
	kill(p, SIGSTOP);
	told("stop", p, WUNTRACED);
	told("once", p, WNOHANG | WUNTRACED);
	kill(p, SIGTERM);
	told("stopped, TERM", p, WNOHANG);
	kill(p, SIGSTOP);
	kill(p, SIGCONT);
	told("continued, TERM", p, 0);
	told("gone", p, 0);
	p = sleeper();
	kill(p, SIGTSTP);
	told("tstp in a group that is an orphan or not", p, WNOHANG | WUNTRACED);
	kill(p, SIGSTOP);
	E(waitid(P_PID, (id_t)p, &i, WSTOPPED | WNOWAIT));
	printf("%d %d %d\n", i.si_code, i.si_status, i.si_pid == p);
	E(waitid(P_PID, (id_t)p, &i, WSTOPPED | WEXITED));
	kill(p, SIGCONT);
	E(waitid(P_PID, (id_t)p, &i, WCONTINUED));
	printf("%d %d\n", i.si_code, i.si_status);
	kill(p, SIGKILL);
	E(waitid(P_ALL, 0, &i, WEXITED | WNOWAIT));
	printf("%d %d\n", i.si_code, i.si_status);
	E(waitid(P_PGID, (id_t)getpgrp(), &i, WEXITED));
	E(waitid(P_ALL, 0, &i, WEXITED));
	E(waitid(P_ALL, 0, &i, 0));
	E(waitpid(-1, NULL, 77));
	p = sleeper();
	q = sleeper();
	setpgid(q, q);
	E(waitpid(0, NULL, WNOHANG));
	E(kill(-q, 0));
	E(killpg(q, SIGKILL));
	told("by group", -q, 0);
	E(kill(-q, 0));
	E(waitpid(-q, NULL, 0));
	kill(p, SIGKILL);
	told("own group", 0, 0);
	orphans();
	subreaper();
	terminal();
	return 0;
}
