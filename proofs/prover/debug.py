# SPDX-License-Identifier: MIT
"""Debug information: source lines of instructions, files of functions, names of struct fields."""
import os
import re


def _field(text, key):
    m = re.search(rf'\b{key}: (?:"([^"]*)"|!?([-\w]+))', text)
    return (m[1] if m[1] is not None else m[2]) if m else None


class Debug:
    def __init__(self, meta, root='.'):
        self.meta, self.root, self.names = meta, root, None

    def file(self, node):
        """Path of the file that a scope lies in, relative to the root if below it."""
        text = self.meta.get(node or '', '')
        f = self.meta.get(_field(text, 'file') or '', '')
        name = _field(f, 'filename')
        if name is None:
            return '?'
        full = os.path.realpath(os.path.join(_field(f, 'directory') or '', name))
        rel = os.path.relpath(full, os.path.realpath(self.root))
        return full if rel.startswith('..') else rel

    def where(self, node):
        text = self.meta.get(node or '', '')
        line = _field(text, 'line')
        return f'{self.file(_field(text, "scope"))}:{line}' if line else '?'

    def structs(self):
        """struct name -> {byte offset: field name}."""
        if self.names is None:
            self.names = {}
            for text in list(self.meta.values()):
                if 'DICompositeType(tag: DW_TAG_structure_type' not in text or not _field(text, 'name'):
                    continue
                fields = self.names.setdefault(_field(text, 'name'), {})
                for e in re.findall(r'!(\d+)', self.meta.get(_field(text, 'elements') or '', '')):
                    m = self.meta[e]
                    if 'DW_TAG_member' in m and _field(m, 'name'):
                        fields[int(_field(m, 'offset') or 0) // 8] = _field(m, 'name')
        return self.names

    def variable(self, node, bit=None):
        """Name of a variable, or of the member of it, a struct, that begins at a bit: struct_member."""
        text = self.meta.get(node or '', '')
        name, ty = _field(text, 'name') or '', self.meta.get(_field(text, 'type') or '', '')
        while bit is not None and 'DIDerivedType' in ty:
            ty = self.meta.get(_field(ty, 'baseType') or '', '')
        return name if bit is None else f'{name}_{self.structs().get(_field(ty, "name"), {}).get(bit // 8, bit)}'

    def path(self, ty, path):
        """Readable form of a field path, with '[]' for array steps."""
        out = ''
        for e in path:
            if e == '*':
                out, ty = out + '[]', ty.elem
                continue
            names = self.structs().get((ty.name or '').removeprefix('%struct.'), {})
            out += '.' + names.get(ty.offsets[e], str(e))
            ty = ty.fields[e]
        return out
