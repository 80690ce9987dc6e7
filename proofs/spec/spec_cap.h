/* SPDX-License-Identifier: MIT */
/*
 * What finding, deriving, moving and asking about capabilities does.
 */
#pragma once
#include "inv_cap.h"

/* --- finding ------------------------------------------------------------------------ */

PRED u32 spec_table_slot(u32 table, u64 index)
{
	return table == NIL || index >= 512 * SLOTS_PER_PAGE	? NIL
	       : CT(table)->leaf[index / SLOTS_PER_PAGE] == 0 ? NIL
		       : (u32)(CT(table)->leaf[index / SLOTS_PER_PAGE] * SLOTS_PER_PAGE +
			       index % SLOTS_PER_PAGE);
}

PRED bool is_newest_child(u32 s, u32 parent)
{
	return SLOT(s)->parent == parent && SLOT(parent)->child == s && SLOT(s)->child == NIL && SLOT(s)->prev == NIL;
}

/* The capability that a handle of thread t names. */
PRED u32 spec_lookup(u32 t, u64 handle)
{
	const u32 s = spec_table_slot(TH(t)->table, handle);

	return s == NIL || SLOT(s)->type == 0 ? NIL : s;
}

/* The table that (table, index) speaks of: the thread's own, or one it may use so. */
PRED u32 spec_table(u32 t, u64 where, u32 right)
{
	const u32 s = spec_lookup(t, where >> 32);

	return where >> 32 == 0						     ? TH(t)->table
	       : s == NIL || SLOT(s)->type != OBJ_TABLE			     ? NIL
	       : (SLOT(s)->rights & right) == 0				     ? NIL
									     : SLOT(s)->obj;
}

PRED u32 spec_slot(u32 t, u64 where, u32 right)
{
	return (u32)where == 0 ? NIL : spec_table_slot(spec_table(t, where, right), (u32)where);
}

/* --- deriving ------------------------------------------------------------------------- */

/* Is s or an ancestor being revoked?  One with more ancestors than there can be counts as such. */
PRED bool spec_is_dying(u32 s)
{
	bool dying = false, end = false;

	UNROLL
	for (u32 i = 0; i <= CAP_DEPTH_MAX; i++) {
		dying = dying || (!end && (SLOT(s)->flags & CAP_DYING) != 0);
		end = end || SLOT(s)->parent == NIL;
		s = end ? s : SLOT(s)->parent;
	}
	return dying || !end;
}

PRED u32 spec_may_derive(u32 s)
{
	return SLOT(s)->depth >= CAP_DEPTH_MAX || spec_is_dying(s) ? ERRNO_DEPTH : ERRNO_OK;
}

PRED u32 spec_copy_error(u32 src, u64 rights, u64 badge)
{
	return (rights & ~(u64)SLOT(src)->rights) != 0 ? ERRNO_RIGHTS
	       : badge != 0 && SLOT(src)->type != OBJ_EP && SLOT(src)->type != OBJ_NOTIF ? ERRNO_ARG
	       : badge != 0 && SLOT(src)->badge != 0 ? ERRNO_ARG
	       : SLOT(src)->type == OBJ_GRANT || SLOT(src)->type == OBJ_REPLY ? ERRNO_STATE
	       : spec_may_derive(src);
}

PRED u32 spec_range_error(u32 src, u64 offset, u64 count, u64 rights)
{
	return !type_is_range(SLOT(src)->type)			  ? ERRNO_TYPE
	       : (rights & ~(u64)SLOT(src)->rights) != 0	  ? ERRNO_RIGHTS
	       : offset > SLOT(src)->count || count > SLOT(src)->count - offset ? ERRNO_RANGE
	       : spec_may_derive(src);
}
