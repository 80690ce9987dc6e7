/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static void child(void (*f)(void))
{
	int st;
	fflush(stdout);
	if (fork() == 0) { f(); _exit(0); }
	wait(&st);
	printf("signal %d exit %d\n", WIFSIGNALED(st) ? WTERMSIG(st) : 0, WIFEXITED(st) ? WEXITSTATUS(st) : -1);
}
static void null(void) { *(volatile char *)0 = 1; }
static void jump(void) { ((void (*)(void))0x10)(); }
static void kernel(void) { *(volatile char *)0xffffffff80000000 = 1; }
static void canon(void) { *(volatile char *)0x8000000000000000 = 1; }
static void divide(void) { volatile int z = 0; z = 1 / z; }
static void illegal(void) { __asm__ volatile("ud2"); }
static void privileged(void) { __asm__ volatile("hlt"); }
static void port(void) { __asm__ volatile("outb %%al, $0x80" ::: "memory"); }
static void brk3(void) { __asm__ volatile("int3"); }
static void int80(void) { __asm__ volatile("int $0x42"); }
static void noexec(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*p = (char)0xc3;
	((void (*)(void))p)();
}
static void ab(void) { abort(); }
static void badsp(void) { __asm__ volatile("mov $0x100, %%rsp\n push %%rax" ::: "memory"); }
static void align(void) { __asm__ volatile("movaps 1(%%rsp), %%xmm0" ::: "memory"); }
int main(void)
{
	void (*f[])(void) = { null, jump, kernel, canon, divide, illegal, privileged, port, brk3, int80, noexec, ab, badsp, align };
	for (unsigned i = 0; i < sizeof f / sizeof *f; i++)
		child(f[i]);
	return 0;
}
