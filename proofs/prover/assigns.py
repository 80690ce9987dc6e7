# SPDX-License-Identifier: MIT
"""What a call may change, place by place: ASSIGNS of prover.h.

A harness names places, each under a condition. At the end of each of its paths, every cell of the kernel's state that is not
as it was when it was remembered is one of these, at an arbitrary index. What was not written on the path needs no question.
In a contract the same words say what becomes arbitrary.
"""
import re

import z3

from . import Refused
from .memory import fresh, fresh_function, scalars
from .pointer import PIte, resolve
from .terms import TRUE, as_long, conj, disj, fold, neg

EVERY = '{}: nothing else changes'
INDEX = re.compile(r'\w+!:32$')
COLUMNS = {'prover_assigns': 'spec', 'prover_touches': 'footprint', 'prover_differs': 'ni'}


def is_index(t):
    return z3.is_const(t) and INDEX.match(t.decl().name()) is not None


def indices(terms):
    """Numbers of all INDEX in some terms."""
    todo, seen, out = list(terms), set(), set()
    while todo:
        t = todo.pop()
        if t.get_id() not in seen:
            seen.add(t.get_id())
            todo.extend(t.children())
            out |= {t.get_id()} if is_index(t) else set()
    return out


class Place:
    """Under `guard`, what begins with `path` in a global object, at these indices; `n`: of so many from the last index on.
    Without an object, everything. `at`: the call that says so."""
    __slots__ = ('column', 'guard', 'name', 'path', 'idx', 'n', 'at')

    def __init__(self, column, guard, name, path, idx, n, at):
        self.column, self.guard, self.name, self.path, self.idx, self.n, self.at = column, guard, name, path, idx, n, at

    def covers(self, key):
        return self.name is None or self.name == key[0] and self.path == key[1][:len(self.path)]

    def holds(self, idx):
        """The condition under which these indices are among its own. Where its own is INDEX, it is a set, of all that satisfy
        the condition."""
        if self.name is None:
            return self.guard
        same = [a == b for a, b in zip(self.idx, idx)]
        if self.n is not None:
            same[-1] = z3.ULT(idx[len(self.idx) - 1] - self.idx[-1], self.n)
        return fold(z3.substitute(conj(self.guard, *same), *[(a, b) for a, b in zip(self.idx, idx) if is_index(a)]))

    def is_set(self):
        """Does it speak of INDEX? Then only as the index of a place, so that it is clear which of them is meant."""
        of = [i for i in self.idx if is_index(i)]
        rest = [self.guard, *[i for i in self.idx if not is_index(i)], *([] if self.n is None else [self.n, self.idx[-1]])]
        if not indices(rest) <= {i.get_id() for i in of} or self.n is not None and is_index(self.idx[-1]):
            raise Refused('in a contract, a condition speaks of INDEX, and its place is not at INDEX')
        return bool(of)

    def among(self, idx):
        """The indices, where the place leaves them open those of `idx`."""
        fixed = self.idx if self.n is None else self.idx[:-1]
        return [*fixed, *idx[len(fixed):]]


class Stays:
    """Cells of one object that are as they were or may change: asked together."""
    __slots__ = ('column', 'parts')

    def __init__(self, column):
        self.column, self.parts = column, []

    def goal(self):
        return conj(*[g for _, g in self.parts])

    def tell(self, model):
        """What is wrong: those that the model shows, if there is one."""
        wrong = [n for n, g in self.parts if model is None or not z3.is_true(model.eval(g, model_completion=True))]
        return f'{self.column}: {", ".join(wrong)} changes where nothing says so'


class Before:
    """Memory when it was remembered, and at which indices each array is compared, and with which copy."""
    __slots__ = ('mem', 'at')

    def __init__(self, mem, at):
        self.mem, self.at = mem, at


class Assigns:
    """The part of a harness that deals with what calls may change."""
    def kernel_global(self, name):
        """Is a global object state of the kernel, rather than of the unit or of a header below proofs/?"""
        if self.files is None:
            self.files = {}
            for node, text in self.mod.meta.items():
                if 'DIGlobalVariable(' in text and (m := re.search(r'name: "([^"]*)"', text)):
                    self.files[m[1]] = self.debug.file(node)
        return not self.is_ours(self.files.get(re.sub(r'\.\d+$', '', name)))

    def remember(self, st, a):
        """SNAPSHOT, and from here on the state is compared with what it is now."""
        st.mem.snapshot(a[0], a[1])
        at = [v.t for v in a[2:4]]
        if any(not z3.is_const(t) or '!' not in t.decl().name() for t in at):
            raise Refused('prover_remember: arbitrary indices are expected')
        if st.before is None:
            st.before = Before(st.mem.copy(), {})
        name = a[1].obj.name
        if name in st.before.at or any(k[0] == name for k in st.mem.glob):
            raise Refused(f'prover_remember: {name} after it was written or remembered')
        st.before = Before(st.before.mem, {**st.before.at, name: (*at, a[0].obj)})

    def places_of(self, p, guard, size, n, ins):
        if isinstance(p, PIte):
            return [*self.places_of(p.a, conj(guard, p.c), size, n, ins), *self.places_of(p.b, conj(guard, neg(p.c)), size, n, ins)]
        column, guard = COLUMNS[ins.args[0]], conj(guard, None if p.p is None else neg(p.p))
        if p.obj is None and (column != 'spec' or z3.is_false(guard)):
            return [Place(column, guard, None, (), [], None, ins)]
        if p.obj is None or p.obj.kind != 'global':
            raise Refused(f'ASSIGNS at {self.debug.where(ins.dbg)}: a place in global memory is expected')
        place = resolve(p, size)
        if place.off or place.ty.size != size or n is not None and not place.idx:
            raise Refused(f'ASSIGNS at {self.debug.where(ins.dbg)}: a whole field or element is expected')
        return [Place(column, guard, p.obj.name, place.path, place.idx, n, ins)]

    def assigns(self, st, ins, a, contract, when=None):
        """ASSIGNS: (guard, place, its size, how many, or 0 for this one)."""
        n = fold(a[3].t)
        new = self.places_of(a[1], fold(conj(when, self.condition(a[0]))), as_long(a[2].t), None if as_long(n) == 0 else n, ins)
        if contract:
            st.changes = st.changes + tuple(new)
            return
        if st.before is None:
            raise Refused(f'ASSIGNS at {self.debug.where(ins.dbg)}: before the state was remembered')
        if ins in self.unused:
            self.unused[ins] = f'{self.key_name((new[0].name, new[0].path))} ({self.debug.where(ins.dbg)})' if new[0].name else None
        st.places = st.places + tuple(new)

    # ---- contracts
    def change(self, st):
        """The places that a contract has named become arbitrary."""
        for p in st.changes:
            if p.name is None:
                raise Refused('a contract may not change everything')
            obj = self.obj(p.name)
            for ty, path in scalars(self.type_at(obj.ty, p.path), p.path):
                self.become_any(st.mem, obj, path, ty.width, p)
        st.changes = ()

    @staticmethod
    def type_at(ty, path):
        for e in path:
            ty = ty.elem if e == '*' else ty.fields[e]
        return ty

    @staticmethod
    def become_any(mem, obj, path, width, p):
        depth, guard = path.count('*'), p.guard
        if not p.is_set() and depth == len(p.idx) and p.n is None:
            old = mem.read_leaf(obj, path, p.idx, width)
            mem.write_leaf(obj, path, p.idx, fold(z3.If(guard, fresh(width, obj.name), old)))
            return
        old, f = mem.copy(), fresh_function(obj.name, depth, width)
        old.reads = None
        mem.write_leaf(obj, path, [None] * depth, lambda idx: z3.If(p.holds(idx), f(*idx), old.read_leaf(obj, path, idx, width)))

    def says(self, ins):
        """The harness can meet this ASSIGNS: so what it names is all that changes."""
        column = COLUMNS[ins.args[0]]
        self.columns_of_places.add(column)
        self.res['checks'].setdefault(EVERY.format(column), {'n': 0, 'failed': 0, 'open': 0, 'reached': False})
        if column == 'spec':
            self.unused[ins] = f'({self.debug.where(ins.dbg)}, never reached)'

    # ---- the end of a path
    def changed(self, st):
        """Cells of the kernel that were written since they were remembered, with the indices at which they are looked at."""
        for key, chain in st.mem.glob.items():
            name, path = key
            if chain is st.before.mem.glob.get(key) or name not in st.before.at and not self.kernel_global(name):
                continue
            named, ty, idx, bounds = st.before.at.get(name, ())[:2], self.obj(name).ty, [], []
            for e in path:
                if e == '*':
                    idx.append(named[len(idx)] if len(idx) < len(named) else z3.BitVec(f'{name}.{len(idx)}!:32', 32))
                    bounds += [] if ty.count >> 32 else [z3.ULT(idx[-1], ty.count)]     # all indices of 32 bits are in a larger one
                ty = ty.elem if e == '*' else ty.fields[e]
            yield key, idx, bounds, ty.width

    def differs(self, st, key, idx, width):
        """Is a cell other than in the copy? That of what nobody copied is the memory of that time."""
        obj, copy = self.obj(key[0]), st.before.at.get(key[0])
        before = st.before.mem.read_leaf(obj, key[1], idx, width) if copy is None else st.mem.read_leaf(copy[2], key[1], idx, width)
        return neg(fold(st.mem.read_leaf(obj, key[1], idx, width) == before))

    def settle(self, st):
        """Two runs are compared here, not at the end: with what was copied last."""
        self.check_places(st, {'ni'})
        self.flush(st)
        st.places = tuple(p for p in st.places if p.column != 'ni')
        count = self.res['checks'][EVERY.format('ni')]
        count['reached'] = count['reached'] or self.possible(st, TRUE) == 'sat'

    def check_places(self, st, columns):
        """Obligations: what is not named is unchanged."""
        for column in sorted(self.columns_of_places & columns):
            if st.before is None:
                raise Refused('a path on which the state is not remembered')
            parts, count = {}, self.book(EVERY.format(column))
            for key, idx, bounds, width in self.changed(st):
                allowed = [p.holds(idx) for p in st.places if p.column == column and p.covers(key)]
                if any(map(z3.is_true, allowed)):
                    continue
                goal = fold(z3.Or(neg(conj(*bounds)), neg(self.differs(st, key, idx, width)), *allowed))
                if not z3.is_true(goal):
                    parts.setdefault(key[0], Stays(column)).parts.append((self.key_name(key), goal))
            st.pending += [(p, p.tell, count) for p in parts.values()]

    def use_places(self, st, possible):
        """Which places that were named can indeed change on this path, if it is possible?"""
        if st.changes or any(p.column == 'ni' for p in st.places):
            raise Refused('a contract names places and does not say CHANGE, or a harness DIFFERS and not NOTHING_ELSE_DIFFERS')
        for column in self.columns_of_places - {'ni'} if possible else ():
            self.res['checks'][EVERY.format(column)]['reached'] = True
        todo = {}
        for p in st.places if possible else ():
            if not self.unused.get(p.at) or z3.is_false(p.guard):
                continue
            for key, idx, bounds, width in self.changed(st):
                if p.covers(key):
                    at = p.among(idx)
                    todo.setdefault(p.at, []).append(conj(p.holds(at), *[z3.substitute(b, *zip(idx, at)) for b in bounds],
                                                          self.differs(st, key, at, width)))
        todo = {at: fold(disj(*conds)) for at, conds in todo.items()}
        todo = {at: c for at, c in todo.items() if not z3.is_false(c)}
        together = len(todo) > 1 and self.possible(st, conj(*todo.values())) == 'sat'
        for at, c in todo.items():
            if together or self.possible(st, c) == 'sat':
                del self.unused[at]
