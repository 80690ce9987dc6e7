/* SPDX-License-Identifier: MIT */
/* A child that takes all memory ends; its parent, which lived beside it, does not. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	for (int round = 0; round < 3; round++) {
		int st;
		pid_t p = fork();

		if (p == 0) {
			for (;;) {
				char *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
				if (m == MAP_FAILED)
					_exit(1);
				memset(m, 1, 1 << 20);
			}
		}
		waitpid(p, &st, 0);
		printf("%s\n", WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL ? "killed" : WIFEXITED(st) && WEXITSTATUS(st) == 1 ? "refused" : "?");
	}
	char *m = malloc(10 << 20);
	memset(m, 2, 10 << 20);
	puts("memory is there again");
	return 0;
}
