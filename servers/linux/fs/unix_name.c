/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX: names of sockets, in the file tree and abstract ones.
 */
#include "unix.h"

enum { BUCKETS = 256 };
static struct unix_name *bucket[BUCKETS];

static struct unix_name **chain(const unsigned char *address, u32 len)
{
	return &bucket[name_hash((const char *)address + 2, len - 2) % BUCKETS];
}

static struct unix_name *find_abstract(const unsigned char *address, u32 len)
{
	struct unix_name *n = *chain(address, len);
	while (n && (n->len != len || memcmp(n->address, address, len) != 0))
		n = n->next;
	return n;
}

void unix_name_put(struct unix_name *n)
{
	if (--n->refs)
		return;
	if (n->inode)
		inode_put(n->inode);
	kfree(n);
}

/* The name leads nowhere from now on; others may still show it. */
void unix_unbind(struct usock *u)
{
	struct unix_name *n = u->name;
	if (!n || n->sock != u)
		return;
	n->sock = NULL;
	if (n->inode) {
		n->inode->pipe = NULL;
		return;
	}
	struct unix_name **c = chain(n->address, n->len);
	while (*c != n)
		c = &(*c)->next;
	*c = n->next;
}

/* A family, and for a path its length up to the 0; -EINVAL. */
static s64 check(const unsigned char *address, u32 len)
{
	if (len < 2 || len > 2 + UNIX_PATH || address[0] != AF_UNIX || address[1] != 0)
		return -EINVAL;
	if (len == 2 || address[2] == 0)
		return len;
	u32 n = 2;
	while (n < len && address[n])
		n++;
	return n;
}

static s64 bind_abstract(struct usock *u, const unsigned char *address, u32 len)
{
	if (find_abstract(address, len))
		return -EADDRINUSE;
	struct unix_name *n = kalloc(sizeof *n);
	if (!n)
		return -ENOMEM;
	n->refs = 1;
	n->len = len;
	memcpy(n->address, address, len);
	n->sock = u;
	struct unix_name **c = chain(address, len);
	n->next = *c;
	*c = n;
	u->name = n;
	return 0;
}

/* A name that is free: five hexadecimal digits. */
static s64 bind_any(struct usock *u)
{
	static u32 last;
	unsigned char address[8] = { AF_UNIX, 0, 0 };
	for (u32 tries = 0; tries < 1 << 16; tries++) {
		last = (last + 1) & 0xfffff;
		for (u32 i = 0; i < 5; i++)
			address[3 + i] =
				(unsigned char)"0123456789abcdef"[last >> (16 - 4 * i) & 15];
		s64 r = bind_abstract(u, address, sizeof address);
		if (r != -EADDRINUSE)
			return r;
	}
	return -ENOSPC;
}

static s64 bind_path(struct usock *u, const unsigned char *address, u32 len)
{
	struct unix_name *n = kalloc(sizeof *n);
	if (!n)
		return -ENOMEM;
	s64 r = socket_name_make(current(), (const char *)address + 2, len - 2,
				 u->s.file->inode->mode, &n->inode);
	if (r == 0 && u->name) { /* another task was faster */
		inode_put(n->inode);
		r = -EINVAL;
	}
	if (r < 0) {
		kfree(n);
		return r == -EEXIST ? -EADDRINUSE : r;
	}
	n->refs = 1;
	n->len = len + 1;
	memcpy(n->address, address, len);
	n->sock = u;
	n->inode->pipe = u;
	u->name = n;
	return 0;
}

s64 unix_bind(struct socket *s, const unsigned char *address, u32 len)
{
	struct usock *u = usock_of(s);
	s64 n = check(address, len);
	if (n < 0)
		return n;
	if (u->name)
		return -EINVAL;
	if (n == 2)
		return bind_any(u);
	return address[2] ? bind_path(u, address, (u32)n) : bind_abstract(u, address, len);
}

static s64 find_path(const unsigned char *address, u32 len, struct usock **out)
{
	struct task *t = current();
	struct path p;
	char *b = name_buffer();
	if (!b)
		return -ENOMEM;
	memcpy(b, address + 2, len - 2);
	b[len - 2] = 0;
	s64 r = path_walk(t, AT_FDCWD, b, WALK_FOLLOW, &p);
	name_release(b);
	if (r < 0)
		return r;
	struct inode *i = p.dentry->inode;
	r = inode_permission(t, i, MAY_WRITE);
	if (r == 0 && ((i->mode & S_IFMT) != S_IFSOCK || !i->pipe))
		r = -ECONNREFUSED;
	if (r == 0) {
		*out = i->pipe;
		usock_get(*out);
	}
	path_put(&p);
	return r;
}

s64 unix_find(const unsigned char *address, u32 len, struct usock **out)
{
	s64 n = check(address, len);
	if (n < 0)
		return n;
	if (n == 2)
		return -EINVAL;
	if (address[2])
		return find_path(address, (u32)n, out);
	const struct unix_name *name = find_abstract(address, len);
	if (!name)
		return -ECONNREFUSED;
	*out = name->sock;
	usock_get(*out);
	return 0;
}
