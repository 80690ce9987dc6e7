/* SPDX-License-Identifier: MIT */
/*
 * Words of calls on memory.
 */
#include "probe.h"

#include <sys/uio.h>

enum { BYTES = 8192, LARGE = 4 << 20, MADV_REMOVE_ = 9, DROPPABLE = 8, MOVES = 1, FIXED = 2, KEEPS = 4 };

static char *area(unsigned flags, size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);
}

static long mmap_prot(u64 v)
{
	return CALL(SYS_mmap, NULL, BYTES, v, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < 0 ? -errno : 0;
}

static long mmap_map(u64 v)
{
	char *at = area(MAP_PRIVATE, BYTES);
	int fd = a_file();
	long r;

	if (v & MAP_FIXED_NOREPLACE)
		munmap(at, BYTES);
	/* What grows is private; and some are no files. */
	if (v & MAP_GROWSDOWN)
		v = (v & ~15ull) | MAP_PRIVATE;
	if (v & (MAP_GROWSDOWN | MAP_HUGETLB) || (v & 15) == DROPPABLE) {
		v |= MAP_ANONYMOUS;
		fd = -1;
	}
	r = CALL(SYS_mmap, v & (MAP_FIXED | MAP_FIXED_NOREPLACE) ? at : NULL, BYTES, PROT_READ | PROT_WRITE, v, fd, 0);
	return r < 0 ? r : 0;
}

static long mprotect_prot(u64 v)
{
	return CALL(SYS_mprotect, area(MAP_PRIVATE | MAP_GROWSDOWN, BYTES), 4096, v);
}

static long pkey_mprotect_prot(u64 v)
{
	return CALL(SYS_pkey_mprotect, area(MAP_PRIVATE | MAP_GROWSDOWN, BYTES), 4096, v, -1);
}

static long mremap_mremap(u64 v)
{
	char *at = area(MAP_PRIVATE, BYTES), *to = area(MAP_PRIVATE, BYTES);
	long r = CALL(SYS_mremap, at, BYTES, BYTES, v & (FIXED | KEEPS) ? v | MOVES : v, to);

	return r < 0 ? r : 0;
}

static long msync_msync(u64 v)
{
	return CALL(SYS_msync, area(MAP_PRIVATE, BYTES), BYTES, v);
}

static long madvise_madvise(u64 v)
{
	return CALL(SYS_madvise, area(v == MADV_REMOVE_ ? MAP_SHARED : MAP_PRIVATE, LARGE), LARGE, v);
}

static long mlockall_mlockall(u64 v)
{
	return CALL(SYS_mlockall, (uint32_t)v == 0 || v == 4 ? v | 1 : v);
}

static long mlock2_mlock(u64 v)
{
	return CALL(SYS_mlock2, area(MAP_PRIVATE, BYTES), BYTES, v);
}

static long pkey_alloc_nothingwide(u64 v)
{
	return CALL(SYS_pkey_alloc, v, 0);
}

static long pkey_alloc_pkey(u64 v)
{
	return CALL(SYS_pkey_alloc, 0, v);
}

static long membarrier_membarrier(u64 v)
{
	return CALL(SYS_membarrier, v, 0, 0);
}

/* The flag goes with one command only. */
static long membarrier_membarrierflags(u64 v)
{
	return CALL(SYS_membarrier, (uint32_t)v ? 0x80 : 0, v, 0);
}

static long process_vm(long nr, u64 v)
{
	char a[1] = { 1 }, b[1];
	struct iovec from = { a, 1 }, to = { b, 1 };

	return CALL(nr, getpid(), &to, 1, &from, 1, v);
}

static long process_vm_readv_nothingwide(u64 v)
{
	return process_vm(SYS_process_vm_readv, v);
}

static long process_vm_writev_nothingwide(u64 v)
{
	return process_vm(SYS_process_vm_writev, v);
}

const struct site memory_sites[] = {
	SITE(mmap, prot), SITE(mmap, map), SITE(mprotect, prot), SITE(pkey_mprotect, prot), SITE(mremap, mremap), SITE(msync, msync),
	SITE(madvise, madvise), SITE(mlockall, mlockall), SITE(mlock2, mlock), SITE(pkey_alloc, nothingwide), SITE(pkey_alloc, pkey),
	SITE(membarrier, membarrier), SITE(membarrier, membarrierflags), SITE(process_vm_readv, nothingwide),
	SITE(process_vm_writev, nothingwide),
	{ NULL, NULL, NULL },
};
