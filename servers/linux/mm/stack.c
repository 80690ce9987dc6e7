/* SPDX-License-Identifier: MIT */
/*
 * The stack that a program starts with.
 *
 * Owns:       nothing.
 * Called by:  exec.c.
 *
 * From the top: eight zero bytes, the program's name, environment, arguments, "x86_64", sixteen random
 * bytes, the auxiliary vector, pointers to the environment and to the arguments, their number.
 */
#include "exec.h"

enum {
	STRING_MAX = 32 * 4096,          /* MAX_ARG_STRLEN */
	STRINGS_MAX = (8 << 20) / 4 * 3, /* of all */
	FIRST_ROOM = 128 << 10,          /* below what is written */
	AUX_MAX = 24,
	RANDOM_BYTES = 16,
};
static const char platform[] = "x86_64";

struct writer {
	struct mm *mm;
	u64 strings; /* where the next string goes */
	u64 vector;  /* and the next pointer */
	bool failed;
};

static void put_bytes(struct writer *w, u64 at, const void *from, u64 bytes)
{
	if (copy_out(w->mm, at, from, bytes) < 0)
		w->failed = true;
}

static void put_word(struct writer *w, u64 word)
{
	put_bytes(w, w->vector, &word, sizeof word);
	w->vector += sizeof word;
}

/* Pointers to the strings of a list, and the strings; a zero at the end. */
static void put_list(struct writer *w, char *const list[])
{
	for (; *list != NULL; list++) {
		const u64 n = strlen(*list) + 1;

		put_word(w, w->strings);
		put_bytes(w, w->strings, *list, n);
		w->strings += n;
	}
	put_word(w, 0);
}

static s64 list_size(char *const list[], u64 *count, u64 *bytes)
{
	for (; *list != NULL; list++) {
		const u64 n = strlen(*list) + 1;

		if (n > STRING_MAX)
			return -E2BIG;
		*bytes += n;
		++*count;
	}
	return 0;
}

static void cpuid(u32 leaf, u32 r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(0));
}

/* Room for the frame of a signal with all of the processor's state (Intel SDM vol 1, 13.2). */
static u64 signal_frame_bytes(void)
{
	u32 top[4], r[4];

	cpuid(0, top);
	if (top[0] < 13)
		return 2048;
	cpuid(13, r);
	return (r[1] + 1024 + 15) & ~15u;
}

static u32 put_aux(struct writer *w, const struct start *s, const struct task *t, u64 random,
		   u64 name)
{
	const struct ids *ids = &t->ids;
	u32 r[4];

	cpuid(1, r);
	const u64 aux[][2] = {
		{ AT_SYSINFO_EHDR, w->mm->vdso },
		{ AT_HWCAP, r[3] },
		{ AT_PAGESZ, PAGE },
		{ AT_CLKTCK, 100 },
		{ AT_PHDR, s->phdr },
		{ AT_PHENT, sizeof(struct elf_segment) },
		{ AT_PHNUM, s->phnum },
		{ AT_BASE, s->base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, s->entry },
		{ AT_UID, ids->uid },
		{ AT_EUID, ids->euid },
		{ AT_GID, ids->gid },
		{ AT_EGID, ids->egid },
		{ AT_SECURE, ids->uid != ids->euid || ids->gid != ids->egid },
		{ AT_RANDOM, random },
		{ AT_HWCAP2, 0 },
		{ AT_EXECFN, name },
		{ AT_PLATFORM, random + RANDOM_BYTES },
		{ AT_MINSIGSTKSZ, signal_frame_bytes() },
		{ AT_NULL, 0 },
	};
	const u32 n = sizeof aux / sizeof aux[0];

	_Static_assert(sizeof aux / sizeof aux[0] <= AUX_MAX, "room was made for so many");
	for (u32 i = aux[0][1] == 0 ? 1 : 0; i < n; i++) {
		put_word(w, aux[i][0]);
		put_word(w, aux[i][1]);
	}
	return n;
}

static s64 stack_area(struct mm *mm, const struct start *s, u64 bytes)
{
	const u64 size = (bytes + FIRST_ROOM + PAGE - 1) & ~(PAGE - 1);
	const unsigned prot = PROT_READ | PROT_WRITE | (s->exec_stack ? PROT_EXEC : 0);
	const s64 at =
		mm_map(mm, s->top - size, size, prot,
		       MAP_PRIVATE | LX_MAP_FIXED | LX_MAP_ANONYMOUS | LX_MAP_GROWSDOWN, NULL, 0);

	if (at < 0)
		return at;
	area_find(mm, (u64)at >> PAGE_SHIFT)->flags |= AREA_STACK;
	return 0;
}

static u64 most_bytes(const struct task *t)
{
	const u64 quarter = t->process->rlimit[RLIMIT_STACK].soft / 4;
	const u64 most = quarter < STRINGS_MAX ? quarter : STRINGS_MAX;

	return most > STRING_MAX ? most : STRING_MAX;
}

s64 stack_make(struct mm *mm, struct start *s, const struct task *t)
{
	u64 args = 0, envs = 0, arg_bytes = 0, env_bytes = 0;
	const u64 name_bytes = strlen(s->name) + 1;

	if (list_size(s->argv, &args, &arg_bytes) < 0 || list_size(s->envp, &envs, &env_bytes) < 0)
		return -E2BIG;
	const u64 strings = arg_bytes + env_bytes + name_bytes;
	const u64 vector = (1 + args + 1 + envs + 1 + 2 * AUX_MAX) * sizeof(u64);

	if (strings + (args + envs) * sizeof(u64) > most_bytes(t))
		return -E2BIG;
	const u64 name = s->top - sizeof(u64) - name_bytes;
	const u64 first = name - env_bytes - arg_bytes;
	const u64 random_at = (first - sizeof platform - RANDOM_BYTES) & ~15ull;
	s64 r = stack_area(mm, s, s->top - random_at + vector + 16);

	if (r < 0)
		return r;
	s->sp = (random_at - vector) & ~15ull;
	struct writer w = { .mm = mm, .strings = first, .vector = s->sp };

	put_bytes(&w, name, s->name, name_bytes);
	put_bytes(&w, random_at, &s->random[4], RANDOM_BYTES);
	put_bytes(&w, random_at + RANDOM_BYTES, platform, sizeof platform);
	put_word(&w, args);
	put_list(&w, s->argv);
	put_list(&w, s->envp);
	(void)put_aux(&w, s, t, random_at, name);
	mm->arg_start = first;
	mm->arg_end = mm->env_start = first + arg_bytes;
	mm->env_end = mm->env_start + env_bytes;
	mm->start_stack = s->sp;
	return w.failed ? -EFAULT : 0;
}
