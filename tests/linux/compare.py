#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same programs on this machine and on Tessera: output and exit status must agree.

    compare.py [--only TEXT] [--host] [--kind NAME] [-v] [-- OPTION of ./tessera run...]

Kinds of cases, each in boots of their own:
    c       tests/linux/c/*.c, programs linked statically with musl and with glibc
    shell   tests/linux/cases/*.txt, scripts for the shell of Debian's busybox-static
    bash    tests/linux/cases/bash/*.txt, scripts for Debian's bash-static
    tty     tests/linux/cases/tty/*.txt, sessions at a terminal (both/typist.c)
    debian  tests/linux/cases/debian/*.txt, scripts that run dynamically linked programs of Debian, from a disk
Both sides run in the same file tree, each case in an empty directory (both/driver.c).
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile

AGAIN_MAX = 4        # more that differ are no accident
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(HERE)]
from both import cases, debian, side          # noqa: E402
from cli import image                           # noqa: E402
import tap as taps                              # noqa: E402
from root import ext2                           # noqa: E402
from root.base import base                      # noqa: E402

GROUP = 60         # cases in one boot
SHOWN = 150        # of a line that differs


@dataclasses.dataclass
class Kind:
    """Cases that run in the same way."""
    name: str
    options: list               # of ./tessera run
    shell: str = "/bin/sh"
    seconds: int = 60           # for each case, on a machine that others use too
    group: int = GROUP
    scripts: str = ""           # their directory, below tests/linux/cases
    disk: bool = False          # from Debian's packages, on a disk


KINDS = [
    # The longest first.
    Kind("debian", ["--mem=1G", "--cpus=1"], "/bin/bash", 180, 30, "debian", disk=True),
    Kind("c", ["--mem=512M", "--cpus=2"], scripts=None),
    Kind("shell", ["--mem=512M", "--cpus=1"]),
    Kind("bash", ["--mem=512M", "--cpus=1"], "/bin/bash", scripts="bash"),
    Kind("tty", ["--mem=512M", "--cpus=1"], "/cases/typist", scripts="tty"),
]


def difference(name, host, guest):
    """Why a case failed."""
    lines = []
    if host[0] != guest[0]:
        lines.append(f"status {guest[0]}, on Linux {host[0]}")
    ours, theirs = guest[1].split(b"\n"), host[1].split(b"\n")
    for i in range(max(len(ours), len(theirs))):
        a, b = [side_[i] if i < len(side_) else b"(nothing)" for side_ in (theirs, ours)]
        if a != b:
            at = max(0, len(os.path.commonprefix([a, b])) - SHOWN // 2)
            lines += [f"line {i + 1}: {b[at:at + SHOWN].decode(errors='replace')!r}", f"on Linux: {a[at:at + SHOWN].decode(errors='replace')!r}"]
            break
    return [*lines, f"alone: tests/linux/compare.py --only {name}"]


class Comparison:
    """One kind: its cases, their file tree, and both sides."""

    def __init__(self, kind, directory, only, arguments):
        self.kind, self.directory = kind, directory / kind.name
        self.cases, self.errors, self.missing = self.directory / "cases", {}, []
        self.cases.mkdir(parents=True)
        if kind.scripts is None:
            self.names, self.errors = cases.programs(self.cases, only)
        else:
            texts = {n: t for n, t in cases.scripts(HERE / "cases" / kind.scripts).items() if only in n}
            for name, text in texts.items():
                (self.cases / f"{name}.sh").write_text(text)
            self.names = list(texts)
        self.options = [*kind.options, *arguments]

    def _helpers(self):
        for path in sorted((HERE / "both").glob("*.c")):
            error = cases.compile_one("musl-gcc", path, self.cases / path.stem)
            if error:
                sys.exit(f"compare: {path}: {error}")

    def prepare(self):
        """The file tree, for the host as files and for Tessera as an image or options."""
        self._helpers()
        self.top = self.directory / "top"
        self.top.mkdir()
        if self.kind.disk:
            tree, self.missing = debian.tree()
        else:
            tree = base()
            self.options.append(f"--dir={self.cases}:/cases")
        if self.kind.shell == "/bin/bash" and not self.kind.disk:
            tree.file("bin/bash", "/bin/bash-static")
            self.options.append("--dir=/bin/bash-static:/bin/bash")
        tree.copy(str(self.cases), "cases")
        tree.directory("w")
        tree.write(str(self.top))
        if self.kind.disk:
            self.disk = str(self.directory / "disk.img")
            ext2.from_directory(str(self.top), self.disk, tree.bytes() + (256 << 20))
            self.options.append(f"--disk={self.disk}")

    def parts(self):
        """A disk has one machine at a time."""
        size = len(self.names) if self.kind.disk else self.kind.group
        return [self.names[at:at + size] for at in range(0, len(self.names), size)]

    def host(self, names):
        return side.run(side.on_host(self.top, self.kind.shell, self.kind.seconds, not self.kind.disk), names, self.kind.seconds, self.directory / "host")

    def tessera(self, names, time="first"):
        directory = self.directory / f"tessera-{names[0]}-{time}"
        return side.run(side.on_tessera(self.options, self.kind.shell, self.kind.seconds), names, self.kind.seconds, directory)

    def check_disk(self):
        """What e2fsck complains of."""
        done = subprocess.run([ext2.tool("e2fsck"), "-fn", self.disk], capture_output=True, text=True, check=False)
        return [] if done.returncode == 0 else done.stdout.splitlines()[-20:] or [f"e2fsck: status {done.returncode}"]


def report(tap, comparison, names, host, guest, verbose):
    """The lines for one part."""
    for name in names:
        if name not in host.found:
            tap.say(False, name, [f"no result on this machine: {host.lost.get(name, 'the cases before it took too long')}"])
        elif name not in guest.found:
            tap.say(False, name, [f"no result on Tessera: {guest.lost.get(name, 'it was not run')}"])
        else:
            same = host.found[name] == guest.found[name]
            tap.say(same, name, [] if same else difference(name, host.found[name], guest.found[name]))
    for result, where in ((host, "this machine"), (guest, "Tessera")):
        if result.trouble:
            tap.say(False, f"{comparison.kind.name}: {where} runs {names[0]} to {names[-1]}", result.trouble)
    if verbose:
        print("# " + guest.errors[-3000:].replace("\n", "\n# "))


def again(comparison, names, host, guest):
    """A few that differ are run once more on both sides, and told of: some depend on who types or runs first."""
    differ = [n for n in names if n in guest.found and host.found.get(n) != guest.found[n]]
    if not 0 < len(differ) <= AGAIN_MAX:
        return
    second_host, second_guest = comparison.host(differ), comparison.tessera(differ, "second")
    for name in differ:
        if name in second_host.found and second_host.found[name] == second_guest.found.get(name):
            print(f"# unsteady: {name} differed at first, then agreed")
            host.found[name] = guest.found[name] = second_host.found[name]


def compare(tap, comparisons, verbose):
    work = [(c, part) for c in comparisons for part in c.parts()]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for c in comparisons:
            c.prepare()
        guests = [pool.submit(c.tessera, part) for c, part in work]
        for (c, part), guest in zip(work, guests):
            host, result = c.host(part), guest.result()
            again(c, part, host, result)
            report(tap, c, part, host, result, verbose)
    for c in comparisons:
        for name, error in c.errors.items():
            tap.say(False, name, error.splitlines())
        for package in c.missing:
            tap.say(False, f"{c.kind.name}: package {package}", ["it is not installed (packages.toml)"])
        if c.kind.disk:
            complaints = c.check_disk()
            tap.say(not complaints, f"{c.kind.name}: the file system is whole afterwards", complaints)


def show_host(comparisons):
    for c in comparisons:
        c.prepare()
        for name, (status, output) in c.host(c.names).found.items():
            print(f"--- {name}: {status}\n{output.decode(errors='replace')}", end="")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--kind", choices=[k.name for k in KINDS], help="only this kind")
    parser.add_argument("--host", action="store_true", help="print what this machine does, and no more")
    parser.add_argument("-v", "--verbose", action="store_true", help="also what ./tessera run printed to standard error")
    parser.add_argument("arguments", nargs="*", help="options for ./tessera run")
    args = parser.parse_args()
    os.chdir(ROOT)
    if os.geteuid() != 0:
        print("ok 1 comparison # skip needs root, for a root directory of its own\n1..1")
        return 0
    tap = taps.Writer()
    image.build()          # before two boots want it
    with tempfile.TemporaryDirectory(prefix="tessera-compare-") as directory:
        found = [Comparison(k, pathlib.Path(directory), args.only, args.arguments) for k in KINDS if args.kind in (None, k.name)]
        found = [c for c in found if c.names or c.errors]
        if args.host:
            show_host(found)
            return 0
        compare(tap, found, args.verbose)
    return tap.end(args.only)


if __name__ == "__main__":
    sys.exit(main())
