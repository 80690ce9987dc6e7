/* SPDX-License-Identifier: MIT */
/*
 * limits IMAGE: large directories, link counts, full disks, sparse files, listings that change.
 *
 * Rule:       each part starts on the same image, and leaves one that `e2fsck -fn` finds clean.
 * Called by:  run.py, on an image of 64 MiB and more.
 */
#include "host.h"

enum { ENTRIES = 20000, LIST_STEP = 97 };

static const struct e2_new file = { .mode = E2_S_IFREG | 0644 };

static u32 make(struct e2fs *fs, u32 dir, const char *name)
{
	u32 ino;

	CHECK(e2_create(fs, dir, name_of(name), &file, &ino) == 0);
	return ino;
}

struct list {
	u8 seen[ENTRIES];
	u32 left; /* of this step */
};

static int list_one(void *ctx, const struct e2_dirent *d)
{
	struct list *l = ctx;
	u32 i;

	if (l->left == 0)
		return 1;
	l->left--;
	if (sscanf(d->name, "entry%u", &i) == 1)
		l->seen[i]++;
	return 0;
}

/* Entries come and go during the listing: each that stays is seen once. */
static void list_while_changing(struct e2fs *fs, u32 dir)
{
	struct list l = { .left = 0 };
	char name[32];
	u64 cookie = 0;
	u32 ino;

	for (u32 step = 0; l.left == 0; step++) {
		l.left = LIST_STEP;
		CHECK(e2_readdir(fs, dir, &cookie, list_one, &l) == 0);
		snprintf(name, sizeof(name), "entry%u", step * 31 % ENTRIES / 10 * 10 + 3);
		if (e2_lookup(fs, dir, name_of(name), &ino) == 0) {
			CHECK(e2_unlink(fs, dir, name_of(name)) == 0);
			e2_unref(fs, ino);
		}
		snprintf(name, sizeof(name), "new%u", step);
		e2_unref(fs, make(fs, dir, name));
	}
	for (u32 i = 0; i < ENTRIES; i++)
		CHECK(l.seen[i] == 1 || (i % 10 == 3 && l.seen[i] == 0));
}

static void large_directory(struct e2fs *fs)
{
	char name[32];
	u32 dir, ino;

	CHECK(e2_mkdir(fs, E2_ROOT_INO, name_of("large"), &file, &dir) == 0);
	ino = make(fs, dir, "entry0");
	for (u32 i = 1; i < ENTRIES; i++) {
		snprintf(name, sizeof(name), "entry%u", i);
		CHECK(e2_link(fs, ino, dir, name_of(name)) == 0);
	}
	CHECK(e2_link(fs, ino, dir, name_of("entry77")) == -E2_EEXIST);
	e2_unref(fs, ino);
	list_while_changing(fs, dir);
	CHECK(e2_rmdir(fs, E2_ROOT_INO, name_of("large")) == -E2_ENOTEMPTY);
	e2_unref(fs, dir);
}

static void link_count(struct e2fs *fs)
{
	struct e2_stat st;
	char name[32];
	u32 dir, ino;
	int err = 0;

	CHECK(e2_mkdir(fs, E2_ROOT_INO, name_of("links"), &file, &dir) == 0);
	ino = make(fs, E2_ROOT_INO, "linked");
	for (u32 i = 1; !err; i++) {
		snprintf(name, sizeof(name), "%u", i);
		err = e2_link(fs, ino, dir, name_of(name));
	}
	CHECK(err == -E2_EMLINK);
	CHECK(e2_getattr(fs, ino, &st) == 0 && st.links == E2_LINK_MAX);
	CHECK(e2_unlink(fs, dir, name_of("5")) == 0);
	CHECK(e2_link(fs, ino, dir, name_of("again")) == 0);
	e2_unref(fs, ino);
	e2_unref(fs, dir);
}

static u64 fill(struct e2fs *fs, u32 ino)
{
	static u8 buf[65536];
	u64 off = 0;
	s64 n;

	memset(buf, 'f', sizeof(buf));
	do {
		n = e2_write(fs, ino, off, buf, sizeof(buf));
		off += n > 0 ? (u64)n : 0;
	} while (n > 0);
	CHECK(n == -E2_ENOSPC);
	return off;
}

static void full_disk(struct e2fs *fs)
{
	struct e2_statfs st;
	u64 first, second;
	char name[64];
	u32 ino = make(fs, E2_ROOT_INO, "full");
	u32 other;
	int err = 0;

	first = fill(fs, ino);
	e2_statfs(fs, &st);
	CHECK(st.free < 8);
	for (u32 i = 0; !err; i++) {
		snprintf(name, sizeof(name), "a long name, so that the directory grows %u", i);
		err = e2_mkdir(fs, E2_ROOT_INO, name_of(name), &file, &other);
		if (!err)
			e2_unref(fs, other);
	}
	CHECK(err == -E2_ENOSPC);
	CHECK(e2_truncate(fs, ino, 100) == 0);
	/* What was freed waits for a commit; the next write must find it. */
	second = fill(fs, ino);
	CHECK(second + 65536 * 4 > first);
	CHECK(e2_unlink(fs, E2_ROOT_INO, name_of("full")) == 0);
	CHECK(e2_sync(fs) == 0);
	e2_unref(fs, ino);
	CHECK(e2_sync(fs) == 0);
	e2_statfs(fs, &st);
	CHECK(st.free * st.block_size + 65536 * 4 > first);
}

static void no_inodes(struct e2fs *fs)
{
	char name[32];
	u32 dir, ino;
	u32 n = 0;
	int err = 0;

	CHECK(e2_mkdir(fs, E2_ROOT_INO, name_of("many"), &file, &dir) == 0);
	while (!err) {
		snprintf(name, sizeof(name), "%u", n);
		err = e2_create(fs, dir, name_of(name), &file, &ino);
		if (!err)
			e2_unref(fs, ino);
		n += !err;
	}
	CHECK(err == -E2_ENOSPC);
	for (u32 i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%u", i);
		CHECK(e2_unlink(fs, dir, name_of(name)) == 0);
	}
	ino = make(fs, dir, "again");
	e2_unref(fs, ino);
	e2_unref(fs, dir);
}

static void sparse_file(struct e2fs *fs)
{
	static const u64 offs[] = {
		0, 70000, 5ull << 20, (2ull << 30) - 3, 5ull << 30, 15ull << 30
	};
	static u8 buf[65536];
	struct e2_stat st;
	u32 ino = make(fs, E2_ROOT_INO, "sparse");

	for (u32 i = 0; i < 6; i++)
		CHECK(e2_write(fs, ino, offs[i], "sparse", 6) == 6);
	for (u32 i = 0; i < 6; i++)
		CHECK(e2_read(fs, ino, offs[i], buf, 6) == 6 && memcmp(buf, "sparse", 6) == 0);
	CHECK(e2_read(fs, ino, 3ull << 30, buf, sizeof(buf)) == sizeof(buf));
	for (u32 i = 0; i < sizeof(buf); i++)
		CHECK(buf[i] == 0);
	CHECK(e2_getattr(fs, ino, &st) == 0 && st.size == offs[5] + 6 && st.blocks < 400);
	CHECK(e2_write(fs, ino, UINT64_MAX - 10, "x", 1) == -E2_EFBIG);
	CHECK(e2_truncate(fs, ino, 1ull << 60) == -E2_EFBIG);
	CHECK(e2_punch(fs, ino, 1, 12ull << 30) == 0);
	CHECK(e2_read(fs, ino, offs[4], buf, 6) == 6 && buf[0] == 0);
	CHECK(e2_read(fs, ino, offs[5], buf, 100) == 6 && buf[0] == 's');
	CHECK(e2_truncate(fs, ino, 3ull << 30) == 0);
	CHECK(e2_getattr(fs, ino, &st) == 0 && st.size == 3ull << 30);
	e2_unref(fs, ino);
}

/* An open file whose name goes, and one of which half goes, while something else is committed. */
static void deleted_open(struct e2fs *fs)
{
	static u8 buf[100000];
	u32 ino = make(fs, E2_ROOT_INO, "open");

	memset(buf, 'o', sizeof(buf));
	CHECK(e2_write(fs, ino, 0, buf, sizeof(buf)) == sizeof(buf));
	CHECK(e2_unlink(fs, E2_ROOT_INO, name_of("open")) == 0);
	CHECK(e2_sync(fs) == 0);
	CHECK(e2_write(fs, ino, 200000, buf, sizeof(buf)) == sizeof(buf));
	CHECK(e2_read(fs, ino, 99999, buf, 2) == 2 && buf[0] == 'o' && buf[1] == 0);
	CHECK(e2_link(fs, ino, E2_ROOT_INO, name_of("back")) == -E2_ENOENT);
	CHECK(e2_fsync(fs, ino) == 0);
	e2_unref(fs, ino);
	CHECK(e2_ref(fs, ino) < 0);
}

static const struct {
	const char *name;
	void (*run)(struct e2fs *fs);
} parts[] = {
	{ "large_directory", large_directory },
	{ "link_count", link_count },
	{ "full_disk", full_disk },
	{ "no_inodes", no_inodes },
	{ "sparse_file", sparse_file },
	{ "deleted_open", deleted_open },
};

int cmd_limits(int argc, char **argv)
{
	CHECK(argc == 2);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct memdev d;
		struct mounted m;
		char log[600];
		if (strcmp(parts[i].name, argv[1]) != 0)
			continue;
		dev_open(&d, argv[0], false);
		CHECK(host_mount(&m, &d, 0) == 0 && !e2_reason(m.fs));
		parts[i].run(m.fs);
		CHECK(e2_unmount(m.fs) == 0);
		host_free(&m);
		snprintf(log, sizeof(log), "%s.log", argv[0]);
		dev_save(&d, argv[0]);
		dev_close(&d);
		if (host_run(log, "e2fsck -fn %s", argv[0]) == 0)
			return 0;
		fprintf(stderr, "e2fsck finds faults: %s\n", log);
	}
	return 1;
}
