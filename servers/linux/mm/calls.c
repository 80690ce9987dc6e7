/* SPDX-License-Identifier: MIT */
/*
 * Calls that map and unmap, and those that Linux without the hardware or
 * the configuration refuses.
 *
 * Owns:       nothing.
 * Called by:  dispatch.
 */
#include "internal.h"
#include "linux/calls.h"

enum { MAP_ANON = LX_MAP_ANONYMOUS };

s64 lx_mmap(struct task *t, u64 addr, u64 bytes, u64 prot, u64 flags, u64 fd, u64 offset)
{
	struct file *file = NULL;

	if (offset & (PAGE - 1))
		return -EINVAL;
	if (!(flags & MAP_ANON)) {
		file = fd_file(t, fd);
		if (file == NULL)
			return -EBADF;
	}
	const s64 at = mm_map(t->mm, addr, bytes, (unsigned)prot, (unsigned)flags, file,
			      file == NULL ? 0 : offset);

	if (file != NULL)
		file_put(file);
	return at;
}

s64 lx_munmap(struct task *t, u64 addr, u64 bytes)
{
	return mm_unmap(t->mm, addr, bytes);
}

/* --- protection keys: as on a processor without them -------------------------------------- */

s64 lx_pkey_alloc(struct task *t, u64 flags, u64 rights)
{
	(void)t;
	(void)flags;
	(void)rights;
	return -ENOSPC;
}

s64 lx_pkey_free(struct task *t, u64 key)
{
	(void)t;
	(void)key;
	return -EINVAL;
}

/* --- membarrier ----------------------------------------------------------------------------- */

enum {
	BARRIER_QUERY = 0,
	BARRIER_GLOBAL = 1,
	BARRIER_GLOBAL_EXPEDITED = 2,
	BARRIER_REGISTER_GLOBAL = 4,
	BARRIER_PRIVATE = 8,
	BARRIER_REGISTER_PRIVATE = 16,
	BARRIER_ALL = 31,
};

/* Renewing an entry makes every CPU that runs the space flush, and so order its memory accesses. */
static void barrier(struct mm *mm)
{
	struct leaf *l;

	for (u64 at = 0; (l = tree_next(&mm->tree, at, TASK_SIZE >> PAGE_SHIFT)) != NULL;
	     at = l->first + LEAF_PAGES) {
		if (l->mapped == 0)
			continue;
		space_clear(mm->space, l, l->mapped & -l->mapped);
		return;
	}
}

s64 lx_membarrier(struct task *t, u64 command, u64 flags, u64 cpu)
{
	(void)flags; /* none */
	(void)cpu;
	switch ((u32)command) {
	case BARRIER_QUERY: return BARRIER_ALL;
	case BARRIER_GLOBAL:
	case BARRIER_GLOBAL_EXPEDITED:
		list_for(at, &mm_list)
			barrier(container_of(at, struct mm, all));
		return 0;
	case BARRIER_PRIVATE: barrier(t->mm); return 0;
	case BARRIER_REGISTER_GLOBAL:
	case BARRIER_REGISTER_PRIVATE: return 0;
	default: return -EINVAL;
	}
}
