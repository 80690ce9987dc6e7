/* SPDX-License-Identifier: MIT */
/*
 * Sockets: the calls, whatever the address family.
 */
#include "socket.h"

static struct socket *of(struct file *f)
{
	return f->priv;
}

static bool waits(const struct file *f, u32 flags)
{
	return !(f->flags & O_NONBLOCK) && !(flags & MSG_DONTWAIT);
}

/* --- as a file ---------------------------------------------------------------------- */

static s64 sock_read(struct file *f, struct uio *to, u64 *pos)
{
	struct message m = { .uio = *to };
	(void)pos;
	if (!to->left)
		return 0;
	s64 r = of(f)->ops->receive(of(f), &m, waits(f, 0));
	rights_free(m.rights);
	*to = m.uio;
	return r;
}

static s64 sock_write(struct file *f, struct uio *from, u64 *pos)
{
	struct message m = { .uio = *from };
	(void)pos;
	s64 r = of(f)->ops->send(of(f), &m, waits(f, 0));
	*from = m.uio;
	return r;
}

static u32 sock_poll(struct file *f, struct poll_table *pt)
{
	return of(f)->ops->poll(of(f), pt);
}

static s64 sock_ioctl(struct file *f, u64 request, u64 arg)
{
	return of(f)->ops->ioctl ? of(f)->ops->ioctl(of(f), request, arg) : -ENOTTY;
}

static void sock_release(struct file *f)
{
	struct socket *s = of(f);
	s->file = NULL;
	s->ops->release(s);
}

static const struct file_ops sock_ops = {
	.read = sock_read,
	.write = sock_write,
	.poll = sock_poll,
	.ioctl = sock_ioctl,
	.release = sock_release,
};

struct socket *file_socket(struct file *f)
{
	return f->ops == &sock_ops ? of(f) : NULL;
}

struct file *socket_file(struct socket *s, u32 flags)
{
	struct inode *i = inode_anon(S_IFSOCK | 0777);
	struct file *f = i ? file_new(&sock_ops, i, O_RDWR | (flags & O_NONBLOCK)) : NULL;
	if (!f) {
		if (i)
			inode_put(i);
		return NULL;
	}
	f->priv = s;
	s->file = f;
	return f;
}

/* The socket at a descriptor; *f with a reference. */
static s64 get(struct task *t, u64 fd, struct file **f, struct socket **s)
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

/* --- making --------------------------------------------------------------------------- */

/* A new socket as a file with a descriptor; gives the socket up if that fails. */
static s64 install(struct task *t, struct socket *s, u32 type)
{
	struct file *f = socket_file(s, type);
	if (!f) {
		s->ops->release(s);
		return -ENFILE;
	}
	return fd_give(t, f, type & O_CLOEXEC);
}

s64 lx_socket(struct task *t, u64 family, u64 type, u64 protocol)
{
	struct socket *s;
	(void)family; /* AF_UNIX */
	s64 r = unix_socket((u32)type & SOCK_TYPE, (u32)protocol, &s);
	return r < 0 ? r : install(t, s, (u32)type);
}

s64 lx_socketpair(struct task *t, u64 family, u64 type, u64 protocol, u64 to)
{
	struct socket *a, *b;
	s32 fd[2];
	(void)family; /* AF_UNIX */
	s64 r = unix_socket((u32)type & SOCK_TYPE, (u32)protocol, &a);
	if (r < 0)
		return r;
	r = unix_socket((u32)type & SOCK_TYPE, (u32)protocol, &b);
	if (r == 0) {
		r = unix_pair(a, b);
		if (r < 0)
			b->ops->release(b);
	}
	if (r < 0) {
		a->ops->release(a);
		return r;
	}
	r = install(t, a, (u32)type);
	if (r < 0) {
		b->ops->release(b);
		return r;
	}
	fd[0] = (s32)r;
	r = install(t, b, (u32)type);
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

/* --- addresses --------------------------------------------------------------------------- */

static s64 address_get(struct task *t, unsigned char *to, u64 addr, u64 len)
{
	if ((u32)len > ADDRESS_MAX)
		return -EINVAL;
	return copy_in(t->mm, to, addr, (u32)len);
}

/* As accept, getsockname, recvfrom tell addresses: cut to the room, with the true length. */
static s64 address_put(struct task *t, const unsigned char *from, u32 len, u64 addr, u64 len_addr)
{
	s32 room;
	if (copy_in(t->mm, &room, len_addr, sizeof room) < 0)
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_out(t->mm, addr, from, min64(len, (u32)room)) < 0)
		return -EFAULT;
	return copy_out(t->mm, len_addr, &len, sizeof len);
}

s64 lx_bind(struct task *t, u64 fd, u64 addr, u64 len)
{
	unsigned char address[ADDRESS_MAX];
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = address_get(t, address, addr, len);
	if (r == 0)
		r = s->ops->bind(s, address, (u32)len);
	file_put(f);
	return r;
}

s64 lx_connect(struct task *t, u64 fd, u64 addr, u64 len)
{
	unsigned char address[ADDRESS_MAX];
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = address_get(t, address, addr, len);
	if (r == 0)
		r = s->ops->connect(s, address, (u32)len, waits(f, 0));
	file_put(f);
	return r;
}

s64 lx_listen(struct task *t, u64 fd, u64 backlog)
{
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = s->ops->listen(s, (u32)min64((u32)backlog, 4096));
	file_put(f);
	return r;
}

s64 lx_accept4(struct task *t, u64 fd, u64 addr, u64 len_addr, u64 flags)
{
	unsigned char address[ADDRESS_MAX];
	u32 len = 0;
	struct file *f;
	struct socket *s, *n;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = s->ops->accept(s, waits(f, 0), &n);
	if (r == 0) {
		if (addr) {
			n->ops->name(n, true, address, &len);
			r = address_put(t, address, len, addr, len_addr);
		}
		if (r < 0)
			n->ops->release(n);
		else
			r = install(t, n, (u32)flags);
	}
	file_put(f);
	return r;
}

s64 lx_accept(struct task *t, u64 fd, u64 addr, u64 len_addr)
{
	return lx_accept4(t, fd, addr, len_addr, 0);
}

static s64 name_of(struct task *t, u64 fd, u64 addr, u64 len_addr, bool peer)
{
	unsigned char address[ADDRESS_MAX];
	u32 len = 0;
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = s->ops->name(s, peer, address, &len);
	if (r == 0)
		r = address_put(t, address, len, addr, len_addr);
	file_put(f);
	return r;
}

s64 lx_getsockname(struct task *t, u64 fd, u64 addr, u64 len)
{
	return name_of(t, fd, addr, len, false);
}

s64 lx_getpeername(struct task *t, u64 fd, u64 addr, u64 len)
{
	return name_of(t, fd, addr, len, true);
}

s64 lx_shutdown(struct task *t, u64 fd, u64 how)
{
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = s->ops->shutdown(s, (u32)how);
	file_put(f);
	return r;
}

/* --- sending and receiving ------------------------------------------------------------------ */

static s64 buffer(struct task *t, struct uio *u, struct lx_iovec *iov, u64 addr, u64 bytes)
{
	bytes = min64(bytes, 0x7ffff000);
	if (addr > TASK_SIZE || bytes > TASK_SIZE - addr)
		return -EFAULT;
	*iov = (struct lx_iovec){ addr, bytes };
	*u = (struct uio){ t->mm, iov, 1, bytes, 0 };
	return 0;
}

s64 lx_sendto(struct task *t, u64 fd, u64 addr, u64 bytes, u64 flags, u64 to, u64 to_len)
{
	struct lx_iovec iov;
	struct message m = { .flags = (u32)flags };
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = buffer(t, &m.uio, &iov, addr, bytes);
	if (r == 0 && to) {
		r = address_get(t, m.address, to, to_len);
		m.address_len = (u32)to_len;
	}
	if (r == 0)
		r = s->ops->send(s, &m, waits(f, m.flags));
	file_put(f);
	return r;
}

s64 lx_recvfrom(struct task *t, u64 fd, u64 addr, u64 bytes, u64 flags, u64 from, u64 len_addr)
{
	struct lx_iovec iov;
	struct message m = { .flags = (u32)flags };
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = buffer(t, &m.uio, &iov, addr, bytes);
	if (r == 0)
		r = s->ops->receive(s, &m, waits(f, m.flags));
	if (r >= 0 && from) {
		s64 e = address_put(t, m.address, m.address_len, from, len_addr);
		r = e < 0 ? e : r;
	}
	rights_free(m.rights);
	file_put(f);
	return r;
}

/* struct msghdr of Linux. */
struct lx_msghdr {
	u64 name;
	u32 name_len, pad;
	u64 iov, iov_count, control, control_bytes;
	u32 flags, pad2;
};

static s64 send_one(struct task *t, struct file *f, u64 addr, u32 flags)
{
	struct lx_msghdr h;
	struct vector v;
	struct message m = { .flags = flags };
	if (copy_in(t->mm, &h, addr, sizeof h) < 0)
		return -EFAULT;
	if (h.name && (s32)h.name_len < 0)
		return -EINVAL;
	s64 r = vector_get(t, &v, h.iov, h.iov_count);
	if (r < 0)
		return r == -EINVAL && h.iov_count > 1024 ? -EMSGSIZE : r;
	m.uio = v.uio;
	if (h.name && h.name_len) {
		r = address_get(t, m.address, h.name, h.name_len);
		m.address_len = h.name_len;
	}
	if (r == 0 && h.control_bytes)
		r = control_get(t, &m, h.control, h.control_bytes);
	if (r == 0)
		r = of(f)->ops->send(of(f), &m, waits(f, flags));
	rights_free(m.rights);
	vector_end(&v);
	return r;
}

static s64 receive_one(struct task *t, struct file *f, u64 addr, u32 flags)
{
	struct lx_msghdr h;
	struct vector v;
	struct message m = { .flags = flags };
	u64 control = 0;
	if (copy_in(t->mm, &h, addr, sizeof h) < 0)
		return -EFAULT;
	s64 r = vector_get(t, &v, h.iov, h.iov_count);
	if (r < 0)
		return r == -EINVAL && h.iov_count > 1024 ? -EMSGSIZE : r;
	m.uio = v.uio;
	m.want_control = h.control && h.control_bytes;
	r = of(f)->ops->receive(of(f), &m, waits(f, flags));
	if (r >= 0) {
		u32 name_len = m.address_len;
		if (h.name && copy_out(t->mm, h.name, m.address, min64(name_len, h.name_len)) < 0)
			r = -EFAULT;
		s64 e = control_put(t, &m, h.control, h.control_bytes, &control);
		if (e < 0)
			r = e;
		h.name_len = name_len;
		h.control_bytes = control;
		h.flags = m.out_flags | (flags & MSG_CMSG_CLOEXEC);
		if (r >= 0 &&
		    ((h.name && copy_out(t->mm, addr + offsetof(struct lx_msghdr, name_len),
					 &h.name_len, 4) < 0) ||
		     copy_out(t->mm, addr + offsetof(struct lx_msghdr, control_bytes),
			      &h.control_bytes, 12) < 0))
			r = -EFAULT;
	}
	rights_free(m.rights);
	vector_end(&v);
	return r;
}

s64 lx_sendmsg(struct task *t, u64 fd, u64 msg, u64 flags)
{
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = send_one(t, f, msg, (u32)flags);
	file_put(f);
	return r;
}

s64 lx_recvmsg(struct task *t, u64 fd, u64 msg, u64 flags)
{
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	r = receive_one(t, f, msg, (u32)flags);
	file_put(f);
	return r;
}

enum { MMSG_BYTES = sizeof(struct lx_msghdr) + 8, MMSG_MAX = 1024 };

static s64 many(struct task *t, u64 fd, u64 msgs, u64 count, u32 flags, u64 deadline, bool send)
{
	struct file *f;
	struct socket *s;
	s64 r = get(t, fd, &f, &s);
	if (r < 0)
		return r;
	u32 done = 0;
	count = min64((u32)count, MMSG_MAX);
	while (done < count) {
		u64 at = msgs + (u64)done * MMSG_BYTES;
		r = send ? send_one(t, f, at, flags)
			 : receive_one(t, f, at, flags & ~(u32)MSG_WAITFORONE);
		if (r < 0)
			break;
		u32 n = (u32)r;
		if (copy_out(t->mm, at + sizeof(struct lx_msghdr), &n, sizeof n) < 0) {
			r = -EFAULT;
			break;
		}
		done++;
		if (!send && (flags & MSG_WAITFORONE))
			flags |= MSG_DONTWAIT;
		if (deadline != NO_DEADLINE && now_mono() >= deadline)
			break;
	}
	file_put(f);
	return done ? done : r;
}

s64 lx_sendmmsg(struct task *t, u64 fd, u64 msgs, u64 count, u64 flags)
{
	return many(t, fd, msgs, count, (u32)flags, NO_DEADLINE, true);
}

s64 lx_recvmmsg(struct task *t, u64 fd, u64 msgs, u64 count, u64 flags, u64 timeout)
{
	u64 deadline;
	s64 r = deadline_get(t, timeout, &deadline);
	return r < 0 ? r : many(t, fd, msgs, count, (u32)flags, deadline, false);
}
