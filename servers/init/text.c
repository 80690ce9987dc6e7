/* SPDX-License-Identifier: MIT */
/*
 * Lines on the debug console: init's own, and those of components, each whole and with a name.
 *
 * Owns:       what each component wrote of a line so far; how much it may write.
 *
 * Writing takes long, and init runs before everybody: a component's text is taken as long as the
 * time for it is a small share of all; then it is told to come again later.
 */
#include <stdarg.h>

#include "init.h"

enum { PIECE = 56, CREDIT_US = 200000 };

u64 text_number(const char *digits)
{
	u64 n = 0;

	for (u32 i = 0; i < 9 && digits[i] >= '0' && digits[i] <= '9'; i++)
		n = n * 10 + (u64)(digits[i] - '0');
	return n;
}

void text_flush(struct component *c)
{
	if (c->line_bytes == 0)
		return;
	sys_print("[%s] ", c->b->name);
	sys_write(c->line, c->line_bytes);
	sys_print("\n");
	c->line_bytes = 0;
}

/* Half of all time, in equal shares of those that may write. */
static u64 parts(void)
{
	u64 n = 0;

	for (u32 i = 0; i < components; i++)
		n += (component[i].b->flags & BUNDLE_CONSOLE) != 0;
	return 2 * n;
}

static bool has_credit(struct component *c, u64 now)
{
	u64 share = parts(), most = sys_ticks(CREDIT_US), gained = (now - c->text_since) / share;

	c->text_since += gained * share;
	c->text_credit += gained;
	if (c->text_credit > most)
		c->text_credit = most;
	return c->text_credit != 0;
}

static void put_text(struct component *c, const struct msg *m)
{
	for (u64 i = 0; i < m->w[0]; i++) {
		char at = (char)(m->w[1 + i / 8] >> (i % 8 * 8));

		if (at == '\n') {
			if (c->line_bytes == 0)
				sys_print("[%s]\n", c->b->name);
			text_flush(c);
			continue;
		}
		if (c->line_bytes == LINE)
			text_flush(c);
		c->line[c->line_bytes++] = at == '\t' || (at >= ' ' && at != 127) ? at : '?';
	}
}

bool text_is_whole(const struct msg *m)
{
	u64 last = m->w[0] - 1;

	return m->w[0] == PIECE ||
	       (last < PIECE && (char)(m->w[1 + last / 8] >> (last % 8 * 8)) == '\n');
}

bool text_write(struct component *c, const struct msg *m)
{
	u64 now = sys_clock();

	if (m->w[0] > PIECE)
		return true;
	if (!has_credit(c, now))
		return false;
	put_text(c, m);
	u64 spent = sys_clock() - now;
	c->text_credit -= spent < c->text_credit ? spent : c->text_credit;
	return true;
}

/* Who crashed, why and where. */
void text_fault(const struct component *c, const struct msg *m)
{
	u64 code = m->w[0] & 0xffffffff, vector = m->w[0] >> 32;

	switch (m->tag >> TAG_LABEL_SHIFT) {
	case FAULT_PAGE:
		sys_print("init: %s crashed: cannot %s address 0x%lx", c->b->name,
			  code & 16  ? "execute at"
			  : code & 2 ? "write"
				     : "read",
			  m->w[1]);
		break;
	case FAULT_EXCEPTION:
		sys_print("init: %s crashed: exception %lu, code 0x%lx", c->b->name, vector, code);
		break;
	case FAULT_SYSCALL: sys_print("init: %s crashed: foreign system call", c->b->name); break;
	default: sys_print("init: %s crashed: debug event", c->b->name); break;
	}
	sys_print(", ip 0x%lx, sp 0x%lx\n", m->w[2], m->w[3]);
}

void text_line(const char *format, ...)
{
	static char line[LINE + 64];
	va_list args;

	va_start(args, format);
	(void)sys_format_list(line, sizeof line, format, args);
	va_end(args);
	sys_print("init: %s\n", line);
}
