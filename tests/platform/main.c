/* SPDX-License-Identifier: MIT */
/*
 * Host tests of the platform server: main ROUNDS.
 */
#include <stdio.h>
#include <stdlib.h>

#include "model.h"

void test_failed(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	printf("not ok 1 stopped\n");
	fflush(stdout);
	abort();
}

void clock_tests(void)
{
	CHECK(clock_seconds(1970, 1, 1, 0, 0, 0) == 0);
	CHECK(clock_seconds(2000, 2, 29, 12, 30, 15) == 951827415);
	CHECK(clock_seconds(2026, 12, 31, 23, 59, 59) == 1798761599);
	CHECK(clock_seconds(2100, 3, 1, 0, 0, 0) == 4107542400);
	CHECK(clock_seconds(2026, 13, 1, 0, 0, 0) == 0 && clock_seconds(2026, 1, 0, 0, 0, 0) == 0);
	CHECK(clock_seconds(1969, 1, 1, 0, 0, 0) == 0 && clock_seconds(2026, 1, 1, 24, 0, 0) == 0);
}

int main(int argc, char **argv)
{
	uint32_t rounds = argc > 1 ? (uint32_t)atoi(argv[1]) : 500;

	clock_tests();
	printf("ok 1 dates\n");
	acpi_tests(20 * rounds);
	printf("ok 2 tables of the firmware, damaged and random\n");
	pci_tests(rounds);
	printf("ok 3 trees of PCI functions, groups, messages, hostile configuration spaces\n");
	return 0;
}
