/* SPDX-License-Identifier: MIT */
/*
 * Arguments of system calls: what the interface table says of each argument,
 * and for some calls what makes sense beyond that.
 */
#define STATE_PEEK
#include "fuzz.h"

#include "fuzz_grammar.h"

static u64 *reg(u32 cpu, u32 r)
{
	return &host.cpu[cpu].regs.r[r];
}

static u64 *arg_reg(u32 cpu, u32 i)
{
	return reg(cpu, i < 3 ? REG_RSI + i : REG_R8 + i - 3);
}

const struct fuzz_call *call_named(u32 nr)
{
	for (u32 i = 0; i < FUZZ_CALLS; i++) {
		if (fuzz_calls[i].nr == nr)
			return &fuzz_calls[i];
	}
	return NULL;
}

/* What creates and connects is chosen more often than what destroys. */
const struct fuzz_call *choose_call(void)
{
	static const u8 often[] = {
		SYS_CAP_DERIVE,    SYS_OBJECT_CREATE, SYS_OBJECT_CREATE,   SYS_OBJECT_CREATE,
		SYS_FRAMES_CREATE, SYS_PTABLE_ATTACH, SYS_GRANT_CREATE,    SYS_GRANT_MAP,
		SYS_GRANT_MAP,     SYS_THREAD_BIND,   SYS_THREAD_BIND,     SYS_THREAD_BIND,
		SYS_THREAD_START,  SYS_THREAD_RESUME, SYS_SCHED_CONFIGURE, SYS_EP_CALL,
		SYS_EP_CALL,       SYS_EP_REPLY_RECV, SYS_EP_SEND,         SYS_EP_RECV,
		SYS_REPLY,         SYS_REPLY_SAVE,    SYS_NOTIF_SIGNAL,    SYS_NOTIF_WAIT,
		SYS_TABLE_ATTACH,  SYS_IRQ_BIND,      SYS_DEVICE_BIND,     SYS_THREAD_SET_CPU,
		SYS_RANGE_DERIVE,  SYS_SPACE_COPY,    SYS_IRQ_ACK,         SYS_THREAD_YIELD,
	};

	if (chance(150))
		return call_named(often[choose(sizeof(often))]);
	const struct fuzz_call *c = &fuzz_calls[choose(FUZZ_CALLS)];
	bool destroys = c->nr == SYS_CAP_DELETE || c->nr == SYS_CAP_REVOKE;
	return destroys && chance(100) ? call_named(SYS_CAP_DERIVE) : c;
}

static u64 choose_tag(bool answer)
{
	u64 tag = (u64)choose(4) << TAG_LABEL_SHIFT;

	if (chance(40))
		tag |= TAG_NONBLOCK;
	switch (choose(8)) {
	case 0: return tag | choose(449);
	case 1: return tag | (u64)choose(answer ? 3 : 6) << TAG_CAPS_SHIFT | choose(12);
	case 2: return tag | 28;
	case 3: return chance(20) ? choose_u64() : tag;
	default: return tag | choose(9);
	}
}

static u64 choose_deadline(void)
{
	switch (choose(8)) {
	case 0: return 0;
	case 1: return choose(3);
	case 2: return chance(30) ? choose_u64() : 0;
	default: return host.clock + choose(4000);
	}
}

/* The slot behind a handle of thread t, or NIL. */
static u32 slot_behind(u32 t, u64 handle)
{
	u32 table = TH(t)->table;
	u32 leaf = table == NIL || handle >= 512 * 64 ? 0 : CT(table)->leaf[handle / 64];

	return leaf == 0 ? NIL : SLOT_OF(leaf, handle % 64);
}

/* Where in a memory there are free pages; often at an aligned place with several. */
static u64 choose_free_offset(u32 mem)
{
	if (mem == NIL || SLOT(mem)->count == 0)
		return choose(FUZZ_PAGES);
	u32 first = SLOT(mem)->first, count = SLOT(mem)->count, at = choose(count);

	for (u32 i = 0; i < count; i++) {
		u32 p = first + (at + i) % count;
		if (p < host_mem.pages && PD(p)->type == PAGE_FREE)
			return p - first;
	}
	return at;
}

static u64 choose_param(u64 type)
{
	if (chance(8))
		return choose_u64();
	switch (type) {
	case OBJ_THREAD:
		return choose(16) == 0 ? THREAD_FOREIGN | 100u << 8
				       : choose(2) | (u64)(chance(30) ? choose(256) : 255) << 8;
	case OBJ_SPACE: return choose(3);
	case OBJ_EP:
	case OBJ_NOTIF: return choose(FUZZ_CPUS + 1);
	default: return 0;
	}
}

static u64 choose_type(void)
{
	static const u8 types[] = { OBJ_TABLE, OBJ_SLOTS,  OBJ_SPACE, OBJ_PTABLE,  OBJ_THREAD,
				    OBJ_SCHED, OBJ_EP,     OBJ_NOTIF, OBJ_IOSPACE, OBJ_THREAD,
				    OBJ_SCHED, OBJ_PTABLE, OBJ_PTABLE };

	return chance(4) ? choose(256) : types[choose(sizeof(types))];
}

/* A virtual address that grant g may use. */
static u64 grant_vaddr(u32 g)
{
	if (g == NIL || SLOT(g)->type != OBJ_GRANT || SLOT(g)->length == 0 || chance(20))
		return choose_vaddr();
	u64 page = SLOT(g)->window + choose(16) % SLOT(g)->length;
	if (chance(30))
		page &= ~511ull;
	return page << PAGE_SHIFT;
}

static u64 choose_attr(void)
{
	u64 attr = MAP_READ | (chance(128) ? MAP_WRITE : 0) | (chance(60) ? MAP_EXEC : 0);

	if (chance(12))
		attr |= MAP_SIZE_2M;
	if (chance(4))
		attr |= MAP_SIZE_1G;
	return chance(10) ? choose(128) : attr;
}

static const u32 bind_type[] = { OBJ_SPACE, OBJ_TABLE, OBJ_SCHED, OBJ_EP, OBJ_FRAMES, OBJ_NOTIF };

static u64 choose_count(u32 most)
{
	return chance(200) ? 1 + choose(4) : choose_between(1, most);
}

/* Of some handles the deepest, so that chains grow long. */
static u64 choose_deep(u32 t)
{
	u64 best = choose_handle(t, 0, 0);

	for (u32 i = 0; i < 6; i++) {
		u64 h = choose_handle(t, 0, 0);
		u32 s = slot_behind(t, h), b = slot_behind(t, best);
		if (s != NIL && (b == NIL || SLOT(s)->depth > SLOT(b)->depth))
			best = h;
	}
	return best;
}

/*
 * Calls for which the ranges in the table say too little; s: the slot of the
 * invoked capability.  True: it is one of these.
 */
static bool cap_args(u32 cpu, u32 nr, u32 s)
{
	switch (nr) {
	case SYS_CAP_DERIVE:
		*arg_reg(cpu, 1) = s == NIL || chance(8) ? choose(32)
				   : chance(200)         ? SLOT(s)->rights
							 : SLOT(s)->rights & choose(32);
		*arg_reg(cpu, 2) = chance(60) ? choose(8) : 0;
		return true;
	case SYS_RANGE_DERIVE:
		*arg_reg(cpu, 1) = choose(s != NIL && SLOT(s)->count > 0 && SLOT(s)->count < 400
						  ? SLOT(s)->count
						  : 40);
		*arg_reg(cpu, 2) = chance(128) ? 1 + choose(8) : 1 + choose(64);
		*arg_reg(cpu, 3) = s != NIL ? SLOT(s)->rights : 7;
		return true;
	case SYS_TABLE_ATTACH:
		*arg_reg(cpu, 1) = chance(240) ? choose(6) : choose_between(0, 511);
		return true;
	case SYS_CAP_DRAIN:
		*arg_reg(cpu, 0) = chance(200) ? ks.work_added : choose_u64();
		return true;
	default: return false;
	}
}

static bool memory_args(u32 cpu, u32 nr, u32 s)
{
	switch (nr) {
	case SYS_OBJECT_CREATE:
		*arg_reg(cpu, 1) = choose_type();
		*arg_reg(cpu, 2) = choose_free_offset(s);
		*arg_reg(cpu, 3) = choose_param(*arg_reg(cpu, 1));
		return true;
	case SYS_FRAMES_CREATE:
		*arg_reg(cpu, 1) = choose_free_offset(s);
		*arg_reg(cpu, 2) = choose_count(64);
		return true;
	case SYS_IRQ_CREATE:
		*arg_reg(cpu, 1) = choose_free_offset(s);
		*arg_reg(cpu, 3) = choose(chance(200) ? 8 : 26);
		*arg_reg(cpu, 4) = choose(4);
		if (chance(128))
			*arg_reg(cpu, 3) = *arg_reg(cpu, 4) = 0;
		return true;
	case SYS_DEVICE_CREATE: *arg_reg(cpu, 1) = choose_free_offset(s); return true;
	default: return false;
	}
}

static bool mapping_args(u32 cpu, u32 nr, u32 s)
{
	switch (nr) {
	case SYS_PTABLE_ATTACH:
		*arg_reg(cpu, 1) = choose_vaddr();
		*arg_reg(cpu, 2) = 1 + choose(3);
		return true;
	case SYS_GRANT_CREATE:
		*arg_reg(cpu, 2) = choose_vaddr();
		*arg_reg(cpu, 2) = chance(200) ? *arg_reg(cpu, 2) & ~0xfffull : *arg_reg(cpu, 2);
		*arg_reg(cpu, 3) = chance(100)   ? 1 + choose(16)
				   : chance(128) ? 512
						 : 1 + choose(1 << 20);
		*arg_reg(cpu, 4) = s != NIL && chance(200) ? (SLOT(s)->rights & 7) | RIGHT_GRANT_MAP
							   : choose(16);
		if (s != NIL && SLOT(s)->type == OBJ_DEVMEM)
			*arg_reg(cpu, 4) &= ~4ull;
		return true;
	case SYS_GRANT_MAP:
		*arg_reg(cpu, 0) = grant_vaddr(s);
		*arg_reg(cpu, 1) =
			choose(s != NIL && SLOT(s)->count < 1000 ? SLOT(s)->count + 1 : 4);
		*arg_reg(cpu, 2) = chance(128) ? 1 : choose_count(64);
		*arg_reg(cpu, 3) =
			choose_attr() & (s != NIL && chance(230) ? SLOT(s)->rights | 0x30 : ~0ull);
		return true;
	case SYS_GRANT_UNMAP:
	case SYS_SPACE_HARVEST:
		*arg_reg(cpu, 0) = grant_vaddr(s);
		*arg_reg(cpu, 1) = choose_count(64);
		*arg_reg(cpu, 2) = chance(230) ? 0 : chance(128) ? MAP_SIZE_2M : choose(64);
		return true;
	case SYS_SPACE_COPY:
		*arg_reg(cpu, 1) = grant_vaddr(s);
		*arg_reg(cpu, 2) = choose_count(64);
		*arg_reg(cpu, 3) = chance(200) ? 7 | (u64)choose(2) << 3 : choose(16);
		return true;
	default: return false;
	}
}

static bool thread_args(u32 cpu, u32 t, u32 nr)
{
	switch (nr) {
	case SYS_THREAD_BIND:
		*arg_reg(cpu, 0) = choose(6);
		*arg_reg(cpu, 1) =
			chance(20) ? 0 : choose_handle(t, 1u << bind_type[*arg_reg(cpu, 0)], 0);
		*arg_reg(cpu, 2) = *arg_reg(cpu, 0) == THREAD_FAULT ? choose(3) : chance(8);
		return true;
	case SYS_THREAD_START:
		*arg_reg(cpu, 0) = chance(250) ? 0x1000 * (1 + choose(64)) : choose_u64();
		*arg_reg(cpu, 1) = choose_u64();
		return true;
	case SYS_THREAD_SET_CPU:
	case SYS_SCHED_CONFIGURE:
		*arg_reg(cpu, 1) = chance(250) ? choose(FUZZ_CPUS) : choose_between(0, 63);
		*arg_reg(cpu, 2) = 1000 + choose(4000);
		*arg_reg(cpu, 3) = chance(80) ? *arg_reg(cpu, 2) : 1000 + choose(8000);
		return true;
	case SYS_THREAD_SET_PRIO:
		*arg_reg(cpu, 0) = chance(200) ? 98 + choose(4) : choose(256);
		return true;
	case SYS_THREAD_DEBUG:
		*arg_reg(cpu, 1) = chance(200) ? choose(2) : choose_u64();
		return true;
	default: return false;
	}
}

static bool message_args(u32 cpu, u32 nr)
{
	switch (nr) {
	case SYS_EP_CALL:
	case SYS_EP_SEND:
	case SYS_EP_REPLY_RECV:
		*arg_reg(cpu, 0) = choose_tag(nr == SYS_EP_REPLY_RECV);
		*arg_reg(cpu, 1) = choose_deadline();
		return true;
	case SYS_EP_RECV:
		*arg_reg(cpu, 0) = chance(60) ? TAG_NONBLOCK : 0;
		*arg_reg(cpu, 1) = choose_deadline();
		return true;
	case SYS_REPLY: *arg_reg(cpu, 0) = choose_tag(true); return true;
	case SYS_EP_CANCEL: *arg_reg(cpu, 0) = choose(4); return true;
	case SYS_NOTIF_SIGNAL: *arg_reg(cpu, 0) = 1ull << choose(64); return true;
	case SYS_NOTIF_WAIT: *arg_reg(cpu, 0) = choose_deadline(); return true;
	default: return false;
	}
}

static void special_args(u32 cpu, u32 t, u32 nr)
{
	if (nr == SYS_CAP_DERIVE && chance(60))
		*reg(cpu, REG_RDI) = choose_deep(t);
	u32 s = slot_behind(t, *reg(cpu, REG_RDI));

	(void)(cap_args(cpu, nr, s) || memory_args(cpu, nr, s) || mapping_args(cpu, nr, s) ||
	       thread_args(cpu, t, nr) || message_args(cpu, nr));
}

static u64 table_arg(u32 t, const struct fuzz_arg *a)
{
	switch (a->kind) {
	case FUZZ_CAP:
		return a->optional && chance(100) ? 0 : choose_handle(t, a->objects, a->rights);
	case FUZZ_SLOT: return choose_where(t, false);
	case FUZZ_FROM: return choose_where(t, true);
	case FUZZ_U64: return choose_between(a->min, a->max);
	default: return 0;
	}
}

void fill_message_page(u32 t, u32 page)
{
	u32 at = choose(8);

	for (u32 i = 0; i < 4 && t != NIL; i++) {
		WORD(page, MSG_SEND_CAPS + 4 * i) = choose_handle(t, 0, 0);
		WORD(page, MSG_SEND_CAPS + 4 * i + 1) = chance(60) ? CAP_SEND_MOVE : choose(16);
		WORD(page, MSG_SEND_CAPS + 4 * i + 2) = chance(40) ? choose(4) : 0;
		WORD(page, MSG_RECV_SLOTS + i) = choose_where(t, false);
	}
	for (u32 i = 0; i < 16; i++) {
		WORD(page, at + 2 * i) = (choose_vaddr() & ~0xfffull) | choose_attr();
		WORD(page, at + 2 * i + 1) = choose(4);
	}
	if (chance(30))
		WORD(page, choose(512)) = choose_u64();
}

/* The first program's own objects go seldom, or little would happen after it. */
static bool is_vital(u64 handle)
{
	return (handle & 0xffffffff) <= HANDLE_DEVMEM;
}

/* What would end the first program, or let it wait for ever. */
static void protect(u32 cpu, u32 t, u32 nr)
{
	bool destroys = nr == SYS_CAP_DELETE || nr == SYS_CAP_MOVE;
	bool by_handle = nr == SYS_CAP_REVOKE || nr == SYS_THREAD_STOP || nr == SYS_THREAD_BIND;

	if (destroys && is_vital(*arg_reg(cpu, 0)))
		*arg_reg(cpu, 0) = choose_where(t, true);
	if (destroys && is_vital(*arg_reg(cpu, 0)))
		*arg_reg(cpu, 0) = 32 + choose(96);
	if (by_handle && is_vital(*reg(cpu, REG_RDI)))
		*reg(cpu, REG_RDI) = 32 + choose(96);
	if (t != host_root.thread)
		return;
	if (nr == SYS_NOTIF_WAIT)
		*arg_reg(cpu, 0) = host.clock + choose(1000);
	if (nr == SYS_EP_CALL || nr == SYS_EP_SEND || nr == SYS_EP_RECV || nr == SYS_EP_REPLY_RECV)
		*arg_reg(cpu, 1) = host.clock + 1 + choose(1000);
}

void make_call(u32 cpu, const struct fuzz_call *call)
{
	u32 t = host.cpu[cpu].thread;

	for (u32 i = REG_RBX; i <= REG_R9; i++)
		*reg(cpu, i) = 0x1111 * i;
	*reg(cpu, REG_RAX) = call->nr;
	*reg(cpu, REG_RDI) = table_arg(t, &call->handle);
	for (u32 i = 0; i < call->args; i++)
		*arg_reg(cpu, i) = table_arg(t, &call->arg[i]);
	if (chance(240))
		special_args(cpu, t, call->nr);
	if (chance(252))
		protect(cpu, t, call->nr);
	u32 page = TH(t)->msg;
	if (page != NIL && chance(80))
		fill_message_page(t, page);
}

/* Parties that behave: servers that answer and wait again, clients that call. */
void make_polite_call(u32 cpu)
{
	u32 t = host.cpu[cpu].thread;
	bool serves = TH(t)->reply_to != NIL || (t != host_root.thread && chance(100));
	u64 ep = choose_handle(t, 1u << OBJ_EP, serves ? RIGHT_EP_RECV : RIGHT_EP_CALL);

	for (u32 i = REG_RBX; i <= REG_R9; i++)
		*reg(cpu, i) = 0x1111 * i + choose(16);
	*reg(cpu, REG_RAX) = serves ? SYS_EP_REPLY_RECV : SYS_EP_CALL;
	*reg(cpu, REG_RDI) = ep;
	*arg_reg(cpu, 0) = choose(9) | (u64)choose(4) << TAG_LABEL_SHIFT;
	*arg_reg(cpu, 1) = t == host_root.thread && chance(252) ? host.clock + 1 + choose(1000) : 0;
	*arg_reg(cpu, 2) = 0;
}

void make_random_call(u32 cpu)
{
	for (u32 i = 0; i <= REG_RAX; i++)
		*reg(cpu, i) = chance(128) ? choose(256) : choose_u64();
	if (chance(200))
		*reg(cpu, REG_RAX) = choose(SYS_MAX + 4);
}
