/* SPDX-License-Identifier: MIT */
/*
 * What is known of time that was lent along calls, for units that take it back: proved by
 * h_contract_is_lent_to of parts.c.
 */
#pragma once
#include "whole.h"

/* Only to whom it was lent along calls that wait: the first is its owner's, the last lent it to t. */
PRED bool is_on_loan(u32 t, u32 sc)
{
	return is_object(sc, OBJ_SCHED) && thread_is(TH(t)->reply_to) && TH(TH(t)->reply_to)->lent == sc && SC(sc)->owner != NIL &&
	       TH(SC(sc)->owner)->state == THREAD_REPLY;
}

u8 on_loan; /* is it, this time? */

/* Does what t lent come back if its wait ends? */
PRED bool comes_back(u32 t) { return TH(t)->state == THREAD_REPLY && TH(t)->lent != NIL && (on_loan & 1) != 0; }

bool prover_replace_is_lent_to(u32 t, u32 sc)
{
	const bool lent = (on_loan & 1) != 0;

	CHECK_SPEC(thread_is(t));
	prover_assume(!lent || sc == NIL || is_on_loan(t, sc));
	return lent;
}
