/* SPDX-License-Identifier: MIT */
/*
 * The ext2 file system (with or without a JBD2 journal) as a library: the interface.
 *
 * Owns:       everything inside the memory area given to e2_mount().
 * Locks:      none; one caller at a time, as the server has one thread.
 * Results:    0 or a count, or a negative Linux error number.
 * Inodes:     lookup and the makers return a reference; e2_unref() gives it back. A file without
 *             names lives until its last reference goes.
 * Never:      allocates, reads a clock, calls anything but the device and mem*().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

enum {
	E2_EPERM = 1,
	E2_ENOENT = 2,
	E2_EIO = 5,
	E2_ENOMEM = 12,
	E2_EEXIST = 17,
	E2_EXDEV = 18,
	E2_ENOTDIR = 20,
	E2_EISDIR = 21,
	E2_EINVAL = 22,
	E2_ENFILE = 23,
	E2_EFBIG = 27,
	E2_ENOSPC = 28,
	E2_EROFS = 30,
	E2_EMLINK = 31,
	E2_ENAMETOOLONG = 36,
	E2_ENOTEMPTY = 39,
	E2_ELOOP = 40,
	E2_ENODATA = 61,
	E2_EBUSY = 16,
	E2_EOPNOTSUPP = 95,
	E2_ESTALE = 116,
};

enum {
	E2_S_IFMT = 0170000,
	E2_S_IFSOCK = 0140000,
	E2_S_IFLNK = 0120000,
	E2_S_IFREG = 0100000,
	E2_S_IFBLK = 0060000,
	E2_S_IFDIR = 0040000,
	E2_S_IFCHR = 0020000,
	E2_S_IFIFO = 0010000,
};

enum {
	E2_ROOT_INO = 2,
	E2_NAME_MAX = 255,
	E2_LINK_MAX = 32000,
	E2_PAGE_SIZE = 4096,
	E2_SECTOR = 512,
};

/* Sectors of 512 bytes. `read` and `write` may be split or reordered by the device; after `flush`
 * everything written before it survives a power cut. Any of them may fail with -EIO. */
struct e2_dev {
	void *ctx;
	u64 sectors;
	int (*read)(void *ctx, u64 first, u32 n, void *buf);
	int (*write)(void *ctx, u64 first, u32 n, const void *buf); /* null: read-only device */
	int (*flush)(void *ctx);
};

enum {
	E2_RDONLY = 1u, /* change nothing, but for replaying a journal that needs it */
	/* Files without names, and what is reserved behind ends, wait for e2_settle(): they may still be in use by
	 * the client of a server that died. */
	E2_KEEP = 2u,
};

/* Zero means "choose" for every number. `readahead` is told of sectors that will soon be read. */
struct e2_opts {
	u32 flags;
	u32 inodes;  /* inodes in memory */
	u32 buffers; /* blocks of metadata in memory */
	u64 now_sec;
	void (*readahead)(void *ctx, u64 first, u32 n);
	const char *reason; /* set by e2_mount(): why not, or why only for reading; or null */
};

struct e2_time {
	s64 sec;
	u32 nsec;
};

struct e2_stat {
	u32 ino;
	u32 mode;
	u32 links;
	u32 uid;
	u32 gid;
	u32 major;
	u32 minor;
	u32 generation;
	u32 flags;
	u64 size;
	u64 blocks; /* of 512 bytes */
	struct e2_time atime;
	struct e2_time mtime;
	struct e2_time ctime;
	struct e2_time crtime;
};

struct e2_statfs {
	u32 block_size;
	u32 name_max;
	u64 blocks;
	u64 free;
	u64 available; /* to others than the superuser */
	u64 files;
	u64 files_free;
	u32 errors; /* found since the mount */
	u32 is_readonly;
};

/* What a maker gives to the new inode. */
struct e2_new {
	u32 mode;
	u32 uid;
	u32 gid;
	u32 major;
	u32 minor;
};

enum {
	E2_SET_MODE = 1u,
	E2_SET_UID = 2u,
	E2_SET_GID = 4u,
	E2_SET_ATIME = 8u,
	E2_SET_MTIME = 16u,
	E2_SET_SIZE = 32u,
};

struct e2_attr {
	u32 mask;
	u32 mode;
	u32 uid;
	u32 gid;
	u64 size;
	struct e2_time atime;
	struct e2_time mtime;
};

struct e2_name {
	const char *text; /* no terminator needed */
	u32 len;
};

struct e2_dirent {
	const char *name; /* inside a block of the cache: valid during the call only */
	u32 len;
	u32 ino;
	u32 mode; /* the type bits, or 0 if the directory does not record them */
	u64 next; /* cookie of what follows */
};

enum {
	E2_RENAME_NOREPLACE = 1u,
	E2_RENAME_EXCHANGE = 2u,
};

struct e2fs;
struct e2_page;

int e2_mount(struct e2fs **out, const struct e2_dev *dev, void *mem, size_t size,
	     struct e2_opts *opts);
/* Fails with -EBUSY while references are held. Afterwards the memory area is the caller's. */
int e2_unmount(struct e2fs *fs);
/* As after a power cut: nothing is written. For tests, and for a device that is gone. */
void e2_forget(struct e2fs *fs);
/* The time that following operations record. */
void e2_set_time(struct e2fs *fs, struct e2_time now);
/* All data and metadata. */
int e2_sync(struct e2fs *fs);
/* Metadata only: what a timer calls every few seconds. */
int e2_commit(struct e2fs *fs);
int e2_fsync(struct e2fs *fs, u32 ino);
void e2_statfs(struct e2fs *fs, struct e2_statfs *out);
/* Why the file system became read-only, or null. */
const char *e2_reason(const struct e2fs *fs);

int e2_ref(struct e2fs *fs, u32 ino);
void e2_unref(struct e2fs *fs, u32 ino);

int e2_lookup(struct e2fs *fs, u32 dir, struct e2_name name, u32 *ino);
int e2_create(struct e2fs *fs, u32 dir, struct e2_name name, const struct e2_new *n, u32 *ino);
int e2_mkdir(struct e2fs *fs, u32 dir, struct e2_name name, const struct e2_new *n, u32 *ino);
int e2_symlink(struct e2fs *fs, u32 dir, struct e2_name name, const struct e2_new *n,
	       struct e2_name target, u32 *ino);
int e2_link(struct e2fs *fs, u32 ino, u32 dir, struct e2_name name);
int e2_unlink(struct e2fs *fs, u32 dir, struct e2_name name);
int e2_rmdir(struct e2fs *fs, u32 dir, struct e2_name name);
struct e2_where {
	u32 dir;
	struct e2_name name;
};
int e2_rename(struct e2fs *fs, struct e2_where from, struct e2_where to, u32 flags);
/* Returns the length of the text, of which at most `size` bytes are copied. */
int e2_readlink(struct e2fs *fs, u32 ino, char *buf, u32 size);
/* Calls emit() for each entry from *cookie on (0 is the start) until it returns nonzero; the entry
 * it refused comes again. A cookie stays good whatever is added or removed in between. */
int e2_readdir(struct e2fs *fs, u32 ino, u64 *cookie,
	       int (*emit)(void *ctx, const struct e2_dirent *d), void *ctx);

int e2_getattr(struct e2fs *fs, u32 ino, struct e2_stat *out);
int e2_setattr(struct e2fs *fs, u32 ino, const struct e2_attr *attr);
int e2_truncate(struct e2fs *fs, u32 ino, u64 size);
/* Pages up to `size` may be got for writing from now on, the file ends where it did: a power cut finds it so, without
 * blocks behind the end. e2_set_end() moves the end within that; e2_truncate(), and the last reference, end it. */
int e2_reserve(struct e2fs *fs, u32 ino, u64 size);
int e2_set_end(struct e2fs *fs, u32 ino, u64 end);
/* Makes [off, off + len) a hole; the size stays. */
int e2_punch(struct e2fs *fs, u32 ino, u64 off, u64 len);
s64 e2_read(struct e2fs *fs, u32 ino, u64 off, void *buf, u64 len);
s64 e2_write(struct e2fs *fs, u32 ino, u64 off, const void *buf, u64 len);

/* One copy of each page of a file, for read, write and mmap. A page is pinned until it is put, and
 * its inode stays with it. `for_write` gives it blocks, so that it can be made dirty at any time.
 * Whoever changes it says so afterwards by e2_page_dirty(): write-back makes it clean at any time.
 * Beyond the end of the file: -EINVAL. */
int e2_page_get(struct e2fs *fs, u32 ino, u64 index, int for_write, struct e2_page **out);
void e2_page_put(struct e2fs *fs, struct e2_page *page);
void e2_page_dirty(struct e2fs *fs, struct e2_page *page);
int e2_page_writeback(struct e2fs *fs, struct e2_page *page);
void *e2_page_data(const struct e2_page *page);

/* ---- taking over from a server that died, after a mount with E2_KEEP ----
 * First the memory of each page that its client still has is kept (e2_page_keep, by its place); then
 * what was done since the last commit is done again; then the pages become those of their files (e2_page_bind), with
 * what is in them; e2_settle() ends it. */

/* The running transaction. All with a lower number are committed. */
u32 e2_transaction(const struct e2fs *fs);
/* The last transaction that the journal brought back. */
u32 e2_recovered(const struct e2fs *fs);
/* The next inode that is made gets this number, or the making fails with -EBUSY. */
void e2_want_inode(struct e2fs *fs, u32 ino);
/* The unused page at this address, pinned, of no file. -ESTALE: there is none. */
int e2_page_keep(struct e2fs *fs, const void *data, struct e2_page **out);
/* What is reserved behind the ends of files goes. After e2_page_keep(). */
int e2_cut_reserved(struct e2fs *fs);
/* It becomes page `index` of the file, whose reference goes with the page. `for_write` and `is_dirty` as for pages that were got. */
int e2_page_bind(struct e2fs *fs, struct e2_page *page, u32 ino, u64 index, int for_write,
		 int is_dirty);
/* Files without names that nobody referred to by now go. */
void e2_settle(struct e2fs *fs);
