/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: looking them up, and the tree of derivation.
 *
 * Owns:       struct cap.                  Invariant: cap_inv().
 * Locks:      all locks, but for looking up.
 * Called by:  the generated dispatcher; every file that makes capabilities.
 * Never:      destroys objects (destroy.c); deletes subtrees (delete.c).
 */
#include "ks.h"

static inline u32 table_slot(u32 table, u64 index)
{
	if (RARE(table == NIL) || RARE(index >= 512 * SLOTS_PER_PAGE))
		return NIL;
	u32 leaf = CT(table)->leaf[index >> SLOT_SHIFT];

	if (RARE(leaf == 0))
		return NIL;
	KNOWN(leaf < OBJECT_PAGES);
	return SLOT_OF(leaf, index % SLOTS_PER_PAGE);
}

inline u32 cap_slot(u32 t, u64 handle)
{
	return table_slot(TH(t)->table, handle);
}

u32 cap_lookup(u32 t, u64 handle)
{
	u32 s = cap_slot(t, handle);

	if (RARE(s == NIL) || RARE(SLOT(s)->type == 0))
		return NIL;
	return s;
}

/* Handle 0 stands for "none" in optional arguments, so nothing may lie there. */
u32 slot_find(u32 t, u64 where, u32 table_right)
{
	u64 index = where & 0xffffffff;
	u64 handle = where >> 32;

	if (index == 0)
		return NIL;
	if (handle == 0)
		return table_slot(TH(t)->table, index);
	u32 s = cap_lookup(t, handle);
	if (s == NIL || SLOT(s)->type != OBJ_TABLE || !(SLOT(s)->rights & table_right))
		return NIL;
	return table_slot(SLOT(s)->obj, index);
}

bool cap_is_dying(u32 s)
{
	for (u32 i = 0; i <= CAP_DEPTH_MAX && s != NIL; i++) {
		if (SLOT(s)->flags & CAP_DYING)
			return true;
		s = SLOT(s)->parent;
	}
	return s != NIL;
}

err_t cap_may_derive(u32 s)
{
	if (SLOT(s)->depth >= CAP_DEPTH_MAX || cap_is_dying(s))
		return ERR_DEPTH;
	return OK;
}

void cap_insert(u32 dst, u32 parent, u32 type, u32 rights, u32 obj)
{
	struct cap *c = SLOT(dst);

	c->type = (u8)type;
	c->flags = 0;
	c->depth = 0;
	c->rights = rights;
	c->obj = obj;
	c->parent = parent;
	c->child = NIL;
	c->next = NIL;
	c->prev = NIL;
	c->cursor = 0;
	c->first = 0;
	c->count = 0;
	c->badge = 0;
	c->window = 0;
	c->length = 0;
	if (parent == NIL)
		return;
	struct cap *from = SLOT(parent);
	u32 older = from->child;

	GHOST(BORN(dst) = ks.g_clock++;)
	c->depth = (u16)(from->depth + 1);
	c->next = older;
	if (older != NIL)
		SLOT(older)->prev = dst;
	from->child = dst;
}

void cap_insert_copy(u32 dst, u32 src, u32 rights)
{
	const struct cap *from = SLOT(src);
	struct cap *c = SLOT(dst);

	KNOWN(src != NIL);
	cap_insert(dst, src, from->type, rights, from->obj);
	c->first = from->first;
	c->count = from->count;
	c->badge = from->badge;
}

void cap_remove(u32 s)
{
	struct cap *c = SLOT(s);

	if (c->prev != NIL)
		SLOT(c->prev)->next = c->next;
	else if (c->parent != NIL)
		SLOT(c->parent)->child = c->next;
	if (c->next != NIL)
		SLOT(c->next)->prev = c->prev;
	*c = (struct cap){ 0 };
}

void cap_relocate(u32 src, u32 dst)
{
	struct cap *c = SLOT(src);

	if (c->prev != NIL)
		SLOT(c->prev)->next = dst;
	else if (c->parent != NIL)
		SLOT(c->parent)->child = dst;
	if (c->next != NIL)
		SLOT(c->next)->prev = dst;
	if (c->flags & CAP_OWNER)
		PD(c->obj)->owner = dst;
	GHOST(BORN(dst) = BORN(src);)
	*SLOT(dst) = *c;
	*c = (struct cap){ 0 };
}

u32 cap_leaf(u32 s)
{
	for (u32 i = 0; i < CAP_DEPTH_MAX && SLOT(s)->child != NIL; i++)
		s = SLOT(s)->child;
	return s;
}

err_t cap_check_copy(u32 src, u64 rights, u64 badge)
{
	const struct cap *c = SLOT(src);

	if (rights & ~(u64)c->rights)
		return ERR_RIGHTS;
	if (badge != 0 && ((c->type != OBJ_EP && c->type != OBJ_NOTIF) || c->badge != 0))
		return ERR_ARG;
	if (c->type == OBJ_GRANT || c->type == OBJ_REPLY)
		return ERR_STATE;
	return cap_may_derive(src);
}

err_t sys_cap_derive(u32 t, u32 src, u32 dst, u64 rights, u64 badge)
{
	err_t e = cap_check_copy(src, rights, badge);

	(void)t;
	if (!err_is_ok(e))
		return e;
	/* commit */
	cap_insert_copy(dst, src, (u32)rights);
	if (badge != 0)
		SLOT(dst)->badge = badge;
	return OK;
}

err_t sys_cap_move(u32 t, u32 src, u32 dst)
{
	(void)t;
	if (SLOT(src)->child != NIL)
		return ERR_STATE;
	/* commit */
	cap_relocate(src, dst);
	return OK;
}

static bool is_range(u32 type)
{
	return type == OBJ_MEMORY || type == OBJ_DEVMEM || type == OBJ_FRAMES || type == OBJ_IRQCTL ||
	       type == OBJ_IOPORTS || type == OBJ_DEVCTL || type == OBJ_CPUS;
}

err_t sys_range_derive(u32 t, u32 src, u32 dst, u64 offset, u64 count, u64 rights)
{
	const struct cap *c = SLOT(src);

	(void)t;
	if (!is_range(c->type))
		return ERR_TYPE;
	if (rights & ~(u64)c->rights)
		return ERR_RIGHTS;
	if (offset + count > c->count)
		return ERR_RANGE;
	err_t e = cap_may_derive(src);
	if (!err_is_ok(e))
		return e;
	/* commit */
	cap_insert_copy(dst, src, (u32)rights);
	SLOT(dst)->first = c->first + (u32)offset;
	SLOT(dst)->count = (u32)count;
	return OK;
}

err_t sys_cap_info(u32 t, u32 s)
{
	const struct cap *c = SLOT(s);
	u64 owner = c->flags & CAP_OWNER ? 1 : 0;

	FR_OUT(t, 0) = c->type | (u64)c->depth << 8 | owner << 16 | (u64)c->rights << 32;
	FR_OUT(t, 1) = is_range(c->type) ? c->first : c->type == OBJ_GRANT ? c->window : c->badge;
	FR_OUT(t, 2) = is_range(c->type) ? c->count : c->type == OBJ_GRANT ? c->length : 0;
	return OK;
}
