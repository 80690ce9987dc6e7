/* SPDX-License-Identifier: MIT */
/*
 * Loading ELF programs.
 *
 * Owns:       where things lie in a new address space.
 * Called by:  proc/ (execve).
 *
 * The file is hostile: every number from it is checked before it is used.
 *
 * Where programs lie is random: 28 bits for the program and for what is mapped, 22 for the stack, as
 * in Linux.  The upper ten of them belong to the kernel's space, and change only when a new one is
 * made: so a space that is used again has the upper page tables that are needed.
 */
#include "../core/random.h"
#include "exec.h"

enum {
	SEGMENTS_MAX = 65536 / 56,
	RANDOM_FRESH = (1 << 18) - 1, /* pages of 1 GiB */
	RANDOM_BASE = (1 << 28) - 1,
	RANDOM_STACK = (1 << 22) - 1,
	RANDOM_BRK = (32 << 20) / 4096 - 1,
	STACK_LEAST = 128 << 20, /* room below the stack's place for it to grow */
};
#define PIE_BASE 0x555555554000ull
#define ADDRESS_END TASK_SIZE

static u64 page_down(u64 a)
{
	return a & ~(PAGE - 1);
}

static u64 page_up(u64 a)
{
	return (a + PAGE - 1) & ~(PAGE - 1);
}

/* --- reading ------------------------------------------------------------------------------- */

static s64 read_all(struct file *f, void *to, u64 bytes, u64 at)
{
	const s64 n = file_read_at(f, to, bytes, at);

	if (n < 0)
		return n;
	return (u64)n == bytes ? 0 : -ENOEXEC;
}

static s64 check_header(const struct elf_header *h)
{
	static const u8 magic[4] = { 0x7f, 'E', 'L', 'F' };

	if (memcmp(h->ident, magic, sizeof magic) != 0 || h->ident[4] != ELF_CLASS64 ||
	    h->ident[5] != ELF_LITTLE)
		return -ENOEXEC;
	if ((h->type != ELF_EXEC && h->type != ELF_DYN) || h->machine != ELF_X86_64)
		return -ENOEXEC;
	if (h->phentsize != sizeof(struct elf_segment) || h->phnum == 0 || h->phnum > SEGMENTS_MAX)
		return -ENOEXEC;
	return h->phoff > INT64_MAX - SEGMENTS_MAX * sizeof(struct elf_segment) ? -ENOEXEC : 0;
}

/* A segment that is loaded: sizes and places are possible, alone and together with the file's others. */
static s64 check_load(struct elf *e, const struct elf_segment *s)
{
	if (s->filesz > s->memsz || s->memsz > ADDRESS_END || s->vaddr > ADDRESS_END - s->memsz)
		return -ENOEXEC;
	if ((s->vaddr - s->offset) & (PAGE - 1) || s->offset > INT64_MAX - s->filesz)
		return -ENOEXEC;
	if (s->memsz == 0)
		return 0;
	if (page_down(s->vaddr) < e->low)
		e->low = page_down(s->vaddr);
	if (page_up(s->vaddr + s->memsz) > e->high)
		e->high = page_up(s->vaddr + s->memsz);
	return 0;
}

static s64 elf_read(struct elf *e, struct file *file)
{
	s64 r;

	*e = (struct elf){ .file = file, .low = ADDRESS_END };
	r = read_all(file, &e->header, sizeof e->header, 0);
	if (r == 0)
		r = check_header(&e->header);
	if (r < 0)
		return r;
	const u64 bytes = e->header.phnum * sizeof *e->segment;

	e->segment = kalloc(bytes);
	if (e->segment == NULL)
		return -ENOMEM;
	r = read_all(file, e->segment, bytes, e->header.phoff);
	for (u32 i = 0; r == 0 && i < e->header.phnum; i++) {
		if (e->segment[i].type == SEGMENT_LOAD)
			r = check_load(e, &e->segment[i]);
	}
	return r == 0 && e->low >= e->high ? -ENOEXEC : r;
}

static const struct elf_segment *elf_find(const struct elf *e, u32 type)
{
	for (u32 i = 0; i < e->header.phnum; i++) {
		if (e->segment[i].type == type)
			return &e->segment[i];
	}
	return NULL;
}

/* --- mapping ----------------------------------------------------------------------------------- */

static unsigned segment_prot(const struct elf_segment *s)
{
	return (s->flags & SEGMENT_R ? PROT_READ : 0) | (s->flags & SEGMENT_W ? PROT_WRITE : 0) |
	       (s->flags & SEGMENT_X ? PROT_EXEC : 0);
}

static s64 map_fixed(struct mm *mm, u64 from, u64 to, unsigned prot, struct file *file, u64 offset)
{
	if (from >= to)
		return 0;
	const s64 at = mm_map(mm, from, to - from, prot,
			      MAP_PRIVATE | LX_MAP_FIXED | (file == NULL ? LX_MAP_ANONYMOUS : 0),
			      file, offset);

	return at < 0 ? at : 0;
}

/* The file's part, zeros to the end of its last page, zeros in pages of their own. */
static s64 segment_map(struct mm *mm, const struct elf *e, const struct elf_segment *s)
{
	const unsigned prot = segment_prot(s);
	const u64 start = e->bias + s->vaddr;
	const u64 file_end = start + s->filesz, end = start + s->memsz;
	s64 r;

	if (s->memsz == 0)
		return 0;
	if (s->filesz == 0)
		return map_fixed(mm, page_down(start), page_up(end), prot, NULL, 0);
	r = map_fixed(mm, page_down(start), page_up(file_end), prot, e->file, page_down(s->offset));
	/* To the end of the page, not of the segment: ld.so's first heap lies there. */
	if (r == 0 && end > file_end && (prot & PROT_WRITE))
		r = clear_out(mm, file_end, page_up(file_end) - file_end);
	return r < 0 ? r : map_fixed(mm, page_up(file_end), page_up(end), prot, NULL, 0);
}

static s64 elf_map(struct mm *mm, const struct elf *e)
{
	for (u32 i = 0; i < e->header.phnum; i++) {
		const s64 r =
			e->segment[i].type == SEGMENT_LOAD ? segment_map(mm, e, &e->segment[i]) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* --- where ------------------------------------------------------------------------------------------ */

enum place { PLACE_STACK, PLACE_MAPPINGS, PLACE_PROGRAM, PLACE_HEAP };

/* A random number of `mask` bits; those above 1 GiB are the space's. */
static u64 random_pages(const struct mm *mm, const struct start *s, u64 mask, enum place which)
{
	return ((s->random[which] & RANDOM_FRESH) | ((mm->space->seed >> (10 * which)) << 18)) &
	       mask;
}

/* Places of stack and mappings. @return the end of the stack */
static u64 layout_make(struct mm *mm, const struct start *s, const struct task *t)
{
	const u64 limit = t->process->rlimit[RLIMIT_STACK].soft;
	u64 room = STACK_LEAST;

	if (mm->space->seed == 0)
		random_bytes(&mm->space->seed, sizeof mm->space->seed);
	if (limit > room)
		room = limit < ADDRESS_END / 6 * 5 ? page_up(limit) : ADDRESS_END / 6 * 5;
	const u64 top =
		ADDRESS_END - (random_pages(mm, s, RANDOM_STACK, PLACE_STACK) << PAGE_SHIFT);
	const u64 below = ADDRESS_END - ((u64)(RANDOM_STACK + 1) << PAGE_SHIFT) - room -
			  ((u64)STACK_GAP << PAGE_SHIFT);

	mm->top = (below >> PAGE_SHIFT) - random_pages(mm, s, RANDOM_BASE, PLACE_MAPPINGS);
	mm->hint = mm->top;
	return top;
}

/* A program that can lie anywhere gets a place; then its last page must still be an address. */
static s64 program_place(const struct mm *mm, struct elf *e, const struct start *s)
{
	if (e->header.type == ELF_DYN)
		e->bias = PIE_BASE +
			  (random_pages(mm, s, RANDOM_BASE, PLACE_PROGRAM) << PAGE_SHIFT) - e->low;
	if (e->header.type == ELF_EXEC && e->low < LOWEST_ADDRESS)
		return -EPERM;
	return e->high + e->bias > ADDRESS_END ? -ENOMEM : 0;
}

static void places_note(struct mm *mm, const struct elf *e, const struct start *start)
{
	mm->start_code = UINT64_MAX;
	for (u32 i = 0; i < e->header.phnum; i++) {
		const struct elf_segment *s = &e->segment[i];
		const u64 at = s->vaddr + e->bias;

		if (s->type != SEGMENT_LOAD)
			continue;
		if (at < mm->start_code)
			mm->start_code = at;
		if (at > mm->start_data)
			mm->start_data = at;
		if ((s->flags & SEGMENT_X) && at + s->filesz > mm->end_code)
			mm->end_code = at + s->filesz;
		if (at + s->filesz > mm->end_data)
			mm->end_data = at + s->filesz;
	}
	mm->start_brk =
		e->bias + e->high + (random_pages(mm, start, RANDOM_BRK, PLACE_HEAP) << PAGE_SHIFT);
	mm->brk = mm->start_brk;
}

/* Where the program headers are in memory: 0, if they are not loaded. */
static u64 headers_at(const struct elf *e)
{
	const struct elf_segment *own = elf_find(e, SEGMENT_PHDR);
	const u64 at = e->header.phoff;

	if (own != NULL)
		return e->bias + own->vaddr;
	for (u32 i = 0; i < e->header.phnum; i++) {
		const struct elf_segment *s = &e->segment[i];

		if (s->type == SEGMENT_LOAD && s->offset <= at && at - s->offset < s->filesz)
			return e->bias + s->vaddr + (at - s->offset);
	}
	return 0;
}

/* --- the interpreter ----------------------------------------------------------------------------------- */

static s64 interpreter_open(struct task *t, struct file *file, const struct elf_segment *s,
			    struct file **out)
{
	s64 r;

	if (s->filesz < 2 || s->filesz > PATH_LEN)
		return -ENOEXEC;
	char *path = kalloc(s->filesz);

	if (path == NULL)
		return -ENOMEM;
	r = read_all(file, path, s->filesz, s->offset);
	if (r == 0 && path[s->filesz - 1] != 0)
		r = -ENOEXEC;
	if (r == 0)
		r = vfs_open(t, path, O_RDONLY, 0, out);
	kfree(path);
	if (r < 0)
		return r;
	r = ((*out)->inode->mode & S_IFMT) == S_IFREG ? inode_permission(t, (*out)->inode, 1)
						      : -EACCES;
	if (r < 0)
		file_put(*out);
	return r;
}

static s64 interpreter_map(struct mm *mm, struct elf *e)
{
	if (e->header.type == ELF_DYN) {
		const u64 at = area_hole(mm, (e->high - e->low) >> PAGE_SHIFT,
					 LOWEST_ADDRESS >> PAGE_SHIFT, mm->top);

		if (at == 0)
			return -ENOMEM;
		mm->hint = at;
		e->bias = (at << PAGE_SHIFT) - e->low;
	} else if (e->low < LOWEST_ADDRESS) {
		return -EPERM;
	}
	return elf_map(mm, e);
}

/* Load it; its entry takes the program's place. */
static s64 interpreter_load(struct mm *mm, struct task *t, const struct elf *program,
			    const struct elf_segment *s, struct exec_image *image, u64 *base)
{
	struct file *file;
	struct elf e;
	s64 r = interpreter_open(t, program->file, s, &file);

	if (r < 0)
		return r;
	r = elf_read(&e, file);
	if (r == 0)
		r = interpreter_map(mm, &e);
	image->entry = e.bias + e.header.entry;
	*base = e.bias;
	kfree(e.segment);
	file_put(file);
	/* Linux says so of a file that is not an interpreter. */
	return r == -ENOEXEC ? -80 /* ELIBBAD */ : r;
}

/* --- the whole -------------------------------------------------------------------------------------------- */

static s64 program_load(struct mm *mm, struct elf *e, struct task *t, struct start *s,
			struct exec_image *image)
{
	const struct elf_segment *interp = elf_find(e, SEGMENT_INTERP);
	const struct elf_segment *stack = elf_find(e, SEGMENT_STACK);
	s64 r;

	s->top = layout_make(mm, s, t);
	r = program_place(mm, e, s);
	if (r == 0)
		r = elf_map(mm, e);
	if (r < 0)
		return r;
	places_note(mm, e, s);
	image->entry = s->entry = e->bias + e->header.entry;
	if (interp != NULL)
		r = interpreter_load(mm, t, e, interp, image, &s->base);
	if (r < 0)
		return r;
	s->phdr = headers_at(e);
	s->phnum = e->header.phnum;
	s->exec_stack = stack == NULL || (stack->flags & SEGMENT_X);
	r = vdso_map(mm);
	return r < 0 ? r : stack_make(mm, s, t);
}

s64 exec_load(struct mm *mm, struct file *file, const char *name, char *const argv[],
	      char *const envp[], struct task *t, struct exec_image *image)
{
	struct start s = { .name = name, .argv = argv, .envp = envp };
	struct elf e;
	s64 r = elf_read(&e, file);

	random_bytes(s.random, sizeof s.random); /* all at once: each call makes a new key */
	if (r == 0)
		r = program_load(mm, &e, t, &s, image);
	kfree(e.segment);
	if (r < 0)
		return r;
	image->sp = s.sp;
	image->start_code = mm->start_code;
	image->end_code = mm->end_code;
	image->start_data = mm->start_data;
	image->start_stack = mm->start_stack;
	/* What it needs at once: if that fails, it faults. */
	(void)mm_fault(mm, image->entry, ACCESS_EXEC);
	(void)mm_fault(mm, s.sp, ACCESS_WRITE);
	return 0;
}
