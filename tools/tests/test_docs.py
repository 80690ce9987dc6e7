# SPDX-License-Identifier: MIT
"""What the documents name is there."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CATEGORIES = ("SYSCALL CNODEOP IPC IPCRIGHTS PAGEFAULT SCHED SCHED_CONTEXT TIMEOUTFAULT VSPACE BIND DOMAINS FPU SYNC "
              "FRAMEEXPORTS RETYPE TLS CANCEL_BADGED_SENDS THREADS TIMER CSPACE IOPORTS IOPT NBWAIT PREEMPT_REVOKE "
              "INTERRUPT MULTICORE SMPIRQ UNKNOWN_SYSCALL").split()
TEST = re.compile(r"^TEST(?:_FOR)?\((\w+),", re.MULTILINE)


def tests(directory):
    """(file, test) of all tests there."""
    return {(p.stem, t) for p in (ROOT / directory).glob("*.c") for t in TEST.findall(p.read_text())}


class Behaviours(unittest.TestCase):
    def setUp(self):
        text = (ROOT / "docs/behaviours.md").read_text()
        self.rows = dict(re.findall(r"^\| ([A-Z_]+) \|(.*)$", text, re.MULTILINE))

    def test_every_category_has_a_row_with_tests(self):
        self.assertEqual(sorted(self.rows), sorted(CATEGORIES))
        for name, row in self.rows.items():
            self.assertRegex(row, r"`(\w+\.\w+|unit:\w+)`", name)

    def test_every_test_that_is_named_exists(self):
        emulator, host = tests("tests/kernel"), {t for _, t in tests("tests/unit")}
        named = set(re.findall(r"`(\w+)\.(\w+)`", "".join(self.rows.values()))) - {("neg", "c")}
        self.assertEqual(named - emulator, set())
        self.assertEqual(set(re.findall(r"`unit:(\w+)`", "".join(self.rows.values()))) - host, set())


class Links(unittest.TestCase):
    def test_files_that_documents_name_are_there(self):
        gone = []
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
            for name in re.findall(r"`((?:abi|docs|kernel|lib|proofs|servers|systems|tests|tools|drivers|include)/[\w./-]+?\.\w+)`",
                                   page.read_text()):
                if not (ROOT / name).exists() and "NAME" not in name:
                    gone.append(f"{page.relative_to(ROOT)}: {name}")
        self.assertEqual(gone, [])


if __name__ == "__main__":
    unittest.main()
