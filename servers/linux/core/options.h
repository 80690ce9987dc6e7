/* SPDX-License-Identifier: MIT */
/*
 * The words of the server's command line:
 *
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

enum { OPTION_WORDS = 64, OPTION_BYTES = 1024 };

struct options {
	u32 cpus, mem_mib, procs; /* 0: not said */
	bool trace;
	const char *init; /* NULL: not said */
	char *argv[OPTION_WORDS];
	char *envp[OPTION_WORDS];
	u32 argc, envc;
};
extern struct options options;

void options_read(const char *line);
