# SPDX-License-Identifier: MIT
"""Reads abi/kernel.toml and refuses what the other modules could not translate."""
import dataclasses
import re
import tomllib

from .table import MAX64, Arg, Call, Code, Const, Object, Out, Table, TableError

KINDS = ("u64", "cap", "slot", "from")
LOCKS = ("local", "space", "global")
FIRST_COMPLETION = 64
MAX_ARGS, MAX_IPC_ARGS, MAX_OUTS = 5, 3, 3
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
UPPER = re.compile(r"^[A-Z][A-Z0-9_]*$")


class Reader:
    """Turns the parsed file into a Table, and stops at the first defect."""

    def __init__(self, raw, file):
        self.raw, self.file = raw, file
        self.objects = {}

    def fail(self, row, text):
        raise TableError(f"{self.file}: {row}: {text}")

    def need(self, row, raw, key, kind):
        if key not in raw:
            self.fail(row, f"{key} is missing")
        if type(raw[key]) is not kind:
            self.fail(row, f"{key} is not of type {kind.__name__}")
        if key == "doc" and not raw[key].strip():
            self.fail(row, "doc is empty")
        return raw[key]

    def known(self, row, raw, keys):
        for k in raw:
            if k not in keys:
                self.fail(row, f"unknown key {k}")

    def unique(self, row, what, value, seen):
        if value in seen:
            self.fail(row, f"{what} {value} is used by {seen[value]} already")
        seen[value] = row

    def codes(self, key, first):
        out, seen = [], {}
        for i, raw in enumerate(self.raw.get(key, [])):
            row = f"{key} {raw.get('name', i)}"
            self.known(row, raw, ("name", "doc"))
            name = self.need(row, raw, "name", str)
            if not UPPER.match(name):
                self.fail(row, f"{name} is not an upper-case name")
            self.unique(row, "name", name, seen)
            out.append(Code(name, first + i, self.need(row, raw, "doc", str)))
        return out

    def read_objects(self):
        numbers = {}
        for i, raw in enumerate(self.raw.get("object", [])):
            row = f"object {raw.get('name', i)}"
            self.known(row, raw, [f.name for f in dataclasses.fields(Object)])
            for key, kind in (("nr", int), ("name", str), ("rights", list), ("inv", str),
                              ("doc", str)):
                self.need(row, raw, key, kind)
            o = Object(**raw)
            if not NAME.match(o.name) or o.name in ("any", "none"):
                self.fail(row, f"{o.name} cannot be the name of an object")
            if o.name in self.objects:
                self.fail(row, f"name {o.name} is used twice")
            if not 0 < o.nr < 32:
                self.fail(row, f"number {o.nr} is not in 1 to 31")
            self.unique(row, "number", o.nr, numbers)
            if len(set(o.rights)) != len(o.rights) or len(o.rights) > 32:
                self.fail(row, "a right is named twice, or there are more than 32")
            if o.create and not o.pages:
                self.fail(row, "can be created but has no pages")
            self.objects[o.name] = o

    def alternatives(self, row, text):
        if text == "any":
            return []
        names = text.split("|")
        for n in names:
            if n not in self.objects:
                self.fail(row, f"unknown object {n}")
        return names

    def check_rights(self, row, objects, rights):
        if rights and not objects:
            self.fail(row, "rights of an object that may be any")
        for r in rights:
            bits = set()
            for n in objects:
                o = self.objects[n]
                if r not in o.rights:
                    self.fail(row, f"{n} has no right {r}")
                bits.add(o.rights.index(r))
            if len(bits) > 1:
                self.fail(row, f"right {r} is not the same bit in {' and '.join(objects)}")

    def argument(self, row, raw):
        row = f"{row}: argument {raw.get('name', '?')}"
        self.known(row, raw, ("name", "kind", "doc", "min", "max", "object", "rights", "optional"))
        name, kind = self.need(row, raw, "name", str), self.need(row, raw, "kind", str)
        if not NAME.match(name):
            self.fail(row, "name is not a lower-case name")
        if kind not in KINDS:
            self.fail(row, f"unknown kind {kind}")
        for key in ("min", "max"):
            if key in raw and (kind != "u64" or not 0 <= raw[key] <= MAX64):
                self.fail(row, f"{key} makes no sense here")
        a = Arg(name, kind, self.need(row, raw, "doc", str), raw.get("min", 0),
                raw.get("max", MAX64))
        if a.min > a.max:
            self.fail(row, "min is above max")
        if kind != "cap":
            if {"object", "rights", "optional"} & set(raw):
                self.fail(row, "only a cap has object, rights and optional")
            return a
        a.objects = self.alternatives(row, self.need(row, raw, "object", str))
        a.rights, a.optional = raw.get("rights", []), raw.get("optional", False)
        self.check_rights(row, a.objects, a.rights)
        return a

    def invoked(self, row, raw):
        name, rights = self.need(row, raw, "object", str), self.need(row, raw, "rights", list)
        if name == "none":
            if rights:
                self.fail(row, "rights without an object")
            return None
        a = Arg(name.split("|")[0] if "|" not in name and name != "any" else "cap", "cap",
                "The capability.", objects=self.alternatives(row, name), rights=rights)
        self.check_rights(row, a.objects, rights)
        return a

    def names(self, row, raw, key, valid):
        for n in raw.get(key, []):
            if n not in valid:
                self.fail(row, f"unknown {key[:-1]} {n}")
        return raw.get(key, [])

    def call(self, raw, row, errors, completions):
        self.known(row, raw, ("nr", "name", "object", "rights", "lock", "ipc", "args", "outs",
                              "errors", "completions", "doc", "removed"))
        name = self.need(row, raw, "name", str)
        if not NAME.match(name):
            self.fail(row, "name is not a lower-case name")
        if not 0 < self.need(row, raw, "nr", int) < 64:
            self.fail(row, f"number {raw['nr']} is not in 1 to 63")
        lock = self.need(row, raw, "lock", str)
        if lock not in LOCKS:
            self.fail(row, f"unknown lock {lock}")
        ipc = raw.get("ipc", False)
        args = [self.argument(row, a) for a in self.need(row, raw, "args", list)]
        if len(args) > (MAX_IPC_ARGS if ipc else MAX_ARGS):
            self.fail(row, "more arguments than registers")
        if len({a.name for a in args}) != len(args):
            self.fail(row, "two arguments have the same name")
        outs = []
        for o in raw.get("outs", []):
            self.known(row, o, ("name", "doc"))
            outs.append(Out(self.need(row, o, "name", str), self.need(row, o, "doc", str)))
        if len(outs) > MAX_OUTS:
            self.fail(row, "more results than registers")
        return Call(raw["nr"], name, self.invoked(row, raw), lock, self.need(row, raw, "doc", str),
                    args, outs, self.names(row, raw, "errors", errors),
                    self.names(row, raw, "completions", completions), ipc,
                    raw.get("removed", False))

    def read(self):
        self.known("top", self.raw, ("abi_version", "error", "completion", "object", "call",
                                     "const"))
        version = self.need("top", self.raw, "abi_version", int)
        errors = self.codes("error", 0)
        if not errors or errors[0].name != "OK":
            self.fail("error", "the first one is not OK")
        completions = self.codes("completion", FIRST_COMPLETION)
        self.read_objects()
        calls, numbers, names = [], {}, {}
        for i, raw in enumerate(self.raw.get("call", [])):
            row = f"call {raw.get('name', i)}"
            c = self.call(raw, row, [e.name for e in errors], [e.name for e in completions])
            self.unique(row, "number", c.nr, numbers)
            self.unique(row, "name", c.name, names)
            calls.append(c)
        return Table(self.file, version, errors, completions, list(self.objects.values()), calls,
                     self.consts())

    def consts(self):
        out, seen = [], {}
        for i, raw in enumerate(self.raw.get("const", [])):
            row = f"const {raw.get('group', i)}"
            self.known(row, raw, ("group", "values"))
            values = self.need(row, raw, "values", dict)
            for k, v in values.items():
                self.unique(row, "name", k, seen)
                if not UPPER.match(k) or not 0 <= v <= MAX64:
                    self.fail(row, f"{k} is not a constant")
            out.append(Const(self.need(row, raw, "group", str), values))
        return out


def parse(text, file):
    try:
        return Reader(tomllib.loads(text), file).read()
    except tomllib.TOMLDecodeError as e:
        raise TableError(f"{file}: {e}") from e


def load(path):
    with open(path, encoding="utf-8") as f:
        return parse(f.read(), str(path))
