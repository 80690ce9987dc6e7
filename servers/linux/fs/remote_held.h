/* SPDX-License-Identifier: MIT */
/*
 * What is known of each page of the file system server's cache, between remote_page.c, remote_tell.c and
 * remote_restore.c.
 */
#pragma once
#include "remote_page.h"

#define HELD_DIRTY (1u << 31)
#define HELD_NONE UINT32_MAX

struct held {
	struct remote_node *node; /* whose table has it; NULL: none */
	u32 index;
	u32 next;      /* in the list of what is to be given back */
	u32 unsettled; /* the epoch in which it was changed last, if the disk may have an older state */
	u16 give_back; /* so many times */
	bool dirty, used;
	bool writable; /* it has its blocks */
};

struct remote_pool {
	page_t first;
	u64 count;
	u32 dropping; /* the first that is to be given back */
};
extern struct remote_pool remote_pool;
extern struct waitq remote_told; /* something was told */

struct held *held_at(u64 number);
static inline struct held *held_of(page_t p)
{
	return held_at(p - remote_pool.first);
}

/* A page of this inode: changed in this epoch, or (0) on the disk. */
void held_set_unsettled(struct remote_node *n, struct held *h, u32 epoch);
/* The inode has something to tell. */
void remote_note_change(struct remote_node *n);
/* It is given back when no program uses it either. */
void remote_page_forget(struct remote_node *n, u64 index);

void remote_tell_start(void);
/* False: no memory. */
bool remote_restore_start(u64 pages);
