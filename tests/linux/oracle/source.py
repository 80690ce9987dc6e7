# SPDX-License-Identifier: MIT
"""Sources of Debian packages: fetched by apt from where this machine gets its packages, checked, unpacked below build/."""

import hashlib
import pathlib
import re
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
CACHE = ROOT / "build" / "sources"
LISTS = pathlib.Path("/etc/apt")

# name -> Debian's version, the file of the original sources, its SHA-256. Another revision by Debian of
# the same original sources will do: then the first is gone from the mirrors.
PINNED = {
    "posixtestsuite": ("1.5.2-8", "posixtestsuite_1.5.2.orig.tar.gz", "15a2185672127cba851d35ec9d538ff6148defdbb75f99c7e9c50aeba0f94757"),
    "busybox": ("1:1.35.0-4+deb12u1", "busybox_1.35.0.orig.tar.bz2", "faeeb244c35a348a334f4a59e44626ee870fb07b6884d68c10ae8bc19f83a694"),
}


class SourceError(Exception):
    """The sources cannot be had here; the message says why."""


def source_lists():
    """This machine's lists of Debian's (Ubuntu's) packages, with sources in place of binaries."""
    old, new = "", ""
    for path in [LISTS / "sources.list", *sorted((LISTS / "sources.list.d").glob("*"))]:
        if path.suffix == ".list" and path.is_file():
            for line in path.read_text().splitlines():
                if re.match(r"deb\s.*\S/(debian|ubuntu)", line):
                    old += "deb-src" + line[3:] + "\n"
        elif path.suffix == ".sources":
            for stanza in re.split(r"\n\s*\n", path.read_text()):
                if re.search(r"^URIs:.*/(debian|ubuntu)", stanza, re.MULTILINE):
                    new += re.sub(r"^Types:.*", "Types: deb-src", stanza.strip(), flags=re.MULTILINE) + "\n\n"
    return old, new


def apt(*words):
    """apt-get with lists of its own, so that the machine's stay as they are."""
    parts = CACHE / "apt"
    options = {"Dir::Etc::sourcelist": parts / "a.list", "Dir::Etc::sourceparts": parts / "parts", "Dir::State::Lists": parts / "lists",
               "Dir::Cache": parts / "cache", "APT::Sandbox::User": "root"}
    command = ["apt-get", "-qq", *[w for k, v in options.items() for w in ("-o", f"{k}={v}")], *words]
    return subprocess.run(command, cwd=CACHE, capture_output=True, text=True, timeout=600, check=False)


def download(name):
    """The original sources' file, checked, and Debian's own beside it."""
    version, archive, digest = PINNED[name]
    for directory in ("apt/lists/partial", "apt/cache/archives/partial", "apt/parts"):
        (CACHE / directory).mkdir(parents=True, exist_ok=True)
    old, new = source_lists()
    (CACHE / "apt/a.list").write_text(old)
    (CACHE / "apt/parts/a.sources").write_text(new)
    apt("update")
    done = apt("source", "--download-only", f"{name}={version}")
    if done.returncode:
        done = apt("source", "--download-only", name)
    if not (CACHE / archive).exists():
        raise SourceError(f"apt has no {archive}: {done.stderr.strip()[-300:]}")
    found = hashlib.sha256((CACHE / archive).read_bytes()).hexdigest()
    if found != digest:
        raise SourceError(f"{archive} is not the file that was expected: SHA-256 {found}")


def unpacked(name):
    """The directory of a package's sources, with Debian's own files in `debian`."""
    into = CACHE / name
    if into.exists():
        return into
    archive = CACHE / PINNED[name][1]
    download(name)
    fresh = CACHE / f"{name}.new"
    with tarfile.open(archive) as tar:
        top = tar.getnames()[0].split("/")[0]
        tar.extractall(fresh, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(fresh)
    for debian in sorted(CACHE.glob(f"{name}_*.debian.tar.*")):
        with tarfile.open(debian) as tar:
            tar.extractall(fresh / top)
    (fresh / top).rename(into)
    fresh.rmdir()
    return into
