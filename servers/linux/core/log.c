/* SPDX-License-Identifier: MIT */
/*
 * Lines about the system itself, on the debug console.
 */
#include "../linux.h"

enum { LINE = 256 };

void log_line(const char *format, ...)
{
	char line[LINE];
	va_list args;
	u32 n;

	n = sys_format(line, sizeof line, "linux: ");
	va_start(args, format);
	n += sys_format_list(line + n, LINE - n - 1, format, args);
	va_end(args);
	line[n++] = '\n';
	sys_write(line, n);
}
