/* SPDX-License-Identifier: MIT */
/*
 * Names: opening, making, moving and removing them; what is known of files, and what is set.
 */
#include "diff.h"

void do_open(void)
{
	static const u32 f[] = { O_CREAT,    O_EXCL, O_TRUNC,   O_APPEND,  O_DIRECTORY,
				 O_NOFOLLOW, O_PATH, O_CLOEXEC, O_NOATIME, O_TMPFILE };
	u32 flags = below(4) | O_NONBLOCK, s = slot(), m = mode();
	for (u32 n = below(4); n > 0; n--)
		flags |= f[below(sizeof f / sizeof *f)];
	const char *p = name();
	s64 td, od;
	where(&td, &od);
	NOTE("%u = openat(%ld, \"%s\", 0%o, 0%o)", s, od, p, flags, m);
	const u64 na[6] = { (u64)td, addr(p), flags, m }, oa[6] = { (u64)od, addr(p), flags, m };
	opened(s, native(NR_openat, na), lx_dispatch(task, NR_openat, oa));
}

void do_name(void)
{
	static const u32 nr[] = { NR_mkdirat, NR_unlinkat, NR_mknodat, NR_symlinkat };
	u32 which = below(4), m = mode();
	const char *p = name(), *q = name();
	s64 td, od;
	where(&td, &od);
	u64 na[6] = { (u64)td, addr(p), 0 }, oa[6] = { (u64)od, addr(p), 0 };
	switch (which) {
	case 0: na[2] = oa[2] = m; break;
	case 1: na[2] = oa[2] = below(2) ? 0 : AT_REMOVEDIR; break;
	case 2:
		na[2] = oa[2] = m | (below(2)   ? S_IFIFO
				     : below(2) ? S_IFREG
				     : below(2) ? S_IFSOCK
						: 0);
		na[3] = oa[3] = 0;
		break;
	default:
		na[0] = oa[0] = addr(q);
		na[1] = (u64)td;
		oa[1] = (u64)od;
		na[2] = oa[2] = addr(p);
	}
	NOTE("%s %s (%s) %lo", lx_calls[nr[which]].name, p, q, na[2]);
	expect("result", native(nr[which], na), lx_dispatch(task, nr[which], oa));
}

void do_two_names(void)
{
	const char *p = name(), *q = name();
	if (below(3) == 0) {
		u32 flags = below(2) ? 0 : AT_SYMLINK_FOLLOW;
		NOTE("linkat %s %s %x", p, q, flags);
		both(NR_linkat, (u64)AT_FDCWD, addr(p), (u64)AT_FDCWD, addr(q), flags, 0);
		return;
	}
	u32 flags = below(2) ? 0 : below(4);
	NOTE("renameat2 %s %s %u", p, q, flags);
	both(NR_renameat2, (u64)AT_FDCWD, addr(p), (u64)AT_FDCWD, addr(q), flags, 0);
}

struct stat_words {
	u64 dev, ino, nlink;
	u32 mode, uid, gid, pad;
	u64 rdev, size, block_bytes, blocks;
	s64 times[6];
	u64 unused[3];
};

static void compare_stat(void)
{
	const struct stat_words *n = (void *)nbuf, *o = (void *)obuf;
	expect("mode", n->mode, o->mode);
	expect("nlink", (s64)n->nlink, (s64)o->nlink);
	expect("uid", n->uid, o->uid);
	expect("gid", n->gid, o->gid);
	u32 type = n->mode & S_IFMT;
	if (type == S_IFREG || type == S_IFLNK || type == S_IFDIR)
		expect("size", (s64)n->size, (s64)o->size);
	if (type == S_IFREG && !reserved)
		expect("blocks", (s64)n->blocks, (s64)o->blocks);
}

void do_stat(void)
{
	static const u32 f[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x800 /* AT_NO_AUTOMOUNT */ };
	u32 flags = f[below(4)] | (below(4) ? 0 : f[below(4)]);
	const char *p = name();
	s64 td, od;
	where(&td, &od);
	NOTE("newfstatat %ld \"%s\" %x", od, p, flags);
	const u64 na[6] = { (u64)td, addr(p), addr(nbuf), flags };
	const u64 oa[6] = { (u64)od, addr(p), addr(obuf), flags };
	s64 theirs = native(NR_newfstatat, na), ours = lx_dispatch(task, NR_newfstatat, oa);
	expect("result", theirs, ours);
	if (ours == 0)
		compare_stat();
}

void do_fstat(void)
{
	u32 s = slot();
	NOTE("fstat %u", s);
	const u64 na[6] = { (u64)native_fd[s], addr(nbuf) }, oa[6] = { (u64)our_fd[s], addr(obuf) };
	s64 theirs = native(NR_fstat, na), ours = lx_dispatch(task, NR_fstat, oa);
	expect("result", theirs, ours);
	const struct stat_words *n = (void *)nbuf;
	if (ours == 0 && (n->mode & S_IFMT) && (n->mode & S_IFMT) != S_IFSOCK)
		compare_stat();
}

void do_readlink(void)
{
	const char *p = name();
	u64 room = below(3) ? 1000 : below(4);
	NOTE("readlink %s %lu", p, room);
	const u64 na[6] = { addr(p), addr(nbuf), room }, oa[6] = { addr(p), addr(obuf), room };
	s64 theirs = native(NR_readlink, na), ours = lx_dispatch(task, NR_readlink, oa);
	expect("result", theirs, ours);
	same_bytes("link", ours);
}

void do_attributes(void)
{
	const char *p = name();
	u32 s = slot(), m = mode(), uid = below(3) ? below(3) * 500 : UINT32_MAX;
	switch (below(6)) {
	case 0:
		NOTE("chmod %s %o", p, m);
		both(NR_chmod, addr(p), m, 0, 0, 0, 0);
		break;
	case 1:
		NOTE("fchmod %u %o", s, m);
		both_fd(NR_fchmod, s, m, 0, 0, 0, 0);
		break;
	case 2:
		NOTE("lchown %s %u", p, uid);
		both(NR_lchown, addr(p), uid, uid, 0, 0, 0);
		break;
	case 3:
		NOTE("fchown %u %u", s, uid);
		both_fd(NR_fchown, s, uid, (u64)-1, 0, 0, 0);
		break;
	case 4: {
		s64 ts[4] = { below(100000), below(1000000000), below(100000), below(1000000000) };
		if (below(3) == 0)
			ts[1] = 0x3ffffffe;
		if (below(3) == 0)
			ts[3] = 0x3fffffff;
		NOTE("utimensat %s", p);
		both(NR_utimensat, (u64)AT_FDCWD, addr(p), addr(ts),
		     below(2) ? 0 : AT_SYMLINK_NOFOLLOW, 0, 0);
		break;
	}
	default: {
		u32 want = below(8);
		NOTE("access %s %u", p, want);
		both(NR_access, addr(p), want, 0, 0, 0, 0);
	}
	}
}

struct found {
	char name[256];
	unsigned char type;
};
static struct found native_names[200], our_names[200];

/* All names of a directory, sorted. */
static s64 names_of(bool ours, s64 fd, struct found *to, u32 *count)
{
	u64 room = below(2) ? 4000 : 100;
	static char b[4096];
	*count = 0;
	const u64 back[6] = { (u64)fd, 0, 0 };
	s64 r = ours ? lx_dispatch(task, NR_lseek, back) : native(NR_lseek, back);
	if (r < 0)
		return r;
	for (;;) {
		const u64 a[6] = { (u64)fd, addr(b), room < 300 ? 300 : room };
		r = ours ? lx_dispatch(task, NR_getdents64, a) : native(NR_getdents64, a);
		if (r <= 0)
			return r;
		for (s64 at = 0; at < r;) {
			u16 len;
			memcpy(&len, b + at + 16, 2);
			struct found f = { .type = (unsigned char)b[at + 18] };
			memcpy(f.name, b + at + 19, str_len(b + at + 19));
			u32 i = *count;
			while (i > 0 && strcmp(to[i - 1].name, f.name) > 0) {
				to[i] = to[i - 1];
				i--;
			}
			to[i] = f;
			++*count;
			at += len;
		}
	}
}

void do_list(void)
{
	u32 s = slot(), nc, oc;
	NOTE("list %u", s);
	u64 was = state;
	s64 theirs = names_of(false, native_fd[s], native_names, &nc);
	state = was;
	s64 ours = names_of(true, our_fd[s], our_names, &oc);
	struct file *f = fdtable_at(task->files, (u64)our_fd[s]);
	if (!f || !is_dir(f->inode))
		return;
	expect("result", theirs, ours);
	expect("number of names", nc, oc);
	for (u32 i = 0; i < nc; i++)
		if (strcmp(native_names[i].name, our_names[i].name) ||
		    native_names[i].type != our_names[i].type) {
			printf("# %s, here %s\n", native_names[i].name, our_names[i].name);
			differ("name", native_names[i].type, our_names[i].type);
		}
}
