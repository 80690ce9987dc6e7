#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the file tree of a Linux system: a cpio archive, or an ext2 image.

    tools/mkroot.py -o build/root/base.cpio [--program FILE]... [--dir HOST:GUEST]... [--package NAME]...
    tools/mkroot.py -o build/root/disk.img --ext2 --size 64M ...
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from root import cpio, ext2  # noqa: E402
from root.base import base, package  # noqa: E402
from root.elf import ElfError  # noqa: E402
from root.tree import Tree, TreeError  # noqa: E402


def size(text):
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:].upper(), 1)
    return int(text[:-1] if unit > 1 else text) * unit


def build(args):
    tree = Tree() if args.empty else base()
    for name in args.package:
        tree.copy(package(name), "")
    for program in args.program:
        source, _, name = program.partition(":")
        tree.program(source, name or None)
    for pair in args.dir:
        source, _, name = pair.partition(":")
        tree.copy(source, name or source)
    return tree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--empty", action="store_true", help="without busybox and /etc")
    parser.add_argument("--package", action="append", default=[], help="contents of a Debian package")
    parser.add_argument("--program", action="append", default=[], metavar="FILE[:NAME]", help="with its libraries")
    parser.add_argument("--dir", action="append", default=[], metavar="HOST:GUEST", help="a directory or file")
    parser.add_argument("--ext2", action="store_true", help="an ext2 image with a journal")
    parser.add_argument("--size", type=size, default=0, help="of the image (default: what is needed and half again)")
    args = parser.parse_args()
    try:
        tree = build(args)
        os.makedirs(os.path.dirname(os.path.abspath(args.output)), exist_ok=True)
        if args.ext2:
            ext2.image(tree, args.output, args.size)
        else:
            with open(args.output + ".new", "wb") as file:
                file.write(cpio.pack(tree))
            os.rename(args.output + ".new", args.output)
    except ext2.TooSmallError as error:
        sys.exit(f"mkroot: {error}; --size wants to be larger")
    except (TreeError, ElfError, OSError) as error:
        sys.exit(f"mkroot: {error}")


if __name__ == "__main__":
    main()
