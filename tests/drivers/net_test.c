/* SPDX-License-Identifier: MIT */
/*
 * What every driver of a network device must do, against the model of its device.
 */
#include <stdio.h>
#include <string.h>

#include <tessera/net.h>

#include "../../drivers/class/net.h"
#include "harness.h"
#include "net_model.h"

enum { RECEIVERS = 100, SENDERS = 100, IDS = RECEIVERS + SENDERS, PLACE = 4096, GUARD = 64 };
enum { SUM_START = 34, SUM_PLACE = 50, HEAD = 22, FAULT_ROUNDS = 12, SEQ_MAX = 1 << 20 };

struct job {
	bool busy, sum;
	uint32_t bytes;
	unsigned char *data;
};

static struct job job[IDS];
static uint8_t seen[SEQ_MAX]; /* frames that left the device, by number */
static uint32_t next_seq, next_arrival, arrived, delivered, left, said_left, errors, receivers, senders;
static bool checking;

/* --- frames ------------------------------------------------------------------------------ */

static uint8_t byte_of(uint32_t seq, uint32_t i)
{
	uint32_t x = seq * 2654435761u + i / 64 * 40503u;

	return (uint8_t)(x >> (i % 16) ^ i);
}

/* Address, number, length, then bytes that follow from the number. */
static void make_frame(unsigned char *p, uint32_t seq, uint32_t bytes)
{
	memcpy(p, "\x52\x54\x00\x11\x22\x33\x52\x54\x00\x44\x55\x66\x08\x00", 14);
	memcpy(p + 14, &seq, 4);
	memcpy(p + 18, &bytes, 4);
	for (uint32_t i = HEAD; i < bytes; i++)
		p[i] = byte_of(seq, i);
}

/* Its number, or UINT32_MAX. */
static uint32_t check_frame(const unsigned char *p, uint32_t bytes, bool summed)
{
	uint32_t seq, said;

	if (bytes < HEAD)
		return UINT32_MAX;
	memcpy(&seq, p + 14, 4);
	memcpy(&said, p + 18, 4);
	/* Short frames are padded. */
	if (said > bytes || (said != bytes && bytes != 60))
		return UINT32_MAX;
	for (uint32_t i = HEAD; i < said; i++) {
		if (p[i] != byte_of(seq, i) && !(summed && (i == SUM_PLACE || i == SUM_PLACE + 1)))
			return UINT32_MAX;
	}
	return seq;
}

static uint32_t add_up(const unsigned char *p, uint32_t from, uint32_t to)
{
	uint32_t sum = 0;

	for (uint32_t i = from; i < to; i++)
		sum += (i - from) % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void net_fill_sum(unsigned char *frame, uint32_t bytes, uint32_t start, uint32_t place)
{
	uint32_t sum = ~add_up(frame, start, bytes) & 0xffff;

	frame[place] = (unsigned char)(sum >> 8);
	frame[place + 1] = (unsigned char)sum;
}

void net_sent(const unsigned char *frame, uint32_t bytes)
{
	uint32_t seq;

	if (!checking)
		return;
	bool summed = bytes > SUM_PLACE + 2 && frame[12] == 9;
	seq = check_frame(frame, bytes, summed);
	if (!CHECK(seq < next_seq))
		return;
	if (summed)
		CHECK(add_up(frame, SUM_START, bytes) == 0xffff);
	CHECK(seen[seq]++ == 0);
	left++;
}

/* --- the client ------------------------------------------------------------------------------ */

static void submit_receive(unsigned id)
{
	struct job *j = &job[id];
	uint64_t offset = (uint64_t)id * PLACE + GUARD + rnd(32) * 2;

	*j = (struct job){ .busy = true, .bytes = NET_ROOM_MIN + rnd(64),
			   .data = area[0] + offset };
	memset(j->data - GUARD, 0x5a, j->bytes + 2 * GUARD);
	put(id | (uint64_t)NET_RECEIVE << 32, offset, j->bytes, 0);
	receivers++;
}

static void submit_send(unsigned id)
{
	struct job *j = &job[id];
	unsigned where = 1 + rnd(AREAS - 1);
	uint64_t offset = (uint64_t)id * PLACE + GUARD + rnd(32), flags = 0;
	uint32_t bytes = one_in(3) ? NET_FRAME_MAX - rnd(8) : HEAD + rnd(200);

	*j = (struct job){ .busy = true, .bytes = bytes, .data = area[where] + offset };
	make_frame(j->data, next_seq++ % SEQ_MAX, bytes);
	if (net_sums && bytes > SUM_PLACE + 2 && one_in(2)) {
		flags = NET_FLAG_CHECKSUM | SUM_START << NET_SUM_START_SHIFT |
			(uint64_t)SUM_PLACE << NET_SUM_PLACE_SHIFT;
		j->data[12] = 9;
		j->data[SUM_PLACE] = j->data[SUM_PLACE + 1] = 0;
	}
	put(id | (uint64_t)NET_SEND << 32 | (uint64_t)where << 40, offset, bytes, flags);
	senders++;
}

static bool all_are(const unsigned char *p, uint64_t n, unsigned char value)
{
	return n == 0 || (p[0] == value && memcmp(p, p + 1, n - 1) == 0);
}

static void check_received(const struct job *j, uint32_t bytes)
{
	CHECK(bytes <= NET_FRAME_MAX);
	CHECK(check_frame(j->data, bytes, false) < next_arrival);
	CHECK(all_are(j->data - GUARD, GUARD, 0x5a));
	CHECK(all_are(j->data + bytes, j->bytes - bytes + GUARD, 0x5a));
}

static void take_answers(void)
{
	struct ring_entry e;

	while (take(&e)) {
		uint32_t id = (uint32_t)e.w[0], status = (uint32_t)(e.w[0] >> 32);

		if (!CHECK(id < IDS && job[id].busy))
			continue;
		job[id].busy = false;
		if (id < RECEIVERS)
			receivers--;
		else
			senders--;
		if (status == NET_ERROR)
			errors++;
		else if (CHECK(status == NET_DONE) && id < RECEIVERS) {
			arrived++;
			if (checking)
				check_received(&job[id], (uint32_t)e.w[1]);
		} else {
			said_left++;
		}
	}
}

static unsigned free_id(unsigned first, unsigned count)
{
	unsigned i = rnd(count);

	while (job[first + i].busy)
		i = (i + 1) % count;
	return first + i;
}

static void peer(void)
{
	unsigned char frame[NET_FRAME_MAX];

	for (unsigned n = rnd(4); n != 0; n--) {
		uint32_t bytes = one_in(3) ? NET_FRAME_MAX : 60 + rnd(300);

		make_frame(frame, next_arrival++, bytes);
		delivered += net_deliver(frame, bytes);
	}
}

static void forget(void)
{
	memset(job, 0, sizeof job);
	memset(seen, 0, sizeof seen);
	next_seq = next_arrival = arrived = delivered = left = said_left = errors = receivers = senders = 0;
	checking = true;
}

/* Frames in both directions until so many were asked to be sent, and what was asked is done. */
static int traffic(uint32_t count, uint64_t step_ns)
{
	uint32_t begun = 0, quiet = 0, most = net_buffers < 40 ? net_buffers : 40;
	bool idle;
	int r = DRV_OK;

	while (r == DRV_OK && (begun < count || senders != 0 || arrived != delivered) &&
	       quiet < 50) {
		for (unsigned n = rnd(12); n != 0 && begun < count && senders < 40; n--, begun++)
			submit_send(free_id(RECEIVERS, SENDERS));
		for (unsigned n = rnd(12); n != 0 && receivers < most; n--)
			submit_receive(free_id(0, RECEIVERS));
		publish();
		if (begun < count)
			peer();
		now_ns += step_ns;
		r = pump(&idle);
		take_answers();
		quiet = idle && begun == count ? quiet + 1 : 0;
		if (step_ns > 1000000 && begun == count)
			break;
	}
	return r;
}

static void fresh(unsigned variant)
{
	model_power(variant);
	model_fault(FAULT_NONE);
	forget();
	kill_after = 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_info(unsigned variant)
{
	struct ring_entry e;
	bool idle;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned i = 0; i < 4; i++) {
		net_set_link(i % 2 == 0);
		put(7 | (uint64_t)NET_INFO << 32, 0, 0, 0);
		publish();
		CHECK(pump(&idle) == DRV_OK);
		if (!CHECK(take(&e)))
			continue;
		CHECK(e.w[0] == (7 | (uint64_t)NET_DONE << 32));
		CHECK(memcmp(&e.w[2], net_mac, 6) == 0 && e.w[2] >> 48 == 1500);
		CHECK(((e.w[3] & NET_FLAG_LINK_DOWN) != 0) == (i % 2 != 0));
		CHECK(((e.w[3] & NET_FLAG_CHECKSUM) != 0) == net_sums);
	}
	report("info says address and state of the link");
}

/* An answer to NET_LINK, now or after the time in which drivers look for themselves. */
static bool link_answer(struct ring_entry *e)
{
	bool idle;

	for (unsigned i = 0; i < 30; i++) {
		CHECK(pump(&idle) == DRV_OK);
		if (take(e))
			return true;
		now_ns += 1000000000;
	}
	return false;
}

static void ask_link(uint32_t id, bool down)
{
	put(id | (uint64_t)NET_LINK << 32, 0, 0, down ? NET_FLAG_LINK_DOWN : 0);
	publish();
}

static void test_link(unsigned variant)
{
	struct ring_entry e;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned i = 0; i < 6; i++) {
		bool down = i % 2 != 0;

		ask_link(8, down);
		CHECK(!link_answer(&e));
		ask_link(9, down);
		CHECK(link_answer(&e) && e.w[0] == (9 | (uint64_t)NET_BAD << 32));
		net_set_link(down);
		CHECK(link_answer(&e) && e.w[0] == (8 | (uint64_t)NET_DONE << 32));
		CHECK(((e.w[3] & NET_FLAG_LINK_DOWN) != 0) == !down);
		/* Who knows something else is told at once. */
		ask_link(10, down);
		CHECK(link_answer(&e) && e.w[0] == (10 | (uint64_t)NET_DONE << 32));
	}
	CHECK(traffic(100, 0) == DRV_OK && left == 100);
	report("changes of the link are told, once each");
}

static void test_traffic(unsigned variant)
{
	fresh(variant);
	CHECK(start() == DRV_OK);
	CHECK(traffic(4000, 0) == DRV_OK);
	CHECK(left == 4000 && senders == 0 && errors == 0);
	CHECK(arrived == delivered && arrived > 1000);
	CHECK(drv.bad_device == 0 && drv.bad_requests == 0);
	CHECK(net_all_pairs());
	report("4000 frames leave once, and those that arrive are whole");
}

/* More buffers than the device takes must not stop those who want to send. */
static void test_many_receivers(unsigned variant)
{
	struct ring_entry e;
	bool idle = false;
	unsigned given = 0, back = 0;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned i = 0; i < 6000 && given < 1200; i++) {
		for (unsigned n = 0; n < 40 && given - back < 240 && given < 1200; n++, given++)
			put(1000 | (uint64_t)NET_RECEIVE << 32, 0, NET_ROOM_MIN, 0);
		publish();
		CHECK(pump(&idle) == DRV_OK);
		while (take(&e)) {
			CHECK(e.w[0] == (1000 | (uint64_t)NET_ERROR << 32));
			back++;
		}
		if (idle)
			break;
	}
	CHECK(given - back >= net_buffers);
	submit_send(RECEIVERS);
	publish();
	for (unsigned i = 0; i < 200 && senders != 0; i++) {
		CHECK(pump(&idle) == DRV_OK);
		take_answers();
	}
	CHECK(senders == 0 && left == 1);
	report("too many buffers do not stop frames that are to be sent");
}

static void hostile_entry(unsigned kind, uint64_t w[4])
{
	uint64_t big = (uint64_t)rnd(1 << 30) << 34 | rnd(1 << 30);

	w[0] = 5 | (uint64_t)(one_in(2) ? NET_RECEIVE : NET_SEND) << 32;
	w[1] = 0;
	w[2] = w[0] >> 32 & 1 ? NET_ROOM_MIN : 64;
	w[3] = 0;
	switch (kind) {
	case 0: w[0] = 5 | (uint64_t)(4 + rnd(250)) << 32; break;
	case 1: w[0] |= (uint64_t)(AREAS + rnd(1 << 20)) << 40; break;
	case 2: w[1] = AREA_BYTES - 63 + (one_in(2) ? 0 : big); break;
	case 3: w[1] = 0 - (uint64_t)1 - rnd(60); break;
	case 4: w[2] = rnd(NET_FRAME_MIN); break;
	case 5: w[2] = (1 << 16) + 1 + big; break;
	case 6: w[0] = 5 | (uint64_t)NET_SEND << 32; w[2] = NET_FRAME_MAX + 1; break;
	case 7: w[0] = 5 | (uint64_t)NET_RECEIVE << 32; w[2] = NET_ROOM_MIN - 1; break;
	default:
		w[0] = 5 | (uint64_t)NET_SEND << 32;
		w[2] = 64;
		w[3] = NET_FLAG_CHECKSUM | (uint64_t)(one_in(2) ? 13 : 60) << NET_SUM_START_SHIFT |
		       (uint64_t)(one_in(2) ? 63 : 59) << NET_SUM_PLACE_SHIFT;
		if ((w[3] >> NET_SUM_START_SHIFT & 0xffff) == 13)
			w[3] = NET_FLAG_CHECKSUM | 13ull << NET_SUM_START_SHIFT |
			       40ull << NET_SUM_PLACE_SHIFT;
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
	for (unsigned i = 0; i < 450; i++) {
		hostile_entry(i % 9, w);
		put(w[0], w[1], w[2], w[3]);
		publish();
		CHECK(pump(&idle) == DRV_OK);
		if (CHECK(take(&e)))
			bad += e.w[0] == (5 | (uint64_t)NET_BAD << 32);
	}
	CHECK(bad == 450 && drv.bad_requests == 450);
	CHECK(traffic(100, 0) == DRV_OK && left == 100);
	report("hostile requests are refused");
}

static void mark_lost(void)
{
	for (unsigned id = 0; id < IDS; id++) {
		if (job[id].busy)
			memset(job[id].data, 0x77, job[id].bytes);
	}
}

static void check_lost(void)
{
	for (unsigned id = 0; id < IDS; id++) {
		if (job[id].busy)
			CHECK(all_are(job[id].data, job[id].bytes, 0x77));
		job[id].busy = false;
	}
}

static void test_kill(unsigned variant)
{
	unsigned kills = 0;

	fresh(variant);
	CHECK(start() == DRV_OK);
	for (unsigned round = 0; round < 250; round++) {
		kill_after = 1 + rnd(one_in(3) ? 8 : 60);
		int r = traffic(20 + rnd(60), 0);
		CHECK(r == DRV_OK || r == KILLED);
		kills += r == KILLED;
		take_answers();
		/* It may die in its first steps too. */
		kill_after = one_in(2) ? 1 + rnd(60) : 0;
		for (r = KILLED; r == KILLED; kill_after = one_in(2) ? 1 + rnd(60) : 0)
			r = start();
		kill_after = 0;
		CHECK(r == DRV_OK);
		/* In the new life nobody touches buffers of the old one. */
		mark_lost();
		receivers = senders = 0;
		arrived = delivered;
		bool busy[IDS];
		for (unsigned id = 0; id < IDS; id++)
			busy[id] = job[id].busy;
		CHECK(traffic(10, 0) == DRV_OK);
		for (unsigned id = 0; id < IDS; id++)
			job[id].busy &= busy[id];
		receivers = senders = 0;
		check_lost();
		driver_quiesce(&drv);
		CHECK(start() == DRV_OK);
		arrived = delivered;
	}
	CHECK(kills > 20);
	report("killed 250 times, nothing is mixed up");
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
			checking = net_seen_through(f);
			int r = DRV_OK;
			for (unsigned i = 0; i < 400 && r == DRV_OK; i++)
				r = traffic(4, v == MUST_GO_ON ? 1000000 : 100000000);
			CHECK(!checking || said_left <= left);
			failures += r == DRV_FAILED;
			CHECK(r == DRV_FAILED || r == DRV_OK);
			fresh(variant);
			CHECK(start() == DRV_OK);
			CHECK(traffic(20, 0) == DRV_OK && left == 20);
		}
		/* Where a device goes by garbage that it wrote itself is its own affair. */
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
	test_info(variant);
	test_link(variant);
	test_traffic(variant);
	test_many_receivers(variant);
	test_hostile(variant);
	test_kill(variant);
	test_faults(variant);
	test_no_device(variant);
}

/* Half of them are sent, half received. */
void run_benchmark(unsigned requests, unsigned batch)
{
	unsigned char frame[60] = { 0 };
	struct ring_entry e;

	if (start() != DRV_OK)
		return;
	for (unsigned at = 0; at < requests; at += batch) {
		for (unsigned i = 0; i < batch; i++) {
			bool send = (at + i) % 2 == 0;

			put(i | (uint64_t)(send ? NET_SEND : NET_RECEIVE) << 32, i * 4096ull,
			    send ? 64 : NET_ROOM_MIN, 0);
		}
		publish();
		for (unsigned left_over = batch; left_over != 0;) {
			(void)driver_event(&drv, irq_edges | irq_levels | DRV_EVENT_REQUEST);
			irq_edges = 0;
			while (model_step())
				;
			while (net_deliver(frame, sizeof frame))
				;
			(void)driver_event(&drv, irq_edges | irq_levels);
			irq_edges = 0;
			while (take(&e))
				left_over--;
		}
	}
}
