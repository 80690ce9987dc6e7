/* SPDX-License-Identifier: MIT */
/*
 * Driver of the 16550 serial port, as a stream of 115,200 bits a second, 8N1.
 *
 * Owns:   the port's registers; bytes that came, writes that wait for room in the FIFO.
 * Never:  reaches memory: the device has no DMA.
 */
#include <string.h>

#include "../class/stream.h"
#include "../class/watch.h"
#include "regs.h"

enum {
	FIFO_BYTES = 16,
	ROUNDS = 16,          /* of looking at the device again, for each event */
	RECEIVE_ROUND = 64,   /* bytes taken at once */
	DIVISOR_115200 = 1,
	GONE = 0xff,
	SCRATCH_TEST = 0x5a,
};

static struct {
	const struct drv_region *ports;
	struct watch watch;
	struct stream_in in;
	uint32_t first_write, writes;
	uint32_t sent; /* bytes of the first write */
	struct stream_request write[STREAM_PENDING];
	uint32_t began; /* tick of the last byte sent */
	uint8_t enabled;
	bool again; /* the tick that was asked for is not the watch's */
} self;

static bool find(struct drv *d)
{
	memset(&self, 0, sizeof self);
	self.ports = &d->region[0];
	if (self.ports->bytes < UART_PORTS || d->irqs == 0)
		return false;
	port_write8(self.ports, UART_SCRATCH, SCRATCH_TEST);
	return port_read8(self.ports, UART_SCRATCH) == SCRATCH_TEST;
}

static void enable(uint8_t interrupts)
{
	if (self.enabled != interrupts)
		port_write8(self.ports, UART_INTERRUPTS, interrupts);
	self.enabled = interrupts;
}

enum drv_result driver_init(struct drv *d)
{
	if (!find(d))
		return DRV_NO_DEVICE;
	port_write8(self.ports, UART_LINE, LCR_8N1);
	port_write8(self.ports, UART_INTERRUPTS, 0);
	port_write8(self.ports, UART_LINE, LCR_8N1 | LCR_DIVISOR);
	port_write8(self.ports, UART_DIVISOR, DIVISOR_115200);
	port_write8(self.ports, UART_DIVISOR + 1, DIVISOR_115200 >> 8);
	port_write8(self.ports, UART_LINE, LCR_8N1);
	port_write8(self.ports, UART_FIFO,
		    FCR_ON | FCR_CLEAR_RECEIVER | FCR_CLEAR_SENDER | FCR_TRIGGER_8);
	port_write8(self.ports, UART_MODEM, MCR_DTR | MCR_RTS | MCR_INTERRUPTS);
	enable(IER_RECEIVED);
	return DRV_OK;
}

void driver_quiesce(struct drv *d)
{
	if (find(d))
		port_write8(self.ports, UART_INTERRUPTS, 0);
}

/* Bytes that came, up to a bound. */
static void receive(uint8_t status)
{
	for (uint32_t i = 0; i < RECEIVE_ROUND && (status & LSR_RECEIVED); i++) {
		if (status & LSR_OVERRUN)
			self.in.lost = true;
		stream_add(&self.in, port_read8(self.ports, UART_DATA));
		status = port_read8(self.ports, UART_STATUS);
	}
}

/* 8.4: with LSR_ROOM the whole FIFO is empty. */
static void send(struct drv *d)
{
	for (uint32_t room = FIFO_BYTES; room != 0 && self.writes != 0; room--) {
		struct stream_request *w = &self.write[self.first_write];

		port_write8(self.ports, UART_DATA, stream_byte(w, self.sent++));
		self.began = self.watch.tick;
		if (self.sent != w->count)
			continue;
		stream_answer(d, w->id, STREAM_DONE, w->count);
		self.sent = 0;
		self.writes--;
		self.first_write = (self.first_write + 1) % STREAM_PENDING;
	}
}

/*
 * Serve the port until it has no cause to interrupt: its line may be wired so that only the
 * next rise is seen.  False: the port is gone.
 */
static bool serve(struct drv *d)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint8_t status = port_read8(self.ports, UART_STATUS);

		if (status == GONE)
			return false;
		receive(status);
		if (status & LSR_ROOM)
			send(d);
		enable(self.writes != 0 ? IER_RECEIVED | IER_SENT : IER_RECEIVED);
		if (port_read8(self.ports, UART_CAUSE) & IIR_NONE)
			return true;
	}
	/* It goes on without end: let others run, then look again. */
	self.again = true;
	drv_wake_at(d, drv_now_ns());
	return true;
}

static void begin_write(struct drv *d, const struct stream_request *r)
{
	if (self.writes == STREAM_PENDING) {
		stream_answer(d, r->id, STREAM_BUSY, 0);
		return;
	}
	if (self.writes == 0)
		self.began = self.watch.tick;
	self.write[(self.first_write + self.writes++) % STREAM_PENDING] = *r;
	watch_begin(&self.watch, d);
}

static void begin_all(struct drv *d)
{
	struct ring_entry e;
	struct stream_request r;

	drv_begin(d);
	while (drv_take(d, &e)) {
		if (!stream_parse(d, &e, true, &r))
			continue;
		if (r.operation == STREAM_READ)
			stream_read(d, &self.in, &r);
		else
			begin_write(d, &r);
	}
}

/* False: no byte could be sent for too long. */
static bool tick(struct drv *d)
{
	if (self.again)
		self.watch.running = self.again = false;
	else
		watch_tick(&self.watch);
	if (self.writes == 0)
		return true;
	watch_begin(&self.watch, d);
	return !watch_overdue(&self.watch, self.began);
}

enum drv_result driver_event(struct drv *d, uint64_t events)
{
	bool ok = !(events & DRV_EVENT_TICK) || tick(d);

	if (ok)
		begin_all(d);
	ok = ok && serve(d);
	if (ok)
		stream_serve(d, &self.in);
	return drv_end(d, ok);
}
