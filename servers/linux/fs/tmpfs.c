/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: files in memory.  Directories: tmpfs_dir.c.
 *
 * A file may have bytes that lie in the archive it came from.  They are read there; a page of them is copied, and
 * counts as used, when it is first asked for, whatever the limit.
 */
#include "tmpfs.h"

struct tmpfs *tmpfs_of(const struct super *sb)
{
	return sb->priv;
}

static s64 link_read(struct inode *i, char *to, u64 room)
{
	u64 n = min64(i->size, room);
	memcpy(to, node_of(i)->target, n);
	return (s64)n;
}

/* --- pages --------------------------------------------------------------------------- */

static page_t backed(struct node *n, u64 index)
{
	page_t p = page_new(true);
	if (!p)
		return 0;
	u64 at = index * PAGE;
	memcpy(page_data(p), n->backing + at, min64(PAGE, n->backing_bytes - at));
	return p;
}

static s64 file_page(struct inode *i, u64 index, bool for_write, page_t *out)
{
	struct node *n = node_of(i);
	struct tmpfs *fs = tmpfs_of(i->sb);
	page_t p = radix_get(&n->pages, index);
	if (!p) {
		if (!for_write && index >= (i->size + PAGE - 1) / PAGE)
			return -ENXIO;
		bool old = index * PAGE < n->backing_bytes;
		if (!old && fs->used >= fs->limit)
			return -ENOSPC;
		p = old ? backed(n, index) : page_new(true);
		if (!p)
			return -ENOSPC;
		if (!radix_set(&n->pages, index, p)) {
			page_put(p);
			return -ENOSPC;
		}
		fs->used++;
		if (!old)
			i->blocks += PAGE / 512;
	}
	page_get(p);
	*out = p;
	return 0;
}

static page_t cached(struct inode *i, u64 index)
{
	page_t p = radix_get(&node_of(i)->pages, index);
	if (p)
		page_get(p);
	return p;
}

static const char *old_bytes(struct inode *i, u64 pos, u64 *n)
{
	struct node *f = node_of(i);
	if (pos >= f->backing_bytes || radix_get(&f->pages, pos / PAGE))
		return NULL;
	*n = min64(PAGE - pos % PAGE, f->backing_bytes - pos);
	return (const char *)f->backing + pos;
}

/* Of what is in the archive no more than this belongs to the file. */
static void cut_backing(struct inode *i, u64 size)
{
	struct node *n = node_of(i);
	if (size >= n->backing_bytes)
		return;
	for (u64 index = (size + PAGE - 1) / PAGE; index * PAGE < n->backing_bytes; index++)
		if (!radix_get(&n->pages, index))
			i->blocks -= PAGE / 512;
	n->backing_bytes = size;
}

/* All that is still in the archive becomes pages. */
static s64 unback(struct inode *i)
{
	struct node *n = node_of(i);
	for (u64 index = 0; index * PAGE < n->backing_bytes; index++) {
		page_t p;
		s64 r = file_page(i, index, true, &p);
		if (r < 0)
			return r;
		page_put(p);
	}
	n->backing_bytes = 0;
	return 0;
}

static void free_pages(struct inode *i, u64 from, u64 to)
{
	struct node *n = node_of(i);
	for (u64 at = from; (at = radix_next(&n->pages, at)) < to; at++) {
		page_put(radix_take(&n->pages, at));
		i->blocks -= PAGE / 512;
		tmpfs_of(i->sb)->used--;
	}
}

static void free_all(struct inode *i)
{
	struct node *n = node_of(i);
	i->blocks = 0;
	n->backing_bytes = 0;
	for (u64 at = 0; (at = radix_next(&n->pages, at)) != UINT64_MAX; at++) {
		page_put(radix_take(&n->pages, at));
		tmpfs_of(i->sb)->used--;
	}
	/* Where memory ran out nodes without pages may have stayed. */
	radix_clear(&n->pages);
}

static s64 set_size(struct inode *i, u64 size)
{
	struct node *n = node_of(i);
	if (size == 0) {
		free_all(i);
		return 0;
	}
	if (size >= i->size)
		return 0;
	cut_backing(i, size);
	free_pages(i, (size + PAGE - 1) / PAGE, UINT64_MAX);
	page_t p = size % PAGE ? radix_get(&n->pages, size / PAGE) : 0;
	if (p)
		memset((char *)page_data(p) + size % PAGE, 0, PAGE - size % PAGE);
	return 0;
}

static s64 punch(struct inode *i, u64 from, u64 to)
{
	s64 r = unback(i);
	if (r < 0)
		return r;
	/* Mappings let go of all that follows: they fault it in again. */
	mm_file_cut(i, from);
	free_pages(i, from / PAGE, to / PAGE);
	return 0;
}

static u64 next_data(struct inode *i, u64 offset, bool hole)
{
	struct node *n = node_of(i);
	if (i->blocks / (PAGE / 512) == (i->size + PAGE - 1) / PAGE)
		return hole ? i->size : offset;
	u64 index = offset / PAGE;
	if (hole) {
		while (index * PAGE < i->size &&
		       (index * PAGE < n->backing_bytes || radix_get(&n->pages, index)))
			index++;
	} else if (index * PAGE >= n->backing_bytes) {
		index = radix_next(&n->pages, index);
		if (index > i->size / PAGE)
			return i->size;
	}
	u64 at = index * PAGE;
	return min64(at > offset ? at : offset, i->size);
}

static s64 setattr(struct inode *i, u32 mask, const struct inode *v)
{
	if ((mask & ATTR_SIZE) && !is_reg(i))
		return -EINVAL;
	return mask & ATTR_SIZE ? set_size(i, v->size) : 0;
}

/* --- inodes ------------------------------------------------------------------------------ */

static void release(struct inode *i)
{
	struct node *n = node_of(i);
	struct tmpfs *fs = tmpfs_of(i->sb);
	if (is_reg(i))
		free_all(i);
	if (is_link(i))
		kfree(n->target);
	fs->inodes--;
	kfree(n);
}

static const struct inode_ops file_ops = {
	.page = file_page,
	.cached = cached,
	.bytes = old_bytes,
	.next_data = next_data,
	.punch = punch,
	.setattr = setattr,
	.release = release,
};
static const struct inode_ops link_ops = {
	.readlink = link_read,
	.setattr = setattr,
	.release = release,
};
static const struct inode_ops node_ops = { .setattr = setattr, .release = release };
static const struct inode_ops dir_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.symlink = tmpfs_symlink,
	.tmpfile = tmpfs_tmpfile,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
	.readdir = tmpfs_readdir,
	.setattr = setattr,
	.release = release,
};

struct inode *tmpfs_inode(struct super *sb, u32 mode, u64 rdev)
{
	struct tmpfs *fs = tmpfs_of(sb);
	struct node *n = fs->inodes < fs->inodes_max ? kalloc(sizeof *n) : NULL;
	if (!n)
		return NULL;
	fs->inodes++;
	struct inode *i = &n->i;
	inode_init(i, sb, mode);
	i->rdev = rdev;
	switch (mode & S_IFMT) {
	case S_IFREG:
		i->ops = &file_ops;
		i->fops = &page_file_ops;
		break;
	case S_IFLNK: i->ops = &link_ops; break;
	case S_IFDIR:
		i->ops = &dir_ops;
		i->fops = &dir_file_ops;
		i->size = DIR_EMPTY;
		i->nlink = 2;
		n->next_cookie = 2;
		list_init(&n->entries);
		break;
	default: i->ops = &node_ops;
	}
	return i;
}

void tmpfs_backing(struct inode *i, const unsigned char *bytes, u64 n)
{
	u64 pages = (n + PAGE - 1) / PAGE;
	node_of(i)->backing = bytes;
	node_of(i)->backing_bytes = n;
	i->size = n;
	i->blocks = pages * (PAGE / 512);
}

/* --- the file system ------------------------------------------------------------------------ */

static s64 statfs(struct super *sb, struct lx_statfs *out)
{
	const struct tmpfs *fs = tmpfs_of(sb);
	u64 left = fs->limit > fs->used ? fs->limit - fs->used : 0;
	out->type = 0x01021994;
	out->blocks = fs->limit;
	out->blocks_free = out->blocks_available = min64(left, pages_free());
	out->files = fs->inodes_max;
	out->files_free = fs->inodes_max - fs->inodes;
	return 0;
}

static void destroy(struct super *sb)
{
	tmpfs_clear(sb);
	inode_put(sb->root);
	kfree(sb->priv);
	kfree(sb);
}

struct super *tmpfs_new(const char *source, u64 pages, u64 inodes, u32 mode)
{
	struct super *sb = kalloc(sizeof *sb);
	struct tmpfs *fs = kalloc(sizeof *fs);
	if (sb && fs) {
		*sb = (struct super){
			.type = "tmpfs",
			.source = source,
			.dev = dev_new(),
			.keep_names = true,
			.statfs = statfs,
			.destroy = destroy,
			.priv = fs,
		};
		fs->limit = pages;
		fs->inodes_max = inodes;
		sb->root = tmpfs_inode(sb, S_IFDIR | mode, 0);
		if (sb->root)
			return sb;
	}
	if (sb)
		kfree(sb);
	if (fs)
		kfree(fs);
	return NULL;
}

struct inode *tmpfs_anon(u32 mode)
{
	static struct super *hidden;
	if (!hidden)
		hidden = tmpfs_new("tmpfs", pages_total() / 4 * 3, 1 << 16, 0);
	struct inode *i = hidden ? tmpfs_inode(hidden, S_IFREG | mode, 0) : NULL;
	if (i)
		i->nlink = 0;
	return i;
}

/* --- memfd ------------------------------------------------------------------------------------- */

u32 inode_seals(const struct inode *i)
{
	return i->ops == &file_ops ? container_of(i, const struct node, i)->seals : 0;
}

s64 memfd_get_seals(struct file *f)
{
	if (f->inode->ops != &file_ops || !node_of(f->inode)->memfd)
		return -EINVAL;
	return node_of(f->inode)->seals;
}

s64 memfd_add_seals(struct task *t, struct file *f, u32 seals)
{
	struct inode *i = f->inode;
	if (i->ops != &file_ops || !node_of(i)->memfd)
		return -EINVAL;
	if (!lx_takes_fcntl_seals(seals))
		return lx_refused(t, LX_TAKES_FCNTL_SEALS, seals, NULL);
	if (!can_write(f) || (node_of(i)->seals & SEAL_SEAL))
		return -EPERM;
	/* Who has it mapped could go on writing. */
	if ((seals & SEAL_WRITE) && mm_file_writable(i))
		return -EBUSY;
	node_of(i)->seals |= seals;
	return 0;
}

s64 lx_memfd_create(struct task *t, u64 name, u64 flags)
{
	enum { MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_NOEXEC_SEAL = 8, MFD_EXEC = 16 };
	char text[260] = "/memfd:";
	if ((flags & MFD_NOEXEC_SEAL) && (flags & MFD_EXEC))
		return -EINVAL;
	s64 r = copy_string(t->mm, text + 7, name, 250);
	if (r < 0)
		return r == -ENAMETOOLONG ? -EINVAL : r;
	struct inode *i = tmpfs_anon(flags & MFD_NOEXEC_SEAL ? 0666 : 0777);
	if (!i)
		return -ENOMEM;
	i->uid = t->ids.fsuid;
	i->gid = t->ids.fsgid;
	node_of(i)->memfd = true;
	node_of(i)->seals = flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL) ? 0 : SEAL_SEAL;
	struct dentry *d = dentry_nameless(NULL, text, i);
	struct file *f = d ? file_new(&page_file_ops, i, O_RDWR | O_LARGEFILE) : NULL;
	if (!f) {
		if (d)
			dentry_put(d);
		inode_put(i);
		return d ? -ENFILE : -ENOMEM;
	}
	f->path.dentry = d;
	return fd_give(t, f, flags & MFD_CLOEXEC);
}
