# SPDX-License-Identifier: MIT
"""Helpers of the tests: prove a few lines of C, or evaluate a function as the prover does."""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROOFS = os.path.dirname(HERE)
sys.path[:0] = [p for p in (PROOFS,) if p not in sys.path]
from prover.unit import Unit                                          # noqa: E402

TYPES = '''
#include "prover.h"
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
typedef int i32; typedef long long i64;
'''


def prove(kernel, harness, head='', cache=False, second=None, unit='', name='h_x'):
    """Result for a harness h_x with the given body, or for `name` of the unit; `kernel` is code under proof, `unit` is not."""
    columns = '"ub", "invariant"' if 'HINT(' in harness else '"ub"'
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, 'kernel.c'), 'w', encoding='utf-8') as f:
            f.write(kernel)
        path = os.path.join(d, 'unit.c')
        with open(path, 'w', encoding='utf-8') as f:
            own = ''.join(f'[{n}]\nfunction = "f"\ncolumns = [{columns}]\n' for n in sorted({'h_x', name}))
            f.write(f'/* prove:\n{head}\n{own}*/\n{TYPES}#include "kernel.c"\n{unit}'
                    f'void h_x(void)\n{{\n{harness}\n}}\n')
        u = Unit(path, d)
        return u.run(name, u.module(), second, cache)
