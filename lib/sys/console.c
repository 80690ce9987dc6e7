/* SPDX-License-Identifier: MIT */
/*
 * Formatted output: to the debug console; from a component, to init, which writes
 * its lines.
 *
 * Locks:      none: lines of two threads may mix, in pieces.
 * Called by:  programs.
 * Never:      allocates.
 */
#include <stdarg.h>

#include "start.h"

enum { PIECE = 56, WRITE = 24, DIGITS = 24 };

/* Where formatted text goes: a buffer, or, when that is full, the console. */
struct sink {
	char *to;
	u32 size;
	u32 n;
	bool console;
};

void sys_write(const char *bytes, u32 n)
{
	while (n > 0 && sys_comp == NULL) {
		u64 word[3] = { 0 };
		u32 part = n < WRITE ? n : WRITE;

		memcpy(word, bytes, part);
		(void)system_debug_write((system_h){ HANDLE_SYSTEM }, part, word[0], word[1],
					 word[2]);
		bytes += part;
		n -= part;
	}
	if (sys_comp != NULL)
		sys_comp_write(bytes, n);
}

static void put(struct sink *s, char c)
{
	if (s->console && s->n == s->size) {
		sys_write(s->to, s->n);
		s->n = 0;
	}
	if (s->n < s->size)
		s->to[s->n++] = c;
}

static void pad(struct sink *s, char c, int count)
{
	for (; count > 0; count--)
		put(s, c);
}

struct conversion {
	int width;
	char fill;
	bool left;
	int longs;
};

static void put_text(struct sink *s, const struct conversion *f, const char *text, size_t n)
{
	int rest = f->width - (int)n;

	if (!f->left)
		pad(s, f->fill, rest);
	for (size_t i = 0; i < n; i++)
		put(s, text[i]);
	if (f->left)
		pad(s, ' ', rest);
}

static void put_number(struct sink *s, const struct conversion *f, u64 v, u32 base, char kind,
		       bool negative)
{
	const char *digits = kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[DIGITS];
	u32 at = DIGITS;

	do {
		text[--at] = digits[v % base];
		v /= base;
	} while (v != 0);
	if (negative)
		text[--at] = '-';
	put_text(s, f, text + at, DIGITS - at);
}

static const char *parse(struct conversion *f, const char *at)
{
	*f = (struct conversion){ .fill = ' ' };
	for (; *at == '-' || *at == '0'; at++) {
		if (*at == '-')
			f->left = true;
		else
			f->fill = '0';
	}
	for (; *at >= '0' && *at <= '9'; at++)
		f->width = f->width * 10 + (*at - '0');
	for (; *at == 'l' || *at == 'z'; at++)
		f->longs++;
	return at;
}

static void convert(struct sink *s, const struct conversion *f, char kind, va_list *args)
{
	const char *text;
	int64_t v;
	char c;

	switch (kind) {
	case 'd':
	case 'i':
		v = f->longs ? va_arg(*args, int64_t) : va_arg(*args, int);
		put_number(s, f, v < 0 ? 0 - (u64)v : (u64)v, 10, kind, v < 0);
		break;
	case 'u':
	case 'x':
	case 'X':
		put_number(s, f, f->longs ? va_arg(*args, u64) : va_arg(*args, u32),
			   kind == 'u' ? 10 : 16, kind, false);
		break;
	case 'p': put_number(s, f, (u64)va_arg(*args, void *), 16, kind, false); break;
	case 's':
		text = va_arg(*args, const char *);
		put_text(s, f, text, strlen(text));
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		put_text(s, f, &c, 1);
		break;
	default: put(s, kind); break;
	}
}

static void format_to(struct sink *s, const char *format, va_list *args)
{
	struct conversion f;

	while (*format != 0) {
		if (*format != '%') {
			put(s, *format++);
			continue;
		}
		format = parse(&f, format + 1);
		if (*format == 0)
			return;
		convert(s, &f, *format++, args);
	}
}

void sys_print(const char *format, ...)
{
	char piece[PIECE];
	struct sink s = { piece, PIECE, 0, true };
	va_list args;

	va_start(args, format);
	format_to(&s, format, &args);
	va_end(args);
	sys_write(piece, s.n);
}

u32 sys_format_list(char *to, u32 size, const char *format, va_list list)
{
	struct sink s = { to, size - 1, 0, false };
	va_list args;

	va_copy(args, list);
	format_to(&s, format, &args);
	va_end(args);
	to[s.n] = 0;
	return s.n;
}

u32 sys_format(char *to, u32 size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	u32 n = sys_format_list(to, size, format, args);
	va_end(args);
	return n;
}

void sys_panic(const char *format, ...)
{
	char piece[PIECE];
	struct sink s = { piece, PIECE, 0, true };
	va_list args;

	sys_print("program panic: ");
	va_start(args, format);
	format_to(&s, format, &args);
	va_end(args);
	sys_write(piece, s.n);
	sys_print("\n");
	sys_exit(1);
}
