/* SPDX-License-Identifier: MIT */
/*
 * Files: read, write, truncate, holes, and pages for mapping.
 *
 * Owns:       the size of files.
 * Rule:       one transaction for each page written, so that size, map and counts always agree, and
 *             a write of any length fits.
 * Called by:  the server.
 * Never:      looks at permissions or at access times: its callers do.
 */
#include "fs.h"

static int get_file(struct e2fs *fs, u32 ino, struct e2_inode **in)
{
	int err = inode_get(fs, ino, in);

	if (err < 0 || is_reg(*in))
		return err;
	err = is_dir(*in) ? -E2_EISDIR : -E2_EINVAL;
	inode_put(fs, *in);
	return err;
}

s64 e2_read(struct e2fs *fs, u32 ino, u64 off, void *buf, u64 len)
{
	struct e2_inode *in;
	u64 done = 0;
	int err = get_file(fs, ino, &in);

	if (err < 0)
		return err;
	if (off >= inode_end(in))
		len = 0;
	else if (len > inode_end(in) - off)
		len = inode_end(in) - off;
	while (done < len) {
		u32 at = (u32)((off + done) % E2_PAGE_SIZE);
		u64 n = E2_PAGE_SIZE - at < len - done ? E2_PAGE_SIZE - at : len - done;
		struct e2_page *p;
		err = page_get(fs, in, (off + done) / E2_PAGE_SIZE, &p);
		if (err < 0)
			break;
		memcpy((u8 *)buf + done, p->data + at, n);
		page_put(fs, p);
		done += n;
	}
	inode_put(fs, in);
	return done > 0 ? (s64)done : err;
}

/* Zeroes [from, to) of one page that exists in the cache or on the disk. */
static int zero_part(struct e2fs *fs, struct e2_inode *in, u64 from, u64 to)
{
	struct e2_page *p;
	u32 at = (u32)(from % E2_PAGE_SIZE);
	int err;

	if (from >= to)
		return 0;
	err = page_get(fs, in, from / E2_PAGE_SIZE, &p);
	if (err < 0)
		return err;
	memset(p->data + at, 0, (size_t)(to - from));
	for (u32 i = 0; i < fs->per_page; i++)
		if (p->blk[i])
			page_dirty(fs, p);
	page_put(fs, p);
	return 0;
}

/* What a mapping has left behind the old end must not come to light. */
static int clear_gap(struct e2fs *fs, struct e2_inode *in, u64 size)
{
	u64 end = (in->size + E2_PAGE_SIZE - 1) / E2_PAGE_SIZE * E2_PAGE_SIZE;

	if (size <= in->size)
		return 0;
	return zero_part(fs, in, in->size, end < size ? end : size);
}

/* At most one page, in one transaction. */
static int write_part(struct e2fs *fs, struct e2_inode *in, u64 off, const u8 *from, u32 n)
{
	u32 at = (u32)(off % E2_PAGE_SIZE);
	struct e2_page *p;
	int err, end;

	if (n == E2_PAGE_SIZE)
		err = page_get_blank(fs, in, off / E2_PAGE_SIZE, &p);
	else
		err = page_get(fs, in, off / E2_PAGE_SIZE, &p);
	if (err < 0)
		return err;
	end = page_back(fs, p, at, at + n);
	if (end > 0) {
		n = (u32)end - at;
		memcpy(p->data + at, from, n);
		page_dirty(fs, p);
		if (off + n > in->size)
			in->size = off + n;
		in->mtime = in->ctime = fs->now;
		err = inode_update(fs, in);
		end = err < 0 ? err : (int)n;
	}
	page_put(fs, p);
	return end;
}

static int write_step(struct e2fs *fs, struct e2_inode *in, u64 off, const u8 *from, u32 n)
{
	int err;

	do {
		err = tx_begin(fs);
		if (!err)
			err = tx_end(fs, write_part(fs, in, off, from, n));
	} while (err == -E2_ENOSPC && tx_reclaim(fs));
	return err;
}

s64 e2_write(struct e2fs *fs, u32 ino, u64 off, const void *buf, u64 len)
{
	struct e2_inode *in;
	u64 limit = fs->max_size;
	u64 done = 0;
	int err = fs->is_readonly ? -E2_EROFS : get_file(fs, ino, &in);

	if (err < 0)
		return err;
	if (fs->is_old)
		limit = INT32_MAX;
	if (len > 0 && off >= limit)
		err = -E2_EFBIG;
	else if (len > limit - off)
		len = limit - off;
	if (!err)
		err = file_trim(fs, in);
	if (!err && len > 0)
		err = clear_gap(fs, in, off);
	while (!err && done < len) {
		u32 room = E2_PAGE_SIZE - (u32)((off + done) % E2_PAGE_SIZE);
		u32 n = room < len - done ? room : (u32)(len - done);
		int got = write_step(fs, in, off + done, (const u8 *)buf + done, n);
		if (got < 0)
			err = got;
		else
			done += (u32)got;
	}
	inode_put(fs, in);
	return done > 0 ? (s64)done : err;
}

/* Cached pages forget the blocks [first, end) before these are freed. */
static void forget_blocks(struct e2fs *fs, struct e2_inode *in, u64 first, u64 end)
{
	for (u64 l = first; l < end; l++) {
		struct e2_page *p = page_cached(fs, in, l / fs->per_page);
		u32 i = (u32)(l % fs->per_page);
		if (!p)
			continue;
		memset(p->data + ((size_t)i << fs->bs_shift), 0, fs->bs);
		p->blk[i] = 0;
	}
}

/* The size first, then the blocks, in as many transactions as it takes. */
static int shrink(struct e2fs *fs, struct e2_inode *in, u64 size)
{
	u64 edge = (size + E2_PAGE_SIZE - 1) / E2_PAGE_SIZE;
	u64 end = edge * E2_PAGE_SIZE < in->size ? edge * E2_PAGE_SIZE : in->size;
	int err = zero_part(fs, in, size, end);

	if (!err)
		err = tx_begin(fs);
	if (err < 0)
		return err;
	in->size = size;
	in->end = UINT64_MAX;
	in->mtime = in->ctime = fs->now;
	forget_blocks(fs, in, (size + fs->bs - 1) >> fs->bs_shift, edge * fs->per_page);
	page_drop(fs, in, edge, UINT64_MAX);
	err = orphan_add(fs, in);
	if (!err)
		err = inode_update(fs, in);
	err = tx_end(fs, err);
	return err ? err : trunc_to_size(fs, in);
}

static int grow(struct e2fs *fs, struct e2_inode *in, u64 size)
{
	int err;

	if (size > (fs->is_old ? INT32_MAX : fs->max_size))
		return -E2_EFBIG;
	err = clear_gap(fs, in, size);
	if (!err)
		err = tx_begin(fs);
	if (err < 0)
		return err;
	in->size = size;
	in->mtime = in->ctime = fs->now;
	return tx_end(fs, inode_update(fs, in));
}

int file_trim(struct e2fs *fs, struct e2_inode *in)
{
	const struct e2_time mtime = in->mtime, ctime = in->ctime;
	int err = in->end < in->size ? shrink(fs, in, in->end) : 0;

	if (in->mtime.sec == mtime.sec && in->mtime.nsec == mtime.nsec)
		return err;
	in->mtime = mtime;
	in->ctime = ctime;
	if (!err)
		err = tx_begin(fs);
	return err ? err : tx_end(fs, inode_update(fs, in));
}

int file_clear_tail(struct e2fs *fs, struct e2_inode *in)
{
	u64 edge = (in->size + E2_PAGE_SIZE - 1) / E2_PAGE_SIZE * E2_PAGE_SIZE;
	const u64 size = in->size;

	if (size == edge)
		return 0;
	/* Behind the end no page is read; nor may it know blocks there later. */
	in->size = edge;
	int err = zero_part(fs, in, size, edge);
	if (!err)
		err = page_write_inode(fs, in);
	in->size = size;
	page_drop(fs, in, size / E2_PAGE_SIZE, UINT64_MAX);
	return err;
}

int e2_truncate(struct e2fs *fs, u32 ino, u64 size)
{
	struct e2_inode *in;
	int err = fs->is_readonly ? -E2_EROFS : get_file(fs, ino, &in);

	if (err < 0)
		return err;
	if (size > in->end)
		err = file_trim(fs, in);
	if (!err)
		err = size < in->size ? shrink(fs, in, size) : grow(fs, in, size);
	inode_put(fs, in);
	return err;
}

/* One transaction: the file is on the list of what a power cut interrupts as long as there may be blocks behind its end. */
static int reserve(struct e2fs *fs, struct e2_inode *in, u64 size)
{
	int err = clear_gap(fs, in, size);

	if (!err)
		err = tx_begin(fs);
	if (err < 0)
		return err;
	if (in->end > in->size)
		in->end = in->size;
	in->size = size;
	return tx_end(fs, orphan_add(fs, in));
}

int e2_reserve(struct e2fs *fs, u32 ino, u64 size)
{
	struct e2_inode *in;
	int err = fs->is_readonly ? -E2_EROFS : get_file(fs, ino, &in);

	if (err < 0)
		return err;
	if (size > (fs->is_old ? INT32_MAX : fs->max_size))
		err = -E2_EFBIG;
	else if (size > in->size)
		err = reserve(fs, in, size);
	inode_put(fs, in);
	return err;
}

int e2_set_end(struct e2fs *fs, u32 ino, u64 end)
{
	struct e2_inode *in;
	int err = fs->is_readonly ? -E2_EROFS : get_file(fs, ino, &in);

	if (err < 0)
		return err;
	if (end < in->end || in->end > in->size || end > in->size)
		err = end == inode_end(in) ? 0 : -E2_EINVAL;
	else
		err = tx_begin(fs);
	if (!err && end != inode_end(in)) {
		/* They may have been written since, as far as the end then was. */
		page_dirty_range(fs, in, in->end, end);
		in->end = end;
		in->mtime = in->ctime = fs->now;
		err = tx_end(fs, inode_update(fs, in));
	}
	inode_put(fs, in);
	return err;
}

static int punch(struct e2fs *fs, struct e2_inode *in, u64 off, u64 end)
{
	u64 first = (off + fs->bs - 1) >> fs->bs_shift; /* whole blocks */
	u64 last = end >> fs->bs_shift;
	u64 edge = first << fs->bs_shift < end ? first << fs->bs_shift : end;
	u64 per = fs->per_page;
	int err;

	if (end == in->size)
		last = (end + fs->bs - 1) >> fs->bs_shift;
	err = zero_part(fs, in, off, edge);
	if (!err && last >= first)
		err = zero_part(fs, in, last << fs->bs_shift, end);
	if (err < 0 || first >= last)
		return err;
	if (last - first < 2 * per) {
		forget_blocks(fs, in, first, last);
	} else {
		u64 from = (first + per - 1) / per;
		u64 to = last / per;
		forget_blocks(fs, in, first, from * per);
		forget_blocks(fs, in, to * per, last);
		page_drop(fs, in, from, to);
	}
	return trunc_range(fs, in, first, last);
}

int e2_punch(struct e2fs *fs, u32 ino, u64 off, u64 len)
{
	struct e2_inode *in;
	u64 end = len > UINT64_MAX - off ? UINT64_MAX : off + len;
	int err = fs->is_readonly ? -E2_EROFS : get_file(fs, ino, &in);

	if (err < 0)
		return err;
	if (end > in->size)
		end = in->size;
	if (off < end)
		err = punch(fs, in, off, end);
	if (!err)
		err = tx_begin(fs);
	if (!err) {
		in->mtime = in->ctime = fs->now;
		err = tx_end(fs, inode_update(fs, in));
	}
	inode_put(fs, in);
	return err;
}

/* ---- pages for mapping ---- */

static int back_whole(struct e2fs *fs, struct e2_page *p)
{
	u64 left = p->in->size - p->index * E2_PAGE_SIZE;
	u32 end = left < E2_PAGE_SIZE ? (u32)left : E2_PAGE_SIZE;
	bool is_backed = true;
	int got;

	for (u32 i = 0; i < (end + fs->bs - 1) >> fs->bs_shift; i++)
		is_backed = is_backed && p->blk[i];
	if (is_backed)
		return fs->is_readonly ? -E2_EROFS : 0;
	do {
		got = tx_begin(fs);
		if (!got)
			got = tx_end(fs, page_back(fs, p, 0, end));
		if (got >= 0 && got < (int)end)
			got = -E2_ENOSPC;
	} while (got == -E2_ENOSPC && tx_reclaim(fs));
	return got < 0 ? got : 0;
}

int e2_page_get(struct e2fs *fs, u32 ino, u64 index, int for_write, struct e2_page **out)
{
	struct e2_inode *in;
	int err = get_file(fs, ino, &in);

	if (err < 0)
		return err;
	if (index > in->size / E2_PAGE_SIZE || index * E2_PAGE_SIZE >= in->size)
		err = -E2_EINVAL;
	if (!err)
		err = page_get(fs, in, index, out);
	if (!err && for_write) {
		err = back_whole(fs, *out);
		if (err < 0)
			page_put(fs, *out);
	}
	if (err < 0)
		inode_put(fs, in);
	return err;
}

int e2_page_bind(struct e2fs *fs, struct e2_page *p, u32 ino, u64 index, int for_write,
		 int is_dirty)
{
	struct e2_inode *in;
	int err = get_file(fs, ino, &in);

	if (err < 0)
		return err;
	if (index > in->size / E2_PAGE_SIZE || index * E2_PAGE_SIZE >= in->size)
		err = -E2_EINVAL;
	if (!err)
		err = page_bind(fs, p, in, index);
	if (err < 0) {
		inode_put(fs, in);
		return err;
	}
	if (for_write && !fs->is_readonly)
		err = back_whole(fs, p);
	if (is_dirty)
		e2_page_dirty(fs, p);
	return err;
}

void e2_page_put(struct e2fs *fs, struct e2_page *p)
{
	struct e2_inode *in = p->in;

	page_put(fs, p);
	if (in != NULL)
		inode_put(fs, in);
}

void e2_page_dirty(struct e2fs *fs, struct e2_page *p)
{
	if (!fs->is_readonly)
		page_dirty(fs, p);
}

int e2_page_writeback(struct e2fs *fs, struct e2_page *p)
{
	bool is_ordered = p->flags & PAGE_ORDERED;
	int err, e;

	if (!(p->flags & PAGE_DIRTY))
		return 0;
	err = page_write(fs, p);
	e = stage_end(fs);
	err = err ? err : e;
	return err < 0 && is_ordered ? fs_fail(fs, "cannot write new data") : err;
}

void *e2_page_data(const struct e2_page *p)
{
	return p->data;
}
