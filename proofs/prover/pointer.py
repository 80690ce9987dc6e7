# SPDX-License-Identifier: MIT
"""Pointers: an object, a constant byte offset and a sum of stride * index terms.

Every access is resolved against the *declared* layout of the object, so that a wrong type or a
wrong index cannot go unseen.
"""
import z3

from . import Refused
from .terms import FALSE, TRUE, as_long, conj, disj, fold, ite, neg, resize, signed

EXPAND = 64                           # the longest array that is treated element by element


class Obj:
    """kind: global (arbitrary at start), const (its initialiser), local (an alloca), index (a constant that is defined nowhere:
    arbitrary, and its fields are what INDEX names)."""
    __slots__ = ('name', 'ty', 'align', 'kind', 'init', 'code')

    def __init__(self, name, ty, align, kind, init=None, code=False):
        self.name, self.ty, self.align, self.kind, self.init, self.code = name, ty, align, kind, init, code


class Ptr:
    __slots__ = ('obj', 'off', 'terms', 'p')

    def __init__(self, obj, off=0, terms=(), p=None):
        self.obj, self.off, self.terms, self.p = obj, off, terms, p


class PIte:
    """A pointer that is `a` where `c` holds, else `b`."""
    __slots__ = ('c', 'a', 'b')

    def __init__(self, c, a, b):
        self.c, self.a, self.b = c, a, b


NULL = Ptr(None)


def is_ptr(v):
    return isinstance(v, (Ptr, PIte))


def merge(c, a, b):
    """If-then-else of two values of any kind."""
    if isinstance(a, list):
        return [merge(c, x, y) for x, y in zip(a, b)]
    if not is_ptr(a):
        return ite(c, a, b)
    if isinstance(a, Ptr) and isinstance(b, Ptr) and a.obj is b.obj and a.off == b.off and \
            [s for s, _ in a.terms] == [s for s, _ in b.terms] and a.p is None and b.p is None:
        return Ptr(a.obj, a.off, tuple((s, x if x.eq(y) else fold(z3.If(c, x, y)))
                                       for (s, x), (_, y) in zip(a.terms, b.terms)))
    return PIte(c, a, b)


def over(p, f):
    """f on every plain pointer of p, results rebuilt as a pointer."""
    return PIte(p.c, over(p.a, f), over(p.b, f)) if isinstance(p, PIte) else f(p)


def shift(p, n):
    return over(p, lambda q: Ptr(q.obj, q.off + n, q.terms, q.p))


def poison_of(v):
    if isinstance(v, list):
        return disj(*[poison_of(x) for x in v])
    if isinstance(v, PIte):
        a, b = poison_of(v.a), poison_of(v.b)
        return None if a is None and b is None else z3.If(v.c, a if a is not None else FALSE,
                                                          b if b is not None else FALSE)
    return v.p


def gep(p, src, idx, flags):
    """getelementptr: `idx` are values; the first steps over whole `src`."""
    def one(q):
        off, terms, bad = q.off, list(q.terms), q.p
        ty, first, moved = src, True, False
        for v in idx:
            bad = disj(bad, v.p)
            if not first and ty.kind == 'struct':
                n = as_long(v.t)
                off, ty = off + ty.offsets[n], ty.fields[n]
                continue
            if not first:
                ty = ty.elem
            t = fold(resize(v.t, 64, sign=True))
            stride, n = ty.size, as_long(t)
            if n is not None:
                off += stride * signed(n, 64)
            else:
                stride, t = unscale(stride, t)
                moved = moved or any(s == stride for s, _ in terms)
                terms.append((stride, t))
            first = False
        if moved and 'inbounds' in flags and q.obj is not None and q.terms:
            place = resolve(q, 1, closed=True)
            bad = disj(bad, neg(conj(*place.ok)))
        return Ptr(q.obj, off, tuple(terms), bad)
    return over(p, one)


def unscale(stride, t):
    """index * constant or index << constant becomes a larger stride."""
    while z3.is_app(t) and t.num_args() == 2:
        k, a, b = t.decl().kind(), t.arg(0), t.arg(1)
        if k == z3.Z3_OP_BMUL and as_long(a) is not None:
            stride, t = stride * as_long(a), b
        elif k == z3.Z3_OP_BSHL and as_long(b) is not None and as_long(b) < 63:
            stride, t = stride << as_long(b), a
        elif k == z3.Z3_OP_CONCAT and as_long(b) == 0:     # simplified form of a shift
            stride, t = stride << b.size(), z3.ZeroExt(b.size(), a)
        else:
            break
    return stride, t


class Place:
    """Where a pointer leads: path of fields ('*' = array step), indices (32 bits), what must hold,
    type, offset in it. `wide`: conditions under which 32 bits hold the indices, where that is not plain."""
    __slots__ = ('path', 'idx', 'ok', 'ty', 'off', 'wide')

    def __init__(self, path, idx, ok, ty, off, wide):
        self.path, self.idx, self.ok, self.ty, self.off, self.wide = path, idx, ok, ty, off, wide


def slim(i):
    """Low half of a 64-bit index, and the condition under which it is all of it (None: always)."""
    low = fold(z3.Extract(31, 0, i))
    return low, None if fold(z3.ZeroExt(32, low)).eq(i) else z3.ULT(i, z3.BitVecVal(1 << 32, 64))


def resolve(p, size, closed=False):
    """Walks the declared type of the object down to the smallest part that holds `size` bytes at p.
    `closed` allows one past the end (for pointers that are not dereferenced)."""
    ty, off, terms, path, idx, ok, wide = p.obj.ty, p.off, list(p.terms), [], [], [], []
    while True:
        if ty.kind == 'array':
            es = ty.elem.size
            mine = [(s, t) for s, t in terms if s % es == 0]
            if not mine and (off == 0 and ty.size == size or 0 <= off < ty.size and off % es + size > es):
                break
            terms = [(s, t) for s, t in terms if s % es]
            q, off = divmod(off, es)
            i = z3.BitVecVal(q, 64)
            for s, t in mine:
                i = i + (t if s == es else t * z3.BitVecVal(s // es, 64))
            i = fold(i)
            ok.append(fold((z3.ULE if closed else z3.ULT)(i, z3.BitVecVal(ty.count, 64))))
            path.append('*')
            low, fits = slim(i)
            idx.append(low)
            wide += [] if fits is None else [fits]
            ty = ty.elem
        elif ty.kind == 'struct':
            if off == 0 and ty.size == size and not terms:
                break
            f = next((k for k, o in enumerate(ty.offsets) if o <= off < o + ty.fields[k].size), None)
            if f is None or (off + size > ty.offsets[f] + ty.fields[f].size and not terms):
                break
            path.append(f)
            off -= ty.offsets[f]
            ty = ty.fields[f]
        else:
            break
    if terms:
        raise Refused(f'index of stride {terms[0][0]} does not fit the layout of {p.obj.name} ({ty})')
    if off < 0 or off + size > ty.size:
        ok.append(FALSE)
    return Place(tuple(path), idx, ok, ty, off, wide)


class Leaf:
    __slots__ = ('path', 'idx', 'off', 'ty', 'wild')

    def __init__(self, path, idx, off, ty, wild):
        self.path, self.idx, self.off, self.ty, self.wild = path, idx, off, ty, wild


def leaves(place, size):
    """Scalar leaves of `size` bytes at a place; long arrays as one leaf with a wildcard index."""
    out = []

    def walk(ty, path, idx, at, wild):
        if ty.kind in ('int', 'ptr'):
            lo, hi = at - place.off, at - place.off + ty.size
            if wild or (lo >= 0 and hi <= size):
                out.append(Leaf(path, idx, lo, ty, wild))
            elif lo < size and hi > 0:
                raise Refused(f'access of {size} bytes splits a scalar {ty}: type-punned access')
        elif ty.kind == 'struct':
            for k, f in enumerate(ty.fields):
                walk(f, path + (k,), idx, at + ty.offsets[k], wild)
        elif ty.count <= EXPAND or not (place.off <= at and at + ty.size <= place.off + size):
            lo = max(0, (place.off - at) // ty.elem.size)
            hi = min(ty.count, -((at - place.off - size) // ty.elem.size))
            for k in range(lo, hi) if not wild else range(ty.count):
                walk(ty.elem, path + ('*',), idx + [z3.BitVecVal(k, 32)], at + k * ty.elem.size, wild)
        else:
            walk(ty.elem, path + ('*',), idx + [None], at, True)
    walk(place.ty, place.path, list(place.idx), 0, False)
    return out


def d_local(p):
    while isinstance(p, PIte):
        p = p.a
    return p.obj is not None and p.obj.kind == 'local'


def pointer_eq(a, b):
    """Equality of two pointers as a condition."""
    if isinstance(a, PIte):
        return z3.If(a.c, pointer_eq(a.a, b), pointer_eq(a.b, b))
    if isinstance(b, PIte):
        return pointer_eq(b, a)
    if a.obj is None or b.obj is None:
        if any(q.off or q.terms for q in (a, b) if q.obj is None):
            raise Refused('comparison with an address computed from null')
        return TRUE if a.obj is b.obj else FALSE
    if a.obj is not b.obj:
        raise Refused(f'comparison of pointers into {a.obj.name} and {b.obj.name}')

    def address(q):
        r = z3.BitVecVal(q.off, 64)
        for s, t in q.terms:
            r = r + t * z3.BitVecVal(s, 64)
        return r
    return fold(address(a) == address(b))
