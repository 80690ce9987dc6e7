/* SPDX-License-Identifier: MIT */
/*
 * Inodes and pages of a file system server, between the files remote*.c.
 */
#pragma once
#include "radix.h"
#include "remote_link.h"

struct remote_node {
	struct inode i;
	struct remote_node *next; /* of the hash chain */
	struct radix pages;       /* those in memory: one reference each */
	u64 pages_held;
	u64 known_size; /* as the server has it; i.size is the truth */
	u64 reserved;   /* up to here the server gives pages for writing: known_size, or more */
	u64 server_refs;
	bool cutting;        /* what is reserved is given back just now: writers wait */
	bool attr_changed;   /* times or size are not told yet */
	struct list changed; /* while attr_changed, or pages are dirty */
	struct list resting; /* nobody refers to it, and not all of it is on the disk */
	u64 unsettled;       /* pages of which the disk may have an older state */
	u32 life;            /* of the server in which it was told of the inode */
	bool failed;         /* the server did not find it again */
};

static inline struct remote_node *remote_of(struct inode *i)
{
	return container_of(i, struct remote_node, i);
}

/* False: no memory. */
bool remote_pages_start(const struct comp_area *cache, frames_h frames);
s64 remote_page(struct inode *i, u64 index, bool for_write, page_t *out);
page_t remote_cached(struct inode *i, u64 index);
void remote_dirty(struct inode *i, u64 index, page_t p);
/* No page from `index` on is held any more. */
void remote_pages_drop(struct remote_node *n, u64 index);
/* Tell the server which pages were changed, and, in time, those that are not held any more. */
void remote_tell_pages(void);
void remote_tell_attr(struct remote_node *n);
/* Everything that changed is told. */
void remote_tell_all(void);
/* All is told and written.  Pages of which the disk has the last state are settled from then on: only these are given back. */
s64 remote_sync_all(void);
s64 remote_sync_node(struct remote_node *n, bool data_only);
/* Pages that are not settled, of all files. */
u64 remote_unsettled(void);

void remote_tell_time(void);
void remote_set_read_only(void);

/* --- inodes (remote_node.c) --------------------------------------------------------------------- */

struct remote_node *remote_find(u64 ino);
/* The inode that this answer gives one reference to, if the server that answered still lives. */
s64 remote_enter(struct super *sb, const struct fs_call *c, struct inode **out);
/* Nobody here refers to it any more. */
void remote_release(struct inode *i);
/* Some of those wait until their pages are on the disk.  Those whose are by now go. */
bool remote_rests(void);
void remote_forget_settled(void);
/* Each inode, until f answers an error. */
s64 remote_each(s64 (*f)(struct remote_node *n));
/* Its operations, by its type (remote.c). */
void remote_set_ops(struct inode *i);
