# SPDX-License-Identifier: MIT
"""The stream of frames between this program and the personality (servers/linux/tty/host.h)."""

import struct

HEADER, FRAME = 3, 4096


def frames(kind, data=b""):
    """The bytes of one frame, or of several if `data` is long."""
    out = []
    while True:
        part, data = data[:FRAME], data[FRAME:]
        out.append(kind.encode() + struct.pack("<H", len(part)) + part)
        if not data:
            return b"".join(out)


class Decoder:
    """Bytes in any pieces -> (kind, payload)."""

    def __init__(self):
        self.buffer = b""

    def feed(self, data):
        self.buffer += data
        while len(self.buffer) >= HEADER:
            length = struct.unpack_from("<H", self.buffer, 1)[0]
            if len(self.buffer) < HEADER + length:
                return
            kind, payload = chr(self.buffer[0]), self.buffer[HEADER:HEADER + length]
            self.buffer = self.buffer[HEADER + length:]
            yield kind, payload
