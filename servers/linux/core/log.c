/* SPDX-License-Identifier: MIT */
/*
 * Lines about the system itself, on the debug console.
 */
#include "../tty/host.h"
#include "event.h"

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
	if (env.framed) {
		host_send('l', line, n);
		return;
	}
	line[n++] = '\n';
	sys_write(line, n);
}
