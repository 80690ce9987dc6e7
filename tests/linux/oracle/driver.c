// SPDX-License-Identifier: MIT
// The first process of a machine or of a pid namespace: runs the programs that a list names, one
// after the other, each as nobody in an empty directory, and prints how each ended and what it said.
//
//     driver LIST       lines "NAME SECONDS PROGRAM ARGUMENTS..."
//
// prints "@@ NAME STATUS MILLISECONDS BYTES", the bytes, and a new line. STATUS is the exit status, 128 and
// the signal's number, or "timeout".
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOBODY = 65534, WORDS = 16, TAIL = 1 << 17 };

#define WORK "/work"
#define OUTPUT "/output"

static void fail(const char *what)
{
	fprintf(stderr, "driver: %s: %s\n", what, strerror(errno));
	exit(70);
}

// All files below a directory, not the directory.
static void empty(const char *path)
{
	DIR *dir = opendir(path);
	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		char name[4096];
		snprintf(name, sizeof name, "%s/%s", path, e->d_name);
		if (unlink(name) == 0)
			continue;
		empty(name);
		rmdir(name);
	}
	closedir(dir);
}

static void limit(int what, rlim_t most)
{
	struct rlimit r = { .rlim_cur = most, .rlim_max = most };
	if (setrlimit(what, &r))
		fail("setrlimit");
}

// The child: what it may use is bounded, on the reference machine too.
static void become(char **words)
{
	setsid();
	int in = open("/dev/null", O_RDONLY),
	    out = open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if (in < 0 || out < 0)
		fail(OUTPUT);
	dup2(in, 0), dup2(out, 1), dup2(out, 2);
	close_range(3, ~0u, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_AS, (rlim_t)1 << 30);
	limit(RLIMIT_FSIZE, 64 << 20);
	limit(RLIMIT_NPROC, 1000);
	limit(RLIMIT_NOFILE, 1024);
	limit(RLIMIT_MEMLOCK, 8 << 20);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	// None is ignored because it was so here; asked of the kernel, since the library keeps two for itself.
	static const unsigned long action[4];
	for (int signo = 1; signo <= 64; signo++)
		syscall(SYS_rt_sigaction, signo, action, NULL, 8);
	if (chdir(WORK) || setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		fail("nobody");
	execv(words[0], words);
	fail(words[0]);
}

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Until the child ends or its time is over; then nothing of it is left.
static bool await(pid_t child, long end, int *status)
{
	sigset_t chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	bool ended = false;
	while (!ended && now() < end) {
		struct timespec left = { (end - now()) / 1000, (end - now()) % 1000 * 1000000 };
		sigtimedwait(&chld, NULL, &left);
		int s;
		for (pid_t p; (p = waitpid(-1, &s, WNOHANG)) > 0;)
			if (p == child)
				*status = s, ended = true;
	}
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return ended;
}

static void report(const char *name, const char *how, long ms)
{
	static char text[TAIL];
	int fd = open(OUTPUT, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	ssize_t n = pread(fd, text, TAIL, size > TAIL ? size - TAIL : 0);
	close(fd);
	printf("@@ %s %s %ld %zd\n", name, how, ms, n > 0 ? n : 0);
	fwrite(text, 1, n > 0 ? (size_t)n : 0, stdout);
	putchar('\n');
	fflush(stdout);
}

static void run(char *line)
{
	char *words[WORDS + 1], how[16] = "timeout";
	int count = 0, status = 0;
	for (char *w = strtok(line, " \n"); w && count < WORDS; w = strtok(NULL, " \n"))
		words[count++] = w;
	words[count] = NULL;
	if (count < 3)
		return;
	long start = now();
	pid_t child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0)
		become(words + 2);
	if (await(child, start + atol(words[1]) * 1000, &status))
		snprintf(how, sizeof how, "%d",
			 WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	report(words[0], how, now() - start);
	empty(WORK), empty("/tmp"), empty("/dev/shm"), empty("/dev/mqueue");
}

int main(int argc, char **argv)
{
	if (argc != 2 || getpid() != 1) {
		fputs("driver: first process only\n", stderr);
		return 64;
	}
	FILE *list = fopen(argv[1], "re");
	if (!list)
		fail(argv[1]);
	sigset_t chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	mkdir(WORK, 0700), mkdir("/dev/shm", 01777);
	chmod("/dev/shm", 01777), chmod("/tmp", 01777);
	if (chown(WORK, NOBODY, NOBODY))
		fail(WORK);
	for (char line[1024]; fgets(line, sizeof line, list);)
		run(line);
	puts("@@ end");
	return 0;
}
