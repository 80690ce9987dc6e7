/* SPDX-License-Identifier: MIT */
/*
 * Terminals: line discipline, the console, pseudo-terminals.
 */
#pragma once
#include "../fs/vfs.h"

struct tty;

/* The console exists before the first process. */
void tty_start(void);
/* Bytes typed at the console. Never sleeps. */
void console_input(const char *bytes, size_t n);
/* The console takes bytes again that it did not (env.console_room). Never sleeps. */
void console_drained(void);
/* The size of the console changed: SIGWINCH. */
void console_resize(u32 rows, u32 columns);

/* Files of /dev/console and /dev/tty (the caller's controlling terminal), /dev/ptmx, /dev/pts/N: */
s64 tty_open_console(struct inode *i, struct file *f);
s64 tty_open_current(struct inode *i, struct file *f);
s64 tty_open_ptmx(struct inode *i, struct file *f);
s64 tty_open_pts(struct inode *i, struct file *f, u32 number);
/* Numbers of pseudo-terminals that exist, for /dev/pts: the next one >= from, or -1. */
s64 pts_next(u32 from);

/* The session leader of `sid` ended: hang up. */
void tty_session_ended(u32 sid);
void tty_get(struct tty *t);
void tty_put(struct tty *t);
/* For /proc/PID/stat: device number and foreground group. */
u64 tty_rdev(const struct tty *t);
u32 tty_group(const struct tty *t);
