/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static char stack[65536];
static sigjmp_buf back;
static void on(int s, siginfo_t *si, void *uc)
{
	char here;
	(void)s, (void)si, (void)uc;
	stack_t now;
	sigaltstack(NULL, &now);
	printf("on alternate %d flags %d\n", &here >= stack && &here < stack + sizeof stack, now.ss_flags == SS_ONSTACK);
	siglongjmp(back, 1);
}
static int deep(int n) { volatile char pad[4096]; memset((char *)pad, n, sizeof pad); return n ? deep(n + 1) + pad[3] : 0; }
int main(void)
{
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
	printf("set %d\n", sigaltstack(&ss, NULL));
	struct sigaction sa = { .sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigaction(SIGSEGV, &sa, NULL);
	if (!sigsetjmp(back, 1))
		printf("%d\n", deep(1));
	puts("survived an overflow of the stack");
	ss.ss_size = 10;
	printf("small %d\n", sigaltstack(&ss, NULL));
	return 0;
}
