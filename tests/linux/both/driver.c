/* SPDX-License-Identifier: MIT */
/*
 * The first process of both sides of a comparison: runs cases one after the other and tells what
 * each printed and how it ended.
 *
 *     driver SECONDS SHELL NAME...
 *
 * A case is /cases/NAME, a program, or /cases/NAME.sh, a script for SHELL.  It gets an empty
 * directory, /dev/null as standard input, a session of its own, and at most SECONDS.  What it
 * leaves behind is ended and removed, so that it cannot disturb the next one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MARK "@@tessera-case"
#define OUTPUT "/out"

enum { PATH = 256, KILLED = 128 + SIGKILL };

/* No signal is ignored because it was so here; asked of the kernel, since libraries keep two for themselves. */
static void default_signals(void)
{
	static const unsigned long action[4];

	for (int signo = 1; signo <= 64; signo++)
		syscall(SYS_rt_sigaction, signo, action, NULL, 8);
}

static void run(const char *shell, const char *name, const char *directory)
{
	char program[PATH], script[PATH];
	int out = open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600), in = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	default_signals();
	setsid();
	if (out < 0 || in < 0 || chdir(directory) != 0)
		_exit(125);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	for (int f = 3; f < 16; f++)
		close(f);
	snprintf(program, sizeof program, "/cases/%s", name);
	snprintf(script, sizeof script, "/cases/%s.sh", name);
	execl(program, program, NULL);
	execl(shell, shell, script, NULL);
	_exit(126);
}

/* The status of `child` as a shell has it; it is ended after so many seconds. */
static int wait_for(pid_t child, int seconds)
{
	struct timespec now, end;
	sigset_t children;
	int status;

	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (;;) {
		pid_t p = waitpid(-1, &status, WNOHANG);

		if (p == child)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		if (p > 0)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end.tv_sec)
			return KILLED;
		sigtimedwait(&children, NULL, &(struct timespec){ .tv_sec = end.tv_sec - now.tv_sec });
	}
}

static int removed(const char *path, const struct stat *s, int kind, struct FTW *at)
{
	(void)s, (void)kind;
	return at->level == 0 ? 0 : remove(path);
}

static void clean(const char *directory)
{
	nftw(directory, removed, 16, FTW_DEPTH | FTW_PHYS);
}

/* What was printed, between lines that say how much it is. */
static void tell(const char *name, int status)
{
	char bytes[4096];
	struct stat s = { 0 };
	int f = open(OUTPUT, O_RDONLY);
	ssize_t n;

	fstat(f, &s);
	printf("%s end %s %d %lld\n", MARK, name, status, (long long)s.st_size);
	for (off_t left = s.st_size; left > 0 && (n = read(f, bytes, sizeof bytes)) > 0; left -= n)
		fwrite(bytes, 1, (size_t)n, stdout);
	printf("\n");
	fflush(stdout);
	close(f);
}

static void run_case(int seconds, const char *shell, const char *name)
{
	char directory[PATH];
	int status;

	printf("%s begin %s\n", MARK, name);
	fflush(stdout);
	snprintf(directory, sizeof directory, "/w/%s", name);
	mkdir(directory, 0755);
	pid_t child = fork();
	if (child == 0)
		run(shell, name, directory);
	status = child < 0 ? 124 : wait_for(child, seconds);
	do {
		kill(-1, SIGKILL);
	} while (waitpid(-1, NULL, 0) > 0 || errno != ECHILD);
	tell(name, status);
	clean(directory);
	clean("/tmp");
	clean("/dev/shm");
	rmdir(directory);
}

/* What a case sends to the first process: it goes on. */
static void pass_by(int signo)
{
	(void)signo;
}

int main(int argc, char **argv)
{
	sigset_t children;

	if (argc < 3 || getpid() != 1) {
		fprintf(stderr, "driver: not the first process\n");
		return 2;
	}
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	for (int signo = 1; signo < SIGRTMIN; signo++) {
		if (signo != SIGCHLD)
			signal(signo, pass_by);
	}
	umask(022);
	mkdir("/w", 0755);
	for (int i = 3; i < argc; i++)
		run_case(atoi(argv[1]), argv[2], argv[i]);
	return 0;
}
