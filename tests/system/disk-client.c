/* SPDX-License-Identifier: MIT */
/*
 * Writes and reads patterns through multiplexer and driver, many requests at a time, for as many
 * seconds as "seconds=N" among its words says.  Every block written says which it is, and for the
 * how-many-th time it was written: a lost, doubled or misplaced write is seen when it is read, and
 * by whoever reads the disk afterwards.
 *
 * Blocks 0 to BLOCKS - 1 of 4 KiB, from sector FIRST on.  At the end all have been read again, and
 * were flushed; a line tells how many writes each had in all, so that the disk's contents can be
 * worked out: "# sum X".
 */
#include <tessera/disk.h>

enum {
	BLOCK = 4096,
	BLOCK_SECTORS = 8,
	BLOCKS = 1024,
	FIRST = 2048,
	DEPTH = 32,
	GAP_US = 5000,
	WORDS = BLOCK / 8
};

static struct disk disk;
static u8 *area;
static u32 written[BLOCKS]; /* how often, as far as it was answered */
static bool in_use[BLOCKS]; /* a request for it is under way */
static struct {
	bool write;
	u32 block;
} job[DISK_QUEUE];
static u64 state = 88172645463325252ull;
static u64 done_bytes, errors, wrong, longest;
static u64 began[DISK_QUEUE];
static u64 last_answer, stood; /* in load: so long nothing came, in gaps that are no disk's own */

static u64 chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* --- contents ------------------------------------------------------------------------------- */

static u64 word_of(u32 block, u32 life, u32 i)
{
	return (((u64)block << 32 | life) + 1) * 0x9e3779b97f4a7c15ull + i;
}

static u64 *place(u32 id)
{
	return (u64 *)(area + (u64)id * BLOCK);
}

static void fill(u32 id, u32 block, u32 life)
{
	for (u32 i = 0; i < WORDS; i++)
		place(id)[i] = word_of(block, life, i);
}

static bool is_filled(u32 id, u32 block, u32 life)
{
	for (u32 i = 0; i < WORDS; i++) {
		if (place(id)[i] != (life == 0 ? 0 : word_of(block, life, i)))
			return false;
	}
	return true;
}

/* --- requests --------------------------------------------------------------------------------- */

/* The place in memory belongs to the number of the request. */
static void begin(u32 block, bool write)
{
	u32 id;
	u32 slot = disk.next;

	while (disk.busy[slot])
		slot = (slot + 1) % DISK_QUEUE;
	if (write)
		fill(slot, block, written[block] + 1);
	else
		memset(place(slot), 0xff, BLOCK);
	if (!disk_submit(&disk, write ? BLK_WRITE : BLK_READ, FIRST + (u64)block * BLOCK_SECTORS, 0,
			 (u64)slot * BLOCK, BLOCK, &id) ||
	    id != slot)
		sys_panic("a request that must fit does not");
	began[id] = sys_clock();
	in_use[block] = true;
	job[id].write = write;
	job[id].block = block;
}

static void finish(const struct disk_done *d)
{
	u32 block = job[d->id].block;
	u64 took = sys_clock() - began[d->id];

	in_use[block] = false;
	longest = took > longest ? took : longest;
	if (last_answer != 0 && began[d->id] + took - last_answer > sys_ticks(GAP_US))
		stood += began[d->id] + took - last_answer;
	last_answer = began[d->id] + took;
	if (d->status != BLK_DONE || d->bytes != BLOCK) {
		errors++;
		if (errors < 10)
			sys_print("# block %u: status %u\n", block, d->status);
		return;
	}
	done_bytes += BLOCK;
	if (job[d->id].write)
		written[block]++;
	else if (!is_filled(d->id, block, written[block]) && wrong++ < 10)
		sys_print("# block %u is not what was written\n", block);
}

static void take(u32 keep)
{
	struct disk_done d;

	while (disk.in_flight > keep) {
		if (disk_poll(&disk, &d)) {
			finish(&d);
			continue;
		}
		disk_news(&disk, comp_wait(disk_idle(&disk) ? 0 : 1));
	}
}

static void load(u64 seconds)
{
	u64 end = sys_after(seconds * 1000000), second = sys_after(1000000), before = 0;
	u32 depth = (u32)sys_option_number("depth=", DEPTH);

	while (sys_clock() < end) {
		u32 block = (u32)(chance() % BLOCKS);

		if (in_use[block])
			continue;
		begin(block, (chance() & 1) != 0);
		take(depth - 1);
		if (sys_clock() < second)
			continue;
		sys_print("# %lu KiB/s\n", (done_bytes - before) / 1024);
		before = done_bytes;
		second = sys_after(1000000);
	}
	take(0);
	sys_print("# stood still for %lu ms\n", stood / sys_ticks(1000));
}

static void read_all(void)
{
	for (u32 i = 0; i < BLOCKS; i++) {
		begin(i, false);
		take(DEPTH - 1);
	}
	take(0);
}

static void check(bool ok, const char *name)
{
	static u32 tests;

	sys_print("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

/* --- what is refused ------------------------------------------------------------------------------ */

static void test_limits(void)
{
	bool bad = disk_do(&disk, BLK_READ, disk.sectors, 0, 0, BLOCK) == BLK_BAD &&
		   disk_do(&disk, BLK_READ, ~0ull, 0, 0, BLOCK) == BLK_BAD &&
		   disk_do(&disk, BLK_READ, 0, 1, 0, BLOCK) == BLK_BAD &&
		   disk_do(&disk, BLK_WRITE, 0, 0, disk.chan.info->area[0].bytes - 512, BLOCK) ==
			   BLK_BAD &&
		   disk_do(&disk, BLK_READ, 0, 0, 0, BLOCK + 1) == BLK_BAD &&
		   disk_do(&disk, BLK_READ, 0, 0, 0, 0) == BLK_BAD &&
		   disk_do(&disk, 99, 0, 0, 0, 0) == BLK_BAD;

	check(bad, "what is outside of disk or area is refused");
	check(disk_do(&disk, BLK_READ, 0, 0, 0, BLK_BYTES_MAX) == BLK_DONE, "a request of 1 MiB");
}

int main(void)
{
	u64 sum = 0, total = 0;
	u32 status = disk_open(&disk, "disk");

	check(status == BLK_DONE, "the disk says what it is");
	if (status != BLK_DONE)
		return 1;
	area = (u8 *)disk.chan.info->area[0].vaddr;
	sys_print("# %lu sectors, features %u\n", disk.sectors, disk.features);
	comp_ready();
	test_limits();
	load(sys_option_number("seconds=", 2));
	check(errors == 0, "every request was answered well");
	check(disk_do(&disk, BLK_FLUSH, 0, 0, 0, 0) == BLK_DONE, "flush");
	read_all();
	check(wrong == 0 && errors == 0, "what was written is there");
	for (u32 i = 0; i < BLOCKS; i++) {
		sum = sum * 31 + written[i];
		total += written[i];
	}
	sys_print("# %lu MiB, %lu writes, longest %lu ms, sum %lx\n", done_bytes >> 20, total,
		  longest / sys_ticks(1000), sum);
	sys_print("# done\n");
	if (sys_option("reset"))
		(void)comp_call(SUP_POWER, 1, 0);
	return errors != 0 || wrong != 0;
}
