/* SPDX-License-Identifier: MIT */
/* execve from a thread that is not the first: the others end, it gets the process's number. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void *spin(void *arg)
{
	(void)arg;
	for (;;)
		;
	return NULL;
}
static void *sleeper(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}
static void *run(void *arg)
{
	(void)arg;
	usleep(20000);
	printf("first %d\n", syscall(SYS_gettid) == getpid());
	fflush(stdout);
	execl("/proc/self/exe", "x", "again", (char *)NULL);
	_exit(1);
}
int main(int argc, char **argv)
{
	char parent[16];
	pthread_t t;
	int status;
	(void)argv;
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc > 1) {
		printf("first %d, parent kept %d\n", syscall(SYS_gettid) == getpid(), getppid() == atoi(getenv("PARENT")));
		return 42;
	}
	sprintf(parent, "%d", getpid());
	setenv("PARENT", parent, 1);
	pid_t p = fork();
	if (p == 0) {
		pthread_create(&t, NULL, spin, NULL);
		pthread_create(&t, NULL, sleeper, NULL);
		pthread_create(&t, NULL, run, NULL);
		for (;;)
			pause();
	}
	waitpid(p, &status, 0);
	printf("status %d\n", WEXITSTATUS(status));
	p = fork();
	if (p == 0) {
		pthread_create(&t, NULL, spin, NULL);
		pthread_create(&t, NULL, sleeper, NULL);
		usleep(1000);
		exit(7);
	}
	waitpid(p, &status, 0);
	printf("status %d\n", WEXITSTATUS(status));
	return 0;
}
