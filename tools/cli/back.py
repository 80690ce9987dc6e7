# SPDX-License-Identifier: MIT
"""Brings what a program changed in a directory back from an ext2 image."""

import filecmp
import os
import shutil
import stat
import subprocess

from root.ext2 import tool


def _kind(path):
    return stat.S_IFMT(os.lstat(path).st_mode)


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _same(ours, theirs):
    if _kind(ours) != _kind(theirs):
        return False
    if os.path.islink(ours):
        return os.readlink(ours) == os.readlink(theirs)
    return stat.S_ISDIR(_kind(ours)) or filecmp.cmp(ours, theirs, shallow=False)


def merge(theirs, ours):
    """Make directory `ours` what `theirs` is.  Links are never followed."""
    for name in set(os.listdir(ours)) - set(os.listdir(theirs)):
        _remove(os.path.join(ours, name))
    for name in os.listdir(theirs):
        a, b = os.path.join(theirs, name), os.path.join(ours, name)
        if os.path.lexists(b) and not _same(b, a):
            _remove(b)
        if stat.S_ISDIR(_kind(a)):
            os.makedirs(b, exist_ok=True)
            merge(a, b)
        elif not os.path.lexists(b):
            if os.path.islink(a):
                os.symlink(os.readlink(a), b)
            else:
                shutil.copy2(a, b)


def bring(image, guest, host, scratch):
    """`guest` in the image becomes `host` here: a directory, or one file.  False: it is not there any more."""
    os.makedirs(scratch, exist_ok=True)
    subprocess.run([tool("debugfs"), "-R", f'rdump "{guest}" "{scratch}"', image], capture_output=True, check=False)
    found = os.path.join(scratch, os.path.basename(guest.rstrip("/")))
    if not os.path.lexists(found):
        return False
    if os.path.isdir(host):
        merge(found, host)
    else:
        shutil.copy2(found, host)
    return True
