/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID: texts about a process.
 */
#include "../tty/tty.h"
#include "proc.h"

#define TICK ((u64)NS_PER_SEC / CLOCK_TICKS)

static char state(const struct subject *s)
{
	return s->t ? task_state(s->t) : s->p->state == PROCESS_LIVE ? 'S' : 'Z';
}

static u32 parent(const struct subject *s)
{
	return s->p->parent ? s->p->parent->pid : 0;
}

static const char *comm(const struct subject *s)
{
	return s->t ? s->t->comm : s->p->comm;
}

static struct mm_stat memory(const struct subject *s)
{
	struct mm_stat m = { 0 };
	if (s->t && s->t->mm)
		mm_stat(s->t->mm, &m);
	return m;
}

/* May the reader see what lies in the process' memory? */
static bool may_see(const struct subject *s)
{
	const struct task *t = current();
	return s->t && t && (t->ids.fsuid == s->t->ids.uid || task_capable(t, CAP_SYS_ADMIN));
}

static void actions(const struct subject *s, sigset_t *ignored, sigset_t *caught)
{
	*ignored = *caught = 0;
	for (u32 i = 0; s->p->hand && i < SIGNALS; i++)
		if (s->p->hand->action[i].handler == SIG_IGN)
			*ignored |= 1ull << i;
		else if (s->p->hand->action[i].handler != SIG_DFL)
			*caught |= 1ull << i;
}

void pid_stat(struct text *x, const struct subject *s)
{
	struct process *p = s->p;
	const struct mm_stat m = memory(s);
	u64 user, sys;
	s64 nice = s->t ? s->t->nice : 0;
	sigset_t ignored, caught;
	process_times(p, &user, &sys);
	actions(s, &ignored, &caught);
	text_add(x, "%u (%s) %c %u %u %u %lu %d 0 ", s->t ? s->t->tid : p->pid, comm(s), state(s),
		 parent(s), p->pgid, p->sid, p->tty ? tty_rdev(p->tty) : 0ul,
		 p->tty ? (int)tty_group(p->tty) : -1);
	text_add(x, "%lu 0 %lu 0 ", s->t ? s->t->minor_faults : 0ul,
		 s->t ? s->t->major_faults : 0ul);
	text_add(x, "%lu %lu %lu %lu ", user / TICK, sys / TICK,
		 ticks_to_ns(p->child_user_ticks) / TICK,
		 ticks_to_ns(p->child_system_ticks) / TICK);
	text_add(x, "%ld %ld %u 0 %lu ", 20 + nice, nice, p->live, p->start_ns / TICK);
	text_add(x, "%lu %lu %lu ", m.size_pages * (u64)PAGE, m.resident_pages,
		 p->rlimit[RLIMIT_RSS].soft);
	text_add(x, "%lu %lu %lu 0 0 ", m.start_code, m.end_code, m.start_stack);
	text_add(x, "%lu %lu %lu %lu 0 0 0 %u %u 0 0 0 0 0 ",
		 s->t ? s->t->pending.set & 0x7fffffff : 0ul,
		 s->t ? s->t->blocked & 0x7fffffff : 0ul, ignored & 0x7fffffff, caught & 0x7fffffff,
		 p->exit_signal, s->t ? s->t->cpu : 0);
	text_add(x, "0 0 %lu %lu %lu %lu %lu %u\n", m.start_brk, m.arg_start, m.arg_end,
		 m.env_start, m.env_end, s->t ? 0 : p->exit_status);
}

void pid_statm(struct text *x, const struct subject *s)
{
	const struct mm_stat m = memory(s);
	text_add(x, "%lu %lu %lu %lu 0 %lu 0\n", m.size_pages, m.resident_pages, m.shared_pages,
		 m.text_pages, m.data_pages + m.stack_pages);
}

static void status_memory(struct text *x, const struct mm_stat *m)
{
	const struct {
		const char *name;
		u64 pages;
	} line[] = {
		{ "VmPeak", m->size_pages },
		{ "VmSize", m->size_pages },
		{ "VmLck", 0 },
		{ "VmPin", 0 },
		{ "VmHWM", m->peak_pages },
		{ "VmRSS", m->resident_pages },
		{ "RssAnon", m->resident_pages - m->shared_pages },
		{ "RssFile", m->shared_pages },
		{ "RssShmem", 0 },
		{ "VmData", m->data_pages },
		{ "VmStk", m->stack_pages },
		{ "VmExe", m->text_pages },
		{ "VmLib", 0 },
		{ "VmPTE", 0 },
		{ "VmSwap", 0 },
	};
	for (u32 i = 0; i < sizeof line / sizeof *line; i++)
		text_add(x, "%s:\t%8lu kB\n", line[i].name, line[i].pages * (u64)(PAGE / 1024));
}

static const char *state_name(char c)
{
	return c == 'R'   ? "running"
	       : c == 'T' ? "stopped"
	       : c == 'Z' ? "zombie"
	       : c == 'X' ? "dead"
	       : c == 'D' ? "disk sleep"
			  : "sleeping";
}

void pid_status(struct text *x, const struct subject *s)
{
	const struct process *p = s->p;
	static const struct ids none;
	const struct ids *id = s->t ? &s->t->ids : &none;
	sigset_t ignored, caught;
	char c = state(s);
	actions(s, &ignored, &caught);
	text_add(x, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\n", comm(s),
		 s->t && s->t->fs ? fs_umask(s->t) : 022, c, state_name(c));
	text_add(x, "Tgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", p->pid,
		 s->t ? s->t->tid : p->pid, parent(s));
	text_add(x, "Uid:\t%u\t%u\t%u\t%u\n", id->uid, id->euid, id->suid, id->fsuid);
	text_add(x, "Gid:\t%u\t%u\t%u\t%u\n", id->gid, id->egid, id->sgid, id->fsgid);
	text_add(x, "FDSize:\t%u\nGroups:\t", s->t && s->t->files ? fdtable_room(s->t->files) : 0);
	for (u32 i = 0; i < id->groups; i++)
		text_add(x, "%u ", id->group[i]);
	text_add(x, "\nNStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\n", p->pid,
		 s->t ? s->t->tid : p->pid, p->pgid, p->sid);
	if (s->t && s->t->mm) {
		const struct mm_stat m = memory(s);
		status_memory(x, &m);
	}
	text_add(x, "Threads:\t%u\nSigQ:\t0/1024\n", p->live);
	text_add(x, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n",
		 s->t ? s->t->pending.set : 0ul, p->pending.set, s->t ? s->t->blocked : 0ul);
	text_add(x, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", ignored, caught);
	text_add(x, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n", id->cap_inheritable,
		 id->cap_permitted, id->cap_effective);
	text_add(x, "CapBnd:\t%016lx\nCapAmb:\t%016lx\nNoNewPrivs:\t%u\nSeccomp:\t0\n",
		 id->cap_bounding, id->cap_ambient, (u32)id->no_new_privs);
	u64 cpus = s->t ? s->t->affinity : 1;
	text_add(x, "Cpus_allowed:\t%lx\n", cpus);
	text_add(x, "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
}

/* Bytes of the process' memory; it may go while this sleeps. */
static void memory_text(struct text *x, const struct subject *s, bool environment)
{
	const struct mm_stat m = memory(s);
	u64 from = environment ? m.env_start : m.arg_start,
	    to = environment ? m.env_end : m.arg_end;
	if (!s->t || !s->t->mm || to <= from)
		return;
	struct mm *mm = s->t->mm;
	mm_get(mm);
	while (from < to && x->used < x->room) {
		u64 n = min64(min64(to - from, PAGE - from % PAGE), x->room - x->used);
		if (copy_in(mm, x->at + x->used, from, n) < 0)
			break;
		x->used += n;
		from += n;
	}
	x->full = from < to && x->used == x->room;
	mm_put(mm);
}

void pid_cmdline(struct text *x, const struct subject *s)
{
	memory_text(x, s, false);
}

void pid_environ(struct text *x, const struct subject *s)
{
	if (may_see(s))
		memory_text(x, s, true);
}

void pid_comm(struct text *x, const struct subject *s)
{
	text_add(x, "%s\n", comm(s));
}

s64 pid_comm_set(const struct subject *s, const char *text, u64 n)
{
	if (!s->t || s->p != current()->process)
		return -EINVAL;
	if (n && text[n - 1] == '\n')
		n--;
	n = min64(n, COMM - 1);
	memset(s->t->comm, 0, COMM);
	memcpy(s->t->comm, text, n);
	return 0;
}

void pid_maps(struct text *x, const struct subject *s)
{
	u64 which = 0;
	s64 n;
	if (!may_see(s) || !s->t->mm)
		return;
	struct mm *mm = s->t->mm;
	mm_get(mm);
	while ((n = mm_maps(mm, &which, x->at + x->used, x->room - x->used)) > 0)
		x->used += (u64)n;
	/* It may have stopped for lack of room: then there is little left. */
	x->full = x->room - x->used < 512;
	mm_put(mm);
}

static void limit(struct text *x, u64 v)
{
	if (v == UINT64_MAX)
		text_add(x, "%-20s ", "unlimited");
	else
		text_add(x, "%-20lu ", v);
}

void pid_limits(struct text *x, const struct subject *s)
{
	static const char *const name[RLIMITS][2] = {
		{ "Max cpu time", "seconds" },     { "Max file size", "bytes" },
		{ "Max data size", "bytes" },      { "Max stack size", "bytes" },
		{ "Max core file size", "bytes" }, { "Max resident set", "bytes" },
		{ "Max processes", "processes" },  { "Max open files", "files" },
		{ "Max locked memory", "bytes" },  { "Max address space", "bytes" },
		{ "Max file locks", "locks" },     { "Max pending signals", "signals" },
		{ "Max msgqueue size", "bytes" },  { "Max nice priority", "" },
		{ "Max realtime priority", "" },   { "Max realtime timeout", "us" },
	};
	text_add(x, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (u32 i = 0; i < RLIMITS; i++) {
		text_add(x, "%-25s ", name[i][0]);
		limit(x, s->p->rlimit[i].soft);
		limit(x, s->p->rlimit[i].hard);
		text_add(x, "%-10s\n", name[i][1]);
	}
}

void pid_mounts(struct text *x, const struct subject *s)
{
	if (s->t && s->t->fs)
		mount_text(x, s->t, false);
}

void pid_mountinfo(struct text *x, const struct subject *s)
{
	if (s->t && s->t->fs)
		mount_text(x, s->t, true);
}

void pid_io(struct text *x, const struct subject *s)
{
	(void)s;
	text_add(x, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n"
		    "cancelled_write_bytes: 0\n");
}

/* --- links ------------------------------------------------------------------------------ */

s64 pid_exe(const struct subject *s, struct path *p, struct text *x)
{
	struct inode *i = s->p->exe;
	const char *name = s->p->exe_name;
	(void)x;
	if (!i || !name)
		return -ENOENT;
	/* What has that name now may be another file. */
	inode_get(i);
	s64 r = path_walk(current(), AT_FDCWD, name, WALK_FOLLOW, p);
	if (r == 0 && p->dentry->inode != i)
		path_put(p);
	if (!p->dentry)
		*p = (struct path){ NULL, dentry_nameless(NULL, name, i) };
	inode_put(i);
	return p->dentry ? 0 : -ENOMEM;
}

static s64 place(const struct subject *s, struct path *p, struct path *(*of)(struct task *))
{
	if (!s->t || !s->t->fs)
		return -ENOENT;
	if (!may_see(s))
		return -EACCES;
	*p = *of(s->t);
	path_get(p);
	return 0;
}

s64 pid_cwd(const struct subject *s, struct path *p, struct text *x)
{
	(void)x;
	return place(s, p, fs_cwd);
}

s64 pid_root(const struct subject *s, struct path *p, struct text *x)
{
	(void)x;
	return place(s, p, fs_root);
}

s64 pid_fd(const struct subject *s, struct path *p, struct text *x)
{
	const struct file *f = s->t && s->t->files ? fdtable_at(s->t->files, s->fd) : NULL;
	if (!f)
		return -ENOENT;
	if (!may_see(s))
		return -EACCES;
	if (f->path.dentry) {
		*p = f->path;
		path_get(p);
		return 0;
	}
	switch (f->inode->mode & S_IFMT) {
	case S_IFIFO: text_add(x, "pipe:[%lu]", f->inode->ino); break;
	case S_IFSOCK: text_add(x, "socket:[%lu]", f->inode->ino); break;
	default: text_add(x, "anon_inode:%s", f->ops != NULL && f->ops->name != NULL ? f->ops->name : "[file]");
	}
	return 0;
}

void pid_fdinfo(struct text *x, const struct subject *s)
{
	const struct file *f = s->t && s->t->files ? fdtable_at(s->t->files, s->fd) : NULL;
	if (!f || !may_see(s))
		return;
	u32 flags = f->flags | (fdtable_cloexec(s->t->files, s->fd) ? (u32)O_CLOEXEC : 0);
	text_add(x, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n", f->pos, flags,
		 f->path.mount ? f->path.mount->id : 0, f->inode->ino);
}
