/* SPDX-License-Identifier: MIT */
/*
 * Options of sockets.
 */
#include "socket.h"

enum {
	SO_TYPE = 3,
	SO_ERROR,
	SO_SNDBUF = 7,
	SO_RCVBUF,
	SO_LINGER = 13,
	SO_PASSCRED = 16,
	SO_PEERCRED,
	SO_RCVLOWAT,
	SO_SNDLOWAT,
	SO_RCVTIMEO,
	SO_SNDTIMEO,
	SO_ACCEPTCONN = 30,
	SO_SNDBUFFORCE = 32,
	SO_RCVBUFFORCE = 33,
	SO_MARK = 36,
	SO_PROTOCOL = 38,
	SO_DOMAIN = 39,
};
enum { ROOM_LEAST = 2304, ROOM_MOST = 212992 * 2 };

static s64 socket_at(struct task *t, u64 fd, struct file **f, struct socket **s)
{
	*f = fd_file(t, fd);
	if (!*f)
		return -EBADF;
	*s = file_socket(*f);
	if (*s)
		return 0;
	file_put(*f);
	return -ENOTSOCK;
}

static u32 room(s32 value)
{
	u64 v = (u64)(u32)value * 2;
	return v < ROOM_LEAST ? ROOM_LEAST : v > ROOM_MOST ? ROOM_MOST : (u32)v;
}

static s64 set_time(struct task *t, u64 addr, u64 bytes, u64 *to)
{
	s64 tv[2];
	if (bytes < sizeof tv)
		return -EINVAL;
	if (copy_in(t->mm, tv, addr, sizeof tv) < 0)
		return -EFAULT;
	if (tv[1] < 0 || tv[1] >= 1000000)
		return -EDOM;
	*to = tv[0] < 0 ? 1 : min64((u64)tv[0], 9000000000ull) * NS_PER_SEC + (u64)tv[1] * 1000;
	return 0;
}

static s64 set(struct task *t, struct socket *s, u32 name, u64 addr, u32 bytes)
{
	s32 v[2] = { 0, 0 };
	if (name == SO_RCVTIMEO || name == SO_SNDTIMEO)
		return set_time(t, addr, bytes,
				name == SO_RCVTIMEO ? &s->recv_wait : &s->send_wait);
	if (bytes < 4)
		return -EINVAL;
	if (copy_in(t->mm, v, addr, bytes < 8 ? 4 : 8) < 0)
		return -EFAULT;
	switch (name) {
	case SO_SNDBUF:
	case SO_SNDBUFFORCE: s->send_room = room(v[0]); return 0;
	case SO_RCVBUF:
	case SO_RCVBUFFORCE: s->recv_room = room(v[0]); return 0;
	case SO_PASSCRED: s->pass_cred = v[0]; return 0;
	case SO_LINGER:
		if (bytes < 8)
			return -EINVAL;
		s->linger = (u32)v[1];
		break;
	case SO_MARK: return task_capable(t, CAP_NET_ADMIN) ? 0 : -EPERM;
	default: break; /* kept, and told again */
	}
	s->options = v[0] ? s->options | 1ull << name : s->options & ~(1ull << name);
	return 0;
}

s64 lx_setsockopt(struct task *t, u64 fd, u64 level, u64 name, u64 value, u64 bytes)
{
	(void)level; /* SOL_SOCKET */
	struct file *f;
	struct socket *s;
	s64 r = socket_at(t, fd, &f, &s);
	if (r < 0)
		return r;
	if ((s32)bytes < 0)
		r = -EINVAL;
	else
		r = set(t, s, (u32)name, value, (u32)bytes);
	file_put(f);
	return r;
}

/* The value in `to` (64 bytes), its length. */
static void tell(struct socket *s, u32 name, void *to, u32 *bytes)
{
	u32 v = 0;
	*bytes = sizeof v;
	switch (name) {
	case SO_TYPE: v = s->type; break;
	case SO_ERROR:
		v = s->error;
		s->error = 0;
		break;
	case SO_DOMAIN: v = s->family; break;
	case SO_PROTOCOL: v = s->protocol; break;
	case SO_ACCEPTCONN: v = s->listens; break;
	case SO_SNDBUF: v = s->send_room; break;
	case SO_RCVBUF: v = s->recv_room; break;
	case SO_PASSCRED: v = s->pass_cred; break;
	case SO_RCVLOWAT:
	case SO_SNDLOWAT: v = 1; break;
	case SO_LINGER: {
		const u32 l[2] = { (u32)(s->options >> SO_LINGER) & 1, s->linger };
		memcpy(to, l, sizeof l);
		*bytes = sizeof l;
		return;
	}
	case SO_RCVTIMEO:
	case SO_SNDTIMEO: {
		u64 ns = name == SO_RCVTIMEO ? s->recv_wait : s->send_wait;
		const u64 tv[2] = { ns / NS_PER_SEC, ns % NS_PER_SEC / 1000 };
		memcpy(to, tv, sizeof tv);
		*bytes = sizeof tv;
		return;
	}
	case SO_PEERCRED: {
		struct ucred c = { 0, UINT32_MAX, UINT32_MAX };
		if (s->ops->peer)
			s->ops->peer(s, &c);
		memcpy(to, &c, sizeof c);
		*bytes = sizeof c;
		return;
	}
	default: v = (u32)(s->options >> name) & 1; /* what was set, if it could be */
	}
	memcpy(to, &v, sizeof v);
}

s64 lx_getsockopt(struct task *t, u64 fd, u64 level, u64 name, u64 value, u64 len_addr)
{
	(void)level; /* SOL_SOCKET */
	char to[64];
	u32 bytes = sizeof to;
	s32 space;
	struct file *f;
	struct socket *s;
	s64 r = socket_at(t, fd, &f, &s);
	if (r < 0)
		return r;
	if (copy_in(t->mm, &space, len_addr, sizeof space) < 0)
		r = -EFAULT;
	else if (space < 0)
		r = -EINVAL;
	if (r == 0) {
		tell(s, (u32)name, to, &bytes);
		bytes = (u32)min64(bytes, (u32)space);
		if (copy_out(t->mm, value, to, bytes) < 0 ||
		    copy_out(t->mm, len_addr, &bytes, sizeof bytes) < 0)
			r = -EFAULT;
	}
	file_put(f);
	return r;
}
