# SPDX-License-Identifier: MIT
"""Every scalar instruction and intrinsic, and memory, against compiled execution."""
import ctypes
import os
import random
import subprocess
import tempfile
import unittest

import z3

from . import mini
from prover import ir, memory, terms
from prover.debug import Debug
from prover.execute import Machine
from prover.terms import V, num

BINARY = [(op, fl) for op, fls in {
    'add': ('', 'nuw', 'nsw'), 'sub': ('', 'nuw', 'nsw'), 'mul': ('', 'nuw', 'nsw'), 'udiv': ('', 'exact'),
    'sdiv': ('', 'exact'), 'urem': ('',), 'srem': ('',), 'shl': ('', 'nuw', 'nsw'), 'lshr': ('', 'exact'),
    'ashr': ('', 'exact'), 'and': ('',), 'or': ('', 'disjoint'), 'xor': ('',)}.items() for fl in fls]
COMPARE = ['eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge']
CALLS2 = ['umin', 'umax', 'smin', 'smax', 'uadd.sat', 'usub.sat', 'sadd.sat', 'ssub.sat']
OVERFLOW = ['uadd', 'usub', 'umul', 'sadd', 'ssub', 'smul']
CALLS1 = ['ctpop', 'bswap', 'bitreverse', 'cttz', 'ctlz', 'abs']


def generate():
    """LLVM text with one function per instruction and width: i64 f(i64, i64, i64)."""
    out, decl, names = [], set(), []

    def fn(name, w, body):
        head = ''.join(f'%{v} = trunc i64 %{v}.w to i{w}\n' for v in 'abc')
        out.append(f'define i64 @{name}(i64 %a.w, i64 %b.w, i64 %c.w) {{\n{head}{body}\nret i64 %r\n}}')
        names.append(name)

    def widen(w, v='x'):
        return f'%r = add i64 %{v}, 0' if w == 64 else f'%r = zext i{w} %{v} to i64'
    for w in (8, 32, 64):
        t = f'i{w}'
        for op, fl in BINARY:
            fn(f'{op}_{fl}_{w}', w, f'%x = {op} {fl} {t} %a, %b\n{widen(w)}')
        for c in COMPARE:
            fn(f'icmp_{c}_{w}', w, f'%x = icmp {c} {t} %a, %b\n%r = zext i1 %x to i64')
        for n in CALLS2:
            decl.add(f'declare {t} @llvm.{n}.{t}({t}, {t})')
            fn(f'{n}_{w}', w, f'%x = call {t} @llvm.{n}.{t}({t} %a, {t} %b)\n{widen(w)}')
        for n in OVERFLOW:
            decl.add(f'declare {{ {t}, i1 }} @llvm.{n}.with.overflow.{t}({t}, {t})')
            fn(f'{n}_overflow_{w}', w, f'%p = call {{ {t}, i1 }} @llvm.{n}.with.overflow.{t}({t} %a, {t} %b)\n'
               f'%v = extractvalue {{ {t}, i1 }} %p, 0\n%o = extractvalue {{ {t}, i1 }} %p, 1\n'
               f'%x = select i1 %o, {t} %c, {t} %v\n{widen(w)}')
        for n in CALLS1:
            if n == 'bswap' and w == 8:
                continue
            extra = n in ('cttz', 'ctlz', 'abs')
            decl.add(f'declare {t} @llvm.{n}.{t}({t}{", i1" if extra else ""})')
            for flag in ('false', 'true') if extra else ('',):
                fn(f'{n}_{flag}_{w}', w, f'%x = call {t} @llvm.{n}.{t}({t} %a{", i1 " + flag if extra else ""})\n'
                   f'{widen(w)}')
        for n in ('fshl', 'fshr'):
            decl.add(f'declare {t} @llvm.{n}.{t}({t}, {t}, {t})')
            fn(f'{n}_{w}', w, f'%x = call {t} @llvm.{n}.{t}({t} %a, {t} %b, {t} %c)\n{widen(w)}')
        for n in ('ucmp', 'scmp'):
            decl.add(f'declare i8 @llvm.{n}.i8.{t}({t}, {t})')
            fn(f'{n}_{w}', w, f'%x = call i8 @llvm.{n}.i8.{t}({t} %a, {t} %b)\n%r = sext i8 %x to i64')
        fn(f'select_{w}', w, f'%k = icmp ult {t} %a, %b\n%x = select i1 %k, {t} %c, {t} %b\n{widen(w)}')
        fn(f'insert_{w}', w, f'%p = insertvalue {{ {t}, {t} }} undef, {t} %a, 0\n'
           f'%q = insertvalue {{ {t}, {t} }} %p, {t} %b, 1\n%x = extractvalue {{ {t}, {t} }} %q, 1\n{widen(w)}')
        fn(f'phi_{w}', w, f'%k = icmp slt {t} %a, %b\nbr i1 %k, label %y, label %n\ny:\n%u = add {t} %a, %c\n'
           f'br label %e\nn:\n%v = xor {t} %b, %c\nbr label %e\ne:\n%x = phi {t} [ %u, %y ], [ %v, %n ]\n{widen(w)}')
        fn(f'switch_{w}', w, f'%k = and {t} %a, 3\nswitch {t} %k, label %d [\n{t} 0, label %y\n{t} 1, label %y\n'
           f'{t} 2, label %n\n]\ny:\nbr label %e\nn:\nbr label %e\nd:\nbr label %e\n'
           f'e:\n%x = phi {t} [ %a, %y ], [ %b, %n ], [ %c, %d ]\n{widen(w)}')
        if w < 64:
            for op, fl in (('zext', ''), ('zext', 'nneg'), ('sext', '')):
                fn(f'{op}_{fl}_{w}', w, f'%r = {op} {fl} {t} %a to i64')
            for fl in ('', 'nuw', 'nsw'):
                fn(f'trunc_{fl}_{w}', 64, f'%x = trunc {fl} i64 %a to {t}\n{widen(w)}')
    for op in ('and', 'or', 'xor'):
        fn(f'{op}_1', 1, f'%x = {op} i1 %a, %b\n%r = sext i1 %x to i64')
    text = '\n'.join(out).replace('%a = trunc i64 %a.w to i64', '%a = freeze i64 %a.w') \
        .replace('%b = trunc i64 %b.w to i64', '%b = freeze i64 %b.w') \
        .replace('%c = trunc i64 %c.w to i64', '%c = freeze i64 %c.w')
    return text + '\n' + '\n'.join(sorted(decl)), names


class Scalars(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text, cls.names = generate()
        cls.dir = tempfile.TemporaryDirectory()
        ll, so = os.path.join(cls.dir.name, 't.ll'), os.path.join(cls.dir.name, 't.so')
        with open(ll, 'w', encoding='utf-8') as f:
            f.write(text)
        subprocess.run(['clang-19', '-Wno-override-module', '-O1', '-shared', '-fPIC', '-nostdlib', '-o', so, ll],
                       check=True)
        cls.lib, cls.mod = ctypes.CDLL(so), ir.Module(text)

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    def test_against_execution(self):
        rng, compared = random.Random(1), 0
        m = Machine(self.mod, Debug({}), '')
        edge = [0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 127, 128, 255, 1 << 31, (1 << 31) - 1, (1 << 32) - 1,
                1 << 63, (1 << 63) - 1, (1 << 64) - 1]
        for name in self.names:
            native = getattr(self.lib, name)
            native.restype, native.argtypes = ctypes.c_uint64, [ctypes.c_uint64] * 3
            syms = [z3.BitVec(v, 64) for v in 'abc']
            ub = []
            r = m.merged(self.mod.funcs[name], None, [V(s) for s in syms], memory.Memory(),
                         lambda c, w: ub.append(c), True, None)
            defined = terms.conj(*ub, *([] if r.p is None else [terms.neg(r.p)]))
            done = 0
            for _ in range(40):
                vals = [rng.choice(edge) if rng.random() < .7 else rng.getrandbits(64) for _ in syms]
                sub = [(s, num(v, 64)) for s, v in zip(syms, vals)]
                if not z3.is_true(z3.simplify(z3.substitute(defined, *sub))):
                    continue
                done += 1
                got = z3.simplify(z3.substitute(r.t, *sub)).as_long()
                self.assertEqual(got, native(*vals), f'{name} {vals}')
            compared += done
            self.assertGreater(done, 0, name)
        self.assertGreater(compared, 4000)

    def test_flags_make_poison(self):
        """Where a flag is violated the value must be poison, exactly."""
        m = Machine(self.mod, Debug({}), '')
        for name, vals, poison in (('add_nuw_8', (255, 1), True), ('add_nuw_8', (254, 1), False),
                                   ('add_nsw_8', (127, 1), True), ('add_nsw_8', (255, 1), False),
                                   ('sub_nuw_8', (0, 1), True), ('sub_nsw_8', (128, 1), True),
                                   ('mul_nuw_8', (16, 16), True), ('mul_nsw_8', (128, 255), True),
                                   ('shl__8', (1, 8), True), ('shl__8', (1, 7), False), ('lshr__8', (1, 9), True),
                                   ('shl_nuw_8', (128, 1), True), ('shl_nsw_8', (64, 1), True),
                                   ('lshr_exact_8', (1, 1), True), ('udiv_exact_8', (5, 2), True),
                                   ('or_disjoint_8', (3, 1), True), ('or_disjoint_8', (2, 1), False),
                                   ('zext_nneg_8', (128, 0), True), ('trunc_nuw_8', (256, 0), True),
                                   ('trunc_nsw_8', (128, 0), True), ('cttz_true_8', (0, 0), True),
                                   ('abs_true_8', (128, 0), True), ('abs_false_8', (128, 0), False)):
            args = [V(num(v, 64)) for v in (*vals, 0)]
            r = m.merged(self.mod.funcs[name], None, args, memory.Memory(), lambda c, w: None, True, None)
            self.assertEqual(r.p is not None and z3.is_true(z3.simplify(r.p)), poison, f'{name} {vals}')


MEMORY = '''
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
struct in { u8 a; u32 b; u16 c; };
struct s { u8 a, b; u16 c; u32 d; u64 e; struct in in[3]; u32 arr[4]; };
struct two { u32 x, y; };
struct big { u64 v[5]; u32 w; };
struct s g[16]; struct two pair[16]; u64 grid[8][32]; u64 wide[4][128]; struct { u32 n; struct two t; } one;
static const u32 table[5] = { 3, 1, 4, 1, 5 };
static const struct two ctab[3] = { { 7, 8 }, { 9, 10 }, { 11, 12 } };
#define N(x) ((x) & 15)
u64 field_writes(u32 a, u32 b) { g[N(a)].d = a; g[N(b)].d = b; g[N(a)].c = (u16)b; g[N(b)].in[a & 1].b = a + b; g[N(a)].in[1].c = 9;
	return g[N(a)].d + 3 * g[N(b)].in[a & 1].b + g[N(b)].c * (N(a) == N(b)); }
u64 struct_copy(u32 a, u32 b) { g[N(a)] = (struct s){ .a = 1, .e = a, .arr = { 1, 2, b } }; g[N(b)] = g[N(a)];
	g[N(a)] = (struct s){ 0 }; return g[N(b)].e + g[N(b)].arr[2] + 7 * g[N(a)].a; }
u64 small_copy(u32 a, u32 b) { pair[N(a)] = (struct two){ a, b }; pair[N(b)] = pair[N(a)]; pair[N(a)].y++;
	return pair[N(b)].x * 3ull + pair[N(b)].y; }
u64 rows(u32 a, u32 b) { for (u32 i = 0; i < 4; i++) grid[a & 7][i] = i * b; __builtin_memset(grid[b & 7], 0, sizeof grid[0]);
	return grid[a & 7][3] + grid[b & 7][2]; }
u64 long_rows(u32 a, u32 b) { wide[a & 3][b & 127] = b; wide[0][5] = 5; __builtin_memcpy(wide[(a + 1) & 3], wide[a & 3], sizeof wide[0]);
	__builtin_memset(wide[a & 3], 0xff, sizeof wide[0]); wide[a & 3][1] = 1; return wide[(a + 1) & 3][b & 127] + wide[a & 3][b & 3]; }
static struct big make(u32 a) { struct big r = { { a, a + 1, a + 2, a + 3, a + 4 }, a * 2 }; return r; }
static u64 take(struct big b, u32 i) { b.v[i & 3] += 5; return b.v[1] + b.v[i & 3] + b.w; }
static struct two make2(u32 a, u32 b) { return (struct two){ b, a }; }
u64 by_value(u32 a, u32 b) { struct big x = make(a), y = x; y.v[0] = b; struct two t = make2(a, b);
	return take(x, b) + take(y, 0) + t.x + 2ull * t.y; }
static void fill(u32 *p, u32 n, u32 v) { for (u32 i = 0; i < n; i++) p[i] = v + i; }
u64 locals(u32 a, u32 b) { u32 buf[6]; fill(buf, 6, a); buf[b % 6] = b; u64 r = 0; for (u32 i = 0; i < 6; i++) r = 31 * r + buf[i]; return r; }
u64 consts(u32 a, u32 b) { return table[a % 5] + 10ull * ctab[b % 3].y; }
u64 pointers(u32 a, u32 b) { struct s *p = a & 1 ? &g[N(a)] : &g[N(b)]; p->e = 77; struct two *q = a & 2 ? &pair[N(b)] : &one.t;
	q->x = b; struct s *z = &g[N(b)]; return (p == z) + p->e + z->e * (p == z) + q->x; }
u64 loop(u32 a, u32 b) { u64 r = 0; for (u32 i = 0; i < (b & 15); i++) { if ((a >> i) & 1) continue; r += i ^ a; } return r; }
u64 cases(u32 a, u32 b) { switch (a & 7) { case 0: return 3; case 1: return b; case 2: return 99; case 5: return b * 3; default: return a; } }
'''
FUNCTIONS = ['field_writes', 'struct_copy', 'small_copy', 'rows', 'long_rows', 'by_value', 'locals', 'consts', 'pointers', 'loop',
             'cases']


class MemoryAndPaths(unittest.TestCase):
    def test_against_execution(self):
        rng = random.Random(2)
        with tempfile.TemporaryDirectory() as d:
            src, so = os.path.join(d, 'k.c'), os.path.join(d, 'k.so')
            with open(src, 'w', encoding='utf-8') as f:
                f.write(MEMORY)
            subprocess.run(['clang-19', '-O1', '-w', '-shared', '-fPIC', '-o', so, src], check=True)
            for name in FUNCTIONS:
                cases = [(rng.getrandbits(32) & rng.choice((15, 0xffffffff)), rng.getrandbits(32) & rng.choice((7, 0xffffffff)))
                         for _ in range(8)]
                checks = []
                for k, (a, b) in enumerate(cases):
                    lib = ctypes.CDLL(so)
                    fn = getattr(lib, name)
                    fn.restype, fn.argtypes = ctypes.c_uint64, [ctypes.c_uint32] * 2
                    want = fn(a, b)
                    checks.append(f'prover_check(1, {name}({a}u, {b}u) == {want}ull, "case {k}");')
                    if k == 0:
                        first = f'prover_check(1, {name}(a, b) == {want}ull, "symbolic");'
                with self.subTest(name):
                    r = mini.prove(MEMORY, '\n'.join(checks))
                    self.assertTrue(r['ok'], (name, r['error'], r['failures']))
                    a, b = cases[0]
                    body = f'ANY(u32, a); ANY(u32, b); ASSUME_INPUT(a == {a}u); ASSUME_INPUT(b == {b}u);\n{first}'
                    r = mini.prove(MEMORY, body)
                    self.assertTrue(r['ok'], (name, r['error'], r['failures']))
                    r = mini.prove(MEMORY, body.replace(f'{name}(a, b) ==', f'{name}(a, b) !='))
                    self.assertFalse(r['ok'], name)


if __name__ == '__main__':
    unittest.main()
