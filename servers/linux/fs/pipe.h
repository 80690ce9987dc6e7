/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of bytes in pages.
 */
#pragma once
#include "fs.h"

enum { PIPE_ATOMIC = 4096, PIPE_PAGES = 16, PIPE_PAGES_MAX = 256 };

struct pipe {
	u64 head, tail; /* bytes ever read and written, less what was cut off when it was empty */
	u32 pages;      /* its room; a power of two */
	u32 readers, writers;
	u32 reader_count, writer_count; /* how many there ever were */
	u32 opens;                      /* opens of a FIFO that wait */
	struct waitq read_wait, write_wait;
	struct inode *inode; /* whose lock is this pipe's */
	page_t *page;
};

static inline u64 pipe_used(const struct pipe *p)
{
	return p->tail - p->head;
}

static inline u64 pipe_room(const struct pipe *p)
{
	return p->pages * PAGE - pipe_used(p);
}

/* With the lock: the bytes that come next, *n of them in one piece; and that they were taken. */
const void *pipe_data(struct pipe *p, u64 *n);
void pipe_taken(struct pipe *p, u64 n);
/* With the lock: sleep until there is something to read, or nobody writes: 1, 0, or an error. */
s64 pipe_wait_data(struct pipe *p, bool wait);
extern const struct file_ops pipe_ops;
