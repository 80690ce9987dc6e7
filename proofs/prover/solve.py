# SPDX-License-Identifier: MIT
"""Satisfiability questions: Z3, a cache of its answers, and a second solver that repeats them.

An answer is 'sat', 'unsat' or 'unknown'; only 'unsat' proves anything. The cache key is a hash of
the assertions as SMT-LIB text (names of symbols carry their widths) and of the solver version. Answers are kept for one harness in one
file, which holds exactly what the last run used.
"""
import hashlib
import os
import subprocess
import tempfile
import time

import z3

LOGIC = 'QF_UFBV'
# Limits in the solver's own steps, so that answers do not depend on what else the machine does: about so many a second.
STEPS, QUICK = 8_000_000, 8
SAVE_EVERY = 60                       # seconds
SHORT = f'-{STEPS * QUICK}'           # of a question that was asked for a short time
VERSION = 'z3 ' + z3.get_version_string()


def command_version(command, option='--version'):
    text = subprocess.run([command, option], capture_output=True, text=True, check=True).stdout
    return text.split('\n')[0]


class Solver:
    def __init__(self, cache_file=None, timeout_ms=120000, second=None):
        self.file, self.timeout, self.second = cache_file, timeout_ms, second
        self.second_version = command_version(second) if second else ''
        self.old, self.used, self.hash = {}, {}, {}
        self.asked = self.hits = self.repeated = 0
        self.seconds, self.disagreements = 0.0, []
        self.model, self.saved = None, time.monotonic()
        if cache_file and os.path.exists(cache_file):
            with open(cache_file, encoding='ascii') as f:
                self.old = dict(line.split() for line in f if line.count(' ') == 1)

    def digest(self, t):
        k = t.get_id()
        if k not in self.hash:
            self.hash[k] = (hashlib.sha256(t.sexpr().encode()).digest(), t)
        return self.hash[k][0]

    def key(self, asserts, version):
        h = hashlib.sha256(version.encode())
        for a in asserts:
            h.update(self.digest(a))
        return h.hexdigest()

    def check(self, asserts, want_model=False, known=None, short=False):
        """Satisfiability of the conjunction. `known`: a model of all assertions but perhaps the last.
        On 'sat', `self.model` is a model if one was wanted or had to be found. `short`: only for a short time."""
        self.asked += 1
        self.model = None
        key = self.key(asserts, VERSION)
        r = self.used.get(key) or self.old.get(key)
        if r is None and short and (self.used.get(key + SHORT) or self.old.get(key + SHORT)):
            self.used[key + SHORT], r = 'unknown', 'unknown'       # it would take as many steps again
            self.hits += 1
        elif r is None and known is not None and z3.is_true(known.eval(asserts[-1], model_completion=True)):
            r, self.model = 'sat', known
        elif r is None or r == 'sat' and want_model:
            r = self.run(asserts, short)
        else:
            self.hits += 1
        if r == 'unsat' and self.second:
            r = self.repeat(asserts)
        if r != 'unknown':
            self.used[key] = r
        elif short:
            self.used[key + SHORT] = r
        return r

    def run(self, asserts, short=False):
        """Asks Z3: first the usual way for a short time, then by Ackermann's reduction, then for long."""
        t, seconds = time.monotonic(), self.timeout / 1000
        ways = ((lambda: z3.SolverFor(LOGIC), min(QUICK, seconds)), (z3.Tactic('qfufbv_ackr').solver, seconds),
                (lambda: z3.SolverFor(LOGIC), seconds))
        for make, limit in ways[:1] if short else ways:
            s = make()
            s.set('rlimit', int(STEPS * limit))
            s.add(*asserts)
            r = str(s.check())
            if r != 'unknown':
                break
        if r == 'sat':
            self.model = s.model()
        self.seconds += time.monotonic() - t
        if time.monotonic() - self.saved > SAVE_EVERY:
            self.save({**self.old, **self.used})
        return r

    def repeat(self, asserts):
        """Asks the second solver a question that the first answered with 'unsat'."""
        key = self.key(asserts, self.second_version)
        self.repeated += 1
        r = self.used.get(key) or self.old.get(key) or self.foreign(asserts)
        if r == 'sat':
            self.disagreements.append(key)
        if r == 'unsat':
            self.used[key] = r
        return 'unsat' if r == 'unsat' else 'unknown'

    def foreign(self, asserts):
        s = z3.SolverFor(LOGIC)
        s.add(*asserts)
        with tempfile.NamedTemporaryFile('w', suffix='.smt2') as f:
            f.write(f'(set-logic {LOGIC})\n{s.to_smt2()}')
            f.flush()
            t = time.monotonic()
            try:
                out = subprocess.run([self.second, f.name], capture_output=True, text=True,
                                     timeout=self.timeout / 1000).stdout.strip()
            except subprocess.TimeoutExpired:
                out = 'unknown'
            self.seconds += time.monotonic() - t
        return out if out in ('sat', 'unsat') else 'unknown'

    def save(self, answers=None):
        """At the end, what was used; now and then until then, all that is known, so that a run that is ended goes on."""
        self.saved = time.monotonic()
        if not self.file:
            return
        os.makedirs(os.path.dirname(self.file), exist_ok=True)
        tmp = f'{self.file}.{os.getpid()}'
        with open(tmp, 'w', encoding='ascii') as f:
            f.writelines(f'{k} {v}\n' for k, v in (answers or self.used).items())
        os.replace(tmp, self.file)

