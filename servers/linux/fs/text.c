/* SPDX-License-Identifier: MIT */
/*
 * Text put together in a buffer, for /proc and names.
 */
#include <stdarg.h>

#include "fs.h"

static void put(struct text *x, char c)
{
	if (x->used < x->room)
		x->at[x->used++] = c;
	else
		x->full = true;
}

void text_bytes(struct text *x, const char *bytes, u64 n)
{
	for (u64 i = 0; i < n; i++)
		put(x, bytes[i]);
}

static void put_padded(struct text *x, const char *s, u64 n, u64 width, bool left, char pad)
{
	for (u64 i = n; !left && i < width; i++)
		put(x, pad);
	text_bytes(x, s, n);
	for (u64 i = n; left && i < width; i++)
		put(x, ' ');
}

static u64 digits(char *end, u64 value, unsigned base)
{
	u64 n = 0;
	do
		*(end - ++n) = "0123456789abcdef"[value % base];
	while (value /= base);
	return n;
}

void text_add(struct text *x, const char *f, ...)
{
	va_list args;
	va_start(args, f);
	for (; *f; f++) {
		if (*f != '%') {
			put(x, *f);
			continue;
		}
		bool left = *++f == '-', wide = false, dot = false;
		f += left;
		char pad = *f == '0' ? '0' : ' ';
		u64 width = 0, most = UINT64_MAX;
		for (; *f >= '0' && *f <= '9'; f++)
			width = width * 10 + (u64)(*f - '0');
		if (f[0] == '.' && f[1] == '*') {
			most = (u64)va_arg(args, int);
			dot = true;
			f += 2;
		}
		for (; *f == 'l'; f++)
			wide = true;
		char buf[24], *end = buf + sizeof buf;
		u64 n;
		switch (*f) {
		case 's': {
			const char *s = va_arg(args, const char *);
			for (n = 0; n < most && (dot || s[n]) && s[n]; n++)
				;
			put_padded(x, s, n, width, left, ' ');
			break;
		}
		case 'c': put(x, (char)va_arg(args, int)); break;
		case 'd': {
			s64 v = wide ? va_arg(args, s64) : va_arg(args, int);
			n = digits(end, v < 0 ? 0 - (u64)v : (u64)v, 10);
			if (v < 0)
				*(end - ++n) = '-';
			put_padded(x, end - n, n, width, left, pad);
			break;
		}
		case 'u':
		case 'x':
		case 'o': {
			u64 v = wide ? va_arg(args, u64) : va_arg(args, unsigned);
			n = digits(end, v, *f == 'u' ? 10 : *f == 'x' ? 16 : 8);
			put_padded(x, end - n, n, width, left, pad);
			break;
		}
		default: put(x, *f);
		}
	}
	va_end(args);
}

void text_escaped(struct text *x, const char *name)
{
	for (; *name; name++)
		if (*name == ' ' || *name == '\t' || *name == '\n' || *name == '\\')
			text_add(x, "\\%03o", (unsigned)(unsigned char)*name);
		else
			put(x, *name);
}

s64 text_number(const char *s, u64 len)
{
	u64 v = 0;
	if (len == 0 || len > 10 || (len > 1 && s[0] == '0'))
		return -1;
	for (u64 i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (u64)(s[i] - '0');
	}
	return (s64)v;
}
