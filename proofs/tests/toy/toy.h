/* SPDX-License-Identifier: MIT */
/* A capability kernel in 120 lines, to learn the prover with and to test it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#ifdef WITH_GHOST
#define GHOST(...) __VA_ARGS__
#else
#define GHOST(...)
#endif
#define NIL 0xffffffffu

enum { SLOTS = 1u << 24, THREADS = 1u << 16, ENDPOINTS = 1u << 16, DEPTH_MAX = 16 };
enum { CAP_NONE, CAP_EP };
enum { RIGHT_SEND = 1, RIGHT_RECV = 2, RIGHT_DERIVE = 4, RIGHT_ALL = 7 };
enum { THREAD_READY, THREAD_SEND };

typedef struct {
	u32 v;
} err_t;
#define OK ((err_t){ 0 })
#define ERR_SLOT ((err_t){ 1 })
#define ERR_RIGHT ((err_t){ 2 })
#define ERR_BUSY ((err_t){ 3 })
#define ERR_DEPTH ((err_t){ 4 })
#define ERR_EMPTY ((err_t){ 5 })

/* An empty slot is all zero; a slot in use is a node of the derivation tree. */
struct slot {
	u8 type, rights;
	u16 depth;
	u32 obj, parent, child, next, prev; /* children: newest first */
	u64 badge;
	GHOST(u64 g_born;) /* time of derivation: older siblings come later in the list */
};

struct thread {
	u8 state;
	u32 ep, qnext, qprev;
	u64 msg, badge;
	GHOST(u64 g_arrived;) /* when it entered the queue */
};

struct ep {
	u32 head, tail; /* senders, first come first served */
};

struct kernel_state {
	u64 delivered;
	GHOST(u64 g_clock;)
};

extern struct slot ks_slot[SLOTS];
extern struct thread ks_thread[THREADS];
extern struct ep ks_ep[ENDPOINTS];
extern struct kernel_state ks;
#define SLOT(i) (&ks_slot[i])
#define TH(i) (&ks_thread[i])
#define EP(i) (&ks_ep[i])

err_t toy_derive(u32 src, u32 dst, u32 rights, u64 badge);
err_t toy_delete(u32 s);
err_t toy_move(u32 src, u32 dst);
err_t toy_send(u32 t, u32 s, u64 msg);
err_t toy_recv(u32 t, u32 s);
bool toy_is_below(u32 s, u32 ancestor);
