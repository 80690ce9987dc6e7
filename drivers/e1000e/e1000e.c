/* SPDX-License-Identifier: MIT */
/*
 * Driver of the Intel 82574 (e1000e) network controller, with MSI-X.
 *
 * Owns:   one receive ring and one send ring of RING_PLACES descriptors.  What is private about
 *         a descriptor lies beside the rings, not in them.
 * Specification: 82574 datasheet; initialization: 4.6; rings: 7.1, 7.2.
 * Never:  touches frames: the device reads and writes them in the areas of clients.
 */
#include <stdatomic.h>
#include <string.h>

#include "../class/net.h"
#include "../class/watch.h"
#include "regs.h"

enum {
	RING_PLACES = 256, /* a power of two; one stays empty */
	REGISTER_BYTES = 0x5800,
	MASTER_TRIES = 100, /* of a millisecond */
	RESET_TRIES = 100,
	MULTICAST_WORDS = 128,
	LINK_MESSAGE = 2,
	SUM_MAX = 255, /* 7.2.6: the fields have a byte */
};

#define MILLISECOND 1000000ull

struct place {
	uint32_t id;
	uint32_t began; /* tick */
	bool context;   /* not a frame: what frames behind it are to be summed like */
};

struct ring {
	struct drv_dma memory;
	uint32_t tail; /* next to be filled */
	uint32_t head; /* oldest that the device has */
	uint32_t told;
	struct place place[RING_PLACES];
};

static struct {
	const struct drv_region *regs;
	struct watch watch;
	uint64_t address;
	uint32_t sum_start, sum_place; /* of the last context descriptor */
	struct ring receive, send;
	struct net_link link;
	uint32_t causes; /* of interrupts */
} self;

/* --- start --------------------------------------------------------------------------- */

static uint32_t rd(uint32_t offset)
{
	return reg_read32(self.regs, offset);
}

static void wr(uint32_t offset, uint32_t value)
{
	reg_write32(self.regs, offset, value);
}

static bool find(struct drv *d)
{
	memset(&self, 0, sizeof self);
	self.regs = &d->region[0];
	return self.regs->base != NULL && self.regs->bytes >= REGISTER_BYTES && d->irqs != 0 &&
	       rd(E1000_STATUS) != UINT32_MAX;
}

/*
 * 4.6.2: interrupts off, no new DMA, what is under way ends, reset.  If it does not
 * end, the reset ends it; the bus may complain.
 */
static bool reset(void)
{
	wr(E1000_IMC, UINT32_MAX);
	wr(E1000_RCTL, 0);
	wr(E1000_TCTL, TCTL_PAD);
	wr(E1000_CTRL, rd(E1000_CTRL) | CTRL_MASTER_DISABLE);
	for (uint32_t i = 0; i < MASTER_TRIES && (rd(E1000_STATUS) & STATUS_MASTER); i++)
		drv_sleep_ns(MILLISECOND);
	wr(E1000_CTRL, rd(E1000_CTRL) | CTRL_RESET);
	for (uint32_t i = 0; i < RESET_TRIES; i++) {
		/* 10.2.2.1: no access for a microsecond after the reset. */
		drv_sleep_ns(MILLISECOND);
		if (!(rd(E1000_CTRL) & CTRL_RESET) && (rd(E1000_EECD) & EECD_AUTO_READ_DONE)) {
			wr(E1000_IMC, UINT32_MAX);
			return rd(E1000_STATUS) != UINT32_MAX;
		}
	}
	return false;
}

void driver_quiesce(struct drv *d)
{
	if (find(d))
		(void)reset();
}

/* 10.2.5.20: the first address was read from the device's own memory by the reset. */
static bool read_address(void)
{
	uint32_t high = rd(E1000_RAH);

	self.address = rd(E1000_RAL) | (uint64_t)(high & 0xffff) << 32;
	/* Not zero, not of a group. */
	return (high & RAH_VALID) && self.address != 0 && (self.address & 1) == 0;
}

static bool cut_rings(struct drv *d)
{
	uint64_t used = 0, bytes = RING_PLACES * sizeof(struct e1000_receive);

	return drv_cut(d, &used, bytes, 4096, &self.receive.memory) &&
	       drv_cut(d, &used, bytes, 4096, &self.send.memory);
}

/* 4.6.5 Receive, 4.6.6 Transmit. */
static void start_rings(void)
{
	const uint32_t bytes = RING_PLACES * sizeof(struct e1000_receive);

	for (uint32_t i = 0; i < MULTICAST_WORDS; i++)
		wr(E1000_MTA + 4 * i, 0);
	wr(E1000_RDBAL, (uint32_t)self.receive.memory.iova);
	wr(E1000_RDBAH, (uint32_t)(self.receive.memory.iova >> 32));
	wr(E1000_RDLEN, bytes);
	wr(E1000_RDH, 0);
	wr(E1000_RDT, 0);
	wr(E1000_RXCSUM, RXCSUM_IP | RXCSUM_TCP);
	wr(E1000_TDBAL, (uint32_t)self.send.memory.iova);
	wr(E1000_TDBAH, (uint32_t)(self.send.memory.iova >> 32));
	wr(E1000_TDLEN, bytes);
	wr(E1000_TDH, 0);
	wr(E1000_TDT, 0);
	wr(E1000_TXDCTL, TXDCTL_DESCRIPTORS | TXDCTL_COUNT);
	wr(E1000_TIPG, TIPG_DEFAULT);
	wr(E1000_TCTL, TCTL_ENABLE | TCTL_PAD | TCTL_THRESHOLD | TCTL_DISTANCE);
	/* Every frame on the wire: clients have addresses of their own (servers/net-mux). */
	wr(E1000_RCTL, RCTL_ENABLE | RCTL_UNICAST | RCTL_MULTICAST | RCTL_BROADCAST | RCTL_STRIP);
}

static void unmask(void)
{
	wr(E1000_IMS, self.causes);
}

enum drv_result driver_init(struct drv *d)
{
	if (!find(d))
		return DRV_NO_DEVICE;
	if (!reset())
		return DRV_FAILED;
	if (!read_address() || !cut_rings(d))
		return DRV_NO_DEVICE;
	wr(E1000_CTRL, rd(E1000_CTRL) | CTRL_LINK_UP);
	start_rings();
	/* 7.4.4: each cause has its message, and sending it clears the cause. */
	wr(E1000_CTRL_EXT, rd(E1000_CTRL_EXT) | CTRL_EXT_PBA_SUPPORT);
	bool others = d->irqs > LINK_MESSAGE;
	self.causes = INT_RX0 | INT_TX0 | (others ? INT_OTHER | INT_LINK : 0);
	wr(E1000_IVAR,
	   IVAR_OF(0u, d->irqs > 1 ? 1u : 0u) | (others ? IVAR_OTHER(LINK_MESSAGE) : 0));
	wr(E1000_EIAC, self.causes & ~(uint32_t)INT_LINK);
	unmask();
	return DRV_OK;
}

/* --- rings ----------------------------------------------------------------------------- */

static uint32_t next(uint32_t place)
{
	return (place + 1) & (RING_PLACES - 1);
}

static uint32_t room(const struct ring *r)
{
	return (r->head - r->tail - 1) & (RING_PLACES - 1);
}

static void put(struct ring *r, uint64_t iova, uint64_t state, struct place place)
{
	struct e1000_send *s = (struct e1000_send *)r->memory.base + r->tail;

	s->iova = iova;
	s->state = state;
	r->place[r->tail] = place;
	r->tail = next(r->tail);
}

static uint64_t state_of(const struct ring *r, uint32_t place)
{
	return __atomic_load_n(&((const struct e1000_send *)r->memory.base)[place].state,
			       __ATOMIC_ACQUIRE);
}

static void tell(struct ring *r, uint32_t tail_register)
{
	if (r->told == r->tail)
		return;
	r->told = r->tail;
	atomic_thread_fence(memory_order_release);
	wr(tail_register, r->tail);
}

/* --- requests ---------------------------------------------------------------------------- */

static void begin_receive(struct drv *d, const struct net_request *r)
{
	/* Buffers wait for frames, for ever perhaps: those behind them must not. */
	if (room(&self.receive) == 0)
		net_answer(d, r->id, NET_ERROR, 0, 0);
	else
		put(&self.receive, r->iova, 0, (struct place){ .id = r->id });
}

/* False: no room now. */
static bool begin_send(struct drv *d, const struct net_request *r)
{
	const uint64_t data = TX_DATA | TX_EOP | TX_FCS | TX_REPORT;

	if (r->sum && r->sum_place > SUM_MAX) {
		d->bad_requests++;
		net_answer(d, r->id, NET_BAD, 0, 0);
		return true;
	}
	if (room(&self.send) < 2)
		return false;
	if (r->sum && (r->sum_start != self.sum_start || r->sum_place != self.sum_place)) {
		self.sum_start = r->sum_start;
		self.sum_place = r->sum_place;
		put(&self.send, TX_CONTEXT_SUM(r->sum_start, r->sum_place), TX_CONTEXT,
		    (struct place){ .context = true });
	}
	put(&self.send, r->iova, data | r->bytes | (r->sum ? TX_SUM : 0),
	    (struct place){ .id = r->id, .began = self.watch.tick });
	watch_begin(&self.watch, d);
	return true;
}

static bool link_is_down(void)
{
	return !(rd(E1000_STATUS) & STATUS_LINK_UP);
}

static void answer_info(struct drv *d, uint32_t id)
{
	const uint64_t mtu = NET_FRAME_MAX - NET_FRAME_MIN;
	uint32_t down = link_is_down() ? NET_FLAG_LINK_DOWN : 0;

	drv_answer(d, id | (uint64_t)NET_DONE << 32, 0, self.address | mtu << 48,
		   NET_FLAG_CHECKSUM | down);
}

static void begin_all(struct drv *d)
{
	struct ring_entry e;
	struct net_request r;

	drv_begin(d);
	while (drv_take(d, &e)) {
		if (!net_parse(d, &e, &r))
			continue;
		if (r.operation == NET_RECEIVE) {
			begin_receive(d, &r);
		} else if (r.operation == NET_INFO) {
			answer_info(d, r.id);
		} else if (r.operation == NET_LINK) {
			net_link_ask(d, &self.link, &r);
			net_link_tell(d, &self.link, link_is_down());
			/* With few messages its changes are looked for. */
			watch_begin(&self.watch, d);
		} else if (!begin_send(d, &r)) {
			drv_put_back(d);
			break;
		}
	}
	tell(&self.receive, E1000_RDT);
	tell(&self.send, E1000_TDT);
}

/* --- answers -------------------------------------------------------------------------------- */

/* 7.2.7: a frame was sent when its descriptor says so; a context is done when its frame is. */
static void finish_sends(struct drv *d)
{
	struct ring *r = &self.send;

	while (r->head != r->told) {
		uint32_t at = r->place[r->head].context ? next(r->head) : r->head;

		if (!(state_of(r, at) & TX_DONE))
			return;
		net_answer(d, r->place[at].id, NET_DONE, 0, 0);
		r->head = next(at);
	}
}

/* False: the device says what cannot be. */
static bool finish_receives(struct drv *d)
{
	struct ring *r = &self.receive;

	while (r->head != r->told) {
		uint64_t state = state_of(r, r->head);
		uint32_t bytes = RX_BYTES(state), flags = 0;

		if (!(state & RX_DONE))
			return true;
		/* Longer frames than a buffer are not accepted (10.2.5.1: LPE is off). */
		if (!(state & RX_END) || bytes == 0 || bytes > NET_ROOM_MIN) {
			d->bad_device++;
			return false;
		}
		if ((state & (RX_TCP_SUM | RX_IGNORE_SUM | RX_SUM_ERRORS)) == RX_TCP_SUM)
			flags = NET_FLAG_CHECKSUM;
		if (state & RX_FRAME_ERRORS)
			net_answer(d, r->place[r->head].id, NET_ERROR, 0, 0);
		else
			net_answer(d, r->place[r->head].id, NET_DONE, bytes, flags);
		r->head = next(r->head);
	}
	return true;
}

/* False: a frame to be sent has waited too long while there is a link. */
static bool tick(struct drv *d)
{
	struct ring *r = &self.send;
	uint32_t status = rd(E1000_STATUS);

	if (status == UINT32_MAX)
		return false;
	watch_tick(&self.watch);
	net_link_tell(d, &self.link, !(status & STATUS_LINK_UP));
	if (self.link.asked)
		watch_begin(&self.watch, d);
	if (r->head == r->told)
		return true;
	watch_begin(&self.watch, d);
	uint32_t oldest = r->place[r->head].context ? next(r->head) : r->head;
	if (!(status & STATUS_LINK_UP))
		r->place[oldest].began = self.watch.tick;
	return !watch_overdue(&self.watch, r->place[oldest].began);
}

enum drv_result driver_event(struct drv *d, uint64_t events)
{
	/* What makes the cause of others stays until it is cleared. */
	if (events & 1ull << LINK_MESSAGE)
		wr(E1000_ICR, INT_LINK | INT_OTHER);
	/* Sending a message masked its cause.  First unmask, then look: nothing is missed. */
	if (events & ((1ull << DRV_IRQS) - 1))
		unmask();
	if (events & 1ull << LINK_MESSAGE)
		net_link_tell(d, &self.link, link_is_down());
	bool ok = finish_receives(d);
	if (ok)
		finish_sends(d);
	if (ok && (events & DRV_EVENT_TICK))
		ok = tick(d);
	if (ok)
		begin_all(d);
	return drv_end(d, ok);
}
