/* SPDX-License-Identifier: MIT */
/*
 * The few functions of <string.h> that programs and the compiler need.
 */
#include "tessera/sys.h"

/* By words, then what is left: rep instructions count, and take their time, by steps. */
void *memset(void *to, int c, size_t n)
{
	u64 word = (u8)c * 0x0101010101010101ull;
	void *at = to;
	size_t words = n / 8, rest = n % 8;

	__asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(word) : "memory");
	__asm__ volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(word) : "memory");
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *at = to;
	size_t words = n / 8, rest = n % 8;

	__asm__ volatile("rep movsq" : "+D"(at), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(rest) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	volatile u8 *t = to;
	const u8 *f = from;

	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(to, from, n);
	while (n-- > 0)
		t[n] = f[n];
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a;
	const u8 *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

/* volatile: else the compiler makes a call of strlen of this loop. */
size_t strlen(const char *s)
{
	const volatile char *at = s;

	while (*at != 0)
		at++;
	return (size_t)(at - (const volatile char *)s);
}

int strcmp(const char *a, const char *b)
{
	while (*a != 0 && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

char *strstr(const char *text, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= strlen(text); i++) {
		if (memcmp(text + i, part, n) == 0)
			return (char *)(u64)(text + i);
	}
	return NULL;
}
