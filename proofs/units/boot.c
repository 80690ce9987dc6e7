/* SPDX-License-Identifier: MIT */
/* prove:
 * loop_limit = 300
 * merge = ["room"]
 * [h_must]
 * function = "must"
 * columns = ["ub"]
 * [h_slot]
 * function = "slot"
 * columns = ["ub", "spec"]
 * [h_contract_cpu_init]
 * function = "cpu_init"
 * columns = ["ub", "spec"]
 * [h_room]
 * function = "room"
 * columns = ["ub", "spec"]
 * [h_take]
 * function = "take_pages"
 * columns = ["ub", "spec"]
 * [h_range]
 * function = "range"
 * columns = ["ub", "spec"]
 * [h_contract_state_init]
 * function = "state_init"
 * only = "for at most four regions of memory"
 * columns = ["ub", "spec"]
 * [h_contract_choose_region]
 * function = "choose_region"
 * columns = ["ub", "spec"]
 * [h_contract_make]
 * function = "make"
 * columns = ["ub", "spec"]
 * [h_contract_make_first_slots]
 * function = "make_first_slots"
 * columns = ["ub", "spec"]
 * [h_contract_make_frames]
 * function = "make_frames"
 * columns = ["ub", "spec"]
 * [h_contract_map_pages]
 * function = "map_pages"
 * columns = ["ub", "spec"]
 * [h_contract_write_info]
 * function = "write_info"
 * columns = ["ub", "spec"]
 * [h_boot]
 * function = "kernel_boot"
 * columns = ["ub", "spec"]
 */
/*
 * Before the first entry: what a CPU begins with, and of which pages the first program is made.
 */
#include "prover.h"
#include "everything.h"

/* A panic never returns. */
void arch_stop(const char *, const char *, int)
{
	prover_assume(false);
}

#define arch_panic arch_stop
#include <boot.c>
#undef arch_panic
#include <cap.c>

#define IMAGE boot.elf
#include "contract_elf.h"

void h_must(void)
{
	must(OK, "");
	ASSIGNS_NOTHING();
}

#define A_HANDLE(h) ASSUME_STATE(requires, h < SLOT_PAGES * SLOTS_PER_PAGE && boot.slots[h / SLOTS_PER_PAGE] < PAGE_COUNT, "a handle of the first program")

void h_slot(u32 handle)
{
	A_HANDLE(handle);
	CHECK_SPEC(slot(handle) == boot.slots[handle / 64] * 64 + handle % 64);
	ASSIGNS_NOTHING();
}

/* It runs nothing, and nobody waits. */
PRED bool is_fresh(u32 c, u32 p, u32 v)
{
	return CPU(c)->current == NIL && CPU(c)->loaded == NIL && CPU(c)->charged == NIL && CPU(c)->timeq == NIL && CPU(c)->mailbox == NIL &&
	       CPU(c)->uid == c && CPU(c)->alarm == ~0ull && CPU(c)->ready_head[p] == NIL && CPU(c)->ready_tail[p] == NIL && CPU(c)->irq[v] == NIL;
}

void h_contract_cpu_init(u32 c)
{
	ASSUME_INPUT(c < CPU_MAX);
	cpu_init(c);
	CHECK_SPEC(is_fresh(c, any.n % PRIO_COUNT, any.slot % IRQ_VECTORS));
	ASSIGNS(1, *CPU(c));
}

/* --- memory ------------------------------------------------------------------------------- */

struct boot_region region;
struct boot_map map;

/* Does the page hold a part of the module? */
PRED bool has_module(u64 p)
{
	return p >= map.module_start >> PAGE_SHIFT && p < (map.module_end + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* All of it lies in the region, and nothing of the module in it. */
void h_room(u64 p)
{
	u64 first = 0;

	ASSUME_STATE(requires, region.first < 1ull << 52 && region.count < 1ull << 52 && map.module_start < map.module_end && map.module_end < 1ull << 63,
		     "what the boot loader says of memory are addresses");
	const u64 n = room(&region, &map, &first);

	CHECK_IF(n != 0, "spec", (region.is_ram != 0) & (first >= region.first) & (first + n <= region.first + region.count));
	CHECK_IF(p - first < n, "spec", !has_module(p));
	ASSIGNS_NOTHING();
	COVER(n != 0);
}

void h_take(u32 pages)
{
	const u32 page = boot.page;

	CHECK_SPEC(take_pages(pages) == page);
	CHECK_SPEC(boot.page == page + pages);
	ASSIGNS(1, boot.page);
}

/* A capability from which all are derived. */
void h_range(u32 handle, u32 type, u32 rights, u64 first, u64 count)
{
	A_HANDLE(handle);
	const u32 s = slot(handle);
	range(handle, type, rights, first, count);
	CHECK_SPEC((SLOT(s)->type == (u8)type) & (SLOT(s)->rights == rights) & (SLOT(s)->parent == NIL) & (SLOT(s)->child == NIL));
	CHECK_SPEC((SLOT(s)->first == (u32)first) & (SLOT(s)->count == (u32)count) & (SLOT(s)->flags == 0));
	ASSIGNS(1, *SLOT(s));
}

/* --- what boot calls ---------------------------------------------------------------------------- */

/* The pages from boot.page to here are free, and may be used. */
u64 room_end;

PRED bool has_room(u64 n)
{
	return room_end <= PAGE_COUNT && boot.page <= room_end && n <= room_end - boot.page;
}

PRED bool is_kept(u32 cpus, u32 mapped)
{
	return ks.cpus == cpus && IMP(mapped != 0, FR_OUT(boot.thread, 0) >= 1 && FR_OUT(boot.thread, 0) <= mapped);
}

/* The number of CPUs stays; what maps pages says how many, and that is something. */
u32 what_is_called(u32 mapped);

u32 prover_replace_what_is_called(u32 mapped)
{
	ANY(u32, result);
	const u32 cpus = ks.cpus;

	EVERYTHING_CHANGES;
	prover_assume(is_kept(cpus, mapped));
	return result;
}

#define CALLED(name, ...)                                                                          \
	err_t name(__VA_ARGS__) { return (err_t){ what_is_called(0) }; }
#define DONE(name, ...)                                                                            \
	void name(__VA_ARGS__) { (void)what_is_called(0); }
CALLED(object_check, u32, u64, u64)
CALLED(sys_table_attach, u32, u32, u32, u64)
CALLED(sys_thread_bind, u32, u32, u64, u32, u64)
CALLED(sys_sched_configure, u32, u32, u32, u64, u64, u64)
CALLED(sys_thread_set_prio, u32, u32, u64)
CALLED(sys_frames_create, u32, u32, u32, u64, u64)
CALLED(sys_frames_extend, u32, u32, u64)
CALLED(sys_ptable_attach, u32, u32, u32, u64, u64)
CALLED(sys_grant_create, u32, u32, u32, u32, u64, u64, u64)
CALLED(sys_thread_start, u32, u32, u64, u64, u64)
DONE(object_make, u32, u32, u32, u32, u32)
DONE(sched_init, u32, u32)
DONE(space_init, u32, u32, u32, u32)
DONE(thread_init, u32, u64, u32)
DONE(sched_exit)
DONE(lock_all)
DONE(unlock_all)

err_t sys_grant_map(u32, u32, u64, u64, u64 n, u64)
{
	return (err_t){ what_is_called((u32)n) };
}

u32 object_pages(u32 type)
{
	return type == OBJ_SPACE || type == OBJ_IOSPACE ? 2 : 1;
}

/* Nothing but pages of the region is written. */
PRED bool is_ours(u32 page)
{
	return page < room_end && room_end <= PAGE_COUNT;
}

void arch_page_clear(u32 page)
{
	CHECK_SPEC(is_ours(page));
	ASSIGNS(1, ks_word[page]);
	CHANGE();
}

void elf_load(const struct elf *e, const struct elf_segment *, u64, u32 first)
{
	CHECK_SPEC(is_ours(first + e->pages - 1));
	(void)what_is_called(0);
}

/* --- state --------------------------------------------------------------------------------------- */

PRED bool is_before(u32 i, u32 n)
{
	return i < n;
}

PRED bool region_ok(const struct boot_region *r)
{
	return (r->is_ram == 0) | ((r->first <= PAGE_COUNT) & (r->count <= PAGE_COUNT - r->first));
}

PRED bool regions_ok(const struct boot_info *info)
{
	bool ok = true;

	UNROLL
	for (u32 i = 0; i < REGIONS_KEPT; i++)
		ok &= region_ok(&info->region[i]);
	return ok;
}
#define REGIONS_OK(info) ASSUME_STATE(requires, regions_ok(&info), "what the boot loader says of memory are pages")

void prover_replace_cpu_init(u32 c)
{
	CHECK_SPEC(is_before(c, CPU_MAX));
	ASSIGNS(1, *CPU(c));
	CHANGE();
}

PRED bool is_region(u32 i)
{
	return i < boot.info.regions && boot.info.regions <= REGIONS_KEPT && region_ok(&boot.info.region[i]);
}

PRED bool is_behind(u64 p, u32 i)
{
	return i < REGIONS_KEPT && p >= boot.info.region[i].first;
}

ROUNDS(state_init, is_before(c, CPU_MAX), (ks_cpu), u32 c)
ROUNDS(state_init_2, is_region(i), (ks_page), u32 i)
ROUNDS(state_init_3, is_behind(p, i), (ks_page), u64 p, u32 i)

PRED bool info_ok(void)
{
	return boot.info.regions <= REGIONS_KEPT && regions_ok(&boot.info);
}

void prover_replace_state_init(const struct boot_map *)
{
	ASSIGNS(1, boot.info, ks_cpu, ks_page, ks.work_head, ks.work_tail);
	CHANGE();
	prover_assume(info_ok());
}

PRED bool has_few(void)
{
	return map.info.regions <= 4 && region_ok(&map.info.region[0]) && region_ok(&map.info.region[1]) && region_ok(&map.info.region[2]) &&
	       region_ok(&map.info.region[3]);
}

void h_contract_state_init(void)
{
	ASSUME_STATE(case, has_few(), "for at most four regions of memory");
	state_init(&map);
	CHECK_SPEC(is_before(boot.info.regions, REGIONS_KEPT));
	ASSIGNS(1, boot.info, ks_cpu, ks_page, ks.work_head, ks.work_tail);
}

/* --- the region ------------------------------------------------------------------------------------- */

PRED u64 needed(void)
{
	return boot.elf.pages + (boot.elf.vaddr / PAGE_SIZE + boot.elf.pages) / PT_ENTRIES + STACK_PAGES_ROOT + 32;
}

/* n pages from boot.page on lie in region i, which is memory. */
PRED bool is_in_region(u32 i, u64 n)
{
	const struct boot_region *r = &boot.info.region[i];

	return i < REGIONS_KEPT &&
	       (n == 0 || (r->is_ram != 0 && boot.page - r->first <= r->count && n <= r->count - (boot.page - r->first) && region_ok(r)));
}

PRED bool is_chosen(u32 i, u64 best, u32 found)
{
	return is_region(i) && is_in_region(found, best);
}
ROUNDS(choose_region, is_chosen(i, best, found), (boot.page), u32 i, u64 best, u32 found)

u32 prover_replace_choose_region(const struct boot_map *)
{
	ANY(u32, found);
	ANY(u32, first);
	ANY(u64, end);

	CHECK_SPEC(info_ok());
	CHECK_SPEC(image_is_parsed());
	boot.page = first;
	room_end = end;
	prover_assume(is_before(found, REGIONS_KEPT));
	prover_assume(has_room(needed()));
	return found;
}

void h_contract_choose_region(void)
{
	GIVEN(info_ok());
	GIVEN(image_is_parsed());
	const u32 found = choose_region(&map);

	CHECK_SPEC(is_in_region(found, needed()));
	room_end = boot.info.region[found].first + boot.info.region[found].count;
	CHECK_SPEC(is_before(found, REGIONS_KEPT));
	CHECK_SPEC(has_room(needed()));
	ASSIGNS(1, boot.page);
}

/* --- objects ---------------------------------------------------------------------------------------- */

PRED bool may_make(u32 handle, u64 n)
{
	return handle < SLOT_PAGES * SLOTS_PER_PAGE && n != 0 && n <= PAGE_COUNT && has_room(n);
}

/* So many pages are taken. */
#define TAKES(f, pages)                                                                            \
	u32 prover_replace_##f(u32 handle, u32 what)                                               \
	{                                                                                          \
		const u32 page = boot.page;                                                        \
		CHECK_SPEC(may_make(handle, pages));                                               \
		(void)what_is_called(0);                                                           \
		boot.page = page + pages;                                                          \
		return page;                                                                       \
	}                                                                                          \
	void h_contract_##f(u32 handle, u32 what)                                                  \
	{                                                                                          \
		const u32 page = boot.page;                                                        \
		GIVEN(may_make(handle, pages));                                                    \
		CHECK_SPEC(f(handle, what) == page);                                               \
		CHECK_SPEC(boot.page == page + pages);                                             \
		ASSIGNS(1, boot.page, ALL_STATE);                                                  \
	}
TAKES(make, object_pages(what))
TAKES(make_frames, what)

ROUNDS(make_frames, is_before(i, pages), (ks_word), u32 i, u32 pages)
ROUNDS(make_frames_2, is_before(done, pages), (ALL_STATE), u32 done, u32 pages)
ROUNDS(make_first_slots, is_before(i, REGIONS_KEPT), (ks_slot, boot.info.region), u32 i)

PRED bool may_begin(u32 region)
{
	return region < REGIONS_KEPT && boot.info.regions <= REGIONS_KEPT && has_room(1);
}

PRED bool has_begun(u32 page)
{
	return boot.page == page + 1 && boot.handle == HANDLE_MEMORY + boot.info.regions;
}

void prover_replace_make_first_slots(u32 region)
{
	const u32 page = boot.page;

	CHECK_SPEC(may_begin(region));
	(void)what_is_called(0);
	ASSIGNS(1, boot.page, boot.slots, boot.memory, boot.handle, boot.info.region);
	CHANGE();
	prover_assume(has_begun(page));
}

void h_contract_make_first_slots(u32 region)
{
	const u32 page = boot.page;

	GIVEN(may_begin(region));
	make_first_slots(region);
	CHECK_SPEC(has_begun(page));
	ASSIGNS(1, boot.page, boot.slots, boot.memory, boot.handle, boot.info.region, ks_word[page], *PD(page), ks_slot, ks_born, ks.g_clock);
}

/* --- memory of the first program ---------------------------------------------------------------------- */

/* What is still to be made is there: tables from this address on, and then all that the program needs. */
PRED bool has_tables_to(u64 a, u64 end)
{
	return a % TABLE_REACH == 0 && a < end && end <= IMAGE_END && image_is_parsed() && boot.handle < 2 * SLOTS_PER_PAGE + (a >> 21) &&
	       has_room(((end - a) >> 21) + 1 + boot.elf.pages + STACK_PAGES_ROOT + 1);
}

ROUNDS(make_tables, has_tables_to(a, end), (boot.page, boot.handle, ALL_STATE), u64 a, u64 end)

PRED bool may_map(void)
{
	return page_exists(boot.thread);
}

PRED bool is_mapped_to(u64 done, u64 pages)
{
	return done < pages && may_map();
}
ROUNDS(map_pages, is_mapped_to(done, pages), (ALL_STATE), u64 done, u64 pages)

void prover_replace_map_pages(u32, u64, u64, u64, u64)
{
	CHECK_SPEC(may_map());
	(void)what_is_called(0);
}

void h_contract_map_pages(u32 grant, u64 vaddr, u64 offset, u64 pages, u64 attr)
{
	GIVEN(may_map());
	map_pages(grant, vaddr, offset, pages, attr);
	ASSIGNS(1, ALL_STATE);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

void prover_replace_write_info(u32 page)
{
	CHECK_SPEC(is_ours(page));
	ASSIGNS(1, boot.info.cpus, boot.info.free_handle, ks_word[page]);
	CHANGE();
}

void h_contract_write_info(u32 page)
{
	GIVEN(is_ours(page));
	write_info(page);
	ASSIGNS(1, boot.info.cpus, boot.info.free_handle, ks_word[page]);
}

/* Whatever the boot loader gave, and whatever is in the file. */
void h_boot(void)
{
	REGIONS_OK(map.info);
	kernel_boot(&map);
	CHECK_SPEC(has_room(0));
}
