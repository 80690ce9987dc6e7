/* SPDX-License-Identifier: MIT */
/*
 * What the host tests of ext2 share: a device in memory, random numbers, mounting, checking.
 *
 * Owns:       struct memdev, struct rng.
 * Device:     what was written since the last flush is kept apart, so that a power cut can lose any
 *             part of it; reads and writes can be made to fail.
 * Called by:  every test.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ext2.h"

struct rng {
	u64 s;
};

u64 rng_next(struct rng *r);
/* In 0..n-1. */
u32 rng_below(struct rng *r, u32 n);

struct pending {
	u64 off;
	u32 len;
	u8 *data;
};

struct memdev {
	struct e2_dev dev;
	u8 *live;
	u8 *durable; /* null: no power cuts on this device */
	u64 size;
	struct pending *pend;
	u32 pends;
	u32 pend_room;
	u64 reads, writes, flushes;
	u64 cut_after;   /* writes and flushes until the power goes; 0: never */
	u32 read_errors; /* of a million */
	u32 write_errors;
	bool is_dead;
	struct rng rng;
};

void dev_open(struct memdev *d, const char *path, bool has_cuts);
void dev_copy(struct memdev *d, const u8 *image, u64 size);
void dev_close(struct memdev *d);
void dev_save(const struct memdev *d, const char *path);
/* The image after a power cut: of what was not flushed, each unit survives with `percent`. */
u8 *dev_after_cut(struct memdev *d, u32 unit, u32 percent);
void image_save(const u8 *image, u64 size, const char *path);

struct mounted {
	struct e2fs *fs;
	void *mem;
	struct e2_opts opts;
};

extern size_t host_memory; /* of the next mounts, in bytes */
int host_mount(struct mounted *m, struct memdev *d, u32 flags);
void host_free(struct mounted *m);
/* Status of a command; its output goes to `log` if that is not null. */
int host_run(const char *log, const char *format, ...);
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static inline struct e2_name name_of(const char *s)
{
	return (struct e2_name){ s, (u32)strlen(s) };
}

u64 hash_bytes(u64 h, const void *data, size_t n);
/* Walks everything; prints it if `out` is given. Returns a negative error if something fails. */
int tree_walk(struct e2fs *fs, FILE *out);
/* Path to inode, with a reference. */
int tree_find(struct e2fs *fs, const char *path, u32 *ino);

int cmd_dump(int argc, char **argv);
int cmd_fill(int argc, char **argv);
int cmd_dirty(int argc, char **argv);
int cmd_random(int argc, char **argv);
int cmd_crash(int argc, char **argv);
int cmd_fuzz(int argc, char **argv);
int cmd_errors(int argc, char **argv);
int cmd_limits(int argc, char **argv);
int cmd_takeover(int argc, char **argv);
int cmd_bench(int argc, char **argv);
