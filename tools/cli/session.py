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
import sys
import termios
import time
import tty

from .link import Decoder, frames

CHUNK = 4096
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
LEAVE = 0x1d      # Ctrl-]


class Session:
    """`command(path)` gives the emulator's command line for a link socket at `path`."""

    def __init__(self, command, directory, stdio, timeout=0, kernel_log=None, on_trace=None):
        self.command, self.directory, self.stdio, self.timeout = command, directory, stdio, timeout
        self.kernel_log, self.on_trace = kernel_log, on_trace
        self.status, self.room, self.stdin_open = None, 0, True
        self.console = "t" in stdio
        self.messages, self.to_guest, self.last_leave = [], b"", 0.0
        self.ended_by = None

    # --- what comes from the guest ---------------------------------------------------------

    def _handle(self, kind, payload):
        if kind in "co":
            self._put(1 if kind == "o" or not os.isatty(2) or os.isatty(1) else 2, payload)
        elif kind == "e":
            self._put(2, payload)
        elif kind == "t":
            self._trace(payload)
        elif kind == "l":
            self._put(2, b"tessera: " + payload + (b"\r\n" if self.console else b"\n"))
        elif kind == "r" and len(payload) == 4:
            self.room += struct.unpack("<I", payload)[0]
        elif kind == "x" and len(payload) == 4:
            self.status = struct.unpack("<I", payload)[0]

    def _trace(self, payload):
        if self.on_trace:
            self.on_trace(payload)

    def _put(self, fd, data):
        try:
            while data:
                data = data[os.write(fd, data):]
        except BrokenPipeError:
            self._send(frames("s", bytes([signal.SIGPIPE])))
        except OSError:
            pass

    # --- what goes to the guest --------------------------------------------------------------

    def _send(self, data):
        self.to_guest += data

    def _resize(self, *_):
        size = array.array("H", [0, 0, 0, 0])
        with contextlib.suppress(OSError):
            fcntl.ioctl(0 if os.isatty(0) else 1, termios.TIOCGWINSZ, size)
            if size[0] and size[1]:
                self._send(frames("w", struct.pack("<HH", size[0], size[1])))

    def _signal(self, number, _):
        self._send(frames("s", bytes([number])))

    def _read_console(self):
        data = os.read(0, 256)
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
        """Returns the wait status of the first process, or None: see `ended_by`."""
        path = os.path.join(self.directory, "link")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        log = open(os.path.join(self.directory, "console"), "wb")
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *self.command(path)], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=subprocess.STDOUT)
        saved = termios.tcgetattr(0) if self.console and os.isatty(0) else None
        handlers = {}
        try:
            link = self._accept(listener, process)
            if link is None:
                return None
            if saved:
                tty.setraw(0)
                handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, self._resize)
            else:
                for number in FORWARDED:
                    handlers[number] = signal.signal(number, self._signal)
            if self.console:
                self._resize()
            self._move(link, process)
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
        return self.status

    def _accept(self, listener, process):
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            if select.select([listener], [], [], 0.1)[0]:
                connection = listener.accept()[0]
                connection.setblocking(False)
                return connection
        self.ended_by = "the emulator did not start"
        return None

    def _move(self, link, process):
        decoder = Decoder()
        end = time.monotonic() + self.timeout if self.timeout else None
        while self.status is None:
            readers = [link] + ([sys.stdin] if self._wants_stdin() else [])
            left = max(0.0, min(0.5, end - time.monotonic())) if end else 0.5
            ready, writable, _ = select.select(readers, [link] if self.to_guest else [], [], left)
            if end and time.monotonic() >= end:
                self.ended_by = "timeout"
                return
            if writable:
                with contextlib.suppress(BlockingIOError, BrokenPipeError):
                    self.to_guest = self.to_guest[link.send(self.to_guest[:65536]):]
            if link in ready:
                try:
                    data = link.recv(65536)
                except BlockingIOError:
                    continue
                except ConnectionError:
                    data = b""
                if data:
                    self._send(frames("a", struct.pack("<I", len(data))))
                for kind, payload in decoder.feed(data):
                    self._handle(kind, payload)
                if not data:
                    if self.status is None:
                        self.ended_by = "the machine stopped"
                    return
            if sys.stdin in ready:
                if self.stdio[0] == "t":
                    if not self._read_console():
                        return
                else:
                    self._read_stdin()
