/* SPDX-License-Identifier: MIT */
#include "aim.h"

#include <tessera/chan.h>

#include "../../../drivers/virtio-blk/regs.h"
#include "../../../drivers/virtio-net/regs.h"
#include "../../../drivers/virtio/virtio.h"

/* A batch fits into the smallest queue, of 64 descriptors for commands of two. */
enum { QUEUE = 256, BATCH = 32, SEGMENTS = 3, FAILURES = 64, ROUND_US = 2000000 };
/* virtio 1.2, 5.2.6: the device's number, 20 bytes; done at once, without a disk's slowness. */
enum { BLK_T_GET_ID = 8, ID_BYTES = 20 };
enum { OWN_STATUS = 64, SENT = 64, RECEIVED = 512, COMMAND = 2 };
enum { QUEUE_RECEIVE, QUEUE_SEND, QUEUE_CONTROL, QUEUES };

static struct {
	struct drv *d;
	struct virtio v;
	struct virtq queue[QUEUES]; /* of a disk: the first is for all */
	struct drv_dma own;
	bool net;
} self;

bool aim_open(struct drv *d)
{
	enum drv_result r = DRV_OK;

	memset(&self, 0, sizeof self);
	self.d = d;
	self.net = virtio_open(&self.v, d, VIRTIO_BLK) != DRV_OK;
	if (self.net && virtio_open(&self.v, d, VIRTIO_NET) != DRV_OK)
		return false;
	if (virtio_negotiate(&self.v, self.net ? NET_F_CTRL_VQ : 0) != DRV_OK ||
	    !drv_cut(d, &self.v.dma_used, SYS_PAGE, SYS_PAGE, &self.own))
		return false;
	((struct virtio_blk_header *)self.own.base)->type = BLK_T_GET_ID;
	for (u16 i = 0; i < (self.net ? QUEUES : 1) && r == DRV_OK; i++)
		r = virtq_open(&self.v, &self.queue[i], i, QUEUE, false, i);
	return r == DRV_OK && virtio_start(&self.v);
}

bool aim_is_net(void)
{
	return self.net;
}

static u32 net_segments(u64 address, enum aim how, struct virtq_segment *s)
{
	s[0] = (struct virtq_segment){ address, how == AIM_RECEIVE ? RECEIVED : SENT,
				       how == AIM_RECEIVE ? DESC_WRITE : 0 };
	if (how != AIM_WRITE)
		return 1;
	s[0] = (struct virtq_segment){ self.own.iova, COMMAND, 0 };
	s[1] = (struct virtq_segment){ address, 1, DESC_WRITE };
	return 2;
}

/* Only one of them is at the address: QEMU does not go on to others behind one that is refused. */
static u32 segments_at(u64 address, enum aim how, struct virtq_segment *s)
{
	u64 own = self.own.iova;

	if (self.net)
		return net_segments(address, how, s);
	if (how == AIM_READ) {
		s[0] = (struct virtq_segment){ address, sizeof(struct virtio_blk_header), 0 };
		s[1] = (struct virtq_segment){ own + OWN_STATUS, 2, DESC_WRITE };
		return 2;
	}
	s[0] = (struct virtq_segment){ own, sizeof(struct virtio_blk_header), 0 };
	s[1] = (struct virtq_segment){ address, ID_BYTES, DESC_WRITE };
	s[2] = (struct virtq_segment){ own + OWN_STATUS, 1, DESC_WRITE };
	return 3;
}

static struct virtq *queue_for(enum aim how)
{
	static const u32 of[] = { QUEUE_SEND, QUEUE_CONTROL, QUEUE_RECEIVE };

	return &self.queue[self.net ? of[how] : 0];
}

/* So many places from an address on; false: the device does not say that it is done with them. */
static bool batch(u64 address, u64 step, u64 count, enum aim how)
{
	struct virtq *q = queue_for(how);
	struct virtq_segment s[SEGMENTS];
	struct virtq_done done;
	u64 end = sys_after(ROUND_US);

	for (u64 i = 0; i < count; i++)
		virtq_add(q, s, segments_at(address + i * step, how, s), 0);
	virtq_kick(q);
	while (q->busy != 0) {
		enum virtq_state state = virtq_get(q, &done);

		if (state == VIRTQ_BROKEN || (state == VIRTQ_EMPTY && sys_clock() > end))
			return false;
		comp_alive();
	}
	return true;
}

u64 aim_sweep(u64 below, u64 step, enum aim how)
{
	u64 at = 0, aimed = 0, each = BATCH;
	u32 failures = 0;

	step *= SYS_PAGE;
	while (at < below && failures < FAILURES) {
		u64 left = (below - at + step - 1) / step, count = left < each ? left : each;

		if (batch(at, step, count, how)) {
			at += count * step;
			aimed += count;
			each = BATCH;
			continue;
		}
		/* Which one it was, and on without it. */
		at += count == 1 ? step : 0;
		each = 1;
		failures++;
		if (!aim_open(self.d))
			break;
	}
	return aimed;
}

bool aim_once(u64 address, enum aim how)
{
	(void)virtq_arm(queue_for(how));
	return batch(address, SYS_PAGE, 1, how);
}
