/* SPDX-License-Identifier: MIT */
/*
 * random IMAGE SEED STEPS [READONLY-COPY]: random operations against the model.
 *
 * Checks:     each result; all of it at intervals; after each of several unmounts `e2fsck -fn`, and
 *             all of it again after mounting.
 * Called by:  run.py, on images of many geometries.
 */
#include "model.h"

enum { ROUNDS = 3 };

static void check_image(const struct memdev *d, const char *path)
{
	char copy[512], log[600];

	snprintf(copy, sizeof(copy), "%s.check", path);
	snprintf(log, sizeof(log), "%s.log", path);
	dev_save(d, copy);
	if (host_run(log, "e2fsck -fn %s", copy) != 0) {
		fprintf(stderr, "e2fsck finds faults: %s\n", log);
		abort();
	}
}

int cmd_random(int argc, char **argv)
{
	struct memdev d;
	struct mounted mt;
	struct model m;
	u32 steps;

	CHECK(argc == 3);
	steps = (u32)atoi(argv[2]);
	host_memory = 4u << 20; /* so little that everything is evicted at times */
	dev_open(&d, argv[0], false);
	model_init(&m, (u64)atoll(argv[1]));
	for (u32 round = 0; round < ROUNDS; round++) {
		CHECK(host_mount(&mt, &d, 0) == 0);
		CHECK(!e2_reason(mt.fs));
		m.fs = mt.fs;
		m.no_exchange = !strstr(argv[0], "journal");
		model_compare(&m);
		for (u32 i = 0; i < steps; i++) {
			e2_set_time(m.fs, (struct e2_time){ 1700000000 + i, 123456789 });
			(void)model_step(&m);
			if (i % (steps / 4 + 1) == 0)
				model_compare(&m);
		}
		model_compare(&m);
		CHECK(e2_unmount(m.fs) ==
		      (m.held[0] || m.held[1] || m.held[2] || m.held[3] || m.held[4] || m.held[5]
			       ? -E2_EBUSY
			       : 0));
		model_release_all(&m);
		CHECK(e2_unmount(m.fs) == 0);
		host_free(&mt);
		check_image(&d, argv[0]);
	}
	model_free(&m);
	dev_save(&d, argv[0]);
	dev_close(&d);
	return 0;
}
