/* SPDX-License-Identifier: MIT */
/*
 * Devices: groups of PCI functions, and which memory they may use.
 *
 * Owns:       struct device, ks.device.    Invariant: device_inv().
 * Locks:      all locks.
 * Called by:  the generated dispatcher; destroy.c; the architecture for faults.
 * Never:      knows PCI: a function is a requester id that the IOMMU sees.
 *
 * Without an IOMMU there are no I/O spaces, so a device is bound to nothing, and
 * reaches all memory: it has interrupts only, for drivers that are trusted.
 */
#include "ks.h"
#include "dispatch.h"

u32 device_of(u32 id)
{
	for (u32 i = 0; i < DEVICES_MAX; i++) {
		u32 page = ks.device[i];

		if (page != 0 && id - DV(page)->first < DV(page)->count)
			return page;
	}
	return 0;
}

static bool functions_are_free(u32 first, u32 count)
{
	for (u32 i = 0; i < DEVICE_FUNCTIONS && i < count; i++) {
		if (device_of(first + i) != 0)
			return false;
	}
	return true;
}

/* An index into ks.device that is free, or DEVICES_MAX. */
static u32 number_find(void)
{
	u32 i = 0;

	while (i < DEVICES_MAX && ks.device[i] != 0)
		i++;
	return i;
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
	ks.device[d->number] = 0;
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
	u32 number = number_find();
	if (number == DEVICES_MAX)
		return ERR_DEVICE;
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
	DV(page)->number = number;
	ks.device[number] = page;
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

/* --- faults ------------------------------------------------------------------------- */

void device_fault(u32 id, u64 address, u32 what)
{
	u32 page = device_of(id);

	trace_add(arch_cpu(), TRACE_iommu, id | (u64)what << 16, address);
	if (page == 0)
		return;
	struct device *d = DV(page);
	const struct cap *c = SLOT(SLOT_OF(page, DEVICE_SLOT_NOTIF));

	d->faults++;
	d->fault_address = address;
	d->fault_what = what | (id - d->first) << DEVICE_FAULT_FUNCTION_SHIFT;
	if (c->type != 0)
		notif_set(c->obj, c->badge != 0 ? c->badge : d->bits, arch_cpu());
}

err_t sys_device_watch(u32 t, u32 dev, u32 notif, u64 bits)
{
	u32 inner = SLOT_OF(SLOT(dev)->obj, DEVICE_SLOT_NOTIF);

	(void)t;
	if (notif != NIL) {
		if (bits == 0)
			return ERR_ARG;
		err_t e = cap_may_derive(notif);
		if (!err_is_ok(e))
			return e;
	}
	/* commit */
	if (SLOT(inner)->type != 0)
		cap_remove(inner);
	if (notif == NIL)
		return OK;
	cap_insert_copy(inner, notif, RIGHT_NOTIF_SIGNAL);
	DV(SLOT(dev)->obj)->bits = bits;
	return OK;
}

err_t sys_device_faults(u32 t, u32 dev)
{
	const struct device *d = DV(SLOT(dev)->obj);

	/* commit */
	arch_iommu_faults(true);
	FR_OUT(t, 0) = d->faults;
	FR_OUT(t, 1) = d->fault_address;
	FR_OUT(t, 2) = d->fault_what;
	return OK;
}
