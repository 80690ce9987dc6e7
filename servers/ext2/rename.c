/* SPDX-License-Identifier: MIT */
/*
 * Rename, also onto something, and the exchange of two names.
 *
 * Journal:    all of it in one transaction.
 * Without:    the new name before the old one goes, with a commit in between where the classes of
 *             tx.c do not say so. Exchange is refused: it has no such order. A directory that moves
 *             has two names for a moment, which `e2fsck -p` leaves to `e2fsck -y`.
 * Called by:  the server.
 */
#include "fs.h"

struct rename {
	struct e2_inode *from;
	struct e2_inode *to;
	struct e2_name old;
	struct e2_name new;
	u32 flags;
	struct e2_inode *in;
	struct e2_inode *dst; /* what has the new name, or null */
};

static int find(struct e2fs *fs, struct e2_inode *dir, struct e2_name name, struct e2_inode **out)
{
	struct dir_slot slot;
	int err = dir_find(fs, dir, name, &slot);

	if (err < 0)
		return err;
	dir_slot_put(fs, &slot);
	err = inode_get(fs, slot.ino, out);
	return err == -E2_ESTALE ? fs_fail(fs, "an entry points to a free inode") : err;
}

/* Does `dir` lie in `top`, or is it that? The way up ends at the root, or is wrong. */
static int is_below(struct e2fs *fs, u32 dir, const struct e2_inode *top)
{
	for (u32 i = 0; i < fs->inodes; i++) {
		struct e2_inode *in;
		int err;
		if (dir == top->ino)
			return 1;
		if (dir == E2_ROOT_INO)
			return 0;
		err = inode_get(fs, dir, &in);
		if (err < 0)
			return err;
		err = is_dir(in) ? dir_parent(fs, in, &dir)
				 : fs_fail(fs, "a parent is no directory");
		inode_put(fs, in);
		if (err < 0)
			return err;
	}
	return fs_fail(fs, "directories form a loop");
}

static int check_replace(struct e2fs *fs, const struct rename *r)
{
	int got;

	if (!is_dir(r->in))
		return is_dir(r->dst) ? -E2_EISDIR : 0;
	if (!is_dir(r->dst))
		return -E2_ENOTDIR;
	if (r->dst->ino == E2_ROOT_INO)
		return -E2_EBUSY;
	got = dir_is_empty(fs, r->dst);
	return got > 0 ? 0 : got < 0 ? got : -E2_ENOTEMPTY;
}

static int check_links(struct e2fs *fs, const struct rename *r)
{
	bool dst_is_dir = r->dst && is_dir(r->dst);

	if (r->from == r->to && !(dst_is_dir && !(r->flags & E2_RENAME_EXCHANGE)))
		return 0;
	if (is_dir(r->in) && !dst_is_dir && r->to->links >= E2_LINK_MAX)
		return -E2_EMLINK;
	if (dst_is_dir && !is_dir(r->in) && r->from->links >= E2_LINK_MAX)
		return -E2_EMLINK;
	if ((is_dir(r->in) && r->from->links < 3) || (dst_is_dir && r->to->links < 3))
		return fs_fail(fs, "a directory's link count is too small");
	return 0;
}

static int check(struct e2fs *fs, const struct rename *r)
{
	bool is_exchange = r->flags & E2_RENAME_EXCHANGE;
	int err;

	if (r->dst && r->flags & E2_RENAME_NOREPLACE)
		return -E2_EEXIST;
	if (!r->dst && is_exchange)
		return -E2_ENOENT;
	if (is_dir(r->in) && r->from != r->to) {
		err = is_below(fs, r->to->ino, r->in);
		if (err != 0)
			return err < 0 ? err : -E2_EINVAL;
	}
	if (is_exchange && is_dir(r->dst) && r->from != r->to) {
		err = is_below(fs, r->from->ino, r->dst);
		if (err != 0)
			return err < 0 ? err : -E2_EINVAL;
	}
	if (r->dst && !is_exchange) {
		err = check_replace(fs, r);
		if (err < 0)
			return err;
	}
	return check_links(fs, r);
}

/* Without a journal: what was changed so far reaches the disk first. */
static int barrier(struct e2fs *fs)
{
	return fs->j.is_on ? 0 : tx_commit(fs);
}

static int put_new(struct e2fs *fs, struct rename *r)
{
	struct dir_slot slot;
	int err;

	if (!r->dst)
		return dir_add(fs, r->to, r->new, r->in);
	err = dir_find(fs, r->to, r->new, &slot);
	return err ? err : dir_replace(fs, r->to, &slot, r->in);
}

static int take_old(struct e2fs *fs, struct rename *r)
{
	struct dir_slot slot;
	int err = dir_find(fs, r->from, r->old, &slot);

	return err ? err : dir_remove(fs, r->from, &slot);
}

/* Without a journal, before anything is changed: the blocks can be written in the right order. */
static int order_one(struct e2fs *fs, struct e2_inode *dir, struct e2_name name)
{
	struct dir_slot slot;
	int err;

	if (fs->j.is_on)
		return 0;
	err = dir_find(fs, dir, name, &slot);
	if (err < 0)
		return err;
	err = tx_order(fs, slot.buf, CLASS_DEL);
	dir_slot_put(fs, &slot);
	return err;
}

static int order(struct e2fs *fs, struct rename *r)
{
	int err = r->dst ? order_one(fs, r->to, r->new) : dir_make_room(fs, r->to, r->new);

	if (!err && r->dst && is_dir(r->dst))
		err = dir_settle(fs, r->dst);
	return err ? err : order_one(fs, r->from, r->old);
}

static int reparent(struct e2fs *fs, struct rename *r)
{
	int err = barrier(fs);

	if (!err)
		err = dir_set_parent(fs, r->in, r->to->ino);
	r->from->links--;
	r->to->links++;
	if (!err)
		err = inode_update(fs, r->from);
	return err ? err : barrier(fs);
}

static int move(struct e2fs *fs, struct rename *r)
{
	bool is_one_block = r->from == r->to && r->from->size == fs->bs;
	int err = order(fs, r);

	if (!err)
		err = put_new(fs, r);
	if (err < 0)
		return err;
	fs->tx.has_moved_dir |= is_dir(r->in);
	if (r->dst) {
		r->to->links -= is_dir(r->dst);
		err = name_drop(fs, r->dst);
	}
	if (!err && is_dir(r->in) && r->from != r->to)
		err = reparent(fs, r);
	else if (!err && (r->dst || is_dir(r->in)) && !is_one_block)
		err = barrier(fs);
	if (!err)
		err = take_old(fs, r);
	r->in->ctime = fs->now;
	if (!err)
		err = inode_update(fs, r->in);
	return err ? err : inode_update(fs, r->to);
}

static int exchange_one(struct e2fs *fs, struct e2_inode *dir, struct e2_name name,
			struct e2_inode *in)
{
	struct dir_slot slot;
	int err = dir_find(fs, dir, name, &slot);

	if (!err)
		err = dir_replace(fs, dir, &slot, in);
	in->ctime = fs->now;
	return err ? err : inode_update(fs, in);
}

static int exchange(struct e2fs *fs, struct rename *r)
{
	int err = exchange_one(fs, r->to, r->new, r->in);

	fs->tx.has_moved_dir = true;
	if (!err)
		err = exchange_one(fs, r->from, r->old, r->dst);
	if (err || r->from == r->to)
		return err;
	if (is_dir(r->in)) {
		r->from->links--;
		r->to->links++;
		err = dir_set_parent(fs, r->in, r->to->ino);
	}
	if (!err && is_dir(r->dst)) {
		r->from->links++;
		r->to->links--;
		err = dir_set_parent(fs, r->dst, r->from->ino);
	}
	if (!err)
		err = inode_update(fs, r->from);
	return err ? err : inode_update(fs, r->to);
}

static int rename_found(struct e2fs *fs, struct rename *r)
{
	int err;

	if (r->in == r->dst)
		return r->flags & E2_RENAME_NOREPLACE ? -E2_EEXIST : 0;
	err = check(fs, r);
	while (!err) {
		err = tx_begin(fs);
		if (!err)
			err = tx_end(fs,
				     r->flags & E2_RENAME_EXCHANGE ? exchange(fs, r) : move(fs, r));
		if (err != -E2_ENOSPC || !tx_reclaim(fs))
			break;
		err = 0;
	}
	return err;
}

static int rename_in(struct e2fs *fs, struct rename *r)
{
	int err = find(fs, r->from, r->old, &r->in);

	if (err < 0)
		return err;
	err = find(fs, r->to, r->new, &r->dst);
	if (err == -E2_ENOENT) {
		r->dst = NULL;
		err = 0;
	}
	if (!err) {
		err = rename_found(fs, r);
		if (r->dst)
			inode_put(fs, r->dst);
	}
	inode_put(fs, r->in);
	return err;
}

static int check_arguments(struct e2fs *fs, const struct e2_where *from, const struct e2_where *to,
			   u32 flags)
{
	int err = name_check(from->name);

	if (!err)
		err = name_check(to->name);
	if (err == -E2_EINVAL)
		err = -E2_EBUSY;
	if (err < 0)
		return err;
	if (flags & ~(u32)(E2_RENAME_NOREPLACE | E2_RENAME_EXCHANGE) ||
	    flags == (E2_RENAME_NOREPLACE | E2_RENAME_EXCHANGE) ||
	    (flags & E2_RENAME_EXCHANGE && !fs->j.is_on))
		return -E2_EINVAL;
	return fs->is_readonly ? -E2_EROFS : 0;
}

int e2_rename(struct e2fs *fs, struct e2_where from, struct e2_where to, u32 flags)
{
	struct rename r = { .old = from.name, .new = to.name, .flags = flags };
	int err = check_arguments(fs, &from, &to, flags);

	if (!err)
		err = inode_get(fs, from.dir, &r.from);
	if (err < 0)
		return err;
	err = inode_get(fs, to.dir, &r.to);
	if (err < 0) {
		inode_put(fs, r.from);
		return err;
	}
	if (!is_dir(r.from) || !is_dir(r.to))
		err = -E2_ENOTDIR;
	else if (r.from->links == 0 || r.to->links == 0)
		err = -E2_ENOENT;
	else
		err = rename_in(fs, &r);
	inode_put(fs, r.to);
	inode_put(fs, r.from);
	return err;
}
