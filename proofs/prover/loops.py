# SPDX-License-Identifier: MIT
"""Loops by induction: what is true at the beginning of each round, instead of round after round.

For a function f with one loop, a unit may define two functions, whose parameters have the names of variables of f:
prover_begin_f checks what is true when a round begins: when the first does, and, with new values, when the next does.
prover_round_f says what rounds change (FORGET) and assumes the same of values that are not known; one round is then
executed from there, or what follows the loop. What it assumes must be one PRED that prover_begin_f checks. What a round
writes must be forgotten, and its first parameter must grow with each round, so that the loop ends.
"""
import z3

from . import Refused
from .execute import successors
from .memory import fresh
from .pointer import is_ptr
from .terms import TRUE, V, fold


def header(fn):
    """The block where the rounds of the function's only loop begin."""
    found, state = set(), {}

    def visit(b):
        state[b] = 1
        for s in successors(fn.blocks[b][-1]):
            if state.get(s) == 1:
                found.add(s)
            elif s not in state:
                visit(s)
        state[b] = 2
    visit(fn.entry)
    if len(found) != 1:
        raise Refused(f'{fn.name}: one loop is expected, there are {len(found)}')
    return found.pop()


class Cut:
    """A round under way: the counter, the memory at its beginning, and what may change."""
    __slots__ = ('counter', 'glob', 'local', 'forgotten')

    def __init__(self, counter, mem, forgotten):
        self.counter, self.glob, self.local, self.forgotten = counter, dict(mem.glob), dict(mem.local), forgotten


class Loops:
    """The part of a harness that deals with loops that have such functions."""
    def has_induction(self, f):
        name = f.fn.name
        return f'prover_round_{name}' in self.mod.funcs and header(f.fn) == f.block

    def name_of(self, fn, register):
        node = fn.variables.get(register)
        text = self.mod.meta.get(node, '')
        return text.partition('name: "')[2].partition('"')[0]

    def part(self, st, f, kind, values, ins):
        """Calls prover_begin_f or prover_round_f with these values of registers."""
        fn = self.mod.funcs[f'prover_{kind}_{f.fn.name}']
        named = {self.name_of(f.fn, r): f.env[r] for r in f.fn.params}
        named.update({self.name_of(f.fn, r): v for r, v in values.items()})
        args = []
        for name, width in self.widths(fn).items():
            if name not in named:
                raise Refused(f'{fn.name}: {f.fn.name} has no variable {name or "?"} where its rounds begin')
            v = named[name]
            if v.t.size() > width:                   # kept in a wider register
                narrow = z3.Extract(width - 1, 0, v.t)
                self.need(st, v.t == z3.ZeroExt(v.t.size() - width, narrow), f'{name} is wider than its type', ins)
                v = V(fold(narrow), v.p)
            args.append(v)
        self.current, self.effects = st, True
        self.merged(fn, ins, args, st.mem, lambda *_: None, False, TRUE)
        self.current, self.effects = None, False
        self.flush(st)
        return args[0]

    def widths(self, fn):
        return {self.name_of(fn, p): ty.width for p, ty in zip(fn.params, fn.ptys)}

    def round(self, st, f, values, ins):
        """At the beginning of a round. True: it goes on, with the values that f.env has now; False: that was the induction."""
        cut = f.cuts.get(f.block)
        counter = self.part(st, f, 'begin', values, ins)
        if cut is not None:
            self.need(st, z3.ULT(cut.counter.t, counter.t), f'a loop of {f.fn.name} has no end', ins)
            self.unchanged(st, f, cut)
            self.flush(st)
            return False
        before = dict(st.mem.glob)
        if any(map(is_ptr, values.values())):
            raise Refused(f'{f.fn.name}: a pointer changes from round to round')
        widths = self.widths(self.mod.funcs[f'prover_round_{f.fn.name}'])
        for r, v in values.items():
            name, size = self.name_of(f.fn, r), v.t.size()
            width = min(size, widths.get(name, size))
            t = fresh(width, name or 'round')
            f.env[r] = V(t if width == size else z3.ZeroExt(size - width, t))
        self.rounds = self.checked_in(f'prover_begin_{f.fn.name}')
        counter = self.part(st, f, 'round', {r: f.env[r] for r in values}, ins)
        self.rounds = None
        forgotten = {k for k, c in st.mem.glob.items() if c is not before.get(k) and all(i is None for i in c[0])}
        f.cuts = {**f.cuts, f.block: Cut(counter, st.mem, forgotten)}
        st.model = None
        return True

    def unchanged(self, st, f, cut):
        wrong = [self.key_name(k) for k, c in st.mem.glob.items() if c is not cut.glob.get(k) and k not in cut.forgotten]
        if wrong or any(st.mem.local.get(o) is not c for o, c in cut.local.items()):
            raise Refused(f'{f.fn.name}: a round writes {", ".join(wrong) or "local memory"}, which prover_round does not forget')
