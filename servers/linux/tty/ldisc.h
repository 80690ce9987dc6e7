/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what becomes of bytes between a terminal and programs
 * (termios(3); POSIX.1-2017 chapter 11).  Pure: it knows neither tasks nor files.
 *
 * Owns:       the bytes that were typed and not read.
 * Never:      sleeps.
 */
#pragma once
#include "../linux.h"

/* As ioctl TCGETS gives it (include/uapi/asm-generic/termbits.h). */
struct termios {
	u32 iflag, oflag, cflag, lflag;
	unsigned char line;
	unsigned char cc[19];
};
_Static_assert(sizeof(struct termios) == 36, "what programs pass");

/* Indices of cc. */
enum {
	VINTR,
	VQUIT,
	VERASE,
	VKILL,
	VEOF,
	VTIME,
	VMIN,
	VSWTC,
	VSTART,
	VSTOP,
	VSUSP,
	VEOL,
	VREPRINT,
	VDISCARD,
	VWERASE,
	VLNEXT,
	VEOL2,
};
enum { /* iflag */
       IGNBRK = 1,
       BRKINT = 2,
       IGNPAR = 4,
       ISTRIP = 040,
       INLCR = 0100,
       IGNCR = 0200,
       ICRNL = 0400,
       IUCLC = 01000,
       IXON = 02000,
       IXANY = 04000,
       IXOFF = 010000,
       IMAXBEL = 020000,
       IUTF8 = 040000,
};
enum { /* oflag */
       OPOST = 1,
       OLCUC = 2,
       ONLCR = 4,
       OCRNL = 010,
       ONOCR = 020,
       ONLRET = 040,
       TABDLY = 014000,
};
enum { /* cflag */
       B38400 = 017,
       CSIZE = 060,
       CS8 = 060,
       CREAD = 0200,
       PARENB = 0400,
       HUPCL = 02000,
};
enum { /* lflag */
       ISIG = 1,
       ICANON = 2,
       ECHO = 010,
       ECHOE = 020,
       ECHOK = 040,
       ECHONL = 0100,
       NOFLSH = 0200,
       TOSTOP = 0400,
       ECHOCTL = 01000,
       ECHOPRT = 02000,
       ECHOKE = 04000,
       IEXTEN = 0100000,
};

enum { LDISC_ROOM = 4096, LDISC_OUT = 8 };

struct ldisc {
	struct termios termios;
	/* Positions run freely; what is typed stands at position modulo LDISC_ROOM. */
	u32 head;     /* next byte to be read */
	u32 ready;    /* canonical mode: end of the last whole line */
	u32 tail;     /* end of what was typed */
	bool literal; /* the next byte means itself (VLNEXT) */
	bool stopped; /* output is stopped (VSTOP) */
	u32 column;   /* of the cursor, as far as it is known */
	unsigned char byte[LDISC_ROOM];
	unsigned char end[LDISC_ROOM / 8]; /* bit: this byte ends a line */
	unsigned char eof[LDISC_ROOM / 8]; /* bit: it is an end of file, and no byte */
	/* Bytes for the terminal, echoed or written; and the signal that a byte means. */
	void (*out)(struct ldisc *l, const char *bytes, size_t n);
	void (*signal)(struct ldisc *l, int signo);
	void (*resume)(struct ldisc *l); /* output goes on after VSTOP */
};

void ldisc_init(struct ldisc *l);
/* New settings; a change of ICANON makes what was typed readable at once. */
void ldisc_set(struct ldisc *l, const struct termios *t);
/* Bytes typed.  @return how many were taken: fewer when there is no room. */
size_t ldisc_type(struct ldisc *l, const char *bytes, size_t n);
/* Is there something to read now (in canonical mode: a line, or an end of file)? */
bool ldisc_readable(const struct ldisc *l);
/* Bytes that can be read now (FIONREAD). */
u32 ldisc_waiting(const struct ldisc *l);
/*
 * Take bytes, at most one line in canonical mode.
 * @param more  set if the same read may go on (non-canonical mode, or the line is not at its end)
 */
size_t ldisc_read(struct ldisc *l, char *to, size_t room, bool *more);
/* Forget what was typed. */
void ldisc_flush(struct ldisc *l);
/*
 * Bytes written by a program become bytes for the terminal.
 * @return bytes for the terminal, at most LDISC_OUT times n; `to` has room for them
 */
size_t ldisc_write(struct ldisc *l, const char *from, size_t n, char *to);
