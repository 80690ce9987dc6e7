#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same programs on this machine and on Tessera: output and exit status must agree.

Cases stand in tests/linux/cases/*.txt: "## name" begins one, a script for the shell of
Debian's busybox-static follows.  tests/linux/c/*.c are programs, each a case, linked statically
with musl and with glibc.  Both sides run in the same file tree, each case in an empty directory.

    tests/linux/compare.py [--only TEXT] [--host] [-v]
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from root.base import base  # noqa: E402

SECONDS = 20       # for each case
GROUP = 60         # cases in one boot
MARK = "@@tessera-case"
DRIVER = f"""#!/bin/sh
# Runs each case named and prints what it printed.
mkdir -p /w /out
for name; do
	mkdir -p /w/$name && cd /w/$name
	if [ -x /cases/$name ]; then
		setsid timeout -s KILL {SECONDS} /cases/$name >/out/o 2>&1 </dev/null
	else
		setsid timeout -s KILL {SECONDS} /bin/sh /cases/$name.sh >/out/o 2>&1 </dev/null
	fi
	status=$?
	echo "{MARK} $name $status $(wc -c </out/o)"
	cat /out/o
	echo
	chmod 755 . 2>/dev/null
	cd /; rm -rf /w/$name
done
"""


def scripts():
    """name -> text"""
    found = {}
    for path in sorted((ROOT / "tests/linux/cases").glob("*.txt")):
        name, lines = None, []
        for line in path.read_text().split("\n"):
            if line.startswith("## "):
                if name:
                    found[name] = "\n".join(lines) + "\n"
                name, lines = f"{path.stem}-{line[3:].strip()}", []
            elif name:
                lines.append(line)
        if name:
            found[name] = "\n".join(lines).rstrip("\n") + "\n"
    return found


def programs(into, only):
    """Compiles tests/linux/c/*.c; names of the programs, and errors."""
    names, errors = [], []
    for path in sorted((ROOT / "tests/linux/c").glob("*.c")):
        for libc, compiler in (("musl", "musl-gcc"), ("glibc", "gcc")):
            name = f"c-{path.stem}-{libc}"
            if only and only not in name:
                continue
            if not shutil.which(compiler):
                continue
            command = [compiler, "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-stringop-overflow", "-Wno-stringop-overread",
                       "-Wno-nonnull", "-Wno-unused-result", "-static", "-o", str(into / name), str(path), "-lpthread"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                errors.append(f"{name}: {done.stderr.strip()}")
            else:
                names.append(name)
    return names, errors


def parse(text):
    """What the driver printed: name -> (status, output)."""
    found = {}
    data = text.replace(b"\r\n", b"\n")
    for match in re.finditer(rb"^" + MARK.encode() + rb" (\S+) (\d+) (\d+)\n", data, re.MULTILINE):
        name, status, size = match[1].decode(), int(match[2]), int(match[3])
        found[name] = (status, data[match.end():match.end() + size])
    return found


def on_host(tree, names, cases):
    """In a file tree of its own, with /proc and /dev."""
    with tempfile.TemporaryDirectory(prefix="tessera-compare-") as top:
        tree.write(top)
        shutil.copytree(cases, os.path.join(top, "cases"))
        script = ("mount -t proc proc $0/proc && mount --rbind /dev $0/dev && mount -t tmpfs tmpfs $0/tmp && chmod 1777 $0/tmp && "
                  "exec chroot $0 /usr/bin/env -i PATH=/bin:/usr/bin:/sbin:/usr/sbin HOME=/root /bin/sh /cases/driver " + " ".join(names))
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "sh", "-c", script, top], capture_output=True, check=False,
                              timeout=len(names) * SECONDS)
        if done.returncode != 0 and MARK.encode() not in done.stdout:
            sys.exit(f"compare: the host side does not run: {done.stderr.decode().strip()}")
        return parse(done.stdout)


def on_tessera(names, cases, arguments):
    """One boot: what each case printed, and what was said on standard error."""
    command = [str(ROOT / "tessera"), "run", f"--timeout={60 + 10 * len(names)}", "--mem=512M", f"--cpus={2 if names[0].startswith('c-') else 1}", "--cwd=/root", *arguments,
               "--env=PATH=/bin:/usr/bin:/sbin:/usr/sbin", f"--dir={cases}:/cases", "/bin/busybox", "sh", "/cases/driver", *names]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return parse(done.stdout), done.stderr.decode(errors="replace")


def run_part(part, cases, arguments):
    """All cases of a part: a boot that ends early costs the case it ended in, not those after it."""
    found, said = {}, ""
    while part:
        guest, said = on_tessera(part, cases, arguments)
        found.update(guest)
        part = part[len([n for n in part if n in guest]) + 1:]
    return found, said


def show(name, host, guest):
    """Why a case failed, as lines of TAP."""
    if guest is None:
        print("# did not end on Tessera")
        return
    if host[0] != guest[0]:
        print(f"# status {guest[0]}, on Linux {host[0]}")
    ours, theirs = guest[1].split(b"\n"), host[1].split(b"\n")
    for i in range(max(len(ours), len(theirs))):
        a = theirs[i] if i < len(theirs) else b"(nothing)"
        b = ours[i] if i < len(ours) else b"(nothing)"
        if a != b:
            print(f"# line {i + 1}: {b.decode(errors='replace')[:150]!r}\n# on Linux: {a.decode(errors='replace')[:150]!r}")
            break
    print(f"# alone: tests/linux/compare.py --only {name}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--host", action="store_true", help="print what this machine does, and no more")
    parser.add_argument("-v", "--verbose", action="store_true", help="what the last boot printed to standard error")
    parser.add_argument("arguments", nargs="*", help="options for ./tessera run")
    args = parser.parse_args()
    os.chdir(ROOT)
    passed, failed = 0, 0

    def tap(good, name):
        nonlocal passed, failed
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok' if good else 'not ok'} {passed + failed} {name}", flush=True)

    with tempfile.TemporaryDirectory(prefix="tessera-cases-") as directory:
        cases = pathlib.Path(directory) / "cases"
        cases.mkdir()
        names = []
        for name, text in scripts().items():
            if args.only in name:
                (cases / f"{name}.sh").write_text(text)
                names.append(name)
        (cases / "driver").write_text(DRIVER)
        built, errors = programs(cases, args.only)
        for error in errors:
            tap(False, error.split(":")[0])
            print("# " + error.replace("\n", "\n# "))
        names += built
        host = on_host(base(), names, cases)
        if args.host:
            for name in names:
                print(f"--- {name}: {host.get(name, ('none', b''))[0]}\n{host.get(name, (0, b''))[1].decode(errors='replace')}", end="")
            return 0
        # Programs get two processors; scripts one, so that two boots do not wait for each other's.
        kinds = [[n for n in names if n.startswith("c-")], [n for n in names if not n.startswith("c-")]]
        parts = [kind[at:at + GROUP] for kind in kinds for at in range(0, len(kind), GROUP)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for part, (guest, errors_) in zip(parts, pool.map(lambda p: run_part(p, cases, args.arguments), parts)):
                for name in part:
                    good = name in guest and name in host and guest[name] == host[name]
                    tap(good, name)
                    if not good:
                        show(name, host.get(name, (-1, b"")), guest.get(name))
                if errors_ and (args.verbose or len(guest) < len(part)):
                    print("# " + errors_[-3000:].replace("\n", "\n# "))
    print(f"1..{passed + failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
