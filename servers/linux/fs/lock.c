/* SPDX-License-Identifier: MIT */
/*
 * Locks on files: byte ranges (of a process, or of an open file: OFD) and flock.
 *
 * A lock belongs to an owner: the descriptor table, or the open file.  Each inode has one list
 * of both kinds.  Sleepers all wait in one queue of locks and look again: conflicts are rare.
 */
#include "fs.h"

enum { F_RDLCK, F_WRLCK, F_UNLCK };
enum { LOCKS_MOST = 65536, LOCKS_PART = 4, LOCKS_FEW = 64 };

struct lock {
	struct list link;
	const void *owner;
	u32 pid; /* for F_GETLK; 0: OFD */
	bool write, flock;
	u64 first, last; /* both included */
};

/* Who sleeps for whose lock: to refuse what would wait for ever. */
struct sleeper {
	struct list link;
	const void *owner, *holder;
};

static u32 locks;
static struct waitq changed;
static struct list sleepers = { &sleepers, &sleepers };

static struct waitq *queue(void)
{
	if (!changed.waiters.next)
		waitq_init(&changed);
	return &changed;
}

static struct lock *of(struct list *l)
{
	return container_of(l, struct lock, link);
}

static void lock_free(struct lock *l)
{
	list_del(&l->link);
	kfree(l);
	locks--;
}

/* One for so many pages. The last eighth is for owners who have few on this file: one descriptor is enough for all there are. */
static bool room_for(const struct inode *i, const void *owner, u32 more)
{
	u64 most = min64(LOCKS_MOST, pages_total() / LOCKS_PART);
	u32 own = 0;

	if (locks + more <= most - most / 8)
		return true;
	list_for(p, &i->locks) own += of(p)->owner == owner;
	return own < LOCKS_FEW && may_have(locks + more, most);
}

static struct lock *lock_new(struct inode *i, const struct lock *from)
{
	struct lock *l = room_for(i, from->owner, 1) ? kalloc(sizeof *l) : NULL;
	if (!l)
		return NULL;
	*l = *from;
	list_add(&i->locks, &l->link);
	locks++;
	return l;
}

static bool overlap(const struct lock *a, const struct lock *b)
{
	return a->first <= b->last && b->first <= a->last;
}

static struct lock *conflict(struct inode *i, const struct lock *want)
{
	list_for(p, &i->locks)
	{
		struct lock *l = of(p);
		if (l->flock == want->flock && l->owner != want->owner &&
		    (l->write || want->write) && overlap(l, want))
			return l;
	}
	return NULL;
}

/* Those of one owner stand together, in order: F_GETLK tells of the first. */
static void insert(struct inode *i, struct lock *new)
{
	struct list *before = &i->locks;
	bool seen = false;

	list_for(p, &i->locks)
	{
		struct lock *l = of(p);
		bool same = l->flock == new->flock && l->owner == new->owner;
		if ((seen && !same) || (same && l->first > new->first)) {
			before = p;
			break;
		}
		seen = same;
	}
	list_add(before, &new->link);
	locks++;
}

/*
 * The owner's locks in the range become `want`, or vanish (unlock).  At most one lock is cut in
 * two: room for that is made first, so that nothing is half done.
 */
static s64 set_range(struct inode *i, const struct lock *want, bool unlock)
{
	struct lock *spare = kalloc(sizeof *spare), *mine = kalloc(sizeof *mine);
	if (!spare || !mine || !room_for(i, want->owner, 2)) {
		if (spare)
			kfree(spare);
		if (mine)
			kfree(mine);
		return -ENOLCK;
	}
	list_for_safe(p, &i->locks)
	{
		struct lock *l = of(p);
		if (l->flock || l->owner != want->owner || !overlap(l, want))
			continue;
		if (l->first < want->first && l->last > want->last) {
			*spare = *l;
			spare->first = want->last + 1;
			l->last = want->first - 1;
			insert(i, spare);
			spare = NULL;
			break;
		}
		if (l->first < want->first)
			l->last = want->first - 1;
		else if (l->last > want->last)
			l->first = want->last + 1;
		else
			lock_free(l);
	}
	if (spare)
		kfree(spare);
	if (unlock) {
		kfree(mine);
		wake_all(queue(), 0);
		return 0;
	}
	*mine = *want;
	/* Neighbours of the same kind become one. */
	list_for_safe(p, &i->locks)
	{
		struct lock *l = of(p);
		if (l->flock || l->owner != want->owner || l->write != want->write)
			continue;
		if (l->last + 1 == mine->first && mine->first)
			mine->first = l->first;
		else if (mine->last != UINT64_MAX && mine->last + 1 == l->first)
			mine->last = l->last;
		else
			continue;
		lock_free(l);
	}
	insert(i, mine);
	wake_all(queue(), 0); /* a write lock may have become a read lock */
	return 0;
}

/* Would waiting for `holder` come back to `owner`? */
static bool deadlock(const void *owner, const void *holder)
{
	for (u32 steps = 0; steps < 64; steps++) {
		const void *next = NULL;
		if (holder == owner)
			return true;
		list_for(p, &sleepers)
		{
			const struct sleeper *s = container_of(p, struct sleeper, link);
			if (s->owner == holder)
				next = s->holder;
		}
		if (!next)
			return false;
		holder = next;
	}
	return false;
}

static s64 wait_free(struct inode *i, const struct lock *want, bool posix)
{
	struct lock *other;
	while ((other = conflict(i, want)) != NULL) {
		if (posix && deadlock(want->owner, other->owner))
			return -EDEADLK;
		struct sleeper s = { .owner = want->owner, .holder = other->owner };
		if (posix)
			list_add(&sleepers, &s.link);
		s64 r = wait_on(queue(), NO_DEADLINE, 0);
		if (posix)
			list_del(&s.link);
		if (r < 0)
			return restartable(r);
	}
	return 0;
}

/* --- fcntl ------------------------------------------------------------------------------ */

struct lx_flock {
	int16_t type, whence;
	s32 pad;
	s64 start, bytes;
	s32 pid, pad2;
};

enum {
	F_GETLK = 5,
	F_SETLK = 6,
	F_SETLKW = 7,
	F_OFD_GETLK = 36,
	F_OFD_SETLK = 37,
	F_OFD_SETLKW = 38
};

static s64 range(struct file *f, const struct lx_flock *u, struct lock *l)
{
	u64 base = u->whence == 0 ? 0 : u->whence == 1 ? f->pos : f->inode->size;
	if (u->whence < 0 || u->whence > 2)
		return -EINVAL;
	s64 first, last;
	if (__builtin_add_overflow((s64)base, u->start, &first))
		return -EOVERFLOW;
	if (first < 0)
		return -EINVAL;
	if (u->bytes == 0) {
		last = INT64_MAX;
	} else if (__builtin_add_overflow(first, u->bytes - 1, &last)) {
		return -EOVERFLOW;
	} else if (u->bytes < 0) {
		last = first - 1;
		first += u->bytes;
		if (first < 0)
			return -EINVAL;
	}
	l->first = (u64)first;
	l->last = last == INT64_MAX ? UINT64_MAX : (u64)last;
	return 0;
}

/* One of the owner's own locks in the range. */
static struct lock *own(struct inode *i, const struct lock *want)
{
	list_for(p, &i->locks) if (!of(p)->flock && of(p)->owner == want->owner &&
				   overlap(of(p), want)) return of(p);
	return NULL;
}

static s64 tell(struct task *t, struct file *f, const struct lock *want, struct lx_flock *u,
		u64 arg)
{
	const struct lock *l = u->type == F_UNLCK ? own(f->inode, want) : conflict(f->inode, want);
	if (!l) {
		u->type = F_UNLCK;
	} else {
		u->type = l->write ? F_WRLCK : F_RDLCK;
		u->whence = 0;
		u->start = (s64)l->first;
		u->bytes = l->last == UINT64_MAX ? 0 : (s64)(l->last - l->first + 1);
		u->pid = l->pid ? (s32)l->pid : -1;
	}
	return copy_out(t->mm, arg, u, sizeof *u);
}

s64 lock_fcntl(struct task *t, struct file *f, u64 command, u64 arg)
{
	struct lx_flock u;
	bool ofd = command >= F_OFD_GETLK;
	if (copy_in(t->mm, &u, arg, sizeof u) < 0)
		return -EFAULT;
	struct lock want = {
		.owner = ofd ? (const void *)f : (const void *)t->files,
		.pid = ofd ? 0 : t->process->pid,
		.write = u.type == F_WRLCK,
	};
	list_init(&want.link);
	s64 r = range(f, &u, &want);
	if (r < 0)
		return r;
	if (u.type < F_RDLCK || u.type > F_UNLCK || (ofd && u.pid))
		return -EINVAL;
	if (command == F_GETLK || command == F_OFD_GETLK)
		return u.type == F_UNLCK && !ofd ? -EINVAL : tell(t, f, &want, &u, arg);
	if (u.type == F_UNLCK)
		return set_range(f->inode, &want, true);
	if (!(want.write ? can_write(f) : can_read(f)))
		return -EBADF;
	if (command == F_SETLK || command == F_OFD_SETLK)
		r = conflict(f->inode, &want) ? -EAGAIN : 0;
	else
		r = wait_free(f->inode, &want, !ofd);
	if (r < 0)
		return r;
	return set_range(f->inode, &want, false);
}

static void remove_of(struct inode *i, const void *owner)
{
	bool any = false;
	list_for_safe(p, &i->locks) if (of(p)->owner == owner)
	{
		lock_free(of(p));
		any = true;
	}
	if (any)
		wake_all(queue(), 0);
}

/* A process that closes any descriptor of a file loses all its locks on it. */
void lock_closed(struct task *t, struct fdtable *owner, struct file *f)
{
	(void)t;
	remove_of(f->inode, owner);
}

void lock_released(struct file *f)
{
	remove_of(f->inode, f);
}

/* --- flock --------------------------------------------------------------------------------- */

s64 lx_flock(struct task *t, u64 fd, u64 how)
{
	enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8, LOCK_MAND = 32 };
	u64 kind = how & ~(u64)LOCK_NB;
	if (how & LOCK_MAND)
		return 0; /* as Linux, which had it once */
	if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
		return -EINVAL;
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	if (kind != LOCK_UN && !can_read(f) && !can_write(f)) {
		file_put(f);
		return -EBADF;
	}
	struct inode *i = f->inode;
	struct lock want = {
		.owner = f, .flock = true, .write = kind == LOCK_EX, .last = UINT64_MAX
	};
	struct lock *mine = NULL;
	list_for(p, &i->locks) if (of(p)->flock && of(p)->owner == f) mine = of(p);
	s64 r = 0;
	if (mine && (kind == LOCK_UN || mine->write != want.write)) {
		lock_free(mine);
		mine = NULL;
		wake_all(queue(), 0);
	}
	if (kind != LOCK_UN && !mine) {
		if (how & LOCK_NB)
			r = conflict(i, &want) ? -EAGAIN : 0;
		else
			r = wait_free(i, &want, false);
		if (r == 0 && !lock_new(i, &want))
			r = -ENOLCK;
	}
	file_put(f);
	return r;
}
