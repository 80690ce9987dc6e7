/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own address space, and the RAM it keeps for itself at boot.
 *
 * Owns:       the kernel's page tables; machine.keep, machine.reg.
 * Called by:  start.c, on CPU 0; afterwards mmio_map until all is set up.
 * Never:      makes anything both writable and executable; the image itself is
 *             not in the direct map, so that no second mapping of it is.
 *
 * Tables are taken from RAM below 4 GiB, which the first tables map as well.
 */
#include "asm.h"
#include "percpu.h"
#include "platform.h"

const u64 dmap_base = DMAP_BASE;

extern const u8 kernel_start[], rodata_start[], data_start[], kernel_end[];

#define LOW_PAGES (1ull << 20) /* 4 GiB */
#define IMAGE(address) (((u64)(address)-KERNEL_BASE) >> PAGE_SHIFT)
#define FLAGS_DATA (PTE_P | PTE_W | PTE_G | PTE_A | PTE_D | PTE_NX)
#define FLAGS_DEVICE (FLAGS_DATA | PTE_PCD | PTE_PWT)

enum { MMIO_PAGES = 512, LARGE = 512, HUGE = 512 * 512 };

static u64 next_page; /* where the search for free RAM goes on */
static u32 root;
static u32 user; /* a root table: its upper half is that of user mode's tables, if they are apart */
static u32 mmio_used;

/* --- RAM for the kernel -------------------------------------------------------------- */

static void keep(u64 first, u64 count)
{
	struct machine_range *last = &machine.keep[machine.kept == 0 ? 0 : machine.kept - 1];

	if (machine.kept != 0 && last->first + last->count == first) {
		last->count += count;
		return;
	}
	KASSERT(machine.kept < RANGE_MAX);
	machine.keep[machine.kept++] = (struct machine_range){ first, count };
}

/* The RAM range with room for count pages at or after `page`, or NIL. */
static u32 ram_with_room(u64 page, u32 count)
{
	for (u32 i = 0; i < RANGE_MAX && i < machine.rams; i++) {
		u64 end = machine.ram[i].first + machine.ram[i].count;
		u64 from = page > machine.ram[i].first ? page : machine.ram[i].first;

		if (end <= LOW_PAGES && from + count <= end)
			return i;
	}
	return NIL;
}

u32 boot_pages(u32 count)
{
	u64 module = machine.module_start >> PAGE_SHIFT;
	u64 module_end = (machine.module_end + PAGE_SIZE - 1) >> PAGE_SHIFT;
	u64 at = next_page;

	for (u32 tries = 0; tries < 4; tries++) {
		u32 i = ram_with_room(at, count);

		if (i == NIL)
			break;
		if (at < machine.ram[i].first)
			at = machine.ram[i].first;
		if (at + count > module && at < module_end) {
			at = module_end;
			continue;
		}
		next_page = at + count;
		keep(at, count);
		for (u32 k = 0; k < count; k++)
			arch_page_clear((u32)at + k);
		return (u32)at;
	}
	arch_panic("not enough memory to boot", __FILE__, __LINE__);
}

/* --- tables ---------------------------------------------------------------------------- */

static u32 table_below(u32 table, u32 i)
{
	if ((PTE(table, i) & PTE_P) == 0)
		PTE(table, i) = ((u64)boot_pages(1) << PAGE_SHIFT) | PTE_P | PTE_W;
	return pte_page(PTE(table, i));
}

/* One entry of 4 KiB (level 1), 2 MiB or 1 GiB. */
static void map(u64 address, u64 page, u32 level, u64 flags)
{
	u32 table = root;

	for (u32 l = LEVEL_ROOT; l > level; l--)
		table = table_below(table, (u32)(address >> (3 + 9 * l)) & 511);
	PTE(table, (u32)(address >> (3 + 9 * level)) & 511) =
		page << PAGE_SHIFT | flags | (level > 1 ? PTE_PS : 0);
}

/* The page at an address, mapped by 4 KiB, or NIL. */
static u32 page_at(u64 address)
{
	u32 table = root;

	for (u32 l = LEVEL_ROOT; l > 0; l--) {
		u64 e = PTE(table, (u32)(address >> (3 + 9 * l)) & 511);

		if ((e & PTE_P) == 0)
			return NIL;
		table = pte_page(e);
	}
	return table;
}

static void map_image(const u8 *from, const u8 *to, u64 flags)
{
	for (u64 a = (u64)from; a < (u64)to; a += PAGE_SIZE)
		map(a, IMAGE(a), 1, flags | PTE_P | PTE_G | PTE_A);
}

/* Direct map, with the largest pages that lie wholly inside. */
static void map_direct(u64 first, u64 end)
{
	while (first < end) {
		u64 pages = 1;
		u32 level = 1;

		if (machine.pages_1g && first % HUGE == 0 && end - first >= HUGE) {
			pages = HUGE;
			level = 3;
		} else if (first % LARGE == 0 && end - first >= LARGE) {
			pages = LARGE;
			level = 2;
		}
		map(DMAP(first), first, level, FLAGS_DATA);
		first += pages;
	}
}

static void map_descriptors(u64 first, u64 end)
{
	for (u64 a = (u64)PD(first) & ~(PAGE_SIZE - 1); a < (u64)PD(end); a += PAGE_SIZE) {
		if (page_at(a) == NIL)
			map(a, boot_pages(1), 1, FLAGS_DATA);
	}
}

void memory_descriptors(void)
{
	for (u32 i = 0; i < RANGE_MAX && i < machine.rams; i++) {
		u64 end = machine.ram[i].first + machine.ram[i].count;

		for (u64 p = machine.ram[i].first; p < end && p < OBJECT_PAGES; p++)
			*PD(p) = (struct page){ .type = PAGE_RESERVED,
						.head = NIL,
						.owner = NIL,
						.parent = NIL,
						.link = NIL };
	}
}

static bool is_ram(u64 page)
{
	for (u32 i = 0; i < RANGE_MAX && i < machine.rams; i++) {
		if (page >= machine.ram[i].first && page < machine.ram[i].first + machine.ram[i].count)
			return true;
	}
	return false;
}

/* A loader that knows less of the memory than the firmware may put it, or its end, elsewhere. */
static void map_module(void)
{
	u64 end = (machine.module_end + PAGE_SIZE - 1) >> PAGE_SHIFT;

	for (u64 p = machine.module_start >> PAGE_SHIFT; p < end && p < LOW_PAGES; p++) {
		if (!is_ram(p))
			map(DMAP(p), p, 1, FLAGS_DATA);
	}
}

static void map_ram(void)
{
	u64 image = IMAGE(kernel_start), image_end = IMAGE(kernel_end);

	for (u32 i = 0; i < RANGE_MAX && i < machine.rams; i++) {
		u64 first = machine.ram[i].first;
		u64 end = first + machine.ram[i].count;

		if (first >= OBJECT_PAGES)
			break;
		if (end > OBJECT_PAGES)
			end = OBJECT_PAGES;
		if (first <= image && image_end <= end) {
			map_direct(first, image);
			map_direct(image_end, end);
		} else {
			map_direct(first, end);
		}
		map_descriptors(first, end);
	}
}

static void map_new(u64 address, u32 pages)
{
	for (u32 i = 0; i < pages; i++)
		map(address + i * PAGE_SIZE, boot_pages(1), 1, FLAGS_DATA);
}

/* What user mode's tables map of the kernel, where they are not the kernel's own. */
static void map_entry(u64 address, u64 flags)
{
	u32 kernel = root, page = page_at(address);

	root = user;
	map(address, page, 1, flags | PTE_P | PTE_A);
	root = kernel;
}

static void map_entries(u64 idt)
{
	user = boot_pages(1);
	for (u64 a = (u64)kernel_start; a < (u64)entry_end; a += PAGE_SIZE)
		map_entry(a, 0);
	map_entry(idt, PTE_NX);
	for (u32 i = 0; i < CPU_MAX && i < machine.processors; i++) {
		map_new((u64)CPU(i) + ENTRY_AT, 1);
		map_entry((u64)CPU(i) + PERCPU_AT, PTE_W | PTE_D | PTE_NX);
		map_entry((u64)CPU(i) + IST_AT, PTE_W | PTE_D | PTE_NX);
		map_entry((u64)CPU(i) + ENTRY_AT, PTE_W | PTE_D | PTE_NX);
	}
}

static void map_percpu(u32 cpu)
{
	u64 area = (u64)CPU(cpu);

	map_new(area, (u32)((sizeof(struct cpu) + PAGE_SIZE - 1) / PAGE_SIZE));
	map_new(area + PERCPU_AT, 1);
	map_new(area + STACK_TOP_AT - STACK_PAGES * PAGE_SIZE, STACK_PAGES);
	map_new(area + IST_AT, 1);
}

void memory_init(u64 idt)
{
	keep(IMAGE(kernel_start), IMAGE(kernel_end) - IMAGE(kernel_start));
	next_page = IMAGE(kernel_end);
	root = boot_pages(1);
	map_image(kernel_start, rodata_start, 0);
	map_image(rodata_start, data_start, PTE_NX);
	map_image(data_start, kernel_end, PTE_NX | PTE_W | PTE_D);
	for (u32 i = 0; i < CPU_MAX && i < machine.processors; i++)
		map_percpu(i);
	if (machine.kpti)
		map_entries(idt);
	map_ram();
	map_module();
	/* Makes the tables above it now, so that the root is complete. */
	(void)mmio_map(machine.lapic, PAGE_SIZE);
}

u64 memory_root(void)
{
	return (u64)root << PAGE_SHIFT;
}

volatile void *mmio_map(u64 address, u64 bytes)
{
	u64 first = address >> PAGE_SHIFT;
	u64 count = ((address + bytes + PAGE_SIZE - 1) >> PAGE_SHIFT) - first;
	u64 at = MMIO_BASE + mmio_used * PAGE_SIZE;

	KASSERT(count <= MMIO_PAGES - mmio_used && machine.registers < RANGE_MAX);
	for (u32 i = 0; i < count; i++)
		map(at + i * PAGE_SIZE, first + i, 1, FLAGS_DEVICE);
	mmio_used += (u32)count;
	machine.reg[machine.registers++] = (struct machine_range){ first, count };
	return (volatile void *)(at + address % PAGE_SIZE);
}

/* --- clearing and copying --------------------------------------------------------------- */

void arch_page_clear(u32 page)
{
	words_clear(DMAP(page), PAGE_SIZE / 8);
}

void arch_object_clear(u32 page, u32 from, u32 to)
{
	words_clear(DMAP(page) + from, (to - from + 63) / 64 * 8);
}

void arch_words_copy(u32 to, u32 from, u32 first, u32 n)
{
	words_copy(DMAP(to) + first * 8ull, DMAP(from) + first * 8ull, n);
}

/* --- address spaces ----------------------------------------------------------------------- */

/* The kernel's half never changes after boot: both entries stay as they are. */
void arch_space_init(u32 sp)
{
	u32 from = machine.kpti ? user : root;

	if (SP(sp)->kind != SPACE_CPU)
		return;
	PTE(SPACE_ROOT(sp), 256) = PTE(from, 256);
	PTE(SPACE_ROOT(sp), 511) = PTE(from, 511);
}

bool arch_level_ok(u32 kind, u32 level)
{
	if (kind == SPACE_IO)
		return iommu_level_ok(level);
	return level < 3 || machine.pages_1g;
}
