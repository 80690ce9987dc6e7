/* SPDX-License-Identifier: MIT */
/*
 * Inodes that live in a file system server: names, attributes.  See remote.h; pages: remote_page.c.
 *
 * This is the only client, so attributes are true here; the server learns times and sizes when a file is
 * synced or closed, or after a second.
 *
 * Called by:  fs/, by way of the tables of operations.
 */
#include "remote_page.h"

/* --- names --------------------------------------------------------------------------------- */

/* The answer was r and gave a reference: one to a server that is gone by now is worth nothing. */
static s64 enter(struct inode *dir, const char *name, u32 len, struct fs_call *c, s64 r,
		 struct inode **out)
{
	while (r >= 0 && c->life != link_life()) {
		call_name(c, name, len);
		r = call_ask(c, FS_LOOKUP, dir->ino, 0, 0);
	}
	return r < 0 ? r : remote_enter(dir->sb, c, out);
}

static s64 lookup(struct inode *dir, const char *name, u32 len, struct inode **out)
{
	struct fs_call c;

	call_begin(&c);
	call_name(&c, name, len);
	s64 r = call_ask(&c, FS_LOOKUP, dir->ino, 0, 0);
	r = enter(dir, name, len, &c, r, out);
	call_end(&c);
	return r;
}

/* The directory's own size, links and times have changed at the server. */
static void refresh(struct inode *i)
{
	struct fs_call c;

	call_begin(&c);
	if (call_ask(&c, FS_GETATTR, i->ino, 0, 0) >= 0) {
		i->nlink = c.m->attr.links;
		i->ctime = (struct ltime){ c.m->attr.ctime, c.m->attr.ctime_ns };
		if (is_dir(i)) {
			i->size = c.m->attr.size;
			i->blocks = c.m->attr.blocks;
			i->mtime = (struct ltime){ c.m->attr.mtime, c.m->attr.mtime_ns };
		}
	}
	call_end(&c);
}

static s64 make_once(u64 operation, struct inode *dir, const char *name, u32 len, u32 mode,
		     u64 rdev, const char *target, struct inode **out)
{
	struct task *t = current();
	struct fs_call c;
	s64 r;

	call_begin(&c);
	call_name(&c, name, len);
	c.m->attr = (struct fs_attr){ .mode = mode,
				      .major = (u32)(rdev >> 8) & 0xfff,
				      .minor = (u32)(rdev & 0xff) | ((u32)(rdev >> 12) & 0xfff00),
				      .uid = t != NULL ? t->ids.fsuid : 0,
				      .gid = t != NULL ? t->ids.fsgid : 0 };
	if (dir->mode & S_ISGID) {
		c.m->attr.gid = dir->gid;
		if (operation == FS_MKDIR)
			c.m->attr.mode |= S_ISGID;
	}
	if (target != NULL) {
		u64 n = str_len(target);

		memcpy(c.m->text, target, n);
		c.m->text_bytes = (uint16_t)n;
	}
	r = call_ask(&c, operation, dir->ino, 0, 0);
	r = enter(dir, name, len, &c, r, out);
	call_end(&c);
	return r;
}

static s64 make(u64 operation, struct inode *dir, const char *name, u32 len, u32 mode, u64 rdev,
		const char *target, struct inode **out)
{
	s64 r = make_once(operation, dir, name, len, mode, rdev, target, out);

	/* Files that were removed may wait to be told of. */
	if (r == -ENOSPC) {
		remote_tell_all();
		r = make_once(operation, dir, name, len, mode, rdev, target, out);
	}
	if (r >= 0)
		refresh(dir);
	return r;
}

static s64 create(struct inode *dir, const char *name, u32 len, u32 mode, u64 rdev,
		  struct inode **out)
{
	bool is_directory = (mode & S_IFMT) == S_IFDIR;

	return make(is_directory ? FS_MKDIR : FS_CREATE, dir, name, len, mode, rdev, NULL, out);
}

static s64 make_link(struct inode *dir, const char *name, u32 len, const char *target,
		     struct inode **out)
{
	if (str_len(target) >= FS_PAGE_SIZE)
		return -ENAMETOOLONG;
	return make(FS_SYMLINK, dir, name, len, S_IFLNK | 0777, 0, target, out);
}

/* One request about a name of a directory. */
static s64 by_name(u64 operation, struct inode *dir, const char *name, u32 len, u64 b)
{
	struct fs_call c;

	call_begin(&c);
	call_name(&c, name, len);
	s64 r = operation == FS_LINK ? call_ask(&c, operation, b, dir->ino, 0)
				     : call_ask(&c, operation, dir->ino, b, 0);
	call_end(&c);
	if (r >= 0)
		refresh(dir);
	return r;
}

static s64 link_to(struct inode *dir, const char *name, u32 len, struct inode *to)
{
	s64 r = by_name(FS_LINK, dir, name, len, to->ino);

	if (r >= 0)
		refresh(to);
	return r;
}

/* The inode that loses a name: its count of links is read again, while it is still there. */
static s64 remove_name(u64 operation, struct inode *dir, const char *name, u32 len)
{
	struct inode *victim;
	s64 r = lookup(dir, name, len, &victim);

	if (r < 0)
		return r;
	r = by_name(operation, dir, name, len, 0);
	if (r >= 0)
		refresh(victim);
	inode_put(victim);
	return r;
}

static s64 unlink_name(struct inode *dir, const char *name, u32 len)
{
	return remove_name(FS_UNLINK, dir, name, len);
}

static s64 rmdir_name(struct inode *dir, const char *name, u32 len)
{
	return remove_name(FS_RMDIR, dir, name, len);
}

static s64 rename_name(struct inode *dir, const char *name, u32 len, struct inode *to_dir,
		       const char *to, u32 to_len, u32 flags)
{
	struct inode *moved = NULL, *replaced = NULL;
	struct fs_call c;
	s64 r = lookup(dir, name, len, &moved);

	if (r < 0)
		return r;
	if (lookup(to_dir, to, to_len, &replaced) < 0)
		replaced = NULL;
	call_begin(&c);
	call_name(&c, name, len);
	call_name2(&c, to, to_len);
	c.m->attr.ino = flags & FS_EXCHANGE ? moved->ino : 0;
	r = call_ask(&c, FS_RENAME, dir->ino, to_dir->ino, flags);
	call_end(&c);
	if (r >= 0) {
		refresh(dir);
		refresh(to_dir);
		refresh(moved);
		if (replaced != NULL)
			refresh(replaced);
	}
	inode_put(moved);
	if (replaced != NULL)
		inode_put(replaced);
	return r;
}

static s64 read_link(struct inode *i, char *to, u64 room)
{
	struct fs_call c;

	call_begin(&c);
	s64 r = call_ask(&c, FS_READLINK, i->ino, 0, 0);
	if (r > FS_DATA)
		r = -EIO;
	if (r > (s64)room)
		r = (s64)room;
	if (r > 0)
		memcpy(to, c.m->text, (size_t)r);
	call_end(&c);
	return r;
}

static bool is_dots(const char *name, u32 len)
{
	return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

/* The entries of one answer, checked: the server could have written anything. */
static s64 emit_all(const unsigned char *text, u64 bytes, u64 *cookie, bool *more,
		    bool (*emit)(void *, const char *, u32, u64, u32, u64), void *ctx)
{
	for (u64 at = 0; at < bytes && *more;) {
		const struct fs_entry *e = (const void *)(text + at);

		if (bytes - at < sizeof *e || e->bytes < sizeof *e + e->length ||
		    e->bytes > bytes - at || e->bytes % 8 != 0 || e->length == 0)
			return -EIO;
		if (!is_dots(e->name, e->length))
			*more = emit(ctx, e->name, e->length, e->ino, (u32)e->type << 12, e->next);
		if (*more)
			*cookie = e->next;
		at += e->bytes;
	}
	return 0;
}

static s64 read_dir(struct inode *dir, u64 *cookie,
		    bool (*emit)(void *, const char *, u32, u64, u32, u64), void *ctx)
{
	unsigned char *copy = kalloc(FS_DATA);
	bool more = true;
	s64 r = copy == NULL ? -ENOMEM : 1;

	while (r > 0 && more) {
		struct fs_call c;

		call_begin(&c);
		r = call_ask(&c, FS_READDIR, dir->ino, *cookie, 0);
		if (r > FS_DATA)
			r = -EIO;
		if (r > 0)
			memcpy(copy, c.m->text, (size_t)r);
		call_end(&c);
		if (r > 0) {
			s64 e = emit_all(copy, (u64)r, cookie, &more, emit, ctx);
			r = e < 0 ? e : r;
		}
	}
	if (copy != NULL)
		kfree(copy);
	return r < 0 ? r : 0;
}

/* --- attributes ---------------------------------------------------------------------------- */

/* What ATTR_* is called there. */
static u64 protocol_mask(u32 mask)
{
	return (mask & ATTR_MODE ? FS_SET_MODE : 0) | (mask & ATTR_UID ? FS_SET_UID : 0) |
	       (mask & ATTR_GID ? FS_SET_GID : 0) | (mask & ATTR_SIZE ? FS_SET_SIZE : 0) |
	       (mask & ATTR_ATIME ? FS_SET_ATIME : 0) | (mask & ATTR_MTIME ? FS_SET_MTIME : 0);
}

static s64 set_attributes(struct inode *i, u32 mask, const struct inode *v)
{
	struct remote_node *n = remote_of(i);
	struct fs_call c;
	s64 r;

	/* A changed size that the server does not know would undo what is set now. */
	remote_tell_attr(n);
	if (mask & ATTR_SIZE) {
		u64 end = v->size < i->size ? v->size : i->size;

		mm_file_cut(i, end);
		remote_pages_drop(n, (end + PAGE - 1) / PAGE);
		remote_tell_all();
	}
	call_begin(&c);
	c.m->attr = (struct fs_attr){ .mode = v->mode & 07777,
				      .uid = v->uid,
				      .gid = v->gid,
				      .size = v->size,
				      .atime = v->atime.sec,
				      .atime_ns = v->atime.nsec,
				      .mtime = v->mtime.sec,
				      .mtime_ns = v->mtime.nsec };
	r = call_ask(&c, FS_SETATTR, i->ino, protocol_mask(mask), 0);
	if (r >= 0) {
		i->blocks = c.m->attr.blocks;
		if (mask & ATTR_SIZE)
			n->known_size = n->reserved = v->size;
	}
	call_end(&c);
	return r < 0 ? r : 0;
}

static s64 sync_file(struct inode *i, bool data_only)
{
	mm_file_dirty(i);
	return remote_sync_node(remote_of(i), data_only);
}

static s64 punch(struct inode *i, u64 from, u64 to)
{
	struct remote_node *n = remote_of(i);
	struct fs_call c;

	remote_tell_all();
	for (u64 x = radix_next(&n->pages, from / PAGE); x < to / PAGE;
	     x = radix_next(&n->pages, from / PAGE))
		remote_pages_drop(n, x);
	remote_tell_pages();
	call_begin(&c);
	s64 r = call_ask(&c, FS_PUNCH, i->ino, from, to - from);
	call_end(&c);
	return r < 0 ? r : 0;
}

static const struct inode_ops dir_ops = {
	.lookup = lookup,
	.create = create,
	.symlink = make_link,
	.link = link_to,
	.unlink = unlink_name,
	.rmdir = rmdir_name,
	.rename = rename_name,
	.readdir = read_dir,
	.setattr = set_attributes,
	.sync = sync_file,
	.release = remote_release,
};

static const struct inode_ops file_ops = {
	.setattr = set_attributes,
	.page = remote_page,
	.cached = remote_cached,
	.dirty = remote_dirty,
	.punch = punch,
	.sync = sync_file,
	.release = remote_release,
};

static const struct inode_ops link_ops = {
	.readlink = read_link,
	.setattr = set_attributes,
	.release = remote_release,
};

static const struct inode_ops node_ops = {
	.setattr = set_attributes,
	.release = remote_release,
};

void remote_set_ops(struct inode *i)
{
	switch (i->mode & S_IFMT) {
	case S_IFREG:
		i->ops = &file_ops;
		i->fops = &page_file_ops;
		break;
	case S_IFDIR:
		i->ops = &dir_ops;
		i->fops = &dir_file_ops;
		break;
	case S_IFLNK: i->ops = &link_ops; break;
	default: i->ops = &node_ops;
	}
}
