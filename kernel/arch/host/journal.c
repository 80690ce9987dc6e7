/* SPDX-License-Identifier: MIT */
/*
 * Journal of a kernel entry on the simulated machine: a copy of each page and
 * descriptor that the entry came near, taken before it could change it.
 *
 * From it follow checks that no kernel can do for itself: free pages are
 * neither written nor left with what an object had in them; a local operation
 * writes only objects of its own CPU; an error changes nothing.
 */
#define STATE_PEEK
#include "host.h"

#include <stdio.h>
#include <string.h>

struct host_memory host_mem;
struct cpu host_cpu_state[CPU_MAX];

static struct {
	u32 pages, descriptors;
	u32 page[HOST_PAGES_MAX], descriptor[HOST_PAGES_MAX];
	struct page pd[HOST_PAGES_MAX];
	struct kernel_state ks;
	struct cpu cpu[HOST_CPUS_MAX];
	_Alignas(4096) u8 byte[HOST_PAGES_MAX][PAGE_SIZE];
} journal;

void host_note_page(u32 page)
{
	host_mem.stamp[page] = host_mem.entry;
	if (!host.in_kernel)
		return;
	journal.page[journal.pages++] = page;
	memcpy(journal.byte[page], host_mem.byte[page], PAGE_SIZE);
}

void host_note_descriptor(u32 page)
{
	host_mem.pd_stamp[page] = host_mem.entry;
	if (!host.in_kernel)
		return;
	journal.descriptor[journal.descriptors++] = page;
	journal.pd[page] = host_mem.pd[page];
}

void host_bad_access(u32 page, u32 type, u32 wanted)
{
	if (page >= host_mem.pages)
		host_fail("access to a page that is not RAM", page, wanted);
	host_fail("page used as another type than it has", page, (u64)type << 32 | wanted);
}

void host_journal_start(void)
{
	host_mem.entry++;
	journal.pages = 0;
	journal.descriptors = 0;
	journal.ks = ks;
	memcpy(journal.cpu, host_cpu_state, sizeof(journal.cpu));
	host.in_kernel = true;
	host.was_global = false;
}

static bool page_was_noted(u32 page)
{
	return host_mem.stamp[page] == host_mem.entry;
}

const void *host_page_before(u32 page)
{
	return page_was_noted(page) ? journal.byte[page] : host_mem.byte[page];
}

struct page host_descriptor_before(u32 page)
{
	return host_mem.pd_stamp[page] == host_mem.entry ? journal.pd[page] : host_mem.pd[page];
}

u32 host_touched_count(void)
{
	return journal.pages;
}

u32 host_touched(u32 i)
{
	return journal.page[i];
}

static bool page_changed(u32 page)
{
	return memcmp(journal.byte[page], host_mem.byte[page], PAGE_SIZE) != 0;
}

static void check_zero(u32 page, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++) {
		if (host_mem.byte[page][i] != 0)
			host_fail("a freed page was not cleared", page, i);
	}
}

static void check_cleared(u32 page, struct page before)
{
	if (host_is_space_type(before.type) && before.head != page)
		check_zero(page, 0, PAGE_SIZE);
	else if (before.type != OBJ_FRAMES)
		check_zero(page, object_start(before.type), object_end(before.type));
	if (before.type == OBJ_THREAD)
		check_zero(page, HOST_XSTATE, PAGE_SIZE);
}

/* Pages that became free are filled with poison, so that nothing relies on zeros. */
static void check_free_pages(void)
{
	for (u32 i = 0; i < journal.descriptors; i++) {
		u32 page = journal.descriptor[i];
		if (host_mem.pd[page].type != PAGE_FREE || journal.pd[page].type == PAGE_FREE)
			continue;
		check_cleared(page, journal.pd[page]);
		memset(host_mem.byte[page], HOST_POISON, PAGE_SIZE);
	}
	for (u32 i = 0; i < journal.pages; i++) {
		u32 page = journal.page[i];
		if (host_mem.pd[page].type == PAGE_FREE &&
		    host_descriptor_before(page).type == PAGE_FREE && page_changed(page))
			host_fail("a free page was written", page, 0);
	}
}

/* The CPU whose lock protects a page, or NIL: locks of all CPUs. */
static u32 page_home(u32 page)
{
	switch (host_mem.pd[page].type) {
	case OBJ_THREAD: return TH(page)->home;
	case OBJ_EP: return EP(page)->home;
	case OBJ_NOTIF: return NT(page)->home;
	case OBJ_SCHED: return SC(page)->cpu;
	case OBJ_IRQ: return IRQ(page)->cpu;
	default: return NIL;
	}
}

/* Other CPUs may set a notification's bits and put it into the mailbox. */
static bool only_mail_changed(u32 page)
{
	struct notif now = *NT(page), before;
	memcpy(&before, &journal.byte[page][OBJECT_OFFSET], sizeof(before));
	before.word = now.word;
	before.mailed = now.mailed;
	before.mail = now.mail;
	return memcmp(&before, &now, sizeof(now)) == 0;
}

/* The links of a waiting thread belong to its queue, and so to the queue's home. */
static bool only_links_changed(u32 page, u32 cpu)
{
	struct thread now = *TH(page), before;

	if (now.queue == NIL || page_home(now.queue) != cpu)
		return false;
	memcpy(&before, &journal.byte[page][OBJECT_OFFSET], sizeof(before));
	before.qnext = now.qnext;
	before.qprev = now.qprev;
	return memcmp(&before, &now, sizeof(now)) == 0;
}

/* For a failure: what of a page is other than before. */
static void print_changes(u32 page)
{
	const u32 *now = (const u32 *)(void *)host_mem.byte[page];
	const u32 *then = (const u32 *)(void *)journal.byte[page];

	bool thread = host_mem.pd[page].type == OBJ_THREAD;

	for (u32 i = 0; i < PAGE_SIZE / 4 && !host.catching; i++) {
		bool frame = thread && i >= OBJECT_OFFSET / 4 &&
			     i < (OBJECT_OFFSET + sizeof(struct arch_frame)) / 4;
		if (now[i] != then[i] && !frame)
			fprintf(stderr, "# page %#x type %u +%u: %#x -> %#x\n", page,
				host_mem.pd[page].type, i * 4, then[i], now[i]);
	}
}

void host_print_changes(void)
{
	for (u32 i = 0; i < journal.pages; i++)
		print_changes(journal.page[i]);
}

/* What a local operation may write: see ARCHITECTURE, section on many CPUs. */
static void check_footprint(u32 cpu)
{
	for (u32 i = 0; i < journal.pages; i++) {
		u32 page = journal.page[i], type = host_mem.pd[page].type;
		if (page_home(page) == cpu || !page_changed(page))
			continue;
		bool is_entries = type == OBJ_PTABLE || host_is_space_type(type);
		if (type == OBJ_FRAMES || is_entries)
			continue;
		if (type == OBJ_NOTIF && only_mail_changed(page))
			continue;
		if (type == OBJ_THREAD && only_links_changed(page, cpu))
			continue;
		host_fail("a local operation wrote an object of another CPU", page, type);
	}
	for (u32 i = 0; i < journal.descriptors; i++) {
		u32 page = journal.descriptor[i];
		if (memcmp(&journal.pd[page], &host_mem.pd[page], sizeof(struct page)) != 0)
			host_fail("a local operation wrote a page descriptor", page, 0);
	}
	for (u32 c = 0; c < ks.cpus; c++) {
		struct cpu before = journal.cpu[c];
		before.mailbox = CPU(c)->mailbox;
		before.lock = CPU(c)->lock;
		if (c != cpu && memcmp(&before, CPU(c), offsetof(struct cpu, traced)) != 0)
			host_fail("a local operation wrote another CPU's state", c, 0);
	}
}

void host_journal_end(u32 cpu)
{
	host.in_kernel = false;
	if (host.held_count != 0)
		host_fail("a lock is held at the end of a kernel entry", host.held_count, 0);
	if (!host.was_global)
		check_footprint(cpu);
	check_free_pages();
}

/* Is the page as before, but for result registers in the caller's frame? */
static bool same_but_results(u32 page, bool is_caller)
{
	/* Taking a space's lock leaves its tickets behind. */
	bool is_space =
		host_is_space_type(host_mem.pd[page].type) && host_mem.pd[page].head == page;

	if (!is_caller && !is_space)
		return !page_changed(page);
	_Alignas(8) static u8 copy[PAGE_SIZE];
	memcpy(copy, journal.byte[page], PAGE_SIZE);
	void *object = &copy[OBJECT_OFFSET];
	if (is_space)
		((struct space *)object)->lock = SP(page)->lock;
	else
		((struct thread *)object)->frame = TH(page)->frame;
	return memcmp(copy, host_mem.byte[page], PAGE_SIZE) == 0;
}

/* Frame and FPU state of the caller are checked apart, by who knows the call. */
bool host_changed_nothing(u32 caller)
{
	for (u32 i = 0; i < journal.pages; i++) {
		if (!same_but_results(journal.page[i], journal.page[i] == caller))
			return false;
	}
	for (u32 i = 0; i < journal.descriptors; i++) {
		u32 page = journal.descriptor[i];
		if (memcmp(&journal.pd[page], &host_mem.pd[page], sizeof(struct page)) != 0)
			return false;
	}
	for (u32 c = 0; c < ks.cpus; c++) {
		journal.cpu[c].lock = CPU(c)->lock;
		if (memcmp(&journal.cpu[c], CPU(c), offsetof(struct cpu, traced)) != 0)
			return false;
	}
	return memcmp(&journal.ks, &ks, sizeof(ks)) == 0;
}
