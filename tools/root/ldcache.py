# SPDX-License-Identifier: MIT
"""/etc/ld.so.cache: so that a program's libraries are found at once, not by trying all directories.

The form is glibc's of version 1.1: a header, entries (flags, offsets of name and path), texts.  ld.so looks by halves, in an order
that takes digits as numbers, the largest first.
"""

import functools
import os
import re
import stat
import struct

from .elf import TRUSTED, Elf, ElfError, configured

PATH = "etc/ld.so.cache"
MAGIC, LITTLE_ENDIAN, ELF_X86_64_LIBC6 = b"glibc-ld.so.cache1.1", 2, 0x0303
HEADER, ENTRY = "<20sIIB3xI12x", "<iIIIQ"


def _parts(name):
    return re.findall(r"\d+|\D", name)


def _compare(a, b):
    for x, y in zip(_parts(a), _parts(b)):
        if x.isdigit() != y.isdigit():
            return 1 if x.isdigit() else -1
        x, y = (int(x), int(y)) if x.isdigit() else (x, y)
        if x != y:
            return 1 if x > y else -1
    return len(_parts(a)) - len(_parts(b))


def pack(found):
    """The bytes of the file, of pairs (name, path); of one name the first comes first."""
    entries = sorted(found, key=functools.cmp_to_key(lambda a, b: _compare(b[0], a[0])))
    start, texts, rows = struct.calcsize(HEADER) + len(entries) * struct.calcsize(ENTRY), b"", b""
    for name, path in entries:
        rows += struct.pack(ENTRY, ELF_X86_64_LIBC6, start + len(texts), start + len(texts) + len(name) + 1, 0, 0)
        texts += os.fsencode(name) + b"\0" + os.fsencode(path) + b"\0"
    return struct.pack(HEADER, MAGIC, len(entries), len(texts), LITTLE_ENDIAN, 0) + rows + texts


def _is_library(tree, place):
    node = tree.nodes[place]
    if not stat.S_ISREG(node.mode) or node.source is None:
        return False
    try:
        return Elf(node.source).type == 3
    except ElfError:
        return False


def add(tree):
    """The cache of what lies in the directories that ld.so looks through."""
    if tree.has(PATH):
        return
    found = []
    for directory in dict.fromkeys(configured() + TRUSTED):
        place = tree.place(directory)
        below = place + "/"
        found += [(name[len(below):], f"{directory}/{name[len(below):]}") for name in sorted(tree.nodes)
                  if name.startswith(below) and re.fullmatch(r"(lib|ld)[^/]*\.so(\.[^/]*)?", name[len(below):]) and _is_library(tree, name)]
    if found:
        tree.add(PATH, type(tree.nodes[""])(stat.S_IFREG | 0o644, pack(found)))
