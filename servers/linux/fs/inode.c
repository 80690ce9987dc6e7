/* SPDX-License-Identifier: MIT */
/*
 * Inodes: references, the lock, permissions, attributes.
 */
#include "fs.h"

void inode_init(struct inode *i, struct super *sb, u32 mode)
{
	i->sb = sb;
	i->mode = mode;
	i->nlink = 1;
	i->refs = 1;
	i->ino = ino_new();
	i->atime = i->mtime = i->ctime = time_now();
	waitq_init(&i->unlocked);
	list_init(&i->maps);
	list_init(&i->locks);
}

void inode_get(struct inode *i)
{
	i->refs++;
}

void inode_put(struct inode *i)
{
	if (--i->refs)
		return;
	if (i->watches)
		notify_inode_gone(i);
	if (i->pipe && (i->mode & S_IFMT) == S_IFIFO)
		fifo_release(i);
	i->ops->release(i);
}

void inode_lock(struct inode *i)
{
	while (i->locked)
		wait_on(&i->unlocked, NO_DEADLINE, SLEEP_FOREVER);
	i->locked = true;
}

void inode_unlock(struct inode *i)
{
	i->locked = false;
	if (!list_empty(&i->unlocked.waiters))
		wake_all(&i->unlocked, 0);
}

void inode_lock_two(struct inode *a, struct inode *b)
{
	struct inode *first = a < b ? a : b, *second = a < b ? b : a;
	inode_lock(first);
	if (first != second)
		inode_lock(second);
}

void inode_unlock_two(struct inode *a, struct inode *b)
{
	inode_unlock(a);
	if (a != b)
		inode_unlock(b);
}

struct ltime time_now(void)
{
	u64 ns = now_real();
	return (struct ltime){ (s64)(ns / 1000000000), (u32)(ns % 1000000000) };
}

u64 ino_new(void)
{
	static u64 last = 1;
	return ++last;
}

u64 dev_new(void)
{
	static u64 last;
	return ++last;
}

bool in_group(const struct ids *ids, u32 gid)
{
	if (gid == ids->fsgid)
		return true;
	for (u32 i = 0; i < ids->groups; i++)
		if (ids->group[i] == gid)
			return true;
	return false;
}

s64 ids_permission(const struct ids *ids, const struct inode *i, u32 want)
{
	u32 mode = i->mode;
	u64 caps = ids->cap_effective;
	if ((caps >> CAP_DAC_OVERRIDE & 1) ||
	    ((caps >> CAP_DAC_READ_SEARCH & 1) &&
	     (want == MAY_READ || (is_dir(i) && !(want & MAY_WRITE))))) {
		if ((want & MAY_EXEC) && !(mode & 0111) && !is_dir(i))
			return -EACCES;
		return 0;
	}
	if (ids->fsuid == i->uid)
		mode >>= 6;
	else if (in_group(ids, i->gid))
		mode >>= 3;
	return (mode & want) == want ? 0 : -EACCES;
}

s64 inode_permission(struct task *t, struct inode *i, u32 want)
{
	return ids_permission(&t->ids, i, want);
}

bool is_owner(const struct task *t, const struct inode *i)
{
	return t->ids.fsuid == i->uid || task_capable(t, CAP_FOWNER);
}

s64 may_create(struct task *t, struct inode *dir)
{
	if (dir->nlink == 0)
		return -ENOENT;
	return inode_permission(t, dir, MAY_WRITE | MAY_EXEC);
}

s64 may_delete(struct task *t, struct inode *dir, struct inode *victim, bool want_dir)
{
	s64 r = inode_permission(t, dir, MAY_WRITE | MAY_EXEC);
	if (r)
		return r;
	if ((dir->mode & S_ISVTX) && !is_owner(t, victim) && t->ids.fsuid != dir->uid)
		return -EPERM;
	if (want_dir)
		return is_dir(victim) ? 0 : -ENOTDIR;
	return is_dir(victim) ? -EISDIR : 0;
}

s64 inode_setattr(struct inode *i, u32 mask, const struct inode *v)
{
	struct inode values = *v;
	if (!i->ops->setattr)
		return -EPERM;
	values.mode = (i->mode & S_IFMT) | (v->mode & 07777);
	s64 r = i->ops->setattr(i, mask, &values);
	if (r < 0)
		return r;
	struct ltime now = time_now();
	if (mask & ATTR_MODE)
		i->mode = values.mode;
	if (mask & ATTR_UID)
		i->uid = v->uid;
	if (mask & ATTR_GID)
		i->gid = v->gid;
	if (mask & ATTR_SIZE) {
		bool cut = v->size < i->size;
		i->size = v->size;
		i->mtime = now;
		if (cut)
			mm_file_cut(i, v->size);
	}
	if (mask & ATTR_ATIME)
		i->atime = v->atime;
	if (mask & ATTR_MTIME)
		i->mtime = v->mtime;
	i->ctime = now;
	return 0;
}

static bool before(struct ltime a, struct ltime b)
{
	return a.sec < b.sec || (a.sec == b.sec && a.nsec <= b.nsec);
}

void touch_atime(struct inode *i)
{
	const struct ltime now = time_now();
	if (before(i->atime, i->mtime) || before(i->atime, i->ctime) ||
	    now.sec - i->atime.sec >= 86400)
		i->atime = now;
}

void drop_suid(struct task *t, struct inode *i)
{
	u32 drop = i->mode & S_ISUID;
	if ((i->mode & (S_ISGID | 010)) == (S_ISGID | 010))
		drop |= S_ISGID;
	if (!drop || !is_reg(i) || (t && task_capable(t, CAP_FSETID)))
		return;
	struct inode v = { .mode = i->mode & ~drop };
	inode_setattr(i, ATTR_MODE, &v);
}

/* --- inodes of files without name ------------------------------------------------ */

static void anon_release(struct inode *i)
{
	kfree(i);
}

static s64 anon_setattr(struct inode *i, u32 mask, const struct inode *v)
{
	(void)v;
	if (!(i->mode & S_IFMT))
		return -EOPNOTSUPP;
	return mask & ATTR_SIZE ? -EINVAL : 0;
}

static const struct inode_ops anon_ops = { .release = anon_release, .setattr = anon_setattr };

struct inode *inode_anon(u32 mode)
{
	static struct super anon = { .type = "anon_inodefs", .source = "none" };
	struct inode *i = kalloc(sizeof *i);
	if (!i)
		return NULL;
	if (!anon.dev)
		anon.dev = dev_new();
	inode_init(i, &anon, mode);
	i->ops = &anon_ops;
	struct task *t = current();
	if (t) {
		i->uid = t->ids.fsuid;
		i->gid = t->ids.fsgid;
	}
	return i;
}
