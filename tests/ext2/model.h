/* SPDX-License-Identifier: MIT */
/*
 * A file system in memory that cannot be wrong, and random operations on it and the real one.
 *
 * Owns:       struct mnode: a tree with contents, kept equal to what ext2 should hold.
 * Contents:   a byte of file N is 0 or has N % 63 in its upper six bits, so that a byte of another
 *             file is recognised whatever a power cut did.
 * Called by:  random.c, crash.c, errors.c.
 */
#pragma once

#include "host.h"

enum { MODEL_NAMES = 24, MODEL_HELD = 6, FILE_MAX = 400000 };

struct mentry {
	char name[E2_NAME_MAX + 1];
	struct mnode *node;
};

struct mnode {
	u32 id;
	u32 ino;
	u32 mode;
	u32 links; /* 0 and held: an open file without a name */
	u32 uid;
	u32 held;
	u8 *data; /* of files; target of links */
	u32 size;
	struct mnode *parent;
	struct mentry *list;
	u32 count;
	/* What a power cut must not take away: contents at the last fsync, if unchanged, under
	 * a path that has not changed since, either. */
	u8 *durable;
	u32 durable_size;
	char *durable_path;
};

struct model {
	struct mnode *root;
	struct mnode *held[MODEL_HELD];
	u32 next_id;
	struct rng rng;
	struct e2fs *fs;
	bool may_fail; /* device errors are expected: results are not compared */
	bool no_exchange;
	u64 floor; /* operations that are surely on the disk */
	u64 ops;
	u64 *hashes; /* of the names after each operation, or null */
	u64 hash_room;
};

void model_init(struct model *m, u64 seed);
void model_free(struct model *m);
struct mentry *model_find(struct mnode *dir, const char *name);
void model_add(struct mnode *dir, const char *name, struct mnode *n);
void model_remove(struct mnode *dir, const char *name);
struct mnode *model_node(struct model *m, u32 mode, u32 ino);
void model_put(struct model *m, struct mnode *n);
u64 model_hash(const struct model *m);
void model_path(const struct mnode *dir, const char *name, char *out, size_t size);
bool model_is_below(const struct mnode *dir, const struct mnode *top);
void model_content_lost(struct mnode *n);
void model_path_lost(struct mnode *n);
void model_resize(struct mnode *n, u32 size);
void model_durable(struct mnode *n, const char *path);
void model_all_durable(struct model *m);
/* Compares all of it with what is mounted; aborts with a message. */
void model_compare(struct model *m);
/* The same hash, of what is mounted. */
u64 mounted_hash(struct e2fs *fs);
/* Durable files are there, and no file shows bytes of another. */
void model_check_durable(struct model *m, struct e2fs *fs);
/* One random operation on both. Returns the result of the real one. */
int model_step(struct model *m);
void model_release_all(struct model *m);
