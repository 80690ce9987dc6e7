/* SPDX-License-Identifier: MIT */
/*
 * Entry of the fuzzer: an input of libFuzzer, or, built with FUZZ_ALONE, a
 * program of its own that runs from seeds:
 *
 *   make fuzz-alone; build/fuzz-alone SEED CALLS [EVERY]
 *
 * with all invariants after every EVERYth kernel entry.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	choose_from_bytes(data, size);
	fuzz_start();
	while (choices_left() && fuzz_step())
		;
	fuzz_check_all();
	return 0;
}

#ifdef FUZZ_ALONE
static void run_seed(u64 seed)
{
	choose_from_seed(seed);
	fuzz_start();
	for (u32 i = 0; i < FUZZ_EPISODE && fuzz_step(); i++)
		;
	fuzz_check_all();
}

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	u64 calls = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000000;

	if (argc > 3)
		fuzz.check_every = (u32)strtoul(argv[3], NULL, 0);
	for (; fuzz.calls < calls; seed++) {
		fprintf(stderr, "\rseed %llu: %llu calls ", (unsigned long long)seed,
			(unsigned long long)fuzz.calls);
		run_seed(seed);
	}
	printf("\nnext seed %llu: %llu calls, %llu entries, %llu errors of which %llu compared\n",
	       (unsigned long long)seed, (unsigned long long)fuzz.calls,
	       (unsigned long long)fuzz.entries, (unsigned long long)fuzz.errors,
	       (unsigned long long)fuzz.unchanged);
	for (u32 i = 1; i <= SYS_MAX; i++) {
		printf("%2u", i);
		for (u32 e = 0; e <= ERRNO_DEVICE; e++)
			printf(" %8llu", (unsigned long long)fuzz.result[i][e]);
		printf("\n");
	}
	return 0;
}
#endif
