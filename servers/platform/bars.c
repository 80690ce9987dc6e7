/* SPDX-License-Identifier: MIT */
/*
 * Base address registers: how large, where (PCI 3.0, 6.2.5), and windows of bridges
 * (PCI-to-PCI bridges 1.2, 3.2.5).
 *
 * Some firmware (qboot, microvm's) places nothing: what is nowhere is placed here.  What firmware
 * placed stays, unless it shares a page with another function: a page is the least that a
 * driver can be given.
 *
 * Never:  lets a function decode addresses while its registers are changed.
 */
#include "machine.h"
#include "pci.h"

enum { PAGE = 4096, GRANULE = 1 << 20, PORT_GRANULE = 4096, BAR_PORTS = 1, BAR_WIDE = 4 };

#define BAR_BYTES_MAX (1ull << 40)

static struct pci_window memory, ports; /* what is left */

static uint32_t bar_register(uint32_t i)
{
	return CFG_BAR0 + 4 * i;
}

/* --- learning ----------------------------------------------------------------------------- */

/* Returns how many registers it takes. */
static uint32_t learn_bar(struct pci_function *f, uint32_t i, uint32_t bars)
{
	uint32_t reg = bar_register(i), low = cfg_read(f->address, reg), high = 0;
	struct pci_bar *b = &f->bar[i];

	b->ports = (low & BAR_PORTS) != 0;
	b->wide = !b->ports && (low & 6) == BAR_WIDE && i + 1 < bars;
	cfg_write(f->address, reg, 0xffffffff);
	uint64_t mask = cfg_read(f->address, reg);
	cfg_write(f->address, reg, low);
	if (b->wide) {
		high = cfg_read(f->address, reg + 4);
		cfg_write(f->address, reg + 4, 0xffffffff);
		mask |= (uint64_t)cfg_read(f->address, reg + 4) << 32;
		cfg_write(f->address, reg + 4, high);
	} else {
		mask |= 0xffffffff00000000;
	}
	uint64_t fixed = b->ports ? 3 : 15;
	mask &= ~fixed;
	if (b->ports)
		mask |= 0xffffffffffff0000;
	b->address = ((uint64_t)high << 32 | low) & ~fixed;
	b->bytes = (uint32_t)mask == 0 && !b->wide ? 0 : ~mask + 1;
	/* Not a power of two, or absurd: as if there was none. */
	if (mask == 0 || (b->bytes & (b->bytes - 1)) != 0 || b->bytes > BAR_BYTES_MAX)
		b->bytes = 0;
	return b->wide ? 2 : 1;
}

static void learn(struct pci_function *f)
{
	uint32_t command = cfg_read(f->address, CFG_COMMAND) & 0xffff;
	uint32_t bars = f->bridge ? 2 : PCI_BARS;

	if (f->class_code >> 8 == 0x0600)
		return; /* host bridge: what it decodes is the machine's own affair */
	cfg_write(f->address, CFG_COMMAND,
		  (command & ~(uint32_t)(COMMAND_IO | COMMAND_MEMORY)) | COMMAND_NO_INTX);
	for (uint32_t i = 0; i < bars;)
		i += learn_bar(f, i, bars);
	cfg_write(f->address, CFG_COMMAND, command | COMMAND_NO_INTX);
}

/* --- placing ------------------------------------------------------------------------------- */

/* The end of something of the same kind that lies in [at, at + bytes); 0: nothing does. */
static uint64_t occupied(uint64_t at, uint64_t bytes, bool is_ports)
{
	for (uint32_t i = 0; i < pci.functions; i++) {
		const struct pci_function *f = &pci.function[i];

		for (uint32_t k = 0; k < PCI_BARS; k++) {
			const struct pci_bar *b = &f->bar[k];

			if (b->bytes != 0 && b->ports == is_ports && b->address != 0 &&
			    b->address < at + bytes && b->address + b->bytes > at)
				return b->address + b->bytes;
		}
		for (uint32_t k = 0; k < 2 && !is_ports; k++) {
			if (f->window[k].end > at && f->window[k].first < at + bytes)
				return f->window[k].end;
		}
	}
	return 0;
}

/* Cut an aligned piece off a window, behind what firmware placed.  0: it does not fit. */
static uint64_t cut(struct pci_window *w, uint64_t bytes, uint64_t align, bool is_ports)
{
	uint64_t at = w->first, next = w->first;

	for (uint32_t i = 0; i < PCI_FUNCTIONS * (PCI_BARS + 2) && next != 0; i++) {
		at = (next + align - 1) & ~(align - 1);
		if (bytes == 0 || at < w->first || at > w->end || bytes > w->end - at)
			return 0;
		next = occupied(at, bytes, is_ports);
	}
	if (next != 0)
		return 0;
	w->first = at + bytes;
	return at;
}

/* Does another function's BAR lie in the same page? */
static bool shares_page(const struct pci_function *f, const struct pci_bar *b)
{
	uint64_t first = b->address & ~(uint64_t)(PAGE - 1), last = b->address + b->bytes - 1;

	for (uint32_t i = 0; i < pci.functions; i++) {
		for (uint32_t k = 0; k < PCI_BARS && &pci.function[i] != f; k++) {
			const struct pci_bar *o = &pci.function[i].bar[k];

			if (o->bytes != 0 && !o->ports && o->address != 0 && o->address <= last &&
			    o->address + o->bytes > first)
				return true;
		}
	}
	return false;
}

static bool is_nowhere(const struct pci_function *f, const struct pci_bar *b)
{
	if (b->bytes == 0)
		return false;
	if (b->address == 0)
		return true;
	return !b->ports && b->bytes < PAGE && f->parent == PCI_NONE && shares_page(f, b);
}

static uint64_t bar_align(const struct pci_bar *b)
{
	return b->ports || b->bytes > PAGE ? b->bytes : PAGE;
}

static void place_bar(struct pci_function *f, uint32_t i, struct pci_window *w)
{
	struct pci_bar *b = &f->bar[i];
	uint32_t command = cfg_read(f->address, CFG_COMMAND) & 0xffff;
	uint64_t align = bar_align(b);

	/* Memory is given away in whole pages. */
	b->address = cut(w, b->ports || b->bytes > PAGE ? b->bytes : PAGE, align, b->ports);
	if (b->address == 0) {
		sys_print("no room for register %u of PCI function %x\n", i, f->address);
		b->bytes = 0;
		return;
	}
	cfg_write(f->address, CFG_COMMAND, command & ~(uint32_t)(COMMAND_IO | COMMAND_MEMORY));
	cfg_write(f->address, bar_register(i), (uint32_t)b->address);
	if (b->wide)
		cfg_write(f->address, bar_register(i) + 4, (uint32_t)(b->address >> 32));
	cfg_write(f->address, CFG_COMMAND, command);
}

static void place_function(struct pci_function *f, struct pci_window *m, struct pci_window *p)
{
	/* The largest first: then nothing is lost between them. */
	for (uint64_t bytes = BAR_BYTES_MAX; bytes >= 4; bytes /= 2) {
		for (uint32_t i = 0; i < PCI_BARS; i++) {
			if (f->bar[i].bytes == bytes && is_nowhere(f, &f->bar[i]))
				place_bar(f, i, f->bar[i].ports ? p : m);
		}
	}
}

/* --- bridges ------------------------------------------------------------------------------- */

/* How much memory the functions behind a bridge may need, with gaps; 0: all have their places. */
static uint64_t need_behind(const struct pci_function *bridge, bool want_ports)
{
	uint64_t need = 0;

	for (uint32_t i = 0; i < pci.functions; i++) {
		const struct pci_function *f = &pci.function[i];
		uint32_t bus = f->address >> 8;

		if (bus < bridge->bus || bus > bridge->last_bus)
			continue;
		for (uint32_t k = 0; k < PCI_BARS; k++) {
			if (f->bar[k].ports == want_ports && is_nowhere(f, &f->bar[k]))
				need += 2 * bar_align(&f->bar[k]);
		}
		if (f->bridge)
			need += want_ports ? PORT_GRANULE : GRANULE;
	}
	return need;
}

/* Does the bridge let memory through already, as firmware set it up? */
static bool learn_windows(struct pci_function *f)
{
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t m = cfg_read(f->address, CFG_BRIDGE_MEMORY + 4 * i);
		bool wide = i == 1 && (m & 15) == 1;
		uint64_t first = (uint64_t)(m & 0xfff0) << 16, last = (m & 0xfff00000) | 0xfffff;

		if (wide) {
			first |= (uint64_t)cfg_read(f->address, CFG_BRIDGE_PREFETCH + 4) << 32;
			last |= (uint64_t)cfg_read(f->address, CFG_BRIDGE_PREFETCH + 8) << 32;
		}
		if (first != 0 && first <= last)
			f->window[i] = (struct pci_window){ first, last + 1 };
	}
	return f->window[0].end != 0 || f->window[1].end != 0;
}

/* Windows of a bridge whose functions have no places, out of its parent's. */
static void open_bridge(const struct pci_function *f, struct pci_window *m, struct pci_window *p,
			struct pci_window *own_m, struct pci_window *own_p)
{
	uint64_t need = (need_behind(f, false) + GRANULE - 1) & ~(uint64_t)(GRANULE - 1);
	uint64_t at = cut(m, need, GRANULE, false);

	*own_m = *own_p = (struct pci_window){ 0, 0 };
	if (need != 0 && at != 0) {
		*own_m = (struct pci_window){ at, at + need };
		cfg_write(f->address, CFG_BRIDGE_MEMORY,
			  (uint32_t)((at + need - 1) & 0xfff00000) | (uint32_t)(at >> 16 & 0xfff0));
		cfg_write(f->address, CFG_BRIDGE_PREFETCH, 0x0000fff0); /* none */
	}
	need = (need_behind(f, true) + PORT_GRANULE - 1) & ~(uint64_t)(PORT_GRANULE - 1);
	at = cut(p, need, PORT_GRANULE, true);
	if (need != 0 && at != 0) {
		uint32_t old = cfg_read(f->address, CFG_BRIDGE_IO);

		*own_p = (struct pci_window){ at, at + need };
		cfg_write(f->address, CFG_BRIDGE_IO,
			  (old & 0xffff0000) | (uint32_t)((at + need - 1) & 0xf000) |
				  (uint32_t)(at >> 8 & 0xf0));
	}
	cfg_write(f->address, CFG_COMMAND,
		  COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX);
}

/* The window of a bridge that firmware opened is full, as far as we know: nothing more fits. */
void pci_place(const struct pci_window *memory_window, const struct pci_window *port_window)
{
	static struct pci_window own_memory[PCI_FUNCTIONS], own_ports[PCI_FUNCTIONS];

	memory = *memory_window;
	ports = *port_window;
	for (uint32_t i = 0; i < pci.functions; i++) {
		learn(&pci.function[i]);
		if (pci.function[i].bridge)
			pci.function[i].open = learn_windows(&pci.function[i]);
	}
	/* A bridge stands before the functions behind it. */
	for (uint32_t i = 0; i < pci.functions; i++) {
		struct pci_function *f = &pci.function[i];
		struct pci_window *m = f->parent == PCI_NONE ? &memory : &own_memory[f->parent];
		struct pci_window *p = f->parent == PCI_NONE ? &ports : &own_ports[f->parent];

		own_memory[i] = own_ports[i] = (struct pci_window){ 0, 0 };
		place_function(f, m, p);
		if (f->bridge && f->bus != 0 && !f->open)
			open_bridge(f, m, p, &own_memory[i], &own_ports[i]);
	}
}
