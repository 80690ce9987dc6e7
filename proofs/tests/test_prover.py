# SPDX-License-Identifier: MIT
"""What must fail does fail: undefined behaviour, unknown constructs, vacuous harnesses, time-outs."""
import os
import tempfile
import unittest
import unittest.mock
from unittest import mock

from . import mini
from prover import solve

STATE = '''
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
struct s { u8 a; u32 b; u64 c; };
struct s g[100]; u32 n; u64 grid[10][512]; struct s *gp;
'''

UB = {
    'array index out of bounds': ['u32 f(u32 x) { return g[x].b; }', 'u32 f(u32 x) { if (x <= 100) return g[x].b; return 0; }',
                                  'u32 f(u32 x) { g[x].b = 1; return 0; }',
                                  'u32 f(u32 x) { return (u32)grid[x & 7][(x >> 8) & 1023]; }',
                                  'u32 f(u32 x) { u32 t[4] = { 1, 2, 3, 4 }; return t[x & 7]; }',
                                  'static const u8 t[4] = { 1, 2, 3, 4 }; u32 f(u32 x) { return t[x & 7]; }'],
    'signed addition overflows': ['u32 f(u32 x) { int y = (int)x; return (u32)(y + 1); }'],
    'signed subtraction overflows': ['u32 f(u32 x) { int y = (int)x; return (u32)(y - 5); }'],
    'signed multiplication overflows': ['u32 f(u32 x) { int y = (int)x; return (u32)(y * 3); }'],
    'negation overflows': ['u32 f(u32 x) { int y = (int)x; return (u32)-y; }'],
    'shift out of range': ['u32 f(u32 x) { return 1u << x; }', 'u32 f(u32 x) { return 9u >> x; }'],
    'division': ['u32 f(u32 x) { return 7 / x; }', 'u32 f(u32 x) { return 7 % (x & 3); }',
                 'u32 f(u32 x) { return (u32)((int)x / (int)(x | 0x7fffffff)); }'],
    'unreachable': ['u32 f(u32 x) { if (x == 3) __builtin_unreachable(); return x; }'],
    'null pointer': ['u32 f(u32 x) { struct s *p = x ? &g[1] : 0; return p->b; }'],
    'kernel assertion': ['_Noreturn void arch_panic(const char *, const char *, int);\n'
                         'u32 f(u32 x) { if (x > 9) arch_panic("x", "y", 1); return x; }'],
    'uninitialised': ['static void set(u32 *p, u32 x) { if (x) *p = x; }\nu32 f(u32 x) { u32 v; set(&v, x); return v; }',
                      'static void put(struct s *d, u32 x) { d->a = 1; if (x) d->b = 2; d->c = 3; }\n'
                      'u32 f(u32 x) { struct s v; put(&v, x); g[1] = v; return 0; }'],
    'llvm.assume': ['u32 f(u32 x) { __builtin_assume(x < 5); return x; }'],
    'builtin': ['u32 f(u32 x) { return (u32)__builtin_ctz(x); }'],
}

REFUSED = {
    'type-punned': 'u32 f(u32 x) { return *(u8 *)&g[x % 100].b; }',
    'pointer stored in global': 'u32 f(u32 x) { gp = &g[x % 100]; return 0; }',
    'volatile or atomic': 'u32 f(u32 x) { return *(volatile u32 *)&n + x; }',
    'inline assembly': 'u32 f(u32 x) { __asm__ volatile("nop"); return x; }',
    'goes on after': 'u32 f(u32 x) { u32 r = 0; for (u32 i = 0; i < x; i++) { r ^= g[i % 100].b; } return r; }',
    'has no body': 'u32 other(u32); u32 f(u32 x) { return other(x); }',
    'recursion': 'u32 f(u32 x) { if (x) g[0].b += f(x - 1) ^ x; return g[1].b; }',
    'function or unknown': 'u32 f1(u32 x) { return x; } u32 f2(u32 x) { return g[1].b + x; }\n'
                         'u32 f(u32 x) { u32 (*h)(u32) = x & 1 ? f1 : f2; return h(x) + n; }',
    'ptrtoint': 'u32 f(u32 x) { u64 a = (u64)&g[x % 100]; return (u32)(a >> 3); }',
    'instruction uitofp': 'u32 f(u32 x) { double d = x; return (u32)(d * 1.5); }',
    'variable length': 'u32 f(u32 x) { __builtin_memset(grid, 0, x & 4095); return 0; }',
}

CALL = 'ANY(u32, x); n = f(x); prover_check(1, 1, "spec: any");'


class Undefined(unittest.TestCase):
    def test_each_kind_is_found(self):
        for what, bodies in UB.items():
            for body in bodies:
                with self.subTest(body):
                    r = mini.prove(STATE + body, CALL)
                    self.assertFalse(r['ok'], body)
                    self.assertIsNone(r['error'], body)
                    self.assertIn(what, ' '.join(r['failures']), body)
                    self.assertIn('kernel.c:', ' '.join(r['failures']), body)

    def test_guarded_code_is_fine(self):
        for body in ('u32 f(u32 x) { return x < 100 ? g[x].b : 0; }', 'u32 f(u32 x) { return x < 32 ? 1u << x : 0; }',
                     'u32 f(u32 x) { return x ? 7 / x : 0; }', 'u32 f(u32 x) { struct s *p = x ? &g[1] : 0; return p ? p->b : 1; }',
                     'u32 f(u32 x) { u32 t[4] = { 1, 2, 3, 4 }; return t[x & 3]; }',
                     'u32 f(u32 x) { return (u32)grid[x & 7][(x >> 8) & 511]; }'):
            r = mini.prove(STATE + body, CALL)
            self.assertTrue(r['ok'], (body, r['error'], r['failures']))

    def test_null_and_misalignment_in_locals(self):
        r = mini.prove(STATE + 'static u32 get(u8 *p) { return *(u32 *)p; }\n'
                       'u32 f(u32 x) { u8 b[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }; return get(b + (x & 1 ? 1 : 0)); }', CALL)
        self.assertFalse(r['ok'])


class Unknown(unittest.TestCase):
    def test_unknown_constructs_are_errors(self):
        for what, body in REFUSED.items():
            with self.subTest(what):
                r = mini.prove(STATE + body, CALL)
                self.assertFalse(r['ok'])
                self.assertIn(what, str(r['error']))


class Vacuity(unittest.TestCase):
    F = STATE + 'u32 f(u32 x) { return x + 1; }'

    def error(self, body, kernel=None):
        r = mini.prove(kernel or self.F, body)
        self.assertFalse(r['ok'])
        return str(r['error'])

    def test_contradiction(self):
        self.assertIn('vacuous', self.error('ANY(u32, x); ASSUME_INPUT(x < 3); ASSUME_INPUT(x > 7); '
                                            'prover_check(1, f(x) == 0, "spec: s");'))

    def test_no_check(self):
        self.assertIn('checks nothing', self.error('ANY(u32, x); (void)f(x);'))

    def test_check_behind_impossible_branch(self):
        self.assertIn('never reached', self.error('ANY(u32, x); u32 r = f(x); prover_check(1, r == x + 1, "spec: a"); '
                                                  'ASSUME_INPUT(x < 10); if (f(x) > 20) prover_check(1, 0, "spec: b");'))

    def test_check_with_impossible_guard(self):
        self.assertIn('never reached', self.error('ANY(u32, x); u32 r = f(x & 7); prover_check(r > 20, 0, "spec: b");'))

    def test_cover(self):
        self.assertIn('never reached', self.error('ANY(u32, x); u32 r = f(x & 7); prover_check(1, r < 9, "spec: b"); '
                                                  'COVER(r == 20);'))

    def test_assumptions_about_state(self):
        self.assertIn('about state', self.error('ASSUME_INPUT(n < 5); prover_check(1, f(n) < 6, "spec: s");'))
        r = mini.prove(self.F, 'ASSUME_STATE(small, n < 5, "why"); prover_check(1, f(n) < 6, "spec: s");')
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        self.assertEqual(r['assumptions'], ['small: why'])

    HINTED = STATE + ('PRED _Bool inv(u32 i) { return g[i].b < 10; }\nPRED _Bool other(u32 i) { return g[i].a < 10; }\n'
                      'u32 f(u32 x) { if (x < 100 && g[x].b < 5) g[x].b++; return 0; }')

    def test_hints(self):
        good = 'ANY(u32, x); ANY(u32, i); ASSUME_INPUT(i < 100); HINT(1, inv(i)); f(x); CHECK_INV(inv(i));'
        r = mini.prove(self.HINTED, good)
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        self.assertIn('after a write', self.error('ANY(u32, x); f(x); HINT(1, inv(x)); CHECK_INV(inv(x));', self.HINTED))
        self.assertIn('not checked', self.error(good.replace('CHECK_INV(inv(i))', 'CHECK_SPEC(f(200) == 0)'), self.HINTED))
        self.assertIn('not checked', self.error(good.replace('CHECK_INV(inv(i))', 'CHECK_INV(inv(3))')
                                                .replace('f(x)', 'HINT(1, inv(3)); f(x)'), self.HINTED))
        self.assertIn('one instance', self.error(good.replace('HINT(1, inv(i))', 'HINT(1, inv(i) & (n < 3))'), self.HINTED))
        r = mini.prove(self.HINTED, good.replace('HINT(1, inv(i));', 'HINT(1, inv(i)); HINT(1, other(i));'))
        self.assertTrue(r['ok'], 'what other() reads is not written')
        r = mini.prove(self.HINTED, good.replace('HINT(1, inv(i));', ''))
        self.assertIn('fails', ' '.join(r['failures']))

    def test_kept(self):
        """An invariant that is kept because of another at the same index; not by itself, and not of another index."""
        kernel = self.HINTED.replace('if (x < 100 && g[x].b < 5) g[x].b++', 'if (x < 100 && g[x].a > 50) g[x].b = 99') + \
            '\nPRED _Bool both(u32 i) { return g[i].a < 10 && g[i].b < 100; }'
        body = 'ANY(u32, x); ANY(u32, i); ANY(u32, j); ASSUME_INPUT((i < 100) & (j < 100)); HINT(1, 1); f(x); CHECK_KEPT(inv(i)); '
        r = mini.prove(kernel, body + 'CHECK_KEPT(both(i));', 'sparing = true')
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        for lacking in ('', 'CHECK_KEPT(both(j));'):
            r = mini.prove(kernel, body + lacking, 'sparing = true')
            self.assertIn('inv(i): fails', ' '.join(r['failures']))


class Solving(unittest.TestCase):
    HARD = STATE + 'u32 f(u32 x) { return x; }'
    BODY = ('ANY(u64, p); ANY(u64, q); ANY(u64, s); ASSUME_INPUT((p >> 32) == 0); ASSUME_INPUT((q >> 32) == 0); u32 r = f(1); '
            'prover_check(1, r + p * q * (s | 1) != 0xd3c21bcf7a31bb07ull + r || p < 2 || q < 2 || s < 2, "spec: hard");')

    def test_time_out_is_a_failure(self):
        r = mini.prove(self.HARD, self.BODY, 'timeout = 0.02')
        self.assertFalse(r['ok'])
        self.assertIn('open', ' '.join(r['failures']) + str(r['error']))

    def test_second_solver(self):
        r = mini.prove(STATE + 'u32 f(u32 x) { if (g[x & 3].b > 99) return 5; return g[x & 3].b; }',
                       'ANY(u32, x); u32 r = f(x); prover_check(1, r < 100, "spec: a");', second='cvc5')
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        self.assertGreater(r['repeated'], 0)
        with mock.patch.object(solve.Solver, 'foreign', lambda self, a: 'sat'):
            r = mini.prove(STATE + 'u32 f(u32 x) { g[2].b = x; return x < 50 ? x : 9; }',
                           'ANY(u32, x); u32 r = f(x); prover_check(1, r < 50, "spec: a");', second='cvc5')
        self.assertFalse(r['ok'])
        self.assertIn('disagree', r['error'])

    def test_cache(self):
        import z3
        a, b = z3.BitVecs('a!:32 b!:32', 32)
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, 'cache', 'x')
            s = solve.Solver(path)
            self.assertEqual(s.check([z3.ULT(a, b), z3.ULT(b, a)]), 'unsat')
            s.save()
            s = solve.Solver(path)
            self.assertEqual(s.check([z3.ULT(a, b), z3.ULT(b, a)]), 'unsat')
            self.assertEqual((s.asked, s.hits), (1, 1))
            self.assertEqual(s.check([z3.ULT(a, b)]), 'sat')
            self.assertEqual(s.hits, 1)

    def test_cache_of_what_was_not_answered(self):
        import z3
        a, b = z3.BitVecs('a!:64 b!:64', 64)
        hard = [a * b == 0x123456789abcdef1, z3.ULT(1, a), z3.ULT(a, b)]
        with tempfile.TemporaryDirectory() as d, unittest.mock.patch.object(solve, 'STEPS', 100):
            path = os.path.join(d, 'x')
            s = solve.Solver(path)
            self.assertEqual(s.check(hard, short=True), 'unknown')
            s.save()
            s = solve.Solver(path)
            self.assertEqual(s.check(hard, short=True), 'unknown')
            self.assertEqual(s.hits, 1)
            self.assertEqual(s.check(hard), 'unknown')            # with more time it is another question
            self.assertEqual(s.hits, 1)


class Contracts(unittest.TestCase):
    KERNEL = STATE + ('u32 hw(u32 x);\nu32 f(u32 x) { return hw(x) < 10 ? g[hw(x)].b : 0; }')

    def test_replacement_called_twice(self):
        """What a contract returns is arbitrary at each call."""
        kernel = 'u32 hw(u32 x); u32 f(u32 x) { return hw(x) - hw(x); }'
        r = mini.prove(kernel, 'ANY(u32, x); CHECK_SPEC(f(x) == 0);', unit='u32 prover_replace_hw(u32 x) { ANY(u32, v); prover_assume(x < 9); return v; }\n')
        self.assertIn('fails', ' '.join(r['failures']))

    def test_replacement(self):
        r = mini.prove(self.KERNEL, '} u32 prover_replace_hw(u32 x) { ANY(u32, v); prover_assume(v == x); return v; }\n'
                       'void h_unused(void);\nvoid more(void) {', '')
        self.assertFalse(r['ok'])
        body = 'ANY(u32, x); u32 r = f(x); CHECK_SPEC(r == (x < 10 ? g[x].b : 0));'
        with_contract = self.KERNEL + '\nunsigned prover_any_u32(const char *); void prover_assume(_Bool);\n' \
            'u32 prover_replace_hw(u32 x) { u32 v = prover_any_u32("v"); prover_assume(v == x); return v; }'
        r = mini.prove(with_contract, body)
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        self.assertEqual(r['contracts'], ['hw'])
        r = mini.prove(with_contract.replace('prover_assume(v == x); ', ''), body)
        self.assertFalse(r['ok'])


class Merged(unittest.TestCase):
    """Functions that write and call contracts, merged into one term or path by path: the same answers."""
    KERNEL = STATE + 'struct s k2[100]; u32 hw(u32 x);\nstatic void step(u32 x, u32 c) { if (c) { (void)hw(x); g[x].b++; } }\n' \
        'u32 f(u32 x) { if (x < 100) step(x, x & 1); return 0; }\n'
    UNIT = 'PRED _Bool at(u32 i, u32 x) { return g[i].c == i + x; }\nPRED _Bool same(u32 i) { return g[i].c == k2[i].c; }\n' \
        'PRED _Bool rose(u32 i, u32 n) { return g[i].b == k2[i].b + n; }\n'
    HW = 'u32 prover_replace_hw(u32 x) { ANY(u32, v); CHECK_SPEC(x < 100); FORGET(g[0].c); prover_assume(at(INDEX(i), x)); return v; }\n'
    BODY = 'ANY(u32, x); const u32 i = INDEX(i); const _Bool odd = x < 100 && (x & 1); ASSUME_INPUT(i < 100); SNAPSHOT(k2, g); ' \
        'u32 r = f(x); CHECK_SPEC(r == 0); CHECK_IF(odd, "spec", at(i, x)); CHECK_IF(!odd, "spec", same(i)); ' \
        'CHECK_SPEC(rose(i, odd && i == x));'

    def both(self, kernel=KERNEL, body=BODY, hw=HW):
        rs = [mini.prove(kernel, body, head, unit=self.UNIT + hw) for head in ('', 'merge = ["step"]')]
        self.assertEqual([r['error'] for r in rs], [None, None])
        self.assertEqual(rs[0]['ok'], rs[1]['ok'])
        return rs

    def test_effects(self):
        for r in self.both():
            self.assertTrue(r['ok'], r['failures'])
            self.assertEqual(r['contracts'], ['hw'])
        for right, wrong in (('!odd', 'x != 5'), ('odd, "spec", at(i, x)', '1, "spec", at(i, x)'), ('i == x', 'i != x')):
            self.assertFalse(self.both(body=self.BODY.replace(right, wrong))[0]['ok'], wrong)

    def test_what_a_contract_needs(self):
        for r in self.both(self.KERNEL.replace('hw(x);', 'hw(x + 50);')):
            self.assertIn('x < 100', ' '.join(r['failures']))

    def test_never(self):
        never = 'u32 NEVER(hw)(u32 x) { return x; }\n'
        for r in self.both(hw=never):
            self.assertIn('hw is called', ' '.join(r['failures']))
        for r in self.both(self.KERNEL.replace('x & 1', 'x & 0'), self.BODY.replace('x < 100 &&', '0 &&').replace(
                'CHECK_IF(odd, "spec", at(i, x)); ', ''), never):
            self.assertTrue(r['ok'], r['failures'])
            self.assertEqual(r['contracts'], [])

    def test_code_under_proof_cannot(self):
        bad = self.KERNEL.replace('static void step(u32 x, u32 c) {', 'void prover_assume(_Bool);\nstatic void step(u32 x, u32 c) { prover_assume(c);')
        r = mini.prove(bad, self.BODY, 'merge = ["step"]', unit=self.UNIT + self.HW)
        self.assertIn('merged', str(r['error']))


class Inputs(unittest.TestCase):
    """Parameters of a harness, and the constant that is defined nowhere, are arbitrary."""
    KERNEL = STATE + 'u32 f(u32 x) { if (x < 100) g[x].b = 1; return x; }'
    HEAD = 'extern const struct any { u32 page, n; } any; struct s old[100]; PRED _Bool same(u32 i) { return g[i].b == old[i].b; }\n' \
        'void h_y(u32 x, u64 y, u8 z) { ASSUME_INPUT(y < 5 && z < 9); SNAPSHOT(old, g); CHECK_SPEC(f(x) == x); CHECK_SPEC(%s); }\n'

    def prove(self, what):
        return mini.prove(self.KERNEL, 'CHECK_SPEC(1);', unit=self.HEAD % what, name='h_y')

    def test_right(self):
        for what in ('y < 5', 'z + y < 13', 'any.page == x || same(any.page)', 'INDEX(page) == x || same(any.page)', 'INDEX(n) == any.n'):
            r = self.prove(what)
            self.assertTrue(r['ok'], (what, r['error'], r['failures']))

    def test_wrong(self):
        for what in ('x != 7', 'z != 5', 'same(any.page)', 'any.n == any.page', 'any.page == INDEX(n)', 'any.page != x'):
            r = self.prove(what)
            self.assertFalse(r['ok'], what)
            self.assertIsNone(r['error'], what)

    def test_refused(self):
        r = mini.prove(self.KERNEL, 'CHECK_SPEC(1);', unit='void h_y(const u32 *x) { CHECK_SPEC(f(*x) != 0); }\n', name='h_y')
        self.assertIn('is an integer', r['error'])


class Preconditions(unittest.TestCase):
    """What a harness requires is checked where the function is called, if it is the same of the same arguments."""
    KERNEL = STATE + 'u32 f(u32 x, u32 y) { return g[x].b + y; } u32 top(u32 x) { return x < 100 ? f(x, 7) : 0; }'
    PREDS = 'PRED _Bool small(u32 x) { return x < 100; } PRED _Bool below(u32 x, u32 n) { return x < n; }\n'

    def test_link(self):
        unit = self.PREDS + 'u32 prover_replace_f(u32 x, u32 y) { OBLIGED(f, small(x)); return y; }\n'
        needs = mini.prove(self.KERNEL, 'ANY(u32, x); ANY(u32, y); REQUIRES(f, small(x)); CHECK_SPEC(f(x, y) == g[x].b + y);', unit=self.PREDS)
        gives = mini.prove(self.KERNEL, 'ANY(u32, x); CHECK_SPEC(top(x) <= 7);', unit=unit)
        self.assertTrue(needs['ok'], (needs['error'], needs['failures']))
        self.assertEqual(gives['failures'], [])
        self.assertEqual(needs['requires'], [['f', 'small', [0]]])
        self.assertEqual(gives['obliged'], needs['requires'])
        wrong = mini.prove(self.KERNEL.replace('x < 100', 'x < 101'), 'ANY(u32, x); CHECK_SPEC(top(x) <= 7);', unit=unit)
        self.assertIn('required: f: small(x): fails', ' '.join(wrong['failures']))

    def test_other_arguments(self):
        for body, error in (('REQUIRES(f, small(y + 1)); n = f(x, y);', 'no argument of the function'),
                            ('REQUIRES(h, small(x)); n = f(x & 7, y);', 'not called'),
                            ('n = 1; REQUIRES(f, small(x)); n = f(x, y);', 'before the first write')):
            r = mini.prove(self.KERNEL, f'ANY(u32, x); ANY(u32, y); {body} CHECK_SPEC(n == n + x - x);', unit=self.PREDS)
            self.assertIn(error, str(r['error']), body)
        r = mini.prove(self.KERNEL, 'ANY(u32, x); ANY(u32, y); REQUIRES(f, below(x, 100)); CHECK_SPEC(f(x, y) == g[x].b + y);', unit=self.PREDS)
        self.assertIn(r['requires'], ([['f', 'below', [0, '=100']]], [['f', 'below', [0]]]))


class Ranges(unittest.TestCase):
    KERNEL = STATE + 'struct s k2[100]; void loop(u32 a, u32 n);\nvoid f(u32 a, u32 n) { loop(a, n); }\n' \
        'PRED _Bool same(u32 i) { return g[i].a == k2[i].a && g[i].b == k2[i].b && g[i].c == k2[i].c; }\n' \
        'PRED _Bool is(u32 i, u32 a, u64 c) { return g[i].a == a && g[i].b == 7 && g[i].c == c; }\n'
    FILLS = 'void loop(u32 a, u32 n) { struct s v = { 3, 7, a }; FILL(g, a, n, v); }\n'
    CLEARS = 'void loop(u32 a, u32 n) { CLEAR(grid, a, n); }\n'
    BODY = '''ANY(u32, a); ANY(u32, n); ANY(u32, i); ASSUME_INPUT((a < 50) & (n < 50) & (i < 100)); SNAPSHOT(k2, g); f(a, n);
        CHECK_IF((i >= a) & (i < a + n), "spec", is(i, 3, a)); CHECK_IF((i < a) | (i >= a + n), "spec", same(i));'''

    def test_fill(self):
        r = mini.prove(self.KERNEL, self.BODY, unit=self.FILLS)
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        for right, wrong in (('i < a + n', 'i <= a + n'), ('(i < a)', '(i <= a)')):
            r = mini.prove(self.KERNEL, self.BODY.replace(right, wrong), unit=self.FILLS)
            self.assertIn('fails', ' '.join(r['failures']), wrong)

    def test_fill_where(self):
        unit = self.FILLS.replace('FILL(g, a, n, v)', 'FILL_WHERE(g, a, n, v, 9)')
        body = self.BODY.replace('i < a + n)', 'i < a + n) & (k2[i].a == 9)').replace('(i >= a + n)', '(i >= a + n) | (k2[i].a != 9)')
        r = mini.prove(self.KERNEL, body, unit=unit)
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        for wrong in ('k2[i].a == 8', 'k2[i].a != 7'):
            r = mini.prove(self.KERNEL, body.replace(wrong[:-1] + '9', wrong), unit=unit)
            self.assertIn('fails', ' '.join(r['failures']), wrong)

    def test_become(self):
        unit = '''u64 rows2[8][9];
            PRED u64 more(u32 r, u32 i, u64 by) { return rows[r][i] + by; }
            void loop(u32 r, u32 n) { BECOME(rows, r, 2, n, more, 5); }
            PRED _Bool is_more(u32 r, u32 i) { return rows[r][i] == rows2[r][i] + 5; }
            PRED _Bool is_same(u32 r, u32 i) { return rows[r][i] == rows2[r][i]; }'''
        kernel = 'u64 rows[8][9]; void loop(u32 r, u32 n); u32 f(u32 r, u32 n) { loop(r, n); return 0; }'
        body = '''ANY(u32, r); ANY(u32, n); ANY(u32, q); ANY(u32, i); ASSUME_INPUT((r < 8) & (n < 7) & (q < 8) & (i < 9));
            SNAPSHOT(rows2, rows); f(r, n); CHECK_IF((q == r) & (i >= 2) & (i < n + 2), "spec", is_more(q, i));
            CHECK_IF((q != r) | (i < 2) | (i >= n + 2), "spec", is_same(q, i));'''
        r = mini.prove(kernel, body, unit=unit)
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        for right, wrong in (('i < n + 2', 'i <= n + 2'), ('(q != r)', '(q == r)'), ('(i < 2)', '(i <= 2)')):
            r = mini.prove(kernel, body.replace(right, wrong), unit=unit)
            self.assertIn('fails', ' '.join(r['failures']), wrong)

    def test_neighbouring_fills(self):
        unit = 'void loop(u32 a, u32 n) { struct s v = { 3, 7, a }; for (u32 i = 0; i < 9 && i < n; i++) FILL(g, a + i, 1, v); }\n'
        body = self.BODY.replace('n < 50', 'n < 10')
        r = mini.prove(self.KERNEL, body, unit=unit)
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        r = mini.prove(self.KERNEL, body, unit=unit.replace('a + i, 1, v', 'a + 2 * i, 1, v'))
        self.assertIn('fails', ' '.join(r['failures']))

    def test_clear_of_rows(self):
        body = '''ANY(u32, a); ANY(u32, n); ANY(u32, i); ANY(u32, j); ASSUME_INPUT((i < 10) & (j < 512)); f(a, n);
            CHECK_IF(i - a < n, "spec", grid[i][j] == 0);'''
        r = mini.prove(self.KERNEL, body, unit=self.CLEARS)
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        r = mini.prove(self.KERNEL, body.replace('i - a < n', 'i - a <= n'), unit=self.CLEARS)
        self.assertIn('fails', ' '.join(r['failures']))

    def test_code_under_proof_cannot(self):
        r = mini.prove(self.KERNEL + self.FILLS, self.BODY)
        self.assertIn('called by code under proof', str(r['error']))


class Counterexample(unittest.TestCase):
    def test_text(self):
        r = mini.prove(STATE + 'u32 f(u32 x) { if (x < 100 && g[x].b == 1234) return 1; return 0; }',
                       'ANY(u32, x); u32 r = f(x); CHECK_SPEC(r == 0);')
        text = '\n'.join(r['failures'])
        self.assertIn('spec: r == 0: fails', text)
        self.assertIn('x = ', text)
        self.assertRegex(text, r'g\[\w+\]\.b = 1234')


class TwoStates(unittest.TestCase):
    def test_self_composition(self):
        kernel = STATE + 'struct s k2[100], old[100]; u32 f(u32 x) { return x < 100 ? g[x].b++ : 0; }'
        body = '''ANY(u32, x); ASSUME_INPUT(x < 100); ANY(u32, i); ASSUME_INPUT(i < 100);
            HINT(1, low(x)); HINT(1, low(i)); u32 r1 = f(x); SNAPSHOT(old, g); SNAPSHOT(g, k2); u32 r2 = f(x);
            CHECK_NI(r1 == r2); CHECK_NI(old[i].b == g[i].b);'''
        low = '\nPRED _Bool low(u32 i) { return g[i].b == k2[i].b; }'
        r = mini.prove(kernel + low, body)
        self.assertEqual((r['failures'], r['error']), ([], 'low is assumed, what it reads is written, and it is not checked'))
        r = mini.prove(kernel + low, body + 'CHECK_INV(1);'.replace('1', 'low(i)').replace('low(i)', 'low(i) | 1'))
        self.assertEqual(r['failures'], [])


class Mixed(unittest.TestCase):
    KERNEL = STATE + 'struct s first[100], other[100], out[100]; u8 ours[50];\n'
    BODY = ('ANY(u32, x); ANY(u32, i); ASSUME_INPUT((x < 100) & (i < 100)); ASSUME_STATE(ours, ours[x >> 1] != 0, "it acts"); '
            'SNAPSHOT(first, g); u32 a = f(x); SNAPSHOT(out, g); SNAPSHOT(g, first); MIX(g, other, ours, 1); u32 b = f(x); '
            'CHECK_NI(a == b); CHECK_IF(ours[i >> 1] != 0, "ni", g[i].b == out[i].b); '
            'CHECK_IF(ours[i >> 1] == 0, "ni", g[i].b == other[i].b);')

    def test_what_stays_inside(self):
        r = mini.prove(self.KERNEL + 'u32 f(u32 x) { g[x].b += (u32)g[x ^ 1].c; return g[x].a; }', self.BODY)
        self.assertTrue(r['ok'], (r['error'], r['failures']))

    def test_channels(self):
        for f in ('u32 f(u32 x) { return g[x ^ 2].a; }', 'u32 f(u32 x) { g[x].b = g[(x + 2) % 100].b; return 0; }',
                  'u32 f(u32 x) { g[(x + 2) % 100].b = g[x].b; return 0; }'):
            r = mini.prove(self.KERNEL + f, self.BODY)
            self.assertIn('ni: ', ' '.join(r['failures']), f)


if __name__ == '__main__':
    unittest.main()
