# SPDX-License-Identifier: MIT
"""A file tree of installed Debian packages: programs as Debian links them, with all they load."""

import os
import re
import stat
import subprocess

from root.tree import Tree

WANTED = ("coreutils", "findutils", "grep", "sed", "mawk", "tar", "gzip", "diffutils", "bash", "dash", "perl", "python3", "sqlite3", "lua5.4",
          "gcc", "libc6-dev", "make", "git")
LEFT_OUT = re.compile(r"/usr/share/(doc|man|info|locale|lintian|bash-completion|i18n|bug|doc-base|menu|debconf|zsh|pixmaps|icons|applications|base-files)/|"
                      r"/usr/lib/gcc/.*/(lto1|cc1plus|lto-wrapper|gcc-ranlib|.*san\w*\.\w+)$|/usr/lib/.*/(lib[at]san|libubsan|liblsan|libgprofng)|"
                      r"/usr/lib/.*/(libperl|libc|libm\S*|libitm|libgomp|libquadmath|libpython\S*|libBrokenLocale|libresolv)\.a$|\.pod$|"
                      r"/usr/lib/.*/gconv/|/boot/|/usr/lib/python3/dist-packages/")
# What postinst scripts and the alternatives system make.
LINKS = {"usr/bin/awk": "mawk", "usr/bin/cc": "gcc", "usr/bin/python": "python3"}
PASSWD = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
GROUP = "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"


def _installed():
    """name -> list of alternatives it needs, and what provides what."""
    form = "${Package}\t${db:Status-Status}\t${Pre-Depends}, ${Depends}\t${Provides}\n"
    out = subprocess.run(["dpkg-query", "-W", f"-f={form}"], capture_output=True, text=True, check=True).stdout
    needs, provided = {}, {}

    def name(text):
        return re.sub(r"[ (:].*", "", text.strip())

    for line in out.splitlines():
        package, status, depends, provides = line.split("\t")
        if status == "installed":
            needs[package] = [[name(a) for a in part.split("|")] for part in depends.split(",") if part.strip()]
            for other in filter(None, map(name, provides.split(","))):
                provided.setdefault(other, package)
    return needs, provided


def closure(wanted):
    """These packages and what they need; those that are not installed, by themselves."""
    needs, provided = _installed()
    missing = [p for p in wanted if p not in needs]
    seen, queue = set(), [p for p in wanted if p in needs]
    while queue:
        package = queue.pop()
        if package in seen:
            continue
        seen.add(package)
        for alternatives in needs[package]:
            there = [provided.get(a, a) if a not in needs else a for a in alternatives]
            queue += [a for a in there if a in needs][:1]
    return sorted(seen), missing


def _files(packages):
    for package in packages:
        out = subprocess.run(["dpkg-query", "-L", package], capture_output=True, text=True, check=True).stdout
        yield from (line for line in out.splitlines() if line.startswith("/") and line != "/.")


def tree(wanted=WANTED):
    """The tree, and the packages that it lacks."""
    packages, missing = closure(wanted)
    made = Tree()
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "root", "home", "var/tmp", "run", "dev", "proc", "sys", "mnt", "w", "cases"):
        made.directory(name)
    made.directory("tmp", 0o1777)
    for name in ("bin", "sbin", "lib", "lib64"):
        made.link(name, f"usr/{name}")
    for path in _files(packages):
        if LEFT_OUT.search(path) or not os.path.lexists(path) or path.lstrip("/") in ("bin", "sbin", "lib", "lib64"):
            continue
        if stat.S_ISDIR(os.lstat(path).st_mode) and made.has(path):
            continue
        made.file(path, path)
    for name, target in LINKS.items():
        made.link(name, target)
    made.text("etc/passwd", PASSWD)
    made.text("etc/group", GROUP)
    made.text("etc/hostname", "tessera\n")
    made.text("etc/hosts", "127.0.0.1 localhost\n")
    made.text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
    made.text("etc/ld.so.conf", "/usr/lib/x86_64-linux-gnu\n")
    return made, missing
