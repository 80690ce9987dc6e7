/* SPDX-License-Identifier: MIT */
/*
 * What every driver of a byte stream must do, against the model of its device.
 */
#include <stdio.h>
#include <string.h>

#include <tessera/stream.h>

#include "harness.h"
#include "stream_model.h"

enum { QUEUE = 1 << 16, FAULT_ROUNDS = 12, READERS = 20, WRITERS = 20 };

struct bytes {
	uint32_t head, tail;
	uint8_t byte[QUEUE];
};

static struct bytes input, output; /* on their way to the client, to the device */
static uint64_t in_count, out_count, asked; /* asked: of bytes to be written */
static uint32_t reads, writes, errors;
static bool checking;

static void push(struct bytes *b, uint8_t byte)
{
	b->byte[b->tail++ % QUEUE] = byte;
}

void stream_left(uint8_t byte)
{
	out_count++;
	if (!checking)
		return;
	if (CHECK(output.head != output.tail))
		CHECK(output.byte[output.head++ % QUEUE] == byte);
}

void stream_made(uint8_t byte)
{
	push(&input, byte);
}

void stream_forgotten(void)
{
	input.head = input.tail;
}

static void submit_read(void)
{
	put(1 | (uint64_t)STREAM_READ << 32 | (uint64_t)(1 + rnd(STREAM_BYTES)) << 40, 0, 0, 0);
	reads++;
}

static void submit_write(void)
{
	uint64_t w[3];
	uint32_t n = 1 + rnd(STREAM_BYTES);

	fill_random(w, sizeof w);
	for (uint32_t i = 0; i < n; i++)
		push(&output, (uint8_t)(w[i / 8] >> (8 * (i % 8))));
	put(2 | (uint64_t)STREAM_WRITE << 32 | (uint64_t)n << 40, w[0], w[1], w[2]);
	writes++;
	asked += n;
}

static void take_answers(void)
{
	struct ring_entry e;

	while (take(&e)) {
		uint32_t status = (uint32_t)(e.w[0] >> 32) & 0xff, n = (uint32_t)(e.w[0] >> 40);

		if ((uint32_t)e.w[0] == 2) {
			CHECK(status == STREAM_DONE && n != 0 && n <= STREAM_BYTES);
			writes--;
			continue;
		}
		reads--;
		errors += status == STREAM_ERROR;
		if (status == STREAM_ERROR || !CHECK(status == STREAM_DONE && n <= STREAM_BYTES))
			continue;
		in_count += n;
		for (uint32_t i = 0; i < n && checking; i++) {
			uint8_t byte = (uint8_t)(e.w[1 + i / 8] >> (8 * (i % 8)));

			if (CHECK(input.head != input.tail))
				CHECK(input.byte[input.head++ % QUEUE] == byte);
		}
	}
}

static void peer(void)
{
	uint8_t b[40];
	uint32_t n = rnd(sizeof b);

	if (stream_makes || input.tail - input.head > QUEUE / 2)
		return;
	fill_random(b, n);
	n = stream_feed(b, n);
	for (uint32_t i = 0; i < n; i++)
		push(&input, b[i]);
}

/* So many rounds, then until all that was written has left, and what was fed has arrived. */
static int traffic(unsigned rounds, uint64_t step_ns)
{
	unsigned quiet = 0;
	bool idle;
	int r = DRV_OK;

	for (unsigned i = 0; r == DRV_OK && quiet < 30; i++) {
		bool on = i < rounds;

		if (on && one_in(3))
			peer();
		for (unsigned n = rnd(4); n != 0 && reads < READERS && (on || !stream_makes); n--)
			submit_read();
		for (unsigned n = rnd(4); n != 0 && writes < WRITERS && on && stream_writes; n--)
			submit_write();
		publish();
		now_ns += step_ns;
		r = pump(&idle);
		take_answers();
		quiet = !on && idle ? quiet + 1 : 0;
		if (!on && step_ns != 0)
			break;
	}
	return r;
}

static void new_life(void)
{
	input.head = input.tail = output.head = output.tail = 0;
	reads = writes = errors = 0;
}

static void fresh(unsigned variant)
{
	model_power(variant);
	model_fault(FAULT_NONE);
	new_life();
	in_count = out_count = asked = 0;
	checking = true;
	kill_after = 0;
}

/* --- tests -------------------------------------------------------------------------------- */

static void test_traffic(unsigned variant)
{
	fresh(variant);
	CHECK(start() == DRV_OK);
	CHECK(traffic(5000, 0) == DRV_OK);
	CHECK(in_count > 5000 && errors == 0);
	CHECK(stream_makes || input.head == input.tail);
	if (stream_writes)
		CHECK(out_count == asked && out_count > 5000 && writes == 0);
	CHECK(drv.bad_device == 0 && drv.bad_requests == 0);
	report("all bytes arrive, in order");
}

static void test_too_many(unsigned variant)
{
	struct ring_entry e;
	unsigned busy = 0, answered = 0;
	bool idle = false;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned i = 0; i < 200; i++)
		put(i | (uint64_t)STREAM_READ << 32 | 1ull << 40, 0, 0, 0);
	publish();
	for (unsigned i = 0; i < 2000 && answered < 200 - STREAM_PENDING; i++) {
		CHECK(pump(&idle) == DRV_OK);
		while (take(&e)) {
			busy += (e.w[0] >> 32 & 0xff) == STREAM_BUSY;
			answered++;
		}
	}
	CHECK(answered >= 200 - STREAM_PENDING && busy > 0);
	report("too many reads are refused, not kept");
}

static void test_hostile(unsigned variant)
{
	struct ring_entry e;
	unsigned bad = 0;
	bool idle;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned i = 0; i < 400; i++) {
		uint64_t w0 = 3, count = 1;

		if (i % 4 == 0)
			w0 |= (uint64_t)((stream_writes ? 2 : 1) + rnd(200)) << 32;
		else if (i % 4 == 1)
			count = 0;
		else if (i % 4 == 2)
			count = STREAM_BYTES + 1 + rnd(100);
		else
			count = 1 << 23;
		put(w0 | count << 40, 0, 0, 0);
		publish();
		CHECK(pump(&idle) == DRV_OK);
		if (CHECK(take(&e)))
			bad += e.w[0] == (3 | (uint64_t)STREAM_BAD << 32);
	}
	CHECK(bad == 400 && drv.bad_requests == 400);
	CHECK(traffic(100, 0) == DRV_OK);
	report("hostile requests are refused");
}

static void test_kill(unsigned variant)
{
	unsigned kills = 0;
	int r;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned round = 0; round < 250; round++) {
		kill_after = 1 + rnd(one_in(3) ? 8 : 60);
		r = traffic(20 + rnd(60), 0);
		CHECK(r == DRV_OK || r == KILLED);
		kills += r == KILLED;
		/* What is on its way out of the device was written by the old life. */
		checking = false;
		while (model_step() && !stream_makes)
			;
		checking = true;
		new_life();
		kill_after = one_in(2) ? 1 + rnd(40) : 0;
		for (r = KILLED; r == KILLED; kill_after = one_in(2) ? 1 + rnd(40) : 0) {
			new_life();
			r = start();
		}
		kill_after = 0;
		CHECK(r == DRV_OK);
	}
	CHECK(kills > 20);
	report("killed 250 times, the next life is a clean one");
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
		enum verdict v = model_verdict(f);
		unsigned failures = 0;

		if (v == NOT_TRIED)
			continue;
		for (unsigned round = 0; round < FAULT_ROUNDS; round++) {
			fresh(variant);
			CHECK(start() == DRV_OK);
			CHECK(traffic(rnd(60), 0) == DRV_OK);
			model_fault(f);
			checking = false;
			int r = traffic(2000, v == MUST_GO_ON ? 1000000 : 100000000);
			failures += r == DRV_FAILED;
			CHECK(r == DRV_FAILED || r == DRV_OK);
			fresh(variant);
			CHECK(start() == DRV_OK);
			CHECK(traffic(50, 0) == DRV_OK);
		}
		if (f == FAULT_GARBAGE)
			wild = 0;
		if (v == MUST_FAIL)
			CHECK(failures == FAULT_ROUNDS);
		if (v == MUST_GO_ON)
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
	model_fault(FAULT_NONE);
	CHECK(start() == DRV_OK);
	report("a device that is not there is noticed");
}

void run_class(unsigned variant)
{
	test_traffic(variant);
	test_too_many(variant);
	test_hostile(variant);
	test_kill(variant);
	test_faults(variant);
	test_no_device(variant);
}

void run_benchmark(unsigned requests, unsigned batch)
{
	(void)requests;
	(void)batch;
}
