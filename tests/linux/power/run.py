#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Power cuts of whole systems: Linux programs write on the root disk, the machine is cut, and what is left is judged.

    run.py [--quick] [--only TEXT] [--seed N] [--keep DIR]       TAP

The emulator records each write and flush of the disk.  From one such log images are made as a cut at many moments could
have left them, the disk losing any part of what was not flushed.  Each must be repaired by `e2fsck -p` alone, be
clean then, and hold what was durable when the cut came.
"""
import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from machine import Machine, ROOT                               # noqa: E402
from blocklog import Cuts, valid                                # noqa: E402
import model                                                    # noqa: E402

from root import ext2                                           # noqa: E402
from root.tree import Tree                                      # noqa: E402

Load = collections.namedtuple("Load", "name processes operations wait journal cuts mib")
LOADS = [
    Load("one process, each flush noted", 1, 500, True, True, 80, 24),
    Load("four processes", 4, 250, False, True, 80, 24),
    Load("no journal", 1, 250, True, False, 40, 24),
]


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def test(self, good, name, detail=()):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} {name}", flush=True)
        for line in [] if good else list(detail)[:30]:
            print(f"# {line}", flush=True)


def make_disk(path, load, program):
    tree = Tree()
    for name in ("bin", "root", "tmp", "dev", "proc", "sys", *(f"work/p{p}" for p in range(load.processes))):
        tree.directory(name)
    tree.file("bin/load", program)
    ext2.image(tree, path, load.mib << 20)
    if not load.journal:
        subprocess.run([ext2.tool("tune2fs"), "-O", "^has_journal", path], check=True, capture_output=True)


def check_image(path, journal):
    """What e2fsck says: (complaints, what it mended)."""
    fsck = ext2.tool("e2fsck")
    first = subprocess.run([fsck, "-fp", path], text=True, capture_output=True, check=False)
    again = subprocess.run([fsck, "-fn", path], text=True, capture_output=True, check=False)
    mended = [line for line in first.stdout.splitlines() if not re.search(r"recovering journal|files \(|^\s*$", line)]
    out = []
    if first.returncode >= 4:
        out += [f"e2fsck -p gives up with {first.returncode}", *first.stdout.splitlines()[-8:], *first.stderr.splitlines()[-3:]]
    if again.returncode != 0:
        out += [f"e2fsck -n finds after e2fsck -p ({again.returncode}):", *again.stdout.splitlines()[-12:]]
    # With a journal nothing is wrong but what the orphan list names.
    wrong = [line for line in mended if not re.search(r"orphaned inode|Setting free (inodes|blocks) count|FILE SYSTEM WAS MODIFIED", line)]
    if journal and wrong:
        out += ["e2fsck -p had more to mend than the journal and the orphan list:", *wrong[:8]]
    return out, mended


def extract(path, guest, into):
    shutil.rmtree(into, ignore_errors=True)
    os.makedirs(into)
    subprocess.run([ext2.tool("debugfs"), "-R", f"rdump {guest} {into}", path], capture_output=True, check=False)
    return os.path.join(into, os.path.basename(guest))


def run_load(load, seed, directory, program):
    disk, log = f"{directory}/disk.img", f"{directory}/log"
    make_disk(disk, load, program)
    shutil.copyfile(disk, f"{directory}/base.img")
    processes = [model.Process(p) for p in range(load.processes)]

    def on_line(line, machine):
        words = line.split()
        processes[int(words[1])].line(words, machine.log.count())
        if words[0] == "D" and load.wait:
            machine.answer(b"+")

    argv = ["/bin/load", str(seed), str(load.processes), str(load.operations)] + ["wait"] * load.wait
    machine = Machine(disk, directory, argv, 120, on_line, log)
    status = machine.run()
    machine.log.count()
    for p in processes:
        p.finish()
    return machine, processes, status


def test_load(tap, load, seed, directory, program, keep):
    machine, processes, status = run_load(load, seed, directory, program)
    entries = len(machine.log.entries)
    tap.test(status == 0 and entries > 50 and valid(f"{directory}/log"), f"{load.name}: the load runs",
             [f"status {status}, {machine.ended_by}, {entries} entries", machine.errors.decode(errors="replace"),
              *machine.console_text().splitlines()[-20:]])
    rng = random.Random(seed)
    positions = sorted(rng.sample(range(1, entries + 1), min(load.cuts, entries)))
    cuts = Cuts(machine.log, f"{directory}/base.img", f"{directory}/work.img", rng)
    bad, mended, choices, cut = [], collections.Counter(), 0, f"{directory}/cut.img"
    for number, position in enumerate(positions):
        choices += cuts.image(position, cut)
        raw = shutil.copyfile(cut, f"{directory}/raw.img") if keep else None
        why, lines = check_image(cut, load.journal)
        mended.update(re.sub(r"^\S+: ", "", re.sub(r"\d+", "N", line)) for line in lines)
        work = extract(cut, "/work", f"{directory}/out")
        for p in processes:
            why += p.judge(f"{work}/p{p.number}", position, load.journal)
        if why:
            bad += [f"cut {number} at entry {position} of {entries}:", *why]
            if raw:
                shutil.copyfile(raw, f"{keep}/cut-{seed}-{load.processes}-{position}.img")
    acknowledged = sum(len(p.durable) for p in processes)
    tap.test(not bad, f"{load.name}: {len(positions)} cuts", [f"seed {seed}", *bad])
    print(f"# {load.name}: {entries} writes and flushes, {acknowledged} promises, {choices} sectors that could be lost", flush=True)
    for line, times in mended.most_common(6):
        print(f"#   mended by e2fsck -p {times} times: {line[:110]}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a directory for images of cuts that went wrong")
    args = parser.parse_args()
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="tessera-power-") as directory:
        program = f"{directory}/load"
        subprocess.run(["musl-gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-static", "-o", program, str(HERE / "load.c")], check=True)
        for load in LOADS:
            if args.only in load.name:
                with tempfile.TemporaryDirectory(prefix="load-", dir=directory) as scratch:
                    test_load(tap, load, args.seed, scratch, program, args.keep)
    print(f"1..{tap.count}")
    return tap.failed != 0


if __name__ == "__main__":
    sys.exit(main())
