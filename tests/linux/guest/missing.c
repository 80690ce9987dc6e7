/* SPDX-License-Identifier: MIT */
/* Asks twice, in two processes, for calls that there are not. */
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	fork();
	for (int i = 0; i < 2; i++) {
		syscall(425, 1, 0);
		syscall(9999);
	}
	wait(NULL);
	return 0;
}
