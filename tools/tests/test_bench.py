# SPDX-License-Identifier: MIT
"""Lines of the benchmark program are read strictly."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import bench


class Bench(unittest.TestCase):
    def test_a_line_becomes_a_row(self):
        row = bench.parse_line("bench name=ipc value=12.5 unit=instructions n=100 p99=14")
        self.assertEqual(row, {"name": "ipc", "value": 12.5, "unit": "instructions", "n": 100,
                               "p99": "14"})

    def test_other_lines_are_ignored(self):
        self.assertIsNone(bench.parse_line("ok 1 bench"))

    def test_a_line_that_lacks_a_key_is_an_error(self):
        with self.assertRaises(ValueError):
            bench.parse_line("bench name=ipc value=1")

    def test_every_aim_has_a_text(self):
        self.assertTrue(all(a.get("doc") for a in bench.aims().values()))

    def test_every_row_belongs_to_a_part(self):
        parts = bench.parts()
        for part, row in (("ipc", "ipc_round_trip_0"), ("events", "irq_to_user"), ("objects", "space_map_512"),
                          ("boot", "boot_to_program"), ("boot", "kernel_ram"), ("worst", "worst_ep_call")):
            self.assertIn(row, parts[part])


if __name__ == "__main__":
    unittest.main()
