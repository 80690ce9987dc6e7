/* SPDX-License-Identifier: MIT */
/*
 * The journal's place, superblock and checksums.
 *
 * Owns:       struct journal: where each block of the log lies, and the journal's superblock.
 * Format:     JBD2 version 2, in inode 8. Features: revoke, 64bit, checksums v2 and v3.
 * Called by:  mount, journal.c, recover.c.
 * Never:      trusts the journal's map: its blocks are data blocks, and the log is in one piece of
 *             at most JEXT_MAX runs.
 */
#include "fs.h"

u32 journal_next(const struct e2fs *fs, u32 log)
{
	return log + 1 < fs->j.maxlen ? log + 1 : fs->j.first;
}

u32 journal_block(const struct e2fs *fs, u32 log)
{
	u32 low = 0;
	u32 high = fs->j.exts;

	while (high - low > 1) {
		u32 mid = (low + high) / 2;
		if (fs->j.ext[mid].log <= log)
			low = mid;
		else
			high = mid;
	}
	return fs->j.ext[low].blk + (log - fs->j.ext[low].log);
}

bool journal_has_csum(const struct e2fs *fs)
{
	return fs->j.incompat & (J_INCOMPAT_CSUM2 | J_INCOMPAT_CSUM3);
}

u32 journal_tail(const struct e2fs *fs)
{
	return journal_has_csum(fs) ? 4 : 0;
}

u32 journal_tag_bytes(const struct e2fs *fs)
{
	u32 n = 8;

	if (fs->j.incompat & J_INCOMPAT_CSUM3)
		return 16;
	if (fs->j.incompat & J_INCOMPAT_CSUM2)
		n += 2;
	if (fs->j.incompat & J_INCOMPAT_64BIT)
		n += 4;
	return n;
}

/* Of a descriptor or revoke block whose last word is zero, or a commit block whose checksum is. */
u32 journal_block_csum(const struct e2fs *fs, const u8 *block)
{
	return crc32c(fs->j.seed, block, fs->bs);
}

u32 journal_tag_csum(const struct e2fs *fs, u32 seq, const u8 *block)
{
	u32 s = be32(seq);

	return crc32c(crc32c(fs->j.seed, &s, sizeof(s)), block, fs->bs);
}

static u32 super_csum(const struct j_super *s)
{
	struct j_super copy = *s;

	copy.checksum = 0;
	return crc32c(~0u, &copy, sizeof(copy));
}

static u64 super_sector(const struct e2fs *fs)
{
	return (u64)journal_block(fs, 0) * (fs->bs / E2_SECTOR);
}

int journal_write_super(struct e2fs *fs)
{
	struct j_super *s = &fs->j.super;

	if (journal_has_csum(fs))
		s->checksum = be32(super_csum(s));
	fs->tx.needs_flush = true;
	if (fs->dev.write(fs->dev.ctx, super_sector(fs), sizeof(*s) / E2_SECTOR, s) < 0)
		return -E2_EIO;
	return 0;
}

/* After a failure, past everything: the next mount and the checker shall know. */
void journal_record_error(struct e2fs *fs)
{
	fs->j.super.error = be32((u32)-E2_EIO);
	(void)journal_write_super(fs);
}

static const char *check_super(struct e2fs *fs, u32 blocks)
{
	const struct j_super *s = &fs->j.super;
	u32 known = J_INCOMPAT_REVOKE | J_INCOMPAT_64BIT | J_INCOMPAT_CSUM2 | J_INCOMPAT_CSUM3;

	if (be32(s->h.magic) != J_MAGIC || be32(s->h.type) != J_SUPER_V2)
		return "the journal has no superblock of version 2";
	if (be32(s->blocksize) != fs->bs)
		return "the journal has another block size";
	fs->j.maxlen = be32(s->maxlen);
	fs->j.first = be32(s->first);
	fs->j.incompat = be32(s->incompat);
	if (fs->j.incompat & ~known || s->ro_compat)
		return "the journal has unknown features";
	if ((fs->j.incompat & J_INCOMPAT_CSUM2) && (fs->j.incompat & J_INCOMPAT_CSUM3))
		return "the journal has two kinds of checksums";
	if (journal_has_csum(fs)) {
		if (s->checksum_type != J_CRC32C)
			return "the journal has unknown checksums";
		if (be32(s->checksum) != super_csum(s))
			return "the journal's superblock has a wrong checksum";
		fs->j.seed = crc32c(~0u, s->uuid, sizeof(s->uuid));
	}
	if (fs->j.maxlen < J_MIN_BLOCKS || fs->j.maxlen > blocks)
		return "the journal has a bad length";
	if (fs->j.first == 0 || fs->j.first > fs->j.maxlen / 2)
		return "the journal has a bad first block";
	if (s->start && (be32(s->start) < fs->j.first || be32(s->start) >= fs->j.maxlen))
		return "the journal has a bad start";
	return NULL;
}

static const char *load_map(struct e2fs *fs, struct e2_inode *in, u32 blocks)
{
	struct jext *e = NULL;

	fs->j.exts = 0;
	for (u32 i = 0; i < blocks; i++) {
		u32 blk;
		if (map_find(fs, in, i, &blk) < 0 || blk == 0)
			return "the journal has holes";
		if (e && blk == e->blk + e->count) {
			e->count++;
			continue;
		}
		if (fs->j.exts == JEXT_MAX)
			return "the journal is in too many pieces";
		e = &fs->j.ext[fs->j.exts++];
		*e = (struct jext){ i, blk, 1 };
	}
	return NULL;
}

const char *journal_open(struct e2fs *fs, bool *needs_replay)
{
	struct e2_inode in;
	const char *why;
	u64 blocks;

	memset(&in, 0, sizeof(in));
	if (inode_read(fs, JOURNAL_INO, &in) < 0)
		return "the journal's inode cannot be read";
	blocks = in.size >> fs->bs_shift;
	if (!is_reg(&in) || in.links == 0 || in.flags & (u32)(INODE_EXTENTS | INODE_INLINE) ||
	    blocks < J_MIN_BLOCKS || blocks > fs->blocks)
		return "the journal's inode is wrong";
	why = load_map(fs, &in, (u32)blocks);
	if (why)
		return why;
	if (fs->dev.read(fs->dev.ctx, super_sector(fs), sizeof(fs->j.super) / E2_SECTOR,
			 &fs->j.super) < 0)
		return "the journal cannot be read";
	*needs_replay = super_of(fs)->incompat & INCOMPAT_RECOVER && fs->j.super.start != 0;
	return check_super(fs, (u32)blocks);
}
