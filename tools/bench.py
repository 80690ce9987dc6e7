# SPDX-License-Identifier: MIT
"""Runs the benchmark program in an emulator whose clock counts instructions.

    bench.py [--machine microvm|q35] [--append WORDS] [--no-events] [--no-systems] [--no-linux]

Reads console lines `bench name=<n> value=<v> unit=<u> n=<k> [key=value...]`, prints them beside the
aims of tests/bench/aims.toml, and writes build/bench.json: rows of name, value, unit, n, machine,
commit, events (see events.py), and the other keys.
"""
import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tomllib

import check
import emu
import events
import linuxbench
import proc
import sysbench

ROOT = proc.ROOT
KERNEL = "build/kernel/tessera.elf"
PROGRAM = "build/programs/kbench.elf"
# Keys of a line that are shown: whose instructions they are; what else is told.
DETAILS = ("client", "mux", "driver", "kernel", "client_to_mux", "mux_to_driver", "boot", "of_boot", "rate", "killed", "per_kill_us")
NEEDED = {"name", "value", "unit", "n"}


def number(text):
    try:
        return int(text)
    except ValueError:
        return float(text)


def parse_line(line):
    """A row, or None if the line is no benchmark line. One that is malformed raises ValueError."""
    if not line.startswith("bench "):
        return None
    row = dict(w.split("=", 1) for w in shlex.split(line)[1:] if "=" in w)
    if not NEEDED <= row.keys():
        raise ValueError(f"a benchmark line lacks {', '.join(sorted(NEEDED - row.keys()))}: {line}")
    row["value"], row["n"] = number(row["value"]), int(row["n"])
    return row


def commit():
    done = proc.run(["git", "describe", "--always", "--dirty", "--abbrev=12"], 10)
    return done.out.strip() if done.rc == 0 else "unknown"


def kernel_size():
    """Bytes of the release kernel by kind, and lines written by hand."""
    out = subprocess.run(["size", str(ROOT / KERNEL)], check=True, text=True,
                         stdout=subprocess.PIPE).stdout.splitlines()[1].split()
    for kind, value in zip(("text", "data", "bss"), out):
        yield {"name": f"kernel_{kind}", "value": int(value), "unit": "bytes", "n": 1}
    yield {"name": "kernel_lines", "value": check.kernel_sloc(), "unit": "lines", "n": 1}


def measure(machine, append, mem="256M"):
    cfg = emu.Config(KERNEL, [PROGRAM], machine=machine, cpus=2, icount=True, append=append, mem=mem,
                     timeout=300, expect="^# done")
    result = emu.run(cfg)
    rows = [r for r in map(parse_line, result.console.splitlines()) if r]
    if not result.ok or not rows:
        tail = "\n".join(result.console.splitlines()[-25:])
        sys.exit(f"{tail}\nbench: {result.reason}, {len(rows)} results; repeat: {cfg.command()}")
    return rows


def add_events(rows, machine, append):
    """Per operation, rounded: how many of each kind of expensive event."""
    counted = events.count(KERNEL, PROGRAM, machine, append)
    if len(counted) != len(rows):
        sys.exit(f"bench: events of {len(counted)} rows, but {len(rows)} rows")
    for r, events_of in zip(rows, counted):
        r["events"] = {k: round(v / r["n"], 2) for k, v in events_of.items() if round(v / r["n"], 2)}


def aims():
    with open(ROOT / "tests/bench/aims.toml", "rb") as f:
        return {a["name"]: a for a in tomllib.load(f)["aim"]}


def print_table(rows, table, whole=True):
    print(f"{'name':28} {'value':>10} {'aim':>8}  unit")
    for r in rows:
        aim = table.get(r["name"], {}).get("value")
        over = f"  {r['value'] / aim:.1f} x the aim" if aim and r["value"] > aim else ""
        each = ", ".join([f"{v:g} {k}" for k, v in r.get("events", {}).items()] + [f"{r[k]} {k}" for k in DETAILS if k in r])
        print(f"{r['name']:28} {r['value']:>10} {aim or '-':>8}  {r['unit']}{over}"
              + (f"  ({r['ratio']} x Linux's {r['linux']})" if "ratio" in r else "") + (f"  ({each})" if each else ""))
    lacking = [n for n in table if n not in {r["name"] for r in rows}]
    if lacking and whole:
        print("not measured: " + ", ".join(lacking))


def longest(machine, append):
    """Of each call, here and on a machine whose IOMMU has to answer, the longer one."""
    found = {}
    for m in (machine, "q35-iommu"):
        for r in measure(m, f"{append} only=worst"):
            r["machine"] = m
            if r["name"] not in found or r["value"] > found[r["name"]]["value"]:
                found[r["name"]] = r
    return list(found.values())


def measure_all(args):
    rows = measure(args.machine, args.append)
    if not args.no_events:
        add_events(rows, args.machine, args.append)
    rows += measure(args.machine, f"{args.append} only=boot", "512M")
    rows += longest(args.machine, args.append)
    rows += kernel_size()
    for r in rows:
        r.update(machine=r.get("machine", args.machine), commit=commit())
    if not args.no_systems:
        rows += [{**parse_line(s), "machine": "q35-iommu", "commit": commit()} for s in sysbench.lines()]
    if not args.no_linux:
        rows += [{**parse_line(s), "machine": "microvm", "commit": commit()} for s in linuxbench.lines()]
    return rows


def row_names(path):
    """Names of rows in a file of tests/bench; sys_must is told names of calls."""
    return re.findall(r'"([a-z0-9]+(?:_[a-z0-9]+)+)"', re.sub(r"\bsys_must\(.*", "", path.read_text()))


def part_of(path):
    """The word after only= that makes the benchmark program measure the rows of this file."""
    return "boot" if path.stem == "main" else path.stem


def parts():
    """Names of rows by part; those of the longest calls are made of the calls' own."""
    calls = tomllib.loads((ROOT / "abi/kernel.toml").read_text())["call"]
    names = {part_of(p): row_names(p) for p in sorted((ROOT / "tests/bench").glob("*.c"))}
    return names | {"boot": names["boot"] + ["kernel_ram"], "worst": [f"worst_{c['name']}" for c in calls]}


def measure_some(words, args):
    """Only the parts that have such rows, and of those these rows."""
    found = []
    for part, names in parts().items():
        if not any(w in n for w in words for n in names):
            continue
        found += longest(args.machine, args.append) if part == "worst" else \
            measure(args.machine, f"{args.append} only={part}", "512M" if part == "boot" else "256M")
    found += kernel_size()
    found += map(parse_line, sysbench.lines(words))
    if any("linux".startswith(w) or w.startswith("linux") for w in words):
        found += map(parse_line, linuxbench.lines())
    found = [r for r in found if any(w in r["name"] for w in words)]
    if not found:
        sys.exit(f"bench: no row has one of these words in its name: {' '.join(words)}; "
                 "names stand in tests/bench/*.c, tools/sysbench.py, tools/linuxbench.py, tests/bench/aims.toml")
    return found


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--machine", choices=("microvm", "q35"), default="microvm")
    p.add_argument("--append", default="")
    p.add_argument("--no-events", action="store_true", help="count instructions only")
    p.add_argument("--no-systems", action="store_true", help="without devices in whole systems")
    p.add_argument("--no-linux", action="store_true", help="without Linux programs, here and on Linux")
    p.add_argument("--rows", default="", help="only rows whose names have one of these words in them; bench.json stays as it is")
    args = p.parse_args(argv)
    for path in (KERNEL, PROGRAM):
        if not (ROOT / path).exists():
            sys.exit(f"bench: {path} is not built (no source?)")
    words = args.rows.split()
    rows = measure_all(args) if not words else measure_some(words, args)
    if not words:
        pathlib.Path(ROOT / "build/bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    print_table(rows, aims(), not words)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
