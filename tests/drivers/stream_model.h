/* SPDX-License-Identifier: MIT */
/*
 * What models of byte streams and the test of their class tell each other.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* --- of the model --------------------------------------------------------------------- */

extern bool stream_writes; /* the device takes bytes too */
/* Bytes arrive at the device; how many it had room for. */
uint32_t stream_feed(const uint8_t *bytes, uint32_t count);
/* The device makes bytes itself: nobody feeds it. */
extern bool stream_makes;

/* --- of the test ------------------------------------------------------------------------ */

/* A byte leaves the device. */
void stream_left(uint8_t byte);
/* A byte that the device made itself is in the driver's memory. */
void stream_made(uint8_t byte);
/* All bytes that it made are gone: it was reset. */
void stream_forgotten(void);
