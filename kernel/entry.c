/* SPDX-License-Identifier: MIT */
/*
 * Entries to the kernel: system calls, faults, interrupts.
 *
 * Locks:      takes them.  Every entry begins with this CPU's lock; what needs
 *             more begins again with all locks, and reads everything anew.
 * Called by:  the architecture, with the registers of the current thread saved.
 */
#include "inv.h"
#include "ks.h"

struct kernel_state ks;

/* The last CPU's is the first, and says whose turn it is to take the others. */
void lock_all(void)
{
	u32 i = ks.cpus;

	do
		arch_lock(&CPU(i - 1)->lock);
	while (--i != 0);
	ks.global = 1;
}

void unlock_all(void)
{
	u32 i = ks.cpus;

	ks.global = 0;
	do
		arch_unlock(&CPU(i - 1)->lock);
	while (--i != 0);
}

/*
 * Does the CPU go on with th, which is loaded, as far as this entry could have
 * changed that?  Then leaving it needs nothing.  Who mails something to the CPU
 * kicks it as well, so its mailbox can wait.
 */
static inline bool goes_on(const struct thread *th)
{
	return MY(current) == MY(loaded) && MY(top) <= th->eprio + 1u &&
	       th->running_on == MY(charged) &&
	       (MY(timeq) == NIL || TN(MY(timeq))->when >= MY(alarm));
}

/* What every entry touches must be in order when it leaves; tests on the host check all there is. */
static inline void check_invariants(u32 cpu)
{
#if DEBUG
	KASSERT(kernel_inv_local(cpu));
#else
	(void)cpu;
#endif
}

/*
 * The CPU goes on with something else, perhaps with who is woken by mail.  What
 * only all locks allow waits for kernel_kick: a CPU that waits for a lock may
 * have its thread stopped, as one that has not made its call yet, and here it has.
 */
static APART void leave_changed(void)
{
	if (RARE(MY(mailbox) != NIL))
		(void)notif_mailbox(arch_cpu());
	sched_exit();
	check_invariants(arch_cpu());
	arch_unlock_own();
}

static inline void leave_settled(void)
{
	check_invariants(arch_cpu());
	arch_unlock_own();
}

static inline void leave(bool is_settled)
{
	if (is_settled)
		leave_settled();
	else
		leave_changed();
}

/* Every entry ends here or with leave_global, if it is not a call that has a result. */
static inline void leave_local(void)
{
	leave(MY(loaded) != NIL && goes_on(MY_THREAD()));
}

static void leave_global(void)
{
	if (MY(loaded) == NIL || RARE(!goes_on(MY_THREAD())))
		sched_exit();
	check_invariants(arch_cpu());
	unlock_all();
}

/*
 * Give this CPU's lock up to take all.  Meanwhile others may destroy what is not
 * current, so the CPU must hold nothing of it.
 */
static void unlock_for_all(u32 cpu)
{
	struct cpu *c = CPU(cpu);

	if (c->current == NIL && c->loaded != NIL) {
		arch_switch(c->loaded, NIL);
		c->loaded = NIL;
	}
	arch_unlock(&c->lock);
	lock_all();
}

/* Report the fault that is recorded in t, which is current, and still is if that failed. */
static inline err_t raise_fault(u32 t, bool is_global)
{
	return !is_global && fast_fault(t) ? GONE_ON : thread_raise(MY(current));
}

static APART err_t syscall_foreign(u32 t)
{
	TH(t)->fault = FAULT_SYSCALL;
	err_t e = raise_fault(t, ks.global);

	/* If it is stopped before it comes again with all locks, it has not made the call. */
	if (e.v == INT_GLOBAL)
		TH(t)->fault = 0;
	return e;
}

static inline err_t syscall_own(u32 t, u64 nr, bool is_global)
{
	trace_add(TH(t)->home, TRACE_call, nr, FR_HANDLE(t));
	return is_global ? dispatch_global(t, nr) : dispatch(t, nr);
}

static inline bool makes_own_calls(const struct thread *th)
{
	return !(th->flags & THREAD_FOREIGN);
}

static inline void put_result(struct thread *th, err_t e)
{
	trace_add(th->home, TRACE_result, TH_NR(th), e.v);
	TH_ERR(th) = e.v;
}

/* A global call may have destroyed its caller; then nothing is loaded, and there is nobody to tell. */
static APART void syscall_global(void)
{
	lock_all();
	u32 t = MY(current);

	if (USUAL(t != NIL)) {
		const struct thread *th = MY_THREAD();
		err_t e = makes_own_calls(th) ? syscall_own(t, TH_NR(th), true) : syscall_foreign(t);

		if (USUAL(e.v != INT_NONE) && USUAL(MY(loaded) != NIL))
			put_result(MY_THREAD(), e);
	}
	leave_global();
}

/*
 * Who called is what is loaded, if it is still there when the lock is taken; what
 * it is and which call it makes does not change while it is.  After the call, what
 * is needed is found anew: kept in registers meanwhile, it would cost saving theirs
 * in every call.
 */
void kernel_syscall(void)
{
	const struct thread *th = MY_THREAD();
	bool is_own = makes_own_calls(th);
	u64 nr = TH_NR(th);
	err_t e = NO_RESULT;

	if (is_own && call_is_global(nr)) {
		syscall_global();
		return;
	}
	arch_lock_own();
	if (MY(current) != NIL)
		e = is_own ? syscall_own(MY(loaded), nr, false) : syscall_foreign(MY(loaded));
	if (e.v < INT_GLOBAL) {
		struct thread *now = MY_THREAD();

		put_result(now, e);
		leave(goes_on(now));
		return;
	}
	if (e.v == INT_GLOBAL) {
		arch_unlock_own();
		syscall_global();
	} else if (e.v == INT_GONE_ON) {
		leave_settled();
	} else {
		leave_local();
	}
}

static inline err_t fault(u32 t, bool is_global)
{
	TH(t)->fault = TH(t)->pending;
	TH(t)->pending = 0;
	trace_add(TH(t)->home, TRACE_fault, TH(t)->fault, TH(t)->fault_addr);
	return raise_fault(t, is_global);
}

/*
 * While this CPU waits for a lock its thread may be stopped.  A page fault comes
 * again by itself, when the thread goes on; what else was, does not (a single
 * step has been made, a break point passed): so it is noted first, as the
 * registers were, in what belongs to this CPU until it waits.
 */
void kernel_fault_note(u32 kind, u64 code, u64 addr)
{
	u32 t = MY(current);

	if (t == NIL)
		return;
	TH(t)->pending = (u8)kind;
	TH(t)->fault_code = code;
	TH(t)->fault_addr = addr;
}

/* The same from the start, with all locks. */
static APART void fault_global(void)
{
	u32 t = MY(current);

	TH(t)->pending = TH(t)->fault;
	TH(t)->fault = 0;
	arch_unlock_own();
	lock_all();
	t = MY(current);
	if (t != NIL)
		(void)fault(t, true);
	leave_global();
}

void kernel_fault(void)
{
	arch_lock_own();
	u32 t = MY(current);
	err_t e = t == NIL ? NO_RESULT : fault(t, false);

	if (e.v == INT_GONE_ON)
		leave_settled();
	else if (e.v == INT_GLOBAL)
		fault_global();
	else
		leave_local();
}

void kernel_irq(u32 cpu, u32 vector)
{
	arch_lock_own();
	trace_add(cpu, TRACE_irq, vector, MY(irq[vector]));
	irq_fired(cpu, vector);
	leave_local();
}

void kernel_iommu(void)
{
	lock_all();
	arch_iommu_faults(false);
	leave_global();
}

void kernel_timer(u32 cpu)
{
	arch_lock_own();
	if (sched_timer(cpu)) {
		leave_local();
		return;
	}
	unlock_for_all(cpu);
	(void)sched_timer(cpu);
	leave_global();
}

void kernel_kick(u32 cpu)
{
	arch_lock_own();
	trace_add(cpu, TRACE_kick, cpu, 0);
	/* If somebody woke who is to run first, the rest waits for a kick of its own. */
	if (CPU(cpu)->mailbox == NIL || notif_mailbox(cpu) || MY(current) != MY(loaded)) {
		leave_local();
		return;
	}
	unlock_for_all(cpu);
	(void)notif_mailbox(cpu);
	leave_global();
}
