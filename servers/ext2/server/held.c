/* SPDX-License-Identifier: MIT */
/*
 * What the client holds: references to inodes, and pages.  So that it can give back no more
 * than it has, and all is given back when it is gone.
 *
 * Owns:       both tables.
 */
#include "server.h"

enum { INODES = 16384 /* a power of two; three quarters are used at most */ };
#define TABLES_AT 0x300000000ull

struct held_inode {
	u32 ino; /* 0: empty */
	u32 refs;
};

struct held_page {
	struct e2_page *page;
	u64 count;
};

static struct held_inode *inodes;
static u32 inodes_used;
static struct held_page *pages;
static u64 page_count;

bool held_init(void)
{
	u64 pages_bytes, inode_bytes = INODES * sizeof *inodes;

	page_count = server.cache_bytes / E2_PAGE_SIZE;
	pages_bytes = page_count * sizeof *pages;
	inodes = sys_map_new(TABLES_AT, (u32)((inode_bytes + pages_bytes) / SYS_PAGE + 1));
	pages = (void *)((char *)inodes + inode_bytes);
	return inodes != NULL;
}

/* --- inodes ---------------------------------------------------------------------- */

static u32 place(u32 ino)
{
	return ino * 2654435761u % INODES;
}

/* Where it is, or the empty place where it would be. */
static u32 find(u32 ino)
{
	u32 i = place(ino);

	while (inodes[i].ino != 0 && inodes[i].ino != ino)
		i = (i + 1) % INODES;
	return i;
}

int held_inode(u32 ino)
{
	u32 i = find(ino);

	if (inodes[i].ino == 0) {
		if (inodes_used >= INODES / 4 * 3)
			return -E2_ENFILE;
		inodes[i].ino = ino;
		inodes_used++;
	}
	inodes[i].refs++;
	return 0;
}

bool holds_inode(u64 ino)
{
	return ino != 0 && ino <= UINT32_MAX && inodes[find((u32)ino)].ino != 0;
}

/* Entries behind it that could stand nearer to their place move up. */
static void remove_at(u32 i)
{
	u32 hole = i;

	inodes_used--;
	for (u32 k = (i + 1) % INODES; inodes[k].ino != 0; k = (k + 1) % INODES) {
		u32 home = place(inodes[k].ino);

		if ((k - home) % INODES >= (k - hole) % INODES) {
			inodes[hole] = inodes[k];
			hole = k;
		}
	}
	inodes[hole] = (struct held_inode){ 0 };
}

int held_forget(u64 ino, u64 count)
{
	u32 i = holds_inode(ino) ? find((u32)ino) : 0;

	if (!holds_inode(ino) || count > inodes[i].refs)
		return -E2_ESTALE;
	inodes[i].refs -= (u32)count;
	for (u64 n = 0; n < count; n++)
		e2_unref(server.fs, (u32)ino);
	if (inodes[i].refs == 0)
		remove_at(i);
	return 0;
}

/* --- pages -------------------------------------------------------------------------- */

u32 held_page(struct e2_page *page)
{
	u64 number = (u64)((unsigned char *)e2_page_data(page) - server.cache) / E2_PAGE_SIZE;

	pages[number].page = page;
	pages[number].count++;
	return (u32)number;
}

struct e2_page *held_find(u64 number)
{
	return number < page_count && pages[number].count != 0 ? pages[number].page : NULL;
}

int held_drop(u32 number, bool dirty)
{
	struct e2_page *page = held_find(number);

	if (page == NULL)
		return -E2_ESTALE;
	if (dirty)
		e2_page_dirty(server.fs, page);
	pages[number].count--;
	e2_page_put(server.fs, page);
	return 0;
}

void held_drop_all(void)
{
	for (u32 n = 0; n < page_count; n++) {
		while (pages[n].count != 0)
			(void)held_drop(n, false);
	}
	for (u32 i = 0; i < INODES; i++) {
		while (inodes[i].ino != 0)
			(void)held_forget(inodes[i].ino, inodes[i].refs);
	}
}
