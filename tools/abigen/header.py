# SPDX-License-Identifier: MIT
"""abi.h: numbers, errors, rights and handle types, for kernel, programs and assembler."""
from . import text


def define(name, value, doc=""):
    return f"#define {name} {value}" + (f" /* {doc} */" if doc else "")


def choice(table, name, value, default="0u"):
    """A macro of an object type, as a chain of conditions (no table in memory)."""
    parts = [f"(type) == {o.const()} ? {value(o)}" for o in table.objects]
    lines = [f"#define {name}(type)"]
    lines += [f"\t{'(' if i == 0 else ' '}{p} :" for i, p in enumerate(parts)]
    lines += [f"\t {default})"]
    width = max(len(line.expandtabs(8)) for line in lines)
    return [line + " " * (width + 1 - len(line.expandtabs(8))) + "\\" for line in lines[:-1]] \
        + lines[-1:]


def types():
    return ["#ifndef __ASSEMBLER__", "#include <stdint.h>", "#define ABI_U(n) n##u",
            "#define ABI_UL(n) n##ull", "", "typedef uint8_t u8;", "typedef uint16_t u16;",
            "typedef uint32_t u32;", "typedef uint64_t u64;", "",
            "/* An error is not an int: the struct stops silent mixing. */",
            "typedef struct { u32 v; } err_t;", "#else", "#define ABI_U(n) n",
            "#define ABI_UL(n) n", "#endif", ""]


def codes(table):
    out = ["#ifndef __ASSEMBLER__"]
    for c in table.codes():
        out += text.comment(c.doc) + [define(c.name, f"((err_t){{ {c.number} }})")]
    out += ["", "enum {"] + [f"\t{c.enum()} = {c.number}," for c in table.codes()] + ["};", "",
            "static inline int err_is_ok(err_t e)", "{", "\treturn e.v == 0;", "}", "",
            "static inline int err_is(err_t a, err_t b)", "{", "\treturn a.v == b.v;", "}"]
    return out + ["#endif", ""]


def objects(table):
    out = []
    for o in table.objects:
        out += text.comment(o.doc) + [define(o.const(), f"ABI_U({o.nr})")]
        out += [define(o.right(r), f"ABI_U({hex(1 << b)})") for b, r in enumerate(o.rights)]
        out += [define("RIGHTS_ALL_" + o.upper(), f"ABI_U({hex(o.all_rights())})"), ""]
    out += [define("OBJ_MAX", f"ABI_U({max(o.nr for o in table.objects)})"), ""]
    for name, what, test in (
            ("OBJ_IS_RANGE", "Do capabilities of this type name a range?", lambda o: o.range),
            ("OBJ_CAN_CREATE", "Does object_create make this type?", lambda o: o.create),
            ("OBJ_HAS_BADGE", "Can capabilities of this type have a badge?", lambda o: o.badge)):
        mask = sum(1 << o.nr for o in table.objects if test(o))
        out += [f"/* {what} */", define(f"{name}(type)",
                f"((type) <= OBJ_MAX && ((ABI_U({hex(mask)}) >> ((type) & 31u)) & 1u))")]
    out += ["", "/* Size of an object in pages; 0 for ranges and references. */"]
    out += choice(table, "OBJ_PAGES", lambda o: f"{o.pages}u")
    out += ["", "/* All rights of a type. */"]
    out += choice(table, "OBJ_RIGHTS", lambda o: "RIGHTS_ALL_" + o.upper())
    return out + [""]


def handles(table):
    out = ["#ifndef __ASSEMBLER__",
           "/* Handles: a number in the caller's table; 0 names no capability. */"]
    out += [f"typedef struct {{ u32 h; }} {o.name}_h;" for o in table.objects]
    out += ["/* A handle whose type the call itself checks; ANY() makes one of any other. */",
            "typedef struct { u32 h; } any_h;", "#ifndef ANY /* proof units have another */",
            "#define ANY(handle) ((any_h){ (handle).h })", "#endif", "",
            "/* A place for a capability: index | handle of the table << 32 (0: the caller's). */",
            "typedef struct { u64 where; } slot_t;",
            "#define SLOT_OWN(index) ((slot_t){ (u64)(index) })",
            "#define SLOT_IN(table, index) ((slot_t){ (u64)(index) | (u64)(table).h << 32 })",
            "#endif", ""]
    return out


def constant(name, value):
    """Flags of a tag are combined with 64-bit words, inverted too; the others are 32 bits wide."""
    wide = value >> 32 or (name.startswith("TAG_") and not name.endswith("_SHIFT"))
    return define(name, f"{'ABI_UL' if wide else 'ABI_U'}({text.number(value)})")


def generate(table):
    out = [table.banner(), "/* SPDX-License-Identifier: MIT */", "#pragma once",
           define("ABI_VERSION", table.version)]
    out += types() + codes(table) + objects(table) + handles(table)
    out += [define(c.const(), f"ABI_U({c.nr})") for c in table.live()]
    out += [define("SYS_MAX", f"ABI_U({table.max_call()})"), ""]
    for c in table.consts:
        out += text.comment(c.group + ".") + [constant(k, v) for k, v in c.values.items()]
    return out
