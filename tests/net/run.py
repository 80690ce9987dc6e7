# SPDX-License-Identifier: MIT
"""Tests of networks in a whole system: driver, multiplexer, two clients, supervisor.

    run.py [--quick] [--only NAME]        TAP on standard output

The wire ends at this program, which sends back what comes for it. The emulator writes down all
frames on the wire: none may be there that a client had no right to send, or that was for
the other client.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/system")]
import aims                                                     # noqa: E402
import emu                                                      # noqa: E402
KERNEL = "build/kernel-debug/tessera.elf"
PEER, SECOND, OWN = bytes.fromhex("020000000099"), bytes.fromhex("020000000002"), bytes.fromhex("525400123456")
CLIENT_CHECKS = 8
VIRTIO = "virtio-net-pci,netdev=n,disable-legacy=on,iommu_platform=on"
# name, system, device, words for the driver, seconds (quick, full)
CASES = [
    ("virtio", "net", VIRTIO, "", 3, 20),
    ("virtio, killed each second", "net",
     VIRTIO, "driver.crash-after-ms=1000", 6, 60),
    ("virtio, multiplexer killed each second", "net", VIRTIO, "init.end=mux:1000 client.kills", 4, 60),
    ("virtio, its link pulled", "net", VIRTIO, "client.link", 1, 3),
    ("virtio, shared", "net", VIRTIO, "client.fair second.flood", 4, 20),
    ("e1000e", "net-e1000e", "e1000e,netdev=n", "", 3, 20),
    ("e1000e, its link pulled", "net-e1000e", "e1000e,netdev=n", "client.link", 1, 3),
    ("e1000e, killed each second", "net-e1000e", "e1000e,netdev=n", "driver.crash-after-ms=1000", 4, 60),
]
# How the driver is hostile, and words for others.
IMPATIENT = "mux.gone-after-ms=15000"
HOSTILE = [("silent", IMPATIENT), ("garbage", IMPATIENT), ("rings", IMPATIENT), ("flood", IMPATIENT), ("storm", IMPATIENT),
           ("dma", f"mux.gone-after-ms=60000 mux.timeout-ms=60000 {aims.WORDS}")]
# Whose memory the hostile device is to be kept from, and what it writes there.
OTHERS = ("platform", "driver", "mux", "client", "witness", "pool frames", "pool data", "pool witness", "pool told")
MARK = b"written by a device"
FLAGS = ["-std=c2x", "-g", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         "-Iinclude", "-Ibuild/gen", "-include", "tests/disk/host.h"]
HOST = ["tests/net/mux_test.c", "tests/disk/play.c", "lib/sys/chan.c",
        *(f"servers/net-mux/{n}.c" for n in ("clients", "frame", "wire"))]
# What each of two that send all the time gets, at least; with what a frame costs besides its bytes.
LEAST_SHARE, FRAME_COST, SLOW = 0.35, 64, 0.0005


class Peer(threading.Thread):
    """The other end of the wire."""

    def __init__(self, mine, theirs, monitor):
        super().__init__(daemon=True)
        self.monitor, self.fair = monitor, {}
        self.theirs, self.over, self.frames, self.second = theirs, False, 0, 0
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind(mine)
        self.link.settimeout(0.2)

    def ask_second(self):
        """A frame for the client that has an address other than the device's."""
        try:
            self.link.sendto(SECOND + PEER + b"\x88\xb5SECD" + bytes(42), self.theirs)
        except OSError:
            pass

    def run(self):
        while not self.over:
            try:
                frame = self.link.recv(4096)
            except OSError:
                continue
            if frame[6:12] == SECOND and frame[14:18] == b"SECD":
                self.second += 1
            mark = frame[14:18]
            if mark in (b"FAIR", b"FLOD"):
                now, times = time.monotonic(), self.fair.setdefault(mark, [])
                times.append((now, len(frame) + FRAME_COST))
                time.sleep(SLOW)            # the wire is what they wait for
                continue
            if mark == b"LINK":
                threading.Thread(target=pull, args=(self.monitor,), daemon=True).start()
            if frame[:6] != PEER or frame[6:12] == SECOND:
                continue
            self.frames += 1
            if self.frames % 16 == 0:
                self.ask_second()
            try:
                self.link.sendto(frame[6:12] + PEER + frame[12:], self.theirs)
            except OSError:
                continue


class Writer(threading.Thread):
    """The other end of a hostile driver's wire: sends all the time, and keeps what comes."""

    def __init__(self, mine, theirs):
        super().__init__(daemon=True)
        self.theirs, self.over, self.leaked, self.frames = theirs, False, set(), 0
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind(mine)
        self.link.settimeout(0.2)
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        while not self.over:
            with contextlib.suppress(OSError):
                frame = self.link.recv(4096)
                self.frames += 1
                if frame.strip(b"\0"):
                    self.leaked.add(frame)

    def run(self):
        frame = OWN + PEER + b"\x88\xb6" + MARK.ljust(46, b"\0")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
            link.settimeout(0.2)
            while not self.over:
                try:
                    link.sendto(frame, self.theirs)
                except OSError:                     # it is not there yet, or full
                    time.sleep(0.001)


def pull(monitor):
    """Take the link away for a second."""
    with socket.socket(socket.AF_UNIX) as s, s.makefile("rw") as talk:
        s.connect(monitor)
        talk.readline()
        for command, arguments in (("qmp_capabilities", {}), ("set_link", {"name": "n", "up": False}),
                                   ("set_link", {"name": "n", "up": True})):
            talk.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            talk.flush()
            while "return" not in json.loads(talk.readline()):
                pass
            time.sleep(1)


def share_of(fair):
    """What the first client got while both sent."""
    if not {b"FAIR", b"FLOD"} <= fair.keys():
        return 0
    first, last = max(t[0][0] for t in fair.values()), min(t[-1][0] for t in fair.values())
    bytes_of = {mark: sum(n for at, n in t if first <= at <= last) for mark, t in fair.items()}
    return bytes_of[b"FAIR"] / max(sum(bytes_of.values()), 1)


def frames_of(path):
    """The frames of a pcap file."""
    data, at, out = pathlib.Path(path).read_bytes(), 24, []
    while at + 16 <= len(data):
        kept, = struct.unpack_from("<I", data, at + 8)
        out.append(data[at + 16:at + 16 + kept])
        at += 16 + kept
    return out


def faults_of(frames):
    """What should not be on the wire."""
    marks = {f[42:46] if f[12:14] == b"\x08\x00" else f[14:18] for f in frames}
    out = []
    if marks & {b"LOCL", b"LOCS"}:
        out.append("a frame between the clients")
    if b"SPUF" in marks:
        out.append("a frame that was refused")
    wrong = {f[6:12].hex() for f in frames} - {PEER.hex(), SECOND.hex(), OWN.hex()}
    if wrong:
        out.append(f"sources {wrong}")
    if b"WIRE" not in marks:
        out.append("no frame of the test: nothing was recorded")
    return out


def run_case(name, system, device, words, seconds):
    with tempfile.TemporaryDirectory() as d:
        mine, theirs, dump, monitor = (os.path.join(d, n) for n in ("mine", "theirs", "dump", "monitor"))
        peer = Peer(mine, theirs, monitor)
        peer.start()
        cfg = emu.Config(str(ROOT / KERNEL), [str(ROOT / f"build/systems/{system}.elf")],
                         machine="q35-iommu", append=f"{words} client.seconds={seconds}".strip(),
                         timeout=120 + 4 * seconds, expect=r"^\[client\] # done",
                         extra=["-qmp", f"unix:{monitor},server=on,wait=off", "-netdev", f"dgram,id=n,local.type=unix,local.path={theirs},"
                                f"remote.type=unix,remote.path={mine}", "-device",
                                device + f",mac={OWN.hex(':')}",
                                "-object", f"filter-dump,id=f,netdev=n,file={dump}"])
        result = emu.run(cfg)
        peer.over = True
        peer.join(5)
        faults = faults_of(frames_of(dump)) if os.path.exists(dump) else ["no record"]
    lines = [f"{m.group(1)} {name}: {m.group(2)}" for m in
             re.finditer(r"^\[client\] (not ok|ok) \d+ (.*?)\s*$", result.console, re.M)]
    if not result.ok or len(lines) != CLIENT_CHECKS + 2 * ("link" in words):
        return lines + [f"not ok {name}: ends well", f"#   {result.reason}"] + \
            ["#   " + s for s in result.console.splitlines()[-25:]]
    lines.append(f"{'not ok' if faults else 'ok'} {name}: nothing is on the wire that should not be")
    lines += [f"#   {f}" for f in faults]
    lines.append(f"{'ok' if peer.second > 0 else 'not ok'} {name}: the second client is reached on the wire")
    victim = "mux" if "init.end" in words else "driver"
    again = len(re.findall(rf"^init: {victim} is started again", result.console, re.M))
    if "fair" in words:
        share = share_of(peer.fair)
        good = LEAST_SHARE <= share <= 1 - LEAST_SHARE
        lines.append(f"{'ok' if good else 'not ok'} {name}: two that send all the time share the wire")
        lines.append(f"#   who has 32 frames of 1,000 bytes on the way got {share:.0%}, who has 120 of 1,514 the rest")
    if "crash" in words or "init.end" in words:
        lines.append(f"{'ok' if again > 0 else 'not ok'} {name}: {victim} was started again")
    m = re.search(r"# (\d+ frames over the wire .*)", result.console)
    lines.append(f"# {name}: {m.group(1) if m else ''}, {victim} started again {again} times")
    return lines


def run_hostile(mode, words):
    """The driver is hostile: whoever is not its client must not notice, and its client is not kept waiting."""
    name = f"hostile driver, {mode}"
    with tempfile.TemporaryDirectory() as d:
        mine, theirs, ram, faults = (os.path.join(d, n) for n in ("mine", "theirs", "ram", "faults"))
        peer = Writer(mine, theirs)
        if mode == "dma":
            peer.start()
        cfg = emu.Config(str(ROOT / KERNEL), [str(ROOT / "build/systems/net-hostile.elf")], machine="q35-iommu",
                         append=f"driver.mode={mode} {words}", timeout=150, expect=r"^\[client\] # done",
                         extra=["-netdev", f"dgram,id=n,local.type=unix,local.path={theirs},"
                                f"remote.type=unix,remote.path={mine}", "-device", VIRTIO + f",mac={OWN.hex(':')}",
                                *aims.watched(faults),
                                "-object", f"memory-backend-file,id=ram,size={aims.MIB}M,share=on,mem-path={ram}",
                                "-machine", "memory-backend=ram"])
        result = emu.run(cfg)
        peer.over = True
        peer.listener.join(5)
        lines = [f"{m.group(1)} {name}: {m.group(2)}" for m in
                 re.finditer(r"^\[client\] (not ok|ok) \d+ (.*?)\s*$", result.console, re.M)]
        if not result.ok or len(lines) != 3:
            lines += [f"not ok {name}: ends well", f"#   {result.reason}"] + \
                ["#   " + s for s in result.console.splitlines()[-25:]]
        if mode == "dma":
            written = pathlib.Path(ram).read_bytes().count(MARK)
            lines += aims.report(name, result.console, ROOT / KERNEL, faults, OTHERS)
            lines.append(f"{'ok' if written == 1 else 'not ok'} {name}: what comes from the wire comes to its own memory only")
            lines.append(f"{'ok' if peer.frames and not peer.leaked else 'not ok'} {name}: nor does it send any other memory")
            lines.append(f"#   {written} frames in memory, {peer.frames} sent, {len(peer.leaked)} of them with something in them")
    if mode == "storm":
        ok = len(re.findall(r"^\[driver\] interrupts were stopped, and go on", result.console, re.M)) >= 2
        lines.append(f"{'ok' if ok else 'not ok'} {name}: more interrupts came than the kernel lets through")
    return lines + [f"# {name}: {m}" for m in re.findall(r"# (network .*)", result.console)]


def host_tests(quick):
    """The multiplexer, with sanitizers."""
    lines = []
    for compiler in [c for c in ("gcc", "clang") if shutil.which(c)]:
        out, name = ROOT / "build" / f"net-mux-{compiler}", f"multiplexer on the host ({compiler})"
        done = subprocess.run([compiler, *FLAGS, f"-DROUNDS={3000 if quick else 100000}", "-o", str(out), *HOST], cwd=ROOT,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode == 0:
            done = subprocess.run([str(out)], text=True, timeout=900, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        lines += [f"ok {name}: {m}" for m in re.findall(r"^ok \d+ (.*)", done.stdout, re.M)]
        if done.returncode != 0:
            lines += [f"not ok {name}", *("#   " + s for s in done.stdout.splitlines())]
    return lines


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", default="")
    args = p.parse_args(argv)
    if not shutil.which(emu.QEMU):
        print(f"ok 1 networks # skip no {emu.QEMU}\n1..1")
        return 0
    done = subprocess.run(["make", "--no-print-directory", "-j2", "B=build", KERNEL, "systems"], cwd=ROOT,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        print("not ok 1 kernel and systems are built")
        print("\n".join("#   " + s for s in done.stdout.splitlines()[-20:]))
        return 1
    number, failed = 0, 0
    jobs = [lambda: host_tests(args.quick)] if args.only in "multiplexer on the host" else []
    jobs += [lambda c=c: run_case(*c[:4], c[4] if args.quick else c[5]) for c in CASES if args.only in c[0]]
    jobs += [lambda h=h: run_hostile(*h) for h in HOSTILE if args.only in "hostile driver, " + h[0]]
    for job in jobs:
        for s in job():
            m = re.match(r"(not ok|ok) (.*)", s)
            if m:
                number += 1
                failed += m.group(1) == "not ok"
                s = f"{m.group(1)} {number} {m.group(2)}"
            print(s, flush=True)
    print(f"1..{number}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
