# SPDX-License-Identifier: MIT
"""What one process of load.c may have left behind when the power was cut.

Names: with a journal, exactly those after one of its operations, which is not older than what was made durable; without,
only names of what was made durable are looked at.  Contents: of each 8 bytes, any value since the file was made durable.
"""

import contextlib
import os
import struct

WORD, BLOCK = 8, 4096


class File:
    """One inode: its contents after each operation that changed them."""

    def __init__(self, number):
        self.versions = [(number, b"")]
        self.floors = []                # (operation, when it was acknowledged)
        self.named = number             # the last operation that gave or took one of its names

    def latest(self):
        return self.versions[-1][1]

    def write(self, number, data):
        if data != self.latest():
            self.versions.append((number, data))

    def since(self, position):
        """Contents that may be there after a cut: the version of the last floor, and later ones."""
        floor = max((n for n, when in self.floors if when <= position), default=0)
        first = max((i for i, (n, _) in enumerate(self.versions) if n <= floor), default=0)
        return [data for _, data in self.versions[first:]]


def pattern(process, number, first, count):
    base = (process + 1) << 56 | number << 32
    return struct.pack(f"<{count}Q", *(base | first + i + 1 for i in range(count)))


def allowed(data, versions, whole_blocks=False):
    """None, or why these contents cannot be.  whole_blocks: the end may have become that of its block."""
    if whole_blocks and len(data) % BLOCK == 0 and len(data) not in {len(v) for v in versions}:
        end = max((len(v) for v in versions if len(v) <= len(data)), default=0)
        data = data[:end] if not any(data[end:]) else data
    if len(data) not in {len(v) for v in versions}:
        return f"{len(data)} bytes, not one of {sorted({len(v) for v in versions})}"
    if data in versions:
        return None
    shortest = min(len(v) for v in versions)
    for at in range(0, len(data), WORD):
        word = data[at:at + WORD]
        if any(v[at:at + WORD] == word for v in versions):
            continue
        if at + WORD > shortest and not any(word):
            continue        # the size was longer already, the data not there yet
        return f"at {at}: {word.hex()}, not one of {sorted({v[at:at + WORD].hex() for v in versions})}"
    return None


class Process:
    """Fed with the lines of load.c and with when they came."""

    def __init__(self, number):
        self.number, self.begun = number, None
        self.names = {}                 # path -> File, or "dir", or the text of a symbolic link
        self.states = [(0, {})]         # (operation, names after it)
        self.durable = []               # (when acknowledged, the oldest state that may be found)
        self.promised = []              # (when, operation, path, File)

    def line(self, words, position):
        if words[0] == "B":
            self.begun = words[2:]
            return
        number, result = int(words[2]), int(words[3])
        begun, self.begun = self.begun, None
        assert begun and int(begun[0]) == number, "an operation ended that did not begin"
        if result >= 0:
            self._apply(number, begun[1], begun[2:], result)
            self._acknowledge(number, begun[1], begun[2:], position)

    def finish(self):
        """What was begun and not answered may have happened, in part if it is a write; unless it cannot."""
        if not self.begun:
            return
        number, what, *words = self.begun
        if (what in ("create", "mkdir", "symlink") and words[0] in self.names) or (what == "link" and words[1] in self.names):
            return
        with contextlib.suppress(KeyError):
            self._apply(int(number), what, words, int(words[2]) * WORD if what == "write" else 0)

    def _apply(self, number, what, words, result):
        getattr(self, "_" + what)(number, *words, result)
        if what not in ("write", "truncate", "sync"):
            self.states.append((number, dict(self.names)))

    def _acknowledge(self, number, what, words, position):
        if what == "sync" and words[1] == "all":
            for path, f in self.names.items():
                if isinstance(f, File):
                    self._promise(number, path, f, position)
            self.durable.append((position, number))
        elif what == "sync" or (what == "write" and words[3] == "1"):
            self._promise(number, words[0], self.names[words[0]], position)

    def _promise(self, number, path, f, position):
        f.floors.append((number, position))
        self.durable.append((position, f.named))
        self.promised.append((position, number, path, f))

    # --- operations ---------------------------------------------------------------------------

    def _create(self, number, path, _):
        self.names[path] = File(number)

    def _symlink(self, number, path, target, _):
        self.names[path] = target

    def _mkdir(self, number, path, _):
        self.names[path] = "dir"

    def _rmdir(self, number, path, _):
        del self.names[path]

    def _unlink(self, number, path, _):
        self._touch(number, self.names.pop(path))

    def _link(self, number, old, new, _):
        self.names[new] = self.names[old]
        self._touch(number, self.names[new])

    def _rename(self, number, old, new, _):
        if old == new or (isinstance(self.names[old], File) and self.names[old] is self.names.get(new)):
            return          # two names of one file: nothing happens
        moved = {p: f for p, f in self.names.items() if p == old or p.startswith(old + "/")}
        self._touch(number, self.names.get(new))
        for path, f in moved.items():
            del self.names[path]
        for path, f in moved.items():
            self.names[new + path[len(old):]] = f
            self._touch(number, f)

    @staticmethod
    def _touch(number, f):
        if isinstance(f, File):
            f.named = number

    def _write(self, number, path, at, count, _, result):
        f, at, count = self.names[path], int(at), int(count)
        data = f.latest().ljust(at * WORD, b"\0")
        new = pattern(self.number, number, at, count)[:result]
        f.write(number, data[:at * WORD] + new + data[at * WORD + len(new):])

    def _truncate(self, number, path, words, _):
        size = int(words) * WORD
        self.names[path].write(number, self.names[path].latest()[:size].ljust(size, b"\0"))

    def _sync(self, number, path, how, _):
        pass

    # --- judging --------------------------------------------------------------------------------

    def judge(self, directory, position, journal):
        """Complaints about what was found."""
        found = tree_of(directory)
        oldest = max((n for when, n in self.durable if when <= position), default=0)
        if not journal:
            return self._judge_promised(directory, found, position)
        # The same names may come again, with other files behind them.
        why, end = None, None
        for number, names in reversed(self.states):
            if {p: kind_of(f) for p, f in names.items()} == found:
                if end is not None and end <= oldest:
                    return why or [f"p{self.number}: names as after operation {number}, but {oldest} was durable"]
                this = self._judge_files(directory, names, position, True)
                if not this:
                    return []
                why = why or this
            end = number
        return why or [f"p{self.number}: names as after no operation: {found}"]

    def _judge_files(self, directory, names, position, journal):
        out = []
        for path, f in names.items():
            if isinstance(f, File):
                with open(os.path.join(directory, path), "rb") as file:
                    why = allowed(file.read(), f.since(position), not journal)
                out += [f"p{self.number}/{path}: {why}"] if why else []
        return out

    def _judge_promised(self, directory, found, position):
        """Files that were made durable, and have not been renamed, removed or replaced since."""
        names = {path: f for when, number, path, f in self.promised
                 if when <= position and f.named <= number and self.names.get(path) is f}
        lost = [f"p{self.number}/{path}: lost" for path in names if found.get(path) != "file"]
        return lost or self._judge_files(directory, names, position, False)


def kind_of(f):
    return "file" if isinstance(f, File) else f


def tree_of(directory):
    out = {}
    for at, dirs, files in os.walk(directory):
        for name in dirs + files:
            path = os.path.join(at, name)
            out[os.path.relpath(path, directory)] = os.readlink(path) if os.path.islink(path) else "dir" if os.path.isdir(path) else "file"
    return out
