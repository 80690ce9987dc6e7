/* SPDX-License-Identifier: MIT */
/* Calls that take a directory, their flags, and descriptors that are only places. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); } while (0)

struct how {
	unsigned long long flags, mode, resolve;
};

static long openat2(int dir, const char *name, unsigned long long flags, unsigned long long resolve)
{
	struct how h = { flags, 0, resolve };

	return syscall(437, dir, name, &h, sizeof h);
}

int main(void)
{
	char b[64] = "";
	struct stat s;

	mkdir("d", 0755);
	int d = open("d", O_RDONLY | O_DIRECTORY), p = open("d", O_PATH), f;

	E(openat(d, "f", O_CREAT | O_EXCL | O_WRONLY, 0600) >= 0);
	E(openat(p, "f", O_RDONLY) >= 0);
	E(openat(99, "f", O_RDONLY));
	E(openat(99, "/", O_RDONLY) >= 0);
	f = openat(d, "f", O_RDWR);
	E(openat(f, "x", O_RDONLY));
	E(openat(d, "", O_RDONLY));
	E(mkdirat(d, "e", 0700));
	E(mkdirat(d, "e", 0700));
	E(mkdirat(f, "e", 0700));
	E(symlinkat("f", d, "l"));
	E(readlinkat(d, "l", b, sizeof b));
	E(readlinkat(d, "f", b, sizeof b));
	E(linkat(d, "f", d, "h", 0));
	E(linkat(d, "l", AT_FDCWD, "ll", 0));
	E(linkat(d, "l", AT_FDCWD, "lf", AT_SYMLINK_FOLLOW));
	E(fstatat(AT_FDCWD, "ll", &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode));
	E(fstatat(AT_FDCWD, "lf", &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(s.st_mode) && s.st_nlink == 3);
	E(linkat(f, "", d, "by-fd", AT_EMPTY_PATH));
	E(linkat(d, "f", d, "h", 0x40000));
	E(renameat(d, "h", AT_FDCWD, "moved"));
	E(renameat(d, "nothing", d, "x"));
	E(unlinkat(d, "e", 0));
	E(unlinkat(d, "f", AT_REMOVEDIR));
	E(unlinkat(d, "e", AT_REMOVEDIR));
	E(unlinkat(d, "by-fd", 0));
	E(unlinkat(d, "l", 0x8000));
	E(fchmodat(d, "f", 0640, 0));
	E(fchownat(d, "f", 5, 6, 0));
	E(fchownat(d, "l", 7, 8, AT_SYMLINK_NOFOLLOW));
	E(fchownat(f, "", 9, -1, AT_EMPTY_PATH));
	fstatat(d, "f", &s, 0);
	printf("%o %u %u\n", s.st_mode & 07777, s.st_uid, s.st_gid);
	fstatat(d, "l", &s, AT_SYMLINK_NOFOLLOW);
	printf("%u %u\n", s.st_uid, s.st_gid);
	E(faccessat(d, "f", R_OK | W_OK, 0));
	E(faccessat(d, "f", X_OK, 0));
	E(faccessat(d, "l", F_OK, AT_SYMLINK_NOFOLLOW));
	E(faccessat(d, "f", 8, 0));
	E(fstatat(f, "", &s, AT_EMPTY_PATH) == 0 && s.st_size == 0);
	E(fstatat(f, "", &s, 0));
	E(fstatat(d, "f", &s, 0x10000));
	E(fchdir(p));
	E(access("f", F_OK));
	E(fchdir(f));
	E(chdir(".."));
	E(read(p, b, 1));
	E(fchmod(p, 0755));
	E(ftruncate(open("d/f", O_PATH), 0));
	E(fcntl(p, F_GETFL) & O_PATH);
	E(dup(p) >= 0);
	E(open("d/l", O_PATH | O_NOFOLLOW) >= 0);
	E(open("d/l", O_RDONLY | O_NOFOLLOW));
	E(open("d", O_RDONLY | O_NOFOLLOW) >= 0);
	E(open("d/f", O_RDONLY | O_DIRECTORY));
	E(open("d/f/", O_RDONLY));
	E(open("d/new/", O_RDWR | O_CREAT, 0600));
	E(open("d", O_RDWR | O_CREAT, 0600));
	E(open("d", O_TMPFILE | O_RDWR, 0600) >= 0);
	E(openat2(d, "f", O_RDONLY, 0) >= 0);
	E(openat2(d, "../moved", O_RDONLY, 8));
	E(openat2(d, "l", O_RDONLY, 4));
	E(openat2(d, "f", 1ull << 40, 0));
	E(utimensat(d, "f", (struct timespec[2]){ { 1, 2 }, { 3, UTIME_OMIT } }, 0));
	E(utimensat(d, "f", (struct timespec[2]){ { 1, 1000000000 }, { 3, 0 } }, 0));
	fstatat(d, "f", &s, 0);
	printf("%ld.%ld\n", (long)s.st_atim.tv_sec, s.st_atim.tv_nsec);
	E(rmdir("d/."));
	E(rmdir("d/.."));
	E(rmdir("/"));
	E(mkdir("/", 0700));
	E(mkdir("d/x/", 0700));
	E(symlink("", "empty"));
	E(unlink("d/x/"));
	E(rename("d/x/", "d/y/"));
	E(rename("d/f", "d/z/"));
	return 0;
}
