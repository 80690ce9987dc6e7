# SPDX-License-Identifier: MIT
"""Reader of LLVM IR text (opaque pointers, LLVM 16 to 19) for the subset that clang -O1 emits.

Types carry their layout, operands are small tuples, and every instruction is an `Ins`.
An instruction that is not known becomes op 'unknown'; executing it is an error.
"""
import re

from . import Refused

TOKEN = re.compile(r'\s*(c?"[^"]*"|[%@](?:"[^"]*"|[-\w.$]+)|![-\w.$]*|#\d+|\.\.\.'
                   r'|-?\d[\w.+]*|[A-Za-z_$.][\w.$]*|[()\[\]{}<>,=*:|])')


class Ty:
    """kind: int ptr void struct array label. `size`, `align` in bytes (x86-64)."""
    __slots__ = ('kind', 'width', 'name', 'fields', 'offsets', 'count', 'elem', 'size', 'align')

    def __init__(self, kind, size=0, align=1, **a):
        self.kind, self.size, self.align = kind, size, align
        for k in ('width', 'name', 'fields', 'offsets', 'count', 'elem'):
            setattr(self, k, a.get(k))

    def __repr__(self):
        return {'int': f'i{self.width}', 'array': f'[{self.count} x {self.elem}]',
                'struct': self.name or f'{{{self.fields}}}'}.get(self.kind, self.kind)

    def __eq__(self, other):
        return (self.kind, self.width, self.name, self.count, self.elem, self.size) == \
            (other.kind, other.width, other.name, other.count, other.elem, other.size) and \
            (self.kind != 'struct' or self.fields == other.fields)

    __hash__ = object.__hash__


PTR, VOID, LABEL, META = Ty('ptr', 8, 8), Ty('void'), Ty('label'), Ty('metadata')
INTS = {}


def int_ty(w):
    if w not in INTS:
        size = next((s for s in (1, 2, 4, 8, 16) if s * 8 >= w), (w + 7) // 8)
        INTS[w] = Ty('int', size, min(size, 16), width=w)
    return INTS[w]


def array_ty(n, elem):
    return Ty('array', n * elem.size, elem.align, count=n, elem=elem)


def struct_ty(name, fields, packed=False):
    off, offs, align = 0, [], 1
    for f in fields:
        a = 1 if packed else f.align
        off = (off + a - 1) // a * a
        offs.append(off)
        off += f.size
        align = max(align, a)
    return Ty('struct', (off + align - 1) // align * align, align, name=name, fields=fields, offsets=offs)


class Ins:
    """op, dst (register or None), ty (result or access type), args (op specific), flags, dbg, meta."""
    __slots__ = ('op', 'dst', 'ty', 'args', 'flags', 'dbg', 'meta', 'text')

    def __init__(self, op, dst, ty, args, flags=()):
        self.op, self.dst, self.ty, self.args, self.flags = op, dst, ty, args, frozenset(flags)
        self.dbg, self.meta, self.text = None, {}, ''


class Func:
    __slots__ = ('name', 'params', 'ptys', 'attrs', 'blocks', 'entry', 'section', 'dbg', 'order', 'variables')

    def __init__(self, name, params, ptys, attrs, section, dbg):
        self.name, self.params, self.ptys, self.attrs = name, params, ptys, attrs
        self.section, self.dbg, self.blocks, self.order, self.variables = section, dbg, {}, None, []
        self.entry = str(sum(p[1:].isdigit() for p in params))


class Glob:
    __slots__ = ('name', 'ty', 'const', 'init', 'align')

    def __init__(self, name, ty, const, init, align):
        self.name, self.ty, self.const, self.init, self.align = name, ty, const, init, align


BINARY = {'add', 'sub', 'mul', 'udiv', 'sdiv', 'urem', 'srem', 'shl', 'lshr', 'ashr', 'and', 'or', 'xor'}
CASTS = {'zext', 'sext', 'trunc', 'ptrtoint', 'inttoptr', 'bitcast', 'addrspacecast'}
FLAGS = {'nuw', 'nsw', 'exact', 'disjoint', 'nneg', 'inbounds', 'nusw', 'samesign', 'volatile', 'atomic'}
TYPE_START = re.compile(r'i\d+$|ptr$|void$|label$|metadata$|float$|double$|half$|x86_fp80$|[%\[{<]')

VALUE_WORDS = {'true', 'false', 'undef', 'poison', 'null', 'zeroinitializer', 'getelementptr', 'none',
               'inttoptr', 'ptrtoint', 'bitcast'}


def value_start(t):
    return t[0] in '%@[{-0123456789!' or t[:2] == 'c"' or t in VALUE_WORDS


class Line:
    """Token cursor over one (joined) line."""

    def __init__(self, mod, text):
        self.mod, self.text, self.toks, self.i, pos = mod, text, [], 0, 0
        text = text.rstrip()
        while pos < len(text):
            m = TOKEN.match(text, pos)
            if not m:
                raise Refused(f'cannot read: {text}')
            self.toks.append(m[1])
            pos = m.end()

    def peek(self):
        return self.toks[self.i] if self.i < len(self.toks) else None

    def next(self):
        if self.i >= len(self.toks):
            raise Refused(f'unexpected end: {self.text}')
        self.i += 1
        return self.toks[self.i - 1]

    def accept(self, tok):
        if self.peek() == tok:
            self.i += 1
            return True
        return False

    def expect(self, tok):
        if not self.accept(tok):
            raise Refused(f'expected {tok} before {self.peek()}: {self.text}')

    def flags(self):
        out = []
        while self.peek() in FLAGS:
            out.append(self.next())
        return out

    def skip_group(self):
        depth = 0
        while True:
            t = self.next()
            depth += (t in '([{<') - (t in ')]}>')
            if depth == 0:
                return

    def words(self, stop):
        """Attribute words up to a token that `stop` accepts, as a dictionary."""
        out = {}
        while (t := self.peek()) is not None and not stop(t):
            self.next()
            out[t] = True
            if t == 'align' and (self.peek() or '').isdigit():
                out[t] = int(self.next())
            elif self.peek() == '(':
                if t in ('byval', 'sret'):
                    self.next()
                    out[t] = self.type()
                    self.expect(')')
                else:
                    self.skip_group()
            elif t[0] == '!':
                self.next()
        return out

    def attributes(self):
        return self.words(lambda t: TYPE_START.match(t) or t in ',)')

    def type(self):
        t = self.next()
        if re.match(r'i\d+$', t):
            return int_ty(int(t[1:]))
        if t in ('ptr', 'void', 'label', 'metadata'):
            return {'ptr': PTR, 'void': VOID, 'label': LABEL, 'metadata': META}[t]
        if t[0] == '%':
            return self.mod.named(t)
        if t == '[':
            n = int(self.next())
            self.expect('x')
            e = self.type()
            self.expect(']')
            return array_ty(n, e)
        if t in '{<':
            packed = t == '<' and self.peek() == '{'
            if packed:
                self.next()
            elif t == '<':
                raise Refused(f'vector type: {self.text}')
            fields = []
            while not self.accept('}'):
                fields.append(self.type())
                self.accept(',')
            if packed:
                self.expect('>')
            return struct_ty(None, fields, packed)
        raise Refused(f'type {t}: {self.text}')

    def value(self, ty):
        """Operand: ('reg', n) ('int', v) ('null',) ('undef',) ('zero',) ('glob', n) ('gep', ...) ('agg', [...])."""
        t = self.next()
        if t[0] == '%':
            return ('reg', t)
        if t[0] == '@':
            return ('glob', t[1:].strip('"'))
        if t in ('true', 'false'):
            return ('int', int(t == 'true'))
        if t in ('undef', 'poison'):
            return ('undef',)
        if t == 'null':
            return ('null',)
        if t in ('zeroinitializer', 'none'):
            return ('zero',)
        if re.match(r'-?\d+$', t) and ty.kind == 'int':
            return ('int', int(t))
        if t[0] == 'c' and t[1:2] == '"':
            raw = re.sub(r'\\([0-9A-Fa-f]{2})', lambda m: chr(int(m[1], 16)), t[2:-1])
            return ('agg', [('int', ord(c)) for c in raw])
        if t in '[{':
            out, close = [], {'[': ']', '{': '}'}[t]
            while not self.accept(close):
                out.append(self.value(self.type()))
                self.accept(',')
            return ('agg', out)
        if t == 'getelementptr':
            fl = self.flags()
            if self.peek() == 'inrange':
                self.next()
                self.skip_group()
            self.expect('(')
            src = self.type()
            self.expect(',')
            ops = self.typed_list(')')
            return ('gep', src, ops[0][1], ops[1:], fl)
        raise Refused(f'operand {t}: {self.text}')

    def typed(self):
        self.attributes()
        ty = self.type()
        return ty, self.value(ty)

    def typed_list(self, close):
        out = []
        while not self.accept(close):
            out.append(self.typed())
            self.accept(',')
        return out


class Module:
    def __init__(self, text):
        self.types, self.funcs, self.globs, self.meta, self.declared = {}, {}, {}, {}, set()
        self.type_lines = dict(re.findall(r'^(%\S+) = type (.*)$', text, re.M))
        for m in re.finditer(r'^!(\d+) = (.*)$', text, re.M):
            self.meta[m[1]] = m[2]
        cur, block = None, None
        lines = iter(text.split('\n'))
        for raw in lines:
            line = raw.split(' ; ')[0].rstrip() if not raw.startswith('@') else raw
            s = line.strip()
            if cur is None:
                if s.startswith('define'):
                    cur, block = self.define(s), None
                elif s.startswith('@'):
                    self.glob(s)
                elif s.startswith('declare'):
                    self.declared.add(re.search(r'@([\w.]+)\(', s)[1])
                elif s.startswith('module asm'):
                    raise Refused('module-level assembly')
            elif s == '}':
                self.funcs[cur.name] = cur
                cur = None
            elif (m := re.match(r'("[^"]+"|[-\w.$]+):', s)):
                block = cur.blocks.setdefault(m[1].strip('"'), [])
                if len(cur.blocks) == 1:
                    cur.entry = m[1].strip('"')
            elif s and not s.startswith((';', '#dbg_')):
                if block is None:
                    block = cur.blocks.setdefault(cur.entry, [])
                while s.startswith('switch') and ']' not in s.replace(' x i', ''):
                    s += ' ' + next(lines).strip()
                block.append(self.instruction(s))
            elif m := re.match(r'#dbg_value\(\w+ (%[\w.]+), !(\d+), !DIExpression\((.*?)\)', s):
                cur.variables += self.part(m[1], m[2], m[3])

    @staticmethod
    def part(register, node, expression):
        """Which part of a variable a register holds: (register, node, from which bit of its own, to which of the variable's,
        or None for all of it, how many); nothing if it has to be computed."""
        m = re.fullmatch(r'(?:DW_OP_constu, (\d+), DW_OP_shr(?:, )?)?(?:DW_OP_LLVM_convert, \d+, DW_ATE_unsigned(?:, )?)*'
                         r'(?:DW_OP_stack_value(?:, )?)?(?:DW_OP_LLVM_fragment, (\d+), (\d+))?', expression)
        return [(register, node, int(m[1] or 0), *((int(m[2]), int(m[3])) if m[2] else (None, None)))] if m and (m[2] or not m[1]) else []

    def named(self, name):
        if name not in self.types:
            body = Line(self, self.type_lines[name])
            t = body.type() if body.peek() != 'opaque' else VOID
            self.types[name] = Ty(t.kind, t.size, t.align, name=name, fields=t.fields, offsets=t.offsets)
        return self.types[name]

    def glob(self, s):
        p = Line(self, s)
        name = p.next()[1:].strip('"')
        p.expect('=')
        const = None
        while const is None:
            w = p.next()
            if w == 'alias':
                raise Refused(f'alias: {s}')
            if p.peek() == '(' and w not in ('global', 'constant'):
                p.skip_group()
            const = {'global': False, 'constant': True}.get(w)
        ty = p.type()
        init = None
        if p.peek() not in (',', None):
            init = p.value(ty)
        m = re.search(r', align (\d+)', s)
        self.globs[name] = Glob(name, ty, const, init, int(m[1]) if m else ty.align)

    def define(self, s):
        p = Line(self, s)
        p.expect('define')
        p.attributes()
        p.type()
        name = p.next()[1:].strip('"')
        p.expect('(')
        params, ptys, attrs = [], [], []
        while not p.accept(')'):
            if p.peek() == '...':
                raise Refused(f'varargs function {name}')
            t = p.type()
            a = p.words(lambda t: t[0] == '%')
            params.append(p.next())
            ptys.append(t)
            attrs.append(a)
            p.accept(',')
        sec = re.search(r'section "([^"]+)"', s)
        dbg = re.search(r'!dbg !(\d+)', s)
        return Func(name, params, ptys, attrs, sec and sec[1], dbg and dbg[1])

    def instruction(self, s):
        p = Line(self, s)
        dst = None
        if p.peek()[0] == '%' and p.toks[1:2] == ['=']:
            dst = p.next()
            p.next()
        try:
            ins = self.body(p, dst)
        except Refused as e:
            ins = Ins('unknown', dst, VOID, [str(e)])
        for k, v in re.findall(r', !([\w.]+) !(\d+)', s):
            if k == 'dbg':
                ins.dbg = v
            else:
                ins.meta[k] = v
        ins.text = s
        return ins

    def body(self, p, dst):
        op = p.next()
        while op in ('tail', 'musttail', 'notail'):
            op = p.next()
        if op in BINARY:
            fl = p.flags()
            ty = p.type()
            a = p.value(ty)
            p.expect(',')
            return Ins(op, dst, ty, [a, p.value(ty)], fl)
        if op == 'icmp':
            fl = p.flags()
            pred = p.next()
            ty = p.type()
            a = p.value(ty)
            p.expect(',')
            return Ins('icmp', dst, ty, [pred, a, p.value(ty)], fl)
        if op == 'select':
            ops = []
            for _ in range(3):
                ops.append(p.typed())
                p.accept(',')
            return Ins('select', dst, ops[1][0], [o[1] for o in ops])
        if op in CASTS:
            fl = p.flags()
            src, v = p.typed()
            p.expect('to')
            return Ins(op, dst, p.type(), [src, v], fl)
        if op == 'freeze':
            ty, v = p.typed()
            return Ins(op, dst, ty, [v])
        if op == 'getelementptr':
            fl = p.flags()
            src = p.type()
            p.expect(',')
            ops = [p.typed()]
            while p.accept(','):
                if p.peek()[0] == '!':
                    break
                ops.append(p.typed())
            return Ins('gep', dst, PTR, [src, ops[0][1], ops[1:]], fl)
        if op == 'load':
            fl = p.flags()
            ty = p.type()
            p.expect(',')
            return Ins(op, dst, ty, [p.typed()[1], self.access_align(p)], fl)
        if op == 'store':
            fl = p.flags()
            ty, v = p.typed()
            p.expect(',')
            return Ins(op, None, ty, [v, p.typed()[1], self.access_align(p)], fl)
        if op == 'alloca':
            ty = p.type()
            if p.accept(',') and p.peek() != 'align':
                raise Refused(f'alloca of variable size: {p.text}')
            return Ins(op, dst, ty, [int(p.toks[p.i + 1]) if p.peek() == 'align' else ty.align])
        if op == 'br':
            ty, v = p.typed()
            if ty is LABEL:
                return Ins('jump', None, VOID, [v[1][1:].strip('"')])
            out = [v]
            for _ in range(2):
                p.expect(',')
                out.append(p.typed()[1][1][1:].strip('"'))
            return Ins('br', None, VOID, out)
        if op == 'switch':
            ty, v = p.typed()
            p.expect(',')
            default = p.typed()[1][1][1:]
            p.expect('[')
            cases = []
            while not p.accept(']'):
                c = p.typed()[1][1]
                p.expect(',')
                cases.append((c, p.typed()[1][1][1:]))
            return Ins('switch', None, ty, [v, default, cases])
        if op == 'ret':
            ty = p.type()
            return Ins('ret', None, ty, [None if ty is VOID else p.value(ty)])
        if op == 'unreachable':
            return Ins('unreachable', None, VOID, [])
        if op == 'phi':
            ty = p.type()
            inc = []
            while p.accept('['):
                v = p.value(ty)
                p.expect(',')
                inc.append((v, p.next()[1:].strip('"')))
                p.expect(']')
                p.accept(',')
            return Ins('phi', dst, ty, inc)
        if op == 'extractvalue':
            ty, v = p.typed()
            return Ins(op, dst, ty, [v, self.int_list(p)])
        if op == 'insertvalue':
            ty, v = p.typed()
            p.expect(',')
            ety, e = p.typed()
            return Ins(op, dst, ty, [v, ety, e, self.int_list(p)])
        if op == 'call':
            return self.call(p, dst)
        raise Refused(f'instruction {op}: {p.text}')

    @staticmethod
    def int_list(p):
        out = []
        while p.accept(',') and p.peek()[0] != '!':
            out.append(int(p.next()))
        return out

    @staticmethod
    def access_align(p):
        m = re.search(r', align (\d+)', p.text)
        return int(m[1]) if m else 1

    def call(self, p, dst):
        p.attributes()
        ty = p.type()
        if p.peek() == '(':
            p.skip_group()
        callee = p.next()
        if callee == 'asm' or callee[0] != '@':
            raise Refused(f'inline assembly or call through a pointer: {p.text}')
        p.expect('(')
        args = []
        while not p.accept(')'):
            t = p.type()
            a = p.words(value_start)
            args.append((t, ('meta',) if t is META else p.value(t), a))
            if t is META:
                while p.peek() not in (',', ')'):
                    p.next()
            p.accept(',')
        return Ins('call', dst, ty, [callee[1:].strip('"'), args])

