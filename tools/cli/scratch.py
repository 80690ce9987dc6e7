# SPDX-License-Identifier: MIT
"""The directory of one run.  What a run that was killed left behind goes at the next start."""

import contextlib
import fcntl
import glob
import os
import shutil
import tempfile

PREFIX, OWNER = "tessera-run-", "owner"


def _owned(path):
    """Does somebody hold its lock?  One without is being made."""
    try:
        with open(os.path.join(path, OWNER), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def clean():
    for path in glob.glob(os.path.join(tempfile.gettempdir(), PREFIX + "*")):
        with contextlib.suppress(OSError):
            info = os.lstat(path)
            if info.st_uid == os.geteuid() and os.path.isdir(path) and not os.path.islink(path) and not _owned(path):
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
