# SPDX-License-Identifier: MIT
"""Memory model.

Global memory: each scalar field of each global object is an uninterpreted function of the array
indices on the way to it, plus a list of writes (newest first). Array sizes therefore cost nothing.
Local memory: objects made by alloca hold exact bytes ("cells") and may hold pointers.
"""
import itertools
from math import gcd

import z3

from . import Refused
from .ir import int_ty
from .pointer import NULL, PIte, Ptr, d_local, is_ptr, leaves, merge, resolve, shift
from .terms import V, FALSE, TRUE, as_long, conj, disj, fold, neg, num

LOCAL_INDEX = 64                      # the longest local array that a symbolic index may reach
CELLS = {}                            # name of a term of the initial state -> object, path
_fresh = itertools.count(1)


def fresh(w, name):
    n = f'{name}!{next(_fresh)}:{w}'
    return z3.Bool(n) if w == 1 else z3.BitVec(n, w)


def undef(w):
    return V(fresh(w, 'undef'), TRUE)


def fresh_function(name, depth, w):
    """What a field of all elements is when nothing is known of it."""
    return z3.Function(f'{name}!{next(_fresh)}:{w}', *([z3.BitVecSort(32)] * depth), z3.BitVecSort(w))


def initial(obj, path, w, n):
    """The term for a cell of global memory in the initial state."""
    name = obj.name + ''.join('[]' if e == '*' else f'.{e}' for e in path) + f':{w}'
    CELLS[name] = obj, path
    if n == 0:
        return z3.BitVec(name, w)
    return z3.Function(name, *([z3.BitVecSort(32)] * n), z3.BitVecSort(w))


def scalars(ty, path=()):
    """(type, path) of each field of a type that is no struct or array; '*' stands for an index."""
    if ty.kind == 'struct':
        for k, f in enumerate(ty.fields):
            yield from scalars(f, path + (k,))
    elif ty.kind == 'array':
        yield from scalars(ty.elem, path + ('*',))
    else:
        yield ty, path


class Memory:
    """State of all memory on one path. Copies are cheap: write lists are shared."""
    def __init__(self, other=None):
        self.glob, self.local = (dict(other.glob), dict(other.local)) if other else ({}, {})
        self.dirty, self.reads = (other.dirty, other.reads) if other else (False, None)
        self.only = None                 # an array, and the one element of it that may be read
        self.written, self.eq_memo, self.read_memo = \
            (other.written, other.eq_memo, other.read_memo) if other else (set(), {}, {})

    def copy(self):
        return Memory(self)

    # ---- global memory
    def equal(self, a, b):
        if a.eq(b):
            return TRUE
        k = (a.get_id(), b.get_id())
        if k not in self.eq_memo:
            self.eq_memo[k] = (fold(a == b), a, b)
        return self.eq_memo[k][0]

    def read_leaf(self, obj, path, idx, w):
        if obj.kind == 'index':
            return z3.BitVec(f'{obj.init[path]}!:{w}', w)
        key = (obj.name, path)
        if self.reads is not None:
            self.reads.add(key)
        if self.only and key == self.only[0] and not all(a.eq(b) for a, b in zip(idx, self.only[1])):
            raise Refused('prover_become: a predicate may read no other element of the array')
        chain = self.glob.get(key)
        memo = (key, id(chain), tuple(i.get_id() for i in idx))
        if memo in self.read_memo:
            return self.read_memo[memo][0]
        link, pending, base = chain, [], None
        while link is not None:
            widx, val, link = link
            c = fold(conj(*[self.equal(a, b) for a, b in zip(widx, idx) if a is not None]))
            if z3.is_false(c):
                continue
            v = val(idx) if callable(val) else val
            if z3.is_true(c):
                base = v
                break
            pending.append((c, v))
        if base is None:
            f = initial(obj, path, w, len(idx))
            base = f(*idx) if idx else f
        for c, v in reversed(pending):
            base = v if v.eq(base) else z3.If(c, v, base)
        self.read_memo[memo] = (base, chain, idx)
        return base

    def write_leaf(self, obj, path, idx, val, quiet=False):
        key = (obj.name, path)
        if not quiet:
            self.dirty = True
            self.written.add(key)
        self.glob[key] = (idx, val, self.glob.get(key))

    # ---- constants
    def read_const(self, obj, place, ty):
        def walk(init, t, idx, path):
            if not path:
                return init
            if init == ('zero',):
                return init
            if path[0] != '*':
                return walk(init[1][path[0]], t.fields[path[0]], idx, path[1:])
            n = as_long(idx[0])
            if n is not None:
                return walk(init[1][n], t.elem, idx[1:], path[1:]) if n < t.count else ('zero',)
            if t.count > 4 * LOCAL_INDEX:
                raise Refused(f'symbolic index into the long constant table {obj.name}')
            return ('ite', idx[0], [walk(x, t.elem, idx[1:], path[1:]) for x in init[1]])

        def value(i):
            if i[0] == 'ite':
                vs = [value(x) for x in i[2]]
                r = vs[-1]
                for n, v in reversed(list(enumerate(vs[:-1]))):
                    r = merge(self.equal(i[1], num(n, 32)), v, r)
                return r
            if ty.kind == 'ptr':
                if i[0] in ('null', 'zero'):
                    return NULL
                return obj.code(i)
            if i[0] not in ('int', 'zero'):
                raise Refused(f'initialiser of {obj.name}')
            return V(num(i[1] if i[0] == 'int' else 0, ty.width))
        if place.ty.size != ty.size or place.off or place.ty.kind != ty.kind:
            raise Refused(f'type-punned access to constant {obj.name}')
        return value(walk(obj.init, obj.ty, place.idx, place.path))

    # ---- local memory: cells offset -> (size, value)
    def cells(self, obj):
        if obj not in self.local:
            raise Refused(f'access to local {obj.name} after its function returned')
        return self.local[obj]

    @staticmethod
    def byte(cells, off):
        for o, (s, v) in cells.items():
            if o <= off < o + s:
                if is_ptr(v):
                    raise Refused('part of a pointer read as an integer')
                return V(z3.Extract((off - o) * 8 + 7, (off - o) * 8, v.t), v.p)
        return undef(8)

    def read_cells(self, cells, off, ty):
        if off in cells and cells[off][0] == ty.size and is_ptr(cells[off][1]) == (ty.kind == 'ptr'):
            return cells[off][1]
        if ty.kind == 'ptr':
            if all(as_long(self.byte(cells, off + k).t) == 0 for k in range(8)):
                return NULL
            raise Refused('a pointer read from bytes that hold none')
        bs = [self.byte(cells, off + k) for k in range(ty.size)]
        return V(fold(z3.Concat(*[b.t for b in reversed(bs)]) if len(bs) > 1 else bs[0].t),
                 disj(*[b.p for b in bs]))

    def write_cells(self, cells, off, size, v):
        new = {}
        for o, (s, old) in cells.items():
            if o + s <= off or o >= off + size:
                new[o] = (s, old)
            elif o < off or o + s > off + size:
                for k in [k for k in range(o, o + s) if not off <= k < off + size]:
                    new[k] = (1, self.byte({o: (s, old)}, k))
        new[off] = (size, v)
        return new

    @staticmethod
    def local_offsets(p, size):
        """All (condition, byte offset) that a pointer with symbolic indices may mean."""
        place = resolve(p, size)
        out, ty, base = [(None, 0)], p.obj.ty, iter(place.idx)
        for e in place.path:
            if e != '*':
                out = [(c, o + ty.offsets[e]) for c, o in out]
                ty = ty.fields[e]
                continue
            i, ty = next(base), ty
            n = as_long(i)
            choices = [n] if n is not None else range(ty.count)
            if len(choices) > LOCAL_INDEX:
                raise Refused(f'symbolic index into the long local array {p.obj.name}')
            out = [(c if n is not None else conj(c, i == k), o + k * ty.elem.size)
                   for c, o in out for k in choices]
            ty = ty.elem
        return [(c, o + place.off) for c, o in out], place

    # ---- access
    def check(self, p, size, align, need):
        """Obligations of any access; returns False when the pointer has no object."""
        if p.p is not None:
            need(neg(p.p), 'address is poison')
        if p.obj is None:
            need(FALSE, 'null pointer')
            return False
        known, terms = gcd(p.obj.align, p.off), [(s, t) for s, t in p.terms if s % align]
        if align > known:
            need(FALSE, f'access aligned to {align} at an address aligned to {known}')
        for s, t in terms:
            need(fold((t * s) & (align - 1)) == 0, f'access aligned to {align} at an address that depends on an index')
        return True

    def load(self, p, ty, need, align=1):
        if isinstance(p, PIte):
            return merge(p.c, self.load(p.a, ty, lambda c, w: need(z3.Implies(p.c, c), w), align),
                         self.load(p.b, ty, lambda c, w: need(z3.Or(p.c, c), w), align))
        if ty.kind not in ('int', 'ptr') or ty.kind == 'int' and ty.width != 8 * ty.size:
            raise Refused(f'load of type {ty}')
        if not self.check(p, ty.size, align, need):
            return NULL if ty.kind == 'ptr' else undef(ty.width)
        if p.obj.kind == 'local' and not p.terms:
            cells = self.cells(p.obj)
            if not 0 <= p.off <= p.obj.ty.size - ty.size:
                need(FALSE, 'out of bounds of a local')
                return undef(ty.width)
            return self.read_cells(cells, p.off, ty)
        if p.obj.kind == 'local':
            offs, place = self.local_offsets(p, ty.size)
            need(conj(*place.ok), 'array index out of bounds')
            vs = [(c, self.read_cells(self.cells(p.obj), o, ty)) for c, o in offs]
            r = vs[-1][1]
            for c, v in reversed(vs[:-1]):
                r = merge(c, v, r)
            return r
        place = resolve(p, ty.size)
        need(conj(*place.ok), 'array index out of bounds')
        if any(z3.is_false(c) for c in place.ok):
            return NULL if ty.kind == 'ptr' else undef(ty.width)
        if p.obj.kind == 'const':
            return self.read_const(p.obj, place, ty)
        if ty.kind == 'ptr' or place.ty.kind == 'ptr':
            raise Refused(f'a pointer stored in global {p.obj.name}')
        if place.ty.kind == 'int' and place.ty.size == ty.size:
            t = self.read_leaf(p.obj, place.path, place.idx, ty.width)
            return V(z3.If(conj(*place.wide), t, fresh(ty.width, 'beyond')) if place.wide else t)
        parts, at = [], 0
        for l in sorted(leaves(place, ty.size), key=lambda l: l.off):
            if l.off > at:
                parts.append(fresh(8 * (l.off - at), 'padding'))
            parts.append(self.read_leaf(p.obj, l.path, l.idx, l.ty.width))
            at = l.off + l.ty.size
        if at < ty.size:
            parts.append(fresh(8 * (ty.size - at), 'padding'))
        return V(fold(z3.Concat(*reversed(parts))) if len(parts) > 1 else parts[0])

    def store(self, p, ty, v, need, align=1, guard=None):
        """Stores v; under `guard` only, if given."""
        if isinstance(p, PIte):
            self.store(p.a, ty, v, lambda c, w: need(z3.Implies(p.c, c), w), align, conj(guard, p.c))
            self.store(p.b, ty, v, lambda c, w: need(z3.Or(p.c, c), w), align, conj(guard, neg(p.c)))
            return
        if ty.kind not in ('int', 'ptr') or ty.kind == 'int' and ty.width != 8 * ty.size:
            raise Refused(f'store of type {ty}')
        if not self.check(p, ty.size, align, need):
            return
        if p.obj.kind == 'local':
            self.store_local(p, ty, v, need, guard)
            return
        place = resolve(p, ty.size)
        need(conj(*place.ok), 'array index out of bounds')
        if any(z3.is_false(c) for c in place.ok):
            return
        if p.obj.kind in ('const', 'index'):
            need(FALSE, 'write to a constant')
            return
        if is_ptr(v) or place.ty.kind == 'ptr':
            raise Refused(f'a pointer stored in global {p.obj.name}')
        if v.p is not None:
            need(neg(v.p), 'poison or uninitialised value stored')
        for l in leaves(place, ty.size):
            t = v.t if l.ty.size == ty.size else fold(
                z3.Extract(8 * (l.off + l.ty.size) - 1, 8 * l.off, v.t))
            if guard is not None:
                t = z3.If(guard, t, self.read_leaf(p.obj, l.path, l.idx, l.ty.width))
            self.write_leaf(p.obj, l.path, l.idx, t)

    def store_local(self, p, ty, v, need, guard):
        offs, place = self.local_offsets(p, ty.size) if p.terms else ([(None, p.off)], None)
        if place is not None:
            need(conj(*place.ok), 'array index out of bounds')
        elif not 0 <= p.off <= p.obj.ty.size - ty.size:
            need(FALSE, 'out of bounds of a local')
            return
        cells = self.cells(p.obj)
        for c, o in offs:
            if c is None and guard is None:
                new = v
            else:
                here = o in cells and cells[o][0] == ty.size
                old = self.read_cells(cells, o, ty) if here or ty.kind == 'int' else NULL
                new = merge(conj(c, guard), v, old)
            cells = self.write_cells(cells, o, ty.size, new)
        self.local[p.obj] = cells

    # ---- blocks
    def chunks(self, p, n, need):
        q = p
        while isinstance(q, PIte):
            q = q.a
        if not self.check(q, n, 1, need):
            return None, []
        place = resolve(q, n)
        if any(z3.is_false(c) for c in place.ok):
            need(FALSE, 'block access out of bounds')
            return place, []
        return place, leaves(place, n)

    def memset(self, d, byte, n, need, guard=None):
        place, ls = self.chunks(d, n, need)
        for l in ls:
            w = 8 * l.ty.size
            v = V(fold(z3.Concat(*[byte.t] * l.ty.size) if l.ty.size > 1 else byte.t), byte.p)
            if l.wild:
                self.wild(d, place, l, v.t, need, guard)
            elif l.ty.kind == 'ptr' and as_long(v.t) == 0:
                self.store(shift(d, l.off), l.ty, NULL, need, 1, guard)
            else:
                self.store(shift(d, l.off), int_ty(w), v, need, 1, guard)

    def wild(self, d, place, l, val, need, guard):
        if isinstance(d, PIte) or guard is not None or d.obj.kind != 'global':
            raise Refused('block access to a long array through a pointer that is not plain')
        need(conj(*place.ok), 'array index out of bounds')
        self.write_leaf(d.obj, l.path, l.idx, val)

    def memcpy(self, d, s, n, need, guard=None, overlap=False):
        if n == 0:
            return
        dp, dl = self.chunks(d, n, need)
        sp, sl = self.chunks(s, n, need)
        if not overlap and isinstance(d, Ptr) and isinstance(s, Ptr) and d.obj is s.obj and d.obj is not None:
            same = dp.path == sp.path and dp.off == sp.off and dp.ty.size == n
            apart = d.terms == s.terms and abs(d.off - s.off) >= n
            if not (same or apart or dp.path != sp.path and not d.terms and not s.terms):
                need(FALSE, 'memcpy between overlapping parts of one object')
        if any(l.wild for l in dl + sl):
            if dp.ty != sp.ty or isinstance(s, PIte) or d.obj.kind != 'global' or s.obj.kind != 'global':
                raise Refused('block copy of a long array between different types')
            self.copy_wild(d, dp, dl, s, sp, sl, need, guard)
            return
        use = sl if dp is not None and d_local(d) and not d_local(s) else dl
        vals = [(l, self.load(shift(s, l.off), l.ty, need)) for l in use]
        for l, v in vals:
            self.store(shift(d, l.off), l.ty, v, need, 1, guard)

    def copy_wild(self, d, dp, dl, s, sp, sl, need, guard, quiet=False):
        need(conj(*sp.ok, *dp.ok), 'array index out of bounds')
        if guard is not None:
            raise Refused('block copy of a long array under a condition')
        old, k = self.copy(), len(dp.idx)
        for a, b in zip(dl, sl):
            def val(idx, b=b):
                rest = iter(idx[k:])
                full = b.idx[:len(sp.idx)] + [next(rest) for _ in b.idx[len(sp.idx):]]
                return old.read_leaf(s.obj, b.path, full, b.ty.width)
            self.write_leaf(d.obj, a.path, a.idx, val, quiet)

    def snapshot(self, d, s):
        """Makes global `d` a copy of global `s` of the same type, as it is now."""
        for p in (d, s):
            if not isinstance(p, Ptr) or p.off or p.terms or p.obj is None or p.obj.kind != 'global':
                raise Refused('prover_snapshot: two whole global objects are expected')
        if d.obj.ty != s.obj.ty:
            raise Refused(f'prover_snapshot: {d.obj.name} and {s.obj.name} differ in type')
        old = self.copy()
        old.reads = None

        for ty, path in scalars(d.obj.ty):
            self.glob[d.obj.name, path] = ([None] * path.count('*'), lambda idx, ty=ty, path=path:
                                           old.read_leaf(s.obj, path, idx, ty.width), None)

    def forget(self, p, size, guard=None):
        """Under `guard`, the field of `size` bytes that p points to, of element 0 of a global array, becomes arbitrary in all elements."""
        if not isinstance(p, Ptr) or p.terms or p.obj is None or p.obj.kind != 'global' or p.obj.ty.kind != 'array':
            raise Refused('prover_forget: a field of element 0 of a global array is expected')
        place = resolve(p, size)
        if place.off or place.ty.size != size or not place.path:
            raise Refused('prover_forget: a whole field is expected')
        old = self.copy()
        old.reads = None

        for ty, path in scalars(place.ty, place.path):
            depth = path.count('*')
            f = fresh_function(p.obj.name, depth, ty.width)
            self.write_leaf(p.obj, path, [None] * depth, lambda idx, ty=ty, path=path, f=f: f(*idx) if guard is None else
                            z3.If(guard, f(*idx), old.read_leaf(p.obj, path, idx, ty.width)))

    def fill(self, d, first, n, value, was=None):
        """Elements [first, first + n) of global array `d` become what `value` points to, or zero if it is null.
        `was`: only those whose first field has this value."""
        if not isinstance(d, Ptr) or d.off or d.terms or d.obj is None or d.obj.kind != 'global' or d.obj.ty.kind != 'array' \
                or not isinstance(value, Ptr):
            raise Refused('prover_fill: a whole global array and one element are expected')
        if value.obj is not None and value.obj.ty != d.obj.ty.elem:
            raise Refused(f'prover_fill: no element of {d.obj.name}')
        old = self.copy()
        old.reads = None

        def walk(ty, path, depth, off):
            if ty.kind == 'struct':
                for k, f in enumerate(ty.fields):
                    walk(f, path + (k,), depth, off + ty.offsets[k])
            elif ty.kind == 'array':
                if value.obj is not None:
                    raise Refused('prover_fill: elements that hold arrays can only become zero')
                walk(ty.elem, path + ('*',), depth + 1, off)
            else:
                v = num(0, ty.width) if value.obj is None else self.load(shift(value, off), ty, lambda *_: None).t

                self.fill_leaf(d.obj, path, depth, fold(first), fold(n), v, old, was)
        walk(d.obj.ty.elem, ('*',), 1, 0)

    def fill_leaf(self, obj, path, depth, first, n, v, old, was):
        """One field of a fill; one that goes on where the last ended, with the same value, becomes part of it."""
        chain = self.glob.get((obj.name, path))
        last = getattr(chain[1], 'fill', None) if chain else None
        if last and was is None and last[2].eq(v) and as_long(last[1]) is not None and as_long(n) is not None and \
                as_long(last[1]) + as_long(n) < 1 << 31 and fold(last[0] + last[1]).eq(first):
            first, n, old = last[0], fold(last[1] + n), last[3]
            self.glob[obj.name, path] = chain[2]

        def val(idx):
            here = z3.ULT(idx[0] - first, n)
            if was is not None:
                here = z3.And(here, old.read_leaf(obj, ('*', 0), idx[:1], was.size()) == was)
            return z3.If(here, v, old.read_leaf(obj, path, idx, v.size()))
        val.fill = None if was is not None else (first, n, v, old)
        self.write_leaf(obj, path, [None] * depth, val)

    def become(self, d, row, first, n, value, what):
        """Elements [first, first + n) of a row of a global array of arrays of integers become value(row, index), which
        reads no other element; `what` names it. One that goes on where the last ended becomes part of it."""
        if not isinstance(d, Ptr) or d.off or d.terms or d.obj is None or d.obj.kind != 'global' or \
                d.obj.ty.kind != 'array' or d.obj.ty.elem.kind != 'array' or d.obj.ty.elem.elem.kind != 'int':
            raise Refused('prover_become: a whole global array of arrays of integers is expected')
        path, w, old = ('*', '*'), d.obj.ty.elem.elem.width, self.copy()
        old.reads, first, n = None, fold(first), fold(n)
        chain = self.glob.get((d.obj.name, path))
        last = getattr(chain[1], 'become', None) if chain else None
        if last and last[0] == what and last[1].eq(row) and as_long(last[3]) is not None and as_long(n) is not None and \
                as_long(last[3]) + as_long(n) < 1 << 16 and fold(last[2] + last[3]).eq(first):
            first, n, old = last[2], fold(last[3] + n), last[4]
            self.glob[d.obj.name, path] = chain[2]

        def val(idx):
            here = conj(self.equal(idx[0], row), z3.ULT(idx[1] - first, n))
            mem = old.copy()
            mem.only = (d.obj.name, path), idx
            return z3.If(here, value(mem, idx), old.read_leaf(d.obj, path, idx, w))
        val.become = what, row, first, n, old
        self.write_leaf(d.obj, path, [None, None], val)

    def mix(self, d, other, who, shift_by):
        """Elements of global array `d` that are not ours become those of `other`. Element i is ours if who[i >> shift] is
        not 0, as it is now."""
        for p in (d, other, who):
            if not isinstance(p, Ptr) or p.off or p.terms or p.obj is None or p.obj.kind != 'global' or p.obj.ty.kind != 'array':
                raise Refused('prover_mix: whole global arrays are expected')
        if d.obj.ty != other.obj.ty or who.obj.ty.elem.kind != 'int':
            raise Refused(f'prover_mix: {d.obj.name} and {other.obj.name} differ in type, or nothing says whose they are')
        old, bits = self.copy(), who.obj.ty.elem.width
        old.reads = None

        def walk(ty, path, depth):
            if ty.kind == 'struct':
                for k, f in enumerate(ty.fields):
                    walk(f, path + (k,), depth)
            elif ty.kind == 'array':
                walk(ty.elem, path + ('*',), depth + 1)
            else:
                def val(idx):
                    ours = old.read_leaf(who.obj, ('*',), [fold(z3.LShR(idx[0], shift_by))], bits) != 0
                    return z3.If(ours, old.read_leaf(d.obj, path, idx, ty.width), old.read_leaf(other.obj, path, idx, ty.width))
                self.glob[d.obj.name, path] = ([None] * depth, val, None)
        walk(d.obj.ty.elem, ('*',), 1)
