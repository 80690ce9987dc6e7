/* SPDX-License-Identifier: MIT */
/*
 * For units: what is known of run queues, and what is true of them afterwards.
 */
#pragma once
#include "whole.h"

/* All run queues are in order. */
static void check_order(struct any any)
{
	CHECK_KEPT(any_cpu_top_inv(any.cpu));
	CHECK_KEPT(any_ready_queue_inv(any.cpu, any.n));
	CHECK_SPEC(any_thread_links_inv(any.page));
}

static void hint_order(struct any any)
{
	HINTS(any_thread_links_inv(any.page), any_thread_ready_inv(any.page), any_ep_head_inv(TH(any.page)->queue),
	      any_notif_head_inv(TH(any.page)->queue));
}

/* The queue of CPU c and priority p, with both its ends. */
static void hint_queue(u32 c, u32 p)
{
	hint_cpu(c);
	HINT(1, any_ready_queue_inv(c, p));
	hint_thread(CPU(c)->ready_head[p]);
	hint_thread(CPU(c)->ready_tail[p]);
}
