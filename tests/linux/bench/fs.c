/* SPDX-License-Identifier: MIT */
/*
 * What calls on files cost, in ticks of the processor's counter: under the emulator with icount
 * that is instructions, of program, server and kernel together; a ping-pong counts both
 * processes.  Each row is the least of some runs.  Build it static.  RUNS: how many.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOPS = 50, BLOCK = 65536 };

static char block[BLOCK];

static uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static int fd_null, fd_zero, fd_file, ep, event, pipes[10][2];

static void write_null(void)
{
	(void)!write(fd_null, block, 1);
}

static void read_zero(void)
{
	(void)!read(fd_zero, block, 1);
}

static void open_close(void)
{
	close(open("/tmp/bench/file", O_RDONLY));
}

static void open_miss(void)
{
	(void)open("/tmp/bench/nosuch", O_RDONLY);
}

static void open_read_close(void)
{
	int fd = open("/tmp/bench/file", O_RDONLY);

	(void)!read(fd, block, 4096);
	close(fd);
}

static void do_stat(void)
{
	struct stat st;

	stat("/tmp/bench/file", &st);
}

static void stat_miss(void)
{
	struct stat st;

	stat("/tmp/bench/nosuch", &st);
}

static void do_fstat(void)
{
	struct stat st;

	fstat(fd_file, &st);
}

static void do_pread(void)
{
	(void)!pread(fd_file, block, 4096, 0);
}

static void do_pwrite(void)
{
	(void)!pwrite(fd_file, block, 4096, 0);
}

static void create_unlink(void)
{
	close(open("/tmp/bench/new", O_CREAT | O_WRONLY, 0644));
	unlink("/tmp/bench/new");
}

static void dup_close(void)
{
	close(dup(fd_null));
}

static void epoll_event(void)
{
	uint64_t n = 1;
	struct epoll_event e;

	(void)!write(event, &n, 8);
	epoll_wait(ep, &e, 1, -1);
	(void)!read(event, &n, 8);
}

static void poll_pipes(void)
{
	struct pollfd p[10];

	for (int i = 0; i < 10; i++)
		p[i] = (struct pollfd){ pipes[i][0], POLLIN, 0 };
	poll(p, 10, 0);
}

static void pipe_alone(void)
{
	(void)!write(pipes[0][1], block, 1);
	(void)!read(pipes[0][0], block, 1);
}

static const struct {
	const char *name;
	void (*f)(void);
} row[] = {
	{ "write1.devnull", write_null },
	{ "read1.devzero", read_zero },
	{ "open+close", open_close },
	{ "open.miss", open_miss },
	{ "open+read4k+close", open_read_close },
	{ "stat", do_stat },
	{ "stat.miss", stat_miss },
	{ "fstat", do_fstat },
	{ "pread4k.tmpfs", do_pread },
	{ "pwrite4k.tmpfs", do_pwrite },
	{ "creat+close+unlink", create_unlink },
	{ "dup+close", dup_close },
	{ "epoll+eventfd3sys", epoll_event },
	{ "poll10pipes", poll_pipes },
	{ "pipe.write+read1", pipe_alone },
};

static uint64_t loop(void (*f)(void))
{
	uint64_t from = ticks();

	for (int i = 0; i < LOOPS; i++)
		f();
	return (ticks() - from) / LOOPS;
}

/* Round trips of one byte between two processes. */
static uint64_t ping_pong(int to[2], int from[2])
{
	char c = 'x';
	pid_t child = fork();

	if (child == 0) {
		while (read(to[0], &c, 1) == 1)
			(void)!write(from[1], &c, 1);
		_exit(0);
	}
	(void)!write(to[1], &c, 1);
	(void)!read(from[0], &c, 1);
	uint64_t t = ticks();
	for (int i = 0; i < LOOPS; i++) {
		(void)!write(to[1], &c, 1);
		(void)!read(from[0], &c, 1);
	}
	t = (ticks() - t) / LOOPS;
	kill(child, 9);
	waitpid(child, NULL, 0);
	return t;
}

static uint64_t bandwidth(int to[2])
{
	pid_t child = fork();

	if (child == 0) {
		while (read(to[0], block, BLOCK) > 0)
			;
		_exit(0);
	}
	(void)!write(to[1], block, BLOCK);
	uint64_t t = ticks();
	for (int i = 0; i < LOOPS; i++)
		(void)!write(to[1], block, BLOCK);
	t = (ticks() - t) / LOOPS;
	kill(child, 9);
	waitpid(child, NULL, 0);
	return t;
}

static void swap(int s[2], int a[2], int b[2])
{
	a[0] = s[1], a[1] = s[0];
	b[0] = s[0], b[1] = s[1];
}

static void least(const char *name, uint64_t (*f)(void), int runs)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < runs; i++) {
		uint64_t t = f();
		best = t < best ? t : best;
	}
	printf("%-20s %8lu\n", name, (unsigned long)best);
	fflush(stdout);
}

static uint64_t pipe_pong(void)
{
	return ping_pong(pipes[1], pipes[2]);
}

static uint64_t socket_pong(int type)
{
	int s[2], a[2], b[2];

	socketpair(AF_UNIX, type, 0, s);
	swap(s, a, b);
	uint64_t t = ping_pong(a, b);
	close(s[0]);
	close(s[1]);
	return t;
}

static uint64_t stream_pong(void)
{
	return socket_pong(SOCK_STREAM);
}

static uint64_t datagram_pong(void)
{
	return socket_pong(SOCK_DGRAM);
}

static uint64_t pipe_band(void)
{
	return bandwidth(pipes[3]);
}

static uint64_t unix_band(void)
{
	int s[2], a[2], b[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	swap(s, a, b);
	uint64_t t = bandwidth(a);
	close(s[0]);
	close(s[1]);
	return t;
}

int main(void)
{
	int runs = getenv("RUNS") ? atoi(getenv("RUNS")) : 5;

	mkdir("/tmp/bench", 0755);
	fd_null = open("/dev/null", O_RDWR);
	fd_zero = open("/dev/zero", O_RDONLY);
	fd_file = open("/tmp/bench/file", O_CREAT | O_RDWR, 0644);
	(void)!write(fd_file, block, 8192);
	ep = epoll_create1(0);
	event = eventfd(0, 0);
	struct epoll_event e = { .events = EPOLLIN };
	epoll_ctl(ep, EPOLL_CTL_ADD, event, &e);
	for (int i = 0; i < 10; i++)
		(void)!pipe(pipes[i]);
	for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
		uint64_t best = UINT64_MAX;
		for (int n = 0; n < runs; n++) {
			uint64_t t = loop(row[i].f);
			best = t < best ? t : best;
		}
		printf("%-20s %8lu\n", row[i].name, (unsigned long)best);
		fflush(stdout);
	}
	least("pingpong.pipe", pipe_pong, runs);
	least("pingpong.unix", stream_pong, runs);
	least("pingpong.unixdg", datagram_pong, runs);
	least("bw64K.pipe", pipe_band, runs);
	least("bw64K.unix", unix_band, runs);
	return 0;
}
