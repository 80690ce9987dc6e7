/* SPDX-License-Identifier: MIT */
/*
 * Futexes: sleeping until somebody says that a word of memory changed.
 *
 * Between looking at the word and entering the queue nothing sleeps, and whoever changes the word
 * calls the server afterwards: no wakeup is lost.
 *
 * Owns:       the queues.
 * Not there:  FUTEX_LOCK_PI and its kin (ENOSYS).
 */
#include "clock.h"
#include "internal.h"
#include "../mm/mm.h"
#include "linux/calls.h"
#include "linux/words.h"

enum { BUCKETS = 1024, VECTOR_MAX = 128, ROBUST_MAX = 2048 };
enum {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAKE_OP = 5,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
	FUTEX_PRIVATE = 128,
	FUTEX_REALTIME = 256,
	FUTEX2_PRIVATE = 128,
};
#define ALL_BITS 0xffffffffu
#define TID_MASK 0x3fffffffu
#define OWNER_DIED 0x40000000u
#define WAITERS 0x80000000u

struct sleeper {
	struct waiter w;
	u64 key[2];
	u32 bits;
};

static struct waitq bucket[BUCKETS];

void futexes_start(void)
{
	for (u32 i = 0; i < BUCKETS; i++)
		waitq_init(&bucket[i]);
}

static struct waitq *queue_of(const u64 key[2])
{
	u64 h = (key[0] ^ key[1] >> 2) * 0x9e3779b97f4a7c15ull;

	return &bucket[h >> 54];
}
_Static_assert(BUCKETS == 1 << (64 - 54), "hash");

static bool same(const u64 a[2], const u64 b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

/* The word itself, until the next sleep. */
static volatile u32 *word_at(struct task *t, u64 addr, unsigned access)
{
	u64 bytes = sizeof(u32);

	return addr % sizeof(u32) != 0 ? NULL : user_window(t->mm, addr, &bytes, access);
}

static s64 key_of(struct task *t, u64 addr, bool shared, u64 key[2])
{
	return addr % sizeof(u32) != 0 ? -EINVAL : futex_key(t->mm, addr, shared, key);
}

/* --- waking ------------------------------------------------------------------------------ */

static s64 wake(const u64 key[2], u32 most, u32 bits)
{
	u32 n = 0;

	list_for_safe(l, &queue_of(key)->waiters) {
		struct sleeper *s = container_of(l, struct sleeper, w.link);

		if (n == most)
			break;
		if (!same(s->key, key) || !(s->bits & bits))
			continue;
		list_del(&s->w.link);
		waiter_wake(&s->w, 0);
		n++;
	}
	return n;
}

static s64 do_wake(struct task *t, u64 addr, bool shared, u64 most, u32 bits)
{
	u64 key[2];
	s64 e = key_of(t, addr, shared, key);

	if (bits == 0)
		return -EINVAL;
	/* As Linux does: a number below 1 wakes one. */
	return e != 0 ? e : wake(key, (s32)most < 1 ? 1 : (u32)most, bits);
}

void futex_wake_addr(struct task *t, u64 addr)
{
	(void)do_wake(t, addr, true, 1, ALL_BITS);
}

static s64 requeue(struct task *t, u64 from, u64 to, bool shared, u64 most_woken, u64 most_moved,
		   const u32 *expected)
{
	u64 a[2], b[2];
	s64 e = key_of(t, from, shared, a), woken;
	s64 moved = 0;

	if (e == 0)
		e = key_of(t, to, shared, b);
	if (e != 0)
		return e;
	if ((s32)most_woken < 0 || (s32)most_moved < 0)
		return -EINVAL;
	if (expected != NULL) {
		volatile u32 *w = word_at(t, from, ACCESS_READ);

		if (w == NULL)
			return -EFAULT;
		if (*w != *expected)
			return -EAGAIN;
	}
	woken = most_woken == 0 ? 0 : wake(a, (u32)most_woken, ALL_BITS);
	list_for_safe(l, &queue_of(a)->waiters) {
		struct sleeper *s = container_of(l, struct sleeper, w.link);

		if (moved == (s32)most_moved)
			break;
		if (!same(s->key, a))
			continue;
		list_del(&s->w.link);
		s->key[0] = b[0];
		s->key[1] = b[1];
		list_add(&queue_of(b)->waiters, &s->w.link);
		moved++;
	}
	return expected != NULL ? woken + moved : woken;
}

/* op: what to do 28-31, how to compare 24-27, operand 12-23, what to compare with 0-11. */
static s64 change_word(volatile u32 *w, u32 op, u32 *old)
{
	u32 arg = (u32)((s32)(op << 8) >> 20), seen, new;

	if (op >> 31)
		arg = 1u << (arg & 31);
	do {
		seen = __atomic_load_n(w, __ATOMIC_RELAXED);
		switch (op >> 28 & 7) {
		case 0: new = arg; break;
		case 1: new = seen + arg; break;
		case 2: new = seen | arg; break;
		case 3: new = seen & ~arg; break;
		case 4: new = seen ^ arg; break;
		default: return -ENOSYS;
		}
	} while (!__atomic_compare_exchange_n(w, &seen, new, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	*old = seen;
	return 0;
}

static s64 compare(u32 op, u32 seen)
{
	s32 with = (s32)(op << 20) >> 20, v = (s32)seen;

	switch (op >> 24 & 15) {
	case 0: return v == with;
	case 1: return v != with;
	case 2: return v < with;
	case 3: return v <= with;
	case 4: return v > with;
	case 5: return v >= with;
	default: return -ENOSYS;
	}
}

static s64 wake_op(struct task *t, u64 addr, u64 second, bool shared, u64 most, u64 most_second,
		   u32 op)
{
	volatile u32 *w;
	u64 a[2], b[2];
	u32 seen;
	s64 e = key_of(t, addr, shared, a), woken, yes;

	if (e == 0)
		e = key_of(t, second, shared, b);
	if (e != 0)
		return e;
	w = word_at(t, second, ACCESS_WRITE);
	if (w == NULL)
		return -EFAULT;
	e = change_word(w, op, &seen);
	if (e != 0)
		return e;
	yes = compare(op, seen);
	if (yes < 0)
		return yes;
	woken = wake(a, (u32)most, ALL_BITS);
	if (yes)
		woken += wake(b, (u32)most_second, ALL_BITS);
	return woken;
}

/* --- waiting -------------------------------------------------------------------------------- */

static s64 wait(struct task *t, u64 addr, bool shared, u32 expected, u32 bits, u64 deadline)
{
	struct sleeper s = { .bits = bits };
	volatile u32 *w;
	s64 e;

	if (bits == 0)
		return -EINVAL;
	e = key_of(t, addr, shared, s.key);
	if (e != 0)
		return e;
	w = word_at(t, addr, ACCESS_READ);
	if (w == NULL)
		return -EFAULT;
	if (*w != expected)
		return -EAGAIN;
	waiter_add(queue_of(s.key), &s.w);
	do
		e = fiber_sleep(deadline, 0);
	while (e == 0 && !s.w.woken);
	waiter_del(&s.w);
	if (s.w.woken)
		return 0;
	return e == -EINTR ? -ERESTART : e;
}

static s64 wait_again(struct task *t)
{
	s64 e = wait(t, t->restart.a[0], t->restart.a[1] & 1, (u32)t->restart.a[2],
		     (u32)t->restart.a[3], t->restart.a[4]);

	return e == -ERESTART ? -ERESTART_BLOCK : e;
}

static s64 do_wait(struct task *t, u64 addr, u64 op, u32 expected, u64 utimeout, u32 bits)
{
	bool shared = !(op & FUTEX_PRIVATE), absolute = (op & 127) == FUTEX_WAIT_BITSET;
	u64 deadline = NO_DEADLINE, ns;
	s64 e = 0;

	if (utimeout != 0) {
		e = copy_timespec_in(t, utimeout, &ns);
		if (e == 0)
			e = clock_deadline(op & FUTEX_REALTIME && absolute ? CLOCK_REALTIME
									   : CLOCK_MONOTONIC,
					   absolute, ns, &deadline);
		if (e != 0)
			return e;
	}
	t->restart.call = wait_again;
	t->restart.a[0] = addr;
	t->restart.a[1] = shared;
	t->restart.a[2] = expected;
	t->restart.a[3] = bits;
	t->restart.a[4] = deadline;
	e = wait(t, addr, shared, expected, bits, deadline);
	return e == -ERESTART && utimeout != 0 ? -ERESTART_BLOCK : e;
}

s64 lx_futex(struct task *t, u64 addr, u64 op, u64 value, u64 timeout, u64 second, u64 value3)
{
	bool shared = !(op & FUTEX_PRIVATE);
	u32 expected = (u32)value3;

	switch (op & ~(u64)(FUTEX_PRIVATE | FUTEX_REALTIME)) {
	case FUTEX_WAIT: return do_wait(t, addr, op, (u32)value, timeout, ALL_BITS);
	case FUTEX_WAIT_BITSET: return do_wait(t, addr, op, (u32)value, timeout, (u32)value3);
	case FUTEX_WAKE: return do_wake(t, addr, shared, value, ALL_BITS);
	case FUTEX_WAKE_BITSET: return do_wake(t, addr, shared, value, (u32)value3);
	case FUTEX_REQUEUE: return requeue(t, addr, second, shared, value, timeout, NULL);
	case FUTEX_CMP_REQUEUE:
		return requeue(t, addr, second, shared, value, timeout, &expected);
	case FUTEX_WAKE_OP:
		return wake_op(t, addr, second, shared, value, timeout, (u32)value3);
	default: return lx_refused(t, LX_TAKES_FUTEX_FUTEX, op, NULL);
	}
}

/* --- the newer calls ---------------------------------------------------------------------------- */

s64 lx_futex_wake(struct task *t, u64 addr, u64 mask, u64 most, u64 flags)
{
	if ((mask >> 32) != 0)
		return -EINVAL;
	return do_wake(t, addr, !(flags & FUTEX2_PRIVATE), most, (u32)mask);
}

static s64 deadline_in(struct task *t, u64 from, u64 clock, u64 *deadline)
{
	u64 ns;
	s64 e;

	if (!lx_takes_futex_wait_clock((u32)clock))
		return lx_refused(t, LX_TAKES_FUTEX_WAIT_CLOCK, (u32)clock, NULL);
	e = copy_timespec_in(t, from, &ns);
	return e != 0 ? e : clock_deadline(clock, true, ns, deadline);
}

s64 lx_futex_wait(struct task *t, u64 addr, u64 value, u64 mask, u64 flags, u64 utimeout,
		  u64 clock)
{
	u64 deadline = NO_DEADLINE;
	s64 e = 0;

	if ((mask >> 32) != 0 || (value >> 32) != 0)
		return -EINVAL;
	if (utimeout != 0) {
		e = deadline_in(t, utimeout, clock, &deadline);
		if (e != 0)
			return e;
	}
	return wait(t, addr, !(flags & FUTEX2_PRIVATE), (u32)value, (u32)mask, deadline);
}

struct vector {
	u64 value, addr;
	u32 flags, reserved;
};

/* Enter all; the number of one that has changed already, ~0: none, or an error. */
static s64 enter_all(struct task *t, struct sleeper *s, const struct vector *v, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		s64 e = v[i].reserved != 0
				? -EINVAL
				: key_of(t, v[i].addr, !(v[i].flags & FUTEX2_PRIVATE), s[i].key);

		if (!lx_takes_futex_waitv_futex2(v[i].flags))
			return lx_refused(t, LX_TAKES_FUTEX_WAITV_FUTEX2, v[i].flags, NULL);
		if (e != 0)
			return e;
	}
	for (u32 i = 0; i < n; i++) {
		volatile u32 *w = word_at(t, v[i].addr, ACCESS_READ);

		if (w == NULL)
			return -EFAULT;
		if (*w != (u32)v[i].value)
			return -EAGAIN;
		s[i].bits = ALL_BITS;
		waiter_add(queue_of(s[i].key), &s[i].w);
	}
	return 0;
}

static s64 woken_of(const struct sleeper *s, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (s[i].w.woken)
			return i;
	}
	return -1;
}

static s64 wait_all(struct task *t, struct sleeper *s, const struct vector *v, u32 n, u64 deadline)
{
	s64 e = enter_all(t, s, v, n);

	while (e == 0 && woken_of(s, n) < 0)
		e = fiber_sleep(deadline, 0);
	for (u32 i = 0; i < n; i++) {
		if (s[i].w.fiber != NULL)
			waiter_del(&s[i].w);
	}
	if (woken_of(s, n) >= 0)
		return woken_of(s, n);
	return e == -EINTR ? -ERESTART : e;
}

s64 lx_futex_waitv(struct task *t, u64 from, u64 n, u64 flags, u64 utimeout, u64 clock)
{
	u64 deadline = NO_DEADLINE;
	struct sleeper *s;
	struct vector *v;
	s64 e = 0;

	(void)flags; /* none */
	if (n == 0 || n > VECTOR_MAX)
		return -EINVAL;
	if (utimeout != 0) {
		e = deadline_in(t, utimeout, clock, &deadline);
		if (e != 0)
			return e;
	}
	s = kalloc(n * sizeof *s);
	v = kalloc(n * sizeof *v);
	if (s == NULL || v == NULL)
		e = -ENOMEM;
	else if (copy_in(t->mm, v, from, n * sizeof *v) != 0)
		e = -EFAULT;
	else
		e = wait_all(t, s, v, (u32)n, deadline);
	kfree(s);
	kfree(v);
	return e;
}

/* --- robust lists ----------------------------------------------------------------------------------- */

s64 lx_set_robust_list(struct task *t, u64 head, u64 size)
{
	if (size != 24)
		return -EINVAL;
	t->robust_list = head;
	return 0;
}

s64 lx_get_robust_list(struct task *t, u64 pid, u64 to, u64 usize)
{
	struct task *o = (s32)pid == 0 ? t : task_find((u32)pid);
	u64 size = 24;

	if (o == NULL)
		return -ESRCH;
	if (o->process != t->process && !task_capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_out(t->mm, usize, &size, sizeof size) != 0)
		return -EFAULT;
	return copy_out(t->mm, to, &o->robust_list, sizeof o->robust_list);
}

/* One lock that t held when it ended: its word says so, and one who waits for it learns. */
static void owner_died(struct task *t, u64 addr)
{
	volatile u32 *w = word_at(t, addr, ACCESS_WRITE);
	u32 seen;

	if (w == NULL)
		return;
	seen = __atomic_load_n(w, __ATOMIC_RELAXED);
	do {
		if ((seen & TID_MASK) != t->tid)
			return;
	} while (!__atomic_compare_exchange_n(w, &seen, (seen & WAITERS) | OWNER_DIED, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (seen & WAITERS)
		futex_wake_addr(t, addr);
}

void futex_robust_exit(struct task *t)
{
	u64 head[3], at, next; /* list, offset of the word, lock being taken */

	if (t->robust_list == 0 || copy_in(t->mm, head, t->robust_list, sizeof head) != 0)
		return;
	at = head[0];
	for (u32 i = 0; i < ROBUST_MAX && (at & ~1ull) != t->robust_list; i++) {
		if (copy_in(t->mm, &next, at & ~1ull, sizeof next) != 0)
			break;
		if (at != head[2])
			owner_died(t, (at & ~1ull) + head[1]);
		at = next;
	}
	if (head[2] != 0)
		owner_died(t, (head[2] & ~1ull) + head[1]);
	t->robust_list = 0;
}
