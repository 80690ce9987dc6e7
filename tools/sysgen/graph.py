# SPDX-License-Identifier: MIT
"""The report as a picture: components in layers, what they ask for below them."""
import html

from . import report

CHAR, LINE, PAD = 7.2, 17, 12
GAP_X, GAP_Y, MARGIN, TOP = 60, 96, 30, 64
STYLE = """
text { font: 12px sans-serif; fill: #1a1a2e }
.title { font: bold 18px sans-serif }
.name { font: bold 13px sans-serif }
.small { font: 11px sans-serif; fill: #555 }
.label { font: 11px sans-serif }
rect.box { stroke: #30475e; stroke-width: 1.2; fill: #f4f7fb }
rect.driver { fill: #fdf1e3 } rect.platform { fill: #f6e6f0 } rect.trusted { stroke-width: 2.6 }
rect.device { fill: #eee; stroke: #888; stroke-dasharray: 4 2 }
path { fill: none; stroke-width: 1.6 }
.call { stroke: #1f5fbf } .channel { stroke: #b35a00; stroke-width: 2.2 }
.memory { stroke: #2e8b57; stroke-dasharray: 6 3 } .wire { stroke: #888 }
"""


class Node:
    def __init__(self, key, lines, kind, rank):
        self.key, self.lines, self.kind, self.rank = key, lines, kind, rank
        self.w = max(len(t) for t in lines) * CHAR + 2 * PAD
        self.h = len(lines) * LINE + PAD
        self.x = self.y = 0.0


def ranks(s):
    """How far from the top: below everybody who asks it for something."""
    asks = {c.name: set() for c in s.components}
    for e in s.endpoints:
        for k in e.callers:
            asks[k.component].add(e.owner)
    for ch in s.channels:
        asks[ch.client].add(ch.server)
    platform = [c.name for c in s.components if c.flags["platform"]]
    for c in s.components:
        if c.driver and platform:
            asks[c.name].add(platform[0])
    rank = {c.name: 0 for c in s.components}
    for _ in s.components:
        for a, others in asks.items():
            for b in others:
                rank[b] = max(rank[b], rank[a] + 1)
    return rank


def nodes_of(s):
    rank, out = ranks(s), {}
    for c in s.components:
        kind = "driver" if c.driver else "platform" if c.flags["platform"] else "program"
        marks = [w for w in ("trusted", "console", "power", "main") if c.flags[w]]
        lines = [c.name, f"{c.source}, priority {c.prio}", str(c.memory)]
        lines += [", ".join(marks)] if marks else []
        out[c.name] = Node(c.name, lines, kind + (" trusted" if c.flags["trusted"] else ""),
                           rank[c.name])
        if c.driver:
            key = "device of " + c.name
            out[key] = Node(key, [f"device: {c.driver['name']}",
                                  f"index {c.driver['index']}" if c.driver["address"] is None
                                  else f"address {c.driver['address']:x}"], "device",
                            rank[c.name] + 1)
    return out


def lines_of(s):
    """(from, to, class, label) of what is drawn; several of one class between two are one."""
    found = {}
    for e in s.endpoints:
        for k in e.callers:
            found.setdefault((k.component, e.owner, "call"), []).append(e.name)
    for ch in s.channels:
        areas = f" [{', '.join(ch.areas)}]" if ch.areas else ""
        found.setdefault((ch.client, ch.server, "channel"), []).append(ch.protocol + areas)
    joined = {(*pair, a) for ch in s.channels for a in ch.areas
              for pair in ((ch.client, ch.server), (ch.server, ch.client))}
    for p in s.pools:
        writers = [u for u in p.uses if "w" in u.rights]
        for w in writers:
            for u in p.uses:
                both = "w" in u.rights
                if u.component == w.component or (both and u.component < w.component) or \
                        (w.component, u.component, p.name) in joined:
                    continue
                found.setdefault((w.component, u.component, "memory"), []).append(p.name)
    for c in s.components:
        if c.driver:
            areas = report.areas_of(s, c)
            found[(c.name, "device of " + c.name, "wire")] = \
                ["DMA: " + ", ".join(areas)] if areas else [""]
    return [(a, b, kind, ", ".join(names)) for (a, b, kind), names in found.items()]


def place(nodes, lines):
    """Layers from the top; in each, the order that keeps lines short."""
    layers = {}
    for n in nodes.values():
        layers.setdefault(n.rank, []).append(n)
    near = {}
    for a, b, _, _ in lines:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    spot = {n.key: i for row in layers.values() for i, n in enumerate(row)}
    for _ in range(8):
        for rank in sorted(layers):
            def middle(n):
                others = [spot[o] for o in near.get(n.key, []) if nodes[o].rank != n.rank]
                return sum(others) / len(others) if others else spot[n.key]
            layers[rank].sort(key=middle)
            for i, n in enumerate(layers[rank]):
                spot[n.key] = i
    width = max(sum(n.w for n in row) + GAP_X * (len(row) - 1) for row in layers.values())
    y = TOP
    for rank in sorted(layers):
        row = layers[rank]
        used = sum(n.w for n in row) + GAP_X * (len(row) - 1)
        x = MARGIN + (width - used) / 2
        for n in row:
            n.x, n.y = x, y
            x += n.w + GAP_X
        y += max(n.h for n in row) + GAP_Y
    return width + 2 * MARGIN, y - GAP_Y + MARGIN


def text(x, y, words, style, anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">' \
        f"{html.escape(words)}</text>"


def draw_node(n):
    out = [f'<rect class="box {n.kind}" x="{n.x:.1f}" y="{n.y:.1f}" width="{n.w:.1f}" '
           f'height="{n.h:.1f}" rx="7"/>']
    for i, line in enumerate(n.lines):
        out.append(text(n.x + n.w / 2, n.y + PAD + LINE * i + 7, line, "small" if i else "name"))
    return out


def draw_line(nodes, index, a, b, kind, label):
    """A curve from the lower edge of the upper node to the upper edge of the lower one, and its
    label."""
    p, q = nodes[a], nodes[b]
    shift = (index % 3 - 1) * 32
    x1, y1 = p.x + p.w / 2 + shift, p.y + p.h
    x2, y2 = q.x + q.w / 2 + shift, q.y
    if q.rank == p.rank:
        y2, bend = q.y + q.h, 50
        curve = f"C {x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 + bend:.1f}"
        at = ((x1 + x2) / 2, y1 + bend * 0.75)
    elif q.rank < p.rank:
        y1, y2 = p.y, q.y + q.h
        curve = f"C {x1:.1f} {y1 - 40:.1f} {x2:.1f} {y2 + 40:.1f}"
        at = ((x1 + x2) / 2, (y1 + y2) / 2)
    else:
        curve = f"C {x1:.1f} {y1 + 40:.1f} {x2:.1f} {y2 - 40:.1f}"
        t = 0.3 + 0.2 * (index % 3)
        at = (x1 + (x2 - x1) * t, y1 + (y2 - y1) * t)
    end = "" if kind == "wire" else f' marker-end="url(#{kind})"'
    path = f'<path class="{kind}" d="M {x1:.1f} {y1:.1f} {curve} {x2:.1f} {y2:.1f}"{end}/>'
    words = []
    if label:
        w = len(label) * 6.2 + 8
        words = [f'<rect x="{at[0] - w / 2:.1f}" y="{at[1] - 9:.1f}" width="{w:.1f}" height="15" '
                'fill="#fff" fill-opacity="0.9"/>', text(at[0], at[1] + 3, label, "label")]
    return path, words


def markers():
    out = ["<defs>"]
    for kind, color in (("call", "#1f5fbf"), ("channel", "#b35a00"), ("memory", "#2e8b57")):
        out.append(f'<marker id="{kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="10" '
                   f'markerHeight="10" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" '
                   f'style="fill:{color};stroke:none"/></marker>')
    return out + ["</defs>"]


def legend(height):
    out, x = [], MARGIN
    for kind, words in (("call", "calls"), ("channel", "requests, [pools]"),
                        ("memory", "writes memory that the other sees"), ("wire", "drives")):
        out.append(f'<path class="{kind}" d="M {x} {height - 14} L {x + 34} {height - 14}"/>')
        out.append(text(x + 40, height - 10, words, "small", "start"))
        x += 62 + len(words) * 6.4
    return out, x


def svg(s):
    """The picture of a system."""
    nodes, lines = nodes_of(s), lines_of(s)
    width, height = place(nodes, lines)
    height += 34
    below, wide = legend(height)
    title = f"{s.name}: {s.description}" if s.description else s.name
    width = max(width, wide, len(title) * 10.8 + 2 * MARGIN)
    body = [text(MARGIN, 32, title, "title", "start")]
    drawn, pairs = [], {}
    for line in lines:                  # several lines between two components lie beside each other
        index = pairs[frozenset(line[:2])] = pairs.get(frozenset(line[:2]), 0) + 1
        drawn.append(draw_line(nodes, index, *line))
    body += [path for path, _ in drawn] + [w for _, words in drawn for w in words]
    for n in nodes.values():
        body += draw_node(n)
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
                      f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">',
                      f"<style>{STYLE}</style>",
                      '<rect width="100%" height="100%" fill="#fff"/>',
                      *markers(), *body, *below, "</svg>", ""])
