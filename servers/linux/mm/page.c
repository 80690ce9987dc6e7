/* SPDX-License-Identifier: MIT */
/*
 * Pages of the pools, and the counts of their references.
 *
 * Owns:       pools.  Free pages of the main pool lie on a stack, last in first out;
 *             what is not there is in blocks of 2^n pages (a buddy system), from which
 *             the stack is filled, and into which it is emptied when a run is wanted
 *             and none is left.
 * Called by:  everything in mm/; file systems.
 * Never:      sleeps; calls the kernel.
 *
 * A page's word holds the count of its references.  That of a free page holds a mark, and the page
 * itself the links.
 */
#include "../core/event.h"
#include "page.h"

enum {
	REFILL_ORDER = 5,
	RESERVE_PART = 64, /* of all pages; what programs do not get */
	RESERVE_LEAST = 64,
};
#define MARK_STACK 0x80000000u /* on the stack */
#define MARK_BLOCK 0x80000100u /* + order: first page of a free block */

struct block {
	struct list link;
};

struct pool pools[POOLS];
unsigned pool_count;

static page_t stack; /* first of the free pages; each holds the number of the next */
static u64 stack_pages, free_pages, reserve, main_first;
static struct list blocks[RUN_ORDERS];

static u32 *word(page_t p)
{
	return &pools[0].refs[p];
}

static void *main_at(page_t p)
{
	return pools[0].data + (u64)p * PAGE;
}

static void stack_push(page_t p)
{
	*(page_t *)main_at(p) = stack;
	*word(p) = MARK_STACK;
	stack = p;
	stack_pages++;
}

static page_t stack_pop(void)
{
	const page_t p = stack;

	stack = *(page_t *)main_at(p);
	stack_pages--;
	return p;
}

static void block_put(page_t p, unsigned order)
{
	*word(p) = MARK_BLOCK + order;
	list_add(&blocks[order], &((struct block *)main_at(p))->link);
}

static void block_remove(page_t p)
{
	list_del(&((struct block *)main_at(p))->link);
	*word(p) = MARK_STACK;
}

/* Give 2^order pages back to the blocks, joined with their neighbours. */
static void block_join(page_t p, unsigned order)
{
	for (; order + 1 < RUN_ORDERS; order++) {
		const page_t other = p ^ (1u << order);

		if (other + (1u << order) > pools[0].end || *word(other) != MARK_BLOCK + order)
			break;
		block_remove(other);
		p &= ~(1u << order);
	}
	block_put(p, order);
}

/* The first of 2^order pages; 0: there is no such block. */
static page_t block_take(unsigned order)
{
	unsigned have = order;

	while (have < RUN_ORDERS && list_empty(&blocks[have]))
		have++;
	if (have == RUN_ORDERS)
		return 0;
	const page_t p = page_number(blocks[have].next);

	block_remove(p);
	while (have > order) {
		have--;
		block_put(p + (1u << have), have);
	}
	return p;
}

/* From the last to the first, so that they are handed out in order. */
static bool stack_fill(void)
{
	for (unsigned order = REFILL_ORDER + 1; order-- > 0;) {
		const page_t p = block_take(order);

		if (p == 0)
			continue;
		for (u32 i = 1u << order; i-- > 0;)
			stack_push(p + i);
		return true;
	}
	return false;
}

static void stack_empty(void)
{
	while (stack_pages > 0)
		block_join(stack_pop(), 0);
}

page_t page_take(void)
{
	if (stack_pages == 0 && !stack_fill())
		return 0;
	const page_t p = stack_pop();

	*word(p) = 1;
	free_pages--;
	return p;
}

page_t page_new(bool clear)
{
	if (free_pages <= reserve)
		return 0;
	const page_t p = page_take();

	if (p != 0 && clear)
		page_clear(main_at(p));
	return p;
}

void page_get(page_t p)
{
	++*page_refs(p);
}

void page_put(page_t p)
{
	const unsigned i = page_pool(p);

	if (--pools[i].refs[p - pools[i].first] != 0)
		return;
	if (i == 0) {
		stack_push(p);
		free_pages++;
	} else if (pools[i].released != NULL) {
		pools[i].released(p);
	}
}

void *page_data(page_t p)
{
	return page_at(p);
}

u64 pages_free(void)
{
	return free_pages;
}

u64 pages_total(void)
{
	return pools[0].end - main_first;
}

page_t run_new(unsigned order)
{
	page_t p = order < RUN_ORDERS ? block_take(order) : 0;

	if (p == 0 && order < RUN_ORDERS && stack_pages >= 1u << order) {
		stack_empty();
		p = block_take(order);
	}
	if (p == 0)
		return 0;
	*word(p) = 1;
	free_pages -= 1u << order;
	return p;
}

void run_put(page_t first, unsigned order)
{
	for (u32 i = 0; i < 1u << order; i++)
		*word(first + i) = MARK_STACK;
	block_join(first, order);
	free_pages += 1u << order;
}

page_t pool_add(frames_h frames, u64 vaddr, u64 pages, void (*released)(page_t))
{
	if (pool_count == POOLS || pages == 0 || pages >= UINT32_MAX - pools[pool_count - 1].end)
		return 0;
	u32 *refs = kalloc(pages * sizeof *refs);
	const page_t first = pools[pool_count - 1].end;

	if (refs == NULL)
		return 0;
	pools[pool_count] = (struct pool){
		.first = first,
		.end = first + (page_t)pages,
		.data = (unsigned char *)vaddr,
		.refs = refs,
		.frames = frames,
		.released = released,
	};
	pool_count++;
	return first;
}

/* The counts lie in the pool's first pages; so no page has number 0. */
void page_start(void)
{
	const page_t end = (page_t)env.pool_pages;
	const page_t used = (page_t)((end * sizeof(u32) + PAGE - 1) / PAGE);

	pools[0] = (struct pool){
		.end = end,
		.data = (unsigned char *)env.pool_vaddr,
		.refs = (u32 *)env.pool_vaddr,
		.frames = env.pool,
	};
	pool_count = 1;
	main_first = used;
	for (unsigned i = 0; i < RUN_ORDERS; i++)
		list_init(&blocks[i]);
	for (page_t p = 0; p < used; p++)
		*word(p) = 1;
	for (page_t p = used; p < end; p++)
		*word(p) = MARK_STACK;
	for (page_t p = used; p < end;) {
		unsigned order = 0;

		while (order + 1 < RUN_ORDERS && (p & (1u << order)) == 0 &&
		       p + (2u << order) <= end)
			order++;
		block_put(p, order);
		p += 1u << order;
	}
	free_pages = end - used;
	reserve = free_pages / RESERVE_PART;
	if (reserve < RESERVE_LEAST)
		reserve = RESERVE_LEAST;
}
