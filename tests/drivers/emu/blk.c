/* SPDX-License-Identifier: MIT */
/*
 * A driver of a block device on the emulated machine, with a disk of at least 8 MiB.
 */
#include <tessera/blk.h>

#include "platform.h"

enum { PLACE = 64 << 10, PLACES = 32, BIG = 1 << 20 };

static u64 state = 88172645463325252ull;

static u64 chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static bool one(u64 operation, u64 sector, u64 offset, u64 bytes, u32 status)
{
	struct ring_entry e;

	request(1 | operation << 32, sector, offset, bytes);
	return answer(&e) && CHECK(e.w[0] == (1 | (u64)status << 32));
}

static void fill(u64 offset, u64 bytes, u64 seed)
{
	for (u64 i = 0; i < bytes; i += 8)
		*(u64 *)(area + offset + i) = (seed + i) * 0x9e3779b97f4a7c15ull;
}

static bool is_filled(u64 offset, u64 bytes, u64 seed)
{
	for (u64 i = 0; i < bytes; i += 8) {
		if (*(u64 *)(area + offset + i) != (seed + i) * 0x9e3779b97f4a7c15ull)
			return false;
	}
	return true;
}

static void test_info(void)
{
	struct ring_entry e;

	request(1 | (u64)BLK_INFO << 32, 0, 0, 0);
	if (CHECK(answer(&e)))
		CHECK(e.w[1] >= (8 << 20) / BLK_SECTOR);
	sys_print("# %lu sectors, features %lu\n", e.w[1], e.w[2] >> 32);
	report("the device says what it is");
}

/* Many requests at once, each to a place of its own; twice: written, then read. */
static void test_data(u64 seed, const char *name)
{
	u64 bytes[PLACES];
	struct ring_entry e;

	for (u32 round = 0; round < 10; round++) {
		for (u32 pass = 0; pass < 2; pass++) {
			for (u32 i = 0; i < PLACES; i++) {
				if (pass == 0)
					bytes[i] = (1 + chance() % (PLACE / 4096)) * 4096;
				fill(i * PLACE, PLACE, pass == 0 ? seed + round * 100 + i : ~0ull);
				request(i | (u64)(pass == 0 ? BLK_WRITE : BLK_READ) << 32,
					i * (u64)PLACE / BLK_SECTOR, i * PLACE, bytes[i]);
			}
			for (u32 i = 0; i < PLACES; i++)
				CHECK(answer(&e) && e.w[0] >> 32 == BLK_DONE);
		}
		for (u32 i = 0; i < PLACES; i++)
			CHECK(is_filled(i * PLACE, bytes[i], seed + round * 100 + i));
	}
	report(name);
}

static void test_big(void)
{
	fill(512, BIG, 42);
	CHECK(one(BLK_WRITE, 4096, 512, BIG, BLK_DONE));
	fill(512, BIG, 43);
	CHECK(one(BLK_READ, 4096, 512, BIG, BLK_DONE));
	CHECK(is_filled(512, BIG, 42));
	CHECK(one(BLK_FLUSH, 0, 0, 0, BLK_DONE));
	CHECK(one(BLK_DISCARD, 8192, 0, 65536, BLK_DONE));
	CHECK(one(BLK_READ, 4096, 512, BIG + 512, BLK_BAD));
	report("a request of 1 MiB, a flush, a discard");
}

/*
 * As if the driver had died with requests under way: nobody stops the device.  QEMU 7.2 itself
 * crashes when an NVMe controller is reset while requests are under way: with the word "wait" they
 * are finished then, but nobody has looked.
 */
static void test_restart(void)
{
	for (u32 life = 0; life < 5; life++) {
		for (u32 i = 0; i < PLACES; i++)
			request(i | (u64)BLK_READ << 32, 0, i * PLACE, PLACE);
		(void)platform_turn();
		if (sys_option("wait"))
			drv_sleep_ns(300000000);
		CHECK(platform_start() == DRV_OK);
	}
	test_data(777, "started again with requests under way, data is right");
}

/*
 * Area 1 is not in the I/O space: the IOMMU stops the device.  Whether that makes the device
 * fail, or answer with an error, or drop the data and not notice, is the device's affair.
 */
static void test_outside(void)
{
	struct ring_entry e;

	request(1 | (u64)BLK_READ << 32 | 1ull << 40, 0, 0, 4096);
	bool answered = answer(&e);
	if (answered)
		sys_print("# outside of its memory: status %lu\n", e.w[0] >> 32);
	else
		sys_print("# outside of its memory: the device failed\n");
	CHECK(platform_start() == DRV_OK);
	test_data(999, "the IOMMU stops the device, which works again after a new start");
}

int main(void)
{
	platform_open();
	CHECK(platform_start() == DRV_OK);
	report("the driver starts");
	test_info();
	test_data(1, "640 requests, data is right");
	test_big();
	test_restart();
	if (confined)
		test_outside();
	driver_quiesce(&drv);
	sys_print("# done\n");
	return 0;
}
