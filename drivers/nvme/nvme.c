/* SPDX-License-Identifier: MIT */
/*
 * Driver of NVM Express controllers: the first active namespace, as a block device.
 *
 * Owns:   the admin queue; one to IO_QUEUES pairs of queues; COMMANDS commands, each with a
 *         list of pages in DMA memory.  A request larger than the controller takes is several.
 * Specification: NVMe Base 1.4; start and reset of the controller: 7.6.1, 7.3.2.
 * Never:  touches data; believes an identifier, a head or a status of the controller.
 */
#include <string.h>

#include "../class/blk.h"
#include "../class/watch.h"
#include "regs.h"

enum {
	IO_QUEUES = 4,
	COMMANDS = 128,
	QUEUE_ENTRIES = 128,
	ADMIN_ENTRIES = 4,
	PAGE = 4096,
	LIST_BYTES = 2048, /* of entries of 8 bytes; two lists in a page */
	PART_MAX = 512 << 10,
	PART_MIN = 16 << 10,
	ADMIN_TRIES = 5000, /* of a millisecond */
	HALF_SECOND_MS = 500,
	SHUTDOWN_TRIES = 2000,
};

#define MILLISECOND 1000000ull
_Static_assert(PART_MAX / PAGE * 8 <= LIST_BYTES, "the list of a largest part fits");
_Static_assert(BLK_BYTES_MAX / PART_MIN <= COMMANDS / 2, "a request fits");

struct nvme_queue {
	struct drv_dma sq, cq;
	uint64_t sq_bell, cq_bell;
	uint32_t entries, tail, head, told, taken, busy;
	uint32_t phase, id;
};

struct nvme_slot { /* a request */
	uint32_t id, bytes, began;
	uint16_t parts; /* not finished; 0: free */
	uint16_t status;
	uint32_t operation;
};

static struct {
	struct blk_geometry geometry;
	struct watch watch;
	const struct drv_region *regs;
	uint64_t dma_used;
	uint64_t cap;
	struct drv_dma buffer, lists;
	uint32_t nsid, shift, part; /* block: 1 << shift bytes; part: bytes of a command */
	uint32_t queues, next_queue, free, free_slots;
	struct nvme_queue admin, queue[IO_QUEUES];
	uint8_t free_command[COMMANDS], free_slot[COMMANDS];
	uint8_t owner[COMMANDS];    /* which slot a command is part of */
	uint8_t queue_of[COMMANDS]; /* 1 + queue of a command under way; 0: free */
	struct nvme_slot slot[COMMANDS];
} self;

/* --- controller ----------------------------------------------------------------------- */

static uint32_t csts(void)
{
	return reg_read32(self.regs, NVME_CSTS);
}

/* All ones are what a device that is gone answers. */
static bool works(void)
{
	uint32_t status = csts();

	return status != UINT32_MAX && (status & (CSTS_READY | CSTS_FATAL)) == CSTS_READY;
}

/*
 * Wait until CSTS.RDY is so, no longer than the controller says it may take.  A reset also ends
 * a failure (3.1.6), which may take longer than becoming not ready.
 */
static bool wait_ready(uint32_t ready)
{
	for (uint32_t i = 0; i <= (CAP_TO(self.cap) + 1) * HALF_SECOND_MS; i++) {
		uint32_t status = csts();

		if (status == UINT32_MAX)
			return false;
		if ((status & (CSTS_READY | CSTS_FATAL)) == ready)
			return true;
		if (ready && (status & CSTS_FATAL))
			return false;
		drv_sleep_ns(MILLISECOND);
	}
	return false;
}

/* 7.6.2: the controller writes its caches to the medium.  It need not succeed. */
static void shut_down(uint32_t cc)
{
	reg_write32(self.regs, NVME_CC, cc | CC_SHUTDOWN);
	for (uint32_t i = 0; i < SHUTDOWN_TRIES; i++) {
		if ((csts() & CSTS_SHUTDOWN) == CSTS_SHUTDOWN_DONE || !works())
			return;
		drv_sleep_ns(MILLISECOND);
	}
}

/* 3.1.5: CC.EN is not cleared while the controller is on the way to ready. */
static bool reset(void)
{
	uint32_t cc = reg_read32(self.regs, NVME_CC);

	if (cc == UINT32_MAX)
		return false;
	if (cc & CC_ENABLE) {
		if (wait_ready(CSTS_READY))
			shut_down(cc);
		reg_write32(self.regs, NVME_CC, cc & ~(uint32_t)CC_ENABLE);
	}
	return wait_ready(0);
}

static bool find(struct drv *d)
{
	memset(&self, 0, sizeof self);
	self.regs = &d->region[0];
	if (self.regs->base == NULL || self.regs->bytes < NVME_DOORBELLS + PAGE || d->irqs == 0)
		return false;
	/* 64-bit registers are read and written in halves: every controller takes that. */
	self.cap = reg_read32(self.regs, NVME_CAP) |
		   (uint64_t)reg_read32(self.regs, NVME_CAP + 4) << 32;
	return self.cap != UINT64_MAX && (self.cap & CAP_NVM) && CAP_MPSMIN(self.cap) == 0 &&
	       CAP_MQES(self.cap) >= 1;
}

void driver_quiesce(struct drv *d)
{
	if (find(d))
		(void)reset();
}

static bool open_queue(struct drv *d, struct nvme_queue *q, uint32_t id, uint32_t entries)
{
	const uint64_t stride = 4ull << CAP_DSTRD(self.cap);

	if (entries > CAP_MQES(self.cap) + 1)
		entries = CAP_MQES(self.cap) + 1;
	*q = (struct nvme_queue){ .id = id, .entries = entries, .phase = 1 };
	q->sq_bell = NVME_DOORBELLS + 2u * id * stride;
	q->cq_bell = q->sq_bell + stride;
	return q->cq_bell + 4 <= self.regs->bytes &&
	       drv_cut(d, &self.dma_used, entries * sizeof(struct nvme_command), PAGE, &q->sq) &&
	       drv_cut(d, &self.dma_used, entries * sizeof(struct nvme_completion), PAGE, &q->cq);
}

/* 7.6.1: queues of the administrator, then enable. */
static enum drv_result enable(struct drv *d)
{
	if (!open_queue(d, &self.admin, 0, ADMIN_ENTRIES) ||
	    !drv_cut(d, &self.dma_used, PAGE, PAGE, &self.buffer) ||
	    !drv_cut(d, &self.dma_used, COMMANDS * LIST_BYTES, PAGE, &self.lists))
		return DRV_NO_DEVICE;
	uint32_t size = self.admin.entries - 1;
	reg_write32(self.regs, NVME_AQA, size << 16 | size);
	reg_write32(self.regs, NVME_ASQ, (uint32_t)self.admin.sq.iova);
	reg_write32(self.regs, NVME_ASQ + 4, (uint32_t)(self.admin.sq.iova >> 32));
	reg_write32(self.regs, NVME_ACQ, (uint32_t)self.admin.cq.iova);
	reg_write32(self.regs, NVME_ACQ + 4, (uint32_t)(self.admin.cq.iova >> 32));
	reg_write32(self.regs, NVME_CC, CC_IOSQES_64 | CC_IOCQES_16 | CC_ENABLE);
	return wait_ready(CSTS_READY) ? DRV_OK : DRV_FAILED;
}

/* --- queues ----------------------------------------------------------------------------- */

static struct nvme_command *next_command(struct nvme_queue *q, uint16_t cid)
{
	struct nvme_command *c = (struct nvme_command *)q->sq.base + q->tail;

	if (++q->tail == q->entries)
		q->tail = 0;
	q->busy++;
	*c = (struct nvme_command){ .cid = cid };
	return c;
}

static void ring_bell(struct nvme_queue *q)
{
	if (q->told == q->tail)
		return;
	q->told = q->tail;
	atomic_thread_fence(memory_order_release);
	reg_write32(self.regs, q->sq_bell, q->tail);
}

enum take { TAKE_DONE, TAKE_EMPTY, TAKE_BROKEN };

/* The next finished command: the half of its entry that holds the phase is read once, first. */
static enum take take(struct nvme_queue *q, uint16_t *cid, uint16_t *status, uint32_t *result)
{
	const struct nvme_completion *c = (const struct nvme_completion *)q->cq.base + q->head;
	uint64_t state = __atomic_load_n(&c->state, __ATOMIC_ACQUIRE);

	if (CQE_PHASE(state) != q->phase)
		return TAKE_EMPTY;
	if (q->busy == 0 || CQE_SQ_HEAD(state) >= q->entries || CQE_SQ_ID(state) != q->id)
		return TAKE_BROKEN;
	*cid = CQE_CID(state);
	*status = CQE_STATUS(state);
	*result = (uint32_t)*(const volatile uint64_t *)&c->result;
	if (++q->head == q->entries) {
		q->head = 0;
		q->phase ^= 1;
	}
	q->busy--;
	return TAKE_DONE;
}

/* One command of the administrator at a time, polled.  The command was filled in. */
static bool admin_wait(struct drv *d, uint32_t *result)
{
	struct nvme_queue *q = &self.admin;
	uint16_t cid, status;
	uint32_t unused;

	ring_bell(q);
	for (uint32_t i = 0; i < ADMIN_TRIES; i++) {
		enum take t = take(q, &cid, &status, result != NULL ? result : &unused);

		if (t == TAKE_DONE) {
			reg_write32(self.regs, q->cq_bell, q->head);
			d->bad_device += cid != 0;
			return cid == 0 && status == 0;
		}
		if (t == TAKE_BROKEN || !works()) {
			d->bad_device++;
			return false;
		}
		drv_sleep_ns(MILLISECOND);
	}
	return false;
}

static bool identify(struct drv *d, uint32_t what, uint32_t nsid)
{
	struct nvme_command *c = next_command(&self.admin, 0);

	c->opcode = ADMIN_IDENTIFY;
	c->nsid = nsid;
	c->prp1 = self.buffer.iova;
	c->cdw10 = what;
	return admin_wait(d, NULL);
}

static bool create_queue(struct drv *d, struct nvme_queue *q, uint32_t message)
{
	struct nvme_command *c = next_command(&self.admin, 0);

	c->opcode = ADMIN_CREATE_CQ;
	c->prp1 = q->cq.iova;
	c->cdw10 = (q->entries - 1) << 16 | q->id;
	c->cdw11 = message << 16 | CQ_INTERRUPTS | QUEUE_CONTIGUOUS;
	if (!admin_wait(d, NULL))
		return false;
	c = next_command(&self.admin, 0);
	c->opcode = ADMIN_CREATE_SQ;
	c->prp1 = q->sq.iova;
	c->cdw10 = (q->entries - 1) << 16 | q->id;
	c->cdw11 = q->id << 16 | QUEUE_CONTIGUOUS;
	return admin_wait(d, NULL);
}

/* As many pairs as there are messages behind the administrator's, and the controller allows. */
static enum drv_result create_queues(struct drv *d)
{
	uint32_t wanted = d->irqs > IO_QUEUES ? IO_QUEUES : d->irqs > 1 ? d->irqs - 1 : 1;
	uint32_t got = 0;
	struct nvme_command *c = next_command(&self.admin, 0);

	c->opcode = ADMIN_SET_FEATURES;
	c->cdw10 = FEATURE_QUEUES;
	c->cdw11 = (wanted - 1) << 16 | (wanted - 1);
	if (!admin_wait(d, &got))
		return DRV_FAILED;
	uint32_t least = (got & 0xffff) < got >> 16 ? got & 0xffff : got >> 16;
	self.queues = least + 1 < wanted ? least + 1 : wanted;
	for (uint32_t i = 0; i < self.queues; i++) {
		/* A request that does not fit into an empty queue would wait for ever. */
		if (!open_queue(d, &self.queue[i], i + 1, QUEUE_ENTRIES) ||
		    self.queue[i].entries <= BLK_BYTES_MAX / self.part)
			return DRV_NO_DEVICE;
		if (!create_queue(d, &self.queue[i], d->irqs > 1 ? i + 1 : 0))
			return DRV_FAILED;
	}
	return DRV_OK;
}

/* --- what the device is ------------------------------------------------------------------ */

static uint64_t field(uint32_t at, uint32_t bytes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value |= (uint64_t)((const volatile uint8_t *)self.buffer.base)[at + i] << (8 * i);
	return value;
}

static bool read_controller(struct drv *d)
{
	struct blk_geometry *g = &self.geometry;

	if (!identify(d, IDENTIFY_CONTROLLER, 0))
		return false;
	uint64_t mdts = field(ID_MDTS, 1);
	self.part = mdts == 0 || mdts > 7 ? PART_MAX : (uint32_t)PAGE << mdts;
	g->best_bytes = self.part;
	/* 7.3.2: a controller reset is no loss of power; its cache stays. */
	g->features = (field(ID_VWC, 1) & VWC_PRESENT ?
			       BLK_FEATURE_VOLATILE_CACHE | BLK_FEATURE_CACHE_SURVIVES : 0) |
		      (field(ID_ONCS, 2) & ONCS_DATASET ? BLK_FEATURE_DISCARD : 0);
	return self.part >= PART_MIN;
}

static bool read_namespace(struct drv *d)
{
	struct blk_geometry *g = &self.geometry;

	if (!identify(d, IDENTIFY_LIST, 0))
		return false;
	self.nsid = (uint32_t)field(0, 4);
	if (self.nsid == 0 || !identify(d, IDENTIFY_NAMESPACE, self.nsid))
		return false;
	uint64_t blocks = field(NS_NSZE, 8), format = field(NS_FLBAS, 1) & 0xf;
	uint64_t lbaf = field((uint32_t)(NS_LBAF + 4 * format), 4);
	self.shift = (uint32_t)(lbaf >> 16 & 0xff);
	/* No metadata; blocks of 512 bytes to a page. */
	if ((lbaf & 0xffff) != 0 || self.shift < 9 || self.shift > 12 ||
	    blocks > UINT64_MAX >> self.shift)
		return false;
	g->sectors = blocks << (self.shift - 9);
	g->block_bytes = 1u << self.shift;
	g->align = 4; /* 4.3: PRP entries */
	if (field(NS_NSATTR, 1) & NSATTR_PROTECTED)
		g->features |= BLK_FEATURE_READ_ONLY;
	return true;
}

enum drv_result driver_init(struct drv *d)
{
	if (!find(d))
		return DRV_NO_DEVICE;
	enum drv_result r = reset() ? enable(d) : DRV_FAILED;
	if (r == DRV_OK && (!read_controller(d) || !read_namespace(d)))
		r = works() ? DRV_NO_DEVICE : DRV_FAILED;
	if (r == DRV_OK)
		r = create_queues(d);
	for (uint32_t i = 0; i < COMMANDS; i++)
		self.free_command[i] = self.free_slot[i] = (uint8_t)(COMMANDS - 1 - i);
	self.free = self.free_slots = COMMANDS;
	if (r != DRV_OK)
		driver_quiesce(d);
	return r;
}

/* --- requests ------------------------------------------------------------------------------ */

/* 4.3: the first page, then the second, or a list of all others. */
static void describe(struct nvme_command *c, uint32_t command, uint64_t iova, uint32_t bytes)
{
	uint64_t page = (iova & ~(uint64_t)(PAGE - 1)) + PAGE;
	uint64_t end = iova + bytes;

	c->prp1 = iova;
	if (end <= page)
		return;
	c->prp2 = page;
	if (end <= page + PAGE)
		return;
	uint64_t *list = (uint64_t *)(self.lists.base + command * LIST_BYTES);
	for (uint32_t i = 0; page < end; i++, page += PAGE)
		list[i] = page;
	c->prp2 = self.lists.iova + command * LIST_BYTES;
}

static void fill(struct nvme_command *c, uint32_t command, const struct blk_request *r,
		 uint32_t at, uint32_t bytes)
{
	uint64_t block = (r->sector + at / BLK_SECTOR) >> (self.shift - 9);

	c->nsid = self.nsid;
	if (r->operation == BLK_FLUSH) {
		c->opcode = NVM_FLUSH;
	} else if (r->operation == BLK_DISCARD) {
		struct nvme_range *range =
			(struct nvme_range *)(self.lists.base + command * LIST_BYTES);

		*range = (struct nvme_range){ .blocks = bytes >> self.shift, .first = block };
		c->opcode = NVM_DATASET;
		c->prp1 = self.lists.iova + command * LIST_BYTES;
		c->cdw11 = DATASET_DEALLOCATE;
	} else {
		c->opcode = r->operation == BLK_READ ? NVM_READ : NVM_WRITE;
		describe(c, command, r->iova + at, bytes);
		c->cdw10 = (uint32_t)block;
		c->cdw11 = (uint32_t)(block >> 32);
		c->cdw12 = (bytes >> self.shift) - 1;
	}
}

static uint32_t room(const struct nvme_queue *q)
{
	uint32_t places = q->entries - 1 - q->busy;

	return places < self.free ? places : self.free;
}

/* False: no room now.  A request needs all of its commands at once, in one queue. */
static bool begin(struct drv *d, const struct blk_request *r)
{
	struct nvme_queue *q = &self.queue[self.next_queue];
	uint32_t bytes = r->iova != 0 ? r->bytes : 0, at = 0;
	uint32_t parts = bytes <= self.part ? 1 : (bytes + self.part - 1) / self.part;

	if (self.free_slots == 0 || room(q) < parts)
		return false;
	uint32_t slot = self.free_slot[--self.free_slots];
	self.slot[slot] = (struct nvme_slot){ .id = r->id, .bytes = bytes,
					      .began = self.watch.tick, .parts = (uint16_t)parts,
					      .operation = r->operation };
	for (uint32_t i = 0; i < parts; i++, at += self.part) {
		uint32_t command = self.free_command[--self.free];
		uint32_t rest = r->bytes - at;

		self.owner[command] = (uint8_t)slot;
		self.queue_of[command] = (uint8_t)q->id;
		fill(next_command(q, (uint16_t)command), command, r, at,
		     parts == 1 || rest < self.part ? rest : self.part);
	}
	if (++self.next_queue == self.queues)
		self.next_queue = 0;
	watch_begin(&self.watch, d);
	return true;
}

static void begin_all(struct drv *d)
{
	struct ring_entry e;
	struct blk_request r;

	drv_begin(d);
	while (drv_take(d, &e)) {
		if (blk_parse(d, &self.geometry, &e, &r) && !begin(d, &r)) {
			drv_put_back(d);
			break;
		}
	}
	for (uint32_t i = 0; i < self.queues; i++)
		ring_bell(&self.queue[i]);
}

/* --- answers --------------------------------------------------------------------------------- */

static void answer(struct drv *d, uint32_t slot)
{
	const struct nvme_slot *s = &self.slot[slot];
	uint32_t status = BLK_ERROR;

	self.free_slot[self.free_slots++] = (uint8_t)slot;
	if (s->status == 0)
		status = BLK_DONE;
	else if (s->operation != BLK_READ &&
		 (s->status == NVME_WRITE_PROTECTED || s->status == NVME_READ_ONLY_RANGE))
		status = BLK_READ_ONLY;
	blk_answer(d, s->id, status, status == BLK_DONE ? s->bytes : 0);
}

/* False: there is no such command under way in this queue. */
static bool finish(struct drv *d, const struct nvme_queue *q, uint16_t cid, uint16_t status)
{
	if (cid >= COMMANDS || self.queue_of[cid] != q->id)
		return false;
	uint32_t slot = self.owner[cid];
	self.queue_of[cid] = 0;
	self.free_command[self.free++] = (uint8_t)cid;
	if (status != 0)
		self.slot[slot].status = status;
	if (--self.slot[slot].parts == 0)
		answer(d, slot);
	return true;
}

static bool finish_queue(struct drv *d, struct nvme_queue *q)
{
	uint16_t cid, status;
	uint32_t unused;
	enum take t;

	while ((t = take(q, &cid, &status, &unused)) == TAKE_DONE) {
		if (!finish(d, q, cid, status)) {
			t = TAKE_BROKEN;
			break;
		}
	}
	if (t == TAKE_BROKEN) {
		d->bad_device++;
		return false;
	}
	if (q->taken != q->head)
		reg_write32(self.regs, q->cq_bell, q->head);
	q->taken = q->head;
	return true;
}

/* False: a request has waited too long, or the controller says that it failed. */
static bool tick(struct drv *d)
{
	bool any = false;

	if (!works())
		return false;
	watch_tick(&self.watch);
	for (uint32_t i = 0; i < COMMANDS; i++) {
		if (self.slot[i].parts != 0 && watch_overdue(&self.watch, self.slot[i].began))
			return false;
		any |= self.slot[i].parts != 0;
	}
	if (any)
		watch_begin(&self.watch, d);
	return true;
}

enum drv_result driver_event(struct drv *d, uint64_t events)
{
	bool ok = true;

	for (uint32_t i = 0; i < self.queues && ok; i++)
		ok = finish_queue(d, &self.queue[i]);
	if (ok && (events & DRV_EVENT_TICK))
		ok = tick(d);
	if (ok)
		begin_all(d);
	return drv_end(d, ok);
}
