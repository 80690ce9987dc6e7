/* SPDX-License-Identifier: MIT */
/*
 * Two clients of one disk: the second, with the word "flood", asks for as much as it can, and crashes for good when
 * it is asked to, with as much under way as there is room for.  The first goes on.
 */
#include <tessera/disk.h>

enum { SMALL = 4096, LARGE = 256 << 10, DEPTH = 64, READS = 300, WARM = 16 << 20 };

static struct disk disk;
static volatile u64 *done, *asked; /* bytes of the flood; 1: crash */

static void check(bool ok, const char *name)
{
	static u32 tests;

	sys_print("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

/* How many were answered. */
static u32 take(u64 deadline)
{
	struct disk_done d;
	u32 n = 0;

	while (disk_poll(&disk, &d)) {
		if (d.status != BLK_DONE)
			sys_panic("status %u", d.status);
		n++;
	}
	if (n == 0)
		disk_news(&disk, comp_wait(disk_idle(&disk) ? deadline : 1));
	return n;
}

static _Noreturn void flood(void)
{
	u32 id;

	for (u64 at = 0;; at++) {
		while (disk.in_flight < DEPTH &&
		       disk_submit(&disk, BLK_READ, at % 64 * (LARGE / 512), 0, 0, LARGE, &id))
			;
		*done += (u64)take(0) * LARGE;
		if (*asked != 0)
			__builtin_trap();
	}
}

/* Reads, one at a time, that are answered within some seconds. */
static u32 read_some(void)
{
	u64 end = sys_after(20000000);
	u32 n = 0, id;

	while (n < READS && sys_clock() < end) {
		if (disk.in_flight == 0)
			(void)disk_submit(&disk, BLK_READ, 0, 0, 0, SMALL, &id);
		n += take(end);
	}
	return n;
}

int main(void)
{
	const struct comp_pool *pool = comp_pool("counts");

	done = (volatile u64 *)pool->vaddr;
	asked = done + 1;
	if (disk_open(&disk, "disk") != BLK_DONE)
		sys_panic("no disk");
	comp_ready();
	if (sys_option("flood"))
		flood();
	while (*done < WARM)
		(void)comp_wait(sys_after(1000));
	check(read_some() == READS, "one reads beside a flood");
	*asked = 1;
	check(read_some() == READS, "the flood dies for good, and it goes on");
	sys_print("# done\n");
	return 0;
}
