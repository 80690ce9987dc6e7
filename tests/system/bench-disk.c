/* SPDX-License-Identifier: MIT */
/*
 * Instructions for a request to a disk, of everybody: client, multiplexer, driver, kernel.  The clock
 * counts instructions (emu.py --icount), on one CPU; those of the program that runs when nobody else
 * does are taken off.
 *
 * With the word "pause": how long the longest request takes, while the driver is killed.
 */
#include <tessera/disk.h>

enum { BLOCK = 4096, CALIBRATE_US = 20000, SPAN = 4096 };

static struct disk disk;
static volatile u64 *idle;
static u64 idle_ticks, idle_counts; /* so long it takes to count so far */

struct mark {
	u64 clock, count;
};

static struct mark mark(void)
{
	return (struct mark){ sys_clock(), *idle };
}

static u64 work_since(const struct mark *m)
{
	u64 ticks = sys_clock() - m->clock, spent = (*idle - m->count) * idle_ticks / idle_counts;

	return ticks > spent ? ticks - spent : 0;
}

static void calibrate(void)
{
	/* Once to be on the way, once in earnest. */
	for (u32 i = 0; i < 2; i++) {
		struct mark m = mark();

		(void)comp_wait(sys_after(CALIBRATE_US));
		idle_ticks = sys_clock() - m.clock;
		idle_counts = *idle - m.count;
	}
	if (idle_counts == 0)
		sys_panic("nobody counts when nobody works");
}

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

static void requests(u32 operation, u32 depth, u32 n)
{
	u32 id;

	for (u32 done = 0; done < n;) {
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
}

static void measure(const char *name, u32 operation, u32 depth, u32 n)
{
	requests(operation, depth, depth * 4);
	struct mark m = mark();
	requests(operation, depth, n);
	sys_print("bench name=%s value=%lu unit=instructions n=%u\n", name, work_since(&m) / n, n);
}

static void measure_pause(void)
{
	u64 longest = 0, end = sys_after(1500000);

	while (sys_clock() < end) {
		u64 began = sys_clock();

		requests(BLK_READ, 1, 1);
		longest = sys_clock() - began > longest ? sys_clock() - began : longest;
	}
	sys_print("bench name=driver_restart value=%lu unit=microseconds n=1\n",
		  longest / sys_ticks(1));
}

int main(void)
{
	if (disk_open(&disk, "disk") != BLK_DONE)
		sys_panic("no disk");
	idle = (volatile u64 *)comp_pool("idle")->vaddr;
	comp_ready();
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
