/* SPDX-License-Identifier: MIT */
/*
 * Lines of the log on the host: what a program causes again and again is cut, and what was cut is counted.
 */
#include <stdio.h>

#include "servers/linux/core/event.h"
#include "servers/linux/tty/host.h"

enum { MANY = 1000, MOST = 40 };

struct environment env = { .framed = true };
static u64 now = 5 * NS_PER_SEC;
static unsigned sent, cut;
static char last[300];

u64 now_mono(void)
{
	return now;
}

void host_send(char type, const void *bytes, size_t n)
{
	unsigned count;

	sent += type == 'l';
	memcpy(last, bytes, n);
	last[n] = 0;
	if (sscanf(last, "%u lines were left out here", &count) == 1)
		cut += count;
}

u32 sys_format_list(char *to, u32 size, const char *format, va_list list)
{
	return (u32)vsnprintf(to, size, format, list);
}

void sys_write(const char *bytes, u32 n)
{
	(void)bytes, (void)n;
}

static void many(void)
{
	for (unsigned i = 0; i < MANY; i++)
		log_line("out of memory %u", i);
}

static void report(unsigned number, int good, const char *what)
{
	printf("%sok %u %s\n", good ? "" : "not ", number, what);
}

int main(void)
{
	many();
	unsigned first = sent;
	report(1, first > 10 && first <= MOST && cut == 0, "many lines at once are cut");
	now += 3 * NS_PER_SEC;
	many();
	report(2, sent - first == 4 && cut == MANY - first, "one a second is written, and before it how many were not");
	now += 3600 * NS_PER_SEC;
	first = sent;
	log_line("%s", "later");
	report(3, sent - first == 2 && cut == 2 * MANY - (first - 1) && strcmp(last, "later") == 0, "all of them are counted");
	many();
	report(4, sent - first <= MOST + 2, "after a rest there is as much room as before, and no more");
	puts("1..4");
	return 0;
}
