/* SPDX-License-Identifier: MIT */
/*
 * Making components: what they keep for all their lives, and each life.
 *
 * Owns:       component[], which slots belong to which life.
 *
 * A life's objects are made in the component's arena, a range of pages with one memory
 * capability: revoking that destroys them all.
 */
#include "init.h"

enum { TABLE_SLOTS = 64, SLACK_PAGES = 24, DRIVER_PAGES = 48, LARGE = 512 };
#define MSG_VADDR 0x3f8000ull

struct component component[BUNDLE_COMPONENTS_MAX];
u32 components;
ep_h supervisor;
static u8 life_of[SYS_SLOTS_MAX]; /* number of the component + 1 */

/* --- memory for all lives --------------------------------------------------------------------- */

static u64 image_pages(const struct component *c, u64 *tables)
{
	const struct bundle_program *p = &programs[c->b->program];
	u64 pages = 0;

	for (u32 i = 0; i < p->segments; i++) {
		const struct bundle_segment *s = &segments[p->segment + i];

		pages += s->rights & MAP_WRITE ? s->pages : 0;
		*tables += s->pages / LARGE + 2;
	}
	return pages;
}

static u64 window_tables(const struct component *c)
{
	u64 tables = 0;

	for (u32 i = 0; i < bundle_count(BUNDLE_POOL_USES); i++) {
		u64 pages = pool_pages[pool_uses[i].pool];

		/* Where it cannot be mapped by large pages it needs one for each of them. */
		if (pool_uses[i].component == c->number && (pool_uses[i].flags & BUNDLE_MAPPED))
			tables += (pool_first[pool_uses[i].pool] % LARGE != 0 ? pages / LARGE : 0) +
				  pages / LARGE / LARGE + 3;
	}
	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		if (channels[i].component[0] == c->number || channels[i].component[1] == c->number)
			tables += 2 * ring_pages[i].pages / LARGE + 2;
		for (u32 a = 0; a < channels[i].areas && (c->b->flags & BUNDLE_DRIVER); a++)
			tables += pool_pages[channels[i].area[a]] / LARGE + 3;
	}
	return tables;
}

/* What a life takes of the arena for itself, at most. */
static u64 overhead(const struct component *c)
{
	u64 tables = 0;
	u64 pages = image_pages(c, &tables);

	tables += window_tables(c) + c->b->driver.dma_pages / LARGE + 2;
	return pages + tables + c->b->stack_pages + c->b->driver.dma_pages + COMP_INFO_PAGES +
	       c->b->handles / TABLE_SLOTS + 1 + SLACK_PAGES +
	       (c->b->flags & BUNDLE_DRIVER ? DRIVER_PAGES : 0);
}

static void too_little(const char *name, u64 pages)
{
	sys_panic("there is not enough memory for %s: it needs %lu KiB, %lu KiB are left in all",
		  name, pages * 4, memory_left() * 4);
}

static void pool_take(u32 i, u64 pages)
{
	const struct bundle_pool *p = &pools[i];
	struct extent x;

	if (!memory_take(pages, pages >= LARGE ? LARGE : 1, &x)) {
		if (p->size.kind == BUNDLE_PAGES || !memory_take_some(pages, LARGE, &x))
			too_little(p->name, pages);
		/* Frames are one run of pages. */
		if (x.count < pages / 8 * 7)
			text_line("pool %s has the %lu KiB that lie together, instead of %lu KiB",
				  p->name, x.count * 4, pages * 4);
	}
	pool_frames[i] = memory_frames(&x, p->clear != 0);
	if (pool_frames[i] == 0)
		sys_panic("pool %s cannot be made", p->name);
	pool_pages[i] = x.count;
	pool_first[i] = x.first;
}

static void pool_file(u32 i)
{
	u64 page = bundle_image_page(pools[i].offset);

	pool_frames[i] = sys_range((any_h){ HANDLE_IMAGE }, page, pools[i].size.value,
				   RIGHT_FRAMES_READ | RIGHT_FRAMES_EXEC);
	pool_pages[i] = pools[i].size.value;
	pool_first[i] = sys_info->image_first + page;
}

static void arena_take(struct component *c)
{
	c->own_pages = c->b->memory.kind == BUNDLE_PAGES ? c->b->memory.value : 0;
	u64 pages = overhead(c) + c->own_pages;

	if (!memory_take(pages, 1, &c->arena))
		too_little(c->b->name, pages);
}

static void extra_take(struct component *c, u64 pages)
{
	while (pages > 0 && c->extras < EXTRA_MEMORIES &&
	       memory_take_some(pages, 1, &c->extra[c->extras]))
		pages -= c->extra[c->extras++].count;
}

/* Shares of what is left. */
static void reserve_shares(u32 kind, u64 left, u32 parts)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_POOLS); i++) {
		if (pools[i].size.kind == kind)
			pool_take(i, kind == BUNDLE_REST ? left / parts
							 : left * pools[i].size.value / 100);
	}
	for (u32 i = 0; i < components; i++) {
		const struct bundle_amount *m = &component[i].b->memory;

		if (m->kind == kind)
			extra_take(&component[i],
				   kind == BUNDLE_REST ? left / parts : left * m->value / 100);
	}
}

static u32 sharers(void)
{
	u32 n = 0;

	for (u32 i = 0; i < bundle_count(BUNDLE_POOLS); i++)
		n += pools[i].size.kind == BUNDLE_REST;
	for (u32 i = 0; i < components; i++)
		n += component[i].b->memory.kind == BUNDLE_REST;
	return n;
}

/*
 * What is fixed first; arenas, which hold page tables for pools that are shares, as if those were
 * as large as can be; then the shares.
 */
void component_reserve(void)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_POOLS); i++) {
		if (pools[i].offset != 0)
			pool_file(i);
		else if (pools[i].size.kind == BUNDLE_PAGES)
			pool_take(i, pools[i].size.value);
	}
	for (u32 i = 0; i < bundle_count(BUNDLE_POOLS); i++) {
		if (pools[i].size.kind != BUNDLE_PAGES)
			pool_pages[i] = memory_left();
	}
	for (u32 i = 0; i < components; i++)
		arena_take(&component[i]);
	reserve_shares(BUNDLE_PERCENT, memory_left(), 1);
	if (sharers() != 0)
		reserve_shares(BUNDLE_REST, memory_left(), sharers());
}

static u32 memory_cap(const struct extent *x)
{
	u32 slot = sys_range((any_h){ x->region }, x->offset, x->count, RIGHTS_ALL_MEMORY);

	if (slot == 0)
		sys_panic("no memory capability");
	return slot;
}

void component_tell(void)
{
	static const char line[] = "memory of %s: page 0x%lx, %lu pages";

	for (u32 i = 0; i < components; i++) {
		const struct component *c = &component[i];

		text_line(line, c->b->name, c->arena.first, c->arena.count);
		for (u32 k = 0; k < c->extras; k++)
			text_line(line, c->b->name, c->extra[k].first, c->extra[k].count);
	}
	for (u32 i = 0; i < bundle_count(BUNDLE_POOLS); i++)
		text_line("memory of pool %s: page 0x%lx, %lu pages", pools[i].name,
			  pool_first[i], pool_pages[i]);
}

/* CPUs that the machine has. */
static u32 first_cpu(const struct component *c)
{
	return c->b->cpu < sys_info->cpus ? c->b->cpu : 0;
}

static u32 cpu_count(const struct component *c)
{
	u32 left = sys_info->cpus - first_cpu(c);

	return c->b->cpus < left ? c->b->cpus : left;
}

/* Its home is the CPU of who waits at it. */
static u32 lasting_object(u32 type, const struct component *c)
{
	any_h h;

	sys_must(sys_create(type, first_cpu(c) + 1, &h), "endpoint or notification");
	return h.h;
}

void component_lasting(void)
{
	supervisor = sys_ep();
	for (u32 i = 0; i < components; i++) {
		struct component *c = &component[i];

		c->arena_cap = memory_cap(&c->arena);
		for (u32 k = 0; k < c->extras; k++)
			c->extra_cap[k] = memory_cap(&c->extra[k]);
		c->notif = lasting_object(OBJ_NOTIF, c);
	}
	for (u32 i = 0; i < bundle_count(BUNDLE_ENDPOINTS); i++)
		endpoint_cap[i] = lasting_object(OBJ_EP, &component[endpoints[i].owner]);
}

/* --- one life ------------------------------------------------------------------------------------ */

void life_must(struct component *c, err_t e, const char *what)
{
	if (err_is_ok(e) || c->broken)
		return;
	c->broken = true;
	text_line("%s cannot be made: %s, error %u", c->b->name, what, e.v);
}

u32 life_slot(struct component *c)
{
	u32 slot = sys_slot();

	if (slot == 0)
		life_must(c, ERR_SLOT, "slots of init");
	else
		life_of[slot] = (u8)(c->number + 1);
	return slot;
}

u32 life_object(struct component *c, u32 type, u64 param)
{
	u32 slot = c->broken ? 0 : life_slot(c);

	if (slot == 0)
		return 0;
	life_must(c,
		  object_create((memory_h){ c->arena_cap }, SLOT_OWN(slot), type, c->used, param),
		  "object");
	c->used += OBJ_PAGES(type);
	return c->broken ? 0 : slot;
}

u32 life_frames(struct component *c, u64 pages)
{
	u32 slot = c->broken ? 0 : life_slot(c);

	if (slot == 0)
		return 0;
	u64 done = pages < 64 ? pages : 64;
	life_must(c, frames_create((memory_h){ c->arena_cap }, SLOT_OWN(slot), c->used, done),
		  "frames");
	while (!c->broken && done < pages) {
		u64 n = pages - done < 64 ? pages - done : 64;

		life_must(c, frames_extend((frames_h){ slot }, n), "frames");
		done += n;
	}
	for (u64 at = 0; !c->broken && at < pages; at += 64)
		(void)frames_clear((frames_h){ slot }, at, pages - at < 64 ? pages - at : 64);
	c->used += pages;
	return c->broken ? 0 : slot;
}

u32 give_handle(struct component *c)
{
	return c->next_handle++;
}

slot_t give_at(const struct component *c, u32 handle)
{
	return SLOT_IN((table_h){ c->table }, handle);
}

void give(struct component *c, u32 from, u32 handle, u64 rights, u64 badge)
{
	if (!c->broken)
		life_must(c, cap_derive((any_h){ from }, give_at(c, handle), rights, badge),
			  "capability");
}

void give_range(struct component *c, u32 from, u32 handle, u64 offset, u64 count, u64 rights)
{
	if (!c->broken)
		life_must(c,
			  range_derive((any_h){ from }, give_at(c, handle), offset, count, rights),
			  "part of a range");
}

static void make_table(struct component *c)
{
	u32 pages = c->b->handles / TABLE_SLOTS + 1;

	c->table = life_object(c, OBJ_TABLE, 0);
	for (u32 i = 0; i < pages && !c->broken; i++) {
		u32 slots = life_object(c, OBJ_SLOTS, 0);

		if (slots != 0)
			life_must(c, table_attach((table_h){ c->table }, (slots_h){ slots }, i),
				  "slots");
	}
}

static bool serves(const struct component *c)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_ENDPOINTS); i++) {
		if (endpoints[i].owner == c->number)
			return true;
	}
	return false;
}

static void bind(struct component *c, u32 which, u32 cap, u64 badge)
{
	if (!c->broken)
		life_must(c, thread_bind((thread_h){ c->thread }, which, (any_h){ cap }, badge),
			  "binding of the thread");
}

static u32 make_sched(struct component *c)
{
	u32 sched = life_object(c, OBJ_SCHED, 0);

	if (sched != 0)
		life_must(c,
			  sched_configure((sched_h){ sched }, (cpus_h){ HANDLE_CPUS }, first_cpu(c),
					  sys_ticks(c->b->budget_us), sys_ticks(c->b->period_us)),
			  "scheduling context");
	return sched;
}

static void make_thread(struct component *c, u32 msg)
{
	u64 flags = (c->b->flags & BUNDLE_FPU ? THREAD_FPU : 0) | (u64)c->b->prio << 8;
	u32 sched = make_sched(c);

	c->thread = life_object(c, OBJ_THREAD, flags);
	if (c->broken)
		return;
	thread_h t = { c->thread };
	life_must(c, thread_set_cpu(t, (cpus_h){ HANDLE_CPUS }, first_cpu(c)), "CPU");
	life_must(c, thread_set_prio(t, c->b->prio), "priority");
	bind(c, THREAD_SPACE, c->space, 0);
	bind(c, THREAD_TABLE, c->table, 0);
	bind(c, THREAD_SCHED, sched, 0);
	bind(c, THREAD_FAULT, supervisor.h, c->number + 1);
	bind(c, THREAD_MSG, msg, 0);
	if (serves(c))
		bind(c, THREAD_NOTIF, c->notif, 0);
	give(c, c->thread, COMP_THREAD, RIGHT_THREAD_CONTROL, 0);
	give(c, sched, COMP_SCHED, RIGHT_SCHED_BIND, 0);
}

static void give_basics(struct component *c)
{
	u64 debug = (c->b->flags & BUNDLE_DEBUG ? RIGHT_SYSTEM_DEBUG : 0) |
		    (c->b->flags & BUNDLE_TRACE ? RIGHT_SYSTEM_TRACE : 0);

	give(c, c->table, COMP_TABLE, RIGHTS_ALL_TABLE, 0);
	give(c, c->space, COMP_SPACE, RIGHTS_ALL_SPACE, 0);
	if (debug != 0)
		give(c, HANDLE_SYSTEM, COMP_SYSTEM, debug, 0);
	give_range(c, HANDLE_CPUS, COMP_CPUS, first_cpu(c), cpu_count(c), RIGHTS_ALL_CPUS);
	give(c, c->notif, COMP_NOTIF, RIGHTS_ALL_NOTIF, 0);
	give(c, supervisor.h, COMP_SUPERVISOR, RIGHT_EP_CALL | RIGHT_EP_SEND, c->number + 1);
}

static void give_memory(struct component *c, struct comp_info *info, u32 cap,
			const struct extent *x, u64 used)
{
	u32 h = give_handle(c);

	give_range(c, cap, h, used, x->count - used, RIGHTS_ALL_MEMORY);
	info->memory[info->memories++] = (struct comp_memory){
		.first = x->first + used, .count = x->count - used, .handle = h, .node = x->node
	};
}

static void give_all_memory(struct component *c, struct comp_info *info)
{
	if (c->broken)
		return;
	if (c->used + c->own_pages > c->arena.count) {
		life_must(c, ERR_RANGE, "its arena is too small");
		return;
	}
	if (c->used < c->arena.count)
		give_memory(c, info, c->arena_cap, &c->arena, c->used);
	for (u32 i = 0; i < c->extras; i++)
		give_memory(c, info, c->extra_cap[i], &c->extra[i], 0);
}

static u32 map_new(struct component *c, u64 vaddr, u64 pages, u64 attr)
{
	u32 frames = life_frames(c, pages);

	life_map(c, c->space, frames, vaddr, pages, attr);
	return frames;
}

static void write_info(struct component *c, u32 frames, const struct comp_info *info)
{
	grant_h grant;

	if (c->broken)
		return;
	memcpy(window_open(frames, COMP_INFO_PAGES, &grant), info, sizeof *info);
	window_close(grant);
}

bool component_build(struct component *c)
{
	static struct comp_info info;

	info = (struct comp_info){ .cpus = cpu_count(c), .msg_page = MSG_VADDR };
	c->used = 0;
	c->next_handle = COMP_FREE;
	c->next_vaddr = 0;
	c->broken = false;
	c->dma_frames = 0;
	if (c->b->driver.dma_pages != 0)
		c->dma_frames = life_frames(c, c->b->driver.dma_pages);
	make_table(c);
	c->space = life_object(c, OBJ_SPACE, c->b->domain);
	life_load(c);
	(void)map_new(c, stack_top() - c->b->stack_pages * SYS_PAGE, c->b->stack_pages,
		      MAP_READ | MAP_WRITE);
	u32 msg = map_new(c, MSG_VADDR, 1, MAP_READ | MAP_WRITE);
	u32 page = map_new(c, info_vaddr(), COMP_INFO_PAGES, MAP_READ);
	make_thread(c, msg);
	give_basics(c);
	if (!c->broken)
		info_fill(c, &info);
	if (c->b->flags & BUNDLE_DRIVER)
		device_give(c, &info);
	give_all_memory(c, &info);
	info.free_handle = c->next_handle;
	info.free_end = (c->b->handles / TABLE_SLOTS + 1) * TABLE_SLOTS;
	if (c->next_handle >= info.free_end)
		life_must(c, ERR_SLOT, "it was given more than its table holds");
	write_info(c, page, &info);
	return !c->broken;
}

void component_start(struct component *c)
{
	c->last_sign = sys_clock();
	life_must(c,
		  thread_start((thread_h){ c->thread }, programs[c->b->program].entry, stack_top(),
			       info_vaddr()),
		  "start");
}

void component_destroy(struct component *c)
{
	u64 bits;

	if (c->thread != 0)
		(void)thread_stop((thread_h){ c->thread });
	(void)sys_revoke((any_h){ c->arena_cap });
	for (u32 i = 0; i < c->extras; i++)
		(void)sys_revoke((any_h){ c->extra_cap[i] });
	for (u32 slot = 0; slot < sys_slots_end(); slot++) {
		if (life_of[slot] != c->number + 1)
			continue;
		(void)sys_delete(SLOT_OWN(slot));
		sys_slot_free(slot);
		life_of[slot] = 0;
	}
	c->thread = c->table = c->space = 0;
	(void)notif_wait((notif_h){ c->notif }, 1, &bits);
}
