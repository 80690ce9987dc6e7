/* SPDX-License-Identifier: MIT */
/*
 * Open files and descriptors; root, working directory and umask of a process.
 */
#include "fs.h"
#include "pipe.h"

enum { FDS_FIRST = 64, FDS_MAX = 65536, FILES_MAX = 1 << 18 };

/* --- open files ---------------------------------------------------------------- */

static u64 files;

u64 files_open(void)
{
	return files;
}

struct file *file_new(const struct file_ops *ops, struct inode *inode, u32 flags)
{
	struct file *f = may_have(files + 1, min64(FILES_MAX, pages_total())) ? kalloc(sizeof *f) : NULL;
	if (!f)
		return NULL;
	files++;
	f->ops = ops;
	f->inode = inode;
	f->flags = flags;
	f->refs = 1;
	list_init(&f->epolls);
	return f;
}

void file_get(struct file *f)
{
	f->refs++;
}

void file_put(struct file *f)
{
	if (--f->refs)
		return;
	notify_file(f, can_write(f) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	/* What follows may look at the file, and must not end it again. */
	f->refs = 1;
	if (!list_empty(&f->epolls))
		epoll_file_gone(f);
	if (!list_empty(&f->inode->locks))
		lock_released(f);
	if (f->ops->release)
		f->ops->release(f);
	struct inode *i = f->inode;
	struct path p = f->path;
	kfree(f);
	files--;
	inode_put(i);
	if (p.dentry)
		path_put(&p);
}

/* --- descriptors ------------------------------------------------------------------ */

struct fdtable {
	u32 refs, room;
	u32 first_free; /* none below is free */
	struct file **file;
	u64 *cloexec; /* a bit each */
};

bool may_have(u64 used, u64 most)
{
	const struct task *t = current();
	if (used <= most - most / 8)
		return true;
	return used <= most && (!t || !t->files || t->files->room <= FDS_FIRST);
}

static bool resize(struct fdtable *t, u32 room)
{
	struct file **file = kalloc(room * sizeof *file + room / 8);
	if (!file)
		return false;
	u64 *cloexec = (u64 *)(void *)(file + room);
	if (t->file) {
		memcpy(file, t->file, t->room * sizeof *file);
		memcpy(cloexec, t->cloexec, t->room / 8);
		kfree(t->file);
	}
	t->file = file;
	t->cloexec = cloexec;
	t->room = room;
	return true;
}

struct fdtable *fdtable_new(void)
{
	struct fdtable *t = kalloc(sizeof *t);
	if (!t)
		return NULL;
	t->refs = 1;
	if (!resize(t, FDS_FIRST)) {
		kfree(t);
		return NULL;
	}
	return t;
}

struct fdtable *fdtable_copy(struct fdtable *from)
{
	u32 used = from->room;
	while (used && !from->file[used - 1])
		used--;
	u32 room = FDS_FIRST;
	while (room < used)
		room *= 2;
	struct fdtable *t = kalloc(sizeof *t);
	if (!t)
		return NULL;
	t->refs = 1;
	if (!resize(t, room)) {
		kfree(t);
		return NULL;
	}
	for (u32 i = 0; i < used; i++) {
		t->file[i] = from->file[i];
		if (t->file[i])
			file_get(t->file[i]);
	}
	memcpy(t->cloexec, from->cloexec, room / 8);
	t->first_free = from->first_free;
	return t;
}

void fdtable_get(struct fdtable *t)
{
	t->refs++;
}

/* Take the file out; its reference is the caller's. */
static struct file *take(struct fdtable *t, u32 fd)
{
	struct file *f = t->file[fd];
	t->file[fd] = NULL;
	t->cloexec[fd / 64] &= ~(1ull << fd % 64);
	if (fd < t->first_free)
		t->first_free = fd;
	return f;
}

static void drop(struct fdtable *t, struct file *f)
{
	if (!list_empty(&f->inode->locks))
		lock_closed(current(), t, f);
	mqueue_closed(current(), f);
	file_put(f);
}

void fdtable_put(struct fdtable *t)
{
	if (--t->refs)
		return;
	for (u32 i = 0; i < t->room; i++)
		if (t->file[i])
			drop(t, take(t, i));
	kfree(t->file);
	kfree(t);
}

void fdtable_exec(struct fdtable *t)
{
	for (u32 i = 0; i < t->room; i += 64)
		for (u64 bits = t->cloexec[i / 64]; bits; bits &= bits - 1) {
			u32 fd = i + (u32)__builtin_ctzll(bits);
			if (t->file[fd])
				drop(t, take(t, fd));
		}
}

bool fdtable_is_shared(const struct fdtable *t)
{
	return t->refs > 1;
}

u64 inode_nameless_pages(const struct inode *i)
{
	return (i->mode & S_IFMT) == S_IFREG && i->nlink == 0 ? i->blocks / (PAGE / 512) / i->refs : 0;
}

u64 fdtable_pages(const struct fdtable *t)
{
	u64 n = t->room * sizeof *t->file / PAGE;
	for (u32 i = 0; i < t->room; i++) {
		struct file *f = t->file[i];
		struct pipe *p = f ? file_pipe(f) : NULL;
		if (p)
			n += pipe_used(p) / PAGE / 2 / f->refs; /* two files for each */
		else if (f)
			n += inode_nameless_pages(f->inode);
	}
	return n;
}

u32 fdtable_room(const struct fdtable *t)
{
	return t->room;
}

struct file *fdtable_at(const struct fdtable *t, u64 fd)
{
	return fd < t->room ? t->file[fd] : NULL;
}

bool fdtable_cloexec(const struct fdtable *t, u64 fd)
{
	return fd < t->room && (t->cloexec[fd / 64] >> fd % 64 & 1);
}

struct file *fd_file_any(struct task *t, u64 fd)
{
	struct fdtable *ft = t->files;
	fd = (u32)fd;
	struct file *f = fd < ft->room ? ft->file[fd] : NULL;
	if (f)
		f->refs++;
	return f;
}

struct file *fd_file(struct task *t, u64 fd)
{
	struct fdtable *ft = t->files;
	fd = (u32)fd;
	struct file *f = fd < ft->room ? ft->file[fd] : NULL;
	if (!f || (f->flags & O_PATH))
		return NULL;
	f->refs++;
	return f;
}

static u32 fd_limit(struct task *t)
{
	return (u32)min64(t->process->rlimit[RLIMIT_NOFILE].soft, FDS_MAX);
}

static void set_cloexec(struct fdtable *ft, u32 fd, bool on)
{
	if (on)
		ft->cloexec[fd / 64] |= 1ull << fd % 64;
	else
		ft->cloexec[fd / 64] &= ~(1ull << fd % 64);
}

static bool grow(struct fdtable *ft, u32 fd)
{
	u32 room = ft->room;
	while (room <= fd)
		room *= 2;
	return room == ft->room || resize(ft, room);
}

s64 fd_install(struct task *t, struct file *f, bool cloexec, u32 from)
{
	struct fdtable *ft = t->files;
	u32 limit = fd_limit(t);
	u32 fd = from > ft->first_free ? from : ft->first_free;
	while (fd < ft->room && ft->file[fd])
		fd++;
	if (fd >= limit)
		return -EMFILE;
	if (!grow(ft, fd))
		return -ENOMEM;
	if (from <= ft->first_free)
		ft->first_free = fd + 1;
	ft->file[fd] = f;
	set_cloexec(ft, fd, cloexec);
	return fd;
}

s64 fd_give(struct task *t, struct file *f, bool cloexec)
{
	s64 r = fd_install(t, f, cloexec, 0);
	if (r < 0)
		file_put(f);
	return r;
}

s64 fd_close(struct task *t, u64 fd)
{
	struct fdtable *ft = t->files;
	fd = (u32)fd;
	if (fd >= ft->room || !ft->file[fd])
		return -EBADF;
	drop(ft, take(ft, (u32)fd));
	return 0;
}

s64 lx_close(struct task *t, u64 fd)
{
	return fd_close(t, fd);
}

s64 lx_close_range(struct task *t, u64 first, u64 last, u64 flags)
{
	enum { CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4 };
	first = (u32)first;
	last = (u32)last;
	if (first > last)
		return -EINVAL;
	if ((flags & CLOSE_RANGE_UNSHARE) && t->files->refs > 1) {
		struct fdtable *own = fdtable_copy(t->files);
		if (!own)
			return -ENOMEM;
		fdtable_put(t->files);
		t->files = own;
	}
	for (u64 fd = first; fd <= last && fd < t->files->room; fd++)
		if (!t->files->file[fd])
			continue;
		else if (flags & CLOSE_RANGE_CLOEXEC)
			set_cloexec(t->files, (u32)fd, true);
		else
			fd_close(t, fd);
	return 0;
}

static s64 dup_to(struct task *t, u64 old, u64 fd, bool cloexec)
{
	struct fdtable *ft = t->files;
	struct file *f = fd_file_any(t, old);
	if (!f)
		return -EBADF;
	s64 r = fd >= fd_limit(t) ? -EBADF : grow(ft, (u32)fd) ? (s64)fd : -ENOMEM;
	if (r < 0) {
		file_put(f);
		return r;
	}
	struct file *before = ft->file[fd];
	ft->file[fd] = f;
	set_cloexec(ft, (u32)fd, cloexec);
	if (before)
		drop(ft, before);
	return (s64)fd;
}

s64 lx_dup(struct task *t, u64 fd)
{
	struct file *f = fd_file_any(t, fd);
	return f ? fd_give(t, f, false) : -EBADF;
}

s64 lx_dup2(struct task *t, u64 old, u64 fd)
{
	old = (u32)old;
	fd = (u32)fd;
	if (old == fd)
		return fdtable_at(t->files, old) ? (s64)fd : -EBADF;
	return dup_to(t, old, fd, false);
}

s64 lx_dup3(struct task *t, u64 old, u64 fd, u64 flags)
{
	if ((u32)old == (u32)fd)
		return -EINVAL;
	return dup_to(t, old, (u32)fd, flags & O_CLOEXEC);
}

/* fcntl F_GETFD, F_SETFD. */
s64 fd_flags(struct task *t, u64 fd, bool set, u64 flags)
{
	struct fdtable *ft = t->files;
	fd = (u32)fd;
	if (!fdtable_at(ft, fd))
		return -EBADF;
	if (!set)
		return fdtable_cloexec(ft, fd);
	set_cloexec(ft, (u32)fd, flags & 1);
	return 0;
}

/* --- root, working directory, umask ---------------------------------------------------- */

struct fsinfo {
	u32 refs, umask;
	struct path root, cwd;
};

struct fsinfo *fsinfo_new(void)
{
	struct fsinfo *i = kalloc(sizeof *i);
	if (!i)
		return NULL;
	i->refs = 1;
	i->umask = 022;
	i->root = i->cwd = root_path;
	path_get(&i->root);
	path_get(&i->cwd);
	return i;
}

struct fsinfo *fsinfo_copy(struct fsinfo *from)
{
	struct fsinfo *i = kalloc(sizeof *i);
	if (!i)
		return NULL;
	*i = *from;
	i->refs = 1;
	path_get(&i->root);
	path_get(&i->cwd);
	return i;
}

void fsinfo_get(struct fsinfo *i)
{
	i->refs++;
}

void fsinfo_put(struct fsinfo *i)
{
	if (--i->refs)
		return;
	path_put(&i->root);
	path_put(&i->cwd);
	kfree(i);
}

struct path *fs_root(struct task *t)
{
	return &t->fs->root;
}

struct path *fs_cwd(struct task *t)
{
	return &t->fs->cwd;
}

u32 fs_umask(struct task *t)
{
	return t->fs->umask;
}

s64 lx_umask(struct task *t, u64 mask)
{
	u32 old = t->fs->umask;
	t->fs->umask = mask & 0777;
	return old;
}

static void set_path(struct path *where, struct path p)
{
	struct path old = *where;
	*where = p;
	path_put(&old);
}

static s64 dir_change(struct task *t, u64 name, struct path *where, bool root)
{
	struct path p;
	s64 r = path_user(t, AT_FDCWD, name, WALK_FOLLOW, &p);
	if (r < 0)
		return r;
	if (!is_dir(p.dentry->inode))
		r = -ENOTDIR;
	else
		r = inode_permission(t, p.dentry->inode, MAY_EXEC);
	if (r == 0 && root && !task_capable(t, CAP_SYS_CHROOT))
		r = -EPERM;
	if (r < 0)
		path_put(&p);
	else
		set_path(where, p);
	return r;
}

s64 lx_chdir(struct task *t, u64 name)
{
	return dir_change(t, name, &t->fs->cwd, false);
}

s64 lx_chroot(struct task *t, u64 name)
{
	return dir_change(t, name, &t->fs->root, true);
}

s64 lx_fchdir(struct task *t, u64 fd)
{
	struct file *f = fd_file_any(t, fd);
	if (!f)
		return -EBADF;
	s64 r = -ENOTDIR;
	if (is_dir(f->inode) && f->path.dentry) {
		r = inode_permission(t, f->inode, MAY_EXEC);
		if (r == 0) {
			path_get(&f->path);
			set_path(&t->fs->cwd, f->path);
		}
	}
	file_put(f);
	return r;
}

s64 fs_change_directory(struct task *t, const char *name)
{
	struct file *f;
	s64 e = vfs_open(t, name, O_RDONLY | O_DIRECTORY, 0, &f);

	if (e < 0)
		return e;
	path_get(&f->path);
	set_path(&t->fs->cwd, f->path);
	file_put(f);
	return 0;
}

s64 lx_getcwd(struct task *t, u64 to, u64 room)
{
	char *b = name_buffer();
	if (!b)
		return -ENOMEM;
	const struct path *cwd = fs_cwd(t);
	s64 r = -ENOENT;
	if (!cwd->dentry->deleted) {
		char *s = path_text(fs_root(t), cwd, b, PATH_LEN);
		u64 n = s ? str_len(s) + 1 : 0;
		if (!s)
			r = -ENAMETOOLONG;
		else if (n > room)
			r = -ERANGE;
		else
			r = copy_out(t->mm, to, s, n) < 0 ? -EFAULT : (s64)n;
	}
	name_release(b);
	return r;
}
