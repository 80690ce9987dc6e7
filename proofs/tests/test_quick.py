# SPDX-License-Identifier: MIT
"""The quick functions make the same terms as the binding's own, and an error of the library is still one."""
import random
import unittest

import z3

from prover import quick, terms

X, Y, A, B, C = *z3.BitVecs('x y', 8), *z3.Bools('a b c')


def same(a, b):
    return z3.Z3_is_eq_ast(quick.REF, a.as_ast(), b.as_ast()) and type(a) is type(b)


class Quick(unittest.TestCase):
    def test_same_terms(self):
        rnd, pool = random.Random(7), [A, B, C, X == Y, z3.ULT(X, 3), z3.BoolVal(True), z3.BoolVal(False)]
        for _ in range(300):
            a, b, c = rnd.choices(pool, k=3)
            for name, args in (('And', (a, b)), ('And', (a, b, c)), ('Or', (a, b, c)), ('And', ([a, b],)), ('Or', (a,)), ('Not', (a,)),
                               ('Implies', (a, b)), ('If', (a, b, c)), ('If', (a, X, Y)), ('If', (a, X, 3)), ('simplify', (b,)),
                               ('simplify', (X + Y - X,)), ('And', (a, True)), ('Implies', (a, False)), ('Not', (True,))):
                self.assertTrue(same(getattr(z3, name)(*args), quick.slow[name](*args)), (name, args))
            pool.append(z3.And(a, z3.If(b, c, a)))

    def test_numbers(self):
        for v, w in ((3, 8), (259, 8), (-1, 8), (3, 9), (1, 1)):
            self.assertTrue(same(z3.BitVecVal(v, w), quick.slow['BitVecVal'](v, w)))
            self.assertEqual(z3.BitVecVal(v, w).as_long(), v % (1 << w))

    def test_constants(self):
        for t in (z3.BoolVal(True), z3.BoolVal(False), A, X, z3.And(A, B), z3.simplify(z3.Or(A, z3.Not(A))), 3, None):
            self.assertEqual(z3.is_true(t), quick_free(t, z3.Z3_OP_TRUE))
            self.assertEqual(z3.is_false(t), quick_free(t, z3.Z3_OP_FALSE))

    def test_equal(self):
        self.assertTrue((X + 1).eq(X + 1))
        self.assertFalse((X + 1).eq(X + 2))
        self.assertTrue(X.sort().eq(Y.sort()))

    def test_an_error_is_raised(self):
        with self.assertRaises(z3.Z3Exception):
            z3.Z3_mk_bvadd(quick.REF, X.as_ast(), A.as_ast())
        self.assertTrue(same(X + Y, X + Y))

    def test_the_prover_uses_them(self):
        self.assertIs(z3.And, terms.z3.And)
        self.assertIsNot(z3.And, quick.slow['And'])


def quick_free(t, kind):
    """What is_true and is_false of the binding say."""
    return z3.is_app(t) and t.decl().kind() == kind


if __name__ == '__main__':
    unittest.main()
