#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What abi/linux.toml says of words (flags, commands...) is so: each is tried here and on Tessera.

    run.py [--quick] [--only TEXT] [--host]    TAP; one line for each call and set; --host: only what this machine does

For each value it is known from the table whether Tessera takes it and whether Linux does; both must
answer so.  What the table says that only Linux has, an older or other Linux may refuse, too.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import tap as taps  # noqa: E402
from abigen import linux  # noqa: E402

ABI = ROOT / "abi"
FIELD_MOST = 0x100      # of wider fields only words are tried
# What is beside words of these belongs to other devices, families and machines.
SPARSE = {"ioctl", "prctl", "archprctl", "domain", "level", "rusage"}
# The table has the words of Linux 6.18: one that is older may refuse some, or have no such call at all.
OLD = tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2]) < (6, 18)
NO_CALL = "38"
STRANGE = (0x7ffffffe, 0x12345678)
# What is not tried, since this machine would suffer: memory taken away as broken, its console taken, its end.
UNTRIED = {"MADV_HWPOISON", "MADV_SOFT_OFFLINE", "TIOCCONS"}
UNTRIED_SETS = {"reboot"}
# What this machine may refuse though the table says that Linux takes it: file systems and processors differ.
MAY_REFUSE = {
    ("fallocate", "FALLOC_FL_ZERO_RANGE"): "tmpfs has none",
    ("madvise", "MADV_COLLAPSE"): "Linux may have no large pages",
    **{(call, f"CLOCK_{name}_ALARM"): "it wants a clock that wakes the machine" for call in ("clock_gettime", "clock_getres") for name in ("REALTIME", "BOOTTIME")},
    **{("pkey_alloc", name): "the processor has none" for name in ("0x0", "PKEY_DISABLE_ACCESS", "PKEY_DISABLE_WRITE")},
}


def values_of(limit):
    """What is tried: words, and what is no word."""
    s, base = limit.set, limit.values[0] if limit.values and not limit.set.exact else 0
    field = s.field() & ~limit.number
    words = {name: v for name, v, _ in s.words if name not in UNTRIED}
    if s.exact:
        found = {*words.values(), *STRANGE}
        if s.name not in SPARSE:        # their neighbours, too
            found |= {v + 1 for v in words.values()} | {v - 1 for v in words.values() if v}
            found -= {v for name, v, _ in s.words if name in UNTRIED}
    else:
        masks = {name: m for name, _, m in s.words}
        bits = {v for name, v in words.items() if v and masks[name] == v}
        covered = 0
        for v in bits:
            covered |= v
        bits |= {1 << i for i in range(64 if s.wide else 32) if not (covered | field | limit.number) >> i & 1}
        found = {base, *(b | base for b in bits)}
        if limit.field and field < FIELD_MOST:
            found |= set(range(field + 1))
        elif limit.field:
            found |= {v for name, v in words.items() if masks[name] == field} | {v for v in STRANGE if not v & ~field}
    if not s.wide:          # what stands above is not looked at
        found.add(1 << 32 | next((v for v in [base, *limit.values] if limit.takes(v)), 0))
    return sorted(found)


def read(text):
    """(call, set, value) -> result."""
    found = {}
    for line in text.splitlines():
        if line == "all tried":
            return found
        call, name, value, answer = line.split()
        found[call, name, int(value, 16)] = answer
    raise ValueError(f"it ended early: {text[-300:]}")


def on_host(program, directory, asked):
    """In a mount namespace of its own: what is mounted does not stay."""
    command = ["unshare", "--mount", "--uts", "--ipc", "--net", "sh", "-c", 'mount -t tmpfs tmpfs "$1" && cd "$1" && exec "$0"', program, directory]
    return subprocess.run(command, input=asked, text=True, capture_output=True, check=False, timeout=600)


def on_tessera(program, asked, directory):
    (pathlib.Path(directory) / "asked").write_text(asked)
    command = [str(ROOT / "tessera"), "run", "--timeout=500", "--mem=512M", "--cwd=/tmp", f"--dir={directory}:/asked", f"--dir={program}:/probe", "sh", "-c",
               "exec /probe < /asked/asked"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False, timeout=600)


def answered(side, takes, answer, numbers):
    """What a side did, with its answer by name: taken is also what is answered with another error than that of refusal."""
    name = {str(number): name for name, number in numbers.items()}.get(answer, answer)
    return f"{side} {'takes' if takes else 'refuses'} it, " + {"0": "with success", "ended": "and a signal ended the process"}.get(name, f"with {name}")


def judge(call, limit, tried, numbers):
    """What is wrong with the answers to a value, (value, here, on Tessera); None: nothing."""
    value, theirs, ours = tried
    if theirs is None or ours is None:
        return f"{call}({value:#x}): not tried"
    name, error = limit.told(value), str(limit.answer(value, numbers))
    where = f"{call}({name})"
    if limit.takes(value) == (ours == error):
        return f"{where}: " + answered("Tessera", ours != error, ours, numbers)
    if limit.linux_takes(value) == (theirs != error) or (OLD and theirs == NO_CALL):
        return None
    if theirs == error and (OLD or (call, name) in MAY_REFUSE or not limit.takes(value)):
        print(f"# {where}: this Linux refuses it, too")
        return None
    return f"{where}: " + answered("Linux", theirs != error, theirs, numbers)


def compiled(directory):
    program = f"{directory}/probe"
    done = subprocess.run(["musl-gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-o", program, *map(str, sorted(HERE.glob("*.c")))],
                          text=True, capture_output=True, check=False)
    return program if done.returncode == 0 else None, done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--host", action="store_true")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("ok 1 words # skip needs root, to try what only root may\n1..1")
        return 0
    words = linux.load_words(ABI / "linux-words.toml")
    numbers = linux.numbers(words)
    _, _, found = linux.load(ABI / "linux.toml", ROOT / "servers" / "linux", words)
    sites = [(call, limit) for (call, name), limit in found.items() if name not in UNTRIED_SETS and args.only in f"{call} {name}"]
    if not sites:
        parser.error(f"no call and set has {args.only!r} in it; they are as in the first words of docs/linux.md's table: `pipe2 fdflags`")
    asked = "".join(f"{call} {limit.set.name} {' '.join(f'{v:x}' for v in values_of(limit))}\n" for call, limit in sites)
    with tempfile.TemporaryDirectory(prefix="tessera-words-") as directory:
        program, errors = compiled(directory)
        if program is None:
            print(f"not ok 1 builds\n# {errors}\n1..1")
            return 1
        (pathlib.Path(directory) / "host").mkdir()
        (pathlib.Path(directory) / "dir").mkdir()
        host = on_host(program, f"{directory}/host", asked)
        if args.host:
            print(host.stdout + host.stderr)
            return 0
        guest = on_tessera(program, asked, f"{directory}/dir")
    try:
        theirs, ours = read(host.stdout), read(guest.stdout)
    except ValueError as error:
        print(f"not ok 1 all words are tried\n# {error}\n# {(host.stderr + guest.stderr)[-1000:]}\n1..1")
        return 1
    tap = taps.Writer()
    for call, limit in sites:
        tried = [(v, theirs.get((call, limit.set.name, v)), ours.get((call, limit.set.name, v))) for v in values_of(limit)]
        wrong = [w for w in (judge(call, limit, t, numbers) for t in tried) if w]
        tap.say(not wrong, f"{call}: {limit.set.name}, {len(tried)} values", wrong)
    return tap.end(args.only)


if __name__ == "__main__":
    sys.exit(main())
