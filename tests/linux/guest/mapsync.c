/* SPDX-License-Identifier: MIT */
/*
 * On a disk: what was written through a mapping, some of it after the file system heard of its pages, is on
 * the disk when another process has called fsync.  Then the machine is killed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 3 };

int main(void)
{
	int st, fd = open("/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (ftruncate(fd, PAGES * PAGE))
		return 1;
	char *m = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		return 1;
	for (int i = 0; i < PAGES; i++)
		strcpy(m + i * PAGE, "first");
	sleep(3);
	strcpy(m, "second");
	strcpy(m + 2 * PAGE, "second");
	if (fork() == 0)
		_exit(fsync(open("/mapped", O_RDONLY)) != 0);
	wait(&st);
	puts(st == 0 ? "synced" : "not synced");
	fflush(stdout);
	for (;;)
		pause();
}
