/* SPDX-License-Identifier: MIT */
/*
 * bench IMAGE WHAT COUNT: one cached operation, COUNT times, for counting instructions.
 *
 * Called by:  run.py --bench, under callgrind, which counts inside e2_* only.
 * What:       read_page, read_byte, write_page, lookup, lookup_miss, getattr, create_unlink.
 */
#include "host.h"

static u8 buf[E2_PAGE_SIZE];

static void read_page(struct e2fs *fs, u32 ino)
{
	CHECK(e2_read(fs, ino, 3 * E2_PAGE_SIZE, buf, sizeof(buf)) == sizeof(buf));
}

static void read_byte(struct e2fs *fs, u32 ino)
{
	CHECK(e2_read(fs, ino, 3 * E2_PAGE_SIZE, buf, 1) == 1);
}

static void write_page(struct e2fs *fs, u32 ino)
{
	CHECK(e2_write(fs, ino, 3 * E2_PAGE_SIZE, buf, sizeof(buf)) == sizeof(buf));
}

static void lookup(struct e2fs *fs, u32 ino)
{
	u32 got;

	CHECK(e2_lookup(fs, E2_ROOT_INO, name_of("file3"), &got) == 0);
	e2_unref(fs, got);
	(void)ino;
}

static void lookup_miss(struct e2fs *fs, u32 ino)
{
	u32 got;

	CHECK(e2_lookup(fs, E2_ROOT_INO, name_of("nothing"), &got) == -E2_ENOENT);
	(void)ino;
}

static void getattr(struct e2fs *fs, u32 ino)
{
	struct e2_stat st;

	CHECK(e2_getattr(fs, ino, &st) == 0);
}

static void create_unlink(struct e2fs *fs, u32 ino)
{
	const struct e2_new n = { .mode = E2_S_IFREG | 0644 };
	u32 got;

	CHECK(e2_create(fs, E2_ROOT_INO, name_of("new"), &n, &got) == 0);
	e2_unref(fs, got);
	CHECK(e2_unlink(fs, E2_ROOT_INO, name_of("new")) == 0);
	(void)ino;
}

static const struct {
	const char *name;
	void (*run)(struct e2fs *fs, u32 ino);
} what[] = {
	{ "read_page", read_page },
	{ "read_byte", read_byte },
	{ "write_page", write_page },
	{ "lookup", lookup },
	{ "getattr", getattr },
	{ "lookup_miss", lookup_miss },
	{ "create_unlink", create_unlink },
};

int cmd_bench(int argc, char **argv)
{
	const struct e2_new n = { .mode = E2_S_IFREG | 0644 };
	struct memdev d;
	struct mounted m;
	u32 ino = 0;

	CHECK(argc == 3);
	dev_open(&d, argv[0], false);
	CHECK(host_mount(&m, &d, 0) == 0 && !e2_reason(m.fs));
	for (u32 i = 0; i < 8; i++) {
		char name[16];
		snprintf(name, sizeof(name), "file%u", i);
		if (ino)
			e2_unref(m.fs, ino);
		CHECK(e2_create(m.fs, E2_ROOT_INO, name_of(name), &n, &ino) == 0);
	}
	for (u32 i = 0; i < 16; i++)
		CHECK(e2_write(m.fs, ino, i * E2_PAGE_SIZE, buf, sizeof(buf)) == sizeof(buf));
	CHECK(e2_sync(m.fs) == 0);
	for (size_t w = 0; w < sizeof(what) / sizeof(what[0]); w++)
		for (int i = 0; strcmp(what[w].name, argv[1]) == 0 && i < atoi(argv[2]); i++)
			what[w].run(m.fs, ino);
	e2_unref(m.fs, ino);
	CHECK(e2_unmount(m.fs) == 0);
	host_free(&m);
	dev_close(&d);
	return 0;
}
