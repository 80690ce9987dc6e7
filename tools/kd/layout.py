# SPDX-License-Identifier: MIT
"""Where kernel state lies, read from the kernel's own headers, so that nothing is said twice."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STATE = ROOT / "kernel" / "arch" / "x86_64" / "state.h"
NIL = 0xffffffff
PAGE = 4096


def enumerators(text):
    """Constants of enums that are given as plain numbers."""
    return {n: int(v, 0) for n, v in re.findall(r"\b([A-Z][A-Z0-9_]+) = (0x[0-9a-fA-F]+|\d+)\b",
                                                text)}


class Layout:
    """Base addresses and accessors of state.h, names of object types and rights."""

    def __init__(self, root=ROOT):
        state = (root / "kernel/arch/x86_64/state.h").read_text()
        headers = "".join((root / "kernel" / n).read_text() for n in ("cap.h", "sched.h", "page.h"))
        self.number = enumerators(headers) | enumerators(state)
        for name, value in re.findall(r"#define (\w+_BASE) (0x[0-9a-f]+)ull", state):
            self.number[name] = int(value, 16)
        self.accessor = {name: (struct, self.number[at]) for name, struct, at in
                         re.findall(r"#define (\w+)\(\w+\) OBJECT\((\w+), \w+, (\w+)\)", state)}
        trace = (root / "kernel/trace.h").read_text()
        self.event = {int(k): (n, a, b) for k, n, a, b in
                      re.findall(r'X\((\d+), (\w+), "([^"]*)", "([^"]*)"\)', trace)}
        names = (root / "build/gen/trace_names.h").read_text()
        self.names = {table: {int(i): n for i, n in re.findall(r'\[(\d+)\] = "(\w+)"', body)}
                      for table, body in re.findall(r"(\w+)\[\][^{]*\{(.*?)\};", names, re.DOTALL)}

        self.type_name = self.names["object_names"]
        self._rights((root / "build/gen/abi.h").read_text())

    def _rights(self, text):
        self.type = {n: v for v, n in self.type_name.items()}
        self.right = {}
        for name, bit in re.findall(r"#define RIGHT_(\w+) ABI_U\((0x[0-9a-f]+)\)", text):
            for number, t in self.type_name.items():
                if name.startswith(t.upper() + "_"):
                    self.right.setdefault(number, []).append((int(bit, 16), name[len(t) + 1:]))

    def address(self, accessor, page):
        """Address of an object's struct, as the accessor of that name gives it."""
        return self.number["DMAP_BASE"] + page * PAGE + self.accessor[accessor][1]

    def slot(self, s):
        return self.number["DMAP_BASE"] + s * 64

    def cpu(self, c):
        return self.number["PERCPU_BASE"] + (c << self.number["PERCPU_SHIFT"])

    def rights(self, type_, value):
        return "+".join(n for bit, n in self.right.get(type_, []) if value & bit) or "-"

    def describe(self, event):
        """An event (when, kind, thread, a, b) as words."""
        _, kind, _, a, b = event
        name, what_a, what_b = self.event.get(kind, (f"event {kind}", "a", "b"))
        calls, errors = self.names.get("call_names", {}), self.names.get("error_names", {})
        if what_a == "call number":
            text = f"{name} {calls.get(a, a)}"
            return f"{text} {errors.get(b, b)}" if what_b == "error" else f"{text} handle {b}"
        if what_b == "completion code":
            return f"{name} {what_a} {a:#x} {errors.get(b, b)}"
        if what_b == "type":
            return f"{name} {what_a} {a:#x} {self.type_name.get(b, b)}"
        return f"{name} {what_a} {a:#x}" + ("" if what_b == "0" else f" {what_b} {b:#x}")
