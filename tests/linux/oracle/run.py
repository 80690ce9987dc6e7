#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Test suites of others on Tessera: posixtestsuite and busybox's own, with this machine as the reference.

    run.py [--quick] [--only TEXT] [--suite posix|busybox] [--page FILE]     TAP; status 0 if all is well

Debian's sources of both are fetched and checked by source.py; nothing of them is in this tree. A test
is good if it passes, or ends as it does on this machine. One that is not must stand in known.toml with
the reason, and one that stands there must not be good. With --quick, programs that need more than
QUICK_MS on this machine are left out, and the sums say how many. Every test that does not pass is
told with its reason, in comments and in build/oracle/failures.txt, also where Linux is no better;
--page writes the same as a page (docs/linux-oracle.md).
"""

import argparse
import pathlib
import shutil
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import bb          # noqa: E402
import pts         # noqa: E402
import reasons     # noqa: E402
import sides       # noqa: E402
import tap as taps  # noqa: E402
from cli import image  # noqa: E402
from source import SourceError  # noqa: E402

QUICK_MS = 1500
BUSYBOX_MS = 20000               # an applet's tests
FAILURES = pts.OUT / "failures.txt"
PARTS = 4                        # boots at once: tests sleep most of the time


def known(suite):
    """case -> (reason, only sometimes)"""
    with open(HERE / "known.toml", "rb") as f:
        entries = tomllib.load(f).get(suite, [])
    return {case: (entry["reason"], entry.get("sometimes", False)) for entry in entries for case in entry["cases"]}


def files_of(directory, into):
    """A copy of a suite's files with the driver."""
    files = pathlib.Path(into) / "files"
    shutil.copytree(directory, files, symlinks=True)
    sides.driver(files)
    return files


def judge(tap, outcome):
    """One line for the sum, one for each surprise; the list of what does not pass."""
    suite, verdicts, listed, good = outcome.suite, outcome.verdicts, known(outcome.suite), outcome.good()
    passed = len(verdicts) - len(outcome.failures())
    reference = sum(here == "PASS" for here, _ in verdicts.values())
    bad = sorted(set(verdicts) - good)
    for case in bad:
        here, there = verdicts[case]
        if case not in listed:
            tap.say(False, f"{suite}: {case}", f"{there}, on this machine {here}\n{outcome.texts.get(case, ('', ''))[1]}".strip())
    for case, (_, sometimes) in sorted(listed.items()):
        if case in good and not sometimes:
            tap.say(False, f"{suite}: {case}", "is good, and stands in known.toml")
    surprises = [c for c in bad if c not in listed]
    tap.say(not surprises and bool(verdicts), f"{suite}: {len(verdicts)} tests, {passed} pass ({reference} on this machine), {len(good)} as here or better, "
             f"{len(bad)} not ({len(bad) - len(surprises)} of them known), {len(outcome.left_out)} left out")
    return reasons.report(outcome, listed)


def again(tap, suite, files, make, names, host, guest, good):
    """What went wrong among others is tried once more alone, and with more time."""
    doubtful = [n for n in names if n not in guest or not good(host.get(n), guest[n])]
    doubtful = [n for n in doubtful if n not in known(suite)]
    if doubtful:
        results, said = sides.boots(files, [make(n, 300) for n in doubtful])
        for name in doubtful:
            if name in results and good(host.get(name), results[name]):
                print(f"# {suite}: {name} at the second try: first {pts.word(guest.get(name))}")
        guest.update(results)
        boots_said(tap, suite, said)


def boots_said(tap, suite, said):
    for text in said:
        tap.say(False, f"{suite}: a machine ended early", text.strip())


def posix(tap, args):
    directory, names, not_built = pts.build()
    names = [n for n in names if args.only in n]
    with tempfile.TemporaryDirectory(prefix="tessera-oracle-") as top:
        files = files_of(directory, top)
        limit = 3 if args.quick else 60
        host = sides.all_here(files, [pts.job(n, limit) for n in names], PARTS)
        # The limit of processes is nobody's, whoever else runs as nobody here.
        host.update(sides.all_here(files, [pts.job(n, limit) for n in names if host[n].status == sides.NOT_STARTED], 1))
        chosen = [n for n in names if not args.quick or host[n].ms < QUICK_MS]
        jobs = [pts.job(n, 30 + host[n].ms // 30) for n in chosen]
        guest, said = sides.all_there(files, jobs, PARTS)
        boots_said(tap, "posix", said)
        again(tap, "posix", files, pts.job, chosen, host, guest, lambda h, g: pts.word(g) in ("PASS", pts.word(h)))
    verdicts = {n: (pts.word(host[n]), pts.word(guest.get(n))) for n in chosen}
    return judge(tap, reasons.Outcome("posix", verdicts, {n: (host[n].text, guest[n].text if n in guest else "") for n in chosen},
                                      pts.hints([n for n, words in verdicts.items() if words == ("UNSUPPORTED", "UNSUPPORTED")]),
                                      [line for line in not_built if args.only in line[0]], left_out(names, chosen, host, QUICK_MS)))


def left_out(names, chosen, host, ms):
    return [(n, f"needs {host[n].ms} ms on this machine, more than {ms}") for n in names if n not in chosen]


def busybox(tap, args):
    directory, names = bb.build()
    names = [n for n in names if args.only in n]
    with tempfile.TemporaryDirectory(prefix="tessera-oracle-") as top:
        files = files_of(directory, top)
        host = sides.all_here(files, [bb.job(n, 60) for n in names], PARTS)
        chosen = [n for n in names if not args.quick or host[n].ms < BUSYBOX_MS]
        guest, said = sides.all_there(files, [bb.job(n, 60 + host[n].ms // 50) for n in chosen], PARTS)
        boots_said(tap, "busybox", said)
    here, there = bb.cases({n: host[n] for n in chosen}), bb.cases(guest)
    both = {case: (bb.find(case, here, host), bb.find(case, there, guest)) for case in {**here, **there}}
    return judge(tap, reasons.Outcome("busybox", {case: (h[0], t[0]) for case, (h, t) in both.items()}, {case: (h[1], t[1]) for case, (h, t) in both.items()},
                                      left_out=left_out(names, chosen, host, BUSYBOX_MS)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="tests whose name contains this")
    parser.add_argument("--suite", choices=("posix", "busybox"))
    parser.add_argument("--page", type=pathlib.Path, metavar="FILE", help="write the list of what does not pass there, for docs/")
    args = parser.parse_args()
    tap, listed = taps.Writer(slice(-8, None)), []
    image.build()
    for name, suite in (("posix", posix), ("busybox", busybox)):
        if args.suite in (None, name):
            try:
                listed += suite(tap, args)
            except SourceError as error:
                tap.say(True, f"{name} # SKIP {error}")
                listed.append(f"{name}: not run: {error}")
    print("".join(f"# {line}\n" for line in listed), end="")
    FAILURES.parent.mkdir(parents=True, exist_ok=True)
    FAILURES.write_text("".join(f"{line}\n" for line in [f"run.py {' '.join(sys.argv[1:])}".rstrip(), *listed]))
    print(f"# this list is in {FAILURES}")
    if args.page:
        args.page.write_text(reasons.page(f"tests/linux/oracle/run.py{' --quick' * args.quick} --page {args.page}", listed))
    return tap.end(args.only)


if __name__ == "__main__":
    sys.exit(main())
