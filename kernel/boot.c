/* SPDX-License-Identifier: MIT */
/*
 * Boot: kernel state as it is before the first entry, and the first program.
 *
 * Called by:  the architecture, once, on CPU 0.
 * Never:      makes an object by other means than the calls do, but for the
 *             first page of slots, which holds the capability to itself.
 *
 * All objects of the first program are made of the largest region of memory
 * and are children of its capability.  What is missing or wrong at boot ends
 * in a panic with a text that says what.
 */
#include "boot.h"
#include "elf.h"
#include "ks.h"

/* Where what is not in the image lies in the first program's address space. */
#define STACK_VADDR 0x3e0000ull
#define STACK_PAGES_ROOT 16u
#define INFO_VADDR 0x3f8000ull
#define TABLE_REACH (PT_ENTRIES * PAGE_SIZE) /* what a page-table page of level 1 covers */
#define BUDGET_HZ 100u                       /* time slices of the first program in a second */

enum {
	SLOT_PAGES = 8, /* 512 handles: more than a first program needs at once */
	PAGES_A_STEP = 64,
	PRIO_FIRST = 100,
	PRIO_HIGHEST = 255,
	REGIONS_KEPT = 40, /* so many that some of the first 64 handles are left */
};

/* What is being built. */
struct boot {
	struct boot_info info;
	u32 memory; /* slot of the capability that all is made from */
	u32 page;   /* next page to use */
	u32 slots[SLOT_PAGES];
	u32 handle; /* next that is free */
	u32 thread;
	struct elf elf;
};
static struct boot boot;

static void must(err_t e, const char *what)
{
	if (!err_is_ok(e))
		arch_panic(what, __FILE__, (int)e.v);
}

static u32 slot(u32 handle)
{
	return SLOT_OF(boot.slots[handle / SLOTS_PER_PAGE], handle % SLOTS_PER_PAGE);
}

/* --- kernel state ------------------------------------------------------------------------ */

static void cpu_init(u32 cpu)
{
	struct cpu *c = CPU(cpu);

	c->current = NIL;
	c->loaded = NIL;
	c->charged = NIL;
	c->alarm = ~0ull;
	c->uid = cpu;
	c->timeq = NIL;
	c->mailbox = NIL;
	for (u32 i = 0; i < PRIO_COUNT; i++) {
		c->ready_head[i] = NIL;
		c->ready_tail[i] = NIL;
	}
	for (u32 i = 0; i < IRQ_VECTORS; i++)
		c->irq[i] = NIL;
}

static void state_init(const struct boot_map *map)
{
	ks.work_head = NIL;
	ks.work_tail = NIL;
	for (u32 c = 0; c < CPU_MAX && c < ks.cpus; c++)
		cpu_init(c);
	boot.info = map->info;
	boot.info.magic = BOOT_INFO_MAGIC;
	boot.info.version = BOOT_INFO_VERSION;
	if (boot.info.regions > REGIONS_KEPT)
		boot.info.regions = REGIONS_KEPT;
	for (u32 i = 0; i < REGIONS_KEPT && i < boot.info.regions; i++) {
		const struct boot_region *r = &boot.info.region[i];

		for (u64 p = r->first; r->is_ram != 0 && p < r->first + r->count; p++)
			PD((u32)p)->type = PAGE_FREE;
	}
}

/* --- the region to make everything of ------------------------------------------------------ */

/* What of a region can be used while the module is still there: behind it, or before.
 * The module need not end where the region ends, nor lie in one region. */
static u64 room(const struct boot_region *r, const struct boot_map *map, u64 *first)
{
	u64 from = map->module_start >> PAGE_SHIFT;
	u64 to = (map->module_end + PAGE_SIZE - 1) >> PAGE_SHIFT;
	u64 end = r->first + r->count;
	u64 before = from > r->first ? (from < end ? from : end) - r->first : 0;
	u64 behind = to < end ? end - (to > r->first ? to : r->first) : 0;

	*first = before >= behind ? r->first : end - behind;
	return r->is_ram == 0 ? 0 : before >= behind ? before : behind;
}

static u32 choose_region(const struct boot_map *map)
{
	u64 best = 0, first = 0;
	u32 found = 0;

	for (u32 i = 0; i < REGIONS_KEPT && i < boot.info.regions; i++) {
		u64 n = room(&boot.info.region[i], map, &first);

		if (n > best) {
			best = n;
			found = i;
			boot.page = (u32)first;
		}
	}
	u64 tables = (boot.elf.vaddr / PAGE_SIZE + boot.elf.pages) / PT_ENTRIES;
	u64 needed = boot.elf.pages + tables + STACK_PAGES_ROOT + 32;
	if (best < needed)
		arch_panic("the first program does not fit into memory", __FILE__, __LINE__);
	return found;
}

/* --- capabilities ---------------------------------------------------------------------------- */

static void range(u32 handle, u32 type, u32 rights, u64 first, u64 count)
{
	cap_insert(slot(handle), NIL, type, rights, NIL);
	SLOT(slot(handle))->first = (u32)first;
	SLOT(slot(handle))->count = (u32)count;
}

static u32 take_pages(u32 pages)
{
	u32 page = boot.page;

	boot.page += pages;
	return page;
}

/* A new object under a handle; its page. */
static u32 make(u32 handle, u32 type)
{
	u32 pages = object_pages(type), page = take_pages(pages);

	must(object_check(boot.memory, page - SLOT(boot.memory)->first, pages), "boot: object");
	object_make(boot.memory, slot(handle), type, page, pages);
	return page;
}

/* The first page of slots, by hand, and in it the regions; one of them is its parent. */
static void make_first_slots(u32 region)
{
	u32 page = take_pages(1);
	u32 self = SLOT_OF(page, HANDLE_SLOTS);

	boot.slots[0] = page;
	boot.memory = SLOT_OF(page, HANDLE_MEMORY + region);
	arch_page_clear(page);
	*PD(page) = (struct page){
		.type = OBJ_SLOTS, .head = page, .owner = self, .parent = NIL, .link = NIL
	};
	for (u32 i = 0; i < REGIONS_KEPT && i < boot.info.regions; i++) {
		struct boot_region *r = &boot.info.region[i];

		r->handle = HANDLE_MEMORY + i;
		range(r->handle, r->is_ram != 0 ? OBJ_MEMORY : OBJ_DEVMEM,
		      r->is_ram != 0 ? RIGHTS_ALL_MEMORY : RIGHTS_ALL_DEVMEM, r->first, r->count);
	}
	boot.handle = HANDLE_MEMORY + boot.info.regions;
	cap_insert(self, boot.memory, OBJ_SLOTS, RIGHTS_ALL_SLOTS, page);
	SLOT(self)->flags = CAP_OWNER;
}

static void make_table(void)
{
	(void)make(HANDLE_TABLE, OBJ_TABLE);
	must(sys_table_attach(NIL, slot(HANDLE_TABLE), slot(HANDLE_SLOTS), 0), "boot: table");
	for (u32 i = 1; i < SLOT_PAGES; i++) {
		boot.slots[i] = make(boot.handle, OBJ_SLOTS);
		must(sys_table_attach(NIL, slot(HANDLE_TABLE), slot(boot.handle++), i),
		     "boot: table");
	}
	boot.info.free_end = SLOT_PAGES * SLOTS_PER_PAGE;
	cap_insert(slot(HANDLE_SYSTEM), NIL, OBJ_SYSTEM, RIGHTS_ALL_SYSTEM, NIL);
	range(HANDLE_CPUS, OBJ_CPUS, RIGHTS_ALL_CPUS, 0, ks.cpus);
	range(HANDLE_IOPORTS, OBJ_IOPORTS, RIGHTS_ALL_IOPORTS, 0, 1u << 16);
	range(HANDLE_IRQCTL, OBJ_IRQCTL, RIGHTS_ALL_IRQCTL, 0, IRQ_LINES);
	range(HANDLE_DEVCTL, OBJ_DEVCTL, RIGHTS_ALL_DEVCTL, 0, 1u << 16);
}

static void bind(u32 which, u32 handle)
{
	must(sys_thread_bind(boot.thread, slot(HANDLE_THREAD), which, slot(handle), 0),
	     "boot: bind");
}

static void make_thread(void)
{
	u32 sched = make(HANDLE_SCHED, OBJ_SCHED);
	u32 space = make(HANDLE_SPACE, OBJ_SPACE);
	u64 slice = boot.info.clock_hz / BUDGET_HZ;

	sched_init(sched, 0);
	space_init(space, SPACE_CPU, 0, 0);
	boot.thread = make(HANDLE_THREAD, OBJ_THREAD);
	thread_init(boot.thread, THREAD_FPU | (u64)PRIO_HIGHEST << 8, 0);
	must(sys_sched_configure(boot.thread, slot(HANDLE_SCHED), slot(HANDLE_CPUS), 0, slice,
				 slice),
	     "boot: sched");
	must(sys_thread_set_prio(boot.thread, slot(HANDLE_THREAD), PRIO_FIRST), "boot: priority");
	bind(THREAD_SPACE, HANDLE_SPACE);
	bind(THREAD_TABLE, HANDLE_TABLE);
	bind(THREAD_SCHED, HANDLE_SCHED);
}

/* --- memory of the first program --------------------------------------------------------------- */

/* Cleared frames under a handle; their first page. */
static u32 make_frames(u32 handle, u32 pages)
{
	u32 first = take_pages(pages);
	u64 offset = first - SLOT(boot.memory)->first;
	u32 n = pages < PAGES_A_STEP ? pages : PAGES_A_STEP;

	for (u32 i = 0; i < pages; i++)
		arch_page_clear(first + i);
	must(sys_frames_create(NIL, boot.memory, slot(handle), offset, n), "boot: frames");
	for (u32 done = n; done < pages; done += n) {
		n = pages - done < PAGES_A_STEP ? pages - done : PAGES_A_STEP;
		must(sys_frames_extend(NIL, slot(handle), n), "boot: frames");
	}
	return first;
}

static void attach_table(u64 vaddr, u32 level)
{
	(void)make(boot.handle, OBJ_PTABLE);
	must(sys_ptable_attach(boot.thread, slot(boot.handle), slot(HANDLE_SPACE), vaddr, level),
	     "boot: page table");
	boot.handle++;
}

/* The image may be as large as a table of level 2 reaches, so one of them is enough. */
static void make_tables(u64 end)
{
	attach_table(0, 3);
	attach_table(0, 2);
	for (u64 a = STACK_VADDR & ~(TABLE_REACH - 1); a < end; a += TABLE_REACH)
		attach_table(a, 1);
}

static u32 make_grant(u32 frames, u64 vaddr, u32 pages, u32 rights)
{
	u32 g = slot(boot.handle++);

	must(sys_grant_create(boot.thread, slot(frames), g, slot(HANDLE_SPACE), vaddr, pages,
			      rights | RIGHT_GRANT_MAP),
	     "boot: grant");
	return g;
}

static void map_pages(u32 grant, u64 vaddr, u64 offset, u64 pages, u64 attr)
{
	for (u64 done = 0; done < pages; done += FR_OUT(boot.thread, 0)) {
		u64 n = pages - done < PAGES_A_STEP ? pages - done : PAGES_A_STEP;

		must(sys_grant_map(boot.thread, grant, vaddr + done * PAGE_SIZE, offset + done, n,
				   attr),
		     "boot: map");
	}
}

static void load_image(const struct boot_map *map)
{
	const struct elf *e = &boot.elf;
	u32 first = make_frames(HANDLE_IMAGE, e->pages);
	u32 g = make_grant(HANDLE_IMAGE, e->vaddr, e->pages,
			   RIGHT_GRANT_READ | RIGHT_GRANT_WRITE | RIGHT_GRANT_EXEC);

	for (u32 i = 0; i < ELF_SEGMENTS_MAX && i < e->segments; i++) {
		const struct elf_segment *s = &e->segment[i];

		elf_load(e, s, map->module_start, first);
		map_pages(g, s->vaddr & ~(PAGE_SIZE - 1), (s->vaddr - e->vaddr) >> PAGE_SHIFT,
			  s->pages, s->rights);
	}
	boot.info.image_first = first;
	boot.info.image_count = e->pages;
	boot.info.image_vaddr = e->vaddr;
}

static void make_stack(void)
{
	u32 handle = boot.handle++;

	(void)make_frames(handle, STACK_PAGES_ROOT);
	map_pages(make_grant(handle, STACK_VADDR, STACK_PAGES_ROOT,
			     RIGHT_GRANT_READ | RIGHT_GRANT_WRITE),
		  STACK_VADDR, 0, STACK_PAGES_ROOT, MAP_READ | MAP_WRITE);
}

/* Last, when all handles are given out. */
static void write_info(u32 page)
{
	const u64 *word = (const u64 *)&boot.info;

	boot.info.cpus = ks.cpus;
	boot.info.free_handle = boot.handle;
	for (u32 i = 0; i < sizeof(boot.info) / 8; i++)
		WORD(page, i) = word[i];
}

void kernel_boot(const struct boot_map *map)
{
	lock_all();
	boot = (struct boot){ 0 };
	elf_parse(&boot.elf, map->module_start, map->module_end);
	state_init(map);
	make_first_slots(choose_region(map));
	make_table();
	make_thread();
	make_tables(boot.elf.vaddr + boot.elf.pages * PAGE_SIZE);
	load_image(map);
	make_stack();
	u32 info = make_frames(HANDLE_INFO, 1);

	map_pages(make_grant(HANDLE_INFO, INFO_VADDR, 1, RIGHT_GRANT_READ), INFO_VADDR, 0, 1,
		  MAP_READ);
	write_info(info);
	must(sys_thread_start(boot.thread, slot(HANDLE_THREAD), boot.elf.entry,
			      STACK_VADDR + STACK_PAGES_ROOT * PAGE_SIZE, INFO_VADDR),
	     "boot: start");
	sched_exit();
	unlock_all();
}
