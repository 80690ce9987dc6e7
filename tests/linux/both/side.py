# SPDX-License-Identifier: MIT
"""Runs the driver (driver.c) on one side: on this machine, or on Tessera.

No run goes on for ever: when nothing was heard for so long that the case which is running should
have been ended by the driver, the whole side is killed, the case counts as lost, and the others go on.
"""

import dataclasses
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
MARK = b"@@tessera-case"
BEGIN = re.compile(rb"^" + MARK + rb" begin (\S+)\r?\n", re.MULTILINE)
END = re.compile(rb"^" + MARK + rb" end (\S+) (\d+) (\d+)\r?\n", re.MULTILINE)
START = 60          # seconds that a side has to begin
SLACK = 40          # and the driver, to end a case that took too long; and a side, after its last case
PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


@dataclasses.dataclass
class Result:
    """What a side did with some cases."""
    found: dict = dataclasses.field(default_factory=dict)       # name -> (status, output)
    lost: dict = dataclasses.field(default_factory=dict)        # name -> why it has none
    trouble: list = dataclasses.field(default_factory=list)     # of the side itself
    errors: str = ""                                            # what the last life said on standard error


def parse(data):
    """What the driver printed: name -> (status, output), and the case that was begun and did not end."""
    found, running, at = {}, None, 0
    while True:
        end = END.search(data, at)
        begin = BEGIN.search(data, at, end.start() if end else len(data))
        if begin:
            running = begin[1].decode()
        if not end:
            return found, running
        name, size = end[1].decode(), int(end[3])
        if len(data) < end.end() + size:
            return found, running
        found[name] = (int(end[2]), data[end.end():end.end() + size])
        running, at = None, end.end() + size


def listen(process, silence):
    """Standard output until its end, and why that was: None, or the silence was too long.  `silence`
    says how long it may be after what was heard so far."""
    data = b""
    while True:
        limit = silence(data)
        ready = select.select([process.stdout], [], [], limit)[0]
        if not ready:
            return data, f"nothing was heard for {limit} seconds"
        part = os.read(process.stdout.fileno(), 65536)
        if not part:
            return data, None
        data += part


def run_once(command, seconds, directory):
    """One life of a side: what it printed, its error output, and what was wrong with it."""
    environment = {**os.environ, "TMPDIR": str(directory)}
    # It ends with whoever wanted it.
    command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
    with open(directory / "errors", "wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=environment, start_new_session=True)
    begin = time.monotonic()
    data, why = listen(process, lambda heard: START if BEGIN.search(heard) is None else seconds + SLACK)
    try:
        status = process.wait(0 if why else SLACK)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        why = why or f"it did not end within {SLACK} seconds after its last output"
    if why is None and status:
        why = f"it ended with status {status}"
    if why:
        why += f" ({time.monotonic() - begin:.0f} seconds after its start)"
    return data, (directory / "errors").read_text(errors="replace"), why


def run(command, names, seconds, directory):
    """All cases.  `command(names)` starts a side with some of them."""
    result, left, fruitless = Result(), list(names), 0
    while left and fruitless < 2:
        directory.mkdir()
        data, result.errors, why = run_once(command(left), seconds, directory)
        shutil.rmtree(directory, ignore_errors=True)
        found, running = parse(data)
        result.found.update(found)
        done = [n for n in left if n in found]
        fruitless = 0 if done or running else fruitless + 1
        left = [n for n in left if n not in found]
        if left and not why:
            why = "it ended before its last case"
        if why:
            during = f"while {running} ran" if running else f"after {done[-1]}" if done else "before the first case"
            result.trouble += [f"{why}, {during}", *result.errors.splitlines()[-30:]]
        if running in left:
            result.lost[running] = why
            left.remove(running)
    return result


# --- this machine --------------------------------------------------------------------------------

# Programs see a root directory of their own, with the few devices that Tessera has too, and no other processes.
# The devices have nodes of their own: what a case does to the mode of one must not reach this machine's.
PREPARE = """
set -e
cd "$0"
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
while read name minor; do mknod -m 666 dev/$name c $minor; done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
END
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin; ln -s /proc/self/fd/1 dev/stdout; ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=1777 tmpfs tmp
%smount -t tmpfs tmpfs w
mount -t proc proc proc
exec chroot . /usr/bin/env -i PATH=%s HOME=/root LANG=C TERM=dumb /cases/driver "$@"
"""


def on_host(top, shell, seconds, memory):
    """Commands for `run`: the driver in the file tree below `top`; cases have their files in memory, or there."""
    prepare = PREPARE % ("" if memory else "# ", PATH)
    return lambda names: ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "sh", "-c", prepare, str(top),
                          str(seconds), shell, *names]


# --- Tessera ----------------------------------------------------------------------------------------

def on_tessera(options, shell, seconds):
    """Commands for `run`: the driver as the first process of a machine."""
    return lambda names: [str(ROOT / "tessera"), "run", "--cwd=/", f"--env=PATH={PATH}", "--env=LANG=C", "--env=TERM=dumb", *options, "/cases/driver", str(seconds), shell, *names]
