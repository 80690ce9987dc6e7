/* SPDX-License-Identifier: MIT */
/*
 * What there is in /proc and /sys.
 */
#include "../core/uname.h"
#include "proc.h"

#define DIR(n, entries)                                                                            \
	{                                                                                          \
		.name = n, .mode = S_IFDIR | 0555, .names = entries                                \
	}
#define NUMBERED(n, bits, which)                                                                   \
	{                                                                                          \
		.name = n, .mode = S_IFDIR | (bits), .numbers = which                              \
	}
#define TEXT(n, bits, f)                                                                           \
	{                                                                                          \
		.name = n, .mode = S_IFREG | (bits), .text = f                                     \
	}
#define LINK(n, f)                                                                                 \
	{                                                                                          \
		.name = n, .mode = S_IFLNK | 0777, .link = f                                       \
	}
#define VALUE(n, f)                                                                                \
	{                                                                                          \
		.name = n, .mode = S_IFREG | 0644, .text = f, .write = ignored                     \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}
/* A function whose text never changes. */
#define FIXED(f, string)                                                                           \
	static void f(struct text *x, const struct subject *s)                                     \
	{                                                                                          \
		(void)s;                                                                           \
		text_bytes(x, string, sizeof string - 1);                                          \
	}

/* Values that may be set, by root, and change nothing. */
static s64 ignored(const struct subject *s, const char *text, u64 n)
{
	(void)s, (void)text, (void)n;
	return 0;
}

FIXED(nothing, "")
FIXED(zero, "0\n")
FIXED(one, "1\n")
FIXED(fifty, "50\n")
FIXED(pid_max, "32768\n")
FIXED(groups_max, "32\n")
FIXED(threads_max, "4096\n")
FIXED(somaxconn, "4096\n")
FIXED(file_max, "262144\n")
FIXED(nr_open, "65536\n")
FIXED(pipe_max, "1048576\n")
FIXED(watches, "65536\n")
FIXED(instances, "128\n")
FIXED(max_map, "65530\n")
FIXED(min_addr, "65536\n")
FIXED(cap_last, "40\n")
FIXED(core_pattern, "core\n")
FIXED(pty_max, "4096\n")
FIXED(shmmax, "18446744073692774399\n")
FIXED(cmdline, "\n")
FIXED(cgroup, "0::/\n")
FIXED(id_map, "         0          0 4294967295\n")
FIXED(allow, "allow\n")
FIXED(no_id, "4294967295")
FIXED(devices, "Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n"
	       "  5 /dev/ptmx\n136 pts\n\nBlock devices:\n")
FIXED(swaps, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")
FIXED(partitions, "major minor  #blocks  name\n\n")
FIXED(net_dev, "Inter-|   Receive                                                |  Transmit\n"
	       " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
	       "packets errs drop fifo colls carrier compressed\n")
FIXED(net_tcp, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   "
	       "uid  timeout inode\n")
FIXED(net_unix, "Num       RefCount Protocol Flags    Type St Inode Path\n")
FIXED(net_route, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\t"
		 "IRTT\n")

/* What uname tells. */
#define UNAME(f, field)                                                                            \
	static void f(struct text *x, const struct subject *s)                                     \
	{                                                                                          \
		(void)s;                                                                           \
		text_add(x, "%s\n", uname_values.field);                                           \
	}

UNAME(ostype, sysname)
UNAME(osrelease, release)
UNAME(osversion, version)
UNAME(hostname, nodename)
UNAME(domainname, domainname)

static void version(struct text *x, const struct subject *s)
{
	(void)s;
	text_add(x, "%s version %s (tessera) %s\n", uname_values.sysname, uname_values.release,
		 uname_values.version);
}

static s64 self(const struct subject *s, struct path *p, struct text *x)
{
	(void)s, (void)p;
	text_add(x, "%u", current()->process->pid);
	return 0;
}

static s64 thread_self(const struct subject *s, struct path *p, struct text *x)
{
	(void)s, (void)p;
	text_add(x, "%u/task/%u", current()->process->pid, current()->tid);
	return 0;
}

static s64 self_mounts(const struct subject *s, struct path *p, struct text *x)
{
	(void)s, (void)p;
	text_add(x, "self/mounts");
	return 0;
}

static s64 self_net(const struct subject *s, struct path *p, struct text *x)
{
	(void)s, (void)p;
	text_add(x, "self/net");
	return 0;
}

/* --- processes -------------------------------------------------------------------------- */

static const struct proc_entry net[] = {
	TEXT("dev", 0444, net_dev),      TEXT("tcp", 0444, net_tcp),
	TEXT("tcp6", 0444, net_tcp),     TEXT("udp", 0444, net_tcp),
	TEXT("udp6", 0444, net_tcp),     TEXT("raw", 0444, net_tcp),
	TEXT("unix", 0444, net_unix),    TEXT("route", 0444, net_route),
	TEXT("if_inet6", 0444, nothing), END,
};

#define OF_TASK                                                                                    \
	TEXT("stat", 0444, pid_stat), TEXT("status", 0444, pid_status),                            \
		TEXT("statm", 0444, pid_statm), TEXT("cmdline", 0444, pid_cmdline),                \
		TEXT("environ", 0400, pid_environ),                                                \
		{ .name = "comm",                                                                  \
		  .mode = S_IFREG | 0644,                                                          \
		  .text = pid_comm,                                                                \
		  .write = pid_comm_set },                                                         \
		LINK("exe", pid_exe), LINK("cwd", pid_cwd), LINK("root", pid_root),                \
		TEXT("maps", 0444, pid_maps), TEXT("limits", 0444, pid_limits),                    \
		TEXT("mounts", 0444, pid_mounts), TEXT("mountinfo", 0444, pid_mountinfo),          \
		TEXT("io", 0400, pid_io), VALUE("oom_score", zero), VALUE("oom_adj", zero),        \
		VALUE("oom_score_adj", zero), TEXT("cgroup", 0444, cgroup),                        \
		TEXT("wchan", 0444, zero), TEXT("personality", 0400, zero),                        \
		VALUE("loginuid", no_id), TEXT("sessionid", 0444, no_id),                          \
		VALUE("uid_map", id_map), VALUE("gid_map", id_map), VALUE("setgroups", allow),     \
		TEXT("sched", 0444, nothing), VALUE("timerslack_ns", fifty), DIR("net", net)

const struct proc_entry proc_pid[] = {
	OF_TASK,
	NUMBERED("fd", 0500, NUMBERS_FDS),
	NUMBERED("fdinfo", 0500, NUMBERS_FDINFO),
	NUMBERED("task", 0555, NUMBERS_TASKS),
	END,
};
const struct proc_entry proc_tid[] = {
	OF_TASK,
	NUMBERED("fd", 0500, NUMBERS_FDS),
	NUMBERED("fdinfo", 0500, NUMBERS_FDINFO),
	END,
};

/* --- the system --------------------------------------------------------------------------- */

static const struct proc_entry sys_random[] = {
	TEXT("uuid", 0444, info_uuid),
	TEXT("boot_id", 0444, info_uuid),
	TEXT("entropy_avail", 0444, threads_max),
	TEXT("poolsize", 0444, threads_max),
	END,
};
static const struct proc_entry sys_pty[] = {
	VALUE("max", pty_max),
	TEXT("nr", 0444, info_pty_nr),
	END,
};
static const struct proc_entry sys_kernel[] = {
	VALUE("pid_max", pid_max),
	TEXT("ngroups_max", 0444, groups_max),
	TEXT("ostype", 0444, ostype),
	TEXT("osrelease", 0444, osrelease),
	TEXT("version", 0444, osversion),
	TEXT("hostname", 0444, hostname),
	TEXT("domainname", 0444, domainname),
	VALUE("threads-max", threads_max),
	VALUE("core_pattern", core_pattern),
	VALUE("core_uses_pid", zero),
	TEXT("cap_last_cap", 0444, cap_last),
	VALUE("randomize_va_space", one),
	VALUE("shmmax", shmmax),
	VALUE("yama", zero),
	DIR("random", sys_random),
	DIR("pty", sys_pty),
	END,
};
static const struct proc_entry sys_vm[] = {
	VALUE("overcommit_memory", one), VALUE("overcommit_ratio", fifty),
	VALUE("max_map_count", max_map), VALUE("mmap_min_addr", min_addr),
	VALUE("swappiness", zero),       END,
};
static const struct proc_entry sys_core[] = {
	VALUE("somaxconn", somaxconn),
	END,
};
static const struct proc_entry sys_net[] = {
	DIR("core", sys_core),
	END,
};
static const struct proc_entry sys_inotify[] = {
	VALUE("max_user_watches", watches),
	VALUE("max_user_instances", instances),
	VALUE("max_queued_events", threads_max),
	END,
};
static const struct proc_entry sys_fs[] = {
	VALUE("file-max", file_max),       TEXT("file-nr", 0444, info_file_nr),
	VALUE("nr_open", nr_open),         VALUE("pipe-max-size", pipe_max),
	VALUE("protected_hardlinks", one), VALUE("protected_symlinks", zero),
	DIR("inotify", sys_inotify),       END,
};
static const struct proc_entry sys[] = {
	DIR("kernel", sys_kernel), DIR("vm", sys_vm), DIR("net", sys_net), DIR("fs", sys_fs), END,
};

const struct proc_entry proc_root[] = {
	LINK("self", self),
	LINK("thread-self", thread_self),
	LINK("mounts", self_mounts),
	LINK("net", self_net),
	TEXT("meminfo", 0444, info_meminfo),
	TEXT("cpuinfo", 0444, info_cpuinfo),
	TEXT("stat", 0444, info_stat),
	TEXT("uptime", 0444, info_uptime),
	TEXT("loadavg", 0444, info_loadavg),
	TEXT("version", 0444, version),
	TEXT("filesystems", 0444, info_filesystems),
	TEXT("cmdline", 0444, cmdline),
	TEXT("devices", 0444, devices),
	TEXT("swaps", 0444, swaps),
	TEXT("partitions", 0444, partitions),
	TEXT("diskstats", 0444, nothing),
	TEXT("modules", 0444, nothing),
	TEXT("vmstat", 0444, nothing),
	TEXT("interrupts", 0444, nothing),
	DIR("sys", sys),
	END,
};

/* --- /sys ------------------------------------------------------------------------------------ */

static const struct proc_entry cpu[] = {
	TEXT("online", 0444, info_cpus),
	TEXT("possible", 0444, info_cpus),
	TEXT("present", 0444, info_cpus),
	END,
};
static const struct proc_entry system_[] = {
	DIR("cpu", cpu),
	END,
};
static const struct proc_entry devices_[] = {
	DIR("system", system_),
	END,
};
static const struct proc_entry empty[] = {
	END,
};
static const struct proc_entry kernel_[] = {
	DIR("mm", empty),
	END,
};
static const struct proc_entry sys_fs_[] = {
	DIR("cgroup", empty),
	END,
};
const struct proc_entry sys_root[] = {
	DIR("devices", devices_),
	DIR("kernel", kernel_),
	DIR("fs", sys_fs_),
	DIR("block", empty),
	DIR("bus", empty),
	DIR("class", empty),
	END,
};
