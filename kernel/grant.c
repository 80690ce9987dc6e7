/* SPDX-License-Identifier: MIT */
/*
 * Grants: the authority to enter a range of pages into a window of one space.
 *
 * Owns:       capabilities of type OBJ_GRANT.  Invariants: grant_inv(), leaf_inv().
 * Locks:      all locks.                   Spec: proofs/spec/spec_space.h
 * Called by:  generated dispatch; delete.c.
 * Never:      walks the tree of capabilities.
 *
 * A grant is a child of the frames or device memory it covers, and only names
 * its space, by page and unique number: either may go first.
 */
#include "mapping.h"
#include "dispatch.h"

/* What a grant made from the capability in slot s may allow. */
PRED u32 source_rights(u32 s)
{
	const u32 mask = SLOT(s)->type == OBJ_DEVMEM
				 ? RIGHT_DEVMEM_READ | RIGHT_DEVMEM_WRITE
				 : RIGHT_FRAMES_READ | RIGHT_FRAMES_WRITE | RIGHT_FRAMES_EXEC;

	return (SLOT(s)->rights & mask) | RIGHT_GRANT_MAP;
}

err_t sys_grant_create(u32 t, u32 source, u32 dst, u32 space, u64 vaddr, u64 pages, u64 rights)
{
	const u32 sp = SLOT(space)->obj;
	const u32 kind = SP(sp)->kind;
	const u64 vpage = vaddr >> PAGE_SHIFT;
	const err_t derive = cap_may_derive(source);

	(void)t;
	if (rights & ~(u64)source_rights(source))
		return ERR_RIGHTS;
	if (vaddr & (PAGE_SIZE - 1))
		return ERR_ARG;
	if (vpage >= space_pages(kind) || pages > space_pages(kind) - vpage)
		return ERR_RANGE;
	if (kind == SPACE_IO && SLOT(source)->type == OBJ_DEVMEM)
		return ERR_TYPE;
	if (!err_is_ok(derive))
		return derive;

	/* commit */
	cap_insert(dst, source, OBJ_GRANT, (u32)rights, sp);
	SLOT(dst)->first = SLOT(source)->first;
	SLOT(dst)->count = SLOT(source)->count;
	SLOT(dst)->badge = SP(sp)->uid;
	SLOT(dst)->window = vpage;
	SLOT(dst)->length = pages;
	return OK;
}

/* What a part of a sweep did. */
struct swept {
	u32 entries; /* visited, at least one */
	bool cleared;
};

/*
 * Clear what belongs to grant g among at most n entries of one table, from the
 * start of its window on, and take what they cover off the window.  A leaf that
 * reaches out of the window was entered under another grant, and stays.
 */
static struct swept sweep_run(u32 g, u32 n)
{
	const u32 kind = SP(SLOT(g)->obj)->kind;
	const u64 vpage = SLOT(g)->window;
	const u64 length = SLOT(g)->length;
	const struct place at = space_walk(SLOT(g)->obj, kind, vpage, 1);
	u64 visited = level_end(vpage, at.level) - vpage;
	struct swept r = { 1, false };

	if (at.level == 1) {
		r.entries = PT_ENTRIES - at.index < n ? PT_ENTRIES - at.index : n;
		visited = r.entries;
	}
	if (visited > length) {
		visited = length;
		r.entries = at.level == 1 ? (u32)length : 1;
	}
	if (visited >= level_pages(at.level))
		r.cleared = entries_clear(g, kind, at, r.entries);
	SLOT(g)->window = vpage + visited;
	SLOT(g)->length = length - visited;
	return r;
}

/*
 * The window shrinks from the front: what was entered under the grant lies in
 * what is left of it at all times.  If the space is gone, or its destruction
 * has begun, no translation of it is in use.
 */
bool grant_destroy_step(u32 s)
{
	const u32 sp = SLOT(s)->obj;
	const u64 vpage = SLOT(s)->window;
	bool cleared = false;

	SLOT(s)->flags |= CAP_DYING;
	if (!grant_has_space(s))
		return true;
	if (PD(sp)->flags & PAGE_DYING)
		return !space_is_stuck(SP(sp)->kind);
	for (u32 n = 0; n < STEP_ENTRIES && SLOT(s)->length != 0;) {
		const struct swept r = sweep_run(s, STEP_ENTRIES - n);

		cleared |= r.cleared;
		n += r.entries;
	}
	if (cleared)
		arch_space_flush(sp, vpage, SLOT(s)->window - vpage);
	return SLOT(s)->length == 0 && !space_is_stuck(SP(sp)->kind);
}
