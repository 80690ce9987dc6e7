# SPDX-License-Identifier: MIT
"""What is in an ext2 image: inodes, directories and contents are read; owners and times can be set.

The image may be damaged, or made by somebody who wants to harm: names stay names, and no loop is endless.
"""

import os
import stat
import struct

SUPER_AT, MAGIC, ROOT, OLD_INODE = 1024, 0xef53, 2, 128
COMPAT_KNOWN = 0x2 | 0x4                        # names have types; a journal to be replayed
NEEDS_RECOVERY, LARGE_FILE = 0x4, 0x2
DIRECT, LEVELS, FAST_LINK = 12, 3, 60
CHUNK = 1 << 20


class Ext2Error(Exception):
    pass


class Inode:
    """Number, mode, owner, times in nanoseconds, size, links, and where its contents are."""

    def __init__(self, number, raw):
        self.number = number
        self.mode, uid, size = struct.unpack_from("<HHI", raw, 0)
        times = struct.unpack_from("<iii", raw, 8)                      # atime, ctime, mtime
        gid, self.links = struct.unpack_from("<HH", raw, 24)
        self.block = raw[40:100]
        high = struct.unpack_from("<I", raw, 108)[0]
        uid_high, gid_high = struct.unpack_from("<HH", raw, 120)
        self.uid, self.gid = uid | uid_high << 16, gid | gid_high << 16
        self.size = size | (high << 32 if stat.S_ISREG(self.mode) else 0)
        extra = struct.unpack_from("<III", raw, 132) if len(raw) > OLD_INODE and struct.unpack_from("<H", raw, 128)[0] >= 16 else (0, 0, 0)
        self.ctime, self.mtime, self.atime = (self._ns(s, e) for s, e in zip((times[1], times[2], times[0]), extra))

    @staticmethod
    def _ns(seconds, extra):
        return (seconds + ((extra & 3) << 32)) * 10**9 + min(extra >> 2, 10**9 - 1)


class Image:
    """Use as a context."""

    def __init__(self, path, write=False):
        self.file = open(path, "r+b" if write else "rb", buffering=0)
        try:
            self._super(path)
        except (Ext2Error, struct.error):
            self.file.close()
            raise Ext2Error(f"{path}: no ext2 file system that can be read") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def _super(self, path):
        data = os.pread(self.file.fileno(), 1024, SUPER_AT)
        self.inodes, self.blocks, _, self.free_blocks, self.free_inodes = struct.unpack_from("<5I", data, 0)
        first, log = struct.unpack_from("<II", data, 20)
        per_group, = struct.unpack_from("<I", data, 32)
        self.per_group, = struct.unpack_from("<I", data, 40)
        self.inode_size = struct.unpack_from("<H", data, 88)[0] if struct.unpack_from("<I", data, 76)[0] else OLD_INODE
        incompat, = struct.unpack_from("<I", data, 96)
        if struct.unpack_from("<H", data, 56)[0] != MAGIC or log > 6 or not per_group or not self.per_group or incompat & ~COMPAT_KNOWN or \
                not OLD_INODE <= self.inode_size <= 1024 << log:
            raise Ext2Error(path)
        self.unclean = bool(incompat & NEEDS_RECOVERY)
        self.block_size = 1024 << log
        groups = -(-(self.blocks - first) // per_group)
        table = self.read(first + 1, -(-groups * 32 // self.block_size))
        self.tables = [struct.unpack_from("<I", table, 32 * g + 8)[0] for g in range(groups)]

    def read(self, block, count=1):
        if not 0 < block < block + count <= self.blocks:
            raise Ext2Error("a block outside the image")
        data = os.pread(self.file.fileno(), count * self.block_size, block * self.block_size)
        return data + bytes(count * self.block_size - len(data))

    def _inode_at(self, number):
        if not 1 <= number <= self.inodes or (number - 1) // self.per_group >= len(self.tables):
            raise Ext2Error(f"there is no inode {number}")
        return self.tables[(number - 1) // self.per_group] * self.block_size + (number - 1) % self.per_group * self.inode_size

    def inode(self, number):
        return Inode(number, os.pread(self.file.fileno(), self.inode_size, self._inode_at(number)))

    def set(self, number, uid, gid, mtime):
        """Owner and times; as far as the inode has room for parts of a second."""
        at, fd = self._inode_at(number), self.file.fileno()
        raw = bytearray(os.pread(fd, self.inode_size, at))
        seconds, ns = divmod(mtime, 10**9)
        low, high = seconds & 0xffffffff, (seconds + (1 << 31) >> 32) & 3
        struct.pack_into("<H", raw, 2, uid & 0xffff)
        struct.pack_into("<III", raw, 8, low, low, low)
        struct.pack_into("<H", raw, 24, gid & 0xffff)
        struct.pack_into("<HH", raw, 120, uid >> 16, gid >> 16)
        if self.inode_size > OLD_INODE and struct.unpack_from("<H", raw, 128)[0] >= 16:
            struct.pack_into("<III", raw, 132, *[ns << 2 | high] * 3)
        os.pwrite(fd, raw, at)

    # --- contents ---------------------------------------------------------------------------

    def _tree(self, block, level, left):
        """Block numbers below an indirect block; 0: a hole."""
        span = (self.block_size // 4) ** level
        if level == 0 or block == 0:
            count = min(left, span)
            yield block, count
            return
        for below in struct.unpack(f"<{self.block_size // 4}I", self.read(block)):
            if left <= 0:
                return
            yield from self._tree(below, level - 1, left)
            left -= span // (self.block_size // 4)

    def _pieces(self, inode):
        """(block, count): one block, or a hole of `count`."""
        left = -(-inode.size // self.block_size)
        numbers = struct.unpack("<15I", inode.block)
        for i, number in enumerate(numbers):
            if left <= 0:
                return
            level = max(0, i - DIRECT + 1)
            yield from self._tree(number, level, left)
            left -= (self.block_size // 4) ** level

    def parts(self, inode):
        """(offset, bytes) of all that is no hole, in order."""
        most, at, start, first, count = CHUNK // self.block_size, 0, 0, 0, 0
        for block, n in self._pieces(inode):
            if count and (block != first + count or count >= most or n > 1):
                yield start, self.read(first, count)[:inode.size - start]
                count = 0
            if block:
                start, first, count = (at, block, 1) if not count else (start, first, count + 1)
            at += n * self.block_size
        if count:
            yield start, self.read(first, count)[:inode.size - start]

    def contents(self, inode):
        out = bytearray(inode.size)
        for at, data in self.parts(inode):
            out[at:at + len(data)] = data
        return bytes(out)

    def link(self, inode):
        if inode.size >= self.block_size:
            raise Ext2Error("a symbolic link that is too long")
        return inode.block[:inode.size] if inode.size < FAST_LINK else self.contents(inode)

    def device(self, inode):
        """As os.makedev has it."""
        old, new = struct.unpack_from("<II", inode.block)
        return os.makedev(old >> 8 & 255, old & 255) if old else os.makedev(new >> 8 & 0xfff, new & 0xff | new >> 12 & 0xfff00)

    def directory(self, inode):
        """Name (bytes) -> inode number."""
        if inode.size > self.blocks * self.block_size:
            raise Ext2Error("a directory that is larger than the disk")
        data, at, out = self.contents(inode), 0, {}
        while at + 8 <= len(data):
            number, length, size = struct.unpack_from("<IHB", data, at)
            name = data[at + 8:at + 8 + size]
            if length < 8 + size or length % 4:
                raise Ext2Error("a damaged directory")
            if number and name not in (b".", b".."):
                if not name or b"/" in name or b"\0" in name:
                    raise Ext2Error("a name that is none")
                out[name] = number
            at += length
        return out

    def find(self, path):
        """The inode of a path without symbolic links, or None."""
        inode = self.inode(ROOT)
        for part in [p for p in os.fsencode(path).split(b"/") if p]:
            if not stat.S_ISDIR(inode.mode):
                return None
            number = self.directory(inode).get(part)
            if number is None:
                return None
            inode = self.inode(number)
        return inode

    def walk(self, path):
        """Path below `path` ("" is itself) -> inode, directories before what is in them."""
        top = self.find(path)
        todo, seen, out = [("", top)] if top else [], set(), {}
        while todo:
            name, inode = todo.pop()
            out[name] = inode
            if stat.S_ISDIR(inode.mode):
                if inode.number in seen:
                    raise Ext2Error("a directory that is in itself")
                seen.add(inode.number)
                todo += [(os.path.join(name, os.fsdecode(n)), self.inode(i)) for n, i in self.directory(inode).items()]
        return out
