# SPDX-License-Identifier: MIT
"""Tests of block devices in a whole system: driver, multiplexer, two clients, supervisor.

    run.py [--quick] [--only NAME]        TAP on standard output

Each boots systems/disk.toml or tests/system/disk-*.toml with an empty disk. The first client writes and reads
blocks at random, checks what it reads, and says how often it wrote each; the disk's image must
hold just that afterwards. In some a component is killed again and again meanwhile. Then drivers that
are hostile.
"""
import argparse
import binascii
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
BLOCK, BLOCKS, FIRST, MIX, MASK = 4096, 1024, 2048 * 512, 0x9e3779b97f4a7c15, 2**64 - 1
UNMIX = pow(MIX, -1, 2**64)
DISK_MIB = 64
FLAGS = ["-std=c2x", "-g", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
MUX = [f"servers/blk-mux/{n}.c" for n in ("clients", "disk", "partition", "requests")]
VIRTIO = "virtio-blk-pci,drive=d,disable-legacy=on"
SLOT = ["-global", "virtio-mmio.force-legacy=false"]
CONFINED = ["-device", VIRTIO + ",iommu_platform=on"]
IN_SLOT = [*SLOT, "-device", "virtio-blk-device,drive=d"]
# name, system, machine, devices, words for a component, seconds (quick, full); partitions of the disk
CASES = [
    ("virtio", "disk", "q35-iommu", CONFINED, "", 2, 20),
    ("virtio, killed each second", "disk", "q35-iommu", CONFINED, "driver.crash-after-ms=1000", 6, 60),
    ("virtio, hanging each second", "disk", "q35-iommu", CONFINED, "driver.hang-after-ms=1000", 6, 60),
    ("virtio, multiplexer killed each second", "disk", "q35-iommu", CONFINED, "mux.crash-after-ms=1000", 5, 60),
    ("virtio, other client killed each second", "disk", "q35-iommu", CONFINED, "second.crash", 4, 60),
    ("nvme", "disk-nvme", "q35-iommu", ["-device", "nvme,drive=d,serial=1"], "", 2, 20),
    ("nvme, killed each second", "disk-nvme", "q35-iommu", ["-device", "nvme,drive=d,serial=1"],
     "driver.crash-after-ms=1000", 4, 60),
    ("virtio in a slot", "disk-slot", "microvm", IN_SLOT, "", 2, 20),
    ("virtio in a slot, killed each second", "disk-slot", "microvm", IN_SLOT,
     "driver.crash-after-ms=1000", 4, 60),
    ("virtio on pc", "disk-slot", "pc", ["-device", VIRTIO], "", 1, 10),
    ("partition (MBR)", "disk-partition", "q35-iommu", CONFINED, "", 1, 5),
    ("partition (GPT)", "disk-partition", "q35-iommu", CONFINED, "", 1, 5),
    ("partition (GPT, damaged)", "disk-partition", "q35-iommu", CONFINED, "", 1, 5),
]
# Partition 2, which the client has: first sector, sectors.
PART = (40960, 65536)
POWER = [("q35-iommu", "disk", CONFINED), ("microvm", "disk-slot", IN_SLOT),
         ("pc", "disk-slot", ["-device", VIRTIO])]
POWER_NAMES = {"guest-shutdown": "switches itself off", "guest-reset": "is reset"}
POWER_WORDS = {"guest-shutdown": "", "guest-reset": "client.reset"}
# How the driver is hostile, and words for others.
IMPATIENT = "mux.timeout-ms=500"
HOSTILE = [("silent", IMPATIENT), ("garbage", IMPATIENT), ("rings", IMPATIENT), ("flood", IMPATIENT), ("storm", IMPATIENT),
           ("dma", f"client.may-lie mux.timeout-ms=60000 {aims.WORDS}")]
# Whose memory the hostile device is to be kept from.
OTHERS = ("platform", "driver", "mux", "client", "witness", "pool tables", "pool data", "pool witness", "pool told")


# What the hostile driver's disk holds and what it is called, to be found in memory.
MARK = bytes((i * 37 + 11) & 0xff for i in range(512))
SERIAL = "WRITTEN-BY-A-DEVICE"


def mbr(entries):
    """Sector 0; entries: type, first sector, sectors."""
    table = b"".join(struct.pack("<B3xB3xII", 0, *e) for e in entries)
    return bytes(446) + table.ljust(64, b"\0") + b"\x55\xaa"


def gpt_header(sectors, at, other, table, entries):
    def pack(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, at, other, 34,
                           sectors - 34, b"disk" * 4, table, 128, 128, binascii.crc32(entries))
    return pack(binascii.crc32(pack(0))).ljust(512, b"\0")


def partition(f, kind):
    """Write a table to a disk image."""
    sectors = DISK_MIB << 11
    if "MBR" in kind:
        f.write(mbr([(0x83, 2048, 30000), (0x83, *PART)]))
        f.flush()
        return
    parts = [(2048, 32767), (PART[0], sum(PART) - 1)]
    entries = b"".join(struct.pack("<16s16sQQQ72s", b"type" * 4, bytes([i]) * 16, *p, 0, b"")
                       for i, p in enumerate(parts)).ljust(128 * 128, b"\0")
    header = gpt_header(sectors, 1, sectors - 1, 2, entries)
    f.write(mbr([(0xee, 1, sectors - 1)]))
    f.write(bytes(512) if "damaged" in kind else header)
    f.write(entries)
    f.seek((sectors - 33) * 512)
    f.write(entries + gpt_header(sectors, sectors - 1, 1, sectors - 33, entries))
    f.flush()


def writes_of(image, first):
    """How often each block was written, as its contents say; None: they make no sense."""
    out = []
    with open(image, "rb") as f:
        f.seek(first)
        for number in range(BLOCKS):
            words = memoryview(f.read(BLOCK)).cast("Q")
            if not any(words):
                out.append(0)
                continue
            key = words[0] * UNMIX - 1 & MASK
            if key >> 32 != number or any(words[i] != words[0] + i & MASK for i in range(len(words))):
                return None
            out.append(key & 0xffffffff)
    return out


def sum_of(writes):
    total = 0
    for n in writes:
        total = total * 31 + n & MASK
    return total


def checks_of(name, result):
    return [f"{m.group(1)} {name}: {m.group(2)}" for m in
            re.finditer(r"^\[client\] (not ok|ok) \d+ (.*?)\s*$", result.console, re.M)]


def end_of(name, result):
    return [f"not ok {name}: ends well", f"#   {result.reason}"] + \
        ["#   " + s for s in result.console.splitlines()[-25:]]


def run_hostile(mode, words):
    """The driver is hostile: whoever is not its client must not notice."""
    name = f"hostile driver, {mode}"
    with tempfile.NamedTemporaryFile(suffix=".img") as disk, tempfile.NamedTemporaryFile() as ram, \
            tempfile.NamedTemporaryFile() as faults:
        disk.write(MARK * 2048)
        disk.truncate(DISK_MIB << 20)
        cfg = emu.Config(str(ROOT / KERNEL), [str(ROOT / "build/systems/disk-hostile.elf")],
                         machine="q35-iommu", append=f"driver.mode={mode} {words}".strip(), timeout=150,
                         expect=r"^\[client\] # done",
                         extra=["-drive", f"file={disk.name},if=none,id=d,format=raw",
                                *CONFINED[:-1], f"{CONFINED[-1]},serial={SERIAL}", *aims.watched(faults.name),
                                "-object", f"memory-backend-file,id=ram,size=256M,share=on,mem-path={ram.name}",
                                "-machine", "memory-backend=ram"])
        result = emu.run(cfg)
        memory = pathlib.Path(ram.name).read_bytes()
        written = memory.count(MARK), memory.count(SERIAL.encode())
        leaked = pathlib.Path(disk.name).read_bytes().replace(MARK, b"").strip(b"\0")
        aimed = aims.report(name, result.console, ROOT / KERNEL, faults.name, OTHERS) if mode == "dma" else []
    lines = checks_of(name, result)
    if mode == "dma":
        lines += aimed[:1]
        m = re.search(r"^\[driver\] aimed at (\d+) places$", result.console, re.M)
        lines.append(f"{'ok' if m and int(m.group(1)) > 300 else 'not ok'} {name}: it aims at all of memory")
        lines.append(f"{'ok' if written == (1, 1) else 'not ok'} {name}: what it reads from the disk comes to its own memory only")
        lines.append(f"{'not ok' if leaked else 'ok'} {name}: nor does it write any other memory to the disk")
    if mode in ("garbage", "rings"):
        ok = re.search(r"^init: mux says that driver broke the rings between them \(1 in all\)\n(.*\n)*?init: driver is started again",
                       result.console, re.M)
        lines.append(f"{'ok' if ok else 'not ok'} {name}: a driver that breaks the protocol is started again")
    if mode == "storm":
        ok = len(re.findall(r"^\[driver\] interrupts were stopped, and go on", result.console, re.M)) >= 2
        lines.append(f"{'ok' if ok else 'not ok'} {name}: more interrupts came than the kernel lets through")
    if not result.ok or len(lines) != 5 + {"garbage": 1, "rings": 1, "storm": 1, "dma": 4}.get(mode, 0):
        lines += end_of(name, result)
    return lines + aimed[1:]


def why_it_ends(path, found):
    """What the emulator's monitor says of the machine's end."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as link:
        for _ in range(200):
            with contextlib.suppress(OSError):
                link.connect(path)
                break
            time.sleep(0.05)
        link.sendall(b'{"execute": "qmp_capabilities"}\n')
        for line in link.makefile():
            word = json.loads(line)
            if word.get("event") == "SHUTDOWN":
                found.append(word["data"]["reason"])


def run_power(machine, system, devices, words, reason):
    """Without the emulator's own exit the machine switches itself off, or begins anew, as its tables say."""
    found = []
    with tempfile.TemporaryDirectory() as d:
        disk, monitor = os.path.join(d, "disk"), os.path.join(d, "monitor")
        with open(disk, "wb") as f:
            f.truncate(DISK_MIB << 20)
        cfg = emu.Config(str(ROOT / KERNEL), [str(ROOT / f"build/systems/{system}.elf")], machine=machine,
                         append=f"client.seconds=1 {words}".strip(), timeout=120, poweroff=True,
                         expect=r"^\[client\] # done",
                         extra=["-qmp", f"unix:{monitor},server=on,wait=off",
                                "-drive", f"file={disk},if=none,id=d,format=raw", *devices])
        listener = threading.Thread(target=why_it_ends, args=(monitor, found), daemon=True)
        listener.start()
        result = emu.run(cfg)
        listener.join(10)
    name = f"{machine} {POWER_NAMES[reason]}"
    return [f"ok {name}"] if result.ok and found == [reason] else end_of(name, result) + [f"#   {found}"]


def run_case(name, system, machine, devices, words, seconds):
    """Lines of a report, without numbers."""
    with tempfile.NamedTemporaryFile(suffix=".img") as disk:
        disk.truncate(DISK_MIB << 20)
        parted = "partition" in name
        if parted:
            partition(disk, name)
        cfg = emu.Config(str(ROOT / KERNEL), [str(ROOT / f"build/systems/{system}.elf")],
                         machine=machine, append=f"{words} client.seconds={seconds}".strip(),
                         timeout=120 + 4 * seconds, expect=r"^\[client\] # done",
                         extra=["-drive", f"file={disk.name},if=none,id=d,format=raw", *devices])
        result = emu.run(cfg)
        lines = checks_of(name, result)
        m = re.search(r"# (\d+) MiB, (\d+) writes, longest (\d+) ms, sum ([0-9a-f]+)", result.console)
        if not result.ok or not m:
            return lines + end_of(name, result)
        writes = writes_of(disk.name, FIRST + (PART[0] * 512 if parted else 0))
    right = writes is not None and sum(writes) == int(m.group(2)) and \
        sum_of(writes) == int(m.group(4), 16)
    lines.append(f"{'ok' if right else 'not ok'} {name}: the disk holds what was written, once each")
    complaints = re.findall(r"^\[second\] program panic: .*", result.console, re.M)
    lines.append(f"{'not ok' if complaints else 'ok'} {name}: the other client may read, and only read")
    lines += [f"#   {c}" for c in complaints[:3]]
    rates = [int(r) for r in re.findall(r"# (\d+) KiB/s", result.console)]
    victim = words.split(".")[0] or "driver"
    again = len(re.findall(rf"^init: {victim} is started again", result.console, re.M))
    if words:
        lines.append(f"{'ok' if again > 0 else 'not ok'} {name}: {victim} was started again")
    stood = re.search(r"# stood still for (\d+) ms", result.console)
    if stood:       # with kills and without: on a busy host most of it is the host's
        lines.append(f"# {name}: without an answer for {stood[1]} of {seconds * 1000} ms, in gaps of 5 ms and more")
    lines.append(f"# {name}: {sum(rates) // max(len(rates), 1)} KiB/s, longest wait {m.group(3)} ms, "
                 f"{victim} started again {again} times")
    return lines


# name, rounds (quick, full), flags, sources
HOST = [
    ("tables", 3000, 100000, [], ["tests/disk/partition_test.c", "servers/blk-mux/partition.c"]),
    ("multiplexer", 3000, 100000, ["-Iinclude", "-Ibuild/gen", "-include", "tests/disk/host.h"],
     ["tests/disk/mux_test.c", "tests/disk/play.c", "lib/sys/chan.c", *MUX]),
]


def host_test(name, rounds, flags, sources, compiler):
    out = ROOT / "build" / f"disk-{name}-{compiler}"
    done = subprocess.run([compiler, *FLAGS, f"-DROUNDS={rounds}", *flags, "-o", str(out), *sources], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 0:
        done = subprocess.run([str(out), str(rounds)], text=True, timeout=900, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.strip().replace("\n", "\n#   ")
    good = done.returncode == 0
    lines = [f"{'ok' if good else 'not ok'} {name} on the host ({compiler})"]
    if not good:
        return lines + ["#   " + text]
    return [f"ok {name} on the host ({compiler}): {m}" for m in re.findall(r"ok \d+ (.*)", text)] or lines


def host_tests(quick, only):
    """Parts of the multiplexer, with sanitizers."""
    return [line for compiler in ("gcc", "clang") if shutil.which(compiler)
            for name, few, many, flags, sources in HOST if only in f"{name} on the host"
            for line in host_test(name, few if quick else many, flags, sources, compiler)]


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", default="")
    args = p.parse_args(argv)
    if not shutil.which(emu.QEMU):
        print(f"ok 1 disks # skip no {emu.QEMU}\n1..1")
        return 0
    done = subprocess.run(["make", "--no-print-directory", "-j2", "B=build", KERNEL, "systems"], cwd=ROOT,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        print("not ok 1 kernel and systems are built")
        print("\n".join("#   " + s for s in done.stdout.splitlines()[-20:]))
        return 1
    number, failed = 0, 0
    for s in host_tests(args.quick, args.only):
        number += 1
        failed += s.startswith("not ok")
        print(re.sub(r"^(not ok|ok)", rf"\1 {number}", s), flush=True)
    jobs = [lambda c=case: run_case(*c[:5], c[5] if args.quick else c[6])
            for case in CASES if args.only in case[0]]
    jobs += [lambda h=h: run_hostile(*h) for h in HOSTILE if args.only in "hostile driver, " + h[0]]
    jobs += [lambda p=p, r=r: run_power(*p, POWER_WORDS[r], r) for p in POWER for r in POWER_NAMES
             if args.only in f"{p[0]} {POWER_NAMES[r]}"]
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
