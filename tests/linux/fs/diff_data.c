/* SPDX-License-Identifier: MIT */
/*
 * What is in files: reading, writing, sizes, holes; copies from file to file.
 */
#include "diff.h"

bool reserved;

void do_read(void)
{
	u32 s = slot(), how = below(3);
	u64 n = length(), at = offset();
	static const u32 nr[] = { NR_read, NR_pread64, NR_readv };
	NOTE("read %u %lu at %lu (%u)", s, n, at, how);
	struct lx_iovec niov[3] = { { addr(nbuf), n / 3 },
				    { addr(nbuf), 0 },
				    { addr(nbuf) + n / 3, n - n / 3 } };
	struct lx_iovec oiov[3] = { { addr(obuf), n / 3 },
				    { addr(obuf), 0 },
				    { addr(obuf) + n / 3, n - n / 3 } };
	const u64 na[6] = { (u64)native_fd[s], how == 2 ? addr(niov) : addr(nbuf), how == 2 ? 3 : n,
			    at };
	const u64 oa[6] = { (u64)our_fd[s], how == 2 ? addr(oiov) : addr(obuf), how == 2 ? 3 : n,
			    at };
	s64 theirs = native(nr[how], na), ours = lx_dispatch(task, nr[how], oa);
	expect("read", theirs, ours);
	same_bytes("bytes read", ours);
}

void do_write(void)
{
	u32 s = slot(), how = below(3);
	u64 n = length(), at = offset();
	static const u32 nr[] = { NR_write, NR_pwrite64, NR_writev };
	NOTE("write %u %lu at %lu (%u)", s, n, at, how);
	for (u64 i = 0; i < n; i += 1 + below(300))
		wbuf[i] = (unsigned char)below(256);
	const struct lx_iovec iov[2] = { { addr(wbuf), n / 2 }, { addr(wbuf) + n / 2, n - n / 2 } };
	both_fd(nr[how], s, how == 2 ? addr(iov) : addr(wbuf), how == 2 ? 2 : n, at, 0, 0);
}

void do_seek(void)
{
	u32 s = slot(), whence = below(6);
	s64 off = (s64)offset() - (below(4) ? 0 : 5000);
	NOTE("lseek %u %ld %u", s, off, whence);
	/* Offsets in directories are each one's own. */
	struct file *f = fdtable_at(task->files, (u64)our_fd[s]);
	if ((f && is_dir(f->inode)) || (reserved && whence > 2))
		return;
	both_fd(NR_lseek, s, (u64)off, whence, 0, 0, 0);
}

void do_size(void)
{
	u64 n = offset();
	if (below(2)) {
		u32 s = slot();
		NOTE("ftruncate %u %lu", s, n);
		both_fd(NR_ftruncate, s, n, 0, 0, 0, 0);
	} else {
		const char *p = name();
		NOTE("truncate %s %lu", p, n);
		both(NR_truncate, addr(p), n, 0, 0, 0, 0);
	}
}

void do_allocate(void)
{
	static const u32 m[] = { 0, 1, 3, 2, 16, 17, 8, 32 };
	u32 s = slot(), how = m[below(6)];
	u64 at = offset(), n = length() + (below(3) ? 0 : 4096);
	NOTE("fallocate %u mode %u at %lu, %lu", s, how, at, n);
	/* Zeroing is not in tmpfs before Linux 6.16 or so: not compared. */
	if (how & 16)
		return;
	if (both_fd(NR_fallocate, s, how, at, n, 0, 0) == 0)
		reserved = true;
}

void do_move(void)
{
	u32 s = slot(), t = slot();
	u64 n = length();
	switch (below(4)) {
	case 0: {
		NOTE("sendfile %u from %u, %lu", s, t, n);
		const u64 na[6] = { (u64)native_fd[s], (u64)native_fd[t], 0, n };
		const u64 oa[6] = { (u64)our_fd[s], (u64)our_fd[t], 0, n };
		/* How much goes into a pipe at once differs with its make. */
		struct file *f = fdtable_at(task->files, (u64)our_fd[s]);
		struct file *g = fdtable_at(task->files, (u64)our_fd[t]);
		if (f && g && is_reg(f->inode) && is_reg(g->inode) && f->inode != g->inode)
			expect("result", native(NR_sendfile, na), lx_dispatch(task, NR_sendfile, oa));
		break;
	}
	case 1: {
		u64 ni = offset(), no = offset(), oi = ni, oo = no;
		NOTE("copy_file_range %u %lu to %u %lu, %lu", s, ni, t, no, n);
		const u64 na[6] = { (u64)native_fd[s], addr(&ni), (u64)native_fd[t], addr(&no), n };
		const u64 oa[6] = { (u64)our_fd[s], addr(&oi), (u64)our_fd[t], addr(&oo), n };
		expect("result", native(NR_copy_file_range, na),
		       lx_dispatch(task, NR_copy_file_range, oa));
		expect("offset", (s64)ni, (s64)oi);
		expect("offset", (s64)no, (s64)oo);
		break;
	}
	case 2: {
		s32 nv = -1, ov = -1;
		NOTE("FIONREAD %u", s);
		const u64 na[6] = { (u64)native_fd[s], 0x541b, addr(&nv) };
		const u64 oa[6] = { (u64)our_fd[s], 0x541b, addr(&ov) };
		struct file *f = fdtable_at(task->files, (u64)our_fd[s]);
		if (f && f->inode->sb->root) /* those of other kinds differ in what they refuse */
			expect("result", native(NR_ioctl, na), lx_dispatch(task, NR_ioctl, oa));
		expect("value", nv, ov);
		break;
	}
	default: {
		const char *p = name();
		NOTE("chdir %s", p);
		if (below(3) == 0)
			both(NR_chdir, addr(p), 0, 0, 0, 0, 0);
		else if (below(3) == 0)
			both_fd(NR_fchdir, s, 0, 0, 0, 0, 0);
		else
			both(NR_chdir, addr("/"), 0, 0, 0, 0, 0);
		const u64 na[6] = { addr(nbuf), 200 }, oa[6] = { addr(obuf), 200 };
		s64 theirs = native(NR_getcwd, na), ours = lx_dispatch(task, NR_getcwd, oa);
		expect("getcwd", theirs, ours);
		same_bytes("working directory", ours);
	}
	}
}
