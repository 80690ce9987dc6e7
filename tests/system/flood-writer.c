/* SPDX-License-Identifier: MIT */
/*
 * When it is its turn: writes lines without end; with the word "call" calls init without end, with
 * "die" crashes as soon as it is started.
 */
#include "tessera/chan.h"

static u64 my_turn(void)
{
	if (sys_option("call"))
		return 2;
	return sys_option("die") ? 3 : 1;
}

int main(void)
{
	const volatile u64 *turn = (const volatile u64 *)comp_pool("turn")->vaddr;

	comp_ready();
	while (*turn < my_turn())
		(void)comp_wait(sys_after(1000));
	if (my_turn() == 3)
		__builtin_trap();
	for (u64 n = 0; *turn == my_turn(); n++) {
		if (my_turn() == 1)
			sys_print("line %lu of one that does not stop writing lines of text\n", n);
		else
			(void)comp_call(SUP_ALIVE, 0, 0);
	}
	for (;;)
		(void)comp_wait(0);
}
