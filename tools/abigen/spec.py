# SPDX-License-Identifier: MIT
"""spec_pre.h: what the table implies of each call's result, as one expression of the state."""
from . import text
from .table import MAX64


def capability(table, slot, a):
    """(condition, error) pairs: the error applies where the condition holds."""
    out = [(f"{slot} == NIL", "CAP")]
    if a.objects:
        types = " || ".join(f"SLOT({slot})->type == {table.object(n).const()}" for n in a.objects)
        out.append((f"!({types})", "TYPE"))
    if a.rights:
        out.append((f"(({table.mask(a)}) & ~SLOT({slot})->rights) != 0", "RIGHTS"))
    return out


def place(table, i, a):
    slot = f"a{i}"
    if a.kind == "slot":
        return [(f"({slot} == NIL || SLOT({slot})->type != 0)", "SLOT")]
    if a.kind == "from":
        return [(f"({slot} == NIL || SLOT({slot})->type == 0)", "CAP")]
    pairs = capability(table, slot, a)
    return [(f"FR_ARG(t, {i}) != 0 && {c}", e) for c, e in pairs] if a.optional else pairs


def lookup(i, a):
    if a.kind == "cap":
        return f"PRE_LOOKUP(t, FR_ARG(t, {i}))"
    right = "INSERT" if a.kind == "slot" else "REMOVE"
    return f"PRE_SLOT(t, FR_ARG(t, {i}), RIGHT_TABLE_{right})"


def limits(i, a):
    low = [f"FR_ARG(t, {i}) < {text.literal(a.min)}"] if a.min else []
    high = [f"FR_ARG(t, {i}) > {text.literal(a.max)}"] if a.max < MAX64 else []
    return [(c, "ARG") for c in low + high]


def predicate(table, c):
    out, pairs = [f"PRED u32 pre_{c.name}(u32 t)", "{"], []
    names = []
    if c.invoked is not None:
        names.append("\tu32 s = PRE_LOOKUP(t, FR_HANDLE(t));")
        pairs += capability(table, "s", c.invoked)
    for i, a in c.caps():
        names.append(f"\tu32 a{i} = {lookup(i, a)};")
        pairs += place(table, i, a)
    for i, a in c.plain():
        pairs += limits(i, a)
    out += names + [""] * bool(names)
    if not pairs:
        return out + ["\t(void)t;", "\treturn ERRNO_OK;", "}", ""]
    if not names and not any("(t" in p for p, _ in pairs):
        out.append("\t(void)t;")
    for n, (condition, error) in enumerate(pairs):
        head = "\treturn " if n == 0 else "\t       "
        out.append(f"{head}{condition} ? ERRNO_{error} :")
    return out + ["\t       ERRNO_OK;", "}", ""]


def generate(table):
    out = [table.banner(), "/* SPDX-License-Identifier: MIT */", "#pragma once", "/*",
           " * pre_CALL(t): number of the first error that the table implies for the call that",
           " * thread t is about to make, or ERRNO_OK.  Written from the table on another way than",
           " * the dispatcher, so that the two can be compared.  The functions that find slots can",
           " * be replaced, by a statement of what they shall do.", " */",
           "#ifndef PRE_LOOKUP", "#define PRE_LOOKUP(t, handle) cap_lookup(t, handle)",
           "#define PRE_SLOT(t, where, right) slot_find(t, where, right)", "#endif", ""]
    for c in table.live():
        out += predicate(table, c)
    out += ["/* The same for any number; a call that does not exist is ERR_CALL. */",
            "PRED u32 pre_call(u32 t, u64 nr)", "{"]
    for n, c in enumerate(table.live()):
        out.append(f"{'	return ' if n == 0 else '	       '}nr == {c.const()} ? pre_{c.name}(t) :")
    return out + ["\t       ERRNO_CALL;", "}"]
