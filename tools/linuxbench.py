# SPDX-License-Identifier: MIT
"""What Linux programs pay for system calls: the same static program (tests/linux/bench/lbench.c) on
Tessera and on Debian's cloud kernel, in the same emulator, which counts instructions.

    linuxbench.py        rows for tools/bench.py on standard output; --no-peer: without Linux
"""
import dataclasses
import glob
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import emu
import proc
from root import base, cpio
from root.tree import Tree, TreeError

ROOT = proc.ROOT
KERNEL = "build/kernel/tessera.elf"
SERVER = "build/programs/linux-first.elf"
CODE = ROOT / "tests/linux/bench/lbench.c"
PEER = "linux-image-cloud-amd64"
DISK_CODE = ROOT / "tests/linux/bench/blkbench.c"
DISK_MODULES = ("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk")
MEGABYTES = 512
BOOT = "exec /lbench boot\n"    # of the shell that is the first program
CPU = "max,erms=off"         # string instructions then cost what they move
COUNTED = emu.Config("", cpu=CPU, icount=True)


def program(directory):
    """Away from where the server lies, so that an address says which of them it is in."""
    out = os.path.join(directory, "lbench")
    subprocess.run(["musl-gcc", "-O2", "-g", "-static", "-Wl,-Ttext-segment=0x10000000", "-o", out, str(CODE)], check=True)
    return out


def archive_of(lbench, directory):
    archive = pathlib.Path(directory) / "root.cpio"
    archive.write_bytes(cpio.pack(tree_of(lbench)))
    return archive


def tree_of(lbench):
    tree = base.base()
    for name, numbers in {"zero": (1, 5), "null": (1, 3), "console": (5, 1)}.items():
        tree.device(f"dev/{name}", *numbers)
    tree.file("lbench", lbench)
    tree.text("boot.sh", BOOT)
    return tree


def rows_of(text):
    return {m[1]: int(m[2]) for m in re.finditer(r"^row (\w+) (\d+)\s*$", text, re.MULTILINE)}


def build(archive):
    """The personality as the kernel's first program, with this tree."""
    done = proc.run(["make", "--no-print-directory", "-s", f"ROOT={archive}", "kernel", "linux-first"], 900)
    if done.rc != 0:
        sys.exit("linuxbench: the build failed:\n" + done.out)


def config(machine="microvm", rows=()):
    """How the rows are measured: those whose names begin like one of `rows`, or all."""
    return emu.Config(KERNEL, [SERVER], machine=machine, cpus=1, mem=f"{MEGABYTES}M", cpu=CPU, icount=True, append=" ".join(("init=/lbench", "--", *rows)),
                      timeout=900, expect="^done")


def on_tessera(archive):
    """All rows; booting on the machine that Linux gets too."""
    build(archive)
    found = {}
    for cfg in (config(), dataclasses.replace(config("pc"), append="init=/bin/sh -- /boot.sh")):
        result = emu.run(cfg)
        if not result.ok:
            sys.exit(f"linuxbench: {result.reason}\n{result.console[-2000:]}")
        found |= rows_of(result.console)
    return used(found)


def used(rows):
    """Memory that programs cannot have, instead of what is free."""
    if "linux_memory_free" in rows:
        rows["linux_memory_used"] = MEGABYTES * 1024 - rows.pop("linux_memory_free")
    return rows


def peer_kernel():
    """The newest cloud kernel that apt knows."""
    out = subprocess.run(["apt-cache", "depends", PEER], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Depends: (linux-image-\S+)", out)
    if not found:
        raise TreeError(f"apt knows no {PEER}")
    return max(glob.glob(os.path.join(base.package(found[1]), "boot", "vmlinuz-*")))


def on_linux(archive):
    kernel, found = peer_kernel(), {}
    for words in ("rdinit=/lbench", "rdinit=/bin/sh"):
        command = [emu.QEMU, "-M", "pc", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot", "-m", f"{MEGABYTES}M",
                   "-smp", "1", "-cpu", emu.cpu_model(COUNTED), *emu.accel_args(COUNTED), "-kernel", kernel, "-initrd", str(archive),
                   "-append", f"console=ttyS0 {words} panic=-1 quiet" + (" -- /boot.sh" if "sh" in words else "")]
        done = proc.run(emu.guarded(command), 600)
        rows = rows_of(done.out.replace("\r", ""))
        if not rows:
            raise TreeError("Linux did not run the program:\n" + done.out[-1500:])
        found |= rows
    return used(found)


def disk_rates(devices):
    """{row: requests in a second} of Linux on the machine that tools/sysbench.py measures; {}: there is
    no such kernel here."""
    try:
        kernel = peer_kernel()
    except TreeError as error:
        print(f"linuxbench: without a peer: {error}", file=sys.stderr)
        return {}
    modules = os.path.join(os.path.dirname(os.path.dirname(kernel)), "lib/modules")
    tree = Tree()
    for name in ("dev", "modules"):
        tree.directory(name)
    tree.device("dev/console", 5, 1)
    for i, name in enumerate(DISK_MODULES):
        tree.file(f"modules/{i}.ko", next(pathlib.Path(modules).rglob(name + ".ko")))
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as directory:
        binary, archive = os.path.join(directory, "blkbench"), pathlib.Path(directory) / "root.cpio"
        subprocess.run(["musl-gcc", "-O2", "-static", "-o", binary, str(DISK_CODE), "-idirafter", "/usr/include",
                        "-idirafter", "/usr/include/x86_64-linux-gnu"], check=True)
        tree.file("blkbench", binary)
        archive.write_bytes(cpio.pack(tree))
        command = emu.qemu_command(emu.Config(kernel, [str(archive)], machine="q35-iommu", cpus=1, cpu="max", accel="tcg", extra=devices,
                                              append="console=ttyS0 intremap=off rdinit=/blkbench panic=-1 quiet"))
        done = proc.run(emu.guarded(command), 300)
    rows = rows_of(done.out.replace("\r", ""))
    if not rows:
        raise SystemExit("linuxbench: Linux did not run the program:\n" + done.out[-1500:])
    return rows


def lines(peer=True):
    """Lines as tools/bench.py reads them."""
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as directory:
        archive = archive_of(program(directory), directory)
        ours, theirs = on_tessera(archive), {}
        if peer:
            try:
                theirs = on_linux(archive)
            except TreeError as error:
                print(f"linuxbench: without a peer: {error}", file=sys.stderr)
    for name, value in ours.items():
        other = f" linux={theirs[name]} ratio={value / theirs[name]:.2f}" if theirs.get(name) else ""
        yield f"bench name={name} value={value} unit={'KiB' if 'memory' in name else 'instructions'} n=1{other}"


if __name__ == "__main__":
    for text in lines("--no-peer" not in sys.argv):
        print(text)
