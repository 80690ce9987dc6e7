/* SPDX-License-Identifier: MIT */
/*
 * Entries: what a grant's holder writes, clears, copies and reads.
 *
 * Owns:       leaf entries of page tables. Invariant: leaf_inv().
 * Locks:      this CPU's and the space's; space_copy: all locks.
 *             Spec: proofs/spec/spec_space.h
 * Called by:  generated dispatch; grant.c (entries_clear).
 * Never:      writes a slot or a page descriptor.
 *
 * A batch stays within one page-table page: one walk, then a tight loop.  The
 * checks are made under the space's lock too, so that one function does all.
 */
#include "mapping.h"
#include "dispatch.h"

enum {
	MAP_RIGHTS = MAP_READ | MAP_WRITE | MAP_EXEC,
	MAP_SIZES = MAP_SIZE_2M | MAP_SIZE_1G,
	MAP_BITS = MAP_RIGHTS | MAP_COMBINE | MAP_SIZES,
};

/* The level at which a leaf of this size stands. */
PRED u32 attr_level(u64 attr)
{
	return attr & MAP_SIZE_1G ? 3 : attr & MAP_SIZE_2M ? 2 : 1;
}

/* How many of `count` entries lie in the table that `at` is in. */
PRED u32 place_run(struct place at, u32 count)
{
	const u32 run = PT_ENTRIES - at.index;

	return count < run ? count : run;
}

/* How many of `count` entries of a lower level lie where the walk found nothing below `at`. */
PRED u32 place_skip(struct place at, u64 vpage, u32 level, u32 count)
{
	const u64 run = (level_end(vpage, at.level) - vpage) >> (LEVEL_BITS * (level - 1));

	return count < run ? count : (u32)run;
}

/* May a leaf stand at `at`, where a walk towards `level` ended? */
PRED err_t place_check(u32 kind, struct place at, u32 level)
{
	const u64 e = PTE(at.page, at.index);

	if (!pte_is_present(kind, e))
		return at.level == level ? OK : ERR_TABLE;
	return at.level == level && pte_is_leaf(kind, e, level) ? OK : ERR_STATE;
}

/* Clear one entry, if it is a leaf inside grant g; true: it was. */
HOT bool entry_clear(u32 g, u32 kind, struct place at)
{
	if (!grant_has_leaf(g, kind, PTE(at.page, at.index), at.level))
		return false;
	PTE(at.page, at.index) = 0;
	return true;
}

HOT bool run_clear(u32 g, u32 kind, struct place at, u32 n)
{
	bool cleared = false;

	for (u32 i = 0; i < STEP_ENTRIES && i < n; i++, at.index++)
		cleared |= entry_clear(g, kind, at);
	return cleared;
}

bool entries_clear(u32 g, u32 kind, struct place at, u32 n)
{
	return run_clear(g, kind, at, n);
}

/* --- writing entries -------------------------------------------------------- */

/* Is device memory behind grant g? */
PRED bool grant_is_device(u32 g)
{
	return SLOT(SLOT(g)->parent)->type == OBJ_DEVMEM;
}

PRED bool grant_may_combine(u32 g)
{
	return grant_is_device(g) && (SLOT(SLOT(g)->parent)->rights & RIGHT_DEVMEM_COMBINE);
}

/*
 * May `count` leaves with attributes attr be entered under grant g, from vaddr
 * and from its page `offset` on?  A leaf without READ does not exist on all
 * machines, and EXEC implies it on some: so READ must be among the rights.
 */
HOT err_t leaf_check(u32 g, u64 vaddr, u64 offset, u64 count, u64 attr, u32 level)
{
	const u64 pages = count << (LEVEL_BITS * (level - 1));
	const u64 low = level_pages(level) - 1;

	if (attr & MAP_RIGHTS & ~(u64)SLOT(g)->rights)
		return ERR_RIGHTS;
	if ((attr & MAP_COMBINE) && !grant_may_combine(g))
		return ERR_RIGHTS;
	if (!grant_has_window(g, vaddr >> PAGE_SHIFT, pages) ||
	    !range_has(SLOT(g)->count, offset, pages))
		return ERR_RANGE;
	if (!(attr & MAP_READ) || (vaddr & (PAGE_SIZE - 1)))
		return ERR_ARG;
	if (level == 1)
		return OK;
	if ((attr & MAP_SIZES) == MAP_SIZES || (vaddr >> PAGE_SHIFT & low) ||
	    ((SLOT(g)->first + offset) & low))
		return ERR_ARG;
	return arch_level_ok(SP(SLOT(g)->obj)->kind, level) ? OK : ERR_DEVICE;
}

/* Enter a leaf, replacing one. */
enum put { PUT_NEW, PUT_REPLACED, PUT_NOT }; /* not: a table stands there */

HOT enum put leaf_put(u32 kind, struct place at, u64 leaf)
{
	const u64 old = PTE(at.page, at.index);

	if (!pte_is_present(kind, old)) {
		PTE(at.page, at.index) = leaf;
		return PUT_NEW;
	}
	if (!pte_is_leaf(kind, old, at.level))
		return PUT_NOT;
	PTE(at.page, at.index) = leaf;
	return PUT_REPLACED;
}

/* Leaves that follow one another: of pages that do so, all alike. */
struct leaves {
	u32 page;   /* of the first */
	u32 rights; /* MAP_READ, MAP_WRITE, MAP_EXEC */
	bool device, combine;
};

/* How many were entered, before a table stood in the way, and whether one replaced another. */
struct entered {
	u32 done;
	bool replaced;
};

HOT struct entered run_enter(u32 kind, struct place at, u32 n, struct leaves l)
{
	struct entered r = { 0, false };

	for (; r.done < STEP_ENTRIES && r.done < n; r.done++, at.index++) {
		const u32 page = l.page + (r.done << (LEVEL_BITS * (at.level - 1)));
		const u64 leaf = pte_leaf(kind, page, l.rights, at.level, l.device, l.combine);
		const enum put put = leaf_put(kind, at, leaf);

		if (put == PUT_NOT)
			break;
		r.replaced |= put == PUT_REPLACED;
	}
	return r;
}

/* What became of a batch, or of one entry of a list. */
struct written {
	err_t err;
	u32 level; /* that is missing, with ERR_TABLE */
	u32 done;
	bool flush; /* translations may be in use that are no longer right */
};

/*
 * Enter up to `count` leaves from vaddr on, as far as they lie in one table and
 * as no table stands in their way.
 */
HOT struct written leaves_write(u32 g, u64 vaddr, u64 offset, u32 count, u64 attr, u32 level)
{
	const u32 kind = SP(SLOT(g)->obj)->kind;
	struct written w = { leaf_check(g, vaddr, offset, count, attr, level), 0, 0, false };

	if (!err_is_ok(w.err))
		return w;
	const struct place at = space_walk(SLOT(g)->obj, kind, vaddr >> PAGE_SHIFT, level);

	w.err = place_check(kind, at, level);
	w.level = at.level - 1;
	if (!err_is_ok(w.err))
		return w;

	/* commit */
	const struct leaves l = { SLOT(g)->first + (u32)offset, (u32)attr & MAP_RIGHTS, grant_is_device(g),
				  attr & MAP_COMBINE };
	/* It is the level that was wanted, which is a constant for small pages. */
	const struct place from = { at.page, at.index, level };
	const struct entered r = run_enter(kind, from, place_run(at, count), l);

	w.done = r.done;
	/* An IOMMU in caching mode keeps absent entries too (VT-d 3.3, section 6.1). */
	w.flush = r.replaced || kind == SPACE_IO;
	return w;
}

/* The same for large pages, and for one entry of a list. */
static struct written leaves_write_any(u32 g, u64 vaddr, u64 offset, u32 count, u64 attr)
{
	return leaves_write(g, vaddr, offset, count, attr, attr_level(attr));
}

err_t sys_grant_map(u32 t, u32 g, u64 vaddr, u64 offset, u64 count, u64 attr)
{
	const u32 sp = SLOT(g)->obj;

	if (!grant_is_live(g))
		return ERR_STATE;
	arch_lock(&SP(sp)->lock);
	/* Small pages have code of their own: the level is a constant in it. */
	const struct written w = attr & MAP_SIZES
					 ? leaves_write_any(g, vaddr, offset, (u32)count, attr)
					 : leaves_write(g, vaddr, offset, (u32)count, attr, 1);

	if (w.flush)
		arch_space_flush(sp, vaddr >> PAGE_SHIFT, w.done * level_pages(attr_level(attr)));
	arch_unlock(&SP(sp)->lock);
	FR_OUT(t, 0) = err_is(w.err, ERR_TABLE) ? w.level : w.done;
	return w.err;
}

/* May `count` entries from vaddr on be visited under grant g, to clear them? */
HOT err_t clear_check(u32 g, u64 vaddr, u64 count, u64 attr, u32 level)
{
	if (!grant_has_window(g, vaddr >> PAGE_SHIFT, count << (LEVEL_BITS * (level - 1))))
		return ERR_RANGE;
	if ((attr & ~(u64)MAP_SIZES) || (attr & MAP_SIZES) == MAP_SIZES)
		return ERR_ARG;
	return vaddr & ((level_pages(level) << PAGE_SHIFT) - 1) ? ERR_ARG : OK;
}

/* Clear those of up to `count` entries that belong to grant g. */
HOT struct written leaves_clear(u32 g, u64 vaddr, u32 count, u64 attr, u32 level)
{
	const u32 kind = SP(SLOT(g)->obj)->kind;
	const u64 vpage = vaddr >> PAGE_SHIFT;
	struct written w = { clear_check(g, vaddr, count, attr, level), 0, 0, false };

	if (!err_is_ok(w.err))
		return w;
	const struct place at = space_walk(SLOT(g)->obj, kind, vpage, level);

	/* commit */
	if (at.level != level) {
		w.done = place_skip(at, vpage, level, count);
		return w;
	}
	w.done = place_run(at, count);
	w.flush = run_clear(g, kind, at, w.done);
	return w;
}

static struct written leaves_clear_any(u32 g, u64 vaddr, u32 count, u64 attr)
{
	return leaves_clear(g, vaddr, count, attr, attr_level(attr));
}

err_t sys_grant_unmap(u32 t, u32 g, u64 vaddr, u64 count, u64 attr)
{
	const u32 sp = SLOT(g)->obj;

	if (!grant_is_live(g))
		return ERR_STATE;
	arch_lock(&SP(sp)->lock);
	const struct written w = attr & MAP_SIZES ? leaves_clear_any(g, vaddr, (u32)count, attr)
						  : leaves_clear(g, vaddr, (u32)count, attr, 1);

	if (w.flush)
		arch_space_flush(sp, vaddr >> PAGE_SHIFT, w.done * level_pages(attr_level(attr)));
	arch_unlock(&SP(sp)->lock);
	FR_OUT(t, 0) = w.done;
	return w.err;
}

/* --- lists --------------------------------------------------------------------- */

/* Deal with one entry of a list: two words, each read once. */
static struct written list_entry(u32 g, u64 word, u64 offset)
{
	const u64 attr = word & (PAGE_SIZE - 1);

	if (attr > MAP_BITS)
		return (struct written){ ERR_ARG, 0, 0, false };
	/* As for grant_map: the level of small pages is a constant. */
	if (attr == 0)
		return leaves_clear(g, word, 1, 0, 1);
	if (!(attr & MAP_SIZES))
		return leaves_write(g, word - attr, offset, 1, attr, 1);
	return attr & ~(u64)MAP_SIZES ? leaves_write_any(g, word - attr, offset, 1, attr)
				      : leaves_clear_any(g, word - attr, 1, attr);
}

err_t sys_grant_map_list(u32 t, u32 g, u64 count)
{
	const u32 msg = TH(t)->msg;
	const u32 sp = SLOT(g)->obj;
	struct written w = { OK, 0, 0, false };
	u64 low = UINT64_MAX; /* what has to be flushed */
	u64 high = 0;
	u32 done = 0;

	if (msg == NIL)
		return ERR_MSG_PAGE;
	if (!grant_is_live(g))
		return ERR_STATE;
	arch_lock(&SP(sp)->lock);
	for (u32 i = 0; i < STEP_ENTRIES && i < count && err_is_ok(w.err); i++) {
		/* Programs may be writing to the page: each word is read once. */
		const u64 word = WORD(msg, 2 * i);
		const u64 vpage = word >> PAGE_SHIFT;
		const u64 end = vpage + level_pages(attr_level(word));

		w = list_entry(g, word, WORD(msg, 2 * i + 1));
		low = w.flush && vpage < low ? vpage : low;
		high = w.flush && end > high ? end : high;
		done += w.done;
	}
	if (low < high)
		arch_space_flush(sp, low, high - low);
	arch_unlock(&SP(sp)->lock);
	FR_OUT(t, 0) = done;
	FR_OUT(t, 1) = err_is(w.err, ERR_TABLE) ? w.level : 0;
	return done == 0 ? w.err : OK;
}

/* --- copying, reading marks ------------------------------------------------------ */

/* Copy entry e to dst with what both grants and attr allow; true: flush dst. */
static bool entry_copy(u32 to, u32 kind, u64 e, struct place dst, u64 attr)
{
	const u32 to_kind = SP(SLOT(to)->obj)->kind;
	const u32 rights = pte_rights(kind, e) & (u32)attr & MAP_RIGHTS & SLOT(to)->rights;
	const u64 leaf = pte_leaf(to_kind, pte_page(e), rights, 1, grant_is_device(to), false);

	if (!(rights & MAP_READ))
		return false;
	return leaf_put(to_kind, dst, leaf) == PUT_REPLACED || to_kind == SPACE_IO;
}

/*
 * Take WRITE away; true: it was there.  Atomic, for a processor may be setting
 * the dirty mark at the same time (Intel SDM vol 3, 4.8).
 */
static bool entry_protect(u32 kind, struct place at)
{
	const u64 keep = pte_without(kind, UINT64_MAX, MAP_WRITE);

	return arch_atomic_and((u64 *)&PTE(at.page, at.index), keep) & ~keep;
}

/* Which spaces have translations that are no longer right. */
enum { FLUSH_SOURCE = 1, FLUSH_TARGET = 2 };

/* Pass one entry on, if both grants allow it. */
HOT u32 entry_pass(u32 g, u32 to, struct place src, struct place dst, u64 attr)
{
	const u32 kind = SP(SLOT(g)->obj)->kind;
	const u64 e = PTE(src.page, src.index);

	if (!grant_has_leaf(g, kind, e, 1) || !grant_has_leaf(to, kind, e, 1))
		return 0;
	const u32 flush = entry_copy(to, kind, e, dst, attr) ? FLUSH_TARGET : 0;

	return attr & COPY_PROTECT && entry_protect(kind, src) ? flush | FLUSH_SOURCE : flush;
}

/* Copy n entries from src to dst; both are in tables of level 1. */
HOT u32 run_copy(u32 g, u32 to, struct place src, struct place dst, u32 n, u64 attr)
{
	u32 flush = 0;

	for (u32 i = 0; i < STEP_ENTRIES && i < n; i++, src.index++, dst.index++)
		flush |= entry_pass(g, to, src, dst, attr);
	return flush;
}

err_t sys_space_copy(u32 t, u32 g, u32 to, u64 vaddr, u64 count, u64 attr)
{
	const u64 vpage = vaddr >> PAGE_SHIFT;

	if (!grant_is_live(g) || !grant_is_live(to))
		return ERR_STATE;
	if (!grant_has_window(g, vpage, count) || !grant_has_window(to, vpage, count))
		return ERR_RANGE;
	if (vaddr & (PAGE_SIZE - 1))
		return ERR_ARG;
	const u32 to_kind = SP(SLOT(to)->obj)->kind;
	const struct place src = space_walk(SLOT(g)->obj, SP(SLOT(g)->obj)->kind, vpage, 1);

	if (src.level != 1) {
		FR_OUT(t, 0) = place_skip(src, vpage, 1, (u32)count);
		return OK;
	}
	const struct place dst = space_walk(SLOT(to)->obj, to_kind, vpage, 1);
	const err_t err = place_check(to_kind, dst, 1);

	if (!err_is_ok(err)) {
		FR_OUT(t, 0) = dst.level - 1;
		return err;
	}
	count = place_run(src, (u32)count);

	/* commit */
	const u32 flush = run_copy(g, to, src, dst, (u32)count, attr);

	if (flush & FLUSH_SOURCE)
		arch_space_flush(SLOT(g)->obj, vpage, count);
	if (flush & FLUSH_TARGET)
		arch_space_flush(SLOT(to)->obj, vpage, count);
	FR_OUT(t, 0) = count;
	return OK;
}

/*
 * Read an entry inside grant g and clear its marks; 0: it is not one.  Atomic,
 * and to be flushed: a processor may be setting a mark, and does not set it
 * again while it holds the translation (Intel SDM vol 3, 4.10.4.3).
 */
HOT u64 entry_harvest(u32 g, u32 kind, struct place at)
{
	if (!grant_has_leaf(g, kind, PTE(at.page, at.index), 1))
		return 0;
	return arch_atomic_and((u64 *)&PTE(at.page, at.index), pte_clean(kind, UINT64_MAX));
}

/* Marks of a run of entries, one bit for each. */
struct marks {
	u64 accessed, dirty;
};

HOT struct marks run_harvest(u32 g, u32 kind, struct place at, u32 n)
{
	struct marks m = { 0, 0 };

	for (u32 i = 0; i < STEP_ENTRIES && i < n; i++, at.index++) {
		const u64 e = entry_harvest(g, kind, at);

		m.accessed |= (u64)pte_is_accessed(kind, e) << i;
		m.dirty |= (u64)pte_is_dirty(kind, e) << i;
	}
	return m;
}

err_t sys_space_harvest(u32 t, u32 g, u64 vaddr, u64 count)
{
	const u64 vpage = vaddr >> PAGE_SHIFT;

	if (!grant_is_live(g))
		return ERR_STATE;
	if (!grant_has_window(g, vpage, count))
		return ERR_RANGE;
	if (vaddr & (PAGE_SIZE - 1))
		return ERR_ARG;
	const u32 sp = SLOT(g)->obj;
	const u32 kind = SP(sp)->kind;
	struct marks m = { 0, 0 };

	/* commit */
	arch_lock(&SP(sp)->lock);
	const struct place at = space_walk(sp, kind, vpage, 1);
	const bool found = at.level == 1;
	const u32 done = found ? place_run(at, (u32)count) : place_skip(at, vpage, 1, (u32)count);

	if (found)
		m = run_harvest(g, kind, at, done);
	if (m.accessed | m.dirty)
		arch_space_flush(sp, vpage, done);
	arch_unlock(&SP(sp)->lock);
	FR_OUT(t, 0) = done;
	FR_OUT(t, 1) = m.accessed;
	FR_OUT(t, 2) = m.dirty;
	return OK;
}
