/* SPDX-License-Identifier: MIT */
/*
 * Address spaces inside mm/: areas, limits, what its files tell each other.
 */
#pragma once
#include "../core/fiber.h"
#include "../fs/vfs.h"
#include "../proc/task.h"
#include "space.h"

enum {
	AREAS_MAX = 16384,      /* max_map_count; each call may move so many words */
	STACK_GAP = 256,        /* pages kept free below a stack that can grow */
	LOWEST_ADDRESS = 65536, /* mmap_min_addr */
};

enum area_flags {
	AREA_SHARED = 1,
	AREA_GROWSDOWN = 2,
	AREA_STACK = 4,   /* [stack] */
	AREA_HEAP = 8,    /* [heap] */
	AREA_VDSO = 16,   /* [vdso], [vvar] */
	AREA_LOCKED = 32, /* mlock */
	AREA_NOFORK = 64, /* MADV_DONTFORK */
	AREA_WIPEFORK = 128,
	AREA_MAYWRITE = 256, /* PROT_WRITE may be added */
	AREA_SEQUENTIAL = 512,
	AREA_RANDOM = 1024,
	AREA_NODUMP = 2048,
	AREA_APART = 4096, /* never joined with another */
};

struct area {
	u64 start, end; /* page numbers */
	u32 prot, flags;
	struct file *file; /* NULL: anonymous */
	u64 index;         /* of the first page, in the file */
	struct list link;  /* in the inode's list of areas */
	struct mm *mm;
};

struct mm {
	u32 refs;
	struct space *space;
	struct tree tree;
	struct area **area; /* in order of addresses */
	u32 areas, room;
	u32 last;       /* the one found last */
	u32 generation; /* counts changes of areas */
	u64 id;         /* never used again: for futexes, layouts */
	u64 layout, layout_upper;
	u64 top;  /* mmap goes downwards from here (page) */
	u64 hint; /* from here on downwards there may be room */
	u64 pages, data_pages, locked_pages, resident, peak;
	u64 start_code, end_code, start_data, end_data, start_stack, start_brk, brk;
	u64 arg_start, arg_end, env_start, env_end;
	u64 vdso;
	bool lock_future, killed;
	struct list all; /* in mm_list */
};

/* --- area.c: the sorted set of areas ---------------------------------------------------- */

/* Index of the first area that ends behind `page`; mm->areas: none. */
u32 area_index(struct mm *mm, u64 page);
/* The area that holds a page; NULL: none. */
struct area *area_find(struct mm *mm, u64 page);
/* A new one like `like`, not yet in the set; takes a reference to the file. NULL: no memory. */
struct area *area_new(const struct area *like);
void area_free(struct area *a);
/* Put it in its place; joined with neighbours that it continues, when it may be freed. false: no memory. */
bool area_insert(struct mm *mm, struct area *a);
/* Take area i out of the set, to be freed when that may sleep. */
void area_remove(struct mm *mm, u32 i, struct list *gone);
void areas_free(struct list *gone);
/* Cut so that an area begins at `page`, if one lies across it. */
s64 area_split(struct mm *mm, u64 page);
/* Join area i with i - 1 if it continues it. */
void area_join(struct mm *mm, u32 i);
/* The highest hole of so many pages that lies in [low, high); 0: none. */
u64 area_hole(struct mm *mm, u64 pages, u64 low, u64 high);
/* Is anything mapped in [from, to)? */
bool area_overlaps(struct mm *mm, u64 from, u64 to);
/* Are all of the pages [from, to) in areas? */
bool area_covers(struct mm *mm, u64 from, u64 to);

/* --- map.c ---------------------------------------------------------------------------------- */

/* A limit of the current process, in pages. */
u64 limit_pages(struct mm *mm, unsigned which);
/* May so many pages be mapped beyond those that are? */
bool may_map(struct mm *mm, u64 pages, bool data);
/* Does it count for RLIMIT_DATA? */
bool is_data(const struct area *a);
void count_area(struct mm *mm, const struct area *a, s64 sign);
/* Take the pages [from, to) out of the tree and the kernel's table. */
void pages_drop(struct mm *mm, u64 from, u64 to);
/* Tell the file system of pages of a shared file that may have been written to since it last heard. */
void area_dirty(struct mm *mm, const struct area *a, u64 from, u64 to);
/* Remove areas and pages. */
s64 range_unmap(struct mm *mm, u64 from, u64 to);

/* --- fault.c ----------------------------------------------------------------------------------- */

/*
 * Have a page that may be used so; its leaf is good until the next sleep.  Entries of the kernel that
 * say otherwise are replaced; where there is none, none is made.  Results as mm_fault's.
 */
s64 page_reach(struct mm *mm, u64 page, unsigned access, struct leaf **leaf);

/* --- oom.c ---------------------------------------------------------------------------------------- */

/*
 * No page is left for `mm`: end the process that has most of them, unless that is mm's own, and
 * wait.  True: try again.
 */
bool memory_make(struct mm *mm);
extern struct list mm_list; /* of mm->all */

/* --- shm.c, vdso.c ------------------------------------------------------------------------ */

/* A file of pages without name, for MAP_SHARED | MAP_ANONYMOUS. */
struct file *shm_file(u64 pages);
void vdso_start(void);
/* Map data and code of the vDSO, and note where. */
s64 vdso_map(struct mm *mm);
