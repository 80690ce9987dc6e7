/* SPDX-License-Identifier: MIT */
/*
 * The link to whoever started the machine (./tessera run): one stream of bytes each way carries
 * console, standard input, output and error, exit status, trace and signals, in frames.
 *
 * Frame: type (1 byte), length of what follows (2 bytes, low first, at most HOST_FRAME).
 * To the host:   'c' console output, 'o' standard output, 'e' standard error, 't' a line of
 *                trace, 'l' a line of log, 'r' room: that many more bytes of standard input are taken (4
 *                bytes), 'x' the first process ended: status as wait(2) reports it (4 bytes),
 *                'u' it is there, and hears signals, 'n' a line about a call that there is not
 * From the host: 'c' typed at the console, 'i' standard input (empty: its end), 'w' size of the
 *                terminal (rows, columns: 2 bytes each), 's' a signal for the first process (1 byte),
 *                'a' so many bytes of the link were taken (4 bytes)
 * Only as much is under way as an emulator keeps for a host that is slow: it drops the rest.
 * Unknown types are skipped.  Standard input is sent only as far as room was told.
 */
#pragma once
#include "../fs/vfs.h"

enum { HOST_FRAME = 4096 };
enum host_stream { HOST_STDIN, HOST_STDOUT, HOST_STDERR };

/* Before the first frame.  From then on the console is in frames too. */
void host_start(void);
/* Bytes of the link, in any pieces.  Never sleeps. */
void host_input(const char *bytes, size_t n);
/* Send one frame now; if there is no room for it, it is lost. */
void host_send(char type, const void *bytes, size_t n);
/* Until a frame of n bytes finds room.  Sleeps. */
void host_wait(size_t n);
/* There is room again for standard output. */
void host_drained(void);
/* Files for the first process: ends of the host's pipes or files. */
s64 host_open(enum host_stream which, struct file **out);
