/* SPDX-License-Identifier: MIT */
/*
 * What /proc tells of address spaces.
 *
 * Owns:       nothing.
 * Called by:  fs/ (proc).
 */
#include "internal.h"

void mm_stat(struct mm *mm, struct mm_stat *out)
{
	struct leaf *l;

	*out = (struct mm_stat){
		.size_pages = mm->pages,
		.resident_pages = mm->resident,
		.peak_pages = mm->peak,
		.start_code = mm->start_code,
		.end_code = mm->end_code,
		.start_stack = mm->start_stack,
		.start_brk = mm->start_brk,
		.brk = mm->brk,
		.arg_start = mm->arg_start,
		.arg_end = mm->arg_end,
		.env_start = mm->env_start,
		.env_end = mm->env_end,
	};
	for (u32 i = 0; i < mm->areas; i++) {
		const struct area *a = mm->area[i];
		const u64 pages = a->end - a->start;

		out->text_pages += (a->prot & PROT_EXEC) && a->file != NULL ? pages : 0;
		out->stack_pages += a->flags & AREA_GROWSDOWN ? pages : 0;
		out->data_pages += is_data(a) ? pages : 0;
	}
	for (u64 at = 0; (l = tree_next(&mm->tree, at, TASK_SIZE >> PAGE_SHIFT)) != NULL;
	     at = l->first + LEAF_PAGES)
		out->shared_pages += count_bits(l->present & l->file);
}

/* The name at the end of a line, in `to` of PATH_LEN bytes; its length. */
static s64 area_name(struct mm *mm, const struct area *a, char *to)
{
	const char *name = "";

	if (a->file != NULL && a->file->path.dentry != NULL && current() != NULL) {
		const s64 n = path_name(current(), &a->file->path, to, PATH_LEN - 1);

		return n < 0 ? 0 : n;
	}
	if (a->file != NULL)
		name = a->flags & AREA_SHARED ? "/dev/zero (deleted)" : "";
	else if (a->flags & AREA_STACK)
		name = "[stack]";
	else if (a->flags & AREA_HEAP)
		name = "[heap]";
	else if (a->flags & AREA_VDSO)
		name = a->prot & PROT_EXEC ? "[vdso]" : "[vvar]";
	(void)mm;
	return sys_format(to, PATH_LEN, "%s", name);
}

static u32 line(struct mm *mm, const struct area *a, char *to, size_t room, char *name)
{
	const u64 offset = a->file != NULL ? a->index << PAGE_SHIFT : 0;
	const u64 dev = a->file != NULL && a->file->inode->sb != NULL ? a->file->inode->sb->dev : 0;
	const s64 n = area_name(mm, a, name);
	const u32 head = sys_format(
		to, (u32)room, "%lx-%lx %c%c%c%c %08lx %02lx:%02lx %lu ", a->start << PAGE_SHIFT,
		a->end << PAGE_SHIFT, a->prot & PROT_READ ? 'r' : '-',
		a->prot & PROT_WRITE ? 'w' : '-', a->prot & PROT_EXEC ? 'x' : '-',
		a->flags & AREA_SHARED ? 's' : 'p', offset, dev >> 8 & 0xfff, dev & 0xff,
		a->file != NULL ? a->file->inode->ino : 0ul);
	u32 at = head < room ? head : (u32)room - 1;

	/* Names begin in column 74, as Linux pads them. */
	while (n > 0 && at < 73 && at + 1 < room)
		to[at++] = ' ';
	for (s64 i = 0; i < n && at + 1 < room; i++)
		to[at++] = name[i];
	to[at++] = '\n';
	return at;
}

s64 mm_maps(struct mm *mm, u64 *which, char *to, size_t room)
{
	enum { LINE_MOST = PATH_LEN + 80 };
	char *name = kalloc(PATH_LEN);
	size_t done = 0;

	if (name == NULL)
		return -ENOMEM;
	while (*which < mm->areas && (room - done >= LINE_MOST || (done == 0 && room >= 128))) {
		done += line(mm, mm->area[*which], to + done, room - done, name);
		++*which;
	}
	kfree(name);
	return (s64)done;
}
