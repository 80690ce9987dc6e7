# SPDX-License-Identifier: MIT
"""Trace recordings become text and Chrome JSON; the layout comes from the kernel's headers."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import trace
from trace import layout


class Decoder:
    """A stand-in for the kernel's tables."""
    event = {3: ("switch", "thread switched to", "its effective priority")}

    def describe(self, e):
        return f"event {e[1]}"


ROWS = [(0, (100, 3, 7, 7, 50)), (1, (150, 1, 9, 4, 2)), (0, (180, 3, 7, layout.NIL, 0))]


class Trace(unittest.TestCase):
    def test_text_has_a_line_for_each_event(self):
        lines = trace.to_text(ROWS, Decoder()).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("+50", lines[1])
        self.assertIn("cpu 1 thread 0x9", lines[1])

    def test_a_thread_runs_from_one_switch_to_the_next(self):
        spans = [e for e in trace.to_chrome(ROWS, Decoder())["traceEvents"] if e["ph"] == "X"]
        self.assertEqual([(s["name"], s["ts"], s["dur"], s["tid"]) for s in spans],
                         [("thread 0x7", 100, 80, 0)])

    def test_the_layout_is_read_from_the_headers(self):
        if not (layout.ROOT / "build/gen/abi.h").exists():
            self.skipTest("nothing is generated yet")
        known = layout.Layout()
        self.assertEqual(known.type_name[known.type["thread"]], "thread")
        self.assertEqual(known.accessor["TH"][0], "thread")
        self.assertGreater(known.address("TH", 1), known.number["DMAP_BASE"])
        self.assertIn("call", known.event[1])


if __name__ == "__main__":
    unittest.main()
