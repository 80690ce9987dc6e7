/* SPDX-License-Identifier: MIT */
/*
 * What a component is told, and what it is given of pools, channels and endpoints.
 *
 * Owns:       the fixed addresses of every component's space.
 */
#include "init.h"

#define STACK_TOP 0x3e0000ull
#define INFO_VADDR 0x3f0000ull

u64 stack_top(void)
{
	return STACK_TOP;
}

u64 info_vaddr(void)
{
	return INFO_VADDR;
}

static void copy_name(char *to, const char *from)
{
	memcpy(to, from, COMP_NAME);
}

/* The boot command line may have more words for it, as NAME.word or NAME.word=value. */
static void add_args(const struct component *c, char *to)
{
	u32 n = (u32)strlen(c->b->name), used;
	const char *at = sys_info->command;

	memcpy(to, c->b->args, COMP_ARGS);
	for (used = (u32)strlen(to); *at != 0;) {
		u32 word = 0;

		while (at[word] != 0 && at[word] != ' ')
			word++;
		if (word > n + 1 && at[n] == '.' && memcmp(at, c->b->name, n) == 0 &&
		    used + word - n < COMP_ARGS) {
			if (used != 0)
				to[used++] = ' ';
			memcpy(to + used, at + n + 1, word - n - 1);
			used += word - n - 1;
			to[used] = 0;
		}
		at += word;
		while (*at == ' ')
			at++;
	}
}

static bool is_component(const char *name, u32 length)
{
	for (u32 i = 0; i < components; i++) {
		if (strlen(component[i].b->name) == length &&
		    memcmp(component[i].b->name, name, length) == 0)
			return true;
	}
	return length == 4 && memcmp(name, "init", 4) == 0;
}

void info_words(void)
{
	char text[64];

	for (const char *at = sys_info->command; *at != 0;) {
		u32 name = 0, word;

		while (at[name] != 0 && at[name] != ' ' && at[name] != '.' && at[name] != '=')
			name++;
		for (word = name; at[word] != 0 && at[word] != ' ';)
			word++;
		if (at[name] == '.' && !is_component(at, name)) {
			u32 n = word < sizeof text - 1 ? word : sizeof text - 1;

			memcpy(text, at, n);
			text[n] = 0;
			text_line("command line: %s is for nobody: there is no such component", text);
		}
		for (at += word; *at == ' ';)
			at++;
	}
}

static void pools_give(struct component *c, struct comp_info *info)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_POOL_USES); i++) {
		const struct bundle_pool_use *u = &pool_uses[i];

		if (u->component != c->number || info->pools == COMP_POOLS)
			continue;
		struct comp_pool *p = &info->pool[info->pools++];

		copy_name(p->name, pools[u->pool].name);
		p->count = pool_pages[u->pool];
		p->first = u->flags & BUNDLE_PHYSICAL ? pool_first[u->pool] : 0;
		p->rights = u->rights;
		if (u->flags & BUNDLE_MAPPED) {
			p->vaddr = life_window(c, p->count);
			life_map(c, c->space, pool_frames[u->pool], p->vaddr, p->count, u->rights);
		}
		if (u->flags & BUNDLE_HANDLE) {
			p->handle = give_handle(c);
			give(c, pool_frames[u->pool], p->handle, u->rights, 0);
		}
	}
}

static u64 pool_vaddr(const struct component *c, const struct comp_info *info, u32 pool)
{
	u32 at = 0;

	for (u32 i = 0; i < bundle_count(BUNDLE_POOL_USES); i++) {
		if (pool_uses[i].component != c->number || at == COMP_POOLS)
			continue;
		if (pool_uses[i].pool == pool)
			return info->pool[at].vaddr;
		at++;
	}
	return 0;
}

/* Each side's pages: the ring that it produces, then its position in the other one. */
static void channel_give(struct component *c, struct comp_info *info, u32 number, u32 side)
{
	const struct bundle_channel *b = &channels[number];
	const struct ring_pages *r = &ring_pages[number];
	struct comp_channel *to = &info->channel[info->channels++];
	u64 own = life_window(c, r->pages), other = life_window(c, r->pages);
	u64 position = ring_answer_offset(b->capacity);
	u64 client = side == COMP_CLIENT ? own : other, server = side == COMP_CLIENT ? other : own;

	life_map(c, c->space, r->frames[side], own, r->pages, MAP_READ | MAP_WRITE);
	life_map(c, c->space, r->frames[!side], other, r->pages, MAP_READ);
	copy_name(to->name, b->name[side]);
	copy_name(to->protocol, b->protocol);
	to->side = side;
	to->capacity = b->capacity;
	to->request_out = client;
	to->answer_in = client + position;
	to->answer_out = server;
	to->request_in = server + position;
	to->signal = give_handle(c);
	give(c, component[b->component[!side]].notif, to->signal, RIGHT_NOTIF_SIGNAL,
	     1ull << b->bit[!side]);
	to->bit = b->bit[side];
	to->reset_bit = b->reset_bit[side];
	to->down = !channel_born(number, side);
	to->areas = b->areas;
	for (u32 a = 0; a < b->areas; a++) {
		to->area[a].bytes = pool_pages[b->area[a]] * SYS_PAGE;
		to->area[a].pool = b->area[a];
		to->area[a].vaddr = pool_vaddr(c, info, b->area[a]);
		to->area[a].pool = b->area[a];
	}
}

static void endpoints_give(struct component *c, struct comp_info *info)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_ENDPOINT_USES); i++) {
		const struct bundle_endpoint_use *u = &endpoint_uses[i];
		u64 rights = RIGHT_EP_CALL | RIGHT_EP_SEND |
			     (u->flags & BUNDLE_TRANSFER ? RIGHT_EP_TRANSFER : 0);

		if (u->component != c->number || info->endpoints == COMP_ENDPOINTS)
			continue;
		struct comp_endpoint *e = &info->endpoint[info->endpoints++];

		copy_name(e->name, u->name);
		e->side = u->side;
		e->handle = give_handle(c);
		if (u->side == COMP_SERVER)
			give(c, endpoint_cap[u->endpoint], e->handle, RIGHTS_ALL_EP, 0);
		else
			give(c, endpoint_cap[u->endpoint], e->handle, rights, u->badge);
	}
}

/* Ports, lines, requester ids and device memory, for the platform server. */
static void platform_give(struct component *c, struct comp_info *info)
{
	give(c, HANDLE_IOPORTS, COMP_IOPORTS, RIGHTS_ALL_IOPORTS, 0);
	give(c, HANDLE_IRQCTL, COMP_IRQCTL, RIGHTS_ALL_IRQCTL, 0);
	give(c, HANDLE_DEVCTL, COMP_DEVCTL, RIGHTS_ALL_DEVCTL, 0);
	info->acpi_root = sys_info->acpi_root;
	for (u32 i = 0; i < sys_info->regions && info->devmems < COMP_DEVMEMS; i++) {
		const struct boot_region *r = &sys_info->region[i];

		if (r->is_ram)
			continue;
		u32 h = give_handle(c);

		give(c, r->handle, h, RIGHTS_ALL_DEVMEM, 0);
		info->devmem[info->devmems++] =
			(struct comp_devmem){ .first = r->first, .count = r->count, .handle = h };
	}
}

void info_fill(struct component *c, struct comp_info *info)
{
	info->magic = COMP_INFO_MAGIC;
	info->version = COMP_INFO_VERSION;
	info->features = sys_info->features;
	info->clock_hz = sys_info->clock_hz;
	info->clock_offset = sys_info->clock_offset;
	info->xstate_bytes = sys_info->xstate_bytes;
	info->xstate_mask = sys_info->xstate_mask;
	info->epoch_ns = epoch_ns;
	info->restarts = c->restarts;
	info->heartbeat_ms = c->b->heartbeat_ms;
	info->free_bit = c->b->free_bit;
	copy_name(info->name, c->b->name);
	add_args(c, info->args);
	pools_give(c, info);
	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		for (u32 side = 0; side < 2; side++) {
			if (channels[i].component[side] == c->number &&
			    info->channels < COMP_CHANNELS)
				channel_give(c, info, i, side);
		}
	}
	endpoints_give(c, info);
	if (c->b->flags & BUNDLE_PLATFORM)
		platform_give(c, info);
}
