/* SPDX-License-Identifier: MIT */
/* Crashes in each of its lives, in another way. */
#include "tessera/chan.h"

int main(void)
{
	static const u64 constant = 1;

	comp_ready();
	sys_print("about to crash, life %u\n", sys_comp->restarts);
	switch (sys_comp->restarts % 4) {
	case 0: *(volatile u64 *)0x100000 = 1; break;
	case 1: __asm__ volatile("ud2"); break;
	case 2: *(volatile u64 *)&constant = 2; break;
	default: ((void (*)(void))0x300000)(); break;
	}
	return 0;
}
