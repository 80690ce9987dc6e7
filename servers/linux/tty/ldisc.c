/* SPDX-License-Identifier: MIT */
/*
 * The line discipline.  See ldisc.h.
 *
 * Called by:  device.c, console.c, pty.c; host tests.
 */
#include "ldisc.h"

#include "../proc/signal.h"

enum { TAB = 8, DISABLED = 0, CARET = 64, DELETE_BYTE = 127 };

static const unsigned char usual_cc[19] = {
	[VINTR] = 3,     [VQUIT] = 28,   [VERASE] = 127, [VKILL] = 21, [VEOF] = 4,
	[VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,   [VSUSP] = 26, [VREPRINT] = 18,
	[VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
};

void ldisc_init(struct ldisc *l)
{
	memset(l, 0, sizeof *l);
	l->termios.iflag = ICRNL | IXON;
	l->termios.oflag = OPOST | ONLCR;
	l->termios.cflag = B38400 | CS8 | CREAD | HUPCL;
	l->termios.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	memcpy(l->termios.cc, usual_cc, sizeof usual_cc);
}

static bool input(const struct ldisc *l, u32 flag)
{
	return (l->termios.iflag & flag) != 0;
}

static bool local(const struct ldisc *l, u32 flag)
{
	return (l->termios.lflag & flag) != 0;
}

static bool is_cc(const struct ldisc *l, unsigned char c, unsigned which)
{
	return c != DISABLED && c == l->termios.cc[which];
}

static bool bit(const unsigned char *map, u32 at)
{
	at %= LDISC_ROOM;
	return (map[at / 8] >> (at % 8)) & 1;
}

static void set_bit(unsigned char *map, u32 at, bool on)
{
	at %= LDISC_ROOM;
	map[at / 8] = (unsigned char)((map[at / 8] & ~(1u << (at % 8))) | (u32)on << (at % 8));
}

static unsigned char at(const struct ldisc *l, u32 position)
{
	return l->byte[position % LDISC_ROOM];
}

/* --- echo ---------------------------------------------------------------------- */

static bool is_control(unsigned char c)
{
	return (c < ' ' && c != '\t' && c != '\n') || c == DELETE_BYTE;
}

static bool continues_utf8(const struct ldisc *l, unsigned char c)
{
	return input(l, IUTF8) && (c & 0xc0) == 0x80;
}

static void put(struct ldisc *l, const char *bytes, size_t n)
{
	char to[8 * LDISC_OUT];
	size_t m = ldisc_write(l, bytes, n, to);

	l->out(l, to, m);
}

static void echo(struct ldisc *l, unsigned char c)
{
	char text[2] = { (char)c, 0 };

	if (!local(l, ECHO) && !(c == '\n' && local(l, ECHONL) && local(l, ICANON)))
		return;
	if (local(l, ECHOCTL) && is_control(c)) {
		text[0] = '^';
		text[1] = (char)(c ^ CARET);
		put(l, text, 2);
	} else {
		put(l, text, 1);
	}
}

/* Columns that a byte of the line being typed takes when the cursor is at `column`. */
static u32 width(const struct ldisc *l, unsigned char c, u32 column)
{
	if (c == '\t')
		return TAB - column % TAB;
	if (is_control(c))
		return local(l, ECHOCTL) ? 2 : 0;
	return continues_utf8(l, c) ? 0 : 1;
}

static u32 line_width(const struct ldisc *l, u32 end)
{
	u32 column = 0;

	for (u32 i = l->ready; i != end; i++)
		column += width(l, at(l, i), column);
	return column;
}

/* Take the last byte of the line being typed back, from the screen too. */
static void erase_byte(struct ldisc *l)
{
	u32 before = line_width(l, l->tail), after;

	l->tail--;
	while (l->tail != l->ready && continues_utf8(l, at(l, l->tail)))
		l->tail--;
	after = line_width(l, l->tail);
	if (!local(l, ECHO))
		return;
	if (!local(l, ECHOE)) {
		echo(l, l->termios.cc[VERASE]);
		return;
	}
	for (u32 i = after; i < before; i++)
		put(l, "\b \b", 3);
}

static bool is_word(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c >= 0x80;
}

static void erase_word(struct ldisc *l)
{
	while (l->tail != l->ready && !is_word(at(l, l->tail - 1)))
		erase_byte(l);
	while (l->tail != l->ready && is_word(at(l, l->tail - 1)))
		erase_byte(l);
}

static void erase_line(struct ldisc *l)
{
	if (local(l, ECHOKE) && local(l, ECHOE)) {
		while (l->tail != l->ready)
			erase_byte(l);
		return;
	}
	l->tail = l->ready;
	echo(l, l->termios.cc[VKILL]);
	if (local(l, ECHOK))
		echo(l, '\n');
}

static void reprint(struct ldisc *l)
{
	echo(l, l->termios.cc[VREPRINT]);
	echo(l, '\n');
	for (u32 i = l->ready; i != l->tail; i++)
		echo(l, at(l, i));
}

/* --- input ---------------------------------------------------------------------- */

static u32 room(const struct ldisc *l)
{
	return LDISC_ROOM - (l->tail - l->head);
}

/* One place is kept for the byte that ends a line. */
static void store(struct ldisc *l, unsigned char c, bool ends, bool eof)
{
	if (room(l) <= (ends ? 0u : 1u)) {
		if (input(l, IMAXBEL))
			l->out(l, "\a", 1);
		return;
	}
	l->byte[l->tail % LDISC_ROOM] = c;
	set_bit(l->end, l->tail, ends);
	set_bit(l->eof, l->tail, eof);
	l->tail++;
	if (ends || !local(l, ICANON))
		l->ready = l->tail;
}

static int signal_of(const struct ldisc *l, unsigned char c)
{
	if (is_cc(l, c, VINTR))
		return SIGINT;
	if (is_cc(l, c, VQUIT))
		return SIGQUIT;
	return is_cc(l, c, VSUSP) ? SIGTSTP : 0;
}

static bool take_signal(struct ldisc *l, unsigned char c)
{
	int signo = local(l, ISIG) ? signal_of(l, c) : 0;

	if (signo == 0)
		return false;
	if (!local(l, NOFLSH))
		ldisc_flush(l);
	echo(l, c);
	l->stopped = false;
	l->signal(l, signo);
	return true;
}

static bool take_flow(struct ldisc *l, unsigned char c)
{
	if (!input(l, IXON))
		return false;
	if (is_cc(l, c, VSTOP)) {
		l->stopped = true;
		return true;
	}
	bool start = is_cc(l, c, VSTART);
	if (l->stopped && (start || input(l, IXANY))) {
		l->stopped = false;
		l->resume(l);
	}
	return start;
}

/* Bytes that edit the line.  True: it was one. */
static bool take_edit(struct ldisc *l, unsigned char c)
{
	if (is_cc(l, c, VERASE)) {
		if (l->tail != l->ready)
			erase_byte(l);
	} else if (is_cc(l, c, VKILL)) {
		erase_line(l);
	} else if (local(l, IEXTEN) && is_cc(l, c, VWERASE)) {
		erase_word(l);
	} else if (local(l, IEXTEN) && local(l, ECHO) && is_cc(l, c, VREPRINT)) {
		reprint(l);
	} else if (local(l, IEXTEN) && is_cc(l, c, VLNEXT)) {
		l->literal = true;
		if (local(l, ECHO) && local(l, ECHOCTL))
			put(l, "^\b", 2);
	} else {
		return false;
	}
	return true;
}

static void take_canonical(struct ldisc *l, unsigned char c)
{
	if (take_edit(l, c))
		return;
	if (is_cc(l, c, VEOF)) {
		store(l, 0, true, true);
		return;
	}
	bool ends = c == '\n' || is_cc(l, c, VEOL) || (local(l, IEXTEN) && is_cc(l, c, VEOL2));
	echo(l, c);
	store(l, c, ends, false);
}

/* What the input flags make of a byte; false: nothing. */
static bool translate(const struct ldisc *l, unsigned char *c)
{
	if (input(l, ISTRIP))
		*c &= 0x7f;
	if (input(l, IUCLC) && local(l, IEXTEN) && *c >= 'A' && *c <= 'Z')
		*c = (unsigned char)(*c + 'a' - 'A');
	if (*c == '\r') {
		if (input(l, IGNCR))
			return false;
		if (input(l, ICRNL))
			*c = '\n';
	} else if (*c == '\n' && input(l, INLCR)) {
		*c = '\r';
	}
	return true;
}

static void take(struct ldisc *l, unsigned char c)
{
	if (l->literal) {
		l->literal = false;
		echo(l, c);
		store(l, c, false, false);
		return;
	}
	if (!translate(l, &c) || take_flow(l, c) || take_signal(l, c))
		return;
	if (local(l, ICANON)) {
		take_canonical(l, c);
	} else {
		echo(l, c);
		store(l, c, false, false);
	}
}

size_t ldisc_type(struct ldisc *l, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* Raw input waits for a reader; a line that is too long loses its end, as on Linux. */
		if (room(l) <= 1 && !local(l, ICANON))
			return i;
		if (room(l) <= 1 && l->ready != l->head)
			return i;
		take(l, (unsigned char)bytes[i]);
	}
	return n;
}

void ldisc_flush(struct ldisc *l)
{
	l->head = l->ready = l->tail;
	l->literal = false;
}

void ldisc_set(struct ldisc *l, const struct termios *t)
{
	bool was = local(l, ICANON);

	l->termios = *t;
	if (was != local(l, ICANON)) {
		/* In raw mode an end of file is nothing, and there are no lines. */
		l->ready = l->tail;
		if (l->tail != l->head)
			set_bit(l->end, l->tail - 1, true);
	}
	if (!input(l, IXON) && l->stopped) {
		l->stopped = false;
		l->resume(l);
	}
}

bool ldisc_readable(const struct ldisc *l)
{
	u32 least = local(l, ICANON) || l->termios.cc[VTIME] != 0 ? 1 : l->termios.cc[VMIN];

	return l->ready - l->head >= (least == 0 ? 1 : least);
}

u32 ldisc_waiting(const struct ldisc *l)
{
	return l->ready - l->head;
}

size_t ldisc_read(struct ldisc *l, char *to, size_t bytes, bool *more)
{
	size_t n = 0;
	bool canonical = local(l, ICANON);

	*more = true;
	while (l->head != l->ready && *more) {
		bool eof = bit(l->eof, l->head);

		if (!eof && n == bytes)
			return n;
		if (!eof)
			to[n++] = (char)at(l, l->head);
		if (canonical && bit(l->end, l->head))
			*more = false;
		l->head++;
	}
	return n;
}

/* --- output --------------------------------------------------------------------- */

static size_t write_newline(struct ldisc *l, char *to)
{
	size_t n = 0;

	if (l->termios.oflag & ONLCR) {
		to[n++] = '\r';
		l->column = 0;
	}
	if (l->termios.oflag & ONLRET)
		l->column = 0;
	to[n++] = '\n';
	return n;
}

static size_t write_tab(struct ldisc *l, char *to)
{
	u32 n = TAB - l->column % TAB;

	l->column += n;
	if ((l->termios.oflag & TABDLY) != TABDLY) {
		to[0] = '\t';
		return 1;
	}
	memset(to, ' ', n);
	return n;
}

static size_t write_return(struct ldisc *l, char *to)
{
	if ((l->termios.oflag & ONOCR) && l->column == 0)
		return 0;
	if (l->termios.oflag & OCRNL)
		return write_newline(l, to);
	l->column = 0;
	to[0] = '\r';
	return 1;
}

static size_t write_byte(struct ldisc *l, char c, char *to)
{
	switch (c) {
	case '\n': return write_newline(l, to);
	case '\r': return write_return(l, to);
	case '\t': return write_tab(l, to);
	case '\b': l->column -= l->column != 0; break;
	default:
		if ((l->termios.oflag & OLCUC) && c >= 'a' && c <= 'z')
			c = (char)(c + 'A' - 'a');
		l->column += !is_control((unsigned char)c) && !continues_utf8(l, (unsigned char)c);
	}
	to[0] = c;
	return 1;
}

size_t ldisc_write(struct ldisc *l, const char *from, size_t n, char *to)
{
	size_t done = 0;

	if (!(l->termios.oflag & OPOST)) {
		memcpy(to, from, n);
		return n;
	}
	for (size_t i = 0; i < n; i++)
		done += write_byte(l, from[i], to + done);
	return done;
}
