/* SPDX-License-Identifier: MIT */
/*
 * What the interface table says of the arguments of a handler, handed_CALL: units of handlers
 * require it (HANDED), units/dispatch.c proves it where a handler is called.
 */
#pragma once
#include "contract_cap.h"

#define PRE_LOOKUP(t, handle) spec_lookup(t, handle)
#define PRE_SLOT(t, where, right) spec_slot(t, where, right)
#define PRE_IS_THERE(s) slot_is_in_page(s)
#define PRE_IS_EMPTY(s) slot_is_empty(s)
#include <spec_pre.h>

#define HANDED(call, ...) REQUIRES(sys_##call, handed_##call(__VA_ARGS__))
#define CALLER(t) ASSUME_STATE(caller, thread_is(t), "calls are made by threads")
