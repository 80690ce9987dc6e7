/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
int main(void)
{
	uid_t r, e, s;
	printf("%d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
	printf("ppid %d pgrp %d\n", getppid() > 0, getpgrp() > 0);
	fflush(stdout);
	if (fork() == 0) {
		gid_t g[2] = { 5, 6 };
		printf("groups %d %d\n", setgroups(2, g), getgroups(0, NULL));
		printf("setresgid %d setuid %d\n", setresgid(7, 7, 7), setresuid(1000, 1000, 0));
		getresuid(&r, &e, &s);
		printf("%d %d %d\n", r, e, s);
		printf("back %d %d\n", seteuid(0), geteuid());
		printf("down %d", setuid(1000));
		R(" no way %d %d\n", setuid(0), errno == EPERM);
		R("kill init %d %d\n", kill(1, 0), errno == EPERM);
		R("chown %d %d\n", chown("/etc/passwd", 1000, 1000), errno == EPERM);
		R("open %d %d\n", open("/etc/passwd", O_WRONLY), errno == EACCES);
		R("nice %d %d\n", setpriority(PRIO_PROCESS, 0, -5), errno == EACCES || errno == EPERM);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	fflush(stdout);
	if (fork() == 0) {
		printf("setsid %d", setsid() == getpid());
		printf(" %d %d\n", getsid(0) == getpid(), getpgrp() == getpid());
		R("again %d %d\n", setsid(), errno == EPERM);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	struct rlimit rl = { 100, 200 };
	printf("rlimit %d", setrlimit(RLIMIT_NOFILE, &rl));
	getrlimit(RLIMIT_NOFILE, &rl);
	printf(" %d %d\n", (int)rl.rlim_cur, (int)rl.rlim_max);
	int n = 0;
	while (dup(1) >= 0)
		n++;
	R("until %d %d\n", n, errno == EMFILE);
	struct utsname u;
	uname(&u);
	printf("%s %s\n", u.sysname, u.machine);
	struct rusage ru;
	printf("rusage %d\n", getrusage(RUSAGE_SELF, &ru));
	printf("pages %ld clk %ld\n", sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK));
	printf("cpus %d\n", sysconf(_SC_NPROCESSORS_ONLN) >= 1);
	printf("umask %o", umask(027));
	printf(" %o\n", umask(022));
	return 0;
}
