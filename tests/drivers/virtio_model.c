/* SPDX-License-Identifier: MIT */
/*
 * The device side of virtio 1.2: see virtio_model.h.
 */
#include <stdio.h>
#include <string.h>

#include "virtio_model.h"

enum { COMMON_AT = 0, ISR_AT = 0x1000, CONFIG_AT = 0x2000, NOTIFY_AT = 0x3000, MULTIPLIER = 4 };
enum { BAR_BYTES = 0x4000, BAR = 4 };
#define QUEUE_FEATURES (VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX | VIRTIO_F_PACKED)

struct vm_queue {
	uint16_t size, vector;
	bool enabled, active, notified;
	uint64_t ring, driver, device;
	uint16_t avail, used; /* split: free-running; packed: places */
	bool avail_wrap, used_wrap;
	struct vm_chain chain[VIRTQ_SIZE_MAX];
};

enum fault vm_fault;
static const struct vm_variant *variant;
static unsigned char bar[BAR_BYTES];
static struct virtio_platform platform;
static struct vm_queue queue[VM_QUEUES];
static uint32_t status, isr, feature_select, accept_select, queue_select, generation;
static uint64_t accepted, order;
static uint16_t config_vector;

const char *model_variant(unsigned v)
{
	return vm_variants[v].name;
}

static uint64_t offered(void)
{
	return vm_device_features | VIRTIO_F_VERSION_1 |
	       (variant->trusted ? 0 : VIRTIO_F_ACCESS_PLATFORM) |
	       (variant->packed ? VIRTIO_F_PACKED : 0) |
	       (variant->event ? VIRTIO_F_EVENT_IDX : 0) |
	       (variant->indirect ? VIRTIO_F_INDIRECT : 0);
}

bool vm_has(uint64_t feature)
{
	return (accepted & feature) == feature;
}

unsigned vm_queues_used(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < VM_QUEUES; i++)
		n += queue[i].notified;
	return n;
}

bool vm_running(void)
{
	return (status & VIRTIO_DRIVER_OK) && vm_fault != FAULT_DEAD;
}

/* The driver broke a rule; not its fault when the device broke one before. */
static void rule(bool ok, int line)
{
	if (!ok && (vm_fault == FAULT_NONE || vm_fault == FAULT_STORM))
		check_at(false, "driver against the specification, virtio_model.c", line, "rule");
}
#define RULE(condition) rule(condition, __LINE__)

static void reset(void)
{
	status = isr = feature_select = accept_select = queue_select = 0;
	accepted = 0;
	config_vector = PCI_NO_VECTOR;
	irq_levels = 0;
	memset(queue, 0, sizeof queue);
	for (unsigned i = 0; i < VM_QUEUES; i++)
		queue[i].vector = PCI_NO_VECTOR;
	for (unsigned i = 0; i < vm_queue_count; i++)
		queue[i].size = variant->queue_size;
	device_reset();
}

void model_power(unsigned v)
{
	variant = &vm_variants[v];
	vm_fault = FAULT_NONE;
	device_power(variant);
	reset();
	irq_edges = 0;
}

void model_attach(struct drv *d)
{
	bool pci = variant->transport == VIRTIO_PCI;

	d->irqs = variant->irqs;
	d->region[pci ? BAR : 0] = (struct drv_region){ .base = bar, .bytes = pci ? BAR_BYTES : 512 };
	platform = (struct virtio_platform){ .transport = variant->transport,
					     .device_type = vm_type, .trusted = variant->trusted,
					     .line = variant->line };
	platform.pci.common = (struct virtio_place){ BAR, PCI_COMMON_BYTES, COMMON_AT };
	platform.pci.isr = (struct virtio_place){ BAR, 1, ISR_AT };
	platform.pci.device = (struct virtio_place){ BAR, vm_config_bytes, CONFIG_AT };
	platform.pci.notify = (struct virtio_place){ BAR, VM_QUEUES * MULTIPLIER, NOTIFY_AT };
	platform.pci.notify_multiplier = MULTIPLIER;
	d->platform = &platform;
	d->platform_bytes = sizeof platform;
}

/* --- interrupts ------------------------------------------------------------------- */

static void interrupt(uint16_t vector, uint32_t cause)
{
	if (variant->line || variant->transport == VIRTIO_MMIO) {
		isr |= cause;
		irq_levels = isr != 0;
	} else if (vector != PCI_NO_VECTOR) {
		RULE(vector < variant->irqs);
		irq_edges |= 1ull << vector;
	}
}

void vm_config_changed(void)
{
	generation++;
	if (status & VIRTIO_DRIVER_OK)
		interrupt(config_vector, VIRTIO_ISR_CONFIG);
}

/* --- registers ---------------------------------------------------------------------- */

static void write_status(uint32_t value)
{
	if (value == 0) {
		reset();
		return;
	}
	RULE((value & status) == (status & ~(uint32_t)VIRTIO_NEEDS_RESET) || value == VIRTIO_BROKEN);
	if ((value & ~status & VIRTIO_FEATURES_OK) &&
	    ((accepted & ~offered()) != 0 || !(accepted & VIRTIO_F_VERSION_1)))
		value &= ~(uint32_t)VIRTIO_FEATURES_OK;
	if (value & VIRTIO_DRIVER_OK) {
		RULE(value & VIRTIO_FEATURES_OK);
		/* No rule: but what queues are offered is what is tried here. */
		RULE((offered() & QUEUE_FEATURES & ~accepted) == 0);
	}
	status = value;
}

static void accept(uint32_t value)
{
	uint64_t mask = 0xffffffffull << (accept_select ? 32 : 0);

	RULE(!(status & VIRTIO_FEATURES_OK) && accept_select < 2);
	accepted = (accepted & ~mask) | (uint64_t)value << (accept_select ? 32 : 0);
}

static void enable(struct vm_queue *q, uint32_t value)
{
	RULE(value == 1 && q->size != 0 && !(status & VIRTIO_DRIVER_OK));
	RULE(q->size <= variant->queue_size);
	if (!vm_has(VIRTIO_F_PACKED))
		RULE((q->size & (q->size - 1)) == 0);
	RULE(q->ring % 16 == 0 && q->driver % 4 == 0 && q->device % 4 == 0);
	q->enabled = true;
	q->avail_wrap = q->used_wrap = true;
}

static void half(uint64_t *field, uint64_t offset, uint32_t value)
{
	uint64_t shift = offset % 8 == 0 ? 0 : 32;

	*field = (*field & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

static void notify(uint32_t index)
{
	if (index >= VM_QUEUES || !queue[index].enabled || !(status & VIRTIO_DRIVER_OK)) {
		RULE(false);
		return;
	}
	queue[index].active = queue[index].notified = true;
}

static void common_write(uint64_t at, unsigned width, uint32_t value)
{
	struct vm_queue *q = &queue[queue_select < VM_QUEUES ? queue_select : 0];

	switch (at) {
	case PCI_DEVICE_FEATURE_SELECT: feature_select = value; break;
	case PCI_DRIVER_FEATURE_SELECT: accept_select = value; break;
	case PCI_DRIVER_FEATURE: accept(value); break;
	case PCI_CONFIG_VECTOR: config_vector = (uint16_t)value; break;
	case PCI_STATUS: RULE(width == 1); write_status(value); break;
	case PCI_QUEUE_SELECT: RULE(width == 2); queue_select = value; break;
	case PCI_QUEUE_SIZE: RULE(width == 2); q->size = (uint16_t)value; break;
	case PCI_QUEUE_VECTOR: RULE(width == 2); q->vector = (uint16_t)value; break;
	case PCI_QUEUE_ENABLE: RULE(width == 2); enable(q, value); break;
	case PCI_QUEUE_DESC: case PCI_QUEUE_DESC + 4: half(&q->ring, at, value); break;
	case PCI_QUEUE_DRIVER: case PCI_QUEUE_DRIVER + 4: half(&q->driver, at, value); break;
	case PCI_QUEUE_DEVICE: case PCI_QUEUE_DEVICE + 4: half(&q->device, at, value); break;
	default: RULE(false);
	}
}

static uint32_t feature_half(void)
{
	return feature_select < 2 ? (uint32_t)(offered() >> (32 * feature_select)) : 0;
}

static uint32_t common_read(uint64_t at)
{
	const struct vm_queue *q = &queue[queue_select < VM_QUEUES ? queue_select : 0];

	switch (at) {
	case PCI_DEVICE_FEATURE: return feature_half();
	case PCI_CONFIG_VECTOR: return config_vector;
	case PCI_NUM_QUEUES: return vm_queue_count;
	case PCI_STATUS: return status;
	case PCI_GENERATION: return generation & 0xff;
	case PCI_QUEUE_SIZE: return queue_select < vm_queue_count ? q->size : 0;
	case PCI_QUEUE_VECTOR: return q->vector;
	case PCI_QUEUE_ENABLE: return q->enabled;
	case PCI_QUEUE_NOTIFY: return queue_select;
	default: RULE(false); return 0;
	}
}

static void mmio_write(uint64_t at, unsigned width, uint32_t value)
{
	struct vm_queue *q = &queue[queue_select < VM_QUEUES ? queue_select : 0];

	RULE(width == 4);
	switch (at) {
	case MMIO_DEVICE_FEATURE_SELECT: feature_select = value; break;
	case MMIO_DRIVER_FEATURE_SELECT: accept_select = value; break;
	case MMIO_DRIVER_FEATURE: accept(value); break;
	case MMIO_QUEUE_SELECT: queue_select = value; break;
	case MMIO_QUEUE_SIZE: q->size = (uint16_t)value; break;
	case MMIO_QUEUE_READY: enable(q, value); break;
	case MMIO_QUEUE_NOTIFY: notify(value); break;
	case MMIO_INTERRUPT_ACK: isr &= ~value; irq_levels = isr != 0; break;
	case MMIO_STATUS: write_status(value); break;
	case MMIO_QUEUE_DESC: case MMIO_QUEUE_DESC + 4: half(&q->ring, at, value); break;
	case MMIO_QUEUE_DRIVER: case MMIO_QUEUE_DRIVER + 4: half(&q->driver, at, value); break;
	case MMIO_QUEUE_DEVICE: case MMIO_QUEUE_DEVICE + 4: half(&q->device, at, value); break;
	default: RULE(false);
	}
}

/* Sometimes it changes while it is read. */
static uint32_t config_read(uint64_t at, unsigned width)
{
	RULE(width == 1 && at < vm_config_bytes);
	if (!benchmark && one_in(64)) {
		generation++;
		return rnd(256);
	}
	return at < sizeof vm_config ? vm_config[at] : 0;
}

static uint32_t mmio_read(uint64_t at, unsigned width)
{
	if (at >= MMIO_CONFIG)
		return config_read(at - MMIO_CONFIG, width);
	RULE(width == 4);
	switch (at) {
	case MMIO_MAGIC: return MMIO_MAGIC_VALUE;
	case MMIO_VERSION: return 2;
	case MMIO_DEVICE_ID: return vm_type;
	case MMIO_DEVICE_FEATURE: return feature_half();
	case MMIO_QUEUE_SIZE_MAX: return queue_select < vm_queue_count ? variant->queue_size : 0;
	case MMIO_QUEUE_READY: return queue[queue_select % VM_QUEUES].enabled;
	case MMIO_INTERRUPT_STATUS: return isr;
	case MMIO_STATUS: return status;
	case MMIO_GENERATION: return generation;
	default: RULE(false); return 0;
	}
}

uint64_t model_read(const struct drv_region *r, uint64_t offset, unsigned width)
{
	uint64_t at = (uint64_t)(r->base - bar) + offset;
	uint32_t value;

	at_access();
	if (!CHECK(offset + width <= r->bytes) || vm_fault == FAULT_DEAD)
		return UINT64_MAX;
	if (variant->transport == VIRTIO_MMIO)
		return mmio_read(at, width);
	if (at >= CONFIG_AT && at < NOTIFY_AT)
		return config_read(at - CONFIG_AT, width);
	if (at == ISR_AT) {
		value = isr;
		isr = 0;
		irq_levels = 0;
		return value;
	}
	return common_read(at);
}

void model_write(const struct drv_region *r, uint64_t offset, unsigned width, uint64_t value)
{
	uint64_t at = (uint64_t)(r->base - bar) + offset;

	at_access();
	if (!CHECK(offset + width <= r->bytes) || vm_fault == FAULT_DEAD)
		return;
	if (variant->transport == VIRTIO_MMIO)
		mmio_write(at, width, (uint32_t)value);
	else if (at >= NOTIFY_AT) {
		RULE((at - NOTIFY_AT) / MULTIPLIER == value && width == 2);
		notify((uint32_t)value);
	} else
		common_write(at, width, (uint32_t)value);
	at_access();
}

/* --- taking requests from the rings ---------------------------------------------------- */

static void *ring_part(uint64_t iova, uint64_t offset, uint64_t bytes)
{
	static uint64_t nowhere[8];
	void *p = at_iova(iova + offset, bytes);

	return p != NULL ? p : nowhere;
}

static void add_segment(struct vm_chain *c, uint64_t iova, uint32_t bytes, uint16_t flags)
{
	bool write = (flags & DESC_WRITE) != 0;

	if (c->segments == VM_SEGMENTS) {
		RULE(false);
		return;
	}
	/* 2.7.4.2: what the device writes comes after all that it reads. */
	if (c->segments != 0 && !write)
		RULE(c->segment[c->segments - 1].write == 0);
	c->segment[c->segments++] = (struct virtq_segment){ iova, bytes, write };
}

static void add_table(struct vm_chain *c, uint64_t iova, uint32_t bytes)
{
	RULE(vm_has(VIRTIO_F_INDIRECT) && bytes != 0 && bytes % 16 == 0);
	for (uint32_t i = 0; i < bytes / 16 && i < VM_SEGMENTS; i++) {
		struct split_desc d;
		struct packed_desc p;

		memcpy(&d, ring_part(iova, i * 16, 16), 16);
		memcpy(&p, &d, 16);
		if (vm_has(VIRTIO_F_PACKED)) {
			RULE((p.flags & ~DESC_WRITE) == 0);
			add_segment(c, p.iova, p.bytes, p.flags);
			continue;
		}
		add_segment(c, d.iova, d.bytes, d.flags);
		bool more = i + 1 < bytes / 16;
		RULE(((d.flags & DESC_NEXT) != 0) == more && (!more || d.next == i + 1));
	}
}

static struct vm_chain *new_chain(struct vm_queue *q, uint32_t id)
{
	static struct vm_chain spare;
	struct vm_chain *c = id < q->size ? &q->chain[id] : &spare;

	RULE(id < q->size && !c->busy);
	*c = (struct vm_chain){ .busy = true, .id = (uint16_t)id, .order = ++order };
	return c;
}

static bool take_split(struct vm_queue *q)
{
	struct split_avail *avail = ring_part(q->driver, 0, 6 + 2ull * q->size);
	uint16_t index = __atomic_load_n(&avail->index, __ATOMIC_ACQUIRE);

	if (index == q->avail)
		return false;
	RULE((uint16_t)(index - q->avail) <= q->size);
	uint16_t at = avail->ring[q->avail++ % q->size];
	struct vm_chain *c = new_chain(q, at);
	for (c->count = 0; at < q->size && c->count < q->size;) {
		struct split_desc d;

		memcpy(&d, ring_part(q->ring, at * 16ull, 16), 16);
		c->count++;
		if (d.flags & DESC_INDIRECT) {
			RULE(c->count == 1 && !(d.flags & (DESC_NEXT | DESC_WRITE)));
			add_table(c, d.iova, d.bytes);
			break;
		}
		add_segment(c, d.iova, d.bytes, d.flags);
		if (!(d.flags & DESC_NEXT))
			break;
		at = d.next;
	}
	RULE(at < q->size);
	return true;
}

static bool take_packed(struct vm_queue *q)
{
	struct packed_desc d;
	struct vm_chain list = { 0 }, *c;
	bool first = true;

	do {
		memcpy(&d, ring_part(q->ring, q->avail * 16ull, 16), 16);
		bool avail = (d.flags & DESC_AVAIL) != 0, used = (d.flags & DESC_USED) != 0;
		if (first && (avail != q->avail_wrap || used == q->avail_wrap))
			return false;
		RULE(avail == q->avail_wrap && used != q->avail_wrap);
		if (d.flags & DESC_INDIRECT) {
			RULE(first && !(d.flags & (DESC_NEXT | DESC_WRITE)));
			add_table(&list, d.iova, d.bytes);
		} else {
			add_segment(&list, d.iova, d.bytes, d.flags);
		}
		first = false;
		list.count++;
		if (++q->avail == q->size) {
			q->avail = 0;
			q->avail_wrap = !q->avail_wrap;
		}
	} while ((d.flags & DESC_NEXT) && list.count < q->size);
	c = new_chain(q, d.id);
	list.busy = true;
	list.id = c->id;
	list.order = c->order;
	*c = list;
	return true;
}

/* Tell the driver whether, or from which position on, notifications are wanted. */
static void wish(struct vm_queue *q, bool on)
{
	if (vm_has(VIRTIO_F_PACKED)) {
		struct packed_event *e = ring_part(q->device, 0, 4);
		bool at = on && vm_has(VIRTIO_F_EVENT_IDX) && one_in(2);

		if (at)
			e->position = (uint16_t)(q->avail | (q->avail_wrap ? 1 << 15 : 0));
		e->flags = at ? PACKED_AT : on ? PACKED_ENABLE : PACKED_DISABLE;
		return;
	}
	struct split_used *u = ring_part(q->device, 0, 6 + 8ull * q->size);
	if (vm_has(VIRTIO_F_EVENT_IDX))
		*(uint16_t *)&u->ring[q->size] = (uint16_t)(q->avail - (on ? 0 : 1));
	else
		u->flags = on ? 0 : SPLIT_NO_NOTIFY;
}

/* An active queue takes what there is without notifications, then waits for one again. */
static bool fetch(struct vm_queue *q)
{
	if (!q->active)
		return false;
	if (!benchmark)
		wish(q, false);
	if (vm_has(VIRTIO_F_PACKED) ? take_packed(q) : take_split(q))
		return true;
	wish(q, true);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	q->active = vm_has(VIRTIO_F_PACKED) ? take_packed(q) : take_split(q);
	return true;
}

/* --- data ---------------------------------------------------------------------------------- */

static uint32_t sum(const struct vm_chain *c, bool write)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < c->segments; i++)
		n += (c->segment[i].write != 0) == write ? c->segment[i].bytes : 0;
	return n;
}

uint32_t vm_readable(const struct vm_chain *c)
{
	return sum(c, false);
}

uint32_t vm_writable(const struct vm_chain *c)
{
	return sum(c, true);
}

static void copy(const struct vm_chain *c, uint32_t offset, unsigned char *buffer, uint32_t bytes,
		 bool write)
{
	for (unsigned i = 0; i < c->segments && bytes != 0; i++) {
		const struct virtq_segment *s = &c->segment[i];

		if ((s->write != 0) != write)
			continue;
		if (offset >= s->bytes) {
			offset -= s->bytes;
			continue;
		}
		uint32_t n = s->bytes - offset < bytes ? s->bytes - offset : bytes;
		unsigned char *p = at_iova(s->iova + offset, n);
		if (p != NULL)
			memcpy(write ? p : buffer, write ? buffer : p, n);
		offset = 0;
		buffer += n;
		bytes -= n;
	}
	RULE(bytes == 0);
}

void vm_read(const struct vm_chain *c, uint32_t offset, void *to, uint32_t bytes)
{
	copy(c, offset, to, bytes, false);
}

void vm_write(const struct vm_chain *c, uint32_t offset, const void *from, uint32_t bytes)
{
	union {
		const void *from;
		unsigned char *buffer;
	} u = { from };

	copy(c, offset, u.buffer, bytes, true);
}

struct vm_chain *vm_any(unsigned index)
{
	struct vm_queue *q = &queue[index];

	if (q->size == 0 || !q->enabled)
		return NULL;
	for (unsigned i = 0, at = benchmark ? 0 : rnd(q->size); i < q->size; i++) {
		struct vm_chain *c = &q->chain[(at + i) % q->size];

		if (c->busy)
			return c;
	}
	return NULL;
}

struct vm_chain *vm_oldest(unsigned index)
{
	struct vm_queue *q = &queue[index];
	struct vm_chain *found = NULL;

	for (unsigned i = 0; i < q->size && q->enabled; i++) {
		struct vm_chain *c = &q->chain[i];

		if (c->busy && (found == NULL || c->order < found->order))
			found = c;
	}
	return found;
}

/* --- finishing ------------------------------------------------------------------------------- */

static bool passed(uint16_t event, uint16_t now, uint16_t before)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

static void used_split(struct vm_queue *q, uint32_t id, uint32_t written, uint16_t step)
{
	struct split_used *u = ring_part(q->device, 0, 6 + 8ull * q->size);
	struct split_avail *avail = ring_part(q->driver, 0, 6 + 2ull * q->size);
	uint16_t before = q->used;

	u->ring[q->used % q->size] = (struct split_used_element){ id, written };
	q->used = (uint16_t)(q->used + step);
	__atomic_store_n(&u->index, q->used, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vm_has(VIRTIO_F_EVENT_IDX) ? passed(avail->ring[q->size], q->used, before) :
					 !(avail->flags & SPLIT_NO_INTERRUPT))
		interrupt(q->vector, VIRTIO_ISR_QUEUE);
}

static void used_packed(struct vm_queue *q, uint32_t id, uint32_t written, uint16_t step)
{
	struct packed_event *e = ring_part(q->driver, 0, 4);
	struct packed_desc *d = ring_part(q->ring, q->used * 16ull, 16);
	uint16_t before = q->used;

	d->id = (uint16_t)id;
	d->bytes = written;
	__atomic_store_n(&d->flags,
			 (uint16_t)((q->used_wrap ? DESC_AVAIL | DESC_USED : 0) |
				    (written != 0 ? DESC_WRITE : 0)), __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	q->used = (uint16_t)(q->used + step);
	if (q->used >= q->size) {
		q->used = (uint16_t)(q->used - q->size);
		q->used_wrap = !q->used_wrap;
	}
	bool tell = e->flags != PACKED_DISABLE;
	if (e->flags == PACKED_AT) {
		uint16_t at = e->position & 0x7fff;
		uint16_t now = (uint16_t)(before + step);

		/* Seen from the lap in which `before` is. */
		bool lap = q->used < before ? !q->used_wrap : q->used_wrap;
		if ((e->position >> 15) != lap)
			at = (uint16_t)(at + q->size);
		tell = passed(at, now, before);
	}
	if (tell)
		interrupt(q->vector, VIRTIO_ISR_QUEUE);
}

void vm_finish(unsigned index, struct vm_chain *c, uint32_t written)
{
	struct vm_queue *q = &queue[index];
	bool packed = vm_has(VIRTIO_F_PACKED);
	uint32_t id = c->id;
	uint16_t step = packed ? c->count : 1;

	if (vm_fault == FAULT_SILENT)
		return;
	if (vm_fault == FAULT_ID)
		id = packed ? q->size + rnd(65536u - q->size) :
			      q->size + (one_in(2) ? 0 : rnd(1u << 31));
	if (vm_fault == FAULT_LENGTH)
		written = vm_writable(c) + 1 + (one_in(2) ? 0 : rnd(1u << 30));
	c->busy = false;
	if (vm_fault == FAULT_AGAIN) {
		packed ? used_packed(q, id, written, step) : used_split(q, id, written, 1);
		packed ? used_packed(q, id, written, 1) : used_split(q, id, written, 1);
	} else if (vm_fault == FAULT_INDEX && packed) {
		for (unsigned i = 0; i < q->size; i++)
			used_packed(q, rnd(q->size), 1, 1);
	} else if (packed) {
		used_packed(q, id, written, step);
	} else {
		used_split(q, id, written,
			   vm_fault == FAULT_INDEX ? (uint16_t)(q->size + 1 + rnd(60000)) : 1);
	}
}

/* --- steps --------------------------------------------------------------------------------------- */

void model_fault(enum fault f)
{
	vm_fault = f;
	if (f == FAULT_FATAL) {
		status |= VIRTIO_NEEDS_RESET;
		interrupt(config_vector, VIRTIO_ISR_CONFIG);
	}
}

static void overwrite(void)
{
	unsigned char *p = at_iova(drv.dma.iova, DMA_BYTES);
	unsigned i = rnd(vm_queue_count);

	if (one_in(2))
		fill_random(p + rnd(DMA_BYTES / 64) * 64, 64);
	if (queue[i].enabled) {
		fill_random(ring_part(queue[i].device, 0, 64), 1 + rnd(64));
		fill_random(ring_part(queue[i].ring, 0, 64), 1 + rnd(64));
		interrupt(queue[i].vector, VIRTIO_ISR_QUEUE);
	}
}

bool model_step(void)
{
	if (!vm_running() || (status & VIRTIO_NEEDS_RESET))
		return false;
	if (vm_fault == FAULT_GARBAGE && one_in(4))
		overwrite();
	if (vm_fault == FAULT_STORM)
		interrupt(queue[0].vector, VIRTIO_ISR_QUEUE);
	bool did = false;
	if (!benchmark && one_in(2))
		did = device_step();
	for (unsigned i = 0, at = benchmark ? 0 : rnd(vm_queue_count); i < vm_queue_count && !did; i++)
		did = fetch(&queue[(at + i) % vm_queue_count]);
	return did || device_step();
}
