/* SPDX-License-Identifier: MIT */
/*
 * Changes files at random until the machine is cut, and says what it is about to do and what came of it.
 *
 *	load SEED PROCESSES OPERATIONS [wait]
 *
 * Process P works in /work/pP.  Each operation is a line "B P N word...", and "D P N result" when it is done (a
 * negative result is -errno).  With `wait` a byte is read from standard input after each operation that makes
 * something durable: then nothing happens before the reader has noted when that was.
 * Every 8 bytes written say who wrote them, in which operation and where: (P + 1) << 56 | N << 32 | index + 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORD = 8, NAMES = 8, DIRS = 3, SIZE_MAX_WORDS = 4096, WRITE_WORDS = 1500 };

static uint64_t state;
static unsigned process, number;
static int lockstep;

static unsigned roll(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 16) % below);
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[256];
	va_list a;

	va_start(a, format);
	int n = vsnprintf(line, sizeof line, format, a);
	va_end(a);
	if (write(1, line, (size_t)n) != n)
		_exit(2);
}

static void done(long result, int durable)
{
	char byte;

	say("D %u %u %ld\n", process, number, result < 0 ? (long)-errno : result);
	if (durable && lockstep && read(0, &byte, 1) != 1)
		_exit(3);
}

static const char *file_name(char *to)
{
	unsigned dir = roll(DIRS * 2), n = roll(NAMES);

	if (dir < DIRS)
		sprintf(to, "d%u/f%u", dir, n);
	else
		sprintf(to, "f%u", n);
	return to;
}

static const char *dir_name(char *to)
{
	sprintf(to, "d%u", roll(DIRS));
	return to;
}

static void fill(uint64_t *words, unsigned from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		words[i] = (uint64_t)(process + 1) << 56 | (uint64_t)number << 32 | (from + i + 1);
}

/* Positions near the end of the file, near pages, and anywhere. */
static unsigned position(void)
{
	return roll(3) == 0 ? roll(8) * 512 : roll(SIZE_MAX_WORDS);
}

static unsigned length(void)
{
	return 1 + (roll(2) ? roll(40) : roll(WRITE_WORDS));
}

/* --- operations -------------------------------------------------------------------------------- */

static void do_write(const char *name, int append, int sync_flag)
{
	static uint64_t words[WRITE_WORDS + 1];
	struct stat s;
	int fd = open(name, O_RDWR | (append ? O_APPEND : 0) | sync_flag);
	unsigned at = position(), n = length();

	if (fd < 0)
		return;
	if (append) {
		fstat(fd, &s);
		at = (unsigned)(s.st_size / WORD);
		n = at + n > 2 * SIZE_MAX_WORDS ? 1 : n;
	}
	fill(words, at, n);
	say("B %u %u write %s %u %u %d\n", process, number, name, at, n, sync_flag != 0);
	ssize_t r = append ? write(fd, words, n * WORD) : pwrite(fd, words, n * WORD, at * WORD);
	done(r, sync_flag != 0);
	close(fd);
}

/* Through a mapping; then msync, fsync, or only unmap. */
static void do_map(const char *name)
{
	struct stat s;
	int fd = open(name, O_RDWR);
	unsigned how = roll(4);

	if (fd < 0)
		return;
	fstat(fd, &s);
	unsigned size = (unsigned)(s.st_size / WORD), at = size ? roll(size) : 0;
	unsigned n = size ? 1 + roll(size - at) : 0;
	uint64_t *m = size ? mmap(NULL, size * WORD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (m != MAP_FAILED) {
		n = n > WRITE_WORDS ? WRITE_WORDS : n;
		say("B %u %u write %s %u %u %d\n", process, number, name, at, n, how != 2);
		if (how == 3) {
			/* Written back once before: it must be noticed that it changes again. */
			*(volatile uint64_t *)(m + at) = m[at];
			fsync(fd);
		}
		fill(m + at, at, n);
		int r = how == 0 ? msync(m, size * WORD, MS_SYNC) : how != 2 ? fsync(fd) : 0;
		done(r < 0 ? r : (long)(n * WORD), how != 2);
		munmap(m, size * WORD);
	}
	close(fd);
}

static void do_sync(const char *name)
{
	unsigned how = roll(8);
	int fd = open(name, O_RDONLY);

	if (fd < 0)
		return;
	say("B %u %u sync %s %s\n", process, number, name, how == 0 ? "all" : "one");
	done(how == 0 ? (sync(), 0) : how < 4 ? fdatasync(fd) : fsync(fd), 1);
	close(fd);
}

static void do_names(unsigned what)
{
	char a[32], b[32];

	if (what == 0) {
		file_name(a);
		say("B %u %u create %s\n", process, number, a);
		int fd = open(a, O_CREAT | O_EXCL | O_RDWR, 0644);
		done(fd < 0 ? fd : 0, 0);
		if (fd >= 0)
			close(fd);
	} else if (what == 1) {
		file_name(a);
		say("B %u %u unlink %s\n", process, number, a);
		done(unlink(a), 0);
	} else if (what == 2) {
		say("B %u %u rename %s %s\n", process, number, file_name(a), file_name(b));
		done(rename(a, b), 0);
	} else if (what == 3) {
		say("B %u %u link %s %s\n", process, number, file_name(a), file_name(b));
		done(link(a, b), 0);
	} else if (what == 4) {
		say("B %u %u mkdir %s\n", process, number, dir_name(a));
		done(mkdir(a, 0755), 0);
	} else if (what == 5) {
		say("B %u %u rmdir %s\n", process, number, dir_name(a));
		done(rmdir(a), 0);
	} else if (what == 6) {
		say("B %u %u rename %s %s\n", process, number, dir_name(a), dir_name(b));
		done(rename(a, b), 0);
	} else {
		say("B %u %u symlink %s target%u\n", process, number, file_name(a), number);
		sprintf(b, "target%u", number);
		done(symlink(b, a), 0);
	}
}

static void do_truncate(const char *name)
{
	unsigned words = roll(3) ? position() : 0;

	say("B %u %u truncate %s %u\n", process, number, name, words);
	done(truncate(name, words * WORD), 0);
}

static void step(void)
{
	static const unsigned char names[] = { 0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 4, 4, 5, 6, 7 };
	char a[32];
	unsigned what = roll(100);

	if (what < 35)
		do_names(names[roll(sizeof names)]);
	else if (what < 62)
		do_write(file_name(a), roll(2), roll(8) == 0 ? O_DSYNC : 0);
	else if (what < 72)
		do_map(file_name(a));
	else if (what < 80)
		do_truncate(file_name(a));
	else
		do_sync(file_name(a));
}

static void work(unsigned seed, unsigned operations)
{
	char dir[32];

	state = seed * 0x9e3779b97f4a7c15ull + process * 0xbf58476d1ce4e5b9ull + 1;
	sprintf(dir, "/work/p%u", process);
	if (chdir(dir) < 0)
		exit(1);
	for (number = 1; number <= operations; number++)
		step();
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	unsigned seed = (unsigned)atoi(argv[1]), processes = (unsigned)atoi(argv[2]), operations = (unsigned)atoi(argv[3]);
	int status, bad = 0;

	lockstep = argc > 4;
	for (process = 0; process < processes; process++) {
		if (fork() == 0) {
			work(seed, operations);
			return 0;
		}
	}
	while (wait(&status) > 0) {
		if (status != 0)
			fprintf(stderr, "a process ended with status %#x\n", status);
		bad |= status;
	}
	return bad != 0;
}
