/* SPDX-License-Identifier: MIT */
/*
 * Names in memory: a hash table of (directory, name), with what is there or that nothing is.
 *
 * A dentry nobody uses stays until there are too many; the oldest goes first.  It holds its
 * directory and its inode.  A directory that is removed takes with it what is known not to be in it:
 * else that would hold the directory, and all above it.  Owns: the table and the list of unused ones.
 */
#include "../core/random.h"
#include "fs.h"

enum { BUCKETS = 16384, UNUSED_MAX = 24576 };

static struct dentry *bucket[BUCKETS];
static struct list unused = { &unused, &unused };
static u32 unused_count;

u32 name_hash(const char *name, u32 len)
{
	/* Nobody is to know which names meet in one chain. */
	static u64 seed;
	if (!seed)
		seed = random_u64() | 1;
	u64 h = len ^ seed;
	for (; len >= 8; name += 8, len -= 8) {
		u64 v;
		memcpy(&v, name, 8);
		h = (h ^ v) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	u64 v = 0;
	for (u32 i = 0; i < len; i++)
		v = v << 8 | (unsigned char)name[i];
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return (u32)(h >> 32);
}

static struct dentry **chain(const struct dentry *parent, u32 hash)
{
	u64 h = (hash ^ ((u64)(uintptr_t)parent >> 4)) * 0x9e3779b97f4a7c15ull;
	return &bucket[(h >> 40) % BUCKETS];
}

static void hash_in(struct dentry *d)
{
	struct dentry **c = chain(d->parent, d->hash);
	d->next = *c;
	*c = d;
	d->hashed = true;
}

static void hash_out(struct dentry *d)
{
	if (!d->hashed)
		return;
	struct dentry **c = chain(d->parent, d->hash);
	while (*c != d)
		c = &(*c)->next;
	*c = d->next;
	d->hashed = false;
}

static void unuse_end(struct dentry *d)
{
	if (!list_empty(&d->unused)) {
		list_del(&d->unused);
		unused_count--;
	}
}

/* @return its directory, whose reference the caller now has. */
static struct dentry *dentry_free(struct dentry *d)
{
	struct dentry *parent = d->parent;
	unuse_end(d);
	hash_out(d);
	list_del(&d->beside);
	if (d->inode)
		inode_put(d->inode);
	if (d->name != d->small)
		kfree(d->name);
	kfree(d);
	return parent;
}

void dentry_get(struct dentry *d)
{
	if (d->refs++ == 0)
		unuse_end(d);
}

static void put(struct dentry *d)
{
	while (d && --d->refs == 0) {
		if (d->hashed && d->sb->keep_names && !(d->parent && d->parent->deleted)) {
			list_add(&unused, &d->unused);
			unused_count++;
			return;
		}
		d = dentry_free(d);
	}
}

void dentry_put(struct dentry *d)
{
	put(d);
	while (unused_count > UNUSED_MAX)
		put(dentry_free(container_of(unused.next, struct dentry, unused)));
}

/* Nothing will ever be in this directory again; its own reference stays. */
static void forget_absent(struct dentry *dir)
{
	list_for_safe(l, &dir->absent)
	{
		struct dentry *d = container_of(l, struct dentry, beside);
		if (d->refs == 0)
			put(dentry_free(d));
	}
}

void dentry_forget(struct super *sb)
{
	bool again = true;
	while (again) {
		again = false;
		list_for(l, &unused)
		{
			struct dentry *d = container_of(l, struct dentry, unused);
			if (d->sb != sb)
				continue;
			/* Freeing may sleep: the list is another one then. */
			put(dentry_free(d));
			again = true;
			break;
		}
	}
}

struct dentry *dentry_find(struct dentry *parent, const char *name, u32 len, u32 hash)
{
	for (struct dentry *d = *chain(parent, hash); d; d = d->next)
		if (d->hash == hash && d->parent == parent && d->len == len &&
		    memcmp(d->name, name, len) == 0)
			return d;
	return NULL;
}

static bool set_name(struct dentry *d, const char *name, u32 len)
{
	char *to = len < sizeof d->small ? d->small : kalloc(len + 1);
	if (!to)
		return false;
	if (d->name && d->name != d->small)
		kfree(d->name);
	memcpy(to, name, len);
	to[len] = 0;
	d->name = to;
	d->len = (u16)len;
	d->hash = name_hash(to, len);
	return true;
}

static struct dentry *dentry_new(struct dentry *parent, struct super *sb, const char *name, u32 len)
{
	struct dentry *d = kalloc(sizeof *d);
	if (!d)
		return NULL;
	if (!set_name(d, name, len)) {
		kfree(d);
		return NULL;
	}
	d->refs = 1;
	d->sb = sb;
	d->parent = parent;
	if (parent)
		dentry_get(parent);
	list_init(&d->unused);
	list_init(&d->absent);
	list_init(&d->beside);
	return d;
}

void dentry_fill(struct dentry *d, struct inode *i)
{
	inode_get(i);
	d->inode = i;
	list_del(&d->beside);
}

struct dentry *dentry_root(struct super *sb)
{
	struct dentry *d = dentry_new(NULL, sb, "", 0);
	if (d) {
		inode_get(sb->root);
		d->inode = sb->root;
	}
	return d;
}

struct dentry *dentry_nameless(struct dentry *parent, const char *name, struct inode *i)
{
	struct dentry *d = dentry_new(parent, i->sb, name, (u32)str_len(name));
	if (d) {
		dentry_fill(d, i);
		d->deleted = true;
	}
	return d;
}

static bool stale(struct dentry *d)
{
	return d->inode && d->inode->ops->stale && d->inode->ops->stale(d->inode);
}

s64 dentry_lookup_locked(struct dentry *parent, const char *name, u32 len, struct dentry **out)
{
	if (len > NAME_LEN)
		return -ENAMETOOLONG;
	struct dentry *d = dentry_find(parent, name, len, name_hash(name, len));
	if (d && stale(d)) {
		dentry_drop(d, false);
		d = NULL;
	}
	if (d) {
		dentry_get(d);
		*out = d;
		return 0;
	}
	if (parent->deleted)
		return -ENOENT;
	if (!parent->inode->ops->lookup)
		return -ENOTDIR;
	d = dentry_new(parent, parent->sb, name, len);
	if (!d)
		return -ENOMEM;
	s64 r = parent->inode->ops->lookup(parent->inode, d->name, len, &d->inode);
	if (r < 0 && (r != -ENOENT || parent->inode->ops->fixed)) {
		dentry_put(d);
		return r;
	}
	hash_in(d);
	if (!d->inode)
		list_add(&parent->absent, &d->beside);
	*out = d;
	return 0;
}

s64 dentry_lookup(struct dentry *parent, const char *name, u32 len, struct dentry **out)
{
	inode_lock(parent->inode);
	s64 r = dentry_lookup_locked(parent, name, len, out);
	inode_unlock(parent->inode);
	return r;
}

void dentry_drop(struct dentry *d, bool deleted)
{
	hash_out(d);
	d->deleted |= deleted;
	if (d->refs == 0)
		put(dentry_free(d));
	else if (deleted)
		forget_absent(d);
}

s64 dentry_move(struct dentry *d, struct dentry *parent, const char *name, u32 len)
{
	hash_out(d);
	if (!set_name(d, name, len)) {
		hash_in(d);
		return -ENOMEM;
	}
	struct dentry *old = d->parent;
	dentry_get(parent);
	d->parent = parent;
	hash_in(d);
	put(old);
	return 0;
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
	hash_out(a);
	hash_out(b);
	struct dentry t = *a;
	char *name_b = b->name == b->small ? NULL : b->name;
	char *name_a = a->name == a->small ? NULL : a->name;
	a->parent = b->parent;
	a->hash = b->hash;
	a->len = b->len;
	memcpy(a->small, b->small, sizeof a->small);
	a->name = name_b ? name_b : a->small;
	b->parent = t.parent;
	b->hash = t.hash;
	b->len = t.len;
	memcpy(b->small, t.small, sizeof b->small);
	b->name = name_a ? name_a : b->small;
	hash_in(a);
	hash_in(b);
}

bool dentry_below(const struct dentry *d, const struct dentry *top)
{
	while (d && d != top)
		d = d->parent;
	return d != NULL;
}
