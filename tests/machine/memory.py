# SPDX-License-Identifier: MIT
"""No page is both writable and executable, in the kernel's half of the page tables either.

The emulator lists all translations of a CPU that runs a program, and of one that idles.
"""
import re

from under import DEBUG, HELLO, RELEASE, machine

LINE = re.compile(r"^([0-9a-f]{16}): ([0-9a-f]{16}) (\S{9})$", re.MULTILINE)
UPPER_HALF = 1 << 63
KERNEL_IMAGE = (1 << 64) - (2 << 30)


def translations(said):
    """(address, physical address, flags): X means that it cannot be executed."""
    return [(int(v, 16), int(p, 16), f) for v, p, f in LINE.findall(said)]


def tables(kernel, **options):
    """What CPU 0 translates while a program calls the kernel, and what CPU 1 does, which idles."""
    with machine(kernel, HELLO, **options) as m:
        said = m.gdb("hbreak kernel_syscall", "continue", "delete",
                     m.ask("info tlb"), m.ask("cpu 1", "info tlb"))
        m.end()
    parts = [translations(part) for part in said.split("@@@")[1:]]
    return [p for p in parts if p] if len(parts) == 3 else [[], []]


def shown(rows):
    return "\n".join(f"{v:016x} {p:016x} {f}" for v, p, f in rows[:10])


def check(tap, name, rows):
    both = [r for r in rows if "W" in r[2] and "X" not in r[2]]
    upper = [r for r in rows if r[0] >= UPPER_HALF]
    tap.say(rows and not both, f"{name}: no page is writable and executable", shown(both))
    seen = [r for r in upper if "U" in r[2]]
    tap.say(upper and not seen, f"{name}: programs see nothing of the kernel's half", shown(seen))
    text = {p for v, p, f in upper if v >= KERNEL_IMAGE and "W" not in f}
    alias = [r for r in rows if r[1] in text and "W" in r[2]]
    tap.say(text and not alias, f"{name}: the kernel's text and constants are written to nowhere", shown(alias))
    code = [r for r in upper if "X" not in r[2]]
    tap.say(code and all(v >= KERNEL_IMAGE for v, _, _ in code),
            f"{name}: what the kernel executes lies in its image only", shown(code))


def run(tap):
    for kernel, word in ((DEBUG, "debug"), (RELEASE, "release")):
        running, idle = tables(kernel)
        check(tap, f"{word}, a program's space", running)
        check(tap, f"{word}, an idle CPU", idle)
