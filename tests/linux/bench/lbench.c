/* SPDX-License-Identifier: MIT */
/*
 * What system calls cost, in counts of the processor's counter: guest instructions where the emulator
 * counts them.  The same static program runs on Linux and on Tessera.  A line each: name, count.
 * Arguments: names of the only rows to measure; or "boot": how long ago the machine began, and its free memory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long now(void)
{
	unsigned lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (unsigned long)hi << 32 | lo;
}

static char **only;

static int wanted(const char *name)
{
	for (char **w = only; *w != NULL; w++)
		if (strcmp(*w, name) == 0)
			return 1;
	return *only == NULL;
}

/* tools/iprof.py looks for this function. */
static __attribute__((noinline)) void row(const char *name, unsigned long total, unsigned long n)
{
	printf("row %s %lu\n", name, total / n);
	fflush(stdout);
}

#define ROW(name, n, body)                                                                         \
	do {                                                                                       \
		if (!wanted(name))                                                                 \
			break;                                                                     \
		for (int i_ = 0; i_ < 3; i_++) {                                                   \
			body;                                                                      \
		}                                                                                  \
		unsigned long start_ = now();                                                      \
		for (int i_ = 0; i_ < (n); i_++) {                                                 \
			body;                                                                      \
		}                                                                                  \
		row(name, now() - start_, n);                                                      \
	} while (0)

static void ping(const char *name, int rd, int wr, int rd2, int wr2)
{
	char c = 0;
	pid_t p = fork();

	if (p == 0) {
		while (read(rd, &c, 1) == 1)
			if (write(wr2, &c, 1) != 1)
				break;
		_exit(0);
	}
	ROW(name, 300, if (write(wr, &c, 1) != 1 || read(rd2, &c, 1) != 1) exit(1));
	kill(p, SIGKILL);
	waitpid(p, NULL, 0);
}

static void futex_ping(void)
{
	int *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p = fork();

	if (p == 0) {
		for (;;) {
			while (__atomic_load_n(&w[0], __ATOMIC_SEQ_CST) == 0)
				syscall(SYS_futex, &w[0], 0, 0, NULL, NULL, 0);
			__atomic_store_n(&w[0], 0, __ATOMIC_SEQ_CST);
			__atomic_store_n(&w[16], 1, __ATOMIC_SEQ_CST);
			syscall(SYS_futex, &w[16], 1, 1, NULL, NULL, 0);
		}
	}
	ROW("linux_futex_round_trip", 300, {
		__atomic_store_n(&w[0], 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &w[0], 1, 1, NULL, NULL, 0);
		while (__atomic_load_n(&w[16], __ATOMIC_SEQ_CST) == 0)
			syscall(SYS_futex, &w[16], 0, 0, NULL, NULL, 0);
		__atomic_store_n(&w[16], 0, __ATOMIC_SEQ_CST);
	});
	kill(p, SIGKILL);
	waitpid(p, NULL, 0);
}

static void *nothing(void *arg)
{
	return arg;
}

static void on_signal(int s)
{
	(void)s;
}

static void one_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, nothing, NULL);
	pthread_join(t, NULL);
}

static void child(int exec_it, const char *self)
{
	pid_t p = fork();

	if (p == 0) {
		if (exec_it)
			execl(self, self, "exit", NULL);
		_exit(0);
	}
	waitpid(p, NULL, 0);
}

static void files(void)
{
	static char page[4096];
	struct stat st;
	int fd = open("/tmp/lbench", O_RDWR | O_CREAT, 0600);

	if (write(fd, page, sizeof page) != sizeof page)
		exit(1);
	ROW("linux_open_read_close", 300, {
		int f = open("/tmp/lbench", O_RDONLY);
		if (read(f, page, sizeof page) != sizeof page)
			exit(1);
		close(f);
	});
	ROW("linux_pread4k", 1000, if (pread(fd, page, sizeof page, 0) != sizeof page) exit(1));
	ROW("linux_stat", 1000, stat("/tmp/lbench", &st));
	ROW("linux_stat_missing", 1000, stat("/tmp/nosuch", &st));
}

/* What a shell's first command finds: the counter began with the machine. */
static int after_boot(void)
{
	unsigned long start = now();
	char line[128];
	FILE *f;

	mount("proc", "/proc", "proc", 0, NULL);
	f = fopen("/proc/meminfo", "r");
	row("linux_boot_to_shell", start, 1);
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "MemFree:", 8) == 0)
			row("linux_memory_free", strtoul(line + 8, NULL, 10), 1);
	puts("done");
	return 0;
}

int main(int argc, char **argv)
{
	int p[2], q[2], zero = open("/dev/zero", O_RDONLY);
	char c;

	if (argc > 1 && strcmp(argv[1], "exit") == 0)
		return 0;
	if (argc > 1 && strcmp(argv[1], "boot") == 0)
		return after_boot();
	only = argv + 1;
	ROW("linux_null_syscall", 2000, syscall(SYS_getppid));
	ROW("linux_read1_devzero", 1000, if (read(zero, &c, 1) != 1) exit(1));
	if (pipe(p) || pipe(q))
		return 1;
	ping("linux_pipe_round_trip", p[0], p[1], q[0], q[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) || socketpair(AF_UNIX, SOCK_STREAM, 0, q))
		return 1;
	ping("linux_unix_round_trip", p[0], p[1], q[0], q[1]);
	futex_ping();
	ROW("linux_fork_exit_wait", 30, child(0, NULL));
	ROW("linux_fork_exec_wait", 30, child(1, argv[0]));
	ROW("linux_thread_create_join", 50, one_thread());
	char *mem = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long start = now();
	for (int i = 0; i < 1024; i++)
		mem[i * 4096] = 1;
	if (wanted("linux_page_fault"))
		row("linux_page_fault", now() - start, 1024);
	ROW("linux_mmap_touch_munmap", 200, {
		char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		*m = 1;
		munmap(m, 4096);
	});
	files();
	signal(SIGUSR1, on_signal);
	ROW("linux_signal", 300, kill(getpid(), SIGUSR1));
	puts("done");
	return 0;
}
