/* SPDX-License-Identifier: MIT */
/*
 * Buffers: the cache of metadata blocks, and the way to the device.
 *
 * Owns:       struct e2_buf, its hash and its list of what can be reused, oldest first.
 * Rule:       a buffer that the running transaction has changed, or that is pinned, is on no such
 *             list. One that is committed and not in its place is written when it is reused.
 * Called by:  everything that reads or changes metadata.
 * Never:      writes a change that is not committed.
 */
#include "fs.h"

int dev_read(struct e2fs *fs, u32 blk, u32 n, void *to)
{
	u32 per = fs->bs / E2_SECTOR;

	if (blk >= fs->blocks || n > fs->blocks - blk)
		return fs_fail(fs, "read beyond the end");
	if (fs->dev.read(fs->dev.ctx, (u64)blk * per, n * per, to) < 0) {
		fs->errors++;
		return -E2_EIO;
	}
	return 0;
}

int dev_write(struct e2fs *fs, u32 blk, u32 n, const void *from)
{
	u32 per = fs->bs / E2_SECTOR;

	if (fs->has_failed || !fs->dev.write)
		return -E2_EIO;
	if (blk >= fs->blocks || n > fs->blocks - blk)
		return fs_fail(fs, "write beyond the end");
	fs->tx.needs_flush = true;
	if (fs->dev.write(fs->dev.ctx, (u64)blk * per, n * per, from) < 0) {
		fs->errors++;
		return -E2_EIO;
	}
	return 0;
}

int dev_flush(struct e2fs *fs)
{
	if (fs->has_failed || !fs->dev.write)
		return -E2_EIO;
	if (fs->dev.flush(fs->dev.ctx) < 0) {
		fs->errors++;
		return -E2_EIO;
	}
	fs->tx.needs_flush = false;
	return 0;
}

/* ---- staging: blocks that follow each other go to the device in one request ---- */

int stage_end(struct e2fs *fs)
{
	u32 n = fs->stage.count;

	fs->stage.count = 0;
	return n == 0 ? 0 : dev_write(fs, fs->stage.blk, n, fs->stage.mem);
}

int stage_add(struct e2fs *fs, u32 blk, u32 n, const void *data)
{
	struct stage *s = &fs->stage;
	int err = 0;

	if (s->count != 0 && (blk != s->blk + s->count || (s->count + n) * fs->bs > STAGE_BYTES))
		err = stage_end(fs);
	if (s->count == 0)
		s->blk = blk;
	memcpy(s->mem + (size_t)s->count * fs->bs, data, (size_t)n * fs->bs);
	s->count += n;
	return err;
}

/* ---- the cache ---- */

static struct e2_buf **buf_chain(struct e2fs *fs, u32 blk)
{
	return &fs->buf_hash[(blk * 2654435761u) >> 7 & fs->buf_mask];
}

static struct e2_buf *buf_find(struct e2fs *fs, u32 blk)
{
	struct e2_buf *b = *buf_chain(fs, blk);

	while (b && b->blk != blk)
		b = b->hash;
	return b;
}

static void buf_unhash(struct e2fs *fs, struct e2_buf *b)
{
	struct e2_buf **at = buf_chain(fs, b->blk);

	while (*at && *at != b)
		at = &(*at)->hash;
	if (*at)
		*at = b->hash;
	b->hash = NULL;
	b->flags = 0;
}

static void buf_pin(struct e2_buf *b)
{
	if (b->pins++ == 0)
		link_remove(&b->lru);
}

void buf_put(struct e2fs *fs, struct e2_buf *b)
{
	if (--b->pins == 0 && !(b->flags & BUF_TX))
		link_add(&fs->buf_lru, &b->lru);
}

/* Only for what is committed, or is written outside of transactions: superblock at mount. */
int buf_write_now(struct e2fs *fs, struct e2_buf *b)
{
	int err = dev_write(fs, b->blk, 1, b->data);

	if (err < 0)
		return fs_fail(fs, "cannot write metadata");
	if (b->flags & BUF_OLD) {
		b->flags = (u8)(b->flags & ~BUF_OLD);
		link_remove(&b->list);
		fs->j.olds--;
	}
	return 0;
}

/* The oldest buffer that can be used anew, with no name and one pin. */
static int buf_take(struct e2fs *fs, struct e2_buf **out)
{
	struct link *l = fs->buf_lru.next;
	struct e2_buf *b;

	/* After a failure the only good copy of such a block is this one, and the log. */
	while (fs->has_failed && l != &fs->buf_lru &&
	       OF_LINK(struct e2_buf, lru, l)->flags & BUF_OLD)
		l = l->next;
	if (l == &fs->buf_lru)
		return -E2_ENOMEM;
	b = OF_LINK(struct e2_buf, lru, l);
	if (b->flags & BUF_OLD) {
		int err = buf_write_now(fs, b);
		if (err < 0)
			return err;
	}
	if (b->flags & BUF_VALID)
		buf_unhash(fs, b);
	b->pins = 0;
	buf_pin(b);
	*out = b;
	return 0;
}

static void buf_enter(struct e2fs *fs, struct e2_buf *b, u32 blk)
{
	struct e2_buf **at = buf_chain(fs, blk);

	b->blk = blk;
	b->hash = *at;
	*at = b;
	b->flags = BUF_VALID;
	b->class = CLASS_COUNT;
}

int buf_get(struct e2fs *fs, u32 blk, struct e2_buf **out)
{
	struct e2_buf *b = buf_find(fs, blk);
	int err;

	if (b) {
		buf_pin(b);
		*out = b;
		return 0;
	}
	err = buf_take(fs, &b);
	if (err < 0)
		return err;
	err = dev_read(fs, blk, 1, b->data);
	if (err < 0) {
		buf_put(fs, b);
		return err;
	}
	buf_enter(fs, b, blk);
	*out = b;
	return 0;
}

int buf_new(struct e2fs *fs, u32 blk, struct e2_buf **out)
{
	struct e2_buf *b = buf_find(fs, blk);

	if (b) {
		buf_pin(b);
	} else {
		int err = buf_take(fs, &b);
		if (err < 0)
			return err;
		buf_enter(fs, b, blk);
	}
	memset(b->data, 0, fs->bs);
	*out = b;
	return 0;
}

/* The block is free: what the cache knows of it must neither be written nor be found again. */
void buf_forget(struct e2fs *fs, u32 blk)
{
	struct e2_buf *b = buf_find(fs, blk);

	if (!b)
		return;
	if (b->pins > 0) {
		(void)fs_fail(fs, "a block that is freed is still in use");
		return;
	}
	if (b->flags & BUF_TX) {
		fs->tx.count--;
		link_add(&fs->buf_lru, &b->lru);
	} else if (b->flags & BUF_OLD) {
		fs->j.olds--;
	}
	link_remove(&b->list);
	buf_unhash(fs, b);
}

/* ---- sorting: bin i holds a sorted chain of 2^i buffers, linked by `next` only ---- */

static bool comes_first(const struct link *a, const struct link *b)
{
	return OF_LINK(const struct e2_buf, list, a)->blk <=
	       OF_LINK(const struct e2_buf, list, b)->blk;
}

static struct link *merge(struct link *a, struct link *b)
{
	struct link head = { NULL, NULL };
	struct link *end = &head;

	while (a && b) {
		struct link **from = comes_first(a, b) ? &a : &b;
		end->next = *from;
		end = *from;
		*from = end->next;
	}
	end->next = a ? a : b;
	return head.next;
}

void buf_sort(struct link *list)
{
	struct link *bin[32] = { NULL };
	struct link *l = list->next;
	struct link *all = NULL;

	while (l != list) {
		struct link *next = l->next;
		u32 i = 0;
		l->next = NULL;
		for (; bin[i]; i++) {
			l = merge(bin[i], l);
			bin[i] = NULL;
		}
		bin[i] = l;
		l = next;
	}
	for (u32 i = 0; i < 32; i++)
		all = merge(bin[i], all);
	link_init(list);
	while (all) {
		struct link *next = all->next;
		link_add(list, all);
		all = next;
	}
}
