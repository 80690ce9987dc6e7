/* SPDX-License-Identifier: MIT */
/*
 * The kernel's objects of tasks, and on which CPU each runs.
 *
 * Owns:       all task structures: those of ended tasks, with their objects, serve the next.
 */
#include "internal.h"
#include "leave.h"
#include "../core/loop.h"
#include "../core/options.h"

enum {
	TASKS_MAX = 4096,
	PAGES_EACH = 22, /* thread, time, space, page tables, stack of a fiber */
	SLOTS_EACH = 18,
	PRIO_NORMAL = 80,
	PRIO_IDLE = 70,
	PRIO_REALTIME = 90, /* and above, by a tenth of Linux's priority */
	SLICE_US = 4000,
	BALANCE_MS = 50,
	NEAR = 2,       /* so many more tasks may share the server's CPU */
	FAR_CALLS = 32, /* as many calls from another CPU, */
	FAR_US = 100000, /* in this time, are often */
	NICE_0 = 20, /* task.share of nice 0 */
};

u32 cpu_running[CPUS_MAX];

static struct task *task[TASKS_MAX];
static struct task *unused; /* linked by peer.next */
static u32 made, in_use, limit;
static struct timer balance;

/* So many that all of them find what they need of the kernel's objects. */
void tasks_limit(void)
{
	u32 pages = sys_pages_left() / PAGES_EACH, slots = sys_slots_left() / SLOTS_EACH;

	limit = pages < slots ? pages : slots;
	if (limit > TASKS_MAX)
		limit = TASKS_MAX;
	if (options.procs != 0 && options.procs < limit)
		limit = options.procs;
}

struct task *task_by_badge(u64 badge)
{
	return badge - 1 < made ? task[badge - 1] : NULL;
}

u32 task_count(void)
{
	return in_use;
}

u64 cpus_all(void)
{
	return env.cpus >= 64 ? ~0ull : (1ull << env.cpus) - 1;
}

/* --- objects --------------------------------------------------------------------------- */

static bool make_objects(struct task *t)
{
	u64 slice = env.clock_hz / 1000000 * SLICE_US;
	any_h thread = { 0 }, sched = { 0 };

	t->reply_slot = sys_slot();
	if (t->reply_slot == 0)
		return false;
	if (!err_is_ok(sys_create(OBJ_THREAD,
				  THREAD_FPU | THREAD_FOREIGN | (u64)PRIO_REALTIME << 8, &thread)) ||
	    !err_is_ok(sys_create(OBJ_SCHED, 0, &sched)) ||
	    !err_is_ok(sched_configure((sched_h){ sched.h }, env.cpus_cap, 0, slice, slice)) ||
	    !err_is_ok(thread_set_cpu((thread_h){ thread.h }, env.cpus_cap, 0)) ||
	    !err_is_ok(thread_bind((thread_h){ thread.h }, THREAD_SCHED, sched, 0)) ||
	    !err_is_ok(thread_bind((thread_h){ thread.h }, THREAD_FAULT, ANY(env.ep),
				   t->index + 1)) ||
	    !err_is_ok(thread_set_prio((thread_h){ thread.h }, PRIO_NORMAL))) {
		if (thread.h != 0)
			(void)sys_destroy(thread);
		if (sched.h != 0)
			(void)sys_destroy(sched);
		sys_slot_free(t->reply_slot);
		return false;
	}
	t->share = NICE_0;
	t->thread.h = thread.h;
	t->sched.h = sched.h;
	return true;
}

static struct task *make(void)
{
	struct task *t;

	if (made == TASKS_MAX || !fibers_reserve(made + 1))
		return NULL;
	t = kalloc(sizeof *t);
	if (t == NULL)
		return NULL;
	t->index = made;
	if (!make_objects(t)) {
		kfree(t);
		return NULL;
	}
	task[made++] = t;
	return t;
}

struct task *task_alloc(void)
{
	struct task *t = unused;

	if (in_use >= limit)
		return NULL;
	if (t != NULL) {
		unused = (struct task *)(void *)t->peer.next;
		struct task fresh = { .index = t->index,
				      .thread = t->thread,
				      .sched = t->sched,
				      .reply_slot = t->reply_slot,
				      .share = t->rests ? UINT32_MAX : t->share,
				      .cpu = t->cpu };
		*t = fresh;
	} else {
		t = make();
	}
	if (t == NULL)
		return NULL;
	in_use++;
	list_init(&t->peer);
	waitq_init(&t->wait);
	sigpending_init(&t->pending);
	return t;
}

void task_free(struct task *t)
{
	in_use--;
	t->peer.next = (struct list *)(void *)unused;
	unused = t;
}

/* --- CPUs -------------------------------------------------------------------------------- */

/* The server's own CPU is preferred: a call from there costs least. Who computes is moved away. */
u32 cpu_choose(u64 affinity)
{
	u32 best = 0, least = UINT32_MAX;

	for (u32 c = 0; c < env.cpus; c++) {
		u32 load = cpu_running[c] + (c != SERVER_CPU ? NEAR : 0);

		if (((affinity >> c) & 1) && load < least) {
			least = load;
			best = c;
		}
	}
	return best;
}

/* Only of a task whose thread is stopped. */
s64 task_set_cpu(struct task *t, u32 cpu)
{
	if (t->cpu == cpu)
		return 0;
	if (!err_is_ok(thread_set_cpu(t->thread, env.cpus_cap, cpu)))
		return -EINVAL;
	realtime_moves(t, cpu);
	return 0;
}

/* A task that has been computing on a CPU which others want too. */
static struct task *to_move(u32 cpu, u32 target, u64 before)
{
	for (u32 i = 0; i < made; i++) {
		struct task *t = task[i];

		if (t->process != NULL && !t->ended && t->fiber == NULL && !t->halted &&
		    t->cpu == cpu && t->left < before && ((t->affinity >> target) & 1))
			return t;
	}
	return NULL;
}

static void move(struct task *t, u32 cpu)
{
	if (!err_is_ok(thread_stop(t->thread)))
		return;
	task_leaves_cpu(t);
	(void)task_set_cpu(t, cpu);
	task_enters_cpu(t);
	(void)thread_resume(t->thread);
}

void task_move_now(struct task *t)
{
	t->work &= ~(u32)WORK_MOVE;
	(void)task_regs(t);
	(void)thread_stop(t->thread);
	loop_forget(t);
	t->halted = true;
	t->work |= WORK_REGS;
	(void)task_set_cpu(t, t->move_to - 1);
}

/* Setting a scheduling context anew begins a new turn, and whoever is ready goes first then. */
void task_requeue(struct task *t)
{
	if (cpu_running[t->cpu] == 0)
		return;
	(void)task_regs(t);
	(void)thread_stop(t->thread);
	loop_forget(t);
	t->halted = true;
	t->work |= WORK_REGS;
}

static void rebalance(struct timer *timer)
{
	u32 most = 0, least = 0;
	struct task *t;

	for (u32 c = 0; c < env.cpus; c++) {
		if (cpu_running[c] > cpu_running[most])
			most = c;
		if (cpu_running[c] < cpu_running[least])
			least = c;
	}
	if (cpu_running[most] >= cpu_running[least] + 2) {
		t = to_move(most, least, now_ticks() - env.clock_hz / 1000 * BALANCE_MS * 4 / 5);
		if (t != NULL)
			move(t, least);
	}
	if (cpu_running[most] >= 2)
		timer_arm(timer, now_mono() + BALANCE_MS * 1000000ull, rebalance);
}

void task_begin(struct task *t)
{
	t->entered = now_ticks();
	task_left(t);
	(void)thread_resume(t->thread);
}

void cpu_is_shared(void)
{
	if (env.cpus > 1 && !balance.armed)
		timer_arm(&balance, now_mono() + BALANCE_MS * 1000000ull, rebalance);
}

void cpu_called_from_afar(struct task *t, u64 now)
{
	if (++t->far_calls < FAR_CALLS)
		return;
	/* Among others that compute there it waits for a turn after each call. */
	if (now - t->far_since < env.clock_hz / 1000000 * FAR_US * (1 + cpu_running[t->cpu]) && cpu_running[SERVER_CPU] < NEAR &&
	    ((t->affinity >> SERVER_CPU) & 1)) {
		t->move_to = SERVER_CPU + 1;
		t->work |= WORK_MOVE;
	}
	t->far_calls = 0;
	t->far_since = now;
}

/* --- shares ------------------------------------------------------------------------------- */

void task_set_prio(struct task *t)
{
	u32 prio = PRIO_NORMAL;

	if (task_is_realtime(t) && !t->rests) {
		prio = PRIO_REALTIME - 9 + t->rt_priority / 11;
		realtime_watch();
	} else if (t->rests || t->policy == 5) {
		prio = PRIO_IDLE;
	}
	(void)thread_set_prio(t->thread, prio);
}

/*
 * Tasks of one priority take turns: a nice value makes the turn longer or shorter, by a quarter
 * for each step, as Linux's weights do.
 */
void task_set_share(struct task *t)
{
	u32 share = (u32)(t->nice + 20) | t->policy << 8 | t->rt_priority << 16;
	u64 slice = env.clock_hz / 1000000 * SLICE_US;

	if (share == t->share)
		return;
	t->share = share;
	for (s32 n = t->nice; n > 0; n--)
		slice = slice * 4 / 5;
	for (s32 n = t->nice; n < 0; n++)
		slice = slice * 5 / 4;
	(void)sched_configure(t->sched, env.cpus_cap, t->cpu, slice, slice);
	t->rests = realtime_rests(t);
	task_set_prio(t);
}
