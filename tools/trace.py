# SPDX-License-Identifier: MIT
"""What the kernel does, event by event.

    trace.py run [--program ELF] [--append WORDS] [--events N] [--machine M] [--cpus N] [--extra WORD]... [@FILE]
    trace.py text FILE          print a recording
    trace.py chrome FILE OUT    as Chrome trace JSON (chrome://tracing, Perfetto)

`run` boots the debug kernel under gdb, which reads each event when it is made; so nothing is lost
and nothing is added to the kernel. Each stop makes the clock jump by some ten thousand ticks: the
order is right, the distances are too long. It writes build/trace.json (the
recording), build/trace.txt and build/trace-chrome.json.
"""
import argparse
import json
import os
import pathlib
import sys

import emu
import proc

ROOT = proc.ROOT
sys.path.insert(0, str(ROOT / "tools" / "kd"))
import layout

KERNEL = "build/kernel-debug/tessera.elf"
RECORDING = ROOT / "build" / "trace.json"


def record(args):
    """Runs the machine with gdb; the recorder writes the events into a file."""
    RECORDING.unlink(missing_ok=True)
    cfg = emu.Config(KERNEL, [args.program], machine=args.machine, cpus=args.cpus,
                     append=args.append, extra=args.extra, accel="tcg", icount=True)
    os.environ["TRACE_OUT"], os.environ["TRACE_MAX"] = str(RECORDING), str(args.events)
    emu.debug(cfg, [f"source {ROOT}/tools/kd/record.py"], batch=True)
    if not RECORDING.exists():
        sys.exit("trace: nothing was recorded")
    return load(RECORDING)


def load(path):
    """Events as (cpu, (when, kind, thread, a, b)), in order of time."""
    rows = json.loads(pathlib.Path(path).read_text())
    return sorted(((c, tuple(e)) for c, e in rows), key=lambda row: row[1][0])


def to_text(rows, decoder):
    lines, last = [], rows[0][1][0] if rows else 0
    for c, e in rows:
        thread = "-" if e[2] == layout.NIL else f"{e[2]:#x}"
        lines.append(f"{e[0]:14} +{e[0] - last:<8} cpu {c} thread {thread:8} {decoder.describe(e)}")
        last = e[0]
    return "\n".join(lines) + "\n"


def to_chrome(rows, decoder):
    """One track for each CPU: threads as spans, the rest as instants. A unit is a clock tick."""
    out, running = [], {}

    def close(c, when):
        if c in running:
            start, thread = running.pop(c)
            out.append({"name": f"thread {thread:#x}", "ph": "X", "ts": start, "dur": when - start,
                        "pid": 0, "tid": c})
    switch = next((k for k, v in decoder.event.items() if v[0] == "switch"), None)
    for c, e in rows:
        when, kind, _, a, _ = e
        if kind == switch:
            close(c, when)
            if a != layout.NIL:
                running[c] = (when, a)
        else:
            out.append({"name": decoder.describe(e), "ph": "i", "s": "t", "ts": when, "pid": 0,
                        "tid": c})
    for c in list(running):
        close(c, rows[-1][1][0])
    names = [{"name": "thread_name", "ph": "M", "pid": 0, "tid": c, "args": {"name": f"cpu {c}"}}
             for c in sorted({c for c, _ in rows})]
    return {"traceEvents": names + out}


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="verb", required=True)
    r = sub.add_parser("run", fromfile_prefix_chars="@")
    r.add_argument("--program", default="build/programs/hello.elf")
    r.add_argument("--append", default="")
    r.add_argument("--events", type=int, default=5000)
    r.add_argument("--machine", default="microvm")
    r.add_argument("--cpus", type=int, default=1)
    r.add_argument("--extra", action="append", default=[])
    for name in ("text", "chrome"):
        s = sub.add_parser(name)
        s.add_argument("file")
        if name == "chrome":
            s.add_argument("out")
    args = p.parse_args(argv)
    decoder = layout.Layout()
    rows = record(args) if args.verb == "run" else load(args.file)
    if args.verb != "chrome":
        text = to_text(rows, decoder)
        print(text, end="")
    if args.verb == "run":
        (ROOT / "build/trace.txt").write_text(text)
    if args.verb != "text":
        out = pathlib.Path(args.out) if args.verb == "chrome" else ROOT / "build/trace-chrome.json"
        out.write_text(json.dumps(to_chrome(rows, decoder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
