#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""servers/linux/fs on the host: random calls, compared with the kernel that runs here.

    run.py [--quick] [--seed N] [--calls N]     TAP; a seed that fails can be given again
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))
from abigen import linux  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ["-std=c2x", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-fno-strict-aliasing", "-fwrapv",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-builtin",
         "-I", str(ROOT / "include"), "-I", str(ROOT / "build" / "gen")]


def dispatch(directory):
    """The dispatcher of the calls of fs/, as the server has it."""
    abi = ROOT / "abi"
    words = linux.load_words(abi / "linux-words.toml")
    rows, _, found = linux.load(abi / "linux.toml", ROOT / "servers" / "linux", words)
    rows = [row for row in rows if row.get("handler", "fs/").startswith("fs/")]
    path = pathlib.Path(directory) / "call.c"
    path.write_text("\n".join(linux.dispatch(rows, found, linux.numbers(words))) + "\n")
    return path


def build(compiler, test, directory):
    program = f"{directory}/{compiler}-{test}"
    parts = sorted(HERE.glob("diff_*.c")) if test == "diff_test" else [HERE / f"{test}.c"]
    sources = [*parts, HERE / "host.c", dispatch(directory), ROOT / "build/gen/linux/names.c",
               *(ROOT / "servers/linux/core" / name for name in ("missing.c", "words.c")), ROOT / "servers/linux/mm/copy_struct.c",
               *sorted(f for f in (ROOT / "servers/linux/fs").glob("*.c") if not f.name.startswith("remote"))]
    done = subprocess.run([compiler, *FLAGS, "-o", program, *map(str, sources)], capture_output=True, text=True,
                          check=False, timeout=600)
    if done.returncode:
        print("# " + done.stderr.replace("\n", "\n# "))
        return None
    return program


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--calls", type=int, default=2500)
    args = parser.parse_args()
    seeds = [args.seed] if args.seed is not None else list(range(1, 6 if args.quick else 41))
    count = failed = 0

    def tap(good, name):
        nonlocal count, failed
        count, failed = count + 1, failed + (not good)
        print(f"{'ok' if good else 'not ok'} {count} {name}", flush=True)

    subprocess.run(["make", "-s", "-C", str(ROOT), "gen", "build/gen/linux/.stamp"], check=True, timeout=300)
    with tempfile.TemporaryDirectory(prefix="tessera-fs-") as directory:
        root = pathlib.Path(directory) / "root"
        root.mkdir()
        for compiler in ("gcc", "clang"):
            program = build(compiler, "diff_test", directory)
            tap(program is not None, f"{compiler} builds")
            for seed in seeds if program else []:
                done = subprocess.run(["unshare", "--mount", program, str(root), str(seed), str(args.calls)],
                                      capture_output=True, text=True, errors="replace", check=False, timeout=600,
                                      env={"ASAN_OPTIONS": "detect_leaks=0"})
                if done.returncode == 3:
                    print(f"ok {count + 1} # SKIP {done.stdout.strip()}")
                    count += 1
                    break
                if done.returncode:
                    print("# " + (done.stdout + done.stderr)[-4000:].strip().replace("\n", "\n# "))
                tap(done.returncode == 0, f"seed {seed} ({compiler}): {args.calls} calls as Linux answers them")
            program = build(compiler, "fuzz_test", directory)
            tap(program is not None, f"{compiler} builds the fuzzer")
            for seed in seeds if program else []:
                done = subprocess.run([program, str(seed), str(args.calls * 40)], capture_output=True, text=True,
                                      errors="replace", check=False, timeout=600, env={"ASAN_OPTIONS": "detect_leaks=0"})
                if done.returncode:
                    print("# " + (done.stdout + done.stderr)[-4000:].strip().replace("\n", "\n# "))
                tap(done.returncode == 0, f"seed {seed} ({compiler}): any arguments")
            if args.quick:
                break
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
