# SPDX-License-Identifier: MIT
"""The cases of the comparison: scripts in tests/linux/cases, programs in tests/linux/c."""

import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parents[1]
COMPILERS = {"musl": "musl-gcc", "glibc": "gcc"}
FLAGS = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-stringop-overflow", "-Wno-stringop-overread", "-Wno-nonnull", "-Wno-unused-result"]


def scripts(directory):
    """name -> text, of all *.txt in a directory: "## name" begins a case, what stands before the first is a comment."""
    found = {}
    for path in sorted(directory.glob("*.txt")):
        for part in ("\n" + path.read_text()).split("\n## ")[1:]:
            name, _, text = part.partition("\n")
            name = f"{path.stem}-{name.strip()}"
            if name in found:
                raise ValueError(f"{path}: two cases {name}")
            found[name] = text.rstrip("\n") + "\n"
    return found


def compile_one(compiler, source, target):
    """None, or what the compiler said."""
    done = subprocess.run([compiler, *FLAGS, "-static", "-o", str(target), str(source), "-lpthread"], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else None


def programs(into, only):
    """Compiles tests/linux/c/*.c; names of the programs, and name -> error."""
    names, errors = [], {}
    for path in sorted((HERE / "c").glob("*.c")):
        for libc, compiler in COMPILERS.items():
            name = f"c-{path.stem}-{libc}"
            if only not in name:
                continue
            if shutil.which(compiler) is None:
                errors[name] = f"no {compiler} (packages.toml)"
                continue
            error = compile_one(compiler, path, into / name)
            if error:
                errors[name] = error
            else:
                names.append(name)
    return names, errors
