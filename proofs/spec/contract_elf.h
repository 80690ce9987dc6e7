/* SPDX-License-Identifier: MIT */
/*
 * The first program's image, IMAGE: what parsing its file makes of it, for units that call that. Proved by elf.c.
 */
#pragma once
#include "elf.h"

#ifndef IMAGE_END
#define IMAGE_LOWEST 0x400000ull
#define IMAGE_END (512ull << 20)
#endif

PRED bool image_ok(void)
{
	return IMAGE.segments <= ELF_SEGMENTS_MAX && IMAGE.vaddr % PAGE_SIZE == 0 && IMAGE.pages <= IMAGE_END / PAGE_SIZE &&
	       (IMAGE.segments == 0 ||
		(IMAGE.vaddr >= IMAGE_LOWEST && IMAGE.vaddr <= IMAGE_END && IMAGE.vaddr + IMAGE.pages * PAGE_SIZE <= IMAGE_END));
}

PRED bool image_is_empty(void)
{
	return IMAGE.segments == 0 && IMAGE.vaddr == 0 && IMAGE.pages == 0;
}

/* It has segments, and its entry point is in one of its pages. */
PRED bool image_is_parsed(void)
{
	return image_ok() && IMAGE.segments >= 1 && IMAGE.entry >= IMAGE.vaddr && IMAGE.entry < IMAGE.vaddr + IMAGE.pages * PAGE_SIZE;
}

void prover_replace_elf_parse(struct elf *e, u64 start, u64 end)
{
	(void)start;
	(void)end;
	CHECK_SPEC(image_is_empty());
	ASSIGNS(1, *e);
	CHANGE();
	prover_assume(image_is_parsed());
}
