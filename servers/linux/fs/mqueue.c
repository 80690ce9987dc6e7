/* SPDX-License-Identifier: MIT */
/*
 * Message queues of POSIX: calls, and a file system whose files are the queues.
 *
 * Names lie in a directory of tmpfs, which /dev/mqueue shows; a queue hangs on its inode. Its bytes
 * count for the user who made it from the start, as if it were full.
 */
#include "mqueue.h"
#include "../proc/clock.h"

enum {
	PRIORITIES = 32768,
	QUEUES_MAX = 256,
	MESSAGES_DEFAULT = 10, /* and the most for who has no CAP_SYS_RESOURCE */
	BYTES_DEFAULT = 8192,
	MESSAGES_MOST = 65536,
	BYTES_MOST = 16 << 20,
	OVERHEAD = 96, /* of a message */
	FILE_BYTES = 80,
};

struct mq_attr {
	s64 flags, messages, bytes, count, reserved[4];
};

struct mq_message {
	struct list link;
	u32 priority;
	u64 bytes;
	char text[];
};

static u32 queues;
static u64 charged; /* bytes of all: they outlive programs, so they may not fill the memory */
static const struct file_ops queue_file_ops;
static struct inode_ops queue_ops;
static void (*node_release)(struct inode *);

struct mqueue *mqueue_of(struct file *f)
{
	return f->ops == &queue_file_ops ? f->inode->pipe : NULL;
}

/* --- a queue ------------------------------------------------------------------------- */

static void queue_free(struct mqueue *q)
{
	list_for_safe(l, &q->messages) {
		list_del(l);
		kfree(container_of(l, struct mq_message, link));
	}
	user_queue_bytes(q->uid, -(s64)q->charge, 0);
	charged -= q->charge;
	queues--;
	kfree(q);
}

/* Unlinked: what a name in memory says is not so any more (calls and mounts have a tree of names each). */
static bool queue_stale(struct inode *i)
{
	return i->nlink == 0;
}

static void queue_release(struct inode *i)
{
	queue_free(i->pipe);
	node_release(i);
}

static s64 queue_new(struct task *t, u64 messages, u64 bytes, struct mqueue **out)
{
	u64 charge = messages * (bytes + OVERHEAD);
	struct mqueue *q;

	if (queues >= QUEUES_MAX && !task_capable(t, CAP_SYS_RESOURCE))
		return -ENOSPC;
	if (charge > pages_total() * PAGE / 8 - charged)
		return -ENOMEM;
	if (!user_queue_bytes(t->ids.uid, (s64)charge, t->process->rlimit[RLIMIT_MSGQUEUE].soft))
		return -EMFILE;
	q = kalloc(sizeof *q);
	if (!q) {
		user_queue_bytes(t->ids.uid, -(s64)charge, 0);
		return -ENOMEM;
	}
	q->uid = t->ids.uid;
	q->charge = charge;
	q->most = messages;
	q->bytes = bytes;
	list_init(&q->messages);
	waitq_init(&q->readers);
	waitq_init(&q->writers);
	charged += charge;
	queues++;
	*out = q;
	return 0;
}

/* The new file becomes a queue. */
static s64 make(struct inode *dir, const char *name, u32 len, u32 mode, u64 messages, u64 bytes,
		struct inode **out)
{
	struct mqueue *q;
	s64 r = queue_new(current(), messages, bytes, &q);

	if (r == 0) {
		r = tmpfs_create(dir, name, len, mode, 0, out);
		if (r < 0)
			queue_free(q);
	}
	if (r < 0)
		return r;
	if (!queue_ops.release) {
		node_release = (*out)->ops->release;
		queue_ops = (struct inode_ops){ .setattr = (*out)->ops->setattr,
						.stale = queue_stale,
						.release = queue_release };
	}
	(*out)->ops = &queue_ops;
	(*out)->fops = &queue_file_ops;
	(*out)->pipe = q;
	(*out)->size = FILE_BYTES;
	return 0;
}

/* --- the directory ---------------------------------------------------------------------- */

static s64 dir_create(struct inode *dir, const char *name, u32 len, u32 mode, u64 rdev,
		      struct inode **out)
{
	(void)rdev;
	if ((mode & S_IFMT) != S_IFREG)
		return -EPERM;
	return make(dir, name, len, mode, MESSAGES_DEFAULT, BYTES_DEFAULT, out);
}

struct super *mqueue_super(void)
{
	static struct super *sb;
	static struct inode_ops dir_ops;

	if (!sb) {
		sb = tmpfs_new("mqueue", 0, 1 << 16, S_ISVTX | 0777);
		if (!sb)
			return NULL;
		sb->type = "mqueue";
		sb->destroy = NULL; /* queues stay when it is not mounted */
		sb->keep_names = false;
		dir_ops = (struct inode_ops){ .lookup = tmpfs_lookup,
					      .create = dir_create,
					      .unlink = tmpfs_unlink,
					      .readdir = tmpfs_readdir,
					      .setattr = sb->root->ops->setattr,
					      .release = sb->root->ops->release };
		sb->root->ops = &dir_ops;
	}
	return sb;
}

/* The entry of a name, with a reference, and the directory locked. */
static s64 find(struct task *t, u64 addr, struct dentry **dir, struct dentry **out)
{
	static struct dentry *root;
	struct super *sb = mqueue_super();
	s64 r;
	char *name = name_get(t, addr, &r);
	u64 n = name ? str_len(name) : 0;

	if (!name)
		return r;
	if (!root && sb)
		root = dentry_root(sb);
	*dir = root;
	if (!root)
		r = -ENOMEM;
	else if (n == 0)
		r = -ENOENT;
	else if (n > NAME_LEN)
		r = -ENAMETOOLONG;
	else if (str_same(name, ".") || str_same(name, ".."))
		r = -EACCES;
	else
		r = 0;
	for (u64 i = 0; r == 0 && i < n; i++)
		r = name[i] == '/' ? -EACCES : 0;
	if (r == 0) {
		inode_lock((*dir)->inode);
		r = dentry_lookup_locked(*dir, name, (u32)n, out);
		if (r < 0)
			inode_unlock((*dir)->inode);
	}
	name_release(name);
	return r;
}

static void found(struct dentry *dir, struct dentry *d)
{
	inode_unlock(dir->inode);
	dentry_put(d);
}

/* --- calls ---------------------------------------------------------------------------------- */

static s64 attr_get(struct task *t, u64 addr, struct mq_attr *a)
{
	bool much = task_capable(t, CAP_SYS_RESOURCE);

	*a = (struct mq_attr){ .messages = MESSAGES_DEFAULT, .bytes = BYTES_DEFAULT };
	if (!addr)
		return 0;
	if (copy_in(t->mm, a, addr, sizeof *a) != 0)
		return -EFAULT;
	if (a->messages <= 0 || a->bytes <= 0 ||
	    a->messages > (much ? MESSAGES_MOST : MESSAGES_DEFAULT) ||
	    a->bytes > (much ? BYTES_MOST : BYTES_DEFAULT))
		return -EINVAL;
	return 0;
}

static s64 create(struct task *t, struct dentry *dir, struct dentry *d, u64 mode, u64 uattr)
{
	struct inode *i = NULL;
	struct mq_attr a;
	s64 r = may_create(t, dir->inode);

	if (r == 0)
		r = attr_get(t, uattr, &a);
	if (r == 0)
		r = make(dir->inode, d->name, d->len, S_IFREG | (mode & 07777 & ~fs_umask(t)),
			 (u64)a.messages, (u64)a.bytes, &i);
	if (r == 0) {
		dentry_fill(d, i);
		inode_put(i);
	}
	return r;
}

s64 lx_mq_open(struct task *t, u64 name, u64 flags, u64 mode, u64 uattr)
{
	struct dentry *dir, *d;
	struct file *f = NULL;
	struct mq_attr probe;
	s64 r = find(t, name, &dir, &d);
	bool created = false;

	if (r < 0)
		return r;
	if (uattr && copy_in(t->mm, &probe, uattr, sizeof probe) != 0)
		r = -EFAULT;
	else if (d->inode)
		r = (flags & O_CREAT) && (flags & O_EXCL)	? -EEXIST
		    : (flags & O_ACCMODE) == O_ACCMODE	? -EINVAL
							: 0;
	else if (!(flags & O_CREAT))
		r = -ENOENT;
	else {
		r = create(t, dir, d, mode, uattr);
		created = r == 0;
	}
	if (r == 0) {
		struct path p = { NULL, d };
		r = path_open(t, &p, (u32)flags & (O_ACCMODE | O_NONBLOCK), created, &f);
	}
	found(dir, d);
	return r < 0 ? r : fd_give(t, f, true);
}

s64 lx_mq_unlink(struct task *t, u64 name)
{
	struct dentry *dir, *d;
	s64 r = find(t, name, &dir, &d);

	if (r < 0)
		return r;
	r = d->inode ? may_delete(t, dir->inode, d->inode, false) : -ENOENT;
	if (r == 0)
		r = tmpfs_unlink(dir->inode, d->name, d->len);
	if (r == 0)
		dentry_drop(d, true);
	found(dir, d);
	return r;
}

static s64 deadline_get(struct task *t, u64 addr, u64 *deadline)
{
	u64 ns;
	s64 r;

	*deadline = NO_DEADLINE;
	if (!addr)
		return 0;
	r = copy_timespec_in(t, addr, &ns);
	return r < 0 ? r : clock_deadline(CLOCK_REALTIME, true, ns, deadline);
}

/* -EAGAIN, -ETIMEDOUT, or that the call is made again. */
static s64 queue_wait(struct file *f, struct waitq *w, u64 deadline)
{
	return f->flags & O_NONBLOCK ? -EAGAIN : restartable(wait_on(w, deadline, 0));
}

/* Behind those of the same priority. */
static void insert(struct mqueue *q, struct mq_message *m)
{
	struct list *at = &q->messages;

	while (at->prev != &q->messages &&
	       container_of(at->prev, struct mq_message, link)->priority < m->priority)
		at = at->prev;
	list_add(at, &m->link);
	q->count++;
}

static s64 send(struct task *t, struct file *f, struct mq_message *m, u64 deadline)
{
	struct mqueue *q = mqueue_of(f);

	while (q->count == q->most) {
		s64 r = queue_wait(f, &q->writers, deadline);
		if (r < 0)
			return r;
	}
	insert(q, m);
	if (q->count == 1 && q->receiving == 0)
		mqueue_tell(q, t);
	wake_all(&q->readers, POLLIN | POLLRDNORM);
	return 0;
}

s64 lx_mq_timedsend(struct task *t, u64 fd, u64 from, u64 bytes, u64 priority, u64 timeout)
{
	struct mq_message *m = NULL;
	struct file *f;
	u64 deadline;
	s64 r = deadline_get(t, timeout, &deadline);

	if (r < 0)
		return r;
	if ((u32)priority >= PRIORITIES)
		return -EINVAL;
	f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	if (!mqueue_of(f) || !can_write(f))
		r = -EBADF;
	else if (bytes > mqueue_of(f)->bytes)
		r = -EMSGSIZE;
	else if ((m = kalloc(sizeof *m + bytes)) == NULL)
		r = -ENOMEM;
	else if (copy_in(t->mm, m->text, from, bytes) != 0)
		r = -EFAULT;
	if (r == 0) {
		m->bytes = bytes;
		m->priority = (u32)priority;
		r = send(t, f, m, deadline);
	}
	if (r < 0 && m)
		kfree(m);
	file_put(f);
	return r;
}

static s64 receive(struct file *f, u64 deadline, struct mq_message **out)
{
	struct mqueue *q = mqueue_of(f);

	while (q->count == 0) {
		q->receiving++;
		s64 r = queue_wait(f, &q->readers, deadline);
		q->receiving--;
		if (r < 0)
			return r;
	}
	*out = container_of(q->messages.next, struct mq_message, link);
	list_del(&(*out)->link);
	q->count--;
	wake_all(&q->writers, POLLOUT | POLLWRNORM);
	return 0;
}

s64 lx_mq_timedreceive(struct task *t, u64 fd, u64 to, u64 bytes, u64 upriority, u64 timeout)
{
	struct mq_message *m = NULL;
	struct file *f;
	u64 deadline;
	s64 r = deadline_get(t, timeout, &deadline);

	if (r < 0)
		return r;
	f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	if (!mqueue_of(f) || !can_read(f))
		r = -EBADF;
	else if (bytes < mqueue_of(f)->bytes)
		r = -EMSGSIZE;
	else
		r = receive(f, deadline, &m);
	if (r == 0) {
		r = (s64)m->bytes;
		if (copy_out(t->mm, to, m->text, m->bytes) != 0 ||
		    (upriority &&
		     copy_out(t->mm, upriority, &m->priority, sizeof m->priority) != 0))
			r = -EFAULT;
		kfree(m);
	}
	file_put(f);
	return r;
}

s64 lx_mq_getsetattr(struct task *t, u64 fd, u64 change, u64 old)
{
	struct mq_attr set, is = { 0 };
	struct mqueue *q;
	struct file *f;
	s64 r = 0;

	if (change && copy_in(t->mm, &set, change, sizeof set) != 0)
		return -EFAULT;
	if (change && (set.flags & ~(s64)O_NONBLOCK))
		return -EINVAL;
	f = fd_file(t, fd);
	q = f ? mqueue_of(f) : NULL;
	if (q) {
		is = (struct mq_attr){ .flags = f->flags & O_NONBLOCK,
				       .messages = (s64)q->most,
				       .bytes = (s64)q->bytes,
				       .count = (s64)q->count };
		if (change)
			f->flags = (f->flags & ~(u32)O_NONBLOCK) | (u32)set.flags;
	} else {
		r = -EBADF;
	}
	if (f)
		file_put(f);
	if (r == 0 && old && copy_out(t->mm, old, &is, sizeof is) != 0)
		r = -EFAULT;
	return r;
}

/* --- as a file -------------------------------------------------------------------------- */

static s64 queue_read(struct file *f, struct uio *to, u64 *pos)
{
	const struct mqueue *q = mqueue_of(f);
	char line[FILE_BYTES + 1];
	struct text x = { .at = line, .room = sizeof line };
	u64 bytes = 0;

	list_for(l, &q->messages)
		bytes += container_of(l, struct mq_message, link)->bytes;
	text_add(&x, "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", bytes,
		 q->pid && q->notify == MQ_SIGNAL ? 0 : (int)q->notify,
		 q->notify == MQ_SIGNAL ? q->signo : 0, (int)q->pid);
	if (*pos >= x.used)
		return 0;
	s64 n = uio_put(to, line + *pos, min64(to->left, x.used - *pos));
	if (n > 0)
		*pos += (u64)n;
	return n;
}

static u32 queue_poll(struct file *f, struct poll_table *pt)
{
	struct mqueue *q = mqueue_of(f);

	poll_wait(pt, &q->readers);
	poll_wait(pt, &q->writers);
	return (q->count ? POLLIN | POLLRDNORM : 0u) |
	       (q->count < q->most ? POLLOUT | POLLWRNORM : 0u);
}

static s64 queue_seek(struct file *f, s64 offset, u32 whence)
{
	return seek_to(f, offset, whence, f->inode->size);
}

static const struct file_ops queue_file_ops = {
	.read = queue_read,
	.poll = queue_poll,
	.seek = queue_seek,
};
