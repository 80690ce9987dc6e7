/* SPDX-License-Identifier: MIT */
/*
 * Listing directories.
 *
 * Cookie:     the offset of an entry in the directory. Entries never move; if the one at a cookie
 *             has gone, the listing goes on with the next that begins behind it.
 * Bound:      one visit of each block at most; blocks are read once each and not copied.
 * Called by:  the server.
 */
#include "fs.h"

static u32 mode_of(const struct e2fs *fs, const struct d_dirent *d)
{
	static const u16 modes[8] = { 0,          E2_S_IFREG, E2_S_IFDIR,  E2_S_IFCHR,
				      E2_S_IFBLK, E2_S_IFIFO, E2_S_IFSOCK, E2_S_IFLNK };

	return fs->has_filetype ? modes[d->type & 7] : 0;
}

struct listing {
	u64 *cookie;
	int (*emit)(void *ctx, const struct e2_dirent *d);
	void *ctx;
};

/* 1: go on with the next block, 0: the receiver has enough. */
static int list_block(struct e2fs *fs, const struct e2_buf *b, u64 base, const struct listing *l)
{
	u32 off = 0;

	while (off < fs->bs) {
		const struct d_dirent *d = dirent_at(fs, b, off);
		struct e2_dirent out;
		if (!d)
			return fs_fail(fs, "a directory has a bad entry");
		if (d->ino && base + off >= *l->cookie) {
			out = (struct e2_dirent){
				.name = d->name,
				.len = dirent_name_len(fs, d),
				.ino = d->ino,
				.mode = mode_of(fs, d),
				.next = base + off + d->rec_len,
			};
			if (l->emit(l->ctx, &out)) {
				*l->cookie = base + off;
				return 0;
			}
		}
		off += d->rec_len;
	}
	*l->cookie = base + fs->bs;
	return 1;
}

int e2_readdir(struct e2fs *fs, u32 ino, u64 *cookie,
	       int (*emit)(void *ctx, const struct e2_dirent *d), void *ctx)
{
	const struct listing l = { cookie, emit, ctx };
	struct e2_inode *dir;
	int err = inode_get(fs, ino, &dir);
	int got = 1;

	if (err < 0)
		return err;
	if (!is_dir(dir))
		got = -E2_ENOTDIR;
	while (got == 1 && *cookie < dir->size) {
		struct e2_buf *b;
		u32 lblk = (u32)(*cookie >> fs->bs_shift);
		got = dir_block(fs, dir, lblk, &b);
		if (got < 0)
			break;
		got = list_block(fs, b, (u64)lblk << fs->bs_shift, &l);
		buf_put(fs, b);
	}
	inode_put(fs, dir);
	return got < 0 ? got : 0;
}
