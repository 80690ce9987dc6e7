# SPDX-License-Identifier: MIT
"""Systems in the emulator: what their programs report, and what init says of them.

    run.py [--only NAME] [--list]       TAP on standard output

Each row of RUNS boots a system on a machine. Its test program prints TAP, which init writes with
the program's name in front; besides, init's own lines must have, or not have, what the row says.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import emu                                                      # noqa: E402
import tap as taps                                              # noqa: E402
from root import ext2                                            # noqa: E402
from sysgen import model, report                                # noqa: E402

DEBUG, RELEASE = "build/kernel-debug/tessera.elf", "build/kernel/tessera.elf"
DISK_BYTES = 16 << 20
DRIVE = ["-drive", "file={disk},if=none,id=d,format=raw", "-device"]
CONFINED = [*DRIVE, "virtio-blk-pci,drive=d,disable-legacy=on,iommu_platform=on"]
FREE = [*DRIVE, "virtio-blk-pci,drive=d,disable-legacy=on"]
# Answers in order.
INSTANT = ["-blockdev", "driver=null-co,node-name=d,size=67108864,read-zeroes=on", *CONFINED[2:]]
MMIO = ["-global", "virtio-mmio.force-legacy=false", *DRIVE, "virtio-blk-device,drive=d"]
CRASHES = {
    "init says who crashed, how and where": r"^init: crasher crashed: cannot write address "
                                            r"0x100000, ip 0x4[0-9a-f]{5}, sp 0x3d",
    "an illegal instruction ends its program": r"^init: crasher crashed: exception 6,",
    "constants cannot be written": r"^init: crasher crashed: cannot write address 0x4",
    "data cannot be executed": r"^init: crasher crashed: cannot execute at address 0x",
    "what crashes too often is given up": r"^init: crasher was restarted 3 times within a minute",
    "what gives no sign of life is ended": r"^init: hanger hangs: no sign of life for \d+ ms$",
    "every line names its program": r"^\[server\] life 1$",
}
# name, system, kernel, machine and its options, (test, what init's console must match)
RUNS = [
    ("pair", "pair", DEBUG, {}, CRASHES),
    ("pair, release", "pair", RELEASE, {"append": "init.ready=0"}, {
        "init says who is not ready": r"^init: client waits for others$",
        "init says when all are ready": r"^init: all are ready, \d+ ms after the kernel began$"}),
    ("pair, one CPU, counted", "pair", DEBUG, {"cpus": 1, "icount": True}, CRASHES),
    ("pair, four CPUs", "pair", DEBUG, {"cpus": 4, "machine": "q35"}, {}),
    ("pair, 16 MiB", "pair", DEBUG, {"mem": "16M"}, {}),
    ("pair, a word for nobody", "pair", DEBUG, {"append": "servr.word=1"}, {
        "init says so": r"^init: command line: servr.word=1 is for nobody: there is no such component$"}),
    ("broken", "broken", DEBUG, {}, {
        "a client that breaks its ring is ended":
            r"^init: server says that hostile broke the rings between them \(1 in all\)\n"
            r"(.*\n)*?init: hostile is started again \(1\)",
        "who accuses its server all the time is ended":
            r"^init: hostile accuses others too often\n(.*\n)*?init: hostile is started again \(2\)",
        "an accusation begins the rings anew": r"^\[hostile\] served before and served after$"}),
    ("stubborn", "stubborn", DEBUG, {"append": "init.end=server:300 init.let-go=500"}, {
        "who does not let go is ended": r"^init: stubborn does not let go of the rings of server$"}),
    ("given up", "given-up", DEBUG, {"append": "init.let-go=500"}, {
        "init says who is given up": r"^init: server was restarted 1 times within a minute: it is given up$"}),
    ("accused between two lives", "between", DEBUG, {}, {
        "the server pauses": r"^init: server is started again \(10\), after a pause of \d{3,4} ms$"}),
    ("flood", "flood", DEBUG, {"cpus": 1, "icount": True}, {
        "who calls init without end is ended": r"^init: caller calls init without end$",
        "who dies at once waits longer each time":
            r"^init: dier is started again \(1\)$(.*\n)*?init: dier is started again \(4\), after a pause of 20 ms$"
            r"(.*\n)*?init: dier is started again \(7\), after a pause of 160 ms$"}),
    ("restart", "restart", DEBUG, {"timeout": 240}, {
        "a thousand restarts": r"^init: crasher is started again \(1000\)$"}),
    ("self", "self", DEBUG, {"append": "all.third other.y=1"}, {
        "arguments come from the system file and the command line":
            r"^\[all\] args first second third$",
        "a pool is zeros, in several spaces": r"^\[all\] pool large pages 2048 mapped 1 first word 0 "
                                              r"others 0$",
        "a file of the boot image is seen": r"^\[little\] pool text pages 1 mapped 1 first word "
                                            r"6563694c2054494d others 0$",
        "memory can be used": r"^\[little\] memory \d+ pages in 1 parts, made 1$"}),
    ("memory in two parts", "parts", DEBUG, {"mem": "4G"}, {
        "a pool gets the larger part": r"^\[all\] pool ram pages 7[0-9]{5} mapped 0 ",
        "init says that it is not all": r"^init: pool ram has the 3\d{6} KiB that lie together, instead of 4\d{6} KiB$"}),
    ("drive", "drive", DEBUG, {"machine": "q35-iommu", "extra": CONFINED}, {}),
    ("drive, its driver crashes", "drive", DEBUG, {
        "machine": "q35-iommu", "extra": CONFINED,
        "append": "disk.crash-after-ms=150 client.rounds=8"}, {
        "the driver was restarted": r"^init: disk is started again \(3\)$"}),
    ("drive, its driver hangs", "drive", DEBUG, {
        "machine": "q35-iommu", "extra": CONFINED,
        "append": "disk.hang-after-ms=300 client.rounds=8"}, {
        "the driver was restarted": r"^init: disk hangs: .*\n(.*\n)*?init: disk is started again"}),
    ("drive, the platform server is ended", "drive", DEBUG, {
        "machine": "q35-iommu", "extra": CONFINED, "append": "init.end=platform:400:4 client.rounds=8"}, {
        "platform server and driver were restarted":
            r"^init: platform is started again \(1\)$(.*\n)*?init: disk is started again"}),
    ("drive, its driver is lost three hundred times", "drive", RELEASE, {
        "machine": "q35-iommu", "extra": CONFINED, "timeout": 240,
        "append": "init.end=disk:20 client.rounds=1 client.lives=300"}, {}),
    ("a device that reaches too far", "disk-hostile", DEBUG, {
        "machine": "q35-iommu", "extra": CONFINED, "append": "driver.mode=dma driver.below-mib=16 client.may-lie mux.timeout-ms=60000"}, {
        "init says what the IOMMU refused":
            r"^init: the device of driver may not write address 0x[0-9a-f]+ \(reason 5, \d+ times\)$"}),
    ("cache", "cache", DEBUG, {"machine": "q35-iommu", "extra": CONFINED}, {
        "the driver crashed": r"^init: driver crashed: exception 6(.*\n)*?init: driver is started again \(3\)"}),
    ("cache, the multiplexer is ended", "cache", DEBUG, {
        "machine": "q35-iommu", "extra": CONFINED, "append": "init.end=mux:700 client.mux"}, {}),
    ("disk, a flood that dies", "disk-flood", DEBUG, {"machine": "q35-iommu", "extra": INSTANT}, {
        "the flood died": r"^init: second crashed: exception 6"}),
    ("drive without an IOMMU's help", "drive", DEBUG, {
        "machine": "q35-iommu", "extra": FREE, "fails": True}, {
        "a device that cannot be confined is refused":
            r"^init: disk cannot be made: no IOMMU confines its device and its interrupts, and it is not trusted"}),
    ("drive without interrupt remapping", "drive", DEBUG, {
        "machine": "q35", "extra": ["-device", "intel-iommu,intremap=off,caching-mode=on,aw-bits=48", *CONFINED], "fails": True}, {
        "a device that could send any interrupt is refused":
            r"^init: disk cannot be made: no IOMMU confines its device and its interrupts, and it is not trusted"}),
    ("drive without interrupt remapping, trusted", "drive-trusted", DEBUG, {
        "machine": "q35", "extra": ["-device", "intel-iommu,intremap=off,caching-mode=on,aw-bits=48", *CONFINED]}, {}),
    ("drive that is not there", "drive", DEBUG, {"machine": "q35-iommu", "fails": True}, {
        "init says so": r"^init: disk cannot be made: its device is not there"}),
    ("drive, a legacy device", "drive", DEBUG, {"machine": "q35-iommu", "extra": [*DRIVE, "virtio-blk-pci,drive=d"], "fails": True}, {
        "init says what it is": r"^init: disk cannot be made: only a legacy device is there"}),
    ("drive, a number that is none", "drive", DEBUG, {
        "machine": "q35-iommu", "extra": CONFINED, "append": "disk.crash-after-ms=abc", "fails": True}, {
        "its driver says so": r"^\[disk\] program panic: crash-after-ms=abc: a number of milliseconds"}),
    ("drive, trusted driver", "drive-trusted", DEBUG, {"machine": "q35", "extra": FREE}, {}),
    ("drive, trusted driver, MMIO", "drive-trusted", DEBUG, {
        "extra": MMIO, "append": "platform.virtio-slots"}, {}),
    ("ext2", "ext2", DEBUG, {"machine": "q35-iommu", "mem": "128M", "extra": CONFINED, "ext2": 112}, {}),
]


def held(console):
    """By component, the capabilities that it found: (type, rights), counted."""
    objects = {o["nr"]: o for o in tomllib.loads((ROOT / "abi/kernel.toml").read_text())["object"]}
    found = {}
    for m in re.finditer(r"^\[(\w+)\] cap \d+ type (\d+) rights (\d+) ", console, re.MULTILINE):
        o, bits = objects[int(m.group(2))], int(m.group(3))
        rights = ", ".join(r.lower() for i, r in enumerate(o["rights"]) if bits >> i & 1)
        found.setdefault(m.group(1), collections.Counter())[o["name"], rights] += 1
    return found


def compare(system, console, tap):
    """Does the report say what components found?  Memory and device memory come in parts."""
    s, _ = model.read(str(ROOT / f"tests/system/{system}.toml"), ROOT)
    found = held(console)
    for c in s.components:
        told = collections.Counter((r.type, r.rights) for r in report.capabilities(s, c) if r.type)
        mine = found.get(c.name, collections.Counter())
        for parts in (("memory", "create"), ("devmem", "read, write, combine")):
            told[parts], mine[parts] = min(told[parts], 1), min(mine[parts], 1)
        tap.say(told == mine, f"{system}: {c.name} holds what the report says, and no more",
                f"more than told: {mine - told}\nless: {told - mine}")


def make_ext2(path):
    """With one file, /greeting."""
    with tempfile.TemporaryDirectory() as tree:
        (pathlib.Path(tree) / "greeting").write_text("hello\n")
        subprocess.run([ext2.tool("mke2fs"), "-q", "-F", "-t", "ext2", "-b", "4096", "-O",
                        "has_journal,^resize_inode,^dir_index,^ext_attr", "-m", "0", "-d", tree, path],
                       check=True)


def check_ext2(name, path, inodes):
    """e2fsck finds nothing, and so many inodes in use."""
    done = subprocess.run([ext2.tool("e2fsck"), "-fn", path], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    ok = done.returncode == 0 and f": {inodes}/" in done.stdout
    return ok, f"{name}: e2fsck finds a clean file system with what was written", done.stdout


def boot(name, system, kernel, options, patterns, tap):
    options = dict(options)
    fails, inodes = options.pop("fails", False), options.pop("ext2", 0)
    with tempfile.NamedTemporaryFile(dir=ROOT / "build", suffix=".img") as disk:
        disk.truncate(DISK_BYTES)
        if inodes:
            make_ext2(disk.name)
        cfg = emu.Config(str(ROOT / kernel), [str(ROOT / f"build/systems/{system}.elf")],
                         timeout=120, expect=r"^\[\w+\] # done$")
        for key, value in options.items():
            setattr(cfg, key, value)
        cfg.extra = [w.format(disk=disk.name) for w in cfg.extra]
        result = emu.run(cfg)
        if inodes:
            tap.say(*check_ext2(name, disk.name, inodes))
    tail = "\n".join(result.console.splitlines()[-25:])
    if not fails:
        for m in re.finditer(r"^\[\w+\] (not ok|ok) \d+ (.*?)\s*$", result.console, re.MULTILINE):
            tap.say(m.group(1) == "ok", f"{name}: {m.group(2)}")
        tap.say(result.ok, f"{name}: ends well", "" if result.ok else
                f"{result.reason}\n{result.epitaph(kernel)}\n{tail}\n{cfg.command()}")
    if system == "flood":
        numbers = [int(n) for n in re.findall(r"^\[writer\] line (\d+) of one that does not stop writing lines of text$",
                                              result.console, re.MULTILINE)]
        tap.say(len(numbers) > 100 and numbers == list(range(len(numbers))),
                f"{name}: nothing is lost of what is written without end")
        print(f"#   {len(numbers)} lines")
    if system == "self":
        compare(system, result.console, tap)
    for test, pattern in patterns.items():
        ok = re.search(pattern, result.console, re.MULTILINE) is not None
        tap.say(ok, f"{name}: {test}", f"nothing matches {pattern}\n{tail}")


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default="")
    p.add_argument("--list", action="store_true")
    args = p.parse_args(argv)
    runs = [r for r in RUNS if args.only in r[0]]
    if args.list:
        print("\n".join(r[0] for r in runs))
        return 0
    tap = taps.Writer()
    done = subprocess.run(["make", "--no-print-directory", "-j2", "B=build", "kernel", "systems"],
                          cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        tap.say(False, "kernel and systems are built", "\n".join(done.stdout.splitlines()[-20:]))
        runs = []
    for run in runs:
        boot(*run, tap)
    return tap.end(args.only)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
