/* SPDX-License-Identifier: MIT */
/*
 * Random calls on files, made of the kernel that runs this test and of servers/linux/fs: results
 * and what is read must be the same.  Both begin with an empty tmpfs as their root.
 *
 *    diff_test DIRECTORY SEED CALLS [v]
 *
 * DIRECTORY: an empty one, on which a tmpfs is mounted.  v: each call is printed.
 */
#include "diff.h"

_Noreturn void exit(int status);
int fflush(void *f);
long syscall(long nr, ...);
int *__errno_location(void);
unsigned long strtoul(const char *s, char **end, int base);
void (*signal(int number, void (*handler)(int)))(int);

enum { LAST = 16, NOTE_BYTES = 200 };

struct task *task;
s32 native_fd[SLOTS], our_fd[SLOTS], native_ep, our_ep;
u64 state;
static u32 calls;
/* What is called, for a report. */
static char last[LAST][NOTE_BYTES];

u32 below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33) % n;
}

s64 native(u64 nr, const u64 a[6])
{
	long r = syscall((long)nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return r == -1 ? -(s64)*__errno_location() : r;
}

_Noreturn void differ(const char *what, s64 theirs, s64 ours)
{
	for (u32 i = LAST; i-- > 0;)
		if (calls >= i && last[(calls - i) % LAST][0])
			printf("# %s\n", last[(calls - i) % LAST]);
	printf("# call %u: %s: Linux %ld, here %ld\n", calls, what, theirs, ours);
	fflush(NULL);
	exit(1);
}

static s64 last_result;

void expect(const char *what, s64 theirs, s64 ours)
{
	last_result = ours;
	if (theirs != ours)
		differ(what, theirs, ours);
}

struct text note_begin(void)
{
	return (struct text){ .at = last[calls % LAST], .room = NOTE_BYTES - 1 };
}

s64 both(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	const u64 args[6] = { a, b, c, d, e, f };
	s64 theirs = native(nr, args), ours = lx_dispatch(task, nr, args);
	expect("result", theirs, ours);
	return ours;
}

s64 both_fd(u64 nr, u32 slot, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	const u64 na[6] = { (u64)(s64)native_fd[slot], b, c, d, e, f };
	const u64 oa[6] = { (u64)(s64)our_fd[slot], b, c, d, e, f };
	s64 theirs = native(nr, na), ours = lx_dispatch(task, nr, oa);
	expect("result", theirs, ours);
	return ours;
}

void put(u32 slot, s64 theirs, s64 ours)
{
	if (native_fd[slot] >= 0) {
		const u64 na[6] = { (u64)native_fd[slot] }, oa[6] = { (u64)our_fd[slot] };
		expect("close", native(NR_close, na), lx_dispatch(task, NR_close, oa));
	}
	native_fd[slot] = (s32)theirs;
	our_fd[slot] = (s32)ours;
}

void opened(u32 slot, s64 theirs, s64 ours)
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

const char *name(void)
{
	static char large[300];
	u32 n = below(NAMES + 1);
	if (n < NAMES)
		return names[n];
	memset(large, 'x', sizeof large);
	large[below(2) ? 255 : 256] = 0;
	return large;
}

u32 slot(void)
{
	return below(SLOTS);
}

u32 mode(void)
{
	static const u32 m[] = {
		0644, 0755, 0700, 0600, 0444, 0, 0777, 04755, 02755, 01777, 02070
	};
	return m[below(sizeof m / sizeof *m)];
}

void where(s64 *theirs, s64 *ours)
{
	u32 s = slot();
	bool here = below(4) != 0;
	*theirs = here ? AT_FDCWD : native_fd[s];
	*ours = here ? AT_FDCWD : our_fd[s];
}

u64 offset(void)
{
	static const u64 o[] = { 0, 1, 100, 4095, 4096, 4097, 8192, 12000, 65536, 200000 };
	return o[below(sizeof o / sizeof *o)] + (below(3) ? 0 : below(5000));
}

unsigned char wbuf[BYTES], nbuf[BYTES + 64], obuf[BYTES + 64];

u64 length(void)
{
	static const u32 l[] = { 0, 1, 5, 100, 1000, 4096, 5000, 9000, BYTES };
	return l[below(sizeof l / sizeof *l)];
}

void same_bytes(const char *what, s64 n)
{
	if (n > 0 && memcmp(nbuf, obuf, (u64)n) != 0)
		differ(what, nbuf[0], obuf[0]);
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
			printf("%u: %s = %ld\n", calls, last[calls % LAST], last_result);
	}
	for (u32 i = 0; i < SLOTS; i++)
		put(i, -1, -1);
	return 0;
}
