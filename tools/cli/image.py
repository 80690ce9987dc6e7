# SPDX-License-Identifier: MIT
"""What is booted for ./tessera run: kernel, and init with a bundle made for this run."""

import fcntl
import os
import pathlib
import re
import subprocess
import sys

import emu
from root import cpio, ext2, ext2file
from sysgen import model, pack

from . import back, scratch
from .errors import LEFT, USAGE, RunError

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SOURCES = ("kernel", "lib", "include", "servers", "drivers", "abi", "tools/sysgen", "tools/abigen", "systems", "Makefile")
STAMP = BUILD / "run" / "stamp"
PAGE = 4096
DEFAULT_MIB = 512
# A file tree in memory needs so many times its size while the machine starts, and the system some; by itself it gets room for the program too.
TREE_TIMES, LEAST_MIB, ROOM_MIB = 2, 32, 256
LEAST_FREE = 1 << 20        # bytes; a disk with less may be why something could not be written
SUPER_MAGIC_AT, SUPER_MAGIC = 1024 + 56, b"\x53\xef"


def newest():
    """When a source was changed last."""
    last = 0.0
    for name in SOURCES:
        path = ROOT / name
        if path.is_file():
            last = max(last, path.stat().st_mtime)
        for directory, _, files in os.walk(path):
            last = max([last] + [os.lstat(os.path.join(directory, f)).st_mtime for f in files])
    return last


def build():
    """Kernel, programs and libraries, if a source is newer than they are."""
    if STAMP.exists() and STAMP.stat().st_mtime >= newest():
        return
    STAMP.parent.mkdir(parents=True, exist_ok=True)
    # Two that are started at once do not build into each other's files.
    with open(STAMP.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not STAMP.exists() or STAMP.stat().st_mtime < newest():
            build_all()


def build_all():
    last = newest()
    print("tessera: building", file=sys.stderr)
    if subprocess.run(["sh", str(ROOT / "tools/deps.sh"), "run"], stdout=sys.stderr, check=False).returncode:
        raise RunError("what the build needs is not there (see above)")
    done = subprocess.run(["make", "-C", str(ROOT), "--no-print-directory", "-s", "-j2", "say=@:", "run-parts"], stdout=sys.stderr, check=False)
    if done.returncode:
        raise RunError("the build failed; `make run-parts` shows why")
    # What was changed while it was built is newer than this.
    STAMP.touch()
    os.utime(STAMP, (last, last))


def link(bundle, directory):
    """init with this bundle."""
    data, obj, out = directory / "bundle.bin", directory / "bundle.o", directory / "boot.elf"
    data.write_bytes(bundle)
    objects = sorted(str(p) for p in (BUILD / "user/servers/init").glob("*.c.o"))
    libs = sorted(str(p) for p in (BUILD / "lib").glob("lib*.a"))
    commands = [["gcc", "-c", f'-DBUNDLE="{data}"', "-o", str(obj), str(ROOT / "servers/init/bundle.S")],
                ["ld", "-nostdlib", "-static", "-z", "max-page-size=0x1000", "-z", "noexecstack", "--build-id=none", "-u", "_start",
                 "-e", "_start", "-T", str(ROOT / "tools/program.ld"), "-o", str(out), *objects, str(obj), "--start-group", *libs,
                 "--end-group"]]
    for command in commands:
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise RunError(f"{command[0]}, which puts what is booted together, is not on the PATH: apt-get install gcc binutils") from None
        if done.returncode:
            raise RunError(f"{command[0]}: {done.stderr.strip()}")
    return out


def words(args, argv, env, stdio):
    """The words of servers/linux/core/options.h."""
    text = ["framed", f"stdio={stdio}", f"cwd={args.cwd}", f"init={argv[0]}", f"cpus={args.cpus}"]
    if args.name:
        text.append(f"name={args.name}")
    if args.procs:
        text.append(f"procs={args.procs}")
    if args.trace:
        text.append("trace")
    data = [t.encode() for t in [*text, *[f"env:{e}" for e in env], "--", *argv[1:]]]
    # An argument may be empty, so their number stands first.
    return b"%d\0" % len(data) + b"".join(t + b"\0" for t in data)


def check_disk(path):
    """Refuse what cannot be a root directory."""
    if not os.path.exists(path):
        raise RunError(f"--disk {path}: no such file (tools/mkroot.py --ext2 makes one)", USAGE)
    if not os.access(path, os.R_OK | os.W_OK) or os.path.isdir(path):
        raise RunError(f"--disk {path}: not a file that can be read and written", USAGE)
    with open(path, "rb") as file:
        file.seek(SUPER_MAGIC_AT)
        if file.read(2) != SUPER_MAGIC:
            raise RunError(f"--disk {path}: no ext2 file system is in it (tools/mkroot.py --ext2 makes one)", USAGE)


def size_memory(args, archive):
    """The file tree lies in memory, and the program wants some too."""
    need = (archive * TREE_TIMES >> 20) + LEAST_MIB
    if args.mem is None:
        args.mem = max(DEFAULT_MIB, need + ROOM_MIB)
        free = int(re.search(r"MemAvailable:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) >> 10
        if args.mem > DEFAULT_MIB and args.mem > free:
            raise RunError(f"what is put in, {archive >> 20} MiB, wants {args.mem} MiB of memory, and this machine has {free} MiB free: "
                           "put it on a disk (tools/mkroot.py --ext2, --disk)")
    elif args.mem < need:
        raise RunError(f"--mem {args.mem}M is too little for what is put in, {archive >> 20} MiB: at least {need}M", USAGE)


def is_full(path):
    """Has hardly anything room in this image?"""
    try:
        with ext2file.Image(path) as file:
            return file.free_blocks * file.block_size < LEAST_FREE or file.free_inodes == 0
    except ext2file.Ext2Error:
        return False            # whoever reads it next says so


class Plan:
    """Everything that is needed to start the emulator."""

    def __init__(self, args, tree, argv, env, stdio, directory):
        build()
        self.args, self.directory = args, pathlib.Path(directory)
        start, root = self.directory / "start", self.directory / "root"
        start.write_bytes(words(args, argv, env, stdio))
        self.disk, self.back = None, [(os.path.realpath(d.host), tree.place(d.guest)) for d in args.dir if d.back]
        self.system = "disk" if args.disk or self.back else "run"
        files = {"start": start}
        if args.disk:
            self.disk = os.path.abspath(args.disk)
        elif self.back:
            self.before = [back.snapshot(host) for host, _ in self.back]
            self.disk = str(self.directory / scratch.DISK)
            try:
                ext2.image(tree, self.disk, tree.bytes() * 2 + (args.room << 20))
            except ext2.TooSmallError as error:
                raise RunError(f"{error}; --room {args.room}M wants to be larger", USAGE) from error
        else:
            root.write_bytes(cpio.pack(tree))
            size_memory(args, root.stat().st_size)
            files["root"] = root
        self.boot = link(self._bundle(files), self.directory)

    def _bundle(self, files):
        path = ROOT / "systems" / "linux" / f"{self.system}.toml"
        system, errors = model.read(str(path), ROOT)
        if not errors:
            for pool in system.pools:
                if pool.name in files:
                    pool.path = str(files[pool.name])
                    pool.size = model.Amount("pages", max(1, -(-files[pool.name].stat().st_size // PAGE)))
            if self.args.machine == "microvm":          # which has no IOMMU
                for component in system.components:
                    component.flags["trusted"] |= component.driver is not None
            bundle, errors = pack.bundle(system, BUILD / "programs", ROOT)
        if errors:
            raise RunError("; ".join(errors))
        return bundle

    def devices(self, socket):
        # The stream of frames: one port of a virtio console, behind the IOMMU.
        iommu = ",iommu_platform=on,disable-legacy=on" if self.args.machine == "q35-iommu" else ""
        bus = "pci" if self.args.machine == "q35-iommu" else "device"
        # The devices of microvm are of the kind before 1.0 unless they are told not to be.
        legacy = [] if iommu else ["-global", "virtio-mmio.force-legacy=false"]
        words_ = [*legacy, "-chardev", f"socket,id=link,path={socket}", "-device", f"virtio-serial-{bus},id=serial,max_ports=1{iommu}",
                  "-device", "virtconsole,chardev=link,bus=serial.0"]
        if self.disk:
            # If this machine's disk is full, that is an error within, and not a machine that stands still.
            words_ += ["-drive", f"file={self.disk},if=none,id=disk,format=raw,cache=writeback,werror=report",
                       "-device", f"virtio-blk-{bus},drive=disk{iommu}"]
        return words_

    def command(self, socket):
        """The emulator's command line."""
        kernel = BUILD / ("kernel-debug" if self.args.debug_kernel else "kernel") / "tessera.elf"
        config = emu.resolve(emu.Config(str(kernel), [str(self.boot)], machine=self.args.machine, cpus=self.args.cpus, mem=f"{self.args.mem or DEFAULT_MIB}M"))
        config.extra = self.devices(socket)
        return emu.qemu_command(config)

    def bring_back(self):
        """Changes of directories given with :rw."""
        here = os.statvfs(self.directory)
        if self.back and here.f_bavail * here.f_frsize < LEAST_FREE:
            print(f"tessera: {self.directory.parent} is full, where the disk lies that the program wrote to; TMPDIR names another place", file=sys.stderr)
        elif self.back and is_full(self.disk):
            print(f"tessera: the disk that the program wrote to is full; --room gives it more than {self.args.room}M", file=sys.stderr)
        for number, (host, guest) in enumerate(self.back):
            try:
                if not back.bring(self.disk, guest, host, self.before[number]):
                    print(f"tessera: {guest} is not there any more; {host} stays as it was", file=sys.stderr)
            except (back.BackError, OSError) as error:
                raise RunError(f"{error}; the image with the program's changes is {self.keep()}") from None
            except KeyboardInterrupt:
                raise RunError(f"interrupted; not all changes are in {host}; the image that has them is {self.keep()}", LEFT) from None

    def keep(self):
        """The disk stays when this run's directory goes: where it is then."""
        return scratch.keep(self.directory)
