# SPDX-License-Identifier: MIT
"""Tests of ./tessera run as far as it goes without a machine: options, finding programs, what is put in."""
import contextlib
import errno
import fcntl
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from cli import errors, image, options, run, scratch  # noqa: E402
from root import ext2, ldcache, runtime  # noqa: E402
from root.ext2 import tool  # noqa: E402
from root.tree import Tree  # noqa: E402


class Options(unittest.TestCase):
    def refused(self, *words):
        with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit) as end:
            options.parse([*words, "true"])
        self.assertEqual(end.exception.code, errors.USAGE, words)
        return said.getvalue()

    def test_values(self):
        for words in (("--cwd", "tmp"), ("--procs", "0"), ("--procs", "x"), ("--cpus", "65"), ("--timeout", "-1"), ("--timeout", "nan"),
                      ("--mem", "12"), ("--mem", "65G"), ("--mem", "M"), ("--stdio", "tt"), ("--env", "=x"), ("--machine", "pdp11"), ("--nosuch",),
                      ("--dir", "/nosuch:/x"), ("--dir", "/etc:etc"), ("--dir", "/etc:/x:w"), ("--dir", ":/x"), ("--dir", "/etc:/proc"),
                      ("--dir", "/etc:/dev/x"), ("--dir", "/etc:/:rw"), ("--dir", "/etc:/x", "--disk", "x")):
            with self.subTest(words):
                self.assertIn("error:", self.refused(*words))

    def test_taken(self):
        args, words = options.parse(["--mem", "1G", "--timeout=0", "--dir", "/etc:/x/../y:rw", "--trace", "--cwd", "/a//b/", "ls", "--mem", "2"])
        self.assertEqual((args.mem, args.timeout, args.cwd, args.trace, words), (1024, 0, "/a/b", "-", ["ls", "--mem", "2"]))
        self.assertEqual(args.dir, [("/etc", "/y", True)])

    def test_no_short_forms(self):
        self.assertIn("unrecognized arguments: --tim", self.refused("--tim=5"))

    def test_help(self):
        said = options.parser().format_help()
        self.assertIn("--trace[=FILE]", said)
        self.assertIn("--dir HOST[:GUEST][:rw]", said)

    def test_directories(self):
        here = os.path.realpath("/etc")
        for text, want in (("/etc", (here, False)), ("/etc:rw", (here, True)), ("/etc:ro", (here, False)), ("/etc::rw", (here, True)), ("/etc:/x", ("/x", False)),
                           ("/etc:/rw", ("/rw", False))):
            found = options.directory(text)
            self.assertEqual((found.guest, found.back), want)

    def test_no_program(self):
        for words in ([], ["--"], [""]):
            with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit) as end:
                options.parse(words)
            self.assertEqual(end.exception.code, errors.USAGE)

    def test_table(self):
        readme = (ROOT / "README.md").read_text()
        for status in ("2", "124", "125", "126", "127", "130"):
            self.assertIn(f"  {status} ", errors.TABLE)
            self.assertIn(f"| {status} |", readme)


class Programs(unittest.TestCase):
    def status(self, name, make=None):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, name)
            if make:
                make(path)
            tree = Tree()
            try:
                here, within = run.find_program(path if "." in name else name, tree)
                run.put_program(tree, here, within)
            except errors.RunError as error:
                return error.status
        return 0

    def test_hints(self):
        args = options.parse(["--trace", "--no-base", "nosuch-file"])[0]
        with self.assertRaisesRegex(errors.RunError, r"nosuch-file: neither .*--trace=nosuch-file\)"):
            run.build_tree(args, "nosuch-file")
        with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
            pathlib.Path("a.out").touch()
            with self.assertRaisesRegex(errors.RunError, "in this directory is ./a.out"):
                run.find_program("a.out", Tree())

    def test_commands(self):
        done = subprocess.run([str(ROOT / "tessera"), "ran", "true"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, errors.USAGE)
        self.assertTrue(done.stderr.startswith("tessera: no such command: ran\n"))

    def test_no_emulator(self):
        with unittest.mock.patch.dict(os.environ, PATH="/nowhere"), self.assertRaisesRegex(errors.RunError, "apt-get install qemu"):
            run.boot(None, None, None, "nnn")

    def test_texts_are_no_programs(self):
        for text, words in (("echo hi\n", "#!/bin/sh"), ("", "empty")):
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "script")
                pathlib.Path(path).write_text(text)
                os.chmod(path, 0o755)
                with self.assertRaisesRegex(errors.RunError, words):
                    run.put_program(Tree(), path, path)

    def test_statuses(self):
        def script(text, mode=0o755):
            return lambda path: (pathlib.Path(path).write_bytes(text), os.chmod(path, mode))
        elf = pathlib.Path("/bin/true").read_bytes()
        for want, name, make in ((127, "nosuch.x", None), (127, "nosuch", None), (126, ".", None), (126, "directory.x", os.mkdir), (126, "fifo.x", os.mkfifo),
                                 (126, "text.x", script(b"#!/bin/sh\n", 0o644)), (126, "empty.x", script(b"")), (126, "line.x", script(b"#!\n")),
                                 (127, "shell.x", script(b"#!/nosuch/sh\n")), (127, "env.x", script(b"#!/usr/bin/env nosuch-sh\n")),
                                 (126, "arm.x", script(elf[:18] + b"\xb7\0" + elf[20:])), (126, "cut.x", script(elf[:40])),
                                 (127, "library.x", script(elf.replace(b"libc.so.6", b"libx.so.6"))), (0, "good.x", script(elf)),
                                 (0, "env.x", script(b"#!/usr/bin/env sh\n"))):
            with self.subTest(name):
                self.assertEqual(self.status(name, make), want)

    def test_exit_status(self):
        self.assertEqual([run.exit_status(s) for s in (0, 7 << 8, 9, 11 | 0x80)], [0, 7, 137, 139])


class PutIn(unittest.TestCase):
    def test_python(self):
        real = os.path.realpath("/usr/bin/python3")
        tree = Tree()
        run.put_program(tree, "/usr/bin/python3", "/usr/bin/python3")
        self.assertTrue(tree.has(f"/usr/lib/{os.path.basename(real)}/encodings/__init__.py"))
        self.assertTrue(any("libssl.so" in name for name in tree.nodes), "a library of a module")
        self.assertFalse(any("/config-3" in name for name in tree.nodes))

    def test_others(self):
        """Programs that the program starts come with what they need, as it does."""
        args = options.parse(["--no-base", "--with", "/usr/bin/python3", "--with=/bin/ls", "/bin/true"])[0]
        tree, within = run.build_tree(args, "/bin/true")
        self.assertEqual(within, "/bin/true")
        for name in ("/usr/bin/python3", "/bin/ls", "/usr/lib/" + os.path.basename(os.path.realpath("/usr/bin/python3")) + "/encodings/__init__.py"):
            self.assertTrue(tree.has(name), name)
        self.assertTrue(any("/libselinux" in name for name in tree.nodes), "a library of ls")
        args.others = ["nosuch-program"]
        with self.assertRaises(errors.RunError) as error:
            run.build_tree(args, "/bin/true")
        self.assertEqual(error.exception.status, errors.NOT_FOUND)

    def test_file_knows_what_files_look_like(self):
        with unittest.mock.patch.object(os.path, "isdir", lambda path: path == "/usr/lib/file"), unittest.mock.patch.object(runtime.glob, "glob", lambda path: [path]):
            self.assertEqual(runtime.directories("/usr/bin/file"), ["/usr/lib/file"])

    def test_made_files_are_not_too_old(self):
        tree = Tree()
        tree.text("etc/x", "")
        self.assertTrue(0 < tree.nodes["etc/x"].mtime < 1 << 31)

    def test_not_chosen_by_a_script(self):
        with tempfile.TemporaryDirectory() as directory:
            shim = pathlib.Path(directory, "python3")
            shim.write_text("#!/bin/sh\n")
            shim.chmod(0o755)
            with unittest.mock.patch.dict(os.environ, PATH=f"{directory}:/usr/bin"):
                self.assertEqual(runtime.which("python3"), "/usr/bin/python3")

    def test_what_the_user_gave_stays(self):
        tree = Tree()
        name = "/usr/lib/" + os.path.basename(os.path.realpath("/usr/bin/python3"))
        tree.text(f"{name}/mine", "")
        runtime.put_in(tree, "/usr/bin/python3")
        self.assertFalse(tree.has(f"{name}/encodings"))

    @unittest.skipUnless(os.path.isdir(run.LOCALE), "this machine has no C.UTF-8 in a file")
    def test_locale(self):
        tree = Tree()
        run.put_locale(tree)
        self.assertTrue(tree.has(f"{run.LOCALE}/LC_CTYPE"))

    def test_changed_while_built(self):
        with tempfile.TemporaryDirectory() as top:
            source = pathlib.Path(top, "Makefile")
            source.touch()

            def make(command, **_):
                if "make" in command:
                    os.utime(source)
                return unittest.mock.Mock(returncode=0)
            with unittest.mock.patch.multiple(image, ROOT=pathlib.Path(top), STAMP=pathlib.Path(top, "stamp")), \
                    unittest.mock.patch.object(image.subprocess, "run", make), contextlib.redirect_stderr(io.StringIO()):
                os.utime(source, (1, 1))
                image.build_all()
                self.assertLess(image.STAMP.stat().st_mtime, image.newest())

    def test_looking_makes_nothing(self):
        tree = Tree()
        self.assertFalse(tree.has("/a/b/c"))
        self.assertEqual(list(tree.nodes), [""])

    def test_cache(self):
        tree = Tree()
        tree.program("/usr/bin/python3")
        tree.program("/bin/ls")
        ldcache.add(tree)
        with tempfile.NamedTemporaryFile() as file:
            file.write(tree.nodes[ldcache.PATH].contents())
            file.flush()
            said = subprocess.run([tool("ldconfig"), "-C", file.name, "-p"], text=True, capture_output=True, check=True).stdout
        rows = [line.split() for line in said.splitlines()[1:] if "=>" in line]
        self.assertIn("libc.so.6", [row[0] for row in rows])
        for row in rows:
            self.assertIn("(libc6,x86-64)", row)
            self.assertTrue(tree.has(row[-1]))

    def test_order(self):
        names = ["libc.so.6", "libc.so.10", "libcrypt.so.1", "liba.so.2", "libm.so.6", "libc-2.so"]
        data = ldcache.pack([(n, "/" + n) for n in names])
        want = ["libm.so.6", "libcrypt.so.1", "libc.so.10", "libc.so.6", "libc-2.so", "liba.so.2"]
        at = [data.index(b"\0" + n.encode() + b"\0/") for n in want]
        self.assertEqual(at, sorted(at))

    def test_memory(self):
        args = unittest.mock.Mock(mem=None)
        image.size_memory(args, 1 << 20)
        self.assertEqual(args.mem, image.DEFAULT_MIB)
        args.mem = 128
        with self.assertRaises(errors.RunError) as wrong:
            image.size_memory(args, 100 << 20)
        self.assertIn("at least 232M", str(wrong.exception))


class Disk(unittest.TestCase):
    """Whatever is too small says what to give it."""

    def plan(self, tree, directory, room=16):
        args = unittest.mock.Mock(dir=[unittest.mock.Mock(host="/", guest="/", back=True)], disk=None, room=room, trace=None, procs=None, cpus=1, cwd="/")
        with unittest.mock.patch.object(image, "build"), unittest.mock.patch.object(image.back, "snapshot"), \
                unittest.mock.patch.object(image, "link"), unittest.mock.patch.object(image.Plan, "_bundle"):
            return image.Plan(args, tree, ["x"], [], "ppp", directory)

    def test_names(self):
        tree = Tree()
        for number in range(9000):
            tree.text(f"f{number}", "")
        # As if they took no room: their names alone are too many.
        with tempfile.TemporaryDirectory() as directory, unittest.mock.patch.object(Tree, "bytes", return_value=0):
            with self.assertRaisesRegex(errors.RunError, r"16 MiB is too small for what goes in: 1 MiB, 9001 names; --room 16M wants to be larger"):
                self.plan(tree, directory)
            self.plan(tree, directory, room=64)

    def test_bytes(self):
        tree = Tree()
        tree.text("f", "x" * (20 << 20))
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "disk")
            with self.assertRaisesRegex(ext2.TooSmallError, "16 MiB is too small for what goes in: 20 MiB"):
                ext2.image(tree, path, 16 << 20)
            done = subprocess.run(["/usr/bin/python3", str(ROOT / "tools/mkroot.py"), "-o", path, "--ext2", "--empty", "--size", "16M", "--dir",
                                   f"{ROOT}/docs:/a", "--dir", f"{ROOT}/tools:/b", "--dir", f"{ROOT}/build:/c"], capture_output=True, text=True, check=False)
            self.assertRegex(done.stderr, r"^mkroot: a disk of 16 MiB is too small.*; --size wants to be larger\n$")

    def test_full_afterwards(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "disk")
            ext2.image(Tree(), path, 16 << 20)
            self.assertFalse(image.is_full(path))
            for at, name in ((12, "blocks"), (16, "inodes")):
                with open(path, "r+b") as file:
                    file.seek(1024 + at)
                    saved = file.read(4)
                    file.seek(1024 + at)
                    file.write(bytes(4))
                self.assertTrue(image.is_full(path), name)
                with open(path, "r+b") as file:
                    file.seek(1024 + at)
                    file.write(saved)

    def test_no_room_here(self):
        with unittest.mock.patch.object(run, "execute", side_effect=OSError(errno.ENOSPC, "No space left on device", "x")), \
                contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(run.main(["true"]), errors.FAILED)
        self.assertIn("TMPDIR names another place", said.getvalue())

    def test_no_compiler(self):
        with tempfile.TemporaryDirectory() as directory, unittest.mock.patch.dict(os.environ, PATH="/nowhere"):
            with self.assertRaisesRegex(errors.RunError, "apt-get install gcc"):
                image.link(b"", pathlib.Path(directory))


class Scratch(unittest.TestCase):
    def test_stale(self):
        with tempfile.TemporaryDirectory() as top, unittest.mock.patch.object(tempfile, "tempdir", top):
            stale, held, young = (os.path.join(top, scratch.PREFIX + name) for name in ("stale", "held", "young"))
            for path in (stale, held, young):
                os.mkdir(path)
            for path in (stale, held):
                pathlib.Path(path, scratch.OWNER).touch()
            with open(os.path.join(held, scratch.OWNER), "rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                with scratch.directory() as mine:
                    self.assertEqual(sorted(os.listdir(top)), sorted(os.path.basename(p) for p in (held, young, mine)))
                    scratch.clean()
                    self.assertTrue(os.path.isdir(mine))
            self.assertFalse(os.path.exists(mine))

    def test_changes_of_a_run_that_was_killed(self):
        with tempfile.TemporaryDirectory() as top, unittest.mock.patch.object(tempfile, "tempdir", top), contextlib.redirect_stderr(io.StringIO()) as said:
            killed, early = (os.path.join(top, scratch.PREFIX + name) for name in ("killed", "early"))
            for path in (killed, early):
                os.mkdir(path)
                pathlib.Path(path, scratch.OWNER).touch()
            pathlib.Path(killed, scratch.DISK).write_text("disk")
            scratch.want(killed, "/my\udcff dir")
            scratch.want(early, "/other")       # it has no disk yet
            scratch.clean()
            kept = os.path.join(top, scratch.KEPT + "killed", scratch.DISK)
            self.assertEqual(pathlib.Path(kept).read_text(), "disk")
            self.assertEqual(os.listdir(os.path.dirname(kept)), [scratch.DISK])
            self.assertEqual(os.listdir(top), [scratch.KEPT + "killed"])
            self.assertIn(f"changes of /my\udcff dir; the image that has them is {kept}\n", said.getvalue())
            scratch.clean()
            self.assertEqual(said.getvalue().count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
