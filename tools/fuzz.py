# SPDX-License-Identifier: MIT
"""Runs the fuzz targets of tests/fuzz: replays the kept inputs, then looks for new ones.

    fuzz.py [--seconds N]      each target in turn; N 0 replays only
"""
import argparse
import pathlib
import re
import sys

import proc

ROOT = proc.ROOT
CORPUS = ROOT / "tests" / "fuzz" / "corpus"


def targets():
    """Names of the fuzz targets that have a source."""
    return [p.stem for p in sorted((ROOT / "tests" / "fuzz").glob("*.c"))
            if re.search(r"^int LLVMFuzzerTestOneInput\b", p.read_text(), re.MULTILINE)]


def corpus(target):
    """The kept inputs: a directory of the target's name, or the common one."""
    own = CORPUS / target
    return own if own.is_dir() else CORPUS


def inputs(target):
    d = corpus(target)
    return sorted(p for p in d.iterdir() if p.is_file()) if d.is_dir() else []


def replay_command(target, binary):
    return [str(binary), "-timeout=20", *map(str, inputs(target))]


def search_command(target, binary, seconds):
    work = ROOT / "build" / "fuzz-work" / target
    new = work / "corpus"
    new.mkdir(parents=True, exist_ok=True)
    cmd = [str(binary), f"-max_total_time={seconds}", "-timeout=20", "-print_final_stats=1",
           f"-artifact_prefix={work}/", str(new)]
    return cmd + ([str(corpus(target))] if inputs(target) else [])


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=int, default=60)
    args = p.parse_args(argv)
    bad = 0
    for t in targets():
        binary = pathlib.Path("build/fuzz") / t
        steps = [replay_command(t, binary)] if inputs(t) else []
        steps += [search_command(t, binary, args.seconds)] if args.seconds else []
        for cmd in steps:
            done = proc.run(cmd, args.seconds + 120)
            print("\n".join(done.out.splitlines()[-12:]), flush=True)
            if done.rc != 0:
                print(f"fuzz: {t} failed; repeat with: {' '.join(cmd)}")
                bad = 1
                break
    if not targets():
        print("fuzz: tests/fuzz has no target yet")
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
