/* SPDX-License-Identifier: MIT */
/*
 * No page is lost, none has two owners: docs/design/leak-freedom.md.
 *
 * Each page is free or reserved, or it waits on the work list, or exactly one
 * owner capability names it.  The first predicate says "at least one", page by
 * page; the second "at most one": whoever owns a page is who the page says.
 */
#pragma once
#include "inv_page.h"

PRED bool is_owner(u32 s)
{
	return slot_is_full(s) && (SLOT(s)->flags & CAP_OWNER) != 0;
}

/* How many pages an owner capability owns, from its object's first on. */
PRED u32 owned_pages(u32 s)
{
	return SLOT(s)->type == OBJ_FRAMES					   ? SLOT(s)->count
	       : SLOT(s)->type == OBJ_SPACE || SLOT(s)->type == OBJ_IOSPACE ? 2
									   : 1;
}

PRED bool owns(u32 s, u32 p)
{
	return is_owner(s) && SLOT(s)->type == PD(p)->type && SLOT(s)->obj == PD(p)->head &&
	       p - SLOT(s)->obj < owned_pages(s);
}

PRED bool page_owned_inv(u32 p)
{
	return page_is_idle(p) || page_is_queued(p) ||
	       (page_exists(PD(p)->head) && owns(PD(PD(p)->head)->owner, p));
}

/* Page i of what capability s owns. */
PRED bool owned_page_inv(u32 s, u32 i)
{
	return !is_owner(s) || i >= owned_pages(s) ||
	       (page_exists(SLOT(s)->obj + i) && PD(SLOT(s)->obj + i)->type == SLOT(s)->type &&
		PD(SLOT(s)->obj + i)->head == SLOT(s)->obj && PD(SLOT(s)->obj)->owner == s);
}
