/* SPDX-License-Identifier: MIT */
/*
 * Tries words of calls, as standard input says: lines "CALL SET VALUE..." (hexadecimal); prints a
 * line "CALL SET VALUE RESULT" for each value.  RESULT: 0, or the error's number; "ended": by a signal.
 */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { LINE = 16384, SECONDS = 3 };

static const struct site *find(const char *call, const char *set)
{
	const struct site *const all[] = { file_sites, descriptor_sites, memory_sites, process_sites, time_sites, socket_sites };

	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		for (const struct site *s = all[i]; s->call != NULL; s++) {
			if (strcmp(s->call, call) == 0 && strcmp(s->set, set) == 0)
				return s;
		}
	}
	return NULL;
}

static void prepare(void)
{
	char name[] = "tryXXXXXX", bytes[8192] = "some";
	int fd;

	if (mkdtemp(name) == NULL || chdir(name) != 0)
		_exit(1);
	fd = open("file", O_RDWR | O_CREAT, 0644);
	if (fd < 0 || write(fd, bytes, sizeof bytes) != sizeof bytes || mkdir("dir", 0755) != 0 || symlink("file", "link") != 0)
		_exit(1);
	close(fd);
}

/* The result goes through a pipe: it may be any, and the process may end otherwise. */
static void try(const struct site *s, u64 v)
{
	int p[2], status;
	long r = 0;
	pid_t child;

	if (pipe(p) != 0)
		exit(1);
	child = fork();
	if (child == 0) {
		prepare();
		alarm(SECONDS);
		r = s->try(v);
		if (write(p[1], &r, sizeof r) != sizeof r)
			_exit(1);
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], &r, sizeof r) == sizeof r)
		printf("%s %s %lx %ld\n", s->call, s->set, (unsigned long)v, r < 0 ? -r : 0);
	else
		printf("%s %s %lx ended\n", s->call, s->set, (unsigned long)v);
	close(p[0]);
	while (waitpid(child, &status, 0) != child && errno == EINTR)
		;
}

int main(void)
{
	static char line[LINE];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof line, stdin) != NULL) {
		char *call = strtok(line, " \n"), *set = strtok(NULL, " \n"), *value;
		const struct site *s = call && set ? find(call, set) : NULL;

		if (s == NULL) {
			printf("%s %s: no such try\n", call, set);
			return 1;
		}
		while ((value = strtok(NULL, " \n")) != NULL)
			try(s, strtoull(value, NULL, 16));
	}
	puts("all tried");
	return 0;
}
