/* SPDX-License-Identifier: MIT */
/*
 * Start and end of a program.
 *
 * Owns:       sys_info, sys_comp.
 * Called by:  crt0.S; programs.
 * Never:      returns from sys_start.
 */
#include "start.h"

#include <stdarg.h>

/* QEMU's isa-debug-exit device: the emulator ends with status value << 1 | 1. */
enum { EXIT_PORT = 0xf4, EXIT_OK = 0x10, EXIT_FAILED = 0x20 };

const struct boot_info *sys_info;
const struct comp_info *sys_comp;

void sys_init(const struct boot_info *info)
{
	sys_info = info;
	sys_clock_hz = info->clock_hz;
	sys_clock_offset = info->clock_offset;
	sys_own_space.space = (space_h){ HANDLE_SPACE };
	sys_slots_reset(info->free_handle, info->free_end);
	sys_memory_reset();
	for (u32 i = 0; i < info->regions && i < BOOT_REGIONS_MAX; i++) {
		const struct boot_region *r = &info->region[i];

		if (r->is_ram)
			sys_memory_add((memory_h){ r->handle }, r->first, r->count);
	}
}

void sys_start(const u64 *magic)
{
	const struct boot_info *boot = (const void *)magic;
	const struct comp_info *comp = (const void *)magic;

	if (*magic == COMP_INFO_MAGIC && comp->version == COMP_INFO_VERSION)
		sys_comp_init(comp);
	else if (*magic == BOOT_INFO_MAGIC && boot->version == BOOT_INFO_VERSION)
		sys_init(boot);
	else
		sys_panic("start information has magic %lx", *magic);
	sys_exit(main());
}

void sys_exit(int code)
{
	if (sys_comp != NULL)
		sys_comp_exit(code);
	else
		(void)ioport_out((ioports_h){ HANDLE_IOPORTS }, EXIT_PORT, 1,
				 code == 0 ? EXIT_OK : EXIT_FAILED);
	(void)thread_stop((thread_h){ HANDLE_THREAD });
	__builtin_trap();
}

void sys_must(err_t e, const char *what)
{
	if (!err_is_ok(e))
		sys_panic("%s: error %u", what, e.v);
}

const char *sys_option(const char *word)
{
	const char *at = sys_comp != NULL ? sys_comp->args : sys_info->command;
	size_t n = strlen(word);

	while (*at != 0) {
		if (memcmp(at, word, n) == 0 && (at[n] == 0 || at[n] == ' ' || at[n - 1] == '='))
			return at + n;
		while (*at != 0 && *at != ' ')
			at++;
		while (*at == ' ')
			at++;
	}
	return NULL;
}
