/* SPDX-License-Identifier: MIT */
/*
 * Random operations, done on the model and on the real file system, results compared.
 *
 * Owns:       nothing.
 * Rule:       the model says which error must come; "no space" is only known to the real one.
 * Called by:  random.c, crash.c, errors.c.
 */
#include "model.h"

static bool is_kind(const struct mnode *n, u32 type)
{
	return (n->mode & E2_S_IFMT) == type;
}

/* Real and expected result; true if the model is to follow. */
static bool agree(struct model *m, s64 got, int want)
{
	if (m->may_fail && got < 0)
		return false;
	if (got == -E2_ENOSPC)
		return false;
	if ((got < 0 || want < 0) && got != want) {
		fprintf(stderr, "result %lld, expected %d\n", (long long)got, want);
		abort();
	}
	return got >= 0;
}

static void pick_name(struct model *m, char *out)
{
	u32 i = rng_below(&m->rng, MODEL_NAMES);
	u32 len = i % 8 == 7 ? 200 : i % 5 == 4 ? 40 : 2;

	snprintf(out, 8, "n%u", i);
	while (strlen(out) < len)
		strcat(out, "x");
}

static struct mnode *pick_dir(struct model *m)
{
	struct mnode *at = m->root;

	for (u32 depth = rng_below(&m->rng, 5); depth > 0; depth--) {
		struct mnode *next = at->count ? at->list[rng_below(&m->rng, at->count)].node : at;
		if (is_kind(next, E2_S_IFDIR))
			at = next;
	}
	return at;
}

/* A regular file that has a name, or one that is held; null if the choice fails. */
static struct mnode *pick_file(struct model *m, struct mnode **dir, char *name)
{
	*dir = NULL;
	if (rng_below(&m->rng, 8) == 0)
		return m->held[rng_below(&m->rng, MODEL_HELD)];
	for (u32 i = 0; i < 8; i++) {
		struct mnode *d = pick_dir(m);
		struct mentry *e = d->count ? &d->list[rng_below(&m->rng, d->count)] : NULL;
		if (!e || !is_kind(e->node, E2_S_IFREG))
			continue;
		*dir = d;
		strcpy(name, e->name);
		return e->node;
	}
	return NULL;
}

static int op_make(struct model *m)
{
	static const u32 types[8] = { E2_S_IFREG, E2_S_IFREG, E2_S_IFREG, E2_S_IFDIR,
				      E2_S_IFDIR, E2_S_IFLNK, E2_S_IFCHR, E2_S_IFIFO };
	u32 type = types[rng_below(&m->rng, 8)];
	struct e2_new n = { .mode = type | 0640, .uid = rng_below(&m->rng, 100000), .major = 5 };
	struct mnode *dir = pick_dir(m);
	char name[E2_NAME_MAX + 1], target[400];
	struct mnode *made;
	u32 ino = 0;
	int got, want;

	pick_name(m, name);
	memset(target, 't', sizeof(target));
	target[rng_below(&m->rng, 2) ? 20 : 300] = 0;
	want = model_find(dir, name) ? -E2_EEXIST : 0;
	if (type == E2_S_IFDIR)
		got = e2_mkdir(m->fs, dir->ino, name_of(name), &n, &ino);
	else if (type == E2_S_IFLNK)
		got = e2_symlink(m->fs, dir->ino, name_of(name), &n, name_of(target), &ino);
	else
		got = e2_create(m->fs, dir->ino, name_of(name), &n, &ino);
	if (!agree(m, got, want))
		return got;
	made = model_node(m, type == E2_S_IFLNK ? E2_S_IFLNK | 0777 : n.mode, ino);
	made->uid = n.uid;
	if (type == E2_S_IFLNK) {
		made->data = (u8 *)strdup(target);
		made->size = (u32)strlen(target);
	}
	model_add(dir, name, made);
	dir->links += type == E2_S_IFDIR;
	e2_unref(m->fs, ino);
	return 0;
}

static int op_remove(struct model *m)
{
	struct mnode *dir = pick_dir(m);
	bool wants_dir = rng_below(&m->rng, 3) == 0;
	char name[E2_NAME_MAX + 1];
	struct mentry *e;
	struct mnode *n;
	int got, want = 0;

	pick_name(m, name);
	e = model_find(dir, name);
	if (!e)
		want = -E2_ENOENT;
	else if (wants_dir)
		want = !is_kind(e->node, E2_S_IFDIR) ? -E2_ENOTDIR
		       : e->node->count              ? -E2_ENOTEMPTY
						     : 0;
	else if (is_kind(e->node, E2_S_IFDIR))
		want = -E2_EISDIR;
	got = wants_dir ? e2_rmdir(m->fs, dir->ino, name_of(name))
			: e2_unlink(m->fs, dir->ino, name_of(name));
	if (!agree(m, got, want))
		return got;
	n = e->node;
	model_path_lost(n);
	model_remove(dir, name);
	dir->links -= wants_dir;
	n->links = wants_dir ? 0 : n->links - 1;
	model_put(m, n);
	return 0;
}

static int op_link(struct model *m)
{
	struct mnode *from, *dir = pick_dir(m);
	char name[E2_NAME_MAX + 1], old[E2_NAME_MAX + 1];
	struct mnode *n = pick_file(m, &from, old);
	int got;

	if (!n)
		return 0;
	pick_name(m, name);
	got = e2_link(m->fs, n->ino, dir->ino, name_of(name));
	if (!agree(m, got, n->links == 0 ? -E2_ENOENT : model_find(dir, name) ? -E2_EEXIST : 0))
		return got;
	n->links++;
	model_add(dir, name, n);
	return 0;
}

struct move {
	struct mnode *from, *to;
	char old[E2_NAME_MAX + 1], new[E2_NAME_MAX + 1];
	u32 flags;
	struct mnode *in, *dst;
};

static int rename_expected(const struct move *v)
{
	bool in_dir = v->in && is_kind(v->in, E2_S_IFDIR);
	bool dst_dir = v->dst && is_kind(v->dst, E2_S_IFDIR);

	if (!v->in)
		return -E2_ENOENT;
	if (v->in == v->dst)
		return v->flags & E2_RENAME_NOREPLACE ? -E2_EEXIST : 0;
	if (v->dst && v->flags & E2_RENAME_NOREPLACE)
		return -E2_EEXIST;
	if (!v->dst && v->flags & E2_RENAME_EXCHANGE)
		return -E2_ENOENT;
	if (in_dir && model_is_below(v->to, v->in))
		return -E2_EINVAL;
	if (v->flags & E2_RENAME_EXCHANGE)
		return dst_dir && model_is_below(v->from, v->dst) ? -E2_EINVAL : 0;
	if (v->dst && in_dir != dst_dir)
		return in_dir ? -E2_ENOTDIR : -E2_EISDIR;
	return dst_dir && v->dst->count ? -E2_ENOTEMPTY : 0;
}

static void rename_follow(struct model *m, const struct move *v)
{
	if (v->in == v->dst)
		return;
	model_path_lost(v->in);
	model_remove(v->from, v->old);
	v->from->links -= is_kind(v->in, E2_S_IFDIR);
	v->to->links += is_kind(v->in, E2_S_IFDIR);
	if (v->dst) {
		bool dst_dir = is_kind(v->dst, E2_S_IFDIR);
		model_path_lost(v->dst);
		model_remove(v->to, v->new);
		v->to->links -= dst_dir;
		if (v->flags & E2_RENAME_EXCHANGE) {
			model_add(v->from, v->old, v->dst);
			v->from->links += dst_dir;
		} else {
			v->dst->links = dst_dir ? 0 : v->dst->links - 1;
			model_put(m, v->dst);
		}
	}
	model_add(v->to, v->new, v->in);
}

/* What `e2fsck -p` does not mend without a journal: see rename.c. */
static bool dir_moves_blocks(struct model *m, const struct move *v)
{
	struct e2_stat st;
	struct e2_statfs sf;

	e2_statfs(m->fs, &sf);
	return v->from != v->to || e2_getattr(m->fs, v->from->ino, &st) < 0 ||
	       st.size > sf.block_size;
}

static int op_rename(struct model *m)
{
	struct move v = { .from = pick_dir(m), .to = pick_dir(m) };
	struct mentry *e;
	int got;

	pick_name(m, v.old);
	pick_name(m, v.new);
	v.flags = rng_below(&m->rng, 6);
	v.flags = v.flags > 2 || (m->no_exchange && v.flags == 2) ? 0 : v.flags;
	e = model_find(v.from, v.old);
	v.in = e ? e->node : NULL;
	e = model_find(v.to, v.new);
	v.dst = e ? e->node : NULL;
	if (m->no_exchange && m->may_fail && v.in && is_kind(v.in, E2_S_IFDIR) &&
	    dir_moves_blocks(m, &v))
		return 0;
	/* Without a journal the file that is replaced can go before the other has its name. */
	if (m->no_exchange && m->may_fail && v.dst)
		model_path_lost(v.dst);
	got = e2_rename(m->fs, (struct e2_where){ v.from->ino, name_of(v.old) },
			(struct e2_where){ v.to->ino, name_of(v.new) }, v.flags);
	if (!agree(m, got, rename_expected(&v)))
		return got;
	rename_follow(m, &v);
	return 0;
}

static u32 pick_offset(struct model *m)
{
	return rng_below(&m->rng, rng_below(&m->rng, 4) == 0 ? FILE_MAX - 20000 : 30000);
}

static int op_write(struct model *m)
{
	static u8 buf[20000];
	struct mnode *dir;
	char name[E2_NAME_MAX + 1];
	struct mnode *n = pick_file(m, &dir, name);
	u32 off = pick_offset(m);
	u32 len = 1 + rng_below(&m->rng, rng_below(&m->rng, 3) ? 3000 : sizeof(buf));
	s64 got;

	if (!n)
		return 0;
	if (rng_below(&m->rng, 4) == 0)
		off = n->size < FILE_MAX - 20000 ? n->size : 0;
	for (u32 i = 0; i < len; i++)
		buf[i] = (u8)(n->id % 63 << 2 | (1 + rng_below(&m->rng, 3)));
	model_content_lost(n);
	got = e2_write(m->fs, n->ino, off, buf, len);
	if (!agree(m, got, 0))
		return (int)got;
	if (off + (u32)got > n->size)
		model_resize(n, off + (u32)got);
	memcpy(n->data + off, buf, (size_t)got);
	return 0;
}

/* As a mapping would do it. */
static int op_map(struct model *m)
{
	struct mnode *dir;
	char name[E2_NAME_MAX + 1];
	struct mnode *n = pick_file(m, &dir, name);
	struct e2_page *p;
	u32 at, len;
	u8 byte;
	int got;

	if (!n || n->size == 0)
		return 0;
	at = rng_below(&m->rng, n->size);
	len = E2_PAGE_SIZE - at % E2_PAGE_SIZE;
	len = len < n->size - at ? len : n->size - at;
	model_content_lost(n);
	got = e2_page_get(m->fs, n->ino, at / E2_PAGE_SIZE, 1, &p);
	if (!agree(m, got, 0))
		return got;
	byte = (u8)(n->id % 63 << 2 | (1 + rng_below(&m->rng, 3)));
	memset((u8 *)e2_page_data(p) + at % E2_PAGE_SIZE, byte, len);
	memset(n->data + at, byte, len);
	/* A mapping may scribble behind the end; nobody must ever see it. */
	if (at + len == n->size && (at + len) % E2_PAGE_SIZE)
		memset((u8 *)e2_page_data(p) + (at + len) % E2_PAGE_SIZE, 0xff,
		       E2_PAGE_SIZE - (at + len) % E2_PAGE_SIZE);
	e2_page_dirty(m->fs, p);
	e2_page_put(m->fs, p);
	return 0;
}

/* As a writer does who tells afterwards how far it came, or not at all. */
static int write_reserved(struct model *m, struct mnode *n)
{
	u32 at = n->size, len = E2_PAGE_SIZE - at % E2_PAGE_SIZE;
	u8 byte = (u8)(n->id % 63 << 2 | (1 + rng_below(&m->rng, 3)));
	struct e2_page *p;
	int got = e2_reserve(m->fs, n->ino, at + len + rng_below(&m->rng, 50000));

	if (!agree(m, got, 0))
		return got;
	got = e2_page_get(m->fs, n->ino, at / E2_PAGE_SIZE, 1, &p);
	if (!agree(m, got, 0))
		return got;
	len = 1 + rng_below(&m->rng, len);
	memset((u8 *)e2_page_data(p) + at % E2_PAGE_SIZE, byte, len);
	e2_page_dirty(m->fs, p);
	e2_page_put(m->fs, p);
	if (rng_below(&m->rng, 4) == 0)
		return 0;
	got = e2_set_end(m->fs, n->ino, at + len);
	if (!agree(m, got, 0))
		return got;
	model_resize(n, at + len);
	memset(n->data + at, byte, len);
	return 0;
}

static int op_reserve(struct model *m)
{
	struct mnode *dir;
	char name[E2_NAME_MAX + 1];
	struct mnode *n = pick_file(m, &dir, name);
	int got;

	if (!n || n->size > FILE_MAX - E2_PAGE_SIZE)
		return 0;
	model_content_lost(n);
	got = e2_ref(m->fs, n->ino);
	if (!agree(m, got, 0))
		return got;
	got = write_reserved(m, n);
	e2_unref(m->fs, n->ino);
	return got;
}

static int op_size(struct model *m)
{
	struct mnode *dir;
	char name[E2_NAME_MAX + 1];
	struct mnode *n = pick_file(m, &dir, name);
	u32 off = pick_offset(m);
	u32 len = rng_below(&m->rng, 60000);
	bool is_punch = rng_below(&m->rng, 2);
	int got;

	if (!n)
		return 0;
	model_content_lost(n);
	got = is_punch ? e2_punch(m->fs, n->ino, off, len) : e2_truncate(m->fs, n->ino, off);
	if (!agree(m, got, 0))
		return got;
	if (!is_punch)
		model_resize(n, off);
	else if (off < n->size)
		memset(n->data + off, 0, len < n->size - off ? len : n->size - off);
	return 0;
}

static int op_attr(struct model *m)
{
	struct mnode *dir;
	char name[E2_NAME_MAX + 1];
	struct mnode *n = pick_file(m, &dir, name);
	struct e2_attr a = { .mask = E2_SET_MODE | E2_SET_UID,
			     .mode = rng_below(&m->rng, 07777),
			     .uid = rng_below(&m->rng, 70000) };
	int got;

	if (!n)
		return 0;
	got = e2_setattr(m->fs, n->ino, &a);
	if (!agree(m, got, 0))
		return got;
	n->mode = (n->mode & E2_S_IFMT) | a.mode;
	n->uid = a.uid;
	return 0;
}

static void release(struct model *m, u32 i)
{
	struct mnode *n = m->held[i];

	m->held[i] = NULL;
	e2_unref(m->fs, n->ino);
	n->held--;
	model_put(m, n);
}

void model_release_all(struct model *m)
{
	for (u32 i = 0; i < MODEL_HELD; i++)
		if (m->held[i])
			release(m, i);
}

/* Keeps a file open, or closes it. */
static int op_hold(struct model *m)
{
	u32 i = rng_below(&m->rng, MODEL_HELD);
	struct mnode *dir;
	char name[E2_NAME_MAX + 1];
	struct mnode *n;
	int got;

	if (m->held[i]) {
		release(m, i);
		return 0;
	}
	n = pick_file(m, &dir, name);
	if (!n)
		return 0;
	got = e2_ref(m->fs, n->ino);
	if (!agree(m, got, 0))
		return got;
	m->held[i] = n;
	n->held++;
	return 0;
}

static int op_sync(struct model *m)
{
	struct mnode *dir;
	char name[E2_NAME_MAX + 1], path[4096];
	struct mnode *n = pick_file(m, &dir, name);
	int got;

	if (rng_below(&m->rng, 4) == 0) {
		got = e2_sync(m->fs);
		if (agree(m, got, 0))
			model_all_durable(m);
		return got;
	}
	if (!n)
		return e2_commit(m->fs);
	got = e2_fsync(m->fs, n->ino);
	if (agree(m, got, 0) && dir) {
		model_path(dir, name, path, sizeof(path));
		model_durable(n, path);
	}
	return got;
}

int model_step(struct model *m)
{
	static int (*const ops[])(struct model *) = {
		op_make,  op_make,  op_make,  op_remove, op_remove, op_link, op_rename, op_rename,
		op_write, op_write, op_write, op_map,    op_size,   op_attr, op_hold,   op_sync,
		op_reserve,
	};
	int got = ops[rng_below(&m->rng, sizeof(ops) / sizeof(ops[0]))](m);

	m->ops++;
	if (m->hashes && m->ops < m->hash_room)
		m->hashes[m->ops] = model_hash(m);
	return got;
}
