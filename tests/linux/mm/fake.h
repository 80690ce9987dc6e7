/* SPDX-License-Identifier: MIT */
/*
 * The kernel and the rest of the server, as far as mm/ needs them.
 */
#pragma once
/* A native program's main takes nothing. */
#define main program_main
#include "internal.h"
#undef main

void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void free(void *p);
_Noreturn void abort(void);

enum { FILES = 4, FILE_PAGES = 64 };

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail(__FILE__, __LINE__, #condition);                                      \
	} while (0)
_Noreturn void fail(const char *file, int line, const char *what);

/* Everything new: the most page-table pages there may be, and pages of the pool. */
void fake_start(u32 tables_most, u64 pages);
extern u32 fake_tables; /* page-table pages there are */
extern u32 fake_calls;  /* kernel calls that wrote entries */

/* The kernel's entry for an address: attributes, and the page's number in the pool. 0: none. */
u32 fake_entry(space_h space, u64 vaddr, page_t *page);
/* f for each entry of a space. */
void fake_entries(space_h space, void (*f)(u64 vaddr, page_t page, u32 attr, void *arg), void *arg);
/* Has a space any entry, or the pool any space with an entry? */
u32 fake_entry_count(void);

extern struct task fake_task;

/* Files with pages. */
extern struct file *fake_file[FILES];
page_t fake_file_page(unsigned file, u64 index);
void fake_file_size(unsigned file, u64 bytes);
extern bool fake_told[FILES][FILE_PAGES]; /* said to be changed */
/* A file with these bytes, for exec. */
struct file *fake_bytes(const void *bytes, u64 n);
extern struct file *fake_interpreter;
extern u64 fake_inodes; /* anonymous ones there are */

u64 rnd(void);
void rnd_seed(u64 seed);
