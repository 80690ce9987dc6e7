/* SPDX-License-Identifier: MIT */
/*
 * execve: a process gets another program.  And the first process gets its first.
 */
#include "internal.h"
#include "leave.h"
#include "../core/loop.h"
#include "../fs/vfs.h"
#include "../mm/mm.h"
#include "linux/calls.h"

enum {
	CHUNK = 32 * 1024,
	STRING_MAX = 128 * 1024,
	BYTES_MAX = 768 * 1024, /* of all strings and pointers to them */
	STRINGS_MAX = 16384,
	SCRIPTS_MAX = 4,
	HEAD = 256,
	S_ISUID = 04000,
	S_ISGID = 02000,
	MODE_ANY_EXEC = 0111,
	AT_EMPTY_PATH = 0x1000,
	AT_SYMLINK_NOFOLLOW = 0x100,
	RLIM_STACK_DEFAULT = 8 << 20,
	FCW_WORD = 0x37f,
	MXCSR_WORD = 0x1f80,
};
#define AT_FDCWD 0xffffff9cu

struct chunk {
	struct chunk *next;
	u32 used, room;
	char bytes[];
};

/* Strings of the server's own, and an array of pointers to them, ended by NULL. */
struct strings {
	struct chunk *chunks;
	char **v;
	u32 n, room;
	u64 bytes;
};

struct exec {
	struct strings argv, envp;
	char path[PATH_LEN];   /* what is opened; /proc/PID/exe */
	char name[PATH_LEN];   /* what was asked for */
	char head[HEAD + 1];
	struct file *file;
	struct ids ids;        /* with what set-user-id files give */
};

/* --- strings --------------------------------------------------------------------------- */

static void strings_drop(struct strings *s)
{
	while (s->chunks != NULL) {
		struct chunk *c = s->chunks;

		s->chunks = c->next;
		kfree(c);
	}
	kfree(s->v);
}

/* Room for a string of so many bytes. */
static char *strings_room(struct strings *s, u32 bytes)
{
	struct chunk *c = s->chunks;

	if (c == NULL || c->room - c->used < bytes) {
		u32 room = bytes > CHUNK ? bytes : CHUNK;

		c = kalloc(sizeof *c + room);
		if (c == NULL)
			return NULL;
		c->room = room;
		c->next = s->chunks;
		s->chunks = c;
	}
	return c->bytes + c->used;
}

/* Another pointer at the end. */
static s64 strings_add(struct strings *s, char *string, u32 bytes)
{
	if (s->n + 1 >= s->room) {
		u32 room = s->room == 0 ? 64 : 2 * s->room;
		char **v;

		if (room > 2 * STRINGS_MAX)
			return -E2BIG;
		v = kalloc(room * sizeof *v);
		if (v == NULL)
			return -ENOMEM;
		if (s->v != NULL)
			memcpy(v, s->v, s->n * sizeof *v);
		kfree(s->v);
		s->v = v;
		s->room = room;
	}
	s->v[s->n++] = string;
	s->v[s->n] = NULL;
	s->bytes += bytes + sizeof(char *);
	return s->bytes > BYTES_MAX ? -E2BIG : 0;
}

static s64 strings_put(struct strings *s, const char *text)
{
	u32 bytes = (u32)strlen(text) + 1;
	char *to = strings_room(s, bytes);

	if (to == NULL)
		return -ENOMEM;
	memcpy(to, text, bytes);
	s->chunks->used += bytes;
	return strings_add(s, to, bytes);
}

/* One string of the program: first into what the chunk has left, then into one of its own. */
static s64 strings_copy(struct strings *s, struct mm *mm, u64 from)
{
	u32 want = 256;

	for (;;) {
		char *to = strings_room(s, want);
		u32 room = to == NULL ? 0 : s->chunks->room - s->chunks->used;
		s64 n;

		if (to == NULL)
			return -ENOMEM;
		n = copy_string(mm, to, from, room);
		if (n >= 0) {
			u32 bytes = (u32)strlen(to) + 1;

			s->chunks->used += bytes;
			return strings_add(s, to, bytes);
		}
		if (n != -ENAMETOOLONG)
			return n;
		if (room >= STRING_MAX)
			return -E2BIG;
		want = room < CHUNK ? CHUNK : STRING_MAX;
	}
}

/* An array of pointers to strings, ended by 0; address 0 is an empty one. */
static s64 strings_in(struct strings *s, struct mm *mm, u64 array)
{
	u64 p = 0;
	s64 e = 0;

	while (array != 0 && e == 0) {
		if (copy_in(mm, &p, array, sizeof p) != 0)
			return -EFAULT;
		if (p == 0)
			break;
		e = strings_copy(s, mm, p);
		array += sizeof p;
	}
	/* The array must exist even if it is empty. */
	if (e == 0 && s->v == NULL) {
		s->v = kalloc(64 * sizeof *s->v);
		s->room = 64;
		if (s->v == NULL)
			return -ENOMEM;
	}
	return e;
}

/* --- the file ------------------------------------------------------------------------------ */

static s64 check_file(struct task *t, struct file *f)
{
	if ((f->inode->mode & S_IFMT) != S_IFREG)
		return -EACCES;
	if (!(f->inode->mode & MODE_ANY_EXEC))
		return -EACCES;
	return inode_permission(t, f->inode, 1);
}

static s64 open_file(struct task *t, struct exec *x, const char *path)
{
	s64 e = vfs_open(t, path, O_RDONLY, 0, &x->file);

	if (e < 0)
		return e;
	return check_file(t, x->file);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cut the next word of a line: its end is made 0. */
static char *word(char **at)
{
	char *w;

	while (is_blank(**at))
		(*at)++;
	w = *at;
	while (**at != 0 && !is_blank(**at))
		(*at)++;
	if (**at != 0)
		*(*at)++ = 0;
	return *w == 0 ? NULL : w;
}

/* The interpreter and its one argument stand before the script's name, which replaces argv[0]. */
static s64 script_argv(struct exec *x, const char *interpreter, char *arg)
{
	struct strings old = x->argv;
	s64 e;

	x->argv = (struct strings){ .chunks = old.chunks };
	old.chunks = NULL;
	e = strings_put(&x->argv, interpreter);
	if (e == 0 && arg != NULL)
		e = strings_put(&x->argv, arg);
	if (e == 0)
		e = strings_put(&x->argv, x->path);
	for (u32 i = 1; i < old.n && e == 0; i++)
		e = strings_add(&x->argv, old.v[i], (u32)strlen(old.v[i]) + 1);
	kfree(old.v);
	return e;
}

/* "#! interpreter argument": go on with the interpreter. */
static s64 follow_script(struct task *t, struct exec *x)
{
	char *at = x->head + 2, *end = at, *interpreter, *arg;
	s64 e;

	while (*end != 0 && *end != '\n')
		end++;
	if (*end == 0 && end == x->head + HEAD)
		return -ENOEXEC;
	while (end > at && (is_blank(end[-1]) || end[-1] == '\r'))
		end--;
	*end = 0;
	interpreter = word(&at);
	if (interpreter == NULL)
		return -ENOEXEC;
	while (is_blank(*at))
		at++;
	arg = *at == 0 ? NULL : at;
	e = script_argv(x, interpreter, arg);
	if (e != 0)
		return e;
	file_put(x->file);
	x->file = NULL;
	memcpy(x->path, interpreter, strlen(interpreter) + 1);
	return open_file(t, x, x->path);
}

static s64 read_head(struct exec *x)
{
	s64 n = file_read_at(x->file, x->head, HEAD, 0);

	if (n < 0)
		return n;
	x->head[n] = 0;
	return 0;
}

static s64 follow_scripts(struct task *t, struct exec *x)
{
	for (u32 i = 0;; i++) {
		s64 e = read_head(x);

		if (e != 0 || x->head[0] != '#' || x->head[1] != '!')
			return e;
		if (i == SCRIPTS_MAX)
			return -ELOOP;
		e = follow_script(t, x);
		if (e != 0)
			return e;
	}
}

/* --- who it is then ------------------------------------------------------------------------ */

#define ALL_CAPS ((1ull << (CAP_LAST + 1)) - 1)

static void new_ids(const struct task *t, struct exec *x)
{
	struct inode *i = x->file->inode;
	struct ids *d = &x->ids;

	*d = t->ids;
	if ((i->mode & S_ISUID) && !d->no_new_privs)
		d->euid = i->uid;
	if ((i->mode & (S_ISGID | 010)) == (S_ISGID | 010) && !d->no_new_privs)
		d->egid = i->gid;
	d->suid = d->fsuid = d->euid;
	d->sgid = d->fsgid = d->egid;
	d->keep_caps = false;
	if (d->uid == 0 || d->euid == 0) {
		d->cap_permitted = d->cap_inheritable | d->cap_bounding;
		d->cap_effective = d->euid == 0 ? d->cap_permitted : 0;
	} else {
		d->cap_permitted = d->cap_ambient;
		d->cap_effective = d->cap_ambient;
	}
}

/* --- the change ------------------------------------------------------------------------------ */

static void reset_signals(struct process *p)
{
	for (u32 i = 0; i < SIGNALS; i++) {
		struct sigaction *a = &p->hand->action[i];

		*a = (struct sigaction){ .handler = a->handler == SIG_IGN ? SIG_IGN : SIG_DFL };
	}
}

/* Shared parts become its own. */
static s64 unshare_parts(struct task *t)
{
	struct process *p = t->process;

	if (p->hand->refs > 1) {
		struct sighand *h = sighand_copy(p->hand);

		if (h == NULL)
			return -ENOMEM;
		sighand_put(p->hand);
		p->hand = h;
	}
	if (fdtable_is_shared(t->files)) {
		struct fdtable *f = fdtable_copy(t->files);

		if (f == NULL)
			return -ENOMEM;
		fdtable_put(t->files);
		t->files = f;
	}
	return 0;
}

/* The only task left is the first one: it takes over its number. */
static void become_leader(struct task *t)
{
	struct process *p = t->process;
	struct task *old = task_find(p->pid);

	if (t->tid == p->pid)
		return;
	pid_set_task(t->tid, NULL);
	t->tid = p->pid;
	pid_set_task(p->pid, t);
	if (old == NULL)
		return;
	list_del(&old->peer);
	old->process = NULL;
	if (old->fiber == NULL)
		task_free(old);
}

static void set_name(char comm[COMM], const char *path)
{
	const char *base = path;
	u32 n = 0;

	for (const char *at = path; *at != 0; at++) {
		if (*at == '/')
			base = at + 1;
	}
	memset(comm, 0, COMM);
	for (; base[n] != 0 && n < COMM - 1; n++)
		comm[n] = base[n];
}

static void set_exe(struct task *t, struct exec *x)
{
	struct process *p = t->process;
	s64 n;

	inode_get(x->file->inode);
	if (p->exe != NULL)
		inode_put(p->exe);
	p->exe = x->file->inode;
	kfree(p->exe_name);
	n = path_name(t, &x->file->path, x->path, PATH_LEN - 1);
	if (n < 0)
		n = (s64)strlen(x->path);
	x->path[n] = 0;
	p->exe_name = kalloc((size_t)n + 1);
	if (p->exe_name != NULL)
		memcpy(p->exe_name, x->path, (size_t)n + 1);
}

/* An empty FPU, as a new thread has it. */
static void reset_fpu(struct task *t)
{
	memset((void *)env.msg, 0, env.xstate_bytes);
	env.msg[0] = FCW_WORD;
	env.msg[3] = MXCSR_WORD;
	(void)thread_set_regs(t->thread, REGS_XSTATE);
}

/* From here on nothing fails: the thread is stopped, and resumed with new registers. */
static void change(struct task *t, struct exec *x, struct mm *mm, const struct exec_image *image)
{
	struct process *p = t->process;
	struct mm *old = t->mm;

	become_leader(t);
	if (old != NULL)
		task_leave_mm(t);
	(void)thread_stop(t->thread);
	loop_forget(t);
	t->halted = true;
	t->mm = mm;
	sys_must(thread_bind(t->thread, THREAD_SPACE, ANY(mm_space(mm)), 0), "linux: bind a space");
	if (old != NULL)
		mm_put(old);
	reset_fpu(t);
	t->regs = (struct regs_general){ .rip = image->entry, .rsp = image->sp, .rflags = 0x202 };
	t->regs_known = true;
	t->work |= WORK_REGS;
	t->call_nr = ~0ull;
	t->ids = x->ids;
	t->robust_list = 0;
	memset(&t->altstack, 0, sizeof t->altstack);
	reset_signals(p);
	signal_recalc(t);
	posix_timers_drop(p);
	fdtable_exec(t->files);
	p->exec_done = true;
	p->dumpable = x->ids.uid == x->ids.euid && x->ids.gid == x->ids.egid;
	p->death_signal = 0;
	set_name(t->comm, x->name);
	memcpy(p->comm, t->comm, COMM);
	set_exe(t, x);
}

/* @return an error: nothing has changed; or 0. */
static s64 load(struct task *t, struct exec *x)
{
	struct ids before = t->ids;
	struct exec_image image = { 0 };
	struct mm *mm = mm_new();
	s64 e;

	if (mm == NULL)
		return -ENOMEM;
	new_ids(t, x);
	/* The auxiliary vector tells the new ids. */
	t->ids = x->ids;
	e = exec_load(mm, x->file, x->name, x->argv.v, x->envp.v, t, &image);
	t->ids = before;
	if (e == 0)
		e = process_only(t);
	if (e == 0)
		e = unshare_parts(t);
	if (e != 0) {
		mm_put(mm);
		return e;
	}
	change(t, x, mm, &image);
	return 0;
}

static void exec_drop(struct exec *x)
{
	strings_drop(&x->argv);
	strings_drop(&x->envp);
	if (x->file != NULL)
		file_put(x->file);
	kfree(x);
}

/* The file is open; name and strings are there. */
static s64 exec_file(struct task *t, struct exec *x)
{
	s64 e = follow_scripts(t, x);

	/* Linux gives a program at least an empty argv[0]. */
	if (e == 0 && x->argv.n == 0)
		e = strings_put(&x->argv, "");
	return e == 0 ? load(t, x) : e;
}

s64 lx_execve(struct task *t, u64 path, u64 argv, u64 envp)
{
	struct exec *x = kalloc(sizeof *x);
	s64 e;

	if (x == NULL)
		return -ENOMEM;
	e = copy_string(t->mm, x->path, path, PATH_LEN);
	if (e >= 0) {
		memcpy(x->name, x->path, PATH_LEN);
		e = open_file(t, x, x->path);
	}
	if (e == 0)
		e = strings_in(&x->argv, t->mm, argv);
	if (e == 0)
		e = strings_in(&x->envp, t->mm, envp);
	if (e == 0)
		e = exec_file(t, x);
	exec_drop(x);
	return e;
}

/* The file of a descriptor is run by a name below /dev/fd, as scripts need it. */
s64 lx_execveat(struct task *t, u64 dir, u64 path, u64 argv, u64 envp, u64 flags)
{
	struct exec *x;
	s64 e;

	x = kalloc(sizeof *x);
	if (x == NULL)
		return -ENOMEM;
	e = copy_string(t->mm, x->path, path, PATH_LEN);
	if (e >= 0 && x->path[0] != '/' && (u32)dir != AT_FDCWD) {
		char rest[128];
		size_t n = strlen(x->path);

		if (n == 0 && !(flags & AT_EMPTY_PATH))
			e = -ENOENT;
		else if (n >= sizeof rest)
			e = -ENAMETOOLONG;
		memcpy(rest, x->path, n < sizeof rest ? n + 1 : 0);
		if (e >= 0)
			(void)sys_format(x->path, PATH_LEN, "/proc/self/fd/%d%s%s", (s32)dir,
					 n == 0 ? "" : "/", rest);
	}
	if (e >= 0) {
		memcpy(x->name, x->path, PATH_LEN);
		e = open_file(t, x, x->path);
	}
	if (e == 0)
		e = strings_in(&x->argv, t->mm, argv);
	if (e == 0)
		e = strings_in(&x->envp, t->mm, envp);
	if (e == 0)
		e = exec_file(t, x);
	exec_drop(x);
	return e;
}

/* --- the first process ---------------------------------------------------------------------- */

static void default_limits(struct process *p)
{
	for (u32 i = 0; i < RLIMITS; i++)
		p->rlimit[i] = (struct rlimit){ ~0ull, ~0ull };
	p->rlimit[RLIMIT_STACK].soft = RLIM_STACK_DEFAULT;
	p->rlimit[RLIMIT_CORE].soft = 0;
	p->rlimit[RLIMIT_NOFILE] = (struct rlimit){ 1024, 1024 * 1024 };
	p->rlimit[RLIMIT_NPROC] = (struct rlimit){ 4096, 4096 };
	p->rlimit[RLIMIT_SIGPENDING] = (struct rlimit){ 4096, 4096 };
	p->rlimit[RLIMIT_MEMLOCK] = (struct rlimit){ 8 << 20, 8 << 20 };
	p->rlimit[RLIMIT_MSGQUEUE] = (struct rlimit){ 819200, 819200 };
	p->rlimit[RLIMIT_NICE] = (struct rlimit){ 0, 0 };
	p->rlimit[RLIMIT_RTPRIO] = (struct rlimit){ 0, 0 };
}

/* A process without memory: what process_first makes its program's. */
static struct task *first_task(void)
{
	struct task *t = task_alloc();
	struct process *p = process_new(NULL);

	if (t == NULL || p == NULL)
		return NULL;
	t->tid = pid_new();
	p->pid = p->pgid = p->sid = t->tid;
	p->hand = sighand_copy(NULL);
	t->process = p;
	t->files = fdtable_new();
	t->fs = fsinfo_new();
	if (t->tid == 0 || p->hand == NULL || t->files == NULL || t->fs == NULL)
		return NULL;
	default_limits(p);
	t->ids.cap_effective = t->ids.cap_permitted = t->ids.cap_bounding = ALL_CAPS;
	t->affinity = cpus_all();
	t->entered = now_ticks();
	p->live = 1;
	list_add(&p->tasks, &t->peer);
	pid_set_task(t->tid, t);
	pid_set_process(p->pid, p);
	pid_use(p->pgid);
	pid_use(p->sid);
	process_list_add(p);
	struct user *u = user_find(0);
	if (u == NULL)
		return NULL;
	u->tasks++;
	return t;
}

static s64 put_all(struct strings *s, char *const v[])
{
	s64 e = 0;

	for (u32 i = 0; v[i] != NULL && e == 0; i++)
		e = strings_put(s, v[i]);
	return e == 0 ? strings_in(s, NULL, 0) : e;
}

struct task *process_first_task(void)
{
	static struct task *t;

	if (t == NULL)
		t = first_task();
	return t;
}

s64 process_first(const char *path, char *const argv[], char *const envp[])
{
	struct task *t = process_first_task();
	struct exec *x = kalloc(sizeof *x);
	s64 e = 0;

	if (t == NULL || x == NULL || strlen(path) >= PATH_LEN)
		return -ENOMEM;
	fiber_work_for(t);
	memcpy(x->path, path, strlen(path) + 1);
	memcpy(x->name, x->path, PATH_LEN);
	e = open_file(t, x, x->path);
	if (e == 0)
		e = put_all(&x->argv, argv);
	if (e == 0)
		e = put_all(&x->envp, envp);
	if (e == 0)
		e = exec_file(t, x);
	exec_drop(x);
	if (e == 0)
		task_leave_call(t, 0);
	fiber_work_for(NULL);
	return e;
}
