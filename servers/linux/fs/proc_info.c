/* SPDX-License-Identifier: MIT */
/*
 * /proc: texts about the system.
 */
#include "../core/random.h"
#include "../tty/tty.h"
#include "proc.h"

#define KIB(pages) ((pages) * (u64)(PAGE / 1024))
#define SECOND ((u64)NS_PER_SEC)

void info_meminfo(struct text *x, const struct subject *s)
{
	u64 total = KIB(pages_total()), left = KIB(pages_free());
	(void)s;
	const struct {
		const char *name;
		u64 kib;
	} line[] = {
		{ "MemTotal:", total },
		{ "MemFree:", left },
		{ "MemAvailable:", left },
		{ "Buffers:", 0 },
		{ "Cached:", 0 },
		{ "SwapCached:", 0 },
		{ "Active:", total - left },
		{ "Inactive:", 0 },
		{ "SwapTotal:", 0 },
		{ "SwapFree:", 0 },
		{ "Dirty:", 0 },
		{ "Writeback:", 0 },
		{ "AnonPages:", total - left },
		{ "Mapped:", 0 },
		{ "Shmem:", 0 },
		{ "Slab:", 0 },
		{ "SReclaimable:", 0 },
		{ "SUnreclaim:", 0 },
		{ "PageTables:", 0 },
		{ "CommitLimit:", total },
		{ "Committed_AS:", total - left },
		{ "VmallocTotal:", 0 },
		{ "VmallocUsed:", 0 },
		{ "HugePages_Total:", 0 },
		{ "HugePages_Free:", 0 },
		{ "Hugepagesize:", 2048 },
	};
	for (u32 i = 0; i < sizeof line / sizeof *line; i++)
		text_add(x, line[i].name[9] == '_' ? "%-16s%8lu\n" : "%-16s%8lu kB\n", line[i].name,
			 line[i].kib);
}

struct cpuid {
	u32 a, b, c, d;
};

static struct cpuid cpuid(u32 leaf)
{
	struct cpuid r;
	__asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(0));
	return r;
}

/* Names of the feature bits of leaf 1, and of the first ones of 7 and 0x80000001, as Linux has them. */
static const char *const names_1d[32] = {
	"fpu",  "vme",  "de",   "pse", "tsc",  "msr", "pae",   "mce", "cx8",     "apic", NULL,
	"sep",  "mtrr", "pge",  "mca", "cmov", "pat", "pse36", "pn",  "clflush", NULL,   "dts",
	"acpi", "mmx",  "fxsr", "sse", "sse2", "ss",  "ht",    "tm",  "ia64",    "pbe",
};
static const char *const names_1c[32] = {
	"pni",    "pclmulqdq",  "dtes64", "monitor", "ds_cpl",
	"vmx",    "smx",        "est",    "tm2",     "ssse3",
	"cid",    "sdbg",       "fma",    "cx16",    "xtpr",
	"pdcm",   NULL,         "pcid",   "dca",     "sse4_1",
	"sse4_2", "x2apic",     "movbe",  "popcnt",  "tsc_deadline_timer",
	"aes",    "xsave",      NULL,     "avx",     "f16c",
	"rdrand", "hypervisor",
};
static const char *const names_7b[32] = {
	"fsgsbase",   "tsc_adjust", "sgx",        "bmi1",     "hle",      "avx2",     NULL,
	"smep",       "bmi2",       "erms",       "invpcid",  "rtm",      "cqm",      NULL,
	"mpx",        "rdt_a",      "avx512f",    "avx512dq", "rdseed",   "adx",      "smap",
	"avx512ifma", NULL,         "clflushopt", "clwb",     "intel_pt", "avx512pf", "avx512er",
	"avx512cd",   "sha_ni",     "avx512bw",   "avx512vl",
};

static void flags(struct text *x, const char *const names[32], u32 bits)
{
	for (u32 i = 0; i < 32; i++)
		if ((bits >> i & 1) && names[i])
			text_add(x, " %s", names[i]);
}

static void brand(char to[49])
{
	memset(to, 0, 49);
	if (cpuid(0x80000000).a < 0x80000004) {
		memcpy(to, "x86-64", 6);
		return;
	}
	for (u32 i = 0; i < 3; i++) {
		struct cpuid r = cpuid(0x80000002 + i);
		memcpy(to + 16 * i, &r, 16);
	}
}

void info_cpuinfo(struct text *x, const struct subject *s)
{
	struct cpuid v = cpuid(0), one = cpuid(1), ext = cpuid(0x80000001);
	struct cpuid seven = v.a >= 7 ? cpuid(7) : (struct cpuid){ 0 };
	char vendor[13] = { 0 }, name[49];
	u32 family = one.a >> 8 & 15, model = one.a >> 4 & 15;
	(void)s;
	memcpy(vendor, &v.b, 4);
	memcpy(vendor + 4, &v.d, 4);
	memcpy(vendor + 8, &v.c, 4);
	brand(name);
	if (family == 6 || family == 15)
		model |= one.a >> 12 & 0xf0;
	if (family == 15)
		family += one.a >> 20 & 255;
	for (u32 cpu = 0; cpu < env.cpus; cpu++) {
		text_add(x, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n",
			 cpu, vendor, family, model);
		text_add(x, "model name\t: %s\nstepping\t: %u\n", name, one.a & 15);
		text_add(x, "cpu MHz\t\t: %lu.%03lu\n", env.clock_hz / 1000000,
			 env.clock_hz / 1000 % 1000);
		text_add(x, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
			 env.cpus, cpu, env.cpus);
		text_add(x, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n",
			 v.a);
		text_add(x, "flags\t\t:");
		flags(x, names_1d, one.d);
		if (ext.d >> 11 & 1)
			text_add(x, " syscall");
		if (ext.d >> 20 & 1)
			text_add(x, " nx");
		if (ext.d >> 27 & 1)
			text_add(x, " rdtscp");
		if (ext.d >> 29 & 1)
			text_add(x, " lm");
		flags(x, names_1c, one.c);
		flags(x, names_7b, seven.b);
		text_add(x, "\nbogomips\t: %lu.00\nclflush size\t: 64\n", env.clock_hz / 500000);
		text_add(x, "address sizes\t: 46 bits physical, 48 bits virtual\n\n");
	}
}

void info_stat(struct text *x, const struct subject *s)
{
	const u64 tick = SECOND / CLOCK_TICKS;
	u64 up = now_mono(), busy = busy_ns() / tick, all = up / tick * env.cpus, load[3];
	u64 idle = all > busy ? all - busy : 0;
	u32 running, tasks;
	(void)s;
	load_averages(load, &running, &tasks);
	text_add(x, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n", busy, idle);
	for (u32 i = 0; i < env.cpus; i++)
		text_add(x, "cpu%u %lu 0 0 %lu 0 0 0 0 0 0\n", i, busy / env.cpus, idle / env.cpus);
	text_add(x, "intr 0\nctxt 0\nbtime %lu\nprocesses %u\n", (now_real() - up) / SECOND,
		 last_pid());
	text_add(x, "procs_running %u\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
		 running ? running : 1);
}

void info_uptime(struct text *x, const struct subject *s)
{
	u64 up = now_mono(), busy = busy_ns(), all = up * env.cpus;
	u64 idle = all > busy ? all - busy : 0;
	(void)s;
	text_add(x, "%lu.%02lu %lu.%02lu\n", up / SECOND, up / 10000000 % 100, idle / SECOND,
		 idle / 10000000 % 100);
}

void info_loadavg(struct text *x, const struct subject *s)
{
	u64 load[3];
	u32 running, tasks;
	(void)s;
	load_averages(load, &running, &tasks);
	for (u32 i = 0; i < 3; i++)
		text_add(x, "%lu.%02lu ", load[i] >> 16, (load[i] & 65535) * 100 >> 16);
	text_add(x, "%u/%u %u\n", running, tasks, last_pid());
}

void info_cpus(struct text *x, const struct subject *s)
{
	(void)s;
	text_add(x, env.cpus > 1 ? "0-%u\n" : "%u\n", env.cpus - 1);
}

void info_uuid(struct text *x, const struct subject *s)
{
	unsigned char b[16];
	(void)s;
	random_bytes(b, sizeof b);
	b[6] = (unsigned char)((b[6] & 15) | 0x40);
	b[8] = (unsigned char)((b[8] & 63) | 0x80);
	for (u32 i = 0; i < sizeof b; i++)
		text_add(x, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", (u32)b[i]);
	text_add(x, "\n");
}

void info_filesystems(struct text *x, const struct subject *s)
{
	(void)s;
	text_add(x, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tramfs\nnodev\tproc\nnodev\tdevtmpfs\n"
		    "nodev\tdevpts\n");
}

void info_file_nr(struct text *x, const struct subject *s)
{
	(void)s;
	text_add(x, "%lu\t0\t262144\n", files_open());
}

void info_pty_nr(struct text *x, const struct subject *s)
{
	u32 n = 0;
	(void)s;
	for (s64 i = -1; (i = pts_next((u32)(i + 1))) >= 0;)
		n++;
	text_add(x, "%u\n", n);
}
