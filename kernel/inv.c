/* SPDX-License-Identifier: MIT */
/*
 * Evaluates the invariants of proofs/spec: all of them at all indices, or the
 * few that concern what a CPU has at hand.
 *
 * Owns:       inv_failed.
 * Locks:      all locks (kernel_inv), the CPU's lock (kernel_inv_local).
 * Called by:  tests and fuzzer after every kernel entry; debug kernels.
 * Never:      is compiled into release kernels, writes kernel state.
 *
 * Facts that are not about one index are computed here: that each waiting call
 * has exactly one reply right, that the lists are as long as they should be,
 * and that some grant stands behind each leaf entry.
 */
#define STATE_PEEK
#include "inv.h"

#include "inv_cap.h"
#include "inv_device.h"
#include "inv_ipc.h"
#include "inv_page.h"
#include "inv_sched.h"
#include "inv_space.h"
#include "inv_thread.h"
#include "leak.h"

#if DEBUG
struct inv_failure inv_failed;

static bool failed(const char *name, u32 index, u32 index2)
{
	inv_failed = (struct inv_failure){ name, index, index2 };
	return false;
}

#define CHECK(pred)                                                                                \
	if (!pred(i))                                                                              \
		return failed(#pred, i, 0);
#define CHECK2(pred, i, j)                                                                         \
	if (!pred(i, j))                                                                           \
		return failed(#pred, i, j);

static bool all_of_page(u32 i)
{
	PAGE_INVARIANTS(CHECK)
	return true;
}

static bool all_of_cap(u32 i)
{
	CAP_INVARIANTS(CHECK)
	return true;
}

static bool all_of_thread(u32 i)
{
	THREAD_INVARIANTS(CHECK)
	TNODE_INVARIANTS(CHECK)
	return true;
}

static bool all_of_sched(u32 i)
{
	SCHED_INVARIANTS(CHECK)
	TNODE_INVARIANTS(CHECK)
	return true;
}

static bool all_of_ep(u32 i)
{
	EP_INVARIANTS(CHECK)
	return true;
}

static bool all_of_notif(u32 i)
{
	NOTIF_INVARIANTS(CHECK)
	return true;
}

static bool all_of_irq(u32 i)
{
	IRQ_INVARIANTS(CHECK)
	return true;
}

static bool all_of_device(u32 i)
{
	DEVICE_INVARIANTS(CHECK)
	for (u32 n = 0; n < DEVICE_FUNCTIONS && n < DV(i)->count; n++) {
		if (device_of(DV(i)->first + n) != i)
			return failed("device_inv: a function of two devices", i, n);
	}
	return true;
}

static bool all_of_space(u32 i)
{
	SPACE_INVARIANTS(CHECK)
	CHECK2(space_uid_inv, i, (u32)(SP(i)->uid % CPU_MAX))
	return true;
}

static bool all_of_table(u32 i)
{
	for (u32 n = 0; n < 512; n++) {
		if (CT(i)->leaf[n] != 0)
			CHECK2(table_leaf_inv, i, n)
	}
	return true;
}

static bool all_of_cpu(u32 i)
{
	CPU_INVARIANTS(CHECK)
	ENTRY_INVARIANTS(CHECK)
	CHECK(cpu_uid_inv)
	for (u32 p = 0; p < PRIO_COUNT; p++) {
		bool empty = CPU(i)->ready_head[p] == NIL && CPU(i)->ready_tail[p] == NIL;
		if (!empty || (CPU(i)->ready_map[p / 64] >> (p % 64) & 1))
			CHECK2(ready_queue_inv, i, p)
	}
	for (u32 v = 0; v < IRQ_VECTORS; v++) {
		if (CPU(i)->irq[v] != NIL)
			CHECK2(vector_inv, i, v)
	}
	return true;
}

/* The type of the page says which object invariants hold. */
static bool all_of_object(u32 p)
{
	switch (PD(p)->head == p ? PD(p)->type : 0) {
	case OBJ_TABLE: return all_of_table(p);
	case OBJ_SPACE:
	case OBJ_IOSPACE: return all_of_space(p);
	case OBJ_THREAD: return all_of_thread(p);
	case OBJ_SCHED: return all_of_sched(p);
	case OBJ_EP: return all_of_ep(p);
	case OBJ_NOTIF: return all_of_notif(p);
	case OBJ_IRQ: return all_of_irq(p);
	case OBJ_DEVICE: return all_of_device(p);
	default: return true;
	}
}

bool kernel_inv_local(u32 cpu)
{
	u32 t = CPU(cpu)->current;

	/* Its 416 queues and vectors in turn with the rest: one entry in eight. */
	if (CPU(cpu)->traced % 8 == 0 && !all_of_cpu(cpu))
		return false;
	if (t == NIL)
		return true;
	if (!all_of_page(t) || !all_of_object(t))
		return false;
	for (u32 i = 0; i < OBJECT_SLOTS; i++) {
		if (!all_of_cap(SLOT_OF(t, i)))
			return false;
	}
	return TH(t)->running_on == NIL || all_of_sched(TH(t)->running_on);
}

#ifdef INV_PAGES_MAX

/* --- the whole ------------------------------------------------------------------ */

enum { INV_GRANTS_MAX = 512 };

/* What one pass over all pages and slots collects for the facts about all. */
struct totals {
	u64 waiting;   /* sum over calls that wait, of their numbers, mixed */
	u64 rights;    /* the same over the rights to answer them */
	u32 queued;    /* pages of slots whose owner is gone */
	u32 mailed;    /* notifications in mailboxes */
	u32 devices;
	u32 lines;
	u32 tnodes;
	u32 ready;
	u32 grants;
	u32 grant[INV_GRANTS_MAX];
};
static struct totals sum;

static u64 mix(u64 x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	return x ^ (x >> 27);
}

static void count_right(u32 t, u64 call)
{
	if (t != NIL && reply_target(t, call) != NIL)
		sum.rights += mix(call);
}

static bool visit_slot(u32 s)
{
	const struct cap *c = SLOT(s);

	/* Of an empty slot, this implies all others. */
	if (c->type == 0)
		return cap_empty_inv(s) || failed("cap_empty_inv", s, 0);
	if (!all_of_cap(s))
		return false;
	if (c->type == OBJ_REPLY)
		count_right(c->obj, c->badge);
	if (c->type == OBJ_GRANT && sum.grants < INV_GRANTS_MAX)
		sum.grant[sum.grants++] = s;
	if (c->parent != NIL)
		CHECK2(cap_pair_inv, s, SLOT(c->parent)->child)
	CHECK2(grant_uid_inv, s, (u32)(c->badge % CPU_MAX))
	for (u32 i = 0; is_owner(s) && i < owned_pages(s); i++)
		CHECK2(owned_page_inv, s, i)
	return true;
}

static bool visit_slots(u32 p)
{
	u32 n = PD(p)->type == OBJ_SLOTS ? SLOTS_PER_PAGE : OBJECT_SLOTS;

	for (u32 i = 0; i < n; i++) {
		if (!visit_slot(SLOT_OF(p, i)))
			return false;
	}
	return true;
}

static void count_object(u32 p)
{
	switch (PD(p)->type) {
	case OBJ_THREAD:
		if (TH(p)->state == THREAD_REPLY)
			sum.waiting += mix(TH(p)->call);
		count_right(TH(p)->reply_to, TH(p)->reply_call);
		sum.tnodes += TN(p)->queued;
		sum.ready += TH(p)->queued;
		break;
	case OBJ_SCHED: sum.tnodes += TN(p)->queued; break;
	case OBJ_SLOTS: sum.queued += page_is_queued(p); break;
	case OBJ_NOTIF: sum.mailed += NT(p)->mailed; break;
	case OBJ_DEVICE: sum.devices++; break;
	case OBJ_IRQ: sum.lines += IRQ(p)->kind == IRQ_LINE; break;
	default: break;
	}
}

static bool visit_page(u32 p)
{
	/* Of a free page, this implies all others. */
	if (PD(p)->type == PAGE_FREE)
		return page_idle_inv(p) || failed("page_idle_inv", p, 0);
	if (!all_of_page(p) || !all_of_object(p))
		return false;
	if (!page_owned_inv(p))
		return failed("page_owned_inv", p, 0);
	count_object(p);
	if (PD(p)->type == OBJ_SLOTS || has_inner_slots(PD(p)->type))
		return visit_slots(p);
	return true;
}

/* --- entries ----------------------------------------------------------------------- */

static bool leaf_inv(u32 sp, u64 v, u64 e, u32 level)
{
	if (!leaf_page_inv(e))
		return failed("leaf_page_inv", sp, pte_page(e));
	for (u32 i = 0; i < sum.grants; i++) {
		if (grant_allows(sum.grant[i], sp, v, e, level))
			return true;
	}
	return failed("leaf_inv: no grant for a leaf entry", sp, (u32)v);
}

static bool eight_are_empty(u32 p, u32 i)
{
	return (PTE(p, i) | PTE(p, i + 1) | PTE(p, i + 2) | PTE(p, i + 3) | PTE(p, i + 4) |
		PTE(p, i + 5) | PTE(p, i + 6) | PTE(p, i + 7)) == 0;
}

/* All entries of one table that translates for space sp from virtual page v on. */
static bool entries_inv(u32 sp, u32 p, u32 first, u32 end, u64 v)
{
	u32 kind = table_kind(p), level = table_level(p);

	for (u32 i = first; i < end; i++) {
		u64 e = PTE(p, i);

		if (i % 8 == 0 && eight_are_empty(p, i))
			i += 7;
		if (e == 0)
			continue;
		CHECK2(table_entry_inv, p, i)
		if (pte_is_leaf(kind, e, level) && sp != NIL &&
		    !leaf_inv(sp, v + i * pages_of_level(level), e, level))
			return false;
	}
	return true;
}

/* The space and first virtual page that a page-table page translates for; NIL: it stands alone. */
static u32 table_space(u32 p, u64 *v)
{
	*v = 0;
	for (u32 n = 0; n < LEVEL_ROOT && PD(p)->type == OBJ_PTABLE; n++) {
		if (PD(p)->parent == NIL)
			return NIL;
		*v += PD(p)->index * pages_of_level(table_level(p) + 1);
		p = PD(p)->parent;
	}
	return (PD(PD(p)->head)->flags & PAGE_DYING) ? NIL : PD(p)->head;
}

static bool visit_table_page(u32 i)
{
	u64 v;

	if (PD(i)->type != OBJ_PTABLE) {
		u32 sp = PD(i)->head;
		bool dying = PD(sp)->flags & PAGE_DYING;
		u32 end = PD(sp)->type == OBJ_SPACE ? PT_ENTRIES / 2 : PT_ENTRIES;
		return entries_inv(dying ? NIL : sp, i, 0, end, 0);
	}
	PTABLE_INVARIANTS(CHECK)
	if (table_level(i) == 0) {
		for (u32 n = 0; n < PT_ENTRIES; n += 8) {
			for (u32 k = n; k < n + 8 && !eight_are_empty(i, n); k++)
				CHECK2(ptable_fresh_inv, i, k)
		}
		return true;
	}
	u32 sp = table_space(i, &v);
	return entries_inv(sp, i, 0, PT_ENTRIES, v);
}

/* --- lists ------------------------------------------------------------------------- */

static bool worklist_inv(void)
{
	u32 n = 0, last = NIL;

	for (u32 p = ks.work_head; p != NIL && n <= sum.queued; p = PD(p)->link) {
		if (!page_exists(p) || !page_is_queued(p))
			return failed("worklist_inv: a page that is not queued", p, 0);
		last = p;
		n++;
	}
	return (n == sum.queued && last == ks.work_tail && ks.work_added - ks.work_done == n) ||
	       failed("worklist_inv: length or end", n, sum.queued);
}

static bool mailbox_inv(void)
{
	u32 n = 0;

	for (u32 c = 0; c < ks.cpus; c++) {
		for (u32 p = CPU(c)->mailbox; p != NIL && n <= sum.mailed; p = NT(p)->mail) {
			if (!is_object(p, OBJ_NOTIF) || !NT(p)->mailed || NT(p)->home != c)
				return failed("mailbox_inv: not a mailed notification", p, c);
			n++;
		}
	}
	return n == sum.mailed || failed("mailbox_inv: length", n, sum.mailed);
}

static u32 bits_of(const u64 *word, u32 words)
{
	u32 n = 0;

	for (u32 i = 0; i < words; i++)
		n += (u32)__builtin_popcountll(word[i]);
	return n;
}

static bool totals_inv(void)
{
	if (sum.waiting != sum.rights)
		return failed("reply_inv: each waiting call has exactly one right", 0, 0);
	u32 devices = 0;
	for (u32 i = 0; i < DEVICES_MAX; i++)
		devices += ks.device[i] != 0;
	if (devices != sum.devices)
		return failed("device_inv: list of devices", sum.devices, devices);
	if (bits_of(ks.line_used, IRQ_LINES / 64) != sum.lines)
		return failed("irq_inv: lines in use", sum.lines, 0);
	return worklist_inv() && mailbox_inv();
}

bool kernel_inv(void)
{
	sum = (struct totals){ 0 };
	inv_failed = (struct inv_failure){ 0 };
	for (u32 p = 0; p < PAGE_COUNT; p++) {
		if (!visit_page(p))
			return false;
	}
	for (u32 p = 0; p < PAGE_COUNT; p++) {
		if (is_table_page(p) && !visit_table_page(p))
			return false;
	}
	for (u32 c = 0; c < ks.cpus; c++) {
		if (!all_of_cpu(c))
			return false;
	}
	return totals_inv();
}
#endif
#endif
