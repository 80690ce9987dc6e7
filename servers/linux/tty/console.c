/* SPDX-License-Identifier: MIT */
/*
 * The terminal that whoever started the machine sits at.
 *
 * Called by:  core/ with what was typed; device.c.
 */
#include "../core/event.h"
#include "device.h"
#include "host.h"

enum { CONSOLE_RDEV = 5 << 8 | 1, ROWS = 24, COLUMNS = 80, HEADERS = 64 };

static struct tty console;

static size_t console_room(struct tty *t)
{
	size_t room = env.console_room();

	(void)t;
	return room > HEADERS ? room - HEADERS : 0;
}

static void console_send(struct tty *t, const char *bytes, size_t n)
{
	(void)t;
	if (env.framed)
		host_send('c', bytes, n);
	else
		env.console_write(bytes, n);
}

static void console_freed(struct tty *t)
{
	t->refs = 1;
}

void tty_start(void)
{
	tty_init(&console, CONSOLE_RDEV);
	console.room = console_room;
	console.send = console_send;
	console.freed = console_freed;
	console.size = (struct winsize){ ROWS, COLUMNS, 0, 0 };
	console.ldisc.termios.iflag |= IUTF8;
}

void console_input(const char *bytes, size_t n)
{
	/* What finds no room is lost, as on a serial line. */
	(void)tty_type(&console, bytes, n);
}

void console_drained(void)
{
	wake_all(&console.writers, POLLOUT | POLLWRNORM);
	if (env.framed)
		host_drained();
}

void console_resize(u32 rows, u32 columns)
{
	struct winsize size = { (uint16_t)rows, (uint16_t)columns, 0, 0 };

	tty_set_size(&console, &size);
}

s64 tty_open_console(struct inode *i, struct file *f)
{
	(void)i;
	return tty_open(&console, f);
}
