/* SPDX-License-Identifier: MIT */
/*
 * The model: a tree in memory, its hash, and its comparison with a mounted file system.
 *
 * Owns:       the nodes.
 * Form:       entries are an array, searched one after the other. Recursion is allowed here: the
 *             depth is bounded by what the random operations make.
 * Called by:  ops.c and the tests.
 */
#include "model.h"

struct mnode *model_node(struct model *m, u32 mode, u32 ino)
{
	struct mnode *n = calloc(1, sizeof(*n));

	CHECK(n);
	n->id = m->next_id++;
	n->ino = ino;
	n->mode = mode;
	n->links = (mode & E2_S_IFMT) == E2_S_IFDIR ? 2 : 1;
	return n;
}

static void node_free(struct mnode *n)
{
	free(n->data);
	free(n->durable);
	free(n->durable_path);
	free(n->list);
	free(n);
}

void model_put(struct model *m, struct mnode *n)
{
	(void)m;
	if (n->links == 0 && n->held == 0)
		node_free(n);
}

void model_init(struct model *m, u64 seed)
{
	memset(m, 0, sizeof(*m));
	m->rng.s = seed;
	m->next_id = 1;
	m->root = model_node(m, E2_S_IFDIR | 0755, E2_ROOT_INO);
	m->root->links = 3; /* lost+found */
	m->root->parent = m->root;
}

static void free_below(struct mnode *n)
{
	for (u32 i = 0; i < n->count; i++) {
		struct mnode *c = n->list[i].node;
		if ((c->mode & E2_S_IFMT) == E2_S_IFDIR) {
			free_below(c);
			node_free(c);
		} else if (--c->links == 0 && c->held == 0) {
			node_free(c);
		}
	}
}

void model_free(struct model *m)
{
	for (u32 i = 0; i < MODEL_HELD; i++) {
		struct mnode *n = m->held[i];
		if (n && --n->held == 0 && n->links == 0)
			node_free(n);
	}
	free_below(m->root);
	node_free(m->root);
	free(m->hashes);
}

struct mentry *model_find(struct mnode *dir, const char *name)
{
	for (u32 i = 0; i < dir->count; i++)
		if (strcmp(dir->list[i].name, name) == 0)
			return &dir->list[i];
	return NULL;
}

void model_add(struct mnode *dir, const char *name, struct mnode *n)
{
	dir->list = realloc(dir->list, (dir->count + 1) * sizeof(*dir->list));
	CHECK(dir->list);
	snprintf(dir->list[dir->count].name, sizeof(dir->list->name), "%s", name);
	dir->list[dir->count++].node = n;
	if ((n->mode & E2_S_IFMT) == E2_S_IFDIR)
		n->parent = dir;
}

void model_remove(struct mnode *dir, const char *name)
{
	struct mentry *e = model_find(dir, name);

	CHECK(e);
	*e = dir->list[--dir->count];
}

void model_path(const struct mnode *dir, const char *name, char *out, size_t size)
{
	char tail[4096];

	snprintf(out, size, "/%s", name);
	for (; dir->parent != dir; dir = dir->parent) {
		const struct mnode *up = dir->parent;
		for (u32 i = 0; i < up->count; i++) {
			if (up->list[i].node != dir)
				continue;
			snprintf(tail, sizeof(tail), "/%s%s", up->list[i].name, out);
			snprintf(out, size, "%s", tail);
		}
	}
}

bool model_is_below(const struct mnode *dir, const struct mnode *top)
{
	for (;; dir = dir->parent) {
		if (dir == top)
			return true;
		if (dir->parent == dir)
			return false;
	}
}

void model_content_lost(struct mnode *n)
{
	free(n->durable);
	n->durable = NULL;
}

void model_path_lost(struct mnode *n)
{
	free(n->durable_path);
	n->durable_path = NULL;
	for (u32 i = 0; i < n->count; i++)
		model_path_lost(n->list[i].node);
}

void model_resize(struct mnode *n, u32 size)
{
	u8 *data = realloc(n->data, size ? size : 1);

	CHECK(data);
	n->data = data;
	if (size > n->size)
		memset(n->data + n->size, 0, size - n->size);
	n->size = size;
	model_content_lost(n);
}

void model_durable(struct mnode *n, const char *path)
{
	free(n->durable);
	free(n->durable_path);
	n->durable_path = strdup(path);
	n->durable = malloc(n->size ? n->size : 1);
	CHECK(n->durable && n->durable_path);
	memcpy(n->durable, n->data ? n->data : n->durable, n->size);
	n->durable_size = n->size;
}

static void durable_below(struct mnode *dir, const char *base)
{
	char path[4096];

	for (u32 i = 0; i < dir->count; i++) {
		struct mnode *n = dir->list[i].node;
		snprintf(path, sizeof(path), "%s/%s", base, dir->list[i].name);
		if ((n->mode & E2_S_IFMT) == E2_S_IFDIR)
			durable_below(n, path);
		else if ((n->mode & E2_S_IFMT) == E2_S_IFREG)
			model_durable(n, path);
	}
}

void model_all_durable(struct model *m)
{
	durable_below(m->root, "");
	m->floor = m->ops;
}

/* ---- hashes: a sum over names, so that order does not matter ---- */

static u64 name_hash(u64 base, const char *name, size_t len)
{
	return hash_bytes(hash_bytes(base, "/", 1), name, len);
}

static u64 hash_node(u64 path, u32 mode, u32 links, u32 uid)
{
	u32 all[3] = { mode, links, uid };

	return hash_bytes(path, all, sizeof(all));
}

static u64 hash_below(const struct mnode *dir, u64 base)
{
	u64 sum = hash_node(base, dir->mode, dir->links, dir->uid);

	for (u32 i = 0; i < dir->count; i++) {
		const struct mnode *n = dir->list[i].node;
		u64 path = name_hash(base, dir->list[i].name, strlen(dir->list[i].name));
		if ((n->mode & E2_S_IFMT) == E2_S_IFDIR)
			sum += hash_below(n, path);
		else
			sum += hash_node(path, n->mode, n->links, n->uid);
	}
	return sum;
}

u64 model_hash(const struct model *m)
{
	return hash_below(m->root, 7);
}

struct gather {
	struct e2fs *fs;
	u64 base;
	u64 sum;
	bool is_root;
};

static u64 mounted_below(struct e2fs *fs, u32 ino, u64 base, bool is_root);

static int gather_one(void *ctx, const struct e2_dirent *d)
{
	struct gather *g = ctx;
	struct e2_stat st;
	u64 path = name_hash(g->base, d->name, d->len);

	if (d->name[0] == '.' && (d->len == 1 || (d->len == 2 && d->name[1] == '.')))
		return 0;
	if (g->is_root && d->len == 10 && memcmp(d->name, "lost+found", 10) == 0)
		return 0;
	CHECK(e2_getattr(g->fs, d->ino, &st) == 0);
	if ((st.mode & E2_S_IFMT) == E2_S_IFDIR)
		g->sum += mounted_below(g->fs, d->ino, path, false);
	else
		g->sum += hash_node(path, st.mode, st.links, st.uid);
	return 0;
}

static u64 mounted_below(struct e2fs *fs, u32 ino, u64 base, bool is_root)
{
	struct gather g = { fs, base, 0, is_root };
	struct e2_stat st;
	u64 cookie = 0;

	CHECK(e2_getattr(fs, ino, &st) == 0);
	g.sum = hash_node(base, st.mode, st.links, st.uid);
	CHECK(e2_readdir(fs, ino, &cookie, gather_one, &g) == 0);
	return g.sum;
}

u64 mounted_hash(struct e2fs *fs)
{
	return mounted_below(fs, E2_ROOT_INO, 7, true);
}

/* ---- comparison ---- */

static void compare_content(struct e2fs *fs, u32 ino, const u8 *data, u32 size)
{
	static u8 buf[FILE_MAX + 1];
	struct e2_stat st;

	CHECK(e2_getattr(fs, ino, &st) == 0);
	CHECK(st.size == size);
	CHECK(e2_read(fs, ino, 0, buf, sizeof(buf)) == (s64)size);
	for (u32 i = 0; i < size; i++) {
		if (buf[i] == data[i])
			continue;
		fprintf(stderr, "inode %u of %u bytes: %02x at %u instead of %02x\n", ino, size,
			buf[i], i, data[i]);
		abort();
	}
}

static void compare_below(struct model *m, struct mnode *dir, u32 dir_ino)
{
	for (u32 i = 0; i < dir->count; i++) {
		struct mnode *n = dir->list[i].node;
		u32 ino;
		char target[E2_PAGE_SIZE];
		CHECK(e2_lookup(m->fs, dir_ino, name_of(dir->list[i].name), &ino) == 0);
		CHECK(ino == n->ino);
		switch (n->mode & E2_S_IFMT) {
		case E2_S_IFDIR: compare_below(m, n, ino); break;
		case E2_S_IFREG: compare_content(m->fs, ino, n->data, n->size); break;
		case E2_S_IFLNK:
			CHECK(e2_readlink(m->fs, ino, target, sizeof(target)) == (int)n->size);
			CHECK(memcmp(target, n->data, n->size) == 0);
			break;
		default: break;
		}
		e2_unref(m->fs, ino);
	}
}

void model_compare(struct model *m)
{
	compare_below(m, m->root, E2_ROOT_INO);
	for (u32 i = 0; i < MODEL_HELD; i++)
		if (m->held[i])
			compare_content(m->fs, m->held[i]->ino, m->held[i]->data, m->held[i]->size);
	CHECK(model_hash(m) == mounted_hash(m->fs));
}

static void check_own_bytes(struct e2fs *fs, const struct mnode *n, u32 ino)
{
	static u8 buf[FILE_MAX + 1];
	s64 got = e2_read(fs, ino, 0, buf, sizeof(buf));

	CHECK(got >= 0);
	for (s64 i = 0; i < got; i++)
		CHECK(buf[i] == 0 || buf[i] >> 2 == n->id % 63);
}

static void check_below(const struct model *m, struct mnode *dir, struct e2fs *fs)
{
	for (u32 i = 0; i < dir->count; i++) {
		struct mnode *n = dir->list[i].node;
		struct e2_stat st;
		u32 ino;
		if ((n->mode & E2_S_IFMT) == E2_S_IFDIR) {
			check_below(m, n, fs);
			continue;
		}
		if ((n->mode & E2_S_IFMT) != E2_S_IFREG || !n->durable_path)
			continue;
		if (tree_find(fs, n->durable_path, &ino) < 0) {
			fprintf(stderr, "missing after the power cut: %s\n", n->durable_path);
			abort();
		}
		CHECK(e2_getattr(fs, ino, &st) == 0);
		if (n->durable)
			compare_content(fs, ino, n->durable, n->durable_size);
		else if (st.ino == n->ino)
			check_own_bytes(fs, n, ino);
		e2_unref(fs, ino);
	}
}

void model_check_durable(struct model *m, struct e2fs *fs)
{
	check_below(m, m->root, fs);
}
