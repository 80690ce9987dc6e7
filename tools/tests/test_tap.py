# SPDX-License-Identifier: MIT
"""Test reports are read strictly: what is missing is a failure, not a pass."""
import contextlib
import io
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap

GOOD = """boot noise
ok 1 a
not ok 2 b_fails
#  expected 1
ok 3 c # SKIP no device
1..3
# done
"""


class Tap(unittest.TestCase):
    def test_passed_failed_and_skipped_are_told_apart(self):
        r = tap.parse(GOOD)
        self.assertEqual((r.passed, r.failed, r.skipped), (["a"], ["b_fails"], [("c", "no device")]))
        self.assertEqual(r.complaint(True), "")

    def test_a_report_without_tests_is_wrong(self):
        self.assertIn("no test", tap.parse("# done\n1..0\n").complaint(True))

    def test_a_lost_test_is_noticed(self):
        self.assertIn("planned 3", tap.parse(GOOD.replace("ok 1 a\n", "")).complaint(True))

    def test_a_report_that_breaks_off_is_noticed(self):
        self.assertIn("last line", tap.parse(GOOD.replace("# done\n", "")).complaint(True))
        self.assertIn("plan", tap.parse(GOOD.replace("1..3\n", "")).complaint(True))

    def test_what_is_written_can_be_read(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            writer = tap.Writer(slice(-1, None))
            writer.say(True, "a", "not shown")
            writer.say(None, "b", "first\nlast")
            writer.say(False, "c", ["of", "lines"])
        self.assertEqual((writer.number, writer.failed), (3, 2))
        self.assertEqual(said.getvalue(), "ok 1 a\nnot ok 2 b\n#   last\nnot ok 3 c\n#   lines\n")
        self.assertEqual(tap.parse(said.getvalue()).failed, ["b", "c"])

    def test_nothing_tried_is_nothing_passed(self):
        for results, status, said in (([True], 0, ""), ([True, False], 1, ""), ([], 2, "no test has 'zzz' in its name\n")):
            writer, err = tap.Writer(), io.StringIO()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
                for good in results:
                    writer.say(good, "a")
                self.assertEqual(writer.end("zzz"), status)
            self.assertEqual(err.getvalue(), said)

    def test_a_name_selects_a_part(self):
        r = tap.parse(GOOD).only("b_f")
        self.assertEqual((r.passed, r.failed), ([], ["b_fails"]))

    def test_a_failed_line_is_shown_with_its_comments(self):
        self.assertEqual(tap.failures(GOOD), "not ok 2 b_fails\n#  expected 1")

    def test_an_underscore_may_stand_for_a_space(self):
        self.assertEqual(tap.parse("ok 1 two words\n").only("two_w").passed, ["two words"])


if __name__ == "__main__":
    unittest.main()
