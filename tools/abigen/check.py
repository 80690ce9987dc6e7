# SPDX-License-Identifier: MIT
"""Does every row have a handler, a positive test, an entry of the specification, and a text?"""
import pathlib
import re
import tomllib


def joined(root, pattern):
    return "\n".join(p.read_text(encoding="utf-8") for p in sorted(root.glob(pattern)))


def handler(name):
    return re.compile(rf"^err_t sys_{name}\(", re.MULTILINE)


def test(name):
    return re.compile(rf"\bTESTS\([^)]*\b{name}\b[^)]*\)")


def spec_entries(root):
    path = root / "proofs" / "spec" / "index.toml"
    if not path.exists():
        return {}
    return tomllib.loads(path.read_text(encoding="utf-8")).get("call", {})


def complaints(table, root):
    """One line for each thing that is missing."""
    root = pathlib.Path(root)
    kernel, tests = joined(root, "kernel/*.c"), joined(root, "tests/kernel/*.c")
    specs, out = spec_entries(root), []
    for c in table.live():
        if not handler(c.name).search(kernel):
            out.append(f"{c.name}: no handler sys_{c.name} in kernel/*.c")
        if not test(c.name).search(tests):
            out.append(f"{c.name}: no TESTS({c.name}) in tests/kernel/*.c")
        if not specs.get(c.name, {}).get("spec"):
            out.append(f"{c.name}: no entry with a spec in proofs/spec/index.toml")
    live = {c.name for c in table.live()}
    out += [f"{n}: in proofs/spec/index.toml, but no call" for n in specs if n not in live]
    return out
