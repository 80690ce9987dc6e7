# SPDX-License-Identifier: MIT
"""Loops by induction: what is true at the beginning of each round, instead of round after round.

For a function f with a loop, a unit may define two functions, whose parameters have the names of variables of f, or
var_member for a member of one that is a struct (for its second loop, as they stand in the code, f_2, and so on):
prover_begin_f checks what is true when a round begins: when the first does, and, with new values, when the next does.
prover_round_f says what rounds change (FORGET) and assumes the same of values that are not known; one round is then
executed from there, or what follows the loop. What it assumes must be one PRED that prover_begin_f checks. What a round
writes must be forgotten, and its first parameter must grow with each round, so that the loop ends. Of variables in memory that a
round may write, nothing is known where one begins: it has to write them before it reads them.
"""
import functools
import re

import z3

from . import Refused
from .execute import successors
from .memory import fresh
from .pointer import is_ptr
from .terms import TRUE, V, fold, num


REGISTER = re.compile(r'%[\w.]+')


@functools.cache
def loops(fn):
    """The function's loops, as they stand in it: for each block where rounds begin, all blocks of rounds."""
    ends, before, state = {}, {b: [] for b in fn.blocks}, {}

    def visit(b):
        state[b] = 1
        for s in successors(fn.blocks[b][-1]):
            before[s].append(b)
            if state.get(s) == 1:
                ends.setdefault(s, []).append(b)
            elif s not in state:
                visit(s)
        state[b] = 2
    visit(fn.entry)
    out = {}
    for head in (b for b in fn.blocks if b in ends):
        out[head], todo = {head}, ends[head]
        while todo:
            b = todo.pop()
            todo += [] if b in out[head] else before[b]
            out[head].add(b)
    return out


def size_of(t):
    return 1 if z3.is_bool(t) else t.size()


def resize(t, width):
    """The low bits of a term, or with zeros above them."""
    size = size_of(t)
    if size == width:
        return t
    if width == 1:
        return z3.Extract(0, 0, t) == 1
    if size == 1:
        return z3.If(t, num(1, width), num(0, width))
    return z3.Extract(width - 1, 0, t) if size > width else z3.ZeroExt(width - size, t)


class Cut:
    """A round under way: the counter, the memory at its beginning, what may change, and variables that may not."""
    __slots__ = ('counter', 'glob', 'local', 'forgotten', 'outer')

    def __init__(self, counter, mem, forgotten, outer, scratch):
        self.counter, self.glob, self.forgotten, self.outer = counter, dict(mem.glob), forgotten, outer
        self.local = {o: c for o, c in mem.local.items() if o not in scratch}


class Loops:
    """The part of a harness that deals with loops that have such functions."""
    def has_induction(self, f):
        return f.block in loops(f.fn) and f'prover_round_{self.loop(f)}' in self.mod.funcs

    @staticmethod
    def loop(f):
        """The name of a loop: that of its function, from the second on with its number."""
        n = list(loops(f.fn)).index(f.block) + 1
        return f.fn.name if n == 1 else f'{f.fn.name}_{n}'

    def name_of(self, fn, register):
        """Of its first value, a register has the name; what has none is named like that with which a round ends, and what the
        compiler made is `nameless`."""
        found = next(((node, bit) for r, node, _, bit, _ in fn.variables if r == register), None)
        if found:
            return self.debug.variable(*found)
        phi = next((i for b in loops(fn) for i in fn.blocks[b] if i.op == 'phi' and i.dst == register), None) if register not in fn.params else None
        later = {x[1] for x, _ in phi.args if x[0] == 'reg'} if phi else ()
        return next((self.debug.variable(node, bit) for r, node, _, bit, _ in fn.variables if r in later), 'nameless')

    def outside(self, f):
        """Values of variables, and of members of them, that are there before the first round."""
        out = {}
        for r, node, shift, bit, size in f.fn.variables:
            v = f.env.get(r)
            if isinstance(v, V):
                whole = bit is None or shift + size > size_of(v.t)
                out[self.debug.variable(node, bit)] = v if whole else V(fold(z3.Extract(shift + size - 1, shift, v.t)), v.p)
        return out

    def part(self, st, f, kind, outer, values, ins):
        """Calls prover_begin_f or prover_round_f with these values of registers."""
        fn = self.mod.funcs[f'prover_{kind}_{self.loop(f)}']
        named = {**outer, **{self.name_of(f.fn, r): v for r, v in values.items()}}
        args = []
        for name, width in self.widths(fn).items():
            if name not in named:
                raise Refused(f'{fn.name}: {f.fn.name} has no variable {name} where its rounds begin')
            v = named[name]
            if size_of(v.t) > width:                 # kept in a wider register
                narrow = resize(v.t, width)
                self.need(st, v.t == resize(narrow, size_of(v.t)), f'{name} is wider than its type', ins)
                v = V(fold(narrow), v.p)
            args.append(V(resize(v.t, width), v.p))     # what is kept in a narrower one has zeros above
        self.current, self.effects = st, True
        self.merged(fn, ins, args, st.mem, lambda *_: None, False, TRUE)
        self.current, self.effects = None, False
        self.flush(st)
        return args[0]

    def widths(self, fn):
        return {self.name_of(fn, p): ty.width for p, ty in zip(fn.params, fn.ptys)}

    def round(self, st, f, values, ins):
        """At the beginning of a round. True: it goes on, with the values that f.env has now; False: that was the induction."""
        blocks = loops(f.fn)[f.block]
        cut = f.cuts.get(f.block) if f.prev in blocks else None
        outer = self.outside(f) if cut is None else cut.outer
        counter = self.part(st, f, 'begin', outer, values, ins)
        if cut is not None:
            self.need(st, z3.ULT(cut.counter.t, counter.t), f'a loop of {f.fn.name} has no end', ins)
            self.unchanged(st, f, cut)
            self.flush(st)
            return False
        before = dict(st.mem.glob)
        if any(map(is_ptr, values.values())):
            raise Refused(f'{f.fn.name}: a pointer changes from round to round')
        widths = self.widths(self.mod.funcs[f'prover_round_{self.loop(f)}'])
        for r, v in values.items():
            name, size = self.name_of(f.fn, r), size_of(v.t)
            t = fresh(min(size, widths.get(name, size)), name or 'round')
            f.env[r] = V(resize(t, size))
        self.rounds = self.checked_in(f'prover_begin_{self.loop(f)}')
        counter = self.part(st, f, 'round', outer, {r: f.env[r] for r in values}, ins)
        self.rounds = None
        forgotten = {k for k, c in st.mem.glob.items() if c is not before.get(k) and all(i is None for i in c[0])}
        used = {x for b in blocks for i in f.fn.blocks[b] if i.op in ('store', 'call') for x in REGISTER.findall(i.text)}
        scratch = {o for o in f.locals if any(r in used and getattr(v, 'obj', None) is o for r, v in f.env.items())}
        st.mem.local.update((o, {}) for o in scratch)
        f.cuts = {**f.cuts, f.block: Cut(counter, st.mem, forgotten, outer, scratch)}
        st.model = None
        return True

    def unchanged(self, st, f, cut):
        wrong = [self.key_name(k) for k, c in st.mem.glob.items() if c is not cut.glob.get(k) and k not in cut.forgotten]
        if wrong or any(st.mem.local.get(o) is not c for o, c in cut.local.items()):
            raise Refused(f'{f.fn.name}: a round writes {", ".join(wrong) or "local memory"}, which prover_round does not forget')
