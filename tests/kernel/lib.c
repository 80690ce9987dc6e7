/* SPDX-License-Identifier: MIT */
/*
 * The library that all native programs use.
 */
#include "ktest.h"

static bool formats(const char *want, const char *got)
{
	return strcmp(want, got) == 0;
}

TEST(format, "numbers, texts and widths are formatted as in C")
{
	char to[64];

	sys_format(to, sizeof to, "%d|%5d|%-5d|%05d|%u", -7, 42, 42, 42, 4000000000u);
	EXPECT(formats("-7|   42|42   |00042|4000000000", to));
	sys_format(to, sizeof to, "%x|%lx|%08X|%c|%%|%s|%6s|%-4s|", 0xabcu, 0x123456789abcdeful,
		   0xbeefu, 'z', "text", "ab", "cd");
	EXPECT(formats("abc|123456789abcdef|0000BEEF|z|%|text|    ab|cd  |", to));
	sys_format(to, sizeof to, "%ld", (int64_t)0x8000000000000000ull);
	EXPECT(formats("-9223372036854775808", to));
	EXPECT_EQ(sys_format(to, 8, "%s", "too long for it"), 7);
	EXPECT(formats("too lon", to));
}

TEST(strings, "memory is moved, set and compared")
{
	char a[16] = "0123456789";

	memmove(a + 2, a, 8);
	EXPECT(formats("0101234567", a));
	memmove(a, a + 2, 8);
	EXPECT(formats("0123456767", a));
	memset(a, 'x', 3);
	EXPECT(memcmp(a, "xxx3", 4) == 0 && memcmp(a, "xxx4", 4) < 0 && memcmp(a, "xxx2", 4) > 0);
	EXPECT(strstr("one two three", "two") != NULL && strstr("one", "two") == NULL);
	EXPECT_EQ(strlen("four"), 4);
}

TEST(options, "words of the command line are found by their beginning")
{
	EXPECT(sys_option("no-such-option-") == NULL);
	EXPECT(sys_option("no-such-option=") == NULL);
}

TEST(pages, "pages are given out once, aligned, and can be given back")
{
	memory_h memory;
	u64 a, b, c;
	u32 left = sys_pages_left();
	u32 x = sys_pages(3, 1, &memory, &a), y = sys_pages(512, 512, &memory, &b);

	EXPECT(x != SYS_NO_PAGES && y != SYS_NO_PAGES);
	EXPECT(b % 512 == 0 && (b >= a + 3 || b + 512 <= a));
	EXPECT_EQ(sys_pages_left(), left - 515);
	sys_pages_free(x, 3);
	EXPECT_EQ(sys_pages(3, 1, &memory, &c), x);
	EXPECT_EQ(sys_pages(TEST_PAGES + 1, 1, &memory, &c), SYS_NO_PAGES);
}

TEST(objects, "what is destroyed gives back its slot and its pages")
{
	u32 left = sys_pages_left();

	for (u32 i = 0; i < 300; i++) {
		any_h h;

		EXPECT_OK(sys_create(OBJ_SPACE, 0, &h));
		EXPECT_OK(sys_destroy(h));
	}
	EXPECT_EQ(sys_pages_left(), left);
}

TEST_FOR(slots, 10, "when the slots are used up, another page of them is made")
{
	u32 limit = sys_slots_limit(), slot = 0;

	for (u32 i = 0; i < 1700; i++) {
		slot = sys_slot();
		EXPECT(slot != 0);
	}
	EXPECT(sys_slots_limit() > limit);
	EXPECT(slot >= limit);
	EXPECT_OK(cap_derive((any_h){ HANDLE_SYSTEM }, SLOT_OWN(slot), 0, 0));
	EXPECT_OK(sys_delete(SLOT_OWN(slot)));
}

TEST(busy_pages, "pages that are in use although the library thinks them free are passed over")
{
	memory_h memory;
	u64 offset;
	any_h h;
	frames_h f;

	/* Behind the library's back. */
	u32 number = sys_pages(4, 1, &memory, &offset);
	EXPECT_OK(frames_create(memory, new_slot(), offset, 4));
	sys_pages_free(number, 4);
	EXPECT_OK(sys_create(OBJ_EP, 0, &h));
	EXPECT_OK(sys_create_frames(70, 1, &f));
	EXPECT_OK(sys_destroy(h));
}

TEST(space_round, "a space is built, mapped into and taken down again")
{
	u32 left = sys_pages_left();
	struct sys_space sp;
	frames_h f = sys_frames(3);
	grant_h g;

	sys_space_create(&sp, 3);
	EXPECT_OK(sys_map_frames(&sp, ANY(f), AREA_A + 511 * SYS_PAGE, 3, MAP_READ, &g));
	EXPECT_EQ(sp.tables, 4);
	EXPECT_OK(sys_destroy(ANY(g)));
	EXPECT_OK(sys_destroy(ANY(f)));
	sys_space_destroy(&sp);
	EXPECT_EQ(sys_pages_left(), left);
}

static void nothing(struct worker *w)
{
	w->out[0] = 1;
}

TEST_FOR(threads_round, 10,
	 "threads are made and taken down many times, and cost nothing in the end")
{
	u32 left = 0;

	for (u32 i = 0; i < 40; i++) {
		struct worker *w = worker(PRIO_HIGH, 0, nothing);

		EXPECT(w->done);
		sys_thread_destroy(&w->t);
		w->fn = NULL;
		/* The first made the page-table pages of the stacks. */
		if (i == 0)
			left = sys_pages_left();
	}
	EXPECT_EQ(sys_pages_left(), left);
}
