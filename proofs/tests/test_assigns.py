# SPDX-License-Identifier: MIT
"""ASSIGNS: what is not named may not change, what is named may, and what never does is an error."""
import unittest

from . import mini

STATE = '''
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64;
struct pair { u8 a; u32 b; };
struct s { u32 head; struct pair p; u64 word; u32 reg[16]; };
struct ks { u32 n; u32 table[8]; };
struct s g[100]; struct s other[100]; u64 grid[10][512]; struct ks ks;
'''
UNIT = '''
struct s old_g[100]; struct s old_other[100]; u64 old_grid[10][512]; struct ks old_ks; u32 ours;
__attribute__((used)) static void remember(void)
{
	REMEMBER(old_g, g, INDEX(page));
	REMEMBER(old_other, other, INDEX(page));
	REMEMBER(old_grid, grid, INDEX(page));
	REMEMBER(old_ks, ks, INDEX(n));
}
'''
PAIR = '#define PAIR(i) g[i].p.a, g[i].p.b\n'


def prove(code, assigns, unit='', before='ANY(u32, x); ASSUME_INPUT(x < 100);', call='f(x);', **options):
    """The result for `void f(u32 x)` with this code, which may change what `assigns` says."""
    return mini.prove(STATE + code, f'{before}\n{call}\n{assigns}', unit=UNIT + PAIR + unit, **options)


class Accepts(unittest.TestCase):
    def good(self, code, assigns, **options):
        r = prove(code, assigns, **options)
        self.assertTrue(r['ok'], (code, assigns, r['error'], r['failures']))
        return r

    def bad(self, field, code, assigns, **options):
        r = prove(code, assigns, **options)
        self.assertFalse(r['ok'], (code, assigns))
        self.assertIsNone(r['error'], (code, assigns))
        self.assertIn(f'spec: {field} changes where nothing says so', ' '.join(r['failures']), (code, assigns))

    def test_a_field(self):
        code = 'void f(u32 x) { g[x].p.b = 7; }'
        self.good(code, 'ASSIGNS(1, g[x].p.b);')
        self.bad('g[].p.b', code, 'ASSIGNS(1, g[x].p.a);')
        self.bad('g[].p.b', code, 'ASSIGNS(1, g[x + 1].p.b);')
        self.bad('g[].p.b', code, 'ASSIGNS_NOTHING();')

    def test_every_object_is_looked_at(self):
        code = 'void f(u32 x) { g[x].p.b = 7; %s }'
        for more, field in (('other[x].word++;', 'other[].word'), ('grid[3][x] = 5;', 'grid[][]'), ('ks.n = 3;', 'ks.n'),
                            ('ks.table[x & 7] = 3;', 'ks.table[]'), ('g[99].p.b = 1;', 'g[].p.b')):
            self.bad(field, code % more, 'ASSIGNS(1, g[x].p.b);')

    def test_arrays_of_all_indices(self):
        code = 'struct s huge[1ull << 32]; void f(u32 x) { huge[x].word = 7; }'
        self.bad('huge[].word', code, 'ASSIGNS_NOTHING();')
        self.bad('huge[].word', code, 'ASSIGNS(1, huge[x + 1].word);')
        self.good(code, 'ASSIGNS(1, huge[x].word);')

    def test_state_that_is_not_remembered(self):
        r = prove('u32 hidden; void f(u32 x) { hidden = x; }', 'ASSIGNS_NOTHING();')
        self.assertIn('hidden changes where nothing says so', ' '.join(r['failures']))
        self.good('void f(u32 x) { (void)x; }', 'ours = x; ASSIGNS_NOTHING();')

    def test_nothing(self):
        self.good('void f(u32 x) { (void)x; }', 'ASSIGNS_NOTHING();')
        self.good('void f(u32 x) { g[x].word = g[x].word; }', 'ASSIGNS_NOTHING();')

    def test_struct_and_array(self):
        code = 'void f(u32 x) { g[x].p.a = 1; g[x].p.b = 7; g[x].reg[x & 15] = 9; }'
        self.good(code, 'ASSIGNS(1, g[x]);')
        self.good(code, 'ASSIGNS(1, g[x].p, g[x].reg);')
        self.good(code, 'ASSIGNS(1, PAIR(x), g[x].reg[x & 15]);')
        self.bad('g[].reg[]', code, 'ASSIGNS(1, PAIR(x), g[x].reg[3]);')
        self.bad('g[].p.b', code, 'ASSIGNS(1, g[x].p.a, g[x].reg);')

    def test_a_run(self):
        code = 'void f(u32 x) { g[x].reg[4] = 1; g[x].reg[6] = 7; }'
        self.good(code, 'ASSIGNS_RUN(1, g[x].reg[4], 3);')
        self.bad('g[].reg[]', code, 'ASSIGNS_RUN(1, g[x].reg[4], 2);')
        self.bad('g[].reg[]', code, 'ASSIGNS_RUN(1, g[x].reg[5], 9);')
        code = 'void f(u32 x) { grid[2][x] = 1; grid[3][7] = 1; g[x].word = 0; g[x < 99 ? x + 1 : x].word = 0; }'
        self.good(code, 'ASSIGNS_RUN(1, grid[2], 2); ASSIGNS_RUN(1, g[x].word, 2);')
        self.bad('grid[][]', code, 'ASSIGNS_RUN(1, grid[2], 1); ASSIGNS_RUN(1, g[x].word, 2);')

    def test_a_guard(self):
        code = 'u32 f(u32 x) { if (x > 50) { g[x].word = 1; return 1; } return 0; }'
        call = 'const u32 r = f(x);'
        self.good(code, 'ASSIGNS(r, g[x].word);', call=call)
        self.bad('g[].word', code, 'ASSIGNS(!r, g[x].word);', call=call)
        self.bad('g[].word', code, 'ASSIGNS(x > 70, g[x].word);', call=call)

    def test_old_and_new_state(self):
        code = 'void f(u32 x) { const u32 h = g[x].head; if (h < 100) g[h].word++; g[x].head = 0; }'
        before = 'ANY(u32, x); ASSUME_INPUT(x < 100);'
        self.good(code, 'ASSIGNS(1, g[x].head, g[old_g[x].head].word);')
        self.good(code, '', call='ASSIGNS(1, g[x].head, g[g[x].head].word); f(x);', before=before)
        self.bad('g[].word', code, 'ASSIGNS(1, g[x].head, g[g[x].head].word);')

    def test_three_indices(self):
        code = 'u32 deep[4][4][4]; void f(u32 x) { deep[x & 3][1][2] = 1; }'
        unit, before = 'u32 old_deep[4][4][4];', 'REMEMBER(old_deep, deep, INDEX(slot)); ANY(u32, x);'
        self.good(code, 'ASSIGNS(1, deep[x & 3][1][2]);', unit=unit, before=before)
        self.bad('deep[][][]', code, 'ASSIGNS(x & 1, deep[x & 3][1][2]);', unit=unit, before=before)

    def test_an_index_of_all_is_a_set(self):
        code = 'void f(u32 x) { for (u32 i = 0; i < 10; i++) if (g[i].p.a) g[i].word = x; }'
        self.good(code, 'ASSIGNS(old_g[INDEX(page)].p.a != 0, g[INDEX(page)].word);')
        self.bad('g[].word', code, 'ASSIGNS(old_g[INDEX(page)].p.a > 1, g[INDEX(page)].word);')

    def test_another_way_says_it_is_held_to_it(self):
        """ASSIGNS on one path is about all of them."""
        code = 'u32 f(u32 x) { if (x > 50) { g[x].word = 1; return 1; } g[x].head = 1; return 0; }'
        self.bad('g[].head', code, 'if (r) ASSIGNS(1, g[x].word); else ours = 1;', call='const u32 r = f(x);')

    def test_footprint(self):
        code = 'void f(u32 x) { g[x].word = 1; }'
        self.good(code, 'ASSIGNS(1, g[x].word); TOUCHES(x == 3, EVERYTHING); TOUCHES(1, g[x].word, g[x].reg);')
        r = prove(code, 'ASSIGNS(1, g[x].word); TOUCHES(x == 3, EVERYTHING); TOUCHES(x == 4, g[x].word);')
        self.assertIn('footprint: g[].word changes', ' '.join(r['failures']))


class Vacuity(unittest.TestCase):
    def error(self, code, assigns, **options):
        r = prove(code, assigns, **options)
        self.assertFalse(r['ok'])
        return str(r['error'])

    def test_what_never_changes(self):
        code = 'u32 f(u32 x) { if (x > 50) { g[x].word = 1; return 1; } return 0; }'
        for more in ('g[x].head', 'other[x]', 'grid[3]', 'g[x + 50].word'):
            text = self.error(code, f'ASSIGNS(1, g[x].word, {more});', before='ANY(u32, x); ASSUME_INPUT(x < 100);')
            self.assertIn('names what never changes: ' + more.split('[')[0], text)
            self.assertIn('unit.c:', text)
        self.assertIn('never changes', self.error(code, 'ASSIGNS(1, g[x].word); ASSIGNS(r & (x < 10), g[x].word);', call='const u32 r = f(x);'))
        self.assertIn('never changes', self.error('void f(u32 x) { g[x].word = g[x].word; }', 'ASSIGNS(1, g[x].word);'))

    def test_one_path_is_enough(self):
        code = 'void f(u32 x) { if (x > 50) g[x].word = 1; else if (x == 3) g[x].head = 1; }'
        self.assertTrue(prove(code, 'ASSIGNS(1, g[x].word, g[x].head);')['ok'])

    def test_a_line_never_reached(self):
        code = 'u32 f(u32 x) { if (x > 50) { g[x].word = 1; return 1; } return 0; }'
        self.assertIn('never reached', self.error(code, 'ASSIGNS(1, g[x].word); if (r & (x < 10)) ASSIGNS(1, g[x].head); else ours = 2;', call='const u32 r = f(x);'))

    def test_before_it_is_remembered(self):
        r = mini.prove(STATE + 'void f(u32 x) { g[x % 100].word = 1; }', 'ANY(u32, x); ASSIGNS(1, g[x].word); f(x);')
        self.assertIn('before the state was remembered', str(r['error']))

    def test_remembered_too_late(self):
        for body in ('f(x); remember();', 'remember(); f(x);'):
            r = mini.prove(STATE + 'void f(u32 x) { g[x % 100].word = 1; }', f'ANY(u32, x); {body} ASSIGNS_NOTHING();', unit=UNIT)
            self.assertIn('after it was written or remembered', str(r['error']))

    def test_no_state(self):
        self.assertIn('global memory', self.error('void f(u32 x) { (void)x; }', 'u32 own = 3; ASSIGNS(1, own); g[1].head = own;'))
        self.assertIn('global memory', self.error('void f(u32 x) { (void)x; }', 'ASSIGNS(1, EVERYTHING);'))


class Contracts(unittest.TestCase):
    KERNEL = 'void set(u32 x) { if (g[x].head == 1) g[x].word = 7; } void f(u32 x) { set(x); g[x].p.a = 1; }'
    UNIT = '''
static void assigns_set(u32 x) { ASSIGNS(g[x].head == 1, g[x].word); }
PRED _Bool is_set(u32 x) { return g[x].head != 1 || g[x].word == 7; }
void prover_replace_set(u32 x)
{
	assigns_set(x);
	CHANGE();
	prover_assume(is_set(x));
}
'''

    def prove(self, assigns, check='1', unit=None, kernel=None):
        return prove(kernel or self.KERNEL, f'{assigns} prover_check(1, {check}, "spec: x");', unit=unit or self.UNIT)

    def test_what_is_named_is_arbitrary(self):
        self.assertTrue(self.prove('ASSIGNS(1, g[x].p.a); ASSIGNS(old_g[x].head == 1, g[x].word);', 'is_set(x)')['ok'])
        self.assertFalse(self.prove('ASSIGNS(1, g[x].p.a, g[x].word);', 'g[x].word == old_g[x].word')['ok'])

    def test_what_is_not_named_stays(self):
        self.assertTrue(self.prove('ASSIGNS(1, g[x].p.a, g[x].word);', 'g[x].head == old_g[x].head && (x == 3 || g[3].word == old_g[3].word)')['ok'])
        self.assertTrue(self.prove('ASSIGNS(1, g[x].p.a, g[x].word);', 'g[x].head == 1 || g[x].word == old_g[x].word')['ok'])

    def test_runs_and_structs(self):
        unit = '''
void prover_replace_set(u32 x)
{
	ASSIGNS(1, g[x]);
	ASSIGNS_RUN(1, grid[2], 2);
	CHANGE();
}
'''
        good = 'g[0].word == old_g[0].word || x == 0'
        self.assertTrue(self.prove('ASSIGNS(1, g[x]); ASSIGNS_RUN(1, grid[2], 2);', good, unit)['ok'])
        self.assertTrue(self.prove('ASSIGNS(1, g[x], grid[2], grid[3]);', 'grid[1][7] == old_grid[1][7]', unit)['ok'])
        for wrong in ('g[x].p.b == old_g[x].p.b', 'grid[3][1] == old_grid[3][1]'):
            self.assertFalse(self.prove('ASSIGNS(1, g[x]); ASSIGNS_RUN(1, grid[2], 2);', wrong, unit)['ok'], wrong)

    def test_all_places_are_those_before(self):
        unit = self.UNIT.replace('ASSIGNS(g[x].head == 1, g[x].word);', 'ASSIGNS(1, g[x].head); ASSIGNS(g[x].head == 1, g[x].word);')
        self.assertTrue(self.prove('ASSIGNS(1, g[x].p.a, g[x].head); ASSIGNS(old_g[x].head == 1, g[x].word);', unit=unit)['ok'])

    def test_sets(self):
        """Where a contract names INDEX it means all of them, under the condition."""
        unit = 'PRED _Bool is_one(u32 i) { return g[i].head == 1; }' + self.UNIT.replace(
            'ASSIGNS(g[x].head == 1, g[x].word);', 'ASSIGNS(is_one(INDEX(page)), g[INDEX(page)].word);')
        good = 'ASSIGNS(1, g[x].p.a); ASSIGNS(old_g[INDEX(page)].head == 1, g[INDEX(page)].word);'
        self.assertTrue(self.prove(good, 'g[3].head == 1 || g[3].word == old_g[3].word', unit)['ok'])
        self.assertFalse(self.prove(good, 'g[3].word == old_g[3].word', unit)['ok'])
        self.assertFalse(self.prove(good.replace('== 1,', '> 1,'), unit=unit)['ok'])
        for wrong in ('ASSIGNS(INDEX(page) == 3, g[x].word);', 'ASSIGNS(1, g[g[INDEX(page)].head].word);', 'ASSIGNS(INDEX(n) == 3, g[INDEX(page)].word);'):
            r = self.prove(good, unit=self.UNIT.replace('ASSIGNS(g[x].head == 1, g[x].word);', wrong))
            self.assertIn('INDEX', str(r['error']), wrong)

    def test_merged(self):
        r = mini.prove(STATE + self.KERNEL, 'ANY(u32, x); ASSUME_INPUT(x < 100); f(x); ASSIGNS(1, g[x].p.a); '
                       'ASSIGNS(old_g[x].head == 1, g[x].word); prover_check(1, is_set(x), "spec: x");', unit=UNIT + self.UNIT, head='whole = ["f"]')
        self.assertTrue(r['ok'], (r['error'], r['failures']))

    def test_model_of_the_machine(self):
        kernel = 'void arch_go(u32 x); void f(u32 x) { arch_go(x); }'
        unit = 'void arch_go(u32 x) { ASSIGNS(1, g[x].word); CHANGE(); }\n'
        self.assertTrue(prove(kernel, 'ASSIGNS(1, g[x].word);', unit=unit)['ok'])
        self.assertFalse(prove(kernel, 'ASSIGNS(1, g[x].head);', unit=unit)['ok'])

    def test_change_is_not_forgotten(self):
        r = self.prove('ASSIGNS(1, g[x].p.a);', unit='void prover_replace_set(u32 x) { ASSIGNS(1, g[x].word); }')
        self.assertIn('does not say CHANGE', str(r['error']))


class TwoRuns(unittest.TestCase):
    """The second is compared with what the first left, which is copied over what was remembered."""
    KERNEL = 'void f(u32 x) { g[x].word = ks.n; }'
    AGAIN = 'SNAPSHOT(mid_g, g); SNAPSHOT(g, old_g); MIX(g, other, mine, 0); SNAPSHOT(old_g, mid_g); f(x);'
    UNIT = 'u8 mine[100]; struct s mid_g[100]; PRED _Bool is_mine(u32 i) { return mine[i] != 0; }'

    def prove(self, first, second, kernel=KERNEL):
        return prove(kernel, f'{first} NOTHING_ELSE_DIFFERS(); {self.AGAIN} {second} NOTHING_ELSE_DIFFERS(); ASSIGNS(1, g[INDEX(page)]);',
                     unit=self.UNIT, before='ANY(u32, x); ASSUME_INPUT(x < 100); ASSUME_STATE(x, is_mine(x), "x");')

    def test_both(self):
        first, second = 'DIFFERS(is_mine(INDEX(page)), g[INDEX(page)].word);', 'DIFFERS(!is_mine(INDEX(page)), g[INDEX(page)]);'
        r = self.prove(first, second)
        self.assertTrue(r['ok'], (r['error'], r['failures']))
        for a, b in ((first.replace('.word', '.head'), second), (first, 'DIFFERS(0, g[INDEX(page)]);'), (first, second.replace(']);', '].word);'))):
            r = self.prove(a, b)
            self.assertIn('ni: ', ' '.join(r['failures']), (a, b))
        leak = 'void f(u32 x) { g[x].word = g[x == 7 ? 8 : x].head; }'
        self.assertIn('ni: g[].word changes', ' '.join(self.prove(first, second, leak)['failures']))

    def test_the_list_ends(self):
        r = prove(self.KERNEL, 'DIFFERS(1, g[x].word); ASSIGNS(1, g[x].word);')
        self.assertIn('NOTHING_ELSE_DIFFERS', str(r['error']))
