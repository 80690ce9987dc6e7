/* SPDX-License-Identifier: MIT */
/*
 * Client of a file system server (tessera/fs.h): inodes that live in another component, and
 * whose pages lie in its cache, which is a pool here (pool_add).
 *
 * Called by:  mount.c; the end of the machine.
 */
#pragma once
#include "vfs.h"

/* Mount what is behind the channel `name`: its root, or -ENODEV if there is no such channel.  Sleeps. */
s64 remote_mount(const char *name, struct super **out);
/* Before the machine ends: everything is written, the file system is clean.  Sleeps. */
void remote_unmount(void);
