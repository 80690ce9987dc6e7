/* SPDX-License-Identifier: MIT */
/*
 * Pages: the one cache of file contents, for read, write and mmap.
 *
 * Owns:       struct e2_page, its hash, its list of what can be reused, the lists of dirty pages.
 * Invariant:  a page with PAGE_DIRTY is on its inode's dirty list, and that on the list of such
 *             inodes; a page without pins is on the reuse list.
 * Rule:       blocks are given when something is written, never when it is written back, so that a
 *             full disk is known in time, and write-back needs no transaction.
 * Called by:  file.c, trunc.c, tx.c, and the server for mapped files.
 */
#include "fs.h"

static struct e2_page **page_chain(struct e2fs *fs, const struct e2_inode *in, u64 index)
{
	return &fs->page_hash[(in->ino * 0x9e3779b1u + (u32)index) & fs->page_mask];
}

struct e2_page *page_cached(struct e2fs *fs, const struct e2_inode *in, u64 index)
{
	struct e2_page *p = *page_chain(fs, in, index);

	while (p && (p->in != in || p->index != index))
		p = p->hash;
	return p;
}

static void page_pin(struct e2_page *p)
{
	if (p->pins++ == 0)
		link_remove(&p->lru);
}

void page_put(struct e2fs *fs, struct e2_page *p)
{
	if (--p->pins == 0)
		link_add(&fs->page_lru, &p->lru);
}

void page_clean(struct e2_page *p)
{
	if (!(p->flags & PAGE_DIRTY))
		return;
	p->flags &= ~(u32)(PAGE_DIRTY | PAGE_ORDERED);
	link_remove(&p->dirty);
	if (link_alone(&p->in->dirty))
		link_remove(&p->in->is_dirty);
}

void page_dirty(struct e2fs *fs, struct e2_page *p)
{
	if (p->flags & (PAGE_DIRTY | PAGE_DETACHED))
		return;
	p->flags |= PAGE_DIRTY;
	if (link_alone(&p->in->dirty))
		link_add(&fs->inode_dirty, &p->in->is_dirty);
	link_add(&p->in->dirty, &p->dirty);
}

/* Takes the page from its inode; what is pinned goes when it is put. */
static void page_detach(struct e2fs *fs, struct e2_page *p)
{
	struct e2_page **at = page_chain(fs, p->in, p->index);

	while (*at && *at != p)
		at = &(*at)->hash;
	if (*at)
		*at = p->hash;
	p->hash = NULL;
	link_remove(&p->of_inode);
	page_clean(p);
	p->flags = PAGE_DETACHED;
}

static void page_enter(struct e2fs *fs, struct e2_page *p, struct e2_inode *in, u64 index)
{
	struct e2_page **at = page_chain(fs, in, index);

	p->in = in;
	p->index = index;
	p->hash = *at;
	*at = p;
	p->flags = 0;
	memset(p->blk, 0, sizeof(p->blk));
	link_add(&in->pages, &p->of_inode);
}

/* The page that was not used for longest, nameless. If it is dirty, all of its file is written, since
 * one request for many pages costs little more than one for one. */
static struct e2_page *page_frame(struct e2fs *fs)
{
	struct e2_page *p;

	if (link_alone(&fs->page_lru))
		return NULL;
	p = OF_LINK(struct e2_page, lru, fs->page_lru.next);
	if (p->flags & PAGE_DIRTY)
		(void)page_write_inode(fs, p->in);
	if (p->flags & PAGE_VALID)
		page_detach(fs, p);
	page_pin(p);
	return p;
}

/* Where the blocks of the page lie. Beyond the end of the file there are none. */
static int page_map(struct e2fs *fs, struct e2_page *p)
{
	u64 first = p->index * fs->per_page;

	for (u32 i = 0; i < fs->per_page; i++) {
		int err;
		if ((first + i) << fs->bs_shift >= p->in->size)
			break;
		err = map_find(fs, p->in, first + i, &p->blk[i]);
		if (err < 0)
			return err;
	}
	return 0;
}

static void page_abandon(struct e2fs *fs, struct e2_page *p)
{
	page_detach(fs, p);
	page_put(fs, p);
}

/* A fresh page with its map; the contents are still to come. */
static int page_fresh(struct e2fs *fs, struct e2_inode *in, u64 index, struct e2_page **out)
{
	struct e2_page *p = page_frame(fs);
	int err;

	if (!p)
		return -E2_ENOMEM;
	page_enter(fs, p, in, index);
	p->flags = PAGE_VALID;
	err = page_map(fs, p);
	if (err < 0)
		page_abandon(fs, p);
	*out = p;
	return err;
}

static void zero_tail(struct e2_page *p)
{
	u64 start = p->index * E2_PAGE_SIZE;
	u64 size = p->in->size;

	if (size < start + E2_PAGE_SIZE) {
		u32 used = size > start ? (u32)(size - start) : 0;
		memset(p->data + used, 0, E2_PAGE_SIZE - used);
	}
}

/* Can `p` be read in one request with what ends before block `next`? */
static bool page_follows(const struct e2fs *fs, const struct e2_page *p, u32 next)
{
	for (u32 i = 0; i < fs->per_page; i++)
		if (p->blk[i] == 0 || p->blk[i] != next + i)
			return false;
	return true;
}

/* Reads ahead: the pages that follow on the disk, in one request through the staging area. `p` has
 * a full map. Returns how many pages were filled; 0 if there is nothing to gain. */
static u32 page_cluster(struct e2fs *fs, struct e2_page *p)
{
	struct e2_page *run[STAGE_PAGES] = { p };
	u32 n = 1;

	while (n < STAGE_PAGES && (p->index + n) * E2_PAGE_SIZE < p->in->size) {
		struct e2_page *q;
		if (page_cached(fs, p->in, p->index + n) ||
		    page_fresh(fs, p->in, p->index + n, &q) < 0)
			break;
		if (!page_follows(fs, q, p->blk[0] + n * fs->per_page)) {
			page_abandon(fs, q);
			break;
		}
		run[n++] = q;
	}
	if (n > 1 && dev_read(fs, p->blk[0], n * fs->per_page, fs->stage.mem) == 0) {
		for (u32 i = 0; i < n; i++) {
			memcpy(run[i]->data, fs->stage.mem + (size_t)i * E2_PAGE_SIZE,
			       E2_PAGE_SIZE);
			zero_tail(run[i]);
		}
		for (u32 i = 1; i < n; i++)
			page_put(fs, run[i]);
		return n;
	}
	for (u32 i = 1; i < n; i++)
		page_abandon(fs, run[i]);
	return 0;
}

/* One request for each run of blocks. */
static int page_load(struct e2fs *fs, struct e2_page *p)
{
	u32 i = 0;

	while (i < fs->per_page) {
		u8 *to = p->data + ((size_t)i << fs->bs_shift);
		u32 n = 1;
		if (p->blk[i] == 0) {
			memset(to, 0, fs->bs);
		} else {
			int err;
			while (i + n < fs->per_page && p->blk[i + n] == p->blk[i] + n)
				n++;
			err = dev_read(fs, p->blk[i], n, to);
			if (err < 0)
				return err;
		}
		i += n;
	}
	return 0;
}

static int page_fill(struct e2fs *fs, struct e2_page *p)
{
	bool is_next = p->index == p->in->ra_next;
	u32 n = 0;
	int err = 0;

	if (is_next && p->blk[0] && page_follows(fs, p, p->blk[0]))
		n = page_cluster(fs, p);
	if (n == 0) {
		err = page_load(fs, p);
		n = 1;
	}
	p->in->ra_next = p->index + n;
	if (is_next && n == STAGE_PAGES && fs->readahead)
		fs->readahead(fs->dev.ctx,
			      (u64)(p->blk[0] + n * fs->per_page) * (fs->bs / E2_SECTOR),
			      STAGE_BYTES / E2_SECTOR);
	return err;
}

int page_get(struct e2fs *fs, struct e2_inode *in, u64 index, struct e2_page **out)
{
	struct e2_page *p = page_cached(fs, in, index);
	int err;

	if (p) {
		page_pin(p);
		*out = p;
		return 0;
	}
	err = page_fresh(fs, in, index, &p);
	if (err < 0)
		return err;
	err = page_fill(fs, p);
	if (err < 0) {
		page_abandon(fs, p);
		return err;
	}
	zero_tail(p);
	*out = p;
	return 0;
}

/* If some blocks of the page exist and some do not, and there is no space for these, the rest must
 * still be right: then it is read. */
int page_get_blank(struct e2fs *fs, struct e2_inode *in, u64 index, struct e2_page **out)
{
	struct e2_page *p = page_cached(fs, in, index);
	u32 mapped = 0;
	int err;

	if (p)
		return page_get(fs, in, index, out);
	err = page_fresh(fs, in, index, &p);
	if (err < 0)
		return err;
	for (u32 i = 0; i < fs->per_page; i++)
		mapped += p->blk[i] != 0;
	if (mapped != 0 && mapped != fs->per_page)
		err = page_load(fs, p);
	else
		memset(p->data, 0, E2_PAGE_SIZE);
	if (err < 0)
		page_abandon(fs, p);
	*out = p;
	return err;
}

int page_back(struct e2fs *fs, struct e2_page *p, u32 from, u32 to)
{
	u64 first = p->index * fs->per_page;
	u32 end = (to + fs->bs - 1) >> fs->bs_shift;

	for (u32 i = from >> fs->bs_shift; i < end; i++) {
		bool is_new;
		int err;
		if (p->blk[i])
			continue;
		err = map_make(fs, p->in, first + i, &p->blk[i], &is_new);
		if (err < 0 && i << fs->bs_shift > from)
			return (int)(i << fs->bs_shift);
		if (err < 0)
			return err;
		page_dirty(fs, p);
		if (is_new)
			p->flags |= PAGE_ORDERED;
	}
	return (int)to;
}

/* What was staged last, `n` blocks of the file from byte `start` on: the disk gets zeros behind the end, while in the page
 * there may be what a writer has not told of yet. */
static void stage_clear(struct e2fs *fs, const struct e2_inode *in, u64 start, u32 n)
{
	u64 bytes = (u64)n * fs->bs, end = inode_end(in);
	u64 keep = end > start ? end - start : 0;

	if (keep < bytes)
		memset(fs->stage.mem + (size_t)fs->stage.count * fs->bs - (bytes - keep), 0,
		       (size_t)(bytes - keep));
}

/* Into the staging area; bytes beyond the end of the file become zero. */
int page_write(struct e2fs *fs, struct e2_page *p)
{
	u32 i = 0;
	int err = 0;

	zero_tail(p);
	while (i < fs->per_page) {
		u32 n = 1;
		if (p->blk[i]) {
			int e;
			while (i + n < fs->per_page && p->blk[i + n] == p->blk[i] + n)
				n++;
			e = stage_add(fs, p->blk[i], n, p->data + ((size_t)i << fs->bs_shift));
			stage_clear(fs, p->in, p->index * E2_PAGE_SIZE + ((u64)i << fs->bs_shift),
				    n);
			err = err ? err : e;
		}
		i += n;
	}
	page_clean(p);
	return err;
}

/* All dirty pages of a file, or those with new blocks, into the staging area. */
static int write_dirty(struct e2fs *fs, struct e2_inode *in, bool only_ordered, bool *was_ordered)
{
	struct link *l = in->dirty.next;
	int err = 0;

	while (l != &in->dirty) {
		struct e2_page *p = OF_LINK(struct e2_page, dirty, l);
		int e;
		l = l->next;
		if (only_ordered && !(p->flags & PAGE_ORDERED))
			continue;
		*was_ordered |= (p->flags & PAGE_ORDERED) != 0;
		e = page_write(fs, p);
		err = err ? err : e;
	}
	return err;
}

int page_write_inode(struct e2fs *fs, struct e2_inode *in)
{
	bool was_ordered = false;
	int err = write_dirty(fs, in, false, &was_ordered);
	int e = stage_end(fs);

	err = err ? err : e;
	if (err < 0 && was_ordered)
		return fs_fail(fs, "cannot write new data");
	if (err < 0)
		in->wb_error = err;
	return 0;
}

int page_write_all(struct e2fs *fs, bool only_ordered)
{
	struct link *l = fs->inode_dirty.next;
	bool was_ordered = false;
	int err = 0;
	int e;

	while (l != &fs->inode_dirty) {
		struct e2_inode *in = OF_LINK(struct e2_inode, is_dirty, l);
		l = l->next;
		e = write_dirty(fs, in, only_ordered, &was_ordered);
		err = err ? err : e;
	}
	e = stage_end(fs);
	err = err ? err : e;
	return err < 0 ? fs_fail(fs, "cannot write data") : 0;
}

void page_dirty_range(struct e2fs *fs, struct e2_inode *in, u64 from, u64 to)
{
	for (struct link *l = in->pages.next; l != &in->pages; l = l->next) {
		struct e2_page *p = OF_LINK(struct e2_page, of_inode, l);
		if ((p->index + 1) * E2_PAGE_SIZE > from && p->index * E2_PAGE_SIZE < to)
			page_dirty(fs, p);
	}
}

void page_drop(struct e2fs *fs, struct e2_inode *in, u64 index, u64 end)
{
	struct link *l = in->pages.next;

	while (l != &in->pages) {
		struct e2_page *p = OF_LINK(struct e2_page, of_inode, l);
		l = l->next;
		if (p->index >= index && p->index < end)
			page_detach(fs, p);
	}
}

/* ---- pages that the client of a server that died still has ---- */

int e2_page_keep(struct e2fs *fs, const void *data, struct e2_page **out)
{
	u64 at = (u64)((const u8 *)data - fs->page_mem);
	struct e2_page *p = &fs->page[at / E2_PAGE_SIZE];

	if ((const u8 *)data < fs->page_mem || at % E2_PAGE_SIZE ||
	    at / E2_PAGE_SIZE >= fs->pages || p->pins != 0)
		return -E2_ESTALE;
	if (p->flags & PAGE_VALID)
		page_detach(fs, p);
	p->flags = PAGE_DETACHED;
	p->in = NULL;
	page_pin(p);
	*out = p;
	return 0;
}

int page_bind(struct e2fs *fs, struct e2_page *p, struct e2_inode *in, u64 index)
{
	struct e2_page *other = page_cached(fs, in, index);

	if (p->in != NULL || !(p->flags & PAGE_DETACHED) || (other && other->pins != 0))
		return -E2_ESTALE;
	/* What changed it, a truncation done again, changed this one too. */
	bool is_dirty = other && (other->flags & PAGE_DIRTY);
	if (other)
		page_detach(fs, other);
	page_enter(fs, p, in, index);
	p->flags = PAGE_VALID;
	if (is_dirty)
		page_dirty(fs, p);
	int err = page_map(fs, p);
	if (err < 0) {
		page_detach(fs, p);
		p->in = NULL;
	}
	return err;
}
