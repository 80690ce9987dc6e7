#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Traces of ./tessera run say what strace says: calls.c is run here under strace, and there.

    run.py [--quick]     TAP; one line for each line of the trace
"""

import difflib
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FLAGS = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-value", "-static"]
LINE = re.compile(r"(?:\[pid +)?(\d+)\]? +(.*)")
RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")


def normal(text):
    """Without what differs from run to run: addresses and numbers of processes."""
    text = re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", text)
    text = re.sub(r"^(fork|gettid)\((.*)\) = \d+$", r"\1(\2) = PID", text)
    return re.sub(r"^wait4\(\d+(.*) = \d+$", r"wait4(PID\1 = PID", text)


def processes(trace):
    """The lines of each process, calls that were told in two parts made whole.  Left out is what
    comes before the first close, the library's; and signals that are ignored, which Linux tells all the same."""
    lines, pending = {}, {}
    for line in trace.splitlines():
        pid, text = LINE.fullmatch(line).groups()
        resumed = RESUMED.match(text)
        if text.endswith("<unfinished ...>"):
            pending[pid] = text[:-len("<unfinished ...>")].rstrip(" ")
            continue
        if resumed:
            before = pending.pop(pid)
            text = before + (" " if before.endswith(",") else "") + resumed[1]
        if not text.startswith("--- SIGCHLD"):
            lines.setdefault(pid, []).append(normal(text))
    found = list(lines.values())
    start = next((i for i, text in enumerate(found[0]) if text.startswith("close(1000)")), 0) if found else 0
    return [found[0][start:], *found[1:]] if found else []


def run(command, directory):
    return subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=180,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))


def traces(directory):
    """Both, as lists of processes; or what went wrong."""
    program = directory / "calls"
    done = run(["musl-gcc", *FLAGS, "-o", str(program), str(HERE / "calls.c")], directory)
    if done.returncode:
        return None, done.stderr
    done = run(["strace", "-f", "-a", "1", "-o", "theirs", str(program)], directory)
    if done.returncode != 3:
        return None, f"strace: status {done.returncode}: {done.stderr}"
    done = run([str(ROOT / "tessera"), "run", "--timeout=120", "--cpus=1", f"--trace={directory / 'ours'}", str(program)], directory)
    if done.returncode != 3:
        return None, f"tessera run: status {done.returncode}: {done.stderr}"
    return processes((directory / "theirs").read_text()), processes((directory / "ours").read_text())


def main():
    with tempfile.TemporaryDirectory(prefix="tessera-trace-") as directory:
        theirs, ours = traces(pathlib.Path(directory))
    if theirs is None:
        print("not ok 1 traces are made\n# " + ours.replace("\n", "\n# ") + "\n1..1")
        return 1
    count = failed = 0
    for number in range(max(len(theirs), len(ours))):
        a, b = [side[number] if number < len(side) else [] for side in (theirs, ours)]
        for tag, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            for n in range(max(j - i, m - k)):
                count += 1
                name = (a[i + n] if i + n < j else b[k + n]).split("(")[0].replace("#", "")
                failed += tag != "equal"
                print(f"{'ok' if tag == 'equal' else 'not ok'} {count} process {number + 1}: {name}")
                if tag != "equal":
                    print(f"# strace:  {a[i + n] if i + n < j else '(nothing)'}\n# tessera: {b[k + n] if k + n < m else '(nothing)'}")
    print(f"1..{count}")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
