/* SPDX-License-Identifier: MIT */
/*
 * The orphan list: files whose deletion or truncation a power cut may interrupt.
 *
 * Owns:       s_last_orphan, and i_dtime of inodes on the list, which is the number of the next.
 * Invariant:  fs->orphans holds the same inodes in the same order.
 * Rule:       only with a journal. Without, e2fsck finds what is unfinished, and i_dtime is set
 *             when the last name goes.
 * Called by:  name.c, rename.c, file.c, trunc.c, mount; the server, when it takes over from one that died.
 */
#include "fs.h"

int orphan_add(struct e2fs *fs, struct e2_inode *in)
{
	struct d_super *s = super_of(fs);

	if (!fs->j.is_on) {
		if (in->links == 0)
			in->dtime = (u32)fs->now.sec ? (u32)fs->now.sec : 1;
		return inode_update(fs, in);
	}
	if (in->is_orphan)
		return inode_update(fs, in);
	in->dtime = s->last_orphan;
	s->last_orphan = in->ino;
	tx_dirty(fs, fs->super, CLASS_COUNT);
	in->is_orphan = true;
	link_add(fs->orphans.next, &in->orphan);
	return inode_update(fs, in);
}

int orphan_remove(struct e2fs *fs, struct e2_inode *in)
{
	struct d_super *s = super_of(fs);
	int err = 0;

	if (!in->is_orphan)
		return 0;
	if (in->orphan.prev == &fs->orphans) {
		s->last_orphan = in->dtime;
		tx_dirty(fs, fs->super, CLASS_COUNT);
	} else {
		struct e2_inode *prev = OF_LINK(struct e2_inode, orphan, in->orphan.prev);
		prev->dtime = in->dtime;
		err = inode_update(fs, prev);
	}
	in->dtime = 0;
	in->is_orphan = false;
	link_remove(&in->orphan);
	return err ? err : inode_update(fs, in);
}

/* The head of the list. It is off the list when this returns 0. */
static int recover_one(struct e2fs *fs, u32 ino)
{
	struct e2_inode *in;
	int err = inode_get_any(fs, ino, &in);

	if (err < 0)
		return err;
	in->is_orphan = true;
	link_add(fs->orphans.next, &in->orphan);
	if (in->links > 0) {
		if (is_reg(in))
			err = file_clear_tail(fs, in);
		else
			err = -E2_EIO;
		if (!err)
			err = trunc_to_size(fs, in);
	}
	inode_put(fs, in);
	return err;
}

int orphan_recover(struct e2fs *fs)
{
	for (u32 i = 0; i < fs->inodes; i++) {
		u32 ino = super_of(fs)->last_orphan;
		if (ino == 0)
			return tx_commit(fs);
		if (recover_one(fs, ino) < 0 || fs->is_readonly || super_of(fs)->last_orphan == ino)
			return fs_fail(fs, "the orphan list is wrong");
	}
	return fs_fail(fs, "the orphan list has a loop");
}

/* How many there are, or an error. */
static int count_orphans(struct e2fs *fs)
{
	struct e2_inode in = { 0 };
	u32 ino = super_of(fs)->last_orphan, n = 0;

	while (ino != 0 && n < fs->inodes) {
		int err = ino < fs->first_ino ? -E2_EIO : inode_read(fs, ino, &in);
		if (err < 0)
			return fs_fail(fs, "the orphan list is wrong");
		ino = in.dtime;
		n++;
	}
	return ino == 0 ? (int)n : fs_fail(fs, "the orphan list has a loop");
}

int orphan_load(struct e2fs *fs)
{
	int n = count_orphans(fs);
	u32 ino = super_of(fs)->last_orphan;

	if (n < 0)
		return n;
	/* Too many to be kept in memory: then those in use are lost. */
	if ((u32)n > fs->inode_max / 4)
		return orphan_recover(fs);
	while (ino != 0) {
		struct e2_inode *in;
		int err = inode_get_any(fs, ino, &in);
		if (err < 0 || in->is_orphan || (in->links != 0 && !is_reg(in)))
			return fs_fail(fs, "the orphan list is wrong");
		in->is_orphan = in->is_kept = true;
		link_add(&fs->orphans, &in->orphan);
		ino = in->dtime;
	}
	return 0;
}

/* The next one that was kept and has names, or has none. */
static struct e2_inode *next_kept(struct e2fs *fs, bool has_names)
{
	for (struct link *l = fs->orphans.next; l != &fs->orphans; l = l->next) {
		struct e2_inode *in = OF_LINK(struct e2_inode, orphan, l);
		if (in->is_kept && (in->links != 0) == has_names)
			return in;
	}
	return NULL;
}

int e2_cut_reserved(struct e2fs *fs)
{
	struct e2_inode *in;
	int err = 0;

	while (!err && (in = next_kept(fs, true)) != NULL) {
		in->is_kept = false;
		err = file_clear_tail(fs, in);
		if (!err)
			err = trunc_to_size(fs, in);
		inode_put(fs, in);
	}
	return err;
}

void e2_settle(struct e2fs *fs)
{
	struct e2_inode *in;

	while ((in = next_kept(fs, false)) != NULL) {
		in->is_kept = false;
		inode_put(fs, in);
	}
}
