# SPDX-License-Identifier: MIT
"""Tests of the generator: what it refuses, and what it writes."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from abigen import cases, check, header, kernel, manual, names, spec, text, user  # noqa: E402
from abigen.read import load, parse  # noqa: E402
from abigen.table import TableError  # noqa: E402

HEAD = """
abi_version = 1
[[error]]
name = "OK"
doc = "Success."
[[error]]
name = "ERR_STATE"
doc = "Wrong state."
[[completion]]
name = "DONE_GONE"
doc = "Gone."
[[object]]
nr = 4
name = "table"
rights = ["INSERT", "REMOVE", "BIND"]
inv = "table_inv"
doc = "A table."
[[object]]
nr = 9
name = "thread"
pages = 1
create = true
rights = ["CONTROL", "READ"]
inv = "THREAD_INVARIANTS"
doc = "A thread."
[[object]]
nr = 3
name = "frames"
range = true
rights = ["READ", "WRITE"]
inv = "frames_inv"
doc = "Frames."
"""
CALL = """
[[call]]
nr = 7
name = "thread_poke"
object = "thread"
rights = ["CONTROL"]
lock = "local"
args = [{ name = "dst", kind = "slot", doc = "Where." },
        { name = "level", kind = "u64", min = 1, max = 3, doc = "Level." },
        { name = "other", kind = "cap", object = "frames", rights = ["WRITE"], optional = true, doc = "Other." }]
outs = [{ name = "level", doc = "What was missing." }]
errors = ["ERR_STATE"]
completions = ["DONE_GONE"]
doc = "Poke a thread. Carefully."
"""
IPC = """
[[call]]
nr = 8
name = "thread_talk"
object = "none"
rights = []
lock = "global"
ipc = true
args = [{ name = "tag", kind = "u64", doc = "Tag." }]
doc = "Talk."
"""


def table(more=CALL):
    return parse(HEAD + more, "t.toml")


def joined(lines):
    return "\n".join(lines)


class Refusals(unittest.TestCase):
    def refuse(self, old, new, words, base=CALL + IPC):
        self.assertIn(old, HEAD + base)
        with self.assertRaises(TableError) as e:
            parse((HEAD + base).replace(old, new, 1), "t.toml")
        self.assertIn("t.toml", str(e.exception))
        for w in words:
            self.assertIn(w, str(e.exception))

    def test_accepts_the_base(self):
        self.assertEqual([c.name for c in table(CALL + IPC).calls], ["thread_poke", "thread_talk"])

    def test_unknown_object(self):
        self.refuse('object = "thread"', 'object = "thred"', ["thread_poke", "unknown object thred"])

    def test_unknown_right(self):
        self.refuse('rights = ["CONTROL"]', 'rights = ["FLY"]', ["thread has no right FLY"])

    def test_unknown_error(self):
        self.refuse('errors = ["ERR_STATE"]', 'errors = ["ERR_X"]', ["unknown error ERR_X"])

    def test_unknown_completion(self):
        self.refuse('["DONE_GONE"]', '["DONE_X"]', ["unknown completion DONE_X"])

    def test_unknown_kind(self):
        self.refuse('kind = "slot"', 'kind = "solt"', ["argument dst", "unknown kind solt"])

    def test_unknown_lock(self):
        self.refuse('lock = "local"', 'lock = "big"', ["unknown lock big"])

    def test_unknown_key(self):
        self.refuse('outs = [', 'output = [', ["unknown key output"])

    def test_number_twice(self):
        self.refuse("nr = 8", "nr = 7", ["thread_talk", "number 7 is used by call thread_poke"])

    def test_number_too_large(self):
        self.refuse("nr = 7", "nr = 64", ["number 64"])

    def test_object_number_twice(self):
        self.refuse("nr = 9", "nr = 4", ["object thread", "number 4"])

    def test_missing_doc(self):
        self.refuse('doc = "Poke a thread. Carefully."', "", ["thread_poke", "doc is missing"])

    def test_missing_invariant(self):
        self.refuse('inv = "table_inv"\n', "", ["object table", "inv is missing"])

    def test_empty_doc(self):
        self.refuse('doc = "Level."', 'doc = " "', ["argument level", "doc is empty"])

    def test_too_many_arguments(self):
        many = ", ".join('{ name = "a%d", kind = "u64", doc = "A." }' % i for i in range(3))
        self.refuse("doc = \"Other.\" }]", "doc = \"Other.\" }, " + many + "]",
                    ["more arguments than registers"])

    def test_too_many_ipc_arguments(self):
        many = ", ".join('{ name = "a%d", kind = "u64", doc = "A." }' % i for i in range(3))
        self.refuse("doc = \"Tag.\" }]", "doc = \"Tag.\" }, " + many + "]",
                    ["thread_talk", "more arguments than registers"])

    def test_too_many_results(self):
        many = ", ".join('{ name = "o%d", doc = "O." }' % i for i in range(3))
        self.refuse('doc = "What was missing." }]', 'doc = "What was missing." }, ' + many + "]",
                    ["more results than registers"])

    def test_argument_twice(self):
        self.refuse('name = "level", kind', 'name = "dst", kind', ["same name"])

    def test_min_above_max(self):
        self.refuse("min = 1", "min = 4", ["min is above max"])

    def test_limits_of_a_capability(self):
        self.refuse('{ name = "dst", kind = "slot",', '{ name = "dst", kind = "slot", max = 3,',
                    ["max makes no sense"])

    def test_rights_of_a_value(self):
        self.refuse('{ name = "level", kind = "u64",', '{ name = "level", kind = "u64", rights = [],',
                    ["only a cap"])

    def test_right_at_different_bits(self):
        self.refuse('object = "frames", rights = ["WRITE"]',
                    'object = "frames|thread", rights = ["READ"]', ["not the same bit"])

    def test_rights_without_object(self):
        self.refuse('object = "none"\nrights = []', 'object = "none"\nrights = ["CONTROL"]',
                    ["rights without an object"])

    def test_no_toml(self):
        self.refuse("abi_version = 1", "abi_version =", [])


class Outputs(unittest.TestCase):
    def test_header(self):
        out = joined(header.generate(table(CALL + IPC)))
        for line in ("#define ERR_STATE ((err_t){ 1 })", "#define DONE_GONE ((err_t){ 64 })",
                     "\tERRNO_STATE = 1,", "\tERRNO_DONE_GONE = 64,", "#define OBJ_THREAD ABI_U(9)",
                     "#define RIGHT_THREAD_READ ABI_U(0x2)", "#define RIGHTS_ALL_TABLE ABI_U(0x7)",
                     "typedef struct { u32 h; } thread_h;", "#define SYS_THREAD_TALK ABI_U(8)",
                     "#define SYS_MAX ABI_U(8)"):
            self.assertIn(line, out)

    def test_flags_of_a_tag_are_wide(self):
        t = table(CALL + '[[const]]\ngroup = "g"\nvalues = { TAG_X = 4, TAG_X_SHIFT = 2, BIG = 0x100000000 }')
        out = joined(header.generate(t))
        self.assertIn("#define TAG_X ABI_UL(4)", out)
        self.assertIn("#define TAG_X_SHIFT ABI_U(2)", out)
        self.assertIn("#define BIG ABI_UL(0x100000000)", out)

    def test_order_of_checks(self):
        out = joined(kernel.source(table()))
        marks = ["u32 s = cap_slot(t, FR_HANDLE(t))", "return not_it(s)", "RIGHT_THREAD_CONTROL", "slot_find",
                 "ERR_SLOT", "if (FR_ARG(t, 2) != 0)", "OBJ_FRAMES", "RIGHT_FRAMES_WRITE",
                 "FR_ARG(t, 1) < 1ull || FR_ARG(t, 1) > 3ull",
                 "sys_thread_poke(t, s, s0, FR_ARG(t, 1), s2)"]
        at = [out.index(m) for m in marks]
        self.assertEqual(at, sorted(at))

    def test_spec_has_the_same_errors_in_the_same_order(self):
        t = table()
        out = joined(spec.generate(t))
        found = [e for e in ("CAP", "TYPE", "RIGHTS", "SLOT", "ARG") if "ERRNO_" + e + " :" in out]
        self.assertEqual(found, ["CAP", "TYPE", "RIGHTS", "SLOT", "ARG"])
        self.assertEqual(t.calls[0].table_errors(),
                         ["ERR_CAP", "ERR_TYPE", "ERR_RIGHTS", "ERR_SLOT", "ERR_ARG"])

    def test_global_mask(self):
        t = table(CALL + IPC)
        out = joined(kernel.header(t) + kernel.source(t))
        self.assertIn("#define GLOBAL_CALLS 0x100ull", out)

    def test_result_that_has_the_name_of_an_argument(self):
        self.assertIn("u64 *level_out", joined(user.generate(table())))

    def test_negative_cases(self):
        rows = joined(cases.negative(table()))
        for why in ("thread in an empty slot", "thread beyond the table", "thread of another type",
                    "thread without CONTROL", "dst not empty", "dst in no table",
                    "other without WRITE", "level too low", "level too high",
                    "dst not empty, which comes before later faults"):
            self.assertIn("thread_poke: " + why, rows)

    def test_manual_names_every_error(self):
        pages = manual.generate(table(), {"thread_poke": "More about poking."})
        page = joined(pages["thread.md"])
        for word in ("## thread_poke (7)", "ERR_SLOT", "ERR_STATE", "DONE_GONE", "1 to 3",
                     "More about poking."):
            self.assertIn(word, page)
        self.assertIn("thread.md#thread_poke-7", joined(pages["README.md"]))

    def test_names(self):
        self.assertIn('[7] = "thread_poke"', joined(names.generate(table())))

    def test_removed_calls_keep_their_number_only(self):
        t = table(CALL + IPC.replace("nr = 8", "nr = 8\nremoved = true"))
        self.assertNotIn("thread_talk", joined(kernel.source(t)))
        self.assertIn("#define SYS_MAX ABI_U(8)", joined(header.generate(t)))


class Files(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)

    def run_abigen(self):
        return subprocess.run([sys.executable, str(ROOT / "tools/abigen.py"),
                               str(ROOT / "abi/kernel.toml"), str(self.dir)],
                              capture_output=True, text=True, check=True)

    def test_output_is_the_same_every_time_and_equal_files_stay(self):
        self.run_abigen()
        first = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in self.dir.rglob("*") if p.is_file()}
        (self.dir / "names").mkdir()
        changed = self.dir / "abi.h"
        changed.write_text("stale")
        self.run_abigen()
        for p, (contents, when) in first.items():
            self.assertEqual(p.read_bytes(), contents)
            if p != changed:
                self.assertEqual(p.stat().st_mtime_ns, when)

    def test_stubs_compile_and_types_are_kept_apart(self):
        self.run_abigen()
        good = '#include "user.h"\nerr_t f(notif_h n);\nerr_t f(notif_h n) { return notif_signal(n, 1); }'
        bad = '#include "user.h"\nerr_t f(thread_h n);\nerr_t f(thread_h n) { return notif_signal(n, 1); }'
        mixed = '#include "user.h"\nint f(notif_h n);\nint f(notif_h n) { return notif_signal(n, 1); }'
        for source, want in ((good, 0), (bad, 1), (mixed, 1)):
            (self.dir / "x.c").write_text(source)
            done = subprocess.run(["gcc", "-std=c2x", "-Wall", "-Wextra", "-Wconversion", "-Werror",
                                   "-ffreestanding", "-fsyntax-only", f"-I{self.dir}",
                                   str(self.dir / "x.c")], capture_output=True, text=True)
            self.assertEqual(done.returncode != 0, bool(want), done.stderr)

    def test_assembler_can_use_the_header(self):
        self.run_abigen()
        (self.dir / "x.S").write_text('#include "abi.h"\n\tmov $SYS_EP_CALL, %eax\n\tmov $RIGHT_EP_SEND, %eax\n')
        subprocess.run(["gcc", "-c", f"-I{self.dir}", str(self.dir / "x.S"), "-o",
                        str(self.dir / "x.o")], check=True)


class Check(unittest.TestCase):
    """A small tree in which nothing is missing; each test takes something away."""
    TREE = {"kernel/a.c": "err_t sys_thread_poke(u32 t)\n{\n}\n",
            "kernel/inv.c": "\tTHREAD_INVARIANTS(CHECK)\n\tCHECK(table_inv)\n\tCAP_INVARIANTS(CHECK)\n",
            "tests/kernel/a.c": "TESTS(thread_x, thread_poke);\nTEST(a, \"b\")\n{\n\tthread_poke(1);\n}\n",
            "proofs/spec/inv.h": "PRED bool thread_inv(u32 t)\n#define THREAD_INVARIANTS(X) X(thread_inv)\n"
                                 "PRED bool table_inv(u32 t)\nPRED bool frames_inv(u32 s)\n"
                                 "#define CAP_INVARIANTS(X) \\\n\tX(other_inv) \\\n\tX(frames_inv)\n",
            "proofs/units/a.c": '/* prove:\n * [h_poke]\n * function = "sys_thread_poke"\n * columns = ["ub", "spec"]\n */\n',
            "proofs/spec/index.toml": "not_yet = []\n"}

    def complaints(self, file="", old="", new=""):
        with tempfile.TemporaryDirectory() as d:
            for name, contents in self.TREE.items():
                path = pathlib.Path(d) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                self.assertTrue(name != file or old in contents)
                path.write_text(contents.replace(old, new) if name == file else contents)
            return check.complaints(table(), d)

    def one(self, file, old, new, words):
        found = self.complaints(file, old, new)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_nothing_is_missing(self):
        self.assertEqual(self.complaints(), [])

    def test_no_handler(self):
        self.one("kernel/a.c", "sys_thread_poke", "sys_thread_pike", "no handler sys_thread_poke")

    def test_no_positive_test(self):
        self.one("tests/kernel/a.c", ", thread_poke", "", "no TESTS(thread_poke)")

    def test_a_test_that_does_not_make_the_call(self):
        self.one("tests/kernel/a.c", "thread_poke(1)", "thread_pike(1)", "never calls thread_poke")

    def test_no_specification(self):
        self.one("proofs/units/a.c", "poke", "pike", "states what sys_thread_poke does")
        self.one("proofs/units/a.c", '"spec"', '"leak"', "states what sys_thread_poke does")

    def test_not_yet_is_an_entry(self):
        tree = dict(self.TREE)
        self.addCleanup(setattr, type(self), "TREE", tree)
        type(self).TREE = tree | {"proofs/units/a.c": "/* prove:\n */\n"}
        self.assertEqual(self.complaints("proofs/spec/index.toml", "[]", '["thread_poke"]'), [])

    def test_a_specification_of_no_call(self):
        self.one("proofs/spec/index.toml", "[]", '["gone"]', "no call")

    def test_no_invariant(self):
        self.one("proofs/spec/inv.h", "PRED bool table_inv", "PRED bool tables_inv", "table: no invariant table_inv")

    def test_an_invariant_that_nothing_evaluates(self):
        self.one("kernel/inv.c", "THREAD_INVARIANTS", "OTHERS", "thread: THREAD_INVARIANTS is not evaluated")
        self.one("proofs/spec/inv.h", "X(frames_inv)", "X(another_inv)", "frames: frames_inv is not evaluated")

    def test_the_real_table_is_complete(self):
        self.assertEqual(check.complaints(load(ROOT / "abi/kernel.toml"), ROOT), [])


class Text(unittest.TestCase):
    def test_wrapped_lines_are_short(self):
        lines = text.wrap("\tf(", ["argument_%d" % i for i in range(30)], ");")
        self.assertTrue(all(len(line.expandtabs(8)) <= text.COLUMNS for line in lines))
        self.assertEqual(joined(lines).count("argument"), 30)


if __name__ == "__main__":
    unittest.main()
