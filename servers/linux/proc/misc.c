/* SPDX-License-Identifier: MIT */
/*
 * What programs ask about the system and set for themselves.
 */
#include "internal.h"
#include "../core/options.h"
#include "../core/random.h"
#include "../core/uname.h"
#include "../mm/mm.h"
#include "linux/calls.h"
#include "linux/words.h"

enum {
	ARCH_SET_GS = 0x1001,
	ARCH_SET_FS,
	ARCH_GET_FS,
	ARCH_GET_GS,
	ARCH_CPUID = 0x1011,
	GRND_RANDOM = 2,
	GRND_INSECURE = 4,
	RANDOM_PIECE = 1024,
};

/* --- the thread itself ----------------------------------------------------------------- */

s64 lx_arch_prctl(struct task *t, u64 what, u64 addr)
{
	struct regs_general *r = task_regs(t);

	switch (what) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (addr >= TASK_SIZE)
			return -EPERM;
		if (what == ARCH_SET_FS)
			r->fs_base = addr;
		else
			r->gs_base = addr;
		task_regs_changed(t);
		return 0;
	case ARCH_GET_FS: return copy_out(t->mm, addr, &r->fs_base, sizeof r->fs_base);
	case ARCH_GET_GS: return copy_out(t->mm, addr, &r->gs_base, sizeof r->gs_base);
	case ARCH_CPUID: return 1;
	default: return -EINVAL;
	}
}

s64 lx_set_tid_address(struct task *t, u64 addr)
{
	t->clear_tid = addr;
	return t->tid;
}

/* --- the system ------------------------------------------------------------------------------ */

struct utsname uname_values = {
	.sysname = "Linux",
	.nodename = "tessera",
	.release = "6.1.0-tessera",
	.version = "#1 SMP Tessera",
	.machine = "x86_64",
	.domainname = "(none)",
};

s64 lx_uname(struct task *t, u64 to)
{
	return copy_out(t->mm, to, &uname_values, sizeof uname_values);
}

static s64 set_name(struct task *t, char *name, u64 from, u64 n)
{
	char text[UTS_FIELD] = { 0 };

	if (!task_capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	if (n >= UTS_FIELD)
		return -EINVAL;
	if (copy_in(t->mm, text, from, n) != 0)
		return -EFAULT;
	memcpy(name, text, UTS_FIELD);
	return 0;
}

s64 lx_sethostname(struct task *t, u64 from, u64 n)
{
	return set_name(t, uname_values.nodename, from, n);
}

s64 lx_setdomainname(struct task *t, u64 from, u64 n)
{
	return set_name(t, uname_values.domainname, from, n);
}

s64 lx_sysinfo(struct task *t, u64 to)
{
	struct {
		s64 uptime;
		u64 loads[3], total, free, shared, buffer, swap_total, swap_free;
		u16 procs, pad;
		u64 high_total, high_free;
		u32 unit;
	} s = { 0 };
	u32 running, tasks;

	s.uptime = (s64)(now_mono() / NS_PER_SEC);
	load_averages(s.loads, &running, &tasks);
	s.total = pages_total() * PAGE;
	s.free = pages_free() * PAGE;
	s.procs = (u16)tasks;
	s.unit = 1;
	return copy_out(t->mm, to, &s, sizeof s);
}

s64 lx_getrandom(struct task *t, u64 to, u64 bytes, u64 flags)
{
	u8 piece[RANDOM_PIECE];
	u64 done = 0;

	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if (bytes > INT32_MAX)
		bytes = INT32_MAX;
	while (done < bytes) {
		u64 n = bytes - done < sizeof piece ? bytes - done : sizeof piece;

		random_bytes(piece, n);
		if (copy_out(t->mm, to + done, piece, n) != 0)
			return done != 0 ? (s64)done : -EFAULT;
		done += n;
		/* A long one does not keep others waiting, and can be ended. */
		if (done % (64 * RANDOM_PIECE) == 0) {
			if (signal_waits(t))
				return (s64)done;
			(void)fiber_sleep(now_mono() + 1, SLEEP_FOREVER);
		}
	}
	return (s64)done;
}

s64 lx_personality(struct task *t, u64 what)
{
	(void)t;
	(void)what;
	return 0;
}

/* --- reboot -------------------------------------------------------------------------------------- */

enum {
	MAGIC1 = 0xfee1dead,
	RESTART = 0x01234567,
	HALT = 0xcdef0123,
	POWER_OFF = 0x4321fedc,
	CAD_ON = 0x89abcdef,
	CAD_OFF = 0,
};

static bool is_magic2(u32 v)
{
	return v == 672274793 || v == 85072278 || v == 369367448 || v == 537993216;
}

s64 lx_reboot(struct task *t, u64 magic1, u64 magic2, u64 what, u64 arg)
{
	(void)arg;
	if (!task_capable(t, CAP_SYS_BOOT))
		return -EPERM;
	if ((u32)magic1 != MAGIC1 || !is_magic2((u32)magic2))
		return -EINVAL;
	switch ((u32)what) {
	case CAD_ON:
	case CAD_OFF: return 0;
	case RESTART:
	case HALT:
	case POWER_OFF: server_end(0); return 0;
	default: return lx_refused(t, LX_TAKES_REBOOT_REBOOT, what, NULL);
	}
}

/* --- prctl ------------------------------------------------------------------------------------------ */

enum {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG = 2,
	PR_GET_DUMPABLE = 3,
	PR_SET_DUMPABLE = 4,
	PR_GET_KEEPCAPS = 7,
	PR_SET_KEEPCAPS = 8,
	PR_SET_NAME = 15,
	PR_GET_NAME = 16,
	PR_GET_SECCOMP = 21,
	PR_CAPBSET_READ = 23,
	PR_CAPBSET_DROP = 24,
	PR_GET_SECUREBITS = 27,
	PR_SET_SECUREBITS = 28,
	PR_SET_TIMERSLACK = 29,
	PR_GET_TIMERSLACK = 30,
	PR_SET_CHILD_SUBREAPER = 36,
	PR_GET_CHILD_SUBREAPER = 37,
	PR_SET_NO_NEW_PRIVS = 38,
	PR_GET_NO_NEW_PRIVS = 39,
	PR_GET_TID_ADDRESS = 40,
	PR_SET_THP_DISABLE = 41,
	PR_GET_THP_DISABLE = 42,
	PR_CAP_AMBIENT = 47,
	AMBIENT_IS_SET = 1,
	AMBIENT_RAISE = 2,
	AMBIENT_LOWER = 3,
	AMBIENT_CLEAR = 4,
	SLACK_DEFAULT = 50000,
};

static s64 set_comm(struct task *t, u64 from)
{
	char name[COMM];
	s64 n = copy_string(t->mm, name, from, COMM);

	if (n == -ENAMETOOLONG && copy_in(t->mm, name, from, COMM - 1) != 0)
		n = -EFAULT;
	if (n < 0 && n != -ENAMETOOLONG)
		return n;
	name[COMM - 1] = 0;
	memset(t->comm, 0, COMM);
	memcpy(t->comm, name, strlen(name));
	if (t->tid == t->process->pid)
		memcpy(t->process->comm, t->comm, COMM);
	return 0;
}

static s64 ambient(struct task *t, u64 op, u64 cap)
{
	struct ids *d = &t->ids;
	u64 bit = 1ull << (cap & 63);

	if (op == AMBIENT_CLEAR) {
		d->cap_ambient = 0;
		return cap == 0 ? 0 : -EINVAL;
	}
	if (cap > CAP_LAST)
		return -EINVAL;
	switch (op) {
	case AMBIENT_IS_SET: return (d->cap_ambient & bit) != 0;
	case AMBIENT_RAISE:
		if (!(d->cap_permitted & d->cap_inheritable & bit))
			return -EPERM;
		d->cap_ambient |= bit;
		return 0;
	case AMBIENT_LOWER: d->cap_ambient &= ~bit; return 0;
	default: return -EINVAL;
	}
}

static s64 drop_bounding(struct task *t, u64 cap)
{
	if (!task_capable(t, CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST)
		return -EINVAL;
	t->ids.cap_bounding &= ~(1ull << cap);
	return 0;
}

/* Values that are put into a word of the program. */
static s64 put_int(struct task *t, u64 to, u32 v)
{
	return copy_out(t->mm, to, &v, sizeof v);
}

static s64 set_switch(u64 v, bool *to)
{
	if (v > 1)
		return -EINVAL;
	*to = v != 0;
	return 0;
}

s64 lx_prctl(struct task *t, u64 what, u64 a, u64 b, u64 c, u64 d)
{
	struct process *p = t->process;

	(void)d;
	switch ((u32)what) {
	case PR_SET_PDEATHSIG:
		if (a > SIGNALS)
			return -EINVAL;
		p->death_signal = (u32)a;
		return 0;
	case PR_GET_PDEATHSIG: return put_int(t, a, p->death_signal);
	case PR_GET_DUMPABLE: return p->dumpable;
	case PR_SET_DUMPABLE: return set_switch(a, &p->dumpable);
	case PR_GET_KEEPCAPS: return t->ids.keep_caps;
	case PR_SET_KEEPCAPS: return set_switch(a, &t->ids.keep_caps);
	case PR_SET_NAME: return set_comm(t, a);
	case PR_GET_NAME: return copy_out(t->mm, a, t->comm, COMM);
	case PR_GET_SECCOMP: return 0;
	case PR_CAPBSET_READ:
		return a > CAP_LAST ? -EINVAL : (s64)(t->ids.cap_bounding >> a & 1);
	case PR_CAPBSET_DROP: return drop_bounding(t, a);
	case PR_GET_SECUREBITS: return t->ids.securebits;
	case PR_SET_SECUREBITS:
		if (!task_capable(t, CAP_SETPCAP))
			return -EPERM;
		t->ids.securebits = (u32)a & 0xff;
		return 0;
	case PR_SET_TIMERSLACK: t->timer_slack = a == 0 ? SLACK_DEFAULT : a; return 0;
	case PR_GET_TIMERSLACK:
		return (s64)(t->timer_slack == 0 ? SLACK_DEFAULT : t->timer_slack);
	case PR_SET_CHILD_SUBREAPER: p->subreaper = a != 0; return 0;
	case PR_GET_CHILD_SUBREAPER: return put_int(t, a, p->subreaper);
	case PR_SET_NO_NEW_PRIVS:
		if (a != 1 || b != 0 || c != 0)
			return -EINVAL;
		t->ids.no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS: return t->ids.no_new_privs;
	case PR_GET_TID_ADDRESS: return copy_out(t->mm, a, &t->clear_tid, sizeof t->clear_tid);
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE: return 0;
	case PR_CAP_AMBIENT: return ambient(t, a, b);
	default: return -EINVAL;
	}
}
