# SPDX-License-Identifier: MIT
"""Runs a command with a time limit, and stops it with everything it started."""
import dataclasses
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass
class Done:
    rc: int
    out: str
    seconds: float
    timed_out: bool


def run(cmd, timeout, env=None):
    """Runs cmd in the root of the tree; output and errors come together."""
    start = time.monotonic()
    process = subprocess.Popen(cmd, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True,
                               env=dict(os.environ, **(env or {})))
    timed_out = False
    try:
        out, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Done(process.returncode, out.decode("utf-8", "replace"), time.monotonic() - start,
                timed_out)
