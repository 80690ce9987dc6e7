/* SPDX-License-Identifier: MIT */
/*
 * Control data of messages: open files and credentials that go along.
 */
#include "socket.h"

enum { CONTROL_MAX = 10240, HEAD = 16 };

struct head {
	u64 bytes; /* with the head */
	s32 level, type;
};

/*
 * A file that goes may be a socket with messages that carry sockets, and so on: those are freed
 * one after the other, not one within the other.
 */
void rights_free(struct rights *r)
{
	static struct rights *waiting;
	static bool freeing;
	if (!r)
		return;
	r->next = waiting;
	waiting = r;
	if (freeing)
		return;
	freeing = true;
	while ((r = waiting) != NULL) {
		waiting = r->next;
		for (u32 i = 0; i < r->count; i++)
			file_put(r->file[i]);
		kfree(r);
	}
	freeing = false;
}

struct rights *rights_copy(const struct rights *r)
{
	struct rights *n = kalloc(sizeof *n + r->count * sizeof *n->file);
	if (!n)
		return NULL;
	n->count = r->count;
	for (u32 i = 0; i < r->count; i++) {
		n->file[i] = r->file[i];
		file_get(n->file[i]);
	}
	return n;
}

static s64 rights_get(struct task *t, struct message *m, const unsigned char *data, u64 bytes)
{
	u64 count = bytes / 4;
	if (m->rights || count > RIGHTS_MAX)
		return -EINVAL;
	if (count == 0)
		return 0;
	struct rights *r = kalloc(sizeof *r + count * sizeof *r->file);
	if (!r)
		return -ENOMEM;
	m->rights = r;
	for (u64 i = 0; i < count; i++) {
		u32 fd;
		memcpy(&fd, data + 4 * i, 4);
		struct file *f = fd_file_any(t, fd);
		if (!f)
			return -EBADF;
		r->file[r->count++] = f;
	}
	return 0;
}

static s64 cred_get(struct task *t, struct message *m, const unsigned char *data, u64 bytes)
{
	const struct ids *id = &t->ids;
	if (bytes != sizeof m->cred)
		return -EINVAL;
	memcpy(&m->cred, data, sizeof m->cred);
	const struct ucred *c = &m->cred;
	bool uid = c->uid == id->uid || c->uid == id->euid || c->uid == id->suid;
	bool gid = c->gid == id->gid || c->gid == id->egid || c->gid == id->sgid;
	if ((c->pid != t->process->pid && !task_capable(t, CAP_SYS_ADMIN)) ||
	    (!uid && !task_capable(t, CAP_SETUID)) || (!gid && !task_capable(t, CAP_SETGID)))
		return -EPERM;
	m->has_cred = true;
	return 0;
}

static s64 parse(struct task *t, struct message *m, const unsigned char *b, u64 bytes)
{
	for (u64 at = 0; bytes - at >= HEAD;) {
		struct head h;
		memcpy(&h, b + at, HEAD);
		if (h.bytes < HEAD || h.bytes > bytes - at)
			return -EINVAL;
		s64 r = 0;
		if (h.level == SOL_SOCKET && h.type == SCM_RIGHTS)
			r = rights_get(t, m, b + at + HEAD, h.bytes - HEAD);
		else if (h.level == SOL_SOCKET && h.type == SCM_CREDENTIALS)
			r = cred_get(t, m, b + at + HEAD, h.bytes - HEAD);
		else if (h.level == SOL_SOCKET)
			r = -EINVAL;
		if (r < 0)
			return r;
		u64 step = (h.bytes + 7) & ~7ull;
		if (step >= bytes - at)
			break;
		at += step;
	}
	return 0;
}

s64 control_get(struct task *t, struct message *m, u64 addr, u64 bytes)
{
	if (bytes > CONTROL_MAX)
		return -ENOBUFS;
	unsigned char *b = kalloc(bytes);
	if (!b)
		return -ENOBUFS;
	s64 r = copy_in(t->mm, b, addr, bytes);
	if (r == 0)
		r = parse(t, m, b, bytes);
	kfree(b);
	return r;
}

/* --- to the receiver --------------------------------------------------------------- */

struct output {
	struct task *task;
	u64 addr, room, used;
	struct message *m;
};

/* One piece of control data; cut if there is not enough room. */
static s64 put(struct output *o, s32 type, const void *data, u64 bytes)
{
	struct head h = { HEAD + bytes, SOL_SOCKET, type };
	if (o->room - o->used < HEAD) {
		o->m->out_flags |= MSG_CTRUNC;
		return 0;
	}
	if (h.bytes > o->room - o->used) {
		h.bytes = o->room - o->used;
		o->m->out_flags |= MSG_CTRUNC;
	}
	if (copy_out(o->task->mm, o->addr + o->used, &h, HEAD) < 0 ||
	    copy_out(o->task->mm, o->addr + o->used + HEAD, data, h.bytes - HEAD) < 0)
		return -EFAULT;
	o->used = min64(o->used + ((h.bytes + 7) & ~7ull), o->room);
	return 0;
}

static s64 put_rights(struct output *o)
{
	struct rights *r = o->m->rights;
	s32 fd[RIGHTS_MAX];
	u64 left = o->room - o->used, fit = left < HEAD ? 0 : (left - HEAD) / 4;
	u32 n = 0;
	bool cloexec = o->m->flags & MSG_CMSG_CLOEXEC;
	for (; n < r->count && n < fit; n++) {
		file_get(r->file[n]);
		s64 got = fd_install(o->task, r->file[n], cloexec, 0);
		if (got < 0) {
			file_put(r->file[n]);
			break;
		}
		fd[n] = (s32)got;
	}
	if (n < r->count)
		o->m->out_flags |= MSG_CTRUNC;
	return n ? put(o, SCM_RIGHTS, fd, 4ull * n) : 0;
}

s64 control_put(struct task *t, struct message *m, u64 addr, u64 room, u64 *bytes)
{
	struct output o = { t, addr, addr ? room : 0, 0, m };
	s64 r = m->has_cred ? put(&o, SCM_CREDENTIALS, &m->cred, sizeof m->cred) : 0;
	if (r == 0 && m->rights)
		r = put_rights(&o);
	*bytes = o.used;
	return r;
}
