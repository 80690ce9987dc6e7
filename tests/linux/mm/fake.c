/* SPDX-License-Identifier: MIT */
/*
 * A kernel of arrays, and files, tasks and signals that do the least.
 */
#include <stdio.h>

#include "fake.h"
#include "../core/event.h"
#include "../core/random.h"

enum { SLOTS = 8192, ENTRIES = 512 };

struct object {
	u32 type;
	u32 space, level; /* of a page table, a grant */
	u64 vaddr, first;
	bool attached;
	u32 page[ENTRIES];
	u8 attr[ENTRIES];
};

struct environment env;
struct task fake_task;
u32 fake_tables, fake_calls;
static struct object *object[SLOTS];
static struct process process;
static u32 tables_most, next_slot, next_page;
static u64 words[512];
static u64 state = 1;
__asm__(".section .rodata; .globl vdso_image, vdso_image_end; vdso_image: .space 2000, 1;"
	"vdso_image_end: .byte 0; .text");

void fail(const char *file, int line, const char *what)
{
	printf("%s:%d: %s\n", file, line, what);
	fflush(stdout);
	abort();
}

u64 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

void rnd_seed(u64 seed)
{
	state = seed * 0x9e3779b97f4a7c15ull + 1;
}

/* --- kernel ---------------------------------------------------------------------------- */

err_t object_create(memory_h memory, slot_t dst, u64 type, u64 offset, u64 param)
{
	(void)memory;
	(void)offset;
	(void)param;
	CHECK(dst.where != 0 && dst.where < SLOTS && object[dst.where] == NULL);
	if (type == OBJ_PTABLE && fake_tables >= tables_most)
		return ERR_STATE;
	fake_tables += type == OBJ_PTABLE;
	object[dst.where] = calloc(1, sizeof(struct object));
	object[dst.where]->type = (u32)type;
	return OK;
}

err_t cap_delete(slot_t src, u64 *more, u64 *ticket)
{
	*more = 0;
	*ticket = 0;
	CHECK(object[src.where] != NULL);
	fake_tables -= object[src.where]->type == OBJ_PTABLE;
	if (object[src.where]->type == OBJ_SPACE) {
		for (u32 i = 0; i < SLOTS; i++) {
			if (object[i] != NULL && object[i]->space == src.where)
				object[i]->space = 0;
		}
	}
	free(object[src.where]);
	object[src.where] = NULL;
	return OK;
}

err_t cap_drain(u64 ticket, u64 *more)
{
	(void)ticket;
	*more = 0;
	return OK;
}

static struct object *table_of(u32 space, u64 vaddr, u32 level)
{
	for (u32 i = 0; i < next_slot; i++) {
		struct object *o = object[i];

		if (o != NULL && o->type == OBJ_PTABLE && o->attached && o->space == space &&
		    o->level == level && (o->vaddr ^ vaddr) >> (12 + 9 * level) == 0)
			return o;
	}
	return NULL;
}

static u32 missing(u32 space, u64 vaddr, u32 down_to)
{
	for (u32 level = 3; level >= down_to; level--) {
		if (table_of(space, vaddr, level) == NULL)
			return level;
	}
	return 0;
}

err_t ptable_attach(ptable_h table, any_h space, u64 vaddr, u64 level, u64 *out)
{
	struct object *o = object[table.h];

	(void)out;
	CHECK(o != NULL && o->type == OBJ_PTABLE && !o->attached);
	CHECK(object[space.h] != NULL && object[space.h]->type == OBJ_SPACE);
	if (missing(space.h, vaddr, (u32)level + 1) != 0 && level < 3)
		return ERR_TABLE;
	if (table_of(space.h, vaddr, (u32)level) != NULL)
		return ERR_BUSY;
	o->attached = true;
	o->space = space.h;
	o->vaddr = vaddr;
	o->level = (u32)level;
	return OK;
}

err_t grant_create(any_h source, slot_t dst, any_h space, u64 vaddr, u64 pages, u64 rights)
{
	CHECK(object[dst.where] == NULL && pages > 0 && rights == 15 && vaddr == PAGE);
	object[dst.where] = calloc(1, sizeof(struct object));
	*object[dst.where] =
		(struct object){ .type = OBJ_GRANT, .space = space.h, .first = source.h };
	return OK;
}

static struct object *grant_at(u32 h)
{
	CHECK(h != 0 && object[h] != NULL && object[h]->type == OBJ_GRANT && object[h]->space != 0);
	return object[h];
}

err_t grant_map(grant_h grant, u64 vaddr, u64 offset, u64 count, u64 attr, u64 *done)
{
	struct object *g = grant_at(grant.h);
	const u32 level = missing(g->space, vaddr, 1);

	fake_calls++;
	CHECK(count >= 1 && count <= 64 && (attr & MAP_READ) && vaddr < TASK_SIZE);
	*done = level;
	if (level != 0)
		return ERR_TABLE;
	struct object *t = table_of(g->space, vaddr, 1);

	for (*done = 0; *done < count; ++*done) {
		const u64 i = (vaddr >> PAGE_SHIFT) % ENTRIES + *done;

		if (i == ENTRIES)
			break;
		CHECK(g->first != 1 || offset + *done < env.pool_pages);
		t->page[i] = (u32)(offset + *done) | (u32)g->first << 28;
		t->attr[i] = (u8)attr;
	}
	return OK;
}

static void clear(struct object *g, u64 vaddr)
{
	struct object *t = table_of(g->space, vaddr, 1);
	const u64 i = (vaddr >> PAGE_SHIFT) % ENTRIES;

	if (t != NULL && t->attr[i] != 0 && t->page[i] >> 28 == g->first)
		t->attr[i] = 0;
}

err_t grant_map_list(grant_h grant, u64 count, u64 *done, u64 *level)
{
	fake_calls++;
	for (u64 i = 0; i < count; i++) {
		const u64 attr = words[2 * i] & (PAGE - 1);
		u64 n = 0;

		if (attr == 0) {
			clear(grant_at(grant.h), words[2 * i]);
		} else {
			fake_calls--;
			const err_t e = grant_map(grant, words[2 * i] - attr, words[2 * i + 1], 1,
						  attr, &n);

			if (!err_is_ok(e)) {
				*done = i;
				*level = n;
				return i == 0 ? e : OK;
			}
		}
	}
	*done = count;
	return OK;
}

err_t grant_unmap(grant_h grant, u64 vaddr, u64 count, u64 attr, u64 *done)
{
	fake_calls++;
	CHECK(attr == 0 && (vaddr >> PAGE_SHIFT) % ENTRIES + count <= ENTRIES);
	for (u64 i = 0; i < count; i++)
		clear(grant_at(grant.h), vaddr + i * PAGE);
	*done = count;
	return OK;
}

u32 fake_entry(space_h space, u64 vaddr, page_t *page)
{
	const struct object *t = table_of(space.h, vaddr, 1);
	const u64 i = (vaddr >> PAGE_SHIFT) % ENTRIES;

	if (t == NULL || t->attr[i] == 0)
		return 0;
	*page = t->page[i] & 0xfffffff;
	return t->attr[i];
}

void fake_entries(space_h space, void (*f)(u64, page_t, u32, void *), void *arg)
{
	for (u32 s = 0; s < next_slot; s++) {
		const struct object *o = object[s];

		if (o == NULL || o->type != OBJ_PTABLE || o->space != space.h || o->level != 1)
			continue;
		for (u64 i = 0; i < ENTRIES; i++) {
			if (o->attr[i] != 0)
				f((o->vaddr & ~(PAGE * ENTRIES - 1)) + i * PAGE,
				  o->page[i] & 0xfffffff, o->attr[i], arg);
		}
	}
}

u32 fake_entry_count(void)
{
	u32 n = 0;

	for (u32 s = 0; s < next_slot; s++) {
		for (u64 i = 0; object[s] != NULL && object[s]->type == OBJ_PTABLE && i < ENTRIES;
		     i++)
			n += object[s]->space != 0 && object[s]->attr[i] != 0;
	}
	return n;
}

/* --- library ------------------------------------------------------------------------------ */

u32 sys_slot(void)
{
	return next_slot < SLOTS ? next_slot++ : 0;
}

void sys_slot_free(u32 slot)
{
	(void)slot;
}

u32 sys_pages(u32 pages, u32 align, memory_h *memory, u64 *offset)
{
	(void)align;
	*memory = (memory_h){ 1 };
	*offset = next_page;
	next_page += pages;
	return next_page;
}

void sys_panic(const char *format, ...)
{
	printf("panic: %s\n", format);
	abort();
}

u32 sys_format(char *to, u32 size, const char *format, ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, format);
	const int n = vsnprintf(to, size, format, args);
	__builtin_va_end(args);
	return (u32)n;
}

void log_line(const char *format, ...)
{
	(void)format;
}

void random_bytes(void *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((u8 *)to)[i] = (u8)rnd();
}

u64 now_mono(void)
{
	return 0;
}

/* --- tasks ---------------------------------------------------------------------------------- */

struct task *current(void)
{
	return &fake_task;
}

s64 fiber_sleep(u64 deadline, unsigned flags)
{
	(void)deadline;
	(void)flags;
	return 0;
}

void process_each(bool (*f)(struct process *, void *), void *arg)
{
	(void)f(&process, arg);
}

u32 inode_seals(const struct inode *i)
{
	(void)i;
	return 0;
}

u64 inode_nameless_pages(const struct inode *i)
{
	(void)i;
	return 0;
}

u64 fdtable_pages(const struct fdtable *t)
{
	(void)t;
	return 0;
}

struct task *process_task(struct process *p)
{
	return p == &process ? &fake_task : NULL;
}

struct process *process_find(u32 pid)
{
	return pid == process.pid ? &process : NULL;
}

bool may_signal(struct task *t, struct process *p)
{
	(void)t;
	(void)p;
	return true;
}

s64 signal_process(struct process *p, int signo, const struct siginfo *info)
{
	(void)p;
	(void)signo;
	(void)info;
	return 0;
}

/* --- files ------------------------------------------------------------------------------------ */

struct file *fake_file[FILES], *fake_interpreter;
static page_t file_page[FILES][FILE_PAGES];
u64 fake_inodes;

page_t fake_file_page(unsigned file, u64 index)
{
	if (file_page[file][index] == 0)
		file_page[file][index] = page_take();
	CHECK(file_page[file][index] != 0);
	return file_page[file][index];
}

static s64 op_page(struct inode *i, u64 index, bool for_write, page_t *out)
{
	(void)for_write;
	if (index >= (i->size + PAGE - 1) / PAGE || index >= FILE_PAGES)
		return -ENXIO;
	*out = fake_file_page((unsigned)i->ino, index);
	page_get(*out);
	return 0;
}

static page_t op_cached(struct inode *i, u64 index)
{
	page_t p = 0;

	if (index < FILE_PAGES && file_page[i->ino][index] != 0)
		(void)op_page(i, index, false, &p);
	return p;
}

bool fake_told[FILES][FILE_PAGES];

static void op_dirty(struct inode *i, u64 index, page_t p)
{
	CHECK(index < FILE_PAGES && file_page[i->ino][index] == p);
	fake_told[i->ino][index] = true;
}

static const struct inode_ops ops = { .page = op_page, .cached = op_cached, .dirty = op_dirty };
static const struct file_ops file_ops;

void fake_file_size(unsigned file, u64 bytes)
{
	struct inode *i = fake_file[file]->inode;

	i->size = bytes;
	for (u64 k = (bytes + PAGE - 1) / PAGE; k < FILE_PAGES; k++) {
		if (file_page[file][k] != 0)
			page_clear(page_at(file_page[file][k]));
	}
	mm_file_cut(i, bytes);
}

void file_get(struct file *f)
{
	f->refs++;
}

void file_put(struct file *f)
{
	CHECK(f->refs > 0);
	if (--f->refs == 0) {
		inode_put(f->inode);
		free(f);
	}
}

struct inode *inode_anon(u32 mode)
{
	struct inode *i = calloc(1, sizeof *i);

	i->mode = mode;
	i->refs = 1;
	list_init(&i->maps);
	fake_inodes++;
	return i;
}

void inode_put(struct inode *i)
{
	if (--i->refs > 0)
		return;
	CHECK(list_empty(&i->maps));
	i->ops->release(i);
	free(i);
	fake_inodes--;
}

void file_touched(struct file *f, bool written)
{
	(void)f, (void)written;
}

struct file *file_new(const struct file_ops *f_ops, struct inode *inode, u32 flags)
{
	struct file *f = calloc(1, sizeof *f);

	f->ops = f_ops;
	f->inode = inode;
	f->flags = flags;
	f->refs = 1;
	return f;
}

struct file *fd_file(struct task *t, u64 fd)
{
	(void)t;
	if (fd >= FILES)
		return NULL;
	file_get(fake_file[fd]);
	return fake_file[fd];
}

s64 path_name(struct task *t, const struct path *p, char *to, u64 room)
{
	(void)t;
	(void)p;
	(void)to;
	(void)room;
	return 0;
}

static void bytes_release(struct inode *i)
{
	free(i->priv);
}

static s64 bytes_page(struct inode *i, u64 index, bool for_write, page_t *out)
{
	(void)for_write;
	if (index * PAGE >= i->size)
		return -ENXIO;
	*out = page_new(true);
	if (*out == 0)
		return -ENOMEM;
	memcpy(page_at(*out), (u8 *)i->priv + index * PAGE,
	       i->size - index * PAGE < PAGE ? i->size - index * PAGE : PAGE);
	return 0;
}

static const struct inode_ops bytes_ops = { .page = bytes_page, .release = bytes_release };

struct file *fake_bytes(const void *bytes, u64 n)
{
	struct inode *i = inode_anon(S_IFREG | 0755);

	i->ops = &bytes_ops;
	i->priv = malloc(n);
	i->size = n;
	memcpy(i->priv, bytes, n);
	return file_new(&file_ops, i, O_RDONLY);
}

s64 file_read_at(struct file *f, void *to, u64 bytes, u64 pos)
{
	if (pos >= f->inode->size)
		return 0;
	if (bytes > f->inode->size - pos)
		bytes = f->inode->size - pos;
	memcpy(to, (u8 *)f->inode->priv + pos, bytes);
	return (s64)bytes;
}

s64 vfs_open(struct task *t, const char *path, u32 flags, u32 mode, struct file **out)
{
	(void)t;
	(void)path;
	(void)flags;
	(void)mode;
	if (fake_interpreter == NULL)
		return -ENOENT;
	file_get(fake_interpreter);
	*out = fake_interpreter;
	return 0;
}

s64 inode_permission(struct task *t, struct inode *i, u32 want)
{
	(void)t;
	(void)i;
	(void)want;
	return 0;
}

void fake_start(u32 most, u64 pages)
{
	/* Not a variable: exec_test loads itself into it. */
	u8 *pool = malloc((pages + 1) * PAGE);

	next_slot = 1;
	tables_most = most;
	env.pool = (frames_h){ 1 };
	env.pool_vaddr = ((u64)pool + PAGE - 1) & ~(PAGE - 1);
	env.pool_pages = pages;
	env.clock_hz = 1000000000;
	mm_start(words);
	process.pid = 7;
	list_init(&process.tasks);
	list_init(&fake_task.peer);
	list_add(&process.tasks, &fake_task.peer);
	fake_task.process = &process;
	for (unsigned i = 0; i < RLIMITS; i++)
		process.rlimit[i].soft = process.rlimit[i].hard = UINT64_MAX;
	process.rlimit[RLIMIT_STACK].soft = 8 << 20;
	for (unsigned i = 0; i < FILES; i++) {
		struct inode *n = inode_anon(S_IFREG | 0644);

		n->ops = &ops;
		n->ino = i;
		n->size = FILE_PAGES * PAGE;
		fake_file[i] = file_new(&file_ops, n, O_RDWR);
		for (u64 k = 0; k < FILE_PAGES; k++)
			page_clear(page_at(fake_file_page(i, k)));
	}
	fake_inodes = 0;
}
