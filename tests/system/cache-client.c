/* SPDX-License-Identifier: MIT */
/*
 * Two clients in one, of a disk whose cache is lost when its driver crashes: who has writes that
 * were answered and not flushed is told so by the next flush, or by the one that is under way; once.
 * With the word "mux" it is the multiplexer that is ended, by others.
 */
#include <tessera/disk.h>

enum { BLOCK = 4096, CRASH_SECTOR = 777 };

static struct disk first, second;
static u32 crashes;

static void check(bool ok, const char *name)
{
	static u32 tests;

	sys_print("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

static u32 begin(struct disk *d, u32 operation, u64 sector)
{
	u32 id;

	if (!disk_submit(d, operation, sector, 0, 0, operation == BLK_WRITE ? BLOCK : 0, &id))
		sys_panic("no room for a request");
	return id;
}

/* Until that request is answered; what becomes of others does not matter. */
static u32 end(struct disk *d, u32 id)
{
	struct disk_done done;

	for (;;) {
		while (disk_poll(d, &done)) {
			if (done.id == id)
				return done.status;
		}
		bool idle = disk_idle(&first);

		idle &= disk_idle(&second);
		u64 bits = comp_wait(idle ? 0 : 1);
		disk_news(&first, bits);
		disk_news(&second, bits);
	}
}

static bool does(struct disk *d, u32 operation, u64 sector, u32 status)
{
	return end(d, begin(d, operation, sector)) == status;
}

/* Its driver crashes, and the next one writes it. */
static bool crash(void)
{
	return does(&second, BLK_WRITE, CRASH_SECTOR + crashes++, BLK_DONE) &&
	       does(&second, BLK_FLUSH, 0, BLK_DONE);
}

/* Both are in one batch: when the driver crashes neither has been answered. */
static void test_under_way(void)
{
	bool ok = does(&first, BLK_WRITE, 0, BLK_DONE);
	u32 poison = begin(&second, BLK_WRITE, CRASH_SECTOR + crashes++),
	    flush = begin(&first, BLK_FLUSH, 0);

	ok = end(&second, poison) == BLK_DONE && ok;
	check(ok && end(&first, flush) == BLK_ERROR,
	      "a flush that is under way at the crash fails");
	check(does(&first, BLK_FLUSH, 0, BLK_DONE), "and the next one does not");
	(void)does(&second, BLK_FLUSH, 0, BLK_DONE);
}

static void test_multiplexer(void)
{
	bool ok = does(&first, BLK_WRITE, 0, BLK_DONE);
	u32 lives = first.chan.lives;

	while (first.chan.lives == lives) {
		u64 bits = comp_wait(0);

		disk_news(&first, bits);
		disk_news(&second, bits);
	}
	check(ok && does(&first, BLK_FLUSH, 0, BLK_ERROR),
	      "a flush says that a multiplexer was lost");
	check(does(&first, BLK_FLUSH, 0, BLK_DONE), "once");
	check(does(&second, BLK_FLUSH, 0, BLK_DONE), "and not to a client that has not written");
	sys_print("# done\n");
}

int main(void)
{
	bool there =
		disk_open(&first, "first") == BLK_DONE && disk_open(&second, "second") == BLK_DONE;

	check(there && (first.features & BLK_FEATURE_VOLATILE_CACHE) &&
		      !(first.features & BLK_FEATURE_CACHE_SURVIVES),
	      "the disk has a cache that a crash empties");
	comp_ready();
	if (sys_option("mux")) {
		test_multiplexer();
		return 0;
	}
	check(does(&first, BLK_WRITE, 0, BLK_DONE) && crash(), "the driver crashes after a write");
	check(does(&first, BLK_FLUSH, 0, BLK_ERROR),
	      "the flush after that says that it may be lost");
	check(does(&first, BLK_FLUSH, 0, BLK_DONE), "once");
	check(does(&first, BLK_WRITE, 8, BLK_DONE) && does(&first, BLK_FLUSH, 0, BLK_DONE) &&
		      crash() && does(&first, BLK_FLUSH, 0, BLK_DONE),
	      "what was flushed is not lost");
	test_under_way();
	sys_print("# done\n");
	return 0;
}
