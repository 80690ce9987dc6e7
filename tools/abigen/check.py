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


def spec_entries(root):
    path = root / "proofs" / "spec" / "index.toml"
    if not path.exists():
        return {}
    return tomllib.loads(path.read_text(encoding="utf-8")).get("call", {})


def tested(name, tests):
    """What is wrong with the tests of a call, or ''."""
    claim = [t for t in tests if test(name).search(t)]
    if not claim:
        return f"{name}: no TESTS({name}) in tests/kernel/*.c"
    if not any(calls(name).search(re.sub(r"\bTESTS\([^)]*\)", "", t)) for t in claim):
        return f"{name}: what says TESTS({name}) never calls {name}()"
    return ""


def specified(name, spec, root):
    """What is wrong with the entry of a call, or ''."""
    if not spec:
        return f"{name}: no entry with a spec in proofs/spec/index.toml"
    if spec != "not yet" and spec not in stated(name, root):
        return f"{name}: proofs/{spec} says nothing of what sys_{name} does"
    return ""


def stated(name, root):
    """The proof units that state what a call does: in their heads, its handler and a column spec."""
    out = []
    for path in sorted(root.glob("proofs/units/*.c")):
        head = path.read_text(encoding="utf-8").split("\n */")[0]
        if any(f'function = "sys_{name}"' in part and '"spec"' in part for part in head.split(" * [")):
            out.append(str(path.relative_to(root / "proofs")))
    return out


def overtaken(table, root):
    """Calls that the index has as "not yet", although a unit states what they do."""
    root = pathlib.Path(root)
    entries = spec_entries(root)
    return [c.name for c in table.live()
            if entries.get(c.name, {}).get("spec") == "not yet" and stated(c.name, root)]


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
    entries, out = spec_entries(root), []
    for c in table.live():
        if not handler(c.name).search(kernel):
            out.append(f"{c.name}: no handler sys_{c.name} in kernel/*.c")
        out += [tested(c.name, tests), specified(c.name, entries.get(c.name, {}).get("spec"), root)]
    out += [invariant(o, inv, evaluated) for o in table.objects]
    live = {c.name for c in table.live()}
    out += [f"{n}: in proofs/spec/index.toml, but no call" for n in entries if n not in live]
    return [line for line in out if line]
