#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""All tests of the Linux personality: parts of it on the host, then programs in the emulator,
compared with this machine.

    run.py [--quick] [--only TEXT]     TAP; status 0 if all is well
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from root import ext2  # noqa: E402
from root.tree import Tree  # noqa: E402

HERE = ROOT / "tests" / "linux"
FLAGS = ["-std=c2x", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I", str(ROOT),
         "-I", str(ROOT / "include"), "-I", str(ROOT / "build" / "gen")]
# tests/linux/host/NAME_test.c -> what is tested
HOST = {"ldisc": ["servers/linux/tty/ldisc.c"], "timer": ["servers/linux/core/timer.c"], "log": ["servers/linux/core/log.c"],
        "missing": ["servers/linux/core/missing.c", "servers/linux/core/words.c", "servers/linux/fs/text.c", "build/gen/linux/names.c"],
        "link": ["servers/linux/fs/remote_link.c", "servers/linux/fs/remote_redo.c", "-pthread"], "realtime": ["servers/linux/proc/realtime.c"]}


# tests/linux/guest/NAME.c, never run on this machine: options, what it prints.
GUEST = {"hostile": ([], "still here\n"), "children": (["--timeout=60"], "stopped: 1\n"), "leaving": (["--cpus=1", "--mem=128M"], "no more\n"), "hog": (["--mem=128M"], r"((killed|refused)\n){3}memory is there again\n"),
         "deaths": (["--cpus=2"], "all ended\n"), "hogs": (["--cpus=2", "--mem=128M", "--timeout=900"], r"(\w+: 0 0\n){22}"),
         "parallel": (["--cpus=4"], "two threads at once: yes\non 4 processors\ncalls beside them: served\n"),
         "forkbomb": (["--procs=100"], "no more processes: yes\nafterwards: 42\n")}


class Tap:
    """Lines of several reports under one count."""

    def __init__(self):
        self.count = self.failed = 0

    def line(self, line, prefix):
        m = re.match(r"(not )?ok \d+ ?(.*)", line)
        if m:
            self.count += 1
            self.failed += bool(m[1])
            print(f"{m[1] or ''}ok {self.count} {prefix}{m[2]}", flush=True)
        elif line.startswith("#"):
            print(line, flush=True)

    def run(self, command, prefix, timeout):
        before = self.count
        with subprocess.Popen(command, cwd=ROOT, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            kept = []
            for line in process.stdout:
                kept.append(line.rstrip("\n"))
                self.line(kept[-1], prefix)
            status = process.wait(timeout)
        if self.count == before or (status and not self.failed):
            self.line(f"not ok 0 ends with status {status}", prefix)
            for line in kept[-20:]:
                print(f"# {line}")


def compiled(name, directory):
    program = f"{directory}/{name}"
    return program, subprocess.run(["musl-gcc", "-std=gnu11", "-O1", "-Wall", "-Wno-nonnull", "-static", "-o", program, str(HERE / "guest" / f"{name}.c")],
                                   text=True, capture_output=True, check=False)


def guest(tap, name, directory):
    """A program that hurts whatever it runs on hurts only itself."""
    options, pattern = GUEST[name]
    program, built = compiled(name, directory)
    done = subprocess.run([str(ROOT / "tessera"), "run", "--timeout=300", *options, program], text=True, errors="replace", capture_output=True,
                          stdin=subprocess.DEVNULL, check=False) if built.returncode == 0 else built
    good = done.returncode == 0 and re.fullmatch(pattern, done.stdout) is not None
    tap.line(f"{'ok' if good else 'not ok'} 0 {name}", "guest: ")
    if not good:
        print("# status", done.returncode, repr(done.stdout[-300:]), repr(done.stderr[-600:]))


def slow_host(tap):
    """Whoever reads the output may take his time: nothing is lost."""
    with subprocess.Popen([str(ROOT / "tessera"), "run", "--timeout=120", "/bin/busybox", "seq", "1", "40000"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        time.sleep(4)
        text = process.stdout.read()
        status = process.wait(120)
    good = status == 0 and text == b"".join(b"%d\n" % n for n in range(1, 40001))
    tap.line(f"{'ok' if good else 'not ok'} 0 output to a reader that waits", "guest: ")
    if not good:
        print(f"# status {status}, {len(text)} bytes")


def stdin_file(tap, directory):
    """A file on standard input is read to its end, however its pieces and its end arrive."""
    path, bad = pathlib.Path(directory, "input"), []
    for size in (0, 1, 3000, 5000, 5000, 5000, 70000, 200000):
        path.write_bytes(bytes(size))
        with path.open("rb") as data:
            done = subprocess.run([str(ROOT / "tessera"), "run", "--timeout=60", "--cpus=1", "/bin/busybox", "wc", "-c"], stdin=data,
                                  capture_output=True, text=True, check=False)
        if done.stdout != f"{size}\n":
            bad.append((size, done.returncode, done.stdout))
    tap.line(f"{'not ok' if bad else 'ok'} 0 standard input from a file", "guest: ")
    if bad:
        print("#", repr(bad)[:600])


def ends(tap):
    """Signals end the program as they would here, and so does an output that nobody reads."""
    tessera, bad = [str(ROOT / "tessera"), "run", "--timeout=60"], []
    for signo in (9, 15, 2):
        done = subprocess.run([*tessera, "/bin/busybox", "sh", "-c", f"kill -{signo} $$; echo still"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        if done.returncode not in (128 + signo, -signo) or done.stdout:
            bad.append((signo, done.returncode, done.stdout))
    with subprocess.Popen([*tessera, "/bin/busybox", "yes"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.readline()
        process.stdout.close()
        if process.wait(120) == 124:
            bad.append("output that nobody reads")
    tap.line(f"{'not ok' if bad else 'ok'} 0 the first process ends by signals", "guest: ")
    if bad:
        print("#", repr(bad)[:600])


def closed(tap):
    """Streams that are closed here are closed there."""
    bad = []
    for words, status in (("/bin/busybox echo hi >&-", 1), ("/bin/busybox cat <&-", 1), ("/bin/busybox ls /nosuch 2>&-", 1),
                          ("/bin/busybox sh -c 'exec 3</etc/passwd; exec 4</etc/passwd; exec 3<&-; cat <&4' <&-", 0)):
        done = subprocess.run(["sh", "-c", f"exec {ROOT}/tessera run --timeout=60 {words}"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != status or "hi" in done.stdout:
            bad.append((words, done.returncode, done.stdout, done.stderr))
    tap.line(f"{'not ok' if bad else 'ok'} 0 closed streams", "guest: ")
    if bad:
        print("#", repr(bad)[:600])


def called(tap, directory):
    """A program is called as a shell would call it, and finds what a terminal is, also if there is none."""
    bad, script = [], pathlib.Path(directory, "called")
    script.write_text('#!/bin/sh\necho "$0"\n')
    script.chmod(0o755)
    for words, want in (("busybox", "BusyBox"), ("/bin/busybox", "BusyBox"), ("sh -c 'echo $0'", "sh\n"), ("/bin/sh -c 'echo $0'", "/bin/sh\n"),
                        ("ls --nosuch", "ls: unrec"), (str(script), f"{script}\n"), ("--env TERM=vt100 -- sh -c 'ls /lib/terminfo/*'", "/lib/terminfo/d:\ndumb\n\n/lib/terminfo/v:\nvt100\n"),
                        ("sh -c 'test -c /dev/stdin && echo null' </dev/null", "null\n")):
        done = subprocess.run(["sh", "-c", f"exec {ROOT}/tessera run --timeout=60 {words} 2>&1"], stdin=subprocess.PIPE, capture_output=True, text=True, check=False)
        if not done.stdout.startswith(want):
            bad.append((words, done.stdout))
    tap.line(f"{'not ok' if bad else 'ok'} 0 how a program is called, and where", "guest: ")
    if bad:
        print("#", repr(bad)[:600])


def microvm(tap):
    """The machine without an IOMMU, and changes that come back from there."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run([str(ROOT / "tessera"), "run", "--timeout=60", "--machine=microvm", f"--dir={directory}:/data:rw", "/bin/busybox", "sh", "-c",
                               "echo text > /data/file"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        path = pathlib.Path(directory, "file")
        good = done.returncode == 0 and path.exists() and path.read_text() == "text\n"
    tap.line(f"{'ok' if good else 'not ok'} 0 microvm", "guest: ")
    if not good:
        print("# status", done.returncode, repr(done.stderr[-600:]))


def missing(tap, directory):
    """Calls that there are not, and words that are not taken, are told once for a program, and only to who asks."""
    program, built = compiled("missing", directory)
    said = []
    for options in ([], ["-v"]):
        done = subprocess.run([str(ROOT / "tessera"), "run", "--timeout=60", *options, program], text=True, errors="replace", capture_output=True,
                              stdin=subprocess.DEVNULL, check=False) if built.returncode == 0 else built
        said.append((done.returncode, done.stdout, [line for line in done.stderr.splitlines() if "missing: " in line or not options]))
    lines = [f"tessera: missing: {line}" for line in (
        "call 425 (io_uring_setup) is not there: ENOSYS", "call 9999 (unknown) is not there: ENOSYS", "renameat2, argument 5, rename: RENAME_WHITEOUT is not supported: EINVAL",
        "renameat2, argument 5, rename: RENAME_WHITEOUT|0x8 is not supported: EINVAL", "openat2, oflags: 0x10000000000 is not supported: EINVAL",
        "ioctl, argument 2, ioctl: 0x12345678 is not supported: ENOTTY")]
    good = said == [(0, "", []), (0, "", lines)]
    tap.line(f"{'ok' if good else 'not ok'} 0 missing calls", "guest: ")
    if not good:
        print("#", repr(said)[:600])


def mapsync(tap, directory):
    """What another process synced is on the disk of a machine that was killed then."""
    program, built = compiled("mapsync", directory)
    tree, image, found = Tree(), f"{directory}/mapsync.img", built.stderr
    if built.returncode == 0:
        tree.directory("root")
        tree.file("mapsync", program)
        ext2.image(tree, image)
        with subprocess.Popen([str(ROOT / "tessera"), "run", "--timeout=300", "--disk", image, "/mapsync"], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, start_new_session=True) as machine:
            told = machine.stdout.readline()
            os.killpg(machine.pid, signal.SIGKILL)
        subprocess.run([ext2.tool("e2fsck"), "-fy", image], capture_output=True, check=False)
        data = subprocess.run([ext2.tool("debugfs"), "-R", "cat /mapped", image], capture_output=True, check=False).stdout
        found = told, [data[at:at + 4096].rstrip(b"\0") for at in range(0, len(data), 4096)]
    good = found == ("synced\n", [b"second", b"first", b"second"])
    tap.line(f"{'ok' if good else 'not ok'} 0 mapsync", "guest: ")
    if not good:
        print("#", repr(found)[:600])


def host(tap, name, compiler, directory):
    """A part of the personality, as a program of this machine."""
    program = f"{directory}/{compiler}-{name}"
    script = f'{compiler} "$@" && exec {program}'
    tap.run(["sh", "-c", script, "sh", *FLAGS, "-o", program, str(HERE / "host" / f"{name}_test.c"), *HOST[name]], f"{name} ({compiler}): ", 300)


def parts(tap, directory, quick):
    """What there is, in order: (name, what to call)."""
    found = [(f"host {name}", lambda n=name, c=compiler: host(tap, n, c, directory)) for name in HOST for compiler in ("gcc", "clang")]
    found += [(f"guest {name}", lambda n=name: guest(tap, n, directory)) for name in GUEST]
    found += [("guest missing", lambda: missing(tap, directory)), ("guest mapsync", lambda: mapsync(tap, directory)),
              ("guest stdin-file", lambda: stdin_file(tap, directory)), ("guest microvm", lambda: microvm(tap)), ("guest ends", lambda: ends(tap)),
              ("guest closed", lambda: closed(tap)),
              ("guest called", lambda: called(tap, directory)), ("guest slow-host", lambda: slow_host(tap))]
    found += [(path.parent.name, lambda p=path: tap.run([sys.executable, str(p), *quick], f"{p.parent.name}: ", 1800)) for path in sorted(HERE.glob("*/run.py"))]
    return [*found, ("compare", lambda: tap.run([sys.executable, str(HERE / "compare.py")], "compare: ", 3600))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="parts whose name contains this: host NAME, guest NAME, or that of a directory or script here")
    args = parser.parse_args()
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="tessera-linux-") as directory:
        chosen = [call for name, call in parts(tap, directory, ["--quick"] if args.quick else []) if args.only in name]
        if not chosen:
            parser.error(f"no part has {args.only!r} in its name")
        # What `./tessera run` would make first is needed by the tests on the host before.
        subprocess.run(["make", "-s", "build/gen/linux/.stamp"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        for call in chosen:
            call()
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
