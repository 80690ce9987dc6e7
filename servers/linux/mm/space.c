/* SPDX-License-Identifier: MIT */
/*
 * Address spaces of the kernel, their page tables and entries.
 *
 * Owns:       spaces, in use or kept; each has a grant on every pool from which it ever had a page.
 * Called by:  mm/.
 * Never:      sleeps.
 *
 * Entries are a cache of the tree of pages: they may be cleared at any time, and a fault enters them
 * again.  So a space has a limited number of page-table pages, and one is taken from elsewhere in it
 * when there is no more; when there is no memory for them, from the space that has most.
 */
#include "space.h"

enum {
	KEEP = 16,         /* spaces kept for later use */
	KEEP_TABLES = 32,  /* with at most so many page-table pages */
	TABLES_LEAST = 64, /* that a space may have, and twice what all pages need in a row */
};

/* A page-table page. */
struct table {
	struct list link;
	struct kobj *object;
	u64 vaddr;
	u32 level;
};

static struct list live = { &live, &live }; /* spaces in use */
static struct list kept = { &kept, &kept }; /* the one used last is last */
static u32 kept_count;
static volatile u64 *words; /* the server thread's message page */

void space_start(volatile u64 *msg)
{
	words = msg;
}

/* --- spaces ---------------------------------------------------------------------- */

static struct space *space_new(void)
{
	struct space *s = kalloc(sizeof *s);

	if (s == NULL)
		return NULL;
	list_init(&s->link);
	list_init(&s->tables);
	s->object = kobj_new(OBJ_SPACE, 0);
	if (s->object == NULL) {
		kfree(s);
		return NULL;
	}
	return s;
}

static void table_free(struct space *s, struct table *t)
{
	list_del(&t->link);
	s->table_count--;
	kobj_free(t->object);
	kfree(t);
}

static void space_free(struct space *s)
{
	/* Without it nothing has to be swept for the grants, nor flushed for the tables. */
	kobj_free(s->object);
	for (unsigned i = 0; i < POOLS; i++) {
		if (s->grant[i] != NULL)
			kobj_free(s->grant[i]);
	}
	list_for_safe(at, &s->tables)
		table_free(s, container_of(at, struct table, link));
	list_del(&s->link);
	kfree(s);
}

static void kept_remove(struct space *s)
{
	list_del(&s->link);
	kept_count--;
}

/* One that was used for this layout; else the oldest; NULL: there is none. */
static struct space *kept_find(u64 layout)
{
	for (struct list *at = kept.prev; at != &kept; at = at->prev) {
		struct space *s = container_of(at, struct space, link);

		if (s->layout == layout)
			return s;
	}
	return list_empty(&kept) ? NULL : container_of(kept.next, struct space, link);
}

struct space *space_take(u64 layout)
{
	struct space *s = kept_find(layout);

	if (s != NULL)
		kept_remove(s);
	else
		s = space_new();
	if (s != NULL) {
		s->layout = layout;
		list_add(&live, &s->link);
	}
	return s;
}

void space_give(struct space *s)
{
	list_del(&s->link);
	if (s->table_count > KEEP_TABLES) {
		space_free(s);
		return;
	}
	list_add(&kept, &s->link);
	if (++kept_count <= KEEP)
		return;
	s = container_of(kept.next, struct space, link);
	kept_remove(s);
	space_free(s);
}

/* --- page tables ------------------------------------------------------------------ */

static u64 level_bytes(u32 level)
{
	return PAGE << (9 * level);
}

/* Give up a page-table page of the lowest level that does not hold `vaddr`; false: there is none. */
static bool table_evict(struct space *s, u64 vaddr)
{
	list_for_safe(at, &s->tables) {
		struct table *t = container_of(at, struct table, link);

		if (t->level != 1 || (t->vaddr ^ vaddr) < level_bytes(1))
			continue;
		table_free(s, t);
		return true;
	}
	return false;
}

static struct space *largest(void)
{
	struct space *most = NULL;

	list_for(at, &live) {
		struct space *s = container_of(at, struct space, link);

		if (most == NULL || s->table_count > most->table_count)
			most = s;
	}
	return most;
}

/* Some memory for kernel objects; what space s needs for vaddr stays. */
static bool reclaim(struct space *s, u64 vaddr)
{
	struct space *other = largest();

	if (list_empty(&kept))
		return table_evict(other, other == s ? vaddr : UINT64_MAX);
	other = container_of(kept.next, struct space, link);
	kept_remove(other);
	space_free(other);
	return true;
}

/* The table of `level` for vaddr; those above it must be there. */
static bool table_add(struct space *s, u64 vaddr, u32 level)
{
	const u64 most = TABLES_LEAST + pages_total() / 256;

	if (s->table_count >= most && !table_evict(s, vaddr))
		return false;
	struct table *t = kalloc(sizeof *t);

	if (t == NULL)
		return false;
	do {
		t->object = kobj_new(OBJ_PTABLE, 0);
	} while (t->object == NULL && reclaim(s, vaddr));
	if (t->object == NULL) {
		kfree(t);
		return false;
	}
	const err_t e = ptable_attach((ptable_h){ t->object->slot }, ANY(space_handle(s)), vaddr,
				      level, NULL);

	t->vaddr = vaddr & ~(level_bytes(level) - 1);
	t->level = level;
	list_add(&s->tables, &t->link);
	s->table_count++;
	if (err_is_ok(e))
		return true;
	log_line("page table of level %u at %lx: error %u", level, vaddr, e.v);
	table_free(s, t);
	return false;
}

/* --- entries ------------------------------------------------------------------------ */

static grant_h grant_of(struct space *s, unsigned pool)
{
	const u64 rights =
		RIGHT_GRANT_READ | RIGHT_GRANT_WRITE | RIGHT_GRANT_EXEC | RIGHT_GRANT_MAP;
	struct kobj *o = s->grant[pool];

	if (o != NULL)
		return (grant_h){ o->slot };
	o = kobj_slot();
	if (o == NULL)
		return (grant_h){ 0 };
	const err_t e = grant_create(ANY(pools[pool].frames), SLOT_OWN(o->slot),
				     ANY(space_handle(s)), PAGE, TASK_SIZE / PAGE - 1, rights);

	s->grant[pool] = o;
	if (err_is_ok(e))
		return (grant_h){ o->slot };
	log_line("grant on pool %u: error %u", pool, e.v);
	s->grant[pool] = NULL;
	kobj_free(o);
	return (grant_h){ 0 };
}

static u64 attr_of(const struct leaf *l, unsigned i, bool exec)
{
	return (u64)MAP_READ | (l->write & bit(i) ? MAP_WRITE : 0) | (exec ? MAP_EXEC : 0);
}

/* How many of the pages from i on, in `set`, follow each other and have the same rights. */
static unsigned run_length(const struct leaf *l, u64 set, unsigned i)
{
	const bool write = l->write & bit(i);
	unsigned n = 1;

	while (i + n < LEAF_PAGES && (set & bit(i + n)) && l->page[i + n] == l->page[i] + n &&
	       !(l->write & bit(i + n)) == !write)
		n++;
	return n;
}

static u64 vaddr_of(const struct leaf *l, unsigned i)
{
	return (l->first + i) << PAGE_SHIFT;
}

/* One call for each run. */
static bool enter_runs(struct space *s, struct leaf *l, u64 set, u64 exec, unsigned pool)
{
	const grant_h grant = grant_of(s, pool);

	while (set != 0) {
		const unsigned i = lowest(set);
		u64 done = run_length(l, set, i);
		const err_t e = grant_map(grant, vaddr_of(l, i), l->page[i] - pools[pool].first,
					  done, attr_of(l, i, exec), &done);

		if (err_is(e, ERR_TABLE) && table_add(s, vaddr_of(l, i), (u32)done))
			continue;
		if (!err_is_ok(e))
			return false;
		set &= ~bits(i, i + (unsigned)done);
		l->mapped |= bits(i, i + (unsigned)done);
	}
	return true;
}

/* One call for all. */
static bool enter_list(struct space *s, struct leaf *l, u64 set, u64 exec, unsigned pool)
{
	const grant_h grant = grant_of(s, pool);

	while (set != 0) {
		u64 n = 0, level = 0;

		for_bits(i, set) {
			words[2 * n] = vaddr_of(l, (unsigned)i) | attr_of(l, (unsigned)i, exec);
			words[2 * n + 1] = l->page[i] - pools[pool].first;
			n++;
		}
		const err_t e = grant_map_list(grant, n, &n, &level);

		if (err_is(e, ERR_TABLE) && table_add(s, vaddr_of(l, lowest(set)), (u32)level))
			continue;
		if (!err_is_ok(e))
			return false;
		for (; n > 0; n--) {
			l->mapped |= set & -set;
			set &= set - 1;
		}
	}
	return true;
}

static bool enter_pool(struct space *s, struct leaf *l, u64 set, bool exec, unsigned pool)
{
	unsigned runs = 0;

	for (u64 left = set; left != 0; runs++) {
		const unsigned i = lowest(left);

		left &= ~bits(i, i + run_length(l, left, i));
	}
	/* A call costs 450 instructions and 31 for each page; an entry of a list 220. */
	if ((runs - 1) * 5 <= count_bits(set) * 2)
		return enter_runs(s, l, set, exec, pool);
	return enter_list(s, l, set, exec, pool);
}

/* Those pages of a set that are of the same pool as its first. */
static u64 same_pool(const struct leaf *l, u64 set, unsigned *pool)
{
	u64 same = 0;

	*pool = pool_count == 1 ? 0 : page_pool(l->page[lowest(set)]);
	if (pool_count == 1)
		return set;
	for_bits(i, set) {
		if (page_pool(l->page[i]) == *pool)
			same |= bit((unsigned)i);
	}
	return same;
}

bool space_enter(struct space *s, struct leaf *l, u64 set, bool exec)
{
	while (set != 0) {
		unsigned pool;
		const u64 same = same_pool(l, set, &pool);

		if (!enter_pool(s, l, same, exec, pool))
			return false;
		set &= ~same;
	}
	return true;
}

/* Entries of one pool: only its grant clears them. */
static void clear_pool(struct space *s, struct leaf *l, u64 set, unsigned pool)
{
	const grant_h grant = { s->grant[pool]->slot };
	const unsigned first = lowest(set);
	const unsigned end = LEAF_PAGES - (unsigned)__builtin_clzll(set);
	u64 done = 0;
	err_t e = OK;

	if ((l->mapped & bits(first, end) & ~set) == 0) {
		e = grant_unmap(grant, vaddr_of(l, first), end - first, 0, &done);
	} else {
		u64 n = 0;

		for_bits(i, set) {
			words[2 * n] = vaddr_of(l, (unsigned)i);
			words[2 * n + 1] = 0;
			n++;
		}
		e = grant_map_list(grant, n, &done, NULL);
		if (err_is_ok(e) && done != n)
			e = ERR_RANGE;
	}
	if (!err_is_ok(e))
		sys_panic("linux: entries at %lx cannot be cleared: error %u", vaddr_of(l, first),
			  e.v);
	l->mapped &= ~set;
}

void space_clear(struct space *s, struct leaf *l, u64 set)
{
	set &= l->mapped;
	while (set != 0) {
		unsigned pool;
		const u64 same = same_pool(l, set, &pool);

		clear_pool(s, l, same, pool);
		set &= ~same;
	}
}
