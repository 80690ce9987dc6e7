/* SPDX-License-Identifier: MIT */
/*
 * Words of calls on processes.
 */
#include "probe.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

enum { NOBODY = 900 };

/* --- clone: the child only ends, on whatever stack it has ------------------------------------- */

/* What a flag wants beside it. */
static u64 with_others(u64 v)
{
	if (v & CLONE_THREAD)
		v |= CLONE_SIGHAND;
	if (v & CLONE_SIGHAND)
		v |= CLONE_VM;
	return v & CLONE_VM ? v | CLONE_VFORK : v;
}

static long child_ends(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long r = nr;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%edi, %%edi\n\tmov $60, %%eax\n\tsyscall\n1:"
			 : "+a"(r), "+D"(a)
			 : "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return r;
}

static long clone_clone(u64 v)
{
	static long tls[64];
	int parent = 0, child = 0;

	return child_ends(SYS_clone, (long)(with_others(v) | SIGCHLD), 0, (long)&parent, (long)&child, (long)tls);
}

static long clone3_clone3(u64 v)
{
	static long tls[64];
	int pidfd, tid;
	u64 args[11] = { with_others(v), (uintptr_t)&pidfd, (uintptr_t)&tid, (uintptr_t)&tid, v & (CLONE_THREAD | CLONE_PARENT) ? 0 : SIGCHLD,
			 0, 0, (uintptr_t)tls, 0, 0, NOBODY };

	return child_ends(SYS_clone3, (long)args, sizeof args, 0, 0, 0);
}

static long wait4_wait(u64 v)
{
	return CALL(SYS_wait4, -1, NULL, v, NULL);
}

static long waitid_wait(u64 v)
{
	return CALL(SYS_waitid, 0, 0, NULL, v & 14 ? v : v | 4, NULL);
}

static long waitid_idtype(u64 v)
{
	return CALL(SYS_waitid, v, NOBODY, NULL, 4, NULL);
}

static long rt_sigprocmask_how(u64 v)
{
	u64 set = 0;

	return CALL(SYS_rt_sigprocmask, v, &set, NULL, sizeof set);
}

/* --- limits and scheduling --------------------------------------------------------------------------- */

static long getrlimit_resource(u64 v)
{
	u64 limit[2];

	return CALL(SYS_getrlimit, v, limit);
}

static long setrlimit_resource(u64 v)
{
	u64 limit[2] = { 0, 0 };

	CALL(SYS_getrlimit, v, limit);
	return CALL(SYS_setrlimit, v, limit);
}

static long prlimit64_resource(u64 v)
{
	u64 limit[2];

	return CALL(SYS_prlimit64, 0, v, NULL, limit);
}

static long getrusage_rusage(u64 v)
{
	struct rusage usage;

	return CALL(SYS_getrusage, v, &usage);
}

static long getpriority_prio(u64 v)
{
	return CALL(SYS_getpriority, v, 0);
}

static long setpriority_prio(u64 v)
{
	return CALL(SYS_setpriority, v, v == PRIO_USER ? 12345 : 0, 0);
}

static long sched_setscheduler_policy(u64 v)
{
	int priority = (v & 15) == SCHED_FIFO || (v & 15) == SCHED_RR;

	return CALL(SYS_sched_setscheduler, 0, v, &priority);
}

static long sched_get_priority_max_policy(u64 v)
{
	return CALL(SYS_sched_get_priority_max, v);
}

static long sched_get_priority_min_policy(u64 v)
{
	return CALL(SYS_sched_get_priority_min, v);
}

struct attr {
	uint32_t size, policy;
	u64 flags;
	uint32_t nice, priority;
	u64 rest[3];
	uint32_t least, most;
};

static long sched_setattr_nothing(u64 v)
{
	struct attr a = { .size = 48 };

	return CALL(SYS_sched_setattr, 0, &a, v);
}

static long sched_getattr_nothing(u64 v)
{
	struct attr a;

	return CALL(SYS_sched_getattr, 0, &a, sizeof a, v);
}

static long sched_setattr_schedflags(u64 v)
{
	struct attr a = { .size = sizeof a, .flags = v, .most = 1024 };

	return CALL(SYS_sched_setattr, 0, &a, 0);
}

/* --- prctl ------------------------------------------------------------------------------------------------- */

static long prctl_prctl(u64 v)
{
	static char words[4096] __attribute__((aligned(4096)));
	/* Options that do not take zeros, and what they take. */
	static const struct {
		unsigned option;
		long a, b, c, d;
	} others[] = {
		{ 2, (long)words, 0, 0, 0 }, { 4, 1, 0, 0, 0 }, { 15, (long)words, 0, 0, 0 }, { 16, (long)words, 0, 0, 0 }, { 22, 2, 8, 0, 0 },
		{ 25, (long)words, 0, 0, 0 }, { 26, 1, 0, 0, 0 }, { 35, 15, (long)words, 0, 0 }, { 37, (long)words, 0, 0, 0 }, { 38, 1, 0, 0, 0 },
		{ 40, (long)words, 0, 0, 0 }, { 47, 1, 0, 0, 0 }, { 62, 0, 0, 0, (long)words }, { 65, 1, 0, 0, 0 }, { 77, 2, 0, 0, 0 }, { 78, 2, 0, 0, 0 },
		{ 0x41555856, (long)words, 400, 0, 0 }, { 0x53564d41, 0, (long)words, 4096, 0 },
	};

	for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
		if (others[i].option == (unsigned)v)
			return CALL(SYS_prctl, v, others[i].a, others[i].b, others[i].c, others[i].d);
	}
	return CALL(SYS_prctl, v, 0, 0, 0, 0);
}

static long arch_prctl_archprctl(u64 v)
{
	enum { SET_FS = 0x1002, GET_FS = 0x1003, SET_GS = 0x1001, SET_CPUID = 0x1012 };
	static u64 words[64];
	u64 fs = 0;

	CALL(SYS_arch_prctl, GET_FS, &fs);
	return CALL(SYS_arch_prctl, v, (unsigned)v == SET_FS ? fs : (unsigned)v == SET_CPUID ? 1 : (unsigned)v == SET_GS ? 0 : (uintptr_t)words);
}

static long getrandom_random(u64 v)
{
	char b[1];

	return CALL(SYS_getrandom, b, 1, v);
}

static long personality_persona(u64 v)
{
	return CALL(SYS_personality, v);
}

static long rt_sigaction_sa(u64 v)
{
	u64 action[4] = { 0, v, 0, 0 };

	return CALL(SYS_rt_sigaction, SIGUSR1, action, NULL, 8);
}

static long sigaltstack_ss(u64 v)
{
	static char stack[1 << 16];
	stack_t s = { .ss_sp = stack, .ss_flags = (int)v, .ss_size = sizeof stack };

	return CALL(SYS_sigaltstack, &s, NULL);
}

/* A deadline wants times. */
static long sched_setattr_policy(u64 v)
{
	struct attr a = { .size = 48, .policy = (uint32_t)v, .priority = v == SCHED_FIFO || v == SCHED_RR };

	if (v == 6)
		a.rest[0] = 10000000, a.rest[1] = a.rest[2] = 20000000;
	return CALL(SYS_sched_setattr, 0, &a, 0);
}

const struct site process_sites[] = {
	SITE(clone, clone), SITE(clone3, clone3), SITE(wait4, wait), SITE(waitid, wait), SITE(waitid, idtype), SITE(rt_sigprocmask, how),
	SITE(getrlimit, resource), SITE(setrlimit, resource), SITE(prlimit64, resource), SITE(getrusage, rusage), SITE(getpriority, prio),
	SITE(setpriority, prio), SITE(sched_setscheduler, policy), SITE(sched_get_priority_max, policy), SITE(sched_get_priority_min, policy),
	SITE(sched_setattr, nothing), SITE(sched_getattr, nothing), SITE(sched_setattr, schedflags), SITE(prctl, prctl),
	SITE(arch_prctl, archprctl), SITE(getrandom, random), SITE(personality, persona),
	SITE(rt_sigaction, sa), SITE(sigaltstack, ss), SITE(sched_setattr, policy),
	{ NULL, NULL, NULL },
};
