/* SPDX-License-Identifier: MIT */
/*
 * What a driver is given, in the form that it knows.
 *
 * Owns:   the driver's struct drv.
 */
#include "process.h"

struct drv drv;
const struct comp_channel *channel;

static void find_channel(void)
{
	for (u32 i = 0; i < sys_comp->channels && i < COMP_CHANNELS && channel == NULL; i++) {
		if (sys_comp->channel[i].side == COMP_SERVER)
			channel = &sys_comp->channel[i];
	}
}

bool drv_configure(void)
{
	const struct comp_device *d = &sys_comp->device;

	find_channel();
	if (channel == NULL || d->kind == 0 || !ring_capacity_ok(channel->capacity))
		return false;
	for (u32 i = 0; i < COMP_REGIONS && i < DRV_REGIONS; i++)
		drv.region[i] = (struct drv_region){
			.base = (volatile unsigned char *)d->region[i].vaddr,
			.bytes = d->region[i].bytes,
			.port = d->region[i].port,
		};
	drv.dma = (struct drv_dma){ (unsigned char *)d->dma_vaddr, d->dma_bytes, d->dma_iova };
	for (u32 i = 0; i < channel->areas && i < COMP_AREAS; i++)
		drv.area[drv.areas++] =
			(struct drv_area){ channel->area[i].iova, channel->area[i].bytes };
	drv.irqs = d->irqs < DRV_IRQS ? d->irqs : DRV_IRQS;
	if (d->platform_bytes != 0) {
		drv.platform = d->platform;
		drv.platform_bytes = d->platform_bytes;
	}
	return true;
}

/* --- I/O ports: one call of the kernel each ------------------------------------------------ */

uint8_t port_read8(const struct drv_region *r, uint64_t offset)
{
	u64 value = 0xff;

	(void)ioport_in((ioports_h){ sys_comp->device.ports }, r->port + offset, 1, &value);
	return (uint8_t)value;
}

void port_write8(const struct drv_region *r, uint64_t offset, uint8_t value)
{
	(void)ioport_out((ioports_h){ sys_comp->device.ports }, r->port + offset, 1, value);
}
