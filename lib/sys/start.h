/* SPDX-License-Identifier: MIT */
/*
 * What the parts of this library tell each other, and crt0.S.
 */
#pragma once
#include "tessera/sys.h"

/* crt0.S */
void sys_thread_start(void);

/* Called from crt0.S. */
_Noreturn void sys_start(const struct boot_info *info);
_Noreturn void sys_thread_main(struct sys_thread *t);

/* objects.c: sys_create with a slot that the caller has; which pages it took for a slot. */
err_t sys_create_at(u32 slot, u32 type, u64 param);
void sys_note_pages(u32 slot, u32 number, u32 pages);
