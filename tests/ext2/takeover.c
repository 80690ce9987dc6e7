/* SPDX-License-Identifier: MIT */
/*
 * takeover IMAGE SEED: a server dies, and the next one gets from its client what it knew.
 *
 * The first mount commits some of what it does, and is left as it is; the second one mounts the same device in the same
 * memory with E2_KEEP.  What must be right then: pages that were in use, changed or not; files without names; what was
 * reserved; and inode numbers of what is made once more.
 */
#include "host.h"

enum { PAGES = 12, WORK = 400 };

struct client {
	struct mounted mt;
	struct memdev d;
	struct rng rng;
	u32 clean, gone, grown, made;    /* inodes */
	u8 *at[3][PAGES];                /* where their pages lie */
	u8 copy[3][PAGES][E2_PAGE_SIZE]; /* and what must be in them */
};

static struct client c;

static struct e2fs *fs(void)
{
	return c.mt.fs;
}

static u32 create(const char *name)
{
	const struct e2_new n = { .mode = E2_S_IFREG | 0644 };
	u32 ino;

	CHECK(e2_create(fs(), E2_ROOT_INO, name_of(name), &n, &ino) == 0);
	return ino;
}

/* The pages of one file, got for writing and changed. */
static void change(u32 which, u32 ino, bool told)
{
	for (u32 i = 0; i < PAGES; i++) {
		struct e2_page *p;

		CHECK(e2_page_get(fs(), ino, i, 1, &p) == 0);
		c.at[which][i] = e2_page_data(p);
		memset(c.at[which][i], (int)rng_below(&c.rng, 256), E2_PAGE_SIZE);
		memcpy(c.copy[which][i], c.at[which][i], E2_PAGE_SIZE);
		if (told)
			e2_page_dirty(fs(), p);
	}
}

/* Files come and go, so that the first mount uses all of its memory. */
static void work(void)
{
	char name[32];

	for (u32 i = 0; i < WORK; i++) {
		static u8 data[30000];
		u32 ino;

		snprintf(name, sizeof name, "work%u", rng_below(&c.rng, 40));
		if (e2_lookup(fs(), E2_ROOT_INO, name_of(name), &ino) == 0) {
			if (rng_below(&c.rng, 2))
				CHECK(e2_unlink(fs(), E2_ROOT_INO, name_of(name)) == 0);
		} else {
			ino = create(name);
		}
		CHECK(e2_write(fs(), ino, rng_below(&c.rng, 50000), data, sizeof data) > 0);
		e2_unref(fs(), ino);
	}
}

static void first_life(void)
{
	CHECK(host_mount(&c.mt, &c.d, E2_KEEP) == 0 && e2_reason(fs()) == NULL);
	CHECK(e2_cut_reserved(fs()) == 0);
	e2_settle(fs());
	work();
	c.clean = create("clean");
	c.gone = create("gone");
	c.grown = create("grown");
	CHECK(e2_truncate(fs(), c.clean, PAGES * E2_PAGE_SIZE) == 0);
	CHECK(e2_truncate(fs(), c.gone, PAGES * E2_PAGE_SIZE) == 0);
	change(0, c.clean, true);
	CHECK(e2_sync(fs()) == 0);
	CHECK(e2_unlink(fs(), E2_ROOT_INO, name_of("gone")) == 0);
	change(1, c.gone, true);
	CHECK(e2_reserve(fs(), c.grown, PAGES * E2_PAGE_SIZE) == 0);
	CHECK(e2_commit(fs()) == 0);
	/* From here on nothing is committed. */
	change(2, c.grown, rng_below(&c.rng, 2));
	CHECK(e2_set_end(fs(), c.grown, PAGES * E2_PAGE_SIZE - 100) == 0);
	c.made = create("made");
}

static void keep(struct e2_page *page[3][PAGES])
{
	for (u32 w = 0; w < 3; w++) {
		for (u32 i = 0; i < PAGES; i++)
			CHECK(e2_page_keep(fs(), c.at[w][i], &page[w][i]) == 0);
	}
	struct e2_page *p;
	CHECK(e2_page_keep(fs(), c.at[0][0], &p) == -E2_ESTALE);
	CHECK(e2_page_keep(fs(), c.mt.mem, &p) == -E2_ESTALE);
}

static void bind(struct e2_page *page[3][PAGES])
{
	const u32 ino[3] = { c.clean, c.gone, c.grown };

	for (u32 w = 0; w < 3; w++) {
		for (u32 i = 0; i < PAGES; i++) {
			CHECK(e2_page_bind(fs(), page[w][i], ino[w], i, 1, w != 0) == 0);
			CHECK(e2_page_bind(fs(), page[w][i], ino[w], i, 1, 0) == -E2_ESTALE);
			e2_page_put(fs(), page[w][i]);
		}
	}
}

static void verify(u32 which, u32 ino, u64 size)
{
	static u8 got[PAGES * E2_PAGE_SIZE];
	struct e2_stat s;

	CHECK(e2_getattr(fs(), ino, &s) == 0 && s.size == size);
	CHECK(e2_read(fs(), ino, 0, got, sizeof got) == (s64)size);
	CHECK(memcmp(got, c.copy[which], size) == 0);
}

static void second_life(void)
{
	const u64 whole = PAGES * E2_PAGE_SIZE;
	struct e2_page *page[3][PAGES];
	u32 ino, others;

	/* The same memory: what is in the pages stays there. */
	CHECK(e2_mount(&c.mt.fs, &c.d.dev, c.mt.mem, host_memory, &c.mt.opts) == 0);
	CHECK(e2_reason(fs()) == NULL && e2_recovered(fs()) < e2_transaction(fs()));
	keep(page);
	CHECK(e2_cut_reserved(fs()) == 0);
	CHECK(e2_ref(fs(), c.clean) == 0 && e2_ref(fs(), c.gone) == 0 && e2_ref(fs(), c.grown) == 0);
	CHECK(e2_lookup(fs(), E2_ROOT_INO, name_of("made"), &ino) == -E2_ENOENT);
	e2_want_inode(fs(), c.clean);
	const struct e2_new n = { .mode = E2_S_IFREG | 0644 };
	CHECK(e2_create(fs(), E2_ROOT_INO, name_of("other"), &n, &ino) == -E2_EBUSY);
	e2_want_inode(fs(), c.made);
	CHECK(create("made") == c.made);
	others = create("other");
	CHECK(others != c.made);
	CHECK(e2_truncate(fs(), c.grown, whole - 100) == 0 && e2_reserve(fs(), c.grown, whole) == 0);
	bind(page);
	e2_settle(fs());
	verify(0, c.clean, whole);
	verify(1, c.gone, whole);
	verify(2, c.grown, whole - 100);
	work();
	verify(0, c.clean, whole);
	verify(1, c.gone, whole);
	verify(2, c.grown, whole - 100);
	e2_unref(fs(), c.gone);
	e2_unref(fs(), c.clean);
	e2_unref(fs(), c.grown);
	e2_unref(fs(), c.made);
	e2_unref(fs(), others);
	CHECK(e2_unmount(fs()) == 0);
}

int cmd_takeover(int argc, char **argv)
{
	char copy[512], log[600];

	CHECK(argc == 2);
	c.rng.s = (u64)atoll(argv[1]) * 77 + 1;
	host_memory = 4u << 20;
	dev_open(&c.d, argv[0], false);
	first_life();
	second_life();
	snprintf(copy, sizeof copy, "%s.check", argv[0]);
	snprintf(log, sizeof log, "%s.log", argv[0]);
	dev_save(&c.d, copy);
	CHECK(host_run(log, "e2fsck -fn %s", copy) == 0);
	host_free(&c.mt);
	dev_close(&c.d);
	return 0;
}
