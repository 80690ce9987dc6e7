# SPDX-License-Identifier: MIT
"""Damaged bundles: init's check of them on the host, under sanitizers; one in the emulator.

    run.py [--rounds N] [--seed N]      TAP on standard output
"""
import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "tools/tests"))
import emu                                                      # noqa: E402
import test_sysgen                                              # noqa: E402

BUILD = ROOT / "build" / "bundle"
ROOM = 1 << 20
FLAGS = ["-std=gnu2x", "-g", "-O1", "-fno-strict-aliasing", "-fwrapv", "-Wall", "-Wextra", "-Werror",
         "-Iinclude", "-Ibuild/gen", "-fno-pie", "-no-pie", "-fsanitize=address,undefined",
         "-fno-sanitize-recover=all", f"-Wl,--defsym=bundle_end=bundle_start+{ROOM}"]
KERNEL = "build/kernel-debug/tessera.elf"


def say(number, ok, name, detail=""):
    print(f"{'ok' if ok else 'not ok'} {number} {name}")
    for line in detail.splitlines()[-20:]:
        print("#   " + line)
    return ok


def run(*cmd, timeout=300):
    done = subprocess.run(cmd, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout)
    return done.returncode == 0, done.stdout


def fuzz(compiler, rounds, seed):
    out = BUILD / f"fuzz-{compiler}"
    ok, text = run(compiler, *FLAGS, "-o", str(out), "tests/bundle/fuzz.c", "servers/init/bundle.c")
    return run(str(out), str(BUILD / "good.bin"), str(rounds), str(seed)) if ok else (ok, text)


def damaged_image():
    """A system whose bundle was damaged after init was linked with it."""
    image = bytearray((ROOT / "build/systems/pair.elf").read_bytes())
    pages = range(0, len(image), 4096)
    at = next(p for p in pages if image[p:p + 8] == b"TsBundle")
    image[at + 300] ^= 4
    path = BUILD / "damaged.elf"
    path.write_bytes(image)
    result = emu.run(emu.Config(str(ROOT / KERNEL), [str(path)], timeout=60))
    return "program panic: the bundle is damaged: sum" in result.console, result.console


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=60000)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args(argv)
    BUILD.mkdir(parents=True, exist_ok=True)
    ok, text = run("make", "--no-print-directory", "-j2", "B=build", "gen", KERNEL,
                   "build/systems/pair.elf", timeout=900)
    ok = say(1, ok, "kernel and system are built", "" if ok else text)
    _, data = test_sysgen.Pack().bundle()
    (BUILD / "good.bin").write_bytes(data)
    for i, compiler in enumerate(("gcc", "clang")):
        done, text = fuzz(compiler, args.rounds, args.seed)
        ok &= say(2 + i, done, f"damaged bundles are refused or consistent ({compiler})", text)
    done, text = damaged_image()
    ok &= say(4, done, "init does not start a system that was damaged", "" if done else text)
    print("1..4")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
