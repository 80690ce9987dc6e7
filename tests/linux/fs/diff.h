/* SPDX-License-Identifier: MIT */
/*
 * Calls on files, made of the kernel that runs the test and of servers/linux/fs, and compared.
 * Descriptors are in slots: both sides have the same file in each.
 */
#pragma once
#define main tessera_main /* sys.h declares one of its own */
#include "host.h"
#include "../../../servers/linux/fs/socket.h"
#undef main
#include "linux/names.h"

int printf(const char *format, ...);

enum { SLOTS = 12, BYTES = 20000 };

extern struct task *task;
extern s32 native_fd[SLOTS], our_fd[SLOTS];
extern s32 native_ep, our_ep; /* an epoll of each side */
extern u64 state;             /* of the random numbers */
extern unsigned char wbuf[BYTES], nbuf[BYTES + 64], obuf[BYTES + 64];
/* Pages were reserved: Linux counts those not written as holes, and not as long as we do. */
extern bool reserved;

/* --- random arguments --------------------------------------------------------------- */

u32 below(u32 n);
const char *name(void);
u32 slot(void);
u32 mode(void);
u64 offset(void);
u64 length(void);
/* Where calls at names begin: mostly here, sometimes at a descriptor. */
void where(s64 *theirs, s64 *ours);

static inline u64 addr(const void *p)
{
	return (u64)(uintptr_t)p;
}

/* --- calls ---------------------------------------------------------------------------- */

s64 native(u64 nr, const u64 a[6]);
/* The same arguments for both; results must agree. */
s64 both(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
/* A call whose first argument is a descriptor. */
s64 both_fd(u64 nr, u32 slot, u64 b, u64 c, u64 d, u64 e, u64 f);
/* Descriptors go into a slot; what was there is closed.  opened: results, which may be errors. */
void put(u32 slot, s64 theirs, s64 ours);
void opened(u32 slot, s64 theirs, s64 ours);

/* --- the comparison ------------------------------------------------------------------- */

/* What is called, for a report. */
struct text note_begin(void);
#define NOTE(...)                                                                                  \
	do {                                                                                       \
		struct text x_ = note_begin();                                                     \
		text_add(&x_, __VA_ARGS__);                                                        \
		x_.at[x_.used] = 0;                                                                \
	} while (0)
void expect(const char *what, s64 theirs, s64 ours);
_Noreturn void differ(const char *what, s64 theirs, s64 ours);
/* So many bytes of nbuf and obuf. */
void same_bytes(const char *what, s64 n);

/* --- the actions ------------------------------------------------------------------------ */

/* diff_names.c, diff_data.c, diff_descriptors.c, diff_sockets.c */
void do_open(void);
void do_name(void);
void do_two_names(void);
void do_stat(void);
void do_fstat(void);
void do_readlink(void);
void do_attributes(void);
void do_list(void);
void do_read(void);
void do_write(void);
void do_seek(void);
void do_size(void);
void do_allocate(void);
void do_move(void);
void do_close(void);
void do_descriptor(void);
void do_make(void);
void do_poll(void);
void do_epoll(void);
void do_socket(void);
void do_rights(void);
