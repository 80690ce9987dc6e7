/* SPDX-License-Identifier: MIT */
/*
 * Regular files as rows of pages: for every file system with inode_ops.page.
 *
 * Writers of one file take turns (the inode's lock); readers do not wait for them.
 */
#include "fs.h"

const char zero_page[PAGE];

const char *pageless_at(struct inode *i, u64 pos, u64 *n)
{
	const char *bytes = i->ops->bytes ? i->ops->bytes(i, pos, n) : NULL;
	/* With as many blocks as it has pages there is no hole. */
	if (bytes || i->blocks * 512 >= i->size || !i->ops->next_data)
		return bytes;
	*n = min64(i->ops->next_data(i, pos, false) - pos, PAGE);
	return *n ? zero_page : NULL;
}

s64 page_file_read(struct file *f, struct uio *to, u64 *pos)
{
	struct inode *i = f->inode;
	u64 done = 0;
	while (to->left && *pos < i->size) {
		u64 at = *pos % PAGE, n = min64(PAGE - at, i->size - *pos);
		page_t p = 0;
		s64 r;
		u64 some = 0;
		const char *bytes = pageless_at(i, *pos, &some);
		if (bytes) {
			n = min64(some, i->size - *pos);
			r = uio_put(to, bytes, n);
		} else {
			r = i->ops->page(i, *pos / PAGE, false, &p);
			if (r == -ENXIO)
				break;
			if (r >= 0) {
				r = uio_put(to, (const char *)page_data(p) + at, n);
				page_put(p);
			}
		}
		if (r < 0)
			return done ? (s64)done : r;
		done += (u64)r;
		*pos += (u64)r;
		if ((u64)r < n && to->left)
			break;
	}
	if (!(f->flags & O_NOATIME))
		touch_atime(i);
	return (s64)done;
}

s64 write_limit(struct task *t, struct inode *i, u64 pos, u64 bytes)
{
	u64 most = OFFSET_MAX;
	(void)i;
	if (t) {
		u64 soft = t->process->rlimit[RLIMIT_FSIZE].soft;
		if (soft < most) {
			if (pos >= soft) {
				signal_task(t, SIGXFSZ, NULL);
				return -EFBIG;
			}
			most = soft;
		}
	}
	if (pos >= most)
		return -EFBIG;
	return (s64)min64(bytes, most - pos);
}

static s64 write_page(struct inode *i, struct uio *from, u64 *pos)
{
	u64 at = *pos % PAGE, n = min64(PAGE - at, from->left);
	page_t p = 0;
	s64 r = i->ops->page(i, *pos / PAGE, true, &p);
	if (r < 0)
		return r;
	r = uio_get(from, (char *)page_data(p) + at, n);
	if (r > 0) {
		*pos += (u64)r;
		if (*pos > i->size)
			i->size = *pos;
		if (i->ops->dirty)
			i->ops->dirty(i, (*pos - 1) / PAGE, p);
	}
	page_put(p);
	return r;
}

s64 page_file_write(struct file *f, struct uio *from, u64 *pos)
{
	struct inode *i = f->inode;
	struct task *t = current();
	u64 done = 0, cut = 0;
	if (from->left == 0)
		return 0;
	inode_lock(i);
	u64 at = f->flags & O_APPEND ? i->size : *pos;
	s64 r = write_limit(t, i, at, from->left);
	u32 seals = i->mode & S_IFREG ? inode_seals(i) : 0;
	if (r > 0 && (seals & (SEAL_WRITE | SEAL_FUTURE_WRITE)))
		r = -EPERM;
	if (r > 0 && (seals & SEAL_GROW) && at + (u64)r > i->size) {
		r = at < i->size ? (s64)(i->size - at) : -EPERM;
	}
	if (r > 0) {
		cut = from->left - (u64)r;
		from->left -= cut;
		drop_suid(t, i);
		i->mtime = i->ctime = time_now();
	}
	while (r > 0 && from->left) {
		u64 want = min64(PAGE - at % PAGE, from->left);
		r = write_page(i, from, &at);
		if (r > 0)
			done += (u64)r;
		if (r > 0 && (u64)r < want)
			break;
	}
	from->left += cut;
	if (done)
		*pos = at;
	inode_unlock(i);
	if (done && (f->flags & O_DSYNC) && i->ops->sync)
		i->ops->sync(i, !(f->flags & (O_SYNC & ~O_DSYNC)));
	return done ? (s64)done : r;
}

void file_touched(struct file *f, bool written)
{
	if (written)
		f->inode->mtime = f->inode->ctime = time_now();
	else if (!(f->flags & O_NOATIME))
		touch_atime(f->inode);
}

s64 file_read_at(struct file *f, void *to, u64 bytes, u64 pos)
{
	struct lx_iovec iov;
	struct uio u;
	uio_server(&u, &iov, to, bytes);
	if (!f->ops->read)
		return -EINVAL;
	return f->ops->read(f, &u, &pos);
}

static s64 page_file_seek(struct file *f, s64 offset, u32 whence)
{
	return seek_to(f, offset, whence, f->inode->size);
}

static u32 page_file_poll(struct file *f, struct poll_table *pt)
{
	(void)f, (void)pt;
	return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

const struct file_ops page_file_ops = {
	.read = page_file_read,
	.write = page_file_write,
	.poll = page_file_poll,
	.seek = page_file_seek,
};
