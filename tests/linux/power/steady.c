/* SPDX-License-Identifier: MIT */
/*
 * Uses files in every way for some seconds, while what serves them dies again and again, and must not notice.
 *
 *	steady SECONDS PROCESSES
 *
 * Each process keeps in memory what its files must hold.  Prints how many rounds there were, or what was wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

enum { BYTES = 65536, MAP_BYTES = 16 * 4096, LINE = 24 };

static int process;
static unsigned state = 1;

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			printf("process %d, line %d: %s: %s\n", process, __LINE__, #x,             \
			       strerror(errno));                                                   \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static unsigned roll(unsigned below)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % below;
}

/* A file read and written here and there, against a copy. */
static void change(int fd, unsigned char *copy)
{
	static unsigned char got[BYTES];
	unsigned at = roll(BYTES), n = 1 + roll(BYTES - at);

	n = n > 9000 ? 9000 : n;
	memset(copy + at, (int)roll(256), n);
	MUST(pwrite(fd, copy + at, n, at) == (ssize_t)n);
	at = roll(BYTES);
	n = BYTES - at;
	MUST(pread(fd, got, n, at) == (ssize_t)n);
	MUST(memcmp(got, copy + at, n) == 0);
}

static void map(int fd, unsigned char *m, unsigned char *copy)
{
	static unsigned char got[MAP_BYTES];
	unsigned at = roll(MAP_BYTES), n = 1 + roll(MAP_BYTES - at);

	memset(m + at, (int)roll(256), n);
	memcpy(copy + at, m + at, n);
	MUST(pread(fd, got, MAP_BYTES, 0) == MAP_BYTES);
	MUST(memcmp(got, copy, MAP_BYTES) == 0);
	MUST(memcmp(m, copy, MAP_BYTES) == 0);
}

static void append(unsigned round)
{
	char line[64], got[64];
	int fd = open("log", O_RDWR | O_APPEND | O_CREAT, 0644);
	struct stat s;

	MUST(fd >= 0);
	snprintf(line, sizeof line, "%*u\n", LINE - 1, round);
	MUST(write(fd, line, LINE) == LINE);
	if (roll(8) == 0)
		MUST(fsync(fd) == 0);
	MUST(fstat(fd, &s) == 0 && s.st_size == (off_t)LINE * (round + 1));
	unsigned which = roll(round + 1);
	MUST(pread(fd, got, LINE, (off_t)which * LINE) == LINE);
	MUST((unsigned)atoi(got) == which);
	close(fd);
}

/* Two names change places; without a journal that is refused. */
static void exchange(const char *file, const char *link)
{
	struct stat s;

	if (syscall(SYS_renameat2, AT_FDCWD, file, AT_FDCWD, link, RENAME_EXCHANGE) != 0) {
		MUST(errno == EINVAL);
		return;
	}
	MUST(lstat(file, &s) == 0 && S_ISLNK(s.st_mode));
	MUST(lstat(link, &s) == 0 && S_ISREG(s.st_mode));
	MUST(syscall(SYS_renameat2, AT_FDCWD, file, AT_FDCWD, link, RENAME_EXCHANGE) == 0);
	MUST(lstat(file, &s) == 0 && S_ISREG(s.st_mode));
}

static void names(unsigned round)
{
	char dir[32], a[64], b[64], text[64], got[64];
	struct stat s;

	snprintf(dir, sizeof dir, "d%u", round);
	snprintf(a, sizeof a, "d%u/a", round);
	snprintf(b, sizeof b, "d%u/b", round);
	MUST(mkdir(dir, 0755) == 0);
	int fd = open(a, O_CREAT | O_EXCL | O_RDWR, 0600);
	MUST(fd >= 0);
	snprintf(text, sizeof text, "round %u\n", round);
	MUST(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	MUST(rename(a, b) == 0 && stat(a, &s) < 0 && errno == ENOENT);
	MUST(link(b, a) == 0 && stat(a, &s) == 0 && s.st_nlink == 2);
	MUST(unlink(b) == 0 && symlink("a", b) == 0);
	exchange(a, b);
	MUST(chmod(a, 0640) == 0 && truncate(a, 5) == 0);
	fd = open(b, O_RDONLY);
	MUST(fd >= 0 && fstat(fd, &s) == 0 && s.st_size == 5 && (s.st_mode & 0777) == 0640);
	MUST(read(fd, got, sizeof got) == 5 && memcmp(got, "round", 5) == 0);
	close(fd);
	if (round % 4 == 0)
		return; /* some stay */
	MUST(unlink(a) == 0 && unlink(b) == 0 && rmdir(dir) == 0);
}

static void execute(void)
{
	int status;
	pid_t p = fork();

	if (p == 0) {
		execl("/bin/steady", "steady", (char *)NULL);
		_exit(127);
	}
	MUST(p > 0 && waitpid(p, &status, 0) == p && status == 7 << 8);
}

static long ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void work(int seconds)
{
	static unsigned char one[BYTES], two[MAP_BYTES];
	char dir[32];
	time_t end = time(NULL) + seconds;
	unsigned round;
	long longest = 0;

	snprintf(dir, sizeof dir, "/work/s%d", process);
	MUST(mkdir(dir, 0755) == 0 && chdir(dir) == 0);
	int gone = open("gone", O_CREAT | O_RDWR, 0600), mapped = open("mapped", O_CREAT | O_RDWR, 0600);
	MUST(gone >= 0 && mapped >= 0 && unlink("gone") == 0);
	MUST(ftruncate(gone, BYTES) == 0 && ftruncate(mapped, MAP_BYTES) == 0);
	unsigned char *m = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, mapped, 0);
	MUST(m != MAP_FAILED);
	for (round = 0; time(NULL) < end; round++) {
		long began = ms();

		change(gone, one);
		map(mapped, m, two);
		append(round);
		names(round);
		if (round % 8 == 0)
			execute();
		longest = ms() - began > longest ? ms() - began : longest;
	}
	printf("%u rounds, the longest %ld ms\n", round, longest);
	exit(0);
}

int main(int argc, char **argv)
{
	int status, bad = 0, processes = argc > 2 ? atoi(argv[2]) : 0;

	if (argc == 1)
		return 7;
	for (process = 0; process < processes; process++) {
		if (fork() == 0) {
			state = (unsigned)process + 1;
			work(atoi(argv[1]));
		}
	}
	while (wait(&status) > 0)
		bad |= status;
	return bad != 0;
}
