/* SPDX-License-Identifier: MIT */
/*
 * What lies on the disk: ext2 structures (little endian) and the JBD2 journal (big endian).
 *
 * Sources:    Linux Documentation/filesystems/ext4, e2fsprogs lib/ext2fs/ext2_fs.h and jfs_user.h
 *             for the numbers.
 * Owns:       no state; structures have their natural alignment.
 * Never:      trusted. Every number is checked where it is read: super.c, group.c, inode.c, map.c,
 *             dir.c, journal.c and recover.c.
 */
#pragma once

#include "ext2.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structures are read in place");

enum {
	SUPER_OFFSET = 1024,
	SUPER_MAGIC = 0xEF53,
	STATE_VALID = 1,
	STATE_ERROR = 2,
	REV_DYNAMIC = 1,
	GOOD_OLD_INODE = 128,
	GOOD_OLD_FIRST = 11,
	JOURNAL_INO = 8,
	GROUP_DESC = 32,
};

/* The ones that are known here; every other bit has a consequence, see super.c. */
enum {
	COMPAT_HAS_JOURNAL = 0x4,
	COMPAT_SPARSE_SUPER2 = 0x200,
	INCOMPAT_FILETYPE = 0x2,
	INCOMPAT_RECOVER = 0x4,
	RO_SPARSE_SUPER = 0x1,
	RO_LARGE_FILE = 0x2,
	RO_EXTRA_ISIZE = 0x40,
};

struct d_super {
	u32 inodes_count;
	u32 blocks_count;
	u32 r_blocks_count;
	u32 free_blocks;
	u32 free_inodes;
	u32 first_data_block;
	u32 log_block_size;
	u32 log_frag_size;
	u32 blocks_per_group;
	u32 frags_per_group;
	u32 inodes_per_group;
	u32 mtime;
	u32 wtime;
	u16 mnt_count;
	u16 max_mnt_count;
	u16 magic;
	u16 state;
	u16 errors;
	u16 minor_rev;
	u32 lastcheck;
	u32 checkinterval;
	u32 creator_os;
	u32 rev_level;
	u16 def_resuid;
	u16 def_resgid;
	u32 first_ino;
	u16 inode_size;
	u16 block_group_nr;
	u32 compat;
	u32 incompat;
	u32 ro_compat;
	u8 uuid[16];
	u8 volume_name[16];
	u8 last_mounted[64];
	u32 algorithm_bitmap;
	u8 prealloc_blocks;
	u8 prealloc_dir_blocks;
	u16 reserved_gdt_blocks;
	u8 journal_uuid[16];
	u32 journal_inum;
	u32 journal_dev;
	u32 last_orphan;
	u32 hash_seed[4];
	u8 def_hash_version;
	u8 jnl_backup_type;
	u16 desc_size;
	u32 default_mount_opts;
	u32 first_meta_bg;
	u32 mkfs_time;
	u32 jnl_blocks[17];
	u32 blocks_count_hi;
	u32 r_blocks_count_hi;
	u32 free_blocks_hi;
	u16 min_extra_isize;
	u16 want_extra_isize;
	u32 rest[168];
};
_Static_assert(sizeof(struct d_super) == 1024, "superblock");

struct d_group {
	u32 block_bitmap;
	u32 inode_bitmap;
	u32 inode_table;
	u16 free_blocks;
	u16 free_inodes;
	u16 used_dirs;
	u16 flags;
	u32 rest[3];
};
_Static_assert(sizeof(struct d_group) == GROUP_DESC, "group descriptor");

enum {
	NDIR = 12,
	NBLOCK = 15,
	INODE_INDEX = 0x1000,    /* hash tree directory */
	INODE_EXTENTS = 0x80000, /* and others that change how blocks are found */
	INODE_INLINE = 0x10000000,
	INODE_ENCRYPT = 0x800,
	INODE_EA_INODE = 0x200000,
};

struct d_inode {
	u16 mode;
	u16 uid;
	u32 size;
	u32 atime;
	u32 ctime;
	u32 mtime;
	u32 dtime;
	u16 gid;
	u16 links;
	u32 blocks;
	u32 flags;
	u32 osd1;
	u32 block[NBLOCK];
	u32 generation;
	u32 file_acl;
	u32 size_high;
	u32 faddr;
	u16 blocks_high;
	u16 file_acl_high;
	u16 uid_high;
	u16 gid_high;
	u32 osd2;
	/* Only in inodes of more than 128 bytes, as far as extra_isize says. */
	u16 extra_isize;
	u16 checksum_hi;
	u32 ctime_extra;
	u32 mtime_extra;
	u32 atime_extra;
	u32 crtime;
	u32 crtime_extra;
};
_Static_assert(offsetof(struct d_inode, extra_isize) == GOOD_OLD_INODE, "inode");
enum { EXTRA_ISIZE = 28 };

struct d_dirent {
	u32 ino;
	u16 rec_len;
	u8 name_len;
	u8 type; /* without the filetype feature: high byte of the length */
	char name[];
};
enum { DIRENT_HEAD = 8 };

struct d_xattr {
	u32 magic;
	u32 refcount;
};
enum { XATTR_MAGIC = 0xEA020000 };

/* ---- journal, big endian ---- */

enum {
	J_MAGIC = 0xC03B3998,
	J_DESCRIPTOR = 1,
	J_COMMIT = 2,
	J_SUPER_V2 = 4,
	J_REVOKE = 5,
	J_MIN_BLOCKS = 1024,
	J_INCOMPAT_REVOKE = 1,
	J_INCOMPAT_64BIT = 2,
	J_INCOMPAT_CSUM2 = 8,
	J_INCOMPAT_CSUM3 = 16,
	J_CRC32C = 4,
	TAG_ESCAPE = 1,
	TAG_SAME_UUID = 2,
	TAG_DELETED = 4,
	TAG_LAST = 8,
};

struct j_header {
	u32 magic;
	u32 type;
	u32 seq;
};

struct j_super {
	struct j_header h;
	u32 blocksize;
	u32 maxlen;
	u32 first;
	u32 seq;
	u32 start; /* 0: nothing to replay */
	u32 error;
	u32 compat;
	u32 incompat;
	u32 ro_compat;
	u8 uuid[16];
	u32 nr_users;
	u32 dynsuper;
	u32 max_transaction;
	u32 max_trans_data;
	u8 checksum_type;
	u8 pad2[3];
	u32 pad[42];
	u32 checksum;
	u8 users[768];
};
_Static_assert(sizeof(struct j_super) == 1024, "journal superblock");

struct j_commit {
	struct j_header h;
	u8 chksum_type;
	u8 chksum_size;
	u8 pad[2];
	u32 chksum[8];
	u64 sec;
	u32 nsec;
};

struct j_revoke {
	struct j_header h;
	u32 count; /* bytes used, this header included */
};
