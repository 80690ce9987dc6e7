/* SPDX-License-Identifier: MIT */
/*
 * ELF for x86-64 (System V ABI, chapters 4 and 5), and Linux's auxiliary vector.
 */
#pragma once
#include "../linux.h"

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 64, "as the ABI has it");

struct elf_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf_segment) == 56, "as the ABI has it");

enum { ELF_EXEC = 2, ELF_DYN = 3, ELF_X86_64 = 62, ELF_CLASS64 = 2, ELF_LITTLE = 1 };
enum { SEGMENT_LOAD = 1, SEGMENT_INTERP = 3, SEGMENT_PHDR = 6, SEGMENT_STACK = 0x6474e551 };
enum { SEGMENT_X = 1, SEGMENT_W = 2, SEGMENT_R = 4 };

enum auxiliary {
	AT_NULL = 0,
	AT_PHDR = 3,
	AT_PHENT = 4,
	AT_PHNUM = 5,
	AT_PAGESZ = 6,
	AT_BASE = 7,
	AT_FLAGS = 8,
	AT_ENTRY = 9,
	AT_UID = 11,
	AT_EUID = 12,
	AT_GID = 13,
	AT_EGID = 14,
	AT_PLATFORM = 15,
	AT_HWCAP = 16,
	AT_CLKTCK = 17,
	AT_SECURE = 23,
	AT_RANDOM = 25,
	AT_HWCAP2 = 26,
	AT_EXECFN = 31,
	AT_SYSINFO_EHDR = 33,
	AT_MINSIGSTKSZ = 51,
};
