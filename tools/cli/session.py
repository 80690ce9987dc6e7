# SPDX-License-Identifier: MIT
"""One run of a machine whose programs talk to this terminal: moves bytes until it ends."""

import array
import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import termios
import time
import tty

from .link import Decoder, frames

CHUNK = 4096
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
LEAVE = 0x1d      # Ctrl-]
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
GRACE = 3         # seconds that output may wait for its reader after one of them
STOPPING = 10     # seconds that a machine which is ended early has to write what its program wrote


class Session:
    """`command(path)` gives the emulator's command line for a link socket at `path`; `trace`: a descriptor of its own for the trace, or None;
    `keeps`: what the program wrote is wanted, also if it is ended early."""

    def __init__(self, command, directory, stdio, timeout=0, kernel_log=None, trace=None, keeps=False):
        self.command, self.directory, self.stdio, self.timeout = command, directory, stdio, timeout
        self.kernel_log, self.trace, self.keeps = kernel_log, trace, keeps
        self.status, self.room, self.stdin_open = None, 0, True
        self.console = "t" in stdio
        self.to_guest, self.signals, self.signalled, self.resized = b"", [], False, False
        self.ended_by, self.lost = None, None
        self.up, self.signal, self.ending, self.ending_at = False, None, 0, 0
        self.missing = []       # lines about calls and words that there are not
        self.deaf = set()       # streams that nobody reads
        self.end = None
        self.decoder = Decoder()

    # --- what comes from the guest ---------------------------------------------------------

    def _handle(self, kind, payload):
        self.up = True
        if kind == "o":
            self._put(1, payload)
        elif kind == "c":
            self._put(1 if not os.isatty(2) or os.isatty(1) else 2, payload)
        elif kind == "e":
            self._put(2, payload)
        elif kind == "t":
            self._put(self.trace, payload + b"\n")
        elif kind == "l":
            self._put(2, b"tessera: " + payload + (b"\r\n" if self.console else b"\n"))
        elif kind == "n":
            self.missing.append(payload)
        elif kind == "r" and len(payload) == 4:
            self.room += struct.unpack("<I", payload)[0]
        elif kind == "x" and len(payload) == 4:
            self.status = struct.unpack("<I", payload)[0]

    def _put(self, fd, data):
        try:
            while data and fd is not None and fd not in self.deaf and self._takes(fd):
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(fd, data):]
        except OSError as error:
            self._lose(fd, error)

    def _lose(self, fd, error):
        if fd == self.trace:        # the program goes on without
            self.deaf.add(fd)
        left = isinstance(error, BrokenPipeError)
        if left and fd != self.trace:
            self._send(frames("s", bytes([signal.SIGPIPE])))
        # A terminal that went away is no loss.
        if not left and (fd == self.trace or not self.console):
            self.lost = self.lost or f"{self._name(fd)}: {error.strerror}"

    def _name(self, fd):
        return "trace" if fd == self.trace else f"standard {'output' if fd == 1 else 'error'}"

    def _takes(self, fd):
        """Waits until somebody reads there, who may take his time; not longer than the machine may run, or runs after a signal that ends programs."""
        while not select.select([], [fd], [], 0.2)[1]:
            if self.end and time.monotonic() >= self.end:
                self.ended_by = "timeout"
                return False
            self._flush()
            if self.ending > 1 or (self.ending and time.monotonic() - self.ending_at > GRACE):
                self.deaf.add(fd)
                self.lost = self.lost or f"{self._name(fd)}: nobody reads it"
                return False
            if self.signalled and self.process.poll() is not None:
                return False
        return True

    # --- what goes to the guest --------------------------------------------------------------

    def _send(self, data):
        self.to_guest += data

    def _notice(self):
        """What signals told, which may come in the middle of everything else."""
        while self.signals:
            self._send(frames("s", bytes([self.signals.pop(0)])))
        if self.resized:
            self.resized = False
            self._resize()

    def _flush(self):
        self._notice()
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self.to_guest = self.to_guest[self.link.send(self.to_guest[:65536]):]

    def _resize(self):
        size = array.array("H", [0, 0, 0, 0])
        with contextlib.suppress(OSError):
            fcntl.ioctl(0 if os.isatty(0) else 1, termios.TIOCGWINSZ, size)
            if size[0] and size[1]:
                self._send(frames("w", struct.pack("<HH", size[0], size[1])))

    def _signal(self, number, _):
        self.signalled = True
        self.signals.append(number)
        if number in ENDING:
            self.ending, self.ending_at = self.ending + 1, time.monotonic()
        if not self.up and self.ended_by is None:
            self.signal, self.ended_by = number, "signal"

    def _window(self, *_):
        self.resized = True

    def _read_console(self):
        try:
            data = os.read(0, 256)
        except OSError:
            data = b""      # the terminal went away
        if bytes([LEAVE]) in data:
            self.ended_by = "left"
            return False
        if data:
            self._send(frames("c", data))
        else:
            self.stdin_open = False
        return True

    def _read_stdin(self):
        data = os.read(0, min(CHUNK, self.room))
        self.room -= len(data)
        self._send(frames("i", data))
        self.stdin_open = bool(data)

    def _wants_stdin(self):
        if not self.stdin_open or len(self.to_guest) > 16 * CHUNK:
            return False
        return self.stdio[0] == "t" or (self.stdio[0] == "p" and self.room > 0)

    # --- the run -------------------------------------------------------------------------------

    def run(self):
        """Returns the wait status of the first process, or None: see `ended_by`.  `up` says whether it ran."""
        path = os.path.join(self.directory, "link")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        log = open(os.path.join(self.directory, "console"), "wb")
        # In a session of its own: what Ctrl-C sends is for the program, not for the emulator.
        self.process = process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *self.command(path)], stdin=subprocess.DEVNULL,
                                                  stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        saved = termios.tcgetattr(0) if self.console and os.isatty(0) else None
        handlers = {}
        try:
            for number in FORWARDED:
                if signal.getsignal(number) != signal.SIG_IGN:
                    handlers[number] = signal.signal(number, self._signal)
            self.link = self._accept(listener, process)
            if self.link is None:
                return None
            if saved:
                # What was typed meanwhile stays.
                tty.setraw(0, termios.TCSANOW)
                handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, self._window)
            if self.console:
                self._resize()
            self._move(self.link)
            if self.keeps and self.up and self.ended_by in ("timeout", "left"):
                self._stop(self.link)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            if saved:
                termios.tcsetattr(0, termios.TCSADRAIN, saved)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=2 if self.status is not None else 0.2)
            if process.poll() is None:
                process.kill()
            self.emulator_status = process.wait()
            log.close()
        return self.status if self.ended_by is None else None

    def _accept(self, listener, process):
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline and self.ended_by is None:
            if select.select([listener], [], [], 0.1)[0]:
                connection = listener.accept()[0]
                connection.setblocking(False)
                return connection
        self.ended_by = self.ended_by or "the emulator did not start"
        return None

    def _receive(self, link):
        """False: the machine is not there any more."""
        try:
            data = link.recv(65536)
        except BlockingIOError:
            return True
        except ConnectionError:
            data = b""
        if data:
            self._send(frames("a", struct.pack("<I", len(data))))
        for kind, payload in self.decoder.feed(data):
            self._handle(kind, payload)
        return bool(data)

    def _stop(self, link):
        """Ends the program as SIGKILL does, after which the system writes what it has and tells the program's status; once more Ctrl-] or such a signal is
        not waited."""
        self.deaf |= {1, 2, self.trace}
        self._send(frames("s", bytes([signal.SIGKILL])))
        self.ending, until = 0, time.monotonic() + STOPPING
        while self.status is None and not self.ending and time.monotonic() < until:
            typed = [0] if self.stdin_open and self.stdio[0] == "t" else []
            ready, writable, _ = select.select([link, *typed], [link] if self.to_guest else [], [], 0.2)
            if writable:
                self._flush()
            if (link in ready and not self._receive(link)) or (0 in ready and not self._read_console()):
                return

    def _move(self, link):
        self.end = time.monotonic() + self.timeout if self.timeout else None
        while self.status is None and self.ended_by is None:
            self._notice()
            readers = [link] + ([0] if self._wants_stdin() else [])
            left = max(0.0, min(0.5, self.end - time.monotonic())) if self.end else 0.5
            ready, writable, _ = select.select(readers, [link] if self.to_guest else [], [], left)
            if self.end and time.monotonic() >= self.end:
                self.ended_by = "timeout"
                return
            if writable:
                self._flush()
            if link in ready and not self._receive(link):
                if self.status is None:
                    self.ended_by = self.ended_by or "the machine stopped"
                return
            if 0 in ready:
                if self.stdio[0] == "t":
                    if not self._read_console():
                        return
                else:
                    self._read_stdin()
