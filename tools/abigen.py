#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes everything that depends on the table of the kernel's interface.

    abigen.py TABLE DIRECTORY      abi.h, user.h, dispatch.c, tests, manual ... into DIRECTORY
    abigen.py --check TABLE        does each row have handler, invariant, test, specification and text?
"""
import pathlib
import sys

from abigen import cases, check, header, kernel, manual, names, spec, text, user
from abigen.read import load
from abigen.table import TableError

ROOT = pathlib.Path(__file__).resolve().parent.parent


def files(table, texts):
    """All that is generated: lines by file name."""
    out = {"abi.h": header.generate(table), "dispatch.h": kernel.header(table),
           "dispatch.c": kernel.source(table), "user.h": user.generate(table),
           "trace_names.h": names.generate(table), "negative.h": cases.negative(table),
           "fuzz_grammar.h": cases.grammar(table), "spec_pre.h": spec.generate(table),
           "spec_handlers.h": spec.handlers(table)}
    for name, lines in manual.generate(table, texts).items():
        out["docs/manual/" + name] = lines
    return out


def longer_texts(table, root=ROOT):
    """docs/manual/text/CALL.md, where someone wrote more than the row's doc."""
    paths = {c.name: root / "docs" / "manual" / "text" / (c.name + ".md") for c in table.live()}
    return {n: p.read_text(encoding="utf-8") for n, p in paths.items() if p.exists()}


def main(argv):
    if len(argv) != 2:
        sys.exit(__doc__.strip())
    try:
        table = load(argv[1] if argv[0] == "--check" else argv[0])
    except (TableError, OSError) as e:
        sys.exit(f"abigen: {e}")
    if argv[0] == "--check":
        missing = check.complaints(table, ROOT)
        for line in missing:
            print(line)
        return 1 if missing else 0
    directory = pathlib.Path(argv[1])
    for name, lines in files(table, longer_texts(table)).items():
        text.write(directory / name, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
