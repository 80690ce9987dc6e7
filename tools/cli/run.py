# SPDX-License-Identifier: MIT
"""./tessera run: a Linux program of this machine, in a machine of its own."""

import errno
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile

import emu
from root import ldcache, runtime
from root.base import base
from root.elf import ElfError, MissingError
from root.ext2 import tool
from root.tree import NoInterpreterError, Tree, TreeError

from . import back, image, options, scratch
from .errors import FAILED, LEFT, NOT_EXECUTABLE, NOT_FOUND, SIGNAL, TIMEOUT, USAGE, RunError
from .session import Session

PLACES = ("usr/local/bin", "bin", "usr/bin", "sbin", "usr/sbin")
HOME = "/root"
LOCALE = "/usr/lib/locale/C.utf8"
TERMINFO = ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo")


def check_node(tree, name):
    if stat.S_ISDIR(tree.nodes[tree.place(name)].mode):
        raise RunError(f"{name}: a directory, not a program", NOT_EXECUTABLE)


def find_program(name, tree):
    """Where the program is: (here, within); here None: it is one of the tree's."""
    if "/" in name or name in (".", ".."):
        if os.path.isfile(name):
            return name, os.path.abspath(name)
        if tree.has(name) and not (os.path.lexists(name) and not os.path.isdir(name)):
            check_node(tree, name)
            return None, name
        if os.path.isdir(name):
            raise RunError(f"{name}: a directory, not a program", NOT_EXECUTABLE)
        if os.path.exists(name):
            raise RunError(f"{name}: neither a file nor a link to one", NOT_EXECUTABLE)
        raise RunError(f"{name}: no such file", NOT_FOUND)
    path = runtime.which(name)
    if path:
        return path, os.path.abspath(path)
    for directory in PLACES:
        if tree.has(f"{directory}/{name}"):
            return None, f"/{directory}/{name}"
    here = f"; the one in this directory is ./{name}" if os.path.isfile(name) else ""
    raise RunError(f"{name}: neither on this machine's PATH nor in what is put in{here}", NOT_FOUND)


def check_program(path):
    if not os.access(path, os.R_OK):
        raise RunError(f"{path}: cannot be read", NOT_EXECUTABLE)
    if not os.stat(path).st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
        raise RunError(f"{path}: not executable (chmod +x)", NOT_EXECUTABLE)
    with open(path, "rb") as file:
        start = file.read(256)
    if not start:
        raise RunError(f"{path}: an empty file, not a program", NOT_EXECUTABLE)
    # What a shell would take for a script of its own, which execve refuses.
    if not start.startswith((b"#!", b"\x7fELF")) and b"\0" not in start:
        raise RunError(f"{path}: a text whose first line names no interpreter; for a script of the shell it would be #!/bin/sh", NOT_EXECUTABLE)


def put_program(tree, here, within):
    """With what it needs to start, and, if it is an interpreter that is known, to run."""
    check_program(here)
    try:
        runtime.put_in(tree, tree.program(here, within))
    except (MissingError, NoInterpreterError) as error:
        raise RunError(str(error), NOT_FOUND) from error
    except (ElfError, TreeError) as error:
        raise RunError(str(error), NOT_EXECUTABLE) from error


def put_terminal(tree, env):
    """What programs ask of the terminal that they run in, or of none."""
    names = {"dumb", *(word.partition("=")[2] for word in env if word.startswith("TERM="))}
    for directory in TERMINFO:
        for name in sorted(names):
            path = f"{directory}/{name[:1]}/{name}"
            if name and "/" not in name and os.path.isfile(path) and not tree.has(path):
                tree.file(path, os.path.realpath(path))


def put_locale(tree):
    """What LANG names, for the C library of programs that ask for it."""
    if os.path.isdir(LOCALE) and not tree.has(LOCALE):
        tree.copy(LOCALE, LOCALE)


def environment(args):
    # Other locales are in files that are not put in.
    words = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": HOME,
             "TERM": os.environ.get("TERM", "dumb"), "LANG": os.environ["LANG"] if os.environ.get("LANG") in ("C", "POSIX") else "C.UTF-8"}
    for text in args.env:
        name, equals, value = text.partition("=")
        if equals or name in os.environ:
            words[name] = value if equals else os.environ[name]
    return [f"{name}={value}" for name, value in words.items()]


def stat_on_disk(image_path, name):
    """What debugfs says of it, which follows no links; or "" ."""
    done = subprocess.run([tool("debugfs"), "-R", f'stat "{name}"', image_path], capture_output=True, text=True, check=False)
    # A damaged disk is not for us to judge.
    return done.stdout if "Inode:" in done.stdout else "?" if "not open" in done.stderr else ""


def on_disk(image_path, name):
    """The path of a program in an ext2 image."""
    for place in [name] if "/" in name else [f"/{d}/{name}" for d in PLACES]:
        found = stat_on_disk(image_path, place)
        if "Type: directory" in found:
            raise RunError(f"{name}: a directory in {image_path}, not a program", NOT_EXECUTABLE)
        if found:
            return place
    raise RunError(f"{name}: no such file in {image_path}", NOT_FOUND)


def disk_program(args, program):
    image.check_disk(args.disk)
    if args.cwd and not any(kind in stat_on_disk(args.disk, args.cwd) for kind in ("Type: directory", "Type: symlink", "?")):
        raise RunError(f"--cwd {args.cwd}: no such directory in {args.disk}", USAGE)
    return on_disk(args.disk, program)


def build_tree(args, program):
    """The file tree and where the program is in it."""
    tree = Tree() if args.no_base else base()
    tree.directory(HOME, 0o700)
    try:
        for d in args.dir:
            tree.copy(os.path.realpath(d.host), d.guest, owner=back.owner_within if d.back else None)
    except TreeError as error:
        raise RunError(f"--dir: {error}", USAGE) from error
    try:
        here, within = find_program(program, tree)
    except RunError as error:
        if args.trace == "-":
            raise RunError(f"{error} (a file for the trace is said with =, --trace={program})", error.status) from None
        raise
    if here is not None:
        put_program(tree, here, within)
    for other in args.others:
        here, place = find_program(other, tree)
        if here is not None:
            put_program(tree, here, place)
    if not args.no_base:
        put_terminal(tree, environment(args))
        put_locale(tree)
    ldcache.add(tree)
    if args.cwd and (not tree.has(args.cwd) or stat.S_ISREG(tree.nodes[tree.place(args.cwd)].mode)):
        raise RunError(f"--cwd {args.cwd}: no such directory within (--dir puts one in)", USAGE)
    return tree, within


def stdio_of(args, closed):
    """A letter for each of 0, 1, 2.  The null device is one within, too: no bytes need go there."""
    null = os.stat(os.devnull).st_rdev
    return args.stdio or "".join("c" if fd in closed else "t" if os.isatty(fd) else "n" if os.fstat(fd).st_rdev == null else "p" for fd in (0, 1, 2))


def exit_status(status):
    """What a shell would report."""
    return SIGNAL + (status & 127) if status & 127 else status >> 8 & 255


def open_trace(args):
    """A descriptor for the trace, or None."""
    if args.trace is None:
        return None
    try:
        return os.dup(2) if args.trace == "-" else os.open(args.trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    except OSError as error:
        raise RunError(f"--trace={args.trace}: {error.strerror}", USAGE) from error


def boot(plan, directory, args, stdio):
    """Until it ends; the exit status for our caller."""
    if shutil.which(emu.QEMU) is None:
        raise RunError(f"{emu.QEMU}, the emulator, is not on the PATH: apt-get install qemu-system-x86")
    trace = open_trace(args)
    if plan.back:
        scratch.want(directory, ", ".join(host for host, _ in plan.back))
    session = Session(plan.command, directory, stdio, args.timeout, trace=trace, keeps=plan.disk is not None)
    try:
        status = session.run()
    finally:
        if trace is not None:
            os.close(trace)
    with open(os.path.join(directory, "console"), "rb") as file:
        console = file.read()
    if args.verbose:
        sys.stderr.buffer.write(console + b"".join(b"tessera: " + line + b"\n" for line in session.missing))
    if status is None:
        return ended(session, console, args, plan)
    plan.bring_back()
    if session.lost:
        print(f"tessera: {session.lost}; what came after that is lost", file=sys.stderr)
    return exit_status(status) or (FAILED if session.lost else 0)


def ended(session, console, args, plan):
    """The machine ended otherwise than by its first process.  Changes come back as if that had been killed; not from a machine that failed."""
    if session.ended_by == "signal":
        return SIGNAL + session.signal
    if session.ended_by in ("timeout", "left"):
        print("tessera: " + (f"ended after {args.timeout:g} s (--timeout)" if session.ended_by == "timeout" else "left by Ctrl-]"), file=sys.stderr)
        if session.up:
            plan.bring_back()
        return TIMEOUT if session.ended_by == "timeout" else LEFT
    if not args.verbose and console:
        sys.stderr.buffer.write(console[-4000:])
    print(f"tessera: {session.ended_by} (emulator's status {session.emulator_status})", file=sys.stderr)
    if plan.back and session.up:
        print(f"tessera: {', '.join(host for host, _ in plan.back)} stays as it was; the image with the program's changes is {plan.keep()}", file=sys.stderr)
    return FAILED


def execute(args, program, arguments, closed=()):
    """Runs it; returns the exit status for our caller.  `closed`: streams that we were not given."""
    stdio = stdio_of(args, closed)
    tree, name = (None, disk_program(args, program)) if args.disk else build_tree(args, program)
    # As a shell would call it; by a path only if that leads to it within, too.
    args.name = program if "/" not in program else None
    args.cwd = args.cwd or HOME
    with scratch.directory() as directory:
        plan = image.Plan(args, tree, [name, *arguments], environment(args), stdio, directory)
        if args.dry_run:
            print(shlex.join(plan.command(os.path.join(directory, "link"))))
            return 0
        return boot(plan, directory, args, stdio)


def open_streams():
    """Which are closed.  We have empty ones then; else files of our own would take their places."""
    closed = []
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
            closed.append(fd)
    sys.stderr = sys.stderr or open(2, "w", closefd=False)
    return closed


def main(argv):
    closed = open_streams()
    args, words = options.parse(argv)
    try:
        return execute(args, words[0], words[1:], closed)
    except (RunError, TreeError) as error:
        print(f"tessera: {error}", file=sys.stderr)
        return getattr(error, "status", FAILED)
    except OSError as error:
        where = f"; what is booted is made in {tempfile.gettempdir()}, and TMPDIR names another place" if error.errno == errno.ENOSPC else ""
        print(f"tessera: {error}{where}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return LEFT
