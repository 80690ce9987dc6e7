/* SPDX-License-Identifier: MIT */
/*
 * The terminal that whoever started the machine sits at.
 *
 * Called by:  core/ with what was typed; device.c.
 */
#include "../core/event.h"
#include "device.h"

enum { CONSOLE_RDEV = 5 << 8 | 1, ROWS = 24, COLUMNS = 80, ALWAYS = 1 << 20 };

static struct tty console;

static size_t console_room(struct tty *t)
{
	(void)t;
	return ALWAYS;
}

static void console_send(struct tty *t, const char *bytes, size_t n)
{
	(void)t;
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
