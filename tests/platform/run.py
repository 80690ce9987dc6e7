# SPDX-License-Identifier: MIT
"""Host tests of the platform server, with sanitizers and both compilers: tables of the firmware,
PCI on a simulated machine.

    run.py [--quick]                     TAP on standard output
"""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "platform"
SOURCES = [f"servers/platform/{n}.c" for n in ("acpi", "bars", "board", "caps", "clock", "devices",
                                               "group", "message", "pci", "power")] + \
    [f"tests/platform/{n}.c" for n in ("acpi_test", "main", "model", "pci_test")]
FLAGS = ["-std=c2x", "-g", "-O1", "-fno-strict-aliasing", "-fwrapv", "-Wall", "-Wextra", "-Wconversion",
         "-Wshadow", "-Wmissing-prototypes", "-Wstrict-prototypes", "-Werror", "-Iinclude",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
QUICK, FULL = 300, 20000


def lines_of(compiler, rounds):
    """Lines of a report, without numbers."""
    if not shutil.which(compiler):
        return [f"ok platform with {compiler} # skip no {compiler}"]
    out = BUILD / f"test-{compiler}"
    BUILD.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([compiler, *FLAGS, "-o", str(out), *SOURCES], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        return [f"not ok builds with {compiler}"] + ["#   " + s for s in done.stdout.splitlines()[:20]]
    try:
        done = subprocess.run([str(out), str(rounds)], text=True, timeout=1800,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text, bad = done.stdout, done.returncode != 0
    except subprocess.TimeoutExpired:
        text, bad = "# timeout\n", True
    out = []
    for s in text.splitlines():
        m = re.match(r"(not ok|ok) \d+ (.*)", s)
        out.append(f"{m.group(1)} {m.group(2)} ({compiler})" if m else "#   " + s)
    if bad and not any(s.startswith("not ok") for s in out):
        out.append(f"not ok ends well ({compiler})")
    return out


def main(argv):
    rounds = QUICK if "--quick" in argv else FULL
    number, failed = 0, 0
    for s in [s for c in ("gcc", "clang") for s in lines_of(c, rounds)]:
        m = re.match(r"(not ok|ok) (.*)", s)
        if m:
            number += 1
            failed += m.group(1) == "not ok"
            s = f"{m.group(1)} {number} {m.group(2)}"
        print(s, flush=True)
    print(f"1..{number}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
