# SPDX-License-Identifier: MIT
"""Models can fail, and a change of the code that one stands for is noticed."""
import os
import subprocess
import tempfile
import unittest

from . import mini
from prover import models

ROOT = os.path.dirname(mini.PROOFS)
PROTO = os.path.join(mini.PROOFS, 'proto')

# model -> (what is in it, what stands there instead): each must be found
BROKEN = {
    'stop.pml': [(':: in_call -> d_step { pc--; in_call = 0 }', ':: in_call -> in_call = 0'),       # no rewinding
                 ('\t\tsync = 1;\n\t\tsync == 0;\n', ''),                                           # no waiting for the CPU
                 (':: serving[l] == mine -> break\n\t:: sync -> serve_sync()', ':: serving[l] == mine -> break'),
                 (':: current ->\n\t\tassert(!stopped && in_call);', ':: true ->\n\t\tassert(in_call);')],
    'mailbox.pml': [('\t\tmailed = 0;\n', ''), (':: word != 0 -> take_bits()\n\t\t:: else -> waiting = 1', ':: waiting = 1')],
    'shootdown.pml': [('\t\t\trequest[c] == 0\n', '\t\t\tskip\n'), ('told[c] = 1; tlb[c] = 0', 'told[c] = 1')],
    'reset.pml': [('\t\t:: down || waits[s] -> rings[s] = NONE;', '\t\t:: down || waits[s] ->')],
    'ring.pml': [(':: tail != taken -> armed_in = 0\n\t\t\t:: else ->', ':: true ->'), ('next - head < CAPACITY ->\n\t\t\tring',
                                                                                     'next - head <= CAPACITY ->\n\t\t\tring')],
    'locks.pml': [('\t:: request[me] -> serve(me)\n', ''), ('\t\t\t\t\trequest[victim] == 0;\n\t\t\t\t\td_step { current[victim] = 0; '
                                                            'stopped[victim] = 1 }',
                                                            '\t\t\t\t\td_step { stopped[victim] = 1 }')],
}


def holds(text):
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, 'm.pml'), 'w', encoding='utf-8') as f:
            f.write(text)
        for command in (['spin', '-a', 'm.pml'], ['cc', '-O1', '-DSAFETY', '-w', '-o', 'pan', 'pan.c']):
            subprocess.run(command, cwd=d, check=True, capture_output=True)
        return 'errors: 0' in subprocess.run(['./pan', '-m100000'], cwd=d, capture_output=True, text=True, check=False).stdout


class Broken(unittest.TestCase):
    def test_each_model_can_fail(self):
        self.assertEqual(sorted(BROKEN), sorted(f for f in os.listdir(PROTO) if f.endswith('.pml')))
        for name, changes in BROKEN.items():
            with open(os.path.join(PROTO, name), encoding='utf-8') as f:
                text = f.read()
            for old, new in changes:
                with self.subTest(model=name, change=old):
                    self.assertIn(old, text)
                    self.assertFalse(holds(text.replace(old, new, 1)))


class Code(unittest.TestCase):
    def test_changes_are_noticed(self):
        with tempfile.TemporaryDirectory() as d:
            os.makedirs(os.path.join(d, 'proofs/proto'))
            source, model = os.path.join(d, 'x.c'), os.path.join(d, 'proofs/proto/m.pml')

            def write(path, text):
                with open(path, 'w', encoding='utf-8') as f:
                    f.write(text)
            write(model, '/*\n * A model.\n *\n * Code: x.c f\n * g.\n *\n * Claims: nothing.\n */\n')
            write(source, 'int f(int x)\n{\n\treturn x + 1; /* why */\n}\n\nstatic int g(void)\n{\n\treturn 2;\n}\n')
            write(os.path.join(d, models.TABLE), '')
            self.assertEqual(models.functions_of(model), [('x.c', 'f'), ('x.c', 'g')])
            self.assertEqual(len(models.changed(d, model)), 2, 'never compared')
            models.accept(d, 'm.pml')
            self.assertEqual(models.changed(d, model), [])
            write(source, 'int f(int x)\n{\n\n\treturn x +  1; /* another word */\n}\n\nstatic int g(void)\n{\n\treturn 3;\n}\n')
            self.assertEqual(models.changed(d, model), ['x.c: g has changed'])
            write(source, 'int f(int x)\n{\n\treturn x + 1;\n}\n')
            self.assertEqual(models.changed(d, model), ['x.c: there is no function g'])

    def test_every_model_names_code_and_claims(self):
        for name in os.listdir(PROTO):
            if name.endswith('.pml'):
                path = os.path.join(PROTO, name)
                self.assertTrue(models.functions_of(path), name)
                self.assertTrue(models.header(path, 'Claims'), name)
                for file, function in models.functions_of(path):
                    self.assertIsNotNone(models.digest(ROOT, file, function), f'{name}: {file}: {function}')


if __name__ == '__main__':
    unittest.main()
