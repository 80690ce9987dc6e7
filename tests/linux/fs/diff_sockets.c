/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX sockets, and files that travel through them.
 */
#include "diff.h"

static u32 address(unsigned char to[110])
{
	static const char *const paths[] = { "sock", "d/sock", "a", "", "nosuch/s", "e/sock" };
	const char *p = paths[below(6)];
	to[0] = 1;
	to[1] = 0;
	u32 n = (u32)str_len(p);
	memcpy(to + 2, p, n + 1);
	if (n == 0) {
		/* The number of an abstract name, which others on this machine do not have. */
		memcpy(to + 2, "\0tessera-test-", 14);
		u32 pid = task->tid;
		memcpy(to + 16, &pid, 4);
		to[20] = (unsigned char)('a' + below(3));
		return 21;
	}
	return 2 + n + below(2);
}

void do_socket(void)
{
	unsigned char a[110];
	u32 s = slot(), t = slot(), len = address(a);
	switch (below(9)) {
	case 0: {
		NOTE("bind %u %s", s, a + 2);
		/* For what has a name already the order of the checks is another one. */
		unsigned char nm[110];
		u32 nl = 110;
		const u64 get[6] = { (u64)our_fd[s], addr(nm), addr(&nl) };
		if (lx_dispatch(task, NR_getsockname, get) == 0 && nl > 2)
			break;
		both_fd(NR_bind, s, addr(a), len, 0, 0, 0);
		break;
	}
	case 1:
		NOTE("listen %u", s);
		both_fd(NR_listen, s, below(3), 0, 0, 0, 0);
		break;
	case 2:
		NOTE("connect %u %s", s, a + 2);
		both_fd(NR_connect, s, addr(a), len, 0, 0, 0);
		break;
	case 3: {
		NOTE("%u = accept %u", t, s);
		const u64 na[6] = { (u64)native_fd[s], 0, 0, O_NONBLOCK };
		const u64 oa[6] = { (u64)our_fd[s], 0, 0, O_NONBLOCK };
		opened(t, native(NR_accept4, na), lx_dispatch(task, NR_accept4, oa));
		break;
	}
	case 4:
		NOTE("shutdown %u", s);
		both_fd(NR_shutdown, s, below(4), 0, 0, 0, 0);
		break;
	case 5: {
		u64 n = length(), f = 0x4000;
		bool to = below(3) == 0;
		NOTE("sendto %u %lu %lx %s", s, n, f, to ? (char *)a + 2 : "");
		both_fd(NR_sendto, s, addr(wbuf), n, f, to ? addr(a) : 0, to ? len : 0);
		break;
	}
	case 6: {
		static const u32 fs[] = { 0, 2, 0x20, 0x22, 0x100, 0 };
		u64 n = length(), f = fs[below(6)];
		u32 nl = 110, ol = 110;
		unsigned char from[2][110];
		NOTE("recvfrom %u %lu %lx", s, n, f);
		memset(from, 0, sizeof from);
		const u64 na[6] = { (u64)native_fd[s], addr(nbuf), n, f, addr(from[0]), addr(&nl) };
		const u64 oa[6] = { (u64)our_fd[s], addr(obuf), n, f, addr(from[1]), addr(&ol) };
		s64 theirs = native(NR_recvfrom, na), ours = lx_dispatch(task, NR_recvfrom, oa);
		expect("result", theirs, ours);
		same_bytes("bytes", ours < (s64)n ? ours : (s64)n);
		if (ours >= 0) {
			expect("length of address", nl, ol);
			if (memcmp(from[0], from[1], nl < 110 ? nl : 110))
				differ("address", from[0][2], from[1][2]);
		}
		break;
	}
	case 7: {
		s32 nv[4] = { 0 }, ov[4] = { 0 }, nl = 4, ol = 4;
		static const u32 os[] = { 3, 4, 16, 30, 38, 39, 2 };
		u32 o = os[below(7)];
		NOTE("getsockopt %u %u", s, o);
		const u64 na[6] = { (u64)native_fd[s], 1, o, addr(nv), addr(&nl) };
		const u64 oa[6] = { (u64)our_fd[s], 1, o, addr(ov), addr(&ol) };
		expect("result", native(NR_getsockopt, na), lx_dispatch(task, NR_getsockopt, oa));
		expect("value", nv[0], ov[0]);
		break;
	}
	default: {
		u32 nl = 110, ol = 110, nr = below(2) ? NR_getsockname : NR_getpeername;
		unsigned char nm[2][110];
		memset(nm, 0, sizeof nm);
		NOTE("%s %u", lx_calls[nr].name, s);
		const u64 na[6] = { (u64)native_fd[s], addr(nm[0]), addr(&nl) };
		const u64 oa[6] = { (u64)our_fd[s], addr(nm[1]), addr(&ol) };
		s64 theirs = native(nr, na), ours = lx_dispatch(task, nr, oa);
		expect("result", theirs, ours);
		if (ours == 0 && (nl != ol || memcmp(nm[0], nm[1], nl)))
			differ("name", nl, ol);
	}
	}
}

/* Files through a socket. */
void do_rights(void)
{
	u32 s = slot(), t = slot();
	struct {
		u64 bytes;
		s32 level, type, fd, pad;
	} c[2] = { { 20, 1, 1, native_fd[t], 0 }, { 20, 1, 1, our_fd[t], 0 } };
	char b[2] = "f";
	struct lx_iovec iov = { addr(b), 1 };
	struct {
		u64 name;
		u32 name_len, pad;
		u64 iov, iovs, control, control_bytes;
		u32 flags, pad2;
	} h[2] = { { 0, 0, 0, addr(&iov), 1, addr(&c[0]), sizeof c[0], 0, 0 },
		   { 0, 0, 0, addr(&iov), 1, addr(&c[1]), sizeof c[1], 0, 0 } };
	bool send = below(2) && native_fd[t] >= 0;
	NOTE("%s %u a file %u", send ? "send" : "receive", s, t);
	u32 nr = send ? NR_sendmsg : NR_recvmsg, flags = send ? 0x4000 : 0;
	if (!send)
		c[0].fd = c[1].fd = -1;
	const u64 na[6] = { (u64)native_fd[s], addr(&h[0]), flags };
	const u64 oa[6] = { (u64)our_fd[s], addr(&h[1]), flags };
	s64 theirs = native(nr, na), ours = lx_dispatch(task, nr, oa);
	expect("result", theirs, ours);
	if (send || ours < 0)
		return;
	expect("control", (s64)h[0].control_bytes, (s64)h[1].control_bytes);
	expect("flags", h[0].flags, h[1].flags);
	if (h[1].control_bytes)
		put(t, c[0].fd, c[1].fd);
}
