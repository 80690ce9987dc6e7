/* SPDX-License-Identifier: MIT */
/*
 * Model of the Intel 82574 network controller (82574 datasheet): what its driver uses.
 */
#include <string.h>

#include "../../drivers/e1000e/regs.h"
#include "harness.h"
#include "net_model.h"

enum { BAR_BYTES = 0x20000, REGISTERS = 0x6000 / 4, FRAME = 2048, ALL_OTHERS = INT_LINK };
enum { CTRL_DEFAULT = 0x00100200, EECD_PRESENT = 1 << 8 };

struct kind {
	const char *name;
	uint32_t irqs;
};

static const struct kind kinds[] = { { "three messages", 3 }, { "one message", 1 } };

const char *const model_name = "e1000e";
const unsigned model_variants = sizeof kinds / sizeof kinds[0];
const unsigned char net_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x57 };
bool net_sums = true;
unsigned net_buffers = 230;

static const struct kind *kind;
static unsigned char bar[BAR_BYTES];
static uint32_t reg[REGISTERS];
static uint32_t mask, cause;
static unsigned resetting; /* accesses until the reset is done */
static bool link_up;
static enum fault fault;
static uint64_t context;

#define REG(offset) reg[(offset) / 4]

const char *model_variant(unsigned v)
{
	return kinds[v].name;
}

static void rule(bool ok, int line)
{
	if (!ok && (fault == FAULT_NONE || fault == FAULT_STORM))
		check_at(false, "driver against the specification, e1000e_model.c", line, "rule");
}
#define RULE(condition) rule(condition, __LINE__)

static void reset(void)
{
	memset(reg, 0, sizeof reg);
	mask = cause = 0;
	context = 0;
	REG(E1000_CTRL) = CTRL_DEFAULT;
	memcpy(&REG(E1000_RAL), net_mac, 4);
	REG(E1000_RAH) = RAH_VALID | net_mac[4] | (uint32_t)net_mac[5] << 8;
}

void model_power(unsigned variant)
{
	kind = &kinds[variant];
	fault = FAULT_NONE;
	link_up = true;
	resetting = 0;
	reset();
	irq_edges = irq_levels = 0;
	/* The firmware may have used it before. */
	if (!benchmark && one_in(2)) {
		REG(E1000_RCTL) = RCTL_ENABLE;
		REG(E1000_TCTL) = TCTL_ENABLE;
		mask = UINT32_MAX;
	}
}

void model_attach(struct drv *d)
{
	d->irqs = kind->irqs;
	d->region[0] = (struct drv_region){ .base = bar, .bytes = BAR_BYTES };
}

/* --- interrupts ------------------------------------------------------------------------ */

/* 7.4.4, 10.2.4.9: a cause with a valid entry in IVAR sends its message, which clears it. */
static void send_messages(void)
{
	static const struct { uint32_t bit, shift; } source[] = { { INT_RX0, 0 }, { INT_TX0, 8 },
								 { INT_OTHER, 16 } };

	/* 7.4.4: the cause of others is there as long as one of them is. */
	if (cause & mask & ALL_OTHERS)
		cause |= INT_OTHER;

	for (unsigned i = 0; i < 3; i++) {
		uint32_t entry = REG(E1000_IVAR) >> source[i].shift & 0xf;

		if (!(cause & mask & source[i].bit) || !(entry & 8))
			continue;
		RULE((entry & 7) < kind->irqs);
		irq_edges |= 1ull << (entry & 7);
		cause &= ~(REG(E1000_EIAC) & source[i].bit);
		mask &= ~(REG(E1000_EIAC) & source[i].bit);
	}
}

static void raise(uint32_t bits)
{
	cause |= bits;
	send_messages();
}

/* One of each kind. */
bool net_all_pairs(void)
{
	return true;
}

void net_set_link(bool up)
{
	link_up = up;
	raise(INT_LINK);
}

/* --- registers -------------------------------------------------------------------------- */

static uint32_t status(void)
{
	return (link_up && (REG(E1000_CTRL) & CTRL_LINK_UP) ? STATUS_LINK_UP : 0) |
	       (REG(E1000_CTRL) & CTRL_MASTER_DISABLE ? 0 : STATUS_MASTER);
}

uint64_t model_read(const struct drv_region *r, uint64_t offset, unsigned width)
{
	at_access();
	RULE(width == 4 && offset % 4 == 0 && offset + width <= r->bytes);
	if (fault == FAULT_DEAD)
		return UINT64_MAX;
	if (resetting != 0 && --resetting == 0)
		reset();
	switch (offset) {
	case E1000_STATUS: return status();
	case E1000_EECD: return EECD_PRESENT | (resetting ? 0 : EECD_AUTO_READ_DONE);
	case E1000_CTRL: return REG(E1000_CTRL) | (resetting ? CTRL_RESET : 0);
	default: return offset / 4 < REGISTERS ? REG(offset) : 0;
	}
}

static void check_tail(uint64_t offset, uint32_t value)
{
	uint32_t places = REG(offset == E1000_RDT ? E1000_RDLEN : E1000_TDLEN) / 16;

	RULE(value < places);
	if (value != 0)
		RULE(offset == E1000_RDT ? REG(E1000_RCTL) & RCTL_ENABLE :
					   REG(E1000_TCTL) & TCTL_ENABLE);
}

void model_write(const struct drv_region *r, uint64_t offset, unsigned width, uint64_t value)
{
	uint32_t v = (uint32_t)value;

	at_access();
	RULE(width == 4 && offset % 4 == 0 && offset + width <= r->bytes);
	if (fault == FAULT_DEAD || offset / 4 >= REGISTERS || resetting != 0)
		return;
	switch (offset) {
	case E1000_CTRL:
		REG(E1000_CTRL) = v & ~(uint32_t)CTRL_RESET;
		if (v & CTRL_RESET) {
			reset();
			resetting = 1 + rnd(6);
		}
		break;
	case E1000_IMS:
		mask |= v;
		send_messages();
		break;
	case E1000_IMC: mask &= ~v; break;
	case E1000_ICR: cause &= ~v; break;
	case E1000_RDT: case E1000_TDT: check_tail(offset, v); REG(offset) = v; break;
	case E1000_RDBAL: case E1000_TDBAL: RULE(v % 16 == 0); REG(offset) = v; break;
	case E1000_RDLEN: case E1000_TDLEN: RULE(v % 128 == 0); REG(offset) = v; break;
	default: REG(offset) = v;
	}
	at_access();
}

/* --- frames -------------------------------------------------------------------------------- */

/* The descriptor at the head of a ring that the driver gave to the device, or NULL. */
static struct e1000_send *head_of(uint32_t base, uint32_t head, uint32_t tail, uint32_t length)
{
	uint32_t places = REG(length) / 16;

	if (places == 0 || resetting != 0 || REG(head) == REG(tail) ||
	    (REG(E1000_CTRL) & CTRL_MASTER_DISABLE) || fault == FAULT_DEAD || fault == FAULT_FATAL)
		return NULL;
	uint64_t iova = REG(base) | (uint64_t)REG(base + 4) << 32;
	return at_iova(iova + REG(head) % places * 16ull, 16);
}

static void advance(uint32_t head, uint32_t length)
{
	REG(head) = (REG(head) + 1) % (REG(length) / 16);
}

bool net_deliver(const unsigned char *frame, uint32_t bytes)
{
	struct e1000_send *d = NULL;
	uint64_t state = RX_DONE | RX_END;

	if ((REG(E1000_RCTL) & RCTL_ENABLE) && fault != FAULT_SILENT)
		d = head_of(E1000_RDBAL, E1000_RDH, E1000_RDT, E1000_RDLEN);
	if (d == NULL)
		return false;
	/* 10.2.5.1: buffers are of 2048 bytes. */
	void *to = at_iova(d->iova, FRAME);
	if (to != NULL)
		memcpy(to, frame, bytes);
	state |= one_in(2) ? RX_TCP_SUM : RX_IGNORE_SUM;
	if (fault == FAULT_LENGTH)
		bytes = FRAME + 1 + rnd(60000);
	if (fault == FAULT_STATUS)
		state &= ~RX_END;
	__atomic_store_n(&d->state, state | bytes, __ATOMIC_RELEASE);
	advance(E1000_RDH, E1000_RDLEN);
	raise(INT_RX0);
	return true;
}

static void transmit(const struct e1000_send *d)
{
	unsigned char frame[FRAME];
	uint32_t bytes = (uint32_t)(d->state & 0xfffff);
	const void *from = at_iova(d->iova, bytes);

	RULE((d->state & TX_EOP) && (d->state & TX_FCS) && bytes != 0 && bytes <= FRAME);
	if (from == NULL || bytes > FRAME)
		return;
	memcpy(frame, from, bytes);
	uint32_t start = context >> 32 & 0xff, place = context >> 40 & 0xff;
	if (d->state & TX_SUM) {
		RULE(context != 0 && place + 2 <= bytes);
		if (place + 2 <= bytes)
			net_fill_sum(frame, bytes, start, place);
	}
	if (bytes < 60) {
		memset(frame + bytes, 0, 60 - bytes);
		bytes = 60;
	}
	net_sent(frame, bytes);
}

static bool send_one(void)
{
	struct e1000_send *d = NULL;

	if ((REG(E1000_TCTL) & TCTL_ENABLE) && link_up && fault != FAULT_SILENT)
		d = head_of(E1000_TDBAL, E1000_TDH, E1000_TDT, E1000_TDLEN);
	if (d == NULL)
		return false;
	RULE(d->state & TX_CONTEXT);
	if ((d->state >> 20 & 0xf) == 0)
		context = d->iova;
	else
		transmit(d);
	if (d->state & TX_REPORT) {
		__atomic_store_n(&d->state, d->state | TX_DONE, __ATOMIC_RELEASE);
		raise(INT_TX0);
	}
	advance(E1000_TDH, E1000_TDLEN);
	return true;
}

/* --- steps ------------------------------------------------------------------------------------ */

void model_fault(enum fault f)
{
	fault = f;
}

bool net_seen_through(enum fault f)
{
	(void)f;
	return false;
}

enum verdict model_verdict(enum fault f)
{
	switch (f) {
	case FAULT_STORM: return MUST_GO_ON;
	case FAULT_GARBAGE: return MAY_FAIL;
	case FAULT_LENGTH: case FAULT_STATUS: case FAULT_SILENT: case FAULT_DEAD: case FAULT_FATAL:
		return MUST_FAIL;
	default: return NOT_TRIED;
	}
}

bool model_step(void)
{
	if (fault == FAULT_DEAD)
		return false;
	if (resetting != 0 && --resetting == 0)
		reset();
	if (fault == FAULT_STORM)
		irq_edges |= 1;
	if (fault == FAULT_GARBAGE && one_in(8)) {
		fill_random((unsigned char *)at_iova(drv.dma.iova, DMA_BYTES) + rnd(128) * 64, 64);
		irq_edges |= 1;
	}
	return send_one();
}
