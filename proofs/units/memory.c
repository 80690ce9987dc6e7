/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 4
 * [h_contract_page_set]
 * function = "page_set"
 * columns = ["ub", "spec"]
 * [h_contract_pages_take]
 * function = "pages_take"
 * columns = ["ub", "spec"]
 * [h_object_free]
 * function = "object_free"
 * columns = ["ub", "spec"]
 */
#include "prover.h"
#include "whole.h"

#include <memory.c>

/* All that can be seen in a page, whatever its type is. */
void arch_page_clear(u32 page)
{
	CLEAR(ks_slot, SLOT_OF(page, 0), SLOTS_PER_PAGE);
	CLEAR(ks_table, page, 1);
	CLEAR(ks_space, page, 1);
	CLEAR(ks_pte, page, 1);
	CLEAR(ks_thread, page, 1);
	CLEAR(ks_tnode, page, 1);
	CLEAR(ks_sched, page, 1);
	CLEAR(ks_ep, page, 1);
	CLEAR(ks_notif, page, 1);
	CLEAR(ks_irq, page, 1);
	CLEAR(ks_device, page, 1);
	CLEAR(ks_word, page, 1);
}

/* What an object uses of its page. */
void arch_object_clear(u32 page, u32 bytes)
{
	(void)bytes;
	arch_page_clear(page);
}

/* --- contracts ---------------------------------------------------------------------- */

/* What a page of a run is when it was just taken. */
PRED bool is_taken(u32 p, u32 type, u32 head)
{
	return PD(p)->type == type && PD(p)->flags == 0 && PD(p)->index == 0 && PD(p)->head == head &&
	       PD(p)->owner == NIL && PD(p)->parent == NIL && PD(p)->link == NIL;
}

void prover_replace_page_set(u32 page, u32 type, u32 head)
{
	const struct page p = { (u8)type, 0, 0, head, NIL, NIL, NIL };

	CHECK_SPEC((page < PAGE_COUNT) & (type <= 255));
	FILL(ks_page, page, 1, p);
}

/* Nothing but descriptors of pages changed. */
static void check_only_pages(struct any any)
{
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	check_threads(any);
	check_cpus(any);
	check_rest(any);
}

void h_contract_page_set(void)
{
	ANY(u32, page);
	ANY(u32, type);
	ANY(u32, head);
	const struct any any = any_index();

	ASSUME_INPUT((page < PAGE_COUNT) & (type <= 255));
	remember();
	page_set(page, type, head);
	CHECK_SPEC(is_taken(page, type, head));
	CHECK_IF(any.page != page, "spec", same_page(any.page));
	check_only_pages(any);
}

void h_contract_pages_take(void)
{
	ANY(u32, type);
	ANY(u32, head);
	ANY(u32, from);
	ANY(u32, pages);
	const struct any any = any_index();

	ASSUME_INPUT((pages <= STEP_ENTRIES) & (type <= 255));
	ASSUME_INPUT((from <= PAGE_COUNT) & (pages <= PAGE_COUNT - from));
	remember();
	pages_take(type, head, from, pages);
	CHECK_IF(any.page - from < pages, "spec", is_taken(any.page, type, head));
	CHECK_IF(any.page - from >= pages, "spec", same_page(any.page));
	check_only_pages(any);
}

/* --- giving back ------------------------------------------------------------------------ */

/* One page or two become free, and nothing else. */
void h_object_free(void)
{
	ANY(u32, head);
	ANY(u32, pages);
	const struct any any = any_index();

	ASSUME_INPUT((pages >= 1) & (pages <= 2) & (head < PAGE_COUNT - 1));
	remember();
	object_free(head, pages);
	CHECK_IF(any.page - head < pages, "spec", is_taken(any.page, PAGE_FREE, NIL));
	CHECK_IF(any.page - head >= pages, "spec", same_page(any.page));
	CHECK_IF(SLOT_PAGE(any.slot) - head >= 2, "spec", same_cap(any.slot));
	CHECK_IF(any.page - head >= 2, "spec", same_thread(any.page) & same_tnode(any.page));
	CHECK_IF(any.page - head >= 2, "spec", same_leaf(any.page, any.n) & same_space(any.page));
	CHECK_IF(any.page - head >= 2, "spec", same_sched(any.page) & same_ep(any.page) & same_notif(any.page));
	CHECK_IF(any.page - head >= 2, "spec", same_irq(any.page) & same_device(any.page));
	check_cpus(any);
	CHECK_SPEC(same_ks(any.n));
}
