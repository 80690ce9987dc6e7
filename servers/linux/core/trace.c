/* SPDX-License-Identifier: MIT */
/*
 * The tracer.  Arguments are read when a call ends; of calls that have none left then, or do not
 * end, when it begins.
 *
 * Owns:       nothing: a line is written in one piece.
 * Called by:  the loop, at both ends of calls; proc/, for signals and ends.
 */
#include "trace.h"

#include "event.h"
#include "trace_arg.h"
#include "../mm/mm.h"
#include "../proc/signal.h"
#include "../proc/task.h"
#include "../tty/host.h"

enum { LINE = 1024 };

bool trace_on;

static struct text begin_line(char *line, const struct task *t)
{
	struct text x = { .at = line, .room = LINE };

	text_add(&x, "[pid %5u] ", t->tid);
	return x;
}

/* The buffer has room for one byte more. */
static void end_line(struct text *x)
{
	if (env.framed) {
		host_wait(x->used);
		host_send('t', x->at, x->used);
		return;
	}
	x->at[x->used] = '\n';
	sys_write(x->at, (u32)x->used + 1);
}

/* Errors of the server's own, as Linux's tracers name them. */
static void put_restart(struct text *x, s64 error)
{
	if (error == ERESTART)
		text_add(x, "? ERESTARTSYS (To be restarted if SA_RESTART is set)");
	else if (error == ERESTART_NOHAND)
		text_add(x, "? ERESTARTNOHAND (To be restarted if no handler)");
	else
		text_add(x, "? ERESTART_RESTARTBLOCK (Interrupted by signal)");
}

static void put_result(struct text *x, const struct traced *c)
{
	s64 r = c->result;

	text_add(x, " = ");
	if (r < 0 && r > -LX_ERRORS && lx_errors[-r].name != NULL)
		text_add(x, "-1 %s (%s)", lx_errors[-r].name, lx_errors[-r].text);
	else if (r <= -ERESTART && r >= -ERESTART_BLOCK)
		put_restart(x, -r);
	else
		trace_result(x, c);
}

/* Which calls are shown when they begin: their memory is another's when they end, or they do not. */
static bool is_shown_first(u64 nr)
{
	return nr == NR_execve || nr == NR_execveat || nr == NR_exit || nr == NR_exit_group ||
	       nr == NR_vfork;
}

static bool never_ends(u64 nr)
{
	return nr == NR_exit || nr == NR_exit_group;
}

static const struct lx_call *call_of(u64 nr)
{
	static const struct lx_call unknown = {
		.count = 6,
		.kind = { LX_HEX, LX_HEX, LX_HEX, LX_HEX, LX_HEX, LX_HEX },
	};

	return nr < LX_CALLS && lx_calls[nr].name != NULL ? &lx_calls[nr] : &unknown;
}

/* A call that is in no table by its number. */
static void put_name(struct text *x, const struct traced *c, u64 nr)
{
	if (c->call->name != NULL)
		text_add(x, "%s(", c->call->name);
	else
		text_add(x, "syscall_0x%lx(", nr);
}

void trace_begin(struct task *t, const u64 *words)
{
	char line[LINE + 1];
	struct traced c = { .t = t, .call = call_of(words[0]), .args = words + 1 };

	if (!is_shown_first(words[0]))
		return;
	struct text x = begin_line(line, t);
	put_name(&x, &c, words[0]);
	trace_args(&x, &c);
	text_add(&x, never_ends(words[0]) ? ") = ?" : " <unfinished ...>");
	end_line(&x);
}

void trace_end(struct task *t, const u64 *words, s64 result)
{
	char line[LINE + 1];
	struct traced c = { .t = t,
			    .call = call_of(words[0]),
			    .args = words + 1,
			    .ended = true,
			    .result = result };

	if (never_ends(words[0]))
		return;
	struct text x = begin_line(line, t);
	if (is_shown_first(words[0])) {
		text_add(&x, "<... %s resumed>)", c.call->name);
	} else {
		put_name(&x, &c, words[0]);
		trace_args(&x, &c);
		text_add(&x, ")");
	}
	put_result(&x, &c);
	end_line(&x);
}

/* --- signals ---------------------------------------------------------------------------------- */

static u32 codes_of(const struct siginfo *info)
{
	if (info->code <= 0 || info->code == SI_KERNEL)
		return LX_SI;
	return info->signo == SIGCHLD   ? LX_CLD
	       : info->signo == SIGBUS  ? LX_BUS
	       : info->signo == SIGSEGV ? LX_SEGV
					: LX_SI;
}

static void put_child(struct text *x, const struct siginfo *info)
{
	text_add(x, ", si_pid=%d, si_uid=%u, si_status=", info->child.pid, info->child.uid);
	if (info->code == CLD_EXITED)
		text_add(x, "%d", info->child.status);
	else
		trace_signal_name(x, (u32)info->child.status);
	text_add(x, ", si_utime=%ld, si_stime=%ld", info->child.utime, info->child.stime);
}

void trace_signal(const struct task *t, const struct siginfo *info)
{
	char line[LINE + 1];
	struct text x = begin_line(line, t);

	text_add(&x, "--- ");
	trace_signal_name(&x, (u32)info->signo);
	text_add(&x, " {si_signo=");
	trace_signal_name(&x, (u32)info->signo);
	text_add(&x, ", si_code=");
	words_put(&x, codes_of(info), (u32)info->code);
	if (codes_of(info) == LX_CLD) {
		put_child(&x, info);
	} else if (codes_of(info) == LX_SEGV || codes_of(info) == LX_BUS) {
		text_add(&x, ", si_addr=");
		text_add(&x, info->fault.addr == 0 ? "NULL" : "0x%lx", info->fault.addr);
	} else if (info->code == SI_TIMER) {
		text_add(&x, ", si_timerid=0x%x, si_overrun=%d", (u32)info->timer.timer,
			 info->timer.overrun);
	} else if (info->code <= 0) {
		text_add(&x, ", si_pid=%d, si_uid=%u", info->kill.pid, info->kill.uid);
	}
	text_add(&x, "} ---");
	end_line(&x);
}

void trace_ended(const struct task *t, u32 status)
{
	char line[LINE + 1];
	struct text x = begin_line(line, t);

	if ((status & 0x7f) == 0) {
		text_add(&x, "+++ exited with %u +++", status >> 8 & 0xff);
	} else {
		text_add(&x, "+++ killed by ");
		trace_signal_name(&x, status & 0x7f);
		text_add(&x, " +++");
	}
	end_line(&x);
}
