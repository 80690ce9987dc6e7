/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * loop_limit = 260
 * [h_level_pages]
 * function = "level_pages"
 * columns = ["ub", "invariant", "spec"]
 * [h_level_index]
 * function = "level_index"
 * columns = ["ub", "invariant", "spec"]
 * [h_level_end]
 * function = "level_end"
 * columns = ["ub", "invariant", "spec"]
 * [h_space_pages]
 * function = "space_pages"
 * columns = ["ub", "invariant", "spec"]
 * [h_range_has]
 * function = "range_has"
 * columns = ["ub", "invariant", "spec"]
 * [h_window]
 * function = "grant_has_window"
 * columns = ["ub", "invariant", "spec"]
 * [h_pages]
 * function = "grant_has_pages"
 * columns = ["ub", "invariant", "spec"]
 * [h_leaf]
 * function = "grant_has_leaf"
 * columns = ["ub", "invariant", "spec"]
 * [h_live]
 * function = "grant_is_live"
 * columns = ["ub", "invariant", "spec"]
 * [h_has_space]
 * function = "grant_has_space"
 * columns = ["ub", "invariant", "spec"]
 * [h_is_device]
 * function = "grant_is_device"
 * columns = ["ub", "invariant", "spec"]
 * [h_may_combine]
 * function = "grant_may_combine"
 * columns = ["ub", "invariant", "spec"]
 * [h_attr_level]
 * function = "attr_level"
 * columns = ["ub", "invariant", "spec"]
 * [h_place_run]
 * function = "place_run"
 * columns = ["ub", "invariant", "spec"]
 * [h_place_skip]
 * function = "place_skip"
 * columns = ["ub", "invariant", "spec"]
 * [h_place_check]
 * function = "place_check"
 * columns = ["ub", "invariant", "spec"]
 * [h_source_rights]
 * function = "source_rights"
 * columns = ["ub", "invariant", "spec"]
 * [h_root_entries]
 * function = "root_entries"
 * columns = ["ub", "invariant", "spec"]
 * [h_object_rights]
 * function = "object_rights"
 * columns = ["ub", "invariant", "spec"]
 * [h_object_pages]
 * function = "object_pages"
 * columns = ["ub", "invariant", "spec"]
 * [h_object_start]
 * function = "object_start"
 * columns = ["ub", "invariant", "spec"]
 * [h_object_end]
 * function = "object_end"
 * columns = ["ub", "invariant", "spec"]
 * [h_creatable]
 * function = "is_creatable"
 * columns = ["ub", "invariant", "spec"]
 * [h_param]
 * function = "param_ok"
 * columns = ["ub", "invariant", "spec"]
 * [h_halted]
 * function = "is_halted"
 * columns = ["ub", "invariant", "spec"]
 * [h_is_level]
 * function = "is_level"
 * columns = ["ub", "invariant", "spec"]
 * [h_line_is_used]
 * function = "line_is_used"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_vector_find]
 * function = "vector_find"
 * columns = ["ub", "invariant", "spec"]
 * [h_functions_ok]
 * function = "functions_ok"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_number_find]
 * function = "number_find"
 * columns = ["ub", "invariant", "spec"]
 * [h_call_is_global]
 * function = "call_is_global"
 * columns = ["ub", "invariant", "spec"]
 */
/*
 * Functions that look and answer, and write nothing.
 */
#include "prover.h"
#define HOT static __attribute__((noinline))
#include "whole.h"
#include "spec_memory.h"

#include <mapping.c>
#include <grant.c>
#include <space.c>
#include <memory.c>
#include <regs.c>
#include <irq.c>
#include <device.c>

/* --- sizes and places ---------------------------------------------------------------------- */

void h_level_pages(void)
{
	ANY(u32, level);

	ASSUME_INPUT((level >= 1) & (level <= 4));
	CHECK_SPEC(level_pages(level) == pages_of_level(level));
}

void h_level_index(void)
{
	ANY(u64, v);
	ANY(u32, level);

	ASSUME_INPUT((level >= 1) & (level <= 4));
	CHECK_SPEC(level_index(v, level) == index_at(v, level));
}

/* The next page after v that an entry of the level begins with. */
void h_level_end(void)
{
	ANY(u64, v);
	ANY(u32, level);

	ASSUME_INPUT((level >= 1) & (level <= 3) & (v < 1ull << 52));
	const u64 end = level_end(v, level);

	CHECK_SPEC((end > v) & (end - v <= pages_of_level(level)));
	CHECK_SPEC(spec_is_aligned(end, level));
}

void h_space_pages(void)
{
	ANY(u32, kind);

	ASSUME_INPUT(kind <= SPACE_IO);
	CHECK_SPEC(space_pages(kind) == spec_pages(kind));
}

/* Each of the n is below count; if not, the first or the last is not. */
void h_range_has(void)
{
	ANY(u64, count);
	ANY(u64, offset);
	ANY(u64, n);
	ANY(u64, k);

	ASSUME_INPUT((n >= 1) & (n <= UINT64_MAX / 2) & (offset <= UINT64_MAX / 2));
	const bool all = range_has(count, offset, n);

	CHECK_IF(all & (k >= offset) & (k - offset < n), "spec", k < count);
	CHECK_IF(!all, "spec", (offset >= count) | (offset + n - 1 >= count));
}

void h_window(void)
{
	ANY(u32, g);
	ANY(u64, v);
	ANY(u64, n);
	ANY(u64, k);

	ASSUME_INPUT((g != NIL) & (v < 1ull << 52) & (n >= 1) & (n <= 1ull << 36));
	ASSUME_INPUT((k >= v) & (k - v < n));
	ASSUME_STATE(requires, SLOT(g)->window <= 1ull << 36 && SLOT(g)->length <= 1ull << 36, "windows lie in user addresses");
	const bool all = grant_has_window(g, v, n);

	CHECK_IF(all, "spec", (k >= SLOT(g)->window) & (k < SLOT(g)->window + SLOT(g)->length));
	CHECK_IF(!all, "spec", (v < SLOT(g)->window) | (v + n > SLOT(g)->window + SLOT(g)->length));
}

void h_pages(void)
{
	ANY(u32, g);
	ANY(u64, page);
	ANY(u64, n);
	ANY(u64, k);

	ASSUME_INPUT((g != NIL) & (page <= UINT32_MAX) & (n >= 1) & (n <= 1ull << 30));
	ASSUME_INPUT((k >= page) & (k - page < n));
	const bool all = grant_has_pages(g, page, n);

	CHECK_IF(all, "spec", (k >= SLOT(g)->first) & (k - SLOT(g)->first < SLOT(g)->count));
	CHECK_IF(!all, "spec", (page < SLOT(g)->first) | (page + n > (u64)SLOT(g)->first + SLOT(g)->count));
}

void h_leaf(void)
{
	ANY(u32, g);
	ANY(u32, kind);
	ANY(u64, e);
	ANY(u32, level);

	ASSUME_INPUT((g != NIL) & (level >= 1) & (level <= 4));
	CHECK_SPEC(grant_has_leaf(g, kind, e, level) == spec_leaf_is_of(g, kind, e, level));
}

void h_live(void)
{
	ANY(u32, g);

	ASSUME_INPUT(g != NIL);
	ASSUME_STATE(requires, page_exists(SLOT(g)->obj), "a grant names a page that was a space");
	CHECK_SPEC(grant_is_live(g) == spec_live(g));
}

void h_has_space(void)
{
	ANY(u32, g);

	ASSUME_INPUT(g != NIL);
	ASSUME_STATE(requires, page_exists(SLOT(g)->obj), "a grant names a page that was a space");
	CHECK_SPEC(grant_has_space(g) == (is_space(SLOT(g)->obj) && SP(SLOT(g)->obj)->uid == SLOT(g)->badge));
}

void h_is_device(void)
{
	ANY(u32, g);

	ASSUME_STATE(requires, g != NIL && SLOT(g)->parent != NIL, "a grant was derived");
	CHECK_SPEC(grant_is_device(g) == (SLOT(SLOT(g)->parent)->type == OBJ_DEVMEM));
}

void h_may_combine(void)
{
	ANY(u32, g);

	ASSUME_STATE(requires, g != NIL && SLOT(g)->parent != NIL, "a grant was derived");
	CHECK_SPEC(grant_may_combine(g) == spec_may_combine(g));
}

void h_attr_level(void)
{
	ANY(u64, attr);

	CHECK_SPEC(attr_level(attr) == spec_level(attr));
}

/* As many entries as are wanted and in the table. */
void h_place_run(void)
{
	ANY(u32, page);
	ANY(u32, index);
	ANY(u32, level);
	ANY(u32, count);

	ASSUME_INPUT(index < PT_ENTRIES);
	const u32 run = place_run((struct place){ page, index, level }, count);

	CHECK_SPEC((run <= count) & (index + run <= PT_ENTRIES));
	CHECK_SPEC((run == count) | (index + run == PT_ENTRIES));
}

/* Entries of a lower level that begin before the end of what an entry covers. */
void h_place_skip(void)
{
	ANY(u32, page);
	ANY(u32, index);
	ANY(u32, above);
	ANY(u64, v);
	ANY(u32, level);
	ANY(u32, count);

	ASSUME_INPUT((level >= 1) & (level < above) & (above <= 4) & (v < 1ull << 36) & (count >= 1) & (count <= 64));
	ASSUME_INPUT(spec_is_aligned(v, level));
	const u32 n = place_skip((struct place){ page, index, above }, v, level, count);
	const u64 last = v + (n - 1) * pages_of_level(level), next = last + pages_of_level(level);

	CHECK_SPEC((n >= 1) & (n <= count));
	CHECK_SPEC(last / 512 / 512 / 512 == v / 512 / 512 / 512);
	CHECK_IF(above <= 3, "spec", last / 512 / 512 == v / 512 / 512);
	CHECK_IF(above <= 2, "spec", last / 512 == v / 512);
	CHECK_IF(n < count, "spec", spec_is_aligned(next, above == 4 ? 3 : above));
}

void h_place_check(void)
{
	ANY(u32, kind);
	ANY(u32, page);
	ANY(u32, index);
	ANY(u32, at);
	ANY(u32, want);

	ASSUME_INPUT((page < PAGE_COUNT) & (index < PT_ENTRIES) & (want >= 1) & (at >= want) & (at <= 4));
	CHECK_SPEC(place_check(kind, (struct place){ page, index, at }, want).v == spec_place_error(kind, want, page, index, at));
}

void h_source_rights(void)
{
	ANY(u32, s);

	ASSUME_INPUT(s != NIL);
	CHECK_SPEC(source_rights(s) == (spec_source_rights(s) | RIGHT_GRANT_MAP));
}

void h_root_entries(void)
{
	ANY(u32, sp);

	ASSUME_STATE(requires, is_space(sp), "of a space");
	HINT(1, any_space_inv(sp));
	CHECK_SPEC(root_entries(SP(sp)->kind) == user_entries(sp + 1));
}

/* --- types of objects ----------------------------------------------------------------------- */

void h_object_rights(void)
{
	ANY(u32, type);

	CHECK_SPEC(object_rights(type) == (type_has_pages(type) ? all_rights(type) : 0));
}

void h_object_pages(void)
{
	ANY(u32, type);

	CHECK_SPEC(object_pages(type) == (type == OBJ_SPACE || type == OBJ_IOSPACE ? 2 : 1));
}

/* All that it uses lies between: slots of its own, a place in the time queue, its struct. */
void h_object_start(void)
{
	ANY(u32, type);
	const u32 at = object_start(type);

	CHECK_SPEC(at <= 576);
	CHECK_IF(has_inner_slots(type) | (type == OBJ_SLOTS) | (type == OBJ_PTABLE), "spec", at == 0);
	CHECK_IF((type == OBJ_TABLE) | (type == OBJ_SCHED), "spec", at <= 512);
}

void h_object_end(void)
{
	ANY(u32, type);
	const u32 n = object_end(type);

	CHECK_SPEC(n <= 4096);
	CHECK_IF((type == OBJ_SLOTS) | (type == OBJ_PTABLE), "spec", n == 4096);
	CHECK_IF(type == OBJ_THREAD, "spec", n >= 576 + sizeof(struct thread));
	CHECK_IF(type == OBJ_TABLE, "spec", n >= 512 + sizeof(struct table));
	CHECK_IF((type == OBJ_SPACE) | (type == OBJ_IOSPACE), "spec", n >= 576 + sizeof(struct space));
	CHECK_IF(type == OBJ_SCHED, "spec", n >= 576 + sizeof(struct sched));
	CHECK_IF(type == OBJ_EP, "spec", n >= 576 + sizeof(struct ep));
	CHECK_IF(type == OBJ_NOTIF, "spec", n >= 576 + sizeof(struct notif));
	CHECK_IF(type == OBJ_IRQ, "spec", n >= 576 + sizeof(struct irq));
	CHECK_IF(type == OBJ_DEVICE, "spec", n >= 576 + sizeof(struct device));
}

void h_creatable(void)
{
	ANY(u32, type);

	CHECK_SPEC(is_creatable(type) == spec_creatable(type));
}

void h_param(void)
{
	ANY(u32, t);
	ANY(u32, type);
	ANY(u64, param);

	ASSUME_INPUT(t < PAGE_COUNT);
	CHECK_SPEC(param_ok(t, type, param) == spec_param(t, type, param));
}

/* --- threads, interrupts, devices -------------------------------------------------------------- */

void h_halted(void)
{
	ANY(u32, t);

	ASSUME_INPUT(t < PAGE_COUNT);
	CHECK_SPEC(is_halted(t) == (TH(t)->state == THREAD_STOPPED || (TH(t)->fault != 0 && TH(t)->state != THREAD_READY)));
}

void h_is_level(void)
{
	ANY(u32, q);

	ASSUME_INPUT(q < PAGE_COUNT);
	CHECK_SPEC(is_level(IRQ(q)) == (IRQ(q)->kind == IRQ_LINE && IRQ(q)->mode % (2 * IRQ_LEVEL) >= IRQ_LEVEL));
}

void h_line_is_used(void)
{
	ANY(u32, line);

	ASSUME_INPUT(line < IRQ_LINES);
	CHECK_SPEC(line_is_used(line) == ((ks.line_used[line / 64] & 1ull << line % 64) != 0));
}

/* The first that is free, but the one with a meaning of its own; or none is. */
void h_contract_vector_find(void)
{
	ANY(u32, cpu);
	ANY(u32, v);

	ASSUME_INPUT((cpu < CPU_MAX) & (v > IRQ_VECTOR_DRAIN) & (v < IRQ_VECTORS));
	const u32 found = vector_find(cpu);

	CHECK_IF(found != NIL, "spec", (found > IRQ_VECTOR_DRAIN) & (found < IRQ_VECTORS));
	CHECK_IF(found < IRQ_VECTORS, "spec", CPU(cpu)->irq[found % IRQ_VECTORS] == NIL);
	CHECK_IF(v < found, "spec", CPU(cpu)->irq[v] != NIL);
}

/* All on one bus. */
void h_functions_ok(void)
{
	ANY(u32, first);
	ANY(u32, count);
	const bool ok = functions_ok(first, count);

	CHECK_IF(ok, "spec", (count >= 1) & (count <= DEVICE_FUNCTIONS) & (first <= UINT16_MAX));
	CHECK_IF(ok, "spec", first % 256 + count <= 256);
	CHECK_IF(!ok, "spec", (count == 0) | (count > DEVICE_FUNCTIONS) | (first > UINT16_MAX) | (first % 256 + count > 256));
}

void h_contract_number_find(void)
{
	ANY(u32, i);
	const u32 n = number_find();

	CHECK_SPEC(n <= DEVICES_MAX);
	CHECK_IF(n < DEVICES_MAX, "spec", ks.device[n % DEVICES_MAX] == 0);
	CHECK_IF(i < n, "spec", ks.device[i % DEVICES_MAX] != 0);
}

PRED bool is_global(u64 nr)
{
	return (GLOBAL_CALLS & 1ull << nr % 64) != 0;
}

/* Of calls that there are. */
void h_call_is_global(void)
{
	ANY(u64, nr);

	CHECK_IF(nr <= SYS_MAX, "spec", call_is_global(nr) == is_global(nr));
}
