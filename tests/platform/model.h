/* SPDX-License-Identifier: MIT */
/*
 * A machine for host tests of the platform server: firmware's memory, configuration spaces of a
 * tree of PCI functions, ports.
 */
#pragma once
#include "../../servers/platform/devices.h"

enum { MODEL_MEMORY = 1 << 20, MODEL_FUNCTIONS = 96 };

/* Memory that is not RAM: MODEL_MEMORY bytes from 0xe0000 on. */
#define MODEL_AT 0xe0000ull
extern uint8_t model_memory[MODEL_MEMORY];

/*
 * A function: what is read from its configuration space is `value`, what a write changes is where
 * `mask` has ones.  Where it is depends on the bridges above it, as on a real bus.
 */
struct model_function {
	bool there;
	int32_t bridge; /* the one it lies behind, -1: bus 0 */
	uint32_t devfn;
	uint32_t value[1024], mask[1024];
};
extern struct model_function model[MODEL_FUNCTIONS];
extern uint32_t models;

void model_clear(void);
uint32_t model_random(void);
/* Where the function with this bus, device and function number is; NULL: nobody answers. */
struct model_function *model_at(uint32_t address);
extern uint64_t model_us;
extern uint64_t model_accesses;

void test_failed(const char *file, int line, const char *what);
#define CHECK(c)                                                                                   \
	do {                                                                                       \
		if (!(c))                                                                          \
			test_failed(__FILE__, __LINE__, #c);                                       \
	} while (0)

void acpi_tests(uint32_t rounds);
void pci_tests(uint32_t rounds);
void clock_tests(void);
