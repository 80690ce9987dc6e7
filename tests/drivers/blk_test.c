/* SPDX-License-Identifier: MIT */
/*
 * What every driver of a block device must do, against the model of its device.
 */
#include <stdio.h>
#include <string.h>

#include <tessera/blk.h>

#include "blk_model.h"
#include "harness.h"

enum { FAULT_ROUNDS = 12 };
enum { IDS = 400, PLACE = (1 << 20) + 8192, GUARD = 64 };

struct job {
	bool busy, lost; /* lost: under way when its driver ended */
	uint32_t operation, bytes;
	uint64_t sector, offset;
	unsigned char *data;
};

unsigned char disk[DISK_SECTORS * 512];
bool disk_read_only, disk_has_discard, disk_has_cache;
unsigned disk_block_bytes, disk_errors;
uint64_t disk_unflushed;

static struct job job[IDS];
static unsigned char expected[DISK_SECTORS * 512];
static uint8_t readers[DISK_SECTORS], writers[DISK_SECTORS];
static unsigned busy, done, errors;
static bool lazy; /* the client looks at its answers seldom */

/* --- the client -------------------------------------------------------------------- */

static void mark(const struct job *j, int by)
{
	uint8_t *map = j->operation == BLK_READ ? readers : writers;

	for (uint64_t i = 0; i < j->bytes / 512; i++)
		map[j->sector + i] = (uint8_t)(map[j->sector + i] + by);
}

/* What is written must not be read or written by another request at the same time. */
static bool is_free(const struct job *j)
{
	for (uint64_t i = j->sector; i < j->sector + j->bytes / 512; i++) {
		if (writers[i] || (j->operation != BLK_READ && readers[i]))
			return false;
	}
	return true;
}

static void choose(struct job *j, unsigned id)
{
	uint32_t units = DISK_SECTORS * 512 / disk_block_bytes, most;

	*j = (struct job){ 0 };
	j->operation = one_in(40) ? BLK_FLUSH : one_in(30) ? BLK_DISCARD :
		       one_in(2) ? BLK_READ : BLK_WRITE;
	if (j->operation == BLK_FLUSH)
		return;
	most = one_in(30) ? (1 << 20) / disk_block_bytes : 8192 / disk_block_bytes;
	uint32_t n = 1 + rnd(most);
	j->bytes = n * disk_block_bytes;
	j->sector = (uint64_t)rnd(units - n + 1) * disk_block_bytes / 512;
	j->offset = (uint64_t)(id / AREAS) * PLACE + GUARD + rnd(1024) * 4;
	j->data = area[id % AREAS] + j->offset;
}

static void submit(unsigned id)
{
	struct job *j = &job[id];

	put(id | (uint64_t)j->operation << 32 | (uint64_t)(id % AREAS) << 40, j->sector,
	    j->offset, j->bytes);
	j->busy = true;
	j->lost = false;
	busy++;
}

static void submit_random(unsigned id)
{
	struct job *j = &job[id];

	do
		choose(j, id);
	while (j->operation != BLK_FLUSH && !is_free(j));
	if (j->data != NULL) {
		memset(j->data - GUARD, 0x5a, j->bytes + 2 * GUARD);
		if (j->operation == BLK_WRITE)
			fill_random(j->data, j->bytes);
	}
	mark(j, 1);
	submit(id);
}

static bool all_are(const unsigned char *p, uint64_t n, unsigned char value)
{
	return n == 0 || (p[0] == value && memcmp(p, p + 1, n - 1) == 0);
}

static void check_done(const struct job *j)
{
	unsigned char *e = expected + j->sector * 512;

	if (j->data == NULL)
		return;
	CHECK(all_are(j->data - GUARD, GUARD, 0x5a) && all_are(j->data + j->bytes, GUARD, 0x5a));
	if (j->operation == BLK_READ)
		CHECK(memcmp(j->data, e, j->bytes) == 0);
	else if (j->operation == BLK_WRITE && !disk_read_only)
		memcpy(e, j->data, j->bytes);
	else if (j->operation == BLK_DISCARD && disk_has_discard && !disk_read_only)
		memset(e, 0, j->bytes);
}

/* What a write that failed has changed is not known: a part of it perhaps. */
static void note_error(const struct job *j)
{
	errors++;
	if (j->operation == BLK_WRITE || j->operation == BLK_DISCARD)
		memcpy(expected + j->sector * 512, disk + j->sector * 512, j->bytes);
}

static void take_answers(bool check)
{
	struct ring_entry e;

	while (take(&e)) {
		uint32_t id = (uint32_t)e.w[0], status = (uint32_t)(e.w[0] >> 32);

		if (!CHECK(id < IDS && job[id].busy))
			continue;
		struct job *j = &job[id];
		bool writes = j->operation == BLK_WRITE || j->operation == BLK_DISCARD;

		if (!check)
			CHECK(status == BLK_DONE || status == BLK_ERROR || status == BLK_READ_ONLY);
		else if (disk_read_only && writes)
			CHECK(status == BLK_READ_ONLY);
		else if (status == BLK_ERROR)
			note_error(j);
		else if (CHECK(status == BLK_DONE))
			check_done(j);
		if (status == BLK_DONE && !disk_read_only && j->operation < BLK_FLUSH)
			CHECK(e.w[1] == j->bytes);
		mark(j, -1);
		j->busy = false;
		busy--;
		done++;
	}
}

static unsigned free_id(void)
{
	unsigned id = rnd(IDS);

	while (job[id].busy)
		id = (id + 1) % IDS;
	return id;
}

static void forget(void)
{
	memset(job, 0, sizeof job);
	memset(readers, 0, sizeof readers);
	memset(writers, 0, sizeof writers);
	busy = done = errors = 0;
}

/* Requests at random until `count` are done.  What the driver's last function returned. */
static int stream(unsigned count, unsigned depth)
{
	unsigned begun = 0, quiet = 0;
	bool idle;
	int r = DRV_OK;

	done = 0;
	while (r == DRV_OK && (done < count || busy != 0) && quiet < 20) {
		unsigned burst = one_in(3) ? 1 + rnd(depth) : 0;

		for (; burst != 0 && begun < count && busy < depth &&
		       ring_room(&to_driver) == RING_OK; burst--, begun++)
			submit_random(free_id());
		publish();
		r = pump(&idle);
		if (!lazy || one_in(20) || (idle && one_in(2)))
			take_answers(true);
		quiet = idle && busy != 0 && burst == 0 ? quiet + 1 : 0;
	}
	if (r == DRV_OK)
		CHECK(quiet < 20);
	return r;
}

static void fresh(unsigned variant)
{
	model_power(variant);
	model_fault(FAULT_NONE);
	forget();
	if (disk[0] == 0)
		fill_random(disk, sizeof disk);
	memcpy(expected, disk, sizeof disk);
	kill_after = 0;
}

/* --- tests -------------------------------------------------------------------------- */

static void test_info(unsigned variant)
{
	struct ring_entry e;
	bool idle;

	fresh(variant);
	CHECK(start() == DRV_OK);
	put(7 | (uint64_t)BLK_INFO << 32, 0, 0, 0);
	publish();
	CHECK(pump(&idle) == DRV_OK);
	if (CHECK(take(&e))) {
		CHECK(e.w[0] == (7 | (uint64_t)BLK_DONE << 32));
		CHECK(e.w[1] == DISK_SECTORS);
		CHECK(!(e.w[2] >> 32 & BLK_FEATURE_READ_ONLY) == !disk_read_only);
		CHECK(!(e.w[2] >> 32 & BLK_FEATURE_DISCARD) == !disk_has_discard);
		CHECK(!(e.w[2] >> 32 & BLK_FEATURE_VOLATILE_CACHE) == !disk_has_cache);
	}
	report("info says what the device is");
}

static void test_streams(unsigned variant)
{
	fresh(variant);
	CHECK(start() == DRV_OK);
	CHECK(stream(1500, 200) == DRV_OK);
	CHECK(stream(300, 1) == DRV_OK);
	CHECK(stream(700, 32) == DRV_OK);
	CHECK(memcmp(disk, expected, sizeof disk) == 0);
	CHECK(drv.bad_device == 0 && drv.bad_requests == 0 && errors == 0);
	CHECK(model_queues_used() == model_queues());
	driver_quiesce(&drv);
	report("data of 2500 random requests is right");
}

static void test_lazy(unsigned variant)
{
	fresh(variant);
	CHECK(start() == DRV_OK);
	lazy = true;
	CHECK(stream(2000, IDS - 1) == DRV_OK);
	lazy = false;
	CHECK(memcmp(disk, expected, sizeof disk) == 0);
	CHECK(drv.bad_device == 0 && errors == 0);
	report("a client that seldom takes answers loses none");
}

static void test_errors(unsigned variant)
{
	fresh(variant);
	CHECK(start() == DRV_OK);
	disk_errors = 50;
	CHECK(stream(300, 100) == DRV_OK);
	/* A request may be several for the device. */
	CHECK(errors != 0 && errors <= 50);
	disk_errors = 0;
	report("errors of the device are answered, and it goes on");
}

static void test_flush(unsigned variant)
{
	struct ring_entry e;
	bool idle = false;

	fresh(variant);
	CHECK(start() == DRV_OK);
	CHECK(stream(100, 20) == DRV_OK);
	put(1 | (uint64_t)BLK_FLUSH << 32, 0, 0, 0);
	publish();
	for (unsigned i = 0; i < 1000 && !idle; i++)
		CHECK(pump(&idle) == DRV_OK);
	CHECK(take(&e) && e.w[0] >> 32 == BLK_DONE);
	CHECK(!disk_has_cache || disk_unflushed == 0);
	report("after a flush all is on the medium");
}

static void hostile_entry(unsigned kind, uint64_t w[4])
{
	uint64_t big = (uint64_t)rnd(1 << 30) << 34 | rnd(1 << 30);

	w[0] = 5 | (uint64_t)BLK_READ << 32;
	w[1] = 0;
	w[2] = 0;
	w[3] = disk_block_bytes;
	switch (kind) {
	case 0: w[0] = 5 | (uint64_t)(5 + rnd(250)) << 32; break;
	case 1: w[0] |= (uint64_t)(AREAS + rnd(1 << 20)) << 40; break;
	case 2: w[2] = AREA_BYTES - disk_block_bytes + 4 + (one_in(2) ? 0 : big); break;
	case 3: w[2] = 0 - (uint64_t)4 * rnd(1000) - 4; break;
	case 4: w[3] = 1 + rnd(511); break;
	case 5: w[3] = 0; break;
	case 6: w[3] = BLK_BYTES_MAX + 512; break;
	case 7: w[3] = big << 10 | 512; break;
	case 8: w[1] = DISK_SECTORS; break;
	case 9: w[1] = 0 - (uint64_t)1 - rnd(100); break;
	case 10: w[1] = DISK_SECTORS - 7; w[3] = 4096; break;
	default: w[0] = 5 | (uint64_t)BLK_DISCARD << 32; w[1] = DISK_SECTORS + big; break;
	}
}

static void test_hostile(unsigned variant)
{
	uint64_t w[4];
	struct ring_entry e;
	bool idle;
	unsigned bad = 0;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned i = 0; i < 600; i++) {
		hostile_entry(i % 12, w);
		put(w[0], w[1], w[2], w[3]);
		publish();
		CHECK(pump(&idle) == DRV_OK);
		if (CHECK(take(&e)))
			bad += e.w[0] == (5 | (uint64_t)BLK_BAD << 32);
	}
	CHECK(bad == 600 && drv.bad_requests == 600);
	CHECK(stream(100, 30) == DRV_OK);
	report("hostile requests are refused");
}

static void test_broken_ring(unsigned variant)
{
	int r = DRV_OK;
	bool idle;

	fresh(variant);
	CHECK(start() == DRV_OK);
	CHECK(stream(50, 30) == DRV_OK);
	to_driver.tail += RING_SIZE + 1;
	publish();
	for (unsigned i = 0; i < 50 && r == DRV_OK; i++) {
		signalled = true;
		r = pump(&idle);
	}
	CHECK(r == DRV_CLIENT);
	report("a broken ring ends the connection");
}

/* What was under way when the driver ended. */
static void after_death(void)
{
	unsigned old = busy;

	take_answers(true);
	CHECK(busy <= old);
	busy = 0;
	for (unsigned id = 0; id < IDS; id++)
		job[id].lost = job[id].busy;
}

static void mark_lost(void)
{
	for (unsigned id = 0; id < IDS; id++) {
		struct job *j = &job[id];

		if (j->lost && j->data != NULL)
			memset(j->data, 0x77, j->bytes);
	}
}

/* In the new life: ask again for what was lost, or look that nobody touches its memory. */
static void finish_lost(bool again)
{
	for (unsigned id = 0; id < IDS; id++) {
		if (job[id].lost && again)
			submit(id);
	}
	if (again) {
		publish();
		return;
	}
	/* Nothing of the old life arrives; what it has written is not known. */
	mark_lost();
	CHECK(stream(60, 30) == DRV_OK);
	for (unsigned id = 0; id < IDS; id++) {
		struct job *j = &job[id];

		if (!j->lost)
			continue;
		if (j->data != NULL)
			CHECK(all_are(j->data, j->bytes, 0x77));
		if (j->operation == BLK_WRITE || j->operation == BLK_DISCARD)
			memcpy(expected + j->sector * 512, disk + j->sector * 512, j->bytes);
		mark(j, -1);
		j->busy = j->lost = false;
	}
}

static void test_kill(unsigned variant)
{
	unsigned kills = 0;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned round = 0; round < 250; round++) {
		bool again = one_in(2);

		kill_after = 1 + rnd(one_in(3) ? 8 : 60);
		int r = stream(40 + rnd(100), 100);
		CHECK(r == DRV_OK || r == KILLED);
		kills += r == KILLED;
		after_death();
		/* It may die in its first steps too. */
		kill_after = one_in(2) ? 1 + rnd(60) : 0;
		for (r = KILLED; r == KILLED; kill_after = one_in(2) ? 1 + rnd(60) : 0)
			r = start();
		kill_after = 0;
		CHECK(r == DRV_OK);
		finish_lost(again);
	}
	CHECK(stream(300, 100) == DRV_OK);
	CHECK(kills > 20);
	CHECK(memcmp(disk, expected, sizeof disk) == 0);
	report("killed 250 times, nothing is lost or mixed up");
}

static void test_quiesce(unsigned variant)
{
	bool idle;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned i = 0; i < 20; i++) {
		for (unsigned n = 0; n < 30; n++)
			submit_random(free_id());
		publish();
		CHECK(pump(&idle) == DRV_OK);
		driver_quiesce(&drv);
		take_answers(true);
		after_death();
		mark_lost();
		while (model_step())
			;
		for (unsigned id = 0; id < IDS; id++) {
			if (job[id].lost && job[id].data != NULL)
				CHECK(all_are(job[id].data, job[id].bytes, 0x77));
		}
		forget();
		memcpy(expected, disk, sizeof disk);
		CHECK(start() == DRV_OK);
	}
	report("after quiesce the device touches no memory");
}

/* Requests go on while the device misbehaves: data is not looked at any more. */
static int misbehave(unsigned steps, uint64_t step_ns)
{
	bool idle;
	int r = DRV_OK;

	for (unsigned i = 0; i < steps && r == DRV_OK; i++) {
		for (unsigned n = rnd(8); n != 0 && busy < 190; n--)
			submit_random(free_id());
		publish();
		r = pump(&idle);
		take_answers(false);
		now_ns += step_ns;
	}
	return r;
}

static void test_faults(unsigned variant)
{
	static const char *const name[FAULTS] = {
		"none", "wrong index", "id that does not exist", "id a second time",
		"length too long", "status that does not exist", "never answers",
		"interrupts without cause", "registers all ones", "garbage in shared memory",
		"says that it failed" };
	char text[80];

	for (enum fault f = FAULT_INDEX; f < FAULTS; f++) {
		unsigned failures = 0;

		if (model_verdict(f) == NOT_TRIED)
			continue;
		for (unsigned round = 0; round < FAULT_ROUNDS; round++) {
			fresh(variant);
			CHECK(start() == DRV_OK);
			CHECK(stream(rnd(60), 40) == DRV_OK);
			model_fault(f);
			int r = misbehave(1500, model_verdict(f) == MUST_GO_ON ? 1000000 : 50000000);
			failures += r == DRV_FAILED;
			CHECK(r == DRV_FAILED || r == DRV_OK);
			model_fault(FAULT_NONE);
			fresh(variant);
			CHECK(start() == DRV_OK);
			CHECK(stream(20, 10) == DRV_OK);
		}
		/* What a device is told to reach by garbage that it wrote itself is its own. */
		if (f == FAULT_GARBAGE)
			wild = 0;
		if (model_verdict(f) == MUST_FAIL)
			CHECK(failures == FAULT_ROUNDS);
		if (model_verdict(f) == MUST_GO_ON)
			CHECK(failures == 0);
		snprintf(text, sizeof text, "the device misbehaves: %s", name[f]);
		report(text);
	}
}

static void test_no_device(unsigned variant)
{
	fresh(variant);
	model_fault(FAULT_DEAD);
	CHECK(start() != DRV_OK);
	CHECK(start() != DRV_OK);
	model_fault(FAULT_NONE);
	CHECK(start() == DRV_OK);
	report("a device that is not there is noticed");
}

void run_class(unsigned variant)
{
	test_info(variant);
	test_streams(variant);
	test_lazy(variant);
	test_errors(variant);
	test_flush(variant);
	test_hostile(variant);
	test_broken_ring(variant);
	test_kill(variant);
	test_quiesce(variant);
	test_faults(variant);
	test_no_device(variant);
}

void run_benchmark(unsigned requests, unsigned batch)
{
	struct ring_entry e;

	if (start() != DRV_OK)
		return;
	for (unsigned at = 0; at < requests; at += batch) {
		for (unsigned i = 0; i < batch; i++)
			put(i | (uint64_t)(i % 2) << 32, (at + i) * 8 % (DISK_SECTORS - 8), i * 4096ull,
			    4096);
		publish();
		for (unsigned left = batch; left != 0;) {
			(void)driver_event(&drv, irq_edges | irq_levels | DRV_EVENT_REQUEST);
			irq_edges = 0;
			while (model_step())
				;
			(void)driver_event(&drv, irq_edges | irq_levels);
			irq_edges = 0;
			while (take(&e))
				left--;
		}
	}
}
