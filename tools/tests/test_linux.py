# SPDX-License-Identifier: MIT
"""Tests of the generator of Linux's calls: what it refuses, and what it writes."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from abigen import linux  # noqa: E402

ROWS = """call = [
    { nr = 0, name = "read", args = "fd out size", handler = "fs/read.c" },
    { nr = 3, name = "write", args = "fd in size" },
]
"""


class Table(unittest.TestCase):
    def load(self, text, handler="s64 lx_read(struct task *t"):
        with tempfile.TemporaryDirectory() as d:
            d = pathlib.Path(d)
            (d / "fs").mkdir()
            (d / "fs" / "read.c").write_text(handler)
            (d / "t.toml").write_text(text)
            return linux.load(d / "t.toml", d)

    def test_written(self):
        rows = self.load(ROWS)
        self.assertIn("\tcase 0: return lx_read(t, a[0], a[1], a[2]);", linux.dispatch(rows))
        self.assertNotIn("write", "".join(linux.dispatch(rows) + linux.prototypes(rows)))
        self.assertIn('\t[3] = { "write", 3, { LX_FD, LX_IN, LX_SIZE }, LX_LONG },', linux.names(rows))

    def test_refused(self):
        for old, new in (("nr = 3", "nr = 0"), ("fd in size", "fd in"), ("fd in size", "x"),
                         ('"write"', '"read"'), ("fs/read.c", "fs/none.c"),
                         ('args = "fd in size"', "arg = 1"), ("fd in size", "fd fd fd fd fd fd fd")):
            with self.subTest(new=new), self.assertRaises(linux.TableError):
                self.load(ROWS.replace(old, new))
        with self.assertRaises(linux.TableError):
            self.load(ROWS, handler="nothing")

    def test_words(self):
        text = 'errors = [[2, "ENOENT", "No such file"]]\nsignals = ["HUP"]\n[[set]]\nname = "s"\nzero = "Z"\nwords = [["A", 1, 3], ["B", 4]]\n'
        with tempfile.TemporaryDirectory() as d:
            path = pathlib.Path(d) / "w.toml"
            path.write_text(text)
            words = linux.load_words(path)
            self.assertEqual(words[2], [("s", "Z", [("A", 1, 3), ("B", 4, 4)])])
            lines = linux.names([], words)
            for line in ('\t[2] = { "ENOENT", "No such file" },', '\t[1] = "SIGHUP",', '\t{ "A", 0x1, 0x3 },', '\t{ "Z", s_words },'):
                self.assertIn(line, lines)
            for old, new in (('"s"', '"fd"'), ('["B", 4]', '["B", 0]'), ('["A", 1, 3]', '["A", 4, 3]'), ("[[set]]", "[[sets]]")):
                path.write_text(text.replace(old, new))
                with self.subTest(new=new), self.assertRaises(linux.TableError):
                    linux.load_words(path)

    def test_table(self):
        sets = {name for name, _, _ in linux.load_words(ROOT / "abi" / "linux-words.toml")[2]}
        rows = linux.load(ROOT / "abi" / "linux.toml", ROOT / "servers" / "linux", sets)
        self.assertGreater(len(rows), 350)


if __name__ == "__main__":
    unittest.main()
