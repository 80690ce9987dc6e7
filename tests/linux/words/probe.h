/* SPDX-License-Identifier: MIT */
/*
 * One try of one word: each function makes a call that would be answered well, with the word
 * in its place, and returns the result, errors negative.  Each runs in a process and an empty
 * directory of its own, with a file "file", a directory "dir" and a link "link" to the file.
 */
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef uint64_t u64;

struct site {
	const char *call, *set;
	long (*try)(u64 v);
};
#define SITE(call, set) { #call, #set, call##_##set }
extern const struct site file_sites[], descriptor_sites[], memory_sites[], process_sites[], time_sites[], socket_sites[];

/* Numbers of calls that headers are too old for. */
enum { N_FUTEX_WAITV = 449, N_FCHMODAT2 = 452, N_FUTEX_WAKE = 454, N_FUTEX_WAIT = 455,
       N_SETXATTRAT = 463, N_GETXATTRAT = 464, N_LISTXATTRAT = 465, N_REMOVEXATTRAT = 466 };

static inline long result(long r)
{
	return r == -1 ? -errno : r;
}

#define CALL(nr, ...) CALL_(nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(nr, a, b, c, d, e, f, ...) result(syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))

/* The file, for reading and writing. */
static inline int a_file(void)
{
	return open("file", O_RDWR);
}

/* A pipe with a byte in it. */
static inline void a_pipe(int p[2])
{
	if (pipe(p) == 0 && write(p[1], "x", 1) != 1)
		_exit(1);
}
