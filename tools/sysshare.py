# SPDX-License-Identifier: MIT
"""Whose instructions a request costs: client, multiplexer, driver, kernel. For sysbench.py.

The programs are linked to addresses of their own (`make apart`); the emulator logs every instruction
of them and of the kernel, and those between section_begin and section_end of the client are counted.
"""
import bisect
import concurrent.futures
import contextlib
import os
import tempfile

import emu
import events

PROGRAMS = "build/apart/programs"


class Tally:
    """Instructions of each part, for each section, in their order."""

    def __init__(self, parts, begin, end):
        self.starts = sorted((first, label) for label, (first, _) in parts.items())
        self.begin, self.end = begin, end
        self.sections, self.now = [], None

    def label(self, at):
        return self.starts[bisect.bisect_right(self.starts, (at, "~")) - 1][1]

    def read(self, path):
        known = {}          # most addresses come very often
        with open(path, encoding="ascii", errors="replace") as log:
            for line in log:
                word = line.split("/", 2)[1] if line.startswith("Trace ") else ""
                if not word:
                    continue
                if word not in known:
                    at = int(word, 16)
                    known[word] = at if at in (self.begin, self.end) else self.label(at)
                what = known[word]
                if what == self.begin:
                    self.now = {}
                elif what == self.end:
                    self.sections.append(self.now)
                    self.now = None
                elif self.now is not None:
                    self.now[what] = self.now.get(what, 0) + 1
        return self.sections


def parts_of(kernel, programs):
    """Where the instructions of each are; programs: label -> name."""
    files = {"kernel": kernel, **{label: f"{PROGRAMS}/{name}.elf" for label, name in programs.items()}}
    return {label: events.text_range(path) for label, path in files.items()}


def count(cfg, kernel, programs):
    """(result, [instructions by part for each section]) of a system that is to run."""
    parts = parts_of(kernel, programs)
    client = f"{PROGRAMS}/{programs['client']}.elf"
    tally = Tally(parts, *(events.symbol(client, f"section_{end}") for end in ("begin", "end")))
    ranges = ",".join(f"{a:#x}+{b - a:#x}" for a, b in parts.values())
    with tempfile.TemporaryDirectory() as d:
        fifo = os.path.join(d, "log")
        os.mkfifo(fifo)
        cfg.extra = [*cfg.extra, "-singlestep", "-d", "exec,nochain", "-dfilter", ranges, "-D", fifo]
        # A process of its own: a peer of the emulated network is to run beside it.
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            sections = pool.submit(tally.read, fifo)
            result = emu.run(cfg)
            with contextlib.suppress(OSError):          # if the emulator did not come that far
                os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
            return result, sections.result(60)
