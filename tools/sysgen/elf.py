# SPDX-License-Identifier: MIT
"""Programs as init loads them: whole pages with rights."""
import dataclasses
import struct

PAGE = 4096
LOWEST = 0x400000
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
PF_X, PF_W, PF_R = 1, 2, 4
MAP_READ, MAP_WRITE, MAP_EXEC = 1, 2, 4


class BadElf(Exception):
    """Not a program that init can load."""


@dataclasses.dataclass
class Segment:
    vaddr: int
    data: bytes                 # whole pages
    pages: int
    rights: int


def load(data):
    """(entry, segments) of a static ELF64 program."""
    if len(data) < 64 or data[:7] != b"\x7fELF\x02\x01\x01":
        raise BadElf("not an ELF64 file")
    kind, machine, _, entry, phoff = struct.unpack_from("<HHIQQ", data, 16)
    size, count = struct.unpack_from("<HH", data, 54)
    if kind != 2 or machine != 62 or size != 56 or phoff + size * count > len(data):
        raise BadElf("not a static executable for x86-64")
    segments = []
    for i in range(count):
        t, flags, offset, vaddr, _, filesz, memsz, _ = \
            struct.unpack_from("<IIQQQQQQ", data, phoff + i * size)
        if t in (PT_DYNAMIC, PT_INTERP):
            raise BadElf("it needs a dynamic linker")
        if t != PT_LOAD or memsz == 0:
            continue
        segments.append(segment(data, flags, offset, vaddr, filesz, memsz))
    if not any(s.vaddr <= entry < s.vaddr + s.pages * PAGE and s.rights & MAP_EXEC
               for s in segments):
        raise BadElf("its entry point is in no executable segment")
    low = LOWEST
    for s in segments:
        if s.vaddr < low:
            raise BadElf("segments overlap, are not ascending, or lie too low")
        low = s.vaddr + s.pages * PAGE
    return entry, segments


def segment(data, flags, offset, vaddr, filesz, memsz):
    if filesz > memsz or offset + filesz > len(data) or (vaddr - offset) % PAGE:
        raise BadElf("a segment lies outside the file or is not aligned to pages")
    if flags & PF_W and flags & PF_X:
        raise BadElf("a segment is writable and executable")
    before = vaddr % PAGE
    body = bytes(before) + data[offset:offset + filesz]
    pages = -(-(before + memsz) // PAGE)
    rights = MAP_READ | (MAP_WRITE if flags & PF_W else 0) | (MAP_EXEC if flags & PF_X else 0)
    whole = -(-len(body) // PAGE) if flags & PF_W else pages
    return Segment(vaddr - before, body.ljust(whole * PAGE, b"\0"), pages, rights)
