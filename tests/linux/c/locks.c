/* SPDX-License-Identifier: MIT */
/* Locks on files: of processes, of open files, on whole files. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); fflush(stdout); } while (0)

static int lock(int f, int command, int type, off_t from, off_t n)
{
	struct flock l = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = from, .l_len = n };

	return fcntl(f, command, &l);
}

static void ask(int f, int command, off_t from, off_t n)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = n };
	int r = fcntl(f, command, &l);

	printf("%d: type %d from %ld for %ld, somebody %d\n", r, l.l_type, (long)l.l_start, (long)l.l_len, l.l_type == F_UNLCK ? 0 : l.l_pid == getppid() ? 1 : l.l_pid == -1 ? 2 : 3);
	fflush(stdout);
}

static void child(void (*what)(int), int f)
{
	fflush(stdout);
	pid_t p = fork();

	if (p == 0) {
		what(f);
		fflush(stdout);
		_exit(0);
	}
	waitpid(p, NULL, 0);
}

static void others(int f)
{
	E(lock(f, F_SETLK, F_WRLCK, 0, 10));
	E(lock(f, F_SETLK, F_RDLCK, 0, 10));
	E(lock(f, F_SETLK, F_WRLCK, 10, 10));
	E(lock(f, F_SETLK, F_RDLCK, 25, 2));
	E(lock(f, F_SETLK, F_WRLCK, 25, 2));
	ask(f, F_GETLK, 0, 100);
	ask(f, F_GETLK, 50, 1);
	ask(f, F_OFD_GETLK, 0, 100);
}

static void wait_for_lock(int f)
{
	signal(SIGALRM, SIG_DFL);
	E(lock(f, F_SETLKW, F_WRLCK, 0, 0));
	E(lock(f, F_SETLK, F_UNLCK, 0, 0));
}

static void none(int n)
{
	(void)n;
}

static void interrupted(int f)
{
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = none }, NULL);
	alarm(1);
	E(lock(f, F_SETLKW, F_WRLCK, 0, 10));
	alarm(1);
	E(flock(open("g", O_RDWR), LOCK_EX));
}

int main(void)
{
	int f = open("f", O_RDWR | O_CREAT, 0600), g = open("g", O_RDWR | O_CREAT, 0600), p[2], q[2];
	char c;

	E(lock(f, F_SETLK, F_WRLCK, 0, 10));
	E(lock(f, F_SETLK, F_RDLCK, 20, 10));
	E(lock(f, F_SETLK, F_WRLCK, 5, 10));
	E(lock(f, F_SETLK, F_UNLCK, 7, 3));
	child(others, f);
	E(flock(g, LOCK_EX));
	E(flock(open("g", O_RDWR), LOCK_EX | LOCK_NB));
	E(flock(dup(g), LOCK_EX | LOCK_NB));
	E(flock(g, LOCK_SH));
	E(flock(open("g", O_RDONLY), LOCK_SH | LOCK_NB));
	E(flock(g, LOCK_UN | LOCK_SH));
	E(flock(99, LOCK_SH));
	E(flock(g, LOCK_EX | LOCK_NB));
	child(interrupted, f);
	E(lock(f, F_SETLK, 77, 0, 1));
	E(lock(f, F_SETLK, F_RDLCK, -1, 1));
	E(lock(f, F_SETLK, F_RDLCK, 10, -5));
	E(lock(open("f", O_RDONLY), F_SETLK, F_WRLCK, 0, 1));
	/* Closing any descriptor of the file frees all. */
	close(open("f", O_RDONLY));
	child(others, f);
	E(lock(f, F_OFD_SETLK, F_WRLCK, 0, 10));
	E(lock(open("f", O_RDWR), F_OFD_SETLK, F_WRLCK, 5, 1));
	E(lock(f, F_SETLK, F_WRLCK, 5, 1));
	close(open("f", O_RDONLY));
	child(others, f);
	E(lock(f, F_OFD_SETLK, F_UNLCK, 0, 0));
	/* A deadlock is noticed. */
	pipe(p);
	pipe(q);
	E(lock(f, F_SETLK, F_WRLCK, 0, 1));
	fflush(stdout);
	pid_t k = fork();
	if (k == 0) {
		lock(f, F_SETLK, F_WRLCK, 1, 1);
		write(p[1], "x", 1);
		_exit(lock(f, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 3 : 4);
	}
	read(p[0], &c, 1);
	usleep(200000);
	E(lock(f, F_SETLKW, F_WRLCK, 1, 1));
	E(lock(f, F_SETLK, F_UNLCK, 0, 0));
	int st;
	waitpid(k, &st, 0);
	printf("%d\n", WEXITSTATUS(st));
	/* Who waits gets it when it is freed, also by an end. */
	fflush(stdout);
	k = fork();
	if (k == 0) {
		lock(f, F_SETLK, F_WRLCK, 0, 0);
		write(q[1], "x", 1);
		usleep(200000);
		_exit(0);
	}
	read(q[0], &c, 1);
	wait_for_lock(f);
	waitpid(k, NULL, 0);
	E(lockf(f, F_LOCK, 5));
	E(lockf(f, F_TEST, 5));
	E(lockf(f, F_ULOCK, 5));
	return 0;
}
