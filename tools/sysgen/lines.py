# SPDX-License-Identifier: MIT
"""Where in a TOML file something stands: the parser of the standard library does not tell."""
import re

HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\"-]+)\s*\]")
KEY = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*(?:\.[^=]*)?=")
STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|#.*")


class Lines:
    """Line numbers of tables and keys, by table name and how many of that name came before."""

    def __init__(self, text):
        self.tables, self.keys = {}, {}
        counts, here, depth = {}, ("", 0), 0
        for number, line in enumerate(text.splitlines(), 1):
            bare = STRING.sub(lambda m: "" if m.group().startswith("#") else '""', line)
            header = HEADER.match(line) if depth == 0 else None
            if header:
                name = header.group(2)
                here = (name, counts.get(name, 0))
                counts[name] = here[1] + 1
                self.tables[here] = number
                continue
            key = KEY.match(line) if depth == 0 else None
            if key:
                self.keys[here + (key.group(1).strip('"'),)] = number
            depth += bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")

    def of(self, table, index, key=None):
        """The line of a key, or of its table if it has none, or 1."""
        found = self.keys.get((table, index, key)) if key else None
        return found or self.tables.get((table, index), 1)
