/* SPDX-License-Identifier: MIT */
#pragma once
#include <string.h>

#include "../../../servers/linux/fs/fs.h"

extern u32 host_signals;
extern u64 host_fail_after;
/* An empty root, one task with all capabilities. */
struct task *host_start(u32 pid);
/* The program's memory; NULL: all of it. */
extern const unsigned char *host_memory;
extern u64 host_memory_bytes;
/* /dev, /proc, /sys in it, as fs_start makes them; and back to its root. */
void host_mounts(struct task *t);
