# SPDX-License-Identifier: MIT
"""Breaks the kernel in many small ways, and says who notices: a proof, the tests on the host, the fuzzer.

Two kinds: the mutants of proofs/mutants.toml; and for each function whose specification is proved one without
its effect (what stands after `commit`, or all of it), which its harness must notice: a specification that
holds of a function that does nothing says nothing.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib

from .models import function_text

TEST_SECONDS, FUZZ_CALLS, FUZZ_SECONDS = 300, 20000, 300


def without_effect(text):
    """A function that checks what it checked, and then does nothing; None if there is nothing to remove."""
    head, _, body = text.partition('\n{\n')
    if '/* commit */' in body:
        before, _, after = body.rpartition('/* commit */')
        last = after.rstrip().removesuffix('}').rstrip().split('\n')[-1].strip()
        if not last.startswith('return'):
            last = ''
        if not re.fullmatch(r'(return (OK|NO_RESULT);)?', last):
            last = 'return OK;' if 'err_t' in head else 'return 0;'
        return f'{head}\n{{\n{before}\n\t{last}\n}}'
    if re.match(r'(static )?(inline )?void\b', head):
        return f'{head}\n{{\n}}'
    return None


def generated(root, units):
    """One mutant for each function that a harness specifies."""
    out = []
    for u in units:
        for h, spec in u.harnesses.items():
            if 'spec' not in spec['columns']:
                continue
            for file in sorted(os.listdir(os.path.join(root, 'kernel'))):
                path = os.path.join(root, 'kernel', file)
                if not file.endswith('.c'):
                    continue
                with open(path, encoding='utf-8') as f:
                    text = function_text(f.read(), spec['function'])
                if text and (new := without_effect(text)):
                    out.append({'name': f'{spec["function"]} has no effect', 'file': f'kernel/{file}', 'find': text,
                                'replace': new, 'units': [f'{u.name}:{h}'], 'proof_only': True})
    return out


class Host:
    """The tests and the fuzzer, compiled without sanitizers; only what a mutant changes is compiled again."""
    def __init__(self, root):
        self.root, self.work = root, os.path.join(root, 'build/mutant')
        flags = subprocess.run(['make', '-s', '--no-print-directory', '--eval', 'print-flags:\n\t@echo $(HFLAGS)', 'print-flags'],
                               cwd=root, capture_output=True, text=True, check=True).stdout
        self.flags = [f for f in shlex.split(flags) if f not in ('-MMD', '-MP') and not f.startswith('-W')] + ['-w']
        self.objects = {}

    def sources(self, kind):
        out = [f'kernel/{f}' for f in os.listdir(os.path.join(self.root, 'kernel')) if f.endswith('.c')]
        out += [f'kernel/arch/host/{f}' for f in os.listdir(os.path.join(self.root, 'kernel/arch/host')) if f.endswith('.c')]
        tests = [f'tests/{kind}/{f}' for f in os.listdir(os.path.join(self.root, 'tests', kind)) if f.endswith('.c')]
        if kind == 'unit':                    # files with another main() are programs of their own
            tests = [t for t in tests if t == 'tests/unit/kernel_test.c' or
                     not re.search(r'^int main\b', open(os.path.join(self.root, t), encoding='utf-8').read(), re.M)]
        return sorted(out + ['build/gen/dispatch.c'] + tests)

    def compile(self, source, kind):
        out = os.path.join(self.work, 'build/obj', kind, source + '.o')
        os.makedirs(os.path.dirname(out), exist_ok=True)
        extra = ['-DFUZZ_ALONE'] if kind == 'fuzz' else []
        r = subprocess.run(['cc', *self.flags, '-O1', *extra, '-c', '-o', out, source], cwd=self.work, capture_output=True,
                           text=True, check=False)
        return out if r.returncode == 0 else None

    def program(self, kind, changed=None):
        """Links a program anew; None if it does not compile."""
        have = self.objects.setdefault(kind, {})
        for s in self.sources(kind):
            if s not in have or s == changed:
                have[s] = self.compile(s, kind)
        if None in have.values():
            return None
        out = os.path.join(self.work, 'build', kind)
        subprocess.run(['cc', '-o', out, *have.values()], check=True, cwd=self.work)
        return out

    def fails(self, kind, changed=None):
        """Does the program notice? What does not compile is no mutant, and counts as an error."""
        program = self.program(kind, changed)
        if program is None:
            return None
        args, limit = ([], TEST_SECONDS) if kind == 'unit' else (['1', str(FUZZ_CALLS)], FUZZ_SECONDS)
        try:
            r = subprocess.run([program, *args], cwd=self.work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            return True
        return r.returncode != 0


def copy_tree(root, work):
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(root, work, symlinks=True, ignore=shutil.ignore_patterns('.git', 'build', '__pycache__'))
    for part in ('prove-cache', 'gen'):
        if os.path.isdir(os.path.join(root, 'build', part)):
            shutil.copytree(os.path.join(root, 'build', part), os.path.join(work, 'build', part))


def all_mutants(root, units):
    with open(os.path.join(root, 'proofs/mutants.toml'), 'rb') as f:
        return tomllib.load(f)['mutant'] + generated(root, units)


def judge(m, host, notices):
    """Who notices a mutant that is in place; (names, what a proof says)."""
    by, what = [], ''
    if 'units' in m:
        failed, what = notices(host.work, m['units'])
        by += ['proof'] if failed else []
    if not m.get('proof_only'):
        for kind, name in (('unit', 'test'), ('fuzz', 'fuzzer')):
            noticed = host.fails(kind, m['file'])
            if noticed is None:
                return [], 'does not compile'
            by += [name] if noticed else []
    return by, what


def run(root, units, names, notices):
    """Tries the mutants, all or those whose name contains a word of `names`. `notices(tree, units)` proves there."""
    todo = [m for m in all_mutants(root, units) if not names or any(n in m['name'] for n in names)]
    host, rows = Host(root), []
    copy_tree(root, host.work)
    if any(not m.get('proof_only') for m in todo):
        for kind in ('unit', 'fuzz'):
            if host.fails(kind) is not False:
                print(f'the {kind} program fails without any mutant')
                return False
    for m in todo:
        path = os.path.join(host.work, m['file'])
        with open(path, encoding='utf-8') as f:
            text = f.read()
        if m['find'] not in text:
            by, what = [], 'STALE: the pattern is not there'
        else:
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text.replace(m['find'], m['replace'], 1))
            by, what = judge(m, host, notices)
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
            if not m.get('proof_only'):
                for kind in host.objects:
                    host.objects[kind].pop(m['file'], None)
        rows.append({'name': m['name'], 'file': m['file'], 'by': by})
        print(f'{"caught" if by else "MISSED"}  {m["file"]}: {m["name"]}: {", ".join(by)} {what}', flush=True)
    with open(os.path.join(root, 'build/mutants.json'), 'w', encoding='utf-8') as f:
        json.dump(rows, f, indent=1)
    caught = [r for r in rows if r['by']]
    print(f'{len(caught)} of {len(rows)} mutants caught: ' +
          ', '.join(f'{sum(w in r["by"] for r in rows)} by {w}' for w in ('proof', 'test', 'fuzzer')))
    return len(caught) == len(rows)
