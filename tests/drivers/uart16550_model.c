/* SPDX-License-Identifier: MIT */
/*
 * Model of the 16550 serial port (PC16550D data sheet), with an edge-triggered interrupt.
 */
#include <string.h>

#include "../../drivers/uart16550/regs.h"
#include "harness.h"
#include "stream_model.h"

enum { FIFO = 16, CAUSE_SENT = 2, CAUSE_RECEIVED = 4 };

struct fifo {
	uint32_t head, count;
	uint8_t byte[FIFO];
};

const char *const model_name = "uart16550";
const unsigned model_variants = 1;
bool stream_writes = true, stream_makes = false;
static struct fifo in, out;
static uint8_t ier, lcr, mcr, scratch, overrun;
static uint8_t divisor[2];
static bool sent_cause, line;
static enum fault fault;

const char *model_variant(unsigned v)
{
	(void)v;
	return "ports";
}

static uint8_t get(struct fifo *f)
{
	f->count--;
	return f->byte[f->head++ % FIFO];
}

/* A rise of the line is an interrupt. */
static void update(void)
{
	bool now = ((ier & IER_RECEIVED) && in.count != 0) || ((ier & IER_SENT) && sent_cause);

	now = now && (mcr & MCR_INTERRUPTS);
	if (now && !line)
		irq_edges |= 1;
	line = now;
}

void model_power(unsigned variant)
{
	(void)variant;
	memset(&in, 0, sizeof in);
	memset(&out, 0, sizeof out);
	ier = mcr = overrun = 0;
	lcr = (uint8_t)rnd(256);
	sent_cause = line = false;
	fault = FAULT_NONE;
	irq_edges = irq_levels = 0;
}

void model_attach(struct drv *d)
{
	d->irqs = 1;
	d->region[0] = (struct drv_region){ .bytes = UART_PORTS, .port = 0x3f8 };
}

void model_fault(enum fault f)
{
	fault = f;
}

enum verdict model_verdict(enum fault f)
{
	switch (f) {
	case FAULT_SILENT: case FAULT_DEAD: return MUST_FAIL;
	case FAULT_STORM: case FAULT_STATUS: return MUST_GO_ON;
	default: return NOT_TRIED;
	}
}

static uint8_t read_data(void)
{
	if (lcr & LCR_DIVISOR)
		return divisor[0];
	return in.count != 0 ? get(&in) : 0;
}

static uint8_t read_cause(void)
{
	if ((ier & IER_RECEIVED) && in.count != 0)
		return CAUSE_RECEIVED;
	if ((ier & IER_SENT) && sent_cause) {
		sent_cause = false;
		return CAUSE_SENT;
	}
	return IIR_NONE;
}

static uint8_t read_status(void)
{
	uint8_t s = (uint8_t)((in.count != 0 ? LSR_RECEIVED : 0) | (overrun ? LSR_OVERRUN : 0) |
			      (out.count == 0 && fault != FAULT_SILENT ? LSR_ROOM : 0));

	overrun = 0;
	/* A byte that is always there. */
	return fault == FAULT_STATUS ? s | LSR_RECEIVED : s;
}

uint8_t port_read8(const struct drv_region *r, uint64_t offset)
{
	uint8_t value = 0;

	at_access();
	if (!CHECK(offset < r->bytes) || fault == FAULT_DEAD)
		return 0xff;
	switch (offset) {
	case UART_DATA: value = read_data(); break;
	case UART_INTERRUPTS: value = ier; break;
	case UART_CAUSE: value = read_cause(); break;
	case UART_LINE: value = lcr; break;
	case UART_STATUS: value = read_status(); break;
	case UART_SCRATCH: value = scratch; break;
	default: break;
	}
	update();
	return value;
}

static void write_data(uint8_t value)
{
	if (lcr & LCR_DIVISOR) {
		divisor[0] = value;
		return;
	}
	sent_cause = false;
	if (CHECK(out.count < FIFO))
		out.byte[(out.head + out.count++) % FIFO] = value;
}

void port_write8(const struct drv_region *r, uint64_t offset, uint8_t value)
{
	at_access();
	if (!CHECK(offset < r->bytes) || fault == FAULT_DEAD)
		return;
	switch (offset) {
	case UART_DATA: write_data(value); break;
	case UART_INTERRUPTS:
		if (lcr & LCR_DIVISOR) {
			divisor[1] = value;
			break;
		}
		/* Allowed while there is room, it is a cause at once. */
		if ((value & ~ier & IER_SENT) && out.count == 0)
			sent_cause = true;
		ier = value;
		break;
	case UART_FIFO:
		if (value & FCR_CLEAR_RECEIVER)
			in.count = 0;
		if (value & FCR_CLEAR_SENDER)
			out.count = 0;
		break;
	case UART_LINE: lcr = value; break;
	case UART_MODEM: mcr = value; break;
	case UART_SCRATCH: scratch = value; break;
	default: break;
	}
	update();
}

uint64_t model_read(const struct drv_region *r, uint64_t offset, unsigned width)
{
	(void)r;
	(void)offset;
	(void)width;
	check_at(false, __FILE__, __LINE__, "a port has no registers in memory");
	return 0;
}

void model_write(const struct drv_region *r, uint64_t offset, unsigned width, uint64_t value)
{
	(void)value;
	(void)model_read(r, offset, width);
}

uint32_t stream_feed(const uint8_t *bytes, uint32_t count)
{
	uint32_t n = 0;

	if (fault == FAULT_DEAD || fault == FAULT_SILENT)
		return 0;
	for (; n < count && in.count < FIFO; n++)
		in.byte[(in.head + in.count++) % FIFO] = bytes[n];
	update();
	return n;
}

bool model_step(void)
{
	if (fault == FAULT_STORM)
		irq_edges |= 1;
	if (out.count == 0 || fault == FAULT_DEAD || fault == FAULT_SILENT)
		return false;
	stream_left(get(&out));
	if (out.count == 0)
		sent_cause = true;
	update();
	return true;
}
