#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The tests of servers/linux/mm on the host, with a kernel of arrays, under sanitizers.

    run.py [--quick] [--only TEXT] [--seed N]     TAP; status 0 if all is well

--seed: only the runs with this seed, which a failure names.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
HERE = ROOT / "tests" / "linux" / "mm"
MM = ROOT / "servers" / "linux" / "mm"
WARN = ["-std=c2x", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wmissing-prototypes",
        "-Wstrict-prototypes", "-Wundef", "-Wvla", "-Wimplicit-fallthrough", "-Werror"]
SANITIZE = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fwrapv",
            "-fno-strict-aliasing", "-fno-builtin-strstr", "-fno-builtin-free"]
# fake.c's directory comes first: its user.h takes the place of the kernel's calls.
INCLUDE = ["-iquote", str(HERE), "-I", str(HERE), "-iquote", str(MM), "-I", str(ROOT / "include"),
           "-I", str(ROOT / "build" / "gen")]
# test and its words: seeds, steps
RUNS = {"model_test": (40, 20000), "model_test short": (40, 20000), "exec_test": (20, 1000)}
QUICK = {"model_test": (8, 6000), "model_test short": (8, 6000), "exec_test": (3, 300)}


def build(compiler, test, directory):
    out = pathlib.Path(directory) / f"{compiler}-{test}"
    command = [compiler, *WARN, *SANITIZE, *INCLUDE, "-o", str(out), str(HERE / f"{test}.c"),
               str(HERE / "fake.c"), *map(str, sorted(MM.glob("*.c")))]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    return out if done.returncode == 0 else None, done.stdout


def run(program, seed, steps, words):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    try:
        done = subprocess.run([program, str(seed), str(steps), *words], text=True, env=env, timeout=600,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode == 0, done.stdout
    except subprocess.TimeoutExpired:
        return False, "timeout"


def report(count, good, name, text):
    print(f"{'ok' if good else 'not ok'} {count} {name}")
    if not good:
        for line in text.strip().splitlines()[-25:]:
            print(f"# {line}")
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    subprocess.run(["make", "-s", "gen", "build/gen/linux/.stamp"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    count = failed = 0
    with tempfile.TemporaryDirectory(prefix="mm-") as directory:
        for compiler in ("gcc", "clang"):
            for test, (seeds, steps) in (QUICK if args.quick else RUNS).items():
                if args.only not in f"{compiler}/{test}":
                    continue
                test, *words = test.split()
                program, text = build(compiler, test, directory)
                test = "-".join([test, *words])
                count += 1
                failed += report(count, program is not None, f"{compiler}/{test}/build", text)
                for seed in [args.seed] if args.seed else range(1, seeds + 1):
                    if program is None or (compiler == "clang" and seed > 2 and args.quick):
                        break
                    good, text = run(program, seed, steps, words)
                    count += 1
                    failed += report(count, good, f"{compiler}/{test}/seed-{seed}", text)
    print(f"1..{count}")
    if count == 0:
        print(f"no test has {args.only!r} in its name", file=sys.stderr)
    return 2 if count == 0 else 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
