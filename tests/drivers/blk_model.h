/* SPDX-License-Identifier: MIT */
/*
 * What models of block devices offer to the test of their class.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define DISK_SECTORS 8192u
extern unsigned char disk[DISK_SECTORS * 512];
/* Kinds of the device that its driver must find. */
extern bool disk_read_only, disk_has_discard, disk_has_cache;
extern unsigned disk_block_bytes;
/* Sectors that were written since the last flush. */
extern uint64_t disk_unflushed;
/* Answer the next requests with an error. */
extern unsigned disk_errors;
/* Queues for requests: those that its driver can have, and those that it has used since it began. */
unsigned model_queues(void);
unsigned model_queues_used(void);
