/* SPDX-License-Identifier: MIT */
/*
 * PCI functions on trees of bridges: numbered and placed by firmware or by nobody, and hostile.
 */
#include <string.h>

#include "model.h"

enum { MEMORY_BARS = 3, ACS_ALL = 0x1f, FLR = 1 << 15 };

static struct model_function *add(int32_t bridge, uint32_t devfn, uint32_t id, uint32_t class_code)
{
	struct model_function *f = &model[models++];

	*f = (struct model_function){ .there = true, .bridge = bridge, .devfn = devfn };
	f->value[CFG_ID / 4] = id;
	f->value[CFG_CLASS / 4] = class_code << 8;
	f->mask[CFG_COMMAND / 4] = 0x7ff;
	return f;
}

/* A memory BAR of so many bytes, a power of two. */
static void set_bar(struct model_function *f, uint32_t i, uint64_t bytes, bool wide)
{
	uint32_t reg = CFG_BAR0 / 4 + i;

	f->value[reg] = wide ? 4 : 0;
	f->mask[reg] = (uint32_t)(0 - bytes) & ~15u;
	if (wide)
		f->mask[reg + 1] = (uint32_t)((0 - bytes) >> 32);
}

static void set_port_bar(struct model_function *f, uint32_t i, uint32_t bytes)
{
	f->value[CFG_BAR0 / 4 + i] = 1;
	f->mask[CFG_BAR0 / 4 + i] = (uint32_t)(0 - bytes) & 0xfffc;
}

static uint32_t last_cap(const struct model_function *f)
{
	uint32_t at = f->value[CFG_CAPS / 4] & 0xfc, last = 0;

	for (; at != 0; at = f->value[at / 4] >> 8 & 0xfc)
		last = at;
	return last;
}

static void add_cap(struct model_function *f, uint32_t at, uint32_t head)
{
	uint32_t last = last_cap(f);

	f->value[CFG_COMMAND / 4] |= 1u << 20;
	if (last == 0)
		f->value[CFG_CAPS / 4] = at;
	else
		f->value[last / 4] |= at << 8;
	f->value[at / 4] = head;
}

/* PCI Express of a type; acs: which controls it has. */
static void add_express(struct model_function *f, uint32_t type, uint32_t acs)
{
	add_cap(f, 0x40, 0x10 | type << 20);
	if (acs == 0)
		return;
	f->value[CFG_EXTENDED / 4] = 0x0d | 1 << 16;
	f->value[CFG_EXTENDED / 4 + 1] = acs;
	f->mask[CFG_EXTENDED / 4 + 1] = acs << 16;
}

static int32_t add_bridge(int32_t parent, uint32_t devfn)
{
	struct model_function *f = add(parent, devfn, 0x000c1b36, 0x060400);

	f->value[CFG_HEADER / 4] = 1 << 16;
	f->mask[CFG_BUSES / 4] = 0x00ffffff;
	f->mask[CFG_BRIDGE_MEMORY / 4] = 0xfff0fff0;
	f->value[CFG_BRIDGE_MEMORY / 4] = 0x0000fff0;
	f->mask[CFG_BRIDGE_PREFETCH / 4] = 0xfff0fff0;
	f->mask[CFG_BRIDGE_IO / 4] = 0xf0f0;
	return (int32_t)(f - model);
}

static void find(void)
{
	const struct platform_options o = { .acpi_root = 0 };

	model_accesses = 0;
	platform_find(&o);
	CHECK(pci.functions <= PCI_FUNCTIONS && platform.devices <= DEVICES_MAX);
	CHECK(model_accesses < 2000000);
}

/* --- what must hold of any tree ------------------------------------------------------------- */

static bool overlap(const struct pci_bar *a, const struct pci_bar *b)
{
	return a->bytes != 0 && b->bytes != 0 && a->ports == b->ports && a->address != 0 &&
	       b->address != 0 && a->address < b->address + b->bytes &&
	       b->address < a->address + a->bytes;
}

static void check_bars(const struct pci_function *f)
{
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *a = &f->bar[i];

		if (a->bytes == 0)
			continue;
		CHECK((a->bytes & (a->bytes - 1)) == 0 && (a->address & (a->bytes - 1)) == 0);
		for (uint32_t k = 0; k < pci.functions; k++) {
			for (uint32_t j = 0; j < PCI_BARS; j++)
				CHECK((&pci.function[k] == f && i == j) ||
				      !overlap(a, &pci.function[k].bar[j]));
		}
		/* The device itself has what is said of it. */
		uint32_t low = model_at(f->address)->value[CFG_BAR0 / 4 + i];
		CHECK((low & ~15u) == ((uint32_t)a->address & ~15u));
		/* The bridges above let it through. */
		for (uint32_t up = f->parent; up != PCI_NONE; up = pci.function[up].parent) {
			uint32_t m =
				model_at(pci.function[up].address)->value[CFG_BRIDGE_MEMORY / 4];

			if (!a->ports)
				CHECK(a->address >= (uint64_t)(m & 0xfff0) << 16 &&
				      a->address + a->bytes - 1 <= ((m & 0xfff00000) | 0xfffff));
		}
	}
}

static void check_numbers(void)
{
	for (uint32_t i = 0; i < pci.functions; i++) {
		const struct pci_function *f = &pci.function[i];

		CHECK(model_at(f->address) != NULL);
		for (uint32_t k = 0; k < i; k++)
			CHECK(pci.function[k].address != f->address);
		if (f->parent != PCI_NONE) {
			const struct pci_function *b = &pci.function[f->parent];

			CHECK(f->parent < i && b->bridge && f->address >> 8 == b->bus);
			CHECK(f->bus == 0 || (f->bus > b->bus && f->last_bus <= b->last_bus));
		}
	}
}

/* --- trees ---------------------------------------------------------------------------------------- */

/* Functions on bus 0 and behind up to three levels of bridges; firmware did nothing. */
static void make_tree(void)
{
	uint32_t functions = 3 + model_random() % 20;

	model_clear();
	for (uint32_t n = 0; n < functions && models < 40; n++) {
		int32_t bridge = -1;
		uint32_t devfn = (models + 1) % 32 << 3;

		for (uint32_t i = 0; i < 3 && model_random() % 2; i++) {
			uint32_t pick = model_random() % (models + 1);

			if (pick < models && model[pick].value[CFG_HEADER / 4] == 1 << 16)
				bridge = (int32_t)pick;
		}
		if (model_random() % 3 == 0) {
			bridge = add_bridge(bridge, devfn);
			add_express(&model[bridge], 4, model_random() % 2 ? ACS_ALL : 0);
			continue;
		}
		struct model_function *f = add(bridge, devfn, 0x10001af4 + n, 0x010000);
		set_bar(f, 0, 16ull << model_random() % 18, false);
		set_bar(f, 2, 16ull << model_random() % 18, true);
		if (model_random() % 2)
			set_port_bar(f, 4, 4u << model_random() % 6);
	}
}

static void test_trees(uint32_t rounds)
{
	for (uint32_t n = 0; n < rounds; n++) {
		make_tree();
		find();
		CHECK(pci.functions == models);
		check_numbers();
		for (uint32_t i = 0; i < pci.functions; i++) {
			const struct pci_function *f = &pci.function[i];

			check_bars(f);
			if (!f->bridge && f->parent == PCI_NONE)
				CHECK(f->bar[0].bytes != 0 && f->bar[2].bytes != 0);
		}
		/* What was placed stays where it is. */
		static struct pci before;
		before = pci;
		find();
		CHECK(before.functions == pci.functions);
		for (uint32_t i = 0; i < pci.functions; i++) {
			CHECK(before.function[i].address == pci.function[i].address);
			for (uint32_t k = 0; k < PCI_BARS; k++)
				CHECK(before.function[i].bar[k].address ==
					      pci.function[i].bar[k].address ||
				      before.function[i].bar[k].bytes < 4096);
		}
	}
}

/* --- groups ---------------------------------------------------------------------------------------- */

static const struct pci_function *function_at(uint32_t address)
{
	for (uint32_t i = 0; i < pci.functions; i++) {
		if (pci.function[i].address == address)
			return &pci.function[i];
	}
	CHECK(false);
	return &pci.function[0];
}

static void test_groups(void)
{
	model_clear();
	add(-1, 1 << 3, 0x11111111, 0x010000); /* alone */
	for (uint32_t i = 0; i < 2; i++)       /* one slot, no ACS */
		add(-1, 2 << 3 | i, 0x22222222, 0x010000)->value[CFG_HEADER / 4] = 0x80 << 16;
	int32_t good = add_bridge(-1, 3 << 3), bad = add_bridge(-1, 4 << 3),
		old = add_bridge(-1, 5 << 3);
	add_express(&model[good], 4, ACS_ALL);
	add_express(&model[bad], 4, 0);
	add(good, 0, 0x33333333, 0x010000);
	add(good, 1 << 3, 0x33333333, 0x010000);
	add(bad, 0, 0x44444444, 0x010000);
	add(bad, 1 << 3, 0x44444444, 0x010000);
	add(old, 0, 0x55555555, 0x010000);
	find();
	CHECK(function_at(0x08)->confinable && function_at(0x08)->range_count == 1);
	CHECK(function_at(0x10)->group == function_at(0x11)->group);
	CHECK(function_at(0x10)->confinable && function_at(0x11)->range_first == 0x10 &&
	      function_at(0x11)->range_count == 2);
	uint32_t bus = function_at(0x18)->bus << 8;
	CHECK(function_at(bus)->group != function_at(bus | 8)->group);
	CHECK(function_at(bus)->confinable && function_at(bus)->range_count == 1);
	bus = function_at(0x20)->bus << 8;
	CHECK(function_at(bus)->group == function_at(bus | 8)->group);
	CHECK(!function_at(bus)
		       ->confinable); /* their numbers are further apart than a device may reach */
	bus = function_at(0x28)->bus << 8;
	CHECK(!function_at(bus)->confinable); /* conventional PCI has no numbers of its own */
}

/* --- messages, virtio, reset --------------------------------------------------------------------------- */

static void test_messages(void)
{
	struct model_function *f;

	model_clear();
	f = add(-1, 8, 0x10421af4, 0x010000);
	set_bar(f, 0, 0x4000, false);
	add_cap(f, 0x40, 0x11 | 3 << 16); /* MSI-X: 4 entries at 0x2000 of BAR 0 */
	f->value[0x44 / 4] = 0x2000;
	f->mask[0x40 / 4] = 0xc0000000;
	add_cap(f, 0x50, 0x09 | 1u << 24);
	f->value[0x54 / 4] = 0;
	f->value[0x58 / 4] = 0x100;
	f->value[0x5c / 4] = 0x38;
	add_cap(f, 0x60, 0x09 | 4u << 24); /* reaches beyond the BAR */
	f->value[0x68 / 4] = 0x3ff0;
	f->value[0x6c / 4] = 0x20;
	add_cap(f, 0x70, 0x10);
	f->value[0x74 / 4] = 1u << 28;
	find();
	const struct pci_function *p = &pci.function[0];
	CHECK(p->messages == 4 && p->can_reset && p->is_virtio &&
	      p->virtio.pci.common.offset == 0x100);
	CHECK(p->virtio.pci.device.bytes == 0);
	CHECK(pci_route(p, 3, 0xfee01234, 0x99) && !pci_route(p, 4, 0, 0));
	const volatile uint32_t *entry = phys_map(p->bar[0].address + 0x2030, 16);
	/* Wherever it says that the table is now. */
	f->value[0x44 / 4] ^= 7;
	CHECK(pci_route(p, 3, 0xfee01234, 0x99));
	f->value[0x44 / 4] ^= 7;
	CHECK(entry[0] == 0xfee01234 && entry[2] == 0x99 && entry[3] == 0);
	CHECK((f->value[0x40 / 4] & 0xc0000000) == 0x80000000);
	pci_enable(p);
	CHECK(f->value[CFG_COMMAND / 4] & COMMAND_MASTER);
	uint64_t before = model_us;
	f->mask[0x78 / 4] = 0xffff;
	f->value[CFG_BAR0 / 4] = 0; /* as a reset does */
	pci_quiesce(p);
	CHECK(!(f->value[CFG_COMMAND / 4] & COMMAND_MASTER) && model_us - before >= 100000);
	CHECK(f->value[0x78 / 4] == FLR && f->value[CFG_BAR0 / 4] == p->bar[0].address);
	CHECK((f->value[0x40 / 4] & 0xc0000000) == 0xc0000000 && entry[3] == 1);
	/* A table outside of its BAR is none. */
	f->value[0x44 / 4] = 0x4000;
	find();
	CHECK(pci.function[0].messages == 0 && pci.function[0].msix == 0);
}

/* One message without a table, with a long address or not; a conventional function's reset. */
static void test_msi(bool wide)
{
	struct model_function *f;
	uint32_t data = wide ? 0x4c / 4 : 0x48 / 4;

	model_clear();
	f = add(-1, 8, 0x12341234, 0x010000);
	add_cap(f, 0x40, 0x05 | (wide ? 1u << 23 : 0) | 3 << 17);
	f->mask[0x40 / 4] = 0x00710000;
	for (uint32_t i = 0x44 / 4; i <= 0x4c / 4; i++)
		f->mask[i] = 0xffffffff;
	add_cap(f, 0x60, 0x13 | 3u << 24);
	f->mask[0x64 / 4] = 0xff;
	find();
	const struct pci_function *p = &pci.function[0];
	CHECK(p->messages == 1 && p->can_reset);
	CHECK(!pci_route(p, 1, 0xfee01000, 0x33) && pci_route(p, 0, 0xfee01000, 0x33));
	CHECK(f->value[0x44 / 4] == 0xfee01000 && f->value[data] == 0x33 &&
	      (!wide || f->value[0x48 / 4] == 0));
	CHECK((f->value[0x40 / 4] & 0x00710000) == 0x00010000);
	CHECK(pci_route(p, 0, 1ull << 32, 0x33) == wide);
	pci_quiesce(p);
	CHECK(!(f->value[0x40 / 4] & 0x00010000) && f->value[0x64 / 4] == 1);
}

/* Configuration spaces full of anything, of which anything may be changed. */
static void test_hostile(uint32_t rounds)
{
	for (uint32_t n = 0; n < rounds; n++) {
		make_tree();
		for (uint32_t i = 0; i < models; i++) {
			struct model_function *f = &model[i];

			for (uint32_t k = 0; k < 256; k++) {
				uint32_t w = model_random() % 4 ? 0x40 / 4 + model_random() % 48
								: model_random() % 1024;

				if (model_random() % 2)
					f->value[w] = model_random() << 16 ^ model_random();
				if (model_random() % 2)
					f->mask[w] = model_random() << 16 ^ model_random();
			}
			if (model_random() % 2)
				f->value[CFG_ID / 4] = 0x10421af4;
			f->value[CFG_COMMAND / 4] |= 1u << 20;
			f->value[CFG_CAPS / 4] = model_random();
		}
		find();
		for (uint32_t i = 0; i < platform.devices; i++) {
			const struct device *d = &platform.device[i];

			CHECK(d->d.irqs <= PLAT_MESSAGES);
			for (uint32_t k = 0; k < 6; k++)
				CHECK(platform_region(d, k) != 0 || d->d.region_bytes[k] == 0);
			if (d->d.kind == PLAT_PCI) {
				pci_enable(&pci.function[d->index]);
				(void)pci_route(&pci.function[d->index], model_random() % 17, 1, 2);
			}
			platform_quiesce(d);
		}
	}
}

void pci_tests(uint32_t rounds)
{
	test_groups();
	test_messages();
	test_msi(false);
	test_msi(true);
	test_trees(rounds);
	test_hostile(rounds);
}
