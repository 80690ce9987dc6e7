# SPDX-License-Identifier: MIT
"""A system file, read: names resolved, defaults filled in.  What is checked beyond one table is in
rules.py."""
import dataclasses
import pathlib
import re
import tomllib

from . import lines, rules

PAGE = 4096
NAME_BYTES = 23
MACHINES = ("microvm", "pc", "q35", "q35-iommu", "iso-bios", "iso-uefi", "bochs")
RESTART = ("never", "on-failure", "always")
ACCESS = ("r", "rw", "rx", "rwx")
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
NAME = re.compile(r"^[a-z][a-z0-9_-]*$")


@dataclasses.dataclass
class Amount:
    """Memory: ("pages", n), ("percent", n) of what is left, ("rest", 1)."""
    kind: str
    value: int

    def __str__(self):
        return {"pages": f"{self.value * 4} KiB", "percent": f"{self.value} % of what is left",
                "rest": "a part of the rest"}[self.kind]


@dataclasses.dataclass
class Component:
    line: int
    table: str
    index: int
    name: str
    source: str
    prio: int
    cpu: int
    cpus: int
    memory: Amount
    stack: int
    args: str
    restart: str
    limit: int
    pause_ms: int
    heartbeat_ms: int
    domain: str
    budget_us: int
    period_us: int
    flags: dict
    driver: dict = None         # device.toml, with name, index, address
    bits: int = 0


@dataclasses.dataclass
class Use:
    component: str
    rights: str
    mapped: bool = True
    handle: bool = False
    physical: bool = False


@dataclasses.dataclass
class Pool:
    line: int
    name: str
    size: Amount
    uses: list
    path: str = ""
    clear: bool = True


@dataclasses.dataclass
class Channel:
    line: int
    client: str
    server: str
    names: tuple
    protocol: str
    capacity: int
    areas: list
    bits: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Caller:
    component: str
    name: str
    badge: int
    transfer: bool


@dataclasses.dataclass
class Endpoint:
    line: int
    name: str
    owner: str
    callers: list


@dataclasses.dataclass
class System:
    path: str
    name: str
    description: str
    memory: int
    emulator: dict
    components: list = dataclasses.field(default_factory=list)
    pools: list = dataclasses.field(default_factory=list)
    channels: list = dataclasses.field(default_factory=list)
    endpoints: list = dataclasses.field(default_factory=list)

    def component(self, name):
        return next((c for c in self.components if c.name == name), None)

    def pool(self, name):
        return next((p for p in self.pools if p.name == name), None)

    def sources(self):
        """Programs, each once, in the order of the file."""
        return list(dict.fromkeys(c.source for c in self.components))

    def inputs(self):
        """Other files it is made from."""
        return [p.path for p in self.pools if p.path] + \
            sorted({f"drivers/{c.driver['name']}/device.toml" for c in self.components if c.driver})


# Keys of each table: name -> (kind, default); ... means that it must be there.
COMMON = {"name": ("name", ...), "prio": ("prio", ...), "cpus": ("cpus", "0"),
          "memory": ("amount", "64K"), "stack": ("size", "16K"), "args": ("text", ""),
          "restart": ("restart", "on-failure"), "limit": ("count", 5), "pause_ms": ("count", 1000),
          "heartbeat_ms": ("count", 0), "domain": ("text", ""), "trusted": ("flag", False),
          "console": ("flag", False), "debug": ("flag", False), "trace": ("flag", False),
          "budget_us": ("count", 10000), "period_us": ("count", 10000)}
KEYS = {
    "system": {"name": ("name", ...), "description": ("text", ""), "memory": ("size", "0")},
    "emulator": {"machine": ("machine", "microvm"), "disk": ("size", "0"), "append": ("text", ""),
                 "extra": ("texts", [])},
    "program": {**COMMON, "source": ("name", ""), "power": ("flag", False), "fpu": ("flag", False),
                "platform": ("flag", False), "main": ("flag", False)},
    "driver": {**COMMON, "driver": ("name", ...), "source": ("name", ""), "index": ("count", 0), "address": ("text", "")},
    "pool": {"name": ("name", ...), "bytes": ("amount", ...), "access": ("access", ...),
             "clear": ("flag", True)},
    "file": {"name": ("name", ...), "path": ("text", ...), "access": ("access", ...)},
    "channel": {"client": ("name", ...), "server": ("name", ...), "protocol": ("name", ...),
                "capacity": ("count", 64), "areas": ("names", []), "client_name": ("name", ""),
                "server_name": ("name", "")},
    "endpoint": {"name": ("name", ...), "owner": ("name", ...), "callers": ("callers", ...)},
}
CALLER = {"program": ("name", ...), "name": ("name", ""), "badge": ("count", 0),
          "transfer": ("flag", False)}


class Wrong(Exception):
    """A value that is not what it should be; the text says what would be right."""


def size_of(value):
    m = re.fullmatch(r"(\d+)([KMG]?)", str(value)) if not isinstance(value, bool) else None
    if not m:
        raise Wrong('a number of bytes, with K, M or G behind it, such as "64K"')
    return int(m.group(1)) * UNITS[m.group(2)]


def amount_of(value):
    if value == "rest":
        return Amount("rest", 1)
    m = re.fullmatch(r"(\d+)%", str(value))
    if m and 0 < int(m.group(1)) <= 100:
        return Amount("percent", int(m.group(1)))
    try:
        size = size_of(value)
    except Wrong:
        size = 0
    if size <= 0:
        raise Wrong('bytes such as "64K", a share of what is left such as "25%", or "rest"')
    return Amount("pages", -(-size // PAGE))


def cpus_of(value):
    m = re.fullmatch(r"(\d+)(?:-(\d+))?", str(value)) if not isinstance(value, bool) else None
    if value == "all":
        return 0, 64
    if not m or int(m.group(2) or m.group(1)) not in range(int(m.group(1)), 64):
        raise Wrong('a CPU (0 to 63), a range such as "0-3", or "all"')
    return int(m.group(1)), int(m.group(2) or m.group(1)) - int(m.group(1)) + 1


def access_of(value):
    right = 'a table such as { client = "rw", server = "r handle" }; words: r, rw, rx, rwx; ' \
        "handle, nomap, physical"
    if not isinstance(value, dict) or not value:
        raise Wrong(right)
    uses = []
    for name, text in value.items():
        words = str(text).split()
        if not words or words[0] not in ACCESS or \
                set(words[1:]) - {"handle", "nomap", "physical"}:
            raise Wrong(right)
        uses.append(Use(name, words[0], "nomap" not in words, "handle" in words,
                        "physical" in words))
    return uses


def callers_of(value):
    if not isinstance(value, list):
        raise Wrong('a list of programs: ["a"] or [{ program = "a", badge = 1 }]')
    out = []
    for i, item in enumerate(value):
        item = {"program": item} if isinstance(item, str) else item
        if not isinstance(item, dict) or set(item) - set(CALLER) or "program" not in item:
            raise Wrong("callers with program, name, badge, transfer")
        got = {k: convert(kind, item.get(k, default)) for k, (kind, default) in CALLER.items()
               if k in item or default is not ...}
        out.append(Caller(got["program"], got["name"], got["badge"] or i + 1, got["transfer"]))
    return out


def name_of(value):
    if value == "":
        return value
    if not isinstance(value, str) or not NAME.match(value) or len(value) > NAME_BYTES:
        raise Wrong(f"a name: a-z, 0-9, _ and -, at most {NAME_BYTES}, beginning with a letter")
    return value


def count_of(value, most=2**31):
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise Wrong(f"a whole number from 0 to {most}")
    return value


def names_of(value):
    if not isinstance(value, list):
        raise Wrong('a list of names such as ["data"]')
    return [name_of(v) for v in value]


def text_of(value):
    if not isinstance(value, str):
        raise Wrong("text in quotation marks")
    if len(value.encode()) > 255 or any(ord(c) < 32 for c in value):
        raise Wrong("text of at most 255 bytes in one line")
    return value


def flag_of(value):
    if not isinstance(value, bool):
        raise Wrong("true or false")
    return value


def texts_of(value):
    if not isinstance(value, list):
        raise Wrong("a list of texts")
    return [text_of(v) for v in value]


def machine_of(value):
    if value not in MACHINES:
        raise Wrong("one of " + ", ".join(MACHINES))
    return value


def restart_of(value):
    if value not in RESTART:
        raise Wrong("one of " + ", ".join(RESTART))
    return value


def convert(kind, value):
    if kind == "prio":
        return count_of(value, 254)
    return {"name": name_of, "text": text_of, "size": size_of, "amount": amount_of,
            "cpus": cpus_of, "flag": flag_of, "count": count_of, "restart": restart_of,
            "names": names_of, "texts": texts_of, "machine": machine_of, "access": access_of, "callers": callers_of}[kind](value)


class Reader:
    """Turns tables into the classes above and collects errors."""

    def __init__(self, path, root):
        self.path, self.root, self.errors = path, root, []
        text = pathlib.Path(path).read_text()
        self.lines = lines.Lines(text)
        self.data = tomllib.loads(text)

    def error(self, line, text):
        self.errors.append(f"{self.path}:{line}: {text}")

    def table(self, kind, index, given):
        """The values of a table, or None if one is wrong."""
        out, bad = {}, False
        for key in given:
            if key not in KEYS[kind]:
                self.error(self.lines.of(kind, index, key), f"{kind} has no key '{key}'; there "
                           f"are: {', '.join(KEYS[kind])}")
        for key, (form, default) in KEYS[kind].items():
            if key not in given and default is ...:
                self.error(self.lines.of(kind, index), f"{kind} needs the key '{key}'")
                bad = True
                continue
            try:
                out[key] = convert(form, given.get(key, default))
            except Wrong as e:
                self.error(self.lines.of(kind, index, key),
                           f"{key} is {given[key]!r}, must be {e}")
                bad = True
        return None if bad else out

    def tables(self, kind):
        """(line, index, values) of each table of a kind."""
        found = self.data.get(kind, [])
        if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
            self.error(self.lines.of(kind, 0), f"write [[{kind}]], there may be many")
            return
        for index, given in enumerate(found):
            values = self.table(kind, index, given)
            if values is not None:
                yield self.lines.of(kind, index), index, values

    def device(self, line, v):
        path = self.root / "drivers" / v["driver"] / "device.toml"
        if not path.exists():
            there = sorted(p.parent.name for p in (self.root / "drivers").glob("*/device.toml"))
            self.error(line, f"no driver '{v['driver']}'; there are: {', '.join(there)}")
            return None
        device = tomllib.loads(path.read_text())
        address = None
        if v["address"] and v["index"]:
            self.error(line, f"'{v['name']}' has an index and an address; one of them says which device it is")
            return None
        if v["address"]:
            m = re.fullmatch(r"([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", v["address"])
            if not m or int(m.group(2), 16) > 31:
                self.error(line, f"address is '{v['address']}', must be bus:device.function, such "
                           'as "00:04.0"')
                return None
            address = int(m.group(1), 16) << 8 | int(m.group(2), 16) << 3 | int(m.group(3))
        return {**device, "name": v["driver"], "index": v["index"], "address": address}

    def component(self, kind, line, index, v):
        flags = {k: v.get(k, False) for k in ("trusted", "console", "power", "fpu", "platform",
                                              "debug", "trace", "main")}
        device = self.device(line, v) if kind == "driver" else None
        source = v["source"] or (v["driver"] if kind == "driver" else v["name"])
        return Component(line, kind, index, v["name"], source, v["prio"], *v["cpus"], v["memory"],
                         v["stack"], v["args"], v["restart"], v["limit"], v["pause_ms"], v["heartbeat_ms"],
                         v["domain"] or v["name"], v["budget_us"], v["period_us"], flags, device)

    def system(self):
        head = self.data.get("system")
        if not isinstance(head, dict):
            self.error(1, "there must be a table [system] with a name")
            head = {"name": "none"}
        head = self.table("system", 0, head) or {"name": "none", "description": "", "memory": 0}
        given = self.data.get("emulator", {})
        if not isinstance(given, dict):
            self.error(self.lines.of("emulator", 0), "write [emulator], there is one")
            given = {}
        s = System(self.path, head["name"], head["description"], head["memory"],
                   self.table("emulator", 0, given) or {})
        for key in self.data:
            if key not in KEYS:
                self.error(self.lines.of(key, 0) if (key, 0) in self.lines.tables else
                           self.lines.keys.get(("", 0, key), 1),
                           f"there is no '{key}'; there are: {', '.join(KEYS)}")
        for kind in ("program", "driver"):
            s.components += [self.component(kind, *row) for row in self.tables(kind)]
        s.components.sort(key=lambda c: c.line)
        for line, _, v in self.tables("pool"):
            s.pools.append(Pool(line, v["name"], v["bytes"], v["access"], clear=v["clear"]))
        for line, index, v in self.tables("file"):
            s.pools.append(self.file(line, index, v))
        for line, _, v in self.tables("channel"):
            names = (v["client_name"] or v["server"], v["server_name"] or v["client"])
            s.channels.append(Channel(line, v["client"], v["server"], names, v["protocol"],
                                      v["capacity"], v["areas"]))
        platform = next((c for c in s.components if c.flags["platform"]), None)
        if platform:                    # init is its only caller, and holds the endpoint itself
            s.endpoints.append(Endpoint(platform.line, "platform", platform.name, []))
        for line, _, v in self.tables("endpoint"):
            for caller in v["callers"]:
                caller.name = caller.name or v["name"]
            s.endpoints.append(Endpoint(line, v["name"], v["owner"], v["callers"]))
        return s

    def file(self, line, index, v):
        path = self.root / v["path"]
        pages = -(-path.stat().st_size // PAGE) if path.is_file() else 1
        if not path.is_file() and not v["path"].startswith("build/"):
            self.error(self.lines.of("file", index, "path"),
                       f"there is no file {v['path']}; the path begins at the top of the tree")
        return Pool(line, v["name"], Amount("pages", max(pages, 1)), v["access"], v["path"])


def read(path, root):
    """The system, and errors; with errors it is not to be used."""
    try:
        reader = Reader(path, root)
    except (OSError, UnicodeDecodeError) as e:
        return None, [f"{path}:1: cannot be read: {e}"]
    except tomllib.TOMLDecodeError as e:
        m = re.search(r"\(at line (\d+)", str(e))
        return None, [f"{path}:{m.group(1) if m else 1}: {e}"]
    system = reader.system()
    if not reader.errors:
        rules.check(system, reader)
        rules.number(system, reader)
    return system, reader.errors
