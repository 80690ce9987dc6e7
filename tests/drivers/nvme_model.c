/* SPDX-License-Identifier: MIT */
/*
 * Model of an NVM Express controller with one namespace (NVMe Base 1.4).
 */
#include <string.h>

#include "../../drivers/nvme/regs.h"
#include "blk_model.h"
#include "harness.h"

enum { QUEUES = 9, DRIVER_QUEUES = 4, PENDING = 300, BAR_BYTES = 0x4000, NSID = 3 };

struct kind {
	const char *name;
	uint32_t irqs, mdts, stride, mqes, queues, shift;
	bool read_only, discard, cache;
};

static const struct kind kinds[] = {
	{ "four queues", 5, 5, 0, 2047, 64, 9, .discard = true, .cache = true },
	{ "one message", 1, 0, 2, 127, 64, 12, .cache = true },
	{ "small parts, short queues", 2, 2, 0, 70, 1, 9, .discard = true },
	{ "fewer queues than messages", 8, 7, 1, 1023, 2, 9, .cache = true },
	{ "read-only", 3, 5, 0, 255, 2, 10, .read_only = true },
};

struct pending {
	bool busy;
	unsigned queue;
	struct nvme_command c;
};

struct queue {
	bool exists, used;
	uint64_t sq, cq;
	uint32_t sq_size, cq_size, sq_head, sq_tail, cq_head, cq_tail, phase, vector;
};

const char *const model_name = "nvme";
const unsigned model_variants = sizeof kinds / sizeof kinds[0];
static const struct kind *kind;
static unsigned char bar[BAR_BYTES];
static enum fault fault;
static uint32_t cc, csts, aqa;
static uint64_t asq, acq;
static struct queue queue[QUEUES];
static struct pending pending[PENDING];

const char *model_variant(unsigned v)
{
	return kinds[v].name;
}

static void rule(bool ok, int line)
{
	if (!ok && (fault == FAULT_NONE || fault == FAULT_STORM))
		check_at(false, "driver against the specification, nvme_model.c", line, "rule");
}
#define RULE(condition) rule(condition, __LINE__)

/* 7.3.2 Controller reset. */
static void reset(void)
{
	csts &= ~(uint32_t)(CSTS_READY | CSTS_FATAL | CSTS_SHUTDOWN);
	memset(queue, 0, sizeof queue);
	memset(pending, 0, sizeof pending);
}

void model_power(unsigned variant)
{
	kind = &kinds[variant];
	fault = FAULT_NONE;
	cc = csts = 0;
	reset();
	irq_edges = irq_levels = 0;
	disk_read_only = kind->read_only;
	disk_has_cache = kind->cache;
	disk_has_discard = kind->discard;
	disk_block_bytes = 1u << kind->shift;
	disk_errors = 0;
	/* The firmware may have used it before. */
	if (!benchmark && one_in(2)) {
		cc = CC_ENABLE | CC_IOSQES_64 | CC_IOCQES_16;
		csts = one_in(2) ? CSTS_READY : one_in(2) ? CSTS_FATAL : 0;
	}
}

unsigned model_queues(void)
{
	unsigned messages = kind->irqs > 1 ? kind->irqs - 1 : 1;
	unsigned most = messages < DRIVER_QUEUES ? messages : DRIVER_QUEUES;

	return kind->queues < most ? kind->queues : most;
}

unsigned model_queues_used(void)
{
	unsigned n = 0;

	for (unsigned i = 1; i < QUEUES; i++)
		n += queue[i].used;
	return n;
}

void model_attach(struct drv *d)
{
	d->irqs = kind->irqs;
	d->region[0] = (struct drv_region){ .base = bar, .bytes = BAR_BYTES };
}

/* --- registers ----------------------------------------------------------------------- */

static void begin(void)
{
	RULE((cc & 0xffffc0f0) == (CC_IOSQES_64 | CC_IOCQES_16) && (asq | acq) % 4096 == 0);
	queue[0] = (struct queue){ .exists = true, .sq = asq, .cq = acq, .phase = 1,
				   .sq_size = (aqa & 0xfff) + 1,
				   .cq_size = (aqa >> 16 & 0xfff) + 1 };
	csts |= CSTS_READY;
}

static void bell(uint64_t offset, uint32_t value)
{
	uint64_t stride = 4ull << kind->stride, n = (offset - NVME_DOORBELLS) / stride;
	struct queue *q = &queue[n / 2 < QUEUES ? n / 2 : 0];

	if (!q->exists || !(csts & CSTS_READY)) {
		RULE(false);
		return;
	}
	RULE(offset % stride == 0 && n / 2 < QUEUES);
	if (n % 2 == 0) {
		RULE(value < q->sq_size && value != q->sq_tail);
		q->sq_tail = value % q->sq_size;
		q->used = true;
	} else {
		RULE(value < q->cq_size && value != q->cq_head);
		q->cq_head = value % q->cq_size;
	}
}

static void half(uint64_t *field, uint64_t offset, uint32_t value)
{
	uint64_t shift = offset % 8 == 0 ? 0 : 32;

	*field = (*field & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

uint64_t model_read(const struct drv_region *r, uint64_t offset, unsigned width)
{
	uint64_t cap = kind->mqes | 1 << 16 | 4ull << 24 | (uint64_t)kind->stride << 32 | CAP_NVM;

	at_access();
	RULE(width == 4 && offset + width <= r->bytes);
	if (fault == FAULT_DEAD)
		return UINT64_MAX;
	switch (offset) {
	case NVME_CAP: return (uint32_t)cap;
	case NVME_CAP + 4: return cap >> 32;
	case NVME_CC: return cc;
	case NVME_CSTS: return csts;
	default: RULE(false); return 0;
	}
}

void model_write(const struct drv_region *r, uint64_t offset, unsigned width, uint64_t value)
{
	uint32_t v = (uint32_t)value;

	at_access();
	RULE(width == 4 && offset + width <= r->bytes);
	if (fault == FAULT_DEAD)
		return;
	switch (offset) {
	case NVME_CC:
		/* 3.1.5: not from ready to not enabled before it was ready. */
		RULE((v & CC_ENABLE) || (csts & (CSTS_READY | CSTS_FATAL)) || !(cc & CC_ENABLE));
		cc = v;
		break;
	case NVME_AQA: RULE(!(cc & CC_ENABLE)); aqa = v; break;
	case NVME_ASQ: case NVME_ASQ + 4: RULE(!(cc & CC_ENABLE)); half(&asq, offset, v); break;
	case NVME_ACQ: case NVME_ACQ + 4: RULE(!(cc & CC_ENABLE)); half(&acq, offset, v); break;
	default: bell(offset, v);
	}
	at_access();
}

/* --- commands ------------------------------------------------------------------------- */

static void complete(unsigned n, uint16_t cid, uint16_t status, uint32_t result)
{
	struct queue *q = &queue[n];
	struct nvme_completion c = { .result = result };

	c.state = q->sq_head | (uint64_t)n << 16 | (uint64_t)cid << 32 |
		  (uint64_t)q->phase << 48 | (uint64_t)status << 49;
	struct nvme_completion *to = at_iova(q->cq + q->cq_tail * 16ull, 16);
	if (to != NULL) {
		to->result = c.result;
		__atomic_store_n(&to->state, c.state, __ATOMIC_RELEASE);
	}
	if (++q->cq_tail == q->cq_size) {
		q->cq_tail = 0;
		q->phase ^= 1;
	}
	if (n != 0) {
		RULE(q->vector < kind->irqs);
		irq_edges |= 1ull << q->vector;
	}
}

static bool full(const struct queue *q)
{
	return (q->cq_tail + 1) % q->cq_size == q->cq_head;
}

static void put_field(unsigned char *page, unsigned at, uint64_t value, unsigned bytes)
{
	memcpy(page + at, &value, bytes);
}

static uint16_t identify(const struct nvme_command *c)
{
	unsigned char *page = at_iova(c->prp1, 4096);

	if (page == NULL || c->prp1 % 4096 != 0)
		return 2;
	memset(page, 0, 4096);
	if (c->cdw10 == IDENTIFY_LIST) {
		put_field(page, 0, NSID, 4);
	} else if (c->cdw10 == IDENTIFY_CONTROLLER) {
		put_field(page, ID_MDTS, kind->mdts, 1);
		put_field(page, ID_ONCS, kind->discard ? ONCS_DATASET : 0, 2);
		put_field(page, ID_VWC, kind->cache, 1);
	} else {
		if (c->nsid != NSID)
			return 0xb;
		put_field(page, NS_NSZE, DISK_SECTORS >> (kind->shift - 9), 8);
		put_field(page, NS_FLBAS, 2, 1);
		put_field(page, NS_NSATTR, kind->read_only, 1);
		put_field(page, NS_LBAF + 8, (uint64_t)kind->shift << 16, 4);
	}
	return 0;
}

static uint16_t create(const struct nvme_command *c)
{
	uint32_t id = c->cdw10 & 0xffff, size = (c->cdw10 >> 16) + 1;
	struct queue *q = &queue[id < QUEUES ? id : 0];

	if (id == 0 || id > kind->queues || id >= QUEUES || size > kind->mqes + 1 || size < 2 ||
	    !(c->cdw11 & QUEUE_CONTIGUOUS) || c->prp1 % 4096 != 0)
		return 0x101;
	if (c->opcode == ADMIN_CREATE_CQ) {
		*q = (struct queue){ .cq = c->prp1, .cq_size = size, .phase = 1,
				     .vector = c->cdw11 >> 16 };
		return q->vector < kind->irqs && (c->cdw11 & CQ_INTERRUPTS) ? 0 : 0x108;
	}
	if (q->cq_size == 0 || c->cdw11 >> 16 != id)
		return 0x100;
	q->sq = c->prp1;
	q->sq_size = size;
	q->exists = true;
	return 0;
}

static void administrate(const struct nvme_command *c)
{
	uint32_t result = 0;
	uint16_t status = 1;

	if (c->opcode == ADMIN_IDENTIFY)
		status = identify(c);
	else if (c->opcode == ADMIN_CREATE_CQ || c->opcode == ADMIN_CREATE_SQ)
		status = create(c);
	else if (c->opcode == ADMIN_SET_FEATURES && c->cdw10 == FEATURE_QUEUES) {
		result = (kind->queues - 1) << 16 | (kind->queues - 1);
		status = 0;
	}
	complete(0, c->cid, status, result);
}

static bool move(unsigned char *at, uint64_t iova, uint32_t n, bool to_disk)
{
	unsigned char *p = at_iova(iova, n);

	if (p == NULL)
		return false;
	memcpy(to_disk ? at : p, to_disk ? p : at, n);
	return true;
}

/* 4.3 Physical region pages. */
static uint16_t transfer(const struct nvme_command *c, unsigned char *at, uint32_t bytes)
{
	uint32_t n = 4096 - (uint32_t)(c->prp1 % 4096);
	bool to_disk = c->opcode == NVM_WRITE;

	RULE(c->prp1 % 4 == 0);
	if (n > bytes)
		n = bytes;
	if (!move(at, c->prp1, n, to_disk))
		return 4;
	at += n;
	bytes -= n;
	if (bytes != 0 && bytes <= 4096) {
		RULE(c->prp2 % 4096 == 0);
		return move(at, c->prp2, bytes, to_disk) ? 0 : 4;
	}
	/* The list must not go over the end of its page here. */
	for (uint64_t entry = c->prp2; bytes != 0; entry += 8) {
		uint64_t *list = at_iova(entry, 8);

		RULE(entry % 8 == 0 && entry / 4096 == c->prp2 / 4096);
		n = bytes < 4096 ? bytes : 4096;
		if (list == NULL || *list % 4096 != 0 || !move(at, *list, n, to_disk))
			return 4;
		at += n;
		bytes -= n;
	}
	return 0;
}

static uint16_t discard(const struct nvme_command *c)
{
	const struct nvme_range *r = at_iova(c->prp1, sizeof *r);
	uint64_t blocks = DISK_SECTORS >> (kind->shift - 9);

	if (r == NULL || c->cdw10 != 0 || !(c->cdw11 & DATASET_DEALLOCATE))
		return 2;
	if (r->first > blocks || r->blocks > blocks - r->first)
		return 0x80;
	memset(disk + (r->first << kind->shift), 0, (uint64_t)r->blocks << kind->shift);
	return 0;
}

static uint16_t serve(const struct nvme_command *c)
{
	uint64_t block = c->cdw10 | (uint64_t)c->cdw11 << 32;
	uint64_t blocks = DISK_SECTORS >> (kind->shift - 9), count = (c->cdw12 & 0xffff) + 1;

	if (fault == FAULT_STATUS)
		return (uint16_t)(1 + rnd(0x7fe));
	if (disk_errors != 0 && one_in(4)) {
		disk_errors--;
		return 6;
	}
	if (c->nsid != NSID)
		return 0xb;
	if (c->opcode == NVM_FLUSH) {
		disk_unflushed = 0;
		return 0;
	}
	if (c->opcode == NVM_DATASET)
		return discard(c);
	if ((c->opcode != NVM_READ && c->opcode != NVM_WRITE) || block > blocks ||
	    count > blocks - block)
		return 0x80;
	if (kind->mdts != 0 && count << kind->shift > 4096ull << kind->mdts)
		return 2;
	disk_unflushed += c->opcode == NVM_WRITE;
	return benchmark ? 0 : transfer(c, disk + (block << kind->shift),
					(uint32_t)(count << kind->shift));
}

static void finish(struct pending *p)
{
	uint16_t cid = p->c.cid, status = serve(&p->c);

	p->busy = false;
	if (fault == FAULT_ID)
		cid = (uint16_t)(300 + rnd(60000));
	complete(p->queue, cid, status, 0);
	if (fault == FAULT_AGAIN)
		complete(p->queue, cid, status, 0);
	for (unsigned i = 0; i < 300 && fault == FAULT_INDEX; i++)
		complete(p->queue, (uint16_t)rnd(128), 0, 0);
}

/* --- steps ------------------------------------------------------------------------------- */

void model_fault(enum fault f)
{
	fault = f;
	if (f == FAULT_FATAL)
		csts |= CSTS_FATAL;
}

enum verdict model_verdict(enum fault f)
{
	switch (f) {
	case FAULT_STORM: case FAULT_STATUS: return MUST_GO_ON;
	case FAULT_GARBAGE: return MAY_FAIL;
	case FAULT_LENGTH: return NOT_TRIED;
	default: return MUST_FAIL;
	}
}

static bool fetch(unsigned n)
{
	struct queue *q = &queue[n];
	unsigned at = 0;

	if (!q->exists || q->sq_head == q->sq_tail)
		return false;
	while (at < PENDING && pending[at].busy)
		at++;
	const struct nvme_command *c = at_iova(q->sq + q->sq_head * 64ull, 64);
	if (at == PENDING || c == NULL)
		return false;
	pending[at] = (struct pending){ .busy = true, .queue = n, .c = *c };
	for (unsigned i = 0; i < PENDING; i++)
		RULE(i == at || !pending[i].busy || pending[i].queue != n ||
		     pending[i].c.cid != c->cid);
	q->sq_head = (q->sq_head + 1) % q->sq_size;
	return true;
}

static bool finish_any(void)
{
	for (unsigned i = 0, at = rnd(PENDING); i < PENDING; i++) {
		struct pending *p = &pending[(at + i) % PENDING];

		if (!p->busy || full(&queue[p->queue]) || fault == FAULT_SILENT)
			continue;
		if (p->queue != 0) {
			finish(p);
		} else {
			p->busy = false;
			administrate(&p->c);
		}
		return true;
	}
	return false;
}

static void overwrite(void)
{
	unsigned char *p = at_iova(drv.dma.iova, DMA_BYTES);
	struct queue *q = &queue[rnd(QUEUES)];

	fill_random(p + rnd(DMA_BYTES / 64) * 64, 64);
	unsigned char *cq = q->exists ? at_iova(q->cq, q->cq_size * 16ull) : NULL;
	if (cq != NULL)
		fill_random(cq, q->cq_size * 16ull);
	irq_edges |= 1ull << q->vector % kind->irqs;
}

bool model_step(void)
{
	if (fault == FAULT_DEAD)
		return false;
	/* Ready comes and goes after a while. */
	if (!(cc & CC_ENABLE)) {
		if ((csts & (CSTS_READY | CSTS_FATAL)) && (benchmark || one_in(4)))
			reset();
		return false;
	}
	if (csts & CSTS_FATAL)
		return false;
	if (!(csts & CSTS_READY)) {
		if (benchmark || one_in(4))
			begin();
		return false;
	}
	if ((cc & CC_SHUTDOWN) && one_in(4))
		csts |= CSTS_SHUTDOWN_DONE;
	if (fault == FAULT_GARBAGE && one_in(8))
		overwrite();
	if (fault == FAULT_STORM)
		irq_edges |= 1ull << rnd(kind->irqs);
	if (!benchmark && one_in(2) && finish_any())
		return true;
	for (unsigned i = 0, at = rnd(QUEUES); i < QUEUES; i++) {
		if (fetch((at + i) % QUEUES))
			return true;
	}
	return finish_any();
}
