# SPDX-License-Identifier: MIT
"""Does every row have a handler, a positive test, an entry of the specification, a text; every
object an invariant that is evaluated?"""
import pathlib
import re
import tomllib


def texts(root, pattern):
    return [p.read_text(encoding="utf-8") for p in sorted(root.glob(pattern))]


def joined(root, pattern):
    return "\n".join(texts(root, pattern))


def handler(name):
    return re.compile(rf"^err_t sys_{name}\(", re.MULTILINE)


def test(name):
    return re.compile(rf"\bTESTS\([^)]*\b{name}\b[^)]*\)")


def calls(name):
    return re.compile(rf"\b{name}\(")


def not_yet(root):
    """The calls of which is said that nothing is stated yet."""
    path = root / "proofs" / "spec" / "index.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["not_yet"] if path.exists() else []


def tested(name, tests):
    """What is wrong with the tests of a call, or ''."""
    claim = [t for t in tests if test(name).search(t)]
    if not claim:
        return f"{name}: no TESTS({name}) in tests/kernel/*.c"
    if not any(calls(name).search(re.sub(r"\bTESTS\([^)]*\)", "", t)) for t in claim):
        return f"{name}: what says TESTS({name}) never calls {name}()"
    return ""


def stated(root):
    """The calls of which a proof unit states what they do: in its head, the handler and a column spec."""
    found = set()
    for text in texts(root, "proofs/units/*.c"):
        for part in text.split("\n */")[0].split(" * ["):
            found |= set(re.findall(r'function = "sys_(\w+)"', part)) if '"spec"' in part else set()
    return found


def invariant(o, specs, evaluated):
    """What is wrong with the invariant of an object, or ''."""
    if not re.search(rf"^(PRED bool|#define) {o.inv}\(", specs, re.MULTILINE):
        return f"{o.name}: no invariant {o.inv} in proofs/spec/*.h"
    lists = [n for n, body in re.findall(r"^#define (\w+_INVARIANTS)\(X\)((?:.*\\\n)*.*)", specs,
                                         re.MULTILINE) if re.search(rf"\b{o.inv}\b", body)]
    if not any(re.search(rf"\b{n}\b", evaluated) for n in [o.inv, *lists]):
        return f"{o.name}: {o.inv} is not evaluated by kernel/inv.c"
    return ""


def complaints(table, root):
    """One line for each thing that is missing."""
    root = pathlib.Path(root)
    kernel, tests = joined(root, "kernel/*.c"), texts(root, "tests/kernel/*.c")
    inv, evaluated = joined(root, "proofs/spec/*.h"), joined(root, "kernel/inv.c")
    done, later, out = stated(root), not_yet(root), []
    for c in table.live():
        if not handler(c.name).search(kernel):
            out.append(f"{c.name}: no handler sys_{c.name} in kernel/*.c")
        out.append(tested(c.name, tests))
        if c.name not in done and c.name not in later:
            out.append(f"{c.name}: no unit in proofs/units states what sys_{c.name} does, nor is it not_yet in proofs/spec/index.toml")
    out += [invariant(o, inv, evaluated) for o in table.objects]
    live = {c.name for c in table.live()}
    out += [f"{n}: in proofs/spec/index.toml, but no call" for n in later if n not in live]
    return [line for line in out if line]
