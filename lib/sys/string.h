/* SPDX-License-Identifier: MIT */
/*
 * The part of C's <string.h> (ISO C 7.24) that programs without a C library have; what is a
 * program of this machine, a test of a driver say, takes its library's instead.
 */
#pragma once

#include <stddef.h>

void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
char *strstr(const char *text, const char *part);
