/* SPDX-License-Identifier: MIT */
/*
 * The machine, reached through capabilities (machine.h).
 *
 * Owns:   the windows that registers and tables are mapped in.
 * Never:  takes part of what it maps away again, but the window for tables.
 */
#include "machine.h"

#include "powers.h"

enum {
	ADDRESS_PORT = 0xcf8,
	DATA_PORT = 0xcfc,
	BUSES = 32,
	BUS_PAGES = 256,
	READ_PAGES = 32,
	MAPPED_MAX = 96,
	MAP_PAGES = 4096,
};
#define CONFIG_VADDR 0x3000000000ull
#define READ_VADDR 0x3100000000ull
#define MAP_VADDR 0x3200000000ull

struct powers powers;

static u64 window;              /* ECAM of bus 0; 0: none */
static u32 first_bus, last_bus; /* that it covers */
static bool bus_mapped[BUSES], bus_tried[BUSES];

/* What phys_map gave: asked for again, it is the same. */
static struct {
	u64 first, pages, vaddr;
} mapped[MAPPED_MAX];
static u32 maps;
static u64 next_page;

u32 powers_devmem(u64 first, u64 pages)
{
	for (u32 i = 0; i < powers.devmems && i < COMP_DEVMEMS; i++) {
		const struct comp_devmem *r = &powers.devmem[i];

		if (first >= r->first && pages <= r->count && first - r->first <= r->count - pages)
			return sys_range((any_h){ r->handle }, first - r->first, pages,
					 RIGHTS_ALL_DEVMEM);
	}
	return 0;
}

struct mapping {
	any_h pages;
	grant_h grant;
};

static void unmap(struct mapping *m)
{
	if (m->grant.h != 0)
		(void)sys_destroy(ANY(m->grant));
	(void)sys_destroy(m->pages);
}

static bool map(u64 first, u64 pages, u64 vaddr, u64 rights, struct mapping *m)
{
	*m = (struct mapping){ .pages = { powers_devmem(first, pages) } };
	if (m->pages.h == 0)
		return false;
	if (err_is_ok(sys_map_frames(&sys_own_space, m->pages, vaddr, pages, rights, &m->grant)))
		return true;
	unmap(m);
	return false;
}

/* --- memory --------------------------------------------------------------------------------- */

bool phys_read(u64 at, void *to, u64 bytes)
{
	unsigned char *out = to;

	if (at + bytes < at)
		return false;
	while (bytes != 0) {
		u64 offset = at % SYS_PAGE, n = READ_PAGES * SYS_PAGE - offset;
		struct mapping m;

		n = n < bytes ? n : bytes;
		if (!map(at / SYS_PAGE, (offset + n + SYS_PAGE - 1) / SYS_PAGE, READ_VADDR,
			 MAP_READ, &m))
			return false;
		const volatile unsigned char *from =
			(const volatile unsigned char *)(READ_VADDR + offset);
		for (u64 i = 0; i < n; i++)
			out[i] = from[i];
		unmap(&m);
		at += n;
		out += n;
		bytes -= n;
	}
	return true;
}

volatile void *phys_map(u64 at, u64 bytes)
{
	u64 first = at / SYS_PAGE, pages = (at % SYS_PAGE + bytes + SYS_PAGE - 1) / SYS_PAGE;
	struct mapping m;

	for (u32 i = 0; i < maps; i++) {
		if (first >= mapped[i].first && first - mapped[i].first + pages <= mapped[i].pages)
			return (volatile void *)(mapped[i].vaddr + at - mapped[i].first * SYS_PAGE);
	}
	if (maps == MAPPED_MAX || bytes == 0 || pages > MAP_PAGES - next_page ||
	    !map(first, pages, MAP_VADDR + next_page * SYS_PAGE, MAP_READ | MAP_WRITE, &m))
		return NULL;
	mapped[maps].first = first;
	mapped[maps].pages = pages;
	mapped[maps].vaddr = MAP_VADDR + next_page * SYS_PAGE;
	next_page += pages;
	return (volatile void *)(mapped[maps++].vaddr + at % SYS_PAGE);
}

/* --- ports ---------------------------------------------------------------------------------- */

u32 port_read(u32 port, u32 width)
{
	u64 value = 0xffffffff;

	(void)ioport_in(powers.ports, port, width, &value);
	return (u32)value;
}

void port_write(u32 port, u32 width, u32 value)
{
	(void)ioport_out(powers.ports, port, width,
			 width == 4 ? value : value & ((1u << 8 * width) - 1));
}

/* --- configuration space ------------------------------------------------------------------------ */

void cfg_use_window(u64 base, u32 first, u32 last)
{
	window = base;
	first_bus = first;
	last_bus = last;
}

/* A register in the window.  NULL: it is not there. */
static volatile u32 *in_window(u32 function, u32 reg)
{
	u32 bus = function >> 8;
	struct mapping m;

	if (window == 0 || bus < first_bus || bus > last_bus || bus >= BUSES)
		return NULL;
	if (!bus_tried[bus]) {
		bus_tried[bus] = true;
		bus_mapped[bus] = map(window / SYS_PAGE + (u64)bus * BUS_PAGES, BUS_PAGES,
				      CONFIG_VADDR + (u64)bus * BUS_PAGES * SYS_PAGE,
				      MAP_READ | MAP_WRITE, &m);
	}
	if (!bus_mapped[bus])
		return NULL;
	return (volatile u32 *)(CONFIG_VADDR + (u64)function * SYS_PAGE + reg);
}

static bool select_by_port(u32 function, u32 reg)
{
	if (reg >= 0x100)
		return false;
	port_write(ADDRESS_PORT, 4, 1u << 31 | function << 8 | (reg & 0xfc));
	return true;
}

u32 cfg_read(u32 function, u32 reg)
{
	volatile u32 *at = in_window(function, reg);

	if (at != NULL)
		return *at;
	return select_by_port(function, reg) ? port_read(DATA_PORT, 4) : 0xffffffff;
}

void cfg_write(u32 function, u32 reg, u32 value)
{
	volatile u32 *at = in_window(function, reg);

	if (at != NULL)
		*at = value;
	else if (select_by_port(function, reg))
		port_write(DATA_PORT, 4, value);
}

/* --- time and words ------------------------------------------------------------------------------ */

u64 machine_now_us(void)
{
	return sys_clock() / sys_ticks(1);
}

void machine_wait_us(u32 us)
{
	u64 end = sys_after(us);

	while (sys_clock() < end)
		(void)thread_yield();
}
