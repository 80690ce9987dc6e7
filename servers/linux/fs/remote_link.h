/* SPDX-License-Identifier: MIT */
/*
 * Requests to the file system server, and their answers (remote_link.c).
 */
#pragma once
#include "fs.h"
#include "tessera/fs.h"

struct fs_call {
	u32 slot;
	struct fs_message *m; /* shared with the server, which may change it at any time */
	u64 w2, w3;           /* of the answer */
	u32 life;             /* of the server that answered */
};

/* Open the channel: its second area, or NULL if there is no such channel. */
const struct comp_area *link_open(const char *name);
/* A message slot; waits for one. Every call_begin has its call_end. */
void call_begin(struct fs_call *c);
void call_name(struct fs_call *c, const char *name, u32 len);
void call_name2(struct fs_call *c, const char *name, u32 len);
/* Ask and wait. @return 0 or more, or -errno; -EIO: the server is gone, or its answer is impossible */
s64 call_ask(struct fs_call *c, u64 operation, u64 a, u64 b, u64 d);
void call_end(struct fs_call *c);
/*
 * Ask, and do not wait: for requests without message whose answer does not matter.  May wait for room.  A server that
 * was started again meanwhile is not told.
 */
void link_tell(u64 operation, u64 a, u64 b);
/* Until the server, if it was started again, knows what is held. */
void link_wait(void);
/* Is this the fiber that tells it? */
bool link_restoring(void);
/* How often the server was started again. */
u32 link_life(void);
/* A server that was started again is told everything (remote_restore.c); false: that failed, it is given up. */
bool remote_restore(void);
