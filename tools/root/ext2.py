# SPDX-License-Identifier: MIT
"""ext2 images with a journal, made by mke2fs from a tree."""

import errno
import os
import shutil
import subprocess
import tempfile

from .ext2file import Image
from .tree import TreeError


class TooSmallError(TreeError):
    """What goes in does not fit; whoever asked for the size knows how to ask for more."""


def tool(name):
    """Where a program of e2fsprogs is: seldom on a user's PATH."""
    for directory in ("/sbin", "/usr/sbin", "/bin", "/usr/bin"):
        if os.path.exists(os.path.join(directory, name)):
            return os.path.join(directory, name)
    raise TreeError(f"{name} is missing: apt-get install e2fsprogs")


def image(tree, path, size=0):
    """Write the image; size 0: what is needed and half again, at least 16 MiB."""
    size = max(size, 16 << 20) if size else max(16 << 20, tree.bytes() * 3 // 2 + (8 << 20))
    stage = tempfile.mkdtemp(prefix="tessera-root-", dir=os.path.dirname(os.path.abspath(path)))
    try:
        tree.write(stage)
        from_directory(stage, path, size, tree.bytes(), len(tree.nodes))
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    set_owners(tree, path)


def set_owners(tree, path):
    """What mke2fs does not take from files: owners that are not ours, parts of seconds, times of links."""
    with Image(path, write=True) as file:
        inodes = file.walk("")
        for name, node in tree.nodes.items():
            if name in inodes:
                file.set(inodes[name].number, node.uid, node.gid, node.mtime_ns)


def from_directory(directory, path, size, needed=0, names=0):
    """Write an image of `size` bytes with what is below a directory: `needed` bytes, under so many names."""
    size = (size + (1 << 20) - 1) & ~((1 << 20) - 1)
    with open(path, "wb") as file:
        file.truncate(size)
    command = [tool("mke2fs"), "-q", "-F", "-t", "ext2", "-b", "4096", "-O", "has_journal,^resize_inode,^dir_index,^ext_attr",
               "-E", "root_owner=0:0", "-m", "0", "-d", directory, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    if os.strerror(errno.ENOSPC) in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    if "Could not allocate" in done.stderr or "Not enough space" in done.stderr:
        raise TooSmallError(f"a disk of {size >> 20} MiB is too small for what goes in: {max(1, needed >> 20)} MiB, {names} names")
    raise TreeError(f"{path}: mke2fs: {done.stderr.strip()}")
