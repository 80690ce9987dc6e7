# SPDX-License-Identifier: MIT
"""dispatch.h and dispatch.c: every check that the table can state, once, then the handler."""
from . import text
from .table import MAX64


# Those that programs make most often are found first.
OFTEN = ("notif_signal", "notif_wait", "ep_recv", "thread_yield", "grant_map", "grant_unmap", "cap_info")
OFTEN_GLOBAL = ("cap_derive", "cap_delete", "object_create")


def parameters(c):
    out = ["u32 t"]
    if c.invoked is not None:
        out.append(f"u32 {c.invoked.name}")
    return out + [f"{'u64' if a.kind == 'u64' else 'u32'} {a.name}" for a in c.args]


def header(table):
    out = [table.banner(), "/* SPDX-License-Identifier: MIT */", "#pragma once",
           '#include "types.h"', "",
           "/* Bit n: call n runs under all locks. A number that is none may seem to be one of them. */",
           f"#define GLOBAL_CALLS {hex(sum(1 << c.nr for c in table.live() if c.lock == 'global'))}ull",
           "", "PRED bool call_is_global(u64 nr)", "{",
           "\treturn GLOBAL_CALLS >> (nr & 63) & 1;", "}", "",
           "/*",
           " * Check what the table states of call nr of thread t, then run its handler.  All",
           " * locks are held if call_is_global(nr).  What programs call most often is found here.",
           " */",
           "err_t dispatch_any(u32 t, u64 nr) NODISCARD;"]
    out += [f"err_t call_{name}(u32 t) NODISCARD;" for name in OFTEN]
    out += ["", "static inline err_t dispatch(u32 t, u64 nr)", "{", *found_first(table.live(), OFTEN),
            "\treturn dispatch_any(t, nr);", "}", "",
            "/* The same, finding those first that always run under all locks. */",
            "err_t dispatch_global(u32 t, u64 nr) NODISCARD;", ""]
    for c in table.live():
        out += text.wrap(f"err_t sys_{c.name}(", parameters(c), ") NODISCARD;")
    return out


def refuse(condition, error, indent):
    return [f"{indent}if ({condition})", f"{indent}\treturn {error};"]


def cap_checks(table, var, a, indent):
    """An empty slot has none of the types, so it is told apart only when they differ."""
    out = refuse(f"{var} == NIL", "ERR_CAP", indent)
    if a.objects:
        test = " && ".join(f"SLOT({var})->type != {table.object(n).const()}" for n in a.objects)
        out += refuse(test, f"not_it({var})", indent)
    else:
        out += refuse(f"SLOT({var})->type == 0", "ERR_CAP", indent)
    if a.rights:
        mask = table.mask(a)
        if len(a.rights) > 1:
            out += refuse(f"(SLOT({var})->rights & ({mask})) != ({mask})", "ERR_RIGHTS", indent)
        else:
            out += refuse(f"!(SLOT({var})->rights & {mask})", "ERR_RIGHTS", indent)
    return out


def slot_checks(table, place, a):
    value = f"FR_ARG(t, {place})"
    if a.kind == "slot":
        return [f"\ts{place} = slot_find(t, {value}, RIGHT_TABLE_INSERT);",
                f"\tif (s{place} == NIL || SLOT(s{place})->type != 0)", "\t\treturn ERR_SLOT;"]
    if a.kind == "from":
        return [f"\ts{place} = slot_find(t, {value}, RIGHT_TABLE_REMOVE);",
                f"\tif (s{place} == NIL || SLOT(s{place})->type == 0)", "\t\treturn ERR_CAP;"]
    if a.optional:
        return [f"\tif ({value} != 0) {{", f"\t\ts{place} = cap_slot(t, {value});"] \
            + cap_checks(table, f"s{place}", a, "\t\t") + ["\t}"]
    return [f"\ts{place} = cap_slot(t, {value});"] + cap_checks(table, f"s{place}", a, "\t")


def range_checks(place, a):
    value, out = f"FR_ARG(t, {place})", []
    if a.min > 0:
        out.append(f"{value} < {text.literal(a.min)}")
    if a.max < MAX64:
        out.append(f"{value} > {text.literal(a.max)}" if a.max else f"{value} != 0")
    return refuse(" || ".join(out), "ERR_ARG", "\t") if out else []


def function(table, c):
    out = [f"{'APART' if c.name in OFTEN else 'CALL'} err_t call_{c.name}(u32 t)", "{"]
    if c.invoked is not None:
        out.append("\tu32 s = cap_slot(t, FR_HANDLE(t));")
    out += [f"\tu32 s{i}{' = NIL' if a.optional else ''};" for i, a in c.caps()]
    if len(out) > 2:
        out.append("")
    if c.invoked is not None:
        out += cap_checks(table, "s", c.invoked, "\t")
    for i, a in c.caps():
        out += slot_checks(table, i, a)
    for i, a in c.plain():
        out += range_checks(i, a)
    values = ["t"] + ["s"] * (c.invoked is not None)
    values += [f"FR_ARG(t, {i})" if a.kind == "u64" else f"s{i}" for i, a in enumerate(c.args)]
    return out + text.wrap(f"\treturn sys_{c.name}(", values, ");", "\t") + ["}", ""]


def found_first(calls, names):
    for c in (c for name in names for c in calls if c.name == name):
        yield from (f"\tif (nr == {c.const()})", f"\t\treturn call_{c.name}(t);")


def cases(calls):
    out = ["\tswitch (nr) {"]
    for c in calls:
        out += [f"\tcase {c.const()}:", f"\t\treturn call_{c.name}(t);"]
    return out + ["\tdefault:", "\t\treturn ERR_CALL;", "\t}"]


def source(table):
    out = [table.banner(), "/* SPDX-License-Identifier: MIT */", "/*",
           " * Calls: from a number to a handler, past the checks that the table states.", " *",
           " * Order of the checks: the invoked capability; capabilities and slots from left to",
           " * right; plain values from left to right.  The first that fails is the result.", " *",
           " * Never:      writes anything.", " */", '#include "dispatch.h"', "",
           '#include "ks.h"', "",
           "/* Each by itself: together they would save registers for the most complex one. */",
           "#define CALL static APART", "",
           "/* What is wrong with a slot that holds nothing of the types asked for. */",
           "static inline err_t not_it(u32 s)", "{",
           "\treturn SLOT(s)->type == 0 ? ERR_CAP : ERR_TYPE;", "}", ""]
    for c in table.live():
        out += function(table, c)
    out += ["err_t dispatch_any(u32 t, u64 nr)", "{"]
    out += cases(table.live()) + ["}", "", "err_t dispatch_global(u32 t, u64 nr)", "{"]
    return out + [*found_first(table.live(), OFTEN_GLOBAL), "\treturn dispatch(t, nr);", "}"]
