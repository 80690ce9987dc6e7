/* SPDX-License-Identifier: MIT */
/*
 * For units: what clearing a page does, whatever the page is: nothing can be
 * seen there afterwards.
 */
#pragma once
#include "whole.h"

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
void arch_object_clear(u32 page, u32 from, u32 to)
{
	(void)from;
	(void)to;
	arch_page_clear(page);
}
