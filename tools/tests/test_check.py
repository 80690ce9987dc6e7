# SPDX-License-Identifier: MIT
"""What `make check` counts and refuses, on small files."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import check

SOURCE = """/* SPDX-License-Identifier: MIT */
/* goto, union and "asm" in a comment are harmless. */
#include "x.h"
#if DEBUG
static u32 counter;
#endif
static const u32 table[] = { 1, 2 };
struct pair {
	u32 a, b;
};

/* Adds. */
__attribute__((noinline)) static u32 add(struct pair *p, u32 (*rows)[4],
	u32 n)
{
	const char *s = "goto } union";

	for (u32 i = 0; i < n && s; i++)
		if (rows[i][0])
			p->a++;
	return p->a;
}

err_t none(void) NODISCARD;
err_t none(void)
{
	return OK;
}
"""


class Check(unittest.TestCase):
    def measure(self, text, path="kernel/x.c"):
        with tempfile.TemporaryDirectory() as d:
            file = pathlib.Path(d) / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
            return check.measure(file, pathlib.Path(d))

    def refused(self, text, path="kernel/x.c"):
        return [b.split(": ", 1)[1] for b in check.forbidden([self.measure(text, path)])]

    def test_functions_are_found_and_measured(self):
        add, none = self.measure(SOURCE).functions
        self.assertEqual((add.name, add.lines, add.parameters, add.complexity), ("add", 10, 3, 4))
        self.assertEqual((none.name, none.lines, none.parameters, none.complexity),
                         ("none", 4, 0, 1))

    def test_variables_that_change_are_counted(self):
        self.assertEqual(self.measure(SOURCE).globals, ["counter"])

    def test_comments_and_strings_are_no_code(self):
        self.assertEqual(self.refused(SOURCE), [])

    def test_each_forbidden_thing_is_found(self):
        for code, what in [("goto out;", "goto"), ("void (*fn)(u32);", "pointer to function"),
                           ("u32 a : 3;", "bit-field"), ("asm volatile(\"\");", "inline assembler"),
                           ("double d;", "floating point"), ("union u { u32 a; };", "union"),
                           ("u64 cr3;", "name of an architecture"),
                           ("void log(const char *f, ...);", "variable arguments"),
                           ("/* TODO later */", "note about work left to do")]:
            self.assertEqual(self.refused(code + "\n"), [what], code)

    def test_recursion_is_found_also_through_others(self):
        code = "".join(f"void {f}(void)\n{{\n\t{g}();\n}}\n" for f, g in ("ab", "ba", "ca"))
        self.assertEqual(self.refused(code), ["recursion through a", "recursion through b"])

    def test_the_machine_may_contain_assembler(self):
        self.assertEqual(self.refused("asm(\"\");\nu64 cr3;\n", "kernel/arch/x86_64/x.c"), [])

    def test_a_union_may_stand_where_capabilities_are(self):
        self.assertEqual(self.refused("union u { u32 a; };\n", "kernel/cap.c"), [])


if __name__ == "__main__":
    unittest.main()
