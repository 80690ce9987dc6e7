/* SPDX-License-Identifier: MIT */
/*
 * The journal in use: commit and checkpoint.
 *
 * Commit:     revoke blocks, descriptors with the changed blocks, flush, commit block, flush. What
 *             the log then holds is written to its place later, by a checkpoint or on reuse.
 * Checkpoint: directly after a commit, when nothing is half-done: everything to its place, flush,
 *             the log's start moves to its head, flush.
 * Invariant:  after a commit, the free part of the log holds the largest transaction.
 * Called by:  tx.c, mount, unmount.
 */
#include "fs.h"

static u32 log_size(const struct e2fs *fs)
{
	return fs->j.maxlen - fs->j.first;
}

/* Blocks of the log that a transaction of n blocks may need. */
static u32 log_need(const struct e2fs *fs, u32 n)
{
	u32 tags = (fs->bs - 12 - 16 - 4) / journal_tag_bytes(fs);
	u32 per = (fs->bs - 16 - 4) / 8;

	return n + n / tags + 1 + REVOKE_MAX / per + 1 + 1;
}

static void head_init(struct e2fs *fs, void *block, u32 type)
{
	struct j_header *h = block;

	memset(block, 0, fs->bs);
	h->magic = be32(J_MAGIC);
	h->type = be32(type);
	h->seq = be32(fs->tx.seq);
}

static int log_put(struct e2fs *fs, const u8 *block)
{
	u32 at = fs->j.head;

	if (fs->j.used + 1 >= log_size(fs))
		return fs_fail(fs, "the journal is too small");
	fs->j.head = journal_next(fs, at);
	fs->j.used++;
	return stage_add(fs, journal_block(fs, at), 1, block);
}

/* Descriptor and revoke blocks have their checksum in the last word. */
static int log_put_sealed(struct e2fs *fs, u8 *block)
{
	if (journal_has_csum(fs)) {
		u32 csum = be32(journal_block_csum(fs, block));
		memcpy(block + fs->bs - sizeof(csum), &csum, sizeof(csum));
	}
	return log_put(fs, block);
}

static int write_revokes(struct e2fs *fs)
{
	u32 size = fs->j.incompat & J_INCOMPAT_64BIT ? 8 : 4;
	u32 i = 0;

	while (i < fs->tx.revokes) {
		struct j_revoke *r = (void *)fs->j.desc;
		u32 at = sizeof(*r);
		int err;
		head_init(fs, r, J_REVOKE);
		while (i < fs->tx.revokes && at + size + journal_tail(fs) <= fs->bs) {
			u32 blk = be32(fs->tx.revoke[i++]);
			memcpy(fs->j.desc + at + size - 4, &blk, sizeof(blk));
			at += size;
		}
		r->count = be32(at);
		err = log_put_sealed(fs, fs->j.desc);
		if (err < 0)
			return err;
	}
	return 0;
}

/* A block that begins like one of the journal's own is logged with a zero there. */
static const u8 *to_log(struct e2fs *fs, const struct e2_buf *b, bool *is_escaped)
{
	const u32 magic = be32(J_MAGIC);

	*is_escaped = memcmp(b->data, &magic, sizeof(magic)) == 0;
	if (!*is_escaped)
		return b->data;
	memcpy(fs->j.copy, b->data, fs->bs);
	memset(fs->j.copy, 0, sizeof(magic));
	return fs->j.copy;
}

static void put16(u8 *at, u32 x)
{
	at[0] = (u8)(x >> 8);
	at[1] = (u8)x;
}

static void put32(u8 *at, u32 x)
{
	put16(at, x >> 16);
	put16(at + 2, x & 0xffff);
}

/* Returns the bytes used. The first tag of a block is followed by the journal's name. */
static u32 put_tag(struct e2fs *fs, u8 *at, const struct e2_buf *b, bool is_first, bool is_last)
{
	bool is_escaped;
	const u8 *data = to_log(fs, b, &is_escaped);
	u32 csum = journal_has_csum(fs) ? journal_tag_csum(fs, fs->tx.seq, data) : 0;
	u32 flags = (is_escaped ? TAG_ESCAPE : 0u) | (is_first ? 0u : TAG_SAME_UUID) |
		    (is_last ? TAG_LAST : 0u);
	u32 n = journal_tag_bytes(fs);

	put32(at, b->blk);
	if (fs->j.incompat & J_INCOMPAT_CSUM3) {
		put32(at + 4, flags);
		put32(at + 12, csum);
	} else {
		if (fs->j.incompat & J_INCOMPAT_CSUM2)
			put16(at + 4, csum & 0xffff);
		put16(at + 6, flags);
	}
	if (is_first)
		memcpy(at + n, fs->j.super.uuid, 16);
	return is_first ? n + 16 : n;
}

/* One descriptor and its blocks; returns where the list goes on. */
static int write_group(struct e2fs *fs, struct link **at)
{
	u32 end = fs->bs - journal_tail(fs);
	u32 used = sizeof(struct j_header);
	struct link *first = *at;
	struct link *l = first;
	int err;

	head_init(fs, fs->j.desc, J_DESCRIPTOR);
	while (l != &fs->tx.bufs && used + journal_tag_bytes(fs) + 16 <= end) {
		const struct e2_buf *b = OF_LINK(struct e2_buf, list, l);
		bool is_last;
		l = l->next;
		is_last = l == &fs->tx.bufs || used + 2 * (journal_tag_bytes(fs) + 16) > end;
		used += put_tag(fs, fs->j.desc + used, b, l->prev == first, is_last);
		if (is_last)
			break;
	}
	*at = l;
	err = log_put_sealed(fs, fs->j.desc);
	for (l = first; l != *at && !err; l = l->next) {
		bool is_escaped;
		err = log_put(fs, to_log(fs, OF_LINK(struct e2_buf, list, l), &is_escaped));
	}
	return err;
}

static int write_commit(struct e2fs *fs)
{
	struct j_commit *c = (void *)fs->j.desc;
	int err;

	head_init(fs, c, J_COMMIT);
	c->sec = __builtin_bswap64((u64)fs->now.sec);
	c->nsec = be32(fs->now.nsec);
	if (journal_has_csum(fs))
		c->chksum[0] = be32(journal_block_csum(fs, fs->j.desc));
	err = log_put(fs, fs->j.desc);
	if (!err)
		err = stage_end(fs);
	return err ? err : dev_flush(fs);
}

static void settle(struct e2fs *fs)
{
	while (!link_alone(&fs->tx.bufs)) {
		struct e2_buf *b = OF_LINK(struct e2_buf, list, fs->tx.bufs.next);
		link_remove(&b->list);
		link_add(&fs->j.old, &b->list);
		fs->j.olds++;
		b->flags = (u8)((b->flags & ~BUF_TX) | BUF_OLD);
		if (b->pins == 0)
			link_add(&fs->buf_lru, &b->lru);
	}
}

static int checkpoint(struct e2fs *fs, u32 next_seq)
{
	int err = 0;

	buf_sort(&fs->j.old);
	while (!link_alone(&fs->j.old) && !err) {
		struct e2_buf *b = OF_LINK(struct e2_buf, list, fs->j.old.next);
		link_remove(&b->list);
		b->flags = (u8)(b->flags & ~BUF_OLD);
		fs->j.olds--;
		err = stage_add(fs, b->blk, 1, b->data);
	}
	if (!err)
		err = stage_end(fs);
	if (!err)
		err = dev_flush(fs);
	if (err < 0)
		return err;
	fs->j.super.start = be32(fs->j.head);
	fs->j.super.seq = be32(next_seq);
	fs->j.used = 0;
	err = journal_write_super(fs);
	return err ? err : dev_flush(fs);
}

int journal_commit(struct e2fs *fs)
{
	struct link *at = fs->tx.bufs.next;
	int err = write_revokes(fs);

	while (!err && at != &fs->tx.bufs)
		err = write_group(fs, &at);
	if (!err)
		err = stage_end(fs);
	if (!err)
		err = dev_flush(fs);
	if (!err)
		err = write_commit(fs);
	if (err < 0)
		return err;
	settle(fs);
	if (log_size(fs) - fs->j.used <= log_need(fs, fs->tx.max) || fs->j.olds > fs->bufs / 2)
		return checkpoint(fs, fs->tx.seq + 1);
	return 0;
}

/* The log is empty: replayed, or never used since. */
int journal_start(struct e2fs *fs)
{
	u32 most = log_size(fs) / 4;
	int err;

	fs->j.incompat |= J_INCOMPAT_REVOKE;
	fs->j.super.incompat = be32(fs->j.incompat);
	fs->tx.seq = be32(fs->j.super.seq) + 1;
	fs->tx.max = fs->bufs / 2 < most ? fs->bufs / 2 : most;
	fs->j.head = fs->j.first;
	fs->j.used = 0;
	fs->j.super.start = be32(fs->j.head);
	fs->j.super.seq = be32(fs->tx.seq);
	err = journal_write_super(fs);
	if (!err)
		err = dev_flush(fs);
	fs->j.is_on = !err;
	return err;
}

int journal_stop(struct e2fs *fs)
{
	int err = checkpoint(fs, fs->tx.seq);

	if (err < 0)
		return err;
	fs->j.super.start = 0;
	err = journal_write_super(fs);
	return err ? err : dev_flush(fs);
}
