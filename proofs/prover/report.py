# SPDX-License-Identifier: MIT
"""Text of counterexamples; counts of lines; assumption marks; build/prove.json and docs/proofs.md."""
import json
import os
import re
import tomllib

from .memory import CELLS

MAX_CELLS = 80


def symbol(name):
    """Name of an input or cell without the parts that only make it unique."""
    return re.sub(r'(![\d.\w+]*)?:\d+$', '', name)


def number(v):
    n = v.as_long() if hasattr(v, 'as_long') else None
    return str(v) if n is None else f'{n}' if n < 1 << 16 else hex(n)


def counterexample(h, st, what, verdict, model):
    """What failed, the branches on the way there, and a state in which it fails."""
    out = [f'{h.name}: {what}: ' + ('fails' if verdict == 'sat' else 'open (solver gave no answer)')]
    if st.trail:
        out.append('  path: ' + ' '.join(squeeze(st.trail)))
    if model is None:
        return '\n'.join(out)
    inputs, cells = [], []
    for d in model.decls():
        if d.name().startswith(('undef!', 'padding!', 'frozen!', 'beyond!')):
            continue
        if '!' in d.name():
            inputs.append(f'{symbol(d.name())} = {number(model[d])}')
            continue
        name = h.key_name((CELLS[d.name()][0].name, CELLS[d.name()][1]))
        if d.arity() == 0:
            cells.append(f'{name} = {number(model[d])}')
            continue
        table = model[d].as_list()
        for row in table[:-1]:
            full = name
            for i in row[:-1]:
                full = full.replace('[]', f'[{number(i)}]', 1)
            cells.append(f'{full} = {number(row[-1])}')
        if len(table) == 1:
            cells.append(f'{name.replace("[]", "[any]")} = {number(table[0])}')
    out += ['  with: ' + ', '.join(sorted(inputs))] if inputs else []
    out += ['  in:   ' + c for c in sorted(cells)[:MAX_CELLS]]
    return '\n'.join(out)


def squeeze(trail):
    """Source lines of branches, consecutive repeats once, the file named when it changes."""
    out, last, file = [], None, None
    for t in trail:
        if t != last:
            f, _, line = t.rpartition(':')
            out.append(t if f != file else line)
            last, file = t, f
    return out


# ---- lines
def code_lines(text):
    """Lines that are neither blank nor comment."""
    text = re.sub(r'/\*.*?\*/', lambda m: '\n' * m[0].count('\n'), text, flags=re.S)
    return [l for l in (re.sub(r'//.*', '', l) for l in text.split('\n')) if l.strip()]


def count_lines(root):
    """code: what the kernel compiles; ghost: GHOST in it; spec: predicates; hints: harnesses."""
    n = {'code': 0, 'spec': 0, 'hints': 0, 'ghost': 0}
    for d, key in (('kernel', 'code'), ('proofs/spec', 'spec'), ('proofs/inv', 'spec'), ('proofs/units', 'hints')):
        for dirpath, _, files in os.walk(os.path.join(root, d)):
            if d == 'kernel' and 'arch' in os.path.relpath(dirpath, root).split(os.sep):
                continue
            for f in files:
                if f.endswith(('.c', '.h')):
                    with open(os.path.join(dirpath, f), encoding='utf-8') as fh:
                        lines = code_lines(fh.read())
                    ghost = sum('GHOST(' in l for l in lines) if key == 'code' else 0
                    n[key] += len(lines) - ghost
                    n['ghost'] += ghost
    return n


def assumption_marks(root, results):
    """ASSUME(id, reason) and ASSUME_STATE in the sources, and contracts that no harness proves."""
    out, mark = [], re.compile(r'\bASSUME(?:_STATE)?\(\s*(\w+)\s*,(?:[^;]*?,)?\s*"((?:[^"\\]|\\.)*)"(?:\s*"([^"]*)")*', re.S)
    for d in ('kernel', 'proofs'):
        for dirpath, dirs, files in os.walk(os.path.join(root, d)):
            dirs[:] = sorted(x for x in dirs if x not in ('prover', 'tests'))
            for f in sorted(files):
                if f.endswith(('.c', '.h', '.S')):
                    path = os.path.join(dirpath, f)
                    with open(path, encoding='utf-8') as fh:
                        text = fh.read()
                    for m in mark.finditer(text):
                        why = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', m[0]))
                        line = text[:m.start()].count('\n') + 1
                        out.append({'id': m[1], 'where': f'{os.path.relpath(path, root)}:{line}', 'why': why})
    # What was assumed without a mark that could be read, in a macro for example.
    for r in results:
        for text in r.get('assumptions', []):
            name, _, why = text.partition(': ')
            if not any(a['id'] == name and a['why'] == why for a in out):
                out.append({'id': name, 'where': f'{r["unit"]}:{r["harness"]}', 'why': why})
    machine = sorted({n for r in results for n in r.get('machine', ())})
    if machine:
        out.append({'id': 'machine', 'where': 'kernel/arch/proof/model.h and units',
                    'why': f'these do to kernel state what the model of the machine says: {", ".join(machine)}'})
    proved = {r['harness'].removeprefix('h_contract_') for r in results
              if r['harness'].startswith('h_contract_') and r['ok'] and
              not any(a.startswith('case: ') for a in r.get('assumptions', ()))}
    for name in sorted({c for r in results for c in r['contracts']} - proved):
        out.append({'id': f'contract_{name}', 'where': name, 'why': f'{name} meets its contract'})
    return out


def established(results, graph):
    """Preconditions of functions: (function, predicates, who calls it and is proved to check them, who is not).
    What boot makes is assumed to be as it should be."""
    callers = {f.name: sorted({g.name for g in f.callers if g.file != BOOT}) for f in graph.values()}
    needs, checks = {}, {}
    for r in results:
        for name, pred, places in r.get('requires', ()) if r['ok'] else ():
            needs.setdefault(name, set()).add((pred, *places))
        for name, pred, places in r.get('obliged', ()) if r['ok'] else ():
            checks.setdefault((name, pred, *places), set()).update(n for n, _ in r['functions'])
    out = []
    for name, preds in sorted(needs.items()):
        by = [c for c in callers.get(name, []) if all(c in checks.get((name, *p), ()) for p in preds)]
        out.append((name, sorted({p[0] for p in preds}), by, [c for c in callers.get(name, ['nobody']) if c not in by]))
    return out


# ---- results
COLUMNS = ('ub', 'invariant', 'spec', 'leak', 'ni')
ORDER = ('not yet', 'tested', 'assumed', 'bounded', 'proved')          # what a row may say, weakest first


def word(result):
    return 'not yet' if not result['ok'] else 'bounded' if result.get('only') else 'proved'


def keeps_owners(results):
    """A harness that writes nothing that a predicate of leak freedom reads proves that as well."""
    preds = {t.removeprefix('leak: ').partition('(')[0] for r in results for t in r['checks'] if t.startswith('leak: any_')}
    cells = {c for r in results for p in preds for c in r['hinted'].get(p, ())}
    for r in results:
        if cells and r['ok'] and 'ub' in r['columns'] and 'leak' not in r['columns'] and not cells & set(r['written']):
            r['columns'] = [*r['columns'], 'leak']


def own_rows(results, graph):
    """One row per function that a harness proves; several harnesses of one function are joined."""
    files, columns = {}, (*COLUMNS, 'footprint')
    for name, file in graph:
        files.setdefault(name, file)
    out = {}
    for r in results:
        row = out.setdefault(r['function'], {
            'name': r['function'], 'file': files.get(r['function'], r['file']), **dict.fromkeys(columns), 'seconds': 0.0,
            'harnesses': []})
        if r.get('only'):
            kind = ' (non-interference)' if r['columns'] == ['ni'] else ''
            row['only'] = sorted([*row.get('only', []), r['only'] + kind])
        row['harnesses'].append(r)
        row['seconds'] = round(row['seconds'] + r['seconds'], 1)
        for c in r['columns']:
            row[c] = min(word(r), row[c] or 'proved', key=ORDER.index)
    return out


def in_callers(own, graph):
    """A function called only by functions that are proved, and executed each time, is proved with them."""
    by_name = {f.name: f for f in graph.values()}

    def covered(name, column, above):
        row, f = own.get(name), by_name.get(name)
        if row and row[column] in ('proved', 'bounded'):
            return row[column], [r for r in row['harnesses'] if column in r['columns']]
        if row and row[column] or f is None or not f.callers or f in above:
            return None
        out, harnesses = 'proved', []
        for g in f.callers:
            up = covered(g.name, column, above | {f})
            with_f = [r for r in up[1] if f.inlined or [f.name, f.file] in r['functions']] if up else []
            if not with_f:
                return None
            out = min(out, up[0], key=ORDER.index)
            harnesses += with_f
        return out, harnesses
    return {(name, c): got[0] for name in by_name for c in COLUMNS
            if not (own.get(name) or {}).get(c) and (got := covered(name, c, frozenset()))}


def rows(results, graph):
    """A row for every function of generic kernel code, and for whatever else a harness names."""
    own = own_rows(results, graph)
    within = in_callers(own, graph)
    out = []
    for name, file in sorted({*((n, f) for n, f in graph), *((r['name'], r['file']) for r in own.values())}):
        row = own.get(name) or {'name': name, 'file': file, **dict.fromkeys(COLUMNS), 'seconds': 0.0}
        row = {k: v for k, v in row.items() if k != 'harnesses' and (k, v) != ('footprint', None)}
        for c in COLUMNS:
            if row[c] is None and (name, c) in within:
                row[c] = within[name, c]
                row.setdefault('in_callers', []).append(c)
            # The fuzzer makes each call, and evaluates all invariants after it; so do the tests on the host.
            if row[c] in (None, 'not yet') and name.startswith('sys_') and c in ('ub', 'invariant', 'leak'):
                row[c] = 'tested'
            row[c] = row[c] or 'not yet'
        out.append(row)
    return sorted(out, key=lambda r: (r['file'], r['name']))


def footprints(root, functions):
    """Handlers of calls that hold one CPU's lock, perhaps with a space's, from the interface: what they may change."""
    with open(os.path.join(root, 'abi/kernel.toml'), 'rb') as f:
        calls = [c for c in tomllib.load(f)['call'] if c['lock'] in ('local', 'space') and not c.get('removed')]
    rows_of = {r['name']: r for r in functions}
    for c in calls:
        row = rows_of.get(f'sys_{c["name"]}')
        if row is not None:
            row.setdefault('footprint', 'tested')
    return [(c['name'], c['lock'], rows_of[f'sys_{c["name"]}']['footprint']) for c in calls if f'sys_{c["name"]}' in rows_of]


HEAD = re.compile(r'^\w[^;{}()#]*?(\w+)\([^;{}]*\)\n\{', re.M)


def relied_on(root, functions):
    """KNOWN lets the compiler rely on what it states: functions that say so and are not proved to be right about it."""
    proved = {f['name'] for f in functions if f['ub'] == 'proved'}
    out = []
    for dirpath, _, files in os.walk(os.path.join(root, 'kernel')):
        for f in sorted(files):
            with open(os.path.join(dirpath, f), encoding='utf-8') as fh:
                text = fh.read()
            heads = [(m.start(), m[1]) for m in HEAD.finditer(text)]
            for m in re.finditer(r'^\s+KNOWN\(', text, re.M):
                name = max((h for h in heads if h[0] < m.start()), default=(0, f))[1]
                if name not in proved:
                    out.append(name)
    return out


# No statements about the world: the case that a row says it is bounded to, and what whoever calls a function inside the kernel sees to.
CASE, INNER = 'case', 'requires'
BOOT = 'kernel/boot.c'


def trusted(assumptions):
    """One line for each reason, with all the places that rest on it."""
    reasons = {}
    for a in assumptions:
        if a['id'] not in (CASE, INNER):
            reasons.setdefault(a['why'], []).append(a['where'])
    return [f'* {why} ({", ".join(places)})' for why, places in reasons.items()]


PRECONDITIONS = '''## Preconditions

What functions are proved under. First those that every caller is proved to establish, at the place where it calls (`REQUIRES` and `OBLIGED` of `proofs/prover/prover.h`); then those of functions
inside the kernel, which their callers have to establish and whose proofs, where there are any, execute the function itself. That what boot makes is as it should be is assumed above.
'''


def preconditions(results, graph, assumptions):
    """Lines about those that callers establish; and those that some caller does not, as assumptions."""
    rows = established(results, graph)
    text = [f'* `{name}`: {", ".join(f"`{p}`" for p in preds)}: by {", ".join(f"`{c}`" for c in by)}' for name, preds, by, lacking in rows if not lacking]
    text += [f'* {a["where"]}: {a["why"]}' for a in assumptions if a['id'] == INNER]
    open_ones = [{'id': f'requires_{name}', 'where': name, 'why': f'{", ".join(lacking)} hands over what {name} requires: {", ".join(preds)}'}
                 for name, preds, _, lacking in rows if lacking]
    return text, open_ones


FOOTPRINTS = '''## Footprints of local operations

Calls that hold only their CPU's lock, or also a space's, must leave alone what other locks protect (`proofs/spec/footprint.h`). *tested*: the simulated machine of the fuzzer
and of the tests on the host (`kernel/arch/host/journal.c`) compares after every entry what has changed with the locks that were held.

| call | lock | |
|---|---|---|'''


INTRODUCTION = '''# What is proved

Made by `make prove`; do not edit. One row for each function of generic kernel code (`kernel/*.c`, `kernel/*.h`, the dispatcher; without `inv.c`, which only debug kernels contain); `call_X` is the part of the
dispatcher for call X: from any frame to the handler.

* *proved*: for all sizes and all states that the assumptions below allow. *in callers*: as part of every function that calls it, each of which is proved.
* *bounded*: the same, but only for the case that a line below the table names. *tested*: checked by the fuzzer and by the tests on the host after every call, not proved.
* *no undefined behaviour*: accesses, arithmetic, assertions. *invariant*: all invariants of `proofs/spec` that it could break. *specification*: what it changes and returns, and that nothing else changes.
* *leak freedom*: every page is free, reserved, or has one owner, and stays so: `docs/design/leak-freedom.md`. *non-interference*: `docs/design/non-interference.md`.

| function | file | no undefined behaviour | invariant | specification | leak freedom | non-interference |
|---|---|---|---|---|---|---|'''


def cell(row, column):
    if column not in row.get('in_callers', ()):
        return row[column]
    return 'in callers' if row[column] == 'proved' else f'{row[column]}, in callers'


def summary(functions):
    """How many functions say what, by column."""
    return [f'{c}: ' + ', '.join(f'{n} {w}' for w in reversed(ORDER)
                                 if (n := sum(f[c] == w for f in functions))) for c in COLUMNS]


def write_reports(root, results, graph, lines, assumptions, tools, models=()):
    keeps_owners(results)
    functions, (before, open_ones) = rows(results, graph), preconditions(results, graph, assumptions)
    assumptions += open_ones
    local = footprints(root, functions)
    data = {'functions': functions, 'lines': lines, 'protocols': list(models),
            'assumptions': [{'where': a['where'], 'why': a['why']} for a in assumptions], 'tools': tools}
    os.makedirs(os.path.join(root, 'build'), exist_ok=True)
    with open(os.path.join(root, 'build/prove.json'), 'w', encoding='utf-8') as f:
        json.dump(data, f, indent=1)
        f.write('\n')
    ratio = (lines['spec'] + lines['hints'] + lines['ghost']) / max(1, lines['code'])
    text = [INTRODUCTION]
    text += [f'| `{r["name"]}` | {r["file"]} | ' + ' | '.join(cell(r, c) for c in COLUMNS) + ' |' for r in functions]
    text += ['', *[f'* `{r["name"]}` bounded: {"; ".join(r["only"])}.' for r in functions if 'only' in r]]
    text += ['', f'{len(functions)} functions. ' + '; '.join(summary(functions)) + '.']
    text += ['', f'Lines: {lines["code"]} of generic kernel, {lines["spec"]} of specification, {lines["hints"]} of '
             f'harness and hints, {lines["ghost"]} of ghost state: {ratio:.2f} to 1. Seconds for each function: '
             '`build/prove.json`.', '', f'Tools: {", ".join(tools)}.', '', '## Assumptions', '']
    text += trusted(assumptions) or ['None is marked.']
    text += ['', PRECONDITIONS, *before]
    text += ['', FOOTPRINTS, *[f'| `{n}` | {lock} | {w} |' for n, lock, w in local]]
    text += ['', '## Protocols between CPUs', '', 'Models checked by Spin, bounded: all runs at the sizes that each file states. '
             'That the code a model stands for has not changed since they were compared is checked; that both agree is read.', '']
    text += [f'* `{m["name"]}` ({"no errors" if m["ok"] else "FAILED"}): {m["claims"]}' for m in models]
    os.makedirs(os.path.join(root, 'docs'), exist_ok=True)
    with open(os.path.join(root, 'docs/proofs.md'), 'w', encoding='utf-8') as f:
        f.write('\n'.join(text) + '\n')
    return functions
