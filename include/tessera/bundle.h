/* SPDX-License-Identifier: MIT */
/*
 * The bundle: a system file (systems/NAME.toml) worked out by tools/sysgen.py,
 * and the programs it names, as init finds them in its own image.
 *
 * Begins a page.  Tables of fixed structs; a reference is the number of an
 * entry.  Whatever has pages (segments, files) begins a page of the bundle and
 * fills whole pages, the last one with zeros.  tools/sysgen/pack.py writes the
 * same structs; both sides check sizes against the header.
 */
#pragma once
#include <stdint.h>

#include "tessera/component.h"

#define BUNDLE_MAGIC 0x656c646e75427354ull /* "TsBundle" */
#define BUNDLE_NONE 0xffffffffu
enum {
	BUNDLE_VERSION = 1,
	BUNDLE_IDS = 8,
	BUNDLE_COMPONENTS_MAX = 48,
	BUNDLE_LIMIT_MAX = 1024,
	BUNDLE_PAUSE_MAX = 60000,
};

enum bundle_tables {
	BUNDLE_PROGRAMS,
	BUNDLE_SEGMENTS,
	BUNDLE_COMPONENTS,
	BUNDLE_POOLS,
	BUNDLE_POOL_USES,
	BUNDLE_CHANNELS,
	BUNDLE_ENDPOINTS,
	BUNDLE_ENDPOINT_USES,
	BUNDLE_TABLES,
};

struct bundle_table {
	uint64_t offset; /* from the start of the bundle, a multiple of 8 */
	uint32_t count;
	uint32_t bytes; /* of one entry */
};

struct bundle {
	uint64_t magic;
	uint32_t version;
	uint32_t tables; /* BUNDLE_TABLES */
	uint64_t bytes;  /* of all, a multiple of the page size */
	uint64_t sum;    /* bundle_sum of what follows */
	char name[COMP_NAME];
	struct bundle_table table[BUNDLE_TABLES];
};

/* Of the words from `sum` (not included) to the end: h = (h ^ word) * prime, from 0. */
#define BUNDLE_SUM_PRIME 0x100000001b3ull

struct bundle_program {
	char name[COMP_NAME];
	uint64_t entry;
	uint32_t segment, segments; /* ascending, not overlapping */
};

struct bundle_segment {
	uint64_t vaddr;
	uint64_t offset;     /* of its pages in the bundle */
	uint32_t file_pages; /* so many are in the bundle; the rest are zeros */
	uint32_t pages;
	uint32_t rights; /* MAP_READ | MAP_WRITE | MAP_EXEC */
	uint32_t zero;
};

enum bundle_size { BUNDLE_PAGES, BUNDLE_PERCENT, BUNDLE_REST };

/* An amount of memory. */
struct bundle_amount {
	uint64_t value; /* pages; percent of what is left when all fixed amounts are taken; 1 */
	uint32_t kind;  /* enum bundle_size */
	uint32_t zero;
};

enum {
	BUNDLE_TRUSTED = 1,  /* its device may be one that no IOMMU confines */
	BUNDLE_CONSOLE = 2,  /* SUP_WRITE */
	BUNDLE_POWER = 4,    /* SUP_POWER */
	BUNDLE_PLATFORM = 8, /* COMP_IOPORTS and so on */
	BUNDLE_FPU = 16,
	BUNDLE_DRIVER = 32,
	BUNDLE_DEBUG = 64,  /* COMP_SYSTEM with the right DEBUG */
	BUNDLE_TRACE = 128, /* and TRACE */
	BUNDLE_MAIN = 256,  /* the system ends with it */
};
enum bundle_restart { BUNDLE_NEVER, BUNDLE_ON_FAILURE, BUNDLE_ALWAYS };

/* One thing that a device may be known by. */
enum bundle_match { BUNDLE_PCI_ID, BUNDLE_PCI_CLASS, BUNDLE_VIRTIO, BUNDLE_PORTS };
struct bundle_id {
	uint32_t kind; /* enum bundle_match */
	uint32_t
		value; /* vendor << 16 | device; class << 16 | subclass << 8 | interface; type; port */
};

struct bundle_driver {
	uint32_t ids;
	uint32_t index;   /* which of those that match, counted from 0 */
	uint32_t address; /* PCI address it must have, or BUNDLE_NONE */
	uint32_t irqs, irqs_min;
	uint32_t regions; /* bit i: region i is mapped */
	uint32_t dma_pages;
	uint32_t zero;
	struct bundle_id id[BUNDLE_IDS];
};

struct bundle_component {
	char name[COMP_NAME];
	char args[COMP_ARGS];
	uint32_t program;
	uint32_t flags;
	uint32_t prio;
	uint32_t cpu, cpus; /* first, and how many, as far as the machine has them */
	uint32_t domain;    /* trust domain of its space */
	uint32_t stack_pages;
	uint32_t restart; /* enum bundle_restart */
	uint32_t limit;   /* restarts within a minute; more: it is given up */
	uint32_t heartbeat_ms;
	uint32_t budget_us, period_us;
	uint32_t handles; /* its table holds at least so many */
	uint32_t irq_bit, free_bit;
	uint32_t pause_ms; /* before a next life, at most, if lives are short */
	struct bundle_amount memory;
	struct bundle_driver driver;
};

struct bundle_pool {
	char name[COMP_NAME];
	struct bundle_amount size;
	uint64_t offset; /* a file's pages in the bundle; 0: new frames */
	uint64_t bytes;  /* of the file */
	uint32_t clear;  /* 1: new frames are zeros at boot; 0: what the memory held before */
	uint32_t zero;
};

enum { BUNDLE_MAPPED = 1, BUNDLE_HANDLE = 2, BUNDLE_PHYSICAL = 4 };
struct bundle_pool_use {
	uint32_t pool, component;
	uint32_t rights; /* RIGHT_FRAMES_* */
	uint32_t
		flags; /* BUNDLE_MAPPED, BUNDLE_HANDLE, BUNDLE_PHYSICAL: it is told where it lies */
};

struct bundle_channel {
	char name[2][COMP_NAME]; /* by side: what it is called there */
	char protocol[COMP_NAME];
	uint32_t component[2]; /* COMP_CLIENT, COMP_SERVER */
	uint32_t bit[2], reset_bit[2];
	uint32_t capacity;
	uint32_t areas;
	uint32_t area[COMP_AREAS]; /* pools */
};

struct bundle_endpoint {
	char name[COMP_NAME];
	uint32_t owner;
	uint32_t zero;
};

struct bundle_endpoint_use {
	char name[COMP_NAME]; /* what the component calls it */
	uint32_t endpoint, component;
	uint32_t side;  /* COMP_CLIENT, COMP_SERVER */
	uint32_t flags; /* BUNDLE_TRANSFER */
	uint64_t badge;
};
enum { BUNDLE_TRANSFER = 1 }; /* it may send capabilities in its calls */
