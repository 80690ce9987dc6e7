# SPDX-License-Identifier: MIT
"""Tests of the drivers: against models of their devices, and against QEMU's devices.

    run.py [--only NAME] [--cc gcc,clang] [--seed N]     TAP on standard output
    run.py --bench                                       instructions for each request, as JSON

Each driver is built with the model of its device, with sanitizers, by both compilers. Then
some run on the emulated machine, behind its IOMMU. The benchmark counts what driver_event and all
it calls execute, with valgrind.
"""
import argparse
import concurrent.futures
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import emu                                                      # noqa: E402
BUILD = ROOT / "build" / "drivers"
HERE = "tests/drivers"
VIRTIO = ["drivers/virtio/queue.c", "drivers/virtio/transport.c", f"{HERE}/virtio_model.c"]
INPUT = VIRTIO + ["drivers/virtio/input.c"]
# driver, its class, model, more sources
DRIVERS = {
    "virtio-blk": ("blk", "virtio_blk_model", VIRTIO),
    "virtio-net": ("net", "virtio_net_model", VIRTIO),
    "virtio-console": ("stream", "virtio_console_model", INPUT),
    "virtio-rng": ("stream", "virtio_rng_model", INPUT),
    "nvme": ("blk", "nvme_model", []),
    "e1000e": ("net", "e1000e_model", []),
    "uart16550": ("stream", "uart16550_model", []),
}
BENCHES = {"virtio-blk": [0, 1], "nvme": [0, 1], "virtio-net": [0, 1], "e1000e": [0]}
REQUESTS = 3200
FLAGS = ["-std=c2x", "-g", "-fno-strict-aliasing", "-fwrapv", "-Wall", "-Wextra", "-Wconversion",
         "-Wshadow", "-Wmissing-prototypes", "-Wstrict-prototypes", "-Werror", "-DDRV_MODEL", "-Iinclude"]
CHECKED = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
           "-fno-omit-frame-pointer"]
TIMEOUT = 240
KERNEL, LIBRARY = "build/kernel-debug/tessera.elf", "build/lib/libsys.a"
PROGRAM = ["-std=c2x", "-g", "-O2", "-fno-strict-aliasing", "-fwrapv", "-fno-common", "-Wall",
           "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-ffreestanding", "-fno-pic",
           "-fno-pie", "-mgeneral-regs-only", "-fno-stack-protector", "-fcf-protection=none",
           "-fno-asynchronous-unwind-tables", "-U_FORTIFY_SOURCE", "-Iinclude", "-Ibuild/gen",
           "-Ilib/sys", "-nostdlib", "-static", "-Wl,-z,max-page-size=0x1000",
           "-Wl,-z,noexecstack", "-Wl,--build-id=none", "-Wl,-u,_start", "-Wl,-e,_start",
           "-Wl,-T,tools/program.ld"]
DISK = ["-drive", "file={disk},if=none,id=d,format=raw", "-device"]
USER = ["-netdev", "user,id=n", "-device"]
SLOT = ["-global", "virtio-mmio.force-legacy=false"]
MODERN = "disable-legacy=on,iommu_platform=on"
PLATFORM = [f"servers/platform/{n}.c" for n in ("acpi", "bars", "board", "caps", "clock", "devices",
                                                "group", "machine", "message", "pci", "power", "server")]
# name, driver, id (device, vendor), QEMU's device, words for the program, machine.
EMULATED = [
    ("split", "virtio-blk", 0x10421af4, [*DISK, f"virtio-blk-pci,drive=d,{MODERN},num-queues=2"], "", "q35-iommu"),
    ("packed", "virtio-blk", 0x10421af4, [*DISK, f"virtio-blk-pci,drive=d,{MODERN},packed=on"], "", "q35-iommu"),
    ("", "nvme", 0x00101b36, [*DISK, "nvme,drive=d,serial=1"], "wait", "q35-iommu"),
    ("split", "virtio-net", 0x10411af4, [*USER, f"virtio-net-pci,netdev=n,{MODERN}"], "", "q35-iommu"),
    ("packed", "virtio-net", 0x10411af4, [*USER, f"virtio-net-pci,netdev=n,{MODERN},packed=on"], "", "q35-iommu"),
    ("", "e1000e", 0x10d38086, [*USER, "e1000e,netdev=n"], "", "q35-iommu"),
    ("", "virtio-rng", 0x10441af4, ["-device", f"virtio-rng-pci,{MODERN}"], "", "q35-iommu"),
    ("behind a port", "virtio-blk", 0x10421af4,
     ["-device", "pcie-root-port,id=p,chassis=1", *DISK, f"virtio-blk-pci,drive=d,{MODERN},bus=p"], "",
     "q35-iommu"),
    ("without IOMMU", "virtio-blk", 0x10421af4, [*DISK, "virtio-blk-pci,drive=d,disable-legacy=on"], "",
     "q35"),
    ("without firmware", "virtio-blk", 0x10421af4,
     ["-bios", "qboot.rom", *DISK, f"virtio-blk-pci,drive=d,{MODERN}"], "", "q35-iommu"),
    ("behind a port without firmware", "virtio-blk", 0x10421af4,
     ["-bios", "qboot.rom", "-device", "pcie-root-port,id=p,chassis=1", *DISK, f"virtio-blk-pci,drive=d,{MODERN},bus=p"],
     "", "q35-iommu"),
    ("without firmware", "e1000e", 0x10d38086, ["-M", "microvm,pcie=on", *USER, "e1000e,netdev=n"], "",
     "microvm"),
    ("on pc", "virtio-net", 0x10411af4, [*USER, "virtio-net-pci,netdev=n,disable-legacy=on"], "", "pc"),
    ("in a slot", "virtio-blk", 0x10421af4, [*SLOT, *DISK, "virtio-blk-device,drive=d"], "", "microvm"),
    ("in a slot", "virtio-net", 0x10411af4, [*SLOT, *USER, "virtio-net-device,netdev=n"], "", "microvm"),
]


def build(driver, compiler, flags, suffix):
    """The program that tests a driver; raises if it does not compile without a warning."""
    kind, model, more = DRIVERS[driver]
    out = BUILD / f"{driver}-{suffix}"
    sources = [f"drivers/{driver}/{driver}.c", *more, f"{HERE}/{model}.c", f"{HERE}/{kind}_test.c",
               f"{HERE}/harness.c"]
    out.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([compiler, *FLAGS, *flags, "-o", str(out), *sources], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError(done.stdout)
    return out


def test(driver, compiler, seed):
    """Lines of a report, without numbers."""
    name = f"{driver} with {compiler}"
    if not shutil.which(compiler):
        return [f"ok {name} # skip no {compiler}"]
    try:
        program = build(driver, compiler, CHECKED, compiler)
    except RuntimeError as e:
        return [f"not ok {name}: builds"] + ["#   " + s for s in str(e).splitlines()[:20]]
    try:
        done = subprocess.run([str(program), str(seed)], timeout=TIMEOUT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text, bad = done.stdout, done.returncode != 0
    except subprocess.TimeoutExpired as e:
        text, bad = (e.stdout or b"").decode() + "# timeout\n", True
    lines = []
    for s in text.splitlines():
        m = re.match(r"(not ok|ok) \d+ (.*)", s)
        lines.append(f"{m.group(1)} {m.group(2)} ({compiler})" if m else
                     s if s.startswith("#") else "#   " + s)
    if bad and not any(s.startswith("not ok") for s in lines):
        lines.append(f"not ok {name}: ends well")
    if any(s.startswith("not ok") for s in lines):
        lines.append(f"# repeat: {program.relative_to(ROOT)} {seed}")
    return lines


def emulated_program(driver, pci_id, out):
    kind, _, more = DRIVERS[driver]
    sources = [f"drivers/{driver}/{driver}.c", *(s for s in more if s.startswith("drivers/")),
               *PLATFORM, f"{HERE}/emu/platform.c", f"{HERE}/emu/{kind}.c"]
    done = subprocess.run(["gcc", *PROGRAM, f"-DDEVICE_ID={pci_id:#x}u", "-o", str(out), *sources,
                           LIBRARY], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError(done.stdout)


def emulate(name, driver, pci_id, words, append, machine):
    """Lines of a report, without numbers, of a driver on the emulated machine."""
    full = f"{driver} {name} in QEMU".replace("  ", " ")
    out = BUILD / f"{driver}-{name}-{machine}.elf".replace(" ", "-")
    if not shutil.which(emu.QEMU):
        return [f"ok {full} # skip no {emu.QEMU}"]
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=BUILD, suffix=".img") as disk:
        disk.truncate(16 << 20)
        try:
            emulated_program(driver, pci_id, out)
        except RuntimeError as e:
            return [f"not ok {full}: builds"] + ["#   " + s for s in str(e).splitlines()[:20]]
        result = emu.run(emu.Config(str(ROOT / KERNEL), [str(out)], machine=machine,
                                    append=append, timeout=120, expect="^# done",
                                    extra=[w.format(disk=disk.name) for w in words]))
    lines = [f"{m.group(1)} {full}: {m.group(2)}" for m in
             re.finditer(r"^(not ok|ok) \d+ (.*?)\s*$", result.console, re.MULTILINE)]
    if not result.ok:
        lines += [f"not ok {full}: ends well", f"#   {result.reason}"]
        lines += ["#   " + s for s in result.console.splitlines()[-15:]]
    return lines


def emulate_all(only):
    jobs = [j for j in EMULATED if only in j[1]]
    if not jobs:
        return []
    done = subprocess.run(["make", "--no-print-directory", "-j2", "B=build", "gen", KERNEL, LIBRARY],
                          cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        return [["not ok kernel and library are built"] +
                ["#   " + s for s in done.stdout.splitlines()[-20:]]]
    return (emulate(*j) for j in jobs)


def run_tests(only, compilers, seed):
    jobs = [(d, c) for d in DRIVERS for c in compilers if only in d]
    number, failed = 0, 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for lines in itertools.chain(pool.map(lambda job: test(*job, seed), jobs),
                                     emulate_all(only)):
            for s in lines:
                m = re.match(r"(not ok|ok) (.*)", s)
                if m:
                    number += 1
                    failed += m.group(1) == "not ok"
                    s = f"{m.group(1)} {number} {m.group(2)}"
                print(s, flush=True)
    print(f"1..{number}")
    return failed != 0


def count(program, batch, variant):
    """Instructions of driver_event for each request."""
    out = BUILD / "callgrind.out"
    subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                    "--toggle-collect=driver_event", str(program), "bench", str(REQUESTS),
                    str(batch), str(variant)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M).group(1)) / REQUESTS


def run_bench(only):
    results = {}
    for driver, variants in BENCHES.items():
        if only not in driver:
            continue
        program = build(driver, "gcc", ["-O2"], "bench")
        for v in variants:
            results[f"{driver}/{v}"] = {f"batch {b}": round(count(program, b, v), 1)
                                        for b in (1, 32)}
    print(json.dumps(results, indent=1))
    return 0


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default="")
    p.add_argument("--cc", default="gcc,clang")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--bench", action="store_true")
    args = p.parse_args(argv)
    if args.bench:
        return run_bench(args.only)
    return run_tests(args.only, args.cc.split(","), args.seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
