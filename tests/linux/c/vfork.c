/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
int main(void)
{
	int st;
	pid_t p = vfork();
	if (p == 0) { execl("/bin/busybox", "echo", "from vfork", NULL); _exit(1); }
	waitpid(p, &st, 0);
	printf("status %d\n", st);
	fflush(stdout);
	char *a[] = { "sh", "-c", "echo spawned; exit 4", NULL };
	printf("spawn %d\n", posix_spawn(&p, "/bin/sh", NULL, NULL, a, environ));
	waitpid(p, &st, 0);
	printf("status %d\n", WEXITSTATUS(st));
	printf("missing %d\n", posix_spawn(&p, "/nosuch", NULL, NULL, a, environ));
	fflush(stdout);
	printf("system %d\n", WEXITSTATUS(system("exit 6")));
	FILE *f = popen("echo popen; exit 2", "r");
	char b[50];
	fgets(b, 50, f);
	printf("%s", b);
	printf("pclose %d\n", WEXITSTATUS(pclose(f)));
	return 0;
}
