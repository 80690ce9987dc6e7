# SPDX-License-Identifier: MIT
"""Runs a kernel image with programs in an emulator, and says how it ended.

    emu.py run [options] KERNEL [PROGRAM...]     boot; the console goes to standard output
    emu.py iso KERNEL [PROGRAM...] -o FILE       write a bootable image (BIOS and UEFI)
    emu.py probe                                 does KVM run 64-bit guests here?

At most two emulators run at a time on a machine; a third waits. A run succeeds only if the guest
says so through its own exit code (and, where asked for, a line of its console): an emulator that
ends with status 0 has met a triple fault or a reset.
"""
import argparse
import dataclasses
import fcntl
import functools
import json
import os
import pathlib
import pty
import random
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
QEMU = "qemu-system-x86_64"
MACHINES = ("microvm", "pc", "q35", "q35-iommu", "iso-bios", "iso-uefi", "bochs")
SLOTS = 2
CPUS_MAX = 255
PROBING = threading.Lock()
CODES = {33: "success", 65: "test failure", 97: "kernel panic",
         0: "reset, power-off or triple fault", 1: "the emulator refused its command line",
         127: "the emulator is not installed", 134: "the emulator aborted"}
OVMF = ("/usr/share/ovmf/OVMF.fd", "/usr/share/OVMF/OVMF.fd", "/usr/share/qemu/OVMF.fd")
BOCHS_BIOS = "/usr/share/bochs/BIOS-bochs-latest"
BOCHS_VGA = ("/usr/share/bochs/VGABIOS-lgpl-latest", "/usr/share/vgabios/vgabios.bin",
             "/usr/share/seabios/vgabios-stdvga.bin")
ANSI = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]")
# What the kernel prints last when it has found a bug in itself; Bochs has no other exit status.
EPITAPH = re.compile(r"^KERNEL panic: ", re.MULTILINE)
EPITAPH_END = re.compile(r"^end of epitaph$", re.MULTILINE)


@dataclasses.dataclass
class Config:
    """One machine and what it boots."""
    kernel: str
    programs: list = dataclasses.field(default_factory=list)
    machine: str = "microvm"
    cpus: int = 2
    mem: str = "256M"
    cpu: str = "max"
    accel: str = "auto"
    icount: bool = False
    edu: bool = False
    poweroff: bool = False
    append: str = ""
    extra: list = dataclasses.field(default_factory=list)
    timeout: float = 60.0
    expect: str = ""

    def command(self):
        """The command line that repeats this run."""
        words = ["/usr/bin/python3", "tools/emu.py", "run"]
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if f.name in ("kernel", "programs") or value == f.default or value == []:
                continue
            if f.name == "extra":
                words += [f"--extra={w}" for w in value]
            elif value is True:
                words.append("--" + f.name)
            else:
                words += ["--" + f.name, str(value)]
        return shlex.join(words + [str(self.kernel), *map(str, self.programs)])


@dataclasses.dataclass
class Result:
    """How a run ended. `ok` is the verdict, `reason` one line for people."""
    ok: bool
    reason: str
    rc: int
    console: str
    seconds: float

    def epitaph(self, kernel):
        """The kernel's last words, with the place in its source; '' if it said none."""
        m = EPITAPH.search(self.console)
        if not m:
            return ""
        text = self.console[m.start():].strip()
        rip = re.search(r"\brip=(?:0x)?(ffffffff[0-9a-f]{8})\b", text)
        return text + ("\nrip is " + place(kernel, rip.group(1)) if rip else "")


def place(elf, address):
    """Function and line of an address in an ELF file."""
    done = subprocess.run(["addr2line", "-f", "-p", "-e", str(elf), address], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.strip() or address


class Slot:
    """One of the machine-wide permissions to run an emulator."""

    def __init__(self, directory="/tmp", count=SLOTS):
        self.paths = [os.path.join(directory, f"tessera-emu.{i}") for i in range(count)]

    @staticmethod
    def _open(path):
        try:
            return os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)

    def __enter__(self):
        while True:
            for path in self.paths:
                self.fd = self._open(path)
                try:
                    fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return self
                except BlockingIOError:
                    os.close(self.fd)
            time.sleep(0.05 + random.random() / 10)

    def __exit__(self, *_):
        os.close(self.fd)


# ---- KVM -------------------------------------------------------------------------------------

def build_probe(out, action=0x10, text="probe\n"):
    """Assembles tools/probe.S into the ELF file `out`."""
    out = pathlib.Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    literal = '"' + text.replace("\n", "\\n") + '"'
    obj = out.with_suffix(".o")
    subprocess.run(["gcc", "-c", "-DACTION=%d" % action, "-DTEXT=" + literal,
                    str(ROOT / "tools/probe.S"), "-o", str(obj)], check=True)
    subprocess.run(["ld", "-nostdlib", "-static", "-Ttext-segment=0x200000", "-z", "noexecstack",
                    "-z", "max-page-size=4096", "-z", "noseparate-code", "--no-warn-rwx-segments",
                    "--build-id=none", "-e", "start", str(obj), "-o", str(out)], check=True)
    obj.unlink()
    return out


def boot_id():
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def probe_kvm():
    """Runs 64-bit code in a KVM guest: a device that opens is no proof that it works."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False, "/dev/kvm cannot be opened"
    with tempfile.TemporaryDirectory() as d, Slot():
        elf = build_probe(pathlib.Path(d) / "probe.elf")
        cmd = qemu_command(Config(str(elf), mem="64M", cpus=1, accel="kvm"))
        try:
            rc = subprocess.run(["timeout", "-s", "KILL", "2", *cmd], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        except FileNotFoundError:
            return False, QEMU + " is not installed"
    return rc == 33, f"the 64-bit test guest ended with status {rc}"


def kvm_works():
    """probe_kvm(), remembered until the next boot of this machine."""
    cache = ROOT / "build" / "kvm-probe.json"
    with PROBING:
        try:
            old = json.loads(cache.read_text())
            if old["boot"] == boot_id():
                return old["ok"]
        except (OSError, ValueError, KeyError):
            pass
        ok, why = probe_kvm()
        cache.parent.mkdir(exist_ok=True)
        cache.write_text(json.dumps({"boot": boot_id(), "ok": ok, "why": why}))
        return ok


# ---- command lines ---------------------------------------------------------------------------

def first_file(names):
    return next((n for n in names if os.path.exists(n)), names[0])


def resolve(cfg):
    """A copy of cfg with the accelerator chosen. Not while holding a slot: the probe takes one."""
    if cfg.accel != "auto":
        return cfg
    kvm = cfg.cpu == "max" and not cfg.icount and cfg.machine != "bochs" and kvm_works()
    return dataclasses.replace(cfg, accel="kvm" if kvm else "tcg")


def accel_args(cfg, stops=False):
    """With `stops`, a machine that a debugger stops: without sleep, its clock would run on then.
    The real-time clock of a machine that counts instructions goes by them too."""
    if cfg.icount:
        return ["-accel", "tcg", "-icount", "shift=0" if stops else "shift=0,sleep=off",
                "-rtc", "clock=vm"]
    return ["-accel", "kvm" if cfg.accel == "kvm" else "tcg,thread=multi"]


def machine_args(cfg):
    kvm = ",kernel-irqchip=split" if cfg.machine == "q35-iommu" and cfg.accel == "kvm" else ""
    return {
        "microvm": ["-M", "microvm,pcie=on" if cfg.edu else "microvm"],
        "pc": ["-M", "pc"],
        "q35": ["-M", "q35"],
        "q35-iommu": ["-M", "q35" + kvm, "-device",
                      "intel-iommu,intremap=on,caching-mode=on,aw-bits=48"],
        "iso-bios": ["-M", "q35", "-vga", "std"],
        "iso-uefi": ["-M", "q35", "-vga", "std", "-bios", first_file(OVMF)],
    }[cfg.machine]


@functools.cache
def qemu_major():
    """The first number of QEMU's version, 0 if it does not tell."""
    try:
        said = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    found = re.search(r"version (\d+)", said)
    return int(found[1]) if found else 0


def cpu_model(cfg):
    """Later versions of QEMU (10 for one) end with "Bad icount read" where a machine that counts
    instructions reads the timer through a register of the x2APIC."""
    return cfg.cpu + ",-x2apic" if cfg.icount and qemu_major() > 7 else cfg.cpu


def qemu_command(cfg, iso=None, console="stdio", gdb_socket=None):
    cmd = [QEMU, *machine_args(cfg), "-nodefaults", "-no-user-config", "-display", "none",
           "-serial", console, "-no-reboot",
           *([] if cfg.poweroff else ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]),
           "-m", cfg.mem, "-smp", str(cfg.cpus), "-cpu", cpu_model(cfg),
           *accel_args(cfg, stops=bool(gdb_socket))]
    if cfg.edu:
        cmd += ["-device", "edu"]
    if cfg.machine.startswith("iso"):
        cmd += ["-cdrom", str(iso), "-boot", "d"]
    else:
        cmd += ["-kernel", str(cfg.kernel)]
        if cfg.programs:
            cmd += ["-initrd", ",".join(map(str, cfg.programs))]
        if cfg.append:
            cmd += ["-append", cfg.append]
    if gdb_socket:
        cmd += ["-gdb", f"unix:{gdb_socket},server=on,wait=off", "-S"]
    return cmd + list(cfg.extra)


def mem_mib(text):
    return int(text[:-1]) * 1024 if text[-1] in "gG" else int(text.rstrip("mM"))


def bochs_command(cfg, directory, iso):
    """Writes Bochs' files into `directory`. Its console is a file; the display is a terminal."""
    d = pathlib.Path(directory)
    model = "tigerlake" if cfg.cpu == "max" else cfg.cpu
    mem = min(mem_mib(cfg.mem), 2048)
    (d / "bochsrc").write_text("\n".join([
        f"cpu: model={model}, count={cfg.cpus}, ips=100000000, reset_on_triple_fault=0",
        f"memory: guest={mem}, host={mem}",
        f"romimage: file={BOCHS_BIOS}",
        f"vgaromimage: file={first_file(BOCHS_VGA)}",
        f"ata0-master: type=cdrom, path={iso}, status=inserted",
        "boot: cdrom", "clock: sync=none", "sound: waveoutdrv=dummy",
        "display_library: term", "vga: extension=none",         # a terminal shows no graphics
        f"log: {d}/log", f"com1: enabled=1, mode=file, dev={d}/console",
        "panic: action=fatal", "error: action=ignore", "info: action=ignore",
        "debug: action=ignore", ""]))
    (d / "commands").write_text("c\n")
    (d / "console").touch()
    return ["bochs", "-f", str(d / "bochsrc"), "-rc", str(d / "commands")]


def make_iso(cfg, out):
    """A GRUB image that starts the kernel through Multiboot2 on BIOS and UEFI machines."""
    with tempfile.TemporaryDirectory() as d:
        boot = pathlib.Path(d) / "boot"
        (boot / "grub").mkdir(parents=True)
        shutil.copy(cfg.kernel, boot / "tessera.elf")
        menu = ["set timeout=0", "insmod all_video", 'menuentry "Tessera" {',
                f"\tmultiboot2 /boot/tessera.elf {cfg.append}"]
        for p in map(pathlib.Path, cfg.programs):
            shutil.copy(p, boot / p.name)
            menu.append(f"\tmodule2 /boot/{p.name} {p.stem}")
        (boot / "grub" / "grub.cfg").write_text("\n".join(menu + ["\tboot", "}", ""]))
        done = subprocess.run(["grub-mkrescue", "-o", str(out), d], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0 or not os.path.exists(out):
            raise RuntimeError("grub-mkrescue failed:\n" + done.stdout)
    return out


# ---- running ---------------------------------------------------------------------------------

def guarded(cmd):
    """The child dies with its parent, however that ends."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *cmd]


def clean(raw):
    return ANSI.sub("", raw.decode("utf-8", "replace").replace("\r", ""))


class Watch:
    """Collects the console, shows it if wanted, and keeps the time."""

    def __init__(self, cfg, stream):
        self.cfg, self.stream = cfg, stream
        self.raw = bytearray()
        self.start = time.monotonic()

    def feed(self, data):
        self.raw += data
        if self.stream and data:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def text(self):
        return clean(bytes(self.raw))

    def seconds(self):
        return time.monotonic() - self.start

    def expired(self):
        return self.cfg.timeout > 0 and self.seconds() > self.cfg.timeout

    def expected(self):
        return not self.cfg.expect or re.search(self.cfg.expect, self.text(), re.MULTILINE)


def stop(process):
    if process.poll() is None:
        process.kill()
    return process.wait()


def run_qemu(cfg, watch, iso, stdin):
    cmd = qemu_command(cfg, iso)
    try:
        process = subprocess.Popen(guarded(cmd), stdin=stdin, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
    except FileNotFoundError:
        return 127, False
    timed_out = False
    try:
        while not timed_out:
            ready, _, _ = select.select([process.stdout], [], [], 0.2)
            if ready:
                data = os.read(process.stdout.fileno(), 65536)
                if not data:
                    break
                watch.feed(data)
            timed_out = watch.expired()
        if not timed_out:
            process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        rc = stop(process)
        process.stdout.close()
    return rc, timed_out


def run_bochs(cfg, watch, iso, directory):
    """Bochs has no exit device: its console is watched and it is stopped at the last line."""
    cmd = bochs_command(cfg, directory, iso)
    if not shutil.which(cmd[0]):
        return 127, False
    master, slave = pty.openpty()
    process = subprocess.Popen(guarded(cmd), stdin=slave, stdout=slave, stderr=slave,
                               env=dict(os.environ, TERM="vt100"))
    os.close(slave)
    rc, timed_out = None, False
    try:
        with open(pathlib.Path(directory) / "console", "rb") as console:
            while rc is None:
                if select.select([master], [], [], 0.1)[0]:
                    try:
                        os.read(master, 65536)
                    except OSError:             # it ended by itself: its log says why
                        log = pathlib.Path(directory) / "log"
                        watch.feed(console.read() + b"\n" + log.read_bytes()[-1500:])
                        rc = 0
                        break
                watch.feed(console.read())
                if EPITAPH_END.search(watch.text()):
                    rc = 97
                elif cfg.expect and watch.expected():
                    rc = 33
                elif watch.expired():
                    rc, timed_out = 0, True
    finally:
        stop(process)
        os.close(master)
    return rc, timed_out


def verdict(cfg, watch, rc, timed_out):
    if timed_out:
        return False, f"timeout after {cfg.timeout:g} s"
    word = CODES.get(rc, f"the emulator died of signal {-rc}" if rc < 0 else "unknown status")
    if cfg.poweroff and rc == 0 and cfg.expect:
        return bool(watch.expected()), "power-off, or a reset: the console must tell"
    if rc != 33:
        return False, f"{word} (status {rc})"
    if not watch.expected():
        return False, f"the guest reported success, but no line of its console is /{cfg.expect}/"
    return True, word


def run(cfg, stream=False, stdin=subprocess.DEVNULL):
    """Boots `cfg` and waits for its end."""
    cfg = resolve(cfg)
    with tempfile.TemporaryDirectory(prefix="tessera-") as d, Slot():
        iso = None
        if cfg.machine.startswith("iso") or cfg.machine == "bochs":
            try:
                iso = make_iso(cfg, pathlib.Path(d) / "boot.iso")
            except (RuntimeError, OSError) as e:
                return Result(False, str(e), 1, "", 0.0)
        watch = Watch(cfg, stream)
        if cfg.machine == "bochs":
            rc, timed_out = run_bochs(cfg, watch, iso, d)
        else:
            rc, timed_out = run_qemu(cfg, watch, iso, stdin)
        ok, reason = verdict(cfg, watch, rc, timed_out)
        return Result(ok, reason, rc, watch.text(), watch.seconds())


def debug(cfg, commands, batch=False):
    """Starts the machine stopped, and gdb on it; the console goes to a file."""
    cfg = resolve(cfg)
    build = ROOT / "build"
    console = build / "gdb-console.txt"
    with tempfile.TemporaryDirectory(prefix="tessera-") as d, Slot():
        socket = os.path.join(d, "gdb")
        qemu = subprocess.Popen(guarded(qemu_command(cfg, None, f"file:{console}", socket)),
                                stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            for _ in range(100):
                if os.path.exists(socket) or qemu.poll() is not None:
                    break
                time.sleep(0.05)
            gdb = ["gdb", "-q", "-nx", "-ex", "set confirm off", "-ex", f"target remote {socket}"]
            kd = ROOT / "tools" / "kd" / "kd.py"
            if kd.exists():
                gdb += ["-x", str(kd)]
            for program in cfg.programs:
                gdb += ["-ex", f"add-symbol-file {program}"]
            for c in commands:
                gdb += ["-ex", c]
            gdb += ["-batch"] if batch else []
            print(f"console: {console.relative_to(ROOT)}", flush=True)
            signal.signal(signal.SIGINT, lambda *_: None)     # gdb takes it
            return subprocess.run(gdb + [str(cfg.kernel)]).returncode
        finally:
            stop(qemu)


# ---- command line ----------------------------------------------------------------------------

def some_cpus(text):
    if not text.isdecimal() or not 1 <= int(text) <= CPUS_MAX:
        raise argparse.ArgumentTypeError(f"{text}: a number from 1 to {CPUS_MAX} is wanted")
    return int(text)


def parser():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="verb", required=True)
    r = sub.add_parser("run", help="boot and show the console", fromfile_prefix_chars="@",
                       description="@FILE stands for the words of a file, one in each line")
    r.add_argument("--machine", choices=MACHINES, default="microvm")
    r.add_argument("--cpus", type=some_cpus, default=2)
    r.add_argument("--mem", default="256M")
    r.add_argument("--cpu", default="max")
    r.add_argument("--accel", choices=("auto", "tcg", "kvm"), default="auto")
    r.add_argument("--icount", action="store_true", help="deterministic: time is instructions")
    r.add_argument("--edu", action="store_true", help="add QEMU's educational PCI device")
    r.add_argument("--poweroff", action="store_true",
                   help="no exit device: the machine must switch itself off, after what --expect says")
    r.add_argument("--append", default="", help="words of the command line of the kernel")
    r.add_argument("--extra", action="append", default=[], help="one more argument of QEMU")
    r.add_argument("--timeout", type=float, default=60.0, help="seconds; 0: none")
    r.add_argument("--expect", default="", help="pattern that one console line must match")
    r.add_argument("--dry-run", action="store_true", help="print the command line only")
    r.add_argument("--gdb", action="store_true", help="start stopped, under gdb")
    r.add_argument("--gdb-command", action="append", default=[])
    i = sub.add_parser("iso", help="write a bootable image")
    i.add_argument("-o", "--output", required=True)
    i.add_argument("--append", default="")
    for s in (r, i):
        s.add_argument("kernel")
        s.add_argument("programs", nargs="*")
    sub.add_parser("probe", help="probe KVM")
    return p


def config_of(args):
    names = {f.name for f in dataclasses.fields(Config)}
    return Config(**{k: v for k, v in vars(args).items() if k in names})


def main(argv):
    args = parser().parse_args(argv)
    if args.verb == "probe":
        ok, why = probe_kvm()
        print("kvm works" if ok else f"kvm does not work: {why}")
        return 0 if ok else 1
    cfg = config_of(args)
    if args.verb == "iso":
        print("wrote", make_iso(cfg, pathlib.Path(args.output)))
        return 0
    if args.dry_run:
        cfg = resolve(cfg)
        iso = "build/tessera.iso"
        print(shlex.join(qemu_command(cfg, iso) if cfg.machine != "bochs" else
                         ["bochs", "-f", "bochsrc"]))
        return 0
    if args.gdb:
        return debug(cfg, args.gdb_command)
    result = run(cfg, stream=True, stdin=None if sys.stdin.isatty() else subprocess.DEVNULL)
    print(f"\n[{cfg.machine}: {result.reason}, {result.seconds:.1f} s]")
    return 0 if result.ok else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
