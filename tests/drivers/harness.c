/* SPDX-License-Identifier: MIT */
/*
 * The world of a driver under test: see harness.h.
 *
 * Arguments: a seed; or `bench`, a number of requests and the size of a batch.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

struct drv drv;
unsigned char *area[AREAS];
uint64_t irq_edges, irq_levels, now_ns = 1, wild, kill_after;
bool benchmark, signalled;
struct ring_producer to_driver;
struct ring_consumer from_driver;

#define DMA_IOVA 0x10000000ull
#define AREA_IOVA(i) (0x100000000ull * (1 + (uint64_t)(i)))

static unsigned char *dma, *rings[4];
static uint64_t random_state, wake_ns;
static jmp_buf killed;
static unsigned tests, failed_tests, failed_checks;
static unsigned the_variant;

/* --- chance ------------------------------------------------------------------------ */

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

uint32_t rnd(uint32_t below)
{
	return (uint32_t)((next_random() >> 20) % below);
}

bool one_in(uint32_t n)
{
	return rnd(n) == 0;
}

void fill_random(void *to, uint64_t bytes)
{
	unsigned char *p = to;

	for (; bytes >= 8; bytes -= 8, p += 8)
		memcpy(p, &(uint64_t){ next_random() }, 8);
	for (; bytes != 0; bytes--)
		*p++ = (unsigned char)next_random();
}

/* --- memory, interrupts, time -------------------------------------------------------- */

void *at_iova(uint64_t iova, uint64_t bytes)
{
	if (iova >= DMA_IOVA && bytes <= DMA_BYTES && iova - DMA_IOVA <= DMA_BYTES - bytes)
		return dma + (iova - DMA_IOVA);
	for (unsigned i = 0; i < AREAS; i++) {
		if (iova >= AREA_IOVA(i) && bytes <= AREA_BYTES &&
		    iova - AREA_IOVA(i) <= AREA_BYTES - bytes)
			return area[i] + (iova - AREA_IOVA(i));
	}
	wild++;
	return NULL;
}

void at_access(void)
{
	if (benchmark)
		return;
	if (kill_after != 0 && --kill_after == 0)
		longjmp(killed, 1);
	while (one_in(3) && model_step())
		;
}

uint64_t drv_now_ns(void)
{
	return now_ns += 100;
}

void drv_wake_at(struct drv *d, uint64_t when_ns)
{
	(void)d;
	wake_ns = when_ns;
}

void drv_sleep_ns(uint64_t ns)
{
	now_ns += ns;
	at_access();
	(void)model_step();
}

/* --- the driver -------------------------------------------------------------------------- */

static void new_rings(void)
{
	for (unsigned i = 0; i < 4; i++) {
		free(rings[i]);
		rings[i] = aligned_alloc(64, ring_out_bytes(RING_SIZE));
		memset(rings[i], 0, ring_out_bytes(RING_SIZE));
	}
	(void)ring_producer_init(&to_driver, rings[0], rings[1], RING_SIZE);
	(void)ring_consumer_init(&drv.requests, rings[0], rings[1], RING_SIZE);
	(void)ring_producer_init(&drv.answers, rings[2], rings[3], RING_SIZE);
	(void)ring_consumer_init(&from_driver, rings[2], rings[3], RING_SIZE);
}

int start(void)
{
	memset(&drv, 0, sizeof drv);
	drv.dma = (struct drv_dma){ dma, DMA_BYTES, DMA_IOVA };
	drv.areas = AREAS;
	for (unsigned i = 0; i < AREAS; i++)
		drv.area[i] = (struct drv_area){ AREA_IOVA(i), AREA_BYTES };
	model_attach(&drv);
	new_rings();
	irq_edges = wake_ns = 0;
	signalled = true;
	if (setjmp(killed))
		return KILLED;
	return (int)driver_init(&drv);
}

static uint64_t events(void)
{
	uint64_t e = irq_edges | irq_levels;

	irq_edges = 0;
	if (signalled)
		e |= DRV_EVENT_REQUEST;
	signalled = false;
	if (wake_ns != 0 && now_ns >= wake_ns) {
		wake_ns = 0;
		e |= DRV_EVENT_TICK;
	}
	return e;
}

static int step_and_call(bool *idle)
{
	bool stepped = false;

	for (unsigned n = rnd(8); n != 0; n--)
		stepped |= model_step();
	uint64_t e = events();
	*idle = false;
	if (e == 0) {
		*idle = !stepped && !model_step();
		return DRV_OK;
	}
	int r = (int)driver_event(&drv, e);
	drv.signal = false;
	if (r == DRV_OK && !drv_idle(&drv))
		signalled = true;
	return r;
}

int pump(bool *idle)
{
	*idle = false;
	if (setjmp(killed))
		return KILLED;
	return step_and_call(idle);
}

/* --- the client ---------------------------------------------------------------------------- */

void put(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	const struct ring_entry e = { { w0, w1, w2, w3 } };

	CHECK(ring_put(&to_driver, &e) == RING_OK);
}

void publish(void)
{
	if (to_driver.tail != atomic_load(&to_driver.out->tail))
		signalled |= ring_publish(&to_driver);
}

bool take(struct ring_entry *e)
{
	if (ring_get(&from_driver, e) != RING_OK)
		return false;
	signalled |= ring_release(&from_driver);
	return true;
}

/* --- reports -------------------------------------------------------------------------------- */

bool check_at(bool ok, const char *file, int line, const char *what)
{
	if (!ok && failed_checks++ < 5)
		printf("#   %s:%d: not so: %s\n", file, line, what);
	return ok;
}

void report(const char *name)
{
	if (wild != 0)
		printf("#   %llu accesses outside of memory\n", (unsigned long long)wild);
	bool ok = failed_checks == 0 && wild == 0;

	printf("%s %u %s %s: %s\n", ok ? "ok" : "not ok", ++tests, model_name,
	       model_variant(the_variant), name);
	fflush(stdout);
	failed_tests += !ok;
	failed_checks = 0;
	wild = 0;
}

int main(int argc, char **argv)
{
	random_state = argc > 1 && strcmp(argv[1], "bench") ? strtoull(argv[1], NULL, 0) : 1;
	random_state = random_state * 0x9e3779b97f4a7c15ull + 0x1234567;
	dma = aligned_alloc(4096, DMA_BYTES);
	for (unsigned i = 0; i < AREAS; i++)
		area[i] = aligned_alloc(4096, AREA_BYTES);
	fill_random(dma, DMA_BYTES);
	if (argc > 3 && !strcmp(argv[1], "bench")) {
		benchmark = true;
		the_variant = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
		model_power(the_variant);
		run_benchmark((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
		return 0;
	}
	for (the_variant = 0; the_variant < model_variants; the_variant++)
		run_class(the_variant);
	return failed_tests != 0;
}
