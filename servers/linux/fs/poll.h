/* SPDX-License-Identifier: MIT */
/*
 * How files' poll functions enter those who wait.
 */
#pragma once
#include "fs.h"

struct poll_table {
	/* A waiter for one more queue; NULL: none is wanted. */
	struct waiter *(*next)(struct poll_table *pt);
};

enum { POLL_ALWAYS = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM };

static inline u32 file_poll(struct file *f, struct poll_table *pt)
{
	return f->ops->poll ? f->ops->poll(f, pt) : (u32)POLL_ALWAYS;
}

/* A struct timespec as deadline; addr 0: none. */
s64 deadline_get(struct task *t, u64 addr, u64 *deadline);
