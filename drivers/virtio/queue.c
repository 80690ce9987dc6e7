/* SPDX-License-Identifier: MIT */
/*
 * Queues of virtio: split and packed rings, indirect descriptors, event suppression.
 *
 * Owns:   the rings in DMA memory, private notes about each request under way.
 * Specification: virtio 1.2, sections 2.7 and 2.8; setting up: 4.1.5.1.3, 4.2.3.2.
 * Never:  believes what it reads in the rings; a queue that breaks a rule is VIRTQ_BROKEN.
 */
#include <stdatomic.h>

#include "../class/watch.h"
#include "virtio.h"

enum { INDIRECT_BYTES = 512, DESC_BYTES = 16, PAGE = 4096 };
_Static_assert(VIRTQ_SEGMENTS * DESC_BYTES <= INDIRECT_BYTES, "a table holds all segments");
_Static_assert(sizeof(struct split_desc) == DESC_BYTES, "2.7.5");
_Static_assert(sizeof(struct packed_desc) == DESC_BYTES, "2.8.13");

static inline uint16_t load16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void store16(uint16_t *p, uint16_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

/* --- setting up ------------------------------------------------------------------ */

/*
 * None of the parts crosses a page if it fits into one.  The specification asks for less
 * (2.7, 2.8.10.1), but QEMU, at least to version 7.2, loses half of an element of the used ring
 * that lies in two pages behind an IOMMU.
 */
static bool cut(struct virtio *v, uint64_t bytes, struct drv_dma *piece)
{
	uint64_t align = 64;

	while (align < bytes && align < PAGE)
		align *= 2;
	return drv_cut(v->d, &v->dma_used, bytes, align, piece);
}

static bool cut_rings(struct virtio *v, struct virtq *q, bool tables)
{
	uint64_t n = q->size;
	uint64_t driver = q->packed ? sizeof(struct packed_event) : 6 + 2 * n;
	uint64_t device = q->packed ? sizeof(struct packed_event) : 6 + 8 * n;

	return cut(v, n * DESC_BYTES, &q->ring) && cut(v, driver, &q->driver) &&
	       cut(v, device, &q->device) && (!tables || cut(v, n * INDIRECT_BYTES, &q->tables));
}

static void write64(const struct virtio *v, uint64_t offset, uint64_t value)
{
	reg_write32(&v->common, offset, (uint32_t)value);
	reg_write32(&v->common, offset + 4, (uint32_t)(value >> 32));
}

static bool enable_pci(const struct virtio *v, struct virtq *q, uint32_t message)
{
	const struct drv_region *c = &v->common;
	uint16_t vector = v->line ? PCI_NO_VECTOR :
			  v->d->irqs == 1 ? 0 : (uint16_t)(1 + message);

	reg_write16(c, PCI_QUEUE_SIZE, q->size);
	write64(v, PCI_QUEUE_DESC, q->ring.iova);
	write64(v, PCI_QUEUE_DRIVER, q->driver.iova);
	write64(v, PCI_QUEUE_DEVICE, q->device.iova);
	reg_write16(c, PCI_QUEUE_VECTOR, vector);
	if (reg_read16(c, PCI_QUEUE_VECTOR) != vector)
		return false;
	uint64_t at = (uint64_t)reg_read16(c, PCI_QUEUE_NOTIFY) *
		      v->platform->pci.notify_multiplier;
	if (at % 2 != 0 || at + 2 > v->notify.bytes)
		return false;
	q->notify = (struct drv_region){ .base = v->notify.base + at, .bytes = 2 };
	reg_write16(c, PCI_QUEUE_ENABLE, 1);
	return reg_read16(c, PCI_QUEUE_ENABLE) == 1;
}

static bool enable_mmio(const struct virtio *v, struct virtq *q)
{
	reg_write32(&v->common, MMIO_QUEUE_SIZE, q->size);
	write64(v, MMIO_QUEUE_DESC, q->ring.iova);
	write64(v, MMIO_QUEUE_DRIVER, q->driver.iova);
	write64(v, MMIO_QUEUE_DEVICE, q->device.iova);
	q->notify = (struct drv_region){ .base = v->notify.base + MMIO_QUEUE_NOTIFY, .bytes = 4 };
	reg_write32(&v->common, MMIO_QUEUE_READY, 1);
	return reg_read32(&v->common, MMIO_QUEUE_READY) == 1;
}

/* The largest size that the device has, the driver wants and the form of queue allows. */
static uint16_t choose_size(const struct virtio *v, uint16_t wanted)
{
	uint32_t most = v->mmio ? reg_read32(&v->common, MMIO_QUEUE_SIZE_MAX) :
				  reg_read16(&v->common, PCI_QUEUE_SIZE);
	uint32_t size = VIRTQ_SIZE_MAX;

	while (size > most || size > wanted)
		size /= 2;
	return (uint16_t)size;
}

static void start_state(struct virtio *v, struct virtq *q)
{
	for (uint16_t i = 0; i < q->size; i++)
		q->chain[i] = (struct virtq_chain){ .next = (uint16_t)(i + 1) };
	q->free = q->size;
	q->avail_wrap = q->used_wrap = true;
	q->event = (v->features & VIRTIO_F_EVENT_IDX) != 0;
	q->indirect = q->tables.base != NULL;
	q->mmio = v->mmio;
	if (q->packed && q->event) {
		struct packed_event *e = (struct packed_event *)q->driver.base;

		*e = (struct packed_event){ .position = 1 << 15, .flags = PACKED_AT };
	}
}

enum drv_result virtq_open(struct virtio *v, struct virtq *q, uint16_t index, uint16_t size,
			   bool tables, uint32_t message)
{
	q->index = index;
	q->packed = (v->features & VIRTIO_F_PACKED) != 0;
	if (v->mmio)
		reg_write32(&v->common, MMIO_QUEUE_SELECT, index);
	else
		reg_write16(&v->common, PCI_QUEUE_SELECT, index);
	q->size = choose_size(v, size);
	if (q->size < 2)
		return DRV_NO_DEVICE;
	tables = tables && (v->features & VIRTIO_F_INDIRECT) != 0;
	if (!cut_rings(v, q, tables))
		return DRV_NO_DEVICE;
	start_state(v, q);
	if (v->mmio ? enable_mmio(v, q) : enable_pci(v, q, message % virtio_queue_messages(v)))
		return DRV_OK;
	v->d->bad_device++;
	return DRV_FAILED;
}

/* --- adding ------------------------------------------------------------------------ */

static struct virtq_segment indirect_table(struct virtq *q, uint16_t id,
					   const struct virtq_segment *s, uint32_t n)
{
	unsigned char *table = q->tables.base + id * INDIRECT_BYTES;
	struct packed_desc *packed = (struct packed_desc *)table;
	struct split_desc *split = (struct split_desc *)table;

	if (q->packed) {
		for (uint32_t i = 0; i < n; i++)
			packed[i] = (struct packed_desc){ s[i].iova, s[i].bytes, 0,
							  (uint16_t)s[i].write };
	} else {
		for (uint32_t i = 0; i < n; i++)
			split[i] = (struct split_desc){ s[i].iova, s[i].bytes,
							(uint16_t)(s[i].write | DESC_NEXT),
							(uint16_t)(i + 1) };
		split[n - 1].flags = (uint16_t)s[n - 1].write;
	}
	return (struct virtq_segment){ q->tables.iova + id * INDIRECT_BYTES, n * DESC_BYTES,
				       DESC_INDIRECT };
}

/* 2.7.13: the descriptors of a chain follow `next`, which nobody else ever reads back. */
static inline void add_split(struct virtq *q, const struct virtq_segment *s, uint32_t n)
{
	struct split_desc *desc = (struct split_desc *)q->ring.base;
	struct split_avail *avail = (struct split_avail *)q->driver.base;
	uint16_t head = q->first_free, at = head;

	for (uint32_t i = 1; i < n; i++, s++) {
		uint16_t next = q->chain[at].next;

		desc[at] = (struct split_desc){ s->iova, s->bytes,
						(uint16_t)(s->write | DESC_NEXT), next };
		at = next;
	}
	desc[at] = (struct split_desc){ s->iova, s->bytes, (uint16_t)s->write, 0 };
	q->chain[head].last = at;
	q->first_free = q->chain[at].next;
	avail->ring[q->avail++ & (q->size - 1)] = head;
	q->added++;
}

/* 2.8.6, 2.8.17: the first descriptor's flags are written last. */
static inline void add_packed(struct virtq *q, const struct virtq_segment *s, uint32_t n)
{
	struct packed_desc *desc = (struct packed_desc *)q->ring.base;
	struct packed_desc *first = &desc[q->avail];
	uint16_t id = q->first_free, first_flags = 0;

	for (uint32_t i = 0; i < n; i++, s++) {
		struct packed_desc *p = &desc[q->avail];
		uint32_t flags = s->write | (i + 1 < n ? DESC_NEXT : 0) |
				 (q->avail_wrap ? DESC_AVAIL : DESC_USED);

		p->iova = s->iova;
		p->bytes = s->bytes;
		p->id = id;
		if (i == 0)
			first_flags = (uint16_t)flags;
		else
			p->flags = (uint16_t)flags;
		if (++q->avail == q->size) {
			q->avail = 0;
			q->avail_wrap = !q->avail_wrap;
		}
	}
	q->first_free = q->chain[id].next;
	q->added = (uint16_t)(q->added + n);
	store16(&first->flags, first_flags);
}

void virtq_add(struct virtq *q, const struct virtq_segment *s, uint32_t segments,
	       uint64_t cookie)
{
	struct virtq_chain *c = &q->chain[q->first_free];
	struct virtq_segment table;
	uint32_t writable = 0;

	for (uint32_t i = segments; i != 0 && s[i - 1].write != 0; i--)
		writable += s[i - 1].bytes;
	if (q->indirect) {
		table = indirect_table(q, q->first_free, s, segments);
		s = &table;
		segments = 1;
	}
	c->cookie = cookie;
	c->writable = writable;
	c->began = q->tick;
	c->count = (uint16_t)segments;
	c->busy = true;
	q->free = (uint16_t)(q->free - segments);
	q->busy++;
	if (q->packed)
		add_packed(q, s, segments);
	else
		add_split(q, s, segments);
}

/* 2.7.7.2 and 2.8.10: has a position been passed that the device wants to hear of? */
static bool passed(uint16_t event, uint16_t now, uint16_t before)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

static bool wants_kick_split(struct virtq *q)
{
	const struct split_used *used = (const struct split_used *)q->device.base;

	if (!q->event)
		return (load16(&used->flags) & SPLIT_NO_NOTIFY) == 0;
	return passed(load16((const uint16_t *)&used->ring[q->size]), q->avail,
		      (uint16_t)(q->avail - q->added));
}

static bool wants_kick_packed(struct virtq *q)
{
	const struct packed_event *e = (const struct packed_event *)q->device.base;
	uint16_t flags = load16(&e->flags), position = load16(&e->position);

	if (flags != PACKED_AT || !q->event)
		return flags != PACKED_DISABLE;
	uint16_t at = position & 0x7fff;
	if ((position >> 15) != q->avail_wrap)
		at = (uint16_t)(at - q->size);
	return passed(at, q->avail, (uint16_t)(q->avail - q->added));
}

void virtq_kick(struct virtq *q)
{
	if (q->added == 0)
		return;
	if (!q->packed)
		store16(&((struct split_avail *)q->driver.base)->index, q->avail);
	/* What was added must be visible before the device's wish is read. */
	atomic_thread_fence(memory_order_seq_cst);
	if (q->packed ? wants_kick_packed(q) : wants_kick_split(q)) {
		if (q->mmio)
			reg_write32(&q->notify, 0, q->index);
		else
			reg_write16(&q->notify, 0, q->index);
	}
	q->added = 0;
}

/* --- taking -------------------------------------------------------------------------- */

/* The request `id` is finished: may it be, and did the device write no more than it may? */
static inline enum virtq_state finish(struct virtq *q, uint32_t id, uint32_t bytes,
				      struct virtq_done *done)
{
	if (id >= q->size || !q->chain[id].busy || bytes > q->chain[id].writable)
		return VIRTQ_BROKEN;
	struct virtq_chain *c = &q->chain[id];
	*done = (struct virtq_done){ c->cookie, bytes, id };
	c->busy = false;
	q->busy--;
	q->free = (uint16_t)(q->free + c->count);
	q->chain[q->packed ? id : c->last].next = q->first_free;
	q->first_free = (uint16_t)id;
	return VIRTQ_DONE;
}

static inline enum virtq_state get_split(struct virtq *q, struct virtq_done *done)
{
	const struct split_used *used = (const struct split_used *)q->device.base;
	uint16_t finished = (uint16_t)(load16(&used->index) - q->used);

	if (finished == 0)
		return VIRTQ_EMPTY;
	if (finished > q->busy)
		return VIRTQ_BROKEN;
	const volatile struct split_used_element *e = &used->ring[q->used++ & (q->size - 1)];
	uint32_t id = e->id;
	return finish(q, id, e->bytes, done);
}

static inline bool packed_is_used(const struct virtq *q, uint16_t flags)
{
	bool avail = (flags & DESC_AVAIL) != 0, used = (flags & DESC_USED) != 0;

	return avail == used && used == q->used_wrap;
}

static inline enum virtq_state get_packed(struct virtq *q, struct virtq_done *done)
{
	const struct packed_desc *p = &((const struct packed_desc *)q->ring.base)[q->used];

	if (!packed_is_used(q, load16(&p->flags)))
		return VIRTQ_EMPTY;
	uint32_t id = *(const volatile uint16_t *)&p->id;
	/* 2.8.5: only what a device writes into is said to have a length. */
	uint32_t bytes = *(const volatile uint32_t *)&p->bytes;
	if (id < q->size && q->chain[id].writable == 0)
		bytes = 0;
	if (finish(q, id, bytes, done) != VIRTQ_DONE)
		return VIRTQ_BROKEN;
	q->used = (uint16_t)(q->used + q->chain[id].count);
	if (q->used >= q->size) {
		q->used = (uint16_t)(q->used - q->size);
		q->used_wrap = !q->used_wrap;
	}
	return VIRTQ_DONE;
}

enum virtq_state virtq_get(struct virtq *q, struct virtq_done *done)
{
	return q->packed ? get_packed(q, done) : get_split(q, done);
}

bool virtq_overdue(const struct virtq *q)
{
	for (uint32_t i = 0; i < q->size && q->busy != 0; i++) {
		if (q->chain[i].busy && q->tick - q->chain[i].began >= WATCH_TICKS)
			return true;
	}
	return false;
}

bool virtq_arm(struct virtq *q)
{
	if (q->packed) {
		struct packed_event *e = (struct packed_event *)q->driver.base;

		if (q->event)
			store16(&e->position, (uint16_t)(q->used | (q->used_wrap ? 1 << 15 : 0)));
		atomic_thread_fence(memory_order_seq_cst);
		const struct packed_desc *p = (const struct packed_desc *)q->ring.base;
		return !packed_is_used(q, load16(&p[q->used].flags));
	}
	if (q->event)
		store16(&((struct split_avail *)q->driver.base)->ring[q->size], q->used);
	atomic_thread_fence(memory_order_seq_cst);
	return load16(&((const struct split_used *)q->device.base)->index) == q->used;
}
