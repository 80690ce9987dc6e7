/* SPDX-License-Identifier: MIT */
/*
 * Lines about the system itself: to the host, or on the debug console.  Programs can cause some, so
 * their number is limited: so many at once, and one a second.
 *
 * Owns:       when lines were written; how many were left out.
 */
#include "event.h"
#include "../tty/host.h"

enum { LINE = 256, HEAD = 7, BURST = 32 };

static u64 paid_until; /* the time at which all lines so far would have been due */
static u32 left_out;

/* May one more be written?  Else it is counted. */
static bool may_write(void)
{
	const u64 now = now_mono();

	if (paid_until < now)
		paid_until = now;
	if (paid_until >= now + BURST * NS_PER_SEC) {
		left_out++;
		return false;
	}
	paid_until += NS_PER_SEC;
	return true;
}

static void write_line(const char *format, va_list args)
{
	char line[HEAD + LINE + 1] = "linux: ";
	u32 n = sys_format_list(line + HEAD, LINE, format, args);

	if (env.framed) {
		host_send('l', line + HEAD, n);
		return;
	}
	line[HEAD + n] = '\n';
	sys_write(line, HEAD + n + 1);
}

static void write_count(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(format, args);
	va_end(args);
}

void log_line(const char *format, ...)
{
	va_list args;

	if (!may_write())
		return;
	if (left_out != 0)
		write_count("%u lines were left out here", left_out);
	left_out = 0;
	va_start(args, format);
	write_line(format, args);
	va_end(args);
}
