/* SPDX-License-Identifier: MIT */
/*
 * /proc and /sys: the file system.  What there is: proc_tree.c.
 *
 * Inodes are made when a name is looked up and go with their last use; a process' inodes are
 * stale when another process has its number.  A text is made when it is read from its start.
 */
#include "proc.h"

enum { TEXT_FIRST = 4096, TEXT_MAX = 1 << 18 };

struct pnode {
	struct inode i;
	const struct proc_entry *e;
	u32 pid, tid, fd; /* tid 0: the process as a whole */
	u64 start;        /* of the process: numbers are used again */
};

static struct super *proc_sb;

static const struct proc_entry pid_dir = { .mode = S_IFDIR | 0555, .names = proc_pid };
static const struct proc_entry tid_dir = { .mode = S_IFDIR | 0555, .names = proc_tid };
static const struct proc_entry fd_link = { .mode = S_IFLNK | 0777, .link = pid_fd };
static const struct proc_entry fdinfo_file = { .mode = S_IFREG | 0444, .text = pid_fdinfo };

static struct pnode *of(struct inode *i)
{
	return container_of(i, struct pnode, i);
}

/* False: the process, task or descriptor is not there any more. */
static bool subject_of(struct inode *i, struct subject *s)
{
	struct pnode *n = of(i);
	*s = (struct subject){ .fd = n->fd };
	if (!n->pid)
		return true;
	s->p = process_find(n->pid);
	if (!s->p || s->p->start_ns != n->start)
		return false;
	if (!n->tid) {
		s->t = process_task(s->p);
		return true;
	}
	s->t = task_find(n->tid);
	return s->t && s->t->process == s->p;
}

static s64 p_lookup(struct inode *dir, const char *name, u32 len, struct inode **out);
static s64 p_readdir(struct inode *dir, u64 *cookie,
		     bool (*emit)(void *, const char *, u32, u64, u32, u64), void *ctx);

static void p_release(struct inode *i)
{
	kfree(of(i));
}

static bool p_stale(struct inode *i)
{
	struct subject s;
	if (!subject_of(i, &s))
		return true;
	/* At a descriptor another file may be by now; it costs little to look. */
	return of(i)->e == &fd_link || of(i)->e == &fdinfo_file;
}

static s64 p_setattr(struct inode *i, u32 mask, const struct inode *v)
{
	(void)i, (void)v;
	return mask & ~(u32)(ATTR_SIZE | ATTR_ATIME | ATTR_MTIME) ? -EPERM : 0;
}

static s64 p_getattr(struct inode *i)
{
	struct subject s;
	if (!subject_of(i, &s))
		return -ESRCH;
	if (s.t) {
		i->uid = s.t->ids.euid;
		i->gid = s.t->ids.egid;
	}
	return 0;
}

static s64 p_readlink(struct inode *i, char *to, u64 room)
{
	struct subject s;
	struct text x = { .at = to, .room = room };
	struct path p = { 0 };
	if (!subject_of(i, &s))
		return -ENOENT;
	s64 r = of(i)->e->link(&s, &p, &x);
	if (r >= 0 && p.dentry) {
		char *b = name_buffer();
		char *name = b ? path_text(fs_root(current()), &p, b, PATH_LEN) : NULL;
		if (name)
			text_bytes(&x, name, str_len(name));
		else
			r = b ? -ENAMETOOLONG : -ENOMEM;
		if (b)
			name_release(b);
		path_put(&p);
	}
	return r < 0 ? r : (s64)x.used;
}

/* Links that are a file, not a name: straight there. */
static s64 p_follow(struct inode *i, struct path *out)
{
	struct subject s;
	char b[64];
	struct text x = { .at = b, .room = sizeof b - 1 };
	if (!subject_of(i, &s))
		return -ENOENT;
	s64 r = of(i)->e->link(&s, out, &x);
	if (r < 0 || out->dentry)
		return r;
	/* A file without name gets one to be opened by. */
	struct file *f = s.t ? fdtable_at(s.t->files, s.fd) : NULL;
	if (!f)
		return -ENOENT;
	b[x.used] = 0;
	*out = (struct path){ NULL, dentry_nameless(NULL, b, f->inode) };
	if (!out->dentry)
		return -ENOMEM;
	out->dentry->deleted = false;
	return 0;
}

static const struct inode_ops p_dir_ops = {
	.lookup = p_lookup,
	.fixed = true,
	.readdir = p_readdir,
	.getattr = p_getattr,
	.stale = p_stale,
	.release = p_release,
};
static const struct inode_ops p_file_ops = {
	.getattr = p_getattr,
	.setattr = p_setattr,
	.stale = p_stale,
	.release = p_release,
};
/* A link of text only: "self", "mounts". */
static const struct inode_ops p_link_ops = {
	.readlink = p_readlink,
	.getattr = p_getattr,
	.stale = p_stale,
	.release = p_release,
};
static const struct inode_ops p_magic_ops = {
	.readlink = p_readlink,
	.follow = p_follow,
	.getattr = p_getattr,
	.stale = p_stale,
	.release = p_release,
};

/* --- the text of a file ------------------------------------------------------------- */

/* The text as it is now, in place of the one of before. */
static s64 make_text(struct file *f)
{
	struct text *old = f->priv, *x;
	struct subject s;
	for (u64 room = TEXT_FIRST;; room *= 4) {
		if (!subject_of(f->inode, &s))
			return -ESRCH;
		x = kalloc(sizeof *x + room);
		if (!x)
			return -ENOMEM;
		*x = (struct text){ .at = (char *)(x + 1), .room = room };
		of(f->inode)->e->text(x, &s);
		if (!x->full || room >= TEXT_MAX)
			break;
		kfree(x);
	}
	f->priv = x;
	if (old)
		kfree(old);
	return 0;
}

static s64 read_locked(struct file *f, struct uio *to, u64 *pos)
{
	if (*pos == 0 || !f->priv) {
		s64 r = make_text(f);
		if (r < 0)
			return r;
	}
	const struct text *x = f->priv;
	if (*pos >= x->used)
		return 0;
	s64 n = uio_put(to, x->at + *pos, x->used - *pos);
	if (n > 0)
		*pos += (u64)n;
	return n;
}

static s64 p_read(struct file *f, struct uio *to, u64 *pos)
{
	if (!of(f->inode)->e->text)
		return -EINVAL;
	inode_lock(f->inode);
	s64 r = read_locked(f, to, pos);
	inode_unlock(f->inode);
	return r;
}

static s64 p_write(struct file *f, struct uio *from, u64 *pos)
{
	const struct proc_entry *e = of(f->inode)->e;
	struct subject s;
	char b[128];
	u64 n = min64(from->left, sizeof b);
	if (!e->write)
		return -EINVAL;
	s64 r = uio_get(from, b, n);
	if (r < 0)
		return r;
	if (!subject_of(f->inode, &s))
		return -ESRCH;
	r = e->write(&s, b, (u64)r);
	if (r < 0)
		return r;
	uio_advance(from, from->left);
	*pos += n;
	return (s64)n;
}

static s64 p_seek(struct file *f, s64 offset, u32 whence)
{
	return seek_to(f, offset, whence, 0);
}

static void p_file_release(struct file *f)
{
	if (f->priv)
		kfree(f->priv);
}

static u32 p_poll(struct file *f, struct poll_table *pt)
{
	(void)f, (void)pt;
	return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

static const struct file_ops p_fops = {
	.read = p_read,
	.write = p_write,
	.poll = p_poll,
	.seek = p_seek,
	.release = p_file_release,
};

/* --- names -------------------------------------------------------------------------------- */

static u64 number_of(const struct super *sb, const struct proc_entry *e, u32 pid, u32 tid, u32 fd)
{
	u64 h = (u64)(uintptr_t)e ^ (u64)pid << 40 ^ (u64)tid << 20 ^ (u64)fd << 4 ^ sb->dev;
	return ((h * 0x9e3779b97f4a7c15ull) >> 16) | 1;
}

static struct inode *node_new(struct super *sb, const struct proc_entry *e, const struct process *p,
			      u32 tid, u32 fd)
{
	struct pnode *n = kalloc(sizeof *n);
	if (!n)
		return NULL;
	struct inode *i = &n->i;
	inode_init(i, sb, e->mode);
	n->e = e;
	n->pid = p ? p->pid : 0;
	n->start = p ? p->start_ns : 0;
	n->tid = tid;
	n->fd = fd;
	i->ino = number_of(sb, e, n->pid, tid, fd);
	if (is_dir(i)) {
		i->nlink = 2;
		i->ops = &p_dir_ops;
		i->fops = &dir_file_ops;
	} else if (is_link(i)) {
		i->ops = p && e->link ? &p_magic_ops : &p_link_ops;
	} else {
		i->ops = &p_file_ops;
		i->fops = &p_fops;
	}
	p_getattr(i);
	return i;
}

/* The thing with this number in a directory of such. */
static s64 by_number(struct inode *dir, u32 number, struct inode **out)
{
	const struct proc_entry *e = of(dir)->e;
	struct subject s;
	if (!subject_of(dir, &s))
		return -ENOENT;
	if (e->numbers == NUMBERS_PIDS) {
		struct process *p = process_find(number);
		if (!p)
			return -ENOENT;
		*out = node_new(dir->sb, &pid_dir, p, 0, 0);
	} else if (e->numbers == NUMBERS_TASKS) {
		const struct task *t = task_find(number);
		if (!t || t->process != s.p)
			return -ENOENT;
		*out = node_new(dir->sb, &tid_dir, s.p, number, 0);
	} else {
		const struct file *f = s.t && s.t->files ? fdtable_at(s.t->files, number) : NULL;
		if (!f)
			return -ENOENT;
		*out = node_new(dir->sb, e->numbers == NUMBERS_FDS ? &fd_link : &fdinfo_file, s.p,
				of(dir)->tid, number);
		if (*out && e->numbers == NUMBERS_FDS)
			(*out)->mode =
				S_IFLNK | (can_read(f) ? 0500u : 0) | (can_write(f) ? 0300u : 0);
	}
	return *out ? 0 : -ENOMEM;
}

static s64 p_lookup(struct inode *dir, const char *name, u32 len, struct inode **out)
{
	struct pnode *d = of(dir);
	struct subject s;
	if (!subject_of(dir, &s))
		return -ENOENT;
	for (const struct proc_entry *e = d->e->names; e && e->name; e++)
		if (str_len(e->name) == len && memcmp(e->name, name, len) == 0) {
			*out = node_new(dir->sb, e, s.p, d->tid, 0);
			return *out ? 0 : -ENOMEM;
		}
	s64 n = d->e->numbers ? text_number(name, len) : -1;
	return n < 0 || n > UINT32_MAX ? -ENOENT : by_number(dir, (u32)n, out);
}

/* --- listing ------------------------------------------------------------------------------- */

enum { NUMBERS = 1 << 16 }; /* cookies from here on: the number + NUMBERS + 2 */

struct listing {
	u32 from, found;
	bool any;
};

static bool next_process(struct process *p, void *arg)
{
	struct listing *l = arg;
	if (p->pid >= l->from && (!l->any || p->pid < l->found)) {
		l->found = p->pid;
		l->any = true;
	}
	return true;
}

/* The smallest number >= from there is in the directory. */
static bool next_number(const struct proc_entry *e, const struct subject *s, u32 from, u32 *found)
{
	if (e->numbers == NUMBERS_PIDS) {
		struct listing l = { from, 0, false };
		process_each(next_process, &l);
		*found = l.found;
		return l.any;
	}
	if (e->numbers == NUMBERS_TASKS) {
		bool any = false;
		list_for(l, &s->p->tasks)
		{
			const struct task *t = container_of(l, struct task, peer);
			if (!t->ended && t->tid >= from && (!any || t->tid < *found)) {
				*found = t->tid;
				any = true;
			}
		}
		return any;
	}
	const struct fdtable *ft = s->t ? s->t->files : NULL;
	for (u32 fd = from; ft && fd < fdtable_room(ft); fd++)
		if (fdtable_at(ft, fd)) {
			*found = fd;
			return true;
		}
	return false;
}

static s64 p_readdir(struct inode *dir, u64 *cookie,
		     bool (*emit)(void *, const char *, u32, u64, u32, u64), void *ctx)
{
	const struct pnode *d = of(dir);
	struct subject s;
	if (!subject_of(dir, &s))
		return -ENOENT;
	u64 at = *cookie - 2, i = 0;
	for (const struct proc_entry *e = d->e->names; e && e->name; e++, i++)
		if (i >= at) {
			if (!emit(ctx, e->name, (u32)str_len(e->name),
				  number_of(dir->sb, e, d->pid, d->tid, 0), e->mode, i + 3))
				return 0;
			*cookie = i + 3;
		}
	u32 number = *cookie >= NUMBERS + 2 ? (u32)(*cookie - NUMBERS - 2) : 0;
	if (!d->e->numbers)
		return 0;
	while (next_number(d->e, &s, number, &number)) {
		char name[16];
		struct text x = { .at = name, .room = sizeof name };
		u32 mode = d->e->numbers == NUMBERS_FDS      ? S_IFLNK
			   : d->e->numbers == NUMBERS_FDINFO ? S_IFREG
							     : S_IFDIR;
		text_add(&x, "%u", number);
		number++;
		if (!emit(ctx, name, (u32)x.used, number, mode, number + NUMBERS + 2ull))
			return 0;
		*cookie = number + NUMBERS + 2ull;
	}
	return 0;
}

/* --- the file systems -------------------------------------------------------------------- */

static s64 p_statfs(struct super *sb, struct lx_statfs *out)
{
	out->type = sb == proc_sb ? 0x9fa0 : 0x62656572;
	return 0;
}

static struct super *super_new(const char *type, const struct proc_entry *root)
{
	struct super *sb = kalloc(sizeof *sb);
	if (!sb)
		return NULL;
	*sb = (struct super){ .type = type, .source = type, .dev = dev_new(), .statfs = p_statfs };
	sb->root = node_new(sb, root, NULL, 0, 0);
	if (sb->root)
		return sb;
	kfree(sb);
	return NULL;
}

struct super *proc_new(void)
{
	static const struct proc_entry root = { .mode = S_IFDIR | 0555,
						.names = proc_root,
						.numbers = NUMBERS_PIDS };
	proc_sb = super_new("proc", &root);
	return proc_sb;
}

struct super *sysfs_new(void)
{
	static const struct proc_entry root = { .mode = S_IFDIR | 0555, .names = sys_root };
	return super_new("sysfs", &root);
}
