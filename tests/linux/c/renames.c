/* SPDX-License-Identifier: MIT */
/* rename: every kind of name over every other, with each flag. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const kinds[] = { "none", "file", "link", "empty", "full", "same", "dangling" };

static void make(const char *kind, const char *name)
{
	char below[64];

	if (strcmp(kind, "file") == 0)
		close(open(name, O_CREAT | O_WRONLY, 0600));
	else if (strcmp(kind, "link") == 0)
		symlink("/", name);
	else if (strcmp(kind, "dangling") == 0)
		symlink("nowhere", name);
	else if (strcmp(kind, "same") == 0)
		link("base", name);
	else if (strcmp(kind, "empty") == 0 || strcmp(kind, "full") == 0)
		mkdir(name, 0700);
	snprintf(below, sizeof below, "%s/in", name);
	if (strcmp(kind, "full") == 0)
		mkdir(below, 0700);
}

static char kind_of(const char *name)
{
	struct stat s;

	if (lstat(name, &s) != 0)
		return '-';
	return S_ISDIR(s.st_mode) ? s.st_nlink > 2 ? 'D' : 'd' : S_ISLNK(s.st_mode) ? 'l' : s.st_nlink > 1 ? 'h' : 'f';
}

static void clean(const char *name)
{
	char below[64];

	snprintf(below, sizeof below, "%s/in", name);
	rmdir(below);
	if (rmdir(name) != 0)
		unlink(name);
}

int main(void)
{
	for (unsigned flags = 0; flags < 4; flags++) {
		for (unsigned i = 0; i < 7; i++) {
			for (unsigned j = 0; j < 7; j++) {
				close(open("base", O_CREAT | O_WRONLY, 0600));
				make(kinds[i], "a");
				make(kinds[j], "b");
				long r = syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", flags);
				printf("%u %s over %s: %d, then %c %c\n", flags, kinds[i], kinds[j], r == 0 ? 0 : errno, kind_of("a"), kind_of("b"));
				clean("a");
				clean("b");
				clean("base");
			}
		}
	}
	mkdir("d", 0700);
	mkdir("d/e", 0700);
	printf("%d", rename("d", "d/e/f") == 0 ? 0 : errno);
	printf(" %d", rename("d/e", "d") == 0 ? 0 : errno);
	printf(" %d", rename("d/e/.", "x") == 0 ? 0 : errno);
	printf(" %d", rename("d/e/..", "x") == 0 ? 0 : errno);
	printf(" %d", rename("d", ".") == 0 ? 0 : errno);
	printf(" %d", syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "d/e", 2) == 0 ? 0 : errno);
	printf(" %d\n", syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "x", 8) == 0 ? 0 : errno);
	chdir("d/e");
	rename("../../d", "../../moved");
	printf("%d %c\n", open("../new", O_CREAT | O_WRONLY, 0600) >= 0, kind_of("../../moved/new"));
	return 0;
}
