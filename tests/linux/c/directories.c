/* SPDX-License-Identifier: MIT */
/* Directories while they are read and changed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); } while (0)

enum { MANY = 700 };

static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n;
}

int main(void)
{
	char name[300];
	struct dirent **list, *e;
	struct stat s;
	int n, seen = 0;

	mkdir("d", 0755);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "d/a-file-with-a-name-%d", i);
		close(open(name, O_WRONLY | O_CREAT, 0600));
	}
	E(entries("d"));
	DIR *d = opendir("d");
	for (int i = 0; i < 100; i++)
		readdir(d);
	long at = telldir(d);
	e = readdir(d);
	strcpy(name, e->d_name);
	for (int i = 0; i < 100; i++)
		readdir(d);
	seekdir(d, at);
	e = readdir(d);
	E(strcmp(name, e->d_name));
	rewinddir(d);
	while (readdir(d) != NULL)
		seen++;
	E(seen);
	E(readdir(d) == NULL);
	/* Each is deleted as soon as it was read: all go, none is left. */
	rewinddir(d);
	seen = 0;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		seen++;
		unlinkat(dirfd(d), e->d_name, 0);
	}
	E(seen);
	E(entries("d"));
	closedir(d);
	mkdir("d/sub", 0755);
	symlink("sub", "d/link");
	mkfifo("d/fifo", 0600);
	close(open("d/file", O_WRONLY | O_CREAT, 0600));
	n = scandir("d", &list, NULL, compare);
	for (int i = 0; i < n; i++) {
		printf("%s %d", list[i]->d_name, list[i]->d_type);
		fstatat(AT_FDCWD, "d", &s, 0);
		if (strcmp(list[i]->d_name, ".") == 0)
			printf(" %d", list[i]->d_ino == s.st_ino);
		printf("\n");
	}
	stat("d", &s);
	E(s.st_nlink);
	E(mkdir("d/sub/deep", 0700));
	stat("d/sub", &s);
	E(s.st_nlink);
	E(rmdir("d/sub"));
	E(rmdir("d/sub/deep"));
	d = opendir("d/sub");
	E(rmdir("d/sub"));
	E(readdir(d) == NULL);
	E(openat(dirfd(d), "x", O_WRONLY | O_CREAT, 0600));
	E(mkdirat(dirfd(d), "x", 0700));
	fstat(dirfd(d), &s);
	E(s.st_nlink);
	E(fchdir(dirfd(d)));
	E(getcwd(name, sizeof name) == NULL);
	E(open("..", O_RDONLY) >= 0);
	E(chdir("/w"));
	closedir(d);
	E(opendir("nosuch") == NULL);
	E(read(open("/w", O_RDONLY), name, 1));
	E(write(open("/w", O_RDONLY), name, 1));
	E(lseek(open("/w", O_RDONLY), 0, SEEK_SET));
	memset(name, 'n', 299);
	name[255] = 0;
	E(mkdir(name, 0700));
	E(rmdir(name));
	name[255] = 'n';
	name[256] = 0;
	E(mkdir(name, 0700));
	char *path = malloc(5000);
	memset(path, '/', 5000);
	path[4095] = 0;
	E(chdir(path));
	path[4095] = '/';
	path[4096] = 0;
	E(chdir(path));
	E(mkdir("", 0700));
	E(rmdir(""));
	E(unlink("/proc"));
	E(rmdir("/proc"));
	E(rename("/proc", "/v"));
	return 0;
}
