/* SPDX-License-Identifier: MIT */
/*
 * Recovery: what the log holds and was committed goes to its place.
 *
 * Passes:     find the end; collect revoked blocks; write all others. As JBD2 does it.
 * Bound:      each pass visits at most as many blocks as the log has, whatever they say.
 * Memory:     the staging area for two blocks; half of the buffers, loaded anew afterwards, for revoked blocks. The
 *             pages are left alone: the client of a server that died may still have some in use.
 * Called by:  mount, before anything is cached that could change.
 * Never:      writes outside the file system, or beyond a block that does not fit.
 */
#include "fs.h"

enum pass { PASS_SCAN, PASS_REVOKE, PASS_REPLAY };

struct revoked {
	u32 blk;
	u32 seq;
};

struct log {
	u32 at;
	u32 seq;
	u32 end_seq;
	u32 steps;
	u8 *block;
	u8 *data;
	struct revoked *table;
	u32 mask;
	u32 count;
	const char *why;
};

static u32 get32(const u8 *at)
{
	return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

static u32 get16(const u8 *at)
{
	return (u32)at[0] << 8 | at[1];
}

static bool log_read(struct e2fs *fs, struct log *l, u8 *to)
{
	if (++l->steps > fs->j.maxlen)
		return false;
	if (dev_read(fs, journal_block(fs, l->at), 1, to) < 0)
		l->why = "the journal cannot be read";
	l->at = journal_next(fs, l->at);
	return !l->why;
}

/* ---- revoked blocks ---- */

static struct revoked *revoked_slot(struct log *l, u32 blk)
{
	u32 i = blk * 2654435761u & l->mask;

	while (l->table[i].blk && l->table[i].blk != blk)
		i = (i + 1) & l->mask;
	return &l->table[i];
}

static void revoke(struct e2fs *fs, struct log *l, u32 blk)
{
	struct revoked *r;

	if (blk == 0 || blk >= fs->blocks)
		return;
	r = revoked_slot(l, blk);
	if (r->blk == 0) {
		if (l->count >= l->mask / 4 * 3) {
			l->why = "too little memory to replay the journal";
			return;
		}
		l->count++;
		r->blk = blk;
		r->seq = l->seq;
	} else if ((int32_t)(l->seq - r->seq) > 0) {
		r->seq = l->seq;
	}
}

static bool sealed_ok(const struct e2fs *fs, struct log *l)
{
	u8 *tail = l->block + fs->bs - 4;
	u32 said = get32(tail);

	if (!journal_has_csum(fs))
		return true;
	memset(tail, 0, 4);
	return journal_block_csum(fs, l->block) == said;
}

static void read_revokes(struct e2fs *fs, struct log *l)
{
	u32 size = fs->j.incompat & J_INCOMPAT_64BIT ? 8 : 4;
	u32 end = get32(l->block + 12);

	if (end > fs->bs - journal_tail(fs)) {
		l->why = "the journal has a bad revoke block";
		return;
	}
	for (u32 at = sizeof(struct j_revoke); at + size <= end && !l->why; at += size)
		if (size == 4 || get32(l->block + at) == 0)
			revoke(fs, l, get32(l->block + at + size - 4));
}

/* ---- descriptors ---- */

struct tag {
	u32 blk;
	u32 flags;
	u32 csum;
	u32 high;
};

static struct tag read_tag(const struct e2fs *fs, const u8 *at)
{
	struct tag t = { .blk = get32(at) };

	if (fs->j.incompat & J_INCOMPAT_CSUM3) {
		t.flags = get32(at + 4);
		t.high = get32(at + 8);
		t.csum = get32(at + 12);
		return t;
	}
	t.csum = get16(at + 4);
	t.flags = get16(at + 6);
	if (fs->j.incompat & J_INCOMPAT_64BIT)
		t.high = get32(at + 8);
	return t;
}

static bool tag_ok(const struct e2fs *fs, const struct log *l, const struct tag *t)
{
	u32 csum;

	if (!journal_has_csum(fs))
		return true;
	csum = journal_tag_csum(fs, l->seq, l->data);
	return (fs->j.incompat & J_INCOMPAT_CSUM3 ? csum : csum & 0xffff) == t->csum;
}

static void replay(struct e2fs *fs, struct log *l, const struct tag *t)
{
	const struct revoked *r = revoked_slot(l, t->blk);
	u32 magic = be32(J_MAGIC);

	if (t->flags & TAG_DELETED || (r->blk && (int32_t)(r->seq - l->seq) >= 0))
		return;
	if (t->blk == 0 && fs->bs == 1024)
		l->why = "the journal holds a block outside of the file system";
	else if (!tag_ok(fs, l, t))
		l->why = "the journal has a wrong checksum";
	if (l->why)
		return;
	if (t->flags & TAG_ESCAPE)
		memcpy(l->data, &magic, sizeof(magic));
	if (dev_write(fs, t->blk, 1, l->data) < 0)
		l->why = "cannot write what the journal holds";
}

/* False if the block cannot be what it says: the log ends before it. */
static bool read_descriptor(struct e2fs *fs, struct log *l, enum pass pass)
{
	u32 n = journal_tag_bytes(fs);
	u32 end = fs->bs - journal_tail(fs);
	u32 at = sizeof(struct j_header);

	while (at + n <= end) {
		struct tag t = read_tag(fs, l->block + at);
		at += t.flags & TAG_SAME_UUID ? n : n + 16;
		if (pass == PASS_REPLAY) {
			if (t.high || t.blk >= fs->blocks)
				l->why = "the journal holds a block outside of the file system";
			else if (log_read(fs, l, l->data))
				replay(fs, l, &t);
			if (l->why)
				return false;
		} else {
			l->at = journal_next(fs, l->at);
			l->steps++;
		}
		if (t.flags & TAG_LAST || l->steps > fs->j.maxlen)
			break;
	}
	return l->steps <= fs->j.maxlen;
}

static bool commit_ok(const struct e2fs *fs, struct log *l)
{
	struct j_commit *c = (void *)l->block;
	u32 said = be32(c->chksum[0]);

	if (!journal_has_csum(fs))
		return true;
	c->chksum[0] = 0;
	return journal_block_csum(fs, l->block) == said;
}

/* One block of the log's own; false at its end. */
static bool log_step(struct e2fs *fs, struct log *l, enum pass pass)
{
	const struct j_header *h = (const void *)l->block;

	if (pass != PASS_SCAN && l->seq == l->end_seq)
		return false;
	if (!log_read(fs, l, l->block))
		return false;
	if (be32(h->magic) != J_MAGIC || be32(h->seq) != l->seq)
		return false;
	switch (be32(h->type)) {
	case J_DESCRIPTOR: return sealed_ok(fs, l) && read_descriptor(fs, l, pass);
	case J_REVOKE:
		if (!sealed_ok(fs, l))
			return false;
		if (pass == PASS_REVOKE)
			read_revokes(fs, l);
		return !l->why;
	case J_COMMIT:
		if (!commit_ok(fs, l))
			return false;
		l->seq++;
		return true;
	default: return false;
	}
}

static void run_pass(struct e2fs *fs, struct log *l, enum pass pass)
{
	l->at = be32(fs->j.super.start);
	l->seq = be32(fs->j.super.seq);
	l->steps = 0;
	while (!l->why && log_step(fs, l, pass))
		continue;
	if (pass == PASS_SCAN)
		l->end_seq = l->seq;
	else if (!l->why && l->seq != l->end_seq)
		l->why = "the journal changed while it was read";
}

/* The file system needs no recovery any more, and says whether the journal had an error. */
static int finish(struct e2fs *fs, u32 seq)
{
	struct d_super s;
	u64 sector = SUPER_OFFSET / E2_SECTOR;
	int err = dev_flush(fs);

	fs->j.super.start = 0;
	fs->j.super.seq = be32(seq);
	if (!err)
		err = journal_write_super(fs);
	if (!err)
		err = dev_flush(fs);
	if (!err)
		err = fs->dev.read(fs->dev.ctx, sector, sizeof(s) / E2_SECTOR, &s);
	if (err < 0)
		return err;
	s.incompat &= ~(u32)INCOMPAT_RECOVER;
	if (fs->j.super.error)
		s.state |= STATE_ERROR;
	err = fs->dev.write(fs->dev.ctx, sector, sizeof(s) / E2_SECTOR, &s);
	return err < 0 ? err : dev_flush(fs);
}

const char *journal_replay(struct e2fs *fs)
{
	struct log l = { .block = fs->stage.mem, .data = fs->stage.mem + E2_PAGE_SIZE };
	u64 room = (u64)(fs->bufs / 2) * fs->bs / sizeof(struct revoked);
	u64 entries = 64;

	while (entries * 2 <= room && entries < (u64)fs->j.maxlen * (fs->bs / 4) &&
	       entries < 1u << 30)
		entries *= 2;
	l.table = (void *)fs->buf[fs->bufs - fs->bufs / 2].data;
	l.mask = (u32)entries - 1;
	memset(l.table, 0, entries * sizeof(struct revoked));
	run_pass(fs, &l, PASS_SCAN);
	if (!l.why)
		run_pass(fs, &l, PASS_REVOKE);
	if (!l.why)
		run_pass(fs, &l, PASS_REPLAY);
	if (!l.why && finish(fs, l.end_seq) < 0)
		l.why = "cannot finish the replay";
	return l.why;
}
