/* SPDX-License-Identifier: MIT */
/*
 * Parser and loader of the first program.
 *
 * Called by:  boot.c, once.
 * Never:      reads outside the file, or accepts what it does not understand:
 *             segments are ascending, each in pages of its own, as the linker
 *             script of programs makes them.
 */
#include "elf.h"
#include "ks.h"

#define IMAGE_LOWEST 0x400000ull
#define IMAGE_END (512ull << 20) /* 256 page-table pages, each with a handle, below 1 GiB */

enum {
	EHDR_BYTES = 64,
	PHDR_BYTES = 56,
	PHDRS_MAX = 16,
	ET_EXEC = 2,
	EM_X86_64 = 62,
	PT_LOAD = 1,
	PT_DYNAMIC = 2,
	PT_INTERP = 3,
	PF_X = 1,
	PF_W = 2,
	PF_R = 4,
};
#define ELF_IDENT 0x00010102464c457full /* 64-bit, little-endian, version 1, System V */

static void expect(bool is_true, const char *what)
{
	if (!is_true)
		arch_panic(what, __FILE__, __LINE__);
}

/* Eight bytes of the file from a multiple of 8 on. */
static u64 file64(u64 start, u64 offset)
{
	u64 at = start + offset;

	return WORD((u32)(at >> PAGE_SHIFT), (at & (PAGE_SIZE - 1)) / 8);
}

static u32 rights_of(u32 flags)
{
	return ((flags & PF_R) != 0 ? MAP_READ : 0) | ((flags & PF_W) != 0 ? MAP_WRITE : 0) |
	       ((flags & PF_X) != 0 ? MAP_EXEC : 0);
}

/* A segment that the image has room for; below `lowest` others lie. */
static void segment_add(struct elf *e, u64 start, u64 size, u64 header, u64 lowest)
{
	u64 offset = file64(start, header + 8), vaddr = file64(start, header + 16);
	u64 bytes = file64(start, header + 32), memory = file64(start, header + 40);
	u32 flags = (u32)(file64(start, header) >> 32);

	expect(e->segments < ELF_SEGMENTS_MAX, "first program: too many segments");
	expect(bytes <= size && offset <= size - bytes, "first program: segment outside the file");
	expect(bytes <= memory, "first program: segment larger in the file than in memory");
	expect((vaddr - offset) % PAGE_SIZE == 0, "first program: segment not aligned to pages");
	expect((vaddr & ~(PAGE_SIZE - 1)) >= lowest,
	       "first program: segments overlap or lie too low");
	expect(memory <= IMAGE_END && vaddr <= IMAGE_END - memory, "first program: too high");
	expect((flags & (PF_W | PF_X)) != (PF_W | PF_X), "first program: writable and executable");
	expect((flags & PF_R) != 0, "first program: segment that cannot be read");
	u64 end = (vaddr + memory + PAGE_SIZE - 1) >> PAGE_SHIFT;

	e->segment[e->segments++] = (struct elf_segment){
		.vaddr = vaddr,
		.offset = offset,
		.bytes = bytes,
		.pages = (u32)(end - (vaddr >> PAGE_SHIFT)),
		.rights = rights_of(flags),
	};
	if (e->segments == 1)
		e->vaddr = vaddr & ~(PAGE_SIZE - 1);
	e->pages = (u32)(end - (e->vaddr >> PAGE_SHIFT));
}

void elf_parse(struct elf *e, u64 start, u64 end)
{
	u64 size = end - start;

	expect(start != 0 && end > start, "no first program: the boot loader gave no module");
	expect(start % PAGE_SIZE == 0, "first program: module not aligned to pages");
	expect(size >= EHDR_BYTES && (file64(start, 0) & 0x00ffffffffffffff) == ELF_IDENT,
	       "first program: not an ELF64 file");
	u64 kind = file64(start, 16), headers = file64(start, 32);
	u32 count = (u32)(file64(start, 56) & 0xffff);

	expect((kind & 0xffff) == ET_EXEC && (kind >> 16 & 0xffff) == EM_X86_64,
	       "first program: not a static executable for x86-64");
	expect((file64(start, 48) >> 48) == PHDR_BYTES && headers % 8 == 0 && count <= PHDRS_MAX,
	       "first program: program headers");
	expect(headers <= size && (u64)count * PHDR_BYTES <= size - headers,
	       "first program: program headers outside the file");
	e->entry = file64(start, 24);
	u64 lowest = IMAGE_LOWEST;

	for (u32 i = 0; i < PHDRS_MAX && i < count; i++) {
		u64 header = headers + i * PHDR_BYTES;
		u32 type = (u32)file64(start, header);

		expect(type != PT_DYNAMIC && type != PT_INTERP,
		       "first program: needs a dynamic linker");
		if (type != PT_LOAD || file64(start, header + 40) == 0)
			continue;
		segment_add(e, start, size, header, lowest);
		lowest = e->vaddr + e->pages * PAGE_SIZE;
	}
	expect(e->segments != 0, "first program: nothing to load");
	expect(e->entry >= e->vaddr && e->entry < e->vaddr + e->pages * PAGE_SIZE,
	       "first program: entry point outside");
}

/* File offset and address are equal below the page size, so whole words are copied
 * from the start of the page that the segment begins in; what belongs to the
 * segment is kept of the first and last. */
void elf_load(const struct elf *e, const struct elf_segment *s, u64 start, u32 first)
{
	u64 at = s->vaddr & ~7ull, end = s->vaddr + s->bytes;

	for (; at < end; at += 8) {
		u64 page = first + ((at - e->vaddr) >> PAGE_SHIFT);
		u64 v = file64(start, s->offset - s->vaddr + at);

		if (at < s->vaddr)
			v &= ~0ull << (8 * (s->vaddr - at));
		if (end - at < 8)
			v &= ~(~0ull << (8 * (end - at)));
		WORD((u32)page, (at & (PAGE_SIZE - 1)) / 8) = v;
	}
}
