/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: what its two files share.
 */
#pragma once
#include "fs.h"
#include "radix.h"

enum { DIR_EMPTY = 40, DIR_ENTRY = 20 }; /* sizes that directories show */

struct tmpfs {
	u64 limit, used; /* pages */
	u64 inodes_max, inodes;
};

struct entry {
	struct list link;   /* of its directory, by cookie */
	struct entry *next; /* of the hash chain */
	struct node *dir;
	struct inode *inode; /* with a reference */
	u64 cookie;
	u32 hash;
	u16 len;
	char name[];
};

struct node {
	struct inode i;
	union {
		struct { /* directory */
			struct list entries;
			u64 next_cookie;
			struct entry *hint; /* where a reader went on last */
			struct node *parent;
		};
		struct { /* regular file */
			struct radix pages;
			const unsigned char *backing;
			u64 backing_bytes;
			u32 seals;
			bool memfd;
		};
		char *target; /* symbolic link; i.size bytes */
	};
};

static inline struct node *node_of(struct inode *i)
{
	return container_of(i, struct node, i);
}

struct tmpfs *tmpfs_of(const struct super *sb);
/* With one reference; NULL: too many, or no memory. */
struct inode *tmpfs_inode(struct super *sb, u32 mode, u64 rdev);
void tmpfs_clear(struct super *sb);

s64 tmpfs_lookup(struct inode *dir, const char *name, u32 len, struct inode **out);
s64 tmpfs_create(struct inode *dir, const char *name, u32 len, u32 mode, u64 rdev,
		 struct inode **out);
s64 tmpfs_symlink(struct inode *dir, const char *name, u32 len, const char *target,
		  struct inode **out);
s64 tmpfs_tmpfile(struct inode *dir, u32 mode, struct inode **out);
s64 tmpfs_link(struct inode *dir, const char *name, u32 len, struct inode *to);
s64 tmpfs_unlink(struct inode *dir, const char *name, u32 len);
s64 tmpfs_rmdir(struct inode *dir, const char *name, u32 len);
s64 tmpfs_rename(struct inode *dir, const char *name, u32 len, struct inode *to_dir, const char *to,
		 u32 to_len, u32 flags);
s64 tmpfs_readdir(struct inode *dir, u64 *cookie,
		  bool (*emit)(void *ctx, const char *name, u32 len, u64 ino, u32 mode, u64 next),
		  void *ctx);
