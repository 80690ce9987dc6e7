# SPDX-License-Identifier: MIT
"""Which words of its arguments a call takes: [[words]] of abi/linux.toml."""
import dataclasses

WORDS = ("takes", "ignores", "lacks", "refuses")
KEYS = {"of", "set", "error", "errors", "unknown", "number", "negative", "wide", "after", "inside", *WORDS}
AFTER = ("fd", "socket")
INLINE = 3          # more ranges of values than these are a switch


class TableError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Set:
    """Words as (name, value, mask)."""
    name: str
    words: list
    zero: str = "0"
    exact: bool = False
    wide: bool = False

    def field(self):
        """The bits that are one of several values, not flags; 0: none."""
        masks = {m for _, v, m in self.words if m != v or v == 0}
        if len(masks) > 1:
            raise TableError(f"set {self.name}: two fields")
        return masks.pop() if masks else 0


class Limit:
    """What some calls take of one set."""

    def __init__(self, entry, sets):
        where = f"words of {entry.get('of')}, {entry.get('set')}"
        if set(entry) - KEYS or not {"of", "set"} <= set(entry):
            raise TableError(f"{where}: wants of, set, and perhaps {', '.join(sorted(KEYS - {'of', 'set'}))}")
        if entry["set"] not in sets:
            raise TableError(f"{where}: no such set")
        self.where, self.of, self.set = where, entry["of"].split(), sets[entry["set"]]
        self.error, self.after, self.inside = entry.get("error", "EINVAL"), entry.get("after"), entry.get("inside", False)
        self.wide = entry.get("wide", self.set.wide)
        self.ignored, self.number, self.negative = entry.get("unknown") == "ignored", entry.get("number", 0), entry.get("negative", False)
        self.words = {key: entry.get(key, "").split() for key in WORDS}
        self.errors = {word: error for error, words in entry.get("errors", {}).items() for word in words.split()}
        self._check(entry)
        self.name = f"{self.of[0]}_{self.set.name}"
        self._work_out()

    def _check(self, entry):
        known = [name for name, _, _ in self.set.words]
        named = sum(self.words.values(), [])
        for word in [*named, *self.errors]:
            if word not in known and (word in named or not word.isdigit()):
                raise TableError(f"{self.where}: set {self.set.name} has no {word}")
        if len(set(named)) != len(named):
            raise TableError(f"{self.where}: a word twice")
        if set(self.errors) & {*self.words["takes"], *self.words["ignores"]}:
            raise TableError(f"{self.where}: an error of a word that is taken")
        if entry.get("unknown", "ignored") != "ignored" or entry.get("after", "fd") not in AFTER:
            raise TableError(f"{self.where}: unknown wants ignored, after one of {', '.join(AFTER)}")
        if self.words["refuses"] and not self.ignored:
            raise TableError(f"{self.where}: refuses wants unknown = \"ignored\": else all that is not taken is refused")
        if self.negative and not self.set.exact:
            raise TableError(f"{self.where}: negative wants a set whose words are exact")

    def _work_out(self):
        """`flags`: bits that are taken by themselves; `field` and `values`: one of these."""
        taken = {*self.words["takes"], *self.words["ignores"]}
        self.width = (1 << 64 if self.wide else 1 << 32) - 1
        field = self.set.field() & ~self.number
        self.values = sorted({v for name, v, m in self.set.words if m == self.set.field() and name in taken} if field else ())
        self.field = field if self.values else 0
        flags = [(name, v) for name, v, m in self.set.words if m == v and v != 0]
        if self.ignored:
            self.flags = self.width & ~self.field
            for name, v in flags:
                self.flags &= ~v if name in {*self.words["lacks"], *self.words["refuses"]} else self.width
        else:
            self.flags = self.number
            for name, v in flags:
                self.flags |= v if name in taken else 0
        if self.field and len(set(self.values)) == self.field + 1:
            self.flags, self.field, self.values = self.flags | self.field, 0, []
        self.refused = self.width & ~(self.flags | self.field)

    def always(self):
        return not self.refused and not self.values

    def takes(self, v):
        """Is a value of the argument taken here?"""
        v &= self.width
        if self.negative and v >> 31:
            return True
        return not v & self.refused and (not self.values or v & self.field in self.values)

    def linux_takes(self, v):
        """The same of Linux: with what is lacking here."""
        lacks = set(self.words["lacks"])
        words = [(value, mask) for name, value, mask in self.set.words if name in lacks]
        for value, mask in words:
            if (v & self.width & mask) == value and (mask != value or value):
                rest = v & self.width & ~mask
                return mask == self.width or self.takes(rest | (self.values[0] if mask == self.field else 0))
        return self.takes(v)

    def told(self, v):
        """The value as words."""
        v, found = v & self.width, []
        for name, value, mask in self.set.words:
            if v & mask == value and (v or not found):
                found.append(name)
                v &= ~mask
                if mask == self.width:
                    return name
        return "|".join(found + ([hex(v)] if v or not found else []))

    def answer(self, v, errors):
        """The number of the error, if the value is not taken."""
        part = v & self.width & self.refused or v & self.field
        return next((errors[error] for _, value, mask, error in self.others() if part & mask == value), errors[self.error])

    def others(self):
        """Words and numbers that have an error of their own, as (word, value, mask, error)."""
        found = [(name, value, mask, self.errors[name]) for name, value, mask in self.set.words if name in self.errors]
        return found + [(word, int(word), self.width, error) for word, error in self.errors.items() if word.isdigit()]

    def function(self):
        """Lines of lx_takes_NAME."""
        suffix, kind = ("ull", "uint64_t") if self.wide else ("u", "uint32_t")
        body, terms = [], []
        part = f"(v & {self.field:#x}{suffix})" if self.field != self.width else "v"
        if self.negative:
            body = ["\tif ((int32_t)v < 0)", "\t\treturn true;"]
        if self.refused and self.field != self.width:
            terms.append(f"(v & {self.refused:#x}{suffix}) == 0")
        spans = ranges(self.values)
        if len(spans) <= INLINE and spans:
            tests = [span(part, low, high) for low, high in spans]
            terms.append(" || ".join(tests) if len(tests) == 1 or not terms else f"({' || '.join(tests)})")
        elif spans:
            if terms:
                body += [f"\tif (!({terms.pop()}))", "\t\treturn false;"]
            body += [f"\tswitch ({part}) {{", *[f"\tcase {v:#x}:" for v in self.values], "\t\treturn true;", "\tdefault:", "\t\treturn false;", "\t}"]
        if len(spans) <= INLINE:
            body.append(f"\treturn {' && '.join(terms) or 'true'};")
        return [f"static inline bool lx_takes_{self.name}({kind} v)", "{", *(["\t(void)v;"] if self.always() else []), *body, "}"]


def ranges(values):
    found = []
    for v in values:
        if found and found[-1][1] == v - 1:
            found[-1] = (found[-1][0], v)
        else:
            found.append((v, v))
    return found


def span(part, low, high):
    if low == high:
        return f"{part} == {low:#x}"
    return f"{part} <= {high:#x}" if low == 0 else f"{part} - {low:#x} <= {high - low:#x}"


def load(entries, rows, sets, errors):
    """The limits, in the order in which they are looked at; {(call, set): limit}."""
    limits, found, calls = [], {}, {row["name"]: row for row in rows if "handler" in row}
    for entry in entries:
        limit = Limit(entry, sets)
        for error in [limit.error, *limit.errors.values()]:
            if error not in errors:
                raise TableError(f"{limit.where}: no such error: {error}")
        for call in limit.of:
            if call not in calls:
                raise TableError(f"{limit.where}: no call {call} that has a handler")
            args = calls[call]["args"].split()
            if not limit.inside and args.count(limit.set.name) != 1:
                raise TableError(f"{limit.where}: {call} has no argument {limit.set.name}, or two")
            if limit.after and args[0] != "fd":
                raise TableError(f"{limit.where}: the first argument of {call} is not fd")
            if found.setdefault((call, limit.set.name), limit) is not limit:
                raise TableError(f"{limit.where}: {call} twice")
        limits.append(limit)
    for call, row in calls.items():
        for kind in row["args"].split():
            if kind in sets and (call, kind) not in found:
                raise TableError(f"call {call}: which words of {kind} does it take?")
    return limits, found


def header(limits):
    """linux/words.h"""
    out = ["#pragma once", "#include <stdbool.h>", "#include <stdint.h>", "", "/* What lx_refused (linux/calls.h) is told of. */", "enum lx_limit_name {"]
    out += [f"\tLX_TAKES_{limit.name.upper()}," for limit in limits] + ["\tLX_LIMITS,", "};", ""]
    out += ["/* Is that taken?  What else it depends on is the handler's business. */"]
    for limit in limits:
        out += limit.function() + [""]
    return out[:-1]


def checks(row, found):
    """Lines of a case of the dispatcher; arguments for the handler."""
    args = row["args"].split()
    words = [f"a[{i}]" for i in range(len(args))]
    lines = []
    for (call, kind), limit in found.items():
        if call != row["name"] or kind not in args:
            continue
        i = args.index(kind)
        if not limit.wide:
            words[i] = f"(uint32_t)a[{i}]"
        if not limit.inside and not limit.always():
            lines += [f"\t\tif (!lx_takes_{limit.name}({words[i]}))",
                      f"\t\t\treturn lx_refused(t, LX_TAKES_{limit.name.upper()}, {words[i]}, a);"]
    return lines, words


def table(limits, errors):
    """lx_limits, in names.c; `errors`: name -> number."""
    out = []
    for limit in limits:
        if limit.errors:
            out += ["", f"static const struct lx_other {limit.name}_others[] = {{"]
            out += [f"\t{{ {v:#x}, {m:#x}, {errors[error]} }}, /* {name} */" for name, v, m, error in limit.others()]
            out += ["\t{ 0 },", "};"]
    out += ["", "const struct lx_limit lx_limits[LX_LIMITS] = {"]
    for limit in limits:
        others = f"{limit.name}_others" if limit.errors else "NULL"
        after = f"LX_AFTER_{limit.after.upper()}" if limit.after else "LX_AFTER_NOTHING"
        out.append(f"\t[LX_TAKES_{limit.name.upper()}] = {{ {others}, {limit.flags:#x}, {limit.field:#x}, LX_{limit.set.name.upper()}, {errors[limit.error]}, {after} }},")
    return out + ["};"]


def manual(limits):
    """Of docs/linux.md."""
    out = ["", "## Words", "",
           "What calls take of flags, commands and other words. What has no effect is taken and changes nothing; what is not supported is taken by Linux 6.18, and refused here. "
           "All else is refused by Linux too, but for rows that end with *others are ignored*, as Linux does. A refusal is told once for each program, call and word (`./tessera run -v`).", "",
           "| calls | words | supported | without effect | not supported | refused with |", "|---|---|---|---|---|---|"]
    for limit in limits:
        cells = [" ".join(f"`{w}`" for w in limit.words[key]) for key in ("takes", "ignores", "lacks")]
        answer = ", ".join([limit.error, *[f"{error} ({', '.join(w for w in limit.errors if limit.errors[w] == error)})" for error in dict.fromkeys(limit.errors.values())]])
        if limit.ignored:
            answer = f"{answer + '; ' if limit.refused or limit.values else ''}*others are ignored*"
        out.append(f"| {', '.join(f'`{c}`' for c in limit.of)} | {limit.set.name} | {' | '.join(cells)} | {answer} |")
    return out
