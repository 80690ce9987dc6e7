/* SPDX-License-Identifier: MIT */
/*
 * The operations of tessera/fs.h.
 *
 * The message lies in memory that the client can change at any time: lengths and attributes are
 * copied out once, names are copied too.
 *
 * Called by:  main.c.
 */
#include "server.h"

enum { DROPS_MAX = FS_DATA / 4, READ_AHEAD_MAX = 16, DIRTY = 1u << 31 };

static char name_text[FS_NAME_MAX + 1], name2_text[FS_NAME_MAX + 1], link_text[FS_PAGE_SIZE];

/* False: too long or empty. */
static bool take_name(struct e2_name *n, char *to, const char *from, const uint16_t *bytes)
{
	u32 len = *(const volatile uint16_t *)bytes;

	if (len == 0 || len > FS_NAME_MAX)
		return false;
	memcpy(to, from, len);
	*n = (struct e2_name){ to, len };
	return true;
}

static void put_attr(struct fs_message *m, u32 ino)
{
	struct e2_stat s;

	if (e2_getattr(server.fs, ino, &s) != 0)
		return;
	m->attr = (struct fs_attr){
		.ino = s.ino,
		.size = s.size,
		.blocks = s.blocks,
		.mode = s.mode,
		.links = s.links,
		.uid = s.uid,
		.gid = s.gid,
		.major = s.major,
		.minor = s.minor,
		.generation = s.generation,
		.flags = s.flags,
		.atime = s.atime.sec,
		.mtime = s.mtime.sec,
		.ctime = s.ctime.sec,
		.atime_ns = s.atime.nsec,
		.mtime_ns = s.mtime.nsec,
		.ctime_ns = s.ctime.nsec,
	};
}

/* An inode that the library gave a reference to goes to the client. */
static s64 give(struct ring_entry *e, struct fs_message *m, u32 ino)
{
	int r = held_inode(ino);

	if (r != 0) {
		e2_unref(server.fs, ino);
		return r;
	}
	put_attr(m, ino);
	e->w[2] = ino;
	return 0;
}

static void put_reason(struct fs_message *m)
{
	const char *text = server.reason == NULL ? "" : server.reason;
	u32 n = (u32)strlen(text);

	n = n < FS_DATA ? n : FS_DATA;
	memcpy(m->text, text, n);
	m->text_bytes = (uint16_t)n;
}

static s64 do_mount(struct ring_entry *e, struct fs_message *m)
{
	bool takes_over = e->w[1] == 1, first = server.stage == STAGE_NEW;

	if (takes_over && !first)
		return -E2_EINVAL;
	int r = e2_ref(server.fs, E2_ROOT_INO);
	if (r != 0)
		return r;
	if (first && !takes_over) {
		r = e2_cut_reserved(server.fs);
		e2_settle(server.fs);
	}
	if (r != 0) {
		e2_unref(server.fs, E2_ROOT_INO);
		return r;
	}
	if (first)
		server.stage = takes_over ? STAGE_TAKES_OVER : STAGE_SETTLED;
	m->recovered = e2_recovered(server.fs);
	put_reason(m);
	e->w[3] = server.read_only;
	return give(e, m, E2_ROOT_INO);
}

static s64 do_lookup(struct ring_entry *e, struct fs_message *m)
{
	struct e2_name name;
	u32 ino;

	if (!take_name(&name, name_text, m->name, &m->name_bytes))
		return -E2_EINVAL;
	int r = e2_lookup(server.fs, (u32)e->w[1], name, &ino);
	return r != 0 ? r : give(e, m, ino);
}

static s64 do_make(struct ring_entry *e, struct fs_message *m, u32 operation)
{
	const struct fs_attr a = *(const volatile struct fs_attr *)&m->attr;
	struct e2_new n = { a.mode, a.uid, a.gid, a.major, a.minor };
	struct e2_name name, target = { link_text, *(volatile uint16_t *)&m->text_bytes };
	u32 dir = (u32)e->w[1], ino;
	int r;

	if (!take_name(&name, name_text, m->name, &m->name_bytes) || target.len >= sizeof link_text)
		return -E2_EINVAL;
	memcpy(link_text, m->text, target.len);
	u32 wanted = (u32)e->w[3];
	/* What is being freed cannot be had before it is. */
	for (u32 tries = 0; tries < 2; tries++) {
		e2_want_inode(server.fs, wanted);
		if (operation == FS_CREATE)
			r = e2_create(server.fs, dir, name, &n, &ino);
		else if (operation == FS_MKDIR)
			r = e2_mkdir(server.fs, dir, name, &n, &ino);
		else
			r = e2_symlink(server.fs, dir, name, &n, target, &ino);
		e2_want_inode(server.fs, 0);
		if (r != -E2_EBUSY || wanted == 0 || e2_commit(server.fs) != 0)
			break;
	}
	return r != 0 ? r : give(e, m, ino);
}

static s64 do_link(const struct ring_entry *e, struct fs_message *m)
{
	struct e2_name name;

	if (!holds_inode(e->w[2]))
		return -E2_ESTALE;
	if (!take_name(&name, name_text, m->name, &m->name_bytes))
		return -E2_EINVAL;
	int r = e2_link(server.fs, (u32)e->w[1], (u32)e->w[2], name);
	if (r == 0)
		put_attr(m, (u32)e->w[1]);
	return r;
}

static s64 do_unlink(const struct ring_entry *e, struct fs_message *m, bool dir)
{
	struct e2_name name;

	if (!take_name(&name, name_text, m->name, &m->name_bytes))
		return -E2_EINVAL;
	return dir ? e2_rmdir(server.fs, (u32)e->w[1], name)
		   : e2_unlink(server.fs, (u32)e->w[1], name);
}

/* An exchange that its client asks for once more, since it got no answer. */
static bool exchanged_before(const struct e2_where *from, u64 flags, u64 expected)
{
	u32 now;

	if (!(flags & FS_EXCHANGE) || expected == 0 ||
	    e2_lookup(server.fs, from->dir, from->name, &now) != 0)
		return false;
	e2_unref(server.fs, now);
	return now != expected;
}

static s64 do_rename(const struct ring_entry *e, struct fs_message *m)
{
	u64 expected = *(const volatile uint64_t *)&m->attr.ino;
	struct e2_where from = { .dir = (u32)e->w[1] }, to = { .dir = (u32)e->w[2] };

	if (!holds_inode(e->w[2]))
		return -E2_ESTALE;
	if (e->w[3] > (FS_NOREPLACE | FS_EXCHANGE) ||
	    !take_name(&from.name, name_text, m->name, &m->name_bytes) ||
	    !take_name(&to.name, name2_text, m->name2, &m->name2_bytes))
		return -E2_EINVAL;
	if (exchanged_before(&from, e->w[3], expected))
		return 0;
	return e2_rename(server.fs, from, to, (u32)e->w[3]);
}

static s64 do_readlink(const struct ring_entry *e, struct fs_message *m)
{
	int n = e2_readlink(server.fs, (u32)e->w[1], (char *)m->text, FS_DATA);

	if (n >= 0)
		m->text_bytes = (uint16_t)(n < FS_DATA ? n : FS_DATA);
	return n < FS_DATA ? n : FS_DATA;
}

struct packing {
	struct fs_message *m;
	u32 used;
};

static int pack_entry(void *ctx, const struct e2_dirent *d)
{
	struct packing *p = ctx;
	u32 bytes = (u32)(sizeof(struct fs_entry) + d->len + 7) & ~7u;
	struct fs_entry *to = (void *)(p->m->text + p->used);

	if (p->used + bytes > FS_DATA)
		return 1;
	*to = (struct fs_entry){ d->next, d->ino, (uint16_t)bytes, (uint8_t)(d->mode >> 12),
				 (uint8_t)d->len };
	memcpy(to->name, d->name, d->len);
	p->used += bytes;
	return 0;
}

static s64 do_readdir(struct ring_entry *e, struct fs_message *m)
{
	struct packing p = { m, 0 };
	u64 cookie = e->w[2];
	int r = e2_readdir(server.fs, (u32)e->w[1], &cookie, pack_entry, &p);

	e->w[2] = cookie;
	m->text_bytes = (uint16_t)p.used;
	return r < 0 ? r : (s64)p.used;
}

static s64 do_setattr(const struct ring_entry *e, struct fs_message *m)
{
	const struct fs_attr a = *(const volatile struct fs_attr *)&m->attr;
	struct e2_attr set = { .mask = (u32)e->w[2],
			       .mode = a.mode,
			       .uid = a.uid,
			       .gid = a.gid,
			       .size = a.size,
			       .atime = { a.atime, a.atime_ns },
			       .mtime = { a.mtime, a.mtime_ns } };
	int r = e->w[2] > (2 * FS_SET_SIZE - 1) ? -E2_EINVAL
						: e2_setattr(server.fs, (u32)e->w[1], &set);

	if (r == 0)
		put_attr(m, (u32)e->w[1]);
	return r;
}

static s64 do_page(struct ring_entry *e)
{
	struct e2_page *page;
	int r = e2_page_get(server.fs, (u32)e->w[1], e->w[2], e->w[3] == 1, &page);

	if (r == 0)
		e->w[2] = held_page(page);
	return r;
}

static s64 do_pages(const struct ring_entry *e, struct fs_message *m)
{
	u32 numbers[READ_AHEAD_MAX], done = 0;
	int r = 0;

	if (e->w[3] == 0 || e->w[3] > READ_AHEAD_MAX)
		return -E2_EINVAL;
	while (r == 0 && done < e->w[3]) {
		struct e2_page *page;

		r = e2_page_get(server.fs, (u32)e->w[1], e->w[2] + done, 0, &page);
		if (r == 0)
			numbers[done++] = held_page(page);
	}
	memcpy(m->text, numbers, done * sizeof numbers[0]);
	return done != 0 ? (s64)done : r;
}

static s64 do_dirty(const struct ring_entry *e)
{
	struct e2_page *page = held_find(e->w[1]);

	if (page == NULL)
		return -E2_ESTALE;
	e2_page_dirty(server.fs, page);
	return 0;
}

static s64 do_drop(const struct ring_entry *e, const struct fs_message *m)
{
	s64 r = 0;

	if (e->w[1] > DROPS_MAX)
		return -E2_EINVAL;
	for (u64 i = 0; i < e->w[1]; i++) {
		u32 word;

		memcpy(&word, m->text + i * sizeof word, sizeof word);
		int one = held_drop(word & ~DIRTY, (word & DIRTY) != 0);
		r = one != 0 ? one : r;
	}
	return r;
}

static s64 do_statfs(struct fs_message *m)
{
	struct e2_statfs s;

	e2_statfs(server.fs, &s);
	m->statfs = (struct fs_statfs){ s.block_size, s.blocks,     s.free,     s.available,
					s.files,      s.files_free, s.name_max, s.is_readonly };
	return 0;
}

static s64 do_sync(const struct ring_entry *e)
{
	if (e->w[1] == 0)
		return e->w[2] == 2 ? e2_commit(server.fs) : e2_sync(server.fs);
	return holds_inode(e->w[1]) ? e2_fsync(server.fs, (u32)e->w[1]) : -E2_ESTALE;
}

/* --- after a server died: what its client still has --------------------------------- */

static bool takes_over(u32 operation)
{
	return operation == FS_KEEP || operation == FS_KEPT || operation == FS_ADOPT ||
	       operation == FS_BIND || operation == FS_SETTLE;
}

static s64 do_settle(void)
{
	e2_settle(server.fs);
	server.stage = STAGE_SETTLED;
	return 0;
}

static s64 do_keep(const struct ring_entry *e, const struct fs_message *m)
{
	if (e->w[1] > DROPS_MAX)
		return -E2_EINVAL;
	for (u64 i = 0; i < e->w[1]; i++) {
		struct e2_page *page;
		u32 number;

		memcpy(&number, m->text + i * sizeof number, sizeof number);
		if (number >= server.cache_bytes / E2_PAGE_SIZE)
			return -E2_EINVAL;
		int r = e2_page_keep(server.fs, server.cache + (u64)number * E2_PAGE_SIZE, &page);
		if (r != 0)
			return r;
		(void)held_page(page);
	}
	return 0;
}

/* One reference to an inode; attr.mode: of which type it must be, if not 0. */
static s64 do_adopt(struct ring_entry *e, struct fs_message *m)
{
	u32 mode = *(const volatile uint32_t *)&m->attr.mode;
	u32 ino = e->w[1] <= UINT32_MAX ? (u32)e->w[1] : 0;
	struct e2_stat now;
	int r = e2_ref(server.fs, ino);

	if (r != 0)
		return r;
	r = e2_getattr(server.fs, ino, &now);
	if (r == 0 && (mode == 0 || ((mode ^ now.mode) & E2_S_IFMT) == 0))
		return give(e, m, ino);
	e2_unref(server.fs, ino);
	return -E2_ESTALE;
}

static s64 do_bind(const struct ring_entry *e, const struct fs_message *m)
{
	s64 r = 0;

	if (e->w[2] > FS_DATA / sizeof(struct fs_bind))
		return -E2_EINVAL;
	for (u64 i = 0; i < e->w[2]; i++) {
		struct fs_bind b;

		memcpy(&b, m->text + i * sizeof b, sizeof b);
		struct e2_page *page = held_find(b.page);
		int one = page == NULL ? -E2_ESTALE
				       : e2_page_bind(server.fs, page, (u32)e->w[1], b.index,
						      (b.flags & FS_BIND_WRITE) != 0,
						      (b.flags & FS_BIND_DIRTY) != 0);
		r = one != 0 ? one : r;
	}
	return r;
}

/* Everything on the disk and the journal empty: all that the client holds is given back first. */
static s64 do_unmount(void)
{
	held_drop_all();
	int r = e2_unmount(server.fs);

	if (r == 0)
		server.fs = NULL;
	return r;
}

/* Operations whose first word is no inode. */
static s64 carry_out_other(struct ring_entry *e, struct fs_message *m, u32 operation)
{
	switch (operation) {
	case FS_MOUNT: return do_mount(e, m);
	case FS_DIRTY: return do_dirty(e);
	case FS_DROP: return do_drop(e, m);
	case FS_FORGET: return held_forget(e->w[1], e->w[2]);
	case FS_SYNC: return do_sync(e);
	case FS_STATFS: return do_statfs(m);
	case FS_TIME:
		if (e->w[1] > UINT32_MAX)
			return -E2_EINVAL;
		server.epoch_ns = e->w[1] * 1000000000 + e->w[2] % 1000000000 - clock_ns();
		return 0;
	case FS_KEEP: return do_keep(e, m);
	case FS_KEPT: return e2_cut_reserved(server.fs);
	case FS_ADOPT: return do_adopt(e, m);
	case FS_SETTLE: return do_settle();
	case FS_UNMOUNT: return do_unmount();
	default: return -E2_EINVAL;
	}
}

static s64 carry_out(struct ring_entry *e, struct fs_message *m, u32 operation)
{
	switch (operation) {
	case FS_LOOKUP: return do_lookup(e, m);
	case FS_CREATE:
	case FS_MKDIR:
	case FS_SYMLINK: return do_make(e, m, operation);
	case FS_LINK: return do_link(e, m);
	case FS_UNLINK:
	case FS_RMDIR: return do_unlink(e, m, operation == FS_RMDIR);
	case FS_RENAME: return do_rename(e, m);
	case FS_READLINK: return do_readlink(e, m);
	case FS_READDIR: return do_readdir(e, m);
	case FS_GETATTR: put_attr(m, (u32)e->w[1]); return 0;
	case FS_SETATTR: return do_setattr(e, m);
	case FS_PAGE: return do_page(e);
	case FS_PAGES: return do_pages(e, m);
	case FS_BIND: return do_bind(e, m);
	case FS_RESERVE: return e2_reserve(server.fs, (u32)e->w[1], e->w[2]);
	case FS_END: return e2_set_end(server.fs, (u32)e->w[1], e->w[2]);
	case FS_PUNCH: return e2_punch(server.fs, (u32)e->w[1], e->w[2], e->w[3]);
	default: return -E2_EINVAL;
	}
}

static bool names_inode(u32 operation)
{
	return (operation >= FS_LOOKUP && operation <= FS_PAGES) || operation == FS_PUNCH ||
	       operation == FS_RESERVE || operation == FS_END || operation == FS_BIND;
}

void serve(struct ring_entry *e, struct fs_message *m)
{
	u32 operation = (u32)(e->w[0] >> 32);
	s64 r;

	if (server.fs == NULL) {
		put_reason(m);
		r = -E2_EIO;
	} else if (takes_over(operation) && server.stage != STAGE_TAKES_OVER) {
		r = -E2_EINVAL;
	} else if (!names_inode(operation)) {
		r = carry_out_other(e, m, operation);
	} else if (!holds_inode(e->w[1])) {
		r = -E2_ESTALE;
	} else {
		r = carry_out(e, m, operation);
	}
	e->w[1] = (u64)r;
	if (operation != FS_MOUNT)
		e->w[3] = server.fs == NULL ? 0 : e2_transaction(server.fs);
}
