# SPDX-License-Identifier: MIT
"""What make and the tools behind it say to who asks for something that cannot be had."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def run(*words):
    return subprocess.run(words, cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class Systems(unittest.TestCase):
    def test_help_lists_systems_that_can_be_run(self):
        told = run("make", "help").stdout
        self.assertRegex(told, r"SYS=system \(.*\bpair\b.*\)")
        self.assertNotIn("disk-hostile", told)

    def test_who_boots_a_test_s_system(self):
        done = run("make", "-n", "run", "SYS=disk-hostile")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"SYS=disk-hostile: a test's system, .*tests/disk/run\.py")

    def test_a_system_with_an_error_is_told_once_to_who_builds_it(self):
        with tempfile.TemporaryDirectory() as d:
            bad = pathlib.Path(d) / "bad.toml"
            bad.write_text("bad\n")
            words = ("make", f"B={d}", f"SYS_FILES=systems/pair.toml {bad}")
            asked = run(*words, "help")
            self.assertEqual((asked.returncode, asked.stderr), (0, ""))
            built = run(*words, f"{d}/systems/bad/bundle.bin")
            self.assertNotEqual(built.returncode, 0)
            self.assertEqual(built.stderr.count("bad.toml:1:"), 1)
            self.assertEqual(run(*words, "-n", "run", "SYS=pair").returncode, 0)


class Run(unittest.TestCase):
    def said(self, *words):
        return run("make", "-n", "run", *words).stdout

    def test_what_is_booted(self):
        self.assertIn("./tessera shell", self.said())
        self.assertRegex(self.said("M=q35"), r"emu\.py run .*--machine q35 .*build/programs/hello\.elf")
        self.assertRegex(self.said("P=ktest"), r"emu\.py run .*build/programs/ktest\.elf")
        self.assertRegex(self.said("SYS=pair"), r"emu\.py run .*build/systems/pair\.elf")


class Rows(unittest.TestCase):
    def test_a_row_that_is_profiled_elsewhere(self):
        done = run(sys.executable, "tools/iprof.py", "blk_read_4k_qd1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("null_call", done.stderr)
        self.assertIn('make bench ROWS="blk net"', done.stderr)

    def test_rows_can_be_listed(self):
        self.assertIn("null_call\n", run(sys.executable, "tools/iprof.py", "--rows").stdout)


class Numbers(unittest.TestCase):
    def test_no_machine_has_no_cpu(self):
        for text in ("0", "-1", "two", "1000"):
            done = run(sys.executable, "tools/emu.py", "run", f"--cpus={text}", "kernel")
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{text}: a number from 1 to", done.stderr)


if __name__ == "__main__":
    unittest.main()
