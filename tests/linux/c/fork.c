/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static int counter = 5;
int main(void)
{
	int st;
	char *heap = malloc(100000);
	heap[50000] = 1;
	for (int i = 0; i < 20; i++) {
		pid_t p = fork();
		if (p == 0) {
			counter += i;
			heap[50000] += i;
			_exit(counter + heap[50000]);
		}
		if (waitpid(p, &st, 0) != p)
			puts("wait");
		printf("%d %d\n", WIFEXITED(st), WEXITSTATUS(st));
	}
	printf("parent %d %d\n", counter, heap[50000]);
	printf("no child %d\n", wait(&st));
	return 7;
}
