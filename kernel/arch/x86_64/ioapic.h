/* SPDX-License-Identifier: MIT */
/*
 * I/O APICs: inputs are named by their global system interrupt.
 */
#pragma once
#include "platform.h"

bool ioapic_has(u32 gsi);
/* Requester id that the IOMMU sees for the interrupts of this input, or NIL: not known. */
u32 ioapic_source(u32 gsi);
/* Write the redirection entry of an input; masked or not is one of its bits. */
void ioapic_write(u32 gsi, u64 entry);
/* Change nothing but that bit.  When it returns, the I/O APIC has seen it. */
void ioapic_mask(u32 gsi, bool masked);

/* Redirection entries (82093AA data sheet, 3.2.4). */
#define RTE_LOW (1ull << 13)
#define RTE_LEVEL (1ull << 15)
#define RTE_MASKED (1ull << 16)
#define RTE_APIC(id) ((u64)(id) << 56)
/* The form that refers to an interrupt remapping entry (VT-d 3.3, 5.1.5.1). */
#define RTE_REMAPPED(index)                                                                        \
	(1ull << 48 | (u64)((index)&0x7fff) << 49 | (u64)((index) >> 15 & 1) << 11)
