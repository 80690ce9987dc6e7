#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Driver of `make prove`.

    run.py [UNIT[:HARNESS] ...]       prove (all units of proofs/units by default)
    run.py --quick                    only harnesses whose code changed since they were last proved
    run.py --second-solver cvc5       repeat every 'unsat' with another solver
    run.py --fresh                    ignore all caches
    run.py --mutants [NAME ...]       break the kernel as proofs/mutants.toml says: who notices?
    run.py --accept MODEL ...         a model of proofs/proto was compared with the code as it is now
    run.py --expect                   prove, and write what is proved to proofs/expected.toml

The exit status is 0 only if every harness that ran is proved and nothing of proofs/expected.toml is lost.
"""
import argparse
import glob
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tomllib
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == '__main__' and os.environ.get('PYTHONHASHSEED') != '0':
    os.environ['PYTHONHASHSEED'] = '0'      # the order of sets is that of questions: a cold run asks the same ones everywhere
    os.execv(sys.executable, [sys.executable, *sys.argv])
COLUMNS = ('ub', 'invariant', 'spec', 'leak', 'ni')
INCLUDES = ('kernel', 'kernel/arch/proof', 'include', 'build/gen', 'proofs/spec', 'proofs/units')


def install(second):
    """Missing tools come from Debian packages, named in packages.toml; here they are looked at."""
    subprocess.run([sys.executable, 'tools/deps.py', 'prove'], cwd=ROOT, check=True)
    commands = ['clang-19', 'spin', 'cc', *([second] if second else [])]
    lacking = [c for c in commands if not shutil.which(c)]
    if lacking:
        sys.exit(f'not found: {", ".join(lacking)}')
    try:
        import z3                                                     # noqa: F401
    except ImportError:
        sys.exit(f'{sys.executable} has no module z3: use the Python of the package python3-z3, /usr/bin/python3')


def tool_versions(second):
    from prover.solve import VERSION, command_version
    return [command_version('clang-19'), VERSION, command_version('spin', '-V'),
            *([command_version(second)] if second else [])]


def failure(unit, harness, text, columns=(), function=None):
    """Result of a harness that could not be run."""
    return {'harness': harness, 'unit': unit.name, 'ok': False, 'error': text, 'columns': list(columns),
            'function': function or f'({unit.name})', 'file': '?', 'seconds': 0, 'failures': [], 'hinted': {},
            'checked': [], 'written': [], 'contracts': [], 'hints': 0, 'paths': 0, 'reachable': 0,
            'obligations': 0, 'cached': 0, 'asked': 0}


def prove_one(job):
    """In a process of its own, so that terms and cache keys do not depend on what ran before."""
    unit, mod, name, second, cache = job
    try:
        return unit.run(name, mod, second, cache)
    except Exception as e:                                            # whatever it is, nothing is proved
        at = traceback.extract_tb(e.__traceback__)[-1]
        spec = unit.harnesses[name]
        return failure(unit, name, f'the prover failed: {type(e).__name__}: {e} ({at.filename}:{at.lineno})',
                       spec['columns'], spec['function'])


JOBS = []


def prove_index(i):
    return prove_one(JOBS[i])


def stored(unit, name):
    path = os.path.join(unit.build, 'prove-cache', f'{unit.name}.{name}.json')
    if not os.path.exists(path):
        return path, None
    with open(path, encoding='utf-8') as f:
        return path, json.load(f)


def prove(units, only, args, stop_early=False, show=True):
    """Runs the harnesses, longest first, in two processes; yields results as they come."""
    from prover import Refused
    from prover.solve import VERSION
    todo, results = [], []
    for u in units:
        if only and not any(n.split(':')[0] == u.name for n in only):
            continue
        try:
            mod = u.module()
        except Refused as e:
            results.append(failure(u, '-', str(e)))
            line(results[-1], show)
            continue
        for name in u.harnesses:
            if only and u.name not in only and f'{u.name}:{name}' not in only:
                continue
            path, old = stored(u, name)
            mark = f'{u.fingerprint(name, mod)} {VERSION} {args.second_solver or ""}'
            if args.quick and old and old['ok'] and old['mark'] == mark:
                old['unchanged'] = True
                results.append(old)
            else:
                todo.append(((old or {}).get('seconds', 1e6), path, mark, (u, mod, name, args.second_solver,
                                                                          not args.fresh)))
    todo.sort(key=lambda t: -t[0])
    JOBS[:] = [t[3] for t in todo]
    with multiprocessing.get_context('fork').Pool(args.jobs, maxtasksperchild=1) as pool:
        for i, r in enumerate_unordered(pool, len(JOBS)):
            _, path, mark, _ = todo[i]
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as f:
                json.dump(dict(r, mark=mark), f)
            results.append(r)
            line(r, show)
            if stop_early and is_noticed(r):
                pool.terminate()
                break
    return results


def numbered(i):
    return i, prove_index(i)


def enumerate_unordered(pool, n):
    return pool.imap_unordered(numbered, range(n), chunksize=1)


def is_noticed(r):
    """Of a broken kernel: does a proof fail? That something never changes which might is not enough."""
    return not r['ok'] and not r.get('unused')


def line(r, show):
    if not show:
        return
    state = 'proved' if r['ok'] else 'FAILED'
    print(f'{state}  {r["unit"]}:{r["harness"]:<22} {r["function"]:<22} paths {r["reachable"]}/{r["paths"]} '
          f'obligations {r["obligations"]} hints {r["hints"]} cached {r["cached"]}/{r["asked"]} '
          f'{r["seconds"]:.1f} s', flush=True)
    if r['error']:
        print('   ', r['error'])
    for f in r['failures']:
        print('    ' + f.replace('\n', '\n    '))


def lacking(results):
    """Invariants assumed anywhere must be checked by every harness that writes what they read. Leak freedom and
    non-interference have columns of their own."""
    hinted, apart = {}, {t.partition(': ')[2].partition('(')[0] for r in results
                         for t in r['checks'] if t.startswith(('leak: ', 'ni: '))}
    for r in results:
        for name, cells in ((n, c) for n, c in r['hinted'].items() if n not in apart):
            hinted.setdefault(name, set()).update(cells)
    out = []
    for r in results:
        if 'invariant' not in r['columns']:
            continue
        lost = sorted(n for n, cells in hinted.items()
                      if n not in r['checked'] and cells & set(r['written']))
        if lost:
            out.append((r, lost))
    return out


def conclude(results, args, whole):
    from prover.report import assumption_marks, count_lines, relied_on, summary, trusted, write_reports
    from prover.kernel import functions as kernel_functions
    from prover.models import run as protocols
    for r, lost in lacking(results) if whole else []:
        print(f'note: {r["unit"]}:{r["harness"]} writes what it does not check: {" ".join(lost)}')
        r['columns'] = [c for c in r['columns'] if c != 'invariant']
    if not whole:
        return all(r['ok'] for r in results)
    tools, tried = tool_versions(args.second_solver), expected().get('tools', [])
    for t in tools:
        if not any(k in t for k in tried):
            print(f'note: {t} was not tried before (proofs/expected.toml: {", ".join(tried)})')
    lines, marks = count_lines(ROOT), assumption_marks(ROOT, results)
    models = protocols(ROOT)
    functions = write_reports(ROOT, results, kernel_functions(ROOT, INCLUDES, args.jobs), lines, marks, tools, models)
    good = all(r['ok'] for r in results) and all(m['ok'] for m in models)
    if args.expect:
        write_expected(functions)
    known = set(expected().get('assumptions', []))
    for m in sorted({(m['id'], m['where']) for m in marks}):
        if m[0] not in known:
            print(f'TRUSTED {m[0]} ({m[1]}), but not listed in proofs/expected.toml')
            good = False
    for name in relied_on(ROOT, functions):
        print(f'TRUSTED {name}: KNOWN states what is not proved')
        good = False
    for word in ('proved', 'bounded'):
        better = ('proved', word)
        for name, columns in expected().get(word, {}).items():
            row = next((f for f in functions if f['name'] == name), None)
            lost = [c for c in columns if not row or row[c] not in better]
            if lost:
                print(f'LOST    {name}: {", ".join(lost)} (proofs/expected.toml)')
                good = False
    for f in functions:
        new = [c for c in COLUMNS if f[c] == 'proved' and c not in expected().get('proved', {}).get(f['name'], [])]
        if new:
            print(f'new     {f["name"]}: {", ".join(new)}: --expect enters it in proofs/expected.toml')
    for f in sorted(functions, key=lambda f: -f['seconds'])[:10]:
        print(f'{f["seconds"]:7.1f} s  {f["name"]}')
    for text in summary(functions):
        print(text)
    ratio = (lines['spec'] + lines['hints'] + lines['ghost']) / max(1, lines['code'])
    print(f'{sum(r["ok"] for r in results)} of {len(results)} harnesses proved; '
          f'{sum(r["obligations"] for r in results)} obligations; lines: {lines["code"]} code, {lines["spec"]} '
          f'specification, {lines["hints"]} hints, {lines["ghost"]} ghost ({ratio:.2f} to 1); '
          f'{len(trusted(marks))} assumptions; {sum(r["seconds"] for r in results):.0f} s')
    return good


def write_expected(functions):
    """Replaces the tables of what is proved by what is proved now."""
    path = os.path.join(ROOT, 'proofs/expected.toml')
    with open(path, encoding='utf-8') as f:
        text = f.read()
    text = text[:text.index('[proved]')].rstrip() + '\n'
    for word in ('proved', 'bounded'):
        text += f'\n[{word}]\n'
        for f in functions:
            columns = ', '.join(f'"{c}"' for c in COLUMNS if f[c] == word)
            text += f'{f["name"]} = [{columns}]\n' if columns else ''
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def expected():
    path = os.path.join(ROOT, 'proofs/expected.toml')
    if not os.path.exists(path):
        return {}
    with open(path, 'rb') as f:
        return tomllib.load(f)


def load(root, pattern, build=None):
    from prover.unit import Unit
    return [Unit(p, root, INCLUDES, build) for p in sorted(glob.glob(os.path.join(root, pattern)))]


# ---- mutants
def mutants(args):
    from prover.mutants import run

    def notices(tree, only):
        """Does one of these harnesses, in a tree that was broken, fail? And what it says."""
        args.quick = True
        results = prove(load(tree, 'proofs/units/*.c'), only, args, stop_early=True, show=False)
        bad = next((r for r in results if is_noticed(r)), None)
        return bad, (bad['error'] or bad['failures'][0].split('\n')[0]) if bad else ''
    return run(ROOT, load(ROOT, 'proofs/units/*.c'), args.names, notices)


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('names', nargs='*')
    p.add_argument('--quick', action='store_true')
    p.add_argument('--fresh', action='store_true')
    p.add_argument('--mutants', action='store_true')
    p.add_argument('--expect', action='store_true')
    p.add_argument('--accept', action='store_true')
    p.add_argument('--second-solver', metavar='COMMAND')
    p.add_argument('--jobs', type=int, default=2)
    args = p.parse_args()
    if args.accept:
        from prover.models import accept
        for model in args.names:
            accept(ROOT, model)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))      # takes the workers along
    install(args.second_solver)
    subprocess.run(['make', '-s', '--no-print-directory', 'gen'], cwd=ROOT, check=True)
    if args.mutants:
        return 0 if mutants(args) else 1
    units = load(ROOT, 'proofs/units/*.c')
    if not units:
        print('no units in proofs/units')
        return 0
    results = prove(units, args.names, args)
    return 0 if conclude(results, args, not args.names) else 1


if __name__ == '__main__':
    sys.exit(main())
