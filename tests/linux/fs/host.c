/* SPDX-License-Identifier: MIT */
/*
 * What servers/linux/fs needs of the rest of the server, for tests on the host: one task,
 * whose memory is this program's own; nobody ever sleeps.
 */
#include <stdarg.h>

#include "host.h"
#include "../../../servers/linux/core/random.h"
#include "../../../servers/linux/core/uname.h"
#include "../../../servers/linux/fs/remote.h"
#include "../../../servers/linux/tty/tty.h"

/* Not from headers: theirs and the server's have names in common. */
void *calloc(size_t n, size_t bytes);
void *malloc(size_t bytes);
void free(void *p);
_Noreturn void abort(void);
int vdprintf(int fd, const char *format, va_list args);
int dprintf(int fd, const char *format, ...);
int clock_gettime(int clock, s64 ts[2]);
long syscall(long nr, ...);

struct environment env = { .cpus = 2, .clock_hz = 1000000000 };
struct utsname uname_values = { "Linux", "host", "6.1", "#1", "x86_64", "(none)" };

static struct task the_task;
static struct process the_process;

/* --- memory --------------------------------------------------------------------- */

u64 host_fail_after = UINT64_MAX; /* calls of kalloc until one fails */

void *kalloc(size_t bytes)
{
	if (bytes > 1 << 20 || (host_fail_after != UINT64_MAX && host_fail_after-- == 0))
		return NULL;
	return calloc(1, bytes ? bytes : 1);
}

void kfree(void *p)
{
	free(p);
}

enum { PAGES = 1 << 15 };
static struct {
	void *data;
	u32 refs;
} pages[PAGES];
static u32 free_page[PAGES], free_count, pages_used;

page_t page_new(bool clear)
{
	page_t p = free_count ? free_page[--free_count] : pages_used + 1 < PAGES ? ++pages_used : 0;
	if (!p)
		return 0;
	pages[p].data = malloc(PAGE);
	pages[p].refs = 1;
	memset(pages[p].data, clear ? 0 : 0xa5, PAGE);
	return p;
}

void page_get(page_t p)
{
	pages[p].refs++;
}

void page_put(page_t p)
{
	if (--pages[p].refs)
		return;
	free(pages[p].data);
	free_page[free_count++] = p;
}

void *page_data(page_t p)
{
	return pages[p].data;
}

u64 pages_total(void)
{
	return PAGES;
}

u64 pages_free(void)
{
	return PAGES - 1 - pages_used + free_count;
}

const unsigned char *host_memory;
u64 host_memory_bytes;

static bool bad(u64 addr, u64 bytes)
{
	if (host_memory)
		return bytes && (addr < (u64)host_memory || bytes > host_memory_bytes ||
				 addr - (u64)host_memory > host_memory_bytes - bytes);
	return bytes && (addr < 65536 || addr > TASK_SIZE || bytes > TASK_SIZE - addr);
}

s64 copy_in(struct mm *mm, void *to, u64 from, u64 bytes)
{
	(void)mm;
	if (bad(from, bytes))
		return -EFAULT;
	if (bytes)
		memcpy(to, (void *)from, bytes);
	return 0;
}

s64 copy_out(struct mm *mm, u64 to, const void *from, u64 bytes)
{
	(void)mm;
	if (bad(to, bytes))
		return -EFAULT;
	if (bytes)
		memcpy((void *)to, from, bytes);
	return 0;
}

s64 copy_string(struct mm *mm, char *to, u64 from, u64 room)
{
	(void)mm;
	for (u64 i = 0; i < room; i++)
		if (bad(from + i, 1))
			return -EFAULT;
		else if ((to[i] = ((char *)from)[i]) == 0)
			return (s64)i;
	return -ENAMETOOLONG;
}

void *user_window(struct mm *mm, u64 addr, u64 *bytes, unsigned access)
{
	(void)mm, (void)access;
	/* Small pieces, as pages of a program would be. */
	*bytes = min64(*bytes, PAGE - addr % PAGE);
	if (bad(addr, *bytes))
		return NULL;
	return (void *)addr;
}

void mm_get(struct mm *mm)
{
	(void)mm;
}

void mm_put(struct mm *mm)
{
	(void)mm;
}

/* Nothing is mapped here. */
bool mm_file_writable(const struct inode *inode)
{
	(void)inode;
	return false;
}

void mm_file_cut(struct inode *inode, u64 size)
{
	(void)inode, (void)size;
}

void mm_stat(struct mm *mm, struct mm_stat *out)
{
	(void)mm;
	memset(out, 0, sizeof *out);
}

s64 mm_maps(struct mm *mm, u64 *which, char *to, size_t room)
{
	(void)mm, (void)which, (void)to, (void)room;
	return 0;
}

/* --- time, waiting ------------------------------------------------------------------ */

static u64 clock_ns(int clock)
{
	s64 ts[2];
	clock_gettime(clock, ts);
	return (u64)ts[0] * 1000000000 + (u64)ts[1];
}

u64 now_mono(void)
{
	return clock_ns(1);
}

u64 now_real(void)
{
	return clock_ns(0);
}

u64 ticks_to_ns(u64 ticks)
{
	return ticks;
}

void timer_arm(struct timer *t, u64 when, void (*fire)(struct timer *))
{
	t->when = when;
	t->fire = fire;
	t->armed = true;
}

bool timer_cancel(struct timer *t)
{
	bool was = t->armed;
	t->armed = false;
	return was;
}

s64 copy_timespec_in(struct task *t, u64 addr, u64 *ns)
{
	s64 ts[2];
	if (copy_in(t->mm, ts, addr, sizeof ts) < 0)
		return -EFAULT;
	if (ts[0] < 0 || ts[1] < 0 || ts[1] > 999999999)
		return -EINVAL;
	*ns = (u64)ts[0] * 1000000000 + (u64)ts[1];
	return 0;
}

void waitq_init(struct waitq *q)
{
	list_init(&q->waiters);
}

void waiter_add(struct waitq *q, struct waiter *w)
{
	w->woken = false;
	list_add(&q->waiters, &w->link);
}

void waiter_del(struct waiter *w)
{
	list_del(&w->link);
}

/* Whoever would sleep is interrupted. */
s64 fiber_sleep(u64 deadline, unsigned flags)
{
	(void)deadline;
	if (flags & SLEEP_FOREVER) {
		dprintf(2, "sleeps for ever\n");
		abort();
	}
	return -EINTR;
}

s64 wait_on(struct waitq *q, u64 deadline, unsigned flags)
{
	(void)q;
	return fiber_sleep(deadline, flags);
}

void wake_all(struct waitq *q, uint32_t events)
{
	list_for_safe(l, &q->waiters)
	{
		struct waiter *w = container_of(l, struct waiter, link);
		w->woken = true;
		if (w->call)
			w->call(w, events);
	}
}

void wake_one(struct waitq *q, uint32_t events)
{
	wake_all(q, events);
}

struct task *current(void)
{
	return &the_task;
}

/* --- processes ------------------------------------------------------------------------ */

u32 host_signals; /* bit n - 1: signal n was sent */

s64 signal_task(struct task *t, int signo, const struct siginfo *info)
{
	(void)t, (void)info;
	host_signals |= 1u << (signo - 1);
	return 0;
}

int signal_take(struct task *t, sigset_t mask, struct siginfo *info)
{
	(void)t, (void)mask, (void)info;
	return 0;
}

sigset_t signal_pending(const struct task *t)
{
	(void)t;
	return 0;
}

struct waitq *signal_waitq(struct process *p)
{
	return &p->signal_wait;
}

s64 signal_mask_for_call(struct task *t, u64 set, u64 bytes)
{
	(void)t;
	return set && bytes != 8 ? -EINVAL : 0;
}

s64 signal_process(struct process *p, int signo, const struct siginfo *info)
{
	(void)p, (void)signo, (void)info;
	return 0;
}

bool user_queue_bytes(u32 uid, s64 more, u64 limit)
{
	(void)uid, (void)more, (void)limit;
	return true;
}

s64 clock_deadline(u64 id, bool absolute, u64 ns, u64 *deadline)
{
	(void)id, (void)absolute;
	*deadline = ns;
	return 0;
}

struct process *process_find(u32 pid)
{
	return pid == the_process.pid ? &the_process : NULL;
}

struct task *task_find(u32 tid)
{
	return tid == the_task.tid ? &the_task : NULL;
}

void process_each(bool (*f)(struct process *p, void *arg), void *arg)
{
	f(&the_process, arg);
}

struct task *process_task(struct process *p)
{
	(void)p;
	return &the_task;
}

char task_state(const struct task *t)
{
	(void)t;
	return 'R';
}

void process_times(const struct process *p, u64 *user, u64 *system)
{
	(void)p;
	*user = *system = 0;
}

void load_averages(u64 average[3], u32 *running, u32 *tasks)
{
	average[0] = average[1] = average[2] = 0;
	*running = *tasks = 1;
}

u32 last_pid(void)
{
	return 1;
}

u64 busy_ns(void)
{
	return 0;
}

/* --- the rest --------------------------------------------------------------------------- */

void random_bytes(void *to, size_t n)
{
	memset(to, 0x5a, n);
}

u64 random_u64(void)
{
	return 12345;
}

void log_line(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vdprintf(2, format, args);
	dprintf(2, "\n");
	va_end(args);
}

/* Nobody hears what is told: env.framed is false. Its header has a host_start, too. */
void host_send(char type, const void *bytes, size_t n);
void host_send(char type, const void *bytes, size_t n)
{
	(void)type, (void)bytes, (void)n;
}

s64 remote_mount(const char *name, struct super **out)
{
	(void)name, (void)out;
	return -ENODEV;
}

s64 tty_open_console(struct inode *i, struct file *f)
{
	(void)i, (void)f;
	return -ENXIO;
}

s64 tty_open_current(struct inode *i, struct file *f)
{
	return tty_open_console(i, f);
}

s64 tty_open_ptmx(struct inode *i, struct file *f)
{
	return tty_open_console(i, f);
}

s64 tty_open_pts(struct inode *i, struct file *f, u32 number)
{
	(void)number;
	return tty_open_console(i, f);
}

s64 pts_next(u32 from)
{
	(void)from;
	return -1;
}

u64 tty_rdev(const struct tty *t)
{
	(void)t;
	return 0;
}

u32 tty_group(const struct tty *t)
{
	(void)t;
	return 0;
}

struct task *host_start(u32 pid)
{
	struct super *sb = tmpfs_new("rootfs", PAGES / 2, 1 << 14, 0755);
	struct dentry *root = dentry_root(sb);
	struct mount *m;
	mount_add(sb, root, NULL, 0, &m);
	root_path = (struct path){ m, root };
	the_process.pid = the_process.pgid = the_process.sid = pid;
	waitq_init(&the_process.signal_wait);
	list_init(&the_process.tasks);
	for (u32 i = 0; i < RLIMITS; i++)
		the_process.rlimit[i] = (struct rlimit){ UINT64_MAX, UINT64_MAX };
	syscall(302 /* prlimit64 */, 0, RLIMIT_NOFILE, NULL, &the_process.rlimit[RLIMIT_NOFILE]);
	the_task.process = &the_process;
	the_task.mm = (struct mm *)&the_task; /* there is one; nobody looks into it */
	the_task.tid = pid;
	list_add(&the_process.tasks, &the_task.peer);
	the_task.ids.cap_effective = the_task.ids.cap_permitted = ~0ull;
	the_task.files = fdtable_new();
	the_task.fs = fsinfo_new();
	return &the_task;
}

void host_mounts(struct task *t)
{
	static const char *const what[][2] = { { "devtmpfs", "/dev" },
					       { "proc", "/proc" },
					       { "sysfs", "/sys" } };
	for (u32 i = 0; i < 3; i++) {
		const u64 mkdir[6] = { (u64)(uintptr_t)what[i][1], 0755 };
		const u64 mount[6] = { (u64)(uintptr_t)what[i][0], mkdir[0],
				       (u64)(uintptr_t)what[i][0] };
		lx_dispatch(t, 83, mkdir);
		lx_dispatch(t, 165, mount);
	}
}
