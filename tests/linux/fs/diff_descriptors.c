/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: their flags and locks, what makes them, waiting for them.
 */
#include "diff.h"

void do_close(void)
{
	u32 s = slot();
	NOTE("close %u", s);
	put(s, -1, -1);
}

void do_descriptor(void)
{
	u32 s = slot(), t = slot();
	switch (below(5)) {
	case 0: {
		NOTE("%u = dup %u", t, s);
		const u64 na[6] = { (u64)native_fd[s] }, oa[6] = { (u64)our_fd[s] };
		opened(t, native(NR_dup, na), lx_dispatch(task, NR_dup, oa));
		break;
	}
	case 1: {
		u32 c = below(4) + 1;
		u64 v = c == 2 ? below(2) : c == 4 ? O_NONBLOCK | (below(2) ? 0 : O_APPEND) : 0;
		NOTE("fcntl %u %u %lu", s, c, v);
		both_fd(NR_fcntl, s, c, v, 0, 0, 0);
		break;
	}
	case 2: {
		u32 how = 1u << below(4) | 4;
		NOTE("flock %u %u", s, how);
		both_fd(NR_flock, s, how, 0, 0, 0, 0);
		break;
	}
	case 3: {
		struct {
			int16_t type, whence;
			s64 start, bytes;
			s32 pid;
		} l = { (int16_t)below(4), (int16_t)below(4), (s64)below(200) - 5,
			(s64)below(100) - 5, 0 },
		  m = l;
		static const u32 cs[] = { 5, 6, 36, 37 };
		u32 c = cs[below(4)];
		NOTE("lock %u %u type %d %ld+%ld", s, c, l.type, l.start, l.bytes);
		const u64 na[6] = { (u64)native_fd[s], c, addr(&l) },
			  oa[6] = { (u64)our_fd[s], c, addr(&m) };
		expect("result", native(NR_fcntl, na), lx_dispatch(task, NR_fcntl, oa));
		expect("type", l.type, m.type);
		expect("start", l.start, m.start);
		expect("bytes", l.bytes, m.bytes);
		break;
	}
	default: NOTE("fsync %u", s); both_fd(NR_fsync, s, 0, 0, 0, 0, 0);
	}
}

static void two(u32 nr, u64 a, u64 b, u64 c, bool last_is_pair)
{
	u32 s = slot(), t = (s + 1 + below(SLOTS - 1)) % SLOTS;
	s32 n[2], o[2];
	NOTE("%u %u = %s %lx %lx", s, t, lx_calls[nr].name, a, b);
	const u64 na[6] = { last_is_pair ? a : addr(n), last_is_pair ? b : a, c, addr(n) };
	const u64 oa[6] = { last_is_pair ? a : addr(o), last_is_pair ? b : a, c, addr(o) };
	s64 theirs = native(nr, na), ours = lx_dispatch(task, nr, oa);
	expect("result", theirs, ours);
	if (ours == 0) {
		put(s, n[0], o[0]);
		put(t, n[1], o[1]);
	}
}

static void one(u32 nr, u64 a, u64 b, u64 c)
{
	u32 s = slot();
	NOTE("%u = %s %lx %lx %lx", s, lx_calls[nr].name, a, b, c);
	const u64 args[6] = { a, b, c };
	opened(s, native(nr, args), lx_dispatch(task, nr, args));
}

void do_make(void)
{
	static const u32 types[] = { 1, 2, 5, 3, 7 };
	u32 type = types[below(5)] | O_NONBLOCK;
	switch (below(6)) {
	case 0:
	case 1: two(NR_pipe2, O_NONBLOCK, 0, 0, false); break;
	case 2: two(NR_socketpair, 1, type, 0, true); break;
	case 3: one(NR_socket, 1, type, 0); break;
	case 4: one(NR_eventfd2, below(5), O_NONBLOCK | below(2), 0); break;
	default: one(NR_memfd_create, addr("name"), below(4), 0);
	}
}

void do_poll(void)
{
	struct {
		s32 fd;
		int16_t events, now;
	} n[SLOTS], o[SLOTS];
	NOTE("poll");
	for (u32 i = 0; i < SLOTS; i++) {
		n[i].events = o[i].events = (int16_t)(below(4) ? 0x20c7 : below(256));
		n[i].fd = native_fd[i];
		o[i].fd = our_fd[i];
		n[i].now = o[i].now = 0;
		/* Whether a datagram would find room with somebody else is not told here. */
		struct file *f = fdtable_at(task->files, (u64)our_fd[i]);
		struct socket *s = f ? file_socket(f) : NULL;
		if (s && s->type == SOCK_DGRAM)
			n[i].events = o[i].events &= ~(POLLOUT | POLLWRNORM);
	}
	const u64 na[6] = { addr(n), SLOTS, 0 }, oa[6] = { addr(o), SLOTS, 0 };
	s64 theirs = native(NR_poll, na), ours = lx_dispatch(task, NR_poll, oa);
	for (u32 i = 0; i < SLOTS; i++)
		if (n[i].now != o[i].now) {
			printf("# slot %u\n", i);
			differ("events", n[i].now, o[i].now);
		}
	expect("poll", theirs, ours);
}

struct ep_event {
	u32 events;
	u64 data;
} __attribute__((packed));

void do_epoll(void)
{
	u32 s = slot();
	if (below(2)) {
		/* Level, not edge: when Linux tells of an edge again depends on its buffers. */
		struct ep_event e = { (u32)(below(2) ? 0x2005 : 1) | (below(5) ? 0 : 1u << 30), s };
		u32 op = below(3) + 1;
		NOTE("epoll_ctl %u %u %x", op, s, e.events);
		const u64 na[6] = { (u64)native_ep, op, (u64)(s64)native_fd[s], addr(&e) };
		const u64 oa[6] = { (u64)our_ep, op, (u64)(s64)our_fd[s], addr(&e) };
		expect("result", native(NR_epoll_ctl, na), lx_dispatch(task, NR_epoll_ctl, oa));
		return;
	}
	struct ep_event n[SLOTS * 2], o[SLOTS * 2];
	NOTE("epoll_wait");
	const u64 na[6] = { (u64)native_ep, addr(n), SLOTS * 2, 0 };
	const u64 oa[6] = { (u64)our_ep, addr(o), SLOTS * 2, 0 };
	s64 theirs = native(NR_epoll_wait, na), ours = lx_dispatch(task, NR_epoll_wait, oa);
	expect("number of events", theirs, ours);
	/* The order is not told anywhere. */
	u64 ns = 0, os = 0;
	for (s64 i = 0; i < ours; i++) {
		ns += (n[i].events + 1) * (n[i].data * n[i].data + 1);
		os += (o[i].events + 1) * (o[i].data * o[i].data + 1);
	}
	expect("events", (s64)ns, (s64)os);
}
