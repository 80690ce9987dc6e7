/* SPDX-License-Identifier: MIT */
/*
 * Devices: groups of PCI functions, and which memory they may use.
 *
 * Owns:       struct device, ks.function_used.   Invariant: device_inv().
 * Locks:      all locks.
 * Called by:  the generated dispatcher; destroy.c.
 * Never:      knows PCI: a function is a requester id that the IOMMU sees.
 *
 * Without an IOMMU there are no I/O spaces, so a device is bound to nothing, and
 * reaches all memory: it has interrupts only, for drivers that are trusted.
 */
#include "ks.h"
#include "dispatch.h"

static bool function_is_used(u32 id)
{
	return ks.function_used[id / 64] >> id % 64 & 1;
}

static bool functions_are_free(u32 first, u32 count)
{
	for (u32 i = 0; i < DEVICE_FUNCTIONS && i < count; i++) {
		if (function_is_used(first + i))
			return false;
	}
	return true;
}

void device_detach(u32 page)
{
	struct device *d = DV(page);

	if (d->bound == NIL)
		return;
	d->bound = NIL;
	arch_device_attach(d->first, d->count, NIL);
}

void device_destroy(u32 page)
{
	struct device *d = DV(page);

	device_detach(page);
	for (u32 i = 0; i < DEVICE_IRQS_MAX && d->irqs != NIL; i++)
		irq_orphan(d->irqs);
	for (u32 i = 0; i < DEVICE_FUNCTIONS && i < d->count; i++)
		ks.function_used[(d->first + i) / 64] &= ~(1ull << (d->first + i) % 64);
}

/* Only segment 0 has IOMMUs that this kernel drives; a bus has 256 functions. */
static bool functions_ok(u32 first, u32 count)
{
	return count >= 1 && count <= DEVICE_FUNCTIONS && first < 65536 &&
	       first / 256 == (first + count - 1) / 256;
}

err_t sys_device_create(u32 t, u32 mem, u32 dst, u64 offset, u32 functions)
{
	u32 first = SLOT(functions)->first;
	u32 count = SLOT(functions)->count;

	(void)t;
	if (!functions_ok(first, count))
		return ERR_RANGE;
	err_t e = object_check(mem, offset, 1);
	if (!err_is_ok(e))
		return e;
	if (!functions_are_free(first, count))
		return ERR_BUSY;
	if (!arch_has_iommu() && !(SLOT(functions)->rights & RIGHT_DEVCTL_UNCONFINED))
		return ERR_DEVICE;
	if (!arch_device_prepare(first, count))
		return ERR_DEVICE;
	/* commit */
	u32 page = SLOT(mem)->first + (u32)offset;
	object_make(mem, dst, OBJ_DEVICE, page, 1);
	DV(page)->first = first;
	DV(page)->count = count;
	DV(page)->irqs = NIL;
	DV(page)->bound = NIL;
	for (u32 i = 0; i < DEVICE_FUNCTIONS && i < count; i++)
		ks.function_used[(first + i) / 64] |= 1ull << (first + i) % 64;
	return OK;
}

err_t sys_device_bind(u32 t, u32 dev, u32 iospace)
{
	u32 page = SLOT(dev)->obj;
	u32 inner = SLOT_OF(page, DEVICE_SLOT_IOSPACE);

	(void)t;
	if (iospace != NIL) {
		if (PD(SLOT(iospace)->obj)->flags & PAGE_DYING)
			return ERR_STATE;
		err_t e = cap_may_derive(iospace);
		if (!err_is_ok(e))
			return e;
		if (!arch_iommu_ok())
			return ERR_DEVICE;
	}
	/* commit */
	if (SLOT(inner)->type != 0) {
		device_detach(page);
		cap_remove(inner);
	}
	if (iospace == NIL)
		return OK;
	cap_insert_copy(inner, iospace, SLOT(iospace)->rights);
	DV(page)->bound = SLOT(iospace)->obj;
	arch_device_attach(DV(page)->first, DV(page)->count, DV(page)->bound);
	if (arch_iommu_ok())
		return OK;
	/* The one error after the commit: the hardware failed meanwhile. */
	device_detach(page);
	cap_remove(inner);
	return ERR_DEVICE;
}
