# SPDX-License-Identifier: MIT
"""Wrapping of prose and C, and files that are written only when they change."""
import pathlib
import textwrap

COLUMNS = 100


def comment(text, indent=""):
    """A C comment of one or more lines."""
    one = f"{indent}/* {text} */"
    if len(one.expandtabs(8)) <= COLUMNS:
        return [one]
    lines = textwrap.wrap(text, COLUMNS - 4 - len(indent.expandtabs(8)))
    return [f"{indent}/*"] + [f"{indent} * {line}" for line in lines] + [f"{indent} */"]


def wrap(head, parts, tail, indent="\t", sep=", "):
    """head + parts joined + tail, with as many breaks after sep as the width asks for."""
    lines, line = [], head
    for i, p in enumerate(parts):
        piece = p + (sep.rstrip() if i + 1 < len(parts) else tail)
        if line != head and len((line + " " + piece).expandtabs(8)) > COLUMNS:
            lines.append(line)
            line = indent + "\t" + piece
        else:
            glue = " " if i and not line.endswith("\t") else ""
            line += glue + piece
    if not parts:
        line += tail
    return lines + [line]


def number(value):
    return str(value) if value < 1024 else hex(value)


def literal(value):
    """A C constant of type u64."""
    return number(value) + "ull"


def write(path, lines):
    """Writes the file if its contents differ; the time of an equal one stays."""
    text = "\n".join(lines).rstrip("\n") + "\n"
    path = pathlib.Path(path)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True
