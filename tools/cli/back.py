# SPDX-License-Identifier: MIT
"""Brings what a program changed in a directory back from an ext2 image.

Nothing is lost: what somebody else changed or made here meanwhile stays; if both changed a file, the program's is put
beside it.
"""

import filecmp
import os
import shutil
import stat
import subprocess
import sys
import tempfile

from root.ext2 import tool

BESIDE = ".from-tessera"


class BackError(Exception):
    pass


def _kind(path):
    return stat.S_IFMT(os.lstat(path).st_mode)


def _is_dir(path):
    return stat.S_ISDIR(_kind(path))


def _state(path):
    """What changes when somebody writes there."""
    info = os.lstat(path)
    if stat.S_ISREG(info.st_mode):
        return "file", info.st_size, info.st_mtime_ns
    if stat.S_ISLNK(info.st_mode):
        return "link", os.readlink(path), 0
    return ("directory" if stat.S_ISDIR(info.st_mode) else "other"), 0, 0


def snapshot(top):
    """Path below `top` ("" is itself) -> its state, of all that is put in."""
    out = {"": _state(top)}
    for at, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(at, name)
            out[os.path.relpath(path, top)] = _state(path)
    return {path: state for path, state in out.items() if state[0] != "other"}


def _same(a, b):
    if _kind(a) != _kind(b):
        return False
    if os.path.islink(a):
        return os.readlink(a) == os.readlink(b)
    return _is_dir(a) or filecmp.cmp(a, b, shallow=False)


def _copy(a, b):
    """A file appears whole or not at all."""
    if os.path.islink(a):
        os.symlink(os.readlink(a), b)
    elif stat.S_ISREG(_kind(a)):
        handle, new = tempfile.mkstemp(dir=os.path.dirname(b), prefix=".tessera-")
        os.close(handle)
        shutil.copy2(a, new)
        os.replace(new, b)


class Merge:
    """`theirs`, from the image, into `ours`, which was as `before` says when the program began."""

    def __init__(self, theirs, ours, before):
        self.theirs, self.ours, self.before, self.notes = theirs, ours, before, []

    def _paths(self, rel):
        return (os.path.join(self.theirs, rel), os.path.join(self.ours, rel)) if rel else (self.theirs, self.ours)

    def _unchanged(self, rel):
        return self.before.get(rel) == _state(self._paths(rel)[1])

    def _untouched_by_program(self, rel):
        state, then = _state(self._paths(rel)[0]), self.before.get(rel)
        # Images are made with whole seconds.
        return then is not None and state[:2] == then[:2] and state[2] // 10**9 == then[2] // 10**9

    def _remove(self, rel):
        """What was put in and is not there any more; not what came or changed here since."""
        path = self._paths(rel)[1]
        if rel not in self.before:
            return
        if _is_dir(path):
            for name in os.listdir(path):
                self._remove(os.path.join(rel, name))
            if not os.listdir(path):
                os.rmdir(path)
        elif self._unchanged(rel):
            os.unlink(path)
        else:
            self.notes.append(f"{path}: removed by the program, but changed here meanwhile: it stays")

    def _beside(self, rel):
        a, b = self._paths(rel)
        name = b + BESIDE
        while os.path.lexists(name):
            name += "~"
        if _is_dir(a):
            shutil.copytree(a, name, symlinks=True)
        else:
            _copy(a, name)
        self.notes.append(f"{b}: changed by the program, and here meanwhile: the program's is {name}")

    def _replace(self, rel):
        a, b = self._paths(rel)
        if self._untouched_by_program(rel):
            return
        if not self._unchanged(rel):
            self._beside(rel)
        elif stat.S_ISREG(_kind(a)) and stat.S_ISREG(_kind(b)):
            _copy(a, b)
        else:
            self._remove(rel)
            if os.path.lexists(b):
                self._beside(rel)
            else:
                self.entry(rel)

    def entry(self, rel):
        a, b = self._paths(rel)
        if os.path.lexists(b) and not _same(a, b):
            self._replace(rel)
        elif _is_dir(a):
            os.makedirs(b, exist_ok=True)
            self._directory(rel)
            shutil.copymode(a, b)
        elif not os.path.lexists(b):
            _copy(a, b)
        elif not os.path.islink(a):
            shutil.copymode(a, b)

    def _directory(self, rel):
        a, b = self._paths(rel)
        theirs = set(os.listdir(a))
        for name in sorted(set(os.listdir(b)) - theirs):
            self._remove(os.path.join(rel, name))
        for name in sorted(theirs):
            self.entry(os.path.join(rel, name))


def extract(image, guest, scratch):
    """`guest` of the image below `scratch`: its path, or None if it is not there any more."""
    if "\n" in guest:
        raise BackError("a directory whose name has several lines cannot be brought back")
    os.makedirs(scratch, exist_ok=True)
    quoted = guest.replace('"', '""')
    done = subprocess.run([tool("debugfs"), "-R", f'rdump "{quoted}" "{scratch}"', image], capture_output=True, check=False)
    problems = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip() and not line.startswith("debugfs ")]
    found = os.path.join(scratch, os.path.basename(guest.rstrip("/")))
    if problems and not all("not found" in line for line in problems):
        raise BackError(f"{guest} could not be read from the image: {problems[0]}")
    return found if os.path.lexists(found) else None


def bring(image, guest, host, before, scratch):
    """`guest` in the image becomes `host` here: a directory, or one file.  False: it is not there any more."""
    found = extract(image, guest, scratch)
    if found is None:
        return False
    merge = Merge(found, host, before)
    merge.entry("")
    for note in merge.notes:
        print(f"tessera: {note}", file=sys.stderr)
    return True
