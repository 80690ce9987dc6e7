# SPDX-License-Identifier: MIT
"""spec_pre.h: what the table implies of each call's result, as one expression of the state; and what handlers may rely on."""
from . import kernel, text
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


def handed(table, c):
    """(names of parameters, conditions): what holds of the arguments of the handler of call c."""
    names, facts = [], []
    for a in ([c.invoked] if c.invoked is not None else []) + c.args:
        if a.kind == "u64":
            fact = [f"{a.name} >= {text.literal(a.min)}"] if a.min else []
            fact += [f"{a.name} <= {text.literal(a.max)}"] if a.max < MAX64 else []
        elif a.kind == "slot":
            fact = [f"PRE_IS_EMPTY({a.name})"]
        else:
            types = " || ".join(f"SLOT({a.name})->type == {table.object(n).const()}" for n in a.objects)
            rights = table.mask(a) if a.rights else ""
            fact = [f"PRE_IS_THERE({a.name})"] + [f"({types})"] * bool(types)
            fact += [f"(({rights}) & ~SLOT({a.name})->rights) == 0"] * bool(rights)
            fact = [f"({a.name} == NIL || ({' && '.join(fact)}))"] if a.optional else fact
        names += [("u64 " if a.kind == "u64" else "u32 ") + a.name] * bool(fact)
        facts += fact
    return names, facts


def promise(table, c):
    names, facts = handed(table, c)
    if not facts:
        return []
    return text.wrap(f"PRED bool handed_{c.name}(", names, ")") + ["{", "\treturn " + " &&\n\t       ".join(facts) + ";", "}", ""]


def handlers(table):
    """spec_handlers.h: in the place of each handler, a check of what it may rely on, and a result that says which it was."""
    out = [table.banner(), "/* SPDX-License-Identifier: MIT */", "#pragma once", ""]
    for c in table.live():
        names, _ = handed(table, c)
        parameters = kernel.parameters(c)
        out += text.wrap(f"err_t sys_{c.name}(", parameters, ")") + ["{"]
        out += [f"\t(void){p.split()[1]};" for p in parameters if p not in names]
        if names:
            out.append(f"\tOBLIGED(sys_{c.name}, handed_{c.name}({', '.join(n.split()[1] for n in names)}));")
        out += [f"\treturn RAN(SYS_{c.name.upper()});", "}", ""]
    return out


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
    out += ["/*", " * handed_CALL(...): what the handler may rely on.  PRE_IS_THERE(s): a capability is in that", " * slot; PRE_IS_EMPTY(s): none is, and one can be put there.", " */",
            "#ifdef PRE_IS_THERE"]
    for c in table.live():
        out += promise(table, c)
    out += ["#endif", ""]
    out += ["/* The same for any number; a call that does not exist is ERR_CALL. */",
            "PRED u32 pre_call(u32 t, u64 nr)", "{"]
    for n, c in enumerate(table.live()):
        out.append(f"{'	return ' if n == 0 else '	       '}nr == {c.const()} ? pre_{c.name}(t) :")
    return out + ["\t       ERRNO_CALL;", "}"]
