/* SPDX-License-Identifier: MIT */
#include "options.h"

struct options options;

static char text[OPTION_BYTES];

static bool starts(const char *word, const char *with)
{
	size_t n = strlen(with);

	return strlen(word) >= n && memcmp(word, with, n) == 0;
}

static u32 number(const char *s)
{
	u32 v = 0;

	for (; *s >= '0' && *s <= '9' && v < 100000000; s++)
		v = v * 10 + (u32)(*s - '0');
	if (*s != 0)
		sys_panic("linux: not a number in the command line: %s", s);
	return v;
}

static bool has_equals(const char *word)
{
	for (; *word != 0; word++) {
		if (*word == '=')
			return true;
	}
	return false;
}

static void take(char *word)
{
	if (starts(word, "cpus="))
		options.cpus = number(word + 5);
	else if (starts(word, "mem="))
		options.mem_mib = number(word + 4);
	else if (starts(word, "procs="))
		options.procs = number(word + 6);
	else if (starts(word, "init="))
		options.init = word + 5;
	else if (starts(word, "stdio="))
		options.stdio = word + 6;
	else if (starts(word, "cwd="))
		options.cwd = word + 4;
	else if (strcmp(word, "trace") == 0)
		options.trace = true;
	else if (strcmp(word, "framed") == 0)
		options.framed = true;
	else if (starts(word, "env:") && options.envc < OPTION_WORDS - 1)
		options.envp[options.envc++] = word + 4;
	else if (has_equals(word) && options.envc < OPTION_WORDS - 1)
		options.envp[options.envc++] = word;
}

static void take_next(char *word, bool *rest)
{
	if (*rest && options.argc < OPTION_WORDS - 1)
		options.argv[options.argc++] = word;
	else if (strcmp(word, "--") == 0)
		*rest = true;
	else
		take(word);
}

/* Behind the word at `at`; NULL: it does not end. */
static const char *behind(const char *at, const char *end)
{
	while (at < end && *at != 0)
		at++;
	return at < end ? at + 1 : NULL;
}

void options_read_words(const char *words, u64 bytes)
{
	const char *end = words + bytes, *at = words, *next = behind(at, end);
	u32 left = next == NULL ? 0 : number(at);
	bool rest = false;

	options.argc = 1;
	for (; left != 0; left--) {
		at = next;
		next = at == NULL ? NULL : behind(at, end);
		if (next == NULL)
			sys_panic("linux: the words of the command line are cut off");
		if (options.argc == OPTION_WORDS - 1)
			sys_panic("linux: more than %d arguments", OPTION_WORDS);
		take_next((char *)(u64)at, &rest);
	}
}

void options_read(const char *line)
{
	bool rest = false;
	size_t n = strlen(line);

	if (n >= OPTION_BYTES)
		sys_panic("linux: the command line is too long");
	memcpy(text, line, n + 1);
	options.argc = 1;
	for (char *at = text; *at != 0;) {
		char *word = at;

		while (*at != 0 && *at != ' ')
			at++;
		if (*at != 0)
			*at++ = 0;
		if (*word == 0)
			continue;
		take_next(word, &rest);
	}
}
