# SPDX-License-Identifier: MIT
"""The bundle: include/tessera/bundle.h, written."""
import pathlib
import struct

from . import elf

PAGE = 4096
MAGIC, VERSION = 0x656c646e75427354, 1
PRIME = 0x100000001b3
NONE = 0xffffffff
HEADER = "<QIIQQ24s"
TABLES = 8
KINDS = {"pages": 0, "percent": 1, "rest": 2}
RESTART = {"never": 0, "on-failure": 1, "always": 2}
FLAGS = {"trusted": 1, "console": 2, "power": 4, "platform": 8, "fpu": 16, "debug": 64,
         "trace": 128, "main": 256}
DRIVER = 32
RIGHTS = {"r": 1, "w": 2, "x": 4}
MAPPED, HANDLE, PHYSICAL = 1, 2, 4
PCI_ID, PCI_CLASS, VIRTIO, PORTS = range(4)
IDS = 8
BASIC_HANDLES = 16
DEVMEM_HANDLES = 48
OWN_HANDLES = 40                # left for the component's own objects before its table grows


def name(text):
    return text.encode().ljust(24, b"\0")


def amount(a):
    return struct.pack("<QII", a.value, KINDS[a.kind], 0)


def device_ids(driver):
    """What a device may be known by."""
    match, out = driver["match"], []
    for text in match.get("pci", []):
        vendor, device = text.split(":")
        out.append((PCI_ID, int(vendor, 16) << 16 | int(device, 16)))
    if "pci_class" in match:
        a, b, c = (int(x, 16) for x in match["pci_class"].split(":"))
        out.append((PCI_CLASS, a << 16 | b << 8 | c))
    if "virtio" in match:
        out.append((VIRTIO, match["virtio"]))
    for port in match.get("ports", []):
        out.append((PORTS, port))
    return out[:IDS]


def region_mask(driver):
    """Which regions are mapped: "virtio" all of them, else those named."""
    regions = driver.get("regions", [])
    if regions == "virtio":
        return 0x3f
    return sum(1 << int(r[3:]) for r in regions if r.startswith("bar")) | \
        (1 if any(r.startswith("ports") for r in regions) else 0)


def driver_block(c):
    d = c.driver
    ids = device_ids(d) if d else []
    head = (0,) * 8 if not d else (
        len(ids), d["index"], NONE if d["address"] is None else d["address"], d["irqs"],
        d["irqs_min"], region_mask(d), -(-d["dma_bytes"] // PAGE), 0)
    flat = [x for pair in ids for x in pair]
    return struct.pack("<8I", *head) + struct.pack("<16I", *(flat + [0] * (16 - len(flat))))


def handles(s, c):
    """How many a component is given, at most, and some for itself."""
    n = BASIC_HANDLES + 8 + sum(u.component == c.name for p in s.pools for u in p.uses)
    n += sum(c.name in (ch.client, ch.server) for ch in s.channels)
    n += sum(e.owner == c.name for e in s.endpoints)
    n += sum(k.component == c.name for e in s.endpoints for k in e.callers)
    n += DEVMEM_HANDLES if c.flags["platform"] else 0
    n += 24 if c.driver else 0
    return n + OWN_HANDLES


def component(s, c, programs, domains):
    flags = sum(bit for key, bit in FLAGS.items() if c.flags[key]) | (DRIVER if c.driver else 0)
    free = c.bits + (17 if c.driver else 0)
    head = name(c.name) + c.args.encode().ljust(256, b"\0")
    numbers = (programs.index(c.source), flags, c.prio, c.cpu, c.cpus, domains.index(c.domain) + 1,
               -(-c.stack // PAGE), RESTART[c.restart], c.limit, c.heartbeat_ms, c.budget_us,
               c.period_us, handles(s, c), c.bits, free, c.pause_ms)
    return head + struct.pack("<16I", *numbers) + amount(c.memory) + driver_block(c)


class Image:
    """The pages behind the tables."""

    def __init__(self, first):
        self.first, self.data = first, bytearray()

    def add(self, data):
        offset = self.first + len(self.data)
        self.data += data + bytes(-len(data) % PAGE)
        return offset


def program_tables(s, directory, image, errors):
    programs, segments = [], []
    for source in s.sources():
        path = pathlib.Path(directory) / f"{source}.elf"
        line = next(c.line for c in s.components if c.source == source)
        try:
            entry, parts = elf.load(path.read_bytes())
        except OSError:
            errors.append(f"{s.path}:{line}: there is no program {path}; source must be the name "
                          "of a program that make builds")
            continue
        except elf.BadElf as e:
            errors.append(f"{s.path}:{line}: {path}: {e}")
            continue
        programs.append(name(source) + struct.pack("<QII", entry, len(segments), len(parts)))
        for p in parts:
            at = image.add(p.data)
            segments.append(struct.pack("<QQIIII", p.vaddr, at, len(p.data) // PAGE, p.pages,
                                        p.rights, 0))
    return programs, segments


def pool_tables(s, index, image, root, errors):
    pools, uses = [], []
    for number, p in enumerate(s.pools):
        offset = size = 0
        if p.path:
            try:
                data = (root / p.path).read_bytes()
            except OSError as e:
                errors.append(f"{s.path}:{p.line}: {p.path}: {e.strerror}")
                continue
            offset, size = image.add(data or b"\0"), len(data)
            p.size.value = max(-(-size // PAGE), 1)
        pools.append(name(p.name) + amount(p.size) + struct.pack("<QQII", offset, size,
                                                                         int(p.clear), 0))
        for u in p.uses:
            flags = MAPPED * u.mapped | HANDLE * u.handle | PHYSICAL * u.physical
            uses.append(struct.pack("<IIII", number, index[u.component],
                                    sum(RIGHTS[x] for x in u.rights), flags))
    return pools, uses


def channel_table(s, index):
    numbers = {p.name: i for i, p in enumerate(s.pools)}
    out = []
    for ch in s.channels:
        areas = [numbers[a] for a in ch.areas]
        out.append(name(ch.names[0]) + name(ch.names[1]) + name(ch.protocol) + struct.pack(
            "<12I", index[ch.client], index[ch.server], ch.bits[0][0], ch.bits[1][0],
            ch.bits[0][1], ch.bits[1][1], ch.capacity, len(areas),
            *(areas + [0] * (4 - len(areas)))))
    return out


def endpoint_tables(s, index):
    ends, uses = [], []
    for number, e in enumerate(s.endpoints):
        ends.append(name(e.name) + struct.pack("<II", index[e.owner], 0))
        uses.append(name(e.name) + struct.pack("<IIIIQ", number, index[e.owner], 1, 0, 0))
        for c in e.callers:
            uses.append(name(c.name) + struct.pack("<IIIIQ", number, index[c.component], 0,
                                                   int(c.transfer), c.badge))
    return ends, uses


def checksum(data):
    h = 0
    for (word,) in struct.iter_unpack("<Q", data):
        h = (h ^ word) * PRIME & 0xffffffffffffffff
    return h


def bundle(s, directory, root):
    """(bytes, errors)."""
    errors = []
    index = {c.name: i for i, c in enumerate(s.components)}
    domains = list(dict.fromkeys(c.domain for c in s.components))
    sizes = [40, 32, 24 + 256 + 64 + 16 + 32 + 64, 64, 16, 72 + 48, 32, 48]
    counts = [len(s.sources()), 0, len(s.components), len(s.pools),
              sum(len(p.uses) for p in s.pools), len(s.channels), len(s.endpoints),
              sum(1 + len(e.callers) for e in s.endpoints)]
    counts[1] = 8 * counts[0]                       # room for segments
    room = struct.calcsize(HEADER) + 16 * TABLES + sum(a * b for a, b in zip(sizes, counts))
    image = Image(-(-room // PAGE) * PAGE)
    programs, segments = program_tables(s, directory, image, errors)
    pools, uses = pool_tables(s, index, image, root, errors)
    if errors:
        return b"", errors
    components = [component(s, c, s.sources(), domains) for c in s.components]
    tables = [programs, segments, components, pools, uses, channel_table(s, index),
              *endpoint_tables(s, index)]
    at, directory_, body = struct.calcsize(HEADER) + 16 * TABLES, b"", b""
    for rows, size in zip(tables, sizes):
        assert all(len(row) == size for row in rows), (size, [len(row) for row in rows])
        directory_ += struct.pack("<QII", at + len(body), len(rows), size)
        body += b"".join(rows)
    rest = name(s.name) + directory_ + body
    rest += bytes(image.first - (struct.calcsize(HEADER) - 24) - len(rest)) + bytes(image.data)
    head = struct.pack("<QIIQQ", MAGIC, VERSION, TABLES, image.first + len(image.data),
                       checksum(rest))
    return head + rest, []
