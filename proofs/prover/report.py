# SPDX-License-Identifier: MIT
"""Text of counterexamples; counts of lines; assumption marks; build/prove.json and docs/proofs.md."""
import json
import os
import re

from .memory import CELLS

MAX_CELLS = 80


def symbol(name):
    """Name of an input or cell without the parts that only make it unique."""
    return re.sub(r'(![\d.\w]*)?:\d+$', '', name)


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
    proved = {r['harness'].removeprefix('h_contract_') for r in results
              if r['harness'].startswith('h_contract_') and r['ok']}
    for name in sorted({c for r in results for c in r['contracts']} - proved):
        out.append({'id': f'contract_{name}', 'where': name, 'why': f'{name} meets its contract'})
    return out


# ---- results
def rows(results):
    """One row per function that a harness proves; several harnesses of one function are joined."""
    out = {}
    for r in results:
        row = out.setdefault(r['function'], {
            'name': r['function'], 'file': r['file'], 'ub': None, 'invariant': None, 'spec': None,
            'leak': None, 'ni': None, 'seconds': 0.0})
        if r.get('only'):
            row['only'] = r['only']
        row['seconds'] = round(row['seconds'] + r['seconds'], 1)
        for c in r['columns']:
            word = 'not yet' if not r['ok'] else 'partly' if r.get('only') else 'proved'
            row[c] = word if row[c] in (None, 'proved') else row[c]
    for row in out.values():
        for c in ('ub', 'invariant', 'spec', 'leak', 'ni'):
            row[c] = row[c] or 'not yet'
    return sorted(out.values(), key=lambda r: (r['file'], r['name']))


FUNCTION = re.compile(r'^(?!static inline PRED|PRED)(?:[A-Za-z_][\w ]*[ *])(\w+)\((?:[^;{}()]|\([^()]*\))*\)\n\{', re.M)


def kernel_functions(root):
    """All functions of generic kernel code, and whether they are calls."""
    out = {}
    for f in sorted(os.listdir(os.path.join(root, 'kernel'))):
        if f.endswith('.c'):
            with open(os.path.join(root, 'kernel', f), encoding='utf-8') as fh:
                for m in FUNCTION.finditer(fh.read()):
                    out[m[1]] = f'kernel/{f}'
    return out


def untried(root, have):
    """Rows of what no harness proves: the calls are tested by fuzzer and test programs, the rest is not yet."""
    return [{'name': n, 'file': f, **{c: 'not yet' for c in ('ub', 'invariant', 'spec', 'leak', 'ni')},
             **({'ub': 'tested', 'invariant': 'tested'} if n.startswith('sys_') else {}), 'seconds': 0.0}
            for n, f in kernel_functions(root).items() if n not in have]


def write_reports(root, results, lines, assumptions, tools, models=()):
    functions = rows(results)
    functions += untried(root, {r['name'] for r in functions})
    functions.sort(key=lambda r: (r['file'], r['name']))
    data = {'functions': functions, 'lines': lines, 'protocols': list(models),
            'assumptions': [{'where': a['where'], 'why': a['why']} for a in assumptions], 'tools': tools}
    os.makedirs(os.path.join(root, 'build'), exist_ok=True)
    with open(os.path.join(root, 'build/prove.json'), 'w', encoding='utf-8') as f:
        json.dump(data, f, indent=1)
        f.write('\n')
    ratio = (lines['spec'] + lines['hints'] + lines['ghost']) / max(1, lines['code'])
    text = ['# What is proved', '',
            'Made by `make prove`; do not edit. *proved*: for all sizes and all states that the assumptions allow. '
            '*tested*: checked by the fuzzer after every call, not proved. `call_X` is the part of the dispatcher '
            'for call X: from any frame to the handler.', '',
            '| function | file | no undefined behaviour | invariant | specification | leak freedom | non-interference |',
            '|---|---|---|---|---|---|---|']
    text += [f'| `{r["name"]}` | {r["file"]} | {r["ub"]} | {r["invariant"]} | {r["spec"]} | {r["leak"]} | {r["ni"]} |'
             for r in functions]
    text += ['', *[f'* `{r["name"]}` partly: {r["only"]}.' for r in functions if 'only' in r]]
    text += ['', f'Lines: {lines["code"]} of generic kernel, {lines["spec"]} of specification, {lines["hints"]} of '
             f'harness and hints, {lines["ghost"]} of ghost state: {ratio:.2f} to 1.', '', '## Assumptions', '']
    text += [f'* {a["where"]}: {a["why"]}' for a in assumptions] or ['None is marked.']
    text += ['', '## Protocols between CPUs', '', 'Models checked by Spin, bounded: all runs at the sizes that each file states. '
             'That code and model agree is read, not proved.', '']
    text += [f'* `{m["name"]}` ({"no errors" if m["ok"] else "FAILED"}): {m["claims"]}' for m in models]
    os.makedirs(os.path.join(root, 'docs'), exist_ok=True)
    with open(os.path.join(root, 'docs/proofs.md'), 'w', encoding='utf-8') as f:
        f.write('\n'.join(text) + '\n')
    return functions
