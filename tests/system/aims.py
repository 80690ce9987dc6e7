# SPDX-License-Identifier: MIT
"""Which memory a hostile driver's device was refused, by the word of the emulator's IOMMU, and whose it is."""
import pathlib
import re
import struct

PAGE, LOAD = 4096, 1
MIB = 256
FAULT = re.compile(rb"vtd_dmar_fault sid 0x\w+ fault \d+ addr 0x(\w+) write (\d)")
OWNER = re.compile(r"^init: memory of (.+): page 0x([0-9a-f]+), (\d+) pages\s*$", re.MULTILINE)
# What the system is told: init says whose memory is where, the driver aims at all of it.
WORDS = f"init.memory driver.below-mib={MIB}"


def watched(path):
    """Words for the emulator, which writes down there what its IOMMU refuses."""
    return ["-trace", "vtd_dmar_fault", "-D", str(path)]


def refused(path):
    """Pages: (that may not be read, that may not be written)"""
    pages = set(), set()
    with open(path, "rb") as f:
        for line in f:
            m = FAULT.search(line)
            if m:
                pages[m[2] == b"1"].add(int(m[1], 16) // PAGE)
    return pages


def image(kernel):
    """Pages of the kernel's image, its tables and stacks."""
    data = pathlib.Path(kernel).read_bytes()
    at, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    pages = set()
    for i in range(count):
        kind, _, _, _, where, _, length, _ = struct.unpack_from("<IIQQQQQQ", data, at + i * size)
        if kind == LOAD:
            pages |= set(range(where // PAGE, (where + length + PAGE - 1) // PAGE))
    return pages


def owners(console, kernel):
    """{who: pages}; what nobody says is his is init's, the kernel's for init, and free."""
    found = {"the kernel's image": image(kernel)}
    for name, first, count in OWNER.findall(console):
        found.setdefault(name, set()).update(range(int(first, 16), int(first, 16) + int(count)))
    found["init, what the kernel made for it, and nobody"] = set(range(MIB * 2**20 // PAGE)).difference(*found.values())
    return found


def report(name, console, kernel, path, expected):
    """Lines of a report; `expected`: whose memory is looked for besides the kernel's."""
    denied, of = refused(path), owners(console, kernel)
    missing = set(expected) - of.keys()
    reached = {who: len(pages - denied[0]) + len(pages - denied[1]) for who, pages in of.items()}
    good = not missing and not any(reached.values()) and all(of.values())
    lines = [f"{'ok' if good else 'not ok'} {name}: its device is refused each page of everybody's memory, to read and to write"]
    lines += [f"#   nothing is known of {who}" for who in sorted(missing)]
    lines += [f"#   {len(pages)} pages of {who}" + (f", {reached[who]} were not refused" if reached[who] else "")
              for who, pages in of.items()]
    return lines
