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
import database                                                 # noqa: E402
import images                                                   # noqa: E402
import model                                                    # noqa: E402

import tap as taps                                              # noqa: E402
from root import ext2                                           # noqa: E402
from root.tree import Tree                                      # noqa: E402

Load = collections.namedtuple("Load", "name processes operations wait journal cuts words", defaults=("",))
LOADS = [
    Load("one process, each flush noted", 1, 500, True, True, 80),
    Load("four processes", 4, 250, False, True, 80),
    Load("three processes, the ext2 server dying", 3, 250, False, True, 40, "init.end=ext2:500"),
    Load("no journal", 1, 250, True, False, 40),
]
# journal mode of sqlite3, transactions, cuts
DATABASES = [("wal", 150, 40), ("delete", 60, 20), ("truncate", 60, 20)]
# Words of the kernel's command line that have something die again and again; the program runs for so many seconds.
DEATHS = {"disk driver dies each second": "init.end=disk:1000", "multiplexer dies each second": "init.end=mux:1000",
          "ext2 server dies each second": "init.end=ext2:1000", "ext2 server dies thrice a second": "init.end=ext2:350",
          "disk driver and ext2 server die each second": "init.end=ext2:1000 disk.crash-after-ms=700"}
DEATH_SECONDS = (5, 30)     # quick, full
# Writes and flushes that each may take, with a journal; a few more belong to checkpoints and to the timer.
COSTS = {"overwrite, fdatasync": (1, 1), "overwrite, fsync": (3, 2), "append 100 bytes, fsync": (3, 2), "new file, fsync": (3, 2),
         "nothing, fsync": (0, 0)}
KILLS = (2, 10)
SLOW = 600                  # seconds after which a machine hangs, however busy this one is
MIB = 24


def make_disk(path, directories, programs, journal=True):
    tree = Tree()
    for name in ("bin", "root", "tmp", "dev", "proc", "sys", *directories):
        tree.directory(name)
    for source, name in programs:
        tree.program(source, name)
    ext2.image(tree, path, MIB << 20)
    if not journal:
        subprocess.run([ext2.tool("tune2fs"), "-O", "^has_journal", path], check=True, capture_output=True)
    shutil.copyfile(path, path + ".base")


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


def judge_cuts(machine, rng, count, journal, judge, keep):
    """Many cuts of one run: complaints, what e2fsck mended, how many sectors could be lost."""
    entries, mended, choices, bad = len(machine.log.entries), collections.Counter(), 0, []
    cuts, cut = Cuts(machine.log, machine.disk + ".base", machine.disk + ".work", rng), machine.disk + ".cut"
    for position in sorted(rng.sample(range(1, entries + 1), min(count, entries))):
        choices += cuts.image(position, cut)
        raw = shutil.copyfile(cut, machine.disk + ".raw") if keep else None
        why, lines = check_image(cut, journal)
        mended.update(re.sub(r"^\S+: ", "", re.sub(r"\d+", "N", line)) for line in lines)
        why += judge(extract(cut, "/work", machine.disk + ".out"), position)
        if why:
            bad += [f"cut at entry {position} of {entries}:", *why]
            if raw:
                shutil.copyfile(raw, f"{keep}/cut-{os.path.basename(os.path.dirname(cut))}-{position}.img")
    return bad, mended, choices


def report(tap, name, machine, status, promises, count, seed, journal, judge, keep):
    entries = machine.log.count()
    tap.say(status == 0 and entries > 50 and valid(machine.log_path), f"{name}: runs",
             [f"status {status}, {machine.ended_by}, {entries} entries", machine.errors.decode(errors="replace"),
              *machine.console_text().splitlines()[-20:]])
    bad, mended, choices = judge_cuts(machine, random.Random(seed), count, journal, judge, keep)
    tap.say(not bad, f"{name}: {min(count, entries)} cuts", [f"seed {seed}", *bad])
    print(f"# {name}: {entries} writes and flushes, {promises} promises, {choices} sectors that could be lost", flush=True)
    for line, times in mended.most_common(6):
        print(f"#   mended by e2fsck -p {times} times: {line[:110]}", flush=True)


def test_load(tap, load, seed, directory, program, keep):
    disk = f"{directory}/disk.img"
    make_disk(disk, [f"work/p{p}" for p in range(load.processes)], [(program, "/bin/load")], load.journal)
    processes = [model.Process(p) for p in range(load.processes)]

    def on_line(line, machine):
        words = line.split()
        processes[int(words[1])].line(words, machine.log.count())
        if words[0] == "D" and load.wait:
            machine.answer(b"+")

    argv = ["/bin/load", str(seed), str(load.processes), str(load.operations)] + ["wait"] * load.wait
    machine = Machine(disk, directory, argv, SLOW, on_line, f"{directory}/log", kernel=load.words)
    status = machine.run()
    for p in processes:
        p.finish()

    def judge(work, position):
        return [why for p in processes for why in p.judge(f"{work}/p{p.number}", position, load.journal)]

    report(tap, load.name, machine, status, sum(len(p.durable) for p in processes), load.cuts, seed, load.journal, judge, keep)


def test_database(tap, mode, transactions, cuts, seed, directory, keep):
    disk, data = f"{directory}/disk.img", database.Database(mode, transactions)
    make_disk(disk, ["work"], [(shutil.which("sqlite3"), "/bin/sqlite3"), (database.STDBUF, database.STDBUF)])
    machine = Machine(disk, directory, ["/bin/sqlite3", "/work/db"], SLOW, data.line, f"{directory}/log", environment=database.ENVIRONMENT)
    machine.answer(database.opening(mode).encode())
    status = machine.run()
    report(tap, f"sqlite3, {mode}", machine, status, len(data.acknowledged), cuts, seed, True, data.judge, keep)


def listing(top):
    """What read.c prints for /work."""
    out = []
    for at, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(at, name)
            below = "/work/" + os.path.relpath(path, top)
            if os.path.islink(path):
                out.append(f"{below} link {os.readlink(path)}")
            elif os.path.isdir(path):
                out.append(f"{below} directory")
            else:
                data, total = pathlib.Path(path).read_bytes(), 14695981039346656037
                for byte in data:
                    total = (total ^ byte) * 1099511628211 & 2**64 - 1
                out.append(f"{below} file {len(data)} {total:016x}")
    return sorted(out)


def test_kill(tap, seed, directory):
    """The emulator is killed at some moment; the next boot from the same image must find what was durable."""
    disk, name, lines = f"{directory}/disk.img", f"killed, seed {seed}", []
    programs = [(f"{directory}/../{p}", f"/bin/{p}") for p in ("load", "read")]
    make_disk(disk, [f"work/p{p}" for p in range(3)], programs)
    processes, last = [model.Process(p) for p in range(3)], random.Random(seed).randrange(100, 900)

    def on_line(line, machine):
        words = line.split()
        lines.append(line)
        processes[int(words[1])].line(words, 0)
        if len(lines) == last:
            machine.kill()

    scratch = [f"{directory}/{n}" for n in range(2)]
    for d in scratch:
        os.mkdir(d)
    Machine(disk, scratch[0], ["/bin/load", str(seed), "3", "400"], SLOW, on_line).run()
    for p in processes:
        p.finish()
    seen = []
    machine = Machine(disk, scratch[1], ["/bin/read"], SLOW, lambda line, _: seen.append(line))
    status = machine.run()
    why, _ = check_image(disk, True)
    work = extract(disk, "/work", f"{directory}/out")
    why += [w for p in processes for w in p.judge(f"{work}/p{p.number}", 0, True)]
    if sorted(seen) != listing(work):
        why.append("the machine reads what is not on its disk")
    tap.say(status == 0 and len(lines) >= last and not why, f"{name}: what was durable is there after the next boot",
             [f"status {status}, {machine.ended_by}, {len(lines)} lines", *why, *machine.console_text().splitlines()[-10:]])


def test_death(tap, name, words, seconds, directory, program):
    """Components die again and again; the program must not notice, and the disk must be clean at the end."""
    disk, said = f"{directory}/disk.img", []
    make_disk(disk, ["work"], [(program, "/bin/steady")])
    machine = Machine(disk, directory, ["/bin/steady", str(seconds), "3"], SLOW, lambda line, _: said.append(line), kernel=words)
    status = machine.run()
    console = machine.console_text()
    deaths = re.findall(r"^init: (\w+) is started again", console, re.M)
    victims = set(re.findall(r"init.end=(\w+)|(\w+).crash", words))
    detail = [f"status {status}, {machine.ended_by}", *said, *machine.errors.decode(errors="replace").splitlines(), *console.splitlines()[-15:]]
    tap.say(status == 0 and len(set(deaths)) == len(victims), f"{name}: the program does not notice", detail)
    done = subprocess.run([ext2.tool("e2fsck"), "-fn", disk], text=True, capture_output=True, check=False)
    tap.say(done.returncode == 0, f"{name}: the disk is clean", done.stdout.splitlines()[-15:])
    print(f"# {name}: {len(deaths)} deaths; {', '.join(said)}", flush=True)


def test_no_journal(tap, name, directory, program):
    """Without a journal nothing can be done again: programs get errors, nothing hangs, and e2fsck -p mends the disk."""
    disk, said = f"{directory}/disk.img", []
    make_disk(disk, ["work"], [(program, "/bin/steady")], journal=False)
    machine = Machine(disk, directory, ["/bin/steady", "60", "3"], SLOW, lambda line, _: said.append(line), kernel="init.end=ext2:2000")
    status = machine.run()
    errors = machine.errors.decode(errors="replace")
    tap.say(status not in (None, 0) and "can only be read from now on" in errors and len(said) == 3 and
             all("Read-only file system" in s or "I/O error" in s for s in said), f"{name}: programs get errors",
             [f"status {status}, {machine.ended_by}", *said, *errors.splitlines(), *machine.console_text().splitlines()[-15:]])
    why, _ = check_image(disk, False)
    tap.say(not why, f"{name}: e2fsck -p mends the disk", why)


def test_full(tap, name, directory, program):
    disk, said = f"{directory}/disk.img", []
    make_disk(disk, ["work"], [(program, "/bin/full")])
    machine = Machine(disk, directory, ["/bin/full"], SLOW, lambda line, _: said.append(line))
    status = machine.run()
    tap.say(status == 0, f"{name}: all is refused that does not fit", [f"status {status}, {machine.ended_by}", *said,
             *machine.errors.decode(errors="replace").splitlines(), *machine.console_text().splitlines()[-15:]])
    done = subprocess.run([ext2.tool("e2fsck"), "-fn", disk], text=True, capture_output=True, check=False)
    tap.say(done.returncode == 0, f"{name}: the disk is clean", done.stdout.splitlines()[-15:])


def test_cost(tap, name, directory, program):
    """How many writes and flushes it takes to make something durable."""
    disk, marks = f"{directory}/disk.img", []
    make_disk(disk, ["work"], [(program, "/bin/cost")])

    def on_line(line, machine):
        marks.append((line, machine.log.count()))
        machine.answer(b"+")

    machine = Machine(disk, directory, ["/bin/cost"], SLOW, on_line, f"{directory}/log")
    status = machine.run()
    costs = {}
    for (line, start), (_, end) in zip(marks, marks[1:]):
        what, times = line.rsplit(" ", 1)
        entries = machine.log.entries[start:end]
        costs[what] = (sum(e is not None for e in entries) / int(times), sum(e is None for e in entries) / int(times))
    bad = [f"{what}: {costs.get(what)}, allowed are {most}" for what, most in COSTS.items()
           if what not in costs or any(have > may + 0.3 for have, may in zip(costs[what], most))]
    tap.say(status == 0 and not bad, f"{name}: not more than it takes",
             [f"status {status}", *bad, *machine.errors.decode(errors="replace").splitlines()])
    for what, (writes, flushes) in costs.items():
        print(f"# {what}: {writes:.2f} writes, {flushes:.2f} flushes", flush=True)


def test_image(tap, name, good, directory):
    """./tessera run --disk on a bad image, end to end."""
    path, expected = f"{directory}/disk.img", images.IMAGES[name][1]
    images.make(name, good, path)
    done = subprocess.run([str(ROOT / "tessera"), "run", "--timeout=60", "--disk", path, "/bin/busybox", "sh", "-c", images.SCRIPT],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    # 124: it hung; 125: the machine stopped by itself.
    ended = done.returncode not in (124, 125) and "Traceback" not in said
    tap.say(ended and (not expected or expected in said) and (expected is not None or done.stdout.endswith(b"end\n") or "tessera:" in said),
             f"image, {name}", [f"status {done.returncode}", *done.stdout.decode(errors="replace").splitlines()[-5:], *said.splitlines()[-15:]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a directory for images of cuts that went wrong")
    args = parser.parse_args()
    tap = taps.Writer(slice(30))
    with tempfile.TemporaryDirectory(prefix="tessera-power-") as directory:
        for program in ("load", "steady", "full", "cost", "read"):
            subprocess.run(["musl-gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-static", "-o", f"{directory}/{program}",
                            str(HERE / f"{program}.c")], check=True)
        jobs = [(load.name, lambda d, load=load: test_load(tap, load, args.seed, d, f"{directory}/load", args.keep)) for load in LOADS]
        jobs += [(f"sqlite3, {words[0]}", lambda d, words=words: test_database(tap, *words, args.seed, d, args.keep)) for words in DATABASES]
        jobs += [(f"killed, seed {seed}", lambda d, seed=seed: test_kill(tap, seed, d)) for seed in range(args.seed, args.seed + KILLS[not args.quick])]
        jobs += [(name, lambda d, name=name, words=words: test_death(tap, name, words, DEATH_SECONDS[not args.quick], d, f"{directory}/steady"))
                 for name, words in DEATHS.items()]
        name = "ext2 server dies without a journal"
        jobs.append((name, lambda d, name=name: test_no_journal(tap, name, d, f"{directory}/steady")))
        jobs.append(("a full disk", lambda d: test_full(tap, "a full disk", d, f"{directory}/full")))
        jobs.append(("cost of a sync", lambda d: test_cost(tap, "cost of a sync", d, f"{directory}/cost")))
        good = f"{directory}/good.img"
        images.disk(good)
        jobs += [(f"image, {name}", lambda d, name=name: test_image(tap, name, good, d)) for name in list(images.IMAGES)[::3 if args.quick else 1]]
        for number, (name, job) in enumerate(jobs):
            if args.only in name:
                scratch = f"{directory}/{number}"
                os.mkdir(scratch)
                job(scratch)
                shutil.rmtree(scratch)
    return tap.end(args.only)


if __name__ == "__main__":
    sys.exit(main())
