/* SPDX-License-Identifier: MIT */
/*
 * A ChaCha20 generator (RFC 8439) whose key is replaced by its own output after
 * each request, so that what was given out cannot be computed from what is kept.
 *
 * Owns:       the key.
 */
#include "event.h"
#include "random.h"

enum { KEY = 8, BLOCK = 16, ROUNDS = 10, JITTER = 256 };

static u32 key[KEY];
static u32 counter;

static u32 rotate(u32 v, u32 by)
{
	return v << by | v >> (32 - by);
}

static void quarter(u32 *x, u32 a, u32 b, u32 c, u32 d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

static void block(u32 out[BLOCK])
{
	u32 in[BLOCK] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(in + 4, key, sizeof key);
	in[12] = counter++;
	memcpy(out, in, sizeof in);
	for (u32 i = 0; i < ROUNDS; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (u32 i = 0; i < BLOCK; i++)
		out[i] += in[i];
}

static void new_key(void)
{
	u32 out[BLOCK];

	block(out);
	memcpy(key, out, sizeof key);
}

void random_bytes(void *to, size_t n)
{
	u8 *at = to;
	u32 out[BLOCK];

	while (n > 0) {
		size_t part = n < sizeof out ? n : sizeof out;

		block(out);
		memcpy(at, out, part);
		at += part;
		n -= part;
	}
	new_key();
}

u64 random_u64(void)
{
	u64 v;

	random_bytes(&v, sizeof v);
	return v;
}

void random_add(const void *bytes, size_t n)
{
	const u8 *at = bytes;
	u8 *k = (u8 *)key;

	for (size_t i = 0; i < n; i++) {
		k[i % sizeof key] ^= at[i];
		if (i % sizeof key == sizeof key - 1)
			new_key();
	}
	new_key();
}

/* CPUID leaf 1, ECX bit 30 (Intel SDM vol 2, RDRAND). */
static bool have_rdrand(void)
{
	u32 a = 1, b, c = 0, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return (c >> 30) & 1;
}

static void add_rdrand(void)
{
	for (u32 i = 0; i < 2 * KEY; i++) {
		u64 v;
		u8 ok;

		__asm__ volatile("rdrand %0; setc %1" : "=r"(v), "=qm"(ok) : : "cc");
		if (ok)
			random_add(&v, sizeof v);
	}
}

void random_start(const void *seed, size_t bytes)
{
	random_add(seed, bytes);
	if (have_rdrand())
		add_rdrand();
	for (u32 i = 0; i < JITTER; i++) {
		u64 v = now_ticks();

		random_add(&v, sizeof v);
	}
	random_add(&env.epoch_ns, sizeof env.epoch_ns);
}
