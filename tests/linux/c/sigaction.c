/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
static sigjmp_buf back;
static volatile int count;
static void on(int s) { count++; printf("handler %d\n", s == SIGUSR1); }
static void info(int s, siginfo_t *si, void *uc)
{
	(void)uc;
	printf("info %d code %d pid %d\n", s == SIGUSR2, si->si_code, si->si_pid == getpid());
}
static void segv(int s, siginfo_t *si, void *uc)
{
	(void)uc;
	printf("fault %d code %d addr %lx\n", s, si->si_code, (long)si->si_addr);
	siglongjmp(back, 1);
}
static void skip(int s, siginfo_t *si, void *uc)
{
	(void)s, (void)si;
	((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP] += 2;
	count = 42;
}
int main(void)
{
	struct sigaction sa = { .sa_handler = on };
	setvbuf(stdout, NULL, _IONBF, 0);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	sigset_t set, old, pend;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGUSR1);
	raise(SIGUSR1);
	sigpending(&pend);
	printf("pending %d count %d\n", sigismember(&pend, SIGUSR1), count);
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("count %d\n", count);
	struct sigaction si = { .sa_sigaction = info, .sa_flags = SA_SIGINFO | SA_RESETHAND };
	sigaction(SIGUSR2, &si, NULL);
	kill(getpid(), SIGUSR2);
	sigaction(SIGUSR2, NULL, &sa);
	printf("reset %d\n", sa.sa_handler == SIG_DFL);
	struct sigaction sf = { .sa_sigaction = segv, .sa_flags = SA_SIGINFO };
	sigaction(SIGSEGV, &sf, NULL);
	sigaction(SIGBUS, &sf, NULL);
	sigaction(SIGFPE, &sf, NULL);
	if (!sigsetjmp(back, 1))
		*(volatile int *)0x1234 = 1;
	char *ro = mmap((void *)0x20000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (!sigsetjmp(back, 1))
		ro[16] = 1;
	sf.sa_sigaction = skip;
	sigaction(SIGILL, &sf, NULL);
	__asm__ volatile("ud2");
	printf("skipped %d\n", count);
	sigset_t empty;
	sigemptyset(&empty);
	R("bad %d %d\n", sigaction(SIGKILL, &sa, NULL), errno == EINVAL);
	printf("kill0 %d\n", kill(getpid(), 0));
	return 0;
}
