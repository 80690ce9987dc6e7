# SPDX-License-Identifier: MIT
"""Which shared libraries an ELF program needs, and where they are on this machine.

Follows ld.so(8): DT_RPATH or DT_RUNPATH with $ORIGIN, then the directories of /etc/ld.so.conf,
then the trusted ones.  Raises ElfError with a message a person can act on."""

import glob
import os
import struct

EM_X86_64 = 62
PT_DYNAMIC, PT_INTERP, PT_LOAD = 2, 3, 1
DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_RPATH, DT_RUNPATH = 1, 5, 10, 15, 29
MACHINES = {3: "32-bit x86", 40: "32-bit Arm", 183: "64-bit Arm (aarch64)", 243: "RISC-V", 21: "PowerPC", 22: "s390"}
TRUSTED = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]


class ElfError(Exception):
    pass


class MissingError(ElfError):
    """What a program needs to start is not on this machine."""


class Elf:
    """The parts of an ELF file that say what else it needs."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb") as file:
                self.data = file.read()
        except OSError as error:
            raise ElfError(f"{path}: {error.strerror}") from None
        try:
            self._parse()
        except struct.error:
            raise ElfError(f"{path}: the ELF headers point outside the file") from None

    def _parse(self):
        data = self.data
        if data[:4] != b"\x7fELF":
            raise ElfError(f"{self.path}: not an ELF file")
        machine = struct.unpack_from("<H", data, 18)[0]
        if data[4] != 2 or data[5] != 1 or machine != EM_X86_64:
            name = MACHINES.get(machine, f"machine {machine}") if data[5] == 1 else "a big-endian machine"
            raise ElfError(f"{self.path}: for {name}; only 64-bit x86 programs run here")
        self.type = struct.unpack_from("<H", data, 16)[0]
        if self.type not in (2, 3):
            raise ElfError(f"{self.path}: not an executable or shared library (ELF type {self.type})")
        offset, entry_size, count = (struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54))
        self.loads, self.interp, dynamic = [], None, None
        for i in range(count):
            kind, _, at, vaddr, _, filesz = struct.unpack_from("<IIQQQQ", data, offset + i * entry_size)
            if kind == PT_LOAD:
                self.loads.append((vaddr, at, filesz))
            elif kind == PT_INTERP:
                self.interp = data[at:at + filesz].split(b"\0")[0].decode()
            elif kind == PT_DYNAMIC:
                dynamic = (at, filesz)
        self.needed, self.rpath, self.runpath = [], [], []
        if dynamic:
            self._dynamic(*dynamic)

    def _file_offset(self, vaddr):
        for start, at, size in self.loads:
            if start <= vaddr < start + size:
                return at + vaddr - start
        raise ElfError(f"{self.path}: an address of the dynamic section is in no segment")

    def _dynamic(self, at, size):
        entries = []
        for i in range(at, at + size, 16):
            tag, value = struct.unpack_from("<qQ", self.data, i)
            if tag == 0:
                break
            entries.append((tag, value))
        strtab = dict(entries).get(DT_STRTAB)
        if strtab is None:
            return
        base = self._file_offset(strtab)

        def text(value):
            end = self.data.find(b"\0", base + value)
            return self.data[base + value:end].decode()

        for tag, value in entries:
            if tag == DT_NEEDED:
                self.needed.append(text(value))
            elif tag in (DT_RPATH, DT_RUNPATH):
                origin = os.path.dirname(os.path.realpath(self.path))
                parts = [p.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for p in text(value).split(":") if p]
                (self.rpath if tag == DT_RPATH else self.runpath).extend(parts)


def configured(path="/etc/ld.so.conf", depth=0):
    """Directories of ld.so.conf and what it includes."""
    found = []
    if depth > 8:
        return found
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")
    except OSError:
        return found
    for line in lines:
        line = line.split("#")[0].strip()
        if line.startswith("include"):
            for part in line.split()[1:]:
                for name in sorted(glob.glob(os.path.join(os.path.dirname(path), part))):
                    found += configured(name, depth + 1)
        elif line:
            found.append(line)
    return found


def libraries(program, sysroot="/"):
    """All files that `program` needs to start: {path in the tree: path here}, its interpreter included."""
    found, queue = {}, [Elf(program)]
    dirs = configured() + TRUSTED
    while queue:
        elf = queue.pop()
        if elf.interp and elf.interp not in found:
            here = os.path.join(sysroot, elf.interp.lstrip("/"))
            if not os.path.exists(here):
                raise MissingError(f"{elf.path}: its interpreter {elf.interp} is not on this machine")
            found[elf.interp] = os.path.realpath(here)
        musl = any("ld-musl" in name for name in found)
        for name in elf.needed:
            if musl and name.startswith("libc."):
                continue                # musl's interpreter is its library
            where = _find(name, elf, dirs, sysroot)
            if where is None:
                raise MissingError(f"{elf.path}: the library {name} is not on this machine")
            if where not in found:
                found[where] = os.path.realpath(os.path.join(sysroot, where.lstrip("/")))
                queue.append(Elf(found[where]))
    return found


def _find(name, elf, dirs, sysroot):
    if "/" in name:
        return name if os.path.exists(os.path.join(sysroot, name.lstrip("/"))) else None
    own = elf.runpath or elf.rpath
    for directory in own + dirs:
        where = os.path.join(directory, name)
        here = os.path.join(sysroot, where.lstrip("/"))
        if os.path.exists(here):
            try:
                Elf(here)
            except ElfError:
                continue
            return where
    return None
