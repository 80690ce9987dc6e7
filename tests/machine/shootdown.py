# SPDX-License-Identifier: MIT
"""Other CPUs are interrupted for a change of an address space only if they may know of it.

The debugger counts how often a space is flushed, and how often another CPU is asked to do so too.
"""
import re

from under import DEBUG, KTEST, machine

# Tests of entries that change: on one CPU while three idle, and while all use them.
NOBODY_ELSE = "test=an_entry_can_be_replaced"
ALL_IN_IT = "test=no_CPU_uses_a_replaced_entry"
COUNTED = ("arch_space_flush", "flush_there")
HIT = re.compile(r" in (\w+) at \S+\n(?:\s+stop only.*\n)?\s+breakpoint already hit (\d+) time")


def hits(append):
    """How often each function was entered, and what was said."""
    words = ["hbreak kernel_syscall", "continue", "delete"]
    for function in COUNTED:
        words += [f"break {function}", "ignore $bpnum 1000000"]
    with machine(DEBUG, KTEST, cpus=4, append=append) as m:
        said = m.gdb(*words, "continue", "info breakpoints", seconds=300)
        said += m.console()
    found = {f: int(n) for f, n in HIT.findall(said)}
    return found.get(COUNTED[0], 0), found.get(COUNTED[1], 0), said


def run(tap):
    flushes, asked, said = hits(NOBODY_ELSE)
    tap.say(re.search("^ok 1 ", said, re.MULTILINE) and flushes > 0 and asked == 0,
            "a change of a space that no other CPU knows interrupts none", f"{flushes}, {asked}\n{said}")
    flushes, asked, said = hits(ALL_IN_IT)
    tap.say(re.search("^ok 1 ", said, re.MULTILINE) and flushes > 0 and asked > 0,
            "a change of a space that others use interrupts them", f"{flushes}, {asked}\n{said}")
