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
        self.assertIn('\t[3] = { "write", 3, { LX_FD, LX_IN, LX_SIZE } },', linux.names(rows))

    def test_refused(self):
        for old, new in (("nr = 3", "nr = 0"), ("fd in size", "fd in"), ("fd in size", "x"),
                         ('"write"', '"read"'), ("fs/read.c", "fs/none.c"),
                         ('args = "fd in size"', "arg = 1"), ("fd in size", "fd fd fd fd fd fd fd")):
            with self.subTest(new=new), self.assertRaises(linux.TableError):
                self.load(ROWS.replace(old, new))
        with self.assertRaises(linux.TableError):
            self.load(ROWS, handler="nothing")

    def test_table(self):
        rows = linux.load(ROOT / "abi" / "linux.toml", ROOT / "servers" / "linux")
        self.assertGreater(len(rows), 350)


if __name__ == "__main__":
    unittest.main()
