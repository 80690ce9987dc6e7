/* SPDX-License-Identifier: MIT */
/*
 * A client of a disk whose driver is hostile: what it asks for must come to an end, soon enough,
 * and not with success that is none; meanwhile others work as before.
 */
#include <tessera/disk.h>

enum { REQUESTS = 8, BLOCK = 4096, BOUND_MS = 60000, LOOKS = 3 };

static struct disk disk;

static void check(bool ok, const char *name)
{
	static u32 tests;

	sys_print("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

/* Is there a word in the area that nobody put there? */
static bool is_clean(void)
{
	const volatile u64 *area = (const volatile u64 *)disk.chan.info->area[0].vaddr;

	for (u32 i = 0; i < REQUESTS * BLOCK / 8; i++) {
		if (area[i] != 0x5555555555555555)
			return false;
	}
	return true;
}

int main(void)
{
	const struct comp_pool *told = comp_pool("told");
	const volatile u64 *count = (const volatile u64 *)told->vaddr;
	u64 began = sys_clock(), before = count[0];
	u32 well = 0;
	bool gone = disk_open(&disk, "disk") != BLK_DONE;

	memset((void *)disk.chan.info->area[0].vaddr, 0x55, REQUESTS * BLOCK);
	for (u32 i = 0; i < REQUESTS; i++)
		well += disk_do(&disk, BLK_READ, i * 8, 0, i * (u64)BLOCK, BLOCK) == BLK_DONE;
	u64 ms = (sys_clock() - began) / sys_ticks(1000);
	sys_print("# disk %s, %u of %u requests answered well, after %lu ms\n",
		  gone ? "gone" : "there", well, REQUESTS, ms);
	check(ms < BOUND_MS, "all requests came to an end");
	check(well == 0 || sys_option("may-lie"), "none succeeded");
	check(is_clean(), "no data came");
	/* How fast is the host's affair. */
	for (u32 i = 0; i < BOUND_MS / 500 && count[0] - before <= LOOKS; i++)
		(void)comp_wait(sys_after(500000));
	check(count[0] - before > LOOKS, "another program went on");
	check(count[1] == 0, "its memory is as it was");
	sys_print("# done\n");
	return 0;
}
