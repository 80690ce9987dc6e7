# SPDX-License-Identifier: MIT
"""The directory of one run.  What a run that was killed left behind goes at the next start, but for the disk
that a program wrote to whose changes were to come back: that is kept, and told of."""

import contextlib
import fcntl
import glob
import os
import shutil
import sys
import tempfile

PREFIX, KEPT, OWNER, DISK, WANTED = "tessera-run-", "tessera-kept-", "owner", "disk.img", "wanted"


def _owned(path):
    """Does somebody hold its lock?  One without is being made."""
    try:
        with open(os.path.join(path, OWNER), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def want(path, what):
    """From now on there may be changes of `what` on the disk in the run's directory."""
    with open(os.path.join(path, WANTED), "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(what)


def keep(path):
    """The run's directory gets another name, and nothing stays in it but the disk, whose new place is returned.  That wants no room."""
    path = str(path)
    kept = os.path.join(os.path.dirname(path), KEPT + os.path.basename(path).removeprefix(PREFIX))
    for name in set(os.listdir(path)) - {DISK}:
        os.unlink(os.path.join(path, name))
    os.rename(path, kept)
    return os.path.join(kept, DISK)


def _tell(path):
    """Of changes that a run did not live to bring back."""
    with contextlib.suppress(OSError):
        with open(os.path.join(path, WANTED), encoding="utf-8", errors="surrogateescape") as file:
            what = file.read()
        os.lstat(os.path.join(path, DISK))
        print(f"tessera: a run that was killed did not bring back changes of {what}; the image that has them is {keep(path)}", file=sys.stderr)


def clean():
    for path in glob.glob(os.path.join(tempfile.gettempdir(), PREFIX + "*")):
        with contextlib.suppress(OSError):
            info = os.lstat(path)
            if info.st_uid == os.geteuid() and os.path.isdir(path) and not os.path.islink(path) and not _owned(path):
                _tell(path)
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def directory():
    clean()
    path = tempfile.mkdtemp(prefix=PREFIX)
    try:
        with open(os.path.join(path, OWNER + ".new"), "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.rename(lock.name, os.path.join(path, OWNER))
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
