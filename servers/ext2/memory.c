/* SPDX-License-Identifier: MIT */
/*
 * The memory area: how much of it is for what, and the empty state of all caches.
 *
 * Owns:       the layout; after memory_carve() nothing is ever allocated.
 * Rule:       pages come last and begin at a multiple of 4096, so that they can be mapped.
 * Called by:  e2_mount(), and again after a journal has been replayed.
 * Never:      touches the device.
 */
#include "fs.h"

enum {
	BUFS_MIN = 256,
	PAGES_MIN = 64,
	INODES_MIN = 64,
	INODES_MAX = 65536,
	ALIGN = 64,
};

struct area {
	u8 *at;
	u8 *end;
	bool is_short;
};

static void *take(struct area *a, size_t n, size_t align)
{
	size_t pad = (align - (uintptr_t)a->at % align) % align;
	size_t left = (size_t)(a->end - a->at);
	u8 *got = a->at;

	if (a->is_short || pad > left || n > left - pad) {
		a->is_short = true;
		return NULL;
	}
	got += pad;
	a->at = got + n;
	return got;
}

static u32 power_above(u32 n)
{
	u32 p = 64;

	while (p < n && p < 1u << 30)
		p *= 2;
	return p;
}

static u32 between(u64 n, u32 low, u32 high)
{
	if (n < low)
		return low;
	return n > high ? high : (u32)n;
}

const char *memory_carve(struct e2fs *fs, u8 *mem, size_t size, const struct e2_opts *o)
{
	struct area a = { mem, mem + size, false };
	u8 *buf_mem;
	size_t left;

	fs->inode_max = o->inodes ? o->inodes : between(size / 32768, INODES_MIN, INODES_MAX);
	fs->bufs = o->buffers ? o->buffers : between(size / 8 / fs->bs, BUFS_MIN, 1u << 20);
	fs->inode_mask = power_above(fs->inode_max) - 1;
	fs->buf_mask = power_above(fs->bufs) - 1;
	fs->group = take(&a, sizeof(struct e2_group) * (size_t)fs->groups, ALIGN);
	fs->inode = take(&a, sizeof(struct e2_inode) * (size_t)fs->inode_max, ALIGN);
	fs->inode_hash = take(&a, sizeof(void *) * ((size_t)fs->inode_mask + 1), ALIGN);
	fs->buf = take(&a, sizeof(struct e2_buf) * (size_t)fs->bufs, ALIGN);
	fs->buf_hash = take(&a, sizeof(void *) * ((size_t)fs->buf_mask + 1), ALIGN);
	buf_mem = take(&a, (size_t)fs->bs * fs->bufs, E2_PAGE_SIZE);
	fs->stage.mem = take(&a, STAGE_BYTES, E2_PAGE_SIZE);
	fs->j.desc = take(&a, fs->bs, ALIGN);
	fs->j.copy = take(&a, fs->bs, ALIGN);
	if (a.is_short || fs->bufs < BUFS_MIN || fs->inode_max < INODES_MIN / 4)
		return "too little memory";
	left = (size_t)(a.end - a.at);
	fs->pages = between(left / (E2_PAGE_SIZE + sizeof(struct e2_page) + 2 * sizeof(void *)), 0,
			    1u << 24);
	fs->page_mask = power_above(fs->pages / 2) - 1;
	fs->page = take(&a, sizeof(struct e2_page) * (size_t)fs->pages, ALIGN);
	fs->page_hash = take(&a, sizeof(void *) * ((size_t)fs->page_mask + 1), ALIGN);
	fs->page_mem = take(&a, 0, E2_PAGE_SIZE);
	if (a.is_short)
		return "too little memory";
	left = (size_t)(a.end - a.at) / E2_PAGE_SIZE;
	fs->pages = left < fs->pages ? (u32)left : fs->pages;
	if (fs->pages < PAGES_MIN)
		return "too little memory";
	for (u32 i = 0; i < fs->bufs; i++)
		fs->buf[i].data = buf_mem + (size_t)i * fs->bs;
	return NULL;
}

void memory_reset(struct e2fs *fs)
{
	link_init(&fs->buf_lru);
	link_init(&fs->page_lru);
	link_init(&fs->inode_dirty);
	link_init(&fs->inode_lru);
	link_init(&fs->orphans);
	link_init(&fs->tx.bufs);
	link_init(&fs->j.old);
	memset(fs->buf_hash, 0, sizeof(void *) * ((size_t)fs->buf_mask + 1));
	memset(fs->page_hash, 0, sizeof(void *) * ((size_t)fs->page_mask + 1));
	memset(fs->inode_hash, 0, sizeof(void *) * ((size_t)fs->inode_mask + 1));
	for (u32 i = 0; i < fs->bufs; i++) {
		u8 *data = fs->buf[i].data;
		fs->buf[i] = (struct e2_buf){ .data = data };
		link_init(&fs->buf[i].list);
		link_init(&fs->buf[i].lru);
		link_add(&fs->buf_lru, &fs->buf[i].lru);
	}
	for (u32 i = 0; i < fs->pages; i++) {
		struct e2_page *p = &fs->page[i];
		*p = (struct e2_page){ .data = fs->page_mem + (size_t)i * E2_PAGE_SIZE };
		link_init(&p->lru);
		link_init(&p->dirty);
		link_init(&p->of_inode);
		link_add(&fs->page_lru, &p->lru);
	}
	for (u32 i = 0; i < fs->inode_max; i++) {
		struct e2_inode *in = &fs->inode[i];
		memset(in, 0, sizeof(*in));
		link_init(&in->lru);
		link_init(&in->pages);
		link_init(&in->dirty);
		link_init(&in->is_dirty);
		link_init(&in->orphan);
		link_add(&fs->inode_lru, &in->lru);
	}
	fs->refs = 0;
	fs->stage.count = 0;
	fs->j.olds = 0;
	fs->tx.count = 0;
	fs->tx.pends = 0;
	fs->tx.revokes = 0;
	fs->tx.reserved = 0;
}
