/* SPDX-License-Identifier: MIT */
/*
 * Types at a program on a terminal of its own, and prints what that shows.
 *
 *     typist FILE
 *
 * A line of FILE is one step:
 *     do COMMAND              a command of the shell, without the terminal
 *     run PROGRAM ARGS...     starts it on the terminal, as the leader of its session;
 *                             words end at spaces, escapes as below
 *     type TEXT               types TEXT; \n, \e, \t, \\, \xHH and ^C (a control character) stand for what they do in C, ^^ for ^
 *     see TEXT                waits until TEXT was shown (after what earlier steps waited for)
 *     size ROWS COLUMNS       changes the size of the terminal
 *     hangup                  closes the terminal
 *     end                     waits for the program's end and prints its status
 *     cat FILE                prints FILE
 *     screen                  waits until nothing more is shown, and prints what can be seen on the terminal
 *     # ...                   a comment
 * Without `screen`, everything that was shown is printed in the end, control characters as escapes.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { ROOM = 1 << 20, LINE = 4096, ARGS = 32, ROWS = 24, COLUMNS = 80, PATIENCE_MS = 10000, QUIET_MS = 400 };

static char shown[ROOM];
static size_t shown_bytes, seen;
static int terminal = -1;
static bool screen_wanted;
static pid_t child;

static void print_shown(void)
{
	for (size_t i = 0; i < shown_bytes; i++) {
		unsigned char c = (unsigned char)shown[i];

		if (c == '\n')
			printf("\\n\n");
		else if (c == '\\')
			printf("\\\\");
		else if (isprint(c))
			putchar(c);
		else if (c == '\r')
			printf("\\r");
		else if (c == 27)
			printf("\\e");
		else
			printf("\\x%02x", c);
	}
	printf("\n");
}

static void fail(const char *why, const char *what)
{
	print_shown();
	printf("typist: %s: %s\n", why, what);
	exit(1);
}

static size_t unescape(char *to, const char *from)
{
	size_t n = 0;
	char hex[3] = "";

	for (; *from != 0; from++) {
		if (*from == '^' && from[1] != 0) {
			from++;
			to[n++] = *from == '^' ? '^' : (char)(*from & 31);
		} else if (*from == '\\' && from[1] != 0) {
			from++;
			if (*from == 'x' && from[1] != 0 && from[2] != 0) {
				memcpy(hex, from + 1, 2);
				to[n++] = (char)strtol(hex, NULL, 16);
				from += 2;
			} else {
				to[n++] = *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from == 't' ? '\t' : *from == 'e' ? 27 : *from;
			}
		} else {
			to[n++] = *from;
		}
	}
	return n;
}

static void start(char *text)
{
	char *argv[ARGS], name[64];
	int n = 0, side;

	for (char *word = strtok(text, " "); word != NULL && n < ARGS - 1; word = strtok(NULL, " ")) {
		word[unescape(word, word)] = 0;
		argv[n++] = word;
	}
	argv[n] = NULL;
	terminal = posix_openpt(O_RDWR | O_NOCTTY);
	grantpt(terminal);
	unlockpt(terminal);
	ptsname_r(terminal, name, sizeof name);
	ioctl(terminal, TIOCSWINSZ, &(struct winsize){ .ws_row = ROWS, .ws_col = COLUMNS });
	child = fork();
	if (child != 0)
		return;
	setsid();
	side = open(name, O_RDWR);
	for (int f = 0; f < 3; f++)
		dup2(side, f);
	close(side);
	close(terminal);
	setenv("TERM", "vt100", 1);
	setenv("PS1", "$ ", 1);
	execvp(argv[0], argv);
	_exit(127);
}

/* Takes what is shown; false: nothing came for so long, or nothing comes any more. */
static bool take(int ms)
{
	struct pollfd p = { .fd = terminal, .events = POLLIN };

	if (poll(&p, 1, ms) <= 0 || shown_bytes == ROOM)
		return false;
	ssize_t n = read(terminal, shown + shown_bytes, ROOM - shown_bytes);
	if (n <= 0)
		return false;
	shown_bytes += (size_t)n;
	return true;
}

static void type(const char *text)
{
	char bytes[LINE];
	size_t n = unescape(bytes, text), done = 0;

	while (done < n) {
		ssize_t w = write(terminal, bytes + done, n - done);

		if (w < 0)
			fail("cannot type", text);
		done += (size_t)w;
	}
}

static void see(const char *text)
{
	char bytes[LINE];
	size_t n = unescape(bytes, text);
	char *at;

	while ((at = memmem(shown + seen, shown_bytes - seen, bytes, n)) == NULL) {
		if (!take(PATIENCE_MS))
			fail("was not shown", text);
	}
	seen = (size_t)(at - shown) + n;
}

/* --- the terminal's screen ----------------------------------------------------------- */

struct screen {
	char text[ROWS][COLUMNS];
	int row, column;
};

static void clear(struct screen *s, int row, int column, int to_row)
{
	for (; row < to_row; row++, column = 0)
		memset(&s->text[row][column], ' ', (size_t)(COLUMNS - column));
}

static int within(int n, int limit)
{
	return n < 0 ? 0 : n >= limit ? limit - 1 : n;
}

/* A control sequence from behind its "[" on; returns where it ends. */
static const char *control(struct screen *s, const char *p, const char *to)
{
	int n[2] = { 0, 0 }, which = 0;

	for (; p < to && strchr("0123456789;?", *p) != NULL; p++) {
		if (*p == ';')
			which = 1;
		else if (*p != '?')
			n[which] = n[which] * 10 + *p - '0';
	}
	if (p == to)
		return p;
	if (*p == 'H') {
		s->row = within(n[0] - 1, ROWS);
		s->column = within(n[1] - 1, COLUMNS);
	} else if (*p == 'J') {
		clear(s, s->row, s->column, ROWS);
	} else if (*p == 'K') {
		clear(s, s->row, s->column, s->row + 1);
	}
	return p;
}

static void new_line(struct screen *s)
{
	if (++s->row < ROWS)
		return;
	s->row = ROWS - 1;
	memmove(s->text[0], s->text[1], sizeof s->text - COLUMNS);
	clear(s, s->row, 0, ROWS);
}

static void put(struct screen *s, char c)
{
	if (c == '\n') {
		new_line(s);
	} else if (c == '\r') {
		s->column = 0;
	} else if (c == '\b') {
		s->column -= s->column > 0;
	} else if (isprint((unsigned char)c)) {
		if (s->column == COLUMNS) {
			s->column = 0;
			new_line(s);
		}
		s->text[s->row][s->column++] = c;
	}
}

static void print_screen(void)
{
	struct screen s = { .row = 0 };

	screen_wanted = true;
	while (take(QUIET_MS))
		;
	clear(&s, 0, 0, ROWS);
	for (const char *p = shown, *to = shown + shown_bytes; p < to; p++) {
		if (*p == 27 && p + 1 < to && p[1] == '[')
			p = control(&s, p + 2, to);
		else
			put(&s, *p);
	}
	printf("--- screen, cursor in row %d, column %d\n", s.row + 1, s.column + 1);
	for (int row = 0; row < ROWS; row++) {
		int n = COLUMNS;

		while (n > 0 && s.text[row][n - 1] == ' ')
			n--;
		printf("%.*s\n", n, s.text[row]);
	}
}

/* --- steps ------------------------------------------------------------------------------ */

static void end(void)
{
	int status;

	while (terminal >= 0 && take(PATIENCE_MS))
		;
	if (waitpid(child, &status, 0) != child)
		fail("no child", strerror(errno));
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("status %d\n", WEXITSTATUS(status));
}

static void print_file(const char *path)
{
	char bytes[LINE];
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		fail(path, strerror(errno));
	while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
		fwrite(bytes, 1, n, stdout);
	fclose(f);
}

static void resize(const char *text)
{
	int rows, columns;

	if (sscanf(text, "%d %d", &rows, &columns) != 2)
		fail("no size", text);
	ioctl(terminal, TIOCSWINSZ, &(struct winsize){ .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns });
}

static void hang_up(void)
{
	close(terminal);
	terminal = -1;
}

static void step(char *line)
{
	char *rest = strchr(line, ' ');

	if (rest != NULL)
		*rest++ = 0;
	else
		rest = line + strlen(line);
	if (strcmp(line, "do") == 0)
		(void)system(rest);
	else if (strcmp(line, "run") == 0)
		start(rest);
	else if (strcmp(line, "type") == 0)
		type(rest);
	else if (strcmp(line, "see") == 0)
		see(rest);
	else if (strcmp(line, "size") == 0)
		resize(rest);
	else if (strcmp(line, "hangup") == 0)
		hang_up();
	else if (strcmp(line, "end") == 0)
		end();
	else if (strcmp(line, "cat") == 0)
		print_file(rest);
	else if (strcmp(line, "screen") == 0)
		print_screen();
	else if (line[0] != '#' && line[0] != 0)
		fail("no such step", line);
}

int main(int argc, char **argv)
{
	char line[LINE];
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (f == NULL)
		return 2;
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = 0;
		step(line);
	}
	if (!screen_wanted)
		print_shown();
	return 0;
}
