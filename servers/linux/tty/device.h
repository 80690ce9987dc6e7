/* SPDX-License-Identifier: MIT */
/*
 * What a terminal is, for device.c (files, job control), console.c and pty.c.
 */
#pragma once
#include "ldisc.h"
#include "tty.h"

struct winsize {
	uint16_t rows, columns, xpixels, ypixels;
};

struct tty {
	u32 refs;
	struct ldisc ldisc;
	struct waitq readers; /* something can be read */
	struct waitq writers; /* something can be written; room for what is typed */
	u32 sid, pgid;        /* session it controls, foreground group; 0: none */
	struct winsize size;
	u64 rdev;
	bool hung_up, exclusive;
	u32 opens; /* files open on it */
	/* Bytes that the terminal takes now, at least LDISC_OUT or none; and giving it bytes, no more than that. */
	size_t (*room)(struct tty *t);
	void (*send)(struct tty *t, const char *bytes, size_t n);
	void (*closed)(struct tty *t); /* the last file was closed; or NULL */
	void (*freed)(struct tty *t);  /* the last reference went */
};

extern const struct file_ops tty_file_ops;

void tty_init(struct tty *t, u64 rdev);
/* Open a file on it: takes a reference, may become the controlling terminal. */
s64 tty_open(struct tty *t, struct file *f);
/* Nobody is at the other end any more. */
void tty_hang_up(struct tty *t);
/* Bytes were typed: readers are woken. @return how many were taken */
size_t tty_type(struct tty *t, const char *bytes, size_t n);
void tty_set_size(struct tty *t, const struct winsize *size);
/* Requests that both ends of a pseudo-terminal know; -ENOTTY: another one. */
s64 tty_ioctl_common(struct tty *t, u64 request, u64 arg);
