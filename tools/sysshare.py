# SPDX-License-Identifier: MIT
"""Whose instructions a request costs: client, multiplexer, driver, kernel; and what its way from one
process to the next costs. For sysbench.py.

The programs are linked to addresses of their own (`make apart`); a plug-in of the emulator (tally.c) counts
each instruction between section_begin and section_end of the client. An instruction passes something on if it
is of the libraries for rings, channels and waiting; for which of its two neighbours the multiplexer does so is
told by the file of its own whose code ran last.
"""
import os
import pathlib
import re
import subprocess
import tempfile

import emu
import events
import proc

PROGRAMS = "build/apart/programs"
PLUGIN = "build/tally.so"
SOURCE = proc.ROOT / "tools/tally.c"
WAY_FILES = {"ring.h", "chan.h", "chan.c", "component.h", "component.c", "ipc.S"}
# What lib/drv and tessera/drv.h do for a driver's rings.
WAY_FUNCTIONS = re.compile(r"drv_(can_answer|begin|take|put_back|answer|end|idle)|ring_\w+|wait|served|acknowledge")
# Files of the multiplexers: whom they face.
SIDES = {"clients.c": "client", "wire.c": "driver", "requests.c": "driver", "disk.c": "driver"}
LIBRARIES = re.compile(r"/lib/(sys|blk)/|/include/")


def build_plugin():
    """Which version of its interface a plug-in must name depends on the emulator."""
    said = subprocess.run([emu.QEMU, "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout
    version = 2 if int(re.search(r"version (\d+)", said)[1]) >= 9 else 1
    subprocess.run(["gcc", "-std=c2x", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden",
                    f"-DPLUGIN_VERSION={version}", "-o", str(proc.ROOT / PLUGIN), str(SOURCE)], check=True)


def places(path, addresses):
    """{address: (function, file)} of the innermost call."""
    done = subprocess.run(["addr2line", "-e", str(proc.ROOT / path), "-a", "-f", "-i"], check=True, text=True,
                          input="".join(f"{a:#x}\n" for a in addresses), stdout=subprocess.PIPE)
    return {int(m[1], 16): (m[2], m[3]) for m in
            re.finditer(r"^(0x[0-9a-f]+)\n(.*)\n(.*?):", done.stdout, re.MULTILINE)}


def kind_of(program, function, path):
    """(kind, side) of an instruction."""
    name = pathlib.PurePath(path).name
    if name in WAY_FILES or (program == "driver" and name in ("drv.h", "main.c") and WAY_FUNCTIONS.fullmatch(function)):
        return "via", "-"
    if LIBRARIES.search(path):
        return "plain", "-"
    return "own", SIDES.get(name, "-") if program == "mux" else "-"


def ranges_of(program, path):
    """(first, end, kind, program, side) of a program's code."""
    begin, end = events.text_range(path)
    found = sorted(a for a, _ in events.instructions(path) if begin <= a < end)
    at, marks = places(path, found), {}
    if program == "client":
        marks = {events.symbol(path, f"section_{what}"): what for what in ("begin", "end")}
    out = []
    for first, after in zip(found, [*found[1:], end]):
        kind, side = (marks[first], "-") if first in marks else kind_of(program, *at[first])
        if out and out[-1][1:] == (first, kind, program, side):
            out[-1] = (out[-1][0], after, kind, program, side)
        else:
            out.append((first, after, kind, program, side))
    return out


def write_ranges(path, kernel, system, programs):
    found = [(*events.text_range(kernel), "kernel", "-", "-"), (*events.text_range(system), "own", "others", "-")]
    for program, name in programs.items():
        elf = f"{PROGRAMS}/{name}.elf"
        found += ranges_of(program, elf) if program in ("client", "mux", "driver") else \
            [(*events.text_range(elf), "own", program if program == "idle" else "others", "-")]
    with open(path, "w", encoding="ascii") as f:
        f.writelines(f"{r[0]:x} {r[1]:x} {r[2]} {r[3]} {r[4]}\n" for r in sorted(found))


def section_of(line):
    """{(kind, program, side): instructions}"""
    return {tuple(m[1].split("/")): int(m[2]) for m in re.finditer(r"(\S+)=(\d+)", line)}


def together(section):
    """All but what the program does that runs when nobody else does."""
    return sum(v for (kind, program, _), v in section.items() if kind == "kernel" or program != "idle")


def shares_of(section, n):
    """Words for a row of n requests. The multiplexer's waiting is for both its neighbours: half for each."""
    def total(test):
        return sum(v for key, v in section.items() if test(*key)) // n

    def way(program, side):
        return total(lambda k, p, s: p == program and k in ("via", "kernel") and s == side)
    shared = way("mux", "-") // 2
    out = {p: total(lambda k, q, s, p=p: q == p and k != "kernel") for p in ("client", "mux", "driver")}
    out["kernel"] = total(lambda k, p, s: k == "kernel" and p != "others")
    out["others"] = total(lambda k, p, s: p == "others")
    out["client_to_mux"] = way("client", "-") + way("mux", "client") + shared
    out["mux_to_driver"] = way("driver", "-") + way("mux", "driver") + shared
    out["interrupts"] = total(lambda k, p, s: k == "kernel" and p == "idle")
    return "".join(f" {k}={v}" for k, v in out.items())


def count(cfg, kernel, programs):
    """(result, [section]) of a system that is to run."""
    build_plugin()
    with tempfile.TemporaryDirectory() as d:
        ranges, out = os.path.join(d, "ranges"), os.path.join(d, "out")
        write_ranges(ranges, kernel, cfg.programs[0], programs)
        cfg.extra = [*cfg.extra, "-plugin", f"{proc.ROOT / PLUGIN},ranges={ranges},out={out}"]
        result = emu.run(cfg)
        text = pathlib.Path(out).read_text(encoding="ascii") if os.path.exists(out) else ""
        return result, [section_of(line) for line in text.splitlines()]
