/* SPDX-License-Identifier: MIT */
/*
 * A plug-in of QEMU that counts instructions by who executes them and what for; sysshare.py builds it and
 * writes its argument, a file of lines
 *
 *	FIRST END KIND PROGRAM SIDE
 *
 * in ascending order.  KIND own: the program's code, which works for SIDE from then on; plain, via: code that
 * works for the side that came last, or passes something on for it; kernel: for the program that was left last;
 * begin, end: of a section to be counted.  Each section becomes a line of the file that the second
 * argument names, of words KIND/PROGRAM/SIDE=COUNT.
 *
 * The emulator's header is not installed with it: what is used of its interface is declared here.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
enum { RANGES = 65536, NAMES = 32, NAME = 24, FLAGS_NONE = 0 };

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
typedef void (*tb_callback)(plugin_id id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_callback)(unsigned cpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, tb_callback cb);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_callback cb,
					    int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
EXPORT int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv);

EXPORT int qemu_plugin_version = PLUGIN_VERSION;

enum kind { OWN, PLAIN, VIA, KERNEL, BEGIN, END, KINDS };
static const char *const kind_name[KINDS] = { "own", "plain", "via", "kernel", "begin", "end" };

struct range {
	uint64_t first, end;
	enum kind kind;
	unsigned program, side;
};

static struct range range[RANGES];
static char name[NAMES][NAME];
static unsigned ranges, names, program, side[NAMES];
/* By kind, program, side. */
static uint64_t count[KERNEL + 1][NAMES][NAMES];
static FILE *out;

static unsigned name_number(const char *text)
{
	unsigned i = 0;

	while (i < names && strcmp(name[i], text) != 0)
		i++;
	if (i == names && names < NAMES)
		snprintf(name[names++], NAME, "%s", text);
	return i;
}

static void print_section(void)
{
	for (unsigned k = OWN; k <= KERNEL; k++) {
		for (unsigned i = 0; i < names * names; i++) {
			uint64_t n = count[k][i / names][i % names];

			if (n != 0)
				fprintf(out, "%s/%s/%s=%" PRIu64 " ", kind_name[k], name[i / names],
					name[i % names], n);
		}
	}
	fprintf(out, "\n");
	fflush(out);
}

static void executed(unsigned cpu, void *data)
{
	const struct range *r = data;

	(void)cpu;
	if (r->kind == BEGIN)
		memset(count, 0, sizeof count);
	else if (r->kind == END)
		print_section();
	if (r->kind > KERNEL)
		return;
	if (r->kind != KERNEL)
		program = r->program;
	if (r->kind == OWN)
		side[program] = r->side;
	count[r->kind][program][side[program]]++;
}

static const struct range *find(uint64_t at)
{
	unsigned low = 0, high = ranges;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (range[middle].end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ranges && range[low].first <= at ? &range[low] : NULL;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const struct range *r = find(qemu_plugin_insn_vaddr(insn));

		if (r != NULL)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, FLAGS_NONE,
							       (void *)r);
	}
}

static int read_range(FILE *f, struct range *r)
{
	char kind[NAME], who[NAME], what[NAME];

	if (fscanf(f, "%" SCNx64 " %" SCNx64 " %23s %23s %23s", &r->first, &r->end, kind, who,
		   what) != 5)
		return 0;
	r->kind = OWN;
	while (r->kind < KINDS && strcmp(kind, kind_name[r->kind]) != 0)
		r->kind++;
	r->program = name_number(who);
	r->side = name_number(what);
	return r->kind < KINDS && r->program < NAMES && r->side < NAMES && r->first < r->end;
}

static int read_ranges(const char *path)
{
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return 0;
	while (ranges < RANGES && read_range(f, &range[ranges]) &&
	       (ranges == 0 || range[ranges - 1].end <= range[ranges].first))
		ranges++;
	int whole = feof(f) && ranges > 0;

	fclose(f);
	return whole;
}

/* Arguments: ranges=FILE out=FILE. */
EXPORT int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "ranges=", 7) == 0 && !read_ranges(argv[i] + 7))
			return 1;
		if (strncmp(argv[i], "out=", 4) == 0)
			out = fopen(argv[i] + 4, "w");
	}
	if (out == NULL || ranges == 0)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
