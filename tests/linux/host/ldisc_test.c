/* SPDX-License-Identifier: MIT */
/*
 * The line discipline on the host: what is typed, echoed and read.
 */
#include <stdio.h>
#include <stdlib.h>

#include "servers/linux/proc/signal.h"
#include "servers/linux/tty/ldisc.h"

static char shown[1 << 16];
static size_t shown_bytes;
static int last_signal, failures, resumed, number;

static void out(struct ldisc *l, const char *bytes, size_t n)
{
	(void)l;
	memcpy(shown + shown_bytes, bytes, n);
	shown_bytes += n;
}

static void on_signal(struct ldisc *l, int signo)
{
	(void)l;
	last_signal = signo;
}

static void on_resume(struct ldisc *l)
{
	(void)l;
	resumed++;
}

static struct ldisc l;

static void begin(void)
{
	ldisc_init(&l);
	l.out = out;
	l.signal = on_signal;
	l.resume = on_resume;
	shown_bytes = 0;
	last_signal = resumed = 0;
}

static void check(bool ok, const char *what)
{
	printf("%s %d %s\n", ok ? "ok" : "not ok", ++number, what);
	failures += !ok;
}

static void type(const char *s)
{
	(void)ldisc_type(&l, s, strlen(s));
}

static bool is_shown(const char *s)
{
	bool same = shown_bytes == strlen(s) && memcmp(shown, s, shown_bytes) == 0;

	shown_bytes = 0;
	return same;
}

static bool reads(const char *s)
{
	char to[256];
	bool more;
	size_t n = ldisc_read(&l, to, sizeof to, &more);

	return n == strlen(s) && memcmp(to, s, n) == 0;
}

static void test_canonical(void)
{
	char to[8];
	bool more;

	begin();
	type("ab");
	check(!ldisc_readable(&l), "half a line cannot be read");
	type("c\rde\n");
	check(is_shown("abc\r\nde\r\n"), "typed bytes are echoed, ends of lines as two");
	check(reads("abc\n") && reads("de\n") && !ldisc_readable(&l), "each read gives one line");
	type("long line\n");
	check(ldisc_read(&l, to, 4, &more) == 4 && more && memcmp(to, "long", 4) == 0,
	      "a short read leaves the rest of the line");
	check(reads(" line\n"), "which the next one gives");
	type("x\004");
	check(reads("x"), "an end of file ends a line without being read");
	type("\004");
	check(ldisc_readable(&l) && reads("") && !ldisc_readable(&l), "alone it is read as nothing, once");
}

static void test_edit(void)
{
	begin();
	type("abx\177c\n");
	check(is_shown("abx\b \bc\r\n") && reads("abc\n"), "erase");
	type("one two\027three\n");
	check(reads("one three\n"), "erase of a word");
	type("rubbish\025ok\n");
	check(reads("ok\n"), "erase of the line");
	shown_bytes = 0;
	type("\001\177\n");
	check(is_shown("^A\b \b\b \b\r\n") && reads("\n"), "a control character takes two columns");
	type("a\t\177\n");
	check(is_shown("a\t\b \b\b \b\b \b\b \b\b \b\b \b\b \b\r\n") && reads("a\n"), "a tab takes up to eight");
	type("\026\003\n");
	check(reads("\003\n") && last_signal == 0, "a quoted byte means itself");
	l.termios.iflag |= IUTF8;
	type("\303\251\177x\n");
	check(reads("x\n"), "erase takes a whole character of UTF-8");
	type("\177\177\n");
	check(reads("\n"), "erase at the start does nothing");
}

static void test_signals(void)
{
	begin();
	type("abc\003");
	check(last_signal == SIGINT && !ldisc_readable(&l), "interrupt forgets what was typed");
	type("\032");
	check(last_signal == SIGTSTP, "suspend");
	type("\034");
	check(last_signal == SIGQUIT, "quit");
	l.termios.lflag &= ~(u32)ISIG;
	last_signal = 0;
	type("\003\n");
	check(last_signal == 0 && reads("\003\n"), "without ISIG they are bytes");
	type("\023");
	check(l.stopped, "stop");
	type("\021");
	check(!l.stopped && resumed == 1, "start");
}

static void test_raw(void)
{
	struct termios t;

	begin();
	t = l.termios;
	t.lflag &= ~(u32)(ICANON | ECHO | ISIG);
	t.iflag = 0;
	t.oflag = 0;
	type("pending");
	ldisc_set(&l, &t);
	check(reads("pending"), "what was typed is readable after a change to raw");
	shown_bytes = 0;
	type("a\r\003");
	check(ldisc_readable(&l) && reads("a\r\003") && shown_bytes == 0, "raw bytes are as typed");
	t.cc[VMIN] = 3;
	ldisc_set(&l, &t);
	type("ab");
	check(!ldisc_readable(&l), "fewer than VMIN bytes wait");
	type("c");
	check(ldisc_readable(&l), "VMIN bytes do not");
	char to[64];
	check(ldisc_write(&l, "a\nb", 3, to) == 3 && memcmp(to, "a\nb", 3) == 0, "output is as written");
}

static void test_room(void)
{
	size_t taken = 0;

	begin();
	l.termios.lflag &= ~(u32)ECHO;
	for (int i = 0; i < 3 * LDISC_ROOM; i++)
		taken += ldisc_type(&l, "x", 1);
	check(!ldisc_readable(&l), "a line that is too long does not end by itself");
	type("\n");
	check(ldisc_readable(&l) && ldisc_waiting(&l) == LDISC_ROOM, "but there is room for its end");
	l.termios.lflag &= ~(u32)ICANON;
	ldisc_flush(&l);
	taken = 0;
	for (int i = 0; i < 3 * LDISC_ROOM; i++)
		taken += ldisc_type(&l, "x", 1);
	check(taken < LDISC_ROOM && taken > LDISC_ROOM - 8, "raw input that is not read is not taken");
}

static void test_output(void)
{
	char to[64];

	begin();
	check(ldisc_write(&l, "a\tb\n", 4, to) == 5 && memcmp(to, "a\tb\r\n", 5) == 0, "new lines get a return");
	l.termios.oflag |= TABDLY;
	check(ldisc_write(&l, "a\tb", 3, to) == 9 && memcmp(to, "a       b", 9) == 0, "tabs become spaces");
	l.termios.oflag = OPOST | OCRNL | ONOCR;
	l.column = 0;
	check(ldisc_write(&l, "\rx\r", 3, to) == 2 && memcmp(to, "x\n", 2) == 0, "returns");
}

/* Whatever is typed and set, nothing leaves its array (the sanitizers see). */
static void test_random(void)
{
	srand(1);
	begin();
	for (int i = 0; i < 300000; i++) {
		char bytes[16], to[64 * LDISC_OUT];
		bool more;
		size_t n = (size_t)rand() % sizeof bytes;

		for (size_t k = 0; k < n; k++)
			bytes[k] = (char)rand();
		shown_bytes = 0;
		switch (rand() % 6) {
		case 0:
			(void)ldisc_read(&l, to, (size_t)rand() % sizeof to, &more);
			break;
		case 1:
			(void)ldisc_write(&l, bytes, n, to);
			break;
		case 2:
			if (rand() % 20 == 0) {
				struct termios t = l.termios;
				t.lflag ^= 1u << rand() % 16;
				t.iflag ^= 1u << rand() % 16;
				t.cc[rand() % 19] = (unsigned char)(rand() % 32);
				ldisc_set(&l, &t);
			}
			break;
		default:
			(void)ldisc_type(&l, bytes, n);
		}
	}
	check(l.tail - l.head <= LDISC_ROOM && l.ready - l.head <= l.tail - l.head, "positions stay in order");
}

int main(void)
{
	test_canonical();
	test_edit();
	test_signals();
	test_raw();
	test_room();
	test_output();
	test_random();
	printf("1..%d\n", number);
	return failures != 0;
}
