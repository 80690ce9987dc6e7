# SPDX-License-Identifier: MIT
"""Tests of the generator of Linux's calls: what it refuses, and what it writes."""
import contextlib
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from abigen import linux, linux_words  # noqa: E402

ERRORS = [(22, "EINVAL", ""), (25, "ENOTTY", ""), (38, "ENOSYS", "")]
NUMBERS = {name: number for number, name, _ in ERRORS}
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
            return linux.load(d / "t.toml", d, (ERRORS, (), ()))

    def test_written(self):
        rows, _, found = self.load(ROWS)
        lines = linux.dispatch(rows, found, NUMBERS)
        self.assertIn("\tcase 0: return lx_read(t, a[0], a[1], a[2]);", lines)
        self.assertNotIn("write", "".join(lines + linux.prototypes(rows)))
        self.assertIn('\t[3] = { "write", 3, { LX_FD, LX_IN, LX_SIZE }, LX_LONG },', linux.names(rows, (ERRORS, (), ()), []))

    def test_answer(self):
        text = ROWS.replace('args = "fd in size"', 'args = "fd in size", answer = "ENOTTY"')
        rows, _, found = self.load(text)
        self.assertIn("\tcase 3: return lx_missing(t, nr, 25);", linux.dispatch(rows, found, NUMBERS))
        for new in ('answer = "EWHAT"', 'answer = "ENOTTY", handler = "fs/read.c"'):
            with self.subTest(new=new), self.assertRaises(linux.TableError):
                self.load(text.replace('answer = "ENOTTY"', new))

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
            self.assertEqual(words[2], [linux_words.Set("s", [("A", 1, 3), ("B", 4, 4)], "Z")])
            lines = linux.names([], ([*words[0], *ERRORS], *words[1:]), [])
            for line in ('\t[2] = { "ENOENT", "No such file" },', '\t[1] = "SIGHUP",', '\t{ "A", 0x1, 0x3 },', '\t{ "s", "Z", s_words },'):
                self.assertIn(line, lines)
            for old, new in (('"s"', '"fd"'), ('["B", 4]', '["B", 0]'), ('["A", 1, 3]', '["A", 4, 3]'), ("[[set]]", "[[sets]]"),
                             ('["B", 4]', '["B", 4, 0xc]')):
                path.write_text(text.replace(old, new))
                with self.subTest(new=new), self.assertRaises(linux.TableError):
                    linux.load_words(path)

    def test_table(self):
        words = linux.load_words(ROOT / "abi" / "linux-words.toml")
        rows, limits, _ = linux.load(ROOT / "abi" / "linux.toml", ROOT / "servers" / "linux", words)
        self.assertGreater(len(rows), 350)
        self.assertGreater(len(limits), 80)


class Words(unittest.TestCase):
    """What calls take: the check, and what is refused by the generator."""
    SETS = {s.name: s for s in (
        linux_words.Set("flags", [("A", 1, 1), ("B", 2, 2), ("C", 4, 4)]),
        linux_words.Set("type", [("X", 0, 3), ("Y", 1, 3), ("Z", 2, 3), ("F", 8, 8)]),
        linux_words.Set("command", [("P", 0, 0xffffffff), ("Q", 1, 0xffffffff), ("R", 5, 0xffffffff)], exact=True),
        linux_words.Set("long", [("L", 1 << 40, 1 << 40)], wide=True))}
    CALLS = [{"nr": 1, "name": "one", "args": "fd flags", "handler": "h"}, {"nr": 2, "name": "two", "args": "type command long", "handler": "h"},
             {"nr": 3, "name": "none", "args": "flags"}]

    def load(self, *entries, calls=None):
        return linux_words.load(entries, self.CALLS[:1] if calls is None else calls, self.SETS, {"EINVAL", "ENOTTY"})

    def limit(self, **entry):
        return linux_words.Limit({"of": "one", "set": "flags", **entry}, self.SETS)

    def taken(self, limit, values):
        return [v for v in values if limit.takes(v)]

    def test_flags(self):
        limit = self.limit(takes="A", ignores="B", lacks="C")
        self.assertEqual(self.taken(limit, range(10)), [0, 1, 2, 3])
        self.assertEqual([v for v in range(10) if limit.linux_takes(v)], list(range(8)))
        self.assertTrue(limit.takes(1 << 32))
        self.assertIn("\treturn (v & 0xfffffffcu) == 0;", limit.function())
        self.assertEqual(self.taken(self.limit(takes="A", lacks="C", unknown="ignored"), range(18)), [0, 1, 2, 3, 8, 9, 10, 11, 16, 17])
        self.assertEqual(self.taken(self.limit(takes="A", number=12), range(18)), [0, 1, 4, 5, 8, 9, 12, 13])
        self.assertTrue(self.limit(takes="A", unknown="ignored").always())
        self.assertFalse(self.limit(wide=True).takes(1 << 32))

    def test_field(self):
        limit = self.limit(set="type", takes="Y F", lacks="Z", errors={"ENOTTY": "Z 3"})
        self.assertEqual(self.taken(limit, range(20)), [1, 9])
        self.assertEqual([v for v in range(20) if limit.linux_takes(v)], [1, 2, 9, 10])
        self.assertEqual([limit.answer(v, NUMBERS) for v in (0, 2, 3, 5)], [22, 25, 25, 22])
        self.assertEqual(limit.told(10), "Z|F")
        self.assertIn("\treturn (v & 0xfffffff4u) == 0 && (v & 0x3u) == 0x1;", limit.function())

    def test_exact(self):
        limit = self.limit(set="command", takes="P R", lacks="Q")
        self.assertEqual(self.taken(limit, [*range(8), 1 << 32]), [0, 5, 1 << 32])
        self.assertIn("\treturn v == 0x0 || v == 0x5;", limit.function())
        self.assertEqual(self.taken(self.limit(set="command", takes="P", negative=True), [0, 1, 0xffffffff, 0x7fffffff]), [0, 0xffffffff])

    def test_dispatch(self):
        _, found = self.load({"of": "one", "set": "flags", "takes": "A", "after": "fd"})
        lines, args = linux_words.checks(self.CALLS[0], found)
        self.assertEqual(args, ["a[0]", "(uint32_t)a[1]"])
        self.assertEqual(lines, ["\t\tif (!lx_takes_one_flags((uint32_t)a[1]))", "\t\t\treturn lx_refused(t, LX_TAKES_ONE_FLAGS, (uint32_t)a[1], a);"])
        _, found = self.load({"of": "one", "set": "flags", "takes": "A", "inside": True})
        self.assertEqual(linux_words.checks(self.CALLS[0], found)[0], [])

    def test_tables(self):
        limits, _ = self.load({"of": "one", "set": "flags", "takes": "A", "lacks": "C", "error": "ENOTTY", "errors": {"EINVAL": "C"}, "after": "fd"})
        lines = linux_words.table(limits, NUMBERS)
        self.assertIn("\t{ 0x4, 0x4, 22 }, /* C */", lines)
        self.assertIn("\t[LX_TAKES_ONE_FLAGS] = { one_flags_others, 0x1, 0x0, LX_FLAGS, 25, LX_AFTER_FD },", lines)
        self.assertIn("| `one` | flags | `A` |  | `C` | ENOTTY, EINVAL (C) |", linux_words.manual(limits))

    def test_refused(self):
        good = {"of": "one", "set": "flags", "takes": "A"}
        self.load(good)
        for changed in ({"takes": "D"}, {"takes": "A A"}, {"takes": "A", "lacks": "A"}, {"of": "nothing"}, {"of": "none"}, {"set": "other"}, {"set": "type"},
                        {"error": "EWHAT"}, {"errors": {"EWHAT": "B"}}, {"errors": {"EINVAL": "A"}}, {"errors": {"EINVAL": "D"}}, {"after": "name"},
                        {"unknown": "refused"}, {"refuses": "B"}, {"negative": True}, {"what": 1}):
            with self.subTest(changed=changed), self.assertRaises(linux_words.TableError):
                self.load({**good, **changed})
        with self.assertRaises(linux_words.TableError):        # not said
            self.load()
        with self.assertRaises(linux_words.TableError):        # said twice
            self.load(good, good)
        two = [{"of": "two", "set": name, "takes": ""} for name in ("type", "command", "long")]
        self.load(*two, calls=self.CALLS[1:])
        with self.assertRaises(linux_words.TableError):        # its first argument is no descriptor
            self.load(*two[1:], {**two[0], "after": "fd"}, calls=self.CALLS[1:])


class Judge(unittest.TestCase):
    """tests/linux/words says what each side did, and with which error."""

    def test_answers_by_name(self):
        spec = importlib.util.spec_from_file_location("words_run", ROOT / "tests" / "linux" / "words" / "run.py")
        run = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(run)
        numbers = {"EINVAL": 22, "ENOPKG": 65}
        limit = linux_words.Limit({"of": "pipe2", "set": "flags", "takes": "A", "lacks": "B"}, {"flags": linux_words.Set("flags", [("A", 1, 1), ("B", 2, 2)])})
        for tried, want in (((1, "0", "0"), None), ((2, "65", "22"), None), ((2, "65", "65"), "pipe2(B): Tessera takes it, with ENOPKG"),
                            ((1, "0", "22"), "pipe2(A): Tessera refuses it, with EINVAL"), ((4, "ended", "22"), "pipe2(0x4): Linux takes it, and a signal ended the process"),
                            ((1, None, "0"), "pipe2(0x1): not tried")):
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(run.judge("pipe2", limit, tried, numbers), want)


if __name__ == "__main__":
    unittest.main()
