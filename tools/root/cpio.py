# SPDX-License-Identifier: MIT
"""Archives in cpio's "newc" form, which the personality unpacks as its first file tree."""

import os
import stat


def _header(ino, mode, uid, gid, nlink, mtime, size, rdev, name):
    fields = [ino, mode, uid, gid, nlink, mtime, size, 0, 0, rdev >> 8, rdev & 255, len(name) + 1, 0]
    return b"070701" + b"".join(b"%08X" % (f & 0xffffffff) for f in fields) + name + b"\0"


def _pad(data):
    return data + bytes(-len(data) % 4)


def pack(tree):
    """The archive of a Tree (tools/root/tree.py): directories first, hard links once."""
    out = []
    for ino, (name, node) in enumerate(sorted(tree.nodes.items()), 1):
        if name == "":
            continue
        data = node.contents()
        links = 2 if stat.S_ISDIR(node.mode) else 1
        out.append(_pad(_header(ino, node.mode, node.uid, node.gid, links, node.mtime, len(data), node.rdev,
                                os.fsencode(name))) + _pad(data))
    out.append(_pad(_header(0, 0, 0, 0, 1, 0, 0, 0, b"TRAILER!!!")))
    return b"".join(out)
