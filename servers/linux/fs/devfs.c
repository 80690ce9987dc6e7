/* SPDX-License-Identifier: MIT */
/*
 * /dev: a tmpfs with nodes in it; what devices do, by number; /dev/pts.
 */
#include "../core/random.h"
#include "../tty/tty.h"
#include "fs.h"

#define DEV(major, minor) ((u64)(major) << 8 | (minor))
enum { MEM_MAJOR = 1, TTY_MAJOR = 4, TTYAUX_MAJOR = 5, PTS_MAJOR = 136 };

/* --- null, zero, full, random ---------------------------------------------------- */

static s64 null_read(struct file *f, struct uio *to, u64 *pos)
{
	(void)f, (void)to, (void)pos;
	return 0;
}

static s64 null_write(struct file *f, struct uio *from, u64 *pos)
{
	u64 n = from->left;
	(void)f, (void)pos;
	uio_advance(from, n);
	return (s64)n;
}

static s64 full_write(struct file *f, struct uio *from, u64 *pos)
{
	(void)f, (void)pos;
	return from->left ? -ENOSPC : 0;
}

static s64 zero_read(struct file *f, struct uio *to, u64 *pos)
{
	u64 done = 0;
	(void)f, (void)pos;
	while (to->left) {
		u64 n = to->left;
		void *at = uio_window(to, &n, ACCESS_WRITE);
		if (!at)
			return done ? (s64)done : -EFAULT;
		memset(at, 0, n);
		uio_advance(to, n);
		done += n;
	}
	return (s64)done;
}

static s64 random_read(struct file *f, struct uio *to, u64 *pos)
{
	u64 done = 0;
	(void)f, (void)pos;
	while (to->left) {
		u64 n = to->left;
		void *at = uio_window(to, &n, ACCESS_WRITE);
		if (!at)
			return done ? (s64)done : -EFAULT;
		random_bytes(at, n);
		uio_advance(to, n);
		done += n;
	}
	return (s64)done;
}

static s64 mem_seek(struct file *f, s64 offset, u32 whence)
{
	(void)f, (void)offset;
	return whence > 4 ? -EINVAL : 0;
}

static s64 random_ioctl(struct file *f, u64 request, u64 arg)
{
	enum { RNDGETENTCNT = 0x80045200 };
	const s32 bits = 256;
	(void)f;
	if ((u32)request != RNDGETENTCNT)
		return -EINVAL;
	return copy_out(current()->mm, arg, &bits, sizeof bits);
}

static u32 mem_poll(struct file *f, struct poll_table *pt)
{
	(void)f, (void)pt;
	return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

static const struct file_ops null_ops = {
	.read = null_read, .write = null_write, .poll = mem_poll, .seek = mem_seek
};
static const struct file_ops zero_ops = {
	.read = zero_read, .write = null_write, .poll = mem_poll, .seek = mem_seek
};
static const struct file_ops full_ops = {
	.read = zero_read, .write = full_write, .poll = mem_poll, .seek = mem_seek
};
static const struct file_ops random_ops = {
	.read = random_read, .write = null_write, .poll = mem_poll, .ioctl = random_ioctl, .seek = mem_seek
};

static s64 mem_open(struct file *f, u64 minor)
{
	switch (minor) {
	case 3: f->ops = &null_ops; return 0;
	case 5: f->ops = &zero_ops; return 0;
	case 7: f->ops = &full_ops; return 0;
	case 8:
	case 9: f->ops = &random_ops; return 0;
	default: return -ENXIO;
	}
}

s64 dev_open(struct inode *i, struct file *f)
{
	u64 major = i->rdev >> 8 & 0xfff, minor = (i->rdev & 0xff) | (i->rdev >> 12 & 0xfff00);
	if ((i->mode & S_IFMT) != S_IFCHR)
		return -ENXIO;
	switch (major) {
	case MEM_MAJOR: return mem_open(f, minor);
	case TTY_MAJOR: return minor >= 64 ? tty_open_console(i, f) : -ENXIO;
	case TTYAUX_MAJOR:
		return minor == 0   ? tty_open_current(i, f)
		       : minor == 1 ? tty_open_console(i, f)
		       : minor == 2 ? tty_open_ptmx(i, f)
				    : -ENXIO;
	case PTS_MAJOR: return tty_open_pts(i, f, (u32)minor);
	default: return -ENXIO;
	}
}

/* --- the tree ------------------------------------------------------------------------- */

struct super *devfs_new(void)
{
	static const struct {
		const char *name;
		u32 mode;
		u64 rdev;
		const char *target;
	} node[] = {
		{ "null", S_IFCHR | 0666, DEV(MEM_MAJOR, 3), NULL },
		{ "zero", S_IFCHR | 0666, DEV(MEM_MAJOR, 5), NULL },
		{ "full", S_IFCHR | 0666, DEV(MEM_MAJOR, 7), NULL },
		{ "random", S_IFCHR | 0666, DEV(MEM_MAJOR, 8), NULL },
		{ "urandom", S_IFCHR | 0666, DEV(MEM_MAJOR, 9), NULL },
		{ "tty", S_IFCHR | 0666, DEV(TTYAUX_MAJOR, 0), NULL },
		{ "console", S_IFCHR | 0600, DEV(TTYAUX_MAJOR, 1), NULL },
		{ "ptmx", S_IFCHR | 0666, DEV(TTYAUX_MAJOR, 2), NULL },
		{ "ttyS0", S_IFCHR | 0600, DEV(TTY_MAJOR, 64), NULL },
		{ "pts", S_IFDIR | 0755, 0, NULL },
		{ "shm", S_IFDIR | 01777, 0, NULL },
		{ "fd", 0, 0, "/proc/self/fd" },
		{ "stdin", 0, 0, "/proc/self/fd/0" },
		{ "stdout", 0, 0, "/proc/self/fd/1" },
		{ "stderr", 0, 0, "/proc/self/fd/2" },
	};
	struct super *sb = tmpfs_new("devtmpfs", 1024, 8192, 0755);
	if (!sb)
		return NULL;
	sb->type = "devtmpfs";
	for (u32 n = 0; n < sizeof node / sizeof *node; n++) {
		struct inode *i, *dir = sb->root;
		u32 len = (u32)str_len(node[n].name);
		s64 r = node[n].target
				? dir->ops->symlink(dir, node[n].name, len, node[n].target, &i)
				: dir->ops->create(dir, node[n].name, len, node[n].mode,
						   node[n].rdev, &i);
		if (r == 0)
			inode_put(i);
	}
	/* It is mounted whenever asked for, and always the same. */
	sb->destroy = NULL;
	return sb;
}

/* --- /dev/pts ---------------------------------------------------------------------------- */

enum { PTS_KEPT = 4096 };

static s64 pts_lookup(struct inode *dir, const char *name, u32 len, struct inode **out);
static s64 pts_readdir(struct inode *dir, u64 *cookie,
		       bool (*emit)(void *, const char *, u32, u64, u32, u64), void *ctx);

static void pts_release(struct inode *i)
{
	kfree(i);
}

static s64 pts_setattr(struct inode *i, u32 mask, const struct inode *v)
{
	(void)i, (void)v;
	return mask & ATTR_SIZE ? -EINVAL : 0;
}

/* The node of a terminal stays as long as the terminal: its owner and mode may have been changed. */
static struct inode *pts_node[PTS_KEPT];

static bool pts_stale(struct inode *i)
{
	u32 n = (u32)(i->ino - 3);
	return pts_next(n) != n || pts_node[n] != i;
}

static const struct inode_ops pts_dir_ops = {
	.lookup = pts_lookup,
	.readdir = pts_readdir,
	.setattr = pts_setattr,
	.release = pts_release,
};
static const struct inode_ops pts_node_ops = {
	.stale = pts_stale,
	.setattr = pts_setattr,
	.release = pts_release,
};

static struct inode *pts_inode(struct super *sb, const struct inode_ops *ops, u32 mode)
{
	struct inode *i = kalloc(sizeof *i);
	if (i) {
		inode_init(i, sb, mode);
		i->ops = ops;
	}
	return i;
}

/* Who opened the master owns the terminal: it is made at that moment. */
void pts_made(u32 number, u32 uid, u32 gid)
{
	struct super *sb = devpts_new();
	if (!sb || number >= PTS_KEPT)
		return;
	if (pts_node[number])
		inode_put(pts_node[number]);
	struct inode *i = pts_node[number] = pts_inode(sb, &pts_node_ops, S_IFCHR | 0620);
	if (!i)
		return;
	i->ino = number + 3;
	i->uid = uid;
	i->gid = gid;
	i->rdev = DEV(PTS_MAJOR, number);
}

static s64 pts_lookup(struct inode *dir, const char *name, u32 len, struct inode **out)
{
	s64 n = text_number(name, len);
	(void)dir;
	if (n < 0 || n >= PTS_KEPT || pts_next((u32)n) != n || !pts_node[n])
		return -ENOENT;
	*out = pts_node[n];
	inode_get(*out);
	return 0;
}

static s64 pts_readdir(struct inode *dir, u64 *cookie,
		       bool (*emit)(void *, const char *, u32, u64, u32, u64), void *ctx)
{
	(void)dir;
	for (s64 n; *cookie - 2 < PTS_KEPT && (n = pts_next((u32)(*cookie - 2))) >= 0;) {
		char name[16];
		struct text x = { .at = name, .room = sizeof name };
		text_add(&x, "%ld", n);
		if (!emit(ctx, name, (u32)x.used, (u64)n + 3, S_IFCHR, (u64)n + 3))
			break;
		*cookie = (u64)n + 3;
	}
	return 0;
}

static s64 pts_statfs(struct super *sb, struct lx_statfs *out)
{
	(void)sb;
	out->type = 0x1cd1;
	return 0;
}

struct super *devpts_new(void)
{
	static struct super *one;
	if (one)
		return one;
	struct super *sb = kalloc(sizeof *sb);
	if (!sb)
		return NULL;
	*sb = (struct super){
		.type = "devpts", .source = "devpts", .dev = dev_new(), .statfs = pts_statfs
	};
	sb->root = pts_inode(sb, &pts_dir_ops, S_IFDIR | 0755);
	if (!sb->root) {
		kfree(sb);
		return NULL;
	}
	sb->root->fops = &dir_file_ops;
	sb->root->nlink = 2;
	one = sb;
	return sb;
}
