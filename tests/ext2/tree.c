/* SPDX-License-Identifier: MIT */
/*
 * Walking a mounted file system: to print it, to compare it, to touch everything of a bad one.
 *
 * Owns:       the order of the listing: directories first come first served, entries by name.
 * Bound:      at most WALK_MAX files, so that loops of directories in bad images end.
 * Called by:  main.c (dump), fuzz.c, crash.c.
 */
#include "host.h"

enum { WALK_MAX = 30000, PATH_LEN = 4096 };

struct entry {
	char *path;
	u32 ino;
};

struct walk {
	struct entry *list;
	u32 count;
	const char *base;
	bool is_full;
};

static int collect(void *ctx, const struct e2_dirent *d)
{
	struct walk *w = ctx;
	char path[PATH_LEN];

	if (d->name[0] == '.' && (d->len == 1 || (d->len == 2 && d->name[1] == '.')))
		return 0;
	if (w->count == WALK_MAX || strlen(w->base) + d->len + 2 > sizeof(path)) {
		w->is_full = true;
		return 0;
	}
	snprintf(path, sizeof(path), "%s/%.*s", w->base, (int)d->len, d->name);
	w->list[w->count].path = strdup(path);
	w->list[w->count++].ino = d->ino;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static s64 content(struct e2fs *fs, const struct e2_stat *st, u64 *hash)
{
	static u8 buf[65536];
	u64 off = 0;
	s64 n = 0;

	*hash = 0xcbf29ce484222325ull;
	/* Far into a sparse file there is nothing that would be worth the time. */
	while (off < st->size && off < 64u << 20) {
		n = e2_read(fs, st->ino, off, buf, sizeof(buf));
		if (n <= 0)
			break;
		*hash = hash_bytes(*hash, buf, (size_t)n);
		off += (u64)n;
	}
	return n < 0 ? n : 0;
}

static int print_one(struct e2fs *fs, const struct entry *e, FILE *out, u32 *mode)
{
	struct e2_stat st;
	char link[4096] = "";
	u64 hash = 0;
	int err = e2_getattr(fs, e->ino, &st);

	if (err < 0)
		return err;
	*mode = st.mode;
	if ((st.mode & E2_S_IFMT) == E2_S_IFREG)
		err = (int)content(fs, &st, &hash);
	else if ((st.mode & E2_S_IFMT) == E2_S_IFLNK)
		err = e2_readlink(fs, e->ino, link, sizeof(link) - 1);
	if (err >= 0 && out)
		fprintf(out, "%s %o %u %u:%u %llu %u,%u %lld.%09u %016llx %s\n", e->path, st.mode,
			st.links, st.uid, st.gid,
			(unsigned long long)((st.mode & E2_S_IFMT) == E2_S_IFDIR ? 0 : st.size),
			st.major, st.minor, (long long)st.mtime.sec, st.mtime.nsec,
			(unsigned long long)hash, link);
	return err < 0 ? err : 0;
}

/* Breadth first: no recursion, and a loop only fills the list. */
int tree_walk(struct e2fs *fs, FILE *out)
{
	struct walk w = { .list = calloc(WALK_MAX, sizeof(struct entry)) };
	int worst = 0;

	CHECK(w.list);
	w.list[w.count++] = (struct entry){ strdup(""), E2_ROOT_INO };
	for (u32 i = 0; i < w.count; i++) {
		u32 mode = 0;
		u32 from = w.count;
		u64 cookie = 0;
		int err = print_one(fs, &w.list[i], out, &mode);
		w.base = w.list[i].path;
		if (!err && (mode & E2_S_IFMT) == E2_S_IFDIR)
			err = e2_readdir(fs, w.list[i].ino, &cookie, collect, &w);
		qsort(w.list + from, w.count - from, sizeof(struct entry), by_path);
		worst = worst ? worst : err;
	}
	for (u32 i = 0; i < w.count; i++)
		free(w.list[i].path);
	free(w.list);
	return w.is_full && !worst ? -E2_ELOOP : worst;
}

int tree_find(struct e2fs *fs, const char *path, u32 *ino)
{
	u32 at = E2_ROOT_INO;
	int err = e2_ref(fs, at);

	while (!err && *path) {
		const char *end;
		u32 next;
		while (*path == '/')
			path++;
		if (*path == 0)
			break;
		end = strchr(path, '/');
		end = end ? end : path + strlen(path);
		err = e2_lookup(fs, at, (struct e2_name){ path, (u32)(end - path) }, &next);
		e2_unref(fs, at);
		at = next;
		path = end;
	}
	*ino = at;
	return err;
}
