/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs.
 *
 * One side wakes the other only if it sleeps.  The lock is held while bytes are copied, which may
 * sleep on the program's memory; so what is at most PIPE_ATOMIC long stays together.
 */
#include "pipe.h"

/*
 * Pages that all pipes together may come to have: from an eighth of all on new pipes are small and none
 * grows, from a quarter on there are none.  Few descriptors are enough for pipes that grew to take all.
 */
static u64 pages_promised;

static bool may_be_large(u64 more)
{
	return pages_promised + more <= pages_total() / 8;
}

static struct pipe *pipe_new(struct inode *inode)
{
	struct pipe *p = may_have(pages_promised + 1, pages_total() / 4) ? kalloc(sizeof *p) : NULL;
	if (!p)
		return NULL;
	p->pages = may_be_large(0) ? PIPE_PAGES : 1;
	p->page = kalloc(p->pages * sizeof *p->page);
	if (!p->page) {
		kfree(p);
		return NULL;
	}
	pages_promised += p->pages;
	waitq_init(&p->read_wait);
	waitq_init(&p->write_wait);
	p->inode = inode;
	inode->pipe = p;
	return p;
}

static void pipe_free(struct pipe *p)
{
	for (u32 i = 0; i < p->pages; i++)
		if (p->page[i])
			page_put(p->page[i]);
	pages_promised -= p->pages;
	p->inode->pipe = NULL;
	kfree(p->page);
	kfree(p);
}

void fifo_release(struct inode *i)
{
	pipe_free(i->pipe);
}

struct pipe *file_pipe(struct file *f)
{
	return f->ops == &pipe_ops ? f->priv : NULL;
}

static page_t *page_at(struct pipe *p, u64 pos)
{
	return &p->page[pos / PAGE & (p->pages - 1)];
}

const void *pipe_data(struct pipe *p, u64 *n)
{
	u64 at = p->head % PAGE;
	*n = min64(PAGE - at, pipe_used(p));
	return (const char *)page_data(*page_at(p, p->head)) + at;
}

void pipe_taken(struct pipe *p, u64 n)
{
	page_t *page = page_at(p, p->head);
	p->head += n;
	if (p->head == p->tail) {
		/* Empty: begin anew in the page at hand, which stays. */
		page_t keep = *page;
		*page = 0;
		if (p->page[0])
			page_put(p->page[0]);
		p->page[0] = keep;
		p->head = p->tail = 0;
	} else if (p->head % PAGE == 0) {
		page_put(*page);
		*page = 0;
	}
	if (!list_empty(&p->write_wait.waiters))
		wake_all(&p->write_wait, POLLOUT | POLLWRNORM);
}

s64 pipe_wait_data(struct pipe *p, bool wait)
{
	while (!pipe_used(p)) {
		if (!p->writers)
			return 0;
		if (!wait)
			return -EAGAIN;
		inode_unlock(p->inode);
		s64 r = wait_on(&p->read_wait, NO_DEADLINE, 0);
		inode_lock(p->inode);
		if (r < 0 && !pipe_used(p) && p->writers)
			return -ERESTART;
	}
	return 1;
}

static s64 pipe_read(struct file *f, struct uio *to, u64 *pos)
{
	struct pipe *p = f->priv;
	(void)pos;
	if (to->left == 0)
		return 0;
	inode_lock(p->inode);
	s64 r = pipe_wait_data(p, !(f->flags & O_NONBLOCK));
	u64 done = 0;
	while (r > 0 && to->left && pipe_used(p)) {
		u64 n;
		const void *from = pipe_data(p, &n);
		r = uio_put(to, from, n);
		if (r > 0) {
			pipe_taken(p, (u64)r);
			done += (u64)r;
		}
	}
	inode_unlock(p->inode);
	return done ? (s64)done : r;
}

/* Put into the pipe what there is room for. */
static s64 fill(struct pipe *p, struct uio *from)
{
	u64 done = 0;
	s64 r = 0;
	while (from->left && pipe_room(p)) {
		page_t *page = page_at(p, p->tail);
		if (!*page && !(*page = page_new(false))) {
			r = -ENOMEM;
			break;
		}
		u64 at = p->tail % PAGE;
		r = uio_get(from, (char *)page_data(*page) + at, min64(PAGE - at, pipe_room(p)));
		if (r < 0)
			break;
		p->tail += (u64)r;
		done += (u64)r;
	}
	if (done && !list_empty(&p->read_wait.waiters))
		wake_all(&p->read_wait, POLLIN | POLLRDNORM);
	return done ? (s64)done : r;
}

static s64 pipe_write(struct file *f, struct uio *from, u64 *pos)
{
	struct pipe *p = f->priv;
	u64 done = 0, whole = from->left;
	s64 r = 0;
	(void)pos;
	if (whole == 0)
		return 0;
	inode_lock(p->inode);
	for (;;) {
		if (!p->readers) {
			signal_task(current(), SIGPIPE, NULL);
			r = -EPIPE;
			break;
		}
		u64 need = whole <= PIPE_ATOMIC ? from->left : 1;
		if (pipe_room(p) >= need) {
			r = fill(p, from);
			if (r < 0)
				break;
			done += (u64)r;
			if (!from->left)
				break;
			continue;
		}
		if (f->flags & O_NONBLOCK) {
			r = -EAGAIN;
			break;
		}
		inode_unlock(p->inode);
		r = restartable(wait_on(&p->write_wait, NO_DEADLINE, 0));
		inode_lock(p->inode);
		if (r < 0)
			break;
	}
	if (done && f->path.mount) /* a FIFO, not a pipe: somebody may look at its times */
		p->inode->mtime = p->inode->ctime = time_now();
	inode_unlock(p->inode);
	return done ? (s64)done : r;
}

static u32 pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe *p = f->priv;
	u32 now = 0;
	if (can_read(f)) {
		poll_wait(pt, &p->read_wait);
		if (pipe_used(p))
			now |= POLLIN | POLLRDNORM;
		/* Who opened a FIFO before any writer does not see their absence as the end. */
		if (!p->writers && f->cookie != p->writer_count)
			now |= POLLHUP;
	}
	if (can_write(f)) {
		poll_wait(pt, &p->write_wait);
		if (pipe_room(p) >= PIPE_ATOMIC)
			now |= POLLOUT | POLLWRNORM;
		if (!p->readers)
			now |= POLLERR;
	}
	return now;
}

static s64 pipe_ioctl(struct file *f, u64 request, u64 arg)
{
	enum { FIONREAD = 0x541b };
	const struct pipe *p = f->priv;
	if ((u32)request != FIONREAD)
		return -ENOTTY;
	s32 n = (s32)pipe_used(p);
	return copy_out(current()->mm, arg, &n, sizeof n);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->priv;
	if (can_read(f) && --p->readers == 0)
		wake_all(&p->write_wait, POLLOUT | POLLERR | POLLHUP);
	if (can_write(f) && --p->writers == 0)
		wake_all(&p->read_wait, POLLIN | POLLHUP);
	if (!p->readers && !p->writers && !p->opens)
		pipe_free(p);
}

const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
};

/* --- FIFOs ---------------------------------------------------------------------------- */

/* Wait until there is, or was, somebody at the other end. */
static s64 meet(struct pipe *p, const u32 *now, const u32 *ever, struct waitq *q)
{
	u32 before = *ever;
	while (!*now && *ever == before) {
		s64 r = wait_on(q, NO_DEADLINE, 0);
		if (r < 0)
			return restartable(r);
	}
	(void)p;
	return 0;
}

static void reader_came(struct pipe *p)
{
	p->readers++;
	p->reader_count++;
	wake_all(&p->write_wait, 0);
}

static void writer_came(struct pipe *p)
{
	p->writers++;
	p->writer_count++;
	wake_all(&p->read_wait, 0);
}

s64 fifo_open(struct inode *i, struct file *f)
{
	struct pipe *p = i->pipe ? i->pipe : pipe_new(i);
	/* A pipe that is opened again, by /proc, does not wait for the other end. */
	bool pipe = !f->path.mount, wait = !(f->flags & O_NONBLOCK) && !pipe;
	s64 r = 0;
	if (!p)
		return -ENOMEM;
	p->opens++;
	f->priv = p;
	switch (f->flags & O_ACCMODE) {
	case O_RDONLY:
		/* Without writers now, only those who come later can be missed. */
		f->cookie = p->writers ? p->writer_count - 1 : p->writer_count;
		reader_came(p);
		if (!p->writers && wait)
			r = meet(p, &p->writers, &p->writer_count, &p->read_wait);
		if (wait || pipe)
			f->cookie = p->writer_count - 1;
		if (r < 0)
			p->readers--;
		break;
	case O_WRONLY:
		if (!p->readers && !wait && !pipe) {
			r = -ENXIO;
			break;
		}
		writer_came(p);
		if (!p->readers && wait)
			r = meet(p, &p->readers, &p->reader_count, &p->write_wait);
		if (r < 0 && --p->writers == 0)
			wake_all(&p->read_wait, POLLHUP);
		break;
	case O_RDWR:
		f->cookie = p->writer_count;
		reader_came(p);
		writer_came(p);
		break;
	default: r = -EINVAL;
	}
	p->opens--;
	if (r == 0)
		f->ops = &pipe_ops;
	else if (!p->readers && !p->writers && !p->opens)
		pipe_free(p);
	return r;
}

/* --- calls ------------------------------------------------------------------------------- */

static s64 pipe_files(struct file *end[2], u32 flags)
{
	struct inode *i = inode_anon(S_IFIFO | 0600);
	struct pipe *p = i ? pipe_new(i) : NULL;
	if (!p) {
		if (i)
			inode_put(i);
		return -ENOMEM;
	}
	end[0] = file_new(&pipe_ops, i, O_RDONLY | flags);
	if (end[0]) {
		inode_get(i);
		end[1] = file_new(&pipe_ops, i, O_WRONLY | flags);
		if (end[1]) {
			end[0]->priv = end[1]->priv = p;
			p->readers = p->writers = p->reader_count = p->writer_count = 1;
			return 0;
		}
		inode_put(i);
		end[0]->ops = &path_only_ops;
		file_put(end[0]);
		return -ENFILE;
	}
	inode_put(i);
	return -ENFILE;
}

s64 lx_pipe2(struct task *t, u64 to, u64 flags)
{
	struct file *end[2];
	s32 fd[2];
	s64 r = pipe_files(end, (u32)flags & O_NONBLOCK);
	if (r < 0)
		return r;
	r = fd_install(t, end[0], flags & O_CLOEXEC, 0);
	if (r < 0) {
		file_put(end[0]);
		file_put(end[1]);
		return r;
	}
	fd[0] = (s32)r;
	r = fd_give(t, end[1], flags & O_CLOEXEC);
	if (r >= 0) {
		fd[1] = (s32)r;
		r = copy_out(t->mm, to, fd, sizeof fd);
		if (r < 0)
			fd_close(t, (u64)fd[1]);
	}
	if (r < 0)
		fd_close(t, (u64)fd[0]);
	return r;
}

s64 lx_pipe(struct task *t, u64 to)
{
	return lx_pipe2(t, to, 0);
}

/* fcntl F_SETPIPE_SZ; bytes 0: only tell. */
s64 pipe_size(struct task *t, struct file *f, u64 bytes)
{
	struct pipe *p = file_pipe(f);
	if (!p)
		return -EBADF;
	if (bytes == 0)
		return (s64)(p->pages * PAGE);
	if (bytes > 1u << 31)
		return -EINVAL;
	u32 pages = 1;
	while (pages * PAGE < bytes)
		pages *= 2;
	if (pages > PIPE_PAGES_MAX)
		return task_capable(t, CAP_SYS_RESOURCE) ? -ENOMEM : -EPERM;
	if (pages > p->pages && !may_be_large(pages - p->pages))
		return -EPERM;
	page_t *to = kalloc(pages * sizeof *to);
	if (!to)
		return -ENOMEM;
	inode_lock(p->inode);
	u64 first = p->head / PAGE, last = (p->tail + PAGE - 1) / PAGE;
	s64 r = last - first > pages ? -EBUSY : (s64)(pages * PAGE);
	if (r > 0) {
		for (u64 i = first; i < last; i++) {
			to[i & (pages - 1)] = p->page[i & (p->pages - 1)];
			p->page[i & (p->pages - 1)] = 0;
		}
		for (u32 i = 0; i < p->pages; i++)
			if (p->page[i])
				page_put(p->page[i]);
		kfree(p->page);
		p->page = to;
		pages_promised += pages;
		pages_promised -= p->pages;
		p->pages = pages;
		wake_all(&p->write_wait, POLLOUT | POLLWRNORM);
	} else {
		kfree(to);
	}
	inode_unlock(p->inode);
	return r;
}
