# SPDX-License-Identifier: MIT
"""./tessera run: a Linux program of this machine, in a machine of its own."""

import argparse
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

from root.base import base
from root.elf import ElfError
from root.ext2 import tool
from root.tree import Tree, TreeError

from . import image
from .session import Session

STDIO_HELP = "t: the terminal, p: as it is here, n: nothing; one letter each for 0, 1, 2 (default: found out)"


class RunError(Exception):
    """Something the user can mend; the message says how."""


def add_arguments(parser):
    parser.add_argument("--dir", action="append", default=[], metavar="HOST:GUEST[:rw]",
                        help="put a directory or file in; :rw brings changes back")
    parser.add_argument("--env", action="append", default=[], metavar="NAME[=VALUE]", help="environment (NAME alone: as here)")
    parser.add_argument("--cwd", default="/root", help="working directory in the guest")
    parser.add_argument("--cpus", type=int, default=2, help="processors, 1 to 64")
    parser.add_argument("--mem", default="512M", help="memory, 64M to 64G")
    parser.add_argument("--procs", type=int, default=0, help="most processes and threads (default: by memory)")
    parser.add_argument("--disk", metavar="FILE", help="an ext2 image as the root directory, changed in place; the program is one on it")
    parser.add_argument("--timeout", type=float, default=0, metavar="SECONDS", help="end it after so long, with status 124")
    parser.add_argument("--trace", nargs="?", const="-", metavar="FILE", help="system calls, decoded, to standard error, or with --trace=FILE there")
    parser.add_argument("--stdio", metavar="XXX", help=STDIO_HELP)
    parser.add_argument("--machine", default="q35-iommu", choices=("q35-iommu", "microvm"), help="default: q35-iommu")
    parser.add_argument("--no-base", action="store_true", help="without busybox and /etc: only what the program needs")
    parser.add_argument("--dry-run", action="store_true", help="print the emulator's command line, and run nothing")
    parser.add_argument("--debug-kernel", action="store_true", help="a kernel that checks itself")
    parser.add_argument("--verbose", "-v", action="store_true", help="show the system's own console at the end")


def memory(text):
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:].upper(), 1)
    try:
        value = int(text[:-1] if unit > 1 else text) * unit
    except ValueError:
        raise RunError(f"--mem {text}: not an amount of memory (64M, 2G)") from None
    if not 64 << 20 <= value <= 64 << 30:
        raise RunError(f"--mem {text}: between 64M and 64G")
    return f"{value >> 20}M"


def find_program(name, tree):
    """Where the program is, here; or None if it is one of the base's."""
    if "/" in name:
        if os.path.isfile(name):
            return name
        if tree.has(name):
            return None
        raise RunError(f"{name}: no such file")
    path = shutil.which(name)
    if path:
        return path
    for directory in ("bin", "usr/bin", "sbin", "usr/sbin"):
        if tree.has(f"{directory}/{name}"):
            return None
    raise RunError(f"{name}: neither on this machine's PATH nor in the base system")


def check_program(path):
    if not os.access(path, os.R_OK):
        raise RunError(f"{path}: cannot be read")
    if not os.stat(path).st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
        raise RunError(f"{path}: not executable (chmod +x)")


def split_dir(text):
    host, _, rest = text.partition(":")
    guest, _, mode = rest.partition(":")
    if mode not in ("", "ro", "rw"):
        raise RunError(f"--dir {text}: HOST:GUEST or HOST:GUEST:rw")
    if not os.path.exists(host):
        raise RunError(f"--dir {text}: {host} does not exist")
    return host, (guest or os.path.abspath(host)), mode == "rw"


def environment(args):
    words = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
             "TERM": os.environ.get("TERM", "dumb"), "LANG": os.environ.get("LANG", "C.UTF-8")}
    for text in args.env:
        name, equals, value = text.partition("=")
        if not name:
            raise RunError(f"--env {text}: NAME=VALUE")
        if equals or name in os.environ:
            words[name] = value if equals else os.environ[name]
    return [f"{name}={value}" for name, value in words.items()]


def on_disk(image_path, name):
    """The path of a program in an ext2 image."""
    places = [name] if "/" in name else [f"/{d}/{name}" for d in ("usr/local/bin", "bin", "usr/bin", "sbin", "usr/sbin")]
    for place in places:
        # debugfs follows no links; whether it is a program, Tessera finds out, and what is wrong with a damaged disk.
        done = subprocess.run([tool("debugfs"), "-R", f'stat "{place}"', image_path], capture_output=True, text=True, check=False)
        if "Inode:" in done.stdout or "not open" in done.stderr:
            return place
    raise RunError(f"{name}: no such file in {image_path}")


def build_tree(args, program):
    if args.disk:
        if args.dir:
            raise RunError("--dir and --disk do not go together: the root directory is the disk's (tools/mkroot.py puts files on one)")
        image.check_disk(args.disk)
        return None, on_disk(args.disk, program)
    tree = Tree() if args.no_base else base()
    for text in args.dir:
        host, guest, _ = split_dir(text)
        tree.copy(host, guest)
    if not tree.has(args.cwd):
        tree.directory(args.cwd)
    where = find_program(program, tree)
    if where is None:
        return tree, program if "/" in program else next(
            f"/{d}/{program}" for d in ("bin", "usr/bin", "sbin", "usr/sbin") if tree.has(f"{d}/{program}"))
    check_program(where)
    name = os.path.abspath(where)
    tree.program(where, name)
    return tree, name


def stdio_of(args):
    if args.stdio:
        if len(args.stdio) != 3 or set(args.stdio) - set("tpn"):
            raise RunError(f"--stdio {args.stdio}: {STDIO_HELP}")
        return args.stdio
    return "".join("t" if os.isatty(fd) else "p" for fd in (0, 1, 2))


def exit_status(status):
    """What a shell would report."""
    return 128 + (status & 127) if status & 127 else status >> 8 & 255


def execute(args, program, arguments):
    """Runs it; returns the exit status for our caller."""
    if not 1 <= args.cpus <= 64:
        raise RunError(f"--cpus {args.cpus}: 1 to 64")
    args.mem = memory(args.mem)
    stdio = stdio_of(args)
    tree, name = build_tree(args, program)
    directory = tempfile.mkdtemp(prefix="tessera-run-")
    trace = None
    try:
        plan = image.Plan(args, tree, [name, *arguments], environment(args), stdio, directory)
        if args.dry_run:
            print(shlex.join(plan.command(os.path.join(directory, "link"))))
            return 0
        if args.trace:
            try:
                trace = sys.stderr.buffer if args.trace == "-" else open(args.trace, "wb")
            except OSError as error:
                raise RunError(f"--trace={args.trace}: {error.strerror}") from error

        def on_trace(line):
            trace.write(line + b"\n")
            trace.flush()

        session = Session(plan.command, directory, stdio, args.timeout, on_trace=on_trace if trace else None)
        status = session.run()
        console = open(os.path.join(directory, "console"), "rb").read()
        if args.verbose and console:
            sys.stderr.buffer.write(console)
        if status is None:
            return ended(session, console, args.verbose)
        plan.bring_back()
        return exit_status(status)
    finally:
        if trace and args.trace != "-":
            trace.close()
        shutil.rmtree(directory, ignore_errors=True)


def ended(session, console, shown):
    """The machine ended otherwise than by its first process."""
    if session.ended_by == "timeout":
        print("tessera: timeout", file=sys.stderr)
        return 124
    if not shown and console:
        sys.stderr.buffer.write(console[-4000:])
    print(f"tessera: {session.ended_by} (emulator's status {session.emulator_status})", file=sys.stderr)
    return 130 if "Ctrl-]" in (session.ended_by or "") else 125


def split_argv(parser, argv):
    """Our options, and the program with its arguments: everything from the first word that is no
    option, or from behind "--"."""
    takes = {o: a for a in parser._actions for o in a.option_strings}
    at = 0
    while at < len(argv) and argv[at].startswith("-") and argv[at] != "-":
        if argv[at] == "--":
            return argv[:at], argv[at + 1:]
        action = takes.get(argv[at])
        # --trace takes a value only after "=".
        at += 2 if action is not None and action.nargs is None else 1
    return argv[:at], argv[at:]


def main(argv):
    parser = argparse.ArgumentParser(prog="tessera run", description=__doc__, usage="tessera run [options] PROGRAM [ARGS...]")
    add_arguments(parser)
    options, words = split_argv(parser, argv)
    args = parser.parse_args(options)
    if not words:
        parser.error("which program? (./tessera run [options] PROGRAM [ARGS...])")
    try:
        return execute(args, words[0], words[1:])
    except (RunError, TreeError, ElfError, image.ImageError) as error:
        print(f"tessera: {error}", file=sys.stderr)
        return 126 if "not executable" in str(error) else 127 if "no such file" in str(error) else 125
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
