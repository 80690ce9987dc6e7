#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The first process at the terminal of ./tessera run: what Ctrl-Z does to it and to its children.

    run.py [--quick]     TAP; status 0 if all is well
"""

import fcntl
import os
import pathlib
import pty
import select
import struct
import sys
import termios
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUSYBOX = "/bin/busybox"
PATIENCE = 60
# Who stops, and is left behind by the shell that started it: told by a child of the first process.
LEFT_BEHIND = 'sh -c \'set -m; sh -c "trap \\"echo hung up\\" HUP; kill -STOP \\$\\$; echo went on"& sleep 1\'; sleep 1; echo over'
# Name -> program; then what is typed, and what must be shown after that.
CASES = {
    "a job of the first shell": ([BUSYBOX, "sh", "-i"], [
        ("", "# "), ("sh -c 'echo now; exec cat'\n", "\nnow"), ("one\n", "one\r\none\r\n"), ("\x1a", "# "), ("jobs\n", "Stopped"), ("", "# "),
        ("fg\n", "exec cat"), ("two\n", "two\r\ntwo\r\n"), ("\x04", "# "), ("exit 7\n", "")], 7),
    "the first process itself": ([BUSYBOX, "sh", "-c", "echo now; exec cat"], [
        ("", "now"), ("one\n", "one\r\none\r\n"), ("\x1a", "^Z"), ("two\n", "two\r\ntwo\r\n"), ("\x04", "")], 0),
    "a child in its group": ([BUSYBOX, "sh", "-c", "echo now; cat; echo read"], [
        ("", "now"), ("\x1a", "^Z"), ("one\n", "one\r\none\r\n"), ("\x04", "read")], 0),
    "a stopped job whose shell ended": ([BUSYBOX, "sh", "-c", LEFT_BEHIND], [("", "hung up"), ("", "went on"), ("", "over")], 0),
}


class Terminal:
    """./tessera run at a terminal of its own."""

    def __init__(self, words):
        self.shown, self.at = b"", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            tessera = str(ROOT / "tessera")
            os.execv(tessera, [tessera, "run", "--timeout=120", "--cpus=1", *words])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def see(self, text):
        end = time.monotonic() + PATIENCE
        while self.shown.find(text, self.at) < 0:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                return False
            try:
                self.shown += os.read(self.fd, 4096)
            except OSError:             # it ended
                return False
        self.at = self.shown.find(text, self.at) + len(text)
        return True

    def end(self):
        """Its status, after what it still has to say."""
        try:
            while select.select([self.fd], [], [], PATIENCE)[0] and os.read(self.fd, 4096):
                pass
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def play(words, steps, status):
    """None, or what went wrong."""
    terminal = Terminal(words)
    for typed, wanted in steps:
        os.write(terminal.fd, typed.encode())
        if wanted and not terminal.see(wanted.encode()):
            os.close(terminal.fd)
            os.waitpid(terminal.pid, 0)
            return f"{wanted!r} was not shown after {typed!r}: {terminal.shown[-300:]!r}"
    ended = terminal.end()
    return None if ended == status else f"status {ended}, not {status}: {terminal.shown[-300:]!r}"


def main():
    failed = 0
    for number, (name, case) in enumerate(CASES.items(), 1):
        why = play(*case)
        failed += why is not None
        print(f"{'not ' if why else ''}ok {number} {name}", flush=True)
        if why:
            print(f"# {why}")
    print(f"1..{len(CASES)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
