# SPDX-License-Identifier: MIT
"""Z3's Python binding, quicker: the functions that the prover calls most, without looking at each argument's sort and at the
library's error code time and again. Terms are the same; an error of the library still raises Z3Exception, at the next call."""
import z3
from z3 import z3core

CTX = z3.main_ctx()
REF = CTX.ref()
TRUE, FALSE = z3.BoolVal(True).ast.value, z3.BoolVal(False).ast.value
slow = {name: getattr(z3, name) for name in ('And', 'Or', 'Not', 'Implies', 'If', 'simplify', 'BitVecVal')}
errors, numbers = [], {}


def check(self, ctx):
    if errors:
        raise z3.Z3Exception(self.get_error_message(ctx, errors.pop()))


def eq(self, other):
    """Terms are shared, so equal ones are one."""
    return self.ast.value == other.ast.value


def is_true(a):
    return isinstance(a, z3.BoolRef) and a.ast.value == TRUE


def is_false(a):
    return isinstance(a, z3.BoolRef) and a.ast.value == FALSE


def is_bool(a):
    """A plain Boolean term of the one context."""
    return type(a) is z3.BoolRef


def many(name, make):
    def f(*args):
        if args and all(map(is_bool, args)):
            return z3.BoolRef(make(REF, len(args), (z3.Ast * len(args))(*[a.ast for a in args])), CTX)
        return slow[name](*args)
    return f


def Not(a, ctx=None):
    return z3.BoolRef(z3core.Z3_mk_not(REF, a.ast), CTX) if is_bool(a) else slow['Not'](a, ctx)


def Implies(a, b, ctx=None):
    return z3.BoolRef(z3core.Z3_mk_implies(REF, a.ast, b.ast), CTX) if is_bool(a) and is_bool(b) else slow['Implies'](a, b, ctx)


def If(c, a, b, ctx=None):
    if is_bool(c) and is_bool(a) and is_bool(b):
        return z3.BoolRef(z3core.Z3_mk_ite(REF, c.ast, a.ast, b.ast), CTX)
    return slow['If'](c, a, b, ctx)


def simplify(a, *args, **options):
    return z3.BoolRef(z3core.Z3_simplify(REF, a.ast), CTX) if is_bool(a) and not args and not options else slow['simplify'](a, *args, **options)


def BitVecVal(value, width, ctx=None):
    if (value, width) not in numbers:
        numbers[value, width] = slow['BitVecVal'](value, width, ctx)
    return numbers[value, width]


def install():
    CTX.eh = z3core.Z3_set_error_handler(REF, lambda ctx, error: errors.append(error))
    z3core.Elementaries.Check = check
    z3.z3.Z3_DEBUG = False
    z3.AstRef.eq = eq
    for name, f in (('And', many('And', z3core.Z3_mk_and)), ('Or', many('Or', z3core.Z3_mk_or)), ('Not', Not), ('Implies', Implies), ('If', If),
                    ('simplify', simplify), ('BitVecVal', BitVecVal), ('is_true', is_true), ('is_false', is_false)):
        setattr(z3, name, f)
        setattr(z3.z3, name, f)
