# SPDX-License-Identifier: MIT
"""Brings what a program changed in a directory back from an ext2 image.

Nothing is lost: what somebody else changed or made here meanwhile stays; if both changed a file, the program's is put
beside it.  What the program did not touch is not touched here either.  Whose files are ours here are root's there.
"""

import contextlib
import dataclasses
import os
import stat
import subprocess
import sys
import tempfile

from root.ext2 import tool
from root.ext2file import Ext2Error, Image

BESIDE = ".from-tessera"
CARRIED = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO)
SET_ID = stat.S_ISUID | stat.S_ISGID
CHUNK = 1 << 20
DAMAGED = 4         # status of e2fsck -p from which on something is left that it does not mend by itself


class BackError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class State:
    """What changes when somebody changes a file; owners as they are called within."""
    kind: int
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    target: bytes


def _state(path):
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    return State(kind, stat.S_IMODE(info.st_mode), *owner_within(info.st_uid, info.st_gid),
                 info.st_size if kind == stat.S_IFREG else 0, info.st_mtime_ns, os.fsencode(os.readlink(path)) if kind == stat.S_IFLNK else b"")


def within(number, ours):
    """Us and root have changed names, so that each of both can be told from the other."""
    return {0: ours, ours: 0}.get(number, number)


def owner_within(uid, gid):
    return within(uid, os.geteuid()), within(gid, os.getegid())


def snapshot(top):
    """Path below `top` ("" is itself) -> its state, of all that is put in."""
    out = {"": _state(top)}
    for at, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(at, name)
            out[os.path.relpath(path, top)] = _state(path)
    return {path: state for path, state in out.items() if state.kind in CARRIED}


class Merge:
    """`there`, a directory or file of the image, into `ours`, which was as `before` says when the program began."""

    def __init__(self, image, there, ours, before):
        self.image, self.ours, self.before, self.notes = image, ours, before, []
        self.inodes = image.walk(there)
        self.theirs = {rel: self._their_state(inode) for rel, inode in self.inodes.items()}
        self.children = {}
        for rel in self.theirs:
            if rel:
                self.children.setdefault(os.path.dirname(rel), []).append(rel)
        self.placed = {}                # inode there -> where its file is here
        for rel, inode in self.inodes.items():
            if stat.S_ISREG(inode.mode) and rel in before and self._untouched(rel) and self._unchanged(rel):
                self.placed[inode.number] = self._path(rel)

    def _their_state(self, inode):
        kind = stat.S_IFMT(inode.mode)
        return State(kind, stat.S_IMODE(inode.mode), inode.uid, inode.gid, inode.size if kind == stat.S_IFREG else 0, inode.mtime,
                     self.image.link(inode) if kind == stat.S_IFLNK else b"")

    def _path(self, rel):
        return os.path.join(self.ours, rel) if rel else self.ours

    def _untouched(self, rel):
        """By the program.  Times of change are those of the file when an image is made."""
        state, inode = self.theirs[rel], self.inodes[rel]
        if state != self.before.get(rel):
            return False
        return state.kind != stat.S_IFREG or inode.ctime == inode.mtime or self._same_bytes(rel)

    def _unchanged(self, rel):
        """Here, since it was put in."""
        path = self._path(rel)
        return os.path.lexists(path) and self.before.get(rel) == _state(path)

    def _same_bytes(self, rel):
        inode = self.inodes[rel]
        try:
            with open(self._path(rel), "rb", opener=lambda p, flags: os.open(p, flags | os.O_NOFOLLOW)) as file:
                if os.fstat(file.fileno()).st_size != inode.size:
                    return False
                at = 0
                for offset, data in self.image.parts(inode):
                    if not _is_zero(file, offset - at) or file.read(len(data)) != data:
                        return False
                    at = offset + len(data)
                return _is_zero(file, inode.size - at)
        except OSError:
            return False

    # --- what is made here -------------------------------------------------------------------

    def _fill(self, path, inode):
        """A file appears whole or not at all."""
        handle, new = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".tessera-")
        try:
            with os.fdopen(handle, "wb", buffering=0) as file:
                os.truncate(file.fileno(), inode.size)
                for at, data in self.image.parts(inode):
                    while data:
                        n = os.pwrite(file.fileno(), data, at)
                        at, data = at + n, data[n:]
            os.replace(new, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(new)
            raise

    def _put_link(self, path, inode):
        """Another name of a file that is here already?"""
        first = self.placed.get(inode.number)
        if inode.links < 2 or first is None:
            return False
        if not (os.path.lexists(path) and os.path.samefile(first, path)):
            new = tempfile.mktemp(dir=os.path.dirname(path), prefix=".tessera-")
            os.link(first, new, follow_symlinks=False)
            os.replace(new, path)
        return True

    def _put(self, rel, path):
        """One entry, where nothing is, or a file that goes."""
        state, inode = self.theirs[rel], self.inodes[rel]
        if state.kind == stat.S_IFDIR:
            os.mkdir(path)
        elif state.kind == stat.S_IFLNK:
            os.symlink(os.fsdecode(state.target), path)
        elif state.kind == stat.S_IFIFO:
            os.mkfifo(path)
        elif state.kind != stat.S_IFREG:
            self.notes.append(f"{path}: a {'socket' if state.kind == stat.S_IFSOCK else 'device'}, which is not brought back")
            return False
        elif self._put_link(path, inode):
            return False
        else:
            self._fill(path, inode)
        self.placed.setdefault(inode.number, path)
        return True

    def _try(self, path, what, call, *args, **options):
        try:
            call(path, *args, **options)
        except OSError as error:
            self.notes.append(f"{path}: {what} cannot be set as the program did: {error.strerror}")

    def _attributes(self, rel, path, then, new):
        """Owner, mode and time, as far as the program changed them; `then`: as they were, or None; `new`: the file here is ours."""
        state, owned = self.theirs[rel], State(0, 0, 0, 0, 0, 0, b"") if new else then
        uid, gid = (-1 if a == b else within(a, ours) for a, b, ours in ((state.uid, owned.uid, os.geteuid()), (state.gid, owned.gid, os.getegid())))
        if (uid, gid) != (-1, -1):
            self._try(path, "its owner", os.chown, uid, gid, follow_symlinks=False)
        if state.kind != stat.S_IFLNK and (new or (uid, gid) != (-1, -1) or state.mode != then.mode):
            self._try(path, "its mode", os.chmod, self._mode(path, state, then, new))
        if new or state.mtime != then.mtime:
            self._try(path, "its time", os.utime, ns=(self.inodes[rel].atime, state.mtime), follow_symlinks=False)

    def _mode(self, path, state, then, new):
        """A program does not make files that run with our rights: only what had them, and was not written to, keeps them."""
        if state.kind != stat.S_IFREG or not state.mode & SET_ID:
            return state.mode
        kept = state.mode & SET_ID & (0 if new else then.mode)
        if kept != state.mode & SET_ID:
            self.notes.append(f"{path}: set-user-ID and set-group-ID bits are not brought back")
        return state.mode & ~SET_ID | kept

    def _make(self, rel, path):
        """What is new, with all that is in it."""
        if not self._put(rel, path):
            return
        for child in sorted(self.children.get(rel, [])):
            self._make(child, os.path.join(path, os.path.basename(child)))
        self._attributes(rel, path, None, True)

    # --- both sides ------------------------------------------------------------------------------

    def _remove(self, rel):
        """What was put in and is not there any more; not what came or changed here since."""
        path = self._path(rel)
        if rel not in self.before:
            return
        if stat.S_ISDIR(os.lstat(path).st_mode):
            for name in os.listdir(path):
                self._remove(os.path.join(rel, name))
            if not os.listdir(path):
                os.rmdir(path)
        elif self._unchanged(rel):
            os.unlink(path)
        else:
            self.notes.append(f"{path}: removed by the program, but changed here meanwhile: it stays")

    def _beside(self, rel):
        path = self._path(rel)
        name = path + BESIDE
        while os.path.lexists(name):
            name += "~"
        self._make(rel, name)
        self.notes.append(f"{path}: changed by the program, and here meanwhile: the program's is {name}")

    def _change(self, rel):
        """A file of before, of the same kind on both sides, which only the program changed."""
        path, state, then, inode = self._path(rel), self.theirs[rel], self.before[rel], self.inodes[rel]
        first = self.placed.get(inode.number)
        if state.kind == stat.S_IFREG:
            new = not self._same_bytes(rel) or (first is not None and not os.path.samefile(first, path))
        else:
            new = state.target != then.target
            if new:
                os.unlink(path)
        if new and not self._put(rel, path):
            return
        self.placed.setdefault(inode.number, path)
        self._attributes(rel, path, then, new)

    def _replace(self, rel):
        path = self._path(rel)
        then, same_kind = self.before.get(rel), stat.S_IFMT(os.lstat(path).st_mode) == self.theirs[rel].kind
        if same_kind and then is not None and self._unchanged(rel):
            self._change(rel)
        elif same_kind and self._is_same(rel):
            return
        elif then is not None and self._unchanged(rel) or stat.S_ISDIR(os.lstat(path).st_mode):
            self._remove(rel)
            if os.path.lexists(path):
                self._beside(rel)
            else:
                self._make(rel, path)
        else:
            self._beside(rel)

    def _is_same(self, rel):
        """Both made the same."""
        state = self.theirs[rel]
        return self._same_bytes(rel) if state.kind == stat.S_IFREG else state.target == _state(self._path(rel)).target

    def entry(self, rel):
        path, state = self._path(rel), self.theirs[rel]
        if state.kind == stat.S_IFDIR and os.path.isdir(path) and not os.path.islink(path):
            self._directory(rel)
        elif rel in self.before and self._untouched(rel):
            return
        elif os.path.lexists(path):
            self._replace(rel)
        else:
            self._make(rel, path)

    def _directory(self, rel):
        path, then = self._path(rel), self.before.get(rel)
        ours = _state(path)
        theirs = {os.path.basename(child) for child in self.children.get(rel, [])}
        for name in sorted(set(os.listdir(path)) - theirs):
            self._remove(os.path.join(rel, name))
        for name in sorted(theirs):
            self.entry(os.path.join(rel, name))
        if then is None or (ours.mode, ours.uid, ours.gid) != (then.mode, then.uid, then.gid):
            return
        self._attributes(rel, path, then, False)
        # What was put here changed its time; what others put here as well.
        os.utime(path, ns=(os.stat(path).st_atime_ns, self.theirs[rel].mtime if ours.mtime == then.mtime else max(ours.mtime, self.theirs[rel].mtime)))


def _is_zero(file, n):
    while n > 0:
        data = file.read(min(n, CHUNK))
        if not data or data.strip(b"\0"):
            return False
        n -= len(data)
    return True


def _recover(image):
    """A machine that was ended early leaves work in the journal, and no damage: where e2fsck finds some, nothing is taken from there."""
    with Image(image) as file:
        unclean = file.unclean
    if unclean:
        done = subprocess.run([tool("e2fsck"), "-fp", image], capture_output=True, text=True, check=False)
        if done.returncode >= DAMAGED:
            raise Ext2Error(f"e2fsck: {' '.join((done.stdout + done.stderr).split())[-300:]}")


def bring(image, guest, host, before):
    """`guest` in the image becomes `host` here: a directory, or one file.  False: it is not there any more."""
    try:
        _recover(image)
        with Image(image) as file:
            merge = Merge(file, guest, host, before)
            if not merge.theirs:
                return False
            merge.entry("")
    except Ext2Error as error:
        raise BackError(f"{guest} could not be read from the image: {error}") from None
    for note in merge.notes:
        print(f"tessera: {note}", file=sys.stderr)
    return True
