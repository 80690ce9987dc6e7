/* SPDX-License-Identifier: MIT */
/*
 * State of one mounted file system, and what the files of the library offer to each other.
 *
 * Owns:       struct e2fs and everything it links: buffers, pages, inodes, groups, journal.
 * Layering:   super, name, rename, file -> dir, page, inode -> map, alloc -> tx -> journal -> buf ->
 *             device. One call goes back up: inode_put() deletes what nobody refers to (trunc).
 * Rule:       tx_begin .. tx_end encloses all changes of one operation, and a commit only happens
 *             between operations, so that what is on the disk is always a prefix of them.
 */
#pragma once

#include <stdbool.h>

#include "disk.h"

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

enum {
	PEND_MAX = 2048,   /* extents of blocks and inodes that the next commit frees */
	PEND_OP = 16,      /* of which one operation uses at most so many */
	REVOKE_MAX = 2048, /* metadata blocks freed since the last commit */
	REVOKE_OP = 16,
	OP_CREDITS = 56, /* blocks that one operation can change, with their bitmaps */
	JEXT_MAX = 512,
	STAGE_PAGES = 16, /* the staging area that makes long transfers of short ones */
	STAGE_BYTES = STAGE_PAGES * E2_PAGE_SIZE,
	PAGE_BLOCKS = 4,
};

/* ---- lists ---- */

struct link {
	struct link *prev;
	struct link *next;
};

#define OF_LINK(type, member, l) ((type *)(void *)((char *)(l)-offsetof(type, member)))

static inline void link_init(struct link *l)
{
	l->prev = l;
	l->next = l;
}

static inline bool link_alone(const struct link *l)
{
	return l->next == l;
}

static inline void link_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

/* In front of `at`: at the end of the list whose head `at` is. */
static inline void link_add(struct link *at, struct link *l)
{
	l->prev = at->prev;
	l->next = at;
	at->prev->next = l;
	at->prev = l;
}

static inline u32 be32(u32 x)
{
	return __builtin_bswap32(x);
}

/* ---- objects in memory ---- */

/* The order in which a commit without journal writes, with a flush between. */
enum buf_class {
	CLASS_NEW,   /* not reachable from what is on the disk */
	CLASS_MAP,   /* indirect blocks */
	CLASS_ADD,   /* directories with new entries: e2fsck clears those without an inode */
	CLASS_INODE, /* inode tables */
	CLASS_DEL,   /* directories with fewer entries, after the deleted inodes */
	CLASS_COUNT, /* bitmaps, descriptors, superblock */
	CLASS_END,
};

enum {
	BUF_VALID = 1,
	BUF_TX = 2,  /* changed by the running transaction */
	BUF_OLD = 4, /* committed, not yet in its place */
};

struct e2_buf {
	struct e2_buf *hash;
	struct link lru; /* while neither pinned nor changed by the running transaction */
	struct link list;
	u8 *data;
	u32 blk;
	u32 pins;
	u8 flags;
	u8 class;
};

enum {
	PAGE_VALID = 1,
	PAGE_DIRTY = 2,
	PAGE_ORDERED = 4,  /* has new blocks: to be written before the commit */
	PAGE_DETACHED = 8, /* truncated while pinned */
};

struct e2_page {
	struct e2_page *hash;
	struct link lru;
	struct link dirty;
	struct link of_inode;
	struct e2_inode *in;
	u8 *data;
	u64 index;
	u32 pins;
	u32 flags;
	u32 blk[PAGE_BLOCKS]; /* 0: hole */
};

struct e2_inode {
	struct e2_inode *hash;
	struct link lru; /* while not referenced */
	struct link pages;
	struct link dirty;    /* those of its pages that are dirty, in the order they became so */
	struct link is_dirty; /* on fs->inode_dirty while there are any */
	struct link orphan;   /* inodes on the orphan list of the disk, in its order */
	u32 ino;
	u32 refs;
	u32 mode;
	u32 links;
	u32 uid;
	u32 gid;
	u64 size; /* up to here there may be pages and blocks */
	u64 end;  /* and here the file ends, if that is earlier: behind it is reserved */
	u32 blocks;
	u32 flags;
	u32 generation;
	u32 file_acl;
	u32 dtime;
	u32 extra_isize;
	struct e2_time atime;
	struct e2_time mtime;
	struct e2_time ctime;
	struct e2_time crtime;
	u32 block[NBLOCK];
	u32 goal;     /* last block that was allocated */
	u32 dir_hint; /* no block of the directory before this one has room */
	u32 tx_seq;   /* transaction that changed it last */
	int wb_error;
	u64 ra_next;
	bool is_orphan;
	bool is_kept; /* by orphan_load(), until e2_settle() */
};

struct e2_group {
	u32 block_bitmap;
	u32 inode_bitmap;
	u32 inode_table;
	u32 free_blocks;
	u32 free_inodes;
	u32 dirs;
	u32 meta_end; /* blocks of superblock and descriptors, relative */
	u32 pend_seq; /* transaction in which credits for its bitmaps were put aside */
};

struct pend {
	u32 first;
	u32 count;
	u32 is_inode; /* 1: file, 2: directory */
};

struct tx {
	struct link bufs;
	u32 seq; /* number of the running transaction */
	u32 count;
	u32 max;
	u32 reserved;
	u32 pends;
	u32 revokes;
	bool is_touched;    /* by the operation under way */
	bool has_moved_dir; /* so that files below it have a new path without being changed */
	bool needs_flush;
	struct pend pend[PEND_MAX];
	u32 revoke[REVOKE_MAX];
};

struct jext {
	u32 log;
	u32 blk;
	u32 count;
};

struct journal {
	bool is_on;
	struct link old; /* buffers that are committed and not in their place */
	u32 olds;
	u32 exts;
	u32 maxlen;
	u32 first;
	u32 head; /* next block to write */
	u32 used; /* blocks between tail and head */
	u32 incompat;
	u32 seed;             /* of checksums */
	u8 *desc;             /* one block being made */
	u8 *copy;             /* one block that must not be logged as it is */
	struct j_super super; /* as on the disk */
	struct jext ext[JEXT_MAX];
};

struct stage {
	u8 *mem;
	u32 blk;
	u32 count;
};

struct e2fs {
	struct e2_dev dev;
	void (*readahead)(void *ctx, u64 first, u32 n);
	const char *reason;
	u32 errors;
	bool is_readonly;
	bool has_failed; /* read-only because of an error */
	struct e2_time now;

	u32 bs; /* block size, and what follows from the superblock */
	u32 bs_shift;
	u32 first_data;
	u32 blocks;
	u32 inodes;
	u32 bpg;
	u32 ipg;
	u32 inode_size;
	u32 first_ino;
	u32 groups;
	u32 ipb; /* inodes per block */
	u32 itable_blocks;
	u32 per_page;  /* blocks per page */
	u32 ppb_shift; /* block numbers per block */
	u64 max_size;
	bool has_filetype;
	bool is_old; /* revision 0 */
	struct e2_buf *super;
	u32 free_blocks;
	u32 free_inodes;
	u32 next_generation;
	u32 want_ino;  /* of the next inode that is made; 0: any */
	u32 recovered; /* last transaction that the journal brought back */

	struct e2_group *group;
	struct e2_buf *buf;
	struct e2_buf **buf_hash;
	struct link buf_lru;
	u32 bufs;
	u32 buf_mask;
	struct e2_page *page;
	struct e2_page **page_hash;
	struct link page_lru;
	struct link inode_dirty;
	u32 pages;
	u32 page_mask;
	u8 *page_mem;
	struct e2_inode *inode;
	struct e2_inode **inode_hash;
	struct link inode_lru;
	struct link orphans;
	u32 inode_max;
	u32 inode_mask;
	u32 refs; /* inodes referenced */
	struct stage stage;
	struct tx tx;
	struct journal j;
};

/* super.c */
struct d_super *super_of(struct e2fs *fs);
/* An inconsistency or a failed write: counted; from now on nothing is written. Returns -EIO. */
int fs_fail(struct e2fs *fs, const char *why);
/* check.c */
const char *super_check(struct e2fs *fs, const struct d_super *s);
u32 super_unknown(const struct d_super *s);
/* memory.c */
const char *memory_carve(struct e2fs *fs, u8 *mem, size_t size, const struct e2_opts *o);
void memory_reset(struct e2fs *fs);

/* buf.c */
int dev_read(struct e2fs *fs, u32 blk, u32 n, void *to);
int dev_write(struct e2fs *fs, u32 blk, u32 n, const void *from);
int dev_flush(struct e2fs *fs);
int stage_add(struct e2fs *fs, u32 blk, u32 n, const void *data);
int stage_end(struct e2fs *fs);
/* Pinned until buf_put(). buf_new() does not read: the block is zeroed. */
int buf_get(struct e2fs *fs, u32 blk, struct e2_buf **out);
int buf_new(struct e2fs *fs, u32 blk, struct e2_buf **out);
void buf_put(struct e2fs *fs, struct e2_buf *b);
void buf_forget(struct e2fs *fs, u32 blk);
/* By block number, so that neighbours go to the device in one request. */
void buf_sort(struct link *list);
int buf_write_now(struct e2fs *fs, struct e2_buf *b);

/* tx.c */
int tx_begin(struct e2fs *fs);
int tx_end(struct e2fs *fs, int err);
/* Room for one more block with its bitmaps, in an operation that goes on in steps? */
bool tx_has_room(const struct e2fs *fs);
void tx_dirty(struct e2fs *fs, struct e2_buf *b, enum buf_class class);
int tx_commit(struct e2fs *fs);
/* Before an operation changes anything: may it change this directory block with this class, or has
 * the block changed otherwise? Then it commits. */
int tx_order(struct e2fs *fs, const struct e2_buf *b, enum buf_class class);
/* After -ENOSPC: true if a commit has freed something. */
bool tx_reclaim(struct e2fs *fs);
void tx_free_later(struct e2fs *fs, u32 first, u32 is_inode);
void tx_revoke(struct e2fs *fs, u32 blk);

/* journal.c, recover.c */
u32 journal_block(const struct e2fs *fs, u32 log);
const char *journal_open(struct e2fs *fs, bool *needs_replay);
const char *journal_replay(struct e2fs *fs);
int journal_write_super(struct e2fs *fs);
u32 journal_next(const struct e2fs *fs, u32 log);
int journal_start(struct e2fs *fs);
int journal_commit(struct e2fs *fs);
int journal_stop(struct e2fs *fs);
void journal_record_error(struct e2fs *fs);
/* How tags look, and the checksums of blocks that have one at their end or in their head. */
u32 journal_tag_bytes(const struct e2fs *fs);
bool journal_has_csum(const struct e2fs *fs);
u32 journal_tail(const struct e2fs *fs);
u32 journal_block_csum(const struct e2fs *fs, const u8 *block);
u32 journal_tag_csum(const struct e2fs *fs, u32 seq, const u8 *block);
u32 crc32c(u32 crc, const void *data, size_t n);

/* group.c */
const char *group_load(struct e2fs *fs);
int group_count(struct e2fs *fs, u32 g, int blocks, int inodes, int dirs);
/* A block that a file may own. */
bool block_is_data(const struct e2fs *fs, u32 blk);
u32 group_of_block(const struct e2fs *fs, u32 blk);
u32 group_blocks(const struct e2fs *fs, u32 g);
u32 group_first(const struct e2fs *fs, u32 g);

/* alloc.c, ialloc.c */
int block_alloc(struct e2fs *fs, u32 goal, u32 *out);
int block_unalloc(struct e2fs *fs, u32 first, u32 count);
int block_free(struct e2fs *fs, u32 blk, bool is_meta);
int inode_alloc(struct e2fs *fs, u32 parent, bool is_dir, u32 *out);
int inode_unalloc(struct e2fs *fs, u32 ino, bool is_dir);
int inode_is_allocated(struct e2fs *fs, u32 ino);
u32 bitmap_find(const u8 *map, u32 from, u32 end);

/* inode.c */
int inode_get(struct e2fs *fs, u32 ino, struct e2_inode **out);
/* Also one without names, of the orphan list. */
int inode_get_any(struct e2fs *fs, u32 ino, struct e2_inode **out);
/* Decodes an inode into memory of the caller, without looking whether it makes sense. */
int inode_read(struct e2fs *fs, u32 ino, struct e2_inode *in);
/* May delete the file: not between tx_begin and tx_end. */
void inode_put(struct e2fs *fs, struct e2_inode *in);
void inode_ref(struct e2fs *fs, struct e2_inode *in);
int inode_update(struct e2fs *fs, struct e2_inode *in);
int inode_make(struct e2fs *fs, struct e2_inode *dir, const struct e2_new *n,
	       struct e2_inode **out);
/* Undoes inode_make() in the same operation. */
void inode_unmake(struct e2fs *fs, struct e2_inode *in);
u32 inode_goal(const struct e2fs *fs, const struct e2_inode *in);

static inline bool is_dir(const struct e2_inode *in)
{
	return (in->mode & E2_S_IFMT) == E2_S_IFDIR;
}

static inline bool is_reg(const struct e2_inode *in)
{
	return (in->mode & E2_S_IFMT) == E2_S_IFREG;
}

static inline bool is_symlink(const struct e2_inode *in)
{
	return (in->mode & E2_S_IFMT) == E2_S_IFLNK;
}

static inline u64 inode_end(const struct e2_inode *in)
{
	return in->end < in->size ? in->end : in->size;
}

/* Does i_block hold block numbers? Devices, pipes and short symbolic links have none. */
bool inode_has_blocks(const struct e2fs *fs, const struct e2_inode *in);

/* orphan.c */
int orphan_add(struct e2fs *fs, struct e2_inode *in);
int orphan_remove(struct e2fs *fs, struct e2_inode *in);
int orphan_recover(struct e2fs *fs);
/* The list in memory, each inode with a reference. */
int orphan_load(struct e2fs *fs);

/* map.c */
struct map_path {
	u32 depth; /* 0: direct */
	u32 at[4]; /* index in i_block, then in each indirect block */
};
bool map_path(const struct e2fs *fs, u64 lblk, struct map_path *p);
/* *blk is 0 for a hole. */
int map_find(struct e2fs *fs, struct e2_inode *in, u64 lblk, u32 *blk);
int map_make(struct e2fs *fs, struct e2_inode *in, u64 lblk, u32 *blk, bool *is_new);

/* trunc.c: both go in steps of one transaction each. */
int trunc_range(struct e2fs *fs, struct e2_inode *in, u64 from, u64 to);
int trunc_to_size(struct e2fs *fs, struct e2_inode *in);
int trunc_delete(struct e2fs *fs, struct e2_inode *in);

/* file.c: what is reserved behind the end goes; and what is left in its last page. */
int file_trim(struct e2fs *fs, struct e2_inode *in);
int file_clear_tail(struct e2fs *fs, struct e2_inode *in);

/* page.c */
int page_get(struct e2fs *fs, struct e2_inode *in, u64 index, struct e2_page **out);
/* For a page of which everything will be written: reads only what it must. */
int page_get_blank(struct e2fs *fs, struct e2_inode *in, u64 index, struct e2_page **out);
struct e2_page *page_cached(struct e2fs *fs, const struct e2_inode *in, u64 index);
void page_put(struct e2fs *fs, struct e2_page *p);
void page_dirty(struct e2fs *fs, struct e2_page *p);
void page_clean(struct e2_page *p);
/* Those in memory that have some of the bytes [from, to). */
void page_dirty_range(struct e2fs *fs, struct e2_inode *in, u64 from, u64 to);
/* Blocks for the bytes [from, to) of the page; inside a transaction. */
int page_back(struct e2fs *fs, struct e2_page *p, u32 from, u32 to);
int page_write(struct e2fs *fs, struct e2_page *p);
int page_write_inode(struct e2fs *fs, struct e2_inode *in);
int page_write_all(struct e2fs *fs, bool only_ordered);
/* A page of no file that is pinned becomes one of this file. */
int page_bind(struct e2fs *fs, struct e2_page *p, struct e2_inode *in, u64 index);
/* Drops what lies at or beyond the index. */
void page_drop(struct e2fs *fs, struct e2_inode *in, u64 index, u64 end);

/* dir.c */
struct dir_slot {
	struct e2_buf *buf;
	u32 off;
	u32 prev; /* offset of the entry before it in the block, or off itself */
	u32 lblk;
	u32 ino;
};
int dir_block(struct e2fs *fs, struct e2_inode *dir, u32 lblk, struct e2_buf **out);
const struct d_dirent *dirent_at(const struct e2fs *fs, const struct e2_buf *b, u32 off);
u32 dirent_name_len(const struct e2fs *fs, const struct d_dirent *d);
u32 dirent_size(u32 name_len);
void dirent_fill(const struct e2fs *fs, struct d_dirent *d, u32 ino, u32 mode);
/* The slot holds a pin on its buffer until dir_slot_put(). */
int dir_find(struct e2fs *fs, struct e2_inode *dir, struct e2_name name, struct dir_slot *slot);
void dir_slot_put(struct e2fs *fs, struct dir_slot *slot);
int dir_add(struct e2fs *fs, struct e2_inode *dir, struct e2_name name, const struct e2_inode *in);
/* Without a journal, before anything is changed: what dir_add() of this name needs is there
 * afterwards, and in the right order. */
int dir_make_room(struct e2fs *fs, struct e2_inode *dir, struct e2_name name);
int dir_remove(struct e2fs *fs, struct e2_inode *dir, struct dir_slot *slot);
int dir_replace(struct e2fs *fs, struct e2_inode *dir, struct dir_slot *slot,
		const struct e2_inode *in);
/* Without a journal: what was changed in the directory is on the disk afterwards. */
int dir_settle(struct e2fs *fs, struct e2_inode *dir);
int dir_is_empty(struct e2fs *fs, struct e2_inode *dir);
int dir_init(struct e2fs *fs, struct e2_inode *dir, u32 parent);
int dir_parent(struct e2fs *fs, struct e2_inode *dir, u32 *parent);
int dir_set_parent(struct e2fs *fs, struct e2_inode *dir, u32 parent);
int name_check(struct e2_name name);

/* name.c: one name less; orphaned if it was the last. */
int name_drop(struct e2fs *fs, struct e2_inode *in);
