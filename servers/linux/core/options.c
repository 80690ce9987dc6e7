/* SPDX-License-Identifier: MIT */
/*
 * The command line.
 *
 * Called by:  boot_first.c, boot_comp.c, before there is memory to allocate.
 */
#include "options.h"

struct options options = { .stdio = "ttt", .argc = 1 };

static char text[OPTION_BYTES];
static bool rest; /* "--" was seen */

static bool starts(const char *word, const char *with)
{
	size_t n = strlen(with);

	return strlen(word) >= n && memcmp(word, with, n) == 0;
}

static u64 number(const char *s)
{
	u64 v = 0;

	for (; *s >= '0' && *s <= '9' && v < UINT64_MAX / 16; s++)
		v = v * 10 + (u64)(*s - '0');
	if (*s != 0)
		sys_panic("linux: not a number in the command line: %s", s);
	return v;
}

static void take_stdio(const char *letters)
{
	if (strlen(letters) != 3)
		sys_panic("linux: stdio wants three letters of t, p, n, c");
	memcpy(options.stdio, letters, 4);
}

static void take_option(char *word)
{
	if (starts(word, "cpus="))
		options.cpus = (u32)number(word + 5);
	else if (starts(word, "mem="))
		options.mem_mib = (u32)number(word + 4);
	else if (starts(word, "procs="))
		options.procs = (u32)number(word + 6);
	else if (starts(word, "epoch="))
		options.epoch = number(word + 6);
	else if (starts(word, "stdio="))
		take_stdio(word + 6);
	else if (starts(word, "init="))
		options.init = word + 5;
	else if (starts(word, "name="))
		options.name = word + 5;
	else if (starts(word, "cwd="))
		options.cwd = word + 4;
	else if (starts(word, "env:") && options.envc < OPTION_WORDS - 1)
		options.envp[options.envc++] = word + 4;
	else if (strcmp(word, "trace") == 0)
		options.trace = true;
	else if (strcmp(word, "framed") == 0)
		options.framed = true;
}

static void take(char *word)
{
	if (!rest && strcmp(word, "--") == 0)
		rest = true;
	else if (!rest)
		take_option(word);
	else if (options.argc < OPTION_WORDS - 1)
		options.argv[options.argc++] = word;
	else
		sys_panic("linux: too many words in the command line");
}

void options_read_line(const char *line)
{
	size_t n = strlen(line);

	if (n >= OPTION_BYTES)
		sys_panic("linux: the command line is too long");
	memcpy(text, line, n + 1);
	for (char *at = text; *at != 0;) {
		char *word = at;

		while (*at != 0 && *at != ' ')
			at++;
		if (*at != 0)
			*at++ = 0;
		if (*word != 0)
			take(word);
	}
}

/* The next word, or NULL at the end: each must end inside the list. */
static char *next(const char *list, u64 bytes, u64 *at)
{
	u64 start = *at;

	while (*at < bytes && list[*at] != 0)
		(*at)++;
	if (*at == bytes)
		return NULL;
	(*at)++;
	return (char *)(uintptr_t)(list + start);
}

void options_read_list(const char *list, u64 bytes)
{
	u64 at = 0;
	const char *count = next(list, bytes, &at);
	u64 n = count == NULL ? 0 : number(count);

	for (u64 i = 0; i < n; i++) {
		char *word = next(list, bytes, &at);

		if (word == NULL)
			sys_panic("linux: the command line ends early");
		take(word);
	}
}
