# SPDX-License-Identifier: MIT
"""Tests of how other suites' results are judged and listed: nothing is run here."""
import contextlib
import io
import pathlib
import sys
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "linux" / "oracle")]

import bb       # noqa: E402
import pts      # noqa: E402
import reasons  # noqa: E402
import run      # noqa: E402
from sides import Result  # noqa: E402

LISTED = {"race/1": ("who runs first", True)}


def outcome(verdicts, **more):
    return reasons.Outcome("posix", verdicts, **more)


class Reasons(unittest.TestCase):
    def test_last_line(self):
        self.assertEqual(reasons.last_line("a\n[20:25:12]no \x1b right\n\n"), "no right")
        self.assertEqual(reasons.last_line(" \n"), "")

    def test_every_failure_has_a_reason(self):
        o = outcome({"good/1": ("FAIL", "PASS"), "good/2": ("PASS", "PASS"), "race/1": ("PASS", "timeout"), "lost/1": ("PASS", "no result"),
                     "aio/1": ("UNSUPPORTED", "UNSUPPORTED"), "mlock/1": ("FAIL", "FAIL"), "odd/1": ("status 139", "status 139")},
                    texts={"mlock/1": ("x\nhas the right\n", "has no right\n"), "odd/1": ("dies\n", "dies\n")}, hints={"aio/1": "its source asks for _SC_AIO"},
                    not_built=[("old/1", "does not build here: no header")], left_out=[("slow/1", "needs 5000 ms")])
        self.assertEqual(o.failures(), ["aio/1", "lost/1", "mlock/1", "odd/1", "race/1"])
        found = {case: (group, why) for group, cases in reasons.groups(o, LISTED).items() for case, why in cases}
        self.assertEqual(set(found), {*o.failures(), "old/1", "slow/1"})
        self.assertEqual(found["race/1"], (reasons.KNOWN, "timeout, on Linux PASS: who runs first"))
        self.assertEqual(found["lost/1"], (reasons.WORSE, "no result, on Linux PASS: it prints nothing"))
        self.assertEqual(found["aio/1"][1], "the same on Linux: UNSUPPORTED, and it prints nothing more; its source asks for _SC_AIO")
        self.assertEqual(found["mlock/1"][1], "the same on Linux: FAIL, has the right (on Tessera: has no right)")
        self.assertEqual(found["odd/1"][1], "the same on Linux: status 139, dies")
        lines = reasons.report(o, LISTED)
        self.assertEqual(lines[0], "posix: 7 tests ran, 2 pass on Tessera, 5 do not:")
        self.assertIn("    old/1: does not build here: no header", lines)
        for case in o.failures():
            self.assertEqual(sum(line.startswith(f"    {case}: ") for line in lines), 1)

    def test_a_known_one_that_fails_on_both(self):
        group, why = reasons.reason(outcome({"race/1": ("FAIL", "FAIL")}), "race/1", LISTED)
        self.assertTrue(group.startswith("the same on Linux: FAIL"))
        self.assertNotIn("who runs first", why)

    def test_judged(self):
        for there, failed in (("FAIL", 2), ("PASS", 0)):
            tap = run.taps.Writer()
            with unittest.mock.patch.object(run, "known", lambda suite: LISTED), contextlib.redirect_stdout(io.StringIO()) as said:
                lines = run.judge(tap, outcome({"a/1": ("PASS", there), "race/1": ("PASS", "FAIL"), "b/1": ("FAIL", "FAIL")}))
            self.assertEqual(tap.failed, failed)
            self.assertIn("posix: 3 tests, ", said.getvalue())
            self.assertEqual(any("a/1" in line for line in lines), there == "FAIL")

    def test_page(self):
        lines = reasons.report(outcome({"a/1": ("PASS", "PASS"), "b/1": ("FAIL", "FAIL")}, left_out=[("c/1", "needs long: 3 s")]), LISTED)
        text = reasons.page("run.py", lines)
        self.assertIn("Written by `run.py`", text)
        self.assertIn("\n## posix: 2 tests ran, 1 pass on Tessera, 1 do not:\n\n### ", text)
        self.assertIn("\n* `b/1`: the same on Linux: FAIL", text)
        self.assertTrue(text.endswith("\n\n### left out of this run: 1\n\n* `c/1`: needs long: 3 s\n"), text)


class Suites(unittest.TestCase):
    def test_options_of_a_source(self):
        self.assertEqual(pts.asks("#define _POSIX_C_SOURCE 2\nif (sysconf(_SC_AIO) < 0)\n#ifndef _POSIX_CPUTIME"), "its source asks for _POSIX_CPUTIME, _SC_AIO")
        self.assertEqual(pts.asks("int main;"), "")

    def test_busybox(self):
        text = ("======================\necho x\nFAIL: sum\n--- expected\n+++ actual\n@@ -1 +1 @@\n-a\n+b\n======================\necho\nPASS: sum\nSKIPPED: big\n"
                "FAIL: old\n+ busybox x\n+ cmp a b\n")
        results = {"sum": Result("1", 5, text), "hangs": Result("timeout", 5, "waits\n")}
        found = bb.cases(results)
        self.assertEqual({case: verdict for case, (verdict, _) in found.items()},
                         {"sum: sum": "FAIL", "sum: sum (2)": "PASS", "sum: big": "SKIPPED", "sum: old": "FAIL", "hangs: ends in time": "timeout"})
        self.assertEqual(found["sum: sum"][1], "-a +b")
        self.assertEqual(reasons.last_line(found["sum: old"][1]), "+ cmp a b")
        self.assertEqual(bb.find("hangs: none", found, results), ("nothing", "waits\n"))
        self.assertEqual(bb.find("other: none", found, results), ("nothing", ""))


if __name__ == "__main__":
    unittest.main()
