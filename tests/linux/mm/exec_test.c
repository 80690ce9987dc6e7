/* SPDX-License-Identifier: MIT */
/*
 * Loading this very program, as it is and with bytes changed at random: what comes is
 * an error or a program, and nothing is left behind.
 *
 *   exec_test SEED STEPS
 */
#include <stdio.h>

#include "fake.h"
#include "exec.h"

unsigned long strtoul(const char *s, char **end, int base);

static u8 *whole;
static u64 whole_bytes;

static void load_own(void)
{
	FILE *f = fopen("/proc/self/exe", "rb");

	CHECK(f != NULL);
	whole = malloc(32 << 20);
	whole_bytes = fread(whole, 1, 32 << 20, f);
	CHECK(whole_bytes > 4096);
	(void)fclose(f);
}

static u64 word_at(struct mm *mm, u64 addr)
{
	u64 word = 0;

	CHECK(copy_in(mm, &word, addr, sizeof word) == 0);
	return word;
}

static void text_is(struct mm *mm, u64 addr, const char *text)
{
	char s[64];

	CHECK(copy_string(mm, s, addr, sizeof s) == (s64)strlen(text));
	CHECK(strcmp(s, text) == 0);
}

static u64 aux(struct mm *mm, u64 at, u64 tag)
{
	for (; word_at(mm, at) != AT_NULL; at += 16) {
		if (word_at(mm, at) == tag)
			return word_at(mm, at + 8);
	}
	return 0;
}

/* Everything on the stack of a program that was loaded. */
static void stack_is_right(struct mm *mm, const struct exec_image *image)
{
	const u64 sp = image->sp;

	CHECK(sp % 16 == 0 && word_at(mm, sp) == 2);
	text_is(mm, word_at(mm, sp + 8), "one");
	text_is(mm, word_at(mm, sp + 16), "two words");
	CHECK(word_at(mm, sp + 24) == 0);
	text_is(mm, word_at(mm, sp + 32), "A=b");
	CHECK(word_at(mm, sp + 40) == 0);
	const u64 at = sp + 48;

	CHECK(aux(mm, at, AT_PAGESZ) == PAGE);
	CHECK(aux(mm, at, AT_PHNUM) > 4 && aux(mm, at, AT_PHENT) == 56);
	CHECK(aux(mm, at, AT_ENTRY) != image->entry && aux(mm, at, AT_BASE) != 0);
	text_is(mm, aux(mm, at, AT_EXECFN), "/bin/name");
	text_is(mm, aux(mm, at, AT_PLATFORM), "x86_64");
	CHECK(word_at(mm, aux(mm, at, AT_SYSINFO_EHDR)) == 0x0101010101010101);
	CHECK(aux(mm, at, AT_RANDOM) != 0);
	/* The program headers are where it says. */
	CHECK((word_at(mm, aux(mm, at, AT_PHDR)) & 0xffffffff) == 6);
	text_is(mm, mm->arg_start, "one");
	text_is(mm, mm->env_start, "A=b");
	CHECK(mm->env_end - mm->arg_start == 4 + 10 + 4);
}

static s64 load(const u8 *bytes, u64 n, bool check)
{
	char one[] = "one", two[] = "two words", env_a[] = "A=b";
	char *const argv[] = { one, two, NULL };
	char *const envp[] = { env_a, NULL };
	struct file *f = fake_bytes(bytes, n);
	struct mm *mm = mm_new();
	struct exec_image image;

	CHECK(mm != NULL);
	const s64 e = exec_load(mm, f, "/bin/name", argv, envp, &fake_task, &image);

	if (check) {
		CHECK(e == 0);
		stack_is_right(mm, &image);
	}
	mm_put(mm);
	file_put(f);
	return e;
}

static void too_much(void)
{
	char *big = malloc(200000);
	char *const argv[] = { big, NULL };
	char *const envp[] = { NULL };
	struct file *f = fake_bytes(whole, whole_bytes);
	struct mm *mm = mm_new();
	struct exec_image image;

	memset(big, 'x', 199999);
	big[199999] = 0;
	CHECK(exec_load(mm, f, "n", argv, envp, &fake_task, &image) == -E2BIG);
	big[100000] = 0;
	CHECK(exec_load(mm, f, "n", argv, envp, &fake_task, &image) == 0);
	mm_put(mm);
	file_put(f);
	free(big);
}

/* One to four changes among headers, and seldom elsewhere. */
static void change(u8 *bytes)
{
	const u64 changes = 1 + rnd() % 4;

	for (u64 i = 0; i < changes; i++) {
		const u64 at = rnd() % 64 == 0 ? rnd() % whole_bytes : rnd() % (64 + 56 * 13);

		bytes[at] = (u8)(rnd() % 4 == 0 ? bytes[at] ^ (1u << (rnd() % 8)) : rnd());
	}
}

int main(int argc, char **argv)
{
	const u64 seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	const u64 steps = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
	u32 good = 0;

	load_own();
	rnd_seed(seed);
	fake_start(1000, 16384);
	fake_interpreter = fake_bytes(whole, whole_bytes);
	const u64 inodes = fake_inodes;

	CHECK(load(whole, whole_bytes, true) == 0);
	too_much();
	const u64 before = pages_free();
	u8 *copy = malloc(whole_bytes);

	for (u64 i = 0; i < steps; i++) {
		memcpy(copy, whole, whole_bytes);
		change(copy);
		good += load(copy, rnd() % 8 == 0 ? rnd() % whole_bytes : whole_bytes, false) == 0;
		CHECK(fake_entry_count() == 0 && fake_inodes == inodes);
	}
	CHECK(pages_free() + 60 >= before);
	free(copy);
	printf("seed %lu: %u of %lu loaded\n", (unsigned long)seed, good, (unsigned long)steps);
	return 0;
}
