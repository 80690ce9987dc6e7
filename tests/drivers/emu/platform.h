/* SPDX-License-Identifier: MIT */
/*
 * Drivers on the emulated machine: what init and lib/drv do, done by one program for one driver
 * that is linked to it, as is the platform server.
 */
#pragma once
#include <tessera/drv.h>
#include <tessera/sys.h>

enum { RING_SIZE = 128, AREA_PAGES = 1024 };

extern struct drv drv;
extern bool confined;             /* by an IOMMU */
extern unsigned char *const area; /* drv.area[0], as the client sees it */
extern struct ring_producer to_driver;
extern struct ring_consumer from_driver;

/*
 * Find the device, map its registers, make it a device with an I/O space that holds the
 * driver's memory and area 0, bind its messages.  Area 1 is a lie: no memory is there.
 */
void platform_open(void);
/* New rings, driver_init. */
enum drv_result platform_start(void);
/* Wait for an interrupt or a signal, and let the driver serve it. */
enum drv_result platform_turn(void);
/* Put a request; take an answer, which must come.  False: the driver failed before. */
void request(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3);
bool answer(struct ring_entry *e);

bool check_at(bool ok, int line);
#define CHECK(condition) check_at(condition, __LINE__)
void report(const char *name);
