/* SPDX-License-Identifier: MIT */
/*
 * errors IMAGE SEED COUNT: a device whose reads and writes fail at random.
 *
 * Each time:  random operations on a fresh file system while errors come; then a device without.
 * Checks:     nothing is reported as done that was not; whatever state the disk was left in,
 *             `e2fsck -p` mends it, and it can be mounted and walked.
 * Called by:  run.py.
 */
#include "model.h"

static void check_after(const char *path, const char *copy)
{
	struct memdev d;
	struct mounted m;
	char log[600];

	snprintf(log, sizeof(log), "%s.log", path);
	if (host_run(log, "e2fsck -p %s", copy) > 1 || host_run(log, "e2fsck -fn %s", copy) != 0) {
		fprintf(stderr, "e2fsck does not mend it: %s\n", log);
		abort();
	}
	dev_open(&d, copy, false);
	CHECK(host_mount(&m, &d, 0) == 0);
	CHECK(!e2_reason(m.fs));
	CHECK(tree_walk(m.fs, NULL) == 0);
	CHECK(e2_unmount(m.fs) == 0);
	host_free(&m);
	dev_close(&d);
}

/* Returns whether the file system became read-only. */
static u32 one_run(const char *path, u64 seed)
{
	struct e2_statfs st;
	struct memdev d;
	struct mounted mt;
	struct model m;
	char copy[512];

	dev_open(&d, path, false);
	d.rng.s = seed * 77;
	model_init(&m, seed);
	m.may_fail = true;
	m.no_exchange = !strstr(path, "journal");
	CHECK(host_mount(&mt, &d, 0) == 0);
	m.fs = mt.fs;
	for (u32 i = 0; i < 300; i++) {
		if (i == 50)
			d.read_errors = seed % 3 ? 3000 : 0;
		if (i == 50)
			d.write_errors = seed % 3 != 1 ? 3000 : 0;
		(void)model_step(&m);
	}
	e2_statfs(m.fs, &st);
	CHECK(st.errors > 0 || !st.is_readonly);
	d.read_errors = 0;
	d.write_errors = 0;
	model_release_all(&m);
	CHECK(e2_unmount(m.fs) == (st.is_readonly ? -E2_EIO : 0) || e2_reason(m.fs));
	host_free(&mt);
	snprintf(copy, sizeof(copy), "%s.err", path);
	dev_save(&d, copy);
	check_after(path, copy);
	model_free(&m);
	dev_close(&d);
	return st.is_readonly;
}

int cmd_errors(int argc, char **argv)
{
	u32 n = 0;

	CHECK(argc == 3);
	host_memory = 4u << 20;
	for (u32 i = 0; i < (u32)atoi(argv[2]); i++) {
		fprintf(stderr, "seed %llu\n", (unsigned long long)atoll(argv[1]) + i);
		n += one_run(argv[0], (u64)atoll(argv[1]) + i);
	}
	printf("%u of %s runs became read-only\n", n, argv[2]);
	return 0;
}
