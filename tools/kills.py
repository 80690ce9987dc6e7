# SPDX-License-Identifier: MIT
"""What it costs a client that the driver below it is killed again and again: from the lines that
tests/system/disk-client.c and net-client.c print when a few seconds with kills, or without, are over.

Other work on this machine changes rates from second to second: each time with kills is compared with
those without before and behind it, and the median is told.
"""
import re
import statistics

PHASE = re.compile(r"^\[client\] # (killed|quiet) for \d+ ms: (\d+) (\S+)", re.MULTILINE)


def ratios(phases):
    """Of the rate in each time with kills and the mean rate of its neighbours."""
    out = []
    for i, (kind, rate) in enumerate(phases):
        near = [r for k, r in phases[max(i - 1, 0):i + 2] if k == "quiet"]
        if kind == "killed" and near and statistics.mean(near) > 0:
            out.append(rate / statistics.mean(near))
    return out


def price(name, console):
    """A line for the report, or none if there are no such lines."""
    found = PHASE.findall(console)
    each = ratios([(kind, int(rate)) for kind, rate, _ in found])
    if not each:
        return []
    quiet = statistics.median(int(rate) for kind, rate, _ in found if kind == "quiet")
    spread = f"quartiles {statistics.quantiles(each)[0] - 1:+.0%} and {statistics.quantiles(each)[2] - 1:+.0%}, " \
        if len(each) > 1 else ""
    return [f"# {name}: {statistics.median(each) - 1:+.1%} ({spread}of {len(each)}), {quiet:.0f} {found[0][2]} without kills"]
