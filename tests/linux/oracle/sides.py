# SPDX-License-Identifier: MIT
"""Runs a list of programs here and on Tessera, in the same file tree, and reads what became of each."""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))
from root.base import base  # noqa: E402

NOT_STARTED = "70"      # the driver could not start the program
PATH = "PATH=/bin:/usr/bin:/sbin:/usr/sbin"
# The reference runs as nobody, without network, in name spaces and a file tree of its own.
SCRIPT = """set -e
for d in tmp dev; do mount -t tmpfs tmpfs $0/$d; done
mount -t proc proc $0/proc
mkdir $0/dev/shm $0/dev/mqueue $0/dev/pts
mount -t mqueue mqueue $0/dev/mqueue
mount -t devpts -o newinstance,ptmxmode=666 devpts $0/dev/pts
ln -s pts/ptmx $0/dev/ptmx
while read name minor; do mknod -m 666 $0/dev/$name c $minor; done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
END
exec chroot $0 /usr/bin/env -i %s HOME=/root /t/driver /t/list
""" % PATH


@dataclasses.dataclass
class Job:
    name: str
    seconds: int
    words: list

    def line(self):
        return f"{self.name} {self.seconds} {' '.join(self.words)}\n"


@dataclasses.dataclass
class Result:
    status: str             # exit status, 128 and a signal's number, or "timeout"
    ms: int
    text: str


def driver(into):
    """Compiles the program that runs the list."""
    out = pathlib.Path(into) / "driver"
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-o", str(out), str(HERE / "driver.c")], check=True)
    return out


def parse(data):
    """What the driver printed: name -> Result"""
    found = {}
    for m in re.finditer(rb"^@@ (\S+) (\S+) (\d+) (\d+)\n", data, re.MULTILINE):
        found[m[1].decode()] = Result(m[2].decode(), int(m[3]), data[m.end():m.end() + int(m[4])].decode(errors="replace"))
    return found


def on_host(files, jobs):
    """One run of the list on this machine."""
    with tempfile.TemporaryDirectory(prefix="tessera-oracle-") as top:
        base().write(top)
        os.chmod(top, 0o755)
        os.mkdir(f"{top}/work")
        shutil.copytree(files, f"{top}/t", symlinks=True)
        pathlib.Path(f"{top}/t/list").write_text("".join(j.line() for j in jobs))
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "sh", "-c", SCRIPT, top],
                              stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60 + sum(j.seconds for j in jobs))
        if b"@@ end" not in done.stdout:
            raise RuntimeError(f"the reference does not run: {done.stderr.decode(errors='replace')[-600:]}")
        return parse(done.stdout)


def on_tessera(files, jobs, options=()):
    """One boot; what it ended with beside the results, if the list did not end."""
    with tempfile.TemporaryDirectory(prefix="tessera-oracle-") as directory:
        listed = pathlib.Path(directory) / "list"
        listed.write_text("".join(j.line() for j in jobs))
        command = [str(ROOT / "tessera"), "run", f"--timeout={120 + sum(j.seconds for j in jobs)}", "--mem=512M", "--cwd=/", f"--env={PATH}", f"--dir={files}:/t",
                   f"--dir={listed}:/t/list", *options, "/t/driver", "/t/list"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        said = "" if b"@@ end" in done.stdout else f"status {done.returncode}: {done.stderr.decode(errors='replace')[-1500:]}"
        return parse(done.stdout), said


def boots(files, jobs, options=()):
    """As many boots as the list needs: one that ends early costs the program that it ended in, not those after it."""
    found, said = {}, []
    while jobs:
        results, why = on_tessera(files, jobs, options)
        found.update(results)
        rest = [j for j in jobs if j.name not in results]
        if why:
            said.append(f"{rest[0].name if rest else 'end'}: {why}")
        if not why or not rest:
            break
        jobs = rest[1:]
    return found, said


def spread(jobs, parts):
    """Lists of about the same length in time."""
    return [part for part in (jobs[n::parts] for n in range(parts)) if part]


def all_here(files, jobs, parts):
    """The list on this machine, in as many lists at once."""
    found = {}
    with concurrent.futures.ThreadPoolExecutor(parts) as pool:
        for results in pool.map(lambda part: on_host(files, part), spread(jobs, parts)):
            found.update(results)
    return found


def all_there(files, jobs, parts):
    """The list on Tessera, in as many machines at once: results, and what went wrong with machines."""
    found, said = {}, []
    with concurrent.futures.ThreadPoolExecutor(parts) as pool:
        for results, why in pool.map(lambda part: boots(files, part, ["--cpus=1"]), spread(jobs, parts)):
            found.update(results)
            said += why
    return found, said
