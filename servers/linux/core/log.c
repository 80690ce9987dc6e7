/* SPDX-License-Identifier: MIT */
/*
 * Lines about the system itself: to the host, or on the debug console.
 */
#include "event.h"
#include "../tty/host.h"

enum { LINE = 256, HEAD = 7 };

void log_line(const char *format, ...)
{
	char line[HEAD + LINE + 1] = "linux: ";
	va_list args;
	u32 n;

	va_start(args, format);
	n = sys_format_list(line + HEAD, LINE, format, args);
	va_end(args);
	if (env.framed) {
		host_send('l', line + HEAD, n);
		return;
	}
	line[HEAD + n] = '\n';
	sys_write(line, HEAD + n + 1);
}
