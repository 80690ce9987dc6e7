# SPDX-License-Identifier: MIT
"""Tests of a session of ./tessera run, with a program in the emulator's place that says what the machine would."""
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Speaks as the machine does: `say` sends a frame, `heard` waits for one of a kind and gives what is in it.
MACHINE = """
import os, signal, socket, sys, time
sys.path.insert(0, %r)
from cli.link import Decoder, frames
link, decoder, kept = socket.socket(socket.AF_UNIX), Decoder(), []
link.connect(sys.argv[1])
def say(kind, data=b""):
    link.sendall(frames(kind, data))
def heard(kind):
    while True:
        for at, (k, data) in enumerate(kept):
            if k == kind:
                del kept[at]
                return data
        data = link.recv(65536)
        kept.extend(decoder.feed(data))
        if not data:
            sys.exit(1)
def end(status):
    say("x", bytes([0, status, 0, 0]))
    time.sleep(0.1)
"""
LAUNCHER = """
import sys, tempfile
sys.path.insert(0, %r)
from cli import run
from cli.session import Session
run.open_streams()
with tempfile.TemporaryDirectory() as directory:
    trace = int(sys.argv[4]) if len(sys.argv) > 4 else None
    session = Session(lambda path: ["/usr/bin/python3", "-c", sys.argv[1], path], directory, sys.argv[2], float(sys.argv[3]), trace=trace, keeps="k" in sys.argv[2])
    status = session.run()
print("status", status, "ended by", session.ended_by, "lost", session.lost, file=sys.stderr)
"""
TOOLS = str(ROOT / "tools")


def command(machine, stdio="ppp", timeout=0, trace=None):
    """`k` behind the letters of stdio: what the program wrote is wanted."""
    return ["/usr/bin/python3", "-c", LAUNCHER % TOOLS, MACHINE % TOOLS + machine, stdio, str(timeout), *([] if trace is None else [str(trace)])]


def run(machine, timeout=0, stdio="ppp", **streams):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **streams}
    return subprocess.run(command(machine, stdio, timeout), stderr=subprocess.PIPE, check=False, timeout=60, **streams)


class Streams(unittest.TestCase):
    def test_closed(self):
        done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&-', "sh", *command("say('r', b'\\x10\\0\\0\\0'); end(3 + len(heard('i')))")],
                              stderr=subprocess.PIPE, check=False, timeout=60)
        self.assertIn(b"status 768 ", done.stderr)

    def test_reader_that_waits_and_a_pipe_that_does_not(self):
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        with subprocess.Popen(command("for i in range(100): say('o', bytes(4096))\nend(0)"), stdin=subprocess.DEVNULL, stdout=theirs,
                              stderr=subprocess.DEVNULL) as process:
            os.close(theirs)
            time.sleep(1)
            with open(ours, "rb") as file:
                self.assertEqual(len(file.read()), 100 * 4096)
            self.assertEqual(process.wait(60), 0)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            done = run("say('o', b'text'); end(0)", stdout=full)
        self.assertIn(b"lost standard output: No space left on device", done.stderr)

    def test_timeout_without_reader(self):
        ours, theirs = os.pipe()
        try:
            done = run("while True: say('o', bytes(4096))", timeout=2, stdout=theirs)
            self.assertIn(b"ended by timeout", done.stderr)
        finally:
            os.close(ours)
            os.close(theirs)


class EndedEarly(unittest.TestCase):
    """A machine whose changes are wanted is asked to end, and has time to write them."""
    FLOOD = "for i in range(100): say('o', bytes(4096))\n"

    def test_timeout(self):
        ours, theirs = os.pipe()        # that nobody reads
        with tempfile.NamedTemporaryFile() as asked:
            begin = time.monotonic()
            done = run(f"say('u')\n{self.FLOOD}open({asked.name!r}, 'wb').write(heard('s'))\n{self.FLOOD}end(0)", timeout=2, stdio="pppk", stdout=theirs)
            self.assertIn(b"status None ended by timeout", done.stderr)
            self.assertEqual(asked.read(), bytes([signal.SIGKILL]))
            self.assertLess(time.monotonic() - begin, 8)
        os.close(ours)
        os.close(theirs)

    def test_one_that_does_not_hear(self):
        begin = time.monotonic()
        done = run("say('u'); time.sleep(50)", timeout=1, stdio="pppk")
        self.assertIn(b"ended by timeout", done.stderr)
        self.assertTrue(9 < time.monotonic() - begin < 20)

    def test_not_wanted(self):
        begin = time.monotonic()
        self.assertIn(b"ended by timeout", run("say('u'); time.sleep(50)", timeout=1).stderr)
        self.assertLess(time.monotonic() - begin, 6)

    def test_waiting_for_it_can_be_ended(self):
        with subprocess.Popen(command("say('u'); say('o', b'ready'); heard('s'); say('o', b'asked'); time.sleep(50)", "pppk", 1), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            time.sleep(3)
            begin = time.monotonic()
            process.terminate()
            self.assertIn(b"ended by timeout", process.communicate(timeout=60)[1])
            self.assertLess(time.monotonic() - begin, 5)


class Trace(unittest.TestCase):
    """A trace waits for its reader, as strace's does; but signals and the timeout do not wait for it."""
    LINES = "for i in range(200): say('t', b'x' * 999)\n"

    def run(self, result=None):
        self.ours, self.theirs = os.pipe()
        try:
            super().run(result)
        finally:
            for fd in {self.ours, self.theirs} - {None}:
                os.close(fd)

    def start(self, machine, timeout=0):
        process = subprocess.Popen(command(machine, timeout=timeout, trace=self.theirs), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, pass_fds=[self.theirs])
        os.close(self.theirs)
        self.theirs = None
        return process

    def end(self, process):
        out, said = process.communicate(timeout=60)
        return out, said

    def test_slow_reader(self):
        process = self.start(self.LINES + "end(0)")
        time.sleep(1)
        with open(self.ours, "rb", closefd=False) as file:
            self.assertEqual(file.read(), (b"x" * 999 + b"\n") * 200)
        self.assertIn(b"status 0 ended by None lost None", self.end(process)[1])

    def test_timeout(self):
        self.assertIn(b"ended by timeout", self.end(self.start(self.LINES + "end(0)", timeout=2))[1])

    def test_signal(self):
        process = self.start(self.LINES + "end(heard('s')[0])")
        time.sleep(2)
        process.terminate()
        said = self.end(process)[1]
        self.assertIn(b"status %d " % (signal.SIGTERM << 8), said)
        self.assertIn(b"trace: nobody reads it", said)

    def test_reader_that_leaves(self):
        os.close(self.ours)
        self.ours = None
        out, said = self.end(self.start(self.LINES + "say('o', b'text')\nend(0)"))
        self.assertEqual(out, b"text")
        self.assertIn(b"status 0 ended by None lost None", said)


class Signals(unittest.TestCase):
    WAIT = "signal.signal(2, lambda *_: end(9))\nsay('o', b'ready')\nend(heard('s')[0])"

    @classmethod
    def setUpClass(cls):
        """A shell has what it runs in the background ignore some of them, and nohup another: programs would inherit that."""
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)

    def ends_with(self, machine, send, stdio="ppp"):
        """The machine says that it is ready; then `send(process, terminal)`."""
        ours, theirs = pty.openpty()
        streams = {0: theirs, 1: theirs} if "t" in stdio else {0: subprocess.DEVNULL, 1: theirs}
        before = termios.tcgetattr(theirs)
        with subprocess.Popen(["setsid", "-c", *command(machine, stdio)] if "t" in stdio else command(machine, stdio), stdin=streams[0], stdout=streams[1],
                              stderr=subprocess.PIPE, start_new_session="t" not in stdio) as process:
            try:
                self.assertEqual(os.read(ours, 5), b"ready")
                send(process, ours)
                said = process.communicate(timeout=60)[1]
            finally:
                process.kill()
        self.assertEqual(termios.tcgetattr(theirs), before)
        os.close(ours)
        os.close(theirs)
        return said

    def test_told(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
            said = self.ends_with(self.WAIT, lambda process, _, number=number: process.send_signal(number))
            self.assertIn(b"status %d " % (number << 8), said)

    def test_told_in_a_terminal(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            said = self.ends_with(self.WAIT.replace("'o'", "'c'"), lambda process, _, number=number: process.send_signal(number), "tpp")
            self.assertIn(b"status %d " % (number << 8), said)

    def test_typed_before(self):
        """What was typed before the terminal was taken over is not lost."""
        ours, theirs = pty.openpty()
        os.write(ours, b"typed\nahead")
        with subprocess.Popen(["setsid", "-c", *command("data = b''\nwhile len(data) < 11: data += heard('c')\nend(data == b'typed\\nahead')", "tpp")],
                              stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            with self.subTest():
                self.assertIn(b"status 256 ", process.communicate(timeout=20)[1])
            process.kill()
        os.close(ours)
        os.close(theirs)

    def test_before_the_machine_is_up(self):
        """A machine that says nothing cannot hear signals: they end it."""
        for machine in ("time.sleep(50)", "link.close(); time.sleep(50)"):
            with subprocess.Popen(command("sys.stderr.write('up'); " + machine), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE) as process:
                time.sleep(2)
                process.terminate()
                said = process.stderr.read()
                process.wait(20)
            self.assertIn(b"status None ended by", said)

    def test_without_reader(self):
        """The program hears it and ends, though what it wrote finds no reader."""
        for times in (1, 2):
            ours, theirs = os.pipe()
            with subprocess.Popen(command("for i in range(100): say('o', bytes(4096))\nend(heard('s')[0])"), stdin=subprocess.DEVNULL, stdout=theirs,
                                  stderr=subprocess.PIPE) as process:
                time.sleep(2)
                for _ in range(times):
                    process.terminate()
                    time.sleep(0.2)
                said = process.stderr.read()
                process.wait(20)
            os.close(ours)
            os.close(theirs)
            self.assertIn(b"status %d " % (signal.SIGTERM << 8), said)
            self.assertIn(b"nobody reads it", said)

    def test_group(self):
        """Ctrl-C of a terminal that is not our standard input reaches the whole group: it is for the program, not for the emulator."""
        said = self.ends_with(self.WAIT, lambda process, _: os.killpg(process.pid, signal.SIGINT))
        self.assertIn(b"status 512 ", said)


if __name__ == "__main__":
    unittest.main()
