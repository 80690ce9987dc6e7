/* SPDX-License-Identifier: MIT */
/*
 * Directories of tmpfs: a list of entries by age, and one hash table for all directories.
 */
#include "tmpfs.h"

enum { BUCKETS = 8192 };
static struct entry *bucket[BUCKETS];

static struct entry **chain(const struct node *dir, u32 hash)
{
	u64 h = (hash ^ ((u64)(uintptr_t)dir >> 4)) * 0x9e3779b97f4a7c15ull;
	return &bucket[(h >> 40) % BUCKETS];
}

static struct entry *find(const struct node *dir, const char *name, u32 len)
{
	u32 hash = name_hash(name, len);
	for (struct entry *e = *chain(dir, hash); e; e = e->next)
		if (e->hash == hash && e->dir == dir && e->len == len &&
		    memcmp(e->name, name, len) == 0)
			return e;
	return NULL;
}

static struct entry *entry_new(const char *name, u32 len)
{
	struct entry *e = kalloc(sizeof *e + len);
	if (!e)
		return NULL;
	e->len = (u16)len;
	e->hash = name_hash(name, len);
	memcpy(e->name, name, len);
	return e;
}

/* Takes over the reference to inode. */
static void entry_add(struct node *dir, struct entry *e, struct inode *inode)
{
	struct entry **c = chain(dir, e->hash);
	e->dir = dir;
	e->inode = inode;
	e->cookie = dir->next_cookie++;
	e->next = *c;
	*c = e;
	list_add(&dir->entries, &e->link);
	dir->i.size += DIR_ENTRY;
	if (is_dir(inode)) {
		dir->i.nlink++;
		node_of(inode)->parent = dir;
	}
	dir->i.mtime = dir->i.ctime = time_now();
}

/* The reference to its inode is the caller's. */
static struct inode *entry_remove(struct entry *e)
{
	struct node *dir = e->dir;
	struct inode *i = e->inode;
	struct entry **c = chain(dir, e->hash);
	while (*c != e)
		c = &(*c)->next;
	*c = e->next;
	if (dir->hint == e)
		dir->hint = e->link.next == &dir->entries
				    ? NULL
				    : container_of(e->link.next, struct entry, link);
	list_del(&e->link);
	dir->i.size -= DIR_ENTRY;
	if (is_dir(i))
		dir->i.nlink--;
	dir->i.mtime = dir->i.ctime = time_now();
	kfree(e);
	return i;
}

s64 tmpfs_lookup(struct inode *dir, const char *name, u32 len, struct inode **out)
{
	struct entry *e = find(node_of(dir), name, len);
	if (!e)
		return -ENOENT;
	inode_get(e->inode);
	*out = e->inode;
	return 0;
}

static struct inode *owned(struct inode *dir, u32 mode, u64 rdev)
{
	struct inode *i = tmpfs_inode(dir->sb, mode, rdev);
	struct task *t = current();
	if (i && t) {
		i->uid = t->ids.fsuid;
		i->gid = dir->mode & S_ISGID ? dir->gid : t->ids.fsgid;
		if ((dir->mode & S_ISGID) && is_dir(i))
			i->mode |= S_ISGID;
	}
	return i;
}

/* Enter a new inode; *out gets a reference of its own. */
static s64 enter(struct inode *dir, const char *name, u32 len, struct inode *i, struct inode **out)
{
	struct entry *e = i ? entry_new(name, len) : NULL;
	if (!e) {
		if (i)
			inode_put(i);
		return -ENOSPC;
	}
	entry_add(node_of(dir), e, i);
	inode_get(i);
	*out = i;
	return 0;
}

s64 tmpfs_create(struct inode *dir, const char *name, u32 len, u32 mode, u64 rdev,
		 struct inode **out)
{
	return enter(dir, name, len, owned(dir, mode, rdev), out);
}

s64 tmpfs_symlink(struct inode *dir, const char *name, u32 len, const char *target,
		  struct inode **out)
{
	u64 n = str_len(target);
	char *copy = kalloc(n + 1);
	struct inode *i = copy ? owned(dir, S_IFLNK | 0777, 0) : NULL;
	if (!i) {
		if (copy)
			kfree(copy);
		return -ENOSPC;
	}
	memcpy(copy, target, n);
	node_of(i)->target = copy;
	i->size = n;
	return enter(dir, name, len, i, out);
}

s64 tmpfs_tmpfile(struct inode *dir, u32 mode, struct inode **out)
{
	*out = owned(dir, mode, 0);
	if (!*out)
		return -ENOSPC;
	(*out)->nlink = 0;
	return 0;
}

s64 tmpfs_link(struct inode *dir, const char *name, u32 len, struct inode *to)
{
	struct entry *e = entry_new(name, len);
	if (!e)
		return -ENOSPC;
	inode_get(to);
	to->nlink++;
	to->ctime = time_now();
	entry_add(node_of(dir), e, to);
	return 0;
}

s64 tmpfs_unlink(struct inode *dir, const char *name, u32 len)
{
	struct entry *e = find(node_of(dir), name, len);
	if (!e)
		return -ENOENT;
	struct inode *i = entry_remove(e);
	i->nlink--;
	i->ctime = time_now();
	inode_put(i);
	return 0;
}

s64 tmpfs_rmdir(struct inode *dir, const char *name, u32 len)
{
	struct entry *e = find(node_of(dir), name, len);
	if (!e)
		return -ENOENT;
	if (!list_empty(&node_of(e->inode)->entries))
		return -ENOTEMPTY;
	struct inode *i = entry_remove(e);
	i->nlink = 0;
	i->ctime = time_now();
	inode_put(i);
	return 0;
}

static void exchange(struct entry *a, struct entry *b)
{
	struct inode *ia = a->inode, *ib = b->inode;
	a->inode = ib;
	b->inode = ia;
	if (is_dir(ia))
		node_of(ia)->parent = b->dir;
	if (is_dir(ib))
		node_of(ib)->parent = a->dir;
	if (is_dir(ia) != is_dir(ib)) {
		struct node *gains = is_dir(ia) ? b->dir : a->dir;
		struct node *loses = is_dir(ia) ? a->dir : b->dir;
		gains->i.nlink++;
		loses->i.nlink--;
	}
	ia->ctime = ib->ctime = a->dir->i.mtime = b->dir->i.mtime = time_now();
}

s64 tmpfs_rename(struct inode *dir, const char *name, u32 len, struct inode *to_dir, const char *to,
		 u32 to_len, u32 flags)
{
	struct entry *a = find(node_of(dir), name, len), *b = find(node_of(to_dir), to, to_len);
	if (!a)
		return -ENOENT;
	if (flags & 2) {
		exchange(a, b);
		return 0;
	}
	if (b && is_dir(b->inode) && !list_empty(&node_of(b->inode)->entries))
		return -ENOTEMPTY;
	struct entry *e = entry_new(to, to_len);
	if (!e)
		return -ENOSPC;
	struct inode *old = b ? entry_remove(b) : NULL;
	struct inode *i = entry_remove(a);
	entry_add(node_of(to_dir), e, i);
	i->ctime = time_now();
	if (old) {
		old->nlink = is_dir(old) ? 0 : old->nlink - 1;
		old->ctime = i->ctime;
		inode_put(old);
	}
	return 0;
}

static struct entry *entry_of(struct list *l)
{
	return container_of(l, struct entry, link);
}

/* The first entry whose cookie is at least this. */
static struct list *place(struct node *dir, u64 cookie)
{
	struct list *head = &dir->entries;
	if (list_empty(head) || entry_of(head->prev)->cookie < cookie)
		return head;
	struct list *l = dir->hint ? &dir->hint->link : head->next;
	if (l != head->next && entry_of(l->prev)->cookie >= cookie)
		l = head->next;
	while (entry_of(l)->cookie < cookie)
		l = l->next;
	return l;
}

s64 tmpfs_readdir(struct inode *i, u64 *cookie,
		  bool (*emit)(void *ctx, const char *name, u32 len, u64 ino, u32 mode, u64 next),
		  void *ctx)
{
	struct node *dir = node_of(i);
	struct list *l = place(dir, *cookie);
	for (; l != &dir->entries; l = l->next) {
		struct entry *e = entry_of(l);
		if (!emit(ctx, e->name, e->len, e->inode->ino, e->inode->mode, e->cookie + 1))
			break;
		*cookie = e->cookie + 1;
	}
	dir->hint = l == &dir->entries ? NULL : entry_of(l);
	return 0;
}

/* Everything goes; open files keep what they have. */
void tmpfs_clear(struct super *sb)
{
	struct node *root = node_of(sb->root), *dir = root;
	for (;;) {
		if (list_empty(&dir->entries)) {
			if (dir == root)
				return;
			dir = dir->parent;
			inode_put(entry_remove(entry_of(dir->entries.next)));
			continue;
		}
		struct inode *i = entry_of(dir->entries.next)->inode;
		if (is_dir(i) && !list_empty(&node_of(i)->entries))
			dir = node_of(i);
		else
			inode_put(entry_remove(entry_of(dir->entries.next)));
	}
}
