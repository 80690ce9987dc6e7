# SPDX-License-Identifier: MIT
"""Machines that gdb stops, looks into, changes, and lets go.

    under.py SOCKET COMMAND...      what the emulator's monitor answers, each after a line @@@

The stub that gdb talks to loses long answers of the monitor, so gdb runs this for them.
"""
import contextlib
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import emu                                                      # noqa: E402

DEBUG, RELEASE = "build/kernel-debug/tessera.elf", "build/kernel/tessera.elf"
HELLO, KTEST = "build/programs/hello.elf", "build/programs/ktest.elf"


class Machine:
    """One emulator, stopped at its first instruction until gdb lets it go."""

    def __init__(self, cfg, directory):
        self.cfg = emu.resolve(cfg)
        self.socket, self.qmp = os.path.join(directory, "gdb"), os.path.join(directory, "qmp")
        self.file = pathlib.Path(directory) / "console"
        iso = emu.make_iso(self.cfg, pathlib.Path(directory) / "boot.iso") \
            if self.cfg.machine.startswith("iso") else None
        self.process = subprocess.Popen(
            emu.guarded(emu.qemu_command(self.cfg, iso, f"file:{self.file}", self.socket) +
                        ["-qmp", f"unix:{self.qmp},server=on,wait=off"]),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        self.until(lambda: os.path.exists(self.socket), 10)

    def until(self, what, seconds):
        """Waits until `what` is true or the machine has ended; was it true?"""
        end = time.monotonic() + seconds
        while not what() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        return bool(what())

    def console(self):
        return emu.clean(self.file.read_bytes()) if self.file.exists() else ""

    def says(self, pattern, seconds):
        return self.until(lambda: re.search(pattern, self.console(), re.MULTILINE), seconds)

    def ask(self, *commands):
        """A command of gdb's: these commands of the monitor."""
        return shlex.join(["shell", "/usr/bin/python3", __file__, self.qmp, *commands])

    def gdb(self, *commands, seconds=120):
        """Attaches, does the commands, and lets the machine run on; what gdb said."""
        words = ["gdb", "-q", "-nx", "-batch", "-ex", "set confirm off",
                 "-ex", f"target remote {self.socket}", "-x", str(ROOT / "tools/kd/kd.py")]
        for c in (*commands, "detach"):
            words += ["-ex", c]
        try:
            return subprocess.run(words + [str(ROOT / self.cfg.kernel)], text=True, timeout=seconds,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT).stdout
        except subprocess.TimeoutExpired as e:
            return (e.stdout or b"").decode("utf-8", "replace") + "\ngdb did not end\n"

    def end(self, seconds=60):
        """The emulator's exit status, or None if it goes on."""
        self.until(lambda: self.process.poll() is not None, seconds)
        return self.process.poll()


@contextlib.contextmanager
def machine(kernel, program, **options):
    with tempfile.TemporaryDirectory(prefix="tessera-") as d, emu.Slot():
        m = Machine(emu.Config(str(ROOT / kernel), [str(ROOT / program)], accel="tcg", **options), d)
        try:
            yield m
        finally:
            emu.stop(m.process)


def monitor(path, commands):
    """The answers of the monitor, by the machine protocol."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        with s.makefile("rw") as f:
            f.readline()                                        # it greets
            for c in [None, *commands]:
                said = {"execute": "qmp_capabilities"} if c is None else \
                    {"execute": "human-monitor-command", "arguments": {"command-line": c}}
                f.write(json.dumps(said) + "\n")
                f.flush()
                while "return" not in (answer := json.loads(f.readline())):
                    if "error" in answer:
                        raise OSError(answer["error"]["desc"])
                if c is not None:
                    yield answer["return"].replace("\r", "")


if __name__ == "__main__":
    for text in monitor(sys.argv[1], sys.argv[2:]):
        print("@@@\n" + text, flush=True)
