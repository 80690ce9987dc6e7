#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--dir ...:rw: a script does the same to a directory here and on Tessera, which must be the same then.

    run.py [--quick]     TAP; status 0 if all is well; without --quick a file of 1 GiB comes back too
"""

import argparse
import os
import pathlib
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))
from root import ext2  # noqa: E402

GIB, BIG = 1 << 30, 200 << 20
TIME = 981173106789000000       # 2001, and part of a second
# What makes neither files nor times that depend on when it runs is compared as it is.
SCRIPT = """
rm b; mv sub sub2; mkdir new; echo new > new/f; chmod 600 new/f; ln new/f new/g; ln -s f new/s
echo appended >> linked; rmdir sub2/deep; chmod 711 private; mv old older; truncate -s 100 sparse; mkfifo new/fifo
rm link; ln -s b link; touch -d '2002-02-02 02:02:02' private/x; mkdir 'a "b"'; : > 'a "b"/z'; chmod 2775 new; chmod 640 mode
touch -d '2003-03-03 03:03:03' time; echo other > same-time; touch -d '2001-02-03 04:05:06' same-time; ln mode mode2; rm fifo2
chown 7:8 owner; echo written >> set-id2; echo program > new/set-id; chmod 4755 new/set-id
"""
DROPPED = ("new/set-id", "set-id2")     # their bits are not brought back


def write(path, text, mode=0o644):
    path.write_text(text)
    path.chmod(mode)


def fill(top):
    for name in ("sub/deep", "private", "empty"):
        (top / name).mkdir(parents=True)
    for name in ("b", "old", "linked", "private/x", "mode", "time", "same-time", "owner", "untouched"):
        write(top / name, name[:1])
    write(top / "set-id", "set", 0o4755)
    write(top / "set-id2", "set", 0o6755)
    os.link(top / "linked", top / "linked2")
    os.link(top / "untouched", top / "sub" / "untouched2")
    os.symlink("b", top / "link")
    os.mkfifo(top / "fifo")
    os.mkfifo(top / "fifo2")
    with open(top / "sparse", "wb") as file:
        file.truncate(50000001)
    if os.geteuid() == 0:
        os.chown(top / "untouched", 1234, 5678)
    for at, names, files in os.walk(top):
        for name in names + files:
            os.utime(os.path.join(at, name), ns=(TIME, TIME), follow_symlinks=False)
    os.utime(top, ns=(TIME, TIME))


def listing(top):
    """Path -> all that a user sees of it; times only if they are old."""
    out, inodes = {}, {}
    for at, names, files in os.walk(top):
        for name in [".", *names, *files] if at == str(top) else names + files:
            path = os.path.normpath(os.path.join(at, name))
            info, rel = os.lstat(path), os.path.relpath(path, top)
            kind, mode = stat.S_IFMT(info.st_mode), stat.S_IMODE(info.st_mode)
            what = os.readlink(path) if kind == stat.S_IFLNK else pathlib.Path(path).read_bytes() if kind == stat.S_IFREG else None
            inodes.setdefault(info.st_ino, []).append(rel)
            out[rel] = [oct(kind), oct(mode & ~0o6000 if rel in DROPPED else mode), info.st_uid, info.st_gid,
                        info.st_nlink if kind != stat.S_IFDIR else 0, info.st_mtime_ns if info.st_mtime < 1.1e9 else "now", what]
    return out, sorted(sorted(names) for names in inodes.values() if len(names) > 1)


def tessera(directory, script, *options):
    return subprocess.run([str(ROOT / "tessera"), "run", "--timeout=300", "--cwd=/data", f"--dir={directory}:/data:rw", *options, "/bin/busybox", "sh", "-ec", script],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def changes(top):
    """None, or what is not as it would be here."""
    here, there = top / "here", top / "there"
    for directory in (here, there):
        directory.mkdir()
        fill(directory)
    kept = os.lstat(there / "set-id")
    subprocess.run(["sh", "-ec", SCRIPT if os.geteuid() == 0 else SCRIPT.replace("chown", ": chown")], cwd=here, check=True)
    done = tessera(there, SCRIPT if os.geteuid() == 0 else SCRIPT.replace("chown", ": chown"))
    if done.returncode:
        return done.stderr
    now = os.lstat(there / "set-id")
    if (now.st_ino, now.st_mode, now.st_mtime_ns, now.st_ctime_ns) != (kept.st_ino, kept.st_mode, kept.st_mtime_ns, kept.st_ctime_ns):
        return "a file that nobody touched is another"
    if any(os.lstat(there / name).st_mode & 0o6000 for name in DROPPED):
        return "bits of set-user-ID came back"
    (a, same_a), (b, same_b) = listing(here), listing(there)
    bad = [f"{name}: {b.get(name)}, here {a.get(name)}" for name in sorted(a.keys() | b.keys()) if a.get(name) != b.get(name)]
    return "\n".join(bad + ([f"{same_b}, here {same_a}"] if same_a != same_b else [])) or None


def room(top, size):
    done = tessera(top, f"yes 0123456 | dd of=big bs=1M iflag=fullblock count={size >> 20}")
    path = top / "big"
    if done.returncode or not path.exists() or path.stat().st_size != size:
        return done.stderr
    with path.open("rb") as file:
        good = all(data == b"0123456\n" * (len(data) // 8) for data in iter(lambda: file.read(1 << 20), b""))
    return None if good else "other contents"


def no_room(top):
    """The program is told, and what it could write comes back."""
    done = tessera(top, "echo first > first; ! yes > big; : > big; echo second > second", "--room=16M")
    names = sorted(path.name for path in top.iterdir())
    return None if done.returncode == 0 and names == ["big", "first", "second"] else f"{names} {done.returncode} {done.stderr}"


# It does not end by itself, nor by what it can hear; `kept` is nowhere but in memory when it is ready, unless it is synced.
ENDLESS = "trap '' TERM INT HUP; echo new > made; rm old; echo more >> kept; SYNC; echo ready; while :; do sleep 1; done"
BEFORE, AFTER = {"old": "old\n", "kept": "kept\n"}, {"made": "new\n", "kept": "kept\nmore\n"}


class Endless:
    """A run of that script, with a directory of its own and a place for what Tessera makes."""

    def __init__(self, top, *options, sync="sync", **streams):
        self.dir, self.tmp = top / "dir", top / "tmp"
        for directory in (self.dir, self.tmp):
            directory.mkdir()
        for name, text in BEFORE.items():
            write(self.dir / name, text)
        self.environment = {**os.environ, "TMPDIR": str(self.tmp)}
        self.process = subprocess.Popen([str(ROOT / "tessera"), "run", "--timeout=60", *options, "--cwd=/data", f"--dir={self.dir}:/data:rw", "/bin/busybox", "sh",
                                         "-ec", ENDLESS.replace("SYNC", sync)], stderr=subprocess.PIPE, env=self.environment,
                                        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **streams})

    def ready(self):
        self.process.stdout.readline()

    def emulator(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])

    def wrong(self, status, files, said, err=None):
        """None, or what is not as it should be after it."""
        err = (self.process.communicate(timeout=100)[1] if err is None else err).decode()
        found = {path.name: path.read_text() for path in self.dir.iterdir()}
        return None if (self.process.returncode, found) == (status, files) and said in err else f"status {self.process.returncode}, {found}, {err}"

    def kept(self, err):
        """None, or why the image that is told of does not have the changes."""
        image = re.search(rf"{self.tmp}/\S+/disk.img", err)
        if not image:
            return err
        subprocess.run([ext2.tool("e2fsck"), "-fp", image[0]], capture_output=True, check=False)
        text = subprocess.run([ext2.tool("debugfs"), "-R", "cat /data/kept", image[0]], capture_output=True, text=True, check=False).stdout
        return None if text == AFTER["kept"] else f"in {image[0]}: {text}"


def timeout(top):
    """As if the program had been killed then: it is, and what it wrote is written."""
    return Endless(top, "--timeout=6", sync=":", stdout=subprocess.DEVNULL).wrong(124, AFTER, "ended after 6 s")


def left(top):
    """The same with Ctrl-]."""
    ours, theirs = pty.openpty()
    run, text = Endless(top, sync=":", stdin=theirs, stdout=theirs), b""
    while b"ready" not in text:
        text += os.read(ours, 100)
    os.write(ours, b"\x1d")
    why = run.wrong(130, AFTER, "left by Ctrl-]")
    os.close(ours)
    os.close(theirs)
    return why


def deaf(top):
    """A machine that does not hear any more is ended, and its journal read."""
    run = Endless(top, "--timeout=8")
    run.ready()
    os.kill(run.emulator(), signal.SIGSTOP)
    return run.wrong(124, AFTER, "ended after 8 s")


def stopped(top):
    """From a machine that failed nothing is taken, and nothing is lost."""
    run = Endless(top)
    run.ready()
    os.kill(run.emulator(), signal.SIGKILL)
    err = run.process.communicate(timeout=100)[1]
    return run.wrong(125, BEFORE, "stays as it was", err) or run.kept(err.decode())


def killed(top):
    """The next run tells of a run that was killed, and where its changes are."""
    run = Endless(top)
    run.ready()
    run.process.kill()
    why = run.wrong(-signal.SIGKILL, BEFORE, "")
    done = subprocess.run([str(ROOT / "tessera"), "run", "--timeout=60", "/bin/busybox", "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=run.environment, check=False)
    return why or (f"status {done.returncode}" if done.returncode else None) or run.kept(done.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    size = BIG if parser.parse_args().quick else GIB
    cases = {"changes as they would be here": changes, f"a file of {size >> 20} MiB": lambda top: room(top, size), "no room": no_room, "ended by --timeout": timeout,
             "left by Ctrl-]": left, "a machine that does not hear": deaf, "a machine that stopped": stopped, "a run that was killed": killed}
    failed = 0
    for number, (name, case) in enumerate(cases.items(), 1):
        top = pathlib.Path(tempfile.mkdtemp(prefix="tessera-test-back-"))
        try:
            why = case(top)
        finally:
            shutil.rmtree(top)
        failed += why is not None
        print(f"{'not ok' if why is not None else 'ok'} {number} {name}", flush=True)
        if why is not None:
            print("\n".join(f"# {line}" for line in why.splitlines()[:40]))
    print(f"1..{len(cases)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
