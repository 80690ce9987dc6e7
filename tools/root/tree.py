# SPDX-License-Identifier: MIT
"""A tree of files in memory, gathered from this machine, from Debian packages, and from text."""

import os
import stat

from .elf import Elf, ElfError, MissingError, libraries
from .runtime import which


MADE = 946684800        # 2000-01-01: of what comes from no file here, always the same; formats that count from later than 1970 know it


class TreeError(Exception):
    pass


class NoInterpreterError(TreeError):
    """A script's interpreter is not on this machine."""


class Node:
    def __init__(self, mode, data=b"", source=None, uid=0, gid=0, mtime=MADE, rdev=0):
        self.mode, self.data, self.source = mode, data, source
        self.uid, self.gid, self.mtime, self.rdev = uid, gid, mtime, rdev
        self.mtime_ns, self.same = mtime * 10**9, None        # same: what all names of one file have in common

    def contents(self):
        """The bytes of a file, or the text of a symbolic link."""
        if self.source is None:
            return self.data
        with open(self.source, "rb") as file:
            return file.read()

    def size(self):
        return len(self.data) if self.source is None else os.path.getsize(self.source)


class Tree:
    """Names without leading slash -> Node; the root is ""."""

    def __init__(self):
        self.nodes = {"": Node(stat.S_IFDIR | 0o755)}

    def place(self, name, make=False):
        """The name with symbolic links among the directories above it followed; `make`: these exist afterwards."""
        parts, at, hops = [p for p in name.split("/") if p not in ("", ".")], "", 0
        while len(parts) > 1:
            part = parts.pop(0)
            at = os.path.dirname(at) if part == ".." else f"{at}/{part}".lstrip("/")
            node = self.nodes.get(at) or Node(stat.S_IFDIR | 0o755)
            if make:
                self.nodes[at] = node
            if stat.S_ISLNK(node.mode):
                hops += 1
                if hops > 40:
                    raise TreeError(f"{name}: too many symbolic links")
                target = os.fsdecode(node.data)
                parts = [p for p in target.split("/") if p not in ("", ".")] + parts
                at = "" if target.startswith("/") else os.path.dirname(at)
            elif not stat.S_ISDIR(node.mode):
                raise TreeError(f"{name}: {at} is not a directory")
        return f"{at}/{parts[0]}".lstrip("/") if parts else at

    def add(self, name, node):
        self.nodes[self.place(name, True)] = node

    def has(self, name):
        return self.place(name) in self.nodes

    def directory(self, name, mode=0o755):
        self.nodes[self.place(name, True)] = Node(stat.S_IFDIR | mode)

    def text(self, name, text, mode=0o644):
        self.add(name, Node(stat.S_IFREG | mode, text.encode() if isinstance(text, str) else text))

    def link(self, name, target):
        self.add(name, Node(stat.S_IFLNK | 0o777, target.encode()))

    def device(self, name, major, minor, mode=0o666):
        self.add(name, Node(stat.S_IFCHR | mode, rdev=major << 8 | minor))

    def file(self, name, source, owner=None):
        """One file, link or device of this machine; `owner`: of a uid and gid here, those within (default: root's)."""
        try:
            info = os.lstat(source)
        except OSError as error:
            raise TreeError(f"{source}: {error.strerror}") from None
        uid, gid = owner(info.st_uid, info.st_gid) if owner else (0, 0)
        common = {"mtime": int(info.st_mtime), "uid": uid, "gid": gid}
        if stat.S_ISLNK(info.st_mode):
            self.add(name, Node(info.st_mode, os.fsencode(os.readlink(source)), **common))
        elif stat.S_ISREG(info.st_mode):
            self.add(name, Node(info.st_mode, source=os.path.abspath(source), **common))
        elif stat.S_ISDIR(info.st_mode):
            place = self.place(name, True)
            if place not in self.nodes or not stat.S_ISLNK(self.nodes[place].mode):
                self.nodes[place] = Node(info.st_mode, **common)
        elif stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
            rdev = os.major(info.st_rdev) << 8 | os.minor(info.st_rdev)
            self.add(name, Node(info.st_mode, rdev=rdev, **common))
        elif stat.S_ISFIFO(info.st_mode):
            self.add(name, Node(info.st_mode, **common))
        else:
            return
        node = self.nodes[self.place(name)]
        node.mtime_ns, node.same = info.st_mtime_ns, (info.st_dev, info.st_ino) if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode) else None

    def copy(self, source, name, left_out=None, owner=None):
        """A directory of this machine with all it contains, but for directories whose names match `left_out`; or one file."""
        if not os.path.isdir(source):
            return self.file(name, os.path.realpath(source), owner)
        self.file(name, source, owner)
        for directory, names, files in os.walk(source):
            below = os.path.relpath(directory, source)
            names[:] = [n for n in names if left_out is None or not left_out.fullmatch(n)]
            for entry in sorted(names + files):
                self.file(os.path.normpath(os.path.join(name, below, entry)), os.path.join(directory, entry), owner)

    def program(self, source, name=None):
        """A program of this machine with its interpreter and libraries.  Scripts bring their
        interpreter along.  Returns what is run in the end: itself, or the interpreter."""
        name = name or os.path.abspath(source)
        real = os.path.realpath(source)
        try:
            with open(real, "rb") as file:
                first = file.readline(256)
        except OSError as error:
            raise TreeError(f"{source}: {error.strerror}") from None
        self.file(name, real)
        if first.startswith(b"#!"):
            words = first[2:].split()
            if not words:
                raise TreeError(f"{source}: a script whose first line names no interpreter")
            interpreter = words[0].decode()
            if os.path.basename(interpreter) == "env" and len(words) > 1:
                wanted = words[1].decode()
                where = which(wanted)
                if where is None:
                    raise NoInterpreterError(f"{source}: {wanted}, which its first line asks for, is not on this machine")
            else:
                where = interpreter
            for path in (interpreter, where):
                if not self.has(path):
                    if not os.path.exists(path):
                        raise NoInterpreterError(f"{source}: its interpreter {path} is not on this machine")
                    self.program(path)
            return where
        for where, here in libraries(real).items():
            self.file(where, here)
        return source

    def bytes(self):
        return sum(node.size() + 4096 for node in self.nodes.values())

    def write(self, directory):
        """The tree as files below an empty directory (for mke2fs -d).  Devices are left out: the
        personality has its own /dev."""
        first = {}
        for name, node in sorted(self.nodes.items()):
            path = os.path.join(directory, name)
            kind = stat.S_IFMT(node.mode)
            if node.same is not None and kind in (stat.S_IFREG, stat.S_IFIFO):
                if node.same in first:
                    os.link(first[node.same], path)
                    continue
                first[node.same] = path
            if kind == stat.S_IFDIR:
                os.makedirs(path, exist_ok=True)
            elif kind == stat.S_IFLNK:
                os.symlink(os.fsdecode(node.data), path)
                continue
            elif kind == stat.S_IFREG:
                with open(path, "wb") as file:
                    file.write(node.contents())
            elif kind == stat.S_IFIFO:
                os.mkfifo(path)
            else:
                continue
            os.utime(path, (node.mtime, node.mtime))
        for name, node in sorted(self.nodes.items(), reverse=True):
            if stat.S_ISREG(node.mode) or stat.S_ISDIR(node.mode) or stat.S_ISFIFO(node.mode):
                path = os.path.join(directory, name)
                if os.geteuid() == 0:
                    os.chown(path, node.uid, node.gid)
                os.chmod(path, stat.S_IMODE(node.mode))


__all__ = ["Tree", "Node", "TreeError", "NoInterpreterError", "ElfError", "MissingError", "Elf"]
