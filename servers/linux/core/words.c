/* SPDX-License-Identifier: MIT */
/*
 * Names of flags and commands.
 *
 * Called by:  traces; missing.c.
 */
#include "words.h"

void words_put(struct text *x, u32 kind, u64 value)
{
	words_put_part(x, kind, value, UINT64_MAX);
}

void words_put_part(struct text *x, u32 kind, u64 value, u64 bits)
{
	const struct lx_set *set = &lx_sets[kind - LX_FIRST_SET];
	const char *between = "";

	if (value == 0 && (set->words[0].name == NULL || set->words[0].value != 0)) {
		text_add(x, "%s", set->zero);
		return;
	}
	for (const struct lx_word *w = set->words; w->name != NULL; w++) {
		if ((value & w->mask) != w->value || (value == 0 && between[0] != 0) || !(w->mask & bits))
			continue;
		text_add(x, "%s%s", between, w->name);
		between = "|";
		value &= ~w->mask;
		if (w->mask == UINT32_MAX)
			return;
	}
	if (value != 0 || between[0] == 0)
		text_add(x, "%s0x%lx", between, value);
}
