/* SPDX-License-Identifier: MIT */
/*
 * The link to the host.  See host.h.
 *
 * Owns:       what came on standard input and was not read yet.
 * Called by:  core/ with bytes of the link; the console; the first process's files.
 */
#include "host.h"

#include "../core/event.h"
#include "../proc/task.h"
#include "tty.h"

enum { IN_ROOM = 65536, IN_TELL = IN_ROOM / 4, HEADER = 3, FIRST_PID = 1 };

static struct {
	/* The frame that is coming in. */
	unsigned char header[HEADER];
	u32 header_bytes, left;
	/* Standard input: positions run freely. */
	char in[IN_ROOM];
	u32 head, tail;
	u32 told; /* up to this position the host was told that there is room */
	bool in_end;
	struct waitq readers, writers;
	unsigned char small[8]; /* payload of short frames */
	u32 small_bytes;
} host;

void host_start(void)
{
	waitq_init(&host.readers);
	waitq_init(&host.writers);
}

void host_drained(void)
{
	wake_all(&host.writers, POLLOUT | POLLWRNORM);
}

void host_send(char type, const void *bytes, size_t n)
{
	const char *from = bytes;

	do {
		size_t part = n < HOST_FRAME ? n : HOST_FRAME;
		/* A part of a frame would spoil all that follow: it is sent whole or not at all. */
		if (env.console_room() < HEADER + part)
			return;
		char header[HEADER] = { type, (char)(part & 0xff), (char)(part >> 8) };

		env.console_write(header, HEADER);
		env.console_write(from, part);
		from += part;
		n -= part;
	} while (n != 0);
}

void host_wait(size_t n)
{
	while (env.console_room() < n + HEADER)
		(void)wait_on(&host.writers, NO_DEADLINE, SLEEP_FOREVER);
}

/* --- what comes in ------------------------------------------------------------------ */

static void take_stdin(const char *bytes, size_t n)
{
	/* A host that sends more than it was told loses the rest. */
	for (size_t i = 0; i < n && host.tail - host.head < IN_ROOM; i++)
		host.in[host.tail++ % IN_ROOM] = bytes[i];
	wake_all(&host.readers, POLLIN | POLLRDNORM);
}

static void take_small(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && host.small_bytes < sizeof host.small; i++)
		host.small[host.small_bytes++] = (unsigned char)bytes[i];
}

static void end_of_frame(char type)
{
	const unsigned char *s = host.small;
	struct process *first = process_find(FIRST_PID);

	if (type == 'w' && host.small_bytes == 4)
		console_resize((u32)s[0] | (u32)s[1] << 8, (u32)s[2] | (u32)s[3] << 8);
	if (type == 's' && host.small_bytes == 1 && s[0] != 0 && s[0] <= SIGNALS && first != NULL)
		(void)signal_process(first, s[0], NULL);
	if (type == 'a' && host.small_bytes == 4 && env.console_taken != NULL)
		env.console_taken((u32)s[0] | (u32)s[1] << 8 | (u32)s[2] << 16 | (u32)s[3] << 24);
	host.small_bytes = 0;
	host.header_bytes = 0;
}

static void begin_frame(void)
{
	host.left = (u32)host.header[1] | (u32)host.header[2] << 8;
	if (host.header[0] == 'i' && host.left == 0) {
		host.in_end = true;
		wake_all(&host.readers, POLLIN | POLLHUP);
	}
	if (host.left == 0)
		end_of_frame((char)host.header[0]);
}

static void take_payload(const char *bytes, u32 n)
{
	char type = (char)host.header[0];

	if (type == 'c')
		console_input(bytes, n);
	else if (type == 'i')
		take_stdin(bytes, n);
	else
		take_small(bytes, n);
	host.left -= n;
	if (host.left == 0)
		end_of_frame(type);
}

void host_input(const char *bytes, size_t n)
{
	size_t at = 0;

	while (at < n) {
		if (host.header_bytes < HEADER) {
			host.header[host.header_bytes++] = (unsigned char)bytes[at++];
			if (host.header_bytes == HEADER)
				begin_frame();
			continue;
		}
		size_t part = n - at < host.left ? n - at : host.left;
		take_payload(bytes + at, (u32)part);
		at += part;
	}
}

/* --- files ------------------------------------------------------------------------------ */

/* Let the host send more, when enough room has come together. */
static void tell_room(void)
{
	u32 room = host.head + IN_ROOM - host.told;

	if (room < IN_TELL)
		return;
	unsigned char word[4] = { (unsigned char)room, (unsigned char)(room >> 8),
				  (unsigned char)(room >> 16), (unsigned char)(room >> 24) };
	host.told += room;
	host_send('r', word, sizeof word);
}

static s64 stdin_read(struct file *f, struct uio *to, u64 *pos)
{
	s64 done = 0;

	(void)pos;
	tell_room();
	while (host.head == host.tail) {
		if (host.in_end || to->left == 0)
			return 0;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_on(&host.readers, NO_DEADLINE, 0) < 0)
			return -ERESTART;
	}
	while (to->left != 0 && host.head != host.tail) {
		u32 at = host.head % IN_ROOM, n = host.tail - host.head;

		n = n < IN_ROOM - at ? n : IN_ROOM - at;
		s64 moved = uio_put(to, host.in + at, n < to->left ? n : to->left);
		if (moved <= 0)
			return done != 0 ? done : moved;
		host.head += (u32)moved;
		done += moved;
	}
	tell_room();
	return done;
}

static u32 stdin_poll(struct file *f, struct poll_table *pt)
{
	(void)f;
	poll_wait(pt, &host.readers);
	tell_room();
	return (host.head != host.tail ? POLLIN | POLLRDNORM : 0u) | (host.in_end ? POLLHUP : 0u);
}

static s64 out_write(struct file *f, struct uio *from, u64 *pos)
{
	char bytes[1024];
	char type = f->priv != NULL ? 'e' : 'o';
	s64 done = 0;

	(void)pos;
	while (from->left != 0) {
		while (env.console_room() < 2 * sizeof bytes) {
			if (f->flags & O_NONBLOCK)
				return done != 0 ? done : -EAGAIN;
			if (wait_on(&host.writers, NO_DEADLINE, 0) < 0)
				return done != 0 ? done : -ERESTART;
		}
		s64 n = uio_get(from, bytes, sizeof bytes);
		if (n <= 0)
			return done != 0 ? done : n;
		host_send(type, bytes, (size_t)n);
		done += n;
	}
	return done;
}

static u32 out_poll(struct file *f, struct poll_table *pt)
{
	(void)f;
	poll_wait(pt, &host.writers);
	return env.console_room() != 0 ? POLLOUT | POLLWRNORM : 0u;
}

static const struct file_ops stdin_ops = { .read = stdin_read, .poll = stdin_poll };
static const struct file_ops out_ops = { .write = out_write, .poll = out_poll };

s64 host_open(enum host_stream which, struct file **out)
{
	struct inode *i = inode_anon(S_IFIFO | 0600);

	if (i == NULL)
		return -ENOMEM;
	*out = file_new(which == HOST_STDIN ? &stdin_ops : &out_ops, i,
			which == HOST_STDIN ? O_RDONLY : O_WRONLY);
	if (*out == NULL)
		return -ENOMEM;
	(*out)->priv = which == HOST_STDERR ? &host : NULL;
	return 0;
}
