/* SPDX-License-Identifier: MIT */
/* The first process ends when others have taken all the memory for kernel objects: its last words and its status arrive. */
#include <stdio.h>
#include <unistd.h>

enum { AT_ONCE = 20 };

int main(void)
{
	pid_t p;
	int n = 0;

	do {
		p = fork();
		if (p == 0) {
			execl("/bin/busybox", "sleep", "1000", (char *)NULL);
			_exit(1);
		}
		/* So that programs have what they need before there are more. */
		if (++n % AT_ONCE == 0)
			usleep(100000);
	} while (p > 0);
	printf("no more\n");
	return 0;
}
