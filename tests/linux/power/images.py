# SPDX-License-Identifier: MIT
"""Disks made by somebody hostile, or damaged: the machine must end in time, and say what is wrong."""

import os
import random
import shutil
import struct
import subprocess

from root import ext2
from root.base import busybox_static
from root.tree import Tree

SUPER, BLOCK = 1024, 4096
SCRIPT = "cd /; find . -xdev | head -500 | wc -l; cat /work/* >/dev/null; mkdir /work/new; echo text >/work/new/file; mv /work/a /work/new; sync; echo end"


def disk(path, mib=12):
    """A good one, with busybox and some files."""
    tree = Tree()
    for name in ("root", "tmp", "dev", "proc", "sys", "work/d/e"):
        tree.directory(name)
    tree.file("bin/busybox", busybox_static())
    for applet in ("sh", "find", "head", "wc", "cat", "mkdir", "mv", "sync", "echo"):
        tree.link(f"bin/{applet}", "/bin/busybox")
    tree.text("work/a", "a" * 60000)
    tree.text("work/b", "b" * 10)
    ext2.image(tree, path, mib << 20)


def poke(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def super32(field, value):
    return lambda path: poke(path, SUPER + field, struct.pack("<I", value))


def super16(field, value):
    return lambda path: poke(path, SUPER + field, struct.pack("<H", value))


def debugfs(*commands):
    def change(path):
        for command in commands:
            subprocess.run([ext2.tool("debugfs"), "-w", "-R", command, path], capture_output=True, check=True)
    return change


def block_of(path, name):
    """The number of a file's first block."""
    done = subprocess.run([ext2.tool("debugfs"), "-R", f"bmap {name} 0", path], text=True, capture_output=True, check=True)
    return int(done.stdout)


def entry(name, data, at=0):
    """Bytes into the first block of a directory or file."""
    return lambda path: poke(path, block_of(path, name) * BLOCK + at, data)


def cut_short(path):
    os.truncate(path, os.path.getsize(path) // 2)


def noise(seed):
    """Random bytes in what is not file contents."""
    def change(path):
        rng, places = random.Random(seed), (SUPER, *(n * BLOCK for n in (1, 2, 3, 4, block_of(path, "/work"), block_of(path, "/"))))
        for _ in range(60):
            at = rng.choice(places) + rng.randrange(BLOCK - SUPER)
            poke(path, at, bytes([rng.randrange(256)]))
    return change


# What is wrong -> how it is made, and what must be said (None: the program runs, whatever it finds).
IMAGES = {
    "more blocks than the disk": (cut_short, "cannot be the root directory: "),
    "inodes of 77 bytes": (super16(88, 77), "cannot be the root directory: "),
    "an unknown feature": (super32(96, 0x80000000), "cannot be the root directory: "),
    "groups of 0 blocks": (super32(32, 0), "cannot be the root directory: "),
    "4 billion blocks": (super32(4, 0xffffffff), "cannot be the root directory: "),
    "the root is a file": (debugfs("sif <2> mode 0100644"), "cannot be the root directory: "),
    "a recorded error": (super16(58, 2), "can only be read: "),
    "tables at block 0": (lambda path: poke(path, BLOCK, bytes(BLOCK)), "cannot be the root directory: "),
    "a damaged journal": (debugfs("sif <8> block[0] 1"), ""),
    "the root in itself": (debugfs("link <2> /work/d/root"), None),
    "a directory in its own child": (debugfs("link /work/d /work/d/e/loop"), None),
    "a file in the inode table": (debugfs("sif /work/a block[0] 5", "sif /work/a block[1] 5"), None),
    "a file beyond the disk": (debugfs("sif /work/a block[0] 0xfffffff0"), None),
    "indirect blocks in a circle": (debugfs("sif /work/a block[12] 12", "sif /work/a block[13] 13", "sif /work/a size 0x7fffffff"), None),
    "entries of no length": (entry("/work", b"\0\0\0\0\0\0", at=24), None),
    "the program's blocks are a directory's": (debugfs("sif /bin/busybox block[0] 2"), ""),
    **{f"noise {n}": (noise(n), None) for n in range(8)},
}


def make(name, good, path):
    shutil.copyfile(good, path)
    IMAGES[name][0](path)
