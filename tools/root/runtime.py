# SPDX-License-Identifier: MIT
"""What interpreters load by name when they run: their own modules, where Debian and who builds from source have them."""

import glob
import os
import re
import shutil

from .elf import ElfError, libraries

# Not needed to run programs, and large.
LEFT_OUT = re.compile(r"config-.*|test|tests|idlelib|ensurepip")
LIB = "lib/x86_64-linux-gnu"
# The name of a program, and directories below its prefix (/usr); * as in a shell, {0}: what the brackets hold.
KNOWN = [
    (r"python(\d+\.\d+)", ["lib/python{0}", "lib/python3", "local/lib/python{0}"]),
    (r"perl.*", [LIB + "/perl*", "share/perl*", "local/share/perl*", f"local/{LIB}/perl*", "lib/perl5"]),
    (r"ruby.*", ["lib/ruby", LIB + "/ruby"]),
    (r"lua.*", ["share/lua", LIB + "/lua", "lib/lua"]),
    (r"tclsh.*|wish.*", ["share/tcltk", "lib/tcltk", "lib/tcl*"]),
    (r"git", ["lib/git-core", "share/git-core"]),
    (r"file", ["lib/file", "share/file", "share/misc"]),
]


def is_known(name):
    return any(re.fullmatch(pattern.replace(r"(\d+\.\d+)", r"[\d.]*"), name) for pattern, _ in KNOWN)


def which(name):
    """As the shell finds it; but not scripts that choose among interpreters, which need what is not put in."""
    first = shutil.which(name)
    if first is None or not is_known(name):
        return first
    for directory in os.get_exec_path():
        path = shutil.which(name, path=directory)
        if path is not None:
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    return path
    return first


def directories(program):
    """Those that the program at this path wants."""
    real = os.path.realpath(program)
    prefix = os.path.dirname(os.path.dirname(real))
    prefix = "/usr" if prefix == "/" else prefix
    found = []
    for pattern, below in KNOWN:
        m = re.fullmatch(pattern, os.path.basename(real))
        if m:
            found += [path for name in below for path in sorted(glob.glob(os.path.join(prefix, name.format(*m.groups())))) if os.path.isdir(path)]
    environment = os.path.dirname(os.path.dirname(os.path.abspath(program)))
    if found and os.path.exists(os.path.join(environment, "pyvenv.cfg")):
        found.append(environment)
    return found


def put_in(tree, program):
    """The directories, and the libraries that modules in them need.  What is there already stays."""
    for directory in directories(program):
        if tree.has(directory):
            continue
        tree.copy(directory, directory, LEFT_OUT)
        for at, _, files in os.walk(directory):
            for name in files:
                if name.endswith(".so"):
                    _libraries(tree, os.path.join(at, name))


def _libraries(tree, module):
    try:
        needed = libraries(module)
    except ElfError:
        return
    for where, here in needed.items():
        if not tree.has(where):
            tree.file(where, here)
