/* SPDX-License-Identifier: MIT */
/*
 * What finding the highest priority that waits does, for units that call it:
 * proved by h_contract_top_find of ready.c.
 */
#pragma once
#include "whole.h"

/* The highest priority, plus 1, with a bit in the first n words of the map; 0: there is none. */
PRED u32 spec_top(const struct cpu *c, u32 n)
{
	return n > 3 && c->ready_map[3] != 0   ? 256 - (u32)__builtin_clzll(c->ready_map[3])
	       : n > 2 && c->ready_map[2] != 0 ? 192 - (u32)__builtin_clzll(c->ready_map[2])
	       : n > 1 && c->ready_map[1] != 0 ? 128 - (u32)__builtin_clzll(c->ready_map[1])
	       : n > 0 && c->ready_map[0] != 0 ? 64 - (u32)__builtin_clzll(c->ready_map[0])
					       : 0;
}

PRED bool has_bit(const struct cpu *c, u32 p)
{
	return p < PRIO_COUNT && (c->ready_map[p / 64] >> (p % 64) & 1) != 0;
}

/* Priority p has a bit in the map only if that is in the first n words, and somebody waits. */
PRED bool map_is_within(const struct cpu *c, u32 p, u32 n)
{
	return n <= PRIO_COUNT / 64 && IMP(has_bit(c, p), p / 64 < n && c->ready_head[p] != NIL);
}

/* Nobody waits above the top, and at the top somebody does. */
PRED bool top_is_found(const struct cpu *c, u32 p)
{
	return c->top <= PRIO_COUNT && IMP(has_bit(c, p), p < c->top) &&
	       IMP(c->top != 0, c->ready_head[c->top - 1] != NIL);
}

void prover_replace_top_find(struct cpu *c, u32 words)
{
	ANY(u32, top);
	const u32 p = any_index().n;

	CHECK_SPEC(map_is_within(c, p, words));
	c->top = top;
	prover_assume(top_is_found(c, p));
}
