/* SPDX-License-Identifier: MIT */
/*
 * What the file system server did and has not yet on the disk, to be done again if it dies (remote_redo.c).
 */
#pragma once
#include "remote_link.h"
#include "tessera/ring.h"

struct redo;

void redo_start(void);
/* There is little room for more: a commit would make some. */
bool redo_full(void);
/* Is such a request to be remembered? */
bool redo_changes(u64 operation);
/* A copy of it; NULL: no memory. */
struct redo *redo_make(const struct ring_entry *e, const struct fs_message *m);
/* The message as it was when the request was made. */
void redo_message(const struct redo *r, struct fs_message *m);
/* The answer came: it is remembered, or forgotten if nothing was done. */
void redo_answered(struct redo *r, s64 result, u64 ino, u64 transaction);
/* All that was done before this transaction is on the disk. */
void redo_committed(u64 transaction);
/* Do again what was done after `recovered`, in order.  `made` is told of each inode that was made, with its reference. */
s64 redo_all(u64 recovered, void (*made)(u64 ino));
