/* SPDX-License-Identifier: MIT */
/*
 * The inodes of a file system server that are known here.
 *
 * An inode that nobody refers to any more stays until its pages are on the disk: until then only they, here, would
 * outlive a server that dies.
 *
 * Owns:       the table of inodes.
 */
#include "remote_page.h"

enum { CHAINS = 1024, DEV_MINOR_BITS = 8 };

static struct remote_node *chains[CHAINS];
static struct list resting = { &resting,
			       &resting }; /* without references, and not on the disk as they are */

static struct remote_node **chain_of(u64 ino)
{
	return &chains[ino % CHAINS];
}

struct remote_node *remote_find(u64 ino)
{
	struct remote_node *n = *chain_of(ino);

	while (n != NULL && n->i.ino != ino)
		n = n->next;
	return n;
}

static void hold(struct remote_node *n)
{
	list_del(&n->resting);
	inode_get(&n->i);
}

s64 remote_each(s64 (*f)(struct remote_node *n))
{
	s64 r = 0;

	for (u32 k = 0; k < CHAINS && r >= 0; k++) {
		struct remote_node *n = chains[k], *next;

		if (n != NULL)
			hold(n);
		for (; n != NULL; n = next) {
			if (r >= 0)
				r = f(n);
			/* Both stay where they are while f sleeps. */
			next = n->next;
			if (next != NULL)
				hold(next);
			inode_put(&n->i);
		}
	}
	return r;
}

static void set_attr(struct inode *i, const struct fs_attr *a)
{
	i->mode = a->mode;
	i->uid = a->uid;
	i->gid = a->gid;
	i->nlink = a->links;
	i->rdev = (u64)a->major << DEV_MINOR_BITS | (a->minor & 0xff) |
		  (u64)(a->minor & ~0xffu) << 12;
	i->size = a->size;
	i->blocks = a->blocks;
	i->atime = (struct ltime){ a->atime, a->atime_ns };
	i->mtime = (struct ltime){ a->mtime, a->mtime_ns };
	i->ctime = (struct ltime){ a->ctime, a->ctime_ns };
}

s64 remote_enter(struct super *sb, const struct fs_call *c, struct inode **out)
{
	const struct fs_attr attr = c->m->attr;
	u64 ino = c->w2;
	struct remote_node *n = remote_find(ino);

	if (n != NULL) {
		list_del(&n->resting);
		n->server_refs = n->life == c->life ? n->server_refs + 1 : 1;
		n->life = c->life;
		inode_get(&n->i);
		*out = &n->i;
		return 0;
	}
	n = kalloc(sizeof *n);
	if (n == NULL) {
		link_tell(FS_FORGET, ino, 1);
		return -ENOMEM;
	}
	inode_init(&n->i, sb, attr.mode);
	n->i.ino = ino;
	set_attr(&n->i, &attr);
	remote_set_ops(&n->i);
	n->known_size = n->reserved = attr.size;
	n->server_refs = 1;
	n->life = c->life;
	list_init(&n->changed);
	list_init(&n->resting);
	n->next = *chain_of(ino);
	*chain_of(ino) = n;
	*out = &n->i;
	return 0;
}

static void forget(struct remote_node *n)
{
	struct remote_node **at = chain_of(n->i.ino);

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	remote_pages_drop(n, 0);
	/* The restorer waits for nobody who may wait for it. */
	if (!link_restoring())
		remote_tell_pages();
	if (n->life == link_life())
		link_tell(FS_FORGET, n->i.ino, n->server_refs);
	kfree(n);
}

void remote_release(struct inode *i)
{
	struct remote_node *n = remote_of(i);

	if (i->nlink != 0 && n->unsettled != 0)
		list_add(&resting, &n->resting);
	else
		forget(n);
}

/* Those whose pages are on the disk by now. */
void remote_forget_settled(void)
{
	struct list left;

	list_init(&left);
	while (!list_empty(&resting)) {
		struct remote_node *n = container_of(resting.next, struct remote_node, resting);

		list_del(&n->resting);
		if (n->unsettled != 0)
			list_add(&left, &n->resting);
		else
			forget(n);
	}
	while (!list_empty(&left)) {
		struct list *l = left.next;

		list_del(l);
		list_add(&resting, l);
	}
}

bool remote_rests(void)
{
	return !list_empty(&resting);
}
