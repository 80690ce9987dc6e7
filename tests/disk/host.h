/* SPDX-License-Identifier: MIT */
/*
 * Included before all of a program of components that runs on the host: what would be a call of the kernel is one
 * of the test.
 */
#pragma once
#include <tessera/sys.h>

err_t host_signal(notif_h notif, u64 bits);
#define notif_signal host_signal
