# SPDX-License-Identifier: MIT
"""The base of every tree: Debian's busybox-static with its applets, and a few files of /etc."""

import fcntl
import glob
import os
import shutil
import subprocess
import sys

from .tree import Tree, TreeError

CACHE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "debs")

PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUP = "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"
PROFILE = "export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PS1='\\w \\$ '\n"


def package(name, cache=CACHE):
    """The directory with the contents of a Debian package, downloaded (checked by apt) and unpacked once, whoever else asks for it."""
    into = os.path.join(cache, name)
    if os.path.isdir(into):
        return into
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(cache, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(into):
            fetch(name, cache, into)
    return into


def fetch(name, cache, into):
    print(f"tessera: fetching Debian package {name}", file=sys.stderr, flush=True)
    for attempt in (["true"], ["apt-get", "update", "-qq"]):
        subprocess.run(attempt, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done = subprocess.run(["apt-get", "download", "-qq", name], cwd=cache, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
    else:
        raise TreeError(f"package {name}: apt-get download failed: {done.stderr.strip()}")
    deb = max(glob.glob(os.path.join(cache, f"{name}_*.deb")), key=os.path.getmtime)
    shutil.rmtree(into + ".new", ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", deb, into + ".new"], check=True)
    os.rename(into + ".new", into)


def busybox_static():
    """Debian's busybox, which is in /usr/bin from Debian 13 on."""
    top = package("busybox-static")
    places = [os.path.join(top, place) for place in ("bin/busybox", "usr/bin/busybox")]
    return next((place for place in places if os.path.exists(place)), places[0])


def base(busybox=None):
    """A tree with busybox and what programs expect of a root directory."""
    tree = Tree()
    busybox = busybox or busybox_static()
    for name in ("bin", "sbin", "usr/bin", "usr/sbin", "usr/lib", "lib", "lib64", "etc", "root", "home", "var/tmp", "var/log",
                 "var/run", "run", "dev", "proc", "sys", "mnt"):
        tree.directory(name)
    tree.directory("tmp", 0o1777)
    tree.directory("root", 0o700)
    tree.file("bin/busybox", busybox)
    applets = subprocess.run([busybox, "--list-full"], capture_output=True, text=True, check=True).stdout.split()
    for applet in applets:
        if not tree.has(applet):
            tree.link(applet, "/bin/busybox")
    tree.text("etc/passwd", PASSWD)
    tree.text("etc/group", GROUP)
    tree.text("etc/profile", PROFILE)
    tree.text("etc/hosts", "127.0.0.1 localhost\n")
    tree.text("etc/hostname", "tessera\n")
    tree.text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    return tree
