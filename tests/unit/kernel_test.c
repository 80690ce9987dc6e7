/* SPDX-License-Identifier: MIT */
/*
 * Runs the unit tests of the kernel: all, or those whose name contains the
 * first argument.  Prints TAP.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

int main(int argc, char **argv)
{
	const struct test *list;
	u32 n = test_all(&list), done = 0, failed = 0;

	for (u32 i = 0; i < n; i++) {
		if (argc > 1 && strstr(list[i].name, argv[1]) == NULL)
			continue;
		bool ok = test_run(&list[i]);
		failed += !ok;
		printf("%sok %u %s\n", ok ? "" : "not ", ++done, list[i].name);
		if (!ok)
			printf("# %s: %s\n", list[i].file, test_why());
	}
	printf("1..%u\n# done\n", done);
	return failed != 0;
}
