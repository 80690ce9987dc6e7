/* SPDX-License-Identifier: MIT */
/* What /proc says of a process, beside what its calls say. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[65536];

static char *slurp(const char *path)
{
	int f = open(path, O_RDONLY);
	ssize_t n, at = 0;

	while (f >= 0 && (n = read(f, text + at, sizeof text - 1 - (size_t)at)) > 0)
		at += n;
	text[at] = 0;
	close(f);
	return text;
}

static const char *field(const char *path, const char *name)
{
	static char value[256];
	char *p = strstr(slurp(path), name);

	if (p == NULL)
		return "none";
	sscanf(p + strlen(name), "%255[^\n]", value);
	return value;
}

static void link_of(int fd)
{
	char path[64], to[256] = "";

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, to, sizeof to - 1);
	char *digits = strpbrk(to, "[");
	if (digits != NULL && strncmp(to, "anon", 4) != 0)
		*digits = 0;
	printf("%d %s\n", n > 0, to);
}

static void descriptors(void)
{
	int p[2], s = open("/dev/null", O_RDWR), gone = open("gone", O_RDWR | O_CREAT, 0600);

	pipe(p);
	unlink("gone");
	link_of(s);
	link_of(p[0]);
	link_of(epoll_create1(0));
	link_of(eventfd(0, 0));
	link_of(gone);
	link_of(memfd_create("named", 0));
	printf("%s\n", field("/proc/self/fdinfo/0", "flags:") != NULL ? "info" : "");
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", gone);
	write(gone, "still", 5);
	int again = open(path, O_RDONLY);
	printf("%zd\n", read(again, text, 100));
}

static void memory(void)
{
	char *m = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), from[32], *line;
	unsigned long a, b;
	char flags[8];

	mprotect(m + 4096, 4096, PROT_READ);
	slurp("/proc/self/maps");
	for (int i = 0; i < 3; i++) {
		snprintf(from, sizeof from, "%lx-", (unsigned long)(m + 4096 * i));
		line = strstr(text, from);
		printf("%d", line != NULL && (line == text || line[-1] == '\n'));
		if (line != NULL && sscanf(line, "%lx-%lx %7s", &a, &b, flags) == 3)
			printf(" %lu %s", b - a > 4096 ? 2 : (b - a) / 4096, flags);
		printf("\n");
	}
	printf("%d %d\n", strstr(text, "[stack]") != NULL, strstr(text, "/cases/") != NULL);
	munmap(m, 3 * 4096);
}

static void *thread(void *barrier)
{
	prctl(PR_SET_NAME, "second");
	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
	return NULL;
}

static void tasks(void)
{
	pthread_barrier_t b;
	pthread_t t;
	DIR *d;
	int n = 0;
	char path[300];

	pthread_barrier_init(&b, NULL, 2);
	pthread_create(&t, NULL, thread, &b);
	pthread_barrier_wait(&b);
	d = opendir("/proc/self/task");
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		snprintf(path, sizeof path, "/proc/self/task/%s/comm", e->d_name);
		if (atoi(e->d_name) != getpid())
			printf("%s", slurp(path));
	}
	printf("%d threads,%s\n", n, field("/proc/self/status", "Threads:"));
	pthread_barrier_wait(&b);
	pthread_join(t, NULL);
}

static void children(void)
{
	char path[64], state;
	int st;
	pid_t p = fork(), pid, parent, group;

	if (p == 0)
		for (;;)
			pause();
	snprintf(path, sizeof path, "/proc/%d/stat", p);
	usleep(50000);
	sscanf(strrchr(slurp(path), ')') + 2, "%c %d %d", &state, &parent, &group);
	printf("%c %d %d\n", state, parent == getpid(), group == getpgrp());
	kill(p, SIGSTOP);
	waitpid(p, &st, WUNTRACED);
	sscanf(slurp(path), "%d", &pid);
	printf("%c %d\n", *(strrchr(text, ')') + 2), pid == p);
	kill(p, SIGKILL);
	usleep(100000);
	printf("%c\n", *(strrchr(slurp(path), ')') + 2));
	snprintf(path, sizeof path, "/proc/%d/cmdline", p);
	printf("%zu\n", strlen(slurp(path)));
	waitpid(p, &st, 0);
	printf("%d %d\n", open(path, O_RDONLY), errno);
}

static void caught(int n)
{
	(void)n;
}

int main(int argc, char **argv)
{
	char to[256] = "";
	struct rlimit r;

	(void)argc;
	printf("%d\n", strcmp(slurp("/proc/self/cmdline"), argv[0]) == 0);
	printf("%d\n", strstr(slurp("/proc/self/environ"), "PATH=") != NULL);
	printf("%d\n", readlink("/proc/self/exe", to, 255) > 0 && strcmp(to, argv[0]) == 0);
	readlink("/proc/self/cwd", to, 255);
	printf("%d\n", strncmp(to, "/w/", 3) == 0);
	printf("%d %d\n", atoi(field("/proc/self/status", "Pid:")) == getpid(), atoi(field("/proc/self/status", "PPid:")) == getppid());
	printf("%s\n", field("/proc/self/status", "Uid:"));
	prctl(PR_SET_NAME, "a name that is long");
	printf("%s%s\n", slurp("/proc/self/comm"), field("/proc/self/status", "Name:"));
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, caught);
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	sigaddset(&s, SIGHUP);
	sigprocmask(SIG_BLOCK, &s, NULL);
	kill(getpid(), SIGHUP);
	printf("%s\n", field("/proc/self/status", "SigBlk:"));
	printf("%s\n", field("/proc/self/status", "SigIgn:"));
	printf("%s\n", field("/proc/self/status", "ShdPnd:"));
	printf("%s\n", field("/proc/self/status", "Umask:"));
	getrlimit(RLIMIT_NOFILE, &r);
	printf("%d\n", (rlim_t)atol(field("/proc/self/limits", "Max open files")) == r.rlim_cur);
	descriptors();
	memory();
	tasks();
	children();
	printf("%d %d\n", open("/proc/nosuch", O_RDONLY), errno);
	printf("%d %d\n", open("/proc/self/stat", O_WRONLY) < 0, mkdir("/proc/x", 0700));
	printf("%d\n", access("/proc/self/fd/99", F_OK));
	struct stat st;
	printf("%d %o\n", stat("/proc/self", &st), st.st_mode & S_IFMT);
	printf("%d %o\n", lstat("/proc/self", &st), st.st_mode & S_IFMT);
	return 0;
}
