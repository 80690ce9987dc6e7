/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
 * merge = ["cap_remove", "is_heavy"]
 * [h_leaf]
 * function = "delete_leaf"
 * only = "of what stands in a page of slots, is no right to answer, and owns no thread, endpoint, notification, interrupt or device"
 * columns = ["ub", "spec"]
 * [h_contract_cap_delete_some]
 * function = "cap_delete_some"
 * only = "of what was derived, stands in a page of slots, is no right to answer, and owns no thread, endpoint, notification, interrupt or device"
 * columns = ["ub", "spec"]
 * [h_contract_worklist_step]
 * function = "worklist_step"
 * only = "of what was derived, stands in a page of slots, is no right to answer, and owns no thread, endpoint, notification, interrupt or device"
 * columns = ["ub", "spec"]
 * [h_delete]
 * function = "sys_cap_delete"
 * only = "of what was derived, stands in a page of slots, is no right to answer, and owns no thread, endpoint, notification, interrupt or device, nor a page of slots, while none waits for its end"
 * columns = ["ub", "spec"]
 * [h_revoke]
 * function = "sys_cap_revoke"
 * only = "of what was derived, stands in a page of slots, is no right to answer, and owns no thread, endpoint, notification, interrupt or device, nor a page of slots, while none waits for its end"
 * columns = ["ub", "spec"]
 * [h_drain]
 * function = "sys_cap_drain"
 * only = "of what was derived, stands in a page of slots, is no right to answer, and owns no thread, endpoint, notification, interrupt or device"
 * columns = ["ub", "spec"]
 */
/*
 * Deleting a subtree: what is below goes, leaf by leaf, with what it owns, and nothing else. Of what owns nothing, many go in one
 * call, and all stays in order between them; of the rest one does.
 */
#include "prover.h"
#include "contract_destroy.h"
#include "handed.h"

#include <delete.c>
#include <cap.c>

void NEVER(destroy_detach)(u32) {}

PRED bool slot_is_clear(u32 s)
{
	return SLOT(s)->type == 0 && cap_empty_inv(s);
}

/* Where the slot lies, and who owns that. */
static void hint_place(u32 s)
{
	HINTS(any_page_head_inv(SLOT_PAGE(s)), any_page_owner_inv(PD(SLOT_PAGE(s))->head));
}

/* The capability itself, and who names it in the tree. */
void h_leaf(u32 s)
{
	ASSUME_STATE(requires, may_destroy(s), "a capability without children, of what is not destroyed to the end");
	hint_slot(s);
	hint_page(SLOT(s)->obj);
	hint_page(SLOT_PAGE(s));
	hint_page(PD(SLOT_PAGE(s))->head);
	const bool copy = (SLOT(s)->flags & CAP_OWNER) == 0 && SLOT(s)->type != OBJ_GRANT, frees = is_to_free(any.page, s);
	ASSIGNS(1, *SLOT(s), SLOT(SLOT(s)->next)->prev, SLOT(SLOT(s)->prev)->next, SLOT(SLOT(s)->parent)->child);
	destroying_changes(s);
	const bool gone = delete_leaf(s);

	CHECK_IF(copy, "spec", gone);
	CHECK_IF(gone, "spec", slot_is_clear(s));
	CHECK_SPEC(is_given_back(any.page, gone, frees));
	CHECK_IF(!gone, "spec", SAME(ks_slot[s], old_slot[s], type) & SAME(ks_slot[s], old_slot[s], parent));
	COVER(gone & !copy);
	COVER(!gone);
}

/* --- subtrees ------------------------------------------------------------------------------------ */

/* The subtree: its root, and what is derived from one of it. */
u8 below[SLOT_COUNT], no_slots; /* does none of them own a page of slots? */
u32 root;

PRED bool is_drawn(u32 z)
{
	return !slot_is_full(z) || ((below[z] != 0) == (z == root || (SLOT(z)->parent != NIL && below[SLOT(z)->parent] != 0)) &&
				    IMP(below[z] != 0 && z != root, SLOT(z)->depth > SLOT(root)->depth));
}

PRED bool is_root(u32 s)
{
	return s == root && below[s] != 0 && slot_is_in_page(s) && SLOT(s)->depth != 0 && ks.cpus <= CPU_MAX && (ks.work_head == NIL || page_exists(ks.work_tail));
}

PRED bool is_case(u32 z)
{
	return below[z] == 0 || SLOT(z)->type == 0 || (is_simple(z) && IMP(no_slots != 0, !is_owner_of(z, OBJ_SLOTS)));
}

PRED bool may_go(u32 z)
{
	return below[z] == 0 || SLOT(z)->type == 0 || (is_under_way(z) && (ks.work_head == NIL || ks.work_tail != SLOT(z)->obj));
}

/* All that is not below is as it was; the root but for its child and its mark; who is below and there names the parent it named. */
PRED bool is_left(u32 z)
{
	return below[z] == 0 || z == root
		       ? SAME(ks_slot[z], old_slot[z], type) && SAME(ks_slot[z], old_slot[z], parent) && SAME(ks_slot[z], old_slot[z], next) &&
				 SAME(ks_slot[z], old_slot[z], prev) && SAME(ks_slot[z], old_slot[z], depth) && SAME(ks_slot[z], old_slot[z], rights) &&
				 SAME(ks_slot[z], old_slot[z], obj) && SAME(ks_slot[z], old_slot[z], cursor) && SAME(ks_slot[z], old_slot[z], first) &&
				 SAME(ks_slot[z], old_slot[z], count) && SAME(ks_slot[z], old_slot[z], badge) && SAME(ks_slot[z], old_slot[z], window) &&
				 SAME(ks_slot[z], old_slot[z], length) && (z == root || (SAME(ks_slot[z], old_slot[z], flags) && SAME(ks_slot[z], old_slot[z], child)))
		       : SLOT(z)->type == 0 || (SAME(ks_slot[z], old_slot[z], type) && SAME(ks_slot[z], old_slot[z], parent));
}

PRED bool is_marked(u32 s)
{
	return SLOT(s)->flags == (old_slot[s].flags | CAP_DYING);
}

PRED bool is_step(u32 i, u32 s)
{
	return i < DELETE_STEPS && s == root && below[s] != 0 && slot_is_in_page(s);
}

/* What is true of all slots between two deletions. */
static void check_between(void)
{
	CHECK_SPEC(is_drawn(INDEX(slot)));
	CHECK_SPEC(is_case(INDEX(slot)));
	CHECK_SPEC(may_go(INDEX(slot)));
	CHECK_SPEC(is_left(INDEX(slot)));
}

#define ASSUME_AT_Z(name) prover_assume(any_##name(z));

static void tree_is_whole(u32 z)
{
	TREE_INVARIANTS(ASSUME_AT_Z)
}

static void slot_is_whole(u32 z)
{
	CAP_INVARIANTS(ASSUME_AT_Z)
}

/* Of those that read slots. */
static void page_is_whole(u32 z)
{
	prover_assume(any_page_head_inv(z));
	prover_assume(any_page_owner_inv(z));
	prover_assume(any_page_frame_inv(z));
	prover_assume(any_page_owned_inv(z));
	prover_assume(any_thread_slot_type_inv(z));
	prover_assume(any_thread_cached_inv(z));
	prover_assume(any_irq_bound_inv(z));
	prover_assume(any_irq_slots_inv(z));
	prover_assume(any_device_bound_inv(z));
	prover_assume(any_device_watch_inv(z));
}

static void pair_is_whole(u32 s, u32 z)
{
	prover_assume(any_cap_pair_inv(s, z));
	prover_assume(any_cap_pair_inv(z, s));
}

static void is_known(u32 z)
{
	prover_assume(is_drawn(z));
	prover_assume(is_left(z));
}

void prover_begin_cap_delete_some(u32 i, u32 s)
{
	CHECK_SPEC(is_step(i, s));
	CHECK_SPEC(is_marked(s));
	check_between();
	check_whole();
}

void prover_round_cap_delete_some(u32 i, u32 s)
{
	FORGET(ks_slot[0]);
	prover_assume(is_step(i, s));
	prover_assume(is_marked(s));
	slot_is_whole(any.slot);
	tree_is_whole(SLOT(any.slot)->parent);
	tree_is_whole(SLOT(any.slot)->child);
	tree_is_whole(SLOT(any.slot)->next);
	tree_is_whole(SLOT(any.slot)->prev);
	page_is_whole(any.page);
	prover_assume(any_page_owner_inv(PD(any.page)->head));
	prover_assume(any_cap_pair_inv(any.slot, any.n));
	prover_assume(any_grant_uid_inv(any.slot, any.cpu));
	prover_assume(any_owned_page_inv(any.slot, any.n));
	is_known(any.slot);
	prover_assume(is_case(any.slot));
	prover_assume(may_go(any.slot));
	tree_is_whole(s);
	is_known(s);
	prover_assume(is_drawn(SLOT(s)->parent));
}

PRED bool is_on_way(u32 i, u32 s)
{
	return i <= CAP_DEPTH_MAX && slot_is_full(s) && below[s] != 0 && SLOT(s)->depth > i;
}

void prover_begin_cap_leaf(u32 i, u32 s)
{
	CHECK_SPEC(is_on_way(i, s));
	check_between();
	CAP_INVARIANTS(CHECK_AT_SLOT)
	CHECK_KEPT(any_cap_pair_inv(any.slot, any.n));
	CHECK_KEPT(any_page_slots_inv(any.page));
	CHECK_KEPT(any_page_head_inv(any.page));
	CHECK_KEPT(any_page_owner_inv(any.page));
}

void prover_round_cap_leaf(u32 i, u32 s)
{
	prover_assume(is_on_way(i, s));
	prover_assume(is_drawn(SLOT(s)->child));
	prover_assume(any_cap_parent_inv(SLOT(s)->child));
	slot_is_whole(s);
	is_known(s);
	prover_assume(is_case(s));
	prover_assume(may_go(s));
	tree_is_whole(SLOT(s)->next);
	tree_is_whole(SLOT(s)->prev);
	tree_is_whole(SLOT(s)->parent);
	is_known(SLOT(s)->next);
	is_known(SLOT(s)->prev);
	is_known(SLOT(s)->parent);
	pair_is_whole(any.slot, s);
	pair_is_whole(any.n, s);
	prover_assume(any_cap_order_inv(any.n));
	prover_assume(any_page_slots_inv(SLOT(s)->obj));
	prover_assume(any_page_head_inv(SLOT(s)->obj));
	prover_assume(any_page_head_inv(SLOT_PAGE(s)));
	prover_assume(any_page_owner_inv(PD(SLOT_PAGE(s))->head));
}

/* Does the page belong to one of the subtree? */
PRED bool is_theirs(u32 p)
{
	return page_exists(p) && PD(p)->head < PAGE_COUNT && PD(PD(p)->head)->owner != NIL && below[PD(PD(p)->head)->owner] != 0;
}

PRED bool has_their_leaf(u32 p, u32 n)
{
	return is_theirs(CT(p)->leaf[n]);
}

static void subtree_changes(void)
{
	ASSIGNS(below[any.slot] != 0, *SLOT(any.slot));
	ASSIGNS(is_theirs(any.page), IN_PAGE(any.page));
	ASSIGNS(is_theirs(SLOT_PAGE(any.slot)), *SLOT(any.slot));
	ASSIGNS(1, PTE(any.page, any.n), PD(any.page)->parent, TN(any.page)->up, TN(any.page)->down, TN(any.page)->depth);
	ASSIGNS(1, CPU(any.cpu)->charged, CPU(any.cpu)->timeq);
}

static void root_changes(bool goes, u32 s)
{
	ASSIGNS(goes, SLOT(SLOT(s)->next)->prev, SLOT(SLOT(s)->prev)->next, SLOT(SLOT(s)->parent)->child);
}

static void list_changes(bool some)
{
	ASSIGNS(some, PD(ks.work_tail)->link, ks.work_head, ks.work_tail, ks.work_added);
	ASSIGNS(some & has_their_leaf(any.page, any.n), CT(any.page)->leaf[any.n]);
}

/* Is the root gone, or are all below, or is there more? */
PRED bool is_over(u32 s, bool with_root, bool more)
{
	return with_root ? more || slot_is_clear(s) : SLOT(s)->type != 0 && more == (SLOT(s)->child != NIL);
}

bool prover_replace_cap_delete_some(u32 s, bool with_root)
{
	ANY(u8, more);

	CHECK_SPEC(is_root(s));
	CHECK_SPEC(is_drawn(INDEX(slot)));
	CHECK_SPEC(is_case(INDEX(slot)));
	CHECK_SPEC(may_go(INDEX(slot)));
	check_whole();
	subtree_changes();
	root_changes(with_root, s);
	list_changes(no_slots == 0);
	CHANGE();
	prover_assume(is_over(s, with_root, more & 1));
	return more & 1;
}

/* A root that stays is as it was when nothing is below, unless its object is half destroyed. */
PRED bool is_revoked(u32 s, bool more)
{
	const bool dying = more || ((SLOT(s)->flags & CAP_OWNER) != 0 && (PD(SLOT(s)->obj)->flags & PAGE_DYING) != 0);

	return is_left(s) && (SLOT(s)->flags | CAP_DYING) == (old_slot[s].flags | CAP_DYING) && ((SLOT(s)->flags & CAP_DYING) != 0) == dying;
}

void h_contract_cap_delete_some(u32 s, u8 all)
{
	GIVEN(is_root(s));
	GIVEN(is_drawn(any.slot));
	GIVEN(is_case(any.slot));
	GIVEN(may_go(any.slot));
	hint_tree(s);
	HINTS(any_cap_owner_inv(s), any_cap_object_inv(s));
	hint_place(s);
	hint_place(any.slot);
	hint_any(any);
	const bool member = (below[any.slot] != 0) & slot_is_full(any.slot) & (any.slot != s);
	const bool with_root = (all & 1) != 0;
	subtree_changes();
	root_changes(with_root, s);
	list_changes(no_slots == 0);
	const bool more = cap_delete_some(s, with_root);

	CHECK_SPEC(is_over(s, with_root, more));
	CHECK_IF(!with_root, "spec", is_revoked(s, more));
	CHECK_IF(member, "spec", is_left(any.slot));
	COVER(with_root & !more);
	COVER(!with_root & !more);
}

/* --- pages of slots that wait -------------------------------------------------------------------- */

/* The first of the list; and the first capability there, or NIL. */
PRED bool is_first(u32 page)
{
	return page_exists(page) && page == ks.work_head && page_is_queued(page) && PD(page)->head == page && PD(page)->index <= SLOTS_PER_PAGE &&
	       (root == NIL || (SLOT_PAGE(root) == page && SLOT(root)->type != 0 && root % SLOTS_PER_PAGE >= PD(page)->index));
}

PRED u32 first_full(void)
{
	return root == NIL ? SLOTS_PER_PAGE : root % SLOTS_PER_PAGE;
}

PRED bool is_emptied(u32 i)
{
	return i < PD(ks.work_head)->index || i >= first_full() || SLOT(SLOT_OF(ks.work_head, i))->type == 0;
}

PRED bool is_passed(u32 i, u32 page)
{
	return i >= PD(page)->index && i <= first_full() && i < SLOTS_PER_PAGE && is_first(page);
}

void prover_begin_worklist_step(u32 i, u32 page)
{
	CHECK_SPEC(is_passed(i, page));
	CHECK_SPEC(is_emptied(INDEX(n)));
}

void prover_round_worklist_step(u32 i, u32 page)
{
	prover_assume(is_passed(i, page));
	prover_assume(is_emptied(i));
}

static void step_changes(u32 page)
{
	ASSIGNS(1, PD(page)->index);
	ASSIGNS(root == NIL, ks.work_head, ks.work_tail, ks.work_done, IN_PAGE(page));
	ASSIGNS((root == NIL) & (SLOT_PAGE(any.slot) == page), *SLOT(any.slot));
	if (root == NIL)
		return;
	subtree_changes();
	root_changes(true, root);
	list_changes(no_slots == 0);
}

PRED bool may_empty(u32 s)
{
	return s == NIL || is_root(s);
}

/* A capability goes, or a part of it; or the page, when none is left. */
void prover_replace_worklist_step(void)
{
	const u32 page = ks.work_head;

	CHECK_SPEC(is_first(page));
	CHECK_SPEC(is_emptied(INDEX(n)));
	CHECK_SPEC(may_empty(root));
	CHECK_SPEC(is_drawn(INDEX(slot)));
	CHECK_SPEC(is_case(INDEX(slot)));
	CHECK_SPEC(may_go(INDEX(slot)));
	check_whole();
	step_changes(page);
	CHANGE();
	prover_assume(root != NIL || PD(page)->type == PAGE_FREE);
}

void h_contract_worklist_step(u32 page)
{
	GIVEN(is_first(page));
	GIVEN(is_emptied(any.n));
	GIVEN(may_empty(root));
	GIVEN(is_drawn(any.slot));
	GIVEN(is_case(any.slot));
	GIVEN(may_go(any.slot));
	hint_page(page);
	step_changes(page);
	worklist_step();
	CHECK_IF(root == NIL, "spec", (PD(page)->type == PAGE_FREE) & (ks.work_head == old_page[page].link) & (ks.work_done == old_ks.work_done + 1));
	CHECK_IF(root != NIL, "spec", PD(page)->index == first_full());
	COVER(root == NIL);
	COVER(root != NIL);
}

/* --- calls ---------------------------------------------------------------------------------------- */

PRED bool list_is_empty(u32 z)
{
	return ks.work_head == NIL && no_slots != 0 && is_case(z);
}

#define A_SUBTREE(t, s)                                                                            \
	CALLER(t);                                                                                 \
	ASSUME_STATE(requires, is_root(s), "a capability that a program can name");                \
	ASSUME_STATE(requires, is_drawn(any.slot), "which slots are below: the root, and what is derived from one of them"); \
	ASSUME_STATE(requires, may_go(any.slot), "what is below is not destroyed to the end");     \
	ASSUME_STATE(case, list_is_empty(any.slot), "of such a subtree");                           \
	ASSIGNS_RUN(1, FR_OUT(t, 0), 2)

/* Who called may be gone, else it learns whether more is left. */
PRED bool is_told(u32 t, u32 err, bool more)
{
	return PD(t)->type != OBJ_THREAD ? err == NO_RESULT.v : err == ERRNO_OK && FR_OUT(t, 0) == more && FR_OUT(t, 1) == ks.work_added;
}

void h_delete(u32 t, u32 s)
{
	HANDED(cap_delete, s);
	A_SUBTREE(t, s);
	subtree_changes();
	root_changes(true, s);
	const u32 err = sys_cap_delete(t, s).v;

	CHECK_SPEC(is_told(t, err, FR_OUT(t, 0) != 0));
	CHECK_IF((err == ERRNO_OK) & (FR_OUT(t, 0) == 0), "spec", slot_is_clear(s));
}

void h_revoke(u32 t, u32 s)
{
	HANDED(cap_revoke, s);
	A_SUBTREE(t, s);
	subtree_changes();
	const u32 err = sys_cap_revoke(t, s).v;

	CHECK_SPEC(is_told(t, err, SLOT(s)->child != NIL));
}

PRED bool is_list(void)
{
	return ks.work_head == NIL || (is_first(ks.work_head) && may_empty(root));
}

void h_drain(u32 t, u64 ticket)
{
	CALLER(t);
	ASSUME_STATE(requires, is_list(), "the first page that waits, and the first capability in it");
	ASSUME_STATE(requires, is_emptied(any.n), "before that there is none");
	ASSUME_STATE(requires, is_drawn(any.slot), "which slots are below: the root, and what is derived from one of them");
	ASSUME_STATE(requires, may_go(any.slot), "what is below is not destroyed to the end");
	ASSUME_STATE(case, is_case(any.slot), "of such a subtree");
	const u64 until = ticket < ks.work_added ? ticket : ks.work_added;
	ASSIGNS(1, FR_OUT(t, 0));
	if (ks.work_head != NIL && ks.work_done < until)
		step_changes(ks.work_head);
	const u32 err = sys_cap_drain(t, ticket).v;

	CHECK_SPEC(PD(t)->type != OBJ_THREAD ? err == NO_RESULT.v : err == ERRNO_OK && FR_OUT(t, 0) == (ks.work_done < until));
}
