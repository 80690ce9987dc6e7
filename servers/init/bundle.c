/* SPDX-License-Identifier: MIT */
/*
 * The bundle: checked once, whole, before anything of it is used.
 *
 * Owns:       the pointers to its tables.
 * Never:      repairs anything.
 */
#include "init.h"

extern const struct bundle bundle_start[]; /* bundle.S */
extern const char bundle_end[];

const struct bundle *bundle;
const struct bundle_program *programs;
const struct bundle_segment *segments;
static const struct bundle_component *descriptions;
const struct bundle_pool *pools;
const struct bundle_pool_use *pool_uses;
const struct bundle_channel *channels;
const struct bundle_endpoint *endpoints;
const struct bundle_endpoint_use *endpoint_uses;

static void expect(bool is_true, const char *what)
{
	if (!is_true)
		sys_panic("the bundle is damaged: %s", what);
}

u32 bundle_count(u32 table)
{
	return bundle->table[table].count;
}

u64 bundle_image_page(u64 offset)
{
	return ((u64)bundle - sys_info->image_vaddr + offset) / SYS_PAGE;
}

static u64 sum(const u64 *word, u64 words)
{
	u64 h = 0;

	for (u64 i = 0; i < words; i++)
		h = (h ^ word[i]) * BUNDLE_SUM_PRIME;
	return h;
}

static void check_header(void)
{
	u64 room = (u64)bundle_end - (u64)bundle;

	expect((u64)bundle % SYS_PAGE == 0 && room >= sizeof *bundle, "its place");
	expect(bundle->magic == BUNDLE_MAGIC, "its first word");
	expect(bundle->version == BUNDLE_VERSION && bundle->tables == BUNDLE_TABLES, "version");
	expect(bundle->bytes >= sizeof *bundle && bundle->bytes <= room &&
		       bundle->bytes % SYS_PAGE == 0,
	       "length");
	u64 after = offsetof(struct bundle, name);
	expect(sum((const u64 *)((u64)bundle + after), (bundle->bytes - after) / 8) == bundle->sum,
	       "sum");
	expect(bundle->name[COMP_NAME - 1] == 0, "name");
}

static const void *table(u32 number, u32 size, u32 most)
{
	const struct bundle_table *t = &bundle->table[number];

	expect(t->bytes == size && t->count <= most, "size of a table");
	expect(t->offset % 8 == 0 && t->offset <= bundle->bytes &&
		       (u64)t->count * size <= bundle->bytes - t->offset,
	       "place of a table");
	return (const char *)bundle + t->offset;
}

static bool pages_ok(u64 offset, u64 count)
{
	return offset % SYS_PAGE == 0 && offset <= bundle->bytes &&
	       count <= (bundle->bytes - offset) / SYS_PAGE;
}

static bool ends(const char *name, u32 size)
{
	return name[size - 1] == 0;
}

static bool amount_ok(const struct bundle_amount *a)
{
	return a->kind <= BUNDLE_REST && (a->kind != BUNDLE_PERCENT || a->value <= 100) &&
	       a->value <= 1ull << 36;
}

static void check_segment(const struct bundle_segment *s, u64 lowest)
{
	expect(pages_ok(s->offset, s->file_pages) && s->file_pages <= s->pages,
	       "pages of a segment");
	expect(s->vaddr % SYS_PAGE == 0 && s->vaddr >= lowest && s->pages < 1u << 24 &&
		       s->vaddr < 1ull << 38,
	       "address of a segment");
	expect((s->rights & MAP_READ) && s->rights < (MAP_READ | MAP_WRITE | MAP_EXEC),
	       "rights of a segment");
	expect((s->rights & MAP_WRITE) || s->file_pages == s->pages,
	       "zeros that cannot be written");
}

static void check_programs(void)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_PROGRAMS); i++) {
		const struct bundle_program *p = &programs[i];
		u64 lowest = 0x400000;

		expect(ends(p->name, COMP_NAME), "name of a program");
		expect(p->segments <= bundle_count(BUNDLE_SEGMENTS) &&
			       p->segment <= bundle_count(BUNDLE_SEGMENTS) - p->segments,
		       "segments of a program");
		for (u32 s = 0; s < p->segments; s++) {
			check_segment(&segments[p->segment + s], lowest);
			lowest = segments[p->segment + s].vaddr +
				 segments[p->segment + s].pages * SYS_PAGE;
		}
	}
}

static void check_component(const struct bundle_component *c)
{
	expect(ends(c->name, COMP_NAME) && ends(c->args, COMP_ARGS), "name of a component");
	expect(c->program < bundle_count(BUNDLE_PROGRAMS), "program of a component");
	expect(c->prio < 255 && c->cpus != 0 && c->domain <= 0xffff, "priority or CPUs");
	expect(c->stack_pages != 0 && c->stack_pages <= 256, "stack");
	expect(c->restart <= BUNDLE_ALWAYS && c->limit <= BUNDLE_LIMIT_MAX &&
		       c->pause_ms <= BUNDLE_PAUSE_MAX,
	       "restart policy");
	expect(c->handles <= SYS_SLOTS_MAX && c->irq_bit <= 62 && c->free_bit <= 63,
	       "handles, bits");
	expect(c->budget_us != 0 && c->budget_us <= c->period_us, "budget");
	expect(amount_ok(&c->memory), "memory of a component");
	expect(c->driver.ids <= BUNDLE_IDS && c->driver.irqs <= COMP_IRQS &&
		       c->driver.dma_pages <= 1u << 16,
	       "driver");
}

static void check_pools(void)
{
	u32 parts = bundle_count(BUNDLE_COMPONENTS);

	for (u32 i = 0; i < bundle_count(BUNDLE_POOLS); i++) {
		const struct bundle_pool *p = &pools[i];

		expect(ends(p->name, COMP_NAME) && amount_ok(&p->size), "pool");
		expect(p->offset == 0 ||
			       (p->size.kind == BUNDLE_PAGES && pages_ok(p->offset, p->size.value)),
		       "file");
	}
	for (u32 i = 0; i < bundle_count(BUNDLE_POOL_USES); i++) {
		const struct bundle_pool_use *u = &pool_uses[i];

		expect(u->pool < bundle_count(BUNDLE_POOLS) && u->component < parts &&
			       u->rights <= RIGHTS_ALL_FRAMES,
		       "use of a pool");
	}
}

static void check_channel(const struct bundle_channel *c)
{
	for (u32 side = 0; side < 2; side++) {
		expect(ends(c->name[side], COMP_NAME), "name of a channel");
		expect(c->component[side] < bundle_count(BUNDLE_COMPONENTS), "side of a channel");
		expect(c->bit[side] <= 62 && c->reset_bit[side] <= 62, "bits of a channel");
	}
	expect(ends(c->protocol, COMP_NAME), "protocol");
	expect(c->capacity != 0 && (c->capacity & (c->capacity - 1)) == 0 &&
		       c->capacity <= 1u << 16,
	       "capacity");
	expect(c->areas <= COMP_AREAS, "areas");
	for (u32 a = 0; a < c->areas; a++)
		expect(c->area[a] < bundle_count(BUNDLE_POOLS), "area");
}

static void check_endpoints(void)
{
	u32 parts = bundle_count(BUNDLE_COMPONENTS);

	for (u32 i = 0; i < bundle_count(BUNDLE_ENDPOINTS); i++)
		expect(ends(endpoints[i].name, COMP_NAME) && endpoints[i].owner < parts,
		       "endpoint");
	for (u32 i = 0; i < bundle_count(BUNDLE_ENDPOINT_USES); i++) {
		const struct bundle_endpoint_use *u = &endpoint_uses[i];

		expect(ends(u->name, COMP_NAME) && u->side <= COMP_SERVER && u->component < parts &&
			       u->endpoint < bundle_count(BUNDLE_ENDPOINTS),
		       "use of an endpoint");
	}
}

void bundle_open(void)
{
	bundle = bundle_start;
	check_header();
	programs = table(BUNDLE_PROGRAMS, sizeof *programs, BUNDLE_COMPONENTS_MAX);
	segments = table(BUNDLE_SEGMENTS, sizeof *segments, 8 * BUNDLE_COMPONENTS_MAX);
	descriptions = table(BUNDLE_COMPONENTS, sizeof *descriptions, BUNDLE_COMPONENTS_MAX);
	pools = table(BUNDLE_POOLS, sizeof *pools, POOLS_MAX);
	pool_uses = table(BUNDLE_POOL_USES, sizeof *pool_uses, 4 * POOLS_MAX);
	channels = table(BUNDLE_CHANNELS, sizeof *channels, CHANNELS_MAX);
	endpoints = table(BUNDLE_ENDPOINTS, sizeof *endpoints, ENDPOINTS_MAX);
	endpoint_uses = table(BUNDLE_ENDPOINT_USES, sizeof *endpoint_uses, 16 * ENDPOINTS_MAX);
	check_programs();
	check_pools();
	check_endpoints();
	components = bundle_count(BUNDLE_COMPONENTS);
	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++)
		check_channel(&channels[i]);
	for (u32 i = 0; i < components; i++) {
		check_component(&descriptions[i]);
		component[i] = (struct component){ .b = &descriptions[i], .number = i };
	}
}
