/* SPDX-License-Identifier: MIT */
/*
 * Protocol of a file system server, between the Linux personality (client) and the server.
 *
 * Area 0 of the channel holds FS_SLOTS message slots, one for each request
 * under way: the client fills in struct fs_message, the server its results.
 * Area 1 is the server's cache: pages of files lie there, and the client maps
 * and changes them while it holds them.
 *
 * Request ring:  w[0] slot | operation << 32      w[1], w[2], w[3]: as below
 * Answer ring:   w[0] slot | operation << 32      w[1] 0 or more, or a negative Linux error number
 *                w[2], w[3]: as below
 * Answers come in any order.  A slot may be used again when its answer was taken.
 *
 * Each answer but that of FS_MOUNT has in w3 the number of the transaction under way; what was answered with a
 * lower number is on the disk.
 *
 * Inodes are numbers.  FS_LOOKUP and the makers give the client a reference to the inode; FS_FORGET gives
 * it back.  A file without names lives until its last reference went.
 *
 * The server believes nothing: slots, offsets and lengths outside the area, inodes without a reference and
 * pages not held are answered -EINVAL (22) or -ESTALE (116).
 * The client believes nothing that could hurt it: page numbers are checked against area 1.
 */
#pragma once
#include <stdint.h>

enum { FS_SLOTS = 64, FS_SLOT_BYTES = 8192, FS_NAME_MAX = 255, FS_DATA = 6144, FS_PAGE_SIZE = 4096 };

enum fs_operation {
	FS_MOUNT,    /* w1 1: takes over (below) -> w2 root inode, w3 1: read-only; message: attr of the root, text: why so, or why it cannot be mounted; recovered */
	FS_LOOKUP,   /* w1 directory; name -> w2 inode, with a reference; attr */
	FS_CREATE,   /* w1 directory, w3 0, or the number that the inode must get (-EBUSY: it cannot); name, attr.mode (any type but directory and link), uid, gid, rdev -> w2; attr */
	FS_MKDIR,    /* the same */
	FS_SYMLINK,  /* w1 directory; name, text: the target -> w2; attr */
	FS_LINK,     /* w1 inode, w2 directory; name -> attr of the inode */
	FS_UNLINK,   /* w1 directory; name */
	FS_RMDIR,    /* w1 directory; name */
	FS_RENAME,   /* w1 directory, w2 new directory, w3 flags (FS_NOREPLACE, FS_EXCHANGE); name, name2; with
	                FS_EXCHANGE attr.ino, if not 0: what `name` is before. If it is another, this was done already: 0 */
	FS_READLINK, /* w1 inode -> w1 length; text */
	FS_READDIR,  /* w1 directory, w2 cookie (0: the start) -> w1 bytes of entries in text, 0: the end; w2 next cookie */
	FS_GETATTR,  /* w1 inode -> attr */
	FS_SETATTR,  /* w1 inode, w2 mask (FS_SET_*); attr -> attr.  The server sets ctime. */
	FS_PAGE,     /* w1 inode, w2 index, w3 1: for writing -> w2 page number in area 1, which the client
	                now holds once more; pages for writing have their blocks */
	FS_PAGES,    /* w1 inode, w2 first index, w3 count (at most 16): reading ahead -> w1 how many; text: u32 page numbers, each held */
	FS_DIRTY,    /* w1 page, w2 inode: the client has changed it.  Not before the change. */
	FS_DROP,     /* w1 count (at most 1024); text: u32 page numbers, each held once less; bit 31: it was changed */
	FS_FORGET,   /* w1 inode, w2 how many references */
	FS_SYNC,     /* w1 inode, or 0: all; w2 1: data only, 2 (all): names and attributes only */
	FS_STATFS,   /* -> statfs */
	FS_PUNCH,    /* w1 inode, w2 offset, w3 bytes: becomes a hole */
	FS_TIME,     /* w1 seconds, w2 ns: the time it is; without it, that of the machine's clock */
	FS_RESERVE,  /* w1 inode, w2 bytes: pages up to there may be asked for to write, while the file ends where it did */
	FS_END,      /* w1 inode, w2 bytes: now it ends here, within what is reserved. FS_SETATTR with FS_SET_SIZE, and the
	                last FS_FORGET, give back what is reserved. */
	/*
	 * A server that was started again knows nothing of its client.  After FS_MOUNT with w1 1 the client says which
	 * pages it still has (FS_KEEP, then FS_KEPT) and which inodes it refers to (FS_ADOPT), does again what was answered
	 * with a number above `recovered`, says whose the pages are (FS_BIND), and ends with FS_SETTLE.  All that only
	 * before anything else: later these are answered -EINVAL.
	 */
	FS_KEEP,   /* w1 count; text: u32 page numbers, each held once from now on, of no file */
	FS_KEPT,   /* they were all */
	FS_ADOPT,  /* w1 inode; attr.mode, if not 0: it must be of this type -> attr; one reference */
	FS_BIND,   /* w1 inode, w2 count; text: struct fs_bind */
	FS_SETTLE, /* files without names to which nobody refers go */
	FS_UNMOUNT,  /* everything is written, nothing is held any more; what is asked later is answered -EIO (5) */
};
enum { FS_BIND_WRITE = 1, FS_BIND_DIRTY = 2 };
struct fs_bind {
	uint64_t index;
	uint32_t page, flags; /* FS_BIND_WRITE: it must have blocks; FS_BIND_DIRTY: its contents are newer than the disk's */
};
enum { FS_NOREPLACE = 1, FS_EXCHANGE = 2 };
enum { FS_SET_MODE = 1, FS_SET_UID = 2, FS_SET_GID = 4, FS_SET_ATIME = 8, FS_SET_MTIME = 16, FS_SET_SIZE = 32 };

struct fs_attr {
	uint64_t ino, size, blocks; /* blocks of 512 bytes */
	uint32_t mode, links, uid, gid;
	uint32_t major, minor, generation, flags;
	int64_t atime, mtime, ctime;
	uint32_t atime_ns, mtime_ns, ctime_ns, unused;
};

struct fs_statfs {
	uint64_t block_size, blocks, free, available, files, files_free, name_max, read_only;
};

/* FS_READDIR: entries follow each other, each a multiple of 8 bytes. */
struct fs_entry {
	uint64_t next; /* cookie of what follows */
	uint32_t ino;
	uint16_t bytes; /* of this entry, with the name */
	uint8_t type;   /* file type bits of the mode >> 12, or 0: not known */
	uint8_t length; /* of the name, which is not ended */
	char name[];
};

struct fs_message {
	struct fs_attr attr;
	struct fs_statfs statfs;
	uint64_t recovered; /* FS_MOUNT: the last transaction that is on the disk */
	uint16_t name_bytes, name2_bytes, text_bytes, unused;
	char name[256], name2[256];
	unsigned char text[FS_DATA];
};
_Static_assert(sizeof(struct fs_message) <= FS_SLOT_BYTES, "a slot");
