/* SPDX-License-Identifier: MIT */
/*
 * What the files of fs/ share among themselves.
 */
#pragma once
#include "linux/calls.h"
#include "linux/words.h"
#include "../core/event.h"
#include "../proc/task.h"
#include "vfs.h"

enum { AT_FDCWD = -100 };
enum {
	AT_SYMLINK_NOFOLLOW = 0x100,
	AT_REMOVEDIR = 0x200,
	AT_EACCESS = 0x200,
	AT_SYMLINK_FOLLOW = 0x400,
	AT_EMPTY_PATH = 0x1000,
	AT_STATX_SYNC = 0x6000,
};
enum { S_ISUID = 04000, S_ISGID = 02000, S_ISVTX = 01000 };
enum { MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4 };

static inline bool is_dir(const struct inode *i)
{
	return (i->mode & S_IFMT) == S_IFDIR;
}

static inline bool is_link(const struct inode *i)
{
	return (i->mode & S_IFMT) == S_IFLNK;
}

static inline bool is_reg(const struct inode *i)
{
	return (i->mode & S_IFMT) == S_IFREG;
}

static inline u64 min64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 str_len(const char *s)
{
	u64 n = 0;
	while (s[n])
		n++;
	return n;
}

static inline bool str_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* -EINTR of a sleep: the call is made again if the handler says so. */
static inline s64 restartable(s64 r)
{
	return r == -EINTR ? -ERESTART : r;
}

/* --- text (text.c) ------------------------------------------------------------- */

/* Text that is put together in a buffer; what does not fit is dropped, and `full` set. */
struct text {
	char *at;
	u64 used, room;
	bool full;
};
/* %s %c %d %u %x %o with width, 0, l; the value of %.*s. */
void text_add(struct text *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_bytes(struct text *x, const char *bytes, u64 n);
/* A name as the tables of mounts and areas have it: blanks and backslashes in octal. */
void text_escaped(struct text *x, const char *name);
/* Decimal digits, all of them: the value, or -1. */
s64 text_number(const char *s, u64 len);

/* --- names in memory (dcache.c) -------------------------------------------------- */

struct dentry {
	struct dentry *parent; /* with a reference; NULL: a root */
	struct inode *inode;   /* with a reference; NULL: there is no such name */
	struct super *sb;
	struct dentry *next;  /* of the hash chain */
	struct mount *mounts; /* what is mounted here */
	struct list unused;   /* while refs is 0 */
	struct list absent;   /* names that are not in this directory */
	struct list beside;   /* of `absent` */
	u32 refs, hash;
	u16 len;
	bool hashed, deleted;
	char *name;
	char small[48];
};

u32 name_hash(const char *name, u32 len);
void dentry_get(struct dentry *d);
void dentry_put(struct dentry *d);
/* In the cache, without a reference: good until the next sleep. */
struct dentry *dentry_find(struct dentry *parent, const char *name, u32 len, u32 hash);
/* Through the file system if need be: with a reference, perhaps without inode.  May sleep. */
s64 dentry_lookup(struct dentry *parent, const char *name, u32 len, struct dentry **out);
/* The same, when the directory is locked already. */
s64 dentry_lookup_locked(struct dentry *parent, const char *name, u32 len, struct dentry **out);
struct dentry *dentry_root(struct super *sb);        /* takes over no reference */
void dentry_fill(struct dentry *d, struct inode *i); /* the name exists from now on */
void dentry_drop(struct dentry *d, bool deleted);    /* not found by this name any more */
s64 dentry_move(struct dentry *d, struct dentry *parent, const char *name, u32 len);
void dentry_exchange(struct dentry *a, struct dentry *b);
void dentry_forget(struct super *sb); /* all that are unused */
/* For a file that has no place in the tree, or none any more: "(deleted)". */
struct dentry *dentry_nameless(struct dentry *parent, const char *name, struct inode *i);
bool dentry_below(const struct dentry *d, const struct dentry *top);

/* --- inodes (inode.c) --------------------------------------------------------------- */

void inode_init(struct inode *i, struct super *sb, u32 mode);
void inode_lock(struct inode *i);
void inode_unlock(struct inode *i);
void inode_lock_two(struct inode *a, struct inode *b);
void inode_unlock_two(struct inode *a, struct inode *b);
struct ltime time_now(void);
u64 ino_new(void);
u64 dev_new(void); /* a device number for a file system */
bool in_group(const struct ids *ids, u32 gid);
s64 ids_permission(const struct ids *ids, const struct inode *i, u32 want);
/* The owner of a file, or who may act as such. */
bool is_owner(const struct task *t, const struct inode *i);
/* Set attributes and everything that follows from it. */
s64 inode_setattr(struct inode *i, u32 mask, const struct inode *values);
/* May a file of this name in dir be removed (sticky bit)? */
s64 may_delete(struct task *t, struct inode *dir, struct inode *victim, bool want_dir);
s64 may_create(struct task *t, struct inode *dir);
/* It was read, now; noted as with relatime, where it would not be after the last change. */
void touch_atime(struct inode *i);
void drop_suid(struct task *t, struct inode *i);

/* --- mounts (mount.c) ------------------------------------------------------------------ */

enum {
	MS_RDONLY = 1,
	MS_NOSUID = 2,
	MS_NODEV = 4,
	MS_NOEXEC = 8,
	MS_REMOUNT = 32,
	MS_NOATIME = 1024,
	MS_BIND = 4096,
	MS_REC = 16384,
	MS_SILENT = 32768,
	MS_UNBINDABLE = 1 << 17,
	MS_PRIVATE = 1 << 18,
	MS_SLAVE = 1 << 19,
	MS_SHARED = 1 << 20,
	MS_RELATIME = 1 << 21,
	MS_STRICTATIME = 1 << 24,
};
struct mount {
	struct super *sb;
	struct dentry *root;  /* with a reference */
	struct mount *parent; /* with a reference; NULL: the first, or taken off the tree */
	struct dentry *point; /* of the parent, where it is; with a reference */
	struct mount *beside; /* the next at the same dentry */
	struct list all;      /* the table, in the order they were made */
	u32 refs, flags, id, children;
};
extern struct path root_path; /* of the first process */
extern struct list mount_table;
s64 mount_add(struct super *sb, struct dentry *root, const struct path *at, u32 flags,
	      struct mount **out);
/* While something is mounted at p, go there.  No references are moved. */
void mount_cross(struct path *p);
/* To the directory above; stays at `root`. */
void path_up(struct path *p, const struct path *root);
void mount_put(struct mount *m);
static inline bool read_only(const struct path *p)
{
	return p->mount && ((p->mount->flags & MS_RDONLY) || p->mount->sb->read_only);
}
/* A text as of /proc/mounts or mountinfo. */
void mount_text(struct text *x, struct task *t, bool info);
/* The name of a path as t sees it, in the end of buffer [to, to + room): its start, or NULL. */
char *path_text(const struct path *root, const struct path *p, char *to, u64 room);

/* --- ways (walk.c) ------------------------------------------------------------------------ */

enum {
	WALK_FOLLOW = 1, /* also what the last name links to */
	WALK_PARENT = 2, /* stop before the last name */
	WALK_EMPTY = 4,  /* an empty name is the start itself */
	WALK_LINKS = 40, /* most links on a way */
};
enum {
	RESOLVE_NO_XDEV = 1,
	RESOLVE_NO_MAGICLINKS = 2,
	RESOLVE_NO_SYMLINKS = 4,
	RESOLVE_BENEATH = 8,
	RESOLVE_IN_ROOT = 16,
	RESOLVE_CACHED = 32,
};
enum last_type { LAST_NONE, LAST_NAME, LAST_DOT, LAST_DOTDOT };
struct walk {
	struct task *t;
	struct path at, root;
	bool held; /* `at` has references; else it is good until the next sleep */
	bool root_held;
	bool slash; /* the way ended in '/': it must be a directory */
	unsigned flags, resolve, links, depth;
	const char *rest;
	char *buffer; /* that `rest` lies in, if it is a link's */
	const char *last;
	u32 last_len;
	enum last_type last_type;
	struct {
		char *buffer;
		const char *rest;
	} stack[WALK_LINKS];
};
/* Go.  Afterwards walk_end, in any case. */
s64 walk_begin(struct walk *w, struct task *t, s64 dirfd, const char *name, unsigned flags);
s64 walk_run(struct walk *w);
/* With WALK_PARENT, when the last name turned out to be the link `d`: go on along it. */
s64 walk_follow(struct walk *w, struct dentry *d);
void walk_end(struct walk *w);
/* All in one: *out with references. */
s64 path_walk(struct task *t, s64 dirfd, const char *name, unsigned flags, struct path *out);
s64 path_user(struct task *t, s64 dirfd, u64 name, unsigned flags, struct path *out);

/* Buffers of PATH_LEN bytes. */
char *name_buffer(void);
void name_release(char *b);
/* A name from a program, in a buffer; NULL and *error. */
char *name_get(struct task *t, u64 addr, s64 *error);

/* --- open files ------------------------------------------------------------------------------- */

extern const struct file_ops page_file_ops, dir_file_ops, path_only_ops;
/* A path that was found becomes an open file; checks what open checks.  May sleep. */
s64 path_open(struct task *t, struct path *p, u32 flags, bool created, struct file **out);
s64 open_how(struct task *t, s64 dirfd, const char *name, u32 flags, u32 mode, unsigned resolve,
	     struct file **out);
/* Also those opened with O_PATH. */
struct file *fd_file_any(struct task *t, u64 fd);
/* An open file without a name gets a descriptor; the reference is given up in any case. */
s64 fd_give(struct task *t, struct file *f, bool cloexec);
s64 fd_close(struct task *t, u64 fd);
u32 fdtable_room(const struct fdtable *t);
struct file *fdtable_at(const struct fdtable *t, u64 fd); /* without a reference; NULL */
bool fdtable_cloexec(const struct fdtable *t, u64 fd);
s64 fd_flags(struct task *t, u64 fd, bool set, u64 flags);
u64 files_open(void);
/*
 * May what all programs hold of something become so much? The last eighth is for those that have few
 * descriptors: who takes all there is leaves others enough to go on.
 */
bool may_have(u64 used, u64 most);
static inline bool can_read(const struct file *f)
{
	return !(f->flags & O_WRONLY); /* both bits set: only for ioctl */
}
static inline bool can_write(const struct file *f)
{
	return (f->flags & O_ACCMODE) == O_WRONLY || (f->flags & O_ACCMODE) == O_RDWR;
}
/* Has the file places that pread and offsets can name?  (Those without a type let lseek pass, and no more.) */
static inline bool has_places(const struct file *f)
{
	return f->ops->seek && (f->inode->mode & S_IFMT);
}
/* lseek of files without places, but not of pipes and sockets: nothing happens. */
s64 seek_nowhere(struct file *f, s64 offset, u32 whence);
struct path *fs_root(struct task *t);
struct path *fs_cwd(struct task *t);
u32 fs_umask(struct task *t);

/* --- moving bytes (uio.c, rw.c) -------------------------------------------------------------------- */

struct vector {
	struct uio uio;
	struct lx_iovec small[8], *big;
};
/* The buffers of readv and the like. */
s64 vector_get(struct task *t, struct vector *v, u64 iov, u64 count);
void vector_end(struct vector *v);
void uio_server(struct uio *u, struct lx_iovec *iov, void *at, u64 bytes);
/* Bytes that lie at one place: *n is cut to what does.  Not advanced. NULL: EFAULT. */
void *uio_window(struct uio *u, u64 *n, unsigned access);
void uio_advance(struct uio *u, u64 n);
s64 file_read(struct file *f, struct uio *to, u64 *pos);
s64 file_write(struct file *f, struct uio *from, u64 *pos);
/* How much may be written at pos (RLIMIT_FSIZE, the largest offset); may send SIGXFSZ. */
s64 write_limit(struct task *t, struct inode *i, u64 pos, u64 bytes);
#define OFFSET_MAX 0x7fffffffffffffffull
/* Bytes at pos for which no page is needed, *n of them, at most a page: of a hole, or inode_ops.bytes. NULL: none. */
const char *pageless_at(struct inode *i, u64 pos, u64 *n);
extern const char zero_page[PAGE];
s64 seek_to(struct file *f, s64 offset, u32 whence, u64 size);

/* --- others ---------------------------------------------------------------------------------------- */

/* Open of device, by number; of FIFO. */
s64 dev_open(struct inode *i, struct file *f);
s64 fifo_open(struct inode *i, struct file *f);
struct pipe;
struct pipe *file_pipe(struct file *f);
void fifo_release(struct inode *i);
/* fcntl F_SETPIPE_SZ; bytes 0: only tell. */
s64 pipe_size(struct task *t, struct file *f, u64 bytes);

/* Byte-range locks and flock of a file. */
void lock_closed(struct task *t, struct fdtable *owner, struct file *f); /* a descriptor went */
void lock_released(struct file *f);                                      /* the open file went */
s64 lock_fcntl(struct task *t, struct file *f, u64 command, u64 arg);

/* A file without a name, for read and write, with its own state (freed if this fails): a descriptor. */
s64 file_anon(struct task *t, const struct file_ops *ops, void *priv, u32 flags);
/* A name for a socket; *out with a reference. */
s64 socket_name_make(struct task *t, const char *name, u64 len, u32 mode, struct inode **out);
void epoll_file_gone(struct file *f);

/* Events of inotify: of the inode itself, and of the directory that has it by that name. */
enum {
	IN_ACCESS = 1,
	IN_MODIFY = 2,
	IN_ATTRIB = 4,
	IN_CLOSE_WRITE = 8,
	IN_CLOSE_NOWRITE = 16,
	IN_OPEN = 32,
	IN_MOVED_FROM = 64,
	IN_MOVED_TO = 128,
	IN_CREATE = 256,
	IN_DELETE = 512,
	IN_DELETE_SELF = 1024,
	IN_MOVE_SELF = 2048,
	IN_ISDIR = 0x40000000,
};
extern u32 watch_count; /* nothing is watched: nothing to do */
void notify_slow(struct inode *dir, struct inode *i, const char *name, u32 len, u32 mask,
		 u32 cookie);
void notify_inode_gone(struct inode *i);
static inline void notify(struct inode *dir, struct inode *i, const char *name, u32 len, u32 mask)
{
	if (watch_count)
		notify_slow(dir, i, name, len, mask, 0);
}
/* Something happened to an open file. */
static inline void notify_file(struct file *f, u32 mask)
{
	if (watch_count && f->path.dentry)
		notify_slow(f->path.dentry->parent ? f->path.dentry->parent->inode : NULL, f->inode,
			    f->path.dentry->name, f->path.dentry->len, mask, 0);
}

/* Seals of memfd_create: fcntl. */
s64 memfd_add_seals(struct task *t, struct file *f, u32 seals);
s64 memfd_get_seals(struct file *f);

/* File systems. */
struct super *tmpfs_new(const char *source, u64 pages, u64 inodes, u32 mode);
s64 tmpfs_from_archive(struct super *sb, const unsigned char *archive, u64 bytes);
struct inode *tmpfs_anon(u32 mode); /* of the hidden one: memfd, shared memory */
/* A regular file of tmpfs whose first bytes are these, which stay where they are. */
void tmpfs_backing(struct inode *i, const unsigned char *bytes, u64 n);
struct super *devfs_new(void);
struct super *devpts_new(void);
struct super *proc_new(void);
struct super *sysfs_new(void);
struct super *mqueue_super(void); /* the one */
/* A descriptor of t went: a queue tells it no more. */
void mqueue_closed(struct task *t, struct file *f);
