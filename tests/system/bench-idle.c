/* SPDX-License-Identifier: MIT */
/*
 * Runs when nobody else does, and counts: what the clock of instructions shows beyond this count was
 * work.
 */
#include <tessera/chan.h>

int main(void)
{
	volatile u64 *count = (volatile u64 *)comp_pool("idle")->vaddr;

	comp_ready();
	for (;;)
		(*count)++;
}
