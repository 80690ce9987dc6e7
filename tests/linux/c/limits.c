/* SPDX-License-Identifier: MIT */
/* Resource limits of a process: what each refuses, and with which error or signal. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { USER = 4321 };

static void limit(int which, rlim_t soft, rlim_t hard)
{
	struct rlimit l = { soft, hard };

	if (setrlimit(which, &l))
		printf("setrlimit %d: %s\n", which, strerror(errno));
}

/* Each in a process of its own. */
static void in_child(const char *name, void (*f)(void))
{
	int st = 0;
	pid_t p;

	fflush(stdout);
	p = fork();
	if (p == 0) {
		f();
		fflush(stdout);
		_exit(0);
	}
	waitpid(p, &st, 0);
	if (WIFSIGNALED(st))
		printf("%s: signal %d\n", name, WTERMSIG(st));
	else
		printf("%s: ends %d\n", name, WEXITSTATUS(st));
}

static const char *say(long r)
{
	return r < 0 ? strerror(errno) : "done";
}

/* --- files --------------------------------------------------------------------------- */

static volatile int seen;

static void note(int s)
{
	seen = s;
}

/* Standard output may be a file too: nothing is printed while the limit is low. */
static void file_size(void)
{
	char page[4096] = { 0 };
	long r[16];
	int e[16] = { 0 }, n = 0, p[2];
	int fd = open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600);
#define TRY(call) (seen = 0, r[n] = (call), e[n] = r[n] < 0 ? errno + 1000 * seen : seen, n++)

	signal(SIGXFSZ, note);
	limit(RLIMIT_FSIZE, 6000, RLIM_INFINITY);
	TRY(write(fd, page, 4096));
	TRY(write(fd, page, 4096));
	TRY(write(fd, page, 4096));
	TRY(pwrite(fd, page, 10, 5995));
	TRY(pwrite(fd, page, 10, 6000));
	TRY(ftruncate(fd, 6000));
	TRY(ftruncate(fd, 6001));
	TRY(truncate("limited", 9000));
	TRY(fallocate(fd, 0, 0, 9000));
	/* An end that lies behind the limit already. */
	limit(RLIMIT_FSIZE, 100, RLIM_INFINITY);
	TRY(pwrite(fd, page, 50, 20));
	TRY(pwrite(fd, page, 50, 80));
	TRY(pwrite(fd, page, 50, 4000));
	if (pipe(p) == 0)
		TRY(write(p[1], page, 4096));
	limit(RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY);
	for (int i = 0; i < n; i++)
		printf("%ld (%d)\n", r[i], e[i]);
	unlink("limited");
}

static void file_signal(void)
{
	int fd = open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600);

	unlink("limited");
	limit(RLIMIT_CORE, 0, 0);
	limit(RLIMIT_FSIZE, 0, RLIM_INFINITY);
	if (write(fd, "x", 1) < 0)
		puts("not reached");
}

static void descriptors(void)
{
	int p[2], first = dup(0), n = 0;

	limit(RLIMIT_NOFILE, 20, RLIM_INFINITY);
	limit(RLIMIT_NOFILE, 20, 100);
	while (dup(0) >= 0)
		n++;
	printf("%d more: %s\n", n + first, strerror(errno));
	printf("open %s", say(open("/dev/null", O_RDONLY)));
	printf(", pipe %s", say(pipe(p)));
	printf(", dup2 %s", say(dup2(0, 20)));
	printf(", dup2 %s", say(dup2(0, 19)));
	printf(", F_DUPFD %s", say(fcntl(0, F_DUPFD, 20)));
	printf(", F_DUPFD %s\n", say(fcntl(0, F_DUPFD, 3)));
	close(19);
	printf("pipe %s\n", say(pipe(p)));
	/* What is open above the limit stays usable. */
	limit(RLIMIT_NOFILE, 5, 100);
	printf("above %s", say(fcntl(18, F_GETFD)));
	printf(", dup %s\n", say(dup(18)));
}

/* --- memory ------------------------------------------------------------------------------ */

static void *map(size_t bytes, int prot)
{
	return mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void address_space(void)
{
	limit(RLIMIT_AS, 64 << 20, RLIM_INFINITY);
	char *m = map(100 << 20, PROT_NONE);
	printf("too much: %s\n", m == MAP_FAILED ? strerror(errno) : "mapped");
	m = map(16 << 20, PROT_READ);
	printf("some: %s\n", m == MAP_FAILED ? strerror(errno) : "mapped");
	void *more = mremap(m, 16 << 20, 90 << 20, MREMAP_MAYMOVE);
	printf("mremap: %s\n", more == MAP_FAILED ? strerror(errno) : "mapped");
	printf("sbrk: %s\n", sbrk(90 << 20) == (void *)-1 ? strerror(errno) : "moved");
	limit(RLIMIT_AS, 4096, RLIM_INFINITY);
	printf("fork: ");
	fflush(stdout);
	pid_t p = fork();
	if (p == 0)
		_exit(map(4096, PROT_READ) == MAP_FAILED ? 1 : 2);
	int st;
	waitpid(p, &st, 0);
	printf("%d\n", WEXITSTATUS(st));
}

static void data(void)
{
	limit(RLIMIT_DATA, 32 << 20, RLIM_INFINITY);
	printf("private: %s\n", map(64 << 20, PROT_READ | PROT_WRITE) == MAP_FAILED ? strerror(errno) : "mapped");
	char *m = map(64 << 20, PROT_READ);
	printf("readable: %s\n", m == MAP_FAILED ? strerror(errno) : "mapped");
	printf("mprotect: %s\n", say(mprotect(m, 64 << 20, PROT_READ | PROT_WRITE)));
	printf("mprotect: %s\n", say(mprotect(m, 1 << 20, PROT_READ | PROT_WRITE)));
	printf("shared: %s\n", mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? strerror(errno) : "mapped");
	printf("brk: %s\n", sbrk(64 << 20) == (void *)-1 ? strerror(errno) : "moved");
}

static int deeper(int n)
{
	volatile char frame[4096];

	frame[0] = (char)n;
	return n == 0 ? 0 : deeper(n - 1) + frame[0];
}

static void stack_fits(void)
{
	limit(RLIMIT_STACK, 1 << 20, RLIM_INFINITY);
	deeper(200);
	puts("200 pages");
}

static void stack_does_not(void)
{
	limit(RLIMIT_CORE, 0, 0);
	limit(RLIMIT_STACK, 1 << 20, RLIM_INFINITY);
	deeper(300);
	puts("300 pages");
}

static void locked(void)
{
	limit(RLIMIT_MEMLOCK, 64 << 10, 64 << 10);
	if (setuid(USER))
		puts("setuid");
	char *m = map(1 << 20, PROT_READ | PROT_WRITE);
	printf("mlock %s", say(mlock(m, 32 << 10)));
	printf(" %s", say(mlock(m, 128 << 10)));
	printf(" %s\n", say(munlock(m, 1 << 20)));
	limit(RLIMIT_MEMLOCK, 0, 0);
	printf("none %s\n", say(mlock(m, 4096)));
}

/* --- processes ---------------------------------------------------------------------------------- */

static void *pauses(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void processes(void)
{
	pthread_t t;
	int n = 0, e = 0;

	limit(RLIMIT_NPROC, 4, 4);
	if (setuid(USER))
		puts("setuid");
	while ((e = pthread_create(&t, NULL, pauses, NULL)) == 0)
		n++;
	printf("%d threads, %s", n, strerror(e));
	printf(", fork %s\n", say(fork()));
}

static void processes_of_root(void)
{
	int st;

	limit(RLIMIT_NPROC, 0, 0);
	pid_t p = fork();
	if (p == 0)
		_exit(5);
	waitpid(p, &st, 0);
	printf("root: %d\n", WEXITSTATUS(st));
}

/* More processes than allowed after setuid: the next execve says so, unless there are fewer again. */
static void processes_exec(void)
{
	char *argv[] = { "/bin/true", NULL };

	limit(RLIMIT_NPROC, 0, 0);
	if (setuid(USER + 1))
		printf("setuid: %s\n", strerror(errno));
	execv(argv[0], argv);
	printf("exec: %s\n", strerror(errno));
}

static void spin(void)
{
	for (;;)
		;
}

static void processor_killed(void)
{
	limit(RLIMIT_CPU, 1, 1);
	spin();
}

static void processor(void)
{
	limit(RLIMIT_CORE, 0, 0);
	limit(RLIMIT_CPU, 1, 3);
	spin();
}

static void processor_twice(void)
{
	signal(SIGXCPU, note);
	limit(RLIMIT_CPU, 1, 2);
	while (!seen)
		;
	printf("signal %d\n", seen);
	fflush(stdout);
	spin();
}

static void queued(void)
{
	sigset_t s;
	int n = 0;

	limit(RLIMIT_SIGPENDING, 5, 5);
	if (setuid(USER + 2))
		puts("setuid");
	sigfillset(&s);
	sigprocmask(SIG_BLOCK, &s, NULL);
	while (sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ 0 }) == 0)
		n++;
	printf("%d queued, %s", n, strerror(errno));
	printf(", kill %s\n", say(kill(getpid(), SIGRTMIN + 1)));
}

/* --- the limits themselves ------------------------------------------------------------------------ */

static void raising(void)
{
	struct rlimit l;

	limit(RLIMIT_NOFILE, 30, 20);
	limit(RLIMIT_NOFILE, 20, 30);
	if (setuid(USER))
		puts("setuid");
	limit(RLIMIT_NOFILE, 30, 30);
	limit(RLIMIT_NOFILE, 30, 31);
	limit(RLIMIT_NOFILE, 10, 25);
	getrlimit(RLIMIT_NOFILE, &l);
	printf("%ld %ld\n", (long)l.rlim_cur, (long)l.rlim_max);
	pid_t p = fork();
	if (p == 0) {
		getrlimit(RLIMIT_NOFILE, &l);
		_exit((int)l.rlim_max);
	}
	int st;
	waitpid(p, &st, 0);
	printf("child: %d\n", WEXITSTATUS(st));
	printf("of another: %s", say(prlimit(getpid(), RLIMIT_NOFILE, NULL, &l)));
	printf(" %s", say(prlimit(1, RLIMIT_NOFILE, NULL, &l)));
	printf(" %s", say(prlimit(99999999, RLIMIT_NOFILE, NULL, &l)));
	printf(" %s\n", say(prlimit(0, 16, NULL, &l)));
}

int main(void)
{
	in_child("file size", file_size);
	in_child("file size signal", file_signal);
	in_child("descriptors", descriptors);
	in_child("address space", address_space);
	in_child("data", data);
	in_child("stack", stack_fits);
	in_child("small stack", stack_does_not);
	in_child("locked", locked);
	in_child("processes", processes);
	in_child("processes of root", processes_of_root);
	in_child("exec", processes_exec);
	in_child("processor", processor);
	in_child("processor, hard", processor_killed);
	in_child("processor, twice", processor_twice);
	in_child("queued", queued);
	in_child("raising", raising);
	return 0;
}
