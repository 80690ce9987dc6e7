/* SPDX-License-Identifier: MIT */
/*
 * Rings: entries between two threads, and peers that break the rules.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tessera/ring.h>

enum { CAPACITY = 64, COUNT = 200000 };

static unsigned tests, failed;
static _Alignas(64) unsigned char out_area[RING_ENTRIES + CAPACITY * sizeof(struct ring_entry)];
static _Alignas(64) unsigned char in_area[64];
static sem_t consumer_signal, producer_signal;

static void report(bool ok, const char *name)
{
	tests++;
	failed += !ok;
	printf("%s %u ring: %s\n", ok ? "ok" : "not ok", tests, name);
}

static void *produce(void *unused)
{
	struct ring_producer p;

	(void)unused;
	(void)ring_producer_init(&p, out_area, in_area, CAPACITY);
	for (uint64_t i = 0; i < COUNT;) {
		struct ring_entry e = { { i, ~i, i * 3, 7 } };

		if (ring_put(&p, &e) == RING_OK) {
			i++;
			if (i % 7 != 0 && i != COUNT)
				continue;
		}
		if (ring_publish(&p))
			sem_post(&consumer_signal);
		if (ring_room(&p) == RING_EMPTY && ring_arm_room(&p)) {
			sem_wait(&producer_signal);
			ring_disarm_room(&p);
		}
	}
	return NULL;
}

static bool consume(void)
{
	struct ring_consumer c;
	struct ring_entry e;

	(void)ring_consumer_init(&c, out_area, in_area, CAPACITY);
	for (uint64_t i = 0; i < COUNT;) {
		if (ring_get(&c, &e) == RING_OK) {
			if (e.w[0] != i || e.w[1] != ~i || e.w[2] != i * 3 || e.w[3] != 7)
				return false;
			i++;
			continue;
		}
		if (ring_release(&c))
			sem_post(&producer_signal);
		if (ring_arm(&c)) {
			sem_wait(&consumer_signal);
			ring_disarm(&c);
		}
	}
	return !c.broken;
}

static void two_threads(void)
{
	pthread_t t;

	sem_init(&consumer_signal, 0, 0);
	sem_init(&producer_signal, 0, 0);
	if (pthread_create(&t, NULL, produce, NULL) != 0)
		abort();
	report(consume(), "200,000 entries arrive once, whole and in order");
	pthread_join(t, NULL);
}

/* Whatever the other area holds, each side touches only its ring and at most CAPACITY entries. */
static void hostile_peer(void)
{
	struct ring_producer p;
	struct ring_consumer c;
	struct ring_entry e = { { 0 } };
	bool ok = true;
	unsigned broken = 0;

	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct ring_out *out = (void *)out_area;
		struct ring_in *in = (void *)in_area;
		unsigned got = 0, put = 0;

		memset(out_area, 0, sizeof(out_area));
		memset(in_area, 0, sizeof(in_area));
		(void)ring_producer_init(&p, out_area, in_area, CAPACITY);
		(void)ring_consumer_init(&c, out_area, in_area, CAPACITY);
		for (unsigned i = 0; i < 40; i++) {
			atomic_store(&out->tail, (uint32_t)rand() % (i % 2 ? 300 : 0x7fffffff));
			while (ring_get(&c, &e) == RING_OK)
				got++;
			(void)ring_release(&c);
			atomic_store(&in->head, (uint32_t)rand() % (i % 2 ? 300 : 0x7fffffff));
			while (ring_put(&p, &e) == RING_OK)
				put++;
			(void)ring_publish(&p);
		}
		ok = ok && got <= 40 * CAPACITY && put <= 41 * CAPACITY;
		broken += p.broken + c.broken;
	}
	report(ok, "a peer that writes any position gets a bounded number of entries");
	report(broken > 20000, "such a peer is found out");
}

static void positions_wrap(void)
{
	struct ring_producer p;
	struct ring_consumer c;
	struct ring_out *out = (void *)out_area;
	struct ring_in *in = (void *)in_area;
	bool ok = true;

	memset(out_area, 0, sizeof(out_area));
	(void)ring_producer_init(&p, out_area, in_area, CAPACITY);
	(void)ring_consumer_init(&c, out_area, in_area, CAPACITY);
	p.tail = p.head = c.tail = c.head = 0xfffffff0u;
	atomic_store(&out->tail, 0xfffffff0u);
	atomic_store(&in->head, 0xfffffff0u);
	for (uint64_t i = 0; i < 1000; i++) {
		struct ring_entry e = { { i } }, got;

		ok = ok && ring_put(&p, &e) == RING_OK;
		(void)ring_publish(&p);
		ok = ok && ring_get(&c, &got) == RING_OK && got.w[0] == i;
		(void)ring_release(&c);
	}
	report(ok && ring_get(&c, &(struct ring_entry){ { 0 } }) == RING_EMPTY,
	       "positions wrap around 2^32");
}

int main(void)
{
	report(!ring_capacity_ok(0) && !ring_capacity_ok(3) && !ring_capacity_ok(1u << 17) &&
		       ring_capacity_ok(1) && ring_capacity_ok(1u << 16),
	       "capacities other than powers of two up to 2^16 are refused");
	two_threads();
	hostile_peer();
	positions_wrap();
	printf("1..%u\n", tests);
	return failed != 0;
}
