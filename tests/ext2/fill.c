/* SPDX-License-Identifier: MIT */
/*
 * Images for other tests and for debugfs.
 *
 * fill IMAGE WORD...:        a path: copies that file of the host into the root directory; -NAME:
 *                            removes that name there; +NAME: writes a byte into it.
 * dirty IMAGE SEED STEPS:    random operations on an empty image, committed; then the power goes: a
 *                            log to replay.
 * Called by:                 run.py.
 */
#include "model.h"

static void copy_in(struct e2fs *fs, const char *path)
{
	static u8 buf[70001];
	const struct e2_new n = { .mode = E2_S_IFREG | 0644 };
	const char *base = strrchr(path, '/');
	FILE *f = fopen(path, "rb");
	u64 off = 0;
	size_t got;
	u32 ino;

	CHECK(f);
	CHECK(e2_create(fs, E2_ROOT_INO, name_of(base ? base + 1 : path), &n, &ino) == 0);
	while ((got = fread(buf, 1, sizeof(buf), f)) > 0) {
		CHECK(e2_write(fs, ino, off, buf, got) == (s64)got);
		off += got;
	}
	fclose(f);
	e2_unref(fs, ino);
}

static void change(struct e2fs *fs, const char *name)
{
	u32 ino;

	CHECK(e2_lookup(fs, E2_ROOT_INO, name_of(name), &ino) == 0);
	CHECK(e2_write(fs, ino, 0, "!", 1) == 1);
	e2_unref(fs, ino);
}

int cmd_fill(int argc, char **argv)
{
	struct memdev d;
	struct mounted m;

	CHECK(argc >= 1);
	dev_open(&d, argv[0], false);
	CHECK(host_mount(&m, &d, 0) == 0 && !e2_reason(m.fs));
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			CHECK(e2_unlink(m.fs, E2_ROOT_INO, name_of(argv[i] + 1)) == 0);
		else if (argv[i][0] == '+')
			change(m.fs, argv[i] + 1);
		else
			copy_in(m.fs, argv[i]);
	}
	CHECK(e2_unmount(m.fs) == 0);
	host_free(&m);
	dev_save(&d, argv[0]);
	dev_close(&d);
	return 0;
}

int cmd_dirty(int argc, char **argv)
{
	struct memdev d;
	struct mounted mt;
	struct model m;

	CHECK(argc == 3);
	dev_open(&d, argv[0], true);
	CHECK(host_mount(&mt, &d, 0) == 0 && !e2_reason(mt.fs));
	model_init(&m, (u64)atoll(argv[1]));
	m.fs = mt.fs;
	for (int i = 0; i < atoi(argv[2]); i++) {
		(void)model_step(&m);
		if (i % 20 == 19)
			CHECK(e2_commit(m.fs) == 0);
	}
	e2_forget(m.fs);
	host_free(&mt);
	image_save(d.durable, d.size, argv[0]);
	model_free(&m);
	dev_close(&d);
	return 0;
}
