# SPDX-License-Identifier: MIT
"""All functions of generic kernel code, and who calls whom, from the compiler's own output.

The report has one row for each of them, whether or not something is proved; a function that is
called only by functions that are proved, and was executed each time, is proved with them.
"""
import glob
import multiprocessing
import os
import re
import subprocess

from . import Refused
from .debug import Debug
from .unit import CLANGS

FLAGS = ['-std=c2x', '-ffreestanding', '-O1', '-Xclang', '-disable-llvm-passes', '-g', '-S', '-emit-llvm', '-o', '-',
         '-DWITH_GHOST', '-DARCH_PROOF', '-D__TESSERA_PROOF__', '-Wno-unused-function']
# What only debug kernels contain: it checks the kernel, and is no part of it.
LEFT_OUT = ('kernel/inv.c', 'kernel/inv.h')
DEFINE = re.compile(r'^define [^@\n]*@([\w.$]+)\(([^\n]*)\{\n(.*?)^\}', re.M | re.S)
CALL = re.compile(r'\bcall\b[^@\n]*@([\w.$]+)\(')
META = re.compile(r'^!(\d+) = (?:distinct )?(.*)$', re.M)
ATTRIBUTES = re.compile(r'^attributes (#\d+) = \{(.*)\}$', re.M)


class Function:
    __slots__ = ('name', 'file', 'callees', 'callers', 'inlined')

    def __init__(self, name, file, inlined):
        self.name, self.file, self.inlined = name, file, inlined
        self.callees, self.callers = set(), set()


def compiled(job):
    path, root, includes = job
    cmd = [CLANGS[0], *FLAGS, *['-I' + os.path.join(root, i) for i in includes], path]
    r = subprocess.run(cmd, capture_output=True, text=True, cwd=root, check=False)
    if r.returncode:
        raise Refused(f'{path}: clang: {r.stderr}')
    return r.stdout


def sources(root):
    return sorted(p for p in glob.glob('kernel/*.c', root_dir=root) if p not in LEFT_OUT) + ['build/gen/dispatch.c']


def functions(root, includes, jobs=2):
    """(name, file) -> Function, of all that kernel/*.c, kernel/*.h and the dispatcher define."""
    with multiprocessing.get_context('fork').Pool(jobs) as pool:
        texts = pool.map(compiled, [(p, root, includes) for p in sources(root)], chunksize=1)
    out, extern, pending = {}, {}, []
    for text in texts:
        debug = Debug(dict(META.findall(text)), root)
        inlined = {n for n, a in ATTRIBUTES.findall(text) if 'alwaysinline' in a}
        local = {}
        for name, rest, body in DEFINE.findall(text):
            dbg = re.search(r'!dbg !(\d+)', rest)
            file = debug.file(dbg[1]) if dbg else '?'
            if re.fullmatch(r'kernel/[^/]+\.[ch]|build/gen/dispatch\.[ch]', file) and file not in LEFT_OUT:
                f = out.setdefault((name, file), Function(name, file, bool(inlined & set(re.findall(r'#\d+', rest)))))
                local[name] = f
                pending.append((f, set(CALL.findall(body)), local))
                extern[name] = f
    for f, callees, local in pending:
        for name in callees:
            g = local.get(name) or extern.get(name)
            if g is not None and g is not f:
                f.callees.add(g)
                g.callers.add(f)
    return out
