/* SPDX-License-Identifier: MIT */
/*
 * The library of native programs: what a program without a C library needs to
 * print, to make kernel objects and to undo that.
 *
 * Calls of the kernel themselves are in user.h, which is generated.  The
 * allocators below serve one thread of a program: they take no lock.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tessera/component.h"
#include "tessera/info.h"
#include "user.h"

#define SYS_PAGE 4096ull

/* --- start and end ----------------------------------------------------------- */

/* What the kernel told the first program; NULL in programs started otherwise. */
extern const struct boot_info *sys_info;
/* What init told a component; NULL in the first program. */
extern const struct comp_info *sys_comp;

/* The program. crt0 calls it on a stack of its own; what it returns goes to sys_exit. */
int main(void);

/*
 * Prepare console, slots and memory from boot_info.  crt0 has done so before main.
 */
void sys_init(const struct boot_info *info);

/*
 * First program: end the emulator, or stop this thread where there is no exit device.
 * Component: tell the supervisor, which ends all of it.
 * @param code  0: success (exit code 0x10); else failure (0x20).
 */
_Noreturn void sys_exit(int code);

/* Print a formatted line and sys_exit(1). */
_Noreturn void sys_panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Panic unless the result of a call is OK. */
void sys_must(err_t e, const char *what);

/* Is `word` one of the words of the command line, or of a component's arguments?  Returns what follows it, or NULL. */
const char *sys_option(const char *word);

/* The decimal number that follows `word`, which ends in '='; `other`: there is no such word. */
static inline u64 sys_option_number(const char *word, u64 other)
{
	const char *at = sys_option(word);
	u64 n = 0;

	for (; at != NULL && *at >= '0' && *at <= '9' && n < 1ull << 32; at++)
		n = n * 10 + (u64)(*at - '0');
	return at == NULL ? other : n;
}

/* --- console ------------------------------------------------------------------ */

/*
 * Print to the debug console; a component's lines are written by init, with its name.
 * @param format  %d %i %u %x %X %c %s %p %%, with l, ll or z, a width, `-` and `0`.
 */
void sys_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The same into a buffer, always ended by 0.
 * @return the number of bytes without that 0.
 */
u32 sys_format(char *to, u32 size, const char *format, ...) __attribute__((format(printf, 3, 4)));

u32 sys_format_list(char *to, u32 size, const char *format, va_list list);

/* Write bytes to where sys_print does. */
void sys_write(const char *bytes, u32 n);

/* --- time -------------------------------------------------------------------------- */

/* The clock that deadlines are given in: ticks since boot. */
u64 sys_clock(void);
/* How many ticks these microseconds are. */
u64 sys_ticks(u64 microseconds);
/* The deadline that lies so many microseconds ahead. */
u64 sys_after(u64 microseconds);

/* --- slots -------------------------------------------------------------------------- */

/* Unless a program defines these itself: see lib/sys/slot_maps.c. */
enum { SYS_SLOTS_MAX = 4096 };
extern const u32 sys_slots_max;
extern u64 sys_slot_used[];  /* a bit each */
extern u32 sys_slot_page[];  /* pages that sys_create took: the first, how many */
extern u32 sys_slot_pages[];

/* Hand out handles [first, end) from now on, all of them empty. */
void sys_slots_reset(u32 first, u32 end);
/* An empty slot of the own table, or 0 if there is none. */
u32 sys_slot(void);
/* The slot is empty again. */
void sys_slot_free(u32 slot);
/* How many slots are handed out, the pages of slots themselves included. */
u32 sys_slots_used(void);
/* How many more there can be. */
u32 sys_slots_left(void);
/* Every slot handed out lies below this one. */
u32 sys_slots_end(void);
/* The end of the slots that there are now; sys_slot makes more when it needs them. */
u32 sys_slots_limit(void);

/* --- memory ---------------------------------------------------------------------------- */

enum { SYS_PAGES_MAX = 65536, SYS_REGIONS_MAX = 8 };

/* Forget all memory known so far. */
void sys_memory_reset(void);
/* Take pages from this memory too, as far as SYS_PAGES_MAX pages and SYS_REGIONS_MAX go. */
void sys_memory_add(memory_h memory, u64 first_page, u64 pages);
/*
 * Find free pages that follow each other.
 * @param pages   how many
 * @param align   multiple of which the first page's number must be, a power of two
 * @param memory  the memory they lie in
 * @param offset  where in it
 * @return a number for sys_pages_free, or SYS_NO_PAGES.
 */
u32 sys_pages(u32 pages, u32 align, memory_h *memory, u64 *offset);
void sys_pages_free(u32 number, u32 pages);
u32 sys_pages_left(void);
#define SYS_NO_PAGES 0xffffffffu

/* --- objects --------------------------------------------------------------------------- */

/*
 * Make an object in memory of its own.
 * @param type   OBJ_*, one that object_create can make
 * @param param  as object_create takes it
 * @param out    the owner capability's handle
 * @return the kernel's error; ERR_SLOT, ERR_BUSY: out of slots, of memory.
 */
err_t sys_create(u32 type, u64 param, any_h *out);
/* The same for frames: any number of pages; align as for sys_pages. */
err_t sys_create_frames(u32 pages, u32 align, frames_h *out);

/* Make one or panic. */
ep_h sys_ep(void);
notif_h sys_notif(void);
thread_h sys_thread_object(u64 param);
sched_h sys_sched(u32 cpu);
space_h sys_space(u32 domain);
ptable_h sys_ptable(void);
table_h sys_table(void);
slots_h sys_slots(void);
frames_h sys_frames(u32 pages);

/* Derive into a new slot. @return 0 if that failed. */
u32 sys_derive(any_h from, u64 rights, u64 badge);
u32 sys_range(any_h from, u64 offset, u64 count, u64 rights);

/* cap_delete until it is done, then cap_drain: when it returns, pages are free. */
err_t sys_delete(slot_t slot);
/* cap_revoke and cap_drain, in the same way. */
err_t sys_revoke(any_h cap);
/* sys_delete of an own handle; its slot, and the pages sys_create took, can be used again. */
err_t sys_destroy(any_h cap);

/* --- address spaces ---------------------------------------------------------------------- */

enum { SYS_SPACE_TABLES = 32 };

/* A space with the page-table pages that were made for it. */
struct sys_space {
	space_h space;
	u32 tables;
	ptable_h table[SYS_SPACE_TABLES];
};

/* The space of this program. */
extern struct sys_space sys_own_space;

void sys_space_create(struct sys_space *sp, u32 domain);
/* A new space in which this program's image is mapped too, all of it for all uses. */
err_t sys_space_create_shared(struct sys_space *sp, u32 domain);
/* Destroy space and page-table pages. */
void sys_space_destroy(struct sys_space *sp);

/* Make the page-table pages down to `level` above which an entry at vaddr can stand. */
err_t sys_tables(struct sys_space *sp, u64 vaddr, u32 level);

/*
 * Map pages behind a grant; page-table pages are made as needed.
 * @param offset  first page, counted from the grant's first
 * @param pages   how many entries, of the size in attr
 * @param attr    MAP_*
 */
err_t sys_map(struct sys_space *sp, grant_h grant, u64 vaddr, u64 offset, u64 pages, u64 attr);
/* Clear entries of a grant, of the size in attr. */
err_t sys_unmap(grant_h grant, u64 vaddr, u64 pages, u64 attr);

/*
 * Make a grant for a window just as long as the frames, and map all of them.
 * @param grant  the new grant; destroying it unmaps
 */
err_t sys_map_frames(struct sys_space *sp, any_h frames, u64 vaddr, u64 pages, u64 attr,
		     grant_h *grant);

/* New zeroed pages in the own space. @return their address, or NULL. */
void *sys_map_new(u64 vaddr, u32 pages);

/* --- threads ------------------------------------------------------------------------------- */

enum { SYS_STACK_PAGES = 4, SYS_THREADS_MAX = 64, SYS_MSG_WORDS = 512 };

/*
 * A thread with all it needs, in this program's space and table.
 * After sys_thread_create its fields can be used with the kernel's calls.
 */
struct sys_thread {
	thread_h thread;
	sched_h sched;
	frames_h frames;   /* stack, and the message page */
	frames_h msg_page; /* the message page alone */
	grant_h grant;
	u32 place; /* which of SYS_THREADS_MAX windows */
	u64 stack_top;
	volatile u64 *msg; /* the message page */
	void (*entry)(void *);
	void *arg;
};

/*
 * Make a thread: stopped, with scheduling context, stack and message page, in the own space and
 * with the own table.
 * @param flags  THREAD_FPU, THREAD_FOREIGN
 * @param prio   its priority; its highest is the same
 * @param cpu    where it shall run
 */
err_t sys_thread_create(struct sys_thread *t, u64 flags, u32 prio, u32 cpu);
/* Let a stopped thread run in another space, where the image is mapped already. */
err_t sys_thread_set_space(struct sys_thread *t, struct sys_space *sp);
/* Run entry(arg) on it; when entry returns, the thread stops. */
err_t sys_thread_run(struct sys_thread *t, void (*entry)(void *), void *arg);
/* Stop and destroy it with all that sys_thread_create made. */
void sys_thread_destroy(struct sys_thread *t);
/* Forget which windows of stacks are in use: the objects were destroyed otherwise. */
void sys_threads_reset(u32 first_place);
