# SPDX-License-Identifier: MIT
"""Loops by induction, functions as one term, and what a contract's harness may take for granted."""
import unittest

from . import mini

KERNEL = '''typedef unsigned char u8; typedef unsigned int u32;
u8 v[1000], w[1000];
void f(u32 x) { for (u32 i = 0; i < 1000; i++) v[i] = (u8)(x + 1); }
'''
UNIT = '''PRED bool_ filled(u32 k, u32 i, u32 x) { return i < 1000 && (k >= i || v[k] == (u8)(x + 1)); }
void prover_begin_f(u32 i, u32 x) { CHECK_SPEC(filled(INDEX(k), i, x)); }
void prover_round_f(u32 i, u32 x) { FORGET(v[0]); prover_assume(filled(INDEX(k), i, x)); }
'''.replace('bool_', '_Bool')
BODY = 'ANY(u32, x); const u32 k = INDEX(k); f(x); CHECK_IF(k < 1000, "spec", v[k] == (u8)(x + 1));'


def prove(kernel=KERNEL, unit=UNIT, body=BODY):
    return mini.prove(kernel, body, unit=unit)


class Induction(unittest.TestCase):
    def refused(self, word, **changes):
        r = prove(**changes)
        self.assertFalse(r['ok'], word)
        self.assertIn(word, f'{r["error"]} {r["failures"]}')

    def test_a_long_loop(self):
        r = prove()
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        self.assertFalse(prove(unit='')['ok'])                # the same, round by round, is too long

    def test_what_is_not_so(self):
        self.refused('spec', body=BODY.replace('(u8)(x + 1)', '(u8)x'))
        self.refused('filled', kernel=KERNEL.replace('v[i] =', 'v[i ^ 1] ='))
        self.refused('filled', kernel=KERNEL.replace('i = 0', 'i = 1'))
        self.refused('filled', unit=UNIT.replace('k >= i', 'k > i').replace('i < 1000 && (', 'i < 1000 && (i != 7 || k < i) && ('))

    def test_what_rounds_write(self):
        self.refused('does not forget', unit=UNIT.replace('FORGET(v[0]); ', ''))
        self.refused('does not forget', kernel=KERNEL.replace('v[i] =', 'w[i] = v[i] ='))

    def test_what_is_assumed(self):
        self.refused('one PRED', unit=UNIT.replace('prover_assume(filled(INDEX(k), i, x))', 'prover_assume(v[3] == 1)'))
        self.refused('one PRED', unit='PRED _Bool more(u32 k) { return v[k] == 0; }\n' +
                     UNIT.replace('prover_assume(', 'prover_assume(more(INDEX(k))); prover_assume('))

    def test_ends(self):
        self.refused('has no end', unit=UNIT.replace('(u32 i, u32 x)', '(u32 x, u32 i)'))
        self.refused('no variable', unit=UNIT.replace('prover_begin_f(u32 i, u32 x)', 'prover_begin_f(u32 i, u32 y)')
                     .replace('CHECK_SPEC(filled(INDEX(k), i, x))', 'CHECK_SPEC(filled(INDEX(k), i, y))'))


class Several(unittest.TestCase):
    """A loop within a loop, one after it, and a variable in memory that rounds write before they read it."""
    KERNEL = '''typedef unsigned char u8; typedef unsigned int u32;
u8 v[1000][1000];
static void get(u32 x, u32 *to) { *to = x + 1; }
void f(u32 x) {
	u32 y = 0;
	for (u32 i = 0; i < 1000; i++)
		for (u32 j = 0; j < 1000; j++) { get(x, &y); v[i][j] = (u8)y; }
	for (u32 k = 0; k < 1000; k++) v[k][0] = 7;
}
'''
    UNIT = '''PRED _Bool is(u32 a, u32 b, u32 i, u32 j, u32 x) { return i < 1000 && j < 1000 && (a >= 1000 || b >= 1000 || (a < i || (a == i && b < j) ? v[a][b] == (u8)(x + 1) : 1)); }
PRED _Bool then(u32 a, u32 b, u32 k, u32 x) { return k < 1000 && (a >= 1000 || b >= 1000 || v[a][b] == (b == 0 && a < k ? 7 : (u8)(x + 1))); }
void prover_begin_f(u32 i, u32 x) { CHECK_SPEC(is(INDEX(a), INDEX(b), i, 0, x)); }
void prover_round_f(u32 i, u32 x) { FORGET(v[0][0]); prover_assume(is(INDEX(a), INDEX(b), i, 0, x)); }
void prover_begin_f_2(u32 j, u32 i, u32 x) { CHECK_SPEC(is(INDEX(a), INDEX(b), i, j, x)); }
void prover_round_f_2(u32 j, u32 i, u32 x) { FORGET(v[0][0]); prover_assume(is(INDEX(a), INDEX(b), i, j, x)); }
void prover_begin_f_3(u32 k, u32 x) { CHECK_SPEC(then(INDEX(a), INDEX(b), k, x)); }
void prover_round_f_3(u32 k, u32 x) { FORGET(v[0][0]); prover_assume(then(INDEX(a), INDEX(b), k, x)); }
'''
    BODY = 'ANY(u32, x); const u32 a = INDEX(a), b = INDEX(b); f(x); CHECK_IF(a < 1000 && b < 1000, "spec", v[a][b] == (b == 0 ? 7 : (u8)(x + 1)));'

    def test_proved(self):
        r = prove(self.KERNEL, self.UNIT, self.BODY)
        self.assertTrue(r['ok'], (r['error'], r['failures']))

    def test_wrong(self):
        for old, new in ('b == 0 ? 7', 'b == 0 ? 8'), ('a < 1000 && b', 'b'):
            self.assertFalse(prove(self.KERNEL, self.UNIT, self.BODY.replace(old, new))['ok'], new)
        for old, new in ('v[i][j] =', 'v[j][i] ='), ('get(x, &y); v[i][j] = (u8)y;', 'v[i][j] = (u8)y; get(x, &y);'), ('v[k][0]', 'v[k][1]'):
            self.assertFalse(prove(self.KERNEL.replace(old, new), self.UNIT, self.BODY)['ok'], new)


class Members(unittest.TestCase):
    """A loop whose variables are members of structs, handed over in registers, and flags."""
    KERNEL = '''typedef unsigned char u8; typedef unsigned int u32;
u8 w[1000];
struct at { u32 row, i, step; };
_Bool f(struct at p, u32 n) {
	_Bool any = 0;
	for (u32 k = 0; k < n; k++, p.i++) { any |= w[p.i] != 0; w[p.i] = (u8)(p.row + p.step); }
	return any;
}
'''
    UNIT = '''PRED _Bool sane(u32 k, u32 n, u32 i, u32 from) { return k < n && n <= 1000 && from <= 1000 - n && i == from + k; }
PRED _Bool told(u32 x, u32 k, u32 from, _Bool any, u32 value) {
	return x - from < k ? w[x] == (u8)value && (any || before[x] == 0) : w[x] == before[x];
}
void prover_begin_f(u32 k, u32 n, u32 p_row, u32 p_i, u32 p_step, _Bool any) {
	CHECK_SPEC(sane(k, n, p_i, INDEX(from)));
	CHECK_SPEC(told(INDEX(x), k, INDEX(from), any, p_row + p_step));
}
void prover_round_f(u32 k, u32 n, u32 p_row, u32 p_i, u32 p_step, _Bool any) {
	FORGET(w[0]);
	prover_assume(sane(k, n, p_i, INDEX(from)));
	prover_assume(told(INDEX(x), k, INDEX(from), any, p_row + p_step));
}
'''
    BODY = '''const u32 from = INDEX(from), x = INDEX(x);
ANY(u32, row); ANY(u32, step); ANY(u32, n);
ASSUME_INPUT(n <= 1000 && from <= 1000 - n);
SNAPSHOT(before, w);
const _Bool any = f((struct at){ row, from, step }, n);
CHECK_IF(x < 1000, "spec", told(x, n, from, any, row + step));
'''

    def prove(self, kernel=KERNEL, unit=UNIT):
        return mini.prove(kernel, self.BODY, unit='u8 before[1000];\n' + unit)

    def test_members(self):
        r = self.prove()
        self.assertTrue(r['ok'], (r['error'], r['failures']))

    def test_what_is_not_so(self):
        for a, b in (('any |= w[p.i] != 0', 'any = w[p.i] != 0'), ('p.row + p.step)', 'p.row + p.i)'), ('any = 0;', 'any = 0; p.step++;')):
            self.assertFalse(self.prove(kernel=self.KERNEL.replace(a, b))['ok'], b)
        self.assertFalse(self.prove(unit=self.UNIT.replace('p_row + p_step', 'p_row'))['ok'])
        self.assertIn('no variable', self.prove(unit=self.UNIT.replace('p_step', 'p_stop'))['error'])


class Whole(unittest.TestCase):
    """A function that the harness calls, as one term: what must fail does fail."""
    BODY = 'ANY(u32, x); CHECK_SPEC(f(x) != 7);'

    def prove(self, f, head='whole = ["f"]', unit=''):
        return mini.prove('typedef unsigned int u32; u32 a[10];\nu32 g(u32 x) { return x ? 1 : 7; }\n' + f, self.BODY, head=head, unit=unit)

    def test_one_path(self):
        f = 'u32 f(u32 x) { if (x < 10) a[x] = 3; return x > 4 ? 5 : 6; }'
        r = self.prove(f)
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        self.assertEqual(r['paths'], 1)
        self.assertGreater(self.prove(f, head='')['paths'], 1)

    def test_what_is_not_so(self):
        for word, f in (('out of bounds', 'u32 f(u32 x) { a[x] = 3; return 1; }'), ('out of bounds', 'u32 f(u32 x) { return a[x] ? 1 : 2; }'),
                        ('division', 'u32 f(u32 x) { return 9 / x ? 1 : 2; }'), ('spec', 'u32 f(u32 x) { return x; }'),
                        ('shift', 'u32 f(u32 x) { return 1u << x ? 1 : 2; }'), ('out of bounds', 'u32 f(u32 x) { return x > 20 ? a[x] ? 1 : 2 : 3; }')):
            r = self.prove(f)
            self.assertIn(word, f'{r["error"]} {r["failures"]}', f)

    def test_what_is_never_called(self):
        never = 'u32 NEVER(g)(u32 x) { return x; }\n'
        f = 'u32 f(u32 x) { return x > 5 ? g(x) : 2; }'
        self.assertIn('g is called', str(self.prove(f, unit=never)['failures']))
        self.assertTrue(self.prove(f.replace('x > 5', 'x > 5 && x < 3'), unit=never)['ok'])


class Given(unittest.TestCase):
    """Only what the contract checks may be taken for granted in the harness that proves it."""
    KERNEL = 'typedef unsigned int u32; u32 a[10]; u32 f(u32 x) { return 10 / a[x % 10]; }\n'
    UNIT = ('PRED _Bool good(u32 x) { return a[x % 10] != 0; }\nPRED _Bool other(u32 x) { return a[x % 10] == 1; }\n'
            'u32 prover_replace_f(u32 x) { CHECK_SPEC(good(x)); ANY(u32, r); prover_assume(other(r)); return r; }\n'
            'void h_contract_f(void) { ANY(u32, x); GIVEN(good(x)); CHECK_SPEC(f(x) <= 10); }\n')

    def prove(self, unit, name='h_contract_f'):
        return mini.prove(self.KERNEL, 'CHECK_SPEC(1);', unit=unit, head='', name=name)

    def test_both(self):
        self.assertTrue(self.prove(self.UNIT)['ok'])
        self.assertFalse(self.prove(self.UNIT.replace('GIVEN(good(x));', ''))['ok'])
        r = self.prove(self.UNIT.replace('GIVEN(good', 'GIVEN(other'))
        self.assertIn('GIVEN', r['error'])
        r = mini.prove(self.KERNEL, 'ANY(u32, x); GIVEN(good(x)); CHECK_SPEC(f(x) <= 10);',
                       unit=self.UNIT[:self.UNIT.index('u32 prover_replace_f')])
        self.assertIn('GIVEN', r['error'])


if __name__ == '__main__':
    unittest.main()
