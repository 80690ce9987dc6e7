/* SPDX-License-Identifier: MIT */
/*
 * crash IMAGE SEED CUTS: power cuts under load.
 *
 * Each cut:   a fresh file system, random operations, the power goes after some write or flush, and
 *             any part of what was not flushed is lost. Then, separately: our mount repairs, and
 *             `e2fsck -p` repairs. Both must leave what `e2fsck -fn` finds clean, and everything
 *             that was synchronised; with a journal the names must be exactly those after one of
 *             the operations since the last synchronisation.
 * Units:      sectors with a journal; blocks without, which e2fsck needs whole.
 * Called by:  run.py.
 */
#include "model.h"

enum { STEPS_MAX = 3000 };

struct cut {
	struct memdev d;
	struct mounted mt;
	struct model m;
	bool has_journal;
	char path[400];
	u64 counts[2]; /* with something lost, and all */
};

static void load(struct cut *c, u64 seed)
{
	static const u32 spans[] = { 8, 60, 300, 1500 };

	model_init(&c->m, seed);
	c->d.rng.s = seed ^ 0x5555;
	c->m.hash_room = STEPS_MAX + 1;
	c->m.hashes = calloc(c->m.hash_room, sizeof(u64));
	CHECK(c->m.hashes);
	c->m.may_fail = true;
	c->m.no_exchange = !c->has_journal;
	CHECK(host_mount(&c->mt, &c->d, 0) == 0 && !e2_reason(c->mt.fs));
	c->m.fs = c->mt.fs;
	c->m.hashes[0] = model_hash(&c->m);
	c->d.cut_after = 1 + rng_below(&c->d.rng, spans[rng_below(&c->d.rng, 4)]);
	for (u32 i = 0; i < STEPS_MAX && !c->d.is_dead; i++) {
		e2_set_time(c->m.fs, (struct e2_time){ 1700000000 + i, 1 });
		(void)model_step(&c->m);
	}
	e2_forget(c->m.fs);
	host_free(&c->mt);
}

static void complain(const struct cut *c, const char *what, const char *copy)
{
	fprintf(stderr, "%s: see %s\n", what, copy);
	(void)c;
	abort();
}

static void must_be_clean(const struct cut *c, const char *copy, const char *what)
{
	char log[512];

	snprintf(log, sizeof(log), "%s.log", c->path);
	if (host_run(log, "e2fsck -fn %s", copy) != 0)
		complain(c, what, log);
}

/* The names are a prefix of what was done. */
static void check_prefix(struct cut *c, struct e2fs *fs)
{
	u64 hash = mounted_hash(fs);

	for (u64 i = c->m.floor; i <= c->m.ops; i++)
		if (c->m.hashes[i] == hash)
			return;
	complain(c, "the names are not those after any operation", c->path);
}

static void check_content(struct cut *c, const char *copy, bool is_ours)
{
	struct memdev d;
	struct mounted mt;
	int err;

	dev_open(&d, copy, false);
	err = host_mount(&mt, &d, is_ours ? 0 : E2_RDONLY);
	if (err < 0)
		complain(c, mt.opts.reason, copy);
	if (c->has_journal && is_ours) {
		CHECK(!e2_reason(mt.fs));
		check_prefix(c, mt.fs);
	}
	model_check_durable(&c->m, mt.fs);
	/* Before the check, a name may still mean a file that was never written. */
	CHECK(tree_walk(mt.fs, NULL) == 0 || (is_ours && !c->has_journal));
	CHECK(e2_unmount(mt.fs) == 0 || (is_ours && !c->has_journal));
	host_free(&mt);
	dev_save(&d, copy);
	dev_close(&d);
}

/* The power goes again while our mount repairs. */
static u8 *interrupt(struct cut *c, u8 *image, const char *copy)
{
	struct memdev d;
	struct mounted mt;
	u8 *after;

	image_save(image, c->d.size, copy);
	free(image);
	dev_open(&d, copy, true);
	d.rng = c->d.rng;
	d.cut_after = 1 + rng_below(&d.rng, 40);
	if (host_mount(&mt, &d, 0) == 0)
		e2_forget(mt.fs);
	host_free(&mt);
	after = dev_after_cut(&d, E2_SECTOR, 50);
	dev_close(&d);
	return after;
}

static void recover(struct cut *c, u32 percent)
{
	u8 *image = dev_after_cut(&c->d, c->has_journal ? E2_SECTOR : E2_PAGE_SIZE, percent);
	char copy[512], log[512];
	int status;

	snprintf(copy, sizeof(copy), "%s.cut", c->path);
	snprintf(log, sizeof(log), "%s.log", c->path);
	if (c->has_journal && rng_below(&c->d.rng, 2))
		image = interrupt(c, image, copy);
	image_save(image, c->d.size, copy);
	check_content(c, copy, true);
	if (c->has_journal)
		must_be_clean(c, copy, "not clean after our recovery");
	image_save(image, c->d.size, copy);
	status = host_run(log, "e2fsck -p %s", copy);
	if (status > 1)
		complain(c, "e2fsck -p gives up", log);
	must_be_clean(c, copy, "not clean after e2fsck -p");
	check_content(c, copy, false);
	free(image);
}

static void one_cut(struct cut *c, u64 seed)
{
	static const u32 percents[] = { 0, 10, 50, 90, 100, 50, 50, 98 };

	dev_open(&c->d, c->path, true);
	load(c, seed);
	c->counts[c->d.pends == 0]++;
	recover(c, percents[seed % 8]);
	model_free(&c->m);
	dev_close(&c->d);
}

int cmd_crash(int argc, char **argv)
{
	struct cut c = { .has_journal = true };
	u64 seed;

	CHECK(argc == 3);
	snprintf(c.path, sizeof(c.path), "%s", argv[0]);
	c.has_journal = strstr(c.path, "journal") != NULL;
	host_memory = 4u << 20;
	seed = (u64)atoll(argv[1]);
	for (u32 i = 0; i < (u32)atoi(argv[2]); i++) {
		fprintf(stderr, "cut %llu\n", (unsigned long long)(seed + i));
		one_cut(&c, seed + i);
	}
	printf("%llu cuts lost something, %llu nothing\n", (unsigned long long)c.counts[0],
	       (unsigned long long)c.counts[1]);
	return 0;
}
