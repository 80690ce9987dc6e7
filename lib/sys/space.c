/* SPDX-License-Identifier: MIT */
/*
 * Mapping: grants, entries, and page-table pages where they are missing.
 *
 * Owns:       sys_own_space.
 * Locks:      none: one thread uses a space.
 */
#include "start.h"

struct sys_space sys_own_space;

void sys_space_create(struct sys_space *sp, u32 domain)
{
	*sp = (struct sys_space){ .space = sys_space(domain) };
}

err_t sys_space_create_shared(struct sys_space *sp, u32 domain)
{
	grant_h g;

	sys_space_create(sp, domain);
	return sys_map_frames(sp, (any_h){ HANDLE_IMAGE }, sys_info->image_vaddr,
			      sys_info->image_count, MAP_READ | MAP_WRITE | MAP_EXEC, &g);
}

void sys_space_destroy(struct sys_space *sp)
{
	(void)sys_destroy(ANY(sp->space));
	for (u32 i = 0; i < sp->tables; i++)
		(void)sys_destroy(ANY(sp->table[i]));
	sp->tables = 0;
}

static err_t add_table(struct sys_space *sp, u64 vaddr, u32 level)
{
	any_h pt;

	if (sp->tables == SYS_SPACE_TABLES)
		return ERR_BUSY;
	err_t e = sys_create(OBJ_PTABLE, 0, &pt);
	if (!err_is_ok(e))
		return e;
	e = ptable_attach((ptable_h){ pt.h }, ANY(sp->space), vaddr, level, NULL);
	if (!err_is_ok(e)) {
		(void)sys_destroy(pt);
		return e;
	}
	sp->table[sp->tables++] = (ptable_h){ pt.h };
	return OK;
}

/* From the top down, so that each finds the one above it. */
err_t sys_tables(struct sys_space *sp, u64 vaddr, u32 level)
{
	for (u32 l = 3; l >= level && l > 0; l--) {
		err_t e = add_table(sp, vaddr, l);

		if (!err_is_ok(e) && !err_is(e, ERR_BUSY))
			return e;
	}
	return OK;
}

static u64 entry_pages(u64 attr)
{
	return attr & MAP_SIZE_1G ? 512 * 512 : attr & MAP_SIZE_2M ? 512 : 1;
}

err_t sys_map(struct sys_space *sp, grant_h grant, u64 vaddr, u64 offset, u64 pages, u64 attr)
{
	u64 size = entry_pages(attr);
	u64 done = 0;

	while (pages > 0) {
		err_t e = grant_map(grant, vaddr, offset, pages < 64 ? pages : 64, attr, &done);

		if (err_is(e, ERR_TABLE)) {
			e = add_table(sp, vaddr, (u32)done);
			if (!err_is_ok(e))
				return e;
			continue;
		}
		if (!err_is_ok(e))
			return e;
		vaddr += done * size * SYS_PAGE;
		offset += done * size;
		pages -= done;
	}
	return OK;
}

err_t sys_unmap(grant_h grant, u64 vaddr, u64 pages, u64 attr)
{
	u64 size = entry_pages(attr);
	u64 done = 0;

	while (pages > 0) {
		err_t e = grant_unmap(grant, vaddr, pages < 64 ? pages : 64, attr, &done);

		if (!err_is_ok(e))
			return e;
		done = done < pages ? done : pages;
		vaddr += done * size * SYS_PAGE;
		pages -= done;
	}
	return OK;
}

err_t sys_map_frames(struct sys_space *sp, any_h frames, u64 vaddr, u64 pages, u64 attr,
		     grant_h *grant)
{
	u32 slot = sys_slot();
	u64 rights = (attr & (MAP_READ | MAP_WRITE | MAP_EXEC)) | RIGHT_GRANT_MAP;

	grant->h = 0;
	if (slot == 0)
		return ERR_SLOT;
	err_t e = grant_create(frames, SLOT_OWN(slot), ANY(sp->space), vaddr, pages, rights);
	if (!err_is_ok(e)) {
		sys_slot_free(slot);
		return e;
	}
	sys_note_pages(slot, 0, 0);
	grant->h = slot;
	return sys_map(sp, *grant, vaddr, 0, pages / entry_pages(attr), attr);
}

void *sys_map_new(u64 vaddr, u32 pages)
{
	frames_h f;
	grant_h g;

	if (!err_is_ok(sys_create_frames(pages, 1, &f)))
		return NULL;
	for (u32 at = 0; at < pages; at += 64)
		(void)frames_clear(f, at, pages - at < 64 ? pages - at : 64);
	if (!err_is_ok(
		    sys_map_frames(&sys_own_space, ANY(f), vaddr, pages, MAP_READ | MAP_WRITE, &g)))
		return NULL;
	return (void *)vaddr;
}
