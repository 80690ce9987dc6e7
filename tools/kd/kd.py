# SPDX-License-Identifier: MIT
"""Commands for gdb that print kernel objects: `kd` lists them. Sourced by `make gdb`."""
import os
import struct
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import layout

LAYOUT = layout.Layout()
NIL = layout.NIL
CAP = struct.Struct("<BBHIIIIIIIIIQQQ")
CAP_FIELDS = ("type flags depth rights obj parent child next prev cursor first count badge window "
              "length").split()
EVENT = struct.Struct("<QIIQQ")


# ---- reading ---------------------------------------------------------------------------------

def memory(address, size):
    """Bytes of kernel memory, or None where nothing is mapped."""
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except gdb.MemoryError:
        return None


def at(address, struct_name):
    kind = gdb.lookup_type("struct " + struct_name).pointer()
    return gdb.Value(address).cast(kind).dereference()


def obj(accessor, page):
    return at(LAYOUT.address(accessor, page), LAYOUT.accessor[accessor][0])


def cpus():
    return int(gdb.parse_and_eval("ks.cpus"))


def cpu(c):
    return at(LAYOUT.cpu(c), "cpu")


def pages():
    """(page, type, flags, head, owner) of all pages with a descriptor that are not free."""
    size = gdb.lookup_type("struct page").sizeof
    step = size * 4096 // 4                 # descriptors in whole pages of the array
    base, page = LAYOUT.number["PD_BASE"], 0
    while page < 1 << 26:
        data = memory(base + page * size, step * 4)
        if data is None:
            page += (2 << 20) // size // step * step
            continue
        for i in range(len(data) // size):
            kind, flags, _, head, owner = struct.unpack_from("<BBHII", data, i * size)
            if kind not in (0, LAYOUT.number["PAGE_RESERVED"]):
                yield page + i, kind, flags, head, owner
        page += len(data) // size


def heads(*names):
    """(page, type) of all objects of these types, or of all types."""
    wanted = {LAYOUT.type[n] for n in names}
    for page, kind, _, head, _ in pages():
        if page == head and (not wanted or kind in wanted):
            yield page, kind


def slots_of(page, count):
    """(slot, capability) of the full slots at the start of a page."""
    data = memory(LAYOUT.number["DMAP_BASE"] + page * layout.PAGE, 64 * count)
    for i in range(count if data else 0):
        cap = dict(zip(CAP_FIELDS, CAP.unpack_from(data, i * 64)))
        if cap["type"]:
            yield page * LAYOUT.number["SLOTS_PER_PAGE"] + i, cap


def capabilities():
    found = {}
    for page, kind in heads():
        name = LAYOUT.type_name[kind]
        if name == "slots":
            found.update(slots_of(page, LAYOUT.number["SLOTS_PER_PAGE"]))
        elif name in ("thread", "irq", "device"):
            found.update(slots_of(page, LAYOUT.number["OBJECT_SLOTS"]))
    return found


def events(c):
    """Trace events of a CPU, oldest first."""
    ring = cpu(c)
    count, size = int(ring["traced"]), LAYOUT.number["TRACE_EVENTS"]
    data = memory(int(ring["trace"].address), EVENT.size * size)
    return [EVENT.unpack_from(data, i % size * EVENT.size)
            for i in range(max(0, count - size), count)]


# ---- printing --------------------------------------------------------------------------------

def ref(value):
    return "-" if int(value) == NIL else f"{int(value):#x}"


def thread_state(thread):
    """The name of its state; the field itself is a byte."""
    for f in gdb.lookup_type("enum thread_state").fields():
        if f.enumval == int(thread["state"]):
            return f.name.removeprefix("THREAD_").lower()
    return f"state {int(thread['state'])}"


def location(address):
    found = gdb.execute(f"info symbol {address:#x}", to_string=True).split("\n")[0]
    return f"{address:#x}" + ("" if found.startswith("No symbol") else f" {found.split(' in ')[0]}")


def thread_line(page):
    t = obj("TH", page)
    prio = f"{int(t['prio'])}/{int(t['eprio'])}"
    return (f"{page:#8x} cpu {int(t['home'])} {thread_state(t):8} prio {prio:8} "
            f"space {ref(t['space']):8} table {ref(t['table']):8} queue {ref(t['queue']):8} "
            f"runs on {ref(t['running_on']):8} ip {location(int(t['frame']['rip']))}")


def queue(accessor, page):
    """Pages of the threads that wait at an endpoint or notification."""
    t, found = int(obj(accessor, page)["head"]), []
    while t != NIL and len(found) < 1000:
        found.append(t)
        t = int(obj("TH", t)["qnext"])
    return found


def cap_line(s, cap):
    text = f"{s:#x} {LAYOUT.type_name.get(cap['type'], cap['type'])}"
    text += f" {LAYOUT.rights(cap['type'], cap['rights'])}"
    if cap["obj"] != NIL:
        text += f" object {cap['obj']:#x}"
    if cap["count"]:
        text += f" [{cap['first']:#x}, {cap['first'] + cap['count']:#x})"
    if cap["length"]:
        text += f" window [{cap['window']:#x}, {cap['window'] + cap['length']:#x})"
    if cap["badge"]:
        text += f" badge {cap['badge']:#x}"
    flags = [n for n in ("OWNER", "DYING") if cap["flags"] & LAYOUT.number["CAP_" + n]]
    return text + "".join(" " + f.lower() for f in flags)


def print_tree(caps, s, depth):
    work = [(s, depth)]
    while work:
        s, depth = work.pop()
        if s not in caps:
            print("  " * depth + f"{s:#x} is linked, but empty")
            continue
        print("  " * depth + cap_line(s, caps[s]))
        child = caps[s]["child"]
        while child != NIL and child in caps:
            work.append((child, depth + 1))
            child = caps[child]["next"]


def entries(page, level, first):
    """(virtual page, level, entry) of the present leaf entries below a page-table page."""
    data = memory(LAYOUT.number["DMAP_BASE"] + page * layout.PAGE, layout.PAGE)
    for i, e in enumerate(struct.unpack("<512Q", data)):
        if level == 4 and i >= 256 or not e & 3:
            continue
        vpage = first + (i << 9 * (level - 1))
        if level == 1 or e & 0x80:
            yield vpage, level, e
        else:
            yield from entries((e & 0xffffffffff000) >> 12, level - 1, vpage)


# ---- commands --------------------------------------------------------------------------------

class Kd(gdb.Command):
    """Print kernel objects: kd threads|cpus|queues|caps|space|objects|trace."""

    def __init__(self):
        super().__init__("kd", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, text, _):
        gdb.execute("help kd")


class Sub(gdb.Command):
    def __init__(self):
        super().__init__("kd " + type(self).__name__.lower(), gdb.COMMAND_DATA)

    def invoke(self, text, _):
        try:
            self.run([int(gdb.parse_and_eval(w)) for w in gdb.string_to_argv(text)])
        except gdb.MemoryError as e:
            raise gdb.GdbError(f"kernel memory is not there (yet): {e}") from e


class Threads(Sub):
    """kd threads: every thread, a line each. kd threads PAGE: all fields of one."""

    def run(self, args):
        for page in args:
            print(obj("TH", page).format_string(max_elements=8))
        for page, _ in [] if args else heads("thread"):
            print(thread_line(page))


class Cpus(Sub):
    """kd cpus: current thread, run queue and timer of every CPU."""

    def run(self, args):
        for c in range(cpus()):
            s = cpu(c)
            print(f"cpu {c}: current {ref(s['current'])} loaded {ref(s['loaded'])} "
                  f"charged {ref(s['charged'])} clock since {int(s['since'])} "
                  f"alarm {int(s['alarm']):#x} mailbox {ref(s['mailbox'])}")
            for prio in range(LAYOUT.number["PRIO_COUNT"] - 1, -1, -1):
                if int(s["ready_map"][prio // 64]) >> prio % 64 & 1:
                    self.queue(int(s["ready_head"][prio]), prio)

    def queue(self, t, prio):
        ready = []
        while t != NIL and len(ready) < 1000:
            ready.append(f"{t:#x}")
            t = int(obj("TH", t)["qnext"])
        print(f"  ready at {prio}: {' '.join(ready)}")


class Queues(Sub):
    """kd queues: endpoints and notifications, and who waits there."""

    def run(self, args):
        for page, kind in heads("ep", "notif"):
            name = LAYOUT.type_name[kind]
            o = obj("EP" if name == "ep" else "NT", page)
            more = f"word {int(o['word']):#x} bound {ref(o['bound'])}" if name == "notif" else \
                "receivers" if int(o["receiving"]) else "senders"
            waiting = " ".join(f"{t:#x}" for t in queue("EP" if name == "ep" else "NT", page))
            print(f"{page:#8x} {name:6} cpu {int(o['home'])} {more}: {waiting or 'nobody'}")


class Caps(Sub):
    """kd caps: the tree of derivation. kd caps SLOT: what is derived from one."""

    def run(self, args):
        caps = capabilities()
        roots = args or [s for s, c in caps.items() if c["parent"] == NIL]
        for s in roots:
            print_tree(caps, s, 0)


class Space(Sub):
    """kd space PAGE: what is mapped in an address space, neighbours joined."""

    def run(self, args):
        if len(args) != 1:
            raise gdb.GdbError("kd space PAGE; `kd objects` shows the pages of spaces")
        run = None
        for vpage, level, e in entries(args[0] + 1, 4, 0):
            page, size = (e & 0xffffffffff000) >> 12, 1 << 9 * (level - 1)
            rights = ("w" if e & 2 else "-") + ("-" if e >> 63 else "x") + \
                ("u" if e & 0x10 else "")
            if run and (vpage, page, rights) == (run[0] + run[2], run[1] + run[2], run[3]):
                run[2] += size
                continue
            self.show(run)
            run = [vpage, page, size, rights]
        self.show(run)

    def show(self, run):
        if run:
            print(f"{run[0] << 12:#014x} to {(run[0] + run[2] << 12) - 1:#014x}  r{run[3]}  "
                  f"page {run[1]:#x}")


class Objects(Sub):
    """kd objects: how many objects there are of each type, and their pages."""

    def run(self, args):
        found = {}
        for page, kind in heads():
            found.setdefault(LAYOUT.type_name.get(kind, str(kind)), []).append(page)
        for name, where in sorted(found.items()):
            more = " ..." if len(where) > 12 else ""
            print(f"{len(where):6} {name:8} {' '.join(f'{p:#x}' for p in where[:12])}{more}")


class Trace(Sub):
    """kd trace: the last events of all CPUs, in order of time."""

    def run(self, args):
        both = sorted((e[0], c, e) for c in range(cpus()) for e in events(c))
        for when, c, e in both:
            print(f"{when:16} cpu {c} thread {ref(e[2]):8} {LAYOUT.describe(e)}")


Kd()
for command in (Threads, Cpus, Queues, Caps, Space, Objects, Trace):
    command()
