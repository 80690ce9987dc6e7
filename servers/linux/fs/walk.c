/* SPDX-License-Identifier: MIT */
/*
 * Ways through the tree of names.
 *
 * A step that finds its name in memory takes no reference: there is one thread, and nothing goes
 * away before the next sleep.  Only what comes from a file system is held, and what is found.
 */
#include "fs.h"

/* --- buffers for names ------------------------------------------------------------ */

enum { BUFFERS_KEPT = 16 };
static char *kept[BUFFERS_KEPT];
static u32 kept_count;

char *name_buffer(void)
{
	return kept_count ? kept[--kept_count] : kalloc(PATH_LEN);
}

void name_release(char *b)
{
	if (kept_count < BUFFERS_KEPT)
		kept[kept_count++] = b;
	else
		kfree(b);
}

char *name_get(struct task *t, u64 addr, s64 *error)
{
	char *b = name_buffer();
	if (!b) {
		*error = -ENOMEM;
		return NULL;
	}
	s64 r = copy_string(t->mm, b, addr, PATH_LEN);
	if (r >= 0)
		return b;
	name_release(b);
	*error = r;
	return NULL;
}

/* --- the walk ------------------------------------------------------------------------ */

static void go(struct walk *w, struct path to, bool held)
{
	struct path old = w->at;
	bool was = w->held;
	w->at = to;
	w->held = held;
	if (was)
		path_put(&old);
}

s64 walk_begin(struct walk *w, struct task *t, s64 dirfd, const char *name, unsigned flags)
{
	/* All but the stack, which needs no first values. */
	memset(w, 0, offsetof(struct walk, stack));
	w->t = t;
	w->root = *fs_root(t);
	w->flags = flags;
	w->rest = name;
	if (*name == '/') {
		w->at = w->root;
		return 0;
	}
	if (!*name && !(flags & WALK_EMPTY))
		return -ENOENT;
	if ((s32)dirfd == AT_FDCWD) {
		w->at = *fs_cwd(t);
		return 0;
	}
	struct file *f = fd_file_any(t, (u64)dirfd);
	if (!f)
		return -EBADF;
	s64 r = 0;
	if (!f->path.dentry || (*name && !is_dir(f->inode))) {
		r = -ENOTDIR;
	} else {
		/* The descriptor may be closed by another task while this one sleeps. */
		path_get(&f->path);
		go(w, f->path, true);
	}
	file_put(f);
	return r;
}

static void pop(struct walk *w)
{
	if (w->buffer)
		name_release(w->buffer);
	w->depth--;
	w->buffer = w->stack[w->depth].buffer;
	w->rest = w->stack[w->depth].rest;
}

void walk_end(struct walk *w)
{
	while (w->depth)
		pop(w);
	if (w->buffer)
		name_release(w->buffer);
	w->buffer = NULL;
	if (w->held)
		path_put(&w->at);
	if (w->root_held)
		path_put(&w->root);
	w->held = w->root_held = false;
}

/* Hold where we are: something below may sleep. */
static void hold(struct walk *w)
{
	if (!w->held) {
		path_get(&w->at);
		w->held = true;
	}
	if (!w->root_held) {
		path_get(&w->root);
		w->root_held = true;
	}
}

static s64 magic(struct walk *w, struct inode *i)
{
	struct path to = { 0 };
	if (w->resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return w->resolve & RESOLVE_NO_MAGICLINKS ? -ELOOP : -EXDEV;
	s64 r = i->ops->follow(i, &to);
	if (r < 0)
		return r;
	if ((w->resolve & RESOLVE_NO_XDEV) && to.mount != w->at.mount) {
		path_put(&to);
		return -EXDEV;
	}
	go(w, to, true);
	return 0;
}

/* Along the link `d`, which lies in w->at. */
s64 walk_follow(struct walk *w, struct dentry *d)
{
	struct inode *i = d->inode;
	if (w->links++ >= WALK_LINKS || (w->resolve & RESOLVE_NO_SYMLINKS))
		return -ELOOP;
	hold(w);
	inode_get(i);
	s64 r;
	if (i->ops->follow) {
		r = magic(w, i);
		inode_put(i);
		return r;
	}
	char *b = name_buffer();
	if (!b) {
		inode_put(i);
		return -ENOMEM;
	}
	r = i->ops->readlink(i, b, PATH_LEN - 1);
	touch_atime(i);
	inode_put(i);
	if (r <= 0) {
		name_release(b);
		return r ? r : -ENOENT;
	}
	b[r] = 0;
	if (*w->rest) {
		w->stack[w->depth].buffer = w->buffer;
		w->stack[w->depth].rest = w->rest;
		w->depth++;
	} else if (w->buffer) {
		name_release(w->buffer);
	}
	w->buffer = b;
	w->rest = b;
	if (*b == '/') {
		if (w->resolve & RESOLVE_BENEATH)
			return -EXDEV;
		if ((w->resolve & RESOLVE_NO_XDEV) && w->root.mount != w->at.mount)
			return -EXDEV;
		go(w, w->root, false);
	}
	return 0;
}

static s64 up(struct walk *w)
{
	struct path p = w->at;
	if ((w->resolve & RESOLVE_BENEATH) && p.dentry == w->root.dentry &&
	    p.mount == w->root.mount)
		return -EXDEV;
	path_up(&p, &w->root);
	if ((w->resolve & RESOLVE_NO_XDEV) && p.mount != w->at.mount)
		return -EXDEV;
	if (w->held) {
		path_get(&p);
		go(w, p, true);
	} else {
		w->at = p;
	}
	return 0;
}

/* One name down; `last`: nothing comes after it. */
static s64 down(struct walk *w, const char *name, u32 len, bool last)
{
	if (len > NAME_LEN)
		return w->at.dentry->deleted ? -ENOENT : -ENAMETOOLONG;
	struct dentry *d = dentry_find(w->at.dentry, name, len, name_hash(name, len));
	bool got = false;
	if (!d || (d->inode && d->inode->ops->stale)) {
		hold(w);
		s64 r = dentry_lookup(w->at.dentry, name, len, &d);
		if (r < 0)
			return r;
		got = true;
	}
	s64 r = 0;
	if (!d->inode) {
		r = -ENOENT;
	} else if (is_link(d->inode) && (!last || (w->flags & WALK_FOLLOW) || w->slash)) {
		r = walk_follow(w, d);
	} else {
		struct path p = { w->at.mount, d };
		if (d->mounts)
			mount_cross(&p);
		if ((w->resolve & RESOLVE_NO_XDEV) && p.mount != w->at.mount) {
			r = -EXDEV;
		} else if (got || w->held) {
			path_get(&p);
			go(w, p, true);
		} else {
			w->at = p;
		}
	}
	if (got)
		dentry_put(d);
	return r;
}

static s64 searchable(struct walk *w)
{
	struct inode *i = w->at.dentry->inode;
	if (!is_dir(i))
		return -ENOTDIR;
	if ((i->mode & 0111) == 0111)
		return 0;
	return inode_permission(w->t, i, MAY_EXEC);
}

s64 walk_run(struct walk *w)
{
	w->last_type = LAST_NONE;
	for (;;) {
		const char *name = w->rest;
		while (*name == '/')
			name++;
		if (!*name) {
			if (name != w->rest && !w->depth)
				w->slash = true;
			if (!w->depth)
				break;
			pop(w);
			continue;
		}
		s64 r = searchable(w);
		if (r < 0)
			return r;
		const char *end = name;
		while (*end && *end != '/')
			end++;
		u64 len = (u64)(end - name);
		w->rest = end;
		while (*w->rest == '/')
			w->rest++;
		bool last = !*w->rest && w->depth == 0;
		if (last && w->rest != end)
			w->slash = true;
		w->last = name;
		w->last_len = (u32)len;
		w->last_type = name[0] != '.'               ? LAST_NAME
			       : len == 1                   ? LAST_DOT
			       : len == 2 && name[1] == '.' ? LAST_DOTDOT
							    : LAST_NAME;
		if (last && (w->flags & WALK_PARENT))
			return 0;
		if (w->last_type == LAST_NAME)
			r = down(w, name, (u32)len, last);
		else if (w->last_type == LAST_DOTDOT)
			r = up(w);
		if (r < 0)
			return r;
	}
	if (w->slash && !(w->flags & WALK_PARENT) && !is_dir(w->at.dentry->inode))
		return -ENOTDIR;
	return 0;
}

s64 path_walk(struct task *t, s64 dirfd, const char *name, unsigned flags, struct path *out)
{
	struct walk w;
	s64 r = walk_begin(&w, t, dirfd, name, flags);
	if (r == 0)
		r = walk_run(&w);
	if (r == 0) {
		*out = w.at;
		path_get(out);
	}
	walk_end(&w);
	return r;
}

s64 path_user(struct task *t, s64 dirfd, u64 addr, unsigned flags, struct path *out)
{
	s64 r = 0;
	char *name = name_get(t, addr, &r);
	if (!name)
		return r;
	r = path_walk(t, dirfd, name, flags, out);
	name_release(name);
	return r;
}
