# SPDX-License-Identifier: MIT
"""The machine from outside: what a debugger and the emulator's monitor see of it.

    run.py [--only NAME] [--list]       TAP on standard output

NAME selects parts whose name contains it: epitaph, features, memory, debugger, shootdown, told, speed.
"""
import argparse
import subprocess
import sys

import debugger
import epitaph
import features
import memory
import shootdown
import speed
import told
from under import ROOT
import tap as taps                                             # noqa: E402

PARTS = {"epitaph": epitaph.run, "features": features.run, "memory": memory.run,
         "debugger": debugger.run, "shootdown": shootdown.run,
         "told": told.run, "speed": speed.run}


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default="")
    p.add_argument("--list", action="store_true")
    args = p.parse_args(argv)
    parts = {n: f for n, f in PARTS.items() if args.only in n}
    if args.list:
        print("\n".join(parts))
        return 0
    tap = taps.Writer(slice(-60, None))
    done = subprocess.run(["make", "--no-print-directory", "-j2", "B=build", "kernel",
                           *(f"build/programs/{p}.elf" for p in ("hello", "ktest", "kbench"))],
                          cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        tap.say(False, "kernel and programs are built", done.stdout)
        parts = {}
    for part in parts.values():
        part(tap)
    return tap.end(args.only)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
