/* SPDX-License-Identifier: MIT */
/*
 * The list of tests, between harness.c and kernel_test.c.
 */
#pragma once
#include "types.h"

enum { TESTS_MAX = 512 };

struct test {
	const char *file, *name;
	void (*run)(void);
};

u32 test_all(const struct test **list);
bool test_run(const struct test *t); /* false: it failed */
const char *test_why(void);
