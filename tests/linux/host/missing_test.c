/* SPDX-License-Identifier: MIT */
/*
 * What is told of calls and words that there are not, on the host: each once for a program, and no
 * program takes the room of the others.
 */
#include <stdio.h>

#include "servers/linux/core/event.h"
#include "servers/linux/core/words.h"
#include "servers/linux/fs/socket.h"
#include "servers/linux/tty/host.h"

enum { MANY = 1000 };

struct environment env = { .framed = true };
static struct process process;
static struct task task = { .process = &process };
static struct file file;
static struct socket connection;
static unsigned sent;
static char last[300];

void host_send(char type, const void *bytes, size_t n)
{
	sent += type == 'n';
	memcpy(last, bytes, n);
	last[n] = 0;
}

struct file *fd_file(struct task *t, u64 fd)
{
	(void)t;
	return fd < 2 ? &file : NULL;
}

struct socket *file_socket(struct file *f)
{
	return f->refs == 1 ? &connection : NULL;
}

void file_put(struct file *f)
{
	(void)f;
}

static void begin(const char *program, u64 nr)
{
	memset(process.comm, 0, sizeof process.comm);
	memcpy(process.comm, program, strlen(program));
	task.call_nr = nr;
	sent = 0;
	last[0] = 0;
}

static void report(int good, const char *what)
{
	static unsigned number;

	printf("%sok %u %s\n", good ? "" : "not ", ++number, what);
	if (!good)
		printf("# %u times, %s\n", sent, last);
}

static int said(unsigned times, const char *text)
{
	return sent == times && strcmp(last, text) == 0;
}

int main(void)
{
	static char other[] = "/bin/other";
	const u64 fd[1] = { 0 }, none[1] = { 2 };
	s64 e;

	begin("one", NR_io_uring_setup);
	e = lx_missing(&task, NR_io_uring_setup, ENOSYS) + lx_missing(&task, NR_io_uring_setup, ENOSYS);
	report(e == -2 * ENOSYS && said(1, "one: call 425 (io_uring_setup) is not there: ENOSYS"), "a call, once");
	begin("two", NR_io_uring_setup);
	(void)lx_missing(&task, NR_io_uring_setup, ENOSYS);
	report(sent == 1, "once for each program");
	process.exe_name = other;
	(void)lx_missing(&task, NR_io_uring_setup, ENOSYS);
	report(sent == 2, "also for another executable of that name");
	memcpy(task.comm, "thread", sizeof "thread");
	(void)lx_missing(&task, NR_io_uring_setup, ENOSYS);
	report(sent == 2, "not for each thread");
	process.exe_name = NULL;
	begin("one", NR_openat2);
	e = lx_refused(&task, LX_TAKES_OPENAT2_RESOLVE, 0x40, NULL);
	report(e == -EINVAL && said(1, "one: openat2, resolve: 0x40 is not supported: EINVAL"), "what is in a structure by its set");
	begin("one", NR_renameat2);
	e = lx_refused(&task, LX_TAKES_RENAMEAT2_RENAME, 4 | 1, NULL) + lx_refused(&task, LX_TAKES_RENAMEAT2_RENAME, 4, NULL);
	report(e == -2 * EINVAL && said(1, "one: renameat2, argument 5, rename: RENAME_WHITEOUT is not supported: EINVAL"), "a flag, without those that are taken");
	begin("one", NR_socket);
	e = lx_refused(&task, LX_TAKES_SOCKET_SOCKTYPE, 4, NULL);
	report(e == -ESOCKTNOSUPPORT && said(1, "one: socket, argument 2, socktype: SOCK_RDM is not supported: ESOCKTNOSUPPORT"), "a word with an error of its own");
	begin("one", NR_ioctl);
	e = lx_refused(&task, LX_TAKES_IOCTL_IOCTL, 0x541c, none);
	report(e == -EBADF && sent == 0, "the descriptor is looked at first");
	e = lx_refused(&task, LX_TAKES_IOCTL_IOCTL, 0x541c, fd);
	report(e == -ENOTTY && said(1, "one: ioctl, argument 2, ioctl: TIOCLINUX is not supported: ENOTTY"), "then the word");
	begin("one", NR_shutdown);
	e = lx_refused(&task, LX_TAKES_SHUTDOWN_SHUTDOWN, 7, fd);
	report(e == -ENOTSOCK && sent == 0, "and whether it is a socket");
	begin("fuzz", NR_ioctl);
	for (u64 i = 0; i < MANY; i++)
		(void)lx_refused(&task, LX_TAKES_IOCTL_IOCTL, 0x10000 + i, fd);
	report(sent > 10 && sent < 100, "a program that asks for anything is not told of for ever");
	begin("three", NR_memfd_create);
	(void)lx_refused(&task, LX_TAKES_MEMFD_CREATE_MEMFD, 4, NULL);
	report(said(1, "three: memfd_create, argument 2, memfd: MFD_HUGETLB is not supported: EINVAL"), "and leaves room for others");
	begin("four", NR_memfd_create);
	env.framed = false;
	(void)lx_refused(&task, LX_TAKES_MEMFD_CREATE_MEMFD, 4, NULL);
	report(sent == 0, "where nobody listens nothing is told");
	puts("1..13");
	return 0;
}
