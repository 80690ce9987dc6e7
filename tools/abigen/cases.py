# SPDX-License-Identifier: MIT
"""negative.h, the wrong calls that a test makes; fuzz_grammar.h, what a fuzzer may vary."""
from . import text
from .table import MAX64

TYPES = """
/*
 * Wrong calls and the error that each must give, for a test that knows how to
 * make a value of each kind.  NEG_CAP: a capability of type `object` with
 * exactly `rights`; NEG_OTHER: one of a type whose bit is not in `mask`.
 * A case whose capability cannot be made on a machine is left out there.
 */
enum neg_kind {
	NEG_VALUE,      /* the value itself */
	NEG_CAP,        /* object, rights */
	NEG_ANY,        /* some capability */
	NEG_OTHER,      /* mask: types that it must not have */
	NEG_EMPTY,      /* handle of an empty slot */
	NEG_BEYOND,     /* handle beyond the end of the table */
	NEG_DST,        /* an empty slot of the own table */
	NEG_DST_FULL,   /* a slot that is not empty */
	NEG_DST_BEYOND, /* a slot that does not exist */
	NEG_DST_TABLE,  /* a slot in a table whose handle is an empty slot */
	NEG_DST_TYPE,   /* a slot in "a table" that is not one */
	NEG_DST_RIGHT,  /* an empty slot in a table given with rights `rights` only */
	NEG_SRC,        /* a slot that holds a capability */
};

struct neg_value {
	u8 kind;
	u8 object;
	u32 rights; /* or the mask */
	u64 value;
};

struct neg_case {
	u8 nr;
	u8 want; /* ERRNO_* */
	struct neg_value handle;
	const char *name;
	struct neg_value arg[5];
};
"""


class Values:
    """Initialisers of struct neg_value."""

    def __init__(self, table):
        self.table = table

    def plain(self, value):
        return f"{{ NEG_VALUE, 0, 0, {text.literal(value)} }}"

    def kind(self, name, rights="0"):
        return f"{{ {name}, 0, {rights}, 0 }}"

    def rights(self, o, names):
        return " | ".join(o.right(r) for r in names) or "0"

    def cap(self, a, without=None):
        if not a.objects:
            return self.kind("NEG_ANY")
        o = self.table.object(a.objects[0])
        names = [r for r in o.rights if r != without]
        if len(names) == len(o.rights):
            return f"{{ NEG_CAP, {o.const()}, RIGHTS_ALL_{o.upper()}, 0 }}"
        return f"{{ NEG_CAP, {o.const()}, {self.rights(o, names)}, 0 }}"

    def good(self, a):
        if a.kind == "u64":
            return self.plain(a.min)
        if a.kind == "cap":
            return self.plain(0) if a.optional else self.cap(a)
        return self.kind("NEG_DST" if a.kind == "slot" else "NEG_SRC")

    def bad(self, a):
        """(why, error, initialiser) for every way in which a can be wrong."""
        if a.kind == "u64":
            low = [(f"{a.name} too low", "ARG", self.plain(a.min - 1))] if a.min else []
            high = [(f"{a.name} too high", "ARG", self.plain(a.max + 1)),
                    (f"{a.name} huge", "ARG", self.plain(MAX64))] if a.max < MAX64 else []
            return low + high
        if a.kind == "cap":
            return self.bad_cap(a)
        right = "INSERT" if a.kind == "slot" else "REMOVE"
        rest = [r for r in self.table.object("table").rights if r != right]
        mask = self.rights(self.table.object("table"), rest)
        error = "SLOT" if a.kind == "slot" else "CAP"
        wrong = "NEG_DST_FULL" if a.kind == "slot" else "NEG_DST"
        why = "not empty" if a.kind == "slot" else "empty"
        return [(f"{a.name} {why}", error, self.kind(wrong)),
                (f"{a.name} beyond the table", error, self.kind("NEG_DST_BEYOND")),
                (f"{a.name} in no table", error, self.kind("NEG_DST_TABLE")),
                (f"{a.name} in something else than a table", error, self.kind("NEG_DST_TYPE")),
                (f"{a.name} in a table without {right}", error, self.kind("NEG_DST_RIGHT", mask))]

    def bad_cap(self, a):
        out = [(f"{a.name} in an empty slot", "CAP", self.kind("NEG_EMPTY")),
               (f"{a.name} beyond the table", "CAP", self.kind("NEG_BEYOND"))]
        if a.objects:
            mask = " | ".join(f"1u << {self.table.object(n).const()}" for n in a.objects)
            out.append((f"{a.name} of another type", "TYPE", self.kind("NEG_OTHER", mask)))
        return out + [(f"{a.name} without {r}", "RIGHTS", self.cap(a, r)) for r in a.rights]


def row(c, why, error, values):
    zero = "{ NEG_VALUE, 0, 0, 0 }"
    handle = values[0] or zero
    args = (values[1:] + [zero] * 5)[:5]
    out = [f"\t{{ {c.const()}, ERRNO_{error}, {handle},", f'\t  "{c.name}: {why}",']
    return out + text.wrap("\t  { ", args, " } },", "")


def of_call(table, c):
    """Every single fault; and every pair of a fault with faults in all that is checked later."""
    v = Values(table)
    order = ([(0, c.invoked)] if c.invoked is not None else []) \
        + [(i + 1, a) for i, a in c.caps()] + [(i + 1, a) for i, a in c.plain()]
    good = [None] * (len(c.args) + 1)
    for i, a in order:
        good[i] = v.good(a)
    out = []
    for n, (i, a) in enumerate(order):
        later = [(j, v.bad(b)) for j, b in order[n + 1:] if v.bad(b)]
        for why, error, value in v.bad(a):
            values = list(good)
            values[i] = value
            out += row(c, why, error, values)
            if later and (why, error, value) == v.bad(a)[0]:
                for j, bad in later:
                    values[j] = bad[-1][2]
                out += row(c, f"{why}, which comes before later faults", error, values)
    return out


def negative(table):
    out = [table.banner(), "/* SPDX-License-Identifier: MIT */", "#pragma once",
           '#include "abi.h"', ""] + TYPES.strip().split("\n")
    out += ["", "static const struct neg_case neg_cases[] = {"]
    for c in table.live():
        out += of_call(table, c)
    return out + ["};"]


def grammar_arg(table, a):
    kind = f"FUZZ_{a.kind.upper()}"
    types = " | ".join(f"1u << {table.object(n).const()}" for n in a.objects) or "0"
    return (f"{{ {kind}, {int(a.optional)}, {types}, {table.mask(a) or '0'}, "
            f"{text.literal(a.min)}, {text.literal(a.max)} }}")


def grammar(table):
    out = [table.banner(), "/* SPDX-License-Identifier: MIT */", "#pragma once",
           '#include "abi.h"', "",
           "/* What each argument of each call may be, for a fuzzer.  objects: mask of types, 0: any. */",
           "enum fuzz_kind { FUZZ_NONE, FUZZ_U64, FUZZ_CAP, FUZZ_SLOT, FUZZ_FROM };",
           "enum fuzz_lock { FUZZ_LOCAL, FUZZ_SPACE, FUZZ_GLOBAL };", "",
           "struct fuzz_arg {", "\tu8 kind;", "\tu8 optional;", "\tu32 objects;", "\tu32 rights;",
           "\tu64 min;", "\tu64 max;", "};", "", "struct fuzz_call {", "\tu8 nr;", "\tu8 lock;",
           "\tu8 ipc;", "\tu8 args;", "\tconst char *name;",
           "\tstruct fuzz_arg handle; /* kind FUZZ_NONE: not used */",
           "\tstruct fuzz_arg arg[5];", "};", "",
           "static const struct fuzz_call fuzz_calls[] = {"]
    for c in table.live():
        handle = grammar_arg(table, c.invoked) if c.invoked is not None \
            else "{ FUZZ_NONE, 0, 0, 0, 0, 0 }"
        out.append(f'\t{{ {c.const()}, FUZZ_{c.lock.upper()}, {int(c.ipc)}, {len(c.args)}, '
                   f'"{c.name}",')
        out += [f"\t  {handle},", "\t  {"] + [f"\t\t{grammar_arg(table, a)}," for a in c.args]
        if not c.args:
            out.append("\t\t{ FUZZ_NONE, 0, 0, 0, 0, 0 },")
        out.append("\t  } },")
    return out + ["};", f"enum {{ FUZZ_CALLS = {len(table.live())} }};"]
