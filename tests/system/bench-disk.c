/* SPDX-License-Identifier: MIT */
/*
 * Instructions for a request to a disk, of everybody: client, multiplexer, driver, kernel.
 *
 * With the word "pause": how long the longest request takes, while the driver is killed.  "rate-ms=N": how many
 * requests are answered in a second, tried for so long.
 */
#include <tessera/disk.h>

#include "bench.h"

enum { BLOCK = 4096, SPAN = 4096 };

static struct disk disk;
static u64 boot_us; /* from the kernel's beginning to the first answer */

static void answers(u32 keep)
{
	struct disk_done d;

	while (disk.in_flight > keep) {
		if (!disk_poll(&disk, &d))
			disk_news(&disk, comp_wait(disk_idle(&disk) ? 0 : 1));
		else if (d.status != BLK_DONE)
			sys_panic("status %u", d.status);
	}
}

/* So many, or as many as are answered until `end`. */
static u32 requests(u32 operation, u32 depth, u32 n, u64 end)
{
	u32 id, done = 0;

	while (done < n && (end == 0 || sys_clock() < end)) {
		for (; disk.in_flight < depth && done < n; done++) {
			u64 at = done * 2654435761u % SPAN;

			if (!disk_submit(&disk, operation, at * 8, 0, done % depth * BLOCK, BLOCK,
					 &id))
				sys_panic("no room for %u requests", depth);
		}
		/* A batch comes to its end, or one. */
		answers(depth > 1 ? depth / 2 : 0);
	}
	answers(0);
	return done;
}

static void measure_rate(const char *name, u32 operation, u32 depth, u64 ms)
{
	(void)requests(operation, depth, depth * 4, 0);
	u64 began = sys_clock();
	u64 n = requests(operation, depth, ~0u, sys_after(1000 * ms));
	u64 us = (sys_clock() - began) / sys_ticks(1);

	sys_print("bench name=%s_rate value=%lu unit=per_second n=%lu\n", name, n * 1000000 / us,
		  n);
}

static void measure(const char *name, u32 operation, u32 depth, u32 n)
{
	(void)requests(operation, depth, depth * 4, 0);
	section_begin();
	struct mark m = mark();
	(void)requests(operation, depth, n, 0);
	section_end();
	sys_print("bench name=%s value=%lu unit=instructions n=%u\n", name, work_since(&m) / n, n);
}

static void measure_pause(void)
{
	u64 longest = 0, end = sys_after(1500000);

	while (sys_clock() < end) {
		u64 began = sys_clock();

		(void)requests(BLK_READ, 1, 1, 0);
		longest = sys_clock() - began > longest ? sys_clock() - began : longest;
	}
	u64 us = longest / sys_ticks(1);

	sys_print("bench name=driver_restart value=%lu unit=microseconds n=1 boot=%lu "
		  "of_boot=%lu.%03lu\n",
		  us, boot_us, us / boot_us, us * 1000 / boot_us % 1000);
}

int main(void)
{
	if (disk_open(&disk, "disk") != BLK_DONE)
		sys_panic("no disk");
	(void)requests(BLK_READ, 1, 1, 0);
	boot_us = sys_clock() / sys_ticks(1);
	comp_ready();
	u64 ms = sys_option_number("rate-ms=", 0);
	if (ms != 0) {
		measure_rate("blk_read_4k_qd1", BLK_READ, 1, ms);
		measure_rate("blk_read_4k_qd32", BLK_READ, 32, ms);
		measure_rate("blk_write_4k_qd32", BLK_WRITE, 32, ms);
		sys_print("# done\n");
		return 0;
	}
	calibrate();
	if (sys_option("pause")) {
		measure_pause();
	} else {
		measure("blk_read_4k_qd1", BLK_READ, 1, 500);
		measure("blk_read_4k_qd32", BLK_READ, 32, 2048);
		measure("blk_write_4k_qd32", BLK_WRITE, 32, 2048);
	}
	sys_print("# done\n");
	return 0;
}
