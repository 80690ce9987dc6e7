/* SPDX-License-Identifier: MIT */
/*
 * The orphan list: files whose deletion or truncation a power cut may interrupt.
 *
 * Owns:       s_last_orphan, and i_dtime of inodes on the list, which is the number of the next.
 * Invariant:  fs->orphans holds the same inodes in the same order.
 * Rule:       only with a journal. Without, e2fsck finds what is unfinished, and i_dtime is set
 *             when the last name goes.
 * Called by:  name.c, rename.c, file.c, trunc.c, mount.
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
		return 0;
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
			err = trunc_to_size(fs, in);
		else
			err = -E2_EIO;
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
