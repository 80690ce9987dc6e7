# SPDX-License-Identifier: MIT
"""What must be true of a system as a whole; and the numbers that follow from it."""

CAPACITY_MAX = 1 << 16
LAST_BIT = 62                   # of a notification; 63 says that an interrupt came too often
IRQ_BITS = 17
# As in tessera/component.h and tessera/bundle.h.
POOLS, CHANNELS, AREAS, ENDPOINTS, COMPONENTS = 4, 24, 4, 16, 48
STACK_MAX = 1 << 20
PAUSE_MAX = 60000
ARENA_PAGES = 64                # about what a component takes besides its memory
DEVICE_CLASSES = ("blk", "net", "stream")


def check(s, r):
    """Appends to r.errors."""
    names(s, r)
    if r.errors:
        return
    components(s, r)
    pools(s, r)
    channels(s, r)
    endpoints(s, r)
    downwards(s, r)
    drivers(s, r)
    memory(s, r)


def names(s, r):
    seen = {}
    for kind, things in (("component", s.components), ("pool or file", s.pools),
                         ("endpoint", s.endpoints)):
        for t in things:
            if t.name == "":
                r.error(t.line, f"a {kind} must have a name")
            other = seen.setdefault((kind, t.name), t)
            if other is not t:
                r.error(t.line, f"a {kind} '{t.name}' stands in line {other.line} already; "
                        "names must differ")
    if not s.components:
        r.error(1, "a system needs at least one [[program]]")
    if len(s.components) > COMPONENTS:
        r.error(s.components[-1].line, f"more than {COMPONENTS} components")


def known(s, r, line, name, what):
    if s.component(name) is None:
        r.error(line, f"{what} '{name}' is no program or driver; there are: "
                f"{', '.join(c.name for c in s.components)}")
        return False
    return True


def components(s, r):
    for c in s.components:
        if c.stack <= 0 or c.stack > STACK_MAX:
            r.error(c.line, f"stack of '{c.name}' must be 4K to 1M")
        if not 1000 <= c.period_us <= 10**8 or not 100 <= c.budget_us <= c.period_us:
            r.error(c.line, f"'{c.name}': budget_us must be at least 100 and at most period_us, "
                    "which is 1000 to 100000000")
        if c.limit > 1024:
            r.error(c.line, f"limit of '{c.name}' is {c.limit}, must be at most 1024 restarts a "
                    "minute")
        if c.pause_ms > PAUSE_MAX:
            r.error(c.line, f"pause_ms of '{c.name}' is {c.pause_ms}, must be at most {PAUSE_MAX}")
        if c.heartbeat_ms and not 10 <= c.heartbeat_ms <= 3600000:
            r.error(c.line, f"heartbeat_ms of '{c.name}' must be 0 or 10 to 3600000")
    platforms = [c for c in s.components if c.flags["platform"]]
    if len(platforms) > 1:
        r.error(platforms[1].line, f"'{platforms[0].name}' is the platform server already; there "
                "can be one")
    if len({c.domain for c in s.components}) > 65535:
        r.error(1, "too many trust domains")


def pools(s, r):
    for p in s.pools:
        for u in p.uses:
            if not known(s, r, p.line, u.component, f"access of '{p.name}':"):
                continue
            if p.path and "w" in u.rights:
                r.error(p.line, f"'{p.name}' is a file of the boot image: '{u.component}' may have "
                        "r or rx")
            if u.physical and not s.component(u.component).flags["trusted"]:
                r.error(p.line, f"'{u.component}' may be told physical addresses only with "
                        "trusted = true")
    for c in s.components:
        mine = [p for p in s.pools if any(u.component == c.name for u in p.uses)]
        if len(mine) > POOLS:
            r.error(c.line, f"'{c.name}' uses {len(mine)} pools and files, at most {POOLS} are "
                    "possible")


def channels(s, r):
    for ch in s.channels:
        sides = known(s, r, ch.line, ch.client, "client") and \
            known(s, r, ch.line, ch.server, "server")
        if not sides:
            continue
        if ch.client == ch.server:
            r.error(ch.line, f"'{ch.client}' is client and server; a channel has two sides")
        if ch.capacity == 0 or ch.capacity & (ch.capacity - 1) or ch.capacity > CAPACITY_MAX:
            r.error(ch.line, f"capacity is {ch.capacity}, must be a power of two, at most "
                    f"{CAPACITY_MAX}")
        if len(ch.areas) > AREAS:
            r.error(ch.line, f"{len(ch.areas)} areas; at most {AREAS} are possible")
        if len(set(ch.areas)) != len(ch.areas):
            r.error(ch.line, f"areas {', '.join(ch.areas)}: each pool can be named once")
        for a in ch.areas:
            if s.pool(a) is None:
                r.error(ch.line, f"area '{a}' is no pool; there are: "
                        f"{', '.join(p.name for p in s.pools) or 'none'}")
            elif s.pool(a).path:
                r.error(ch.line, f"area '{a}' is a file of the boot image, must be a [[pool]]")
        server, client = s.component(ch.server), s.component(ch.client)
        if server.prio < client.prio:
            r.error(ch.line, f"server '{server.name}' has priority {server.prio}, its client "
                    f"'{client.name}' {client.prio}: a server must have at least its clients'")
    for c in s.components:
        mine = [(ch, side) for ch in s.channels
                for side, who in enumerate((ch.client, ch.server)) if who == c.name]
        if len(mine) > CHANNELS:
            r.error(c.line, f"'{c.name}' has {len(mine)} channels, at most {CHANNELS} are possible")
        seen = {}
        for ch, side in mine:
            if ch.names[side] in seen:
                r.error(ch.line, f"'{c.name}' knows the channel of line {seen[ch.names[side]]} by "
                        f"the name '{ch.names[side]}' already; set client_name or server_name")
            seen[ch.names[side]] = ch.line


def endpoints(s, r):
    for e in s.endpoints:
        if not known(s, r, e.line, e.owner, "owner"):
            continue
        badges = {}
        for c in e.callers:
            if not known(s, r, e.line, c.component, "caller"):
                continue
            owner, caller = s.component(e.owner), s.component(c.component)
            if owner.prio < caller.prio:
                r.error(e.line, f"owner '{owner.name}' has priority {owner.prio}, its caller "
                        f"'{caller.name}' {caller.prio}: a server must have at least its clients'")
            if c.badge in badges:
                r.error(e.line, f"callers '{badges[c.badge]}' and '{c.component}' have the same "
                        f"badge {c.badge}; badges tell the owner who calls")
            badges[c.badge] = c.component
    for c in s.components:
        mine = sum(e.owner == c.name for e in s.endpoints) + \
            sum(k.component == c.name for e in s.endpoints for k in e.callers)
        if mine > ENDPOINTS:
            r.error(c.line, f"'{c.name}' uses {mine} endpoints, at most {ENDPOINTS} are possible")


def requests(s):
    """(from, to, line) of everything that waits for somebody else."""
    for e in s.endpoints:
        for c in e.callers:
            yield c.component, e.owner, e.line
    for ch in s.channels:
        yield ch.client, ch.server, ch.line


def downwards(s, r):
    """Calls and requests go downwards: a cycle would wait for itself."""
    edges = {}
    for a, b, line in requests(s):
        edges.setdefault(a, {}).setdefault(b, line)
    done, path = set(), []

    def visit(name):
        if name in path:
            r.error(line_of[name], "a cycle of requests: " +
                    " -> ".join(path[path.index(name):] + [name]) +
                    "; one of them must not ask the next")
            return
        if name in done:
            return
        path.append(name)
        for other, line in edges.get(name, {}).items():
            line_of[other] = line
            visit(other)
        path.pop()
        done.add(name)

    line_of = {}
    for c in s.components:
        visit(c.name)


def drivers(s, r):
    claimed = {}
    with_driver = [c for c in s.components if c.driver]
    platform = [c for c in s.components if c.flags["platform"]]
    for c in with_driver:
        d = c.driver
        if not platform:
            r.error(c.line, f"driver '{c.name}' needs a program with platform = true")
        elif platform[0].prio < c.prio:
            r.error(c.line, f"'{c.name}' has priority {c.prio}, the platform server "
                    f"{platform[0].prio}: it must have at least that of all drivers")
        key = d["address"] if d["address"] is not None else (d["name"], d["index"])
        if key in claimed:
            r.error(c.line, f"'{c.name}' claims the device of '{claimed[key].name}' (line "
                    f"{claimed[key].line}); give it another index or address")
        claimed[key] = c
        served = [ch for ch in s.channels if ch.server == c.name]
        if len(served) != 1 or any(ch.client == c.name for ch in s.channels):
            r.error(c.line, f"driver '{c.name}' must be the server of one channel and client of "
                    "none")
        for ch in served:
            if ch.protocol != d["class"]:
                r.error(ch.line, f"protocol is '{ch.protocol}', but '{c.name}' is a driver of "
                        f"class '{d['class']}'")


def memory(s, r):
    """Shares, and whether the machine that the file is for has enough."""
    shares = [(c.line, c.name, c.memory) for c in s.components] + \
        [(p.line, p.name, p.size) for p in s.pools]
    percent = [x for x in shares if x[2].kind == "percent"]
    if sum(x[2].value for x in percent) > 100:
        r.error(percent[-1][0], "shares of memory: " +
                " + ".join(f"{n} {a.value}%" for _, n, a in percent) + " is more than 100%")
    pages = sum(a.value for _, _, a in shares if a.kind == "pages") + \
        sum(ARENA_PAGES + c.stack // 4096 for c in s.components)
    if s.memory and pages * 4096 > s.memory:
        largest = max((x for x in shares if x[2].kind == "pages"), key=lambda x: x[2].value)
        r.error(r.lines.of("system", 0, "memory"), f"memory is {s.memory >> 10}K, but the "
                f"components and pools take {pages * 4}K (the largest is '{largest[1]}', "
                f"{largest[2].value * 4}K)")


def number(s, r):
    """Bits of notifications: two for each side of a channel, then interrupts, then free ones."""
    for c in s.components:
        bit = 0
        for ch in s.channels:
            for side, who in enumerate((ch.client, ch.server)):
                if who == c.name:
                    ch.bits[side] = (bit, bit + 1)
                    bit += 2
        c.bits = bit
        last = bit + (IRQ_BITS if c.driver else 0)
        if last > LAST_BIT:
            r.error(c.line, f"'{c.name}' needs {last} bits of its notification, there are "
                    f"{LAST_BIT}: it has too many channels")
