/* SPDX-License-Identifier: MIT */
/*
 * Calls that there are not, and words that a call does not take (abi/linux.toml): each is told once
 * for each program, if somebody may hear it.  A program is an executable under one name, a script's
 * being the script's; not each process, of which a script may start many, nor each thread.
 *
 * Owns:       what was told: so much of each program, which may ask for anything; when all is full,
 *             nothing more is.
 * Called by:  the dispatcher; handlers, for words that are not arguments.
 */
#include "event.h"
#include "linux/calls.h"
#include "words.h"
#include "../fs/socket.h"
#include "../proc/task.h"
#include "../tty/host.h"

enum { MOST = 512, EACH = 64, LINE = 192, NO_LIMIT = LX_LIMITS };

static struct {
	u64 nr, word;
	u32 limit; /* NO_LIMIT: the call as a whole */
	u64 program;
} told[MOST];
static u32 told_count;

/* FNV-1a, which tells few programs well enough from each other. */
static u64 mix(u64 h, const char *s)
{
	for (; *s != 0; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3;
	return (h ^ '/') * 0x100000001b3;
}

static u64 program_of(const struct process *p)
{
	return mix(mix(0xcbf29ce484222325, p->exe_name == NULL ? "" : p->exe_name), p->comm);
}

/* Is it new?  Then it is noted. */
static bool is_news(const struct task *t, u64 nr, u32 limit, u64 word)
{
	u64 program;
	u32 own = 0;

	if (!env.framed)
		return false;
	program = program_of(t->process);
	for (u32 i = 0; i < told_count; i++) {
		if (told[i].program != program)
			continue;
		own++;
		if (told[i].nr == nr && told[i].limit == limit && told[i].word == word)
			return false;
	}
	if (told_count == MOST || own == EACH)
		return false;
	told[told_count].nr = nr;
	told[told_count].limit = limit;
	told[told_count].word = word;
	told[told_count++].program = program;
	return true;
}

static const char *name_of(u64 nr)
{
	return nr < LX_CALLS && lx_calls[nr].name != NULL ? lx_calls[nr].name : "unknown";
}

int64_t lx_missing(struct task *t, uint64_t nr, int error)
{
	char line[LINE];
	struct text x = { .at = line, .room = LINE };

	if (!is_news(t, nr, NO_LIMIT, 0))
		return -error;
	text_add(&x, "%s: call %lu (%s) is not there: %s", t->process->comm, nr, name_of(nr),
		 lx_errors[error].name);
	host_send('n', line, x.used);
	return -error;
}

/* What Linux looks at first: the descriptor. */
static s64 before(struct task *t, u32 after, u64 fd)
{
	struct file *f = fd_file(t, fd);
	s64 e = f == NULL ? -EBADF : after == LX_AFTER_SOCKET && file_socket(f) == NULL ? -ENOTSOCK : 0;

	if (f != NULL)
		file_put(f);
	return e;
}

/* Which argument consists of such words; what is in a structure has only its set's name. */
static void put_place(struct text *x, u64 nr, u32 kind)
{
	const struct lx_call *c = &lx_calls[nr];

	for (u32 i = 0; i < c->count; i++) {
		if (c->kind[i] == kind)
			text_add(x, "argument %u, ", i + 1);
	}
	text_add(x, "%s: ", lx_sets[kind - LX_FIRST_SET].name);
}

int64_t lx_refused(struct task *t, unsigned limit, uint64_t value, const uint64_t *args)
{
	const struct lx_limit *l = &lx_limits[limit];
	u64 part = value & ~(l->flags | l->field);
	const s64 e = l->after == LX_AFTER_NOTHING ? 0 : before(t, l->after, args[0]);
	int error = l->error;
	char line[LINE];
	struct text x = { .at = line, .room = LINE };

	if (e < 0)
		return e;
	if (part == 0)
		part = value & l->field;
	for (const struct lx_other *o = l->others; o != NULL && o->error != 0; o++) {
		if ((part & o->mask) == o->value)
			error = o->error;
	}
	if (!is_news(t, t->call_nr, limit, part))
		return -error;
	text_add(&x, "%s: %s, ", t->process->comm, name_of(t->call_nr));
	put_place(&x, t->call_nr, l->kind);
	words_put_part(&x, l->kind, part, part == 0 ? UINT64_MAX : part);
	text_add(&x, " is not supported: %s", lx_errors[error].name);
	host_send('n', line, x.used);
	return -error;
}
