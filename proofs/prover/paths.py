# SPDX-License-Identifier: MIT
"""Path-by-path execution of one harness, its obligations and its result."""
import itertools
import time

import z3

from . import Refused
from . import terms as T
from .assigns import COLUMNS as ASSIGNS, Assigns, Stays
from .execute import BIT, PRED_SECTION, Machine, only_poison
from .loops import Loops
from .memory import Memory, fresh
from .pointer import Ptr, is_ptr, poison_of
from .report import counterexample
from .terms import FALSE, TRUE, V, as_long, conj, fold, neg, num

PANIC, NEVER = 'arch_panic', 'prover_never'
BATCH = 16                            # obligations asked in one question, unless the unit says otherwise
LIGHT = 160                           # parts of a term
COMMON = ('ks_slot[].type', 'ks_page[].type', 'ks_page[].head')       # cells that almost every predicate reads
ANY = {'prover_any_u8': 8, 'prover_any_u16': 16, 'prover_any_u32': 32, 'prover_any_u64': 64}
COLUMNS = ('invariant', 'spec', 'leak', 'ni', 'footprint')


class Frame:
    __slots__ = ('fn', 'env', 'block', 'at', 'prev', 'dst', 'locals', 'visits', 'proof', 'contract', 'cuts')

    def __init__(self, fn, env, dst, local, proof, contract):
        self.fn, self.env, self.dst, self.locals, self.proof, self.contract = fn, env, dst, local, proof, contract
        self.block, self.at, self.prev, self.visits, self.cuts = fn.entry, 0, None, {}, {}

    def copy(self):
        f = Frame(self.fn, dict(self.env), self.dst, list(self.locals), self.proof, self.contract)
        f.block, f.at, f.prev, f.visits, f.cuts = self.block, self.at, self.prev, dict(self.visits), self.cuts
        return f


class State:
    """One path: stack of frames, memory, path condition and perhaps a model of it, obligations not
    yet asked, trail of lines; memory as remembered, places that may change, places that a contract is about to change."""
    __slots__ = ('frames', 'mem', 'pc', 'model', 'pending', 'trail', 'anys', 'before', 'places', 'changes')

    def __init__(self, frames, mem, pc=(), model=None, pending=(), trail=(), anys=()):
        self.frames, self.mem, self.pc, self.model, self.trail = frames, mem, pc, model, trail
        self.pending, self.anys = list(pending), dict(anys)
        self.before, self.places, self.changes = None, (), ()

    def fork(self):
        st = State(self.frames[:-1] + [self.frames[-1].copy()], self.mem.copy(), self.pc,
                   self.model, self.pending, self.trail, self.anys)
        st.before, st.places, st.changes = self.before, self.places, self.changes
        return st


class Harness(Machine, Loops, Assigns):
    def __init__(self, mod, debug, unit_file, name, solver, options, columns=(), subject=None):
        self.whole = set(options.get('whole', ()))
        super().__init__(mod, debug, unit_file, {*options.get('merge', ()), *self.whole})
        self.columns, self.batch, self.subject, self.sparing = columns, options.get('batch', BATCH), subject, options.get('sparing', False)
        self.name, self.solver, self.loop_limit = name, solver, options.get('loop_limit', 80)
        self.max_paths, self.max_failures = options.get('max_paths', 2000), options.get('max_failures', 5)
        self.res = {'harness': name, 'paths': 0, 'reachable': 0, 'unknown': 0, 'obligations': 0,
                    'checks': {}, 'ub': {'n': 0, 'failed': 0, 'open': 0}, 'failures': [], 'error': None,
                    'hinted': {}, 'checked': [], 'written': [], 'contracts': [], 'assumptions': [],
                    'functions': [], 'machine': [], 'hints': 0, 'covers': {}, 'requires': [], 'obliged': []}
        self.required = {}                   # of functions not called yet: preconditions and their arguments
        self.stack, self.current, self.rounds, self.numbers = [], None, None, itertools.count(1)
        self.sizes = {}                      # of terms, by number: are they small?
        self.first = {}                      # kept predicates in the initial state
        self.files, self.columns_of_places, self.unused = None, set(), {}       # unused: of ASSIGNS, places that have not changed yet
        self.hints, self.alive = {}, []      # of each hint, by the number of its term: the cells that it reads

    # ---- driver
    def run(self):
        t, c = time.monotonic(), time.process_time()
        r = self.res
        try:
            fn = self.mod.funcs[self.name]
            self.static_checks(fn)
            mem = Memory()
            self.written = mem.written
            self.stack = [State([self.frame(fn, dict(map(self.parameter, fn.params, fn.ptys)), None, [], False), *self.first_frames()], mem)]
            while self.stack:
                self.path(self.stack.pop())
                if r['paths'] > self.max_paths:
                    raise Refused(f'more than {self.max_paths} paths')
                if len(r['failures']) >= self.max_failures:
                    break
            if not r['failures']:
                self.vacuity()
        except Refused as e:
            r['error'] = str(e)
        r['written'] = sorted(map(self.key_name, self.written)) if hasattr(self, 'written') else []
        r['ok'] = r['error'] is None and not r['failures']
        s = self.solver
        r.update(seconds=round(time.monotonic() - t, 2), cpu=round(time.process_time() - c, 2),
                 asked=s.asked, cached=s.hits, repeated=s.repeated, solver_seconds=round(s.seconds, 2))
        if s.disagreements:
            r['error'], r['ok'] = f'solvers disagree: {s.disagreements}', False
        return r

    def first_frames(self):
        """A unit that has a function `remember` runs it before each harness."""
        fn = self.mod.funcs.get('remember')
        return [self.frame(fn, {}, None, [], False)] if fn is not None and fn.blocks else []

    def parameter(self, register, ty):
        """A parameter of a harness is an arbitrary input."""
        if ty.kind != 'int' or ty.width == 1:
            raise Refused(f'a parameter of a harness is an integer, not {ty}')
        name = next((self.debug.variable(node) for r, node, *_ in self.mod.funcs[self.name].variables if r == register), register[1:])
        return register, V(z3.BitVec(f'{name}!in:{ty.width}', ty.width))

    def static_checks(self, fn):
        """All checks that the harness can call, so that one never reached is noticed; but what contracts
        require is not always called."""
        seen, todo = set(), [fn.name]
        while todo:
            n = todo.pop()
            if n in seen or n not in self.mod.funcs:
                continue
            seen.add(n)
            for block in self.mod.funcs[n].blocks.values():
                for i in block:
                    if i.op == 'call' and i.args[0] in ('prover_check', 'prover_kept', 'prover_cover'):
                        book = 'covers' if i.args[0] == 'prover_cover' else 'checks'
                        text = self.text(self.value({}, i.args[1][-1][1], i.args[1][-1][0]))
                        self.res[book].setdefault(text, {'n': 0, 'failed': 0, 'open': 0, 'reached': False})
                    elif i.op == 'call' and i.args[0] in ASSIGNS:
                        if not n.startswith('arch_'):            # there it is as in a contract
                            self.says(i)
                    elif i.op == 'call' and not self.is_replaced(i.args[0]):
                        todo.append(i.args[0])

    def vacuity(self):
        r = self.res
        if not r['reachable']:
            raise Refused('vacuous: no path is satisfiable' if not r['unknown'] else
                          'no path is known to be satisfiable')
        if not r['checks'] and not r['covers']:
            raise Refused('vacuous: the harness checks nothing')
        lost = [n for book in ('checks', 'covers') for n, c in r[book].items() if not c['reached']]
        if lost:
            raise Refused('never reached on a satisfiable path: ' + '; '.join(lost))
        if uncalled := set(self.required) - {f for f, _, _ in r['requires']}:
            raise Refused(f'a precondition of what is not called: {sorted(uncalled)}')
        missing = sorted(set(r['hinted']) - set(r['checked'])) if 'invariant' in self.columns else []
        touched = {self.key_name(k) for k in self.written}
        for name in missing:
            if touched & set(r['hinted'][name]):
                raise Refused(f'{name} is assumed, what it reads is written, and it is not checked')
        r['unused'] = sorted(t for t in self.unused.values() if t)
        if r['unused']:
            raise Refused('ASSIGNS names what never changes: ' + '; '.join(r['unused']))

    def key_name(self, key):
        name, path = key
        return name + self.debug.path(self.obj(name).ty, path)

    # ---- obligations
    def need(self, st, cond, what, ins=None):
        if z3.is_true(cond):
            return
        cond = fold(cond)
        if not z3.is_true(cond):
            where = self.debug.where(ins.dbg) if ins is not None else '?'
            st.pending.append((cond, f'{what} at {where}', self.res['ub']))

    def flush(self, st):
        """Proves what is pending, some at once if possible, under the path condition as it is now."""
        kept = [g for g, _, _ in st.pending if isinstance(g, Kept)] if self.sparing else []
        todo = [(g.goal(kept) if isinstance(g, Kept) else g.goal() if isinstance(g, Stays) else g, what, count,
                 self.near(st, g.reads if isinstance(g, Kept) else ()) if self.sparing else ()) for g, what, count in st.pending]
        st.pending = []
        todo = [t for t in todo if not z3.is_true(t[0])]
        if self.sparing:
            todo.sort(key=lambda t: len(t[3]))
        self.res['ub']['n'] += sum(count is self.res['ub'] for _, _, count, _ in todo)
        while todo and len(self.res['failures']) < self.max_failures:
            some, todo = todo[:self.batch], todo[self.batch:]
            if len(some) > 1 and self.together(st, conj(*[c for c, _, _, _ in some])):
                continue
            for c, what, count, near in some:
                self.obligation(st, c, what, count, near)
                if len(self.res['failures']) >= self.max_failures:
                    return

    def near(self, st, reads):
        """The path condition without the hints that share no cell with what a goal reads, but such that all read."""
        cells = self.telling(reads)
        return [c for c in st.pc if c.get_id() not in self.hints or cells & self.hints[c.get_id()]]

    def telling(self, reads):
        return frozenset(k for k in reads if self.key_name(k) not in COMMON)

    def bare(self, st, goal):
        """Does it hold even without hints, and without conditions that are large terms?"""
        return self.solver.check([*filter(self.is_light, self.near(st, ())), neg(goal)], short=True) == 'unsat'

    def is_light(self, t):
        k = t.get_id()
        if k not in self.sizes:
            todo, seen = [t], set()
            while todo and len(seen) <= LIGHT:
                x = todo.pop()
                if x.get_id() not in seen:
                    seen.add(x.get_id())
                    todo.extend(x.children())
            self.sizes[k] = len(seen) <= LIGHT, t
        return self.sizes[k][0]

    def together(self, st, goal):
        self.res['obligations'] += 1
        return self.bare(st, goal) if self.sparing else self.solver.check([*st.pc, neg(goal)]) == 'unsat'

    def ask(self, st, goal, near, model):
        """In a unit that is sparing first under parts of the path condition, which are often enough: no hints, some hints."""
        self.res['obligations'] += 1
        if self.sparing and (self.bare(st, goal) or self.hints and self.solver.check([*near, neg(goal)], short=True) == 'unsat'):
            return 'unsat'
        return self.solver.check([*st.pc, neg(goal)], model)

    def obligation(self, st, goal, what, count, near):
        r = self.ask(st, goal, near, True)
        if r == 'unsat':
            return
        count['failed' if r == 'sat' else 'open'] += 1
        what = what(self.solver.model) if callable(what) else what
        self.res['failures'].append(counterexample(self, st, what, r, self.solver.model))

    def possible(self, st, c):
        """Satisfiability of the path condition and c; a model of them may remain in the solver, and one of the path
        condition in the state."""
        r = self.solver.check([*st.pc, c], known=st.model)
        st.model = st.model if self.solver.model is None else self.solver.model
        return r

    def add(self, st, c, model=None):
        """Adds to the path condition; False if the path is known to be dead."""
        c = fold(c)
        if z3.is_false(c):
            return False
        if not z3.is_true(c):
            st.pc = st.pc + (c,)
            if model is None and st.model is not None and z3.is_true(st.model.eval(c, model_completion=True)):
                model = st.model
            st.model = model
        return True

    # ---- one path until it ends or forks
    def executed(self, fn):
        entry = [fn.name, self.debug.file(fn.dbg) if fn.dbg else '?']
        if entry not in self.res['functions']:
            self.res['functions'].append(entry)

    def frame(self, fn, env, dst, local, contract):
        proof = self.under_proof(fn)
        if proof and not contract:
            self.executed(fn)
        return Frame(fn, env, dst, local, proof or bool(contract), contract)

    def path(self, st):
        while True:
            f = st.frames[-1]
            ins = f.fn.blocks[f.block][f.at]
            if ins.op == 'phi':
                if not self.phis(st, f):
                    return
                continue
            f.at += 1
            proof = f.proof

            def need(c, what, ins=ins):
                if proof or 'poison' in what or 'uninitialised' in what:
                    self.need(st, c, what, ins)
            if self.simple(ins, f.env, st.mem, need, proof, None, f.locals):
                continue
            if ins.op == 'call':
                if not self.call(st, f, ins, need):
                    return
            elif ins.op == 'jump':
                f.prev, f.block, f.at = f.block, ins.args[0], 0
            elif ins.op in ('br', 'switch'):
                self.branch(st, f, ins, need)
                return
            elif ins.op == 'ret':
                if not self.ret(st, f, ins, need):
                    return
            elif ins.op == 'unreachable':
                self.need(st, FALSE, 'unreachable code reached', ins)
                self.flush(st)
                return
            else:
                raise Refused(f'{f.fn.name}: {ins.args[0] if ins.op == "unknown" else ins.text}')

    def phis(self, st, f):
        n = f.visits[f.block] = f.visits.get(f.block, 0) + 1
        if n > self.loop_limit:
            raise Refused(f'loop in {f.fn.name} goes on after {self.loop_limit} rounds')
        new, block = {}, f.fn.blocks[f.block]
        while (ins := block[f.at]).op == 'phi':
            v = next((x for x, src in ins.args if src == f.prev), None)
            if v is None:
                raise Refused(f'phi without an entry for {f.prev}: {ins.text}')
            new[ins.dst] = self.value(f.env, v, ins.ty)
            f.at += 1
        if self.has_induction(f):
            return self.round(st, f, new, block[0])
        f.env.update(new)
        return True

    def branch(self, st, f, ins, need):
        if ins.op == 'br':
            v = self.value(f.env, ins.args[0], BIT)
            ways = [(v.t, ins.args[1]), (neg(v.t), ins.args[2])]
        else:
            v = self.value(f.env, ins.args[0], ins.ty)
            ways = [(v.t == num(n, ins.ty.width), b) for n, b in ins.args[2]]
            ways.append((conj(*[neg(c) for c, _ in ways]), ins.args[1]))
        if v.p is not None:
            need(neg(v.p), 'branch on a poison or uninitialised value')
        ways = [(fold(c), b) for c, b in ways]
        ways = [(c, b) for c, b in ways if not z3.is_false(c)]
        if len(ways) > 1:
            self.flush(st)
        where = self.debug.where(ins.dbg)
        open_ways = []
        for k, (c, b) in enumerate(ways):
            last = k == len(ways) - 1
            if z3.is_true(c) or last and not open_ways:
                open_ways.append((c, b, st.model))
            elif self.possible(st, c) != 'unsat':
                open_ways.append((c, b, self.solver.model))
        for c, b, model in reversed(open_ways):
            n = st.fork() if len(open_ways) > 1 else st
            if len(ways) > 1:
                n.trail = n.trail + (where,)
            self.add(n, c, model)
            g = n.frames[-1]
            g.prev, g.block, g.at = f.block, b, 0
            self.guard_loop(g)
            self.stack.append(n)

    def guard_loop(self, f):
        """Counts visits of blocks without phi too, so that every loop meets the limit."""
        if f.fn.blocks[f.block][0].op != 'phi':
            n = f.visits[f.block] = f.visits.get(f.block, 0) + 1
            if n > self.loop_limit:
                raise Refused(f'loop in {f.fn.name} goes on after {self.loop_limit} rounds')

    def ret(self, st, f, ins, need):
        v = None if ins.args[0] is None else self.value(f.env, ins.args[0], ins.ty)
        if v is not None and (p := poison_of(v)) is not None:
            need(neg(p), f'poison or uninitialised result of {f.fn.name}')
        for o in f.locals:
            st.mem.local.pop(o, None)
        if len(st.frames) == 1:
            self.check_places(st, {'spec', 'footprint'})
            self.flush(st)
            self.res['paths'] += 1
            r = self.possible(st, TRUE)
            self.res['reachable'] += r == 'sat'
            self.use_places(st, r == 'sat')
            self.res['unknown'] += r == 'unknown'
            return False
        st.frames = st.frames[:-2] + [st.frames[-2].copy()]
        if f.dst:
            st.frames[-1].env[f.dst] = v
        return True

    # ---- calls
    def call(self, st, f, ins, need):
        name, args = ins.args[0], self.arguments(ins, f.env)
        if name in ('llvm.ubsantrap', 'llvm.trap'):
            self.need(st, FALSE, self.trap(ins, args), ins)
            self.flush(st)
            return False
        if name == PANIC:
            self.need(st, FALSE, 'kernel assertion fails (KASSERT)', ins)
            self.flush(st)
            return False
        if name.startswith('llvm.'):
            r = self.intrinsic(ins, args, st.mem, need, None)
        elif name.startswith('prover_') and name not in self.mod.funcs:
            r = self.primitive(st, f, ins, name, args)
            if r is False:
                return False
        else:
            return self.enter(st, f, ins, name, args, need)
        if ins.dst:
            f.env[ins.dst] = r
        return True

    def is_contract(self):
        return self.name.replace('h_contract_', 'prover_replace_', 1) in self.mod.funcs and self.name.startswith('h_contract_')

    def is_replaced(self, name):
        return f'prover_replace_{name}' in self.mod.funcs and self.name != f'h_contract_{name}'

    def target(self, name):
        if self.is_replaced(name):
            if name not in self.res['contracts'] and self.mod.funcs[f'prover_replace_{name}'].section != NEVER:
                self.res['contracts'].append(name)
            return f'prover_replace_{name}'
        if name.startswith('arch_') and name in self.mod.funcs and name not in self.res['machine']:
            self.res['machine'].append(name)
        return name

    def merged_call(self, ins, env, mem, need, proof, guard):
        fn = self.mod.funcs.get(self.target(ins.args[0]))
        if fn is not None and fn.section == NEVER:
            need(FALSE, f'{ins.args[0]} is called')
            return V(fresh(ins.ty.width, 'never')) if ins.ty.kind == 'int' else None
        if self.current is None or fn is None or fn.section != PRED_SECTION or mem.reads is not None:
            return super().merged_call(ins, env, mem, need, proof, guard)
        mem.reads = set()
        r = super().merged_call(ins, env, mem, need, proof, guard)
        r.origin, mem.reads = (fn.name, frozenset(mem.reads), tuple(self.arguments(ins, env))), None
        return r

    def merged_primitive(self, ins, name, a, need, proof, guard):
        """What contracts say, when a function that calls one is merged."""
        st = self.current
        if proof or st is None or not name.startswith('prover_'):
            raise Refused(f'call of {name} in a function that is merged')
        if name in ANY:
            return V(z3.BitVec(f'{self.text(a[0])}!m{next(self.numbers)}:{ANY[name]}', ANY[name]))
        if name == 'prover_index':
            return V(z3.BitVec(f'{self.text(a[0])}!:32', 32))
        if name == 'prover_snapshot':
            return st.mem.snapshot(a[0], a[1])
        if name in ASSIGNS:
            return self.assigns(st, ins, a, True, guard)
        if name == 'prover_change':
            return self.change(st)
        if name == 'prover_forget':
            return st.mem.forget(a[0], as_long(a[1].t), guard)
        if name == 'prover_check':
            return self.check(st, a, guard)
        if name == 'prover_kept':
            return self.kept(st, ins, a, guard)
        if name == 'prover_assume':
            if self.rounds is not None and not (a[0].origin and a[0].origin[0] in self.rounds):
                raise Refused('prover_round: one PRED that prover_begin checks is expected')
            self.flush(st)
            c = self.condition(a[0])
            self.add(st, c if guard is None else z3.Implies(guard, c))
            return None
        raise Refused(f'{name} in a function that is merged')

    def enter(self, st, f, ins, name, args, need):
        contract = f.contract
        if name in self.required and not f.proof:
            self.meets(name, args)
        if self.is_replaced(name):
            contract = name
        name = self.target(name)
        fn = self.mod.funcs.get(name)
        if fn is not None and name.startswith('arch_') and not self.under_proof(fn):
            contract = name                      # a unit's model of the machine may say what is true afterwards
        if fn is not None and fn.section == NEVER:
            self.need(st, FALSE, f'{ins.args[0]} is called', ins)
            self.flush(st)
            return False
        if fn is None:
            raise Refused(f'call of {name}, which has no body and no prover_replace_{name}')
        # What a harness is about goes path by path, unless the unit says otherwise.
        if fn.section == PRED_SECTION or name in self.whole or name in self.merge_names and f.proof:
            pred = fn.section == PRED_SECTION
            if pred:
                st.mem.reads = set()
            proof = f.proof or name in self.whole or name == self.subject      # a predicate that a harness is about
            if not self.under_proof(fn):                 # also when code under proof calls it
                need = only_poison(need)
            elif proof:
                need = lambda c, what: self.need(st, c, what, ins)
            self.current = st
            r = self.merged(fn, ins, args, st.mem, need, proof and self.under_proof(fn),
                            TRUE if pred else None)
            self.current = None
            if pred:
                r.origin, st.mem.reads = (name, frozenset(st.mem.reads), tuple(args)), None
            if ins.dst:
                f.env[ins.dst] = r
            return True
        if any(g.fn is fn for g in st.frames):
            raise Refused(f'recursion: {name}')
        local = []
        env = self.bind(fn, ins, args, st.mem, need, None, local)
        st.frames.append(self.frame(fn, env, ins.dst, local, contract))
        return True

    # ---- primitives of prover.h
    def text(self, p):
        if not isinstance(p, Ptr) or p.obj is None or p.obj.kind != 'const' or p.off or p.terms:
            raise Refused('a string literal is expected')
        return ''.join(chr(c[1]) for c in p.obj.init[1][:-1])

    def become(self, st, ins, a):
        """Part of a row of an array takes the values of a predicate of row, index and perhaps more."""
        pred, _, args = a[4].origin or (None, None, ())
        names = [v.t.decl().name().partition('!')[0] for v in args[:2]]
        if names != ['row', 'index']:                    # the compiler drops parameters that are not used
            raise Refused('prover_become: one call of a PRED that uses row and index is expected')

        def value(mem, idx):
            return self.merged(self.mod.funcs[pred], ins, [V(idx[0]), V(idx[1]), *args[2:]], mem, lambda *_: None,
                               False, TRUE).t
        return st.mem.become(a[0], a[1].t, a[2].t, a[3].t, value, (pred, *(v.t.get_id() for v in args[2:])))

    def condition(self, v):
        """A _Bool argument: what holds, and what holds with certainty (not poison)."""
        return v.t if v.p is None else z3.And(v.t, neg(v.p))

    def primitive(self, st, f, ins, name, a):
        if name in ANY:
            unique = f'{self.text(a[0])}!{len(st.trail)}.{self.count(st, f, ins)}'
            n = st.anys[unique] = st.anys.get(unique, 0) + 1      # a contract may be called from many places
            return V(z3.BitVec(f'{unique}{f"+{n}" if n > 1 else ""}:{ANY[name]}', ANY[name]))
        if f.proof and not f.contract:
            raise Refused(f'{name} called by code under proof')
        if name == 'prover_index':
            return V(z3.BitVec(f'{self.text(a[0])}!:32', 32))
        if name == 'prover_forget':
            return st.mem.forget(a[0], as_long(a[1].t))
        if name == 'prover_snapshot':
            return st.mem.snapshot(a[0], a[1])
        if name == 'prover_remember':
            return self.remember(st, a)
        if name in ASSIGNS:
            return self.assigns(st, ins, a, f.contract)
        if name == 'prover_change':
            return self.change(st)
        if name == 'prover_settle':
            return self.settle(st)
        if name == 'prover_mix':
            return st.mem.mix(a[0], a[1], a[2], a[3].t)
        if name == 'prover_fill':
            return st.mem.fill(a[0], a[1].t, a[2].t, a[3])
        if name == 'prover_become':
            return self.become(st, ins, a)
        if name == 'prover_fill_where':
            return st.mem.fill(a[0], a[1].t, a[2].t, a[3], a[4].t)
        if name == 'prover_check':
            return self.check(st, a)
        if name == 'prover_kept':
            return self.kept(st, ins, a)
        self.flush(st)
        if name == 'prover_cases':
            return self.cases(st, self.condition(a[0]))
        if name in ('prover_assume', 'prover_assume_state', 'prover_given'):
            return self.assume(st, f, name, a)
        if name == 'prover_hint':
            return self.hint(st, a)
        if name == 'prover_requires':
            return self.requires(st, a)
        if name == 'prover_cover':
            c = self.res['covers'][self.text(a[1])]
            c['n'] += 1
            c['reached'] = c['reached'] or self.possible(st, self.condition(a[0])) == 'sat'
            return None
        raise Refused(f'unknown primitive {name}')

    def cases(self, st, c):
        """Goes on in two paths: smaller questions."""
        other = st.fork()
        if self.possible(st, neg(c)) != 'unsat' and self.add(other, neg(c)):
            self.stack.append(other)
        if self.possible(st, c) == 'unsat':
            return False
        return None if self.add(st, c) else False

    @staticmethod
    def count(st, f, ins):
        """Number that makes an input unique: which call site on which round."""
        n = f.visits[ins] = f.visits.get(ins, 0) + 1
        return f'{len(st.frames)}.{f.fn.name}.{ins.dst[1:]}.{n}'

    def checked_in(self, name):
        """Names of predicates that this function of the unit checks."""
        out, todo = set(), [name]
        for n in todo:
            for i in (i for b in self.mod.funcs[n].blocks.values() for i in b if i.op == 'call'):
                if i.args[0] in ('prover_check', 'prover_kept'):
                    out.add(self.text(self.value({}, i.args[1][-1][1], i.args[1][-1][0])).split(': ')[1].partition('(')[0])
                elif i.args[0] in self.mod.funcs and i.args[0] not in todo:
                    todo.append(i.args[0])
        return out

    def assume(self, st, f, name, a):
        if name == 'prover_given' and not (self.is_contract() and a[0].origin and a[0].origin[0] in self.checked_in(self.name.replace('h_contract_', 'prover_replace_', 1))):
            raise Refused('GIVEN: one PRED that the contract of this harness checks is expected')
        if not f.contract:
            if st.mem.dirty:
                raise Refused('prover_assume after a write to state')
            if name == 'prover_assume' and (cell := state_symbol(a[0].t)):
                raise Refused(f'prover_assume about state ({cell}): use HINT, or ASSUME_STATE with a reason')
        if name == 'prover_assume_state' and (text := self.text(a[1])) not in self.res['assumptions']:
            self.res['assumptions'].append(text)
        return None if self.add(st, self.condition(a[0])) else False

    def hint(self, st, a):
        if st.mem.dirty:
            raise Refused('hint after a write to state')
        if a[1].origin is None and as_long(a[1].t) is None:
            raise Refused('a hint must be one instance of one PRED')
        if a[1].origin:
            pred, reads, _ = a[1].origin
            old = self.res['hinted'].setdefault(pred, [])
            self.res['hinted'][pred] = sorted(set(old) | set(map(self.key_name, reads)))
        self.res['hints'] += 1
        good = a[1].t if a[1].p is None else z3.Or(a[1].t, a[1].p)
        n = len(st.pc)
        if not self.add(st, z3.Implies(self.condition(a[0]), good)):
            return False
        if a[1].origin and len(st.pc) > n:
            self.hints[st.pc[n].get_id()] = self.telling(a[1].origin[1])
            self.alive.append(st.pc[n])
        return None

    def requires(self, st, a):
        """A precondition of a function that the harness will call."""
        name = self.text(a[1]).partition(': ')[0]
        if st.mem.dirty or a[0].origin is None:
            raise Refused('a precondition is one call of a PRED, before the first write')
        self.required.setdefault(name, []).append((a[0].origin[0], a[0].origin[2]))
        return None if self.add(st, self.condition(a[0])) else False

    @staticmethod
    def places(pred, args, of):
        """Which arguments of a call a precondition speaks of: their numbers; and constants."""
        out = [next((i for i, w in enumerate(of) if not is_ptr(w) and w.t.eq(v.t)), None) if as_long(v.t) is None else
               f'={as_long(v.t)}' for v in args]
        if None in out:
            raise Refused(f'{pred} speaks of what is no argument of the function')
        return out

    def meets(self, name, args):
        for pred, terms in self.required[name]:
            entry = [name, pred, self.places(pred, terms, args)]
            if entry not in self.res['requires']:
                self.res['requires'].append(entry)

    def obliged(self, st, what, origin):
        """A precondition is checked by what stands for the function."""
        f, name = st.frames[-1], what.split(': ')[1]
        if origin is None or f.fn.name.removeprefix('prover_replace_') != name:
            raise Refused(f'{what}: one call of a PRED is expected, in what stands for {name}')
        entry = [name, origin[0], self.places(origin[0], origin[2], [f.env[p] for p in f.fn.params])]
        if entry not in self.res['obliged']:
            self.res['obliged'].append(entry)

    def book(self, what):
        c = self.res['checks'].setdefault(what, {'n': 0, 'failed': 0, 'open': 0, 'reached': True})
        c['n'] += 1
        return c

    def check(self, st, a, when=None):
        what = self.text(a[2])
        c = self.book(what)
        if what.startswith('required: '):
            self.obliged(st, what, a[1].origin)
        guard = conj(when, a[0].t if a[0].p is None else z3.Or(a[0].t, a[0].p))
        if a[1].origin and z3.is_true(fold(guard)) and arbitrary(a[1].origin[2]) and \
                a[1].origin[0] not in self.res['checked']:
            self.res['checked'].append(a[1].origin[0])
        guard = fold(guard)
        if z3.is_false(guard):
            return None
        if not c['reached']:
            c['reached'] = self.possible(st, guard) == 'sat'
        goal = fold(z3.Implies(guard, self.condition(a[1])))
        if not z3.is_true(goal):
            st.pending.append((goal, what, c))
        return None


    def kept(self, st, ins, a, when=None):
        """One instance of a predicate, at arbitrary indices: if it held at first, it holds now. As good
        as a hint and a check, but the hint does not burden all other questions."""
        what = self.text(a[1])
        if a[0].origin is None or not arbitrary(a[0].origin[2]):
            raise Refused(f'{what}: one PRED of different arbitrary inputs is expected')
        pred, reads, args = a[0].origin
        c = self.book(what)
        c['reached'] = c['reached'] or self.possible(st, TRUE) == 'sat'
        old = self.res['hinted'].setdefault(pred, [])
        self.res['hinted'][pred] = sorted(set(old) | set(map(self.key_name, reads)))
        if pred not in self.res['checked']:
            self.res['checked'].append(pred)
        key = (pred, *(v.t.get_id() for v in args))
        if key not in self.first:
            first = Memory()
            first.reads = set()
            before = self.merged(self.mod.funcs[pred], ins, list(args), first, lambda *_: None, False, TRUE)
            self.first[key] = self.condition(before), args                  # which keeps the numbers of terms taken
        after = self.condition(a[0]) if reads & st.mem.glob.keys() else TRUE
        st.pending.append((Kept(self.first[key][0], after, reads, args[0].t, when), what, c))
        return None


class Kept:
    """A predicate that holds after if it held before. What is kept together may be assumed together: an invariant is
    all of them. Of the others only those are assumed that are about the same index and read some of the same cells."""
    __slots__ = ('before', 'after', 'reads', 'at', 'when')

    def __init__(self, before, after, reads, at, when):
        self.before, self.after, self.reads, self.at, self.when = before, after, reads, at, when

    def goal(self, others):
        if z3.is_true(self.after):
            return TRUE
        near = [o.before for o in others if o is not self and o.at.eq(self.at) and o.reads & self.reads]
        return fold(z3.Implies(conj(self.when, self.before, *near), self.after))


def arbitrary(args):
    """Are the arguments different inputs? Only then does a check say something of every index."""
    names = [v.t.decl().name() for v in args if not is_ptr(v) and z3.is_const(v.t) and '!' in v.t.decl().name()]
    return len(set(names)) == len(args)


def state_symbol(t):
    """Name of a state cell that a term depends on, or None. Inputs carry '!' in their names."""
    todo, seen = [t], set()
    while todo:
        x = todo.pop()
        if x.get_id() in seen:
            continue
        seen.add(x.get_id())
        todo.extend(x.children())
        if x.decl().kind() == z3.Z3_OP_UNINTERPRETED and '!' not in x.decl().name():
            return x.decl().name()
    return None
