/* SPDX-License-Identifier: MIT */
/*
 * Mounting, unmounting, and what happens when something is wrong.
 *
 * Owns:       the superblock, in its pinned buffer, and the state of the whole.
 * Rule:       errors turn the file system read-only (errors=remount-ro) and are recorded in the
 *             superblock and in the journal, for the checker.
 * Rule:       without a journal, what was not unmounted is only mounted for reading.
 * Called by:  the server.
 */
#include "fs.h"

struct d_super *super_of(struct e2fs *fs)
{
	return (struct d_super *)(void *)(fs->super->data + (fs->bs == 1024 ? 0 : SUPER_OFFSET));
}

const char *e2_reason(const struct e2fs *fs)
{
	return fs->reason;
}

void e2_set_time(struct e2fs *fs, struct e2_time now)
{
	fs->now = now;
}

static int super_raw(struct e2fs *fs, struct d_super *s)
{
	return fs->dev.read(fs->dev.ctx, SUPER_OFFSET / E2_SECTOR, sizeof(*s) / E2_SECTOR, s);
}

/* Past the caches and the journal: what is in them is not written any more. */
static void record_error(struct e2fs *fs)
{
	struct d_super s;

	if (super_raw(fs, &s) < 0 || s.magic != SUPER_MAGIC)
		return;
	s.state |= STATE_ERROR;
	(void)fs->dev.write(fs->dev.ctx, SUPER_OFFSET / E2_SECTOR, sizeof(s) / E2_SECTOR, &s);
	if (fs->j.is_on)
		journal_record_error(fs);
	(void)fs->dev.flush(fs->dev.ctx);
}

int fs_fail(struct e2fs *fs, const char *why)
{
	bool was_readonly = fs->is_readonly;

	fs->errors++;
	if (fs->has_failed)
		return -E2_EIO;
	fs->has_failed = true;
	fs->is_readonly = true;
	fs->reason = why;
	if (!was_readonly)
		record_error(fs);
	return -E2_EIO;
}

/* Everything up to the descriptors; done again after a replay, which may have changed it all. */
static const char *load(struct e2fs *fs, u8 *mem, size_t size, const struct e2_opts *o)
{
	struct d_super s;
	const char *why;

	if (fs->dev.sectors < (SUPER_OFFSET + sizeof(s)) / E2_SECTOR || super_raw(fs, &s) < 0)
		return "cannot read the superblock";
	why = super_check(fs, &s);
	if (!why)
		why = memory_carve(fs, mem, size, o);
	if (why)
		return why;
	memory_reset(fs);
	if (buf_get(fs, fs->bs == 1024 ? 1 : 0, &fs->super) < 0)
		return "cannot read the superblock";
	return group_load(fs);
}

/* Reads the journal's superblock, replays what is committed there, and loads all anew. */
static const char *load_journal(struct e2fs *fs, u8 *mem, size_t size, const struct e2_opts *o)
{
	bool needs_replay = false;
	const char *why;

	if (fs->is_old || !(super_of(fs)->compat & COMPAT_HAS_JOURNAL))
		return NULL;
	why = journal_open(fs, &needs_replay);
	if (why || !needs_replay)
		return why;
	if (!fs->dev.write)
		return "the journal must be replayed, but the device cannot be written";
	why = journal_replay(fs);
	fs->recovered = be32(fs->j.super.seq) - 1;
	if (!why)
		why = load(fs, mem, size, o);
	if (!why)
		why = journal_open(fs, &needs_replay);
	return why || !needs_replay ? why : "the replay brought the journal back";
}

static const char *why_readonly(struct e2fs *fs, const struct e2_opts *o)
{
	const struct d_super *s = super_of(fs);

	if (o->flags & E2_RDONLY)
		return "mounted for reading";
	if (!fs->dev.write)
		return "the device cannot be written";
	if (super_unknown(s))
		return "an unknown feature allows reading only";
	if (s->state & STATE_ERROR)
		return "errors are recorded: to be checked first";
	if (!(s->state & STATE_VALID))
		return "not unmounted and without journal: to be checked first";
	if (fs->j.exts && fs->j.super.error)
		return "the journal records an error: to be checked first";
	return NULL;
}

static int start_writing(struct e2fs *fs, bool keep)
{
	struct d_super *s = super_of(fs);
	int err;

	if (fs->j.exts)
		s->incompat |= INCOMPAT_RECOVER;
	else
		s->state = (u16)(s->state & ~STATE_VALID);
	s->mnt_count++;
	s->mtime = (u32)fs->now.sec;
	s->wtime = s->mtime;
	err = buf_write_now(fs, fs->super);
	if (!err)
		err = dev_flush(fs);
	if (!err && fs->j.exts)
		err = journal_start(fs);
	if (err < 0)
		return err;
	fs->is_readonly = false;
	if (!fs->j.is_on)
		return 0;
	return keep ? orphan_load(fs) : orphan_recover(fs);
}

static const char *check_root(struct e2fs *fs)
{
	struct e2_inode *root;
	bool good;

	if (inode_get(fs, E2_ROOT_INO, &root) < 0)
		return "the root directory cannot be read";
	good = is_dir(root);
	inode_put(fs, root);
	return good ? NULL : "the root is no directory";
}

int e2_mount(struct e2fs **out, const struct e2_dev *dev, void *mem, size_t size,
	     struct e2_opts *opts)
{
	size_t pad = (64 - (uintptr_t)mem % 64) % 64;
	size_t head = (sizeof(struct e2fs) + 63) / 64 * 64;
	struct e2fs *fs = (void *)((u8 *)mem + pad);
	const char *why;

	opts->reason = "too little memory";
	if (size < pad + head)
		return -E2_ENOMEM;
	memset(fs, 0, sizeof(*fs));
	fs->dev = *dev;
	fs->readahead = opts->readahead;
	fs->now.sec = (s64)opts->now_sec;
	fs->next_generation = (u32)opts->now_sec * 2654435761u;
	fs->is_readonly = true;
	fs->tx.seq = 1;
	why = load(fs, (u8 *)fs + head, size - pad - head, opts);
	if (!why)
		why = load_journal(fs, (u8 *)fs + head, size - pad - head, opts);
	if (!why)
		why = check_root(fs);
	opts->reason = why;
	if (why)
		return fs->errors ? -E2_EIO : -E2_EINVAL;
	fs->tx.max = fs->bufs / 2;
	fs->reason = why_readonly(fs, opts);
	if (!fs->reason && start_writing(fs, opts->flags & E2_KEEP) < 0)
		(void)fs_fail(fs, "cannot begin to write");
	opts->reason = fs->reason;
	*out = fs;
	return 0;
}

int e2_unmount(struct e2fs *fs)
{
	struct d_super *s = super_of(fs);
	int err;

	if (fs->refs > 0)
		return -E2_EBUSY;
	if (fs->is_readonly)
		return fs->has_failed ? -E2_EIO : 0;
	err = e2_sync(fs);
	if (!err && fs->j.is_on)
		err = journal_stop(fs);
	if (err < 0)
		return err;
	if (fs->j.is_on)
		s->incompat &= ~(u32)INCOMPAT_RECOVER;
	else
		s->state |= STATE_VALID;
	err = buf_write_now(fs, fs->super);
	if (!err)
		err = dev_flush(fs);
	fs->is_readonly = true;
	return err;
}

void e2_forget(struct e2fs *fs)
{
	fs->has_failed = true;
	fs->is_readonly = true;
}

int e2_commit(struct e2fs *fs)
{
	return fs->is_readonly ? (fs->has_failed ? -E2_EIO : 0) : tx_commit(fs);
}

u32 e2_transaction(const struct e2fs *fs)
{
	return fs->tx.seq;
}

u32 e2_recovered(const struct e2fs *fs)
{
	return fs->recovered;
}

int e2_sync(struct e2fs *fs)
{
	int err;

	if (fs->is_readonly)
		return fs->has_failed ? -E2_EIO : 0;
	err = page_write_all(fs, false);
	if (!err)
		err = tx_commit(fs);
	if (!err && fs->tx.needs_flush)
		err = dev_flush(fs);
	return err;
}

int e2_fsync(struct e2fs *fs, u32 ino)
{
	struct e2_inode *in;
	int err, late;

	if (fs->is_readonly)
		return fs->has_failed ? -E2_EIO : 0;
	err = inode_get(fs, ino, &in);
	if (err < 0)
		return err;
	err = page_write_inode(fs, in);
	late = in->wb_error;
	in->wb_error = 0;
	if (!err && (in->tx_seq == fs->tx.seq || fs->tx.has_moved_dir))
		err = tx_commit(fs);
	if (!err && fs->tx.needs_flush)
		err = dev_flush(fs);
	inode_put(fs, in);
	return err ? err : late;
}

void e2_statfs(struct e2fs *fs, struct e2_statfs *out)
{
	const struct d_super *s = super_of(fs);
	u64 later = 0;

	for (u32 i = 0; i < fs->tx.pends; i++)
		later += fs->tx.pend[i].is_inode ? 0 : fs->tx.pend[i].count;
	*out = (struct e2_statfs){
		.block_size = fs->bs,
		.name_max = E2_NAME_MAX,
		.blocks = fs->blocks - fs->first_data,
		.free = fs->free_blocks + later,
		.files = fs->inodes,
		.files_free = fs->free_inodes,
		.errors = fs->errors,
		.is_readonly = fs->is_readonly,
	};
	out->available = out->free > s->r_blocks_count ? out->free - s->r_blocks_count : 0;
}
