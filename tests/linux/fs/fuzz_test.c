/* SPDX-License-Identifier: MIT */
/*
 * Calls of servers/linux/fs with arguments that may be anything, memory that may run out: nothing
 * must be touched that is not there (the sanitizers watch), and all must end.
 *
 *    fuzz_test SEED CALLS
 */
#define main tessera_main /* sys.h declares one of its own */
#include "host.h"
#undef main
#include "linux/names.h"

int printf(const char *format, ...);
unsigned long strtoul(const char *s, char **end, int base);

enum { BYTES = 65536, SLOTS = 24 };

static u64 state;
static unsigned char memory[BYTES] __attribute__((aligned(4096)));
static const char *const names[] = {
	"a",
	"b",
	"d",
	"d/a",
	"/",
	"..",
	"/proc",
	"/proc/self",
	"/proc/self/fd",
	"/proc/1/maps",
	"/dev",
	"/dev/null",
	"/proc/self/fd/3",
	"/proc/self/fd/4",
	"/proc/self/exe",
	"/dev/fd/5",
	"/sys/devices/system/cpu/online",
	"/proc/self/status",
	"/proc/cpuinfo",
	"/proc/self/mountinfo",
	"l",
	"loop",
	"/dev/zero",
	"/proc/self/cwd/d",
	"/dev/pts",
	"/proc/sys/kernel/random/uuid",
	"tmpfs",
	"proc",
	"sock",
};
static u32 below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33) % n;
}

static u64 argument(void)
{
	static const u64 special[] = { 0,
				       1,
				       2,
				       3,
				       4,
				       8,
				       16,
				       4095,
				       4096,
				       65535,
				       0x7fffffff,
				       0x80000000,
				       0xffffffff,
				       0x100000000,
				       1ull << 62,
				       1ull << 63,
				       ~0ull,
				       0x7ffffffff000,
				       O_CREAT | O_RDWR,
				       O_DIRECTORY,
				       O_PATH,
				       AT_EMPTY_PATH,
				       (u64)AT_FDCWD,
				       0x541b,
				       0x5421,
				       1033 };
	switch (below(8)) {
	case 0: return special[below(sizeof special / sizeof *special)];
	case 1:
	case 2: return below(SLOTS);
	case 3: {
		/* A name, somewhere in the last page. */
		const char *s = names[below(sizeof names / sizeof *names)];
		unsigned char *at = memory + BYTES - 4096 + below(63) * 64;
		memcpy(at, s, str_len(s) + 1);
		return (u64)(uintptr_t)at;
	}
	case 4: return (u64)(uintptr_t)(memory + below(BYTES));
	case 5: return (u64)(uintptr_t)(memory + below(64) * 8);
	case 6: return below(64);
	default: return below(4) ? below(70000) : state;
	}
}

int main(int argc, char **argv)
{
	u32 nr[LX_CALLS], count = 0;
	if (argc != 3)
		return 2;
	state = strtoul(argv[1], NULL, 10) * 0x9e3779b97f4a7c15ull + 1;
	struct task *t = host_start(1);
	host_mounts(t);
	const u64 none[6] = { 0 };
	for (u32 i = 0; i < LX_CALLS; i++)
		if (lx_calls[i].name && lx_dispatch(t, i, none) != -ENOSYS)
			nr[count++] = i;
	host_memory = memory;
	host_memory_bytes = BYTES;
	t->process->rlimit[RLIMIT_NOFILE].soft = SLOTS;
	for (u64 n = strtoul(argv[2], NULL, 10); n > 0; n--) {
		u64 a[6];
		u32 which = nr[below(count)];
		/* Most go to what there is, so that there is something. */
		if (below(3) == 0) {
			static const u32 makers[] = {
				NR_open,    NR_socketpair,    NR_pipe2,    NR_mkdir,
				NR_symlink, NR_epoll_create1, NR_eventfd2, NR_memfd_create,
				NR_socket,  NR_inotify_init1, NR_mknod,    NR_timerfd_create
			};
			which = makers[below(sizeof makers / sizeof *makers)];
		}
		for (u32 i = 0; i < 6; i++)
			a[i] = argument();
		if (below(2))
			a[0] = below(SLOTS);
		for (u32 i = 0; i < 8; i++)
			((u64 *)(void *)memory)[below(64)] = argument();
		if (below(50) == 0)
			host_fail_after = below(6);
		lx_dispatch(t, which, a);
		host_fail_after = UINT64_MAX;
		/* It must be able to go on. */
		t->ids.fsuid = t->ids.euid = 0;
		t->ids.cap_effective = t->ids.cap_permitted;
	}
	for (u32 fd = 0; fd < SLOTS; fd++)
		lx_dispatch(t, NR_close, (u64[6]){ fd });
	return 0;
}
