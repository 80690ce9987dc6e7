/* SPDX-License-Identifier: MIT */
/*
 * What the file system server did and has not yet on the disk.
 *
 * Names and attributes that it changed lie in its memory until a commit.  Each answer says in which transaction; so
 * requests are remembered here, in the order in which they were done, until their transaction is on the disk.  A
 * server that was started again has what was committed, and is asked for the rest once more.
 *
 * Owns:       the list of such requests.
 * Called by:  remote_link.c; remote_restore.c.
 */
#include "remote_redo.h"

enum { MOST = 8192, FULL = 6000 };

struct redo {
	struct list link;
	u64 transaction, ino;
	struct ring_entry request;
	struct fs_attr attr;
	u16 name, name2, text; /* bytes */
	char bytes[];
};

static struct list done; /* oldest first */
static u32 count;
static bool lossy; /* something could not be remembered, until the next commit */

void redo_start(void)
{
	list_init(&done);
}

static u64 operation_of(const struct redo *r)
{
	return r->request.w[0] >> 32;
}

bool redo_changes(u64 operation)
{
	switch (operation) {
	case FS_CREATE:
	case FS_MKDIR:
	case FS_SYMLINK:
	case FS_LINK:
	case FS_UNLINK:
	case FS_RMDIR:
	case FS_RENAME:
	case FS_SETATTR:
	case FS_PUNCH: return true;
	default: return false;
	}
}

bool redo_full(void)
{
	return count >= FULL;
}

static u16 bounded(u16 n, u64 most)
{
	return n < most ? n : (u16)most;
}

struct redo *redo_make(const struct ring_entry *e, const struct fs_message *m)
{
	u64 operation = e->w[0] >> 32;
	const volatile struct fs_message *v = m; /* the server may change it */
	u16 name = bounded(v->name_bytes, sizeof m->name);
	u16 name2 = bounded(v->name2_bytes, sizeof m->name2);
	u16 text = operation == FS_SYMLINK ? bounded(v->text_bytes, FS_DATA) : 0;
	struct redo *r;

	r = count < MOST ? kalloc(sizeof *r + name + name2 + text) : NULL;
	if (r == NULL) {
		lossy = true;
		return NULL;
	}
	count++;
	r->request = *e;
	r->attr = m->attr;
	r->name = name;
	r->name2 = name2;
	r->text = text;
	memcpy(r->bytes, m->name, name);
	memcpy(r->bytes + name, m->name2, name2);
	memcpy(r->bytes + name + name2, m->text, text);
	return r;
}

void redo_message(const struct redo *r, struct fs_message *m)
{
	if (r == NULL)
		return;
	m->attr = r->attr;
	m->name_bytes = r->name;
	m->name2_bytes = r->name2;
	m->text_bytes = r->text;
	memcpy(m->name, r->bytes, r->name);
	memcpy(m->name2, r->bytes + r->name, r->name2);
	memcpy(m->text, r->bytes + r->name + r->name2, r->text);
}

static void drop(struct redo *r)
{
	count--;
	kfree(r);
}

void redo_answered(struct redo *r, s64 result, u64 ino, u64 transaction)
{
	if (r == NULL)
		return;
	if (result < 0) {
		drop(r);
		return;
	}
	r->ino = ino;
	r->transaction = transaction;
	list_add(&done, &r->link);
}

void redo_committed(u64 transaction)
{
	while (!list_empty(&done)) {
		struct redo *r = container_of(done.next, struct redo, link);

		if (r->transaction >= transaction)
			return;
		list_del(&r->link);
		drop(r);
	}
	lossy = false;
}

/* --- once more ---------------------------------------------------------------------------------- */

static bool makes(u64 operation)
{
	return operation == FS_CREATE || operation == FS_MKDIR || operation == FS_SYMLINK;
}

/*
 * A part of it may be on the disk already, if it took several transactions.  And a file that lost its last name while
 * it was open, and was changed then, is gone as soon as it loses that name again, if nobody has it open by now.
 */
static bool fine(u64 operation, s64 result)
{
	switch (operation) {
	case FS_UNLINK:
	case FS_RMDIR:
	case FS_RENAME: return result >= 0 || result == -ENOENT;
	case FS_SETATTR:
	case FS_PUNCH: return result >= 0 || result == -ESTALE;
	default: return result >= 0;
	}
}

/* The server serves nobody who has no reference: one for the time of the request. */
static void hold(struct fs_call *c, u64 ino)
{
	c->m->attr.mode = 0;
	(void)call_ask(c, FS_ADOPT, ino, 0, 0);
}

static s64 once_more(struct redo *r, void (*made)(u64 ino))
{
	u64 operation = operation_of(r), a = r->request.w[1], b = r->request.w[2];
	bool two = operation == FS_LINK || operation == FS_RENAME;
	struct fs_call c;

	call_begin(&c);
	hold(&c, a);
	if (two)
		hold(&c, b);
	redo_message(r, c.m);
	s64 result = call_ask(&c, operation, a, b, makes(operation) ? r->ino : r->request.w[3]);
	if (fine(operation, result))
		r->transaction = c.w3;
	bool other = makes(operation) && result >= 0 && c.w2 != r->ino;
	if (makes(operation) && result >= 0)
		made(c.w2);
	link_tell(FS_FORGET, a, 1);
	if (two)
		link_tell(FS_FORGET, b, 1);
	call_end(&c);
	return other ? -EIO : fine(operation, result) ? 0 : result;
}

s64 redo_all(u64 recovered, void (*made)(u64 ino))
{
	redo_committed(recovered + 1);
	if (lossy)
		log_line("not all of what the file system server did is known: some may be lost");
	/* Numbers of the last life mean nothing in this one: if it ends on the way, the rest is still to be done. */
	list_for(l, &done)
	{
		container_of(l, struct redo, link)->transaction = UINT64_MAX;
	}
	list_for(l, &done) {
		s64 r = once_more(container_of(l, struct redo, link), made);

		if (r < 0)
			return r;
	}
	return 0;
}
