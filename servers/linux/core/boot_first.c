/* SPDX-License-Identifier: MIT */
/*
 * As the kernel's first program: all memory, all CPUs, the serial port.  For tests and
 * measurements: no other component is needed.
 */
#include "boot.h"
#include "options.h"
#include "../tty/tty.h"

enum { CLOCK_BIT, CONSOLE_BIT };
enum {
	UART_PORT = 0x3f8,
	UART_INTERRUPT = 4,
	UART_IER = 1,
	UART_FCR = 2,
	UART_MCR = 4,
	UART_LSR = 5,
	LSR_DATA = 1,
	FIFO_ON = 1,
	MCR_ON = 11, /* DTR, RTS, interrupts */
	READ_MAX = 64,
	OBJECTS_MIN = 8 << 8, /* pages that kernel objects get at least: 8 MiB */
	OBJECTS_PART = 6,     /* and this part of all */
	STEP = 64,
	LARGE_PAGES = 512, /* in 2 MiB */
};

/* core/archive.S, in programs that bring their files along. */
extern const unsigned char linux_archive[] __attribute__((weak));
extern const unsigned char linux_archive_end[] __attribute__((weak));

static const ioports_h ports = { HANDLE_IOPORTS };
static irq_h irq;

/* --- console ------------------------------------------------------------------------ */

static void console_write(const char *bytes, size_t n)
{
	sys_write(bytes, (u32)n);
}

static size_t console_room(void)
{
	return PAGE;
}

/* All that the port has; each byte is a system call or two. */
static void console_read(u64 bits)
{
	char text[READ_MAX];
	u32 n = 0;
	u64 v;

	(void)bits;
	while (n < READ_MAX && err_is_ok(ioport_in(ports, UART_PORT + UART_LSR, 1, &v)) &&
	       (v & LSR_DATA)) {
		if (!err_is_ok(ioport_in(ports, UART_PORT, 1, &v)))
			break;
		text[n++] = (char)v;
	}
	if (n != 0)
		console_input(text, n);
	(void)irq_ack(irq);
	/* More than was taken: come again. */
	if (n == READ_MAX)
		(void)notif_signal(env.notif, 1ull << CONSOLE_BIT);
}

static void console_start(void)
{
	u32 slot = sys_slot();
	memory_h memory;
	u64 offset;

	if (slot == 0 || sys_pages(1, 1, &memory, &offset) == SYS_NO_PAGES ||
	    !err_is_ok(irq_create(memory, SLOT_OWN(slot), offset, (any_h){ HANDLE_IRQCTL },
				  UART_INTERRUPT, 0))) {
		log_line("no interrupt for the console: nothing can be typed");
		return;
	}
	irq.h = slot;
	event_register(1ull << CONSOLE_BIT, console_read);
	sys_must(irq_bind(irq, env.notif, 1ull << CONSOLE_BIT), "linux: interrupt");
	(void)irq_ack(irq);
	(void)ioport_out(ports, UART_PORT + UART_FCR, 1, FIFO_ON);
	(void)ioport_out(ports, UART_PORT + UART_MCR, 1, MCR_ON);
	(void)ioport_out(ports, UART_PORT + UART_IER, 1, 1);
	(void)notif_signal(env.notif, 1ull << CONSOLE_BIT);
}

/* --- memory --------------------------------------------------------------------------- */

static const struct boot_region *biggest(void)
{
	const struct boot_region *best = NULL;

	for (u32 i = 0; i < sys_info->regions; i++) {
		const struct boot_region *r = &sys_info->region[i];

		if (r->is_ram && (best == NULL || r->count > best->count))
			best = r;
	}
	if (best == NULL)
		sys_panic("linux: no memory");
	return best;
}

/* Frames of pages [first, first + pages) of a region; less if some are in use. */
static u64 make_frames(const struct boot_region *r, u64 offset, u64 pages)
{
	u32 slot = sys_slot();
	u64 n = 0;

	if (!err_is_ok(frames_create((memory_h){ r->handle }, SLOT_OWN(slot), offset, STEP)))
		return 0;
	for (n = STEP; n < pages; n += STEP) {
		if (!err_is_ok(frames_extend((frames_h){ slot }, STEP)))
			break;
	}
	env.pool.h = slot;
	return n & ~(u64)(LARGE_PAGES - 1);
}

/*
 * The pool is the part of the biggest region behind what kernel objects get.  The image lies somewhere in
 * memory: what comes first of it and the region's end bounds the pool.
 */
static void make_pool(void)
{
	const struct boot_region *r = biggest();
	u64 keep = r->count / OBJECTS_PART, first, end = r->first + r->count, pages;
	u64 image_end = sys_info->image_first + sys_info->image_count;

	if (keep < OBJECTS_MIN)
		keep = OBJECTS_MIN;
	first = r->first + keep;
	if (image_end > r->first && image_end <= end) {
		if (sys_info->image_first > first && sys_info->image_first - first > end - image_end)
			end = sys_info->image_first;
		else if (image_end > first)
			first = image_end;
	}
	first = (first + LARGE_PAGES - 1) & ~(u64)(LARGE_PAGES - 1);
	if (first + LARGE_PAGES > end)
		sys_panic("linux: too little memory");
	pages = (end - first) & ~(u64)(LARGE_PAGES - 1);
	if (options.mem_mib != 0 && pages > options.mem_mib * 256ull)
		pages = (options.mem_mib * 256ull + LARGE_PAGES - 1) & ~(u64)(LARGE_PAGES - 1);
	sys_memory_reset();
	sys_memory_add((memory_h){ r->handle }, r->first, first - r->first);
	pages = make_frames(r, first - r->first, pages);
	if (pages == 0)
		sys_panic("linux: the pool's memory is in use");
	boot_map_pool(pages);
}

/* --- end ------------------------------------------------------------------------------------ */

/* The emulator ends with status value << 1 | 1; a status of 0 is success. */
static void halt(int status)
{
	int code = (status & 0x7f) != 0 ? 128 + (status & 0x7f) : status >> 8 & 0xff;

	sys_print("linux: the first process ended with status %d\n", code);
	sys_exit(code != 0);
}

void boot_first(void)
{
	options_read_line(sys_info->command);
	env.clock_hz = sys_info->clock_hz;
	env.clock_offset = sys_info->clock_offset;
	env.xstate_bytes = sys_info->xstate_bytes;
	env.xstate_mask = sys_info->xstate_mask;
	env.cpus = sys_info->cpus;
	env.cpus_cap = (cpus_h){ HANDLE_CPUS };
	env.epoch_ns = boot_epoch(ports);
	if (linux_archive != NULL) {
		env.archive = linux_archive;
		env.archive_bytes = (u64)(linux_archive_end - linux_archive);
	}
	env.notif = sys_notif();
	env.clock_bit = CLOCK_BIT;
	env.console_write = console_write;
	env.console_room = console_room;
	env.halt = halt;
	make_pool();
	console_start();
}
