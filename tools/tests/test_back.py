# SPDX-License-Identifier: MIT
"""--dir ...:rw: odd names there and back, and what others did meanwhile."""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from cli import back                                            # noqa: E402
from root import ext2                                           # noqa: E402
from root.tree import Tree                                      # noqa: E402

ODD = [b"a b", b" ", b"-rf", b'"', b"'", b"\\", b"a\nb", b"\xff\xfe", b"caf\xc3\xa9", b"*", b"$(x)", b"x" * 255, b".hidden", b"...", b"%s", b"<12>",
       b"a:b", b"~", b"#", b";"]


def listing(top):
    """Path -> mode and contents."""
    out = {}
    for at, dirs, files in os.walk(os.fsencode(top)):
        for name in dirs + files:
            path = os.path.join(at, name)
            info = os.lstat(path)
            what = os.readlink(path) if os.path.islink(path) else pathlib.Path(os.fsdecode(path)).read_bytes() if os.path.isfile(path) else None
            out[os.path.relpath(path, os.fsencode(top))] = (info.st_mode if not os.path.islink(path) else 0, what)
    return out


class Back(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="tessera-back-")
        self.addCleanup(shutil.rmtree, self.top)
        self.host, self.guest = os.path.join(self.top, "host"), os.path.join(self.top, "guest")
        os.mkdir(self.host)
        for name in ODD:
            self.write(os.path.join(os.fsencode(self.host), name), b"contents of " + name)
        deep = os.path.join(self.host, *["d" * 100] * 12)
        os.makedirs(deep)
        self.write(os.path.join(deep, "end"), b"deep")
        os.makedirs(os.path.join(self.host, "empty"))
        self.write(os.path.join(self.host, "nothing"), b"")
        os.symlink("nowhere/at all", os.path.join(self.host, "dangling"))
        os.symlink(b"\xff", os.path.join(os.fsencode(self.host), b"odd link"))
        os.mkfifo(os.path.join(self.host, "pipe"))

    @staticmethod
    def write(path, data, mode=0o644):
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)

    def run_program(self, change):
        """As if a program had done `change` to its copy of the directory."""
        self.before = back.snapshot(self.host)
        shutil.copytree(self.host, self.guest, symlinks=True, ignore=lambda _, names: [n for n in names if n == "pipe"])
        os.mkfifo(os.path.join(self.guest, "pipe"))
        shutil.copystat(os.path.join(self.host, "pipe"), os.path.join(self.guest, "pipe"))
        shutil.copystat(self.host, self.guest)
        change(self.guest)

    def bring(self, name="/some dir/of \"mine\""):
        tree, image = Tree(), os.path.join(self.top, "image")
        tree.copy(self.guest, name, owner=back.owner_within)
        ext2.image(tree, image, tree.bytes() * 2 + (8 << 20))
        return back.bring(image, name, self.host, self.before)

    def test_unchanged(self):
        self.run_program(lambda _: None)
        self.assertTrue(self.bring())
        self.assertEqual(listing(self.host), listing(self.guest))

    def test_everything_changes(self):
        def change(top):
            for n, name in enumerate(ODD):
                path = os.path.join(os.fsencode(top), name)
                if n % 3 == 0:
                    os.unlink(path)
                elif n % 3 == 1:
                    self.write(path, b"new " + name, 0o755)
                else:
                    os.rename(path, os.path.join(os.fsencode(top), b"empty", name))
            shutil.rmtree(os.path.join(top, "d" * 100))
            os.symlink("empty", os.path.join(top, "d" * 100))
            os.unlink(os.path.join(top, "dangling"))
            os.makedirs(os.path.join(top, "dangling", "in"))
            os.chmod(os.path.join(top, "nothing"), 0o600)
        self.run_program(change)
        self.assertTrue(self.bring())
        self.assertEqual(listing(self.host), listing(self.guest))

    def test_what_others_did_stays(self):
        self.write(os.path.join(self.host, "both"), b"old")
        self.write(os.path.join(self.host, "removed"), b"old")
        self.write(os.path.join(self.host, "here only"), b"old")

        def change(top):
            self.write(os.path.join(top, "both"), b"the program's")
            os.unlink(os.path.join(top, "removed"))
        self.run_program(change)
        self.write(os.path.join(self.host, "both"), b"somebody's")
        self.write(os.path.join(self.host, "removed"), b"somebody's")
        self.write(os.path.join(self.host, "here only"), b"somebody's")
        self.write(os.path.join(self.host, "new"), b"somebody's")
        self.assertTrue(self.bring())
        for name, text in (("both", b"somebody's"), ("both" + back.BESIDE, b"the program's"), ("removed", b"somebody's"),
                           ("here only", b"somebody's"), ("new", b"somebody's")):
            with open(os.path.join(self.host, name), "rb") as file:
                self.assertEqual(file.read(), text, name)

    def test_damaged(self):
        """A journal that must be read in a file system that is broken: nothing is taken from there."""
        self.run_program(lambda top: self.write(os.path.join(top, "nothing"), b"something"))
        made = ext2.image

        def breaking(tree, image, size):
            made(tree, image, size)
            with open(image, "r+b") as file:
                file.seek(1024 + 96)
                flags = file.read(1)[0]
                file.seek(1024 + 96)
                file.write(bytes([flags | 4]))      # the journal is to be read
                file.seek(4096 + 8)
                table = int.from_bytes(file.read(4), "little")
                file.seek(4096 * table + 256)
                file.write(bytes(256))              # the root directory
        before = listing(self.host)
        with unittest.mock.patch.object(ext2, "image", breaking), self.assertRaisesRegex(back.BackError, "e2fsck"):
            self.bring()
        self.assertEqual(listing(self.host), before)

    def test_gone(self):
        self.run_program(lambda _: None)
        tree, image = Tree(), os.path.join(self.top, "image")
        ext2.image(tree, image, 8 << 20)
        self.assertFalse(back.bring(image, "/dir", self.host, self.before))
        self.assertTrue(os.path.exists(os.path.join(self.host, "empty")))


if __name__ == "__main__":
    unittest.main()
