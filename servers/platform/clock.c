/* SPDX-License-Identifier: MIT */
/*
 * The real-time clock of a PC (MC146818A): registers behind ports 0x70 and 0x71.
 *
 * Never:  waits for ever: a clock that is not there reads as all ones.
 */
#include "board.h"

enum {
	CLOCK_INDEX = 0x70,
	CLOCK_DATA = 0x71,
	SECONDS = 0,
	MINUTES = 2,
	HOURS = 4,
	DAY = 7,
	MONTH = 8,
	YEAR = 9,
	STATUS_A = 10,
	STATUS_B = 11,
	UPDATING = 0x80,
	BINARY = 4,
	HOURS_24 = 2,
	AFTERNOON = 0x80,
	TRIES = 1000,
	FIELDS = 7,
};

static uint32_t clock_get(uint32_t reg)
{
	port_write(CLOCK_INDEX, 1, reg);
	return port_read(CLOCK_DATA, 1);
}

/* Days since 1970 of a date in the Gregorian calendar. */
static uint64_t days(uint32_t year, uint32_t month, uint32_t day)
{
	/* Years that begin in March: the leap day is the last. */
	uint32_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

	return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

uint64_t clock_seconds(uint32_t year, uint32_t month, uint32_t day, uint32_t hour, uint32_t minute,
		       uint32_t second)
{
	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 ||
	    hour > 23 || minute > 59 || second > 60)
		return 0;
	return days(year, month, day) * 86400 + hour * 3600ull + minute * 60ull + second;
}

static void read_fields(uint32_t *field, uint32_t century)
{
	static const uint8_t reg[FIELDS - 1] = { SECONDS, MINUTES, HOURS, DAY, MONTH, YEAR };

	for (uint32_t i = 0; i < FIELDS - 1; i++)
		field[i] = clock_get(reg[i]);
	field[FIELDS - 1] = century != 0 ? clock_get(century) : 0x20;
}

static bool same(const uint32_t *a, const uint32_t *b)
{
	bool equal = true;

	for (uint32_t i = 0; i < FIELDS; i++)
		equal = equal && a[i] == b[i];
	return equal;
}

static uint32_t number(uint32_t value, bool binary)
{
	return binary ? value : (value >> 4) * 10 + (value & 15);
}

uint64_t clock_read(uint32_t century)
{
	uint32_t now[FIELDS], before[FIELDS], status;
	bool stable = false;

	/* Twice the same, and no update under way between. */
	for (uint32_t i = 0; i < TRIES && !stable; i++) {
		while (i < TRIES && (clock_get(STATUS_A) & UPDATING))
			i++;
		read_fields(before, century);
		read_fields(now, century);
		stable = same(before, now);
	}
	status = clock_get(STATUS_B);
	if (!stable || status == 0xff)
		return 0;
	bool binary = (status & BINARY) != 0;
	uint32_t hour = number(now[2] & ~(uint32_t)AFTERNOON, binary);

	if (!(status & HOURS_24)) {
		hour %= 12;
		hour += now[2] & AFTERNOON ? 12 : 0;
	}
	/* The century is kept in decimal digits where it is kept. */
	uint32_t hundreds = number(now[6], binary && century != 0);
	if (hundreds < 19 || hundreds > 21)
		hundreds = 20;
	return clock_seconds(hundreds * 100 + number(now[5], binary), number(now[4], binary),
			     number(now[3], binary), hour, number(now[1], binary),
			     number(now[0], binary));
}
