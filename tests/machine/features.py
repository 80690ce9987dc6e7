# SPDX-License-Identifier: MIT
"""What a processor can do is found when the kernel starts: each feature is tried with and without.

A row says what control registers hold while a program runs; the program must end well besides.
What this emulator does not offer (PCID, TSC deadline, x2APIC) is there in Bochs.
"""
import re

from under import DEBUG, HELLO, machine

CR4 = {"umip": 11, "fsgsbase": 16, "pcid": 17, "xsave": 18, "smep": 20, "smap": 21}
ALL = {"umip", "xsave", "smep", "smap"}
# CPU model, and which of CR4's bits are set; FSGSBASE is left off (docs/design/ipc.md).
ROWS = [("max", ALL), ("max,-smep", ALL - {"smep"}), ("max,-smap", ALL - {"smap"}),
        ("max,-umip", ALL - {"umip"}), ("max,-xsave", ALL - {"xsave"}), ("max,-xsaveopt", ALL),
        ("max,-avx", ALL), ("max,-pdpe1gb", ALL), ("max,-fsgsbase", ALL), ("max,-rdtscp", ALL),
        ("max,-pge,-de,-mce", ALL), ("qemu64", set()), ("qemu64,-svm,-sse3,-cx16", set())]
EFER_NXE = 1 << 11


def number(name, text):
    m = re.search(rf"\b{name}=([0-9a-f]+)", text)
    return int(m.group(1), 16) if m else 0


def one(tap, cpu, want):
    with machine(DEBUG, HELLO, cpu=cpu) as m:
        said = m.gdb("tbreak sys_system_debug_write", "continue", m.ask("info registers"))
        rc, text = m.end(), m.console()
    cr4 = number("CR4", said)
    have = {n for n, bit in CR4.items() if cr4 >> bit & 1}
    tap.say(have == want and number("EFER", said) & EFER_NXE,
            f"{cpu}: what the processor has is on, and nothing else",
            f"{' '.join(sorted(have))} instead of {' '.join(sorted(want))}\n{said}")
    tap.say(rc == 33 and re.search("^done$", text, re.MULTILINE), f"{cpu}: a program runs", f"{rc}\n{text}")


def without_nx(tap):
    """There is no such x86-64 processor but where firmware hides it; W^X cannot be had then."""
    with machine(DEBUG, HELLO, cpu="max,-nx") as m:
        m.gdb()
        rc, text = m.end(), m.console()
    tap.say(rc == 97 and "no-execute" in text, "a processor without NX is refused in words", f"{rc}\n{text}")


def run(tap):
    for cpu, want in ROWS:
        one(tap, cpu, want)
    without_nx(tap)
