/* SPDX-License-Identifier: MIT */
/*
 * What firmware's tables say, as far as the platform server uses it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { FW_IOAPICS = 8, FW_UNITS = 16, FW_NODES = 32 };

/* Where a register is (ACPI 6.4, 5.2.3.2, generic address structure). */
enum { FW_MEMORY = 0, FW_PORT = 1 };
struct fw_register {
	uint32_t space;   /* FW_* */
	uint64_t address; /* 0: none */
};

struct fw_ioapic {
	uint64_t address;
	uint32_t first_line;
};

/* A PCI function's NUMA node (SRAT, generic initiator affinity). */
struct fw_node {
	uint32_t address; /* segment << 16 | bus << 8 | device << 3 | function */
	uint32_t node;
};

struct firmware {
	bool acpi;
	bool reduced;     /* hardware-reduced ACPI: no fixed registers */
	uint32_t damaged; /* tables left out: wrong length or checksum */
	bool has_ecam;    /* of segment 0 */
	uint64_t ecam;    /* of bus 0, even if its first bus is another */
	uint32_t ecam_first_bus, ecam_last_bus;
	uint64_t hpet;
	uint32_t pm1a, pm1b; /* control ports, 0: none */
	bool has_sleep_type;
	uint32_t sleep_type[2]; /* of PM1a, PM1b in S5 */
	struct fw_register sleep_control, reset;
	uint32_t reset_value;
	uint32_t century; /* register of the real-time clock, 0: none */
	uint32_t ioapics, units, nodes;
	struct fw_ioapic ioapic[FW_IOAPICS];
	uint64_t unit[FW_UNITS]; /* registers of IOMMUs (VT-d) */
	struct fw_node node[FW_NODES];
};

/*
 * Read the tables that are found from `root` (RSDP) on.  Without them *f says that there is
 * nothing.  A table that is damaged is left out, as if it was not there.
 */
void firmware_read(struct firmware *f, uint64_t root);
