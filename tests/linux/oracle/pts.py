# SPDX-License-Identifier: MIT
"""posixtestsuite: each of its programs says with its exit status what it found.

All of them are linked into one static program, which runs the one that it is told: 1,700 programs
of a megabyte each would not fit into a machine's memory."""

import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess

from sides import Job
from source import ROOT, unpacked

WORDS = {"0": "PASS", "1": "FAIL", "2": "UNRESOLVED", "4": "UNSUPPORTED", "5": "UNTESTED"}
OUT = ROOT / "build" / "oracle"
# What files of 2004 took for granted that headers include.
INCLUDED = ["stdlib.h", "string.h", "unistd.h", "fcntl.h", "signal.h", "sys/resource.h"]
FLAGS = ["-O0", "-w", "-std=gnu99", "-fno-common", "-pipe", "-D_GNU_SOURCE", "-D_POSIX_C_SOURCE=200112L", *[w for h in INCLUDED for w in ("-include", h)]]
MAIN = """#include <stdio.h>
#include <string.h>
%s
static const struct { const char *name; int (*main)(int, char **); } tests[] = {
%s};
int main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < sizeof tests / sizeof *tests; i++)
		if (!strcmp(tests[i].name, argv[1]))
			return tests[i].main(argc - 1, argv + 1);
	return 99;
}
"""


def sources(top):
    """name -> file"""
    found = {}
    for part in ("interfaces", "behavior"):
        for path in sorted((top / "conformance" / part).glob("**/*.c")):
            if re.fullmatch(r"\d+-\d+\.c", path.name):
                found[str(path.relative_to(top / "conformance" / part).with_suffix(""))] = path
    return found


def symbol(name):
    return "test_" + re.sub(r"\W", "_", name)


def compile_one(top, objects, name, path):
    """An object whose only name to the outside is its main function's, or None."""
    out = objects / f"{symbol(name)}.o"
    # _POSIX_ASYNCHRONOUS_IO is 200809 by now: a later edition is no reason not to test.
    text = re.sub(r"(_POSIX_\w+|_SC_\w+\)) != 200112L", r"\1 < 200112L", path.read_text(errors="replace"))
    done = subprocess.run(["gcc", "-c", *FLAGS, "-I", str(top / "include"), "-I", str(path.parent), "-x", "c", "-o", str(out), "-"], input=text,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        return name, done.stderr.strip().splitlines()[0]
    subprocess.run(["objcopy", f"--redefine-sym=main={symbol(name)}", f"--keep-global-symbol={symbol(name)}", str(out)], check=True)
    return name, None


def defined(objects):
    """The names that objects define."""
    done = subprocess.run(["nm", "-A", "-g", "--defined-only", str(objects)] if objects.is_file() else
                          ["sh", "-c", 'nm -g --defined-only "$0"/*.o', str(objects)], capture_output=True, text=True, check=True)
    return set(re.findall(r" T (\w+)", done.stdout))


def build():
    """The directory with the program; names of the tests in it; those without, and why."""
    top = unpacked("posixtestsuite")
    key = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:16]
    into = OUT / f"posix-{key}"
    if not (into / "files" / "posix").exists():
        objects = into / "objects"
        objects.mkdir(parents=True, exist_ok=True)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            done = list(pool.map(lambda item: compile_one(top, objects, *item), sources(top).items()))
        have = defined(objects)
        names = [n for n, error in done if not error and symbol(n) in have]
        (into / "left-out").write_text("".join(f"{n}: {e or 'has no main function'}\n" for n, e in done if n not in names))
        link(into, objects, names)
        (into / "names").write_text("".join(f"{n}\n" for n in names))
    not_built = [line.split(": ", 1) for line in (into / "left-out").read_text().splitlines()]
    return into / "files", (into / "names").read_text().split(), [(name, f"does not build here: {why}") for name, why in not_built]


def asks(text):
    """The options that a test's source asks for, or what it says of itself."""
    options = sorted(set(re.findall(r"\b(_SC_[A-Z0-9_]+|_POSIX_(?!C_SOURCE|SOURCE)[A-Z0-9_]+)\b", text)))
    return "its source asks for " + ", ".join(options) if options else ""


def hints(names):
    """name -> what its source asks for."""
    if not names:
        return {}
    files = sources(unpacked("posixtestsuite"))
    found = {name: asks(files[name].read_text(errors="replace")) for name in names}
    return {name: hint for name, hint in found.items() if hint}


def link(into, objects, names):
    (into / "files").mkdir(exist_ok=True)
    declared = "".join(f"int {symbol(n)}(int, char **);\n" for n in names)
    (into / "main.c").write_text(MAIN % (declared, "".join(f'\t{{"{n}", {symbol(n)}}},\n' for n in names)))
    program = into / "files" / "posix.new"
    subprocess.run(["gcc", "-static", "-w", "-o", str(program), str(into / "main.c"), *[str(objects / f"{symbol(n)}.o") for n in names],
                    "-lpthread", "-lrt", "-lm", "-Wl,--no-warnings"], check=True, capture_output=True)
    program.rename(into / "files" / "posix")


def job(name, seconds):
    return Job(name, seconds, ["/t/posix", name])


def word(result):
    if result is None:
        return "no result"
    return WORDS.get(result.status) or ("timeout" if result.status == "timeout" else f"status {result.status}")
