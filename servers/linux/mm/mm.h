/* SPDX-License-Identifier: MIT */
/*
 * Memory of programs: pages of the pool, address spaces, and reaching into them.
 *
 * A page is a number; it has a count of references.  The server sees every page
 * at page_data().  An address space is a sorted set of areas, and a table of its
 * own that says for each address which page is there; the kernel's entries are a
 * cache of that table.
 */
#pragma once
#include "../linux.h"

/*
 * Once, when `env` is filled in and before anything else here or kalloc is used.
 * msg: the server thread's message page.  Its words 0 to 127 are lost whenever memory of a
 * program is mapped or unmapped.
 */
void mm_start(volatile u64 *msg);

/* The clock was set: CLOCK_REALTIME when CLOCK_MONOTONIC was 0, ns. */
void vdso_real(u64 real);

/* --- pages ------------------------------------------------------------------- */

typedef uint32_t page_t; /* 0: none */

/* A page with one reference; 0: none left but the reserve that the server keeps for itself. */
page_t page_new(bool clear);
void page_get(page_t p);
void page_put(page_t p);
void *page_data(page_t p);
u64 pages_free(void);
u64 pages_total(void);
/*
 * Pages that lie in another component's memory (a file system's cache): pool number `frames`,
 * mapped at vaddr in the server.  Their references are counted here; when the last goes,
 * released(page) is called.  @return the first page's number, or 0.
 */
page_t pool_add(frames_h frames, u64 vaddr, u64 pages, void (*released)(page_t));

/* --- address spaces -------------------------------------------------------------- */

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum {
	MAP_SHARED = 1,
	MAP_PRIVATE = 2,
	MAP_SHARED_VALIDATE = 3,
	LX_MAP_FIXED = 0x10,
	LX_MAP_ANONYMOUS = 0x20,
	LX_MAP_GROWSDOWN = 0x100,
	LX_MAP_POPULATE = 0x8000,
	LX_MAP_FIXED_NOREPLACE = 0x100000,
};
#define TASK_SIZE 0x7ffffffff000ull

struct mm *mm_new(void);             /* empty; NULL: no memory */
/* Copy on write.  -EAGAIN: there are as many spaces as there can be; -ENOMEM. */
s64 mm_fork(struct mm *from, struct mm **out);
void mm_get(struct mm *mm);
void mm_put(struct mm *mm);      /* the last one destroys it */
space_h mm_space(struct mm *mm); /* the kernel's address space, for thread_bind */

/*
 * mmap: at `addr` or wherever there is room.  `file` may be NULL (anonymous).  Checks alignment, limits and
 * the file's mode as Linux does.  @return the address.
 */
s64 mm_map(struct mm *mm, u64 addr, u64 bytes, unsigned prot, unsigned flags, struct file *file,
	   u64 offset);
s64 mm_unmap(struct mm *mm, u64 addr, u64 bytes);

enum { ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_EXEC = 4 };
/*
 * Make an address usable.  May sleep (file pages).
 * @return 0; -EFAULT: SIGSEGV, MAPERR; -EACCES: SIGSEGV, ACCERR; -ENXIO: SIGBUS (beyond the file's
 *         end); -ENOMEM: no page left
 */
s64 mm_fault(struct mm *mm, u64 addr, unsigned access);

/* Copy between server and program; may sleep.  0 or -EFAULT (some bytes may have been copied). */
s64 copy_in(struct mm *mm, void *to, u64 from, u64 bytes);
s64 copy_out(struct mm *mm, u64 to, const void *from, u64 bytes);
s64 clear_out(struct mm *mm, u64 to, u64 bytes);
/* A string with its 0, at most `room` bytes: its length, -EFAULT, -ENAMETOOLONG. */
s64 copy_string(struct mm *mm, char *to, u64 from, u64 room);
/*
 * A structure of `size` bytes, of which a program has `bytes`, at least `least`: what it does not have is 0,
 * and so must be what it has more, which a later Linux would understand.  0, -EINVAL, -E2BIG, -EFAULT.
 */
s64 copy_struct_in(struct mm *mm, void *to, u64 size, u64 from, u64 bytes, u64 least);
/*
 * The place in the server's memory where the program's bytes [addr, addr + *bytes) lie; *bytes is
 * cut to the end of the page.  Good until the next sleep.  NULL: -EFAULT.
 */
void *user_window(struct mm *mm, u64 addr, u64 *bytes, unsigned access);
/* A key for futexes: the same for every address of one word of one page or private place. */
s64 futex_key(struct mm *mm, u64 addr, bool shared, u64 key[2]);

/* A file was cut to `size`: mappings behind it fault from now on (truncate). */
void mm_file_cut(struct inode *inode, u64 size);
/* The file system is told of the pages that programs may have changed through mappings. */
void mm_file_dirty(struct inode *inode);
/* Whoever writes to a shared mapping of the file from now on says so again (inode_ops.dirty). */
void mm_file_clean(struct inode *inode);
/* Can somebody write to it through a mapping, or make one that he has writable? */
bool mm_file_writable(const struct inode *inode);

/* --- exec ---------------------------------------------------------------------------- */

struct exec_image {
	u64 entry, sp; /* where to start */
	u64 start_code, end_code, start_data, start_stack;
};
/*
 * Load an ELF executable (static, PIE, or with interpreter) into a new address space with stack,
 * arguments, environment and auxiliary vector.  argv, envp: arrays in the server's memory.
 * The caller has dealt with scripts (#!).
 */
s64 exec_load(struct mm *mm, struct file *file, const char *name, char *const argv[],
	      char *const envp[], struct task *t, struct exec_image *image);

/* Text for /proc/PID/maps, and numbers for stat, status. */
struct mm_stat {
	u64 size_pages, resident_pages, shared_pages, text_pages, data_pages, stack_pages,
		peak_pages;
	u64 start_code, end_code, start_stack, start_brk, brk;
	u64 arg_start, arg_end, env_start, env_end;
};
void mm_stat(struct mm *mm, struct mm_stat *out);
/* Lines of /proc/PID/maps from area number *which on, as many as fit; returns bytes, 0 at the end. */
s64 mm_maps(struct mm *mm, u64 *which, char *to, size_t room);
