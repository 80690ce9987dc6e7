# SPDX-License-Identifier: MIT
"""One run of a Linux program on a disk whose writes are recorded, with what the program said and when."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))
from cli import image, options                                  # noqa: E402
from cli.link import frames                                     # noqa: E402
from cli.session import Session                                 # noqa: E402

from blocklog import Log                                        # noqa: E402


class Machine(Session):
    """on_line(line, machine) is called for each line of standard output.  kernel: words of its command line."""

    def __init__(self, disk, directory, argv, timeout, on_line, log=None, words=(), environment=(), kernel=""):
        args, _ = options.parse(["--disk", disk, "--cwd", "/", *words, argv[0]])
        plan = image.Plan(args, None, argv, ["PATH=/bin:/usr/bin", "HOME=/root", *environment], "ppp", directory)
        append = ["-append", kernel] if kernel else []
        super().__init__(lambda path: self._logged([*plan.command(path), *append]), directory, "ppp", timeout)
        self.disk, self.on_line, self.log_path = disk, on_line, log
        self.stdin_open, self.text, self.errors = False, b"", b""
        if log:
            open(log, "wb").close()
            self.log = Log(log)

    def _logged(self, command):
        """The same with the recorder between device and image."""
        if not self.log_path:
            return command
        out = []
        for word in command:
            if word.startswith(f"file={self.disk},"):
                out[-1] = "-blockdev"
                word = (f"driver=blklogwrites,node-name=disk,log-sector-size=512,file.driver=file,file.filename={self.disk},"
                        f"log.driver=file,log.filename={self.log_path}")
            out.append(word)
        return out

    def _put(self, fd, data):
        if fd == 2:
            self.errors += data
            return
        self.text += data
        *lines, self.text = self.text.split(b"\n")
        for line in lines:
            self.on_line(line.decode(errors="replace"), self)

    def answer(self, data):
        """Standard input."""
        self._send(frames("i", data))

    def _accept(self, listener, process):
        self.process = process
        return super()._accept(listener, process)

    def kill(self):
        """At once; what it had said before still comes."""
        self.process.kill()

    def console_text(self):
        with open(os.path.join(self.directory, "console"), errors="replace") as file:
            return file.read()
