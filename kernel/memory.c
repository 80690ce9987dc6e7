/* SPDX-License-Identifier: MIT */
/*
 * Memory: making objects and frames of free pages, and giving pages back.
 *
 * Owns:       page descriptors.            Invariant: page_inv().
 * Locks:      all locks; frames_clear: any.
 * Called by:  the generated dispatcher; destroy.c; boot.c.
 * Never:      reads or writes the contents of frames, but to clear on request.
 */
#include "ks.h"

u32 object_pages(u32 type)
{
	return type == OBJ_SPACE || type == OBJ_IOSPACE ? 2 : 1;
}

u32 object_start(u32 type)
{
	switch (type) {
	case OBJ_TABLE:
		return OBJECT_TABLE_OFFSET;
	case OBJ_SCHED:
		return OBJECT_NODE_OFFSET;
	case OBJ_SPACE:
	case OBJ_IOSPACE:
	case OBJ_EP:
	case OBJ_NOTIF:
		return OBJECT_OFFSET;
	default:
		return 0;
	}
}

u32 object_end(u32 type)
{
	switch (type) {
	case OBJ_TABLE:
		return OBJECT_TABLE_OFFSET + sizeof(struct table);
	case OBJ_SPACE:
	case OBJ_IOSPACE:
		return OBJECT_OFFSET + sizeof(struct space);
	case OBJ_THREAD:
		return OBJECT_OFFSET + sizeof(struct thread);
	case OBJ_SCHED:
		return OBJECT_OFFSET + sizeof(struct sched);
	case OBJ_EP:
		return OBJECT_OFFSET + sizeof(struct ep);
	case OBJ_NOTIF:
		return OBJECT_OFFSET + sizeof(struct notif);
	case OBJ_IRQ:
		return OBJECT_OFFSET + sizeof(struct irq);
	case OBJ_DEVICE:
		return OBJECT_OFFSET + sizeof(struct device);
	default:
		return (u32)PAGE_SIZE;
	}
}

u32 object_rights(u32 type)
{
	switch (type) {
	case OBJ_FRAMES:
		return RIGHTS_ALL_FRAMES;
	case OBJ_TABLE:
		return RIGHTS_ALL_TABLE;
	case OBJ_SLOTS:
		return RIGHTS_ALL_SLOTS;
	case OBJ_SPACE:
		return RIGHTS_ALL_SPACE;
	case OBJ_PTABLE:
		return RIGHTS_ALL_PTABLE;
	case OBJ_THREAD:
		return RIGHTS_ALL_THREAD;
	case OBJ_SCHED:
		return RIGHTS_ALL_SCHED;
	case OBJ_EP:
		return RIGHTS_ALL_EP;
	case OBJ_NOTIF:
		return RIGHTS_ALL_NOTIF;
	case OBJ_IRQ:
		return RIGHTS_ALL_IRQ;
	case OBJ_DEVICE:
		return RIGHTS_ALL_DEVICE;
	case OBJ_IOSPACE:
		return RIGHTS_ALL_IOSPACE;
	default:
		return 0;
	}
}

static void object_clear(u32 type, u32 head)
{
	arch_object_clear(head, object_start(type), object_end(type));
	if (object_pages(type) == 2)
		arch_page_clear(SPACE_ROOT(head));
}

err_t object_check(u32 mem, u64 offset, u64 pages)
{
	if (offset + pages > SLOT(mem)->count)
		return ERR_RANGE;
	for (u32 i = 0; i < STEP_ENTRIES && i < pages; i++) {
		if (PD(SLOT(mem)->first + (u32)offset + i)->type != PAGE_FREE)
			return ERR_BUSY;
	}
	return cap_may_derive(mem);
}

/* A page that nothing else points to yet, or any more. */
static void page_set(u32 page, u32 type, u32 head)
{
	struct page *p = PD(page);

	p->type = (u8)type;
	p->flags = 0;
	p->index = 0;
	p->head = head;
	p->owner = NIL;
	p->parent = NIL;
	p->link = NIL;
}

static void pages_take(u32 type, u32 head, u32 from, u32 pages)
{
	for (u32 i = 0; i < STEP_ENTRIES && i < pages; i++)
		page_set(from + i, type, head);
}

void object_make(u32 mem, u32 dst, u32 type, u32 head, u32 pages)
{
	pages_take(type, head, head, pages);
	PD(head)->owner = dst;
	cap_insert(dst, mem, type, object_rights(type), head);
	SLOT(dst)->flags = CAP_OWNER;
	if (type == OBJ_FRAMES) {
		SLOT(dst)->first = head;
		SLOT(dst)->count = pages;
	} else {
		object_clear(type, head);
	}
}

void pages_free(u32 from, u32 pages)
{
	for (u32 i = 0; i < STEP_ENTRIES && i < pages; i++)
		page_set(from + i, PAGE_FREE, NIL);
}

void object_free(u32 type, u32 head)
{
	object_clear(type, head);
	pages_free(head, object_pages(type));
}

static bool is_creatable(u32 type)
{
	return type == OBJ_TABLE || type == OBJ_SLOTS || type == OBJ_SPACE || type == OBJ_PTABLE ||
	       type == OBJ_THREAD || type == OBJ_SCHED || type == OBJ_EP || type == OBJ_NOTIF ||
	       type == OBJ_IOSPACE;
}

/* The thread page has the creator's ceiling; endpoints a CPU; spaces a domain. */
static bool param_ok(u32 t, u32 type, u64 param)
{
	switch (type) {
	case OBJ_THREAD:
		return (param & ~0xff03ull) == 0 && (param >> 8) <= TH(t)->max_prio;
	case OBJ_SPACE:
		return param <= 0xffff;
	case OBJ_EP:
	case OBJ_NOTIF:
		return param <= ks.cpus;
	default:
		return param == 0;
	}
}

static void object_init(u32 type, u32 page, u64 param)
{
	u32 cpu = arch_cpu();
	u32 home = param == 0 ? cpu : (u32)param - 1;

	switch (type) {
	case OBJ_SPACE:
		space_init(page, SPACE_CPU, (u32)param, cpu);
		break;
	case OBJ_IOSPACE:
		space_init(page, SPACE_IO, 0, cpu);
		break;
	case OBJ_THREAD:
		thread_init(page, param, cpu);
		break;
	case OBJ_SCHED:
		sched_init(page, cpu);
		break;
	case OBJ_EP:
		ep_init(page, home);
		break;
	case OBJ_NOTIF:
		notif_init(page, home);
		break;
	default:
		break;
	}
}

err_t sys_object_create(u32 t, u32 mem, u32 dst, u64 type, u64 offset, u64 param)
{
	if (!is_creatable((u32)type) || !param_ok(t, (u32)type, param))
		return ERR_ARG;
	err_t e = object_check(mem, offset, object_pages((u32)type));
	if (!err_is_ok(e))
		return e;
	if (type == OBJ_IOSPACE && !arch_iospace_free_number())
		return ERR_DEVICE;
	/* commit */
	u32 head = SLOT(mem)->first + (u32)offset;
	object_make(mem, dst, (u32)type, head, object_pages((u32)type));
	object_init((u32)type, head, param);
	return OK;
}

err_t sys_frames_create(u32 t, u32 mem, u32 dst, u64 offset, u64 count)
{
	err_t e = object_check(mem, offset, count);

	(void)t;
	if (!err_is_ok(e))
		return e;
	/* commit */
	object_make(mem, dst, OBJ_FRAMES, SLOT(mem)->first + (u32)offset, (u32)count);
	return OK;
}

err_t sys_frames_extend(u32 t, u32 s, u64 count)
{
	struct cap *c = SLOT(s);
	u32 end = c->first + c->count;

	(void)t;
	if (!(c->flags & CAP_OWNER) || cap_is_dying(s))
		return ERR_STATE;
	if (end < SLOT(c->parent)->first)
		return ERR_RANGE;
	err_t e = object_check(c->parent, end - SLOT(c->parent)->first, count);
	if (!err_is_ok(e))
		return e;
	/* commit */
	pages_take(OBJ_FRAMES, c->first, end, (u32)count);
	c->count += (u32)count;
	return OK;
}

err_t sys_frames_clear(u32 t, u32 s, u64 offset, u64 count)
{
	(void)t;
	if (offset + count > SLOT(s)->count)
		return ERR_RANGE;
	/* commit */
	for (u32 i = 0; i < STEP_ENTRIES && i < count; i++)
		arch_page_clear(SLOT(s)->first + (u32)offset + i);
	return OK;
}
