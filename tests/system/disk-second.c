/* SPDX-License-Identifier: MIT */
/*
 * Another client of the disk: it may only read, and reads as much as it can in large pieces, so
 * that the first client's small ones must get their share.  With the word "crash" it dies after a
 * second, with requests under way.
 */
#include <tessera/disk.h>

enum { PIECE = 256 << 10, DEPTH = 4 };

int main(void)
{
	static struct disk disk;
	struct disk_done d;
	u64 crash = sys_option("crash") ? sys_after(1000000) : ~0ull;
	u64 at = 0, pieces = 0;
	u32 id;

	if (disk_open(&disk, "disk") != BLK_DONE)
		sys_panic("no disk");
	comp_ready();
	if (disk_do(&disk, BLK_WRITE, 0, 0, 0, 4096) != BLK_READ_ONLY ||
	    !(disk.features & BLK_FEATURE_READ_ONLY))
		sys_panic("it may write");
	if (sys_option("idle"))
		(void)comp_wait(0);
	for (;;) {
		while (disk.in_flight < DEPTH &&
		       disk_submit(&disk, BLK_READ, at, 0, pieces % DEPTH * PIECE, PIECE, &id)) {
			at = at + PIECE / 512 <= disk.sectors - PIECE / 512 ? at + PIECE / 512 : 0;
			pieces++;
		}
		while (!disk_poll(&disk, &d))
			disk_news(&disk, comp_wait(disk_idle(&disk) ? 0 : 1));
		if (sys_clock() >= crash)
			__builtin_trap();
		if (d.status != BLK_DONE)
			sys_panic("status %u", d.status);
	}
}
