/* SPDX-License-Identifier: MIT */
/*
 * Memory of the server: objects of a few sizes in pages, and runs of pages.
 *
 * Owns:       slabs.  A slab is a page with a header and objects of one size; an object
 *             is never the first thing in a page, and a run always is: so kfree knows.
 * Called by:  everything.
 * Never:      sleeps.
 */
#include "page.h"

enum {
	CLASSES = 26,
	SMALL_MAX = 2016, /* two of them in a page */
	LARGE_MAX = 1 << 20,
};

struct slab {
	struct list link; /* in its class, while it has room */
	void *free;       /* objects given back; each holds the next one's address */
	u16 used, fresh;  /* objects handed out; byte offset of the first never handed out */
	u16 size, class;
	u64 unused[2];
};
_Static_assert(sizeof(struct slab) % 16 == 0, "objects are aligned");

static const u16 class_size[CLASSES] = { 16,  32,  48,  64,   80,   96,   112,  128,      160,
					 192, 224, 256, 288,  320,  384,  448,  512,      576,
					 672, 768, 800, 1008, 1136, 1344, 1600, SMALL_MAX };
static u8 class_of[SMALL_MAX / 16 + 1];
static struct list partial[CLASSES];

void alloc_start(void)
{
	unsigned class = 0;

	for (unsigned i = 0; i <= SMALL_MAX / 16; i++) {
		if (i * 16 > class_size[class])
			class ++;
		class_of[i] = (u8) class;
	}
	for (unsigned i = 0; i < CLASSES; i++)
		list_init(&partial[i]);
}

static struct slab *slab_new(unsigned class)
{
	const page_t p = page_take();

	if (p == 0)
		return NULL;
	struct slab *s = page_at(p);

	*s = (struct slab){
		.fresh = sizeof(struct slab),
		.size = class_size[class],
		.class = (u16) class,
	};
	list_add(&partial[class], &s->link);
	return s;
}

static bool slab_is_full(const struct slab *s)
{
	return s->free == NULL && s->fresh + s->size > PAGE;
}

static void *small_new(unsigned class)
{
	struct slab *s;
	void *p;

	if (list_empty(&partial[class])) {
		s = slab_new(class);
		if (s == NULL)
			return NULL;
	} else {
		s = container_of(partial[class].next, struct slab, link);
	}
	if (s->free != NULL) {
		p = s->free;
		s->free = *(void **)p;
	} else {
		p = (unsigned char *)s + s->fresh;
		s->fresh = (u16)(s->fresh + s->size);
	}
	s->used++;
	if (slab_is_full(s))
		list_del(&s->link);
	return p;
}

/* An empty slab goes, unless it is the only one of its class with room. */
static void small_free(struct slab *s, void *p)
{
	struct list *head = &partial[s->class];

	if (slab_is_full(s))
		list_add(head, &s->link);
	*(void **)p = s->free;
	s->free = p;
	s->used--;
	if (s->used == 0 && (head->next != &s->link || head->prev != &s->link)) {
		list_del(&s->link);
		page_put(page_number(s));
	}
}

static unsigned order_of(size_t bytes)
{
	unsigned order = 0;

	while (PAGE << order < bytes)
		order++;
	return order;
}

static void *large_new(size_t bytes)
{
	const unsigned order = order_of(bytes);
	const page_t p = order == 0 ? page_take() : run_new(order);

	if (p == 0)
		return NULL;
	*page_refs(p) = 1 + order; /* not a count: nobody shares it */
	return page_at(p);
}

static void large_free(void *at)
{
	const page_t p = page_number(at);
	const unsigned order = *page_refs(p) - 1;

	*page_refs(p) = 1;
	if (order == 0)
		page_put(p);
	else
		run_put(p, order);
}

void *kalloc_dirty(size_t bytes)
{
	if (bytes > LARGE_MAX)
		return NULL;
	return bytes <= SMALL_MAX ? small_new(class_of[(bytes + 15) / 16]) : large_new(bytes);
}

void *kalloc(size_t bytes)
{
	void *p = kalloc_dirty(bytes);

	if (p != NULL)
		words_clear(p, (bytes + 7) / 8);
	return p;
}

void kfree(void *p)
{
	if (p == NULL)
		return;
	if (((uintptr_t)p & (PAGE - 1)) == 0)
		large_free(p);
	else
		small_free((struct slab *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1)), p);
}
