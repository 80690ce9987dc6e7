# SPDX-License-Identifier: MIT
"""Installs the missing packages of packages.toml for one target, through apt, by name.

    deps.py run|iso|debug|bench|prove|test      install what is missing, saying so
    deps.py --list                  print the table
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# A target needs its own packages and those of the targets it includes.
INCLUDES = {"run": ["run"], "iso": ["run", "iso"], "debug": ["run", "debug"], "bench": ["run", "bench"],
            "prove": ["prove"], "test": ["run", "iso", "prove", "test"]}


def load(path=ROOT / "packages.toml"):
    with open(path, "rb") as f:
        return tomllib.load(f)["package"]


def wanted(packages, target):
    return [p for p in packages if set(p["for"]) & set(INCLUDES[target])]


def installed(names):
    """The subset of names that dpkg has installed."""
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {line.split()[0] for line in out.splitlines() if line.endswith(" installed")}


def missing(packages):
    have = installed([n for p in packages for n in p["names"]])
    return [p for p in packages if not have & set(p["names"])]


def candidates(names):
    """The names that the package lists can install, each with its version."""
    out = subprocess.run(["apt-cache", "policy", *names], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout
    found, name = {}, None
    for line in out.splitlines():
        if not line.startswith(" "):
            name = line.rstrip(":")
        elif "Candidate:" in line and "(none)" not in line:
            found[name] = line.split()[-1]
    return found


def goes_with(name, package, can):
    """Whether a name has the number of the compiler, say, that the package `follows`."""
    version = can.get(package.get("follows"), "")
    return not version or f"-{version.split(':')[-1].split('.')[0]}-" in name


def choose(packages):
    """One installable name for each package, and the packages that have none."""
    can = candidates([n for p in packages for n in (*p["names"], p.get("follows", "")) if n])
    chosen, unknown = [], []
    for p in packages:
        known = [n for n in p["names"] if n in can]
        name = next((n for n in known if goes_with(n, p, can)), known[0] if known else None)
        if name:
            chosen.append(name)
        else:
            unknown.append(p)
    return chosen, unknown


def root_prefix():
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo"]
    return None


def apt(prefix, *args):
    env = prefix + ["env", "DEBIAN_FRONTEND=noninteractive"]
    cmd = env + ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=600", *args]
    return subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def install(packages, target):
    prefix = root_prefix()
    titles = ", ".join(p["names"][0] for p in packages)
    print(f"deps: missing for `make {target}`: {titles}", flush=True)
    if prefix is None:
        sys.exit("deps: not root and no sudo; as root run:\n    apt-get install "
                 "--no-install-recommends " + " ".join(p["names"][0] for p in packages))
    chosen, unknown = choose(packages)
    if unknown:
        print("deps: apt-get update", flush=True)
        apt(prefix, "update")
        chosen, unknown = choose(packages)
    for p in unknown:
        names = " | ".join(p["names"])
        if not p.get("optional"):
            sys.exit(f"deps: no package list knows {names}")
        print(f"deps: no package list knows {names}; what needs it is skipped", flush=True)
    if not chosen:
        return
    print("deps: apt-get install " + " ".join(chosen), flush=True)
    args = ["install", "-y", "--no-install-recommends", *chosen]
    done = apt(prefix, *args)
    if done.returncode != 0:            # stale lists name files that the mirror no longer has
        print("deps: apt-get update, and once more", flush=True)
        apt(prefix, "update")
        done = apt(prefix, *args)
    if done.returncode != 0:
        sys.exit(done.stdout + "deps: apt-get failed; the packages above are needed")
    print("deps: installed", flush=True)


def main(argv):
    if argv == ["--list"]:
        for p in load():
            print(f"{' | '.join(p['names']):58} {'+'.join(p['for']):6} {p['purpose']}")
        return
    if len(argv) != 1 or argv[0] not in INCLUDES:
        sys.exit(__doc__)
    if not shutil.which("apt-get"):
        print("deps: no apt here; the packages of packages.toml are assumed to be present")
        return
    lacking = missing(wanted(load(), argv[0]))
    if lacking:
        install(lacking, argv[0])


if __name__ == "__main__":
    main(sys.argv[1:])
