/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tells the first program: struct boot_info, in a frame that
 * is mapped read-only; its address is the program's first argument.  Shared by
 * kernel and programs.  Addresses are physical.
 */
#pragma once
#include <stdint.h>

#define BOOT_INFO_MAGIC 0x61726573736574ull /* "tessera" */
enum {
	BOOT_INFO_VERSION = 2,
	BOOT_REGIONS_MAX = 48,
	BOOT_CPUS_MAX = 64,
	BOOT_COMMAND_MAX = 512,
};

/* A memory or device memory capability in the first program's table. */
struct boot_region {
	uint64_t first; /* page number */
	uint64_t count; /* pages */
	uint32_t handle;
	uint16_t is_ram; /* 1: memory, 0: devmem */
	uint16_t node;   /* NUMA node, 0 where there is only one */
};

struct boot_cpu {
	uint32_t hardware_id; /* local APIC id */
	uint32_t node;
};

struct boot_framebuffer {
	uint64_t address; /* 0: none */
	uint32_t width, height; /* pixels */
	uint32_t pitch;         /* bytes from line to line */
	uint32_t bits;          /* per pixel; 32: 0xRRGGBB */
};

/* Bits of boot_info.features. */
enum {
	FEATURE_IOMMU = 1,
	FEATURE_IRQ_REMAP = 2,
	FEATURE_PAGES_1G = 4,
	FEATURE_DEBUG_KERNEL = 8,
};

struct boot_info {
	uint64_t magic;
	uint32_t version;
	uint32_t features;
	uint64_t clock_hz;      /* of the clock that deadlines are given in */
	uint64_t clock_offset;  /* processor's counter (TSC) when the clock was 0 */
	uint64_t boot_counter;  /* processor's counter when the kernel was entered; 0: not known */
	uint64_t ram_pages;     /* all there is, with what the kernel keeps */
	uint64_t acpi_root;     /* RSDP, 0: none */
	uint64_t xstate_bytes;  /* size of an XSAVE image */
	uint64_t xstate_mask;   /* XCR0 */
	struct boot_framebuffer framebuffer;
	uint32_t cpus, regions;
	uint32_t free_handle;   /* this and the following up to free_end are empty slots */
	uint32_t free_end;
	uint64_t image_first;   /* page number of the frames behind HANDLE_IMAGE */
	uint64_t image_count;
	uint64_t image_vaddr;   /* where they are mapped */
	struct boot_cpu cpu[BOOT_CPUS_MAX];
	struct boot_region region[BOOT_REGIONS_MAX];
	char command[BOOT_COMMAND_MAX]; /* kernel command line, ends with 0 */
};
_Static_assert(sizeof(struct boot_info) <= 4096, "one page");

/* Registers as thread_get_regs and fault messages give them (x86-64). */
struct regs_general {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags, fs_base, gs_base;
};
