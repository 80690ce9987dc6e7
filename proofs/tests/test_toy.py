# SPDX-License-Identifier: MIT
"""The toy kernel verifies, and each seeded bug is caught by the harness that should."""
import multiprocessing
import os
import shutil
import tempfile
import tomllib
import unittest

from . import mini

TOY = os.path.join(mini.HERE, 'toy')
ROOT = os.path.dirname(mini.PROOFS)


def run(job):
    """One harness of the toy, perhaps with a bug; the proof without a bug uses the cache."""
    harness, bug = job
    if bug is None:
        u = mini.Unit(os.path.join(TOY, 'unit.c'), ROOT)
        u.name = 'toy'
        return u.run(harness, u.module())
    with tempfile.TemporaryDirectory() as d:
        shutil.copytree(TOY, os.path.join(d, 'proofs/tests/toy'))
        path = os.path.join(d, 'proofs/tests/toy/toy.c')
        with open(path, encoding='utf-8') as f:
            text = f.read()
        if bug['find'] not in text:
            return {'ok': None, 'error': f'stale pattern of "{bug["name"]}"', 'failures': []}
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text.replace(bug['find'], bug['replace'], 1))
        u = mini.Unit(os.path.join(d, 'proofs/tests/toy/unit.c'), d)
        u.name, u.options['max_failures'] = 'toy', 1
        shutil.copytree(os.path.join(ROOT, 'build/prove-cache'), os.path.join(d, 'build/prove-cache'))
        return u.run(harness, u.module())


class Toy(unittest.TestCase):
    def test_proof_and_bugs(self):
        names = list(mini.Unit(os.path.join(TOY, 'unit.c'), ROOT).harnesses)
        with open(os.path.join(TOY, 'mutants.toml'), 'rb') as f:
            bugs = tomllib.load(f)['mutant']
        jobs = [(n, None) for n in names] + [(b['harness'], b) for b in bugs]
        with multiprocessing.get_context('fork').Pool(2, maxtasksperchild=1) as pool:
            results = pool.map(run, jobs[:len(names)], chunksize=1) + pool.map(run, jobs[len(names):], chunksize=1)
        for (harness, bug), r in zip(jobs, results):
            with self.subTest(harness=harness, bug=bug and bug['name']):
                if bug is None:
                    self.assertTrue(r['ok'], (r['error'], r['failures']))
                    self.assertEqual(r['paths'], r['reachable'])
                else:
                    self.assertIsNone(r['error'])
                    self.assertIn(': fails', ' '.join(r['failures']))


if __name__ == '__main__':
    unittest.main()
