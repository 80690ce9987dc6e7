/* SPDX-License-Identifier: MIT */
/*
 * Registers of threads on the simulated machine, and copying of pages.
 */
#include "host.h"

#include <string.h>

void arch_page_clear(u32 page)
{
	host_page_used(page);
	memset(host_mem.byte[page], 0, PAGE_SIZE);
}

void arch_object_clear(u32 page, u32 from, u32 to)
{
	host_page_used(page);
	if (!host.knobs.skip_clear)
		memset(host_mem.byte[page] + from, 0, (to - from + 63) / 64 * 64);
}

void arch_words_copy(u32 to, u32 from, u32 first, u32 n)
{
	for (u32 i = first; i < first + n; i++)
		WORD(to, i) = WORD(from, i);
}

static u64 *xstate(u32 t)
{
	return (u64 *)(void *)&host_mem.byte[t][HOST_XSTATE];
}

void arch_thread_init(u32 t)
{
	struct arch_frame *f = &TH(t)->frame;

	memset(f, 0, sizeof(*f));
	f->r[REG_RFLAGS] = HOST_USER_FLAGS;
	memset(xstate(t), 0, HOST_XSTATE_WORDS * sizeof(u64));
	xstate(t)[0] = HOST_XSTATE_INIT;
}

void arch_thread_exit(u32 t)
{
	memset(xstate(t), 0, HOST_XSTATE_WORDS * sizeof(u64));
}

void arch_frame_start(u32 t, u64 ip, u64 sp, u64 arg)
{
	struct arch_frame *f = &TH(t)->frame;

	memset(f->r, 0, sizeof(f->r));
	f->kind = FRAME_FULL;
	f->r[REG_RIP] = ip;
	f->r[REG_RSP] = sp;
	f->r[REG_RDI] = arg;
	f->r[REG_RFLAGS] = HOST_USER_FLAGS;
}

bool arch_user_ip(u64 ip)
{
	return ip < USER_PAGES << PAGE_SHIFT;
}

void arch_frame_rewind(u32 t)
{
	struct arch_frame *f = &TH(t)->frame;

	if (f->kind != FRAME_SYSCALL)
		return;
	f->kind = FRAME_FULL;
	f->r[REG_RIP] -= HOST_SYSCALL_BYTES;
}

/* The order of struct regs_general. */
static const u8 general[] = {
	REG_RAX, REG_RBX, REG_RCX, REG_RDX,    REG_RSI,     REG_RDI,     REG_RBP,
	REG_RSP, REG_R8,  REG_R9,  REG_R10,    REG_R11,     REG_R12,     REG_R13,
	REG_R14, REG_R15, REG_RIP, REG_RFLAGS, REG_FS_BASE, REG_GS_BASE,
};
_Static_assert(sizeof(general) == REG_COUNT, "each register once");

u32 arch_regs_get(u32 t, u32 page, u32 first)
{
	for (u32 i = 0; i < REG_COUNT; i++)
		WORD(page, first + i) = *FR_REG(t, general[i]);
	return REG_COUNT;
}

void arch_regs_set(u32 t, u32 page, u32 first)
{
	u64 limit = USER_PAGES << PAGE_SHIFT;

	for (u32 i = 0; i < REG_COUNT; i++)
		*FR_REG(t, general[i]) = WORD(page, first + i);
	u64 *r = TH(t)->frame.r;
	r[REG_RFLAGS] = HOST_USER_FLAGS;
	r[REG_RIP] = r[REG_RIP] < limit ? r[REG_RIP] : 0;
	r[REG_FS_BASE] = r[REG_FS_BASE] < limit ? r[REG_FS_BASE] : 0;
	r[REG_GS_BASE] = r[REG_GS_BASE] < limit ? r[REG_GS_BASE] : 0;
	TH(t)->frame.kind = FRAME_FULL;
}

u32 arch_xstate_get(u32 t, u32 page)
{
	const u64 *x = xstate(t);

	host_page_used(t);
	for (u32 i = 0; i < HOST_XSTATE_WORDS; i++)
		WORD(page, i) = x[i];
	return HOST_XSTATE_WORDS * (u32)sizeof(u64);
}

void arch_xstate_set(u32 t, u32 page)
{
	u64 *x = xstate(t);

	host_page_used(t);
	for (u32 i = 0; i < HOST_XSTATE_WORDS; i++)
		x[i] = WORD(page, i);
	x[0] &= 0xffff;
}

void arch_debug_set(u32 t, u32 op, u64 value)
{
	TH(t)->frame.debug[op] = value;
}

bool arch_debug_ok(u32 op, u64 value)
{
	return op == 5 ? value <= 1 : op == 4 || value < USER_PAGES << PAGE_SHIFT;
}

static u64 fault_word(u32 t, u32 i)
{
	static const u8 call[8] = { REG_RAX, REG_RDI, REG_RSI, REG_RDX,
				    REG_R10, REG_R8,  REG_R9,  REG_RIP };
	static const u8 other[8] = { 0, 0, REG_RIP, REG_RSP, REG_RFLAGS, 0, 0, 0 };

	if (TH(t)->fault == FAULT_SYSCALL)
		return *FR_REG(t, call[i]);
	if (i < 2)
		return i == 0 ? TH(t)->fault_code : TH(t)->fault_addr;
	return i < 5 ? *FR_REG(t, other[i]) : 0;
}

void arch_fault_words(u32 t, u32 to)
{
	for (u32 i = 0; i < 8; i++)
		FR_MSG(to, i) = fault_word(t, i);
}

void arch_msg_pass(u32 from, u32 to)
{
	for (u32 i = 0; i < 8; i++)
		FR_MSG(to, i) = FR_MSG(from, i);
}

void arch_foreign_result(u32 t, u64 value)
{
	*FR_REG(t, REG_RAX) = value;
}
