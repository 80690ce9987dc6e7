# SPDX-License-Identifier: MIT
"""Counts the expensive events of each benchmark row: returns to user mode, CR3 loads, TLB
invalidations, MSR writes, interrupts to other processors.

The emulator logs the execution of the instructions that cause them, and of those that begin and
end a measurement in the benchmark program: the last two readings of the counter before row().
"""
import re
import subprocess
import tempfile

import emu
import proc

KINDS = {
    "mode_switches": re.compile(r"\b(sysretq|iretq)\b"),
    "cr3_loads": re.compile(r"\bmov +%\w+,%cr3"),
    "tlb_flushes": re.compile(r"\b(invlpg|invpcid)\b"),
    "msr_writes": re.compile(r"\bwrmsr\b"),
}
LINE = re.compile(r"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/")


def instructions(path):
    """(address, text) of every instruction of a program."""
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(proc.ROOT / path)], check=True,
                         text=True, stdout=subprocess.PIPE).stdout
    for line in out.splitlines():
        if m := re.match(r"\s*([0-9a-f]+):\s+(.*)", line):
            yield int(m[1], 16), m[2]


def text_range(path):
    """[first, end) of the section .text."""
    out = subprocess.run(["readelf", "-SW", str(proc.ROOT / path)], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    m = re.search(r" \.text\s+PROGBITS\s+([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+)", out)
    return int(m[1], 16), int(m[1], 16) + int(m[2], 16)


def symbol(path, name):
    out = subprocess.run(["nm", str(proc.ROOT / path)], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    for line in out.splitlines():
        words = line.split()
        if words[-1] == name:
            return int(words[0], 16)
    raise SystemExit(f"events: {path} has no symbol {name}")


def watched(kernel, program):
    """What the execution of each address of interest means."""
    at = {a: kind for a, text in instructions(kernel) for kind, what in KINDS.items()
          if what.search(text)}
    at[symbol(kernel, "icr_write")] = "ipis"
    at.update((a, "counter") for a, text in instructions(program) if text.startswith("rdtsc"))
    at[symbol(program, "row")] = "row"
    return at


class Tally:
    """Events since the last reading of the counter, and between the two before it."""

    def __init__(self):
        self.rows, self.now, self.between = [], {}, {}

    def see(self, what):
        if what == "counter":
            self.between, self.now = self.now, {}
        elif what == "row":
            self.rows.append(self.between)
            self.now, self.between = {}, {}
        else:
            self.now[what] = self.now.get(what, 0) + 1


def count(kernel, program, machine, append):
    """One dictionary for each row, in their order."""
    at = watched(kernel, program)
    tally = Tally()
    with tempfile.NamedTemporaryFile("r", suffix=".log") as log:
        ranges = ",".join(f"{a:#x}+1" for a in sorted(at))
        extra = ["-singlestep", "-d", "exec,nochain", "-dfilter", ranges, "-D", log.name]
        cfg = emu.Config(kernel, [program], machine=machine, cpus=2, icount=True, append=append,
                         timeout=600, expect="^# done", extra=extra)
        result = emu.run(cfg)
        if not result.ok:
            raise SystemExit(f"events: {result.reason}; repeat: {cfg.command()}")
        for line in log:
            if m := LINE.match(line):
                tally.see(at[int(m[1], 16)])
    return tally.rows
