/* SPDX-License-Identifier: MIT */
/*
 * Watches memory that nobody but it may write, and counts in a place that others may read how often
 * it has looked.
 */
#include <tessera/chan.h>

static u64 word_of(u64 i)
{
	return (i + 1) * 0x9e3779b97f4a7c15ull;
}

int main(void)
{
	const struct comp_pool *own = comp_pool("witness"), *told = comp_pool("told");
	volatile u64 *memory, *count;
	u64 words;

	if (own == NULL || told == NULL)
		sys_panic("no memory to watch");
	memory = (volatile u64 *)own->vaddr;
	count = (volatile u64 *)told->vaddr;
	words = own->count * SYS_PAGE / 8;
	for (u64 i = 0; i < words; i++)
		memory[i] = word_of(i);
	comp_ready();
	for (;;) {
		for (u64 i = 0; i < words; i++)
			count[1] += memory[i] != word_of(i);
		count[0]++;
		(void)comp_wait(sys_after(10000));
	}
}
