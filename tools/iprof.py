# SPDX-License-Identifier: MIT
"""Where the instructions of one benchmark row go.

    iprof.py ROW [--list] [--machine microvm|q35]

The emulator logs every instruction of the release kernel and of the benchmark program; those between
the last two readings of the counter before row() are counted, for each function of the source (inlined
ones too, as the debug information has it), per operation. --list prints the last operation's
instructions in order instead, with their lines. Only the files of tests/bench that measure the
rows run. Rows linux_* are those of tools/linuxbench.py: kernel, server and program.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile
import threading

import bench
import emu
import events
import linuxbench
import proc

KERNEL, PROGRAM = bench.KERNEL, bench.PROGRAM
LINUX = "linux_"    # how rows of Linux programs begin


class Recorder:
    """Addresses executed between the last two readings of the counter, for each row."""

    def __init__(self, counters, row):
        self.counters, self.row = counters, row
        self.rows, self.now, self.between = [], [], []

    def see(self, at):
        if at in self.counters:
            self.between, self.now = self.now, []
        elif at == self.row:
            self.rows.append(self.between)
            self.now, self.between = [], []
        else:
            self.now.append(at)

    def read(self, path):
        numbers = {}    # most addresses come very often
        with open(path, encoding="ascii", errors="replace") as log:
            for line in log:
                if not line.startswith("Trace "):
                    continue
                word = line.split("/", 2)[1]
                if word not in numbers:
                    numbers[word] = int(word, 16)
                self.see(numbers[word])


def known():
    """Rows of tests/bench."""
    return list(dict.fromkeys(n for p in sorted((proc.ROOT / "tests/bench").glob("*.c")) for n in bench.row_names(p)))


def groups(names):
    """Words for the benchmark program's command line: which of its files measure these rows."""
    sources = {p.stem: p.read_text() for p in (proc.ROOT / "tests/bench").glob("*.c")}
    for name in names:
        found = [stem for stem, source in sources.items() if f'"{name}"' in source]
        if len(found) != 1:
            sys.exit(f"iprof: no row {name} in tests/bench, and only those and linux_* are profiled here. There are: "
                     f"{' '.join(known())}. Whose instructions rows of devices (blk_*, net_*) are, "
                     'make bench ROWS="blk net" says; where those of drivers go, tests/drivers/run.py --bench')
        yield f"only={found[0]}"


def record(paths, cfg):
    """(row, addresses executed in it), for all rows measured; the last of the programs measures."""
    counters = {a for a, text in events.instructions(paths[-1]) if text.startswith("rdtsc")}
    recorder = Recorder(counters, events.symbol(paths[-1], "row"))
    ranges = ",".join(f"{a:#x}+{b - a:#x}" for a, b in map(events.text_range, paths))
    with tempfile.TemporaryDirectory() as d:
        fifo = os.path.join(d, "log")
        os.mkfifo(fifo)
        reader = threading.Thread(target=recorder.read, args=(fifo,), daemon=True)
        reader.start()
        cfg.extra = ["-singlestep", "-d", "exec,nochain", "-dfilter", ranges, "-D", fifo]
        result = emu.run(cfg)
        if not result.ok:
            sys.exit(f"iprof: {result.reason}; repeat: {cfg.command()}")
        reader.join(60)
    lines = result.console.splitlines()
    rows = [r for r in map(bench.parse_line, lines) if r] or \
        [{"name": n, "value": v, "unit": "instructions"} for n, v in linuxbench.rows_of("\n".join(lines)).items()]
    return list(zip(rows, recorder.rows))


def native(machine, names):
    """The programs of these rows, and how they are run."""
    append = " ".join(sorted(set(groups(names))))
    return [KERNEL, PROGRAM], emu.Config(KERNEL, [PROGRAM], machine=machine, cpus=2, icount=True,
                                         append=append, timeout=900, expect="^# done")


def linux(machine, names, directory):
    program = linuxbench.program(directory)
    linuxbench.build(linuxbench.archive_of(program, directory))
    return [KERNEL, linuxbench.SERVER, program], linuxbench.config(machine, names)


def places(paths, addresses):
    """{address: (functions from the innermost outwards, line)}"""
    found = {}
    for path in paths:
        first, end = events.text_range(path)
        some = sorted(a for a in addresses if first <= a < end)
        out = subprocess.run(["addr2line", "-a", "-i", "-f", "-e", str(proc.ROOT / path)], check=True,
                             text=True, input="\n".join(map(hex, some)),
                             stdout=subprocess.PIPE).stdout.splitlines()
        starts = [i for i, line in enumerate(out) if line.startswith("0x")] + [len(out)]
        names = symbols(path)
        for i, j in zip(starts, starts[1:]):
            at = int(out[i], 16)
            chain = [names(at) if n == "??" else n for n in out[i + 1:j:2]]
            found[at] = chain, re.sub(r" \(.*", "", out[i + 2]).split("/")[-1]
    return found


def symbols(path):
    """Name of the symbol at or before an address: assembly has no functions."""
    out = subprocess.run(["nm", "-n", str(proc.ROOT / path)], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    table = [(int(line.split()[0], 16), line.split()[-1]) for line in out.splitlines()]

    def name(at):
        return next((n for a, n in reversed(table) if a <= at), "?")
    return name


def listing(paths, trace):
    text = dict(i for path in paths for i in events.instructions(path))
    where = places(paths, set(trace))
    for at in trace:
        chain, line = where[at]
        print(f"{at & 0xffffffff:8x}  {text.get(at, '?'):44} {line:18} {' < '.join(chain)}")


def table(paths, trace, n):
    where = places(paths, set(trace))
    count = collections.Counter(where[at][0][0] for at in trace)
    print(f"{'function':28} {'each':>8}")
    for name, total in count.most_common():
        if total / n >= 0.05:
            print(f"{name:28} {total / n:8.1f}")
    print(f"{'together':28} {len(trace) / n:8.1f}")


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("row", nargs="*")
    p.add_argument("--rows", action="store_true", help="list rows of tests/bench, and end")
    p.add_argument("--list", action="store_true")
    p.add_argument("--machine", choices=("microvm", "q35"), default="microvm")
    args = p.parse_args(argv)
    os.chdir(proc.ROOT)
    if args.rows or not args.row:
        print("\n".join(known()))
        return 0 if args.rows else 2
    if len({n.startswith(LINUX) for n in args.row}) != 1:
        sys.exit("iprof: rows of Linux programs and others are measured by themselves")
    with tempfile.TemporaryDirectory(prefix="tessera-iprof-") as directory:
        if args.row[0].startswith(LINUX):
            paths, cfg = linux(args.machine, args.row, directory)
        else:
            paths, cfg = native(args.machine, args.row)
        show(paths, {r["name"]: (r, trace) for r, trace in record(paths, cfg)}, args)
    return 0


def show(paths, found, args):
    for name in args.row:
        if name not in found:
            sys.exit(f"iprof: row {name} was not measured; there are: {' '.join(found)}")
        r, trace = found[name]
        n = max(1, round(len(trace) / max(r["value"], 1)))
        print(f"{name}: {r['value']} {r['unit']}, {n} operations seen")
        if args.list:
            listing(paths, trace[-(len(trace) // n):])
        else:
            table(paths, trace, n)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
