/* SPDX-License-Identifier: MIT */
/*
 * Random calls on files, made of the kernel that runs this test and of servers/linux/fs: results
 * and what is read must be the same.  Both begin with an empty tmpfs as their root.
 *
 *    diff_test DIRECTORY SEED CALLS [v]
 *
 * DIRECTORY: an empty one, on which a tmpfs is mounted.  v: each call is printed.
 */
#define main tessera_main /* sys.h declares one of its own */
#include "host.h"
#include "../../../servers/linux/fs/socket.h"
#undef main
#include "linux/names.h"

_Noreturn void exit(int status);
int printf(const char *format, ...);
int fflush(void *f);
long syscall(long nr, ...);
int *__errno_location(void);
unsigned long strtoul(const char *s, char **end, int base);
void (*signal(int number, void (*handler)(int)))(int);

enum { SLOTS = 12, BYTES = 20000 };

static struct task *task;
static s32 native_fd[SLOTS], our_fd[SLOTS];
static u64 state;
static u32 calls;
/* What is called, for a report. */
static char last[16][200];

static u32 below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33) % n;
}

static s64 native(u64 nr, const u64 a[6])
{
	long r = syscall((long)nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return r == -1 ? -(s64)*__errno_location() : r;
}

static _Noreturn void differ(const char *what, s64 theirs, s64 ours)
{
	for (u32 i = 16; i-- > 0;)
		if (calls >= i && last[(calls - i) % 16][0])
			printf("# %s\n", last[(calls - i) % 16]);
	printf("# call %u: %s: Linux %ld, here %ld\n", calls, what, theirs, ours);
	fflush(NULL);
	exit(1);
}

static s64 last_result;

static void expect(const char *what, s64 theirs, s64 ours)
{
	last_result = ours;
	if (theirs != ours)
		differ(what, theirs, ours);
}

#define NOTE(...)                                                                                  \
	do {                                                                                       \
		struct text x_ = { .at = last[calls % 16], .room = 199 };                          \
		text_add(&x_, __VA_ARGS__);                                                        \
		x_.at[x_.used] = 0;                                                                \
	} while (0)

/* The same arguments for both; results must agree. */
static s64 both(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	const u64 args[6] = { a, b, c, d, e, f };
	s64 theirs = native(nr, args), ours = lx_dispatch(task, nr, args);
	expect("result", theirs, ours);
	return ours;
}

#define FD(slot) (u64)(s64) native_fd[slot], (u64)(s64)our_fd[slot]

/* A call whose first argument is a descriptor. */
static s64 both_fd(u64 nr, u32 slot, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	const u64 na[6] = { (u64)(s64)native_fd[slot], b, c, d, e, f };
	const u64 oa[6] = { (u64)(s64)our_fd[slot], b, c, d, e, f };
	s64 theirs = native(nr, na), ours = lx_dispatch(task, nr, oa);
	expect("result", theirs, ours);
	return ours;
}

static void put(u32 slot, s64 theirs, s64 ours)
{
	if (native_fd[slot] >= 0) {
		const u64 na[6] = { (u64)native_fd[slot] }, oa[6] = { (u64)our_fd[slot] };
		expect("close", native(NR_close, na), lx_dispatch(task, NR_close, oa));
	}
	native_fd[slot] = (s32)theirs;
	our_fd[slot] = (s32)ours;
}

/* Results that are descriptors go into a slot. */
static void opened(u32 slot, s64 theirs, s64 ours)
{
	last_result = ours;
	if (theirs < 0 || ours < 0) {
		if (theirs != ours)
			differ("descriptor", theirs, ours);
		return;
	}
	put(slot, theirs, ours);
}

static const char *const names[] = {
	"a",      "b",        "c",         "d",    "e",      "d/a",      "d/b",  "d/e",  "d/e/f",
	"e/a",    "d/../a",   "./b",       "a/",   "d/",     "d//a",     "/",    ".",    "..",
	"",       "l",        "l/a",       "loop", "d/l",    "nosuch/x", "/d/a", "../a", "d/.",
	"d/..",   "e/../d/b", "d/e/.",     "a/b",  "l/../b", "d/e/",     "/e",   "sock", "fifo",
	"d/sock", "l/",       "d/e/../..", "e/e",  "e/e/e",  "b/.",      "c/..",
};
enum { NAMES = sizeof names / sizeof *names };

static const char *name(void)
{
	static char large[300];
	u32 n = below(NAMES + 1);
	if (n < NAMES)
		return names[n];
	memset(large, 'x', sizeof large);
	large[below(2) ? 255 : 256] = 0;
	return large;
}

static u64 addr(const void *p)
{
	return (u64)(uintptr_t)p;
}

static u32 slot(void)
{
	return below(SLOTS);
}

static u32 mode(void)
{
	static const u32 m[] = {
		0644, 0755, 0700, 0600, 0444, 0, 0777, 04755, 02755, 01777, 02070
	};
	return m[below(sizeof m / sizeof *m)];
}

/* Where calls at names begin: mostly here, sometimes at a descriptor. */
static void where(s64 *theirs, s64 *ours)
{
	u32 s = slot();
	bool here = below(4) != 0;
	*theirs = here ? AT_FDCWD : native_fd[s];
	*ours = here ? AT_FDCWD : our_fd[s];
}

static u64 offset(void)
{
	static const u64 o[] = { 0, 1, 100, 4095, 4096, 4097, 8192, 12000, 65536, 200000 };
	return o[below(sizeof o / sizeof *o)] + (below(3) ? 0 : below(5000));
}

static unsigned char wbuf[BYTES], nbuf[BYTES + 64], obuf[BYTES + 64];

static u64 length(void)
{
	static const u32 l[] = { 0, 1, 5, 100, 1000, 4096, 5000, 9000, BYTES };
	return l[below(sizeof l / sizeof *l)];
}

static void same_bytes(const char *what, s64 n)
{
	if (n > 0 && memcmp(nbuf, obuf, (u64)n) != 0)
		differ(what, nbuf[0], obuf[0]);
}

/* Pages were reserved: Linux counts those not written as holes, and not as long as we do. */
static bool reserved;

/* --- the calls ----------------------------------------------------------------------- */

static void do_open(void)
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

static void do_close(void)
{
	u32 s = slot();
	NOTE("close %u", s);
	put(s, -1, -1);
}

static void do_read(void)
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

static void do_write(void)
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

static void do_seek(void)
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

static void do_size(void)
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

static void do_allocate(void)
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

static void do_name(void)
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

static void do_two_names(void)
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

static void do_stat(void)
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

static void do_fstat(void)
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

static void do_readlink(void)
{
	const char *p = name();
	u64 room = below(3) ? 1000 : below(4);
	NOTE("readlink %s %lu", p, room);
	const u64 na[6] = { addr(p), addr(nbuf), room }, oa[6] = { addr(p), addr(obuf), room };
	s64 theirs = native(NR_readlink, na), ours = lx_dispatch(task, NR_readlink, oa);
	expect("result", theirs, ours);
	same_bytes("link", ours);
}

static void do_attributes(void)
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

static void do_list(void)
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

static void do_descriptor(void)
{
	u32 s = slot(), t = slot();
	switch (below(5)) {
	case 0: {
		NOTE("%u = dup %u", t, s);
		const u64 na[6] = { (u64)native_fd[s] }, oa[6] = { (u64)our_fd[s] };
		opened(t, native(NR_dup, na), lx_dispatch(task, NR_dup, oa));
		break;
	}
	case 1: {
		u32 c = below(4) + 1;
		u64 v = c == 2 ? below(2) : c == 4 ? O_NONBLOCK | (below(2) ? 0 : O_APPEND) : 0;
		NOTE("fcntl %u %u %lu", s, c, v);
		both_fd(NR_fcntl, s, c, v, 0, 0, 0);
		break;
	}
	case 2: {
		u32 how = 1u << below(4) | 4;
		NOTE("flock %u %u", s, how);
		both_fd(NR_flock, s, how, 0, 0, 0, 0);
		break;
	}
	case 3: {
		struct {
			int16_t type, whence;
			s64 start, bytes;
			s32 pid;
		} l = { (int16_t)below(4), (int16_t)below(4), (s64)below(200) - 5,
			(s64)below(100) - 5, 0 },
		  m = l;
		static const u32 cs[] = { 5, 6, 36, 37 };
		u32 c = cs[below(4)];
		NOTE("lock %u %u type %d %ld+%ld", s, c, l.type, l.start, l.bytes);
		const u64 na[6] = { (u64)native_fd[s], c, addr(&l) },
			  oa[6] = { (u64)our_fd[s], c, addr(&m) };
		expect("result", native(NR_fcntl, na), lx_dispatch(task, NR_fcntl, oa));
		expect("type", l.type, m.type);
		expect("start", l.start, m.start);
		expect("bytes", l.bytes, m.bytes);
		break;
	}
	default: NOTE("fsync %u", s); both_fd(NR_fsync, s, 0, 0, 0, 0, 0);
	}
}

static void two(u32 nr, u64 a, u64 b, u64 c, bool last_is_pair)
{
	u32 s = slot(), t = (s + 1 + below(SLOTS - 1)) % SLOTS;
	s32 n[2], o[2];
	NOTE("%u %u = %s %lx %lx", s, t, lx_calls[nr].name, a, b);
	const u64 na[6] = { last_is_pair ? a : addr(n), last_is_pair ? b : a, c, addr(n) };
	const u64 oa[6] = { last_is_pair ? a : addr(o), last_is_pair ? b : a, c, addr(o) };
	s64 theirs = native(nr, na), ours = lx_dispatch(task, nr, oa);
	expect("result", theirs, ours);
	if (ours == 0) {
		put(s, n[0], o[0]);
		put(t, n[1], o[1]);
	}
}

static void one(u32 nr, u64 a, u64 b, u64 c)
{
	u32 s = slot();
	NOTE("%u = %s %lx %lx %lx", s, lx_calls[nr].name, a, b, c);
	const u64 args[6] = { a, b, c };
	opened(s, native(nr, args), lx_dispatch(task, nr, args));
}

static void do_make(void)
{
	static const u32 types[] = { 1, 2, 5, 3, 7 };
	u32 type = types[below(5)] | O_NONBLOCK;
	switch (below(6)) {
	case 0:
	case 1: two(NR_pipe2, O_NONBLOCK, 0, 0, false); break;
	case 2: two(NR_socketpair, 1, type, 0, true); break;
	case 3: one(NR_socket, 1, type, 0); break;
	case 4: one(NR_eventfd2, below(5), O_NONBLOCK | below(2), 0); break;
	default: one(NR_memfd_create, addr("name"), below(4), 0);
	}
}

static u32 address(unsigned char to[110])
{
	static const char *const paths[] = { "sock", "d/sock", "a", "", "nosuch/s", "e/sock" };
	const char *p = paths[below(6)];
	to[0] = 1;
	to[1] = 0;
	u32 n = (u32)str_len(p);
	memcpy(to + 2, p, n + 1);
	if (n == 0) {
		/* The number of an abstract name, which others on this machine do not have. */
		memcpy(to + 2, "\0tessera-test-", 14);
		u32 pid = task->tid;
		memcpy(to + 16, &pid, 4);
		to[20] = (unsigned char)('a' + below(3));
		return 21;
	}
	return 2 + n + below(2);
}

static void do_socket(void)
{
	unsigned char a[110];
	u32 s = slot(), t = slot(), len = address(a);
	switch (below(9)) {
	case 0: {
		NOTE("bind %u %s", s, a + 2);
		/* For what has a name already the order of the checks is another one. */
		unsigned char nm[110];
		u32 nl = 110;
		const u64 get[6] = { (u64)our_fd[s], addr(nm), addr(&nl) };
		if (lx_dispatch(task, NR_getsockname, get) == 0 && nl > 2)
			break;
		both_fd(NR_bind, s, addr(a), len, 0, 0, 0);
		break;
	}
	case 1:
		NOTE("listen %u", s);
		both_fd(NR_listen, s, below(3), 0, 0, 0, 0);
		break;
	case 2:
		NOTE("connect %u %s", s, a + 2);
		both_fd(NR_connect, s, addr(a), len, 0, 0, 0);
		break;
	case 3: {
		NOTE("%u = accept %u", t, s);
		const u64 na[6] = { (u64)native_fd[s], 0, 0, O_NONBLOCK };
		const u64 oa[6] = { (u64)our_fd[s], 0, 0, O_NONBLOCK };
		opened(t, native(NR_accept4, na), lx_dispatch(task, NR_accept4, oa));
		break;
	}
	case 4:
		NOTE("shutdown %u", s);
		both_fd(NR_shutdown, s, below(4), 0, 0, 0, 0);
		break;
	case 5: {
		u64 n = length(), f = 0x4000;
		bool to = below(3) == 0;
		NOTE("sendto %u %lu %lx %s", s, n, f, to ? (char *)a + 2 : "");
		both_fd(NR_sendto, s, addr(wbuf), n, f, to ? addr(a) : 0, to ? len : 0);
		break;
	}
	case 6: {
		static const u32 fs[] = { 0, 2, 0x20, 0x22, 0x100, 0 };
		u64 n = length(), f = fs[below(6)];
		u32 nl = 110, ol = 110;
		unsigned char from[2][110];
		NOTE("recvfrom %u %lu %lx", s, n, f);
		memset(from, 0, sizeof from);
		const u64 na[6] = { (u64)native_fd[s], addr(nbuf), n, f, addr(from[0]), addr(&nl) };
		const u64 oa[6] = { (u64)our_fd[s], addr(obuf), n, f, addr(from[1]), addr(&ol) };
		s64 theirs = native(NR_recvfrom, na), ours = lx_dispatch(task, NR_recvfrom, oa);
		expect("result", theirs, ours);
		same_bytes("bytes", ours < (s64)n ? ours : (s64)n);
		if (ours >= 0) {
			expect("length of address", nl, ol);
			if (memcmp(from[0], from[1], nl < 110 ? nl : 110))
				differ("address", from[0][2], from[1][2]);
		}
		break;
	}
	case 7: {
		s32 nv[4] = { 0 }, ov[4] = { 0 }, nl = 4, ol = 4;
		static const u32 os[] = { 3, 4, 16, 30, 38, 39, 2 };
		u32 o = os[below(7)];
		NOTE("getsockopt %u %u", s, o);
		const u64 na[6] = { (u64)native_fd[s], 1, o, addr(nv), addr(&nl) };
		const u64 oa[6] = { (u64)our_fd[s], 1, o, addr(ov), addr(&ol) };
		expect("result", native(NR_getsockopt, na), lx_dispatch(task, NR_getsockopt, oa));
		expect("value", nv[0], ov[0]);
		break;
	}
	default: {
		u32 nl = 110, ol = 110, nr = below(2) ? NR_getsockname : NR_getpeername;
		unsigned char nm[2][110];
		memset(nm, 0, sizeof nm);
		NOTE("%s %u", lx_calls[nr].name, s);
		const u64 na[6] = { (u64)native_fd[s], addr(nm[0]), addr(&nl) };
		const u64 oa[6] = { (u64)our_fd[s], addr(nm[1]), addr(&ol) };
		s64 theirs = native(nr, na), ours = lx_dispatch(task, nr, oa);
		expect("result", theirs, ours);
		if (ours == 0 && (nl != ol || memcmp(nm[0], nm[1], nl)))
			differ("name", nl, ol);
	}
	}
}

static void do_poll(void)
{
	struct {
		s32 fd;
		int16_t events, now;
	} n[SLOTS], o[SLOTS];
	NOTE("poll");
	for (u32 i = 0; i < SLOTS; i++) {
		n[i].events = o[i].events = (int16_t)(below(4) ? 0x20c7 : below(256));
		n[i].fd = native_fd[i];
		o[i].fd = our_fd[i];
		n[i].now = o[i].now = 0;
		/* Whether a datagram would find room with somebody else is not told here. */
		struct file *f = fdtable_at(task->files, (u64)our_fd[i]);
		struct socket *s = f ? file_socket(f) : NULL;
		if (s && s->type == SOCK_DGRAM)
			n[i].events = o[i].events &= ~(POLLOUT | POLLWRNORM);
	}
	const u64 na[6] = { addr(n), SLOTS, 0 }, oa[6] = { addr(o), SLOTS, 0 };
	s64 theirs = native(NR_poll, na), ours = lx_dispatch(task, NR_poll, oa);
	for (u32 i = 0; i < SLOTS; i++)
		if (n[i].now != o[i].now) {
			printf("# slot %u\n", i);
			differ("events", n[i].now, o[i].now);
		}
	expect("poll", theirs, ours);
}

struct ep_event {
	u32 events;
	u64 data;
} __attribute__((packed));

static s32 native_ep, our_ep;

static void do_epoll(void)
{
	u32 s = slot();
	if (below(2)) {
		/* Level, not edge: when Linux tells of an edge again depends on its buffers. */
		struct ep_event e = { (u32)(below(2) ? 0x2005 : 1) | (below(5) ? 0 : 1u << 30), s };
		u32 op = below(3) + 1;
		NOTE("epoll_ctl %u %u %x", op, s, e.events);
		const u64 na[6] = { (u64)native_ep, op, (u64)(s64)native_fd[s], addr(&e) };
		const u64 oa[6] = { (u64)our_ep, op, (u64)(s64)our_fd[s], addr(&e) };
		expect("result", native(NR_epoll_ctl, na), lx_dispatch(task, NR_epoll_ctl, oa));
		return;
	}
	struct ep_event n[SLOTS * 2], o[SLOTS * 2];
	NOTE("epoll_wait");
	const u64 na[6] = { (u64)native_ep, addr(n), SLOTS * 2, 0 };
	const u64 oa[6] = { (u64)our_ep, addr(o), SLOTS * 2, 0 };
	s64 theirs = native(NR_epoll_wait, na), ours = lx_dispatch(task, NR_epoll_wait, oa);
	expect("number of events", theirs, ours);
	/* The order is not told anywhere. */
	u64 ns = 0, os = 0;
	for (s64 i = 0; i < ours; i++) {
		ns += (n[i].events + 1) * (n[i].data * n[i].data + 1);
		os += (o[i].events + 1) * (o[i].data * o[i].data + 1);
	}
	expect("events", (s64)ns, (s64)os);
}

static void do_move(void)
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

/* Files through a socket. */
static void do_rights(void)
{
	u32 s = slot(), t = slot();
	struct {
		u64 bytes;
		s32 level, type, fd, pad;
	} c[2] = { { 20, 1, 1, native_fd[t], 0 }, { 20, 1, 1, our_fd[t], 0 } };
	char b[2] = "f";
	struct lx_iovec iov = { addr(b), 1 };
	struct {
		u64 name;
		u32 name_len, pad;
		u64 iov, iovs, control, control_bytes;
		u32 flags, pad2;
	} h[2] = { { 0, 0, 0, addr(&iov), 1, addr(&c[0]), sizeof c[0], 0, 0 },
		   { 0, 0, 0, addr(&iov), 1, addr(&c[1]), sizeof c[1], 0, 0 } };
	bool send = below(2) && native_fd[t] >= 0;
	NOTE("%s %u a file %u", send ? "send" : "receive", s, t);
	u32 nr = send ? NR_sendmsg : NR_recvmsg, flags = send ? 0x4000 : 0;
	if (!send)
		c[0].fd = c[1].fd = -1;
	const u64 na[6] = { (u64)native_fd[s], addr(&h[0]), flags };
	const u64 oa[6] = { (u64)our_fd[s], addr(&h[1]), flags };
	s64 theirs = native(nr, na), ours = lx_dispatch(task, nr, oa);
	expect("result", theirs, ours);
	if (send || ours < 0)
		return;
	expect("control", (s64)h[0].control_bytes, (s64)h[1].control_bytes);
	expect("flags", h[0].flags, h[1].flags);
	if (h[1].control_bytes)
		put(t, c[0].fd, c[1].fd);
}

static void (*const actions[])(void) = {
	do_open,      do_open,       do_open,       do_open,  do_close,    do_read,
	do_read,      do_write,      do_write,      do_write, do_seek,     do_size,
	do_allocate,  do_name,       do_name,       do_name,  do_name,     do_two_names,
	do_two_names, do_stat,       do_stat,       do_fstat, do_readlink, do_attributes,
	do_list,      do_descriptor, do_descriptor, do_make,  do_socket,   do_socket,
	do_socket,    do_poll,       do_epoll,      do_move,  do_rights,
};

int main(int argc, char **argv)
{
	if (argc != 4 && argc != 5)
		return 2;
	signal(SIGPIPE, (void (*)(int))1); /* ignored: what is broken is told by the result */
	u64 seed = strtoul(argv[2], NULL, 10), count = strtoul(argv[3], NULL, 10);
	const char *dir = argv[1];
	u64 a[6] = { addr("tmpfs"), addr(dir), addr("tmpfs"), 0,
		     addr("mode=755,huge=never,noswap") };
	if (native(NR_mount, a) < 0) {
		a[4] = addr("mode=755");
		s64 r = native(NR_mount, a);
		if (r < 0) {
			printf("# no tmpfs can be mounted here: error %ld\n", -r);
			return 3;
		}
	}
	const u64 root[6] = { addr(dir) }, slash[6] = { addr("/") }, mask[6] = { 022 };
	const u64 ep[6] = { 0 };
	native(NR_chroot, root);
	native(NR_chdir, slash);
	native(NR_umask, mask);
	task = host_start((u32)native(NR_getpid, ep));
	for (u32 i = 0; i < SLOTS; i++)
		native_fd[i] = our_fd[i] = -1;
	native_ep = (s32)native(NR_epoll_create1, ep);
	our_ep = (s32)lx_dispatch(task, NR_epoll_create1, ep);
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	for (u32 i = 0; i < BYTES; i++)
		wbuf[i] = (unsigned char)(i * 7);
	/* Links that names above speak of. */
	both(NR_symlink, addr("d"), addr("l"), 0, 0, 0, 0);
	both(NR_symlink, addr("loop"), addr("loop"), 0, 0, 0, 0);
	both(NR_mkdir, addr("d"), 0755, 0, 0, 0, 0);
	for (calls = 0; calls < count; calls++) {
		actions[below(sizeof actions / sizeof *actions)]();
		if (argc == 5)
			printf("%u: %s = %ld\n", calls, last[calls % 16], last_result);
	}
	for (u32 i = 0; i < SLOTS; i++)
		put(i, -1, -1);
	return 0;
}
