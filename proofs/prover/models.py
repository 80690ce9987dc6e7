# SPDX-License-Identifier: MIT
"""Spin models, and the code that each stands for.

The header of a model lists functions: ` * Code: FILE function ...;` up to a full stop. proofs/proto/code.toml
holds a hash of each as it was when code and model were last compared. A function that has changed since is a
failure: compare, change the model if it must be, and run `run.py --accept MODEL`.
"""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import time
import tomllib

TABLE = 'proofs/proto/code.toml'
HEAD = '''# SPDX-License-Identifier: MIT
# Hashes of the functions that each model stands for, as they were when both were compared last.
# Written by `run.py --accept MODEL`; comments and white space do not count.
'''


def normal(text):
    """Text without comments, and with white space only where it separates words."""
    text = re.sub(r'/\*.*?\*/|//[^\n]*', ' ', text, flags=re.S)
    return re.sub(r'(?<=\W) | (?=\W)', '', re.sub(r'\s+', ' ', text)).strip()


def function_text(text, name):
    """The definition of a function, from its name to the brace that closes it; None if there is none."""
    m = re.search(rf'^[A-Za-z_][^\n;{{}}]*\b{re.escape(name)}\([^;{{}}]*\)\n\{{\n.*?^\}}', text, re.M | re.S)
    return m and m[0]


def digest(root, file, name):
    """Hash of a function as it is now, or None."""
    path = os.path.join(root, file)
    if not os.path.exists(path):
        return None
    with open(path, encoding='utf-8') as f:
        text = function_text(f.read(), name)
    return text and hashlib.sha256(normal(text).encode()).hexdigest()[:16]


def header(path, word):
    with open(path, encoding='utf-8') as f:
        m = re.search(rf'^ \* {word}: (.*?)(?=\n \*\n|\n \* [A-Z]\w+: |\n \*/)', f.read(), re.S | re.M)
    return re.sub(r'\s*\n \*\s*', ' ', m[1]).strip() if m else ''


def functions_of(path):
    """[(file, function)] that the header of a model names."""
    out = []
    for part in header(path, 'Code').rstrip('.').split(';'):
        words = part.split()
        out += [(words[0], w) for w in words[1:]]
    return out


def changed(root, path):
    """What the model stands for and is not as it was; a list of texts, empty if all is well."""
    with open(os.path.join(root, TABLE), 'rb') as f:
        known = tomllib.load(f).get(os.path.basename(path), {})
    named = functions_of(path)
    out = [] if named else ['names no code']
    for file, name in named:
        now = digest(root, file, name)
        if now is None:
            out.append(f'{file}: there is no function {name}')
        elif known.get(f'{file}:{name}') != now:
            out.append(f'{file}: {name} has changed' if f'{file}:{name}' in known else f'{file}: {name} was never compared')
    return out


def accept(root, model):
    """Enters the hashes of the code as it is now for one model."""
    path = os.path.join(root, TABLE)
    table = {}
    if os.path.exists(path):
        with open(path, 'rb') as f:
            table = tomllib.load(f)
    table[model] = {f'{file}:{name}': digest(root, file, name) or 'missing'
                    for file, name in functions_of(os.path.join(root, 'proofs/proto', model))}
    with open(path, 'w', encoding='utf-8') as f:
        f.write(HEAD)
        for m in sorted(table):
            f.write(f'\n["{m}"]\n' + ''.join(f'"{k}" = "{v}"\n' for k, v in table[m].items()))


def run(root):
    """Runs Spin on each model; a result for each: name, what its header claims, whether it holds."""
    out = []
    for path in sorted(glob.glob(os.path.join(root, 'proofs/proto/*.pml'))):
        name = os.path.basename(path)
        work = os.path.join(root, 'build/spin', name)
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        t, text = time.monotonic(), ''
        for command in (['spin', '-a', path], ['cc', '-O2', '-DSAFETY', '-w', '-o', 'pan', 'pan.c'], ['./pan', '-m100000']):
            r = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
            text = r.stdout + r.stderr
            if r.returncode:
                break
        # Without a complete search, no error found means nothing.
        ok = r.returncode == 0 and 'errors: 0' in text and 'not completed' not in text and 'too small' not in text
        old = changed(root, path)
        out.append({'name': name, 'claims': header(path, 'Claims'), 'ok': ok and not old,
                    'seconds': round(time.monotonic() - t, 1)})
        print(f'{"proved" if ok else "FAILED"}  {name} (bounded, spin) {out[-1]["seconds"]} s', flush=True)
        for what in old:
            print(f'STALE   {name}: {what}: compare it with the model, then run.py --accept {name}')
        if not ok:
            print(text)
    return out
