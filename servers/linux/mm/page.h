/* SPDX-License-Identifier: MIT */
/*
 * Pages inside mm/: counts without a call, runs of pages, pools.
 */
#pragma once
#include "mm.h"

enum {
	POOLS = 8,      /* the main one, and file systems' */
	RUN_ORDERS = 11 /* runs of 1 to 1024 pages */
};

struct pool {
	page_t first; /* number of its first page */
	page_t end;
	unsigned char *data;
	u32 *refs;
	frames_h frames;
	void (*released)(page_t);
};
extern struct pool pools[POOLS];
extern unsigned pool_count;

static inline unsigned page_pool(page_t p)
{
	unsigned i = 0;

	while (p >= pools[i].end)
		i++;
	return i;
}

static inline void *page_at(page_t p)
{
	const struct pool *pool = &pools[page_pool(p)];

	return pool->data + (u64)(p - pool->first) * PAGE;
}

/* The number of the page at an address in the main pool. */
static inline page_t page_number(const void *at)
{
	return (page_t)((u64)((const unsigned char *)at - pools[0].data) / PAGE);
}

/* The count of a page's references. */
static inline u32 *page_refs(page_t p)
{
	const struct pool *pool = &pools[page_pool(p)];

	return &pool->refs[p - pool->first];
}

/* alloc.c: before the first kalloc. */
void alloc_start(void);
/* From `env`: the main pool. */
void page_start(void);

/* As kalloc, not cleared. */
void *kalloc_dirty(size_t bytes);

/* For the server itself: also from the reserve. */
page_t page_take(void);

/* 2^order pages that follow each other, with one reference in all; 0: no. */
page_t run_new(unsigned order);
void run_put(page_t first, unsigned order);

/* By words: a processor may do fewer of them in a step than it does bytes, but not more slowly. */
static inline void words_clear(void *to, u64 words)
{
	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0) : "memory");
}

static inline void words_copy(void *to, const void *from, u64 words)
{
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

/* By one word upwards, from the last to the first. */
static inline void words_move_up(void *first, u64 words)
{
	u64 *to = (u64 *)first + words;
	u64 *from = to - 1;

	__asm__ volatile("std; rep movsq; cld" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

static inline void page_clear(void *page)
{
	words_clear(page, PAGE / 8);
}

static inline void page_copy(void *to, const void *from)
{
	words_copy(to, from, PAGE / 8);
}
