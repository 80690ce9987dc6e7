/* SPDX-License-Identifier: MIT */
/*
 * Names of flags and commands (abi/linux-words.toml), in the form of strace.
 */
#pragma once
#include "linux/names.h"
#include "../fs/fs.h"

/* Words of a set (LX_FIRST_SET...), joined by "|". */
void words_put(struct text *x, u32 kind, u64 value);
/* The same of some bits: what stands for none of them is not told. */
void words_put_part(struct text *x, u32 kind, u64 value, u64 bits);
