# SPDX-License-Identifier: MIT
"""Line and branch coverage of the generic kernel, from the host unit tests and the fuzz corpus.

    cov.py               a row for each file, and the total
    cov.py --show FILE   the source with counts
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import fuzz
import proc
import test

ROOT = proc.ROOT
COV = ROOT / "build" / "cov"
PROFILE = "-fprofile-instr-generate -fcoverage-mapping"


def build():
    """The test programs, instrumented for coverage instead of sanitized."""
    goals = (["unit"] if test.mains("tests/unit", r"^int main\b") else []) + \
        (["fuzzers"] if fuzz.targets() else [])
    if not goals:
        sys.exit("cov: neither tests/unit nor tests/fuzz has a program")
    cmd = ["make", "--no-print-directory", "-j2", "B=build/cov", "CC=clang", f"SAN={PROFILE}",
           f"FSAN=-fsanitize=fuzzer-no-link {PROFILE}", *goals]
    done = proc.run(cmd, 600)
    if done.rc != 0:
        sys.exit(done.out + "cov: the build failed")


def commands():
    """Everything that is run, as (name, command)."""
    for name in test.mains("tests/unit", r"^int main\b"):
        yield name, [str(COV / "unit" / name)]
    for target in fuzz.targets():
        if fuzz.inputs(target):
            yield target, fuzz.replay_command(target, COV / "fuzz" / target)


def collect():
    """Runs all programs; returns the merged profile and the binaries."""
    raw = COV / "raw"
    shutil.rmtree(raw, ignore_errors=True)
    raw.mkdir(parents=True)
    binaries = []
    for name, cmd in commands():
        done = proc.run(cmd, 300, {"LLVM_PROFILE_FILE": f"{raw}/{name}.profraw"})
        if done.rc != 0:
            print(f"cov: {name} ended with status {done.rc}; what it covered counts all the same")
        binaries.append(cmd[0])
    profile = COV / "profile"
    files = [str(p) for p in raw.glob("*.profraw")]
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", str(profile), *files], check=True)
    return profile, binaries


def llvm_cov(verb, profile, binaries, *args):
    objects = [w for b in binaries[1:] for w in ("-object", b)]
    return subprocess.run(["llvm-cov", verb, f"-instr-profile={profile}", *args, binaries[0],
                           *objects], cwd=ROOT, check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def rows(summary):
    """(file, summary) of generic kernel sources and of the generated dispatcher."""
    for f in summary["data"][0]["files"]:
        path = os.path.relpath(os.path.join(ROOT, f["filename"]), ROOT)
        generic = path.startswith("kernel/") and not path.startswith("kernel/arch/")
        if (generic or path == "build/gen/dispatch.c") and f["summary"]["lines"]["count"]:
            yield path, f["summary"]


def share(part):
    covered, count = part["covered"], part["count"]
    return f"{covered:5}/{count:<5}{100 * covered / max(1, count):6.1f}%"


def print_table(found):
    print(f"{'file':28} {'lines':>17}  {'branches':>18}")
    total = {"lines": {"covered": 0, "count": 0}, "branches": {"covered": 0, "count": 0}}
    for path, s in sorted(found):
        print(f"{path:28} {share(s['lines'])}  {share(s['branches'])}")
        for what, t in total.items():
            for key in t:
                t[key] += s[what][key]
    print(f"{'total':28} {share(total['lines'])}  {share(total['branches'])}")
    (COV / "total.json").write_text(json.dumps(total))


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--show", default="", metavar="FILE")
    args = p.parse_args(argv)
    build()
    profile, binaries = collect()
    if args.show:
        print(llvm_cov("show", profile, binaries, "-show-branches=count", "-sources",
                       str(pathlib.Path(args.show))))
        return 0
    text = llvm_cov("export", profile, binaries, "-summary-only")
    print_table(list(rows(json.loads(text))))
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
