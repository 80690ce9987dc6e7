/* SPDX-License-Identifier: MIT */
/* Bytes that move between files without a program's memory, and vectors. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); } while (0)

static char b[100000];

static void fill(int f, int n)
{
	for (int i = 0; i < n; i++)
		b[i] = (char)('a' + i % 26);
	pwrite(f, b, (size_t)n, 0);
}

static void show(int f, long at, int n)
{
	char c[64] = "";

	printf("%.*s\n", (int)pread(f, c, (size_t)n, at), c);
}

static long copy_range(int from, loff_t *a, int to, loff_t *z, size_t n, unsigned flags)
{
	return syscall(SYS_copy_file_range, from, a, to, z, n, flags);
}

int main(void)
{
	int f = open("f", O_RDWR | O_CREAT, 0600), g = open("g", O_RDWR | O_CREAT, 0600), p[2], q[2], s[2];
	off_t at = 3;
	loff_t from = 10, to = 20;
	struct iovec v[3] = { { b, 3 }, { b + 10, 0 }, { b + 20, 5 } };

	fill(f, 100000);
	pipe(p);
	pipe(q);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	E(sendfile(g, f, &at, 10));
	E(at);
	show(g, 0, 20);
	E(sendfile(g, f, NULL, 5));
	E(lseek(f, 0, SEEK_CUR));
	E(sendfile(p[1], f, NULL, 200000) > 0);
	E(read(p[0], b, 50000) > 0);
	E(sendfile(s[0], f, NULL, 10) >= 0);
	at = 99995;
	E(sendfile(g, f, &at, 100));
	E(sendfile(g, f, &at, 100));
	E(sendfile(g, p[0], NULL, 5));
	E(sendfile(f, open("f", O_WRONLY), NULL, 5));
	E(sendfile(open("g", O_RDONLY), f, NULL, 5));
	E(sendfile(99, f, NULL, 5));
	at = -1;
	E(sendfile(g, f, &at, 5));
	ftruncate(g, 0);
	E(copy_range(f, &from, g, &to, 6, 0));
	printf("%ld %ld\n", (long)from, (long)to);
	show(g, 20, 10);
	E(copy_range(f, NULL, g, NULL, 0, 0));
	E(copy_range(f, &from, g, &to, 5, 1));
	E(copy_range(f, &from, f, &(loff_t){ 12 }, 10, 0));
	E(copy_range(p[0], NULL, g, NULL, 5, 0));
	from = 1000000;
	E(copy_range(f, &from, g, &to, 5, 0));
	close(p[0]);
	close(p[1]);
	pipe(p);
	E(write(p[1], "through pipes", 13));
	E(tee(p[0], q[1], 7, 0));
	E(read(q[0], b, 100));
	printf("%.7s\n", b);
	E(splice(p[0], NULL, q[1], NULL, 8, 0));
	E(read(q[0], b, 100));
	printf("%.8s\n", b);
	to = 5;
	E(splice(p[0], NULL, g, &to, 100, 0));
	show(g, 5, 5);
	E(splice(p[0], NULL, q[1], NULL, 5, SPLICE_F_NONBLOCK));
	from = 2;
	E(splice(f, &from, p[1], NULL, 4, 0));
	E(read(p[0], b, 100));
	printf("%.4s\n", b);
	E(splice(f, NULL, g, NULL, 5, 0));
	E(splice(p[0], &from, q[1], NULL, 5, 0));
	E(tee(f, p[1], 5, 0));
	E(tee(p[0], p[1], 5, 0));
	E(vmsplice(p[1], &(struct iovec){ "from memory", 11 }, 1, 0));
	E(read(p[0], b, 100));
	printf("%.11s\n", b);
	fill(f, 100);
	E(pwritev(g, v, 3, 0));
	show(g, 0, 8);
	memset(b, 0, sizeof b);
	E(preadv(f, v, 3, 1));
	printf("%s %s\n", b, b + 20);
	E(preadv(f, v, -1, 0));
	E(preadv(f, v, 2000, 0));
	E(preadv(f, v, 3, -1));
	v[1] = (struct iovec){ (void *)16, 5 };
	E(readv(f, v, 3));
	E(writev(g, v + 1, 1));
	v[1].iov_len = (size_t)-1;
	E(readv(f, v, 3));
	E(readv(f, v, 0));
	E(syscall(SYS_preadv2, f, v, 1, 5, 0, 0));
	E(syscall(SYS_preadv2, f, v, 1, 5, 0, 0x1000));
	close(q[1]);
	close(q[0]);
	return 0;
}
