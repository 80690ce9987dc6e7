# SPDX-License-Identifier: MIT
"""trace_names.h: what numbers are called, for decoders, tests and the console."""


def array(name, pairs):
    return [f"static const char *const {name}[] __attribute__((unused)) = {{"] \
        + [f'\t[{n}] = "{text}",' for n, text in pairs] + ["};", ""]


def generate(table):
    out = [table.banner(), "/* SPDX-License-Identifier: MIT */", "#pragma once",
           "/* Indexed by number; the gaps are NULL. */"]
    out += array("call_names", [(c.nr, c.name) for c in table.calls])
    out += array("error_names", [(c.number, c.name) for c in table.codes()])
    out += array("object_names", [(0, "free")] + [(o.nr, o.name) for o in table.objects])
    out += ["enum {", f"\tCALL_NAMES = {table.max_call() + 1},",
            f"\tERROR_NAMES = {max(c.number for c in table.codes()) + 1},",
            f"\tOBJECT_NAMES = {max(o.nr for o in table.objects) + 1},", "};"]
    return out
