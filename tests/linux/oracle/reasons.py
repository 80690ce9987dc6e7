# SPDX-License-Identifier: MIT
"""Why tests do not pass on Tessera: a list of every one, each with its reason."""

import dataclasses
import re

LINE = 200              # of a reason are shown
SAYS = {
    "posix": {"FAIL": "it fails on both", "UNRESOLVED": "it could not set up what it tests", "UNSUPPORTED": "it says that it needs an option that is not there",
              "UNTESTED": "it says that it does not test this, or not as it is run here"},
    "busybox": {"FAIL": "it fails on both", "SKIPPED": "its script leaves it out: Debian's busybox is built without what it needs, or it is marked as a known bug",
                "UNTESTED": "runtest leaves it out: Debian's busybox is built without what it needs"},
}
KNOWN, WORSE, NOT_BUILT, LEFT_OUT = "worse than on Linux, and known", "worse than on Linux, and NOT known", "do not build, so ran on neither side", "left out of this run"


@dataclasses.dataclass
class Outcome:
    suite: str
    verdicts: dict                                              # case -> (on this machine, on Tessera)
    texts: dict = dataclasses.field(default_factory=dict)       # case -> what it printed (on this machine, on Tessera)
    hints: dict = dataclasses.field(default_factory=dict)       # case -> what its source says about the reason
    not_built: list = dataclasses.field(default_factory=list)   # (name, why)
    left_out: list = dataclasses.field(default_factory=list)    # (name, why)

    def good(self):
        return {case for case, (here, there) in self.verdicts.items() if there in ("PASS", here)}

    def failures(self):
        return sorted(case for case, (_, there) in self.verdicts.items() if there != "PASS")


def last_line(text):
    """What a program said in the end, without the time of day."""
    lines = [line for line in (re.sub(r"[^\x21-\x7e]+", " ", line).strip() for line in text.splitlines()) if line]
    return re.sub(r"^\[\d+:\d+:\d+\] *", "", lines[-1])[:LINE] if lines else ""


def same(outcome, case):
    """The reason of a test that ends on Linux in the same way."""
    status = outcome.verdicts[case][0]
    here, there = map(last_line, outcome.texts.get(case, ("", "")))
    reason = f"the same on Linux: {status}, {here or 'and it prints nothing more'}"
    if there != here:
        reason += f" (on Tessera: {there or 'nothing'})"
    return reason + (f"; {outcome.hints[case]}" if case in outcome.hints else "")


def reason(outcome, case, listed):
    """(group, reason) of one that does not pass."""
    here, there = outcome.verdicts[case]
    if there == here:
        meaning = SAYS[outcome.suite].get(here)
        return f"the same on Linux: {here}" + (f" ({meaning})" if meaning else ""), same(outcome, case)
    if case in listed:
        return KNOWN, f"{there}, on Linux {here}: {listed[case][0]}"
    return WORSE, f"{there}, on Linux {here}: {last_line(outcome.texts.get(case, ('', ''))[1]) or 'it prints nothing'}"


def groups(outcome, listed):
    """group -> [(case, reason)]: what is worse first, then by size."""
    found = {}
    for case in outcome.failures():
        group, why = reason(outcome, case, listed)
        found.setdefault(group, []).append((case, why))
    found = dict(sorted(found.items(), key=lambda item: (item[0] not in (WORSE, KNOWN), -len(item[1]), item[0])))
    return {**found, **{name: cases for name, cases in ((NOT_BUILT, outcome.not_built), (LEFT_OUT, outcome.left_out)) if cases}}


def report(outcome, listed):
    """Lines: the sum, each group with its number, each test with its reason."""
    bad = len(outcome.failures())
    lines = [f"{outcome.suite}: {len(outcome.verdicts)} tests ran, {len(outcome.verdicts) - bad} pass on Tessera, {bad} do not:"]
    for group, cases in groups(outcome, listed).items():
        lines.append(f"  {group}: {len(cases)}")
        lines += [f"    {case}: {why}" for case, why in cases]
    return lines


def page(command, lines):
    """The same lines as a page: suites, groups and tests are told apart by how far they stand to the right."""
    out = ["# Tests of others that do not pass", "", f"Written by `{command}`: every test of posixtestsuite and of busybox's own that does not pass on Tessera, with its",
           "reason (`docs/design/linux.md`). What ends on Linux in the same way says so.", ""]
    for line in lines:
        text = line.strip()
        if not line.startswith(" "):
            out += [""] * bool(out[-1]) + [f"## {text}", ""]
        elif not line.startswith("    "):
            out += [""] * bool(out[-1]) + [f"### {text}", ""]
        else:
            case, _, why = text.partition(": ")
            out.append(f"* `{case}`: {why}")
    return "\n".join(out) + "\n"
