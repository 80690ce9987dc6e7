/* SPDX-License-Identifier: MIT */
/*
 * Transactions: many operations gathered into one commit.
 *
 * Owns:       struct tx: changed buffers, blocks and inodes to be freed, blocks to be revoked.
 * Journal:    new data, then the log (journal.c). What is freed is marked free in the same commit.
 * Without:    in the order of enum buf_class, with a flush between, so that `e2fsck -p` mends what
 *             a cut leaves. A block that would have to be written twice is committed first.
 * Rule:       what is freed is not used again before the commit that frees it.
 * Called by:  every operation that changes something.
 */
#include "fs.h"

enum { STEP_CREDITS = 12 };

int tx_begin(struct e2fs *fs)
{
	struct tx *tx = &fs->tx;

	if (fs->is_readonly)
		return -E2_EROFS;
	tx->is_touched = false;
	if (tx->count + tx->reserved + OP_CREDITS <= tx->max && tx->pends + PEND_OP <= PEND_MAX &&
	    tx->revokes + REVOKE_OP <= REVOKE_MAX)
		return 0;
	return tx_commit(fs);
}

bool tx_has_room(const struct e2fs *fs)
{
	const struct tx *tx = &fs->tx;

	return tx->count + tx->reserved + STEP_CREDITS <= tx->max &&
	       tx->pends + PEND_OP / 2 <= PEND_MAX && tx->revokes + REVOKE_OP / 2 <= REVOKE_MAX;
}

/* An operation that stopped in the middle of its changes must not be committed. The other errors
 * are of checks, or have been undone. */
int tx_end(struct e2fs *fs, int err)
{
	if (fs->tx.is_touched && (err == -E2_EIO || err == -E2_ENOMEM || err == -E2_ESTALE))
		(void)fs_fail(fs, "an operation failed half-way");
	fs->tx.is_touched = false;
	return err;
}

void tx_dirty(struct e2fs *fs, struct e2_buf *b, enum buf_class class)
{
	fs->tx.is_touched = true;
	if (b->flags & BUF_TX)
		return;
	if (b->flags & BUF_OLD) {
		b->flags = (u8)(b->flags & ~BUF_OLD);
		fs->j.olds--;
	}
	link_remove(&b->list);
	link_add(&fs->tx.bufs, &b->list);
	link_remove(&b->lru);
	b->flags |= BUF_TX;
	b->class = (u8) class;
	fs->tx.count++;
}

/* Puts credits aside for the bitmaps and the descriptor that the commit will change. */
static void reserve(struct e2fs *fs, u32 g)
{
	if (fs->group[g].pend_seq == fs->tx.seq)
		return;
	fs->group[g].pend_seq = fs->tx.seq;
	fs->tx.reserved += 3;
}

/* is_inode: 0 block, 1 inode, 2 inode of a directory. */
void tx_free_later(struct e2fs *fs, u32 first, u32 is_inode)
{
	struct tx *tx = &fs->tx;
	struct pend *last = tx->pends ? &tx->pend[tx->pends - 1] : NULL;
	u32 g = is_inode ? (first - 1) / fs->ipg : group_of_block(fs, first);

	tx->is_touched = true;
	reserve(fs, g);
	if (last && !is_inode && !last->is_inode && last->first + last->count == first &&
	    group_of_block(fs, last->first) == g) {
		last->count++;
		return;
	}
	if (tx->pends == PEND_MAX) {
		(void)fs_fail(fs, "too much is freed at once");
		return;
	}
	tx->pend[tx->pends++] = (struct pend){ first, 1, is_inode };
}

void tx_revoke(struct e2fs *fs, u32 blk)
{
	if (!fs->j.is_on)
		return;
	if (fs->tx.revokes == REVOKE_MAX)
		(void)fs_fail(fs, "too much is revoked at once");
	else
		fs->tx.revoke[fs->tx.revokes++] = blk;
}

static int apply_frees(struct e2fs *fs)
{
	int err = 0;

	for (u32 i = 0; i < fs->tx.pends && !err; i++) {
		const struct pend *p = &fs->tx.pend[i];
		if (p->is_inode)
			err = inode_unalloc(fs, p->first, p->is_inode == 2);
		else
			err = block_unalloc(fs, p->first, p->count);
	}
	fs->tx.pends = 0;
	fs->tx.reserved = 0;
	return err;
}

static void update_super(struct e2fs *fs)
{
	struct d_super *s = super_of(fs);

	s->free_blocks = fs->free_blocks;
	s->free_inodes = fs->free_inodes;
	s->wtime = (u32)fs->now.sec;
	tx_dirty(fs, fs->super, CLASS_COUNT);
}

static int write_class(struct e2fs *fs, enum buf_class class)
{
	struct link *l;
	int err = 0;

	for (l = fs->tx.bufs.next; l != &fs->tx.bufs && !err; l = l->next) {
		const struct e2_buf *b = OF_LINK(struct e2_buf, list, l);
		if (b->class == class)
			err = stage_add(fs, b->blk, 1, b->data);
	}
	if (!err)
		err = stage_end(fs);
	if (!err && fs->tx.needs_flush)
		err = dev_flush(fs);
	return err;
}

static int commit_in_order(struct e2fs *fs)
{
	int err = 0;

	buf_sort(&fs->tx.bufs);
	for (u32 c = CLASS_NEW; c < CLASS_COUNT && !err; c++)
		err = write_class(fs, (enum buf_class)c);
	if (!err)
		err = apply_frees(fs);
	update_super(fs);
	if (!err)
		err = write_class(fs, CLASS_COUNT);
	while (!err && !link_alone(&fs->tx.bufs)) {
		struct e2_buf *b = OF_LINK(struct e2_buf, list, fs->tx.bufs.next);
		link_remove(&b->list);
		b->flags = (u8)(b->flags & ~BUF_TX);
		if (b->pins == 0)
			link_add(&fs->buf_lru, &b->lru);
	}
	return err;
}

static int commit_to_journal(struct e2fs *fs)
{
	int err = apply_frees(fs);

	if (err < 0)
		return err;
	update_super(fs);
	return journal_commit(fs);
}

/* Only between operations. */
int tx_commit(struct e2fs *fs)
{
	int err;

	if (fs->tx.count == 0 && fs->tx.pends == 0)
		return 0;
	err = page_write_all(fs, true);
	if (!err)
		err = fs->j.is_on ? commit_to_journal(fs) : commit_in_order(fs);
	if (err < 0)
		return fs_fail(fs, "a commit failed");
	fs->tx.count = 0;
	fs->tx.revokes = 0;
	fs->tx.seq++;
	fs->tx.is_touched = false;
	fs->tx.has_moved_dir = false;
	return 0;
}

int tx_order(struct e2fs *fs, const struct e2_buf *b, enum buf_class class)
{
	if (fs->j.is_on || !(b->flags & BUF_TX) || b->class == class)
		return 0;
	if (class == CLASS_DEL && b->class == CLASS_NEW)
		return 0;
	return tx_commit(fs);
}

bool tx_reclaim(struct e2fs *fs)
{
	return fs->tx.pends > 0 && !fs->is_readonly && tx_commit(fs) == 0;
}
