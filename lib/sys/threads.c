/* SPDX-License-Identifier: MIT */
/*
 * Threads with stack, message page and scheduling context.
 *
 * Owns:       the windows of stacks in the own space.
 * Locks:      none: one thread makes the threads of a program.
 */
#include "start.h"

/* Window i: one page that stays unmapped, the stack, the message page. */
enum { WINDOW_PAGES = 8 };
#define STACKS 0x100000000ull

static u64 used;

static u32 take_place(void)
{
	for (u32 i = 0; i < SYS_THREADS_MAX; i++) {
		if (!((used >> i) & 1)) {
			used |= 1ull << i;
			return i;
		}
	}
	return SYS_THREADS_MAX;
}

void sys_threads_reset(u32 first_place)
{
	used = first_place == 0 ? 0 : ~0ull >> (64 - first_place);
}

/* Stack and message page; the page below the stack is left out. */
static err_t give_stack(struct sys_thread *t)
{
	u64 window = STACKS + t->place * WINDOW_PAGES * SYS_PAGE;
	u64 stack = window + SYS_PAGE;
	err_t e = sys_create_frames(SYS_STACK_PAGES + 1, 1, &t->frames);

	if (!err_is_ok(e))
		return e;
	(void)frames_clear(t->frames, 0, SYS_STACK_PAGES + 1);
	e = sys_map_frames(&sys_own_space, ANY(t->frames), stack, SYS_STACK_PAGES + 1,
			   MAP_READ | MAP_WRITE, &t->grant);
	if (!err_is_ok(e))
		return e;
	t->msg_page.h = sys_range(ANY(t->frames), SYS_STACK_PAGES, 1,
				  RIGHT_FRAMES_READ | RIGHT_FRAMES_WRITE);
	t->stack_top = stack + SYS_STACK_PAGES * SYS_PAGE;
	t->msg = (volatile u64 *)t->stack_top;
	return t->msg_page.h == 0 ? ERR_SLOT : OK;
}

static err_t bind_all(const struct sys_thread *t)
{
	err_t e = thread_bind(t->thread, THREAD_SPACE, ANY(sys_own_space.space), 0);

	if (err_is_ok(e))
		e = thread_bind(t->thread, THREAD_TABLE, (any_h){ HANDLE_TABLE }, 0);
	if (err_is_ok(e))
		e = thread_bind(t->thread, THREAD_SCHED, ANY(t->sched), 0);
	if (err_is_ok(e))
		e = thread_bind(t->thread, THREAD_MSG, ANY(t->msg_page), 0);
	/* A component ends as a whole, whichever of its threads crashes. */
	if (err_is_ok(e) && sys_comp != NULL)
		e = thread_bind(t->thread, THREAD_FAULT, (any_h){ COMP_SUPERVISOR }, 0);
	return e;
}

static err_t make(struct sys_thread *t, u64 flags, u32 prio, u32 cpu)
{
	any_h h = { 0 };
	err_t e = give_stack(t);

	if (!err_is_ok(e))
		return e;
	e = sys_create(OBJ_THREAD, flags | (u64)prio << 8, &h);
	t->thread.h = h.h;
	if (!err_is_ok(e))
		return e;
	e = thread_set_cpu(t->thread, (cpus_h){ HANDLE_CPUS }, cpu);
	if (!err_is_ok(e))
		return e;
	t->sched = sys_sched(cpu);
	e = bind_all(t);
	return err_is_ok(e) ? thread_set_prio(t->thread, prio) : e;
}

err_t sys_thread_create(struct sys_thread *t, u64 flags, u32 prio, u32 cpu)
{
	*t = (struct sys_thread){ .place = take_place() };
	if (t->place == SYS_THREADS_MAX)
		return ERR_BUSY;
	err_t e = make(t, flags, prio, cpu);
	if (!err_is_ok(e))
		sys_thread_destroy(t);
	return e;
}

err_t sys_thread_set_space(struct sys_thread *t, struct sys_space *sp)
{
	u64 stack = t->stack_top - SYS_STACK_PAGES * SYS_PAGE;
	grant_h g;
	err_t e = sys_map_frames(sp, ANY(t->frames), stack, SYS_STACK_PAGES + 1,
				 MAP_READ | MAP_WRITE, &g);

	return err_is_ok(e) ? thread_bind(t->thread, THREAD_SPACE, ANY(sp->space), 0) : e;
}

err_t sys_thread_run(struct sys_thread *t, void (*entry)(void *), void *arg)
{
	t->entry = entry;
	t->arg = arg;
	return thread_start(t->thread, (u64)sys_thread_start, t->stack_top, (u64)t);
}

void sys_thread_main(struct sys_thread *t)
{
	t->entry(t->arg);
	(void)thread_stop(t->thread);
	/* Resumed, or without a table to stop itself by: a fault. */
	__builtin_trap();
}

static void drop(u32 h)
{
	if (h != 0)
		(void)sys_destroy((any_h){ h });
}

void sys_thread_destroy(struct sys_thread *t)
{
	drop(t->thread.h);
	drop(t->sched.h);
	drop(t->msg_page.h);
	drop(t->grant.h);
	drop(t->frames.h);
	used &= ~(1ull << t->place);
}
