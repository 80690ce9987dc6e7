# SPDX-License-Identifier: MIT
"""Instructions, and functions merged into one term.

`Machine` evaluates single instructions for both modes. In *merged* mode a loop-free function is
evaluated once, block by block in topological order, each block under the condition that it is
reached; so a predicate is one term however many branches it has.
"""
import re

import z3

from . import Refused
from . import terms as T
from .ir import PTR, int_ty
from .memory import Memory, fresh, scalars, undef
from .pointer import NULL, Obj, Ptr, d_local, gep, is_ptr, merge, over, pointer_eq, poison_of
from .terms import FALSE, TRUE, V, as_long, conj, disj, fold, neg, num

BIT = int_ty(1)
PRED_SECTION = 'prover_pred'
GENERATED = ('build/gen/spec_pre.h', 'build/gen/spec_handlers.h')      # specification that is made from the interface table
NO_EFFECT = ('llvm.lifetime.', 'llvm.dbg.', 'llvm.experimental.noalias.scope.decl', 'llvm.donothing')
TRAPS = {0: 'signed addition overflows', 1: 'unreachable', 3: 'division by zero or overflow',
         8: 'builtin with an undefined argument', 11: 'missing return', 12: 'signed multiplication overflows',
         13: 'negation overflows', 18: 'array index out of bounds', 20: 'shift out of range',
         21: 'signed subtraction overflows', 22: 'null pointer'}


class Machine:
    def __init__(self, mod, debug, unit_file, merge_names=()):
        self.mod, self.debug, self.unit_file = mod, debug, unit_file
        self.merge_names, self.objs, self.proofs, self.locals = set(merge_names), {}, {}, 0
        self.effects = False                     # in a contract, or a model of the machine: it may write

    # ---- what is under proof: everything but the unit itself and headers below proofs/
    def under_proof(self, fn):
        if fn.name not in self.proofs:
            self.proofs[fn.name] = not (fn.dbg and self.is_ours(self.debug.file(fn.dbg)))
        return self.proofs[fn.name]

    def is_ours(self, file):
        return file is not None and (file == self.unit_file or file in GENERATED or file.endswith('.h') and '/proofs/' in '/' + file)

    # ---- operands
    def obj(self, name):
        if name not in self.objs:
            g = self.mod.globs.get(name)
            if g is None:
                raise Refused(f'address of function or unknown symbol {name}')
            kind = ('index' if g.init is None else 'const') if g.const else 'global'
            init = {path: self.debug.path(g.ty, path)[1:] for _, path in scalars(g.ty)} if kind == 'index' else g.init
            if kind == 'index' and not all(n.isidentifier() for n in init.values()):
                raise Refused(f'{name} is constant and defined nowhere, and its fields have no names')
            self.objs[name] = Obj(name, g.ty, g.align, kind, init, lambda i: self.value({}, i, PTR))
        return self.objs[name]

    def value(self, env, a, ty):
        k = a[0]
        if k == 'reg':
            if a[1] not in env:
                raise Refused(f'register {a[1]} has no value')
            return env[a[1]]
        if k == 'int':
            return V(num(a[1], ty.width))
        if k == 'glob':
            return Ptr(self.obj(a[1]))
        if k == 'null' or k == 'zero' and ty.kind == 'ptr':
            return NULL
        if k == 'gep':
            idx = [self.value(env, v, t) for t, v in a[3]]
            return gep(self.value(env, a[2], None), a[1], idx, a[4])
        if k == 'agg':
            return [self.value(env, x, t) for x, t in zip(a[1], ty.fields)]
        if k == 'zero' and ty.kind == 'struct':
            return [self.value(env, a, t) for t in ty.fields]
        if k == 'zero':
            return V(num(0, ty.width))
        if k == 'undef':
            if ty.kind == 'struct':
                return [self.value(env, a, t) for t in ty.fields]
            return Ptr(None, p=TRUE) if ty.kind == 'ptr' else undef(ty.width)
        raise Refused(f'operand {a}')

    # ---- one instruction without control flow; False if it is none of these
    def simple(self, ins, env, mem, need, proof, guard, frame_locals):
        op, a = ins.op, ins.args
        flags = ins.flags if proof else ()

        def val(x, ty=ins.ty):
            return self.value(env, x, ty)
        if op in T.BIN:
            r, ub = T.binary(op, flags, val(a[0]), val(a[1]))
            if ub is not None:
                need(neg(ub), 'division by zero or overflow')
        elif op == 'icmp':
            x, y = val(a[1]), val(a[2])
            if is_ptr(x):
                if a[0] not in ('eq', 'ne'):
                    raise Refused('order of pointers')
                c = pointer_eq(x, y)
                r = V(fold(c if a[0] == 'eq' else neg(c)), disj(poison_of(x), poison_of(y)))
            else:
                r = T.compare(a[0], flags, x, y)
        elif op == 'select':
            c, x, y = self.value(env, a[0], BIT), val(a[1]), val(a[2])
            n = as_long(c.t)
            r = (x if n else y) if n is not None else merge(c.t, x, y)
            if c.p is not None:
                r = over(r, lambda q: Ptr(q.obj, q.off, q.terms, disj(q.p, c.p))) if is_ptr(r) \
                    else V(r.t, disj(r.p, c.p))
            if not is_ptr(r) and n is None:
                r = V(fold(r.t), r.p)
        elif op in ('zext', 'sext', 'trunc'):
            r = T.cast(op, flags, self.value(env, a[1], a[0]), ins.ty.width)
        elif op == 'freeze':
            r = val(a[0])
            if poison_of(r) is not None:
                if is_ptr(r):
                    raise Refused('freeze of a poison pointer')
                r = V(z3.If(r.p, fresh(ins.ty.width, 'frozen'), r.t))
        elif op == 'gep':
            r = gep(val(a[1]), a[0], [self.value(env, v, t) for t, v in a[2]], flags)
        elif op in ('load', 'store') and {'volatile', 'atomic'} & ins.flags:
            raise Refused(f'volatile or atomic access: {ins.text}')
        elif op == 'load':
            r = mem.load(val(a[0]), ins.ty, need, a[1])
            if 'range' in ins.meta and proof and not is_ptr(r):
                r = V(r.t, disj(r.p, self.out_of_range(ins, r.t)))
        elif op == 'store':
            p = val(a[1])
            if not proof and not self.effects and guard is not None and not d_local(p):
                raise Refused('a predicate writes to state')
            mem.store(p, ins.ty, val(a[0]), need, a[2], guard)
            return True
        elif op == 'alloca':
            r = Ptr(self.local(mem, ins.ty, a[0], ins.dst, frame_locals))
        elif op == 'extractvalue':
            r = val(a[0])
            for i in a[1]:
                r = r[i]
        elif op == 'insertvalue':
            r = self.insert(val(a[0]), a[3], self.value(env, a[2], a[1]))
        else:
            return False
        env[ins.dst] = r
        return True

    def local(self, mem, ty, align, name, frame_locals):
        self.locals += 1
        o = Obj(f'{name}#{self.locals}', ty, align, 'local')
        mem.local[o] = {}
        frame_locals.append(o)
        return o

    def insert(self, agg, path, v):
        out = list(agg)
        out[path[0]] = v if len(path) == 1 else self.insert(out[path[0]], path[1:], v)
        return out

    def out_of_range(self, ins, t):
        lims = [int(x) for x in re.findall(r'i\d+ (-?\d+)', self.mod.meta[ins.meta['range']])]
        n = ins.ty.width
        inside = [z3.ULT(t - num(lo, n), num(hi - lo, n)) for lo, hi in zip(lims[::2], lims[1::2])]
        return fold(neg(z3.Or(*inside)))

    # ---- intrinsics and functions that have no control flow of their own
    def intrinsic(self, ins, args, mem, need, guard):
        """Handles llvm.*; returns the value (None for void)."""
        name = ins.args[0]
        if name.startswith(NO_EFFECT):
            return None
        if name.startswith(('llvm.memcpy.', 'llvm.memmove.', 'llvm.memset.')):
            n = as_long(args[2].t)
            if n is None:
                raise Refused(f'block operation of variable length: {ins.text}')
            if as_long(args[3].t):
                raise Refused('volatile block operation')
            if name.startswith('llvm.memset.'):
                mem.memset(args[0], args[1], n, need, guard)
            else:
                mem.memcpy(args[0], args[1], n, need, guard, name.startswith('llvm.memmove.'))
            return None
        if name == 'llvm.assume':
            need(conj(args[0].t, None if args[0].p is None else neg(args[0].p)),
                 'assumption made by the code (llvm.assume)')
            return None
        return T.intrinsic(name, args, ins.ty)

    def trap(self, ins, args):
        if ins.args[0] == 'llvm.trap':
            return 'trap'
        return TRAPS.get(as_long(args[0].t), f'trap {args[0].t}')

    def arguments(self, ins, env):
        return [None if v == ('meta',) else self.value(env, v, t) for t, v, _ in ins.args[1]]

    def bind(self, fn, ins, args, mem, need, guard, frame_locals):
        """Environment of a callee; arguments passed by value in memory are copied."""
        if len(args) != len(fn.params):
            raise Refused(f'wrong number of arguments for {fn.name}')
        env = {}
        for name, attr, v in zip(fn.params, fn.attrs, args):
            if 'byval' in attr:
                o = self.local(mem, attr['byval'], attr.get('align', 1), name, frame_locals)
                mem.memcpy(Ptr(o), v, attr['byval'].size, need, guard)
                v = Ptr(o)
            elif (p := poison_of(v)) is not None:
                need(neg(p), f'poison or uninitialised argument of {fn.name}')
            env[name] = v
        return env

    def executed(self, fn):
        """Called for each function under proof that is executed."""

    def target(self, name):
        """What is executed when `name` is called in merged mode."""
        return name

    def merged_primitive(self, ins, name, args, need, proof, guard):
        raise Refused(f'call of {name} in a function that is merged')

    # ---- merged mode
    def order(self, fn):
        """Blocks in topological order; a loop is an error."""
        if fn.order is None:
            out, state = [], {}

            def visit(b):
                state[b] = 1
                for s in successors(fn.blocks[b][-1]):
                    if state.get(s) == 1:
                        raise Refused(f'{fn.name} has a loop and is merged: unroll it with UNROLL')
                    if s not in state:
                        visit(s)
                state[b] = 2
                out.append(b)
            visit(fn.entry)
            fn.order = out[::-1]
        return fn.order

    def merged(self, fn, ins, args, mem: Memory, need, proof, guard):
        """Value of a loop-free function as one term; obligations go to `need` under their condition."""
        frame_locals = []
        if proof:
            self.executed(fn)
        env = self.bind(fn, ins, args, mem, need, guard, frame_locals)
        edges, result, bad, exits = {}, None, None, []
        for b in self.order(fn):
            into = [c for (_, s), c in edges.items() if s == b]
            reach = guard if b == fn.entry else fold(z3.Or(*into)) if into else FALSE
            if reach is not None and z3.is_false(reach):
                continue

            def need_here(c, what, reach=reach):
                need(c if reach is None else z3.Implies(reach, c), what)

            def edge(target, c, b=b, reach=reach):
                c = conj(reach, c)
                edges[b, target] = z3.Or(edges[b, target], c) if (b, target) in edges else c
            for i in fn.blocks[b]:
                if i.op == 'phi':
                    r = None
                    for x, src in i.args:
                        if (src, b) in edges:
                            v = self.value(env, x, i.ty)
                            r = v if r is None else merge(edges[src, b], v, r)
                    env[i.dst] = r
                elif self.simple(i, env, mem, need_here, proof, reach, frame_locals):
                    pass
                elif i.op == 'call':
                    r = self.merged_call(i, env, mem, need_here, proof, reach)
                    if i.dst:
                        env[i.dst] = r
                elif i.op == 'jump':
                    edge(i.args[0], TRUE)
                elif i.op == 'br':
                    c = self.value(env, i.args[0], BIT)
                    bad = disj(bad, conj(reach, c.p) if c.p is not None else None)
                    need_here(TRUE if c.p is None else neg(c.p), 'branch on poison')
                    edge(i.args[1], c.t)
                    edge(i.args[2], neg(c.t))
                elif i.op == 'switch':
                    v = self.value(env, i.args[0], i.ty)
                    bad = disj(bad, conj(reach, v.p) if v.p is not None else None)
                    need_here(TRUE if v.p is None else neg(v.p), 'branch on poison')
                    for n, target in i.args[2]:
                        edge(target, v.t == num(n, i.ty.width))
                    edge(i.args[1], conj(*[v.t != num(n, i.ty.width) for n, _ in i.args[2]]))
                elif i.op == 'ret':
                    if i.args[0] is not None:
                        v = self.value(env, i.args[0], i.ty)
                        result = v if result is None else merge(TRUE if reach is None else reach, v, result)
                    exits.append(reach)
                elif i.op == 'unreachable':
                    need_here(FALSE, 'unreachable code reached')
                    bad = disj(bad, TRUE if reach is None else reach)
                else:
                    raise Refused(f'{fn.name}: {i.text}')
        for o in frame_locals:
            del mem.local[o]
        if isinstance(result, V):
            result = V(fold(result.t), disj(result.p, fold(bad) if bad is not None else None))
        return result

    def merged_call(self, ins, env, mem, need, proof, guard):
        name, args = self.target(ins.args[0]), self.arguments(ins, env)
        if name in ('llvm.ubsantrap', 'llvm.trap'):
            need(FALSE, self.trap(ins, args))
            return None
        if name.startswith('llvm.'):
            return self.intrinsic(ins, args, mem, need, guard)
        if name not in self.mod.funcs:
            return self.merged_primitive(ins, name, args, need, proof, guard)
        fn, outer, contract = self.mod.funcs[name], self.effects, name != ins.args[0]
        self.effects = outer or contract or name.startswith('arch_')
        r = self.merged(fn, ins, args, mem, need if self.under_proof(fn) or contract else only_poison(need),
                        proof and self.under_proof(fn), guard)
        self.effects = outer
        return r


def only_poison(need):
    """Accesses of predicates need not be in bounds: what they say is then arbitrary."""
    return lambda c, what: need(c, what) if 'poison' in what or 'uninitialised' in what else None


def successors(ins):
    if ins.op == 'jump':
        return [ins.args[0]]
    if ins.op == 'br':
        return ins.args[1:]
    if ins.op == 'switch':
        return [ins.args[1]] + [t for _, t in ins.args[2]]
    return []
