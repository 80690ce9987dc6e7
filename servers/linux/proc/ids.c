/* SPDX-License-Identifier: MIT */
/*
 * User and group ids, and capabilities of Linux.
 *
 * Locks, threads: ids belong to the task, as on Linux; the C library changes all tasks.
 */
#include "internal.h"
#include "../mm/mm.h"
#include "linux/calls.h"

#define UNCHANGED 0xffffffffu
enum { CAP_V1 = 0x19980330, CAP_V2 = 0x20071026, CAP_V3 = 0x20080522 };
#define SECBIT_NO_SETUID_FIXUP 4u

s64 lx_getuid(struct task *t)
{
	return t->ids.uid;
}
s64 lx_geteuid(struct task *t)
{
	return t->ids.euid;
}
s64 lx_getgid(struct task *t)
{
	return t->ids.gid;
}
s64 lx_getegid(struct task *t)
{
	return t->ids.egid;
}

/* --- users ------------------------------------------------------------------------------ */

static bool is_root(const struct ids *d)
{
	return d->uid == 0 || d->euid == 0 || d->suid == 0;
}

/* New ids: capabilities follow (capabilities(7), "Effect of user ID changes"). */
static s64 commit(struct task *t, struct ids *new)
{
	struct ids *d = &t->ids;

	if (new->uid != d->uid) {
		struct user *to = user_find(new->uid), *from = user_find(d->uid);

		if (to == NULL || from == NULL)
			return -EAGAIN;
		to->tasks++;
		from->tasks--;
	}
	if (!(new->securebits & SECBIT_NO_SETUID_FIXUP)) {
		if (is_root(d) && !is_root(new) && !new->keep_caps)
			new->cap_permitted = new->cap_effective = new->cap_ambient = 0;
		if (d->euid == 0 && new->euid != 0)
			new->cap_effective = 0;
		if (d->euid != 0 && new->euid == 0)
			new->cap_effective = new->cap_permitted;
	}
	if (new->euid != d->euid || new->egid != d->egid)
		t->process->dumpable = false;
	*d = *new;
	return 0;
}

static bool one_of(u32 id, u32 a, u32 b, u32 c)
{
	return id == UNCHANGED || id == a || id == b || id == c;
}

s64 lx_setuid(struct task *t, u64 id)
{
	struct ids n = t->ids;
	u32 uid = (u32)id;

	if (uid == UNCHANGED)
		return -EINVAL;
	if (task_capable(t, CAP_SETUID))
		n.uid = n.suid = uid;
	else if (uid != n.uid && uid != n.suid)
		return -EPERM;
	n.euid = n.fsuid = uid;
	return commit(t, &n);
}

s64 lx_setreuid(struct task *t, u64 ruid, u64 euid)
{
	struct ids n = t->ids;
	u32 r = (u32)ruid, e = (u32)euid;

	if (!task_capable(t, CAP_SETUID) &&
	    (!one_of(r, n.uid, n.euid, n.euid) || !one_of(e, n.uid, n.euid, n.suid)))
		return -EPERM;
	if (r != UNCHANGED)
		n.uid = r;
	if (e != UNCHANGED)
		n.euid = e;
	if (r != UNCHANGED || (e != UNCHANGED && e != t->ids.uid))
		n.suid = n.euid;
	n.fsuid = n.euid;
	return commit(t, &n);
}

s64 lx_setresuid(struct task *t, u64 ruid, u64 euid, u64 suid)
{
	struct ids n = t->ids;
	u32 r = (u32)ruid, e = (u32)euid, s = (u32)suid;

	if (!task_capable(t, CAP_SETUID) &&
	    (!one_of(r, n.uid, n.euid, n.suid) || !one_of(e, n.uid, n.euid, n.suid) ||
	     !one_of(s, n.uid, n.euid, n.suid)))
		return -EPERM;
	if (r != UNCHANGED)
		n.uid = r;
	if (e != UNCHANGED)
		n.euid = e;
	if (s != UNCHANGED)
		n.suid = s;
	n.fsuid = n.euid;
	return commit(t, &n);
}

static s64 out3(struct task *t, u64 a, u64 b, u64 c, const u32 v[3])
{
	if (copy_out(t->mm, a, &v[0], 4) != 0 || copy_out(t->mm, b, &v[1], 4) != 0 ||
	    copy_out(t->mm, c, &v[2], 4) != 0)
		return -EFAULT;
	return 0;
}

s64 lx_getresuid(struct task *t, u64 r, u64 e, u64 s)
{
	const u32 v[3] = { t->ids.uid, t->ids.euid, t->ids.suid };

	return out3(t, r, e, s, v);
}

s64 lx_setfsuid(struct task *t, u64 id)
{
	struct ids n = t->ids;
	u32 old = n.fsuid, uid = (u32)id;

	if (uid != UNCHANGED && (task_capable(t, CAP_SETUID) ||
				 one_of(uid, n.uid, n.euid, n.suid) || uid == n.fsuid))
		t->ids.fsuid = uid;
	return old;
}

/* --- groups -------------------------------------------------------------------------------- */

s64 lx_setgid(struct task *t, u64 id)
{
	struct ids n = t->ids;
	u32 gid = (u32)id;

	if (gid == UNCHANGED)
		return -EINVAL;
	if (task_capable(t, CAP_SETGID))
		n.gid = n.sgid = gid;
	else if (gid != n.gid && gid != n.sgid)
		return -EPERM;
	n.egid = n.fsgid = gid;
	return commit(t, &n);
}

s64 lx_setregid(struct task *t, u64 rgid, u64 egid)
{
	struct ids n = t->ids;
	u32 r = (u32)rgid, e = (u32)egid;

	if (!task_capable(t, CAP_SETGID) &&
	    (!one_of(r, n.gid, n.egid, n.egid) || !one_of(e, n.gid, n.egid, n.sgid)))
		return -EPERM;
	if (r != UNCHANGED)
		n.gid = r;
	if (e != UNCHANGED)
		n.egid = e;
	if (r != UNCHANGED || (e != UNCHANGED && e != t->ids.gid))
		n.sgid = n.egid;
	n.fsgid = n.egid;
	return commit(t, &n);
}

s64 lx_setresgid(struct task *t, u64 rgid, u64 egid, u64 sgid)
{
	struct ids n = t->ids;
	u32 r = (u32)rgid, e = (u32)egid, s = (u32)sgid;

	if (!task_capable(t, CAP_SETGID) &&
	    (!one_of(r, n.gid, n.egid, n.sgid) || !one_of(e, n.gid, n.egid, n.sgid) ||
	     !one_of(s, n.gid, n.egid, n.sgid)))
		return -EPERM;
	if (r != UNCHANGED)
		n.gid = r;
	if (e != UNCHANGED)
		n.egid = e;
	if (s != UNCHANGED)
		n.sgid = s;
	n.fsgid = n.egid;
	return commit(t, &n);
}

s64 lx_getresgid(struct task *t, u64 r, u64 e, u64 s)
{
	const u32 v[3] = { t->ids.gid, t->ids.egid, t->ids.sgid };

	return out3(t, r, e, s, v);
}

s64 lx_setfsgid(struct task *t, u64 id)
{
	struct ids n = t->ids;
	u32 old = n.fsgid, gid = (u32)id;

	if (gid != UNCHANGED && (task_capable(t, CAP_SETGID) ||
				 one_of(gid, n.gid, n.egid, n.sgid) || gid == n.fsgid))
		t->ids.fsgid = gid;
	return old;
}

s64 lx_getgroups(struct task *t, u64 room, u64 to)
{
	s32 n = (s32)room;

	if (n < 0 || (n != 0 && (u32)n < t->ids.groups))
		return -EINVAL;
	if (n != 0 && t->ids.groups != 0 &&
	    copy_out(t->mm, to, t->ids.group, t->ids.groups * sizeof(u32)) != 0)
		return -EFAULT;
	return t->ids.groups;
}

s64 lx_setgroups(struct task *t, u64 n, u64 from)
{
	u32 group[GROUPS];

	if (!task_capable(t, CAP_SETGID))
		return -EPERM;
	if (n > GROUPS)
		return -EINVAL;
	if (copy_in(t->mm, group, from, n * sizeof(u32)) != 0)
		return -EFAULT;
	t->ids.groups = (u32)n;
	memcpy(t->ids.group, group, n * sizeof(u32));
	return 0;
}

/* --- capabilities ------------------------------------------------------------------------------ */

struct cap_header {
	u32 version;
	s32 pid;
};
struct cap_data {
	u32 effective, permitted, inheritable;
};

/* How many struct cap_data the version has; 0: unknown, and the newest is told. */
static s64 cap_words(struct task *t, u64 uheader, struct cap_header *h)
{
	u32 newest = CAP_V3;

	if (copy_in(t->mm, h, uheader, sizeof *h) != 0)
		return -EFAULT;
	if (h->version == CAP_V1)
		return 1;
	if (h->version == CAP_V2 || h->version == CAP_V3)
		return 2;
	if (copy_out(t->mm, uheader, &newest, sizeof newest) != 0)
		return -EFAULT;
	return 0;
}

s64 lx_capget(struct task *t, u64 uheader, u64 udata)
{
	struct cap_data d[2];
	struct cap_header h;
	struct task *of = t;
	s64 n = cap_words(t, uheader, &h);

	if (n < 0)
		return n;
	if (n == 0)
		return udata == 0 ? 0 : -EINVAL;
	if (h.pid < 0)
		return -EINVAL;
	if (h.pid != 0)
		of = task_find((u32)h.pid);
	if (of == NULL)
		return -ESRCH;
	for (u32 i = 0; i < 2; i++)
		d[i] = (struct cap_data){ (u32)(of->ids.cap_effective >> (32 * i)),
					  (u32)(of->ids.cap_permitted >> (32 * i)),
					  (u32)(of->ids.cap_inheritable >> (32 * i)) };
	if (udata != 0 && copy_out(t->mm, udata, d, (u64)n * sizeof d[0]) != 0)
		return -EFAULT;
	return 0;
}

s64 lx_capset(struct task *t, u64 uheader, u64 udata)
{
	struct cap_data d[2] = { 0 };
	struct ids *i = &t->ids;
	struct cap_header h;
	s64 n = cap_words(t, uheader, &h);

	if (n <= 0)
		return n < 0 ? n : -EINVAL;
	if (h.pid != 0 && h.pid != (s32)t->tid)
		return -EPERM;
	if (copy_in(t->mm, d, udata, (u64)n * sizeof d[0]) != 0)
		return -EFAULT;
	u64 all = (1ull << (CAP_LAST + 1)) - 1;
	u64 e = (d[0].effective | (u64)d[1].effective << 32) & all;
	u64 p = (d[0].permitted | (u64)d[1].permitted << 32) & all;
	u64 in = (d[0].inheritable | (u64)d[1].inheritable << 32) & all;
	if ((p & ~i->cap_permitted) || (e & ~p))
		return -EPERM;
	if ((in & ~(i->cap_inheritable | i->cap_permitted)) && !task_capable(t, CAP_SETPCAP))
		return -EPERM;
	i->cap_effective = e;
	i->cap_permitted = p;
	i->cap_inheritable = in;
	i->cap_ambient &= p & in;
	return 0;
}
