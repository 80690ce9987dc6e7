# SPDX-License-Identifier: MIT
"""Who holds which capability, who can reach whom: as text.

Rows that stand for a capability in a component's table have its type, and its rights by the names
of abi/kernel.toml; a test compares them with what components find. The others stand for what is
only mapped, or reached by a device.
"""
import typing


FRAMES = {"r": "read", "w": "write", "x": "exec"}
WORDS = {"r": "reads", "rw": "reads and writes", "rx": "reads and executes",
         "rwx": "reads, writes and executes"}


class Row(typing.NamedTuple):
    what: str
    rights: str
    remark: str = ""
    type: str = ""              # of the capability, if it is one in the table


def text(s):
    """The whole report."""
    parts = [head(s), *(component(s, c) for c in s.components), reach(s), power(s)]
    return "\n".join(parts)


def head(s):
    lines = [f"System {s.name}" + (f": {s.description}" if s.description else ""), ""]
    rows = [("component", "program", "prio", "CPUs", "memory", "restart", "heartbeat")]
    for c in s.components:
        cpus = str(c.cpu) if c.cpus == 1 else "all" if c.cpus == 64 else \
            f"{c.cpu}-{c.cpu + c.cpus - 1}"
        restart = c.restart if c.restart == "never" else f"{c.restart}, {c.limit}/min"
        rows.append((c.name, c.source, str(c.prio), cpus, str(c.memory), restart,
                     f"{c.heartbeat_ms} ms" if c.heartbeat_ms else "-"))
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines += ["  ".join(w.ljust(n) for w, n in zip(r, widths)).rstrip() for r in rows]
    return "\n".join(lines) + "\n"


def capabilities(s, c):
    """All that the component's table holds, or its space maps."""
    own = [Row("thread", "control", "its first one", "thread"),
           Row("table", "insert, remove, attach, bind", "its own", "table"),
           Row("space", "grant, attach, bind", f"its own, trust domain {c.domain}", "space"),
           Row("scheduling context", "bind", f"{c.budget_us} of {c.period_us} us", "sched"),
           Row("CPUs", "schedule", "for threads that it makes", "cpus"),
           Row("notification", "signal, wait", "its own", "notif"),
           Row("endpoint of init", "call, send", "says who it is", "ep"),
           Row("memory", "create", str(c.memory), "memory")]
    system = [w for w in ("debug", "trace") if c.flags[w]]
    if system:
        own.append(Row("system", ", ".join(system), "of the kernel", "system"))
    return own + platform(c) + pools(s, c) + channels(s, c) + endpoints(s, c) + device(s, c)


def platform(c):
    if not c.flags["platform"]:
        return []
    return [Row("I/O ports", "in, out", "all 65536", "ioports"),
            Row("interrupt lines", "create", "all", "irqctl"),
            Row("requester ids", "create, unconfined", "all devices of the machine", "devctl"),
            Row("device memory", "read, write, combine", "all there is", "devmem")]


def pools(s, c):
    out = []
    for p in s.pools:
        for u in p.uses:
            if u.component != c.name:
                continue
            kind = "file" if p.path else "pool"
            size = f"{p.size}, told where it lies" if u.physical else str(p.size)
            if u.mapped:
                out.append(Row(f"{kind} {p.name}", WORDS[u.rights], size))
            if u.handle:
                rights = ", ".join(w for x, w in FRAMES.items() if x in u.rights)
                out.append(Row(f"frames of {p.name}", rights, size, "frames"))
    return out


def channels(s, c):
    out = []
    for ch in s.channels:
        for side, who in enumerate((ch.client, ch.server)):
            if who != c.name:
                continue
            peer = (ch.client, ch.server)[1 - side]
            role = ("client", "server")[side]
            out += [Row(f"rings with {peer}", "reads and writes", f"its own side, as {role}; "
                        f"{ch.protocol}, {ch.capacity} entries"),
                    Row(f"rings with {peer}", "reads", "the other side"),
                    Row(f"notification of {peer}", "signal",
                        f"bit {ch.bits[1 - side][0]} and no other", "notif")]
    return out


def endpoints(s, c):
    out = []
    for e in s.endpoints:
        if e.owner == c.name:
            out.append(Row(f"endpoint {e.name}", "call, send, recv, cancel, transfer", "its own",
                           "ep"))
        for k in e.callers:
            if k.component == c.name:
                rights = "call, send" + (", transfer" if k.transfer else "")
                out.append(Row(f"endpoint {e.name} of {e.owner}", rights, f"badge {k.badge}",
                               "ep"))
    return out


def areas_of(s, c):
    """Pools that the device of a driver reaches."""
    return [a for ch in s.channels if ch.server == c.name and c.driver for a in ch.areas]


def device(s, c):
    d = c.driver
    if not d:
        return []
    where = f"at {d['address'] >> 8:02x}:{d['address'] >> 3 & 31:02x}.{d['address'] & 7}" \
        if d["address"] is not None else f"number {d['index']} of its kind"
    out = [Row(f"registers of its {d['name']}", "reads and writes", where),
           Row("interrupts", "ack", f"{d['irqs_min']} to {d['irqs']}", "irq")]
    if any(str(r).startswith("ports") for r in d.get("regions", [])):
        out[0] = Row(f"ports of its {d['name']}", "in, out", where, "ioports")
    if d["dma_bytes"]:
        out.append(Row("DMA memory", "reads and writes",
                       f"{d['dma_bytes'] // 1024} KiB, its device too"))
    for a in areas_of(s, c):
        out.append(Row(f"pool {a}", "none", "its device reads and writes it"))
    return out


def component(s, c):
    rows = capabilities(s, c)
    marks = [w for w in ("trusted", "platform", "main", "console", "power", "fpu") if c.flags[w]]
    title = f"{c.name}" + (f" ({', '.join(marks)})" if marks else "")
    width = [max(len(r[i]) for r in rows) for i in (0, 1)]
    lines = [title] + [f"  {a.ljust(width[0])}  {b.ljust(width[1])}  {d}".rstrip()
                       for a, b, d, _ in rows]
    return "\n".join(lines) + "\n"


def edges(s):
    """(from, to, how): from can make something happen at to, or tell it something."""
    for e in s.endpoints:
        for k in e.callers:
            yield k.component, e.owner, f"calls {e.name}"
            yield e.owner, k.component, f"answers at {e.name}"
    for ch in s.channels:
        yield ch.client, ch.server, f"requests ({ch.protocol})"
        yield ch.server, ch.client, f"answers ({ch.protocol})"
    for p in s.pools:
        seen = [(u.component, u.rights) for u in p.uses]
        seen += [(c.name, "rw") for c in s.components if p.name in areas_of(s, c)]
        for a, rights in seen:
            for b, _ in seen:
                if a != b and "w" in rights:
                    yield a, b, f"writes {p.name}"


def reach(s):
    lines = ["Who reaches whom (calls, requests, memory that one writes and the other sees)"]
    direct = {}
    for a, b, how in edges(s):
        direct.setdefault((a, b), {})[how] = None
    names = [c.name for c in s.components]
    for a in names:
        for b in names:
            if (a, b) in direct:
                lines.append(f"  {a} -> {b}: {', '.join(direct[a, b])}")
    lines += ["", "Through others, a component reaches at most"]
    for a in names:
        found, todo = {a}, [a]
        while todo:
            x = todo.pop()
            fresh = [b for b in names if (x, b) in direct and b not in found]
            found.update(fresh)
            todo += fresh
        others = [n for n in names if n in found and n != a]
        lines.append(f"  {a}: {', '.join(others) or 'nobody'}")
    return "\n".join(lines) + "\n"


def power(s):
    """What breaks everything if it is wrong."""
    lines = ["Who must be right for all others to be safe",
             "  kernel, init (holds everything, made everybody)"]
    for c in s.components:
        if c.flags["platform"]:
            lines.append(f"  {c.name}: all devices are its own until it hands them out")
        if c.driver and c.flags["trusted"]:
            lines.append(f"  {c.name}: its device reaches all memory where no IOMMU confines it")
        if any(u.component == c.name and u.physical for p in s.pools for u in p.uses):
            lines.append(f"  {c.name}: is told physical addresses")
    for c in s.components:
        if c.flags["power"]:
            lines.append(f"  {c.name}: may switch the machine off")
    return "\n".join(lines) + "\n"
