/* SPDX-License-Identifier: MIT */
/*
 * Makes changes durable one at a time, and says before each kind which it is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TIMES = 40 };

static void begin(const char *what)
{
	char byte;

	sync();
	printf("%s %d\n", what, TIMES);
	fflush(stdout);
	(void)!read(0, &byte, 1);
}

int main(void)
{
	static char page[4096], name[32];
	int fd = open("/work/file", O_CREAT | O_RDWR, 0644), bad = 0;

	for (int i = 0; i < 16; i++)
		bad |= write(fd, page, sizeof page) != sizeof page;
	begin("overwrite, fdatasync");
	for (int i = 0; i < TIMES; i++) {
		memset(page, i, sizeof page);
		bad |= pwrite(fd, page, sizeof page, i % 16 * 4096) != sizeof page;
		bad |= fdatasync(fd);
	}
	begin("overwrite, fsync");
	for (int i = 0; i < TIMES; i++) {
		bad |= pwrite(fd, page, sizeof page, i % 16 * 4096) != sizeof page;
		bad |= fsync(fd);
	}
	begin("append 100 bytes, fsync");
	lseek(fd, 0, SEEK_END);
	for (int i = 0; i < TIMES; i++)
		bad |= write(fd, page, 100) != 100 || fsync(fd) != 0;
	close(fd);
	begin("new file, fsync");
	for (int i = 0; i < TIMES; i++) {
		sprintf(name, "/work/new%d", i);
		fd = open(name, O_CREAT | O_RDWR, 0644);
		bad |= write(fd, page, 100) != 100 || fsync(fd) != 0;
		close(fd);
	}
	begin("nothing, fsync");
	fd = open("/work/file", O_RDWR);
	for (int i = 0; i < TIMES; i++)
		bad |= fsync(fd);
	begin("end");
	return bad != 0;
}
