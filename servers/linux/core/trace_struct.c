/* SPDX-License-Identifier: MIT */
/*
 * Structures of calls in traces.
 *
 * Called by:  trace_arg.c.
 */
#include "trace_struct.h"

#include "../fs/socket.h"
#include "../mm/mm.h"
#include "../proc/signal.h"
#include "../proc/task.h"

enum { MOST = 8, /* elements of a list */ RT_FIRST = 32, INVERTED = 42, VARS = 4096, UNIX_PATH = 108 };

static bool get(const struct task *t, void *to, u64 from, u64 bytes)
{
	return t->mm != NULL && from != 0 && copy_in(t->mm, to, from, bytes) == 0;
}

/* --- signals -------------------------------------------------------------------------------- */

static void put_sigset(struct text *x, u64 set)
{
	const char *between = "";
	u32 members = 0;

	for (u32 i = 0; i < SIGNALS; i++)
		members += (u32)(set >> i & 1);
	bool inverted = members > INVERTED;
	text_add(x, inverted ? "~[" : "[");
	for (u32 i = 1; i <= SIGNALS; i++) {
		if (((set >> (i - 1)) & 1) == inverted)
			continue;
		text_add(x, "%s", between);
		between = " ";
		if (i < RT_FIRST)
			text_add(x, "%s", lx_signals[i] + sizeof "SIG" - 1);
		else if (i == RT_FIRST)
			text_add(x, "RTMIN");
		else
			text_add(x, "RT_%u", i - RT_FIRST);
	}
	text_add(x, "]");
}

static bool sigset(struct text *x, const struct task *t, u64 from)
{
	u64 set;

	if (!get(t, &set, from, sizeof set))
		return false;
	put_sigset(x, set);
	return true;
}

static bool sigaction(struct text *x, const struct task *t, u64 from)
{
	struct sigaction a;

	if (!get(t, &a, from, sizeof a))
		return false;
	text_add(x, "{sa_handler=");
	if (a.handler <= SIG_IGN)
		text_add(x, a.handler == SIG_IGN ? "SIG_IGN" : "SIG_DFL");
	else
		trace_address(x, a.handler);
	text_add(x, ", sa_mask=");
	put_sigset(x, a.mask);
	text_add(x, ", sa_flags=");
	words_put(x, LX_SA, (u32)a.flags);
	if (a.restorer != 0)
		text_add(x, ", sa_restorer=0x%lx", a.restorer);
	text_add(x, "}");
	return true;
}

static bool status(struct text *x, const struct traced *c, u64 from)
{
	u32 s;

	if (c->result <= 0 || !get(c->t, &s, from, sizeof s))
		return false;
	if ((s & 0x7f) == 0) {
		text_add(x, "[{WIFEXITED(s) && WEXITSTATUS(s) == %u}]", s >> 8 & 0xff);
	} else if (s == 0xffff) {
		text_add(x, "[{WIFCONTINUED(s)}]");
	} else {
		bool stopped = (s & 0xff) == 0x7f;

		text_add(x, stopped ? "[{WIFSTOPPED(s) && WSTOPSIG(s) == "
				    : "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		trace_signal_name(x, stopped ? s >> 8 & 0xff : s & 0x7f);
		text_add(x, "}]");
	}
	return true;
}

/* --- files ----------------------------------------------------------------------------------- */

static bool stat(struct text *x, const struct task *t, u64 from)
{
	struct {
		u64 dev, ino, nlink;
		u32 mode, uid, gid, pad;
		u64 rdev;
		s64 size;
	} s;

	if (!get(t, &s, from, sizeof s))
		return false;
	text_add(x, "{st_mode=");
	words_put(x, LX_IFMT, s.mode & ~0777u);
	text_add(x, "|0%03o, ", s.mode & 0777);
	if ((s.mode & S_IFMT) == S_IFCHR || (s.mode & S_IFMT) == S_IFBLK)
		text_add(x, "st_rdev=makedev(0x%lx, 0x%lx), ...}", s.rdev >> 8 & 0xfff,
			 (s.rdev & 0xff) | (s.rdev >> 12 & ~0xfful));
	else
		text_add(x, "st_size=%ld, ...}", s.size);
	return true;
}

static bool iovec(struct text *x, const struct traced *c, u64 from, u64 count, bool filled)
{
	struct {
		u64 base, bytes;
	} v;
	u64 left = filled ? (u64)c->result : UINT64_MAX;

	for (u64 i = 0; i < count && i < MOST; i++) {
		if (!get(c->t, &v, from + i * sizeof v, sizeof v))
			return i != 0;
		u64 part = v.bytes < left ? v.bytes : left;
		text_add(x, i == 0 ? "[{iov_base=" : ", {iov_base=");
		trace_string(x, c->t, v.base, part);
		text_add(x, ", iov_len=%lu}", v.bytes);
		left -= part;
	}
	text_add(x, count == 0 ? "[]" : count > MOST ? ", ...]" : "]");
	return true;
}

static bool fds(struct text *x, const struct task *t, u64 from)
{
	s32 fd[2];

	if (!get(t, fd, from, sizeof fd))
		return false;
	text_add(x, "[%d, %d]", fd[0], fd[1]);
	return true;
}

struct polled {
	s32 fd;
	uint16_t events, revents;
};

static bool pollfds(struct text *x, const struct task *t, u64 from, u64 count)
{
	struct polled p;

	for (u64 i = 0; i < count && i < MOST; i++) {
		if (!get(t, &p, from + i * sizeof p, sizeof p))
			return i != 0;
		text_add(x, "%s{fd=%d", i == 0 ? "[" : ", ", p.fd);
		if (p.fd >= 0) {
			text_add(x, ", events=");
			words_put(x, LX_POLL, p.events);
		}
		text_add(x, "}");
	}
	text_add(x, count == 0 ? "[]" : count > MOST ? ", ...]" : "]");
	return true;
}

void trace_polled(struct text *x, const struct traced *c, u32 i)
{
	struct polled p;
	const char *between = " ([";

	if (c->result == 0)
		text_add(x, " (Timeout)");
	for (u64 k = 0; c->result > 0 && k < (u32)c->args[i + 1] && k < MOST; k++) {
		if (!get(c->t, &p, c->args[i] + k * sizeof p, sizeof p) || p.revents == 0)
			continue;
		text_add(x, "%s{fd=%d, revents=", between, p.fd);
		words_put(x, LX_POLL, p.revents);
		text_add(x, "}");
		between = ", ";
	}
	text_add(x, between[0] == ',' ? "])" : "");
}

static bool epolled(struct text *x, const struct task *t, u64 from, s64 count)
{
	struct {
		u32 events, low, high;
	} e;

	for (s64 i = 0; i < count && i < MOST; i++) {
		if (!get(t, &e, from + (u64)i * sizeof e, sizeof e))
			return i != 0;
		text_add(x, "%s{events=", i == 0 ? "" : ", ");
		words_put(x, LX_EPOLL, e.events);
		text_add(x, ", data={u32=%u, u64=%lu}}", e.low, (u64)e.high << 32 | e.low);
	}
	return true;
}

static bool sockaddr(struct text *x, const struct task *t, u64 from, u64 bytes)
{
	struct {
		uint16_t family;
		char path[UNIX_PATH];
	} a = { 0 };
	u64 n = bytes < sizeof a ? bytes : sizeof a;

	if (n < sizeof a.family || !get(t, &a, from, n))
		return false;
	text_add(x, "{sa_family=");
	words_put(x, LX_DOMAIN, a.family);
	if (a.family == AF_UNIX && n > 2 && a.path[0] != 0) {
		text_add(x, ", sun_path=");
		trace_path(x, t, from + 2);
	} else if (a.family == AF_UNIX && n > 3) {
		text_add(x, ", sun_path=@");
		trace_string(x, t, from + 3, n - 3);
	} else if (n > 2) {
		text_add(x, ", ...");
	}
	text_add(x, "}");
	return true;
}

/* --- the rest -------------------------------------------------------------------------------- */

static bool timespecs(struct text *x, const struct task *t, u64 from, u64 count)
{
	s64 v[4];

	if (!get(t, v, from, count * 2 * sizeof v[0]))
		return false;
	text_add(x, count == 1 ? "" : "[");
	for (u64 i = 0; i < count; i++)
		text_add(x, "%s{tv_sec=%ld, tv_nsec=%ld}", i == 0 ? "" : ", ", v[2 * i], v[2 * i + 1]);
	text_add(x, count == 1 ? "" : "]");
	return true;
}

static void put_limit(struct text *x, const char *name, u64 v)
{
	text_add(x, "%s=", name);
	if (v == UINT64_MAX)
		text_add(x, "RLIM64_INFINITY");
	else if (v > 1024 && v % 1024 == 0)
		text_add(x, "%lu*1024", v / 1024);
	else
		text_add(x, "%lu", v);
}

static bool rlimit(struct text *x, const struct task *t, u64 from)
{
	u64 v[2];

	if (!get(t, v, from, sizeof v))
		return false;
	put_limit(x, "{rlim_cur", v[0]);
	put_limit(x, ", rlim_max", v[1]);
	text_add(x, "}");
	return true;
}

static bool strings(struct text *x, const struct task *t, u64 from, bool shown)
{
	u64 one, n;

	for (n = 0; n < VARS; n++) {
		if (!get(t, &one, from + n * sizeof one, sizeof one))
			return false;
		if (one == 0)
			break;
		if (!shown || n > MOST)
			continue;
		text_add(x, n == 0 ? "[" : ", ");
		if (n < MOST)
			trace_path(x, t, one);
		else
			text_add(x, "...");
	}
	if (shown)
		text_add(x, n == 0 ? "[]" : "]");
	else
		text_add(x, "0x%lx /* %lu var%s */", from, n, n == 1 ? "" : "s");
	return true;
}

/* What the call fills: only when it has. */
static bool filled(struct text *x, const struct traced *c, u32 i)
{
	u64 v = c->args[i], next = i + 1 < c->call->count ? c->args[i + 1] : 0;
	u32 bytes = 0;

	if (!c->ended || c->result < 0)
		return false;
	switch (c->call->kind[i]) {
	case LX_STAT: return stat(x, c->t, v);
	case LX_SIGACTIONOUT: return sigaction(x, c->t, v);
	case LX_SIGSETOUT: return sigset(x, c->t, v);
	case LX_TIMESPECOUT: return timespecs(x, c->t, v, 1);
	case LX_RLIMITOUT: return rlimit(x, c->t, v);
	case LX_FDS: return fds(x, c->t, v);
	case LX_STATUS: return status(x, c, v);
	case LX_IOVECOUT: return iovec(x, c, v, next, true);
	case LX_SOCKADDROUT:
		return get(c->t, &bytes, next, sizeof bytes) && sockaddr(x, c->t, v, bytes);
	case LX_EPOLLOUT:
		text_add(x, "[");
		(void)epolled(x, c->t, v, c->result);
		text_add(x, "]");
		return true;
	default: return false;
	}
}

bool trace_struct(struct text *x, const struct traced *c, u32 i)
{
	u64 v = c->args[i], next = i + 1 < c->call->count ? c->args[i + 1] : 0;

	switch (c->call->kind[i]) {
	case LX_SIGACTION: return sigaction(x, c->t, v);
	case LX_SIGSET: return sigset(x, c->t, v);
	case LX_TIMESPEC: return timespecs(x, c->t, v, 1);
	case LX_TIMESPECS: return timespecs(x, c->t, v, 2);
	case LX_TIMELEFT:
		return c->ended && c->result == -ERESTART_BLOCK && timespecs(x, c->t, v, 1);
	case LX_RLIMIT: return rlimit(x, c->t, v);
	case LX_POLLFDS: return pollfds(x, c->t, v, (u32)next);
	case LX_SOCKADDR: return sockaddr(x, c->t, v, next);
	case LX_EPOLLIN: return v != 0 && epolled(x, c->t, v, 1);
	case LX_IOVEC: return iovec(x, c, v, next, false);
	case LX_STRINGS: return strings(x, c->t, v, true);
	case LX_ENVIRON: return strings(x, c->t, v, false);
	default: return filled(x, c, i);
	}
}
