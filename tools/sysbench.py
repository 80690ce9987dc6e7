# SPDX-License-Identifier: MIT
"""Benchmarks of devices in whole systems (tests/system/bench-*.toml), for bench.py.

What a request costs everybody: client, multiplexer, driver, kernel. One CPU, whose clock counts
instructions; a program that runs when nobody else does counts what is to be taken off. And what is lost while
drivers are killed.
"""
import contextlib
import os
import re
import socket
import tempfile
import threading
import time

import emu
import linuxbench
import proc
import sysshare

KERNEL = "build/kernel/tessera.elf"
MODERN = "disable-legacy=on,iommu_platform=on"
# The device does its work when it is told to, or by the machine's clock, not in a thread of its own.
AT_ONCE = "ioeventfd=off,tx=timer,x-txtimer=1000"
RATE_TURNS = 3
# So far may what the clock says be from what is counted.
DIFFERENCE = 0.05
# Lives of a driver, and how long rates are measured, by a clock of instructions.
LIFE_MS, LONG_MS, LOSS_MS = 150, 10**6, 600
DEATH = "^init: driver is started again"
MAC = "52:54:00:12:34:56"
FRAME = bytes.fromhex(MAC.replace(":", "") + "020000000099" + "88b6") + bytes(46)
LINE = re.compile(r"^\[client\] (bench .*)$", re.MULTILINE)


class Peer:
    """The other end of the wire: sends so many frames at a time as the last frame to it said, and waits
    a little, so that they come together and the next ones do not."""

    def __init__(self, mine, theirs):
        self.theirs, self.over, self.batch = theirs, False, 0
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind(mine)
        self.link.settimeout(0.2)
        for work in (self.listen, self.send):
            threading.Thread(target=work, daemon=True).start()

    def listen(self):
        while not self.over:
            with contextlib.suppress(OSError):
                frame = self.link.recv(4096)
                if frame[12:14] == FRAME[12:14] and frame[14]:
                    self.batch = frame[14]

    def send(self):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        while not self.over:
            for _ in range(self.batch):
                with contextlib.suppress(OSError):          # full
                    link.sendto(FRAME, self.theirs)
            time.sleep(0.001)


def configuration(image, append, devices, **options):
    return emu.Config(KERNEL, [image], machine="q35-iommu", cpus=1, append=append, timeout=600,
                      expect=r"^\[client\] # done", extra=devices, **options)


def lines_of(result, cfg):
    """The lines that a system prints; ends the program if it does not end well."""
    lines = LINE.findall(result.console)
    if not result.ok or not lines:
        tail = "\n".join(result.console.splitlines()[-25:])
        raise SystemExit(f"{tail}\nbench: {result.reason}; repeat: {cfg.command()}")
    return lines


def boot(system, append, devices, icount=True):
    cfg = configuration(f"build/systems/{system}.elf", append, devices, icount=icount)
    return lines_of(emu.run(cfg), cfg)


@contextlib.contextmanager
def disk():
    """QEMU's words for an empty disk."""
    with tempfile.NamedTemporaryFile(suffix=".img") as f:
        f.truncate(64 << 20)
        yield ["-drive", f"file={f.name},if=none,id=d,format=raw,cache=unsafe",
               "-device", f"virtio-blk-pci,drive=d,{MODERN}"]


@contextlib.contextmanager
def net():
    """And for a network with a peer."""
    with tempfile.TemporaryDirectory() as d:
        mine, theirs = os.path.join(d, "mine"), os.path.join(d, "theirs")
        peer = Peer(mine, theirs)
        try:
            yield ["-netdev", f"dgram,id=n,local.type=unix,local.path={theirs},remote.type=unix,"
                   f"remote.path={mine}", "-device", f"virtio-net-pci,netdev=n,mac={MAC},{MODERN}"]
        finally:
            peer.over = True


def boot_shared(system, devices, programs):
    """The lines of a system, with whose instructions they are."""
    cfg = configuration(f"build/apart/systems/{system}.elf", "", devices, icount=True)
    result, sections = sysshare.count(cfg, KERNEL, {**programs, "idle": "bench-idle", "platform": "platform"})
    lines = lines_of(result, cfg)
    if len(sections) != len(lines):
        raise SystemExit(f"bench: {system}: {len(sections)} sections for {len(lines)} rows")
    for line, section in zip(lines, sections):
        value, n = (int(re.search(rf"{key}=(\d+)", line)[1]) for key in ("value", "n"))
        counted = sysshare.together(section) / n
        if abs(counted - value) > value * DIFFERENCE:
            raise SystemExit(f"bench: {line}: its instructions are {counted:.0f}, counted one by one")
        yield line + sysshare.shares_of(section, n)


def rates():
    """Requests in a second, here and on Linux in the same emulator; in turns, since other work on
    this machine makes both slower, and the best of each."""
    ours, theirs = {}, {}
    with disk() as devices:
        for _ in range(RATE_TURNS):
            for line in boot("bench-disk", "client.rate-ms=3000", devices, icount=False):
                name, value = re.search(r"name=(\S+)_rate value=(\d+)", line).groups()
                ours[name] = max(ours.get(name, 0), int(value))
            for name, value in linuxbench.disk_rates(devices).items():
                theirs[name] = max(theirs.get(name, 0), value)
    for name, value in ours.items():
        other = f" linux={theirs[name]} ratio={value / theirs[name]:.2f}" if theirs.get(name) else ""
        yield f"bench name={name}_rate value={value} unit=per_second n=1{other}"


def two_nets():
    """Two devices on one wire."""
    return [w for i, port in enumerate("nm") for w in
            ("-netdev", f"hubport,hubid=0,id={port}",
             "-device", f"virtio-net-pci,netdev={port},mac={MAC[:-1]}{6 + i},{MODERN},{AT_ONCE}")]


def rates_of(system, words, devices):
    """{row: (requests in a second, deaths of the driver)}"""
    cfg = configuration(f"build/systems/{system}.elf", words, devices, icount=True)
    result, found, before = emu.run(cfg), {}, 0
    for line in lines_of(result, cfg):
        name, value = re.search(r"name=(\S+)_rate value=(\d+)", line).groups()
        deaths = len(re.findall(DEATH, result.console[:result.console.index(line)], re.MULTILINE))
        found[name], before = (int(value), deaths - before), deaths
    return found


def losses():
    """What is lost while a driver is killed each second: measured with more frequent deaths."""
    with disk() as one_disk:
        yield from losses_of("bench-disk-kills", one_disk)
    yield from losses_of("bench-net-kills", two_nets())


def losses_of(system, devices):
    """The driver looks at the clock in both cases."""
    whole, less = (rates_of(system, f"client.rate-ms={LOSS_MS} driver.crash-after-ms={life}", devices)
                   for life in (LONG_MS, LIFE_MS))
    for name, (value, _) in whole.items():
        rate, deaths = less[name]
        lost = (1 - rate / value) * LOSS_MS / max(deaths, 1)       # milliseconds for each death
        yield (f"bench name={name}_loss value={lost / 10:.2f} unit=percent n={deaths} "
               f"rate={value} killed={rate} per_kill_us={lost * 1000:.0f}")


def shared_disk():
    with disk() as devices:
        yield from boot_shared("bench-disk", devices, {"client": "bench-disk", "mux": "blk-mux", "driver": "virtio-blk"})


def restarts():
    with disk() as devices:
        yield from boot("bench-disk-kills", "client.pause driver.crash-after-ms=500", devices)


def shared_net():
    with net() as devices:
        yield from boot_shared("bench-net", devices, {"client": "bench-net", "mux": "net-mux", "driver": "virtio-net"})


BLOCKS = ("blk_read_4k_qd1", "blk_read_4k_qd32", "blk_write_4k_qd32")
# What is measured together, and what its rows are called.
GROUPS = [
    (shared_disk, BLOCKS),
    (restarts, ("driver_restart",)),
    (shared_net, [f"net_{way}_64_b{n}" for way in ("tx", "rx", "forward") for n in (1, 32)]),
    (losses, [f"{name}_loss" for name in (*BLOCKS, "net_tx_1514")]),
    (rates, [f"{name}_rate" for name in BLOCKS]),
]


def lines(words=("",)):
    """Lines of all groups that have a row with one of these words in its name; none if the systems are not built."""
    for system in ("bench-disk", "bench-net"):
        if not (proc.ROOT / f"build/systems/{system}.elf").exists():
            return []
    return [line for measure, names in GROUPS if any(w in n for w in words for n in names) for line in measure()]
