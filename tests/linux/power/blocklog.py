# SPDX-License-Identifier: MIT
"""A log of everything that was written to a disk, and the images that a power cut could have left.

The log is that of QEMU's blklogwrites driver (the format of dm-log-writes): a superblock, then each write with its
data and each flush, in the order in which they were completed.
"""

import random
import shutil
import struct

SECTOR, FLUSH, DISCARD = 512, 1, 4
MAGIC = 0x6a736677736872


class Log:
    """The entries so far; may be read while it grows."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.at, self.entries = SECTOR, []      # of an entry: first sector, bytes, where the data lie; None: a flush

    def count(self):
        """How many entries there are by now."""
        while True:
            self.file.seek(self.at)
            head = self.file.read(32)
            if len(head) < 32:
                return len(self.entries)
            sector, sectors, flags, _ = struct.unpack("<QQQQ", head)
            if flags == 0 and sectors == 0:
                return len(self.entries)
            if flags & FLUSH:
                self.entries.append(None)
                self.at += SECTOR
            else:
                self.entries.append((sector, sectors * SECTOR, self.at + SECTOR))
                self.at += SECTOR + (0 if flags & DISCARD else sectors * SECTOR)

    def data(self, entry):
        self.file.seek(entry[2])
        return self.file.read(entry[1])


def valid(path):
    with open(path, "rb") as file:
        return struct.unpack("<Q", file.read(8))[0] == MAGIC


class Cuts:
    """Images after cuts, whose positions must not decrease."""

    def __init__(self, log, base, work, rng=None):
        self.log, self.work, self.rng = log, work, rng or random.Random(0)
        self.applied, self.pending = 0, []      # entries looked at; writes since the last flush
        shutil.copyfile(base, work)

    def _advance(self, position):
        with open(self.work, "r+b") as image:
            while self.applied < position:
                entry = self.log.entries[self.applied]
                self.applied += 1
                if entry:
                    self.pending.append(entry)
                    continue
                for write in self.pending:
                    image.seek(write[0] * SECTOR)
                    image.write(self.log.data(write))
                self.pending = []

    def image(self, position, path):
        """As it could be found after a cut when `position` entries were there: what was flushed, and of what was
        not, for each sector any of its contents since.  Returns how many sectors had a choice."""
        self._advance(position)
        shutil.copyfile(self.work, path)
        share = self.rng.choice((0, 0.1, 0.5, 0.9, 1))
        whole = self.rng.random() < 0.5
        choices = 0
        with open(path, "r+b") as image:
            for write in self.pending:
                data = self.log.data(write)
                if whole:
                    if self.rng.random() < share:
                        image.seek(write[0] * SECTOR)
                        image.write(data)
                    choices += len(data) // SECTOR
                    continue
                for i in range(0, len(data), SECTOR):
                    choices += 1
                    if self.rng.random() < share:
                        image.seek(write[0] * SECTOR + i)
                        image.write(data[i:i + SECTOR])
        return choices
