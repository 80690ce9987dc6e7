/* SPDX-License-Identifier: MIT */
/*
 * Files: inodes, open files, paths, descriptors.
 */
#pragma once
#include "../core/fiber.h"
#include "../linux.h"
#include "../mm/mm.h"

struct ltime {
	s64 sec;
	u32 nsec;
};

enum {
	S_IFMT = 0170000,
	S_IFSOCK = 0140000,
	S_IFLNK = 0120000,
	S_IFREG = 0100000,
	S_IFBLK = 0060000,
	S_IFDIR = 0040000,
	S_IFCHR = 0020000,
	S_IFIFO = 0010000,
	NAME_LEN = 255,
	PATH_LEN = 4096,
};
enum {
	O_ACCMODE = 3,
	O_RDONLY = 0,
	O_WRONLY = 1,
	O_RDWR = 2,
	O_CREAT = 0100,
	O_EXCL = 0200,
	O_NOCTTY = 0400,
	O_TRUNC = 01000,
	O_APPEND = 02000,
	O_NONBLOCK = 04000,
	O_DSYNC = 010000,
	O_ASYNC = 020000,
	O_DIRECT = 040000,
	O_LARGEFILE = 0100000,
	O_DIRECTORY = 0200000,
	O_NOFOLLOW = 0400000,
	O_NOATIME = 01000000,
	O_CLOEXEC = 02000000,
	O_SYNC = 04010000,
	O_PATH = 010000000,
	O_TMPFILE = 020200000,
};
enum {
	POLLIN = 1,
	POLLPRI = 2,
	POLLOUT = 4,
	POLLERR = 8,
	POLLHUP = 16,
	POLLNVAL = 32,
	POLLRDNORM = 64,
	POLLWRNORM = 256,
	POLLRDHUP = 0x2000
};

/* --- user buffers ---------------------------------------------------------------- */

struct lx_iovec {
	u64 base, bytes;
};
/* Where bytes of a read or write are: in a program's memory, or (mm NULL) the server's. */
struct uio {
	struct mm *mm;
	const struct lx_iovec *iov;
	u32 count; /* of iov */
	u64 left;  /* bytes that remain */
	u64 skip;  /* into iov[0] */
};
/* Move bytes and advance.  @return bytes moved; fewer than asked: -EFAULT if none. May sleep. */
s64 uio_put(struct uio *u, const void *from, u64 bytes);
s64 uio_get(struct uio *u, void *to, u64 bytes);

/* --- inodes --------------------------------------------------------------------------- */

struct inode_ops;
struct file_ops;

/* A file system that is mounted. */
struct super {
	const char *type; /* "tmpfs", "ext2", "proc" ... */
	const char *source;
	struct inode *root;
	u64 dev; /* st_dev */
	u32 mounts;
	bool read_only;
	bool keep_names; /* names, and that there are none, may be remembered */
	s64 (*statfs)(struct super *sb, struct lx_statfs *out);
	s64 (*sync)(struct super *sb);
	void (*destroy)(struct super *sb); /* after its last mount */
	void *priv;
};

struct inode {
	const struct inode_ops *ops;
	const struct file_ops *fops; /* of files opened on it; devices replace it at open */
	struct super *sb;
	u64 ino;
	u32 mode, uid, gid, nlink;
	u64 rdev, size, blocks;
	struct ltime atime, mtime, ctime;
	u32 refs;
	bool locked;           /* a task changes the directory, or writes the file */
	struct waitq unlocked; /* those who wait for that */
	struct list maps;      /* areas that map it (mm/) */
	struct list locks;     /* fs/lock.c */
	struct watch *watches; /* fs/inotify.c */
	void *pipe;            /* FIFO: its pipe; socket: what is bound to it */
	void *priv;
};

struct inode_ops {
	/* Names. `dir` is a directory; len 1 to NAME_LEN, neither "." nor "..".  *out has a reference. */
	s64 (*lookup)(struct inode *dir, const char *name, u32 len, struct inode **out);
	bool fixed; /* only the system makes names in it: for others one that is not there cannot be there */
	s64 (*create)(struct inode *dir, const char *name, u32 len, u32 mode, u64 rdev,
		      struct inode **out);
	s64 (*symlink)(struct inode *dir, const char *name, u32 len, const char *target,
		       struct inode **out);
	/* A file without name: O_TMPFILE. */
	s64 (*tmpfile)(struct inode *dir, u32 mode, struct inode **out);
	s64 (*link)(struct inode *dir, const char *name, u32 len, struct inode *to);
	s64 (*unlink)(struct inode *dir, const char *name, u32 len);
	s64 (*rmdir)(struct inode *dir, const char *name, u32 len);
	s64 (*rename)(struct inode *dir, const char *name, u32 len, struct inode *to_dir,
		      const char *to, u32 to_len, u32 flags);
	/* The text, not ended; its length. A link of /proc may instead give a path at once: */
	s64 (*readlink)(struct inode *i, char *to, u64 room);
	s64 (*follow)(struct inode *i, struct path *out); /* magic links; else NULL */
	bool (*stale)(struct inode *i); /* the name means something else by now: look it up again */
	/* From *cookie (0: the start; "." and ".." are the caller's) until emit returns false. */
	s64 (*readdir)(struct inode *dir, u64 *cookie,
		       bool (*emit)(void *ctx, const char *name, u32 len, u64 ino, u32 mode,
				    u64 next),
		       void *ctx);
	/*
	 * Attributes: fill in what changed elsewhere; set those in `mask`. Permission was checked, and
	 * the caller enters the values in the inode afterwards.
	 */
	s64 (*getattr)(struct inode *i);
	s64 (*setattr)(struct inode *i, u32 mask, const struct inode *values);
	/* The page `index` of a regular file, with a reference; for_write: it will be changed. -ENXIO: beyond the end. */
	s64 (*page)(struct inode *i, u64 index, bool for_write, page_t *out);
	/* The same for reading, without sleeping: only if it is in memory. 0: no. NULL op: never. */
	page_t (*cached)(struct inode *i, u64 index);
	/* Bytes at `pos` that lie in memory without being a page, *n of them; NULL: there are none. NULL op: never. */
	const char *(*bytes)(struct inode *i, u64 pos, u64 *n);
	/* A page got for writing was changed; the inode's size and times are already those after it. */
	void (*dirty)(struct inode *i, u64 index, page_t p);
	/* From offset on, the next byte that is data, or (hole) is not; the file's size at the end. */
	u64 (*next_data)(struct inode *i, u64 offset, bool hole);
	/* Free the pages of [from, to), whole ones. */
	s64 (*punch)(struct inode *i, u64 from, u64 to);
	s64 (*open)(struct inode *i, struct file *f); /* may replace f->ops; NULL: nothing to do */
	s64 (*sync)(struct inode *i, bool data_only);
	void (*release)(struct inode *i); /* the last reference went */
};
enum { ATTR_MODE = 1, ATTR_UID = 2, ATTR_GID = 4, ATTR_SIZE = 8, ATTR_ATIME = 16, ATTR_MTIME = 32 };

void inode_get(struct inode *i);
void inode_put(struct inode *i);

/* --- open files ------------------------------------------------------------------------ */

/* A place in the tree of names.  Holds references. */
struct dentry;
struct mount;
struct path {
	struct mount *mount;
	struct dentry *dentry;
};

struct file {
	const struct file_ops *ops;
	struct inode *inode; /* never NULL: pipes and sockets have one too */
	struct path path;    /* dentry NULL for files without name */
	u32 flags;           /* O_* */
	u32 refs;
	u64 pos;
	struct list epolls; /* fs/epoll.c */
	u64 cookie;         /* of a directory's next entry */
	u64 owner;          /* F_SETOWN */
	void *priv;
};

struct poll_table; /* NULL: only look */
struct file_ops {
	/* NULL ops mean what Linux answers for such a file (EINVAL, ESPIPE, ENOTTY...). May sleep
	 * unless the file is O_NONBLOCK. `pos` is &f->pos, or a pread's own. */
	s64 (*read)(struct file *f, struct uio *to, u64 *pos);
	s64 (*write)(struct file *f, struct uio *from, u64 *pos);
	/* POLL* bits that are so now; enters the caller into wait queues by poll_wait. Never sleeps. */
	u32 (*poll)(struct file *f, struct poll_table *pt);
	s64 (*ioctl)(struct file *f, u64 request, u64 arg);
	s64 (*seek)(struct file *f, s64 offset, u32 whence);
	s64 (*readdir)(struct file *f, u64 *cookie,
		       bool (*emit)(void *, const char *, u32, u64, u32, u64), void *ctx);
	void (*release)(struct file *f);
	const char *name; /* in /proc/PID/fd, of files that have none otherwise; or NULL */
};
void poll_wait(struct poll_table *pt, struct waitq *q);

struct file *file_new(const struct file_ops *ops, struct inode *inode,
		      u32 flags); /* takes over the reference to inode */
void file_get(struct file *f);
void file_put(struct file *f);
/* An inode for a file without name (pipe, socket, eventfd...). */
struct inode *inode_anon(u32 mode);

/* Regular files by pages: for every file system that has inode_ops.page. */
s64 page_file_read(struct file *f, struct uio *to, u64 *pos);
s64 page_file_write(struct file *f, struct uio *from, u64 *pos);
/* A file was mapped, or is written to through a mapping for the first time: its times say so. */
void file_touched(struct file *f, bool written);
/* Read bytes of a file into the server's memory: exec, scripts. */
s64 file_read_at(struct file *f, void *to, u64 bytes, u64 pos);

/* --- descriptors and names of a process -------------------------------------------------- */

struct fdtable; /* shared by CLONE_FILES */
struct fsinfo;  /* root, working directory, umask; shared by CLONE_FS */

struct fdtable *fdtable_new(void);
struct fdtable *fdtable_copy(struct fdtable *from);
void fdtable_get(struct fdtable *t);
void fdtable_put(struct fdtable *t);
void fdtable_exec(struct fdtable *t); /* close those with close-on-exec */
bool fdtable_is_shared(const struct fdtable *t);
/* Pages that its files hold and that nobody finds by a name: of pipes, of files that were removed; and its own. */
u64 fdtable_pages(const struct fdtable *t);
/* Such pages of one file, for each that refers to it. */
u64 inode_nameless_pages(const struct inode *i);
/* The file, with a reference; NULL: EBADF. */
struct file *fd_file(struct task *t, u64 fd);
/* Takes over the reference to f in case of success. cloexec; lowest >= from. @return fd or -EMFILE */
s64 fd_install(struct task *t, struct file *f, bool cloexec, u32 from);

struct fsinfo *fsinfo_new(void);
struct fsinfo *fsinfo_copy(struct fsinfo *from);
void fsinfo_get(struct fsinfo *i);
void fsinfo_put(struct fsinfo *i);

/* chdir, by a name of the server's own. */
s64 fs_change_directory(struct task *t, const char *name);
/* Open by name as process `t` (its root, cwd, ids) would; for exec and the first process. */
s64 vfs_open(struct task *t, const char *path, u32 flags, u32 mode, struct file **out);
/* May `t` do that (4 read, 2 write, 1 execute)?  0 or -EACCES. */
s64 inode_permission(struct task *t, struct inode *i, u32 want);

/* A pseudo-terminal with this number was made, by somebody with these ids: its node in /dev/pts. */
void pts_made(u32 number, u32 uid, u32 gid);

/* Mount everything, unpack the archive: called once. */
void fs_start(void);
/* The absolute name of a path as seen by t: its length, or an error. */
s64 path_name(struct task *t, const struct path *p, char *to, u64 room);
void path_get(const struct path *p);
void path_put(struct path *p);

struct lx_statfs {
	u64 type, block_bytes, blocks, blocks_free, blocks_available, files, files_free;
	s32 id[2];
	u64 name_len, fragment, flags, spare[4];
};

/* --- seals of memfd ------------------------------------------------------------------------- */

enum { SEAL_SEAL = 1, SEAL_SHRINK = 2, SEAL_GROW = 4, SEAL_WRITE = 8, SEAL_FUTURE_WRITE = 16 };
u32 inode_seals(const struct inode *i);
