/* SPDX-License-Identifier: MIT */
/*
 * Prints what is below /work: a line for each file with its type, size and a sum of its contents.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int bad;

static uint64_t sum_of(const char *path)
{
	unsigned char part[8192];
	uint64_t sum = 14695981039346656037u;
	int fd = open(path, O_RDONLY);
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, part, sizeof part)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum = (sum ^ part[i]) * 1099511628211u;
	}
	bad |= n < 0;
	close(fd);
	return sum;
}

static void walk(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	bad |= d == NULL;
	while (d != NULL && (e = readdir(d)) != NULL) {
		char below[4096], target[256] = "";
		struct stat s;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof below, "%s/%s", path, e->d_name);
		bad |= lstat(below, &s) != 0;
		if (S_ISREG(s.st_mode)) {
			printf("%s file %ld %016lx\n", below, (long)s.st_size, (unsigned long)sum_of(below));
		} else if (S_ISLNK(s.st_mode)) {
			bad |= readlink(below, target, sizeof target - 1) < 0;
			printf("%s link %s\n", below, target);
		} else {
			printf("%s directory\n", below);
			walk(below);
		}
	}
	if (d != NULL)
		closedir(d);
}

int main(void)
{
	walk("/work");
	return bad;
}
