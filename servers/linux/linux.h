/* SPDX-License-Identifier: MIT */
/*
 * The Linux personality: what all its files share.
 *
 * One thread runs the server; each Linux thread is a foreign thread of the
 * kernel, without any capability, whose system calls and faults arrive as
 * messages.  Code that must wait does so on a fiber (core/fiber.h), so nothing
 * here needs a lock; but any call that can sleep lets others change what they
 * may change: look again after sleeping.
 *
 * Results are 0 or more, or a negative Linux error number.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tessera/sys.h"

typedef int64_t s64;
typedef int32_t s32;

#define PAGE 4096ull
#define PAGE_SHIFT 12

/* Linux's error numbers (include/uapi/asm-generic/errno*.h). */
enum {
	EPERM = 1,
	ENOENT = 2,
	ESRCH = 3,
	EINTR = 4,
	EIO = 5,
	ENXIO = 6,
	E2BIG = 7,
	ENOEXEC = 8,
	EBADF = 9,
	ECHILD = 10,
	EAGAIN = 11,
	ENOMEM = 12,
	EACCES = 13,
	EFAULT = 14,
	EBUSY = 16,
	EEXIST = 17,
	EXDEV = 18,
	ENODEV = 19,
	ENOTDIR = 20,
	EISDIR = 21,
	EINVAL = 22,
	ENFILE = 23,
	EMFILE = 24,
	ENOTTY = 25,
	ETXTBSY = 26,
	EFBIG = 27,
	ENOSPC = 28,
	ESPIPE = 29,
	EROFS = 30,
	EMLINK = 31,
	EPIPE = 32,
	EDOM = 33,
	ERANGE = 34,
	EDEADLK = 35,
	ENAMETOOLONG = 36,
	ENOLCK = 37,
	ENOSYS = 38,
	ENOTEMPTY = 39,
	ELOOP = 40,
	ENODATA = 61,
	EOVERFLOW = 75,
	EILSEQ = 84,
	ENOTSOCK = 88,
	EDESTADDRREQ = 89,
	EMSGSIZE = 90,
	EPROTOTYPE = 91,
	ENOPROTOOPT = 92,
	EPROTONOSUPPORT = 93,
	ESOCKTNOSUPPORT = 94,
	EOPNOTSUPP = 95,
	EAFNOSUPPORT = 97,
	EADDRINUSE = 98,
	EADDRNOTAVAIL = 99,
	ENETUNREACH = 101,
	ECONNABORTED = 103,
	ECONNRESET = 104,
	ENOBUFS = 105,
	EISCONN = 106,
	ENOTCONN = 107,
	ETIMEDOUT = 110,
	ECONNREFUSED = 111,
	EALREADY = 114,
	EINPROGRESS = 115,
	ESTALE = 116,
	/* Inside the server: the call is made again after a signal (SA_RESTART), or ended by EINTR. */
	ERESTART = 512,
	ERESTART_NOHAND = 514,
	ERESTART_BLOCK = 516,
};

/* --- lists ------------------------------------------------------------------- */

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* At the end of the list `head`. */
static inline void list_add(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

/* Afterwards it is alone: removing it again does nothing. */
static inline void list_del(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define list_for(pos, head) for (struct list *pos = (head)->next; pos != (head); pos = pos->next)
/* The same, when the body may remove `pos`. */
#define list_for_safe(pos, head)                                                                   \
	for (struct list *pos = (head)->next, *pos##_n = pos->next; pos != (head);                 \
	     pos = pos##_n, pos##_n = pos->next)

/* --- memory of the server (mm/alloc.c) --------------------------------------------- */

/* Cleared memory of any size up to 1 MiB, aligned to 16; NULL: there is no more. */
void *kalloc(size_t bytes);
void kfree(void *p);

/* --- messages to whoever runs the system ---------------------------------------------- */

/* A line about the system itself, on the debug console. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct task;
struct process;
struct mm;
struct file;
struct inode;
struct path;
struct lx_statfs;
