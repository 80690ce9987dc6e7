/* SPDX-License-Identifier: MIT */
/*
 * Requests that were taken and are not answered.
 *
 * Owns:   the table of requests; their numbers are the ids that the driver sees.
 * Never:  gives the driver more than its ring holds, or than a window of bytes: what waits in the rings of
 *         clients is shared out fairly, what the device has is not.
 */
#include "mux.h"

enum {
	ALONE_BYTES = 3 << 20,  /* of a client while no other asks for anything */
	SHARED_BYTES = 1 << 20, /* of all, else: what one has under way the other waits for */
	RESERVED_BYTES = 1 << 20,
	SHARED = 64,
	RESERVED = 16,
};

static struct request request[REQUESTS];
static u32 first_waiting = NO_REQUEST, last_waiting = NO_REQUEST;
static u32 taken, issued, taken_bytes, first_free;

/* One place is left for the multiplexer itself. */
bool requests_room(u32 bytes, bool shared, bool reserved)
{
	u32 most = disk.chan.info->capacity < REQUESTS ? disk.chan.info->capacity : REQUESTS;
	u32 window = shared ? SHARED_BYTES : ALONE_BYTES;
	u32 kept = most / 4 < RESERVED ? most / 4 : RESERVED;

	if (shared && most > SHARED + kept)
		most = SHARED + kept;
	if (reserved)
		window += RESERVED_BYTES;
	else
		most -= kept;
	return taken + 1 < most && (taken_bytes == 0 || taken_bytes + bytes <= window);
}

static void append(u32 n)
{
	request[n].state = REQUEST_WAITING;
	request[n].next = NO_REQUEST;
	if (first_waiting == NO_REQUEST)
		first_waiting = n;
	else
		request[last_waiting].next = n;
	last_waiting = n;
}

void requests_add(const struct request *r)
{
	u32 n = first_free;

	for (u32 i = 0; i < REQUESTS && request[n].state != REQUEST_FREE; i++)
		n = (n + 1) % REQUESTS;
	first_free = (n + 1) % REQUESTS;
	request[n] = *r;
	taken++;
	taken_bytes += r->bytes;
	append(n);
}

void requests_issue(void)
{
	while (first_waiting != NO_REQUEST) {
		u32 n = first_waiting;
		struct request *r = &request[n];
		const struct ring_entry e = { { n | (u64)r->operation << 32 | (u64)r->area << 40,
						r->sector, r->offset, r->bytes } };

		if (chan_put(&disk.chan, &e) != RING_OK)
			break;
		first_waiting = r->next;
		r->state = REQUEST_ISSUED;
		r->issued = sys_clock();
		issued++;
	}
}

static void end(u32 n, u32 status, u64 w1, u64 w2)
{
	struct request r = request[n];

	request[n].state = REQUEST_FREE;
	if (r.lost && status == BLK_DONE)
		status = BLK_ERROR;
	taken--;
	taken_bytes -= r.bytes;
	if (r.client == SELF)
		disk_answer(r.id, status, w1, w2);
	else
		clients_answer(&r, status,
			       status == BLK_DONE && r.operation != BLK_FLUSH ? r.bytes : 0);
}

/* Could a driver that works say this? */
static bool is_answer(const struct ring_entry *e)
{
	u64 n = e->w[0] & 0xffffffff, status = e->w[0] >> 32;

	if (n >= REQUESTS || request[n].state != REQUEST_ISSUED || status > BLK_GONE)
		return false;
	const struct request *r = &request[n];
	bool data = r->operation == BLK_READ || r->operation == BLK_WRITE;
	return status != BLK_DONE || !data || e->w[1] == r->bytes;
}

void requests_finish(void)
{
	struct ring_entry e;

	while (chan_get(&disk.chan, &e) == RING_OK) {
		if (!is_answer(&e)) {
			chan_complain(&disk.chan);
			return;
		}
		issued--;
		end((u32)e.w[0], (u32)(e.w[0] >> 32), e.w[1], e.w[2]);
	}
	if (chan_broken(&disk.chan))
		chan_complain(&disk.chan);
}

/* In the order of their numbers: requests under way together have no other. */
void requests_restart(void)
{
	issued = 0;
	for (u32 n = 0; n < REQUESTS; n++) {
		if (request[n].state != REQUEST_ISSUED)
			continue;
		if (++request[n].tries >= TRIES)
			end(n, BLK_ERROR, 0, 0);
		else
			append(n);
	}
}

void requests_fail(u32 status)
{
	first_waiting = NO_REQUEST;
	issued = 0;
	for (u32 n = 0; n < REQUESTS; n++) {
		if (request[n].state != REQUEST_FREE)
			end(n, status, 0, 0);
	}
}

bool requests_lose(u32 client)
{
	bool any = false;

	for (u32 n = 0; n < REQUESTS; n++) {
		struct request *r = &request[n];

		if (r->state == REQUEST_FREE || r->client != client || r->operation != BLK_FLUSH)
			continue;
		r->lost = any = true;
	}
	return any;
}

u32 requests_of(u32 client)
{
	u32 count = 0;

	for (u32 n = 0; n < REQUESTS; n++)
		count += request[n].state != REQUEST_FREE && request[n].client == client;
	return count;
}

u32 requests_issued(void)
{
	return issued;
}

u64 requests_oldest(void)
{
	u64 oldest = 0;

	for (u32 n = 0; n < REQUESTS; n++) {
		if (request[n].state == REQUEST_ISSUED &&
		    (oldest == 0 || request[n].issued < oldest))
			oldest = request[n].issued;
	}
	return oldest;
}
