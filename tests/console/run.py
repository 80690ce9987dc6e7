# SPDX-License-Identifier: MIT
"""Tests of consoles in a whole system: driver, supervisor, a client that gives back what comes.

    run.py [--quick] [--only NAME]        TAP on standard output

Bytes are sent to the emulated device; all of them must come back, in order.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import emu                                                      # noqa: E402
KERNEL = "build/kernel-debug/tessera.elf"
PCI = "virtio-serial-pci,disable-legacy=on"
PORT = ["-device", "virtconsole,chardev=c"]
# name, system, machine, devices
CASES = [
    ("virtio", "console", "q35-iommu", ["-device", PCI + ",iommu_platform=on", *PORT]),
    ("virtio in a slot", "console-slot", "microvm",
     ["-global", "virtio-mmio.force-legacy=false", "-device", "virtio-serial-device", *PORT]),
    ("serial port", "console-uart", "q35", None),
]


def text_of(lines):
    rng = random.Random(1)
    return "".join("".join(rng.choices("abcdefghijklmnopqrstuvwxyz 0123456789", k=rng.randrange(60))) + "\n"
                   for _ in range(lines)) + "end\n"


class Peer(threading.Thread):
    """The other end of the console: sends a text, collects what comes back."""

    def __init__(self, path, text):
        super().__init__(daemon=True)
        self.path, self.text, self.back, self.over = path, text.encode(), b"", False

    def run(self):
        link = socket.socket(socket.AF_UNIX)
        while not self.over:
            try:
                link.connect(self.path)
                break
            except OSError:
                time.sleep(0.05)
        link.settimeout(0.2)
        threading.Thread(target=lambda: link.sendall(self.text), daemon=True).start()
        while not self.over and len(self.back) < len(self.text):
            try:
                data = link.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            self.back += data


def typed(text):
    """A pipe that gives the text slowly enough for a serial port."""
    reading, writing = os.pipe()

    def feed():
        time.sleep(2)
        for line in text.splitlines(True):
            os.write(writing, line.encode())
            time.sleep(0.02)
        os.close(writing)
    threading.Thread(target=feed, daemon=True).start()
    return reading


def run_case(name, system, machine, devices, lines):
    with tempfile.TemporaryDirectory() as d:
        text, path = text_of(lines), os.path.join(d, "console")
        cfg = emu.Config(str(ROOT / KERNEL), [str(ROOT / f"build/systems/{system}.elf")], machine=machine,
                         timeout=90 + lines / 10, expect=r"\[echo\] # done")
        if devices:
            cfg.extra = ["-chardev", f"socket,path={path},server=on,wait=off,id=c", *devices]
            peer = Peer(path, text)
            peer.start()
            result = emu.run(cfg)
            peer.over = True
            peer.join(5)
            back = peer.back.decode(errors="replace")
        else:
            reading = typed(text)
            result = emu.run(cfg, stdin=reading)
            os.close(reading)
            # The supervisor's lines stand between.
            back = re.sub(r"(?m)^(init: |iommu|Tessera|\[echo\]).*\n", "", result.console)
    ok = result.ok and text in back
    out = [f"{'ok' if ok else 'not ok'} {name}: {len(text)} bytes come back"]
    if not ok:
        out += [f"#   {result.reason}; {len(back)} bytes of {len(text)} came"]
        out += ["#   " + s for s in result.console.splitlines()[-15:]]
    return out


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", default="")
    args = p.parse_args(argv)
    if not shutil.which(emu.QEMU):
        print(f"ok 1 consoles # skip no {emu.QEMU}\n1..1")
        return 0
    done = subprocess.run(["make", "--no-print-directory", "-j2", "B=build", KERNEL, "systems"], cwd=ROOT,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        print("not ok 1 kernel and systems are built")
        print("\n".join("#   " + s for s in done.stdout.splitlines()[-20:]))
        return 1
    number, failed = 0, 0
    for case in [c for c in CASES if args.only in c[0]]:
        for s in run_case(*case, 60 if args.quick else 2000):
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
