/* SPDX-License-Identifier: MIT */
#pragma once
#include <tessera/sys.h>

/*
 * Tell the supervisor that the server is ready, and serve.
 * @param features  FEATURE_* of the machine
 * @param page      the thread's message page
 */
_Noreturn void server_run(ep_h ep, u32 features, volatile u64 *page);

/* One call of the client: words and tag of *m are those of the call, then of the answer. */
void server_call(struct msg *m);
void server_init(u32 features, volatile u64 *page);
