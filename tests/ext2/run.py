#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The tests of servers/ext2 on the host.

    run.py [--quick] [--only TEXT] [--keep]     TAP; status 0 if all is well
    run.py --bench                              instructions of cached operations, by callgrind

Builds the file system with gcc and clang, with address and undefined sanitizers, and compares it
with what mke2fs, e2fsck and debugfs say. Everything happens in one temporary directory.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = ROOT / "tests" / "ext2"
CORE = sorted((ROOT / "servers" / "ext2").glob("*.c"))
TESTS = sorted(HERE.glob("*.c"))
WARN = ["-std=c2x", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wmissing-prototypes",
        "-Wstrict-prototypes", "-Wundef", "-Wvla", "-Wimplicit-fallthrough", "-Werror"]
SANITIZE = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
INCLUDE = ["-D_GNU_SOURCE", "-I" + str(ROOT / "servers" / "ext2"), "-I" + str(HERE)]
FREE = ["-O2", "-ffreestanding", "-mgeneral-regs-only", "-mno-red-zone"]


def first_revision():
    """How mke2fs is told to make a file system as before 1995: that changed after version 1.47.0."""
    said = subprocess.run(["mke2fs", "-V"], capture_output=True, text=True, check=False).stderr
    found = re.search(r"mke2fs (\d+)\.(\d+)\.(\d+)", said)
    return "-E revision=0" if found and tuple(map(int, found.groups())) > (1, 47, 0) else "-r 0"


# name, options of mke2fs, size in KiB. A name with "journal" has one.
GEOMETRIES = [
    ("1k", "-t ext2 -b 1024", 16384),
    ("1k-inode128", "-t ext2 -b 1024 -I 128", 16384),
    ("1k-groups", "-t ext2 -b 1024 -g 1024 -N 512", 9000),
    ("2k", "-t ext2 -b 2048", 16384),
    ("4k", "-t ext2 -b 4096", 16384),
    ("4k-inode512", "-t ext2 -b 4096 -I 512", 16384),
    ("4k-inode128", "-t ext2 -b 4096 -I 128 -g 2048", 30000),
    ("plain", "-t ext2 -b 1024 -O none", 16384),
    ("no-filetype", "-t ext2 -b 1024 -O ^filetype,^dir_index", 16384),
    ("no-sparse", "-t ext2 -b 1024 -O ^sparse_super,^resize_inode", 40960),
    ("revision-0", f"-t ext2 -b 1024 {first_revision()}", 16384),
    ("small", "-t ext2 -b 1024 -N 64", 600),
    ("journal-1k", "-t ext3 -b 1024 -J size=1", 16384),
    ("journal-1k-groups", "-t ext3 -b 1024 -g 1024 -J size=2 -N 512", 20000),
    ("journal-2k", "-t ext3 -b 2048 -J size=4", 16384),
    ("journal-4k", "-t ext3 -b 4096 -J size=4 -I 128", 24576),
    ("journal-4k-large", "-t ext3 -b 4096 -J size=8", 65536),
    ("journal-j", "-j -b 1024", 16384),
]


class Run:
    def __init__(self, args):
        self.args = args
        self.count = 0
        self.failed = 0
        base = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ext2-", dir=base))
        self.program = {}
        self.note = ""

    def wanted(self, name):
        return not self.args.only or self.args.only in name

    def test(self, name, function, *args):
        """Runs one test; its failure is an exception."""
        if not self.wanted(name):
            return
        self.count += 1
        self.note = ""
        try:
            function(*args)
            print(f"ok {self.count} {name}" + (f" # {self.note}" if self.note else ""))
        except (AssertionError, subprocess.SubprocessError, OSError) as e:
            self.failed += 1
            print(f"not ok {self.count} {name}")
            for line in str(e).strip().splitlines()[-25:]:
                print(f"# {line}")
        sys.stdout.flush()

    def do(self, *cmd, status=(0,), timeout=900, text=True):
        cmd = [str(c) for c in cmd]
        done = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, cwd=self.dir, check=False,
                              env={**os.environ, "LC_ALL": "C", "TZ": "UTC"})
        out = done.stdout.decode(errors="replace") if text else done.stdout
        if done.returncode not in status:
            raise AssertionError(f"{' '.join(cmd)}: status {done.returncode}\n{out}")
        return out

    def ours(self, command, *args, compiler="gcc", **kw):
        return self.do(self.program[compiler], command, *args, **kw)

    def image(self, name, options, kib, source=None):
        path = self.dir / f"{name}.img"
        path.unlink(missing_ok=True)
        more = ["-d", source] if source else []
        self.do("mke2fs", "-q", "-F", *options.split(), *more, path, f"{kib}k")
        return path

    def clean(self, path):
        self.do("e2fsck", "-fn", path)


# ---- builds ----------------------------------------------------------------------------------

def build(run, compiler):
    out = run.dir / f"e2test-{compiler}"
    run.do(compiler, *WARN, *SANITIZE, *INCLUDE, *CORE, *TESTS, "-o", out)
    run.program[compiler] = out


def build_free(run, compiler):
    """As the server is built; and it must need nothing but mem*()."""
    needs, has = set(), set()
    for source in CORE:
        out = run.dir / (source.stem + ".o")
        run.do(compiler, *WARN, *FREE, "-I", source.parent, "-c", source, "-o", out)
        for line in run.do("nm", out).splitlines():
            kind, name = line.split()[-2:]
            (needs if kind == "U" else has).add(name)
    extra = needs - has - {"memcpy", "memset", "memcmp", "memmove"}
    assert not extra, f"it needs {sorted(extra)}"


# ---- compared with the tools -----------------------------------------------------------------

def fnv(data):
    h = 0xcbf29ce484222325
    for b in data:
        h = (h ^ b) * 0x100000001b3 & (2**64 - 1)
    return h


def make_source(run):
    """A directory with files of many sizes, links, and one directory of several blocks."""
    src = run.dir / "src"
    shutil.rmtree(src, ignore_errors=True)
    (src / "deep" / "er" / "est").mkdir(parents=True)
    (src / "many").mkdir()
    for i in range(300):
        (src / "many" / f"file-with-a-name-{i}").write_bytes(b"x" * i)
    for n in (0, 1, 511, 1024, 4095, 4096, 12288, 12289, 40000, 300000):
        (src / "deep" / f"size-{n}").write_bytes(bytes(i * 7 % 251 for i in range(n)))
    with open(src / "deep" / "sparse", "wb") as f:
        f.seek(700000)
        f.write(b"end")
    (src / "deep" / "short").symlink_to("er/est")
    (src / "deep" / "long").symlink_to("t" * 200)
    os.link(src / "deep" / "size-511", src / "deep" / "er" / "linked")
    os.mkfifo(src / "pipe")
    return src


def expected(src):
    lines = {}
    for base, dirs, files in os.walk(src):
        for name in dirs + files:
            path = os.path.join(base, name)
            st = os.lstat(path)
            kind = st.st_mode & 0o170000
            h = fnv(open(path, "rb").read()) if kind == 0o100000 else 0
            size = 0 if kind == 0o040000 else st.st_size
            link = os.readlink(path) if kind == 0o120000 else ""
            lines["/" + os.path.relpath(path, src)] = \
                f"{st.st_mode:o} {st.st_nlink} {st.st_uid}:{st.st_gid} {size} " \
                f"{int(st.st_mtime)} {h:016x} {link}"
    return lines


def dumped(text):
    lines = {}
    for line in text.splitlines():
        m = re.match(r"(\S*) (\S+ \S+ \S+ \S+) \S+ (-?\d+)\.\d+ (\S+) (.*)$", line)
        if m and m.group(1) and not m.group(1).startswith("/lost+found"):
            lines[m.group(1)] = f"{m.group(2)} {m.group(3)} {m.group(4)} {m.group(5)}"
    return lines


def populated(run, name, options, kib, src, want):
    path = run.image("pop-" + name, options, max(kib, 12000), src)
    got = dumped(run.ours("dump", path))
    wrong = [p for p in want.keys() | got.keys() if want.get(p) != got.get(p)]
    assert not wrong, "\n".join(f"{p}: {want.get(p)} / {got.get(p)}" for p in wrong[:5])


def read_back(run, options, kib, src):
    """What we write, debugfs reads."""
    path = run.image("back", options, kib)
    files = sorted((src / "deep").glob("size-*")) + [src / "deep" / "sparse"]
    run.ours("fill", path, *files)
    run.clean(path)
    for f in files:
        out = run.dir / "out"
        out.unlink(missing_ok=True)
        run.do("debugfs", "-R", f"dump /{f.name} {out}", path)
        assert out.read_bytes() == f.read_bytes(), f"{f.name} differs"
    assert "sparse" in run.do("debugfs", "-R", "ls -l /", path)


def hashed_directory(run, options):
    """Entries come and go in a directory that has a hash tree."""
    src = run.dir / "hashed"
    shutil.rmtree(src, ignore_errors=True)
    src.mkdir()
    for i in range(800):
        (src / f"entry-with-a-long-name-{i}").write_bytes(b"")
    path = run.image("hashed", options, 16384, src)
    run.do("e2fsck", "-fyD", path, status=(0, 1))
    assert "0x1000" in run.do("debugfs", "-R", "stat /", path), "no hash tree was made"
    run.ours("fill", path, *[f"-entry-with-a-long-name-{i}" for i in range(0, 800, 3)])
    run.clean(path)
    more = run.dir / "more"
    more.mkdir(exist_ok=True)
    files = [more / f"another-with-a-long-name-{i}" for i in range(300)]
    for f in files:
        f.write_bytes(b"more")
    run.ours("fill", path, *files, "-entry-with-a-long-name-400")
    run.clean(path)


def attributes(run, options):
    """Extended attributes stay when a file is changed, and go with it."""
    path = run.image("attr", options, 8192)
    for i in range(3):
        run.do("debugfs", "-w", "-R", f"write {HERE / 'run.py'} f{i}", path)
        run.do("debugfs", "-w", "-R", f"ea_set f{i} user.name {'v' * (300 + i)}", path)
    run.clean(path)
    run.ours("fill", path, "+f0", "+f1", "-f2")
    run.clean(path)
    assert "v" * 300 in run.do("debugfs", "-R", "ea_get f0 user.name", path)


def crc32c(data):
    crc = 0xffffffff
    for b in data:
        crc ^= b
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc


def add_checksums(run, path, version):
    """Makes the journal one with checksums of version 2 or 3, which mke2fs does not do here."""
    block = int(re.search(r"^(\d+) ", run.do("debugfs", "-R", "blocks <8>", path),
                          re.MULTILINE).group(1))
    size = int(re.search(r"Block size:\s+(\d+)", run.do("dumpe2fs", "-h", path)).group(1))
    with open(path, "r+b") as f:
        f.seek(block * size)
        sb = bytearray(f.read(1024))
        assert sb[:4].hex() == "c03b3998"
        sb[43] |= {2: 8, 3: 16}[version]
        sb[80] = 4
        sb[252:256] = bytes(4)
        sb[252:256] = crc32c(sb).to_bytes(4, "big")
        f.seek(block * size)
        f.write(sb)
    run.clean(path)


def log_of_debugfs(run):
    """A log that debugfs has written is replayed as e2fsck does it."""
    path = run.image("log-journal", "-t ext3 -b 1024 -J size=1", 8192)
    data = run.dir / "block"
    data.write_bytes(b"A" * 3072)
    run.ours("fill", path, data)
    blocks = run.do("debugfs", "-R", "blocks /block", path).split()[-3:]
    new = run.dir / "new"
    magic = bytes.fromhex("c03b3998")
    new.write_bytes(magic + b"B" * 1020 + b"C" * 1024 + b"D" * 1024)
    commands = run.dir / "commands"
    commands.write_text(f"jo\njw -b {','.join(blocks)} {new}\n"
                        f"jw -r {blocks[1]}\njc\n")
    run.do("debugfs", "-w", "-f", commands, path)
    assert "needs_recovery" in run.do("dumpe2fs", "-h", path), "no log was made"
    want = run.dir / "want.img"
    shutil.copy(path, want)
    run.do("e2fsck", "-fp", want, status=(0, 1))
    run.ours("fill", path)
    run.clean(path)
    for image in (want, path):
        result = run.dir / "result"
        result.unlink(missing_ok=True)
        run.do("debugfs", "-R", f"dump /block {result}", image)
        assert result.read_bytes() == magic + b"B" * 1020 + b"A" * 1024 + b"D" * 1024, \
            f"{image.name}: {result.read_bytes()[::256]}"


def refused(run, options, kib, reason, cut=0):
    path = run.image("refused", options, kib)
    if cut:
        os.truncate(path, cut)
    out = run.ours("dump", path, status=(1,))
    assert reason in out, out


def only_reading(run):
    path = run.image("csum", "-t ext2 -b 1024 -O metadata_csum", 8192)
    run.ours("dump", path)
    out = run.ours("fill", path, status=(-6,))
    assert "reason" in out, out


# ---- long ones -------------------------------------------------------------------------------

def random_ops(run, name, options, kib, seed, steps, compiler):
    path = run.image(name, options, kib)
    run.ours("random", path, seed, steps, compiler=compiler)


def crash(run, name, options, kib, seed, cuts, compiler, checksums=0):
    path = run.image(name, options, kib)
    if checksums:
        add_checksums(run, path, checksums)
    run.note = run.ours("crash", path, seed, cuts, compiler=compiler).splitlines()[-1]


def takeover(run, name, options, kib, seed):
    run.ours("takeover", run.image(name, options, kib), seed, compiler=("gcc", "clang")[seed % 2])


def errors(run, name, options, seed, count):
    path = run.image(name, options, 8192)
    run.note = run.ours("errors", path, seed, count).splitlines()[-1]


def limits(run, name, options, part):
    path = run.image(name, options, 65536)
    run.ours("limits", path, part)


def fuzz(run, name, options, kib, seed, count, compiler, is_dirty):
    src = run.dir / "fuzz-src"
    if not src.exists():
        (src / "a" / "b" / "c").mkdir(parents=True)
        (src / "many").mkdir()
        for i in range(60):
            (src / "many" / f"file{i}").write_bytes(b"%d" % i)
        (src / "a" / "big").write_bytes(bytes(i % 250 for i in range(300000)))
        (src / "n1").write_bytes(b"x" * 20000)
        (src / "n2").symlink_to("short")
        (src / "n3").symlink_to("l" * 200)
        (src / "n4").mkdir()
        os.link(src / "n1", src / "a" / "n6")
    path = run.image("fuzz-" + name, options, kib, None if is_dirty else src)
    if is_dirty:
        run.ours("dirty", path, 5, 200)
    run.note = run.ours("fuzz", path, seed, count, compiler=compiler).splitlines()[-1]


# ---- all -------------------------------------------------------------------------------------

def quick_tests(run):
    src = make_source(run)
    want = expected(src)
    for name, options, kib in GEOMETRIES:
        if name != "small":
            run.test(f"reads what mke2fs -d made: {name}", populated, run, name, options, kib,
                     src, want)
    for name, options, kib in GEOMETRIES:
        if name in ("1k", "4k", "journal-1k", "journal-4k", "revision-0"):
            run.test(f"debugfs reads what was written: {name}", read_back, run, options, kib, src)
    for name, options in (("1k", "-t ext2 -b 1024"), ("journal-4k", "-t ext3 -b 4096")):
        run.test(f"a hash tree is given up correctly: {name}", hashed_directory, run, options)
    for name, options in (("in the inode", "-t ext2 -b 4096 -I 1024"),
                          ("in blocks", "-t ext3 -b 1024 -I 128 -J size=1")):
        run.test(f"attributes {name} stay", attributes, run, options)
    run.test("replays a log of debugfs", log_of_debugfs, run)
    for options, kib, reason, cut in (
            ("-t ext4", 16384, "feature", 0), ("-t ext2 -b 8192", 65536, "block size", 0),
            ("-O journal_dev -b 4096", 16384, "journal device", 0),
            ("-t ext2 -b 1024", 8192, "larger than its device", 4000000),
            ("-t ext2 -b 1024 -O flex_bg", 8192, "flex_bg", 0),
            ("-t ext2 -b 1024", 8192, "not an ext2", -1)):
        if cut < 0:
            run.test("refuses what is no file system", refuse_zeros, run)
        else:
            run.test(f"refuses {options}, cut at {cut}", refused, run, options, kib, reason, cut)
    run.test("only reads with an unknown feature", only_reading, run)


def refuse_zeros(run):
    path = run.dir / "zeros.img"
    path.write_bytes(bytes(100000))
    assert "not an ext2" in run.ours("dump", path, status=(1,))


def long_tests(run, part):
    for i, (name, options, kib) in enumerate(GEOMETRIES):
        compiler = ("gcc", "clang")[i % 2]
        run.test(f"random operations agree with the model: {name}, {compiler}", random_ops, run,
                 name, options, kib, 1000 + i, 3000 // part, compiler)
    by_name = {n: (o, k) for n, o, k in GEOMETRIES}
    for name, kib, cuts in (("journal-1k", 8192, 60), ("journal-1k-groups", 9000, 40),
                            ("journal-2k", 12288, 20), ("journal-4k", 12288, 40),
                            ("1k", 4096, 50), ("1k-groups", 6000, 30), ("4k", 8192, 40)):
        run.test(f"power cuts: {cuts // part} with {name}", crash, run, "crash-" + name,
                 by_name[name][0], kib, 1, cuts // part, "gcc")
    for version in (2, 3):
        run.test(f"power cuts: {20 // part} with checksums v{version} in the log", crash, run,
                 f"crash-journal-csum{version}", "-t ext3 -b 1024 -J size=1", 8192, 1000,
                 20 // part, "clang", version)
    for seed in range(1, 2 + 30 // part):
        for name in ("journal-1k", "journal-4k-large"):
            run.test(f"a server takes over from one that died: {name}, seed {seed}", takeover, run, "takeover-" + name,
                     *by_name[name], seed)
    for name in ("1k", "journal-1k"):
        run.test(f"device errors: {name}", errors, run, "err-" + name, by_name[name][0], 1,
                 60 // part)
    for what in ("large_directory", "link_count", "full_disk", "no_inodes", "sparse_file",
                 "deleted_open"):
        for name in ("4k", "journal-1k") if what != "link_count" else ("4k",):
            run.test(f"limits: {what}, {name}", limits, run, "limit-" + name, by_name[name][0],
                     what)
    for name, options, kib, count, compiler, is_dirty in (
            ("1k", "-t ext2 -b 1024 -N 128", 1024, 6000, "gcc", False),
            ("4k", "-t ext2 -b 4096 -N 128", 2048, 4000, "clang", False),
            ("journal", "-t ext3 -b 1024 -N 128 -J size=1", 3072, 5000, "gcc", False),
            ("log", "-t ext3 -b 1024 -N 128 -J size=1", 3072, 7000, "clang", True)):
        run.test(f"{count // part} mutated images do no harm: {name}, {compiler}", fuzz, run,
                 name, options, kib, 1, count // part, compiler, is_dirty)


def bench(run):
    """Instructions for each operation: the difference between 1100 and 100 of them."""
    out = run.dir / "e2bench"
    run.do("gcc", "-std=c2x", "-O2", "-g", *INCLUDE, *CORE, *TESTS, "-o", out)
    path = run.image("bench-journal", "-t ext3 -b 4096 -J size=4", 24576)
    for what in ("read_page", "read_byte", "write_page", "lookup", "lookup_miss", "getattr",
                 "create_unlink"):
        counts = []
        for n in (100, 1100):
            text = run.do("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                          "--toggle-collect=e2_*", out, "bench", path, what, n)
            counts.append(int(re.search(r"Collected : (\d+)", text).group(1)))
        print(f"{what:14} {(counts[1] - counts[0]) / 1000:8.0f} instructions")


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help="a tenth of the long tests")
    p.add_argument("--only", default="", help="tests whose name contains this")
    p.add_argument("--keep", action="store_true", help="leave the temporary directory")
    p.add_argument("--bench", action="store_true")
    run = Run(p.parse_args())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # the directory goes, and children
    try:
        if run.args.bench:
            bench(run)
            return 0
        only, run.args.only = run.args.only, ""
        for compiler in ("gcc", "clang"):
            run.test(f"builds with {compiler} and sanitizers", build, run, compiler)
            run.test(f"builds freestanding with {compiler}", build_free, run, compiler)
        run.args.only = only
        if not run.failed:
            quick_tests(run)
            long_tests(run, 10 if run.args.quick else 1)
        print(f"1..{run.count}")
        print("# done")
        return 1 if run.failed else 0
    finally:
        if run.args.keep:
            print(f"# kept in {run.dir}")
        else:
            shutil.rmtree(run.dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
