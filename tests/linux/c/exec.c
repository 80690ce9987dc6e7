/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static void run(const char *path, char *const argv[], char *const envp[])
{
	int st;
	fflush(stdout);
	if (fork() == 0) { execve(path, argv, envp); printf("errno %d\n", errno); fflush(stdout); _exit(9); }
	wait(&st);
	printf("-> %d\n", WEXITSTATUS(st));
}
int main(int argc, char **argv, char **envp)
{
	if (argc > 1 && !strcmp(argv[1], "child")) {
		printf("child %d", argc);
		for (int i = 2; i < argc; i++)
			printf(" [%s]", argv[i]);
		printf(" env %s fd %d", getenv("X") ? getenv("X") : "none", fcntl(5, F_GETFD) >= 0);
		printf(" fd6 %d", fcntl(6, F_GETFD) >= 0);
		struct sigaction a;
		sigaction(SIGUSR1, NULL, &a);
		sigaction(SIGUSR2, NULL, &a);
		printf(" ignored %d\n", a.sa_handler == SIG_IGN);
		for (int i = 0; envp[i]; i++)
			if (!strncmp(envp[i], "LONG=", 5))
				printf("long %zu\n", strlen(envp[i]));
		return 3;
	}
	char *self = "/proc/self/exe";
	signal(SIGUSR2, SIG_IGN);
	dup2(1, 5);
	dup2(1, 6);
	fcntl(6, F_SETFD, FD_CLOEXEC);
	run(self, (char *[]){ "me", "child", "a", "b c", "", NULL }, (char *[]){ "X=1", NULL });
	char *longenv = malloc(100005);
	memset(longenv, 'x', 100004);
	memcpy(longenv, "LONG=", 5);
	longenv[100004] = 0;
	run(self, (char *[]){ "me", "child", NULL }, (char *[]){ longenv, NULL });
	run("/nosuch", (char *[]){ "x", NULL }, (char *[]){ NULL });
	run("/etc", (char *[]){ "x", NULL }, (char *[]){ NULL });
	close(open("noexec", O_CREAT | O_WRONLY, 0600));
	run("noexec", (char *[]){ "x", NULL }, (char *[]){ NULL });
	int fd = open("junk", O_CREAT | O_WRONLY, 0755);
	write(fd, "junk", 4);
	close(fd);
	run("./junk", (char *[]){ "x", NULL }, (char *[]){ NULL });
	fd = open("trunc", O_CREAT | O_WRONLY, 0755);
	write(fd, "\177ELF\2\1\1", 7);
	close(fd);
	run("./trunc", (char *[]){ "x", NULL }, (char *[]){ NULL });
	fd = open("script", O_CREAT | O_WRONLY, 0755);
	write(fd, "#!/bin/echo opt rest\n", 21);
	close(fd);
	run("./script", (char *[]){ "zero", "one", NULL }, (char *[]){ NULL });
	char *big = malloc(200000);
	memset(big, 'y', 199999);
	big[199999] = 0;
	run(self, (char *[]){ "me", "child", big, NULL }, (char *[]){ NULL });
	return 0;
}
