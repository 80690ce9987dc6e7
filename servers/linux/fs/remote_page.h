/* SPDX-License-Identifier: MIT */
/*
 * Inodes and pages of a file system server, between remote.c and remote_page.c.
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
	u64 server_refs;
	bool attr_changed;   /* times or size are not told yet */
	struct list changed; /* while attr_changed, or pages are dirty */
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
