# SPDX-License-Identifier: MIT
"""System files: what is wrong is found, with its line; what is right is packed as init reads it."""
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from sysgen import elf, graph, lines, model, pack, report

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GOOD = """[system]
name = "test"
memory = "64M"

[[program]]
name = "platform"
platform = true
prio = 200

[[driver]]
name = "disk"
driver = "virtio-blk"
prio = 110

[[program]]
name = "mux"
prio = 100
cpus = "0-1"

[[program]]
name = "app"
source = "mux"
prio = 50
main = true

[[pool]]
name = "data"
bytes = "1M"
access = { app = "rw handle", mux = "r" }

[[file]]
name = "tree"
path = "Makefile"
access = { app = "r" }

[[channel]]
client = "mux"
server = "disk"
protocol = "blk"
areas = ["data"]

[[channel]]
client = "app"
server = "mux"
protocol = "blk"
capacity = 32
areas = ["data"]

[[endpoint]]
name = "names"
owner = "mux"
callers = [{ program = "app", badge = 3, transfer = true }]
"""

# What is replaced by what in GOOD; the line the error names (text of that line after the change, or
# of the header above it); words of the error.
WRONG = [
    ('prio = 50\n', 'prio = 50\ncolour = "red"\n', 'colour = "red"', "program has no key 'colour'"),
    ('prio = 50\n', '', '[[program]]\nname = "app"', "program needs the key 'prio'"),
    ('prio = 50\n', 'prio = 255\n', 'prio = 255', "prio is 255, must be a whole number from 0 to 254"),
    ('prio = 50\n', 'prio = "high"\n', 'prio = "high"', "must be a whole number"),
    ('prio = 50\n', 'prio = true\n', 'prio = true', "must be a whole number"),
    ('name = "app"', 'name = "App!"', 'name = "App!"', "must be a name: a-z"),
    ('name = "app"', 'name = "' + "a" * 24 + '"', 'name = "aaaa', "at most 23"),
    ('main = true', 'main = "yes"', 'main = "yes"', "must be true or false"),
    ('main = true', 'restart = "sometimes"', 'restart = "sometimes"', "one of never, on-failure, always"),
    ('main = true', 'memory = "lots"', 'memory = "lots"', 'bytes such as "64K"'),
    ('main = true', 'memory = "0%"', 'memory = "0%"', 'bytes such as "64K"'),
    ('main = true', 'memory = 0', 'memory = 0', 'bytes such as "64K"'),
    ('main = true', 'stack = "x"', 'stack = "x"', "a number of bytes"),
    ('main = true', 'stack = "2M"', '[[program]]\nname = "app"', "stack of 'app' must be 4K to 1M"),
    ('main = true', 'args = 7', 'args = 7', "text in quotation marks"),
    ('main = true', 'args = "' + "x" * 256 + '"', 'args = "xx', "at most 255 bytes"),
    ('main = true', 'args = "a\\nb"', 'args = "a', "in one line"),
    ('driver = "virtio-blk"', 'driver = "virtio-blk"\nindex = 1\naddress = "00:04.0"', '[[driver]]', "has an index and an address"),
    ('areas = ["data"]\n\n[[endpoint', 'areas = ["data", "data"]\n\n[[endpoint', '[[channel]]\nclient = "app"',
     "each pool can be named once"),
    ('main = true', 'limit = 5000', '[[program]]\nname = "app"', "must be at most 1024 restarts"),
    ('main = true', 'pause_ms = 60001', '[[program]]\nname = "app"', "pause_ms of 'app' is 60001, must be at most"),
    ('main = true', 'heartbeat_ms = 3', '[[program]]\nname = "app"', "heartbeat_ms of 'app' must be"),
    ('main = true', 'budget_us = 20000', '[[program]]\nname = "app"', "budget_us must be at least 100"),
    ('cpus = "0-1"', 'cpus = "3-1"', 'cpus = "3-1"', "a CPU (0 to 63), a range"),
    ('cpus = "0-1"', 'cpus = 64', 'cpus = 64', "a CPU (0 to 63), a range"),
    ('name = "app"', 'name = "mux"', '[[program]]\nname = "mux"\nsource', "a component 'mux' stands in line"),
    ('[[file]]\nname = "tree"', '[[file]]\nname = "data"', '[[file]]', "a pool or file 'data' stands in line"),
    ('platform = true\n', '', '[[driver]]', "needs a program with platform = true"),
    ('main = true', 'platform = true', '[[program]]\nname = "app"', "'platform' is the platform server already"),
    ('prio = 200', 'prio = 105', '[[driver]]', "the platform server 105: it must have at least"),
    ('driver = "virtio-blk"', 'driver = "floppy"', '[[driver]]', "no driver 'floppy'; there are: e1000e"),
    ('driver = "virtio-blk"', 'driver = "virtio-blk"\naddress = "4.0"', '[[driver]]', 'such as "00:04.0"'),
    ('prio = 110', 'prio = 90', '[[channel]]\nclient = "mux"', "a server must have at least its clients'"),
    ('prio = 100', 'prio = 40', '[[endpoint]]', "owner 'mux' has priority 40, its caller 'app' 50"),
    ('protocol = "blk"\nareas', 'protocol = "net"\nareas', '[[channel]]\nclient = "mux"',
     "protocol is 'net', but 'disk' is a driver of class 'blk'"),
    ('client = "app"\nserver = "mux"', 'client = "app"\nserver = "disk"', '[[driver]]', "the server of one channel"),
    ('client = "app"\nserver = "mux"', 'client = "nobody"\nserver = "mux"', '[[channel]]\nclient = "nobody"',
     "client 'nobody' is no program or driver; there are: platform, disk, mux, app"),
    ('client = "app"\nserver = "mux"', 'client = "mux"\nserver = "mux"', '[[channel]]\nclient = "mux"\nserver = "mux"',
     "is client and server"),
    ('client = "app"\nserver = "mux"', 'client = "mux"\nserver = "app"', 'name = "names"\n', "a cycle of requests"),
    ('capacity = 32', 'capacity = 33', '[[channel]]\nclient = "app"', "must be a power of two"),
    ('capacity = 32', 'capacity = 131072', '[[channel]]\nclient = "app"', "at most 65536"),
    ('areas = ["data"]\n\n[[endpoint', 'areas = ["dat"]\n\n[[endpoint', '[[channel]]\nclient = "app"',
     "area 'dat' is no pool; there are: data, tree"),
    ('areas = ["data"]\n\n[[endpoint', 'areas = ["tree"]\n\n[[endpoint', '[[channel]]\nclient = "app"',
     "is a file of the boot image"),
    ('areas = ["data"]\n\n[[endpoint', 'areas = ["data", "data", "data", "data", "data"]\n\n[[endpoint',
     '[[channel]]\nclient = "app"', "5 areas; at most 4"),
    ('areas = ["data"]\n\n[[endpoint', 'areas = "data"\n\n[[endpoint', 'areas = "data"', "a list of names"),
    ('access = { app = "r" }', 'access = { app = "rw" }', '[[file]]', "may have r or rx"),
    ('access = { app = "r" }', 'access = { app = "z" }', 'access = { app = "z" }', "words: r, rw, rx, rwx"),
    ('access = { app = "r" }', 'access = "app"', 'access = "app"', "a table such as"),
    ('access = { app = "r" }', 'access = { ap = "r" }', '[[file]]', "access of 'tree': 'ap' is no program"),
    ('mux = "r" }', 'mux = "r physical" }', '[[pool]]', "only with trusted = true"),
    ('path = "Makefile"', 'path = "No-such"', 'path = "No-such"', "there is no file No-such"),
    ('owner = "mux"', 'owner = "nobody"', '[[endpoint]]', "owner 'nobody' is no program"),
    ('program = "app", badge', 'program = "ap", badge', '[[endpoint]]', "caller 'ap' is no program"),
    ('callers = [{', 'callers = ["platform", {', '[[endpoint]]', "owner 'mux' has priority 100, its caller 'platform' 200"),
    ('callers = [{', 'callers = [{ program = "app" }, {', None, None),
    ('badge = 3,', 'badge = 3, who = 1,', 'callers', "callers with program, name, badge, transfer"),
    ('callers = [{', 'callers = [{ program = "platform", badge = 3 }, {', '[[endpoint]]', "the same badge 3"),
    ('callers = [{ program = "app", badge = 3, transfer = true }]', 'callers = "app"', 'callers', "a list of programs"),
    ('memory = "64M"', 'memory = "1M"', 'memory = "1M"', "components and pools take"),
    ('main = true', 'memory = "60%"', None, None),
    ('prio = 50\nmain = true\n', 'prio = 50\nmemory = "60%"\n\n[[pool]]\nname = "half"\nbytes = "50%"\naccess = { app = "r" }\n',
     '[[pool]]\nname = "half"', "app 60% + half 50% is more than 100%"),
    ('[[endpoint]]', '[[end]]', '[[end]]', "there is no 'end'; there are: system, emulator, program"),
    ('[[program]]', '[emulator]\nmachine = "pdp11"\n\n[[program]]', 'machine = "pdp11"', "one of microvm, pc, q35"),
    ('[[program]]', '[[emulator]]\n\n[[program]]', '[[emulator]]', "write [emulator], there is one"),
    ('bytes = "1M"', 'bytes = "1M"\nclear = 0', 'clear = 0', "must be true or false"),
    ('name = "test"\n', '', '[system]', "system needs the key 'name'"),
    ('[system]\nname = "test"\nmemory = "64M"', '', None, "there must be a table [system]"),
    ('[[endpoint]]', '[endpoint]', '[endpoint]', "write [[endpoint]]"),
    ('prio = 50', 'prio = = 50', 'prio = = 50', "Invalid value"),
]
SECOND_DRIVER = """
[[driver]]
name = "other"
driver = "virtio-blk"
prio = 110

[[channel]]
client = "mux"
server = "other"
protocol = "blk"
"""


def parse(text):
    """(system, errors) of a system file, its name taken out of the errors."""
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d) / "s.toml"
        path.write_text(text)
        s, errors = model.read(str(path), ROOT)
        return s, [e.removeprefix(str(path)) for e in errors]


class Errors(unittest.TestCase):
    def test_the_good_one_is_good(self):
        self.assertEqual(parse(GOOD)[1], [])

    def test_each_error_is_found_in_its_line(self):
        for old, new, where, words in WRONG:
            with self.subTest(new=new):
                self.assertIn(old, GOOD)
                text = GOOD.replace(old, new, 1)
                errors = parse(text)[1]
                if words is None:
                    self.assertEqual(errors, [])
                    continue
                found = [e for e in errors if words in e]
                self.assertTrue(found, f"no error has {words!r}: {errors}")
                if where is not None:
                    line = text[:text.index(where)].count("\n") + 1
                    numbers = {int(e.split(":")[1]) for e in found}
                    self.assertTrue(numbers & {line, line - 1}, f"{errors}: not line {line}")

    def test_a_device_is_claimed_once(self):
        errors = parse(GOOD + SECOND_DRIVER)[1]
        self.assertEqual(len(errors), 1)
        self.assertIn("'other' claims the device of 'disk' (line 10)", errors[0])
        self.assertEqual(parse(GOOD + SECOND_DRIVER.replace("prio = 110", "prio = 110\nindex = 1"))[1], [])

    def test_all_errors_are_told(self):
        text = GOOD.replace("prio = 50", "prio = 999").replace('cpus = "0-1"', "cpus = []")
        self.assertEqual(len(parse(text)[1]), 2)

    def test_too_many_channels(self):
        many = "".join(f'[[channel]]\nclient = "app"\nserver = "mux"\nprotocol = "x"\n'
                       f'client_name = "a{i}"\nserver_name = "b{i}"\n' for i in range(24))
        self.assertTrue(any("25 channels, at most 24" in e for e in parse(GOOD + many)[1]))

    def test_two_channels_of_one_name(self):
        twice = '[[channel]]\nclient = "app"\nserver = "mux"\nprotocol = "x"\n'
        errors = parse(GOOD + twice)[1]
        self.assertTrue(any("by the name 'mux' already; set client_name" in e for e in errors))

    def test_a_longer_cycle_is_found(self):
        text = GOOD.replace("prio = 100", "prio = 50") + \
            '[[endpoint]]\nname = "back"\nowner = "app"\ncallers = ["mux"]\n'
        errors = [e for e in parse(text)[1] if "cycle" in e]
        self.assertEqual(len(errors), 1)
        self.assertIn("mux -> app -> mux", errors[0])

    def test_nonsense_is_an_error_and_no_exception(self):
        dice = random.Random(1)
        words = re.findall(r"\"[^\"]*\"|\[\[?\w+\]\]?|\w+|[={}\[\],]", GOOD)
        junk = words + ["[]", "{}", "-1", "1.5", "true", '""', "[[1]]", "{ a = 1 }", "9" * 30, "nan",
                        "1979-05-27", '"\\u0000"', "'x'"]
        for _ in range(1500):
            text = GOOD
            for _ in range(dice.randint(1, 3)):
                text = text.replace(dice.choice(words), dice.choice(junk), dice.randint(1, 2))
            s, errors = parse(text)
            self.assertTrue(errors or s.components)
            for e in errors:
                self.assertRegex(e, r"^:\d+: ")


class Lines(unittest.TestCase):
    def test_tables_and_keys(self):
        where = lines.Lines('a = [\n  1,\n]\n[x]\n"k" = "[[x]]" # [[y]]\n[[y]]\nm = """\n"""\n[[y]]\nm = 2\n')
        self.assertEqual(where.of("x", 0, "k"), 5)
        self.assertEqual(where.of("y", 0), 6)
        self.assertEqual(where.of("y", 1, "m"), 10)
        self.assertEqual(where.of("y", 1, "absent"), 9)


def program(segments, entry=0x400000):
    """A small ELF file; segments: (flags, vaddr, data, memory)."""
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, entry, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    headers, body, at = b"", b"", 0x1000
    for flags, vaddr, data, memory in segments:
        headers += struct.pack("<IIQQQQQQ", 1, flags, at + vaddr % 4096, vaddr, vaddr, len(data), memory, 4096)
        body += bytes(vaddr % 4096) + data + bytes(-(len(data) + vaddr % 4096) % 4096)
        at = 0x1000 + len(body)
    return (head + headers).ljust(0x1000, b"\0") + body


class Elf(unittest.TestCase):
    def test_pages_and_rights(self):
        entry, parts = elf.load(program([(5, 0x400000, b"code", 4), (6, 0x402010, b"data", 0x3000)]))
        self.assertEqual(entry, 0x400000)
        self.assertEqual([(p.vaddr, p.pages, p.rights, len(p.data)) for p in parts],
                         [(0x400000, 1, 5, 4096), (0x402000, 4, 3, 4096)])
        self.assertEqual(parts[1].data[0x10:0x14], b"data")
        self.assertEqual(parts[0].data[4:], bytes(4092))

    def test_bad_programs(self):
        text = (5, 0x400000, b"code", 4)
        for segments, words in [([(7, 0x400000, b"x", 1)], "writable and executable"),
                                ([(5, 0x3ff000, b"x", 1)], "entry point"),
                                ([text, (4, 0x400800, b"x", 1)], "overlap"),
                                ([(5, 0x400000, b"xx", 1)], "outside the file")]:
            with self.assertRaisesRegex(elf.BadElf, words):
                elf.load(program(segments))
        for data, words in [(b"MZ", "not an ELF64"), (program([text])[:70], "static executable"),
                            (program([text], entry=0x500000), "entry point")]:
            with self.assertRaisesRegex(elf.BadElf, words):
                elf.load(data)


class Pack(unittest.TestCase):
    def bundle(self, text=GOOD):
        s, errors = parse(text)
        self.assertEqual(errors, [])
        with tempfile.TemporaryDirectory() as d:
            for name in s.sources():
                (pathlib.Path(d) / f"{name}.elf").write_bytes(program([(5, 0x400000, b"c", 1)]))
            data, errors = pack.bundle(s, d, ROOT)
        self.assertEqual(errors, [])
        return s, data

    def test_header_and_sum(self):
        _, data = self.bundle()
        magic, version, tables, size, total = struct.unpack_from("<QIIQQ", data)
        self.assertEqual((magic, version, tables, size), (pack.MAGIC, pack.VERSION, 8, len(data)))
        self.assertEqual(size % 4096, 0)
        self.assertEqual(total, pack.checksum(data[32:]))
        self.assertIn((ROOT / "Makefile").read_bytes(), data)

    def test_sizes_are_those_of_the_header(self):
        _, data = self.bundle()
        sizes = [struct.unpack_from("<QII", data, 56 + 16 * i)[2] for i in range(8)]
        structs = ("program", "segment", "component", "pool", "pool_use", "channel", "endpoint",
                   "endpoint_use")
        lines_ = ['#include "tessera/bundle.h"', f"_Static_assert(sizeof(struct bundle) == {56 + 16 * 8});"]
        lines_ += [f"_Static_assert(sizeof(struct bundle_{n}) == {size});" for n, size in zip(structs, sizes)]
        done = subprocess.run(["gcc", "-std=c2x", "-fsyntax-only", "-Iinclude", "-x", "c", "-"], cwd=ROOT,
                              input="\n".join(lines_), text=True, stderr=subprocess.PIPE)
        self.assertEqual(done.stderr, "")

    def test_a_program_that_is_not_there(self):
        s, _ = parse(GOOD)
        with tempfile.TemporaryDirectory() as d:
            _, errors = pack.bundle(s, d, ROOT)
        self.assertEqual(len(errors), 3)
        self.assertRegex(errors[0], r":5: there is no program .*platform.elf; source must be")

    def test_bits_of_a_component_differ(self):
        s, _ = self.bundle()
        mine = [bit for ch in s.channels for side, who in enumerate((ch.client, ch.server))
                if who == "mux" for bit in ch.bits[side]]
        self.assertEqual(sorted(mine), [0, 1, 2, 3])


class Report(unittest.TestCase):
    def test_who_holds_what(self):
        s, _ = parse(GOOD)
        words = report.text(s)
        self.assertRegex(words, r"(?m)^  endpoint names of mux +call, send, transfer +badge 3$")
        self.assertRegex(words, r"(?m)^  pool data +none +its device reads and writes it$")
        self.assertRegex(words, r"(?m)^  app -> mux: calls names, requests \(blk\), writes data$")
        self.assertRegex(words, r"(?m)^  platform: nobody$")

    def test_those_that_share_nothing_do_not_reach_each_other(self):
        s, _ = parse(GOOD + '[[program]]\nname = "alone"\nsource = "mux"\nprio = 1\n')
        words = report.text(s)
        self.assertRegex(words, r"(?m)^  alone: nobody$")
        self.assertNotRegex(words, r"(?m)^  \w+: .*alone")

    def test_the_picture_is_xml_with_every_component(self):
        s, _ = parse(GOOD)
        picture = graph.svg(s)
        xml.dom.minidom.parseString(picture)
        for c in s.components:
            self.assertIn(f">{c.name}<", picture)
        self.assertIn("blk [data]", picture)


class Shipped(unittest.TestCase):
    def test_every_system_of_the_tree_is_right(self):
        files = sorted(ROOT.glob("systems/**/*.toml")) + sorted(ROOT.glob("tests/system/*.toml"))
        self.assertTrue(files)
        for path in files:
            with self.subTest(path=path.name):
                self.assertEqual([e for e in model.read(str(path), ROOT)[1]], [])


if __name__ == "__main__":
    unittest.main()
