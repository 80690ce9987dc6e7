/* SPDX-License-Identifier: MIT */
/*
 * The words of the server's command line:
 *
 *   cpus=N       programs run on the first N CPUs only
 *   mem=N        MiB of memory for programs at most (as the kernel's first program)
 *   procs=N      tasks at most
 *   trace        a line for each system call
 *   epoch=N      it is so many seconds since 1970 (default: from the real-time clock)
 *   framed       the console is a stream of frames (tty/host.h)
 *   stdio=XXX    where 0, 1 and 2 of the first process lead: t the console, p the host's, n /dev/null, c nowhere
 *   cwd=PATH     its working directory
 *   init=PATH    its program (default: /init, /sbin/init, /bin/init, /bin/sh)
 *   name=WORD    how it is called (default: by its path)
 *   env:N=V      of its environment
 *   -- WORDS     its arguments
 *
 * Other words are nobody's: they may be the kernel's.
 */
#pragma once
#include "../linux.h"

enum { OPTION_WORDS = 256, OPTION_BYTES = 512 };

struct options {
	u32 cpus, mem_mib, procs; /* 0: not said */
	u64 epoch;
	bool trace, framed;
	char stdio[4];
	const char *init, *name, *cwd; /* NULL: not said */
	char *argv[OPTION_WORDS];
	char *envp[OPTION_WORDS];
	u32 argc, envc;
};
extern struct options options;

/* A line of words separated by blanks. */
void options_read_line(const char *line);
/* Their number as text, then the words, each ended by 0. `bytes` stays as it is. */
void options_read_list(const char *list, u64 bytes);
