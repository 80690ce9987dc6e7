/* SPDX-License-Identifier: MIT */
/*
 * /proc and /sys: trees of texts that are made when they are read.
 */
#pragma once
#include "fs.h"

/* What is being looked at; p and t NULL in files about the system. */
struct subject {
	struct process *p;
	struct task *t; /* one that has not ended, or NULL */
	u32 fd;
};

/* What the numbers among a directory's names are. */
enum proc_numbers { NUMBERS_NONE, NUMBERS_PIDS, NUMBERS_TASKS, NUMBERS_FDS, NUMBERS_FDINFO };

/* A name in a table; the last one has no name. */
struct proc_entry {
	const char *name;
	u32 mode;
	void (*text)(struct text *x, const struct subject *s);
	const struct proc_entry *names; /* of a directory */
	s64 (*link)(const struct subject *s, struct path *p, struct text *x);
	s64 (*write)(const struct subject *s, const char *text, u64 n);
	enum proc_numbers numbers;
};

extern const struct proc_entry proc_root[], sys_root[], proc_pid[], proc_tid[];

/* About the system (proc_info.c). */
void info_meminfo(struct text *x, const struct subject *s);
void info_cpuinfo(struct text *x, const struct subject *s);
void info_stat(struct text *x, const struct subject *s);
void info_uptime(struct text *x, const struct subject *s);
void info_loadavg(struct text *x, const struct subject *s);
void info_cpus(struct text *x, const struct subject *s);
void info_uuid(struct text *x, const struct subject *s);
void info_filesystems(struct text *x, const struct subject *s);
void info_file_nr(struct text *x, const struct subject *s);
void info_pty_nr(struct text *x, const struct subject *s);

/* About a process (proc_pid.c). */
void pid_stat(struct text *x, const struct subject *s);
void pid_statm(struct text *x, const struct subject *s);
void pid_status(struct text *x, const struct subject *s);
void pid_cmdline(struct text *x, const struct subject *s);
void pid_environ(struct text *x, const struct subject *s);
void pid_comm(struct text *x, const struct subject *s);
s64 pid_comm_set(const struct subject *s, const char *text, u64 n);
void pid_maps(struct text *x, const struct subject *s);
void pid_limits(struct text *x, const struct subject *s);
void pid_mounts(struct text *x, const struct subject *s);
void pid_mountinfo(struct text *x, const struct subject *s);
void pid_io(struct text *x, const struct subject *s);
void pid_fdinfo(struct text *x, const struct subject *s);
s64 pid_exe(const struct subject *s, struct path *p, struct text *x);
s64 pid_cwd(const struct subject *s, struct path *p, struct text *x);
s64 pid_root(const struct subject *s, struct path *p, struct text *x);
s64 pid_fd(const struct subject *s, struct path *p, struct text *x);
