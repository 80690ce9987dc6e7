/* SPDX-License-Identifier: MIT */
/*
 * The words of the server's command line:
 *
 *   framed       the console is a stream of frames (tty/host.h)
 *   stdio=XXX    standard input, output, error of the first program: t the console, p the host's
 *                (frames), n nothing; default ttt
 *   cwd=PATH     its working directory
 *   env:NAME=VALUE   into its environment
 *   cpus=N       programs run on the first N CPUs only
 *   mem=N        MiB of memory for programs at most
 *   procs=N      tasks at most
 *   trace        a line for each system call, on the debug console
 *   init=PATH    the first program (default: /init, /sbin/init, /bin/init, /bin/sh)
 *   -- WORDS     its arguments
 *
 * Other words that have the form NAME=VALUE go into its environment.
 */
#pragma once
#include "../linux.h"

enum { OPTION_WORDS = 1024, OPTION_BYTES = 1024 };

struct options {
	u32 cpus, mem_mib, procs; /* 0: not said */
	bool trace, framed;
	const char *stdio, *cwd; /* NULL: not said */
	const char *init;        /* NULL: not said */
	char *argv[OPTION_WORDS];
	char *envp[OPTION_WORDS];
	u32 argc, envc;
};
extern struct options options;

void options_read(const char *line);
/*
 * The same from words that end with 0 each, the first of which is their number.  They are used in
 * place.
 */
void options_read_words(const char *words, u64 bytes);
