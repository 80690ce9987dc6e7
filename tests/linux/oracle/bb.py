# SPDX-License-Identifier: MIT
"""busybox's own tests: each applet's scripts print one line for each thing that they tried."""

import hashlib
import os
import pathlib
import re
import shutil

from sides import Job
from source import ROOT, unpacked

OUT = ROOT / "build" / "oracle"
# As Debian's rules run them, and without the one that they remove: it asks for a device tree of its own.
SCRIPT = """#!/bin/sh
export LANG=C.UTF-8 LC_ALL=C.UTF-8 SKIP_KNOWN_BUGS=y SKIP_INTERNET_TESTS=y SHELL=/bin/sh ECHO="/bin/busybox echo" HOME=/work
export tsdir=/work/testsuite bindir=/work/bin
mkdir $tsdir $bindir && ln -s /t/testsuite/* $tsdir && ln -s /t/config $bindir/.config && ln -s /bin/busybox $bindir/busybox && cd $tsdir || exit 1
exec sh ./runtest -v "$1"
"""
LEFT_OUT = {"mdev"}
VERDICT = re.compile(r"^(PASS|FAIL|SKIPPED|UNTESTED): (.*)$", re.MULTILINE)


def applets(suite):
    """Those with a script, or a directory of scripts."""
    names = {p.name.removesuffix(".tests") for p in suite.glob("*.tests")} | {p.name for p in suite.iterdir() if p.is_dir()}
    return sorted(names - LEFT_OUT)


def build():
    """The directory with the tests, and the applets that have some."""
    top = unpacked("busybox")
    suite = top / "testsuite"
    key = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:16]
    into = OUT / f"busybox-{key}"
    if not into.exists():
        fresh = into.with_name("busybox.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        shutil.copytree(suite, fresh / "testsuite", symlinks=True)
        shutil.copy(top / "debian" / "config" / "pkg" / "static", fresh / "config")
        (fresh / "run").write_text(SCRIPT)
        os.chmod(fresh / "run", 0o755)
        fresh.rename(into)
    return into, applets(into / "testsuite")


def job(name, seconds):
    return Job(name, seconds, ["/bin/sh", "/t/run", name])


def said(block):
    """What follows a verdict: of a comparison what differs, else everything."""
    block = block.split("\n======================\n")[0]
    if "\n@@ " not in block:
        return block
    return " ".join(line for line in block[block.index("\n@@ "):].splitlines() if line[:1] in ("-", "+"))


def cases(results):
    """What the scripts printed: "applet: case" -> (verdict, text); of several with the same name, in their order."""
    found = {}
    for applet, result in results.items():
        if result.status == "timeout":
            found[f"{applet}: ends in time"] = ("timeout", result.text)
        verdicts = list(VERDICT.finditer(result.text))
        for m, end in zip(verdicts, [*[v.start() for v in verdicts[1:]], len(result.text)]):
            key, n = f"{applet}: {m[2].strip()}", 2
            while key in found:
                key, n = f"{applet}: {m[2].strip()} ({n})", n + 1
            found[key] = (m[1], said(result.text[m.end():end]))
    return found


def find(case, found, results):
    """A case's (verdict, text); of one that did not come, what its applet's scripts said in the end."""
    applet = case.split(":")[0]
    return found.get(case, ("nothing", results[applet].text if applet in results else ""))
