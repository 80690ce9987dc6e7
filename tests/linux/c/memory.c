/* SPDX-License-Identifier: MIT */
/*
 * A Linux program that tries what programs do with memory.  It must end with status 0 on
 * Linux too, which is how it is known to ask for the right things.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

static sigjmp_buf again;
static volatile int got_signal, got_code;
static void *volatile got_addr;
static int failed;

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("mm: line %d: %s (errno %d)\n", __LINE__, #condition, errno);       \
			failed = 1;                                                                \
		}                                                                                  \
	} while (0)
#define CHECK_ERR(call, error)                                                                     \
	do {                                                                                       \
		errno = 0;                                                                         \
		CHECK((long)(call) == -1 && errno == (error));                                     \
	} while (0)

static void handler(int signo, siginfo_t *info, void *context)
{
	(void)context;
	got_signal = signo;
	got_code = info->si_code;
	got_addr = info->si_addr;
	siglongjmp(again, 1);
}

/* The signal that reading (or writing) a byte gives; 0: none. */
static int touch(volatile char *at, int write)
{
	got_signal = 0;
	if (sigsetjmp(again, 1) == 0) {
		if (write)
			*at = 1;
		else
			(void)*at;
	}
	return got_signal;
}

static char *map(size_t pages, int prot, int flags)
{
	char *p = mmap(NULL, pages * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void test_anonymous(void)
{
	char *p = map(100, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	for (int i = 0; i < 100; i++) {
		CHECK(p[i * PAGE] == 0 && p[i * PAGE + PAGE - 1] == 0);
		p[i * PAGE] = (char)i;
	}
	for (int i = 0; i < 100; i++)
		CHECK(p[i * PAGE] == (char)i);
	CHECK(munmap(p + 10 * PAGE, 10 * PAGE) == 0);
	CHECK(touch(p + 10 * PAGE, 0) == SIGSEGV && got_code == SEGV_MAPERR &&
	      got_addr == p + 10 * PAGE);
	CHECK(touch(p + 9 * PAGE, 1) == 0 && touch(p + 20 * PAGE, 1) == 0);
	CHECK(mmap(p + 10 * PAGE, 10 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) == p + 10 * PAGE);
	CHECK(touch(p + 10 * PAGE, 0) == 0);
	CHECK(touch(p + 10 * PAGE, 1) == SIGSEGV && got_code == SEGV_ACCERR);
	CHECK(madvise(p, 5 * PAGE, MADV_DONTNEED) == 0 && p[PAGE] == 0 && p[5 * PAGE] == 5);
	CHECK(munmap(p, 100 * PAGE) == 0);
	CHECK(munmap(p, 100 * PAGE) == 0);
}

static void test_errors(void)
{
	char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS;

	CHECK_ERR(mmap(NULL, 0, PROT_READ, anon, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	CHECK_ERR(mmap(NULL, 1ul << 62, PROT_READ, anon, -1, 0), ENOMEM);
	CHECK_ERR(syscall(SYS_mmap, NULL, PAGE, PROT_READ, anon, -1, 123), EINVAL);
	CHECK_ERR(mmap(p + 1, PAGE, PROT_READ, anon | MAP_FIXED, -1, 0), EINVAL);
	CHECK_ERR(mmap(p, PAGE, PROT_READ, anon | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	CHECK_ERR(munmap(p + 1, PAGE), EINVAL);
	CHECK_ERR(munmap(p, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ), EINVAL);
	CHECK_ERR(mprotect(p, PAGE, 0x100), EINVAL);
	CHECK(syscall(SYS_mprotect, p, 0, PROT_READ) == 0);
	CHECK(munmap(p + 2 * PAGE, PAGE) == 0);
	CHECK_ERR(mprotect(p, 4 * PAGE, PROT_READ), ENOMEM);
	CHECK_ERR(madvise(p, 4 * PAGE, MADV_DONTNEED), ENOMEM);
	CHECK_ERR(madvise(p, PAGE, 999), EINVAL);
	CHECK_ERR(mremap(p + 2 * PAGE, PAGE, PAGE * 2, MREMAP_MAYMOVE), EFAULT);
	CHECK_ERR(mremap(p, PAGE, 0, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERR(msync(p, 4 * PAGE, MS_SYNC), ENOMEM);
	CHECK_ERR(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERR(write(1, (void *)(1ul << 47), 1), EFAULT);
	CHECK_ERR(syscall(SYS_uname, p + 2 * PAGE), EFAULT);
	CHECK_ERR(syscall(SYS_pkey_mprotect, p, PAGE, PROT_READ, 5), EINVAL);
	CHECK(munmap(p, 4 * PAGE) == 0);
}

static void test_protect(void)
{
	char *p = map(8, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memset(p, 7, 8 * PAGE);
	CHECK(mprotect(p + PAGE, 2 * PAGE, PROT_READ) == 0);
	CHECK(touch(p + PAGE, 1) == SIGSEGV && got_code == SEGV_ACCERR);
	CHECK(touch(p + PAGE, 0) == 0 && touch(p, 1) == 0 && touch(p + 3 * PAGE, 1) == 0);
	CHECK(mprotect(p, 8 * PAGE, PROT_NONE) == 0);
	CHECK(touch(p + 5 * PAGE, 0) == SIGSEGV && got_code == SEGV_ACCERR);
	CHECK_ERR(syscall(SYS_write, 1, p, 1) == -1 ? -1 : 0, EFAULT);
	CHECK(mprotect(p, 8 * PAGE, PROT_READ | PROT_WRITE) == 0);
	CHECK(touch(p + PAGE, 1) == 0 && p[PAGE] == 1 && p[PAGE + 1] == 7);
	/* Code that was just written. */
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };

	memcpy(p, code, sizeof code);
	CHECK(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0);
	CHECK(((int (*)(void))(void *)p)() == 42);
	CHECK(mprotect(p, PAGE, PROT_READ | PROT_WRITE) == 0);
	p[1] = 43;
	CHECK(mprotect(p, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	CHECK(((int (*)(void))(void *)p)() == 43);
	CHECK(munmap(p, 8 * PAGE) == 0);
}

static void test_remap(void)
{
	char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	for (int i = 0; i < 4; i++)
		p[i * PAGE] = (char)(i + 1);
	char *q = mremap(p, 4 * PAGE, 200 * PAGE, MREMAP_MAYMOVE);

	CHECK(q != MAP_FAILED);
	for (int i = 0; i < 200; i++)
		CHECK(q[i * PAGE] == (i < 4 ? i + 1 : 0));
	q[199 * PAGE] = 9;
	CHECK(mremap(q, 200 * PAGE, 2 * PAGE, 0) == q);
	CHECK(touch(q + 2 * PAGE, 0) == SIGSEGV);
	char *r = map(3, PROT_READ, MAP_PRIVATE);

	CHECK(mremap(q, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, r) == r);
	CHECK(r[0] == 1 && r[PAGE] == 2 && touch(r, 1) == 0 && touch(q, 0) == SIGSEGV);
	CHECK(munmap(r, 3 * PAGE) == 0);
}

/* The C library's own may do without. */
static char *set_brk(char *to)
{
	return (char *)syscall(SYS_brk, to);
}

static void test_brk(void)
{
	char *start = set_brk(NULL);
	char *page = (char *)(((uintptr_t)start + PAGE - 1) & -(uintptr_t)PAGE);

	CHECK(set_brk(page + 5 * PAGE + 123) == page + 5 * PAGE + 123);
	memset(page, 5, 5 * PAGE + 123);
	CHECK(set_brk(page + PAGE) == page + PAGE && page[0] == 5);
	CHECK(touch(page + PAGE, 0) == SIGSEGV);
	CHECK(set_brk(page + 4 * PAGE) == page + 4 * PAGE && page[3 * PAGE] == 0);
	CHECK(set_brk((char *)1) == page + 4 * PAGE && set_brk(start) == start);
}

static int status_of(pid_t pid)
{
	int status = -1;

	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void test_fork(void)
{
	char *private = map(20, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	volatile char *shared = map(20, PROT_READ | PROT_WRITE, MAP_SHARED);
	char *no_fork = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *wiped = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memset(private, 1, 20 * PAGE);
	wiped[0] = 1;
	CHECK(madvise(no_fork, PAGE, MADV_DONTFORK) == 0);
	CHECK(madvise(wiped, PAGE, MADV_WIPEONFORK) == 0);
	for (int round = 0; round < 3; round++) {
		const pid_t pid = fork();

		if (pid == 0) {
			int bad = private[3 * PAGE] != 1 || wiped[0] != 0 || shared[0] != round;

			private[3 * PAGE] = 2;
			shared[0]++;
			shared[19 * PAGE] = 77;
			bad |= touch(no_fork, 0) != SIGSEGV;
			_exit(bad);
		}
		private[4 * PAGE] = 1;
		CHECK(status_of(pid) == 0);
		CHECK(private[3 * PAGE] == 1 && shared[0] == round + 1 && shared[19 * PAGE] == 77);
	}
	CHECK(munmap((void *)shared, 20 * PAGE) == 0);
}

static void test_file(void)
{
	char name[] = "/tmp/mm-XXXXXX";
	const int fd = mkstemp(name);
	char buffer[16] = { 0 };

	CHECK(fd >= 0 && unlink(name) == 0 && ftruncate(fd, 3 * PAGE + 100) == 0);
	char *shared = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char *late = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);

	CHECK(shared != MAP_FAILED && private != MAP_FAILED && late != MAP_FAILED);
	CHECK(pwrite(fd, "hello", 5, PAGE) == 5 && memcmp(shared + PAGE, "hello", 5) == 0);
	shared[PAGE] = 'J';
	CHECK(pread(fd, buffer, 5, PAGE) == 5 && memcmp(buffer, "Jello", 5) == 0);
	CHECK(memcmp(private + PAGE, "Jello", 5) == 0);
	private[PAGE] = 'x';
	CHECK(shared[PAGE] == 'J' && private[PAGE + 1] == 'e');
	shared[2 * PAGE + 5] = 'z';
	CHECK(late[5] == 'z');
	CHECK(touch(late, 1) == SIGSEGV);
	CHECK(touch(shared + 4 * PAGE, 0) == SIGBUS);
	CHECK(touch(shared + 3 * PAGE + 200, 0) == 0 && shared[3 * PAGE + 200] == 0);
	CHECK(msync(shared, 4 * PAGE, MS_SYNC) == 0);
	CHECK(ftruncate(fd, PAGE) == 0);
	CHECK(touch(shared + PAGE, 0) == SIGBUS && touch(private + PAGE, 0) == SIGBUS);
	CHECK(ftruncate(fd, 2 * PAGE) == 0 && shared[PAGE] == 0);
	const int read_only = open("/proc/self/exe", O_RDONLY);

	CHECK(read_only >= 0);
	CHECK_ERR(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, read_only, 0), EACCES);
	char *exe = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, read_only, 0);

	CHECK(exe != MAP_FAILED && memcmp(exe, "\177ELF", 4) == 0 && touch(exe, 1) == 0);
	exe = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
	CHECK_ERR(mprotect(exe, PAGE, PROT_READ | PROT_WRITE), EACCES);
	int pipes[2];

	CHECK(pipe(pipes) == 0);
	CHECK_ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0), ENODEV);
	CHECK(close(fd) == 0 && close(read_only) == 0);
	CHECK(touch(shared, 1) == 0);
	CHECK(munmap(shared, 5 * PAGE) == 0 && munmap(private, 4 * PAGE) == 0);
}

/* Some 4 MiB of stack. */
static int deep(int n)
{
	volatile char room[16000];

	room[0] = (char)n;
	return n == 0 ? 0 : deep(n - 1) + room[0] * 0;
}

static void test_stack(void)
{
	stack_t alternate = { .ss_sp = map(8, PROT_READ | PROT_WRITE, MAP_PRIVATE),
			      .ss_size = 8 * PAGE };
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	CHECK(deep(256) == 0);
	CHECK(sigaltstack(&alternate, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
	got_signal = 0;
	if (sigsetjmp(again, 1) == 0)
		(void)deep(100000000);
	CHECK(got_signal == SIGSEGV);
	action.sa_flags = SA_SIGINFO;
	CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
}

static void test_remote(void)
{
	char from[9000], to[9000];
	struct iovec local = { to, sizeof to }, remote = { from, sizeof from };

	memset(from, 3, sizeof from);
	memset(to, 0, sizeof to);
	CHECK(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == sizeof to);
	CHECK(memcmp(from, to, sizeof to) == 0);
	from[1] = 9;
	local.iov_base = from;
	remote.iov_base = to;
	CHECK(process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == sizeof to && to[1] == 9);
	remote.iov_base = (void *)16;
	CHECK_ERR(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), EFAULT);
	CHECK_ERR(process_vm_readv(999999, &local, 1, &remote, 1, 0), ESRCH);
}

static void test_ask(void)
{
	unsigned char in[4];
	char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	p[2 * PAGE] = 1;
	CHECK(mincore(p, 4 * PAGE, in) == 0 && (in[2] & 1) && !(in[0] & 1));
	CHECK(mlock(p, 4 * PAGE) == 0 && mincore(p, 4 * PAGE, in) == 0 && (in[0] & 1));
	CHECK(munlock(p, 4 * PAGE) == 0);
	CHECK(munmap(p, 4 * PAGE) == 0);
	CHECK_ERR(mincore(p, 4 * PAGE, in), ENOMEM);
	CHECK(syscall(SYS_membarrier, 0 /* query */, 0, 0) > 0);
	CHECK(syscall(SYS_membarrier, 1 /* global */, 0, 0) == 0);
}

static void test_limit(void)
{
	struct rlimit old, new;

	CHECK(getrlimit(RLIMIT_AS, &old) == 0);
	new = old;
	new.rlim_cur = 64 << 20;
	CHECK(setrlimit(RLIMIT_AS, &new) == 0);
	CHECK_ERR(mmap(NULL, 100 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	char *p = map(100, PROT_READ, MAP_PRIVATE);

	CHECK_ERR(mremap(p, 100 * PAGE, 100 << 20, MREMAP_MAYMOVE), ENOMEM);
	CHECK(setrlimit(RLIMIT_AS, &old) == 0);
	p = mmap(NULL, 1ul << 40, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(p != MAP_FAILED && mprotect(p + (1ul << 39), PAGE, PROT_READ | PROT_WRITE) == 0);
	CHECK(touch(p + (1ul << 39), 1) == 0 && munmap(p, 1ul << 40) == 0);
}

static void test_auxv(void)
{
	struct timespec a, b;
	struct timeval v;

	CHECK(getauxval(AT_PAGESZ) == PAGE && getauxval(AT_CLKTCK) == 100);
	CHECK(getauxval(AT_SYSINFO_EHDR) != 0 &&
	      memcmp((void *)getauxval(AT_SYSINFO_EHDR), "\177ELF", 4) == 0);
	CHECK(strcmp((char *)getauxval(AT_PLATFORM), "x86_64") == 0);
	CHECK(getauxval(AT_RANDOM) != 0 && getauxval(AT_SECURE) == 0);
	CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0);
	CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b) == 0);
	const long between = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;

	CHECK(between >= 0 && between < 1000000000);
	CHECK(clock_gettime(CLOCK_REALTIME, &a) == 0 && gettimeofday(&v, NULL) == 0);
	CHECK(v.tv_sec - a.tv_sec <= 1);
	CHECK_ERR(clock_gettime(999, &a), EINVAL);
}

static void test_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long last = 0, start, end;
	char line[500], prot[8];
	int stack = 0;

	CHECK(f != NULL);
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		CHECK(sscanf(line, "%lx-%lx %7s", &start, &end, prot) == 3);
		CHECK(start >= last && end > start && strlen(prot) == 4);
		last = end;
		if (strstr(line, "[stack]") != NULL)
			stack = (unsigned long)&stack >= start && (unsigned long)&stack < end;
	}
	CHECK(stack);
	if (f != NULL)
		(void)fclose(f);
}

/* Threads that map, write and unmap beside each other. */
static void *mapper(void *arg)
{
	const char mark = (char)(intptr_t)arg;

	for (int i = 0; i < 5; i++) {
		char *p = map(30, PROT_READ | PROT_WRITE, MAP_PRIVATE);

		for (int k = 0; k < 30; k += 3)
			p[k * PAGE] = mark;
		(void)mprotect(p, 15 * PAGE, PROT_READ);
		for (int k = 0; k < 30; k++)
			CHECK(p[k * PAGE] == (k % 3 == 0 ? mark : 0));
		CHECK(munmap(p, 30 * PAGE) == 0);
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t thread[4];

	for (intptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&thread[i], NULL, mapper, (void *)(i + 1)) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "anonymous", test_anonymous },
		{ "errors", test_errors },
		{ "protect", test_protect },
		{ "remap", test_remap },
		{ "brk", test_brk },
		{ "fork", test_fork },
		{ "file", test_file },
		{ "stack", test_stack },
		{ "remote", test_remote },
		{ "ask", test_ask },
		{ "limit", test_limit },
		{ "auxv", test_auxv },
		{ "maps", test_maps },
		{ "threads", test_threads },
	};
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	(void)setvbuf(stdout, NULL, _IONBF, 0);
	(void)sigaction(SIGSEGV, &action, NULL);
	(void)sigaction(SIGBUS, &action, NULL);
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
		if (argc > 1 && strcmp(argv[1], tests[i].name) != 0)
			continue;
		failed = 0;
		tests[i].run();
		printf("%s mm/%s\n", failed ? "not ok" : "ok", tests[i].name);
		if (failed)
			return 1;
	}
	return 0;
}
