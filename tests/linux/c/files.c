/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); } while (0)
int main(void)
{
	char b[100];
	struct stat st;
	int fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0644);
	E(open("f", O_CREAT | O_EXCL, 0644));
	E(write(fd, "0123456789", 10));
	E(lseek(fd, -3, SEEK_END));
	E(read(fd, b, 10));
	E(pread(fd, b, 4, 2));
	E(pwrite(fd, "XY", 2, 20));
	E(fstat(fd, &st));
	printf("size %ld blocks>0 %d\n", (long)st.st_size, st.st_blocks > 0);
	E(lseek(fd, -100, SEEK_SET));
	E(ftruncate(fd, 5));
	E(ftruncate(fd, -1));
	E(lseek(fd, 0, SEEK_END));
	struct iovec v[2] = { { "ab", 2 }, { "cde", 3 } };
	E(writev(fd, v, 2));
	E(readv(99, v, 2));
	int ap = open("f", O_WRONLY | O_APPEND);
	E(write(ap, "END", 3));
	E(pread(fd, b, 20, 8));
	printf("%.5s\n", b);
	E(read(ap, b, 1));
	E(write(open("f", O_RDONLY), b, 1));
	E(read(fd, (void *)16, 10));
	E(write(fd, (void *)16, 10));
	E(open((void *)16, O_RDONLY));
	E(open("", O_RDONLY));
	E(mkdir("d", 0755));
	E(mkdir("d", 0755));
	E(open("d", O_WRONLY));
	E(rmdir("f"));
	E(unlink("d"));
	E(link("f", "g"));
	E(link("d", "h"));
	E(rename("g", "d"));
	E(rename("d", "f"));
	E(rename("d", "d/x"));
	E(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 1));
	E(symlink("f", "s"));
	E(readlink("s", b, 100));
	E(readlink("f", b, 100));
	E(open("s", O_RDONLY | O_NOFOLLOW));
	E(access("f", R_OK | W_OK));
	E(access("f", X_OK) == 0 ? 1 : errno);
	E(chmod("f", 0111));
	E(stat("nosuch", &st));
	E(stat("f/x", &st));
	E(fchmodat(AT_FDCWD, "f", 0600, 0));
	int dir = open("d", O_RDONLY | O_DIRECTORY);
	E(close(openat(dir, "in", O_CREAT | O_WRONLY, 0600)));
	E(faccessat(dir, "in", F_OK, 0));
	E(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
	E(unlinkat(dir, "in", 0));
	E(fstatat(dir, "", &st, AT_EMPTY_PATH));
	printf("dir %d\n", S_ISDIR(st.st_mode));
	E(open("f", O_RDONLY | O_DIRECTORY));
	E(dup2(fd, fd));
	E(dup2(99, 5));
	E(dup3(fd, fd, 0));
	E(fcntl(fd, F_DUPFD, 50));
	E(fcntl(50, F_GETFD));
	E(fcntl(fd, F_DUPFD_CLOEXEC, 60));
	E(fcntl(60, F_GETFD));
	E(fcntl(fd, F_GETFL) & O_ACCMODE);
	E(close(60));
	E(close(60));
	E(fsync(fd));
	E(fallocate(fd, 0, 0, 100000));
	E(fstat(fd, &st));
	printf("size %ld\n", (long)st.st_size);
	struct flock lk = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	E(fcntl(fd, F_SETLK, &lk));
	DIR *dp = opendir(".");
	int n = 0;
	while (readdir(dp))
		n++;
	printf("entries %d\n", n);
	E(chdir("d"));
	E(chdir("nosuch"));
	E(fchdir(fd));
	E(getcwd(b, 3) == NULL);
	E(truncate("../f", 3));
	E(stat("../f", &st));
	printf("size %ld links %d\n", (long)st.st_size, (int)st.st_nlink);
	char longpath[5000];
	memset(longpath, 'a', 4999);
	longpath[4999] = 0;
	E(open(longpath, O_RDONLY));
	longpath[300] = 0;
	E(open(longpath, O_RDONLY));
	return 0;
}
