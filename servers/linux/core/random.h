/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for programs: getrandom, /dev/urandom, AT_RANDOM.
 */
#pragma once
#include "../linux.h"

/* Seed from RDRAND, the counter's jitter, and what else is given. Called once, before random_bytes. */
void random_start(const void *seed, size_t bytes);
/* Whatever a program wrote to /dev/random, times of interrupts: stirred in. */
void random_add(const void *bytes, size_t n);
void random_bytes(void *to, size_t n);
u64 random_u64(void);
