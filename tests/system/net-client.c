/* SPDX-License-Identifier: MIT */
/*
 * A client of the network: sends numbered frames to a peer that sends them back, on the wire and
 * on this machine, and tries what it may not.  Frames may be lost (then they are sent again), but
 * none may come back changed.
 *
 * Words: "seconds=N"; "link": it wants to hear of the link's end and return; "fair": it sends all the
 * time, as another client does, and the peer counts; "kills": the multiplexer is killed meanwhile.
 */
#include <tessera/chan.h>
#include <tessera/net.h>

enum {
	BUFFERS = 64,
	BUFFER = 2048,
	WINDOW = 16,
	SENDING = 1000, /* ids of frames sent */
	LINKED = 900,   /* of the question for the link */
	MANY = 32,
	FAIR_BYTES = 1000,
	HEAD = 14,
	LOST_US = 200000,
	NEVER_LOST_US = 100000000, /* not on this machine */
	UDP_AT = HEAD + 20,
	UDP_BYTES = 60,
	SUM_PLACE = UDP_AT + 6,
};

static struct chan net;
static u8 *area, own[6];
static u64 sent, back, lost, wrong;
static u32 status[WINDOW];
static u64 number[WINDOW], when[WINDOW]; /* of the frame that is under way; 0: none */
static bool busy[WINDOW];                /* the buffer is not free yet */
static const u8 wire_peer[6] = { 2, 0, 0, 0, 0, 0x99 }, local_peer[6] = { 2, 0, 0, 0, 0, 2 };

static void put(u32 id, u64 operation, u64 place, u64 bytes, u64 flags)
{
	const struct ring_entry e = { { id | operation << 32, place, bytes, flags } };

	(void)chan_put(&net, &e);
}

static u64 send_place(u32 i)
{
	return (BUFFERS + (u64)i) * BUFFER;
}

static u32 length_of(u64 n)
{
	return 60 + (u32)(n * 7919 % (NET_FRAME_MAX - 60 + 1));
}

static u8 byte_of(u64 n, u32 i)
{
	return (u8)(n * 31 + i * 7 + (n >> 8));
}

static void send(u32 i, const u8 *to, const char *mark, u64 n)
{
	u8 *f = area + send_place(i);
	u32 bytes = length_of(n);

	memcpy(f, to, 6);
	memcpy(f + 6, own, 6);
	f[12] = 0x88;
	f[13] = 0xb5;
	memcpy(f + HEAD, mark, 4);
	memset(f + HEAD + 4, 0, 8);
	memcpy(f + HEAD + 12, &n, 8);
	for (u32 k = HEAD + 20; k < bytes; k++)
		f[k] = byte_of(n, k);
	busy[i] = true;
	number[i] = n;
	when[i] = sys_clock();
	sent++;
	put(SENDING + i, NET_SEND, send_place(i), bytes, 0);
}

static bool is_whole(const u8 *f, u64 bytes, u64 n)
{
	if (bytes != length_of(n))
		return false;
	for (u32 k = HEAD + 20; k < bytes; k++) {
		if (f[k] != byte_of(n, k))
			return false;
	}
	return true;
}

/* The sum over bytes of a frame, not complemented. */
static u32 sum_of(const u8 *f, u32 from, u32 to)
{
	u64 sum = 0;

	for (u32 i = from; i < to; i += 2)
		sum += (u32)f[i] << 8 | (i + 1 < to ? f[i + 1] : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u32)sum;
}

/* Of addresses, protocol and length: what UDP sums up besides its own bytes. */
static u32 pseudo_sum(const u8 *f)
{
	static const u8 protocol[4] = { 0, 17, 0, UDP_BYTES };
	u32 sum = sum_of(f, HEAD + 12, HEAD + 20) + sum_of(protocol, 0, 4);

	return (sum & 0xffff) + (sum >> 16);
}

static bool sum_is_right(const u8 *f)
{
	u32 sum = pseudo_sum(f) + sum_of(f, UDP_AT, UDP_AT + UDP_BYTES);

	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static bool sum_seen;

static void received(const u8 *f, u64 bytes)
{
	u64 n;

	if (bytes < 60 || memcmp(f, own, 6) != 0)
		return;
	if (f[12] == 8 && f[13] == 0)
		sum_seen |= sum_is_right(f);
	if (f[12] != 0x88 || f[13] != 0xb5)
		return;
	memcpy(&n, f + HEAD + 12, 8);
	for (u32 i = 0; i < WINDOW; i++) {
		if (number[i] != n || n == 0)
			continue;
		wrong += !is_whole(f, bytes, n);
		number[i] = 0;
		back++;
		return;
	}
}

static bool link_known, link_down;
static u32 many_under_way;

static void take(void)
{
	struct ring_entry e;

	while (chan_get(&net, &e) == RING_OK) {
		u32 id = (u32)e.w[0];

		if (id < BUFFERS) {
			if (e.w[0] >> 32 == NET_DONE)
				received(area + (u64)id * BUFFER, e.w[1]);
			put(id, NET_RECEIVE, (u64)id * BUFFER, BUFFER, 0);
		} else if (id >= SENDING && id < SENDING + WINDOW) {
			busy[id - SENDING] = false;
			status[id - SENDING] = (u32)(e.w[0] >> 32);
		} else if (id == LINKED) {
			link_known = true;
			link_down = (e.w[3] & NET_FLAG_LINK_DOWN) != 0;
		} else if (id >= 2 * SENDING) {
			many_under_way--;
		} else if (id == SENDING - 1) {
			for (u32 i = 0; i < 6; i++)
				own[i] = (u8)(e.w[2] >> (8 * i));
			status[0] = (u32)(e.w[0] >> 32);
			busy[0] = false;
		}
	}
}

static void begin(void)
{
	for (u32 i = 0; i < BUFFERS; i++)
		put(i, NET_RECEIVE, (u64)i * BUFFER, BUFFER, 0);
	memset(busy, 0, sizeof busy);
}

static void wait(u64 us)
{
	u64 bits = comp_wait(chan_idle(&net, false) ? sys_after(us) : 1);

	chan_busy(&net);
	if (chan_news(&net, bits) == CHAN_RESET && chan_agree(&net) == CHAN_UP)
		begin();
	take();
}

static void drain(void)
{
	for (u32 i = 0; i < WINDOW; i++) {
		while (busy[i])
			wait(100000);
		number[i] = 0;
	}
}

/* As many as the window holds, until the time is over; what does not come back is lost. */
static u64 load(const u8 *to, const char *mark, u64 us, u64 patience_us)
{
	u64 end = sys_after(us), before = back;
	static u64 n;

	while (sys_clock() < end) {
		for (u32 i = 0; i < WINDOW; i++) {
			if (number[i] != 0 && sys_clock() - when[i] > sys_ticks(patience_us)) {
				number[i] = 0;
				lost++;
			}
			if (number[i] == 0 && !busy[i])
				send(i, to, mark, ++n);
		}
		wait(10000);
	}
	drain();
	return back - before;
}

static void check(bool ok, const char *name)
{
	static u32 tests;

	sys_print("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

/* Again if the multiplexer was replaced meanwhile. */
static u32 one(u64 place, u64 bytes, u64 flags, u64 area_bits)
{
	const struct ring_entry e = { { SENDING | (u64)NET_SEND << 32 | area_bits << 40, place,
					bytes, flags } };
	u32 lives;

	do {
		lives = net.lives;
		busy[0] = true;
		(void)chan_put(&net, &e);
		while (busy[0])
			wait(100000);
	} while (lives != net.lives);
	return status[0];
}

static void test_refused(void)
{
	u8 *f = area + send_place(0);
	u64 end = net.info->area[0].bytes;

	memcpy(f, wire_peer, 6);
	memcpy(f + 6, own, 6);
	f[11] ^= 1;
	memcpy(f + HEAD, "SPUF", 4);
	check(one(send_place(0), 100, 0, 0) == NET_BAD, "another's address as source is refused");
	f[11] ^= 1;
	check(one(send_place(0), NET_FRAME_MAX + 1, 0, 0) == NET_BAD &&
		      one(send_place(0), 13, 0, 0) == NET_BAD &&
		      one(end - 50, 100, 0, 0) == NET_BAD &&
		      one(send_place(0), 100, 0, 1) == NET_BAD && one(~0ull, 100, 0, 0) == NET_BAD,
	      "wrong lengths and places are refused");
	check(one(send_place(0), 100,
		  NET_FLAG_CHECKSUM | 90ull << NET_SUM_START_SHIFT | 99ull << NET_SUM_PLACE_SHIFT,
		  0) == NET_BAD,
	      "a checksum outside of its frame is refused");
}

/* An IPv4 packet with UDP in it, whose checksum is left to others. */
static void make_udp(u8 *f, const u8 *to, const char *mark)
{
	static const u8 ip[20] = {
		0x45, 0, 0, 20 + UDP_BYTES, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2
	};
	static const u8 udp[8] = { 1, 2, 3, 4, 0, UDP_BYTES, 0, 0 };

	memset(f, 0, UDP_AT + UDP_BYTES);
	memcpy(f, to, 6);
	memcpy(f + 6, own, 6);
	f[12] = 8;
	memcpy(f + HEAD, ip, sizeof ip);
	u32 sum = ~sum_of(f, HEAD, HEAD + 20) & 0xffff;
	f[HEAD + 10] = (u8)(sum >> 8);
	f[HEAD + 11] = (u8)sum;
	memcpy(f + UDP_AT, udp, sizeof udp);
	memcpy(f + UDP_AT + 8, mark, 4);
	f[SUM_PLACE] = (u8)(pseudo_sum(f) >> 8);
	f[SUM_PLACE + 1] = (u8)pseudo_sum(f);
}

static void test_sum(const u8 *to, const char *mark, const char *name)
{
	sum_seen = false;
	for (u32 tries = 0; tries < 50 && !sum_seen; tries++) {
		make_udp(area + send_place(0), to, mark);
		(void)one(send_place(0), UDP_AT + UDP_BYTES,
			  NET_FLAG_CHECKSUM | (u64)UDP_AT << NET_SUM_START_SHIFT |
				  (u64)SUM_PLACE << NET_SUM_PLACE_SHIFT,
			  0);
		for (u32 i = 0; i < 20 && !sum_seen; i++)
			wait(20000);
	}
	check(sum_seen, name);
}

/* --- the link ------------------------------------------------------------------------------ */

/* What the link is when it is not like this any more; the same: nothing was heard. */
static bool link_after(bool down)
{
	link_known = false;
	put(LINKED, NET_LINK, 0, 0, down ? NET_FLAG_LINK_DOWN : 0);
	for (u64 end = sys_after(20000000); !link_known && sys_clock() < end;)
		wait(100000);
	return link_known ? link_down : down;
}

/* The peer takes the frame for a sign to pull the plug for a second. */
static void test_link(void)
{
	send(0, wire_peer, "LINK", 1);
	check(link_after(false), "the end of the link is told");
	check(!link_after(true), "and its return");
	drain();
}

/* --- sharing --------------------------------------------------------------------------------- */

static void test_fair(u64 seconds)
{
	for (u64 end = sys_after(seconds * 1000000); sys_clock() < end; wait(10000)) {
		for (; many_under_way < MANY; many_under_way++) {
			u8 *f = area + send_place(0);

			memcpy(f, wire_peer, 6);
			memcpy(f + 6, own, 6);
			f[12] = 0x88;
			f[13] = 0xb5;
			memcpy(f + HEAD, "FAIR", 4);
			put(2 * SENDING, NET_SEND, send_place(0), FAIR_BYTES, 0);
		}
	}
}

int main(void)
{
	u64 seconds = sys_option_number("seconds=", 2);

	if (!chan_open(&net, "net"))
		sys_panic("no network");
	area = (u8 *)net.info->area[0].vaddr;
	begin();
	busy[0] = true;
	put(SENDING - 1, NET_INFO, 0, 0, 0);
	comp_ready();
	while (busy[0])
		wait(100000);
	check(status[0] == NET_DONE && (own[0] & 1) == 0, "the network says what it is");
	sys_print("# address %02x:%02x:%02x:%02x:%02x:%02x\n", own[0], own[1], own[2], own[3],
		  own[4], own[5]);
	if (sys_option("link"))
		test_link();
	if (sys_option("fair"))
		test_fair(seconds);
	test_refused();
	u64 wired = load(wire_peer, "WIRE", seconds * 1000000, LOST_US), wire_lost = lost;
	check(wired > 50 && wrong == 0, "frames go over the wire and come back whole");
	lost = 0;
	/* A multiplexer that is killed loses frames of this machine too. */
	bool kills = sys_option("kills") != NULL;
	u64 local = load(local_peer, "LOCL", 500000, kills ? LOST_US : NEVER_LOST_US);
	check(local > 50 && wrong == 0 && (kills || lost == 0),
	      "frames go to the other client and come back whole");
	test_sum(local_peer, "LOCS", "a checksum is filled in for the other client");
	test_sum(wire_peer, "WIRS", "a checksum is filled in on the wire");
	sys_print("# %lu frames over the wire in %lu s, %lu lost, %lu on this machine in 500 ms, "
		  "sent %lu\n",
		  wired, seconds, wire_lost, local, sent);
	sys_print("# done\n");
	return 0;
}
