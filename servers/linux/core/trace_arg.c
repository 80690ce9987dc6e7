/* SPDX-License-Identifier: MIT */
/*
 * Words of calls in traces: numbers, flags, strings.  Structures: trace_struct.c.
 *
 * Called by:  trace.c.
 * Never:      changes anything: what a program's memory does not have is printed as its address.
 */
#include "trace_arg.h"

#include "trace_struct.h"
#include "../mm/mm.h"
#include "../proc/signal.h"
#include "../proc/task.h"

enum { SHOWN = 32, PATH_SHOWN = 256, RT_FIRST = 32, NO_DIR = -100 };

void trace_signal_name(struct text *x, u32 signo)
{
	if (signo < LX_SIGNALS && lx_signals[signo] != NULL)
		text_add(x, "%s", lx_signals[signo]);
	else if (signo == RT_FIRST)
		text_add(x, "SIGRTMIN");
	else if (signo > RT_FIRST && signo <= SIGNALS)
		text_add(x, "SIGRT_%u", signo - RT_FIRST);
	else
		text_add(x, "%d", (int)signo);
}

void trace_address(struct text *x, u64 addr)
{
	if (addr == 0)
		text_add(x, "NULL");
	else
		text_add(x, "0x%lx", addr);
}

/* One byte of a string; octal is as short as what follows it allows. */
static void put_byte(struct text *x, unsigned char c, bool digit_follows)
{
	if (c >= '\t' && c <= '\r')
		text_add(x, "\\%c", "tnvfr"[c - '\t']);
	else if (c == '"' || c == '\\')
		text_add(x, "\\%c", c);
	else if (c >= ' ' && c < 127)
		text_add(x, "%c", c);
	else if (digit_follows)
		text_add(x, "\\%03o", (unsigned)c);
	else
		text_add(x, "\\%o", (unsigned)c);
}

void trace_string(struct text *x, const struct task *t, u64 addr, u64 bytes)
{
	unsigned char text[SHOWN + 1];
	u64 n = bytes < SHOWN ? bytes : SHOWN;

	if (t->mm == NULL || addr == 0 || (n != 0 && copy_in(t->mm, text, addr, n) != 0)) {
		trace_address(x, addr);
		return;
	}
	text_add(x, "\"");
	for (u64 i = 0; i < n; i++)
		put_byte(x, text[i], i + 1 < n && text[i + 1] >= '0' && text[i + 1] <= '9');
	text_add(x, bytes > SHOWN ? "\"..." : "\"");
}

void trace_text(struct text *x, const struct task *t, u64 addr, u64 room)
{
	char text[PATH_SHOWN];
	s64 n = t->mm == NULL ? -EFAULT : copy_string(t->mm, text, addr, room);

	if (n < 0 && n != -ENAMETOOLONG) {
		trace_address(x, addr);
		return;
	}
	text_add(x, "\"");
	for (u64 i = 0; i < (n < 0 ? room - 1 : (u64)n); i++)
		put_byte(x, (unsigned char)text[i], false);
	text_add(x, n < 0 ? "\"..." : "\"");
}

void trace_path(struct text *x, const struct task *t, u64 addr)
{
	trace_text(x, t, addr, PATH_SHOWN);
}

/* Three digits at least, as is usual for permissions. */
static void put_mode(struct text *x, u32 mode)
{
	text_add(x, mode < 0100 ? "%03o" : "0%o", mode);
}

void trace_word(struct text *x, u32 kind, u64 v)
{
	if (kind >= LX_FIRST_SET) {
		words_put(x, kind, (u32)v);
		return;
	}
	switch (kind) {
	case LX_DIRFD:
		if ((s32)v == NO_DIR)
			text_add(x, "AT_FDCWD");
		else
			text_add(x, "%d", (int)v);
		break;
	case LX_INT:
	case LX_FD: text_add(x, "%d", (int)v); break;
	case LX_LONG: text_add(x, "%ld", (s64)v); break;
	case LX_UINT: text_add(x, "%u", (u32)v); break;
	case LX_SIZE: text_add(x, "%lu", v); break;
	case LX_HEX: text_add(x, v == 0 ? "%lu" : "0x%lx", v); break;
	case LX_MODE: put_mode(x, (u32)v); break;
	case LX_SIG: trace_signal_name(x, (u32)v); break;
	default: trace_address(x, v);
	}
}

static void put_arg(struct text *x, const struct traced *c, u32 i)
{
	u32 kind = c->call->kind[i];
	u64 v = c->args[i], next = i + 1 < c->call->count ? c->args[i + 1] : 0;

	if (kind == LX_PATH)
		trace_path(x, c->t, v);
	else if (kind == LX_IN)
		trace_string(x, c->t, v, next);
	else if (kind == LX_BYTES && c->ended && c->result >= 0)
		trace_string(x, c->t, v, (u64)c->result);
	else if (kind == LX_STRING && c->ended && c->result >= 0)
		trace_path(x, c->t, v);
	else if (!trace_struct(x, c, i))
		trace_word(x, kind, v);
}

/* --- arguments that depend on others -------------------------------------------------------------- */

enum { CREATES = 0x40 | 0x400000, FUTEX_OP = 0x7f, FUTEX_WAIT = 0, FUTEX_WAKE = 1 };
enum {
	GETFD = 1,
	SETFD = 2,
	GETFL = 3,
	SETFL = 4,
	GETOWN = 9,
	GETSIG = 11,
	SETLEASE = 1024,
	GETPIPE_SZ = 1032
};

/* How many arguments say anything. */
static u32 arguments(const struct traced *c)
{
	for (u32 i = 0; i + 1 < c->call->count; i++) {
		u32 v = (u32)c->args[i];

		switch (c->call->kind[i]) {
		case LX_OFLAGS:
			if (c->call->kind[i + 1] == LX_MODE && !(v & CREATES))
				return i + 1;
			break;
		case LX_FUTEX:
			if ((v & FUTEX_OP) <= FUTEX_WAKE)
				return (v & FUTEX_OP) == FUTEX_WAIT ? 4 : 3;
			break;
		case LX_FCNTL:
			if (v == GETFD || v == GETFL || v == GETOWN || v == GETSIG ||
			    v == GETPIPE_SZ)
				return i + 1;
			break;
		case LX_PRCTL: return trace_prctl_count(v);
		default: break;
		}
	}
	return c->call->count;
}

static bool put_fcntl(struct text *x, const struct traced *c, u32 i)
{
	if (i == 0 || c->call->kind[i - 1] != LX_FCNTL)
		return false;
	if (c->args[i - 1] == SETFD)
		words_put(x, LX_FDFLAG, (u32)c->args[i]);
	else if (c->args[i - 1] == SETFL)
		words_put(x, LX_OFLAGS, (u32)c->args[i]);
	else if (c->args[i - 1] == 0 || c->args[i - 1] > SETLEASE)
		text_add(x, "%ld", (s64)c->args[i]);
	else
		return false;
	return true;
}

void trace_args(struct text *x, const struct traced *c)
{
	u32 n = arguments(c);

	for (u32 i = 0; i < n; i++) {
		text_add(x, i == 0 ? "" : ", ");
		if (!put_fcntl(x, c, i) && !trace_prctl(x, c, i))
			put_arg(x, c, i);
	}
}

/* F_GETFD and F_GETFL: the set whose words the result is; or 0. */
static u32 flags_in_result(const struct traced *c)
{
	if (c->call->count < 2 || c->call->kind[1] != LX_FCNTL)
		return 0;
	return c->args[1] == GETFL                     ? LX_OFLAGS
	       : c->args[1] == GETFD && c->result != 0 ? LX_FDFLAG
						       : 0;
}

void trace_result(struct text *x, const struct traced *c)
{
	u32 set = flags_in_result(c);

	if (set != 0) {
		text_add(x, "0x%lx (flags ", (u64)c->result);
		words_put(x, set, (u32)c->result);
		text_add(x, ")");
	} else if (c->call->result == LX_PTR) {
		text_add(x, "0x%lx", (u64)c->result);
	} else {
		trace_word(x, c->call->result, (u64)c->result);
	}
	if (c->call->count != 0 && c->call->kind[0] == LX_POLLFDS)
		trace_polled(x, c, 0);
	trace_prctl_result(x, c);
}
