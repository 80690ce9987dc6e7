/* SPDX-License-Identifier: MIT */
/* Times of files: what changes which, and setting them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_, errno); } while (0)

enum { OLD = 1000000 };

static const struct timespec old[2] = { { OLD, 5 }, { OLD, 7 } };

static int same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* The clock that files are marked by moves in steps. */
static void wait_a_step(void)
{
	usleep(30000);
}

static struct stat before;

static void start(const char *name)
{
	utimensat(AT_FDCWD, name, old, AT_SYMLINK_NOFOLLOW);
	lstat(name, &before);
	wait_a_step();
}

/* Which of atime, mtime and ctime are new. */
static void told(const char *what, const char *name)
{
	struct stat s;

	lstat(name, &s);
	printf("%s: %s %c%c%c\n", what, name, same(s.st_atim, before.st_atim) ? '-' : 'a', same(s.st_mtim, before.st_mtim) ? '-' : 'm',
	       same(s.st_ctim, before.st_ctim) ? '-' : 'c');
}
#define DOES(name, call) do { start(name); errno = 0; long r_ = (long)(call); int e_ = errno; printf("%ld %d ", r_, e_); told(#call, name); } while (0)

static int is_now(struct timespec t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	double ago = (double)(now.tv_sec - t.tv_sec) + (double)(now.tv_nsec - t.tv_nsec) / 1e9;
	return ago >= -0.1 && ago < 60;
}

static void making(void)
{
	struct stat s;
	int f = open("f", O_RDWR | O_CREAT, 0644);

	fstat(f, &s);
	printf("new: %d %d %d\n", is_now(s.st_atim), is_now(s.st_mtim), is_now(s.st_ctim));
	DOES("f", write(f, "text", 4));
	DOES("f", write(f, "", 0));
	DOES("f", pwrite(f, "x", 1, 100));
	DOES("f", ftruncate(f, 50));
	DOES("f", chmod("f", 0600));
	DOES("f", chown("f", 1, 1));
	DOES("f", stat("f", &s));
	DOES("f", access("f", R_OK));
	DOES("f", link("f", "g"));
	DOES("f", unlink("g"));
	DOES("f", close(open("f", O_RDONLY)));
	DOES("f", close(open("f", O_RDWR | O_TRUNC)));
	DOES("f", fsync(f));
	close(f);
}

static void directories(void)
{
	mkdir("d", 0755);
	mkdir("e", 0755);
	DOES("d", close(open("d/a", O_CREAT | O_WRONLY, 0644)));
	DOES("d", mkdir("d/sub", 0755));
	DOES("d", link("d/a", "d/b"));
	DOES("d", symlink("a", "d/s"));
	DOES("d", chmod("d/a", 0600));
	DOES("d", rename("d/b", "d/c"));
	DOES("d", unlink("d/c"));
	DOES("d", rmdir("d/sub"));
	DOES("e", rename("d/a", "e/a"));
	start("d");
	rename("e/a", "e/b");
	told("nothing", "d");
	DOES("e", unlink("e/nosuch"));
	DOES("e", mkdir("e/b", 0755));
}

/* Reading is noted when the last note is not after the last change; not where the mount says no. */
static void reading(void)
{
	struct statvfs v;
	struct stat a, b;
	char c[8];
	int f = open("r", O_RDWR | O_CREAT, 0644);

	statvfs(".", &v);
	int never = (v.f_flag & ST_NOATIME) != 0;
	E(write(f, "abc", 3));
	futimens(f, old);
	wait_a_step();
	E(pread(f, c, 3, 0));
	fstat(f, &a);
	printf("noted: %d\n", never || is_now(a.st_atim));
	printf("no change: %d\n", a.st_mtim.tv_sec == OLD);
	wait_a_step();
	E(pread(f, c, 3, 0));
	fstat(f, &b);
	printf("noted once: %d\n", never || !(v.f_flag & ST_RELATIME) || same(a.st_atim, b.st_atim));
	futimens(f, old);
	int g = open("r", O_RDONLY | O_NOATIME);
	E(read(g, c, 3));
	fstat(f, &a);
	printf("not noted: %d\n", a.st_atim.tv_sec == OLD);
	E(pread(f, c, 0, 0));
	fstat(f, &a);
	printf("nothing read: %d\n", a.st_atim.tv_sec == OLD);
	close(f);
	close(g);
}

static void print_times(const char *name)
{
	struct stat s;

	lstat(name, &s);
	for (int k = 0; k < 2; k++) {
		struct timespec t = k ? s.st_mtim : s.st_atim;

		if (is_now(t))
			printf("now ");
		else
			printf("%ld.%09ld ", (long)t.tv_sec, t.tv_nsec);
	}
	printf("ctime now %d\n", is_now(s.st_ctim));
}

static void setting(void)
{
	static const struct timespec pairs[][2] = {
		{ { 1, 999999999 }, { 2000000000, 0 } },
		{ { 0, UTIME_NOW }, { 0, UTIME_OMIT } },
		{ { 0, UTIME_OMIT }, { 3, 3 } },
		{ { 5, UTIME_NOW }, { 5, UTIME_NOW } },
		{ { 9, 1000000000 }, { 0, 0 } },
		{ { 9, -1 }, { 0, 0 } },
		{ { 0, 0 }, { 0, 1 << 30 } },
		{ { -1, 0 }, { -86400, 5 } },
	};
	struct timeval us[2] = { { 10, 20 }, { 30, 999999 } }, bad[2] = { { 10, 20 }, { 30, 1000000 } };
	struct utimbuf seconds = { 111, 222 };

	close(open("t", O_CREAT | O_WRONLY, 0644));
	symlink("t", "l");
	for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		E(utimensat(AT_FDCWD, "t", pairs[i], 0));
		print_times("t");
	}
	const struct timespec omit[2] = { { 7, UTIME_OMIT }, { 7, UTIME_OMIT } };
	DOES("t", utimensat(AT_FDCWD, "t", omit, 0));
	DOES("t", utimensat(AT_FDCWD, "t", old, 0));
	E(utimensat(AT_FDCWD, "nosuch", omit, 0));
	E(utimensat(AT_FDCWD, "nosuch", old, 0));
	E(utimensat(AT_FDCWD, "t", old, 0x10000));
	E(utimensat(AT_FDCWD, "t", NULL, 0));
	print_times("t");
	E(utimensat(AT_FDCWD, "l", old, AT_SYMLINK_NOFOLLOW));
	print_times("l");
	print_times("t");
	E(utimensat(AT_FDCWD, "l", pairs[0], 0));
	print_times("l");
	print_times("t");
	E(utimes("t", us));
	print_times("t");
	E(utimes("t", bad));
	E(lutimes("l", us));
	print_times("l");
	E(utime("t", &seconds));
	print_times("t");
	int f = open("t", O_RDONLY);
	E(futimens(f, old));
	print_times("t");
	E(futimes(f, us));
	print_times("t");
	E(futimens(-1, old));
	close(f);
	f = open("t", O_PATH);
	E(futimens(f, old));
	close(f);
}

/* Others than the owner: now, if they may write; else nothing. */
static void others(void)
{
	static const struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } }, half[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };

	chmod(".", 0777);
	for (const char *n = "wr"; *n; n++) {
		char name[2] = { *n == 'w' ? 'W' : 'R', 0 };

		close(open(name, O_CREAT | O_WRONLY, 0644));
		chmod(name, *n == 'w' ? 0666 : 0644);
	}
	fflush(stdout);
	pid_t p = fork();
	if (p == 0) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		E(utimensat(AT_FDCWD, "W", NULL, 0));
		E(utimensat(AT_FDCWD, "W", now, 0));
		E(utimensat(AT_FDCWD, "W", half, 0));
		E(utimensat(AT_FDCWD, "W", old, 0));
		E(utimensat(AT_FDCWD, "R", NULL, 0));
		E(utimensat(AT_FDCWD, "R", now, 0));
		E(utimensat(AT_FDCWD, "R", half, 0));
		E(utimensat(AT_FDCWD, "R", old, 0));
		E(open("R", O_RDONLY | O_NOATIME));
		fflush(stdout);
		_exit(0);
	}
	waitpid(p, NULL, 0);
}

int main(void)
{
	umask(022);
	making();
	directories();
	reading();
	setting();
	others();
	return 0;
}
