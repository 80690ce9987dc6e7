/* SPDX-License-Identifier: MIT */
/*
 * Places of kernel objects.
 *
 * Owns:       the free ones.
 * Called by:  space.c.
 * Never:      sleeps.
 */
#include "kobj.h"

enum { SIZES = 3 }; /* no page, one, two */

static struct kobj *spare[SIZES];

/* A new place, in pages that were not used yet. */
static struct kobj *place_new(u32 pages)
{
	struct kobj *o = kalloc(sizeof *o);

	if (o == NULL)
		return NULL;
	o->slot = sys_slot();
	o->pages = pages;
	if (o->slot != 0 &&
	    (pages == 0 || sys_pages(pages, 1, &o->memory, &o->offset) != SYS_NO_PAGES))
		return o;
	sys_slot_free(o->slot);
	kfree(o);
	return NULL;
}

static struct kobj *place_take(u32 pages)
{
	struct kobj *o = spare[pages];

	if (o == NULL)
		return place_new(pages);
	spare[pages] = o->next;
	return o;
}

static void place_give(struct kobj *o)
{
	o->next = spare[o->pages];
	spare[o->pages] = o;
}

struct kobj *kobj_slot(void)
{
	return place_take(0);
}

/* A place may turn out to be in use, if memory was not all free: then it stays away. */
struct kobj *kobj_new(u32 type, u64 param)
{
	const u32 pages = OBJ_PAGES(type);

	for (;;) {
		struct kobj *o = place_take(pages);

		if (o == NULL)
			return NULL;
		const err_t e = object_create(o->memory, SLOT_OWN(o->slot), type, o->offset, param);

		if (err_is_ok(e))
			return o;
		if (!err_is(e, ERR_BUSY)) {
			place_give(o);
			return NULL;
		}
		sys_slot_free(o->slot);
		kfree(o);
	}
}

void kobj_free(struct kobj *o)
{
	u64 more = 1, ticket = 0;
	err_t e = OK;

	while (err_is_ok(e) && more != 0)
		e = cap_delete(SLOT_OWN(o->slot), &more, &ticket);
	for (more = 1; err_is_ok(e) && more != 0;)
		e = cap_drain(ticket, &more);
	if (err_is_ok(e))
		place_give(o);
	else
		log_line("slot %u cannot be emptied: error %u", o->slot, e.v);
}
