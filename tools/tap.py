# SPDX-License-Identifier: MIT
"""Reads and writes test results: lines `ok N name`, `not ok N name`, a plan `1..N`, a last line `# done`."""
import dataclasses
import re
import sys

LINE = re.compile(r"^(not )?ok\s+(\d+)\s+(?:- )?(.*?)\s*(?:#\s*skip\b:?\s*(.*))?$", re.IGNORECASE)
PLAN = re.compile(r"^1\.\.(\d+)\s*$")
DONE = re.compile(r"^# done\s*$")


@dataclasses.dataclass
class Report:
    passed: list = dataclasses.field(default_factory=list)
    failed: list = dataclasses.field(default_factory=list)
    skipped: list = dataclasses.field(default_factory=list)     # (name, reason)
    plan: int = -1
    done: bool = False

    def total(self):
        return len(self.passed) + len(self.failed) + len(self.skipped)

    def complaint(self, need_done):
        """What is wrong with the form of the report, or ''."""
        if self.total() == 0:
            return "it reported no test"
        if self.plan >= 0 and self.plan != self.total():
            return f"it planned {self.plan} tests and reported {self.total()}"
        if need_done and self.plan < 0:
            return "it printed no plan (1..N)"
        if need_done and not self.done:
            return "it did not print its last line (# done)"
        return ""

    def only(self, substring):
        """The part about tests whose name contains substring; `_` may stand for a space."""
        def fits(name):
            return substring.replace("_", " ") in name.replace("_", " ")
        return Report([n for n in self.passed if fits(n)], [n for n in self.failed if fits(n)],
                      [s for s in self.skipped if fits(s[0])], -1, self.done)


class Writer:
    """Prints results, and counts them."""

    def __init__(self, shown=slice(None)):
        self.number = self.failed = 0
        self.shown = shown          # which lines of a detail

    def say(self, good, name, detail=""):
        """The detail, a text or lines, is shown of a failure only."""
        self.number += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.number} {name}", flush=True)
        lines = detail.splitlines() if isinstance(detail, str) else list(detail)
        for line in [] if good else lines[self.shown]:
            print(f"#   {line}", flush=True)

    def end(self, only=""):
        """The plan; the status for whoever called.  Where nothing was tried, nothing passed."""
        print(f"1..{self.number}")
        if self.number == 0:
            print(f"no test has {only!r} in its name" if only else "there was no test", file=sys.stderr)
        return 2 if self.number == 0 else 1 if self.failed else 0


def parse(text):
    r = Report()
    for line in text.splitlines():
        m = LINE.match(line)
        if m:
            name = m.group(3)
            if m.group(1):
                r.failed.append(name)
            elif m.group(4) is not None:
                r.skipped.append((name, m.group(4)))
            else:
                r.passed.append(name)
        elif PLAN.match(line):
            r.plan = int(PLAN.match(line).group(1))
        elif DONE.match(line):
            r.done = True
    return r


def failures(text):
    """The `not ok` lines, each with the comment lines that follow it."""
    out, inside = [], False
    for line in text.splitlines():
        if line.startswith("not ok"):
            inside = True
        elif not (inside and line.startswith("#")) or DONE.match(line):
            inside = False
        if inside:
            out.append(line)
    return "\n".join(out)
