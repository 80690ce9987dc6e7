# SPDX-License-Identifier: MIT
"""What rows say, where checks are left out, and that every function has a row."""
import os
import re
import tempfile
import unittest

from . import mini
from prover import kernel, report
from prover.unit import Unit

ROOT = os.path.dirname(mini.PROOFS)
INCLUDES = ('kernel', 'kernel/arch/proof', 'include', 'build/gen', 'proofs/spec')


def result(function, columns=('ub',), ran=(), **more):
    return {'function': function, 'file': 'kernel/x.c', 'harness': 'h_' + function, 'ok': True, 'columns': list(columns),
            'only': None, 'seconds': 1, 'functions': [[n, 'kernel/x.c'] for n in (function, *ran)], 'checks': {}, 'hinted': {},
            'written': [], **more}


def graph(**calls):
    out = {n: kernel.Function(n, 'kernel/x.c', False) for n in {*calls, *(c for v in calls.values() for c in v)}}
    for n, callees in calls.items():
        for c in callees:
            out[c].callers.add(out[n])
    return {(n, 'kernel/x.c'): f for n, f in out.items()}


def columns(results, g, column='ub'):
    return {r['name']: report.cell(r, column) for r in report.rows(results, g)}


class Rows(unittest.TestCase):
    def test_helpers_are_proved_in_their_callers(self):
        g = graph(a=['h'], b=['h'], h=['deep'])
        both = [result('a', ran=['h', 'deep']), result('b', ran=['h', 'deep'])]
        self.assertEqual(columns(both, g), {'a': 'proved', 'b': 'proved', 'h': 'in callers', 'deep': 'in callers'})
        self.assertEqual(columns(both[:1], g)['h'], 'not yet', 'b is not proved')
        both[1]['functions'] = [['b', 'kernel/x.c']]
        self.assertEqual(columns(both, g)['h'], 'not yet', 'b did not execute it, but its contract')
        both[1] = result('b', ran=['h', 'deep'], only='when easy')
        self.assertEqual(columns(both, g)['h'], 'bounded, in callers')

    def test_what_failed_is_not_proved(self):
        self.assertEqual(columns([result('a'), result('a', ok=False)], graph(a=[])), {'a': 'not yet'})
        self.assertEqual(columns([result('sys_a', ok=False)], graph(sys_a=[])), {'sys_a': 'tested'})

    def test_leak_freedom_of_what_writes_no_owner(self):
        owner = result('a', ('ub', 'leak'), checks={'leak: any_page_owned(any.page)': {}},
                       hinted={'any_page_owned': ['ks_page[].owner']}, written=['ks_page[].owner'])
        other, same = result('b', written=['ks_ep[].head']), result('c', written=['ks_page[].owner'])
        results = [owner, other, same]
        report.keeps_owners(results)
        self.assertEqual(columns(results, graph(a=[], b=[], c=[]), 'leak'), {'a': 'proved', 'b': 'proved', 'c': 'not yet'})


class Trust(unittest.TestCase):
    def test_preconditions_that_every_caller_establishes(self):
        needs = result('f', requires=[['f', 'small', [0]]])
        gives, silent = result('a', obliged=[['f', 'small', [0]]]), result('b', obliged=[['f', 'small', [1]]])
        g = graph(a=['f'], f=[])
        self.assertEqual(report.established([needs, gives], g), [('f', ['small'], ['a'], [])])
        self.assertEqual(report.established([needs, gives, silent], graph(a=['f'], b=['f'], f=[])), [('f', ['small'], ['a'], ['b'])])
        text, lacking = report.preconditions([needs, silent], graph(b=['f'], f=[]), [])
        self.assertEqual((text, [a['id'] for a in lacking]), ([], ['requires_f']))
        gives['ok'] = False
        self.assertEqual(report.established([needs, gives], g), [('f', ['small'], [], ['a'])])

    def test_one_line_for_each_reason(self):
        marks = [{'id': i, 'where': w, 'why': y} for i, w, y in (('caller', 'a:1', 'threads'), ('caller', 'b:2', 'threads'), ('case', 'c:3', 'easy'),
                                                                 ('requires', 'd:4', 'there'))]
        self.assertEqual(report.trusted(marks), ['* threads (a:1, b:2)'])


class Functions(unittest.TestCase):
    def test_every_function_has_a_row(self):
        found = {n for n, _ in kernel.functions(ROOT, INCLUDES)}
        seen = 0
        for name in sorted(os.listdir(os.path.join(ROOT, 'kernel'))):
            path = os.path.join(ROOT, 'kernel', name)
            if not name.endswith('.c') or f'kernel/{name}' in kernel.LEFT_OUT:
                continue
            with open(path, encoding='utf-8') as f:
                for m in re.finditer(r'^[a-zA-Z_][\w \*]*?\b(\w+)\([^;{}]*\)\n\{', f.read(), re.M):
                    seen += 1
                    self.assertIn(m[1], found, name)
        self.assertGreater(seen, 200)


class ReliedOn(unittest.TestCase):
    def test_what_the_compiler_relies_on_is_proved(self):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, 'kernel'))
            with open(os.path.join(root, 'kernel', 'x.c'), 'w', encoding='utf-8') as f:
                f.write('static u32 first(u32 a)\n{\n\tKNOWN(a != NIL);\n\treturn a;\n}\n\n'
                        'void second(u32 a,\n\t    u32 b)\n{\n\tif (a)\n\t\tKNOWN(b != 0);\n}\n')
            self.assertEqual(report.relied_on(root, []), ['first', 'second'])
            self.assertEqual(report.relied_on(root, [{'name': 'first', 'ub': 'proved'}, {'name': 'second', 'ub': 'bounded'}]), ['second'])


class LeftOut(unittest.TestCase):
    def test_kernel_headers_below_a_directory_called_proofs_are_checked(self):
        with tempfile.TemporaryDirectory() as d:
            root = os.path.join(d, 'proofs', 'tree')             # the whole tree lies below a `proofs`
            for sub in ('kernel', 'proofs/units', 'proofs/spec'):
                os.makedirs(os.path.join(root, sub))
            for path, text in (('kernel/x.h', 'static unsigned shifted(unsigned x) { return 1u << x; }\n'),
                               ('proofs/spec/s.h', 'static unsigned spec(unsigned x) { return x < 32 ? 1u << x : 0; }\n'),
                               ('proofs/units/u.c', '/* prove:\n * [h_x]\n * function = "shifted"\n * columns = ["ub"]\n */\n'
                                '#include "prover.h"\ntypedef unsigned u32;\n#include "../../kernel/x.h"\n#include "../spec/s.h"\n'
                                'void h_x(void)\n{\n\tANY(u32, x);\n\tCHECK_SPEC((shifted(x) == spec(x)) | (x > 31));\n}\n')):
                with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
                    f.write(text)
            u = Unit(os.path.join(root, 'proofs/units/u.c'), root, ('proofs/spec',))
            r = u.run('h_x', u.module(), None, False)
            self.assertIn('shift out of range', ' '.join(r['failures']), r['error'])


if __name__ == '__main__':
    unittest.main()
