/* SPDX-License-Identifier: MIT */
/*
 * The machine (servers/platform/machine.h) for host tests.
 */
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPS = 4096 };

uint8_t model_memory[MODEL_MEMORY];
struct model_function model[MODEL_FUNCTIONS];
uint32_t models;
uint64_t model_us, model_accesses;
static uint8_t ports[65536];
static uint64_t seed = 1;
static struct {
	uint64_t at;
	void *memory;
} map[MAPS];
static uint32_t maps;

uint32_t model_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

void model_clear(void)
{
	memset(model_memory, 0, sizeof model_memory);
	memset(model, 0, sizeof model);
	for (uint32_t i = 0; i < maps; i++)
		free(map[i].memory);
	maps = models = 0;
	model_accesses = 0;
}

bool phys_read(uint64_t at, void *to, uint64_t bytes)
{
	if (at < MODEL_AT || at - MODEL_AT > MODEL_MEMORY || bytes > MODEL_MEMORY - (at - MODEL_AT))
		return false;
	memcpy(to, model_memory + (at - MODEL_AT), bytes);
	return true;
}

/* Exactly as many bytes as were asked for: the sanitizer sees what goes beyond. */
volatile void *phys_map(uint64_t at, uint64_t bytes)
{
	for (uint32_t i = 0; i < maps; i++) {
		if (map[i].at == at)
			return map[i].memory;
	}
	if (maps == MAPS || at >> 46 != 0)
		return NULL;
	map[maps].at = at;
	map[maps].memory = calloc(1, bytes);
	return map[maps++].memory;
}

uint32_t port_read(uint32_t port, uint32_t width)
{
	(void)width;
	return ports[port & 0xffff];
}

void port_write(uint32_t port, uint32_t width, uint32_t value)
{
	(void)width;
	ports[port & 0xffff] = (uint8_t)value;
}

/* The bus that a function lies on now, as the bridges' registers say; 256: none. */
static uint32_t bus_of(const struct model_function *f)
{
	if (f->bridge < 0)
		return 0;
	const struct model_function *b = &model[f->bridge];
	uint32_t numbers = b->value[CFG_BUSES / 4], secondary = numbers >> 8 & 0xff;

	return secondary == 0 || (numbers & 0xff) != bus_of(b) ? 256 : secondary;
}

struct model_function *model_at(uint32_t address)
{
	for (uint32_t i = 0; i < models; i++) {
		struct model_function *f = &model[i];

		if (f->there && f->devfn == (address & 0xff) && bus_of(f) == address >> 8)
			return f;
	}
	return NULL;
}

uint32_t cfg_read(uint32_t function, uint32_t reg)
{
	const struct model_function *f = model_at(function);

	model_accesses++;
	CHECK(reg < 4096 && reg % 4 == 0);
	return f == NULL ? 0xffffffff : f->value[reg / 4];
}

void cfg_write(uint32_t function, uint32_t reg, uint32_t value)
{
	struct model_function *f = model_at(function);

	model_accesses++;
	CHECK(reg < 4096 && reg % 4 == 0);
	if (f == NULL)
		return;
	uint32_t *v = &f->value[reg / 4], mask = f->mask[reg / 4];
	*v = (*v & ~mask) | (value & mask);
}

void cfg_use_window(uint64_t base, uint32_t first_bus, uint32_t last_bus)
{
	CHECK(base % (1 << 20) == 0 && first_bus <= last_bus && last_bus < 256);
}

void machine_wait_us(uint32_t us)
{
	model_us += us;
}

uint64_t machine_now_us(void)
{
	return model_us;
}

void sys_print(const char *format, ...)
{
	va_list args;

	if (getenv("VERBOSE") == NULL)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}
