/* SPDX-License-Identifier: MIT */
/*
 * The tracer.  Strings are read when a call begins: execve has none left when it ends.
 *
 * Owns:       the line that is being written (calls that sleep write theirs in one piece, at the end).
 */
#include "event.h"
#include "linux/names.h"
#include "trace.h"
#include "../mm/mm.h"
#include "../proc/task.h"
#include "../tty/host.h"

enum { LINE = 512, STRING = 48 };

bool trace_on;

static const char *const error_names[] = {
	[EPERM] = "EPERM", [ENOENT] = "ENOENT", [ESRCH] = "ESRCH", [EINTR] = "EINTR",
	[EIO] = "EIO", [ENXIO] = "ENXIO", [E2BIG] = "E2BIG", [ENOEXEC] = "ENOEXEC",
	[EBADF] = "EBADF", [ECHILD] = "ECHILD", [EAGAIN] = "EAGAIN", [ENOMEM] = "ENOMEM",
	[EACCES] = "EACCES", [EFAULT] = "EFAULT", [EBUSY] = "EBUSY", [EEXIST] = "EEXIST",
	[EXDEV] = "EXDEV", [ENODEV] = "ENODEV", [ENOTDIR] = "ENOTDIR", [EISDIR] = "EISDIR",
	[EINVAL] = "EINVAL", [ENFILE] = "ENFILE", [EMFILE] = "EMFILE", [ENOTTY] = "ENOTTY",
	[ETXTBSY] = "ETXTBSY", [EFBIG] = "EFBIG", [ENOSPC] = "ENOSPC", [ESPIPE] = "ESPIPE",
	[EROFS] = "EROFS", [EMLINK] = "EMLINK", [EPIPE] = "EPIPE", [EDOM] = "EDOM",
	[ERANGE] = "ERANGE", [EDEADLK] = "EDEADLK", [ENAMETOOLONG] = "ENAMETOOLONG",
	[ENOLCK] = "ENOLCK", [ENOSYS] = "ENOSYS", [ENOTEMPTY] = "ENOTEMPTY", [ELOOP] = "ELOOP",
	[ENODATA] = "ENODATA", [EOVERFLOW] = "EOVERFLOW", [EILSEQ] = "EILSEQ",
	[ENOTSOCK] = "ENOTSOCK", [EDESTADDRREQ] = "EDESTADDRREQ", [EMSGSIZE] = "EMSGSIZE",
	[EPROTOTYPE] = "EPROTOTYPE", [ENOPROTOOPT] = "ENOPROTOOPT",
	[EPROTONOSUPPORT] = "EPROTONOSUPPORT", [ESOCKTNOSUPPORT] = "ESOCKTNOSUPPORT",
	[EOPNOTSUPP] = "EOPNOTSUPP", [EAFNOSUPPORT] = "EAFNOSUPPORT",
	[EADDRINUSE] = "EADDRINUSE", [EADDRNOTAVAIL] = "EADDRNOTAVAIL",
	[ENETUNREACH] = "ENETUNREACH", [ECONNABORTED] = "ECONNABORTED",
	[ECONNRESET] = "ECONNRESET", [ENOBUFS] = "ENOBUFS", [EISCONN] = "EISCONN",
	[ENOTCONN] = "ENOTCONN", [ETIMEDOUT] = "ETIMEDOUT", [ECONNREFUSED] = "ECONNREFUSED",
	[EALREADY] = "EALREADY", [EINPROGRESS] = "EINPROGRESS",
};

static const char *error_name(u64 e)
{
	if (e >= sizeof error_names / sizeof error_names[0] || error_names[e] == NULL)
		return "to be made again";
	return error_names[e];
}

/* `line` has room for one byte more. */
static void trace_line(char *line, u32 n)
{
	if (env.framed) {
		host_wait(n);
		host_send('t', line, n);
		return;
	}
	line[n] = '\n';
	sys_write(line, n + 1);
}

static u32 put_string(struct task *t, char *to, u32 room, u64 addr, u64 bytes)
{
	char text[STRING + 1];
	u32 n = 0, at = 0;

	if (bytes > STRING)
		bytes = STRING;
	while (n < bytes) {
		u64 part = bytes - n;
		const char *p = user_window(t->mm, addr + n, &part, ACCESS_READ);

		if (p == NULL || part == 0)
			break;
		memcpy(text + n, p, part);
		n += (u32)part;
	}
	if (n == 0 && bytes != 0)
		return sys_format(to, room, "0x%lx", addr);
	at += sys_format(to + at, room - at, "\"");
	for (u32 i = 0; i < n && at + 8 < room; i++) {
		char c = text[i];

		if (c == '\n')
			at += sys_format(to + at, room - at, "\\n");
		else if (c < ' ' || c == '"' || c == 127)
			at += sys_format(to + at, room - at, "\\x%02x", (u8)c);
		else
			to[at++] = c;
	}
	return at + sys_format(to + at, room - at, "\"");
}

/* A string's length where it is ended by 0, as far as STRING. */
static u64 string_bytes(struct task *t, u64 addr)
{
	char text[STRING];
	s64 n = t->mm == NULL ? -EFAULT : copy_string(t->mm, text, addr, STRING);

	return n >= 0 ? (u64)n : n == -ENAMETOOLONG ? STRING : 0;
}

static u32 put_arg(struct task *t, char *to, u32 room, u32 kind, u64 v, u64 after)
{
	switch (kind) {
	case LX_INT:
	case LX_FD: return sys_format(to, room, "%d", (int)v);
	case LX_DIRFD:
		if ((s32)v == -100)
			return sys_format(to, room, "AT_FDCWD");
		return sys_format(to, room, "%d", (int)v);
	case LX_UINT:
	case LX_SIZE: return sys_format(to, room, "%lu", v);
	case LX_SIG: return sys_format(to, room, "%d", (int)v);
	case LX_MODE: {
		u32 at = 0;

		for (int shift = 9; shift >= 0; shift -= 3)
			at += sys_format(to + at, room - at, "%u", (u32)(v >> shift) & 7);
		return at;
	}
	case LX_PATH: return v == 0 ? sys_format(to, room, "NULL")
				    : put_string(t, to, room, v, string_bytes(t, v));
	case LX_IN: return put_string(t, to, room, v, after);
	default: return v == 0 ? sys_format(to, room, "0") : sys_format(to, room, "0x%lx", v);
	}
}

static u32 put_call(struct task *t, char *line, const u64 *words)
{
	const struct lx_call *c = words[0] < LX_CALLS ? &lx_calls[words[0]] : NULL;
	u32 at = sys_format(line, LINE, "[%u] ", t->tid);

	if (c == NULL || c->name == NULL)
		return at + sys_format(line + at, LINE - at, "call_%lu(", words[0]);
	at += sys_format(line + at, LINE - at, "%s(", c->name);
	for (u32 i = 0; i < c->count; i++) {
		if (i != 0)
			at += sys_format(line + at, LINE - at, ", ");
		at += put_arg(t, line + at, LINE - at - 64, c->kind[i], words[1 + i],
			      i + 1 < c->count ? words[2 + i] : 0);
		if (at > LINE - 128)
			break;
	}
	return at;
}

/* Calls that may not come back, or whose memory is another's then, are shown first. */
static bool is_shown_first(u64 nr)
{
	return nr == NR_execve || nr == NR_execveat || nr == NR_exit || nr == NR_exit_group ||
	       nr == NR_vfork;
}

void trace_begin(struct task *t, const u64 *words)
{
	char line[LINE + 1];
	u32 at;

	if (!is_shown_first(words[0]))
		return;
	at = put_call(t, line, words);
	at += sys_format(line + at, LINE - at, ") ...");
	trace_line(line, at);
}

void trace_end(struct task *t, const u64 *words, s64 result)
{
	char line[LINE + 1];
	u32 at;

	if (is_shown_first(words[0]))
		at = sys_format(line, LINE, "[%u] ... %s", t->tid, lx_calls[words[0]].name);
	else
		at = put_call(t, line, words);
	if (!is_shown_first(words[0]))
		line[at++] = ')';
	if (result < 0 && result >= -4095)
		at += sys_format(line + at, LINE - at, " = -1 %s", error_name((u64)-result));
	else if (result > 0xffff)
		at += sys_format(line + at, LINE - at, " = 0x%lx", (u64)result);
	else
		at += sys_format(line + at, LINE - at, " = %ld", result);
	trace_line(line, at);
}

void trace_note(const struct task *t, const char *what, u64 value)
{
	char line[128 + 1];

	trace_line(line, sys_format(line, sizeof line - 1, "[%u] --- %s %lu ---", t->tid, what, value));
}

void trace_fault(const struct task *t, int signo, u64 addr, const struct regs_general *r)
{
	char line[160 + 1];

	trace_line(line, sys_format(line, sizeof line - 1,
				    "[%u] --- fault: signal %d, address 0x%lx, ip 0x%lx, sp 0x%lx ---",
				    t->tid, signo, addr, r->rip, r->rsp));
}
