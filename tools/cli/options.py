# SPDX-License-Identifier: MIT
"""The options of ./tessera run: each value is checked before anything is built or made."""

import argparse
import collections
import math
import os

from .errors import TABLE

STDIO_HELP = "t: the terminal, p: as it is here, n: nothing, c: closed; one letter each for 0, 1, 2 (default: found out)"
OWN = ("/dev", "/proc", "/sys")     # what the system has there hides what would be put in
MOST_WORDS = 250                    # servers/linux/core/options.h

Dir = collections.namedtuple("Dir", "host guest back")


def bad(text):
    return argparse.ArgumentTypeError(text)


def whole(least, most):
    def convert(text):
        if not text.isdecimal() or not least <= int(text) <= most:
            raise bad(f"{text}: a number from {least} to {most}")
        return int(text)
    return convert


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e9:
        raise bad(f"{text}: a number of seconds, 0 for ever")
    return value


def amount(least, most, what):
    """In MiB; the limits too."""
    def convert(text):
        unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:].upper(), 1)
        number = text[:-1] if unit > 1 else text
        if not number.isdecimal():
            raise bad(f"{text}: an amount of {what}, as 64M or 2G")
        if not least << 20 <= int(number) * unit <= most << 20:
            raise bad(f"{text}: between {least}M and {most >> 10}G")
        return int(number) * unit >> 20
    return convert


def guest_path(text):
    if not text.startswith("/"):
        raise bad(f"{text}: a path within, beginning with /")
    return os.path.normpath("/" + text.lstrip("/"))


def directory(text):
    host, _, rest = text.partition(":")
    guest, _, mode = rest.partition(":")
    if guest in ("ro", "rw") and not mode:
        guest, mode = "", guest
    if not host or mode not in ("", "ro", "rw"):
        raise bad(f"{text}: HOST or HOST:GUEST, and perhaps :rw behind it")
    if not os.path.exists(host):
        raise bad(f"{host} does not exist")
    if not os.access(host, os.R_OK):
        raise bad(f"{host} cannot be read")
    guest = guest_path(guest or os.path.abspath(host))
    if any(guest == own or guest.startswith(own + "/") for own in OWN):
        raise bad(f"{text}: {guest} would be hidden by the system's own {guest[:guest.find('/', 1)] if guest.count('/') > 1 else guest}")
    if mode == "rw" and guest == "/":
        raise bad(f"{text}: not the whole root directory with :rw")
    return Dir(host, guest, mode == "rw")


def variable(text):
    if not text.partition("=")[0]:
        raise bad(f"{text}: NAME=VALUE, or NAME")
    return text


def stdio(text):
    if len(text) != 3 or set(text) - set("tpnc"):
        raise bad(f"{text}: three letters; {STDIO_HELP}")
    return text


class Help(argparse.RawDescriptionHelpFormatter):
    """An option whose value may be missing takes it after "=" only."""

    def _format_action_invocation(self, action):
        return f"{', '.join(action.option_strings)}[={action.metavar}]" if action.nargs == "?" else super()._format_action_invocation(action)


def parser():
    p = argparse.ArgumentParser(prog="tessera run", description="A Linux program of this machine, in a machine of its own.", epilog=TABLE,
                                usage="tessera run [options] PROGRAM [ARGS...]", formatter_class=Help, allow_abbrev=False)
    p.add_argument("--dir", action="append", default=[], type=directory, metavar="HOST[:GUEST][:rw]",
                   help="put a copy of a directory or file in, under the same name or as GUEST; the program may change it, and with :rw the changes come back at the end, however the program ends, else they are dropped")
    p.add_argument("--with", action="append", default=[], dest="others", metavar="PROGRAM", help="put in another program that PROGRAM starts, with what it needs")
    p.add_argument("--env", action="append", default=[], type=variable, metavar="NAME[=VALUE]", help="environment (NAME alone: as here)")
    p.add_argument("--cwd", type=guest_path, metavar="DIRECTORY", help="working directory within (default: /root)")
    p.add_argument("--cpus", type=whole(1, 64), default=2, metavar="N", help="processors, 1 to 64 (default: 2)")
    p.add_argument("--mem", type=amount(64, 64 << 10, "memory"), metavar="SIZE", help="memory, 64M to 64G (default: 512M, more if what is put in needs it)")
    p.add_argument("--procs", type=whole(1, 32768), metavar="N", help="most processes and threads (default: by memory)")
    p.add_argument("--disk", metavar="FILE", help="an ext2 image as the root directory, changed in place; the program is one on it")
    p.add_argument("--room", type=amount(16, 1 << 20, "disk"), default=8 << 10, metavar="SIZE",
                   help="with :rw, room on the disk for what the program writes (default: 8G; only what is written takes any here, in TMPDIR)")
    p.add_argument("--timeout", type=seconds, default=0, metavar="SECONDS", help="end it after so long, with status 124, as SIGKILL would: with :rw the changes until then come back")
    p.add_argument("--trace", nargs="?", const="-", metavar="FILE", help="system calls, decoded, to standard error, or with =FILE there")
    p.add_argument("--stdio", type=stdio, metavar="XXX", help=STDIO_HELP)
    p.add_argument("--machine", default="q35-iommu", choices=("q35-iommu", "microvm"), help="default: q35-iommu")
    p.add_argument("--no-base", action="store_true", help="without busybox and /etc: only what the program needs")
    p.add_argument("--dry-run", action="store_true", help="print the emulator's command line, and run nothing; the files that it names are made for a run, and go with it")
    p.add_argument("--debug-kernel", action="store_true", help="a kernel that checks itself")
    p.add_argument("--verbose", "-v", action="store_true", help="at the end, show the system's own console, and each call, and each flag or command of one, that a program asked for in vain")
    p.set_defaults(name=None)           # what the program is called by, if not by its path
    return p


def split(p, argv):
    """Our options, and the program with its arguments: everything from the first word that is no
    option, or from behind "--"."""
    takes = {o: a for a in p._actions for o in a.option_strings}
    at = 0
    while at < len(argv) and argv[at].startswith("-") and argv[at] != "-":
        if argv[at] == "--":
            return argv[:at], argv[at + 1:]
        action = takes.get(argv[at])
        # --trace takes a value only after "=".
        at += 2 if action is not None and action.nargs is None else 1
    return argv[:at], argv[at:]


def parse(argv):
    """The options, and the words of the program; an error ends it with status 2."""
    p = parser()
    options, words = split(p, argv)
    args = p.parse_args(options)
    if not words or not words[0]:
        p.error("which program? (./tessera run [options] PROGRAM [ARGS...])")
    if len(words) > MOST_WORDS:
        p.error(f"at most {MOST_WORDS} words for a program; a script put in by --dir can have more")
    if len(args.env) > MOST_WORDS - 10:
        p.error(f"at most {MOST_WORDS - 10} variables")
    if args.disk and (args.dir or args.others):
        p.error("--disk goes neither with --dir nor with --with: the root directory is the disk's (tools/mkroot.py puts files on one)")
    return args, words
