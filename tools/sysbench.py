# SPDX-License-Identifier: MIT
"""Benchmarks of devices in whole systems (tests/system/bench-*.toml), for bench.py.

What a request costs everybody: client, multiplexer, driver, kernel. One CPU, whose clock counts
instructions; a program that runs when nobody else does counts what is to be taken off.
"""
import contextlib
import os
import re
import socket
import tempfile
import threading
import time

import emu
import proc

KERNEL = "build/kernel/tessera.elf"
MODERN = "disable-legacy=on,iommu_platform=on"
MAC = "52:54:00:12:34:56"
FRAME = bytes.fromhex(MAC.replace(":", "") + "020000000099" + "88b6") + bytes(46)
LINE = re.compile(r"^\[client\] (bench .*)$", re.MULTILINE)


class Blast:
    """A peer on the wire that sends without end, and drops what it gets."""

    def __init__(self, mine, theirs):
        self.theirs, self.over = theirs, False
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind(mine)
        self.link.settimeout(0.2)
        for work in (self.drop, self.send):
            threading.Thread(target=work, daemon=True).start()

    def drop(self):
        while not self.over:
            with contextlib.suppress(OSError):
                self.link.recv(4096)

    def send(self):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        while not self.over:
            try:
                link.sendto(FRAME, self.theirs)
            except OSError:                     # not there yet, or full
                time.sleep(0.01)


def boot(system, append, devices):
    """The lines that a system prints; ends the program if it does not end well."""
    cfg = emu.Config(KERNEL, [f"build/systems/{system}.elf"], machine="q35-iommu", cpus=1, icount=True,
                     append=append, timeout=300, expect=r"^\[client\] # done", extra=devices)
    result = emu.run(cfg)
    lines = LINE.findall(result.console)
    if not result.ok or not lines:
        tail = "\n".join(result.console.splitlines()[-25:])
        raise SystemExit(f"{tail}\nbench: {system}: {result.reason}; repeat: {cfg.command()}")
    return lines


def disk(append):
    with tempfile.NamedTemporaryFile(suffix=".img") as f:
        f.truncate(64 << 20)
        return boot("bench-disk", append, ["-drive", f"file={f.name},if=none,id=d,format=raw,cache=unsafe",
                                           "-device", f"virtio-blk-pci,drive=d,{MODERN}"])


def net():
    with tempfile.TemporaryDirectory() as d:
        mine, theirs = os.path.join(d, "mine"), os.path.join(d, "theirs")
        peer = Blast(mine, theirs)
        try:
            return boot("bench-net", "", [
                "-netdev", f"dgram,id=n,local.type=unix,local.path={theirs},remote.type=unix,"
                f"remote.path={mine}", "-device", f"virtio-net-pci,netdev=n,mac={MAC},{MODERN}"])
        finally:
            peer.over = True


def lines():
    """Lines of all of them; none if the systems are not built."""
    for system in ("bench-disk", "bench-net"):
        if not (proc.ROOT / f"build/systems/{system}.elf").exists():
            return []
    return disk("") + disk("client.pause driver.crash-after-ms=500") + net()
