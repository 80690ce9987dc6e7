/* SPDX-License-Identifier: MIT */
/*
 * prctl in traces: its option says how many arguments there are, and what they are.
 *
 * Called by:  trace_arg.c.
 */
#include "trace_struct.h"

#include "../mm/mm.h"
#include "../proc/task.h"

enum { ALL = 5, OPTION = 0, FIRST = 1, SECOND = 2 };
enum form { NOTHING, VALUE, NAME, NAME_OUT, WORD_OUT, LONG_OUT };

struct option {
	u32 number;
	unsigned char count, form, kind; /* of the first argument; kind: enum lx_kind */
};

/* Of others all arguments are shown as they are. */
static const struct option options[] = {
	{ 1, 2, VALUE, LX_SIG },        /* PR_SET_PDEATHSIG */
	{ 2, 2, WORD_OUT, LX_SIG },     /* PR_GET_PDEATHSIG */
	{ 3, 1, NOTHING, LX_DUMPABLE }, /* PR_GET_DUMPABLE */
	{ 4, 2, VALUE, LX_DUMPABLE },   /* PR_SET_DUMPABLE */
	{ 7, 1, NOTHING, 0 },           /* PR_GET_KEEPCAPS */
	{ 8, 2, VALUE, LX_SIZE },       /* PR_SET_KEEPCAPS */
	{ 15, 2, NAME, 0 },             /* PR_SET_NAME */
	{ 16, 2, NAME_OUT, 0 },         /* PR_GET_NAME */
	{ 21, 1, NOTHING, 0 },          /* PR_GET_SECCOMP */
	{ 23, 2, VALUE, LX_CAP },       /* PR_CAPBSET_READ */
	{ 24, 2, VALUE, LX_CAP },       /* PR_CAPBSET_DROP */
	{ 27, 1, NOTHING, LX_SECBITS }, /* PR_GET_SECUREBITS */
	{ 28, 2, VALUE, LX_SECBITS },   /* PR_SET_SECUREBITS */
	{ 29, 2, VALUE, LX_SIZE },      /* PR_SET_TIMERSLACK */
	{ 30, 1, NOTHING, 0 },          /* PR_GET_TIMERSLACK */
	{ 31, 1, NOTHING, 0 },          /* PR_TASK_PERF_EVENTS_DISABLE */
	{ 32, 1, NOTHING, 0 },          /* PR_TASK_PERF_EVENTS_ENABLE */
	{ 36, 2, VALUE, LX_SIZE },      /* PR_SET_CHILD_SUBREAPER */
	{ 37, 2, WORD_OUT, LX_UINT },   /* PR_GET_CHILD_SUBREAPER */
	{ 38, ALL, VALUE, LX_SIZE },    /* PR_SET_NO_NEW_PRIVS */
	{ 40, 2, LONG_OUT, LX_PTR },    /* PR_GET_TID_ADDRESS */
	{ 41, ALL, VALUE, LX_SIZE },    /* PR_SET_THP_DISABLE */
	{ 47, ALL, VALUE, LX_AMBIENT }, /* PR_CAP_AMBIENT */
};
enum { CAP_AMBIENT = 47 };

static const struct option *find(u32 number)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		if (options[i].number == number)
			return &options[i];
	}
	return NULL;
}

/* NULL: another call, or an option that is not known. */
static const struct option *option_of(const struct traced *c)
{
	return c->call->count == ALL && c->call->kind[OPTION] == LX_PRCTL
		       ? find((u32)c->args[OPTION])
		       : NULL;
}

u32 trace_prctl_count(u32 number)
{
	const struct option *o = find(number);

	return o == NULL ? ALL : o->count;
}

/* What the call filled. */
static bool put_out(struct text *x, const struct traced *c, const struct option *o, u64 bytes)
{
	u64 v = 0;

	if (!c->ended || c->result < 0 || c->t->mm == NULL ||
	    copy_in(c->t->mm, &v, c->args[FIRST], bytes) != 0)
		return false;
	text_add(x, "[");
	trace_word(x, o->kind, v);
	text_add(x, "]");
	return true;
}

bool trace_prctl(struct text *x, const struct traced *c, u32 i)
{
	const struct option *o = option_of(c);

	if (o != NULL && o->number == CAP_AMBIENT && i == SECOND && c->args[i] != 0)
		trace_word(x, LX_CAP, c->args[i]);
	else if (o == NULL || i != FIRST)
		return false;
	else if (o->form == NAME || (o->form == NAME_OUT && c->ended && c->result >= 0))
		trace_text(x, c->t, c->args[i], COMM);
	else if (o->form == VALUE)
		trace_word(x, o->kind, c->args[i]);
	else
		return o->form >= WORD_OUT &&
		       put_out(x, c, o, o->form == WORD_OUT ? sizeof(u32) : sizeof(u64));
	return true;
}

void trace_prctl_result(struct text *x, const struct traced *c)
{
	const struct option *o = option_of(c);

	if (o == NULL || o->form != NOTHING || o->kind == 0 ||
	    (c->result == 0 && o->kind == LX_SECBITS))
		return;
	text_add(x, " (");
	words_put(x, o->kind, (u32)c->result);
	text_add(x, ")");
}
