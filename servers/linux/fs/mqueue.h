/* SPDX-License-Identifier: MIT */
/*
 * Message queues: what their two files share.
 */
#pragma once
#include "tmpfs.h"

enum { MQ_SIGNAL, MQ_NONE, MQ_THREAD }; /* sigev_notify */

struct mqueue {
	u32 uid; /* whom its bytes are counted for */
	u64 charge;
	u64 most, bytes;      /* messages; bytes of each */
	u64 count;            /* messages in it */
	struct list messages; /* the most urgent first, then the oldest */
	struct waitq readers, writers;
	u32 receiving; /* who waits for a message */
	/* Who is told when a message comes into the empty queue; pid 0: nobody. */
	u32 pid, notify;
	int signo;
	u64 value;
};

/* NULL: the file is no queue. */
struct mqueue *mqueue_of(struct file *f);
/* A message of t came. */
void mqueue_tell(struct mqueue *q, struct task *t);
