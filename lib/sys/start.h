/* SPDX-License-Identifier: MIT */
/*
 * What the parts of this library tell each other, and crt0.S.
 */
#pragma once
#include "tessera/sys.h"

/* crt0.S */
void sys_thread_start(void);

/* Called from crt0.S with what init, or the kernel, says. */
_Noreturn void sys_start(const u64 *info);
_Noreturn void sys_thread_main(struct sys_thread *t);

/* component.c: the same as sys_init for a component; text for the console; the end. */
void sys_comp_init(const struct comp_info *info);
void sys_comp_write(const char *bytes, u32 n);
void sys_comp_exit(int code);

/* clock.c */
extern u64 sys_clock_hz, sys_clock_offset;

/* objects.c: sys_create with a slot that the caller has; which pages it took for a slot. */
err_t sys_create_at(u32 slot, u32 type, u64 param);
void sys_note_pages(u32 slot, u32 number, u32 pages);
