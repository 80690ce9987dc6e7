/* SPDX-License-Identifier: MIT */
/*
 * Making objects, and deleting capabilities to the end.
 *
 * Owns:       which pages belong to which slot.
 * Locks:      none: one thread uses it.
 */
#include "start.h"

void sys_note_pages(u32 slot, u32 number, u32 pages)
{
	sys_slot_page[slot] = number;
	sys_slot_pages[slot] = pages;
}

/*
 * Not all pages of a memory were free when this program got it: one that turns
 * out to be in use stays marked, and the next is tried.
 */
err_t sys_create_at(u32 slot, u32 type, u64 param)
{
	u32 pages = OBJ_PAGES(type);
	memory_h memory;
	u64 offset;
	u32 number;
	err_t e;

	do {
		number = sys_pages(pages, 1, &memory, &offset);
		if (number == SYS_NO_PAGES)
			return ERR_BUSY;
		e = object_create(memory, SLOT_OWN(slot), type, offset, param);
		if (err_is(e, ERR_BUSY) && pages > 1)
			sys_pages_free(number + 1, pages - 1);
	} while (err_is(e, ERR_BUSY));
	if (err_is_ok(e))
		sys_note_pages(slot, number, pages);
	else
		sys_pages_free(number, pages);
	return e;
}

err_t sys_create(u32 type, u64 param, any_h *out)
{
	u32 slot = sys_slot();

	out->h = 0;
	if (slot == 0)
		return ERR_SLOT;
	err_t e = sys_create_at(slot, type, param);
	if (err_is_ok(e))
		out->h = slot;
	else
		sys_slot_free(slot);
	return e;
}

/* The kernel makes at most 64 pages a call. */
static err_t make_frames(memory_h memory, u32 slot, u64 offset, u32 pages)
{
	u32 n = pages < 64 ? pages : 64;
	err_t e = frames_create(memory, SLOT_OWN(slot), offset, n);

	if (!err_is_ok(e))
		return e;
	for (u32 done = n; err_is_ok(e) && done < pages; done += n) {
		n = pages - done < 64 ? pages - done : 64;
		e = frames_extend((frames_h){ slot }, n);
	}
	if (!err_is_ok(e))
		(void)sys_delete(SLOT_OWN(slot));
	return e;
}

static err_t create_frames_at(u32 slot, u32 pages, u32 align)
{
	memory_h memory;
	u64 offset;
	u32 number;
	err_t e;

	do {
		number = sys_pages(pages, align, &memory, &offset);
		if (number == SYS_NO_PAGES)
			return ERR_BUSY;
		e = make_frames(memory, slot, offset, pages);
		if (err_is(e, ERR_BUSY))
			sys_pages_free(number + 1, pages - 1);
	} while (err_is(e, ERR_BUSY));
	if (err_is_ok(e))
		sys_note_pages(slot, number, pages);
	else
		sys_pages_free(number, pages);
	return e;
}

err_t sys_create_frames(u32 pages, u32 align, frames_h *out)
{
	u32 slot = sys_slot();

	out->h = 0;
	if (slot == 0)
		return ERR_SLOT;
	err_t e = create_frames_at(slot, pages, align);
	if (err_is_ok(e))
		out->h = slot;
	else
		sys_slot_free(slot);
	return e;
}

static u32 must_create(u32 type, u64 param, const char *what)
{
	any_h h;

	sys_must(sys_create(type, param, &h), what);
	return h.h;
}

ep_h sys_ep(void)
{
	return (ep_h){ must_create(OBJ_EP, 0, "endpoint") };
}

notif_h sys_notif(void)
{
	return (notif_h){ must_create(OBJ_NOTIF, 0, "notification") };
}

thread_h sys_thread_object(u64 param)
{
	return (thread_h){ must_create(OBJ_THREAD, param, "thread") };
}

/* With a time slice of 10 ms. */
sched_h sys_sched(u32 cpu)
{
	sched_h s = { must_create(OBJ_SCHED, 0, "scheduling context") };
	u64 slice = sys_ticks(10000);

	sys_must(sched_configure(s, (cpus_h){ HANDLE_CPUS }, cpu, slice, slice), "sched_configure");
	return s;
}

space_h sys_space(u32 domain)
{
	return (space_h){ must_create(OBJ_SPACE, domain, "space") };
}

ptable_h sys_ptable(void)
{
	return (ptable_h){ must_create(OBJ_PTABLE, 0, "page-table page") };
}

table_h sys_table(void)
{
	return (table_h){ must_create(OBJ_TABLE, 0, "table") };
}

slots_h sys_slots(void)
{
	return (slots_h){ must_create(OBJ_SLOTS, 0, "page of slots") };
}

frames_h sys_frames(u32 pages)
{
	frames_h f;

	sys_must(sys_create_frames(pages, 1, &f), "frames");
	return f;
}

u32 sys_derive(any_h from, u64 rights, u64 badge)
{
	u32 slot = sys_slot();

	if (slot != 0 && !err_is_ok(cap_derive(from, SLOT_OWN(slot), rights, badge))) {
		sys_slot_free(slot);
		return 0;
	}
	return slot;
}

u32 sys_range(any_h from, u64 offset, u64 count, u64 rights)
{
	u32 slot = sys_slot();

	if (slot != 0 && !err_is_ok(range_derive(from, SLOT_OWN(slot), offset, count, rights))) {
		sys_slot_free(slot);
		return 0;
	}
	return slot;
}

static err_t drain(u64 ticket)
{
	u64 more = 1;
	err_t e = OK;

	while (err_is_ok(e) && more != 0)
		e = cap_drain(ticket, &more);
	return e;
}

err_t sys_delete(slot_t slot)
{
	u64 more = 1, ticket = 0;
	err_t e = OK;

	while (err_is_ok(e) && more != 0)
		e = cap_delete(slot, &more, &ticket);
	return err_is_ok(e) ? drain(ticket) : e;
}

err_t sys_revoke(any_h cap)
{
	u64 more = 1, ticket = 0;
	err_t e = OK;

	while (err_is_ok(e) && more != 0)
		e = cap_revoke(cap, &more, &ticket);
	return err_is_ok(e) ? drain(ticket) : e;
}

err_t sys_destroy(any_h cap)
{
	err_t e = sys_delete(SLOT_OWN(cap.h));

	if (!err_is_ok(e))
		return e;
	if (sys_slot_pages[cap.h] != 0)
		sys_pages_free(sys_slot_page[cap.h], sys_slot_pages[cap.h]);
	sys_note_pages(cap.h, 0, 0);
	sys_slot_free(cap.h);
	return OK;
}
