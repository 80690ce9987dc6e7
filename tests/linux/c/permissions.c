/* SPDX-License-Identifier: MIT */
/* What files allow whom: every mode, for the owner, the group, and others; and who is nobody's root. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); } while (0)

enum { OWNER = 10 };

static int result(int r)
{
	return r < 0 ? errno : 0;
}

static int try_open(const char *name, int flags)
{
	int f = open(name, flags);

	if (f < 0)
		return errno;
	close(f);
	return 0;
}

/* As user u with group g: what can be done with f. */
static void as(uid_t u, gid_t g, gid_t more)
{
	fflush(stdout);
	pid_t p = fork();

	if (p == 0) {
		setgroups(more != 0, &more);
		setgid(g);
		setuid(u);
		printf(" %u/%u:%d,%d,%d,%d,%d", u, g, try_open("d/f", O_RDONLY), try_open("d/f", O_WRONLY), result(access("d/f", X_OK)),
		       result(chmod("d/f", 0600)), result(truncate("d/f", 1)));
		fflush(stdout);
		_exit(0);
	}
	waitpid(p, NULL, 0);
}

static void directory(mode_t mode, uid_t u)
{
	chmod("d", mode);
	fflush(stdout);
	pid_t p = fork();

	if (p == 0) {
		struct stat s;

		setgroups(0, NULL);
		setgid(u);
		setuid(u);
		printf("d %04o %u: %d", mode, u, result(stat("d/f", &s)));
		printf(" %d", try_open("d", O_RDONLY));
		printf(" %d", try_open("d/f", O_RDONLY));
		printf(" %d", result(rename("d/mine", "d/x")));
		printf(" %d", result(unlink("d/f")));
		printf(" %d", result(mkdir("d/new", 0700)));
		/* Linux may protect links to files of others, or not. */
		printf(" %d", u == OWNER ? result(link("d/f", "d/l")) : 0);
		printf(" %d\n", result(chdir("d")));
		fflush(stdout);
		_exit(0);
	}
	waitpid(p, NULL, 0);
	rmdir("d/new");
	rename("d/x", "d/mine");
	unlink("d/l");
	close(open("d/f", O_WRONLY | O_CREAT, 0644));
	chown("d/f", OWNER, OWNER);
}

int main(void)
{
	struct stat s;

	mkdir("d", 0755);
	close(open("d/f", O_WRONLY | O_CREAT, 0644));
	chown("d/f", 10, 20);
	for (mode_t m = 0; m < 0777; m += 0123) {
		chmod("d/f", m);
		printf("%03o", m);
		as(10, 99, 0);
		chmod("d/f", m);
		as(11, 20, 0);
		chmod("d/f", m);
		as(11, 99, 20);
		chmod("d/f", m);
		as(11, 99, 0);
		printf("\n");
	}
	close(open("d/mine", O_WRONLY | O_CREAT, 0644));
	chown("d/mine", 10, 10);
	chown("d", 0, 0);
	directory(0755, 10);
	directory(0777, 10);
	directory(01777, 10);
	directory(01777, 11);
	directory(0711, 10);
	directory(0744, 10);
	directory(0700, 10);
	chmod("d", 0755);
	chmod("d/f", 06755);
	chown("d/f", 10, 20);
	E(stat("d/f", &s) == 0 && (s.st_mode & 07000) != 0);
	chmod("d/f", 06755);
	fflush(stdout);
	if (fork() == 0) {
		setgid(20);
		setuid(10);
		int f = open("d/f", O_WRONLY);
		E(write(f, "x", 1));
		E(fstat(f, &s) == 0 && (s.st_mode & 07000) != 0);
		E(chmod("d/f", 02644));
		E(stat("d/f", &s) == 0 && (s.st_mode & S_ISGID));
		E(chown("d/f", 10, 20));
		E(chown("d/f", 10, 30));
		E(chown("d/f", 11, -1));
		E(setuid(0));
		E(seteuid(0));
		E(setgroups(0, NULL));
		E(chroot("."));
		E(mknod("n", S_IFCHR, 0));
		E(nice(-5));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	mkdir("g", 0777);
	chown("g", 5, 6);
	chmod("g", 02777);
	close(open("g/f", O_WRONLY | O_CREAT, 0666));
	mkdir("g/d", 0777);
	E(stat("g/f", &s) == 0 && s.st_gid == 6);
	E(stat("g/d", &s) == 0 && s.st_gid == 6 && (s.st_mode & S_ISGID));
	umask(0);
	E(close(open("g/all", O_WRONLY | O_CREAT, 07777)));
	E(stat("g/all", &s) == 0 ? s.st_mode & 07777 : 0);
	seteuid(10);
	E(access("/root", R_OK));
	E(faccessat(AT_FDCWD, "/root", R_OK, AT_EACCESS));
	E(open("/root", O_RDONLY));
	seteuid(0);
	E(open("/root", O_RDONLY) >= 0);
	return 0;
}
