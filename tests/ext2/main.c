/* SPDX-License-Identifier: MIT */
/*
 * One program for all host tests of ext2: e2test COMMAND IMAGE ...
 *
 * Called by:  run.py, which makes the images.
 * Result:     status 0 if all is well; 1 with a line on the standard error output otherwise.
 */
#include "host.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "dump", cmd_dump },     { "fill", cmd_fill },     { "dirty", cmd_dirty },
	{ "random", cmd_random }, { "crash", cmd_crash },   { "fuzz", cmd_fuzz },
	{ "errors", cmd_errors }, { "limits", cmd_limits }, { "bench", cmd_bench },
	{ "takeover", cmd_takeover },
};

/* dump IMAGE: everything in it, one line for each file. */
int cmd_dump(int argc, char **argv)
{
	struct memdev d;
	struct mounted m;
	int err;

	CHECK(argc == 1);
	dev_open(&d, argv[0], false);
	err = host_mount(&m, &d, E2_RDONLY);
	if (err < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], m.opts.reason);
	} else {
		err = tree_walk(m.fs, stdout);
		CHECK(e2_unmount(m.fs) == 0);
	}
	host_free(&m);
	dev_close(&d);
	return err < 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 2, argv + 2);
	fprintf(stderr, "usage: e2test COMMAND IMAGE ...\n");
	return 2;
}
