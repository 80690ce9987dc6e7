/* SPDX-License-Identifier: MIT */
/*
 * Gives back what comes from a stream, in the order in which it comes, until a line is "end".
 */
#include <tessera/chan.h>
#include <tessera/stream.h>

enum { READS = 8, PENDING = 4096, READ_ID = 1000 };

static struct chan stream;
static u8 pending[PENDING]; /* came, and not yet sent */
static u32 head, tail, reads, writes, total;
static bool lost;
static char line[8];
static u32 line_bytes;

static bool is_end(u8 c)
{
	if (c == '\r')
		return false;
	if (c != '\n') {
		if (line_bytes < sizeof line - 1)
			line[line_bytes] = (char)c;
		line_bytes++;
		return false;
	}
	bool end = line_bytes == 3 && memcmp(line, "end", 3) == 0;
	line_bytes = 0;
	return end;
}

/* True: the last line came. */
static bool take(void)
{
	struct ring_entry e;
	bool end = false;

	while (chan_get(&stream, &e) == RING_OK) {
		u32 status = (u32)(e.w[0] >> 32) & 0xff, count = (u32)(e.w[0] >> 40);

		if ((u32)e.w[0] != READ_ID) {
			writes--;
			lost |= status != STREAM_DONE;
			continue;
		}
		reads--;
		lost |= status != STREAM_DONE;
		for (u32 i = 0; status == STREAM_DONE && i < count && i < STREAM_BYTES; i++) {
			u8 c = (u8)(e.w[1 + i / 8] >> (8 * (i % 8)));

			pending[tail++ % PENDING] = c;
			total++;
			end |= is_end(c);
		}
	}
	return end;
}

static void ask(void)
{
	struct ring_entry e = { { READ_ID | (u64)STREAM_READ << 32 | (u64)STREAM_BYTES << 40 } };

	while (reads < READS && tail - head < PENDING / 2 && chan_put(&stream, &e) == RING_OK)
		reads++;
	while (head != tail && writes < STREAM_PENDING) {
		u32 n = tail - head < STREAM_BYTES ? tail - head : STREAM_BYTES;

		e = (struct ring_entry){ { 1 | (u64)STREAM_WRITE << 32 | (u64)n << 40 } };
		for (u32 i = 0; i < n; i++)
			e.w[1 + i / 8] |= (u64)pending[(head + i) % PENDING] << (8 * (i % 8));
		if (chan_put(&stream, &e) != RING_OK)
			return;
		head += n;
		writes++;
	}
}

int main(void)
{
	bool end = false;

	if (!chan_open(&stream, "stream"))
		sys_panic("no stream");
	comp_ready();
	for (;;) {
		end |= take();
		ask();
		if (end && head == tail && writes == 0)
			break;
		u64 bits = comp_wait(chan_idle(&stream, false) ? 0 : 1);
		chan_busy(&stream);
		if (chan_news(&stream, bits) == CHAN_RESET) {
			reads = writes = 0;
			(void)chan_agree(&stream);
		}
	}
	sys_print("# %u bytes, %s\n# done\n", total, lost ? "some were lost" : "none was lost");
	return lost;
}
