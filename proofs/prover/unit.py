# SPDX-License-Identifier: MIT
"""Proof units: their header, their compilation, and running one harness of one.

A unit begins with a comment `/* prove: ... */` in TOML:
    [h_signal]                          # a harness
    function = "notif_signal"           # what it proves
    columns = ["ub", "invariant", "spec"]
    only = "when it wakes nobody"      # perhaps: the case that it is about; the row then says 'partly'
and, at the top, optional keys: flags (for clang), merge (kernel functions without loops that
are evaluated as one term), whole (the same, also when a harness calls them), loop_limit (rounds), max_paths, max_failures,
batch (obligations in one question), timeout (seconds for each question), sparing (a question is asked with few hints first,
and what is kept together is assumed together).
"""
import hashlib
import os
import re
import subprocess
import sys
import tomllib

from . import Refused
from .debug import Debug
from .execute import GENERATED
from .ir import Module
from .paths import COLUMNS, Harness
from .solve import Solver

CLANGS = ('clang-19',)
SANITIZE = 'signed-integer-overflow,shift,integer-divide-by-zero,array-bounds,unreachable,builtin,return,null'
FLAGS = ['-std=c2x', '-ffreestanding', '-O1', '-fno-inline', '-fno-vectorize', '-fno-slp-vectorize',
         '-fno-unroll-loops', '-fno-jump-tables', '-fPIC', '-fsemantic-interposition', '-g', '-fno-eliminate-unused-debug-types',
         f'-fsanitize={SANITIZE}', '-fsanitize-trap=all',
         '-Werror=uninitialized', '-Werror=sometimes-uninitialized', '-Wno-unused-function', '-S', '-emit-llvm',
         '-DWITH_GHOST', '-DARCH_PROOF', '-D__TESSERA_PROOF__']
OPTIONS = ('flags', 'merge', 'whole', 'loop_limit', 'max_paths', 'max_failures', 'batch', 'timeout', 'sparing')
# Parts of the prover on which no answer depends.
NO_PROOF = ('report.py', 'kernel.py', 'models.py', 'mutants.py')
PROVER = os.path.dirname(os.path.abspath(__file__))


class Unit:
    def __init__(self, path, root, includes=(), build=None):
        self.path, self.root = os.path.abspath(path), os.path.abspath(root)
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.build = build or os.path.join(self.root, 'build')
        self.includes = includes
        with open(path, encoding='utf-8') as f:
            m = re.search(r'/\* prove:\n(.*?)\*/', f.read(), re.S)
        if not m:
            raise Refused(f'{path}: no header comment "/* prove:"')
        text = '\n'.join(re.sub(r'^ \* ?', '', l) for l in m[1].split('\n'))
        head = tomllib.loads(text)
        self.harnesses = {k: v for k, v in head.items() if isinstance(v, dict)}
        self.options = {k: v for k, v in head.items() if not isinstance(v, dict)}
        unknown = set(self.options) - set(OPTIONS)
        if unknown or not self.harnesses:
            raise Refused(f'{path}: header with unknown keys {sorted(unknown)} or without harness')

    def own_files(self):
        """The unit, all headers below proofs/ and the generated ones, by exact name: in no other file are sanitizer checks left out."""
        for p in (self.path, os.path.realpath(self.path), *(os.path.join(r, g) for g in GENERATED for r in (self.root, os.path.realpath(self.root)))):
            yield p
        for d, _, files in os.walk(os.path.join(self.root, 'proofs')):
            for name in sorted(files):
                if name.endswith('.h'):
                    yield os.path.join(d, name)
                    if os.path.realpath(d) != d:
                        yield os.path.join(os.path.realpath(d), name)

    def compile(self):
        os.makedirs(os.path.join(self.build, 'prove-ir'), exist_ok=True)
        base = os.path.join(self.build, 'prove-ir', self.name)
        with open(base + '.ignore', 'w', encoding='utf-8') as f:
            f.writelines(f'src:{p}\n' for p in self.own_files())
        cmd = [CLANGS[0], *FLAGS, f'-fsanitize-ignorelist={base}.ignore', '-I' + PROVER,
               *['-I' + os.path.join(self.root, i) for i in self.includes], *self.options.get('flags', []),
               '-o', base + '.ll', self.path]
        r = subprocess.run(cmd, capture_output=True, text=True, cwd=self.root)
        if r.returncode:
            raise Refused(f'{self.name}: clang: {r.stderr}')
        with open(base + '.ll', encoding='utf-8') as f:
            return f.read()

    def module(self):
        mod = Module(self.compile())
        found = {n for n in mod.funcs if n.startswith('h_')}
        if found != set(self.harnesses):
            raise Refused(f'{self.name}: harnesses and header differ: {sorted(found ^ set(self.harnesses))}')
        return mod

    def fingerprint(self, name, mod):
        """Hash of all that the result of a harness depends on."""
        h, todo, seen = hashlib.sha256(), [name], set()
        while todo:
            n = todo.pop()
            fn = mod.funcs.get(n)
            if n in seen or fn is None:
                continue
            seen.add(n)
            todo += [g for g in mod.funcs if re.fullmatch(rf'prover_(begin|round)_{re.escape(n)}(_\d+)?', g)]
            for b, block in fn.blocks.items():
                for i in block:
                    rng = mod.meta[i.meta['range']] if 'range' in i.meta else ''
                    text = re.sub(r', ![a-zA-Z_.]+ !\d+', '', i.text)
                    h.update(f'{n} {b} {text} {rng}\n'.encode())
                    if i.op == 'call':
                        todo += [i.args[0], f'prover_replace_{i.args[0]}']
        h.update(repr(sorted(mod.type_lines.items())).encode())
        h.update(repr(sorted((g.name, repr(g.ty), g.const, g.init) for g in mod.globs.values())).encode())
        h.update(repr((self.options, self.harnesses[name])).encode())
        for f in sorted(os.listdir(PROVER)):
            if f.endswith('.py') and f not in NO_PROOF:
                with open(os.path.join(PROVER, f), 'rb') as src:
                    h.update(src.read())
        return h.hexdigest()

    def run(self, name, mod, second=None, cache=True):
        """Proves one harness; the result says so in `ok`."""
        sys.setrecursionlimit(20000)
        opt, spec = self.options, self.harnesses[name]
        debug = Debug(mod.meta, self.root)
        unit_file = os.path.relpath(os.path.realpath(self.path), os.path.realpath(self.root))
        file = os.path.join(self.build, 'prove-cache', f'{self.name}.{name}') if cache else None
        solver = Solver(file, int(1000 * opt.get('timeout', 120)), second)
        h = Harness(mod, debug, unit_file, name, solver, opt, spec['columns'], spec['function'])
        r = h.run()
        solver.save()
        r['unit'], r['columns'], r['only'] = self.name, spec['columns'], spec.get('only')
        r['function'] = spec['function']
        fn = mod.funcs.get(r['function'])
        r['file'] = debug.file(fn.dbg) if fn is not None and fn.dbg else spec.get('file', '?')
        have = {c for c in COLUMNS for text in r['checks'] if text.startswith(c + ': ')}
        if not r['written']:
            have.add('invariant')            # what writes nothing keeps all of them
        wrong = set(r['columns']) - have - {'ub'}
        if r['ok'] and any(a.startswith('case: ') for a in r['assumptions']) and not spec.get('only'):
            r['ok'], r['error'] = False, 'a case that the header does not name with `only`'
        if r['ok'] and wrong:
            r['ok'], r['error'] = False, f'columns without a check: {sorted(wrong)}'
        if r['ok'] and fn is not None and fn.name not in [n for n, _ in r['functions']] and 'ub' in r['columns']:
            r['ok'], r['error'] = False, f'{fn.name} is not executed'
        return r
