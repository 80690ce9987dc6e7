# SPDX-License-Identifier: MIT
"""Values and scalar operations.

A value `V` is a Z3 term and a condition under which it is poison (None: never). i1 is a Z3
Bool, every other integer a bit-vector. Poison is carried, not reported, until it is *used* (branch,
address, store, divisor, argument), because clang may compute in advance what it then discards.
"""
import z3

from . import Refused, quick

quick.install()


class V:
    __slots__ = ('t', 'p', 'origin')

    def __init__(self, t, p=None, origin=None):
        self.t, self.p, self.origin = t, p, origin


TRUE, FALSE = z3.BoolVal(True), z3.BoolVal(False)


def num(v, w):
    return z3.BoolVal(bool(v & 1)) if w == 1 else z3.BitVecVal(v, w)


def width(t):
    return 1 if z3.is_bool(t) else t.size()


def bv(t):
    """i1 as a bit-vector of width 1, others unchanged."""
    return z3.If(t, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1)) if z3.is_bool(t) else t


def unbv(t):
    return t == 1 if t.size() == 1 else t


def as_long(t):
    """The number a term is, or None."""
    if z3.is_bv_value(t):
        return t.as_long()
    if z3.is_true(t) or z3.is_false(t):
        return int(z3.is_true(t))
    return None


def signed(v, w):
    return v - (1 << w) if v >> (w - 1) else v


def conj(*cs):
    cs = [c for c in cs if c is not None and not z3.is_true(c)]
    return TRUE if not cs else cs[0] if len(cs) == 1 else z3.And(*cs)


def disj(*cs):
    """Disjunction of conditions that may be None (false); None if all are."""
    cs = [c for c in cs if c is not None and not z3.is_false(c)]
    return None if not cs else cs[0] if len(cs) == 1 else z3.Or(*cs)


def neg(c):
    return z3.Not(c)


def ite(c, a, b):
    """Merge of two scalar values; shares equal terms."""
    t = a.t if a.t.eq(b.t) else z3.If(c, a.t, b.t)
    p = None
    if a.p is not None or b.p is not None:
        p = z3.simplify(z3.If(c, FALSE if a.p is None else a.p, FALSE if b.p is None else b.p))
        p = None if z3.is_false(p) else p
    return V(t, p, a.origin if a.origin == b.origin else None)


def fold(t):
    return z3.simplify(t)


def resize(t, w, sign=False):
    """Sign or zero extension, or truncation, of a bit-vector."""
    n = t.size()
    if n == w:
        return t
    if n > w:
        return z3.Extract(w - 1, 0, t)
    return z3.SignExt(w - n, t) if sign else z3.ZeroExt(w - n, t)


def _wide(op, a, b, sign):
    """Does the operation leave the type? Computed at twice the width (plus one)."""
    n = a.size()
    w = 2 * n + 1
    exact = op(resize(a, w, sign), resize(b, w, sign))
    return exact != resize(op(a, b), w, sign)


ADD, SUB, MUL = (lambda a, b: a + b), (lambda a, b: a - b), (lambda a, b: a * b)
BIN = {
    'add': ADD, 'sub': SUB, 'mul': MUL, 'udiv': z3.UDiv, 'sdiv': lambda a, b: a / b, 'urem': z3.URem,
    'srem': z3.SRem, 'shl': lambda a, b: a << b, 'lshr': z3.LShR, 'ashr': lambda a, b: a >> b,
    'and': lambda a, b: a & b, 'or': lambda a, b: a | b, 'xor': lambda a, b: a ^ b}
CMP = {
    'eq': lambda a, b: a == b, 'ne': lambda a, b: a != b, 'ult': z3.ULT, 'ule': z3.ULE, 'ugt': z3.UGT,
    'uge': z3.UGE, 'slt': lambda a, b: a < b, 'sle': lambda a, b: a <= b, 'sgt': lambda a, b: a > b,
    'sge': lambda a, b: a >= b}


def flag_poison(op, flags, a, b, r):
    """Condition under which a flagged binary operation is poison."""
    out = []
    if op in ('add', 'sub', 'mul'):
        f = BIN[op]
        out += [_wide(f, a, b, False)] if 'nuw' in flags else []
        out += [_wide(f, a, b, True)] if 'nsw' in flags else []
    elif op == 'shl':
        out += [z3.LShR(r, b) != a] if 'nuw' in flags else []
        out += [(r >> b) != a] if 'nsw' in flags else []
    elif op in ('lshr', 'ashr') and 'exact' in flags:
        out.append((r << b) != a)
    elif op == 'udiv' and 'exact' in flags:
        out.append(z3.URem(a, b) != 0)
    elif op == 'sdiv' and 'exact' in flags:
        out.append(z3.SRem(a, b) != 0)
    elif op == 'or' and 'disjoint' in flags:
        out.append((a & b) != 0)
    if op in ('shl', 'lshr', 'ashr'):
        out.append(z3.UGE(b, a.size()))
    return disj(*[fold(c) for c in out])


def binary(op, flags, x, y):
    """Returns (value, undefined-behaviour condition or None)."""
    ub = None
    if z3.is_bool(x.t) and op in ('and', 'or', 'xor') and not flags:
        t = {'and': z3.And, 'or': z3.Or, 'xor': z3.Xor}[op](x.t, y.t)
        return V(fold(t), disj(x.p, y.p)), None
    a, b = bv(x.t), bv(y.t)
    r = BIN[op](a, b)
    if op in ('udiv', 'sdiv', 'urem', 'srem'):
        bad = [b == 0, y.p]
        if op in ('sdiv', 'srem'):
            n = a.size()
            bad.append(z3.And(a == z3.BitVecVal(1 << (n - 1), n), b == z3.BitVecVal(-1, n)))
        ub = disj(*[fold(c) for c in bad if c is not None])
    p = disj(x.p, y.p, flag_poison(op, flags, a, b, r))
    return V(fold(unbv(r)), p), ub


def compare(pred, flags, x, y):
    p = disj(x.p, y.p)
    if pred in ('eq', 'ne') and z3.is_bool(x.t):
        return V(fold(CMP[pred](x.t, y.t)), p)
    a, b = bv(x.t), bv(y.t)
    if 'samesign' in flags:
        n = a.size() - 1
        p = disj(p, fold(z3.Extract(n, n, a) != z3.Extract(n, n, b)))
    return V(fold(CMP[pred](a, b)), p)


def cast(op, flags, x, w):
    a, n = x.t, width(x.t)
    p = x.p
    if op == 'zext' and n == 1:
        return V(fold(z3.If(a, num(1, w), num(0, w))), p)
    if op == 'sext' and n == 1:
        return V(fold(z3.If(a, num(-1, w), num(0, w))), p)
    if op == 'zext':
        p = disj(p, fold(a < 0) if 'nneg' in flags else None)
        r = z3.ZeroExt(w - n, a)
    elif op == 'sext':
        r = z3.SignExt(w - n, a)
    else:
        r = z3.Extract(w - 1, 0, a)
        p = disj(p, fold(z3.ZeroExt(n - w, r) != a) if 'nuw' in flags else None,
                 fold(z3.SignExt(n - w, r) != a) if 'nsw' in flags else None)
    return V(fold(unbv(r)), p)


def _popcount(a):
    n = a.size()
    return sum((z3.ZeroExt(n - 1, z3.Extract(i, i, a)) for i in range(1, n)),
               z3.ZeroExt(n - 1, z3.Extract(0, 0, a)))


def _first_one(a, order):
    n, r = a.size(), z3.BitVecVal(a.size(), a.size())
    for pos, i in reversed(list(enumerate(order))):
        r = z3.If(z3.Extract(i, i, a) == 1, z3.BitVecVal(pos, n), r)
    return r


def _sat(op, a, b, sign):
    n = a.size()
    over, r = _wide(op, a, b, sign), op(a, b)
    if not sign:
        return z3.If(over, z3.BitVecVal(-1 if op is ADD else 0, n), r)
    return z3.If(over, z3.If(a < 0, z3.BitVecVal(1 << (n - 1), n), z3.BitVecVal((1 << (n - 1)) - 1, n)), r)


def _funnel(a, b, c, left):
    n = a.size()
    s = z3.URem(c, n)
    both, amount = z3.Concat(a, b), resize(s, 2 * n)
    if left:
        return z3.Extract(2 * n - 1, n, both << amount)
    return z3.Extract(n - 1, 0, z3.LShR(both, amount))


def _three_way(lt, a, b, w):
    return z3.If(a == b, num(0, w), z3.If(lt(a, b), num(-1, w), num(1, w)))


def intrinsic(name, args, ty):
    """Scalar intrinsics. `args` are values, `ty` the result type; None if the name is not known."""
    kind = name.split('.')[1]
    t = [bv(a.t) for a in args]
    p = disj(*[a.p for a in args])
    n = t[0].size() if t else 0

    def out(r, extra=None):
        return V(fold(unbv(r)), disj(p, extra))
    if kind in ('umin', 'umax', 'smin', 'smax'):
        less = CMP[{'umin': 'ule', 'umax': 'uge', 'smin': 'sle', 'smax': 'sge'}[kind]]
        return out(z3.If(less(t[0], t[1]), t[0], t[1]))
    if kind == 'abs':
        low = fold(t[0] == z3.BitVecVal(1 << (n - 1), n)) if as_long(args[1].t) else None
        return out(z3.If(t[0] < 0, -t[0], t[0]), low)
    if kind == 'ctpop':
        return out(_popcount(t[0]))
    if kind in ('cttz', 'ctlz'):
        order = range(n) if kind == 'cttz' else range(n - 1, -1, -1)
        return out(_first_one(t[0], order), fold(t[0] == 0) if as_long(args[1].t) else None)
    if kind == 'bswap':
        return out(z3.Concat(*[z3.Extract(i + 7, i, t[0]) for i in range(0, n, 8)]))
    if kind == 'bitreverse':
        return out(z3.Concat(*[z3.Extract(i, i, t[0]) for i in range(n)]))
    if kind in ('fshl', 'fshr'):
        return out(_funnel(t[0], t[1], t[2], kind == 'fshl'))
    if kind in ('uadd', 'usub', 'sadd', 'ssub', 'umul', 'smul'):
        op, sign = {'add': ADD, 'sub': SUB, 'mul': MUL}[kind[1:]], kind[0] == 's'
        if '.sat.' in name and op is not MUL:
            return out(_sat(op, t[0], t[1], sign))
        if '.with.overflow.' in name:
            return [out(op(t[0], t[1])), V(fold(_wide(op, t[0], t[1], sign)), p)]
    if kind in ('ucmp', 'scmp'):
        return out(_three_way(z3.ULT if kind[0] == 'u' else CMP['slt'], t[0], t[1], ty.width))
    if kind == 'expect':
        return args[0]
    if name.startswith('llvm.is.constant'):
        return V(FALSE)
    raise Refused(f'intrinsic {name}')
