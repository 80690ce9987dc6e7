/* SPDX-License-Identifier: MIT */
/*
 * The world of a driver under test: memory that its device may reach, interrupts,
 * time, rings, and the power to end the driver at any access to its device.
 *
 * A test is a driver, a model of its device, the test of its class and this file.  All
 * is one thread: the model does one step at a time, at accesses of the driver
 * and between its events, in an order that comes from a seed.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <tessera/drv.h>

/* One more than there are pairs of queues: each sends, though one area is for what arrives. */
enum { AREAS = 5, RING_SIZE = 256, DMA_BYTES = 0x90000 };
#define AREA_BYTES (144ull << 20)

/* --- what a model of a device supplies ------------------------------------------- */

/* Ways to misbehave. */
enum fault {
	FAULT_NONE,
	FAULT_INDEX,   /* says that more is finished than can be */
	FAULT_ID,      /* finishes a request that cannot exist */
	FAULT_AGAIN,   /* finishes a request a second time */
	FAULT_LENGTH,  /* says that it wrote more than there was room for */
	FAULT_STATUS,  /* answers with a status that does not exist */
	FAULT_SILENT,  /* takes requests and never answers */
	FAULT_STORM,   /* interrupts without a cause */
	FAULT_DEAD,    /* reads of registers give all ones, nothing else happens */
	FAULT_GARBAGE, /* overwrites the memory it shares with the driver */
	FAULT_FATAL,   /* says itself that it has failed */
	FAULTS,
};

/* What a driver has to do when its device does that. */
enum verdict { MUST_FAIL, MUST_GO_ON, MAY_FAIL, NOT_TRIED };

extern const char *const model_name;
/* Kinds of the device, and of how it is connected. */
extern const unsigned model_variants;
const char *model_variant(unsigned variant);
/* The device as it is when power comes. */
void model_power(unsigned variant);
/* Fill in regions, irqs, platform. */
void model_attach(struct drv *d);
/* Do one thing, chosen at random.  False: there is nothing to do. */
bool model_step(void);
void model_fault(enum fault f);
enum verdict model_verdict(enum fault f);

/* --- what this file supplies to models --------------------------------------------- */

extern struct drv drv;
extern unsigned char *area[AREAS];
extern uint64_t irq_edges;  /* messages that were sent */
extern uint64_t irq_levels; /* lines that are asserted */
extern uint64_t now_ns;
extern uint64_t wild;       /* accesses of the device that the IOMMU would refuse */
extern bool benchmark;      /* no checks and no random steps: for counting instructions */

/* Memory at a device's address; NULL, and counted, if there is none. */
void *at_iova(uint64_t iova, uint64_t bytes);
uint32_t rnd(uint32_t below);
bool one_in(uint32_t n);
void fill_random(void *to, uint64_t bytes);
/* The driver does an access: the device may do things too, or the driver may end here. */
void at_access(void);

/* --- what this file supplies to tests ------------------------------------------------ */

enum { KILLED = 100 };

/* The client's side of the rings. */
extern struct ring_producer to_driver;
extern struct ring_consumer from_driver;
extern uint64_t kill_after; /* accesses until the driver ends; 0: never */
extern bool signalled;      /* the driver is to look at its rings */

/* A new life of the driver: new rings, driver_init.  Also returns KILLED. */
int start(void);
/*
 * Let time go on a little.  *idle: nothing happened, and nothing will before time goes on.
 * Result of the driver's function, or KILLED.
 */
int pump(bool *idle);
void put(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3);
void publish(void);
bool take(struct ring_entry *e);

bool check_at(bool ok, const char *file, int line, const char *what);
#define CHECK(condition) check_at(condition, __FILE__, __LINE__, #condition)

/* All tests of the class, for one variant; each reported with `report`. */
void run_class(unsigned variant);
/* For counting: this many requests in batches of this size. */
void run_benchmark(unsigned requests, unsigned batch);
/* End a test: ok if no CHECK has failed since the last report. */
void report(const char *name);
