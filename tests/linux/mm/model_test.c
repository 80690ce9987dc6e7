/* SPDX-License-Identifier: MIT */
/*
 * Random calls on several address spaces, compared with a model of one word for each
 * page; and what must hold between tree, counts and the kernel's entries.
 *
 *   model_test SEED STEPS [short]
 *
 * short: there is so little memory that calls fail half way; then only what must always hold is
 * looked at, and that everything is given back.
 */
#include <stdio.h>

#include "fake.h"
#include "linux/calls.h"

unsigned long strtoul(const char *s, char **end, int base);

enum { MMS = 5, WINDOW = 200, SHMS = 4096, SHM_PAGES = 64 };
#define BASE 0x7f0000fc0000ull /* so that leaves and tables end inside the window */

enum kind { NONE, ANON, FILE_PRIVATE, FILE_SHARED, SHM };
struct model_page {
	enum kind kind;
	u32 prot;
	bool own;  /* FILE_PRIVATE: was written to */
	u64 value; /* of ANON, and of what is its own */
	u32 object, index;
};
struct model {
	struct mm *mm;
	struct model_page page[WINDOW];
};

static bool is_short;
/* What is so when there is enough memory. */
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!is_short)                                                                     \
			CHECK(condition);                                                          \
	} while (0)

static struct model space[MMS];
static u64 file_value[FILES][FILE_PAGES];
static u64 shm_value[SHMS][SHM_PAGES];
static u32 shm_count;
static u64 copies_seen;

static u64 address(u64 page)
{
	return BASE + page * PAGE;
}

/* Where the model has the word of a page; NULL: beyond the file's end. */
static u64 *value_of(struct model_page *p)
{
	switch (p->kind) {
	case ANON: return &p->value;
	case SHM: return &shm_value[p->object][p->index];
	case FILE_PRIVATE:
		if (p->own)
			return &p->value;
		[[fallthrough]];
	case FILE_SHARED:
		if (p->index >= fake_file[p->object]->inode->size / PAGE)
			return NULL;
		return &file_value[p->object][p->index];
	default: return NULL;
	}
}

static s64 expected(struct model_page *p, unsigned access)
{
	if (p->kind == NONE)
		return -EFAULT;
	if (access == ACCESS_WRITE  ? !(p->prot & PROT_WRITE)
	    : access == ACCESS_EXEC ? !(p->prot & PROT_EXEC)
				    : p->prot == 0)
		return -EACCES;
	return value_of(p) == NULL ? -ENXIO : 0;
}

/* As a processor does it: through the kernel's entries, with faults where they do not allow it. */
static s64 touch(struct model *m, u64 page, unsigned access, u64 **word)
{
	const u32 need = access == ACCESS_WRITE  ? MAP_WRITE
			 : access == ACCESS_EXEC ? MAP_EXEC
						 : MAP_READ;
	page_t p = 0;

	for (unsigned i = 0; i < 3; i++) {
		if (fake_entry(mm_space(m->mm), address(page), &p) & need) {
			*word = page_at(p);
			return 0;
		}
		const s64 e = mm_fault(m->mm, address(page) + 8, access);

		if (e < 0)
			return e;
	}
	fail(__FILE__, __LINE__, "a fault that does not help");
}

static void model_write(struct model_page *p, u64 value)
{
	if (p->kind == FILE_PRIVATE && !p->own)
		p->own = true;
	*value_of(p) = value;
}

/* --- what is done ------------------------------------------------------------------------ */

static void do_touch(struct model *m)
{
	const u64 page = rnd() % WINDOW, value = rnd();
	const unsigned access = 1u << (rnd() % 3);
	struct model_page *p = &m->page[page];
	u64 *word;
	const s64 e = touch(m, page, access, &word);

	EXPECT(e == expected(p, access));
	if (e < 0)
		return;
	EXPECT(*word == *value_of(p));
	if (access == ACCESS_WRITE) {
		*word = value;
		if (!is_short)
			model_write(p, value);
	}
}

static void do_copy(struct model *m)
{
	const u64 page = rnd() % WINDOW, value = rnd();
	struct model_page *p = &m->page[page];
	u64 word = 0;

	if (is_short) {
		(void)copy_in(m->mm, &word, address(page), 8);
		(void)copy_out(m->mm, address(page), &value, 8);
		return;
	}
	CHECK((copy_in(m->mm, &word, address(page), 8) == 0) == (expected(p, ACCESS_READ) == 0));
	if (expected(p, ACCESS_READ) == 0)
		CHECK(word == *value_of(p));
	if (rnd() % 2)
		return;
	CHECK((copy_out(m->mm, address(page), &value, 8) == 0) == (expected(p, ACCESS_WRITE) == 0));
	if (expected(p, ACCESS_WRITE) == 0)
		model_write(p, value);
}

static void range(u64 *from, u64 *pages)
{
	*from = rnd() % WINDOW;
	*pages = 1 + rnd() % (rnd() % 4 == 0 ? WINDOW : 12);
	if (*pages > WINDOW - *from)
		*pages = WINDOW - *from;
}

/* Pages of a file that may be written to privately are copied at once, up to the file's end: all if memory lasts. */
static void note_copies(struct model *m, u64 from, u64 pages)
{
	u64 i;

	for (i = 0; i < pages; i++) {
		struct model_page *p = &m->page[from + i];
		const u64 n = address(from + i) >> PAGE_SHIFT;
		const struct leaf *l = tree_leaf(&m->mm->tree, n);

		if (l == NULL || !(l->present & ~l->file & bit(n % LEAF_PAGES)))
			break;
		p->value = *value_of(p);
		p->own = true;
	}
	CHECK(i == pages || value_of(&m->page[from + i]) == NULL || pages_free() <= pages_total() / 16);
	copies_seen += i;
}

static void do_map(struct model *m)
{
	static const unsigned prots[] = { 0, 1, 3, 3, 3, 5, 7, 2 };
	u64 from, pages;

	range(&from, &pages);
	if (pages > SHM_PAGES)
		pages = SHM_PAGES;
	const enum kind kind = ANON + rnd() % 4;
	const unsigned prot = prots[rnd() % 8];
	const bool shared = kind == FILE_SHARED || kind == SHM;
	const u32 file = (u32)(rnd() % FILES), index = (u32)(rnd() % (FILE_PAGES - pages + 1));
	const bool has_file = kind == FILE_PRIVATE || kind == FILE_SHARED;
	const bool populates = rnd() % 8 == 0;
	const unsigned flags = LX_MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) |
			       (has_file ? 0 : LX_MAP_ANONYMOUS) |
			       (populates ? LX_MAP_POPULATE : 0);

	if (kind == SHM && shm_count == SHMS)
		return;
	const s64 e = mm_map(m->mm, address(from), pages * PAGE - rnd() % PAGE, prot, flags,
			     has_file ? fake_file[file] : NULL, index * PAGE);

	EXPECT(e == (s64)address(from));
	for (u64 i = 0; i < pages; i++)
		m->page[from + i] = (struct model_page){
			.kind = kind,
			.prot = prot,
			.object = kind == SHM ? shm_count : file,
			.index = kind == SHM ? (u32)i : index + (u32)i,
		};
	shm_count += kind == SHM;
	if (!is_short && populates && kind == FILE_PRIVATE && (prot & PROT_WRITE))
		note_copies(m, from, pages);
}

static void do_unmap(struct model *m)
{
	u64 from, pages;

	range(&from, &pages);
	EXPECT(mm_unmap(m->mm, address(from), pages * PAGE) == 0);
	for (u64 i = from; i < from + pages; i++)
		m->page[i] = (struct model_page){ 0 };
}

static void do_protect(struct model *m)
{
	const u32 prot = rnd() % 8;
	u64 from, pages;
	s64 want = 0;

	range(&from, &pages);
	fake_task.mm = m->mm;
	const s64 e = lx_mprotect(&fake_task, address(from), pages * PAGE, prot);

	for (u64 i = from; i < from + pages && want == 0; i++) {
		if (m->page[i].kind == NONE)
			want = -ENOMEM;
		else
			m->page[i].prot = prot;
	}
	EXPECT(e == want);
}

static void do_discard(struct model *m)
{
	u64 from, pages;
	bool hole = false;

	range(&from, &pages);
	fake_task.mm = m->mm;
	const s64 e = lx_madvise(&fake_task, address(from), pages * PAGE, 4);

	for (u64 i = from; i < from + pages; i++) {
		hole |= m->page[i].kind == NONE;
		m->page[i].own = false;
		m->page[i].value = 0;
	}
	EXPECT(e == (hole ? -ENOMEM : 0));
}

static void do_remap(struct model *m)
{
	const u64 from = rnd() % WINDOW, to = rnd() % WINDOW;
	const u64 old = rnd() % 16 + 1, new = rnd() % 16 + 1;
	struct model_page copy[16];

	if (from + old > WINDOW || to + new > WINDOW || from + new > WINDOW)
		return;
	fake_task.mm = m->mm;
	const bool fixed = rnd() % 2;
	const s64 e = lx_mremap(&fake_task, address(from), old * PAGE, new *PAGE, fixed ? 3 : 0,
				address(to));

	if (is_short)
		return;
	if (e == -EFAULT || e == -ENOMEM || e == -EINVAL) {
		/* The place was cleared before the old range was looked at, or not. */
		if (fixed && e != -EINVAL)
			CHECK(e == -EFAULT);
		return;
	}
	CHECK(e == (s64)address(fixed ? to : from));
	const struct model_page first = m->page[from];

	for (u64 i = 0; i < old; i++) {
		copy[i] = m->page[from + i];
		m->page[from + i] = (struct model_page){ 0 };
	}
	for (u64 i = 0; i < new; i++) {
		struct model_page *p = &m->page[(fixed ? to : from) + i];

		*p = i < old ? copy[i]
			     : (struct model_page){ .kind = first.kind,
						    .prot = first.prot,
						    .object = first.object,
						    .index = first.index + (u32)i };
		/* What lies beyond a shared object's end is given up: the model has no fault for it. */
		if ((p->kind == SHM && p->index >= SHM_PAGES) ||
		    (p->kind != SHM && p->kind != ANON && p->index >= FILE_PAGES) ||
		    (p->kind == SHM && i >= old)) {
			CHECK(mm_unmap(m->mm, address((fixed ? to : from) + i), PAGE) == 0);
			*p = (struct model_page){ 0 };
		}
	}
}

static void do_fork(u32 from)
{
	const u32 to = (u32)(rnd() % MMS);

	if (to == from)
		return;
	if (space[to].mm != NULL)
		mm_put(space[to].mm);
	space[to] = space[from];
	if (rnd() % 4 == 0)
		space[to].mm = mm_new();
	else
		CHECK((mm_fork(space[from].mm, &space[to].mm) == 0) == (space[to].mm != NULL));
	EXPECT(space[to].mm != NULL);
	if (space[to].mm == NULL)
		return;
	if (space[to].mm->areas == 0)
		space[to] = (struct model){ .mm = space[to].mm };
}

static void do_cut(void)
{
	const u32 file = (u32)(rnd() % FILES);
	const u64 keep = rnd() % (FILE_PAGES + 1);

	fake_file_size(file, keep * PAGE);
	for (u64 i = keep; i < FILE_PAGES; i++)
		file_value[file][i] = 0;
	for (u32 s = 0; s < MMS; s++) {
		for (u64 i = 0; i < WINDOW; i++) {
			struct model_page *p = &space[s].page[i];

			if (p->kind == FILE_PRIVATE && p->object == file && p->index >= keep)
				p->own = false;
		}
	}
	fake_file_size(file, FILE_PAGES * PAGE - (rnd() % 2 ? 0 : PAGE));
}

/* The file system wrote what it knows to be changed: of what is changed from now on it must hear again. */
static void do_clean(void)
{
	const u32 file = (u32)(rnd() % FILES);

	mm_file_clean(fake_file[file]->inode);
	for (u64 i = 0; i < FILE_PAGES; i++)
		fake_told[file][i] = false;
}

/* --- what must hold ------------------------------------------------------------------------- */

static void entry_holds(u64 vaddr, page_t page, u32 attr, void *arg)
{
	struct mm *mm = arg;
	const u64 n = vaddr >> PAGE_SHIFT;
	struct leaf *l = tree_leaf(&mm->tree, n);

	CHECK(l != NULL);
	const u64 mask = bit(n % LEAF_PAGES);

	CHECK(l->present & l->mapped & l->read & mask);
	CHECK(l->page[n % LEAF_PAGES] == page);
	CHECK(!(attr & MAP_WRITE) || (l->write & mask));
	const struct area *a = area_find(mm, n);

	CHECK(a != NULL && a->prot != 0);
	CHECK(!(attr & MAP_WRITE) || (a->prot & PROT_WRITE));
	CHECK(!(attr & MAP_EXEC) || (a->prot & PROT_EXEC));
	CHECK(*page_refs(page) > 0 && *page_refs(page) < 1000);
}

static void leaf_holds(struct mm *mm, const struct leaf *l)
{
	CHECK(l->present != 0);
	CHECK(((l->read | l->write | l->file | l->mapped) & ~l->present) == 0);
	for_bits(i, l->write) {
		const struct area *a = area_find(mm, l->first + i);

		CHECK(a != NULL && (a->prot & PROT_WRITE));
		if (!(a->flags & AREA_SHARED))
			CHECK(*page_refs(l->page[i]) == 1 && !(l->file & bit((unsigned)i)));
		else if (a->file->inode->ops->dirty != NULL)
			CHECK(fake_told[a->file->inode->ino][a->index + l->first + i - a->start]);
	}
}

static void holds(struct mm *mm)
{
	u64 pages = 0, data = 0, resident = 0;
	struct leaf *l;

	for (u32 i = 0; i < mm->areas; i++) {
		const struct area *a = mm->area[i];

		CHECK(a->start < a->end && a->mm == mm);
		CHECK(i == 0 || mm->area[i - 1]->end <= a->start);
		pages += a->end - a->start;
		data += is_data(a) ? a->end - a->start : 0;
	}
	CHECK(pages == mm->pages && data == mm->data_pages);
	for (u64 at = 0; (l = tree_next(&mm->tree, at, TASK_SIZE / PAGE)) != NULL;
	     at = l->first + LEAF_PAGES) {
		leaf_holds(mm, l);
		resident += count_bits(l->present);
	}
	CHECK(resident == mm->resident);
	fake_entries(mm_space(mm), entry_holds, mm);
}

static void step(void)
{
	const u32 i = (u32)(rnd() % MMS);
	struct model *m = &space[i];

	if (m->mm == NULL) {
		*m = (struct model){ .mm = mm_new() };
		EXPECT(m->mm != NULL);
		return;
	}
	switch (rnd() % 32) {
	case 0: do_fork(i); break;
	case 1: do_cut(); break;
	case 2:
	case 3:
	case 4: do_map(m); break;
	case 5: do_unmap(m); break;
	case 6:
	case 7: do_protect(m); break;
	case 8: do_discard(m); break;
	case 9: do_remap(m); break;
	case 10: do_clean(); break;
	case 11:
	case 12:
	case 13:
	case 14: do_copy(m); break;
	default: do_touch(m); break;
	}
}

int main(int argc, char **argv)
{
	const u64 seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	const u64 steps = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;

	is_short = argc > 3;
	rnd_seed(seed);
	/* Seldom enough tables for all: then they are taken from one another. */
	fake_start(rnd() % 2 ? 1000 : 12 + (u32)(rnd() % 40), is_short ? 600 : 2048);
	const u64 before = pages_free();
	page_t held = 0; /* linked through their first words */

	/* Also too little for the server itself, sometimes. */
	for (u64 n = is_short ? pages_free() - (30 + rnd() % 60) : 0; n > 0; n--) {
		const page_t p = page_take();

		*(page_t *)page_at(p) = held;
		held = p;
	}
	for (u64 i = 0; i < steps; i++) {
		step();
		if (i % 16 == 0) {
			for (u32 k = 0; k < MMS; k++) {
				if (space[k].mm != NULL)
					holds(space[k].mm);
			}
		}
	}
	for (u32 k = 0; k < MMS; k++) {
		if (space[k].mm != NULL)
			mm_put(space[k].mm);
	}
	CHECK(fake_entry_count() == 0);
	CHECK(fake_inodes == 0);
	CHECK(is_short || steps < 1000 || copies_seen > 0);
	while (held != 0) {
		const page_t next = *(page_t *)page_at(held);

		page_put(held);
		held = next;
	}
	/* Places of kernel objects and spaces are kept, and some empty slabs. */
	CHECK(pages_free() + 60 >= before);
	printf("seed %lu: %lu steps, %u kernel calls, %lu of %lu pages left\n", (unsigned long)seed,
	       (unsigned long)steps, fake_calls, (unsigned long)pages_free(),
	       (unsigned long)before);
	return 0;
}
