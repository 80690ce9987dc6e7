# SPDX-License-Identifier: MIT
"""The tests of everything: `make test`, `make test T=name`.

    test.py [--only NAME] [--list]

Groups: tools, build, check, unit, system, kernel, boot, fuzz, proofs. NAME selects the jobs whose
name contains it; if none does, the single tests of unit and kernel whose name contains it. A job
may report many tests; each counts. The last line is `N passed, N failed`, with `, N skipped` if any.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shlex
import subprocess
import sys
import threading

import emu
import fuzz
import proc
import tap

ROOT = proc.ROOT
PYTHON = "/usr/bin/python3"
LOGS = ROOT / "build" / "log"
COMPILERS = {"gcc": ("build", "gcc"), "clang": ("build/clang", "clang")}
FUZZ_SECONDS = 20
TAIL = 25


@dataclasses.dataclass
class Outcome:
    """What a job found: names of tests, and text that helps with the failed ones."""
    passed: list = dataclasses.field(default_factory=list)
    failed: list = dataclasses.field(default_factory=list)
    skipped: list = dataclasses.field(default_factory=list)     # (name, reason)
    detail: str = ""
    repeat: str = ""
    seconds: float = 0.0
    unsteady: list = dataclasses.field(default_factory=list)    # failed once, then passed


@dataclasses.dataclass
class Job:
    """One entry of the list; `run` takes a filter for single tests or ''."""
    name: str
    run: object
    needs: tuple = ()       # builds, by job name
    alone: bool = False     # not beside another job


def skip(reason):
    return Outcome(skipped=[("", reason)])


def tail(text, lines=TAIL):
    return "\n".join(text.rstrip().splitlines()[-lines:])


def log(name, text):
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / (name.replace("/", "-") + ".txt")
    path.write_text(text)
    return path.relative_to(ROOT)


def of_command(cmd, timeout, name, env=None):
    """An outcome with one test: did the command end with status 0?"""
    done = proc.run(cmd, timeout, env)
    words = [f"{k}={v}" for k, v in (env or {}).items()] + [shlex.join(map(str, cmd))]
    out = Outcome(repeat=" ".join(words), seconds=done.seconds)
    if done.rc == 0 and not done.timed_out:
        out.passed.append("")
    else:
        out.failed.append("")
        why = "timeout" if done.timed_out else f"status {done.rc}"
        out.detail = f"{why}; all of it in {log(name, done.out)}\n{tail(done.out)}"
    return out


def of_report(report, need_done, filter_):
    """Turns TAP into an outcome; a report of the wrong form is a failure of its own."""
    complaint = report.complaint(need_done and not filter_)
    if filter_:
        report = report.only(filter_)
    out = Outcome(list(report.passed), list(report.failed), list(report.skipped))
    if complaint and not (filter_ and report.total() == 0):
        out.failed.append("(form)")
        out.detail = complaint
    return out


# ---- tools and form --------------------------------------------------------------------------

def run_tools(_):
    done = proc.run([PYTHON, "-m", "unittest", "discover", "-v", "-s", "tools/tests"], 900)
    out = Outcome(repeat=f"{PYTHON} -m unittest discover -v -s tools/tests", seconds=done.seconds)
    for m in re.finditer(r"^(test_\w+) \(.*?(?:\.\.\. )(ok|FAIL|ERROR|skipped.*)$", done.out,
                         re.MULTILINE | re.DOTALL):
        name, word = m.group(1), m.group(2)
        if word == "ok":
            out.passed.append(name)
        elif word.startswith("skipped"):
            out.skipped.append((name, word))
        else:
            out.failed.append(name)
    if done.rc != 0 or not out.passed:
        out.failed = out.failed or ["(form)"]
        out.detail = f"all of it in {log('tools', done.out)}\n{tail(done.out)}"
    return out


def run_check(_):
    return of_command([PYTHON, "tools/check.py", "--forbidden"], 60, "check")


def run_interface(_):
    if not (ROOT / "tools/abigen.py").exists():
        return skip("no tools/abigen.py")
    return of_command([PYTHON, "tools/abigen.py", "--check", "abi/kernel.toml"], 60, "interface")


# ---- builds ----------------------------------------------------------------------------------

def make(compiler, *goals):
    directory, cc = COMPILERS[compiler]
    werror = os.environ.get("WERROR", "0")
    return ["make", "--no-print-directory", "-j2", f"B={directory}", f"CC={cc}",
            f"WERROR={werror}", *goals]


def build_job(compiler, goal, sources):
    name = f"build/{compiler}-{goal}"

    def run(_):
        absent = [s for s in sources if not list(ROOT.glob(s))]
        if absent:
            return skip("no " + ", ".join(absent))
        return of_command(make(compiler, goal), 600, name)
    return Job(name, run)


def build_jobs():
    jobs = []
    for c in COMPILERS:
        jobs.append(build_job(c, "kernel", ["abi/kernel.toml", "tools/abigen.py", "kernel/*.c",
                                            "kernel/arch/x86_64/kernel.ld"]))
        jobs.append(build_job(c, "programs", ["abi/kernel.toml", "tools/abigen.py", "lib/sys/*"]))
        jobs.append(build_job(c, "systems", ["systems/*.toml", "tools/sysgen.py",
                                             "servers/init/*.c"]))
        jobs.append(build_job(c, "unit", ["abi/kernel.toml", "tools/abigen.py", "kernel/*.c",
                                          "kernel/arch/host/*.c", "tests/unit/*.c"]))
    jobs.append(build_job("gcc", "fuzzers", ["abi/kernel.toml", "tools/abigen.py", "kernel/*.c",
                                             "kernel/arch/host/*.c", "tests/fuzz/*.c"]))
    return jobs


# ---- host tests ------------------------------------------------------------------------------

def mains(directory, pattern):
    return [p.stem for p in sorted((ROOT / directory).glob("*.c"))
            if re.search(pattern, p.read_text(), re.MULTILINE)]


def unit_job(compiler, name):
    binary = f"{COMPILERS[compiler][0]}/unit/{name}"

    def run(filter_):
        done = proc.run([binary], 120)
        out = of_report(tap.parse(done.out), False, filter_)
        out.repeat, out.seconds = shlex.join([binary] + [filter_.replace("_", " ")] * bool(filter_)), done.seconds
        if (done.rc != 0 or done.timed_out) and not out.failed and not filter_:
            out.failed.append("(end)")
        if out.failed:
            why = "timeout" if done.timed_out else f"status {done.rc}"
            out.detail += f"{why}; all of it in {log(f'unit-{compiler}-{name}', done.out)}\n"
            out.detail += tap.failures(done.out) + "\n" + tail(done.out)
        return out
    return Job(f"unit/{compiler}-{name}", run, (f"build/{compiler}-unit",))


def unit_jobs():
    names = mains("tests/unit", r"^int main\b")
    if not names:
        why = "tests/unit has sources but no main()"
        sources = list(ROOT.glob("tests/unit/*.c"))
        return [Job("unit/none", lambda _: Outcome(failed=[why]) if sources
                    else skip("no tests/unit/*.c"))]
    return [unit_job(c, n) for c in COMPILERS for n in names]


def fuzz_job(target):
    binary = f"build/fuzz/{target}"

    def run(_):
        seconds = int(os.environ.get("FUZZ_SECONDS", FUZZ_SECONDS))
        out = Outcome(skipped=[("replay", "no tests/fuzz/corpus")]) if not fuzz.inputs(target) \
            else of_command(fuzz.replay_command(target, binary), 300, f"fuzz-{target}-replay")
        if out.failed:
            return out
        search = of_command(fuzz.search_command(target, binary, seconds), seconds + 120,
                            f"fuzz-{target}")
        search.passed += out.passed
        search.skipped += out.skipped
        return search
    return Job(f"fuzz/{target}", run, ("build/gcc-fuzzers",))


def fuzz_jobs():
    return [fuzz_job(t) for t in fuzz.targets()] or \
        [Job("fuzz/none", lambda _: skip("no target in tests/fuzz"))]


# ---- the kernel in the emulator --------------------------------------------------------------

DEBUG, RELEASE = "build/kernel-debug/tessera.elf", "build/kernel/tessera.elf"
CLANG, CLANG_RELEASE = "build/clang/kernel-debug/tessera.elf", "build/clang/kernel/tessera.elf"
VIRTIO_RNG = ["-global", "virtio-mmio.force-legacy=false", "-device", "virtio-rng-device"]
# name, kernel, configuration
KERNEL_MATRIX = [
    ("bochs", RELEASE, {"machine": "bochs", "timeout": 900}),
    ("microvm", DEBUG, {"extra": VIRTIO_RNG}),
    ("release", RELEASE, {}),
    ("clang", CLANG, {}),
    ("clang-release", CLANG_RELEASE, {}),
    ("poor-cpu", DEBUG, {"cpu": "qemu64", "accel": "tcg"}),
    ("one-cpu-icount", DEBUG, {"cpus": 1, "icount": True}),
    ("q35-four-cpus", DEBUG, {"machine": "q35", "cpus": 4, "edu": True}),
    ("q35-iommu-edu", DEBUG, {"machine": "q35-iommu", "edu": True}),
    ("q35-iommu-edu-release", RELEASE, {"machine": "q35-iommu", "edu": True}),
    # A processor that needs page tables for user mode apart from the kernel's, with PCIDs and without.
    ("kpti", DEBUG, {"cpu": "max,vendor=GenuineIntel", "accel": "tcg", "append": "barriers=on"}),
    ("kpti-release", RELEASE, {"cpu": "max,vendor=GenuineIntel,-pcid", "accel": "tcg"}),
    ("64-mib", DEBUG, {"mem": "64M"}),
    # Of which hardly any is touched.
    ("16-gib", DEBUG, {"machine": "q35", "mem": "16G", "extra": [
        "-object", "memory-backend-ram,id=ram,size=16G,reserve=off", "-machine", "memory-backend=ram"]}),
]
NVME = ["-blockdev", "driver=null-co,size=16777216,read-zeroes=on,node-name=d",
        "-device", "nvme,drive=d,serial=1"]
BOOT_MATRIX = [("bochs", {"machine": "bochs", "timeout": 240}),
               ("bochs-first-64-bit", {"machine": "bochs", "cpu": "p4_prescott_celeron_336", "timeout": 240}),
               ("iso-uefi", {"machine": "iso-uefi", "timeout": 180}),
               ("iso-bios", {"machine": "iso-bios", "timeout": 120}),
               ("microvm", {}), ("pc", {"machine": "pc"}), ("q35", {"machine": "q35"}),
               ("16-mib", {"mem": "16M"}),
               ("64-cpus", {"machine": "q35", "cpus": 64, "accel": "tcg", "timeout": 240,
                            "expect": r"^64 CPUs, (.*\n)+done$"}),
               # Here the firmware takes the last pages of RAM, the end of the module among them.
               ("q35-nvme", {"machine": "q35-iommu", "extra": NVME})]


def memory_available_gib():
    text = pathlib.Path("/proc/meminfo").read_text()
    return int(re.search(r"MemAvailable:\s+(\d+)", text).group(1)) / 2**20


def missing_machine(cfg):
    """Why this machine cannot be run here, or ''."""
    if cfg.mem == "16G" and memory_available_gib() < 2:
        return "less than 2 GiB of memory available"
    if cfg.machine == "iso-uefi" and not os.path.exists(emu.first_file(emu.OVMF)):
        return "no OVMF firmware"
    if cfg.machine == "bochs" and not os.path.exists(emu.BOCHS_BIOS):
        return "no Bochs"
    return ""


def emulate(name, cfg, filter_=""):
    """Boots cfg and reads the TAP on its console."""
    result = emu.run(cfg)
    out = of_report(tap.parse(result.console), True, filter_)
    out.repeat, out.seconds = cfg.command(), result.seconds
    if not result.ok and not out.failed:
        out.failed.append("(end)")
    if out.failed:
        out.detail = f"{result.reason}. {out.detail}".strip()
        out.detail += f"\nconsole, all of it in {log(name, result.console)}:\n"
        out.detail += (result.epitaph(cfg.kernel) or tap.failures(result.console)
                       or tail(result.console))
    return out


def emulate_tests(name, cfg, filter_):
    """As emulate. A virtual CPU can be held up for long on a busy host, and tests that have to do
    with time then fail: up to three that fail are run again, each by itself, and named."""
    out = emulate(name, cfg, filter_)
    if filter_ or not 0 < len(out.failed) <= 3 or any(t.startswith("(") for t in out.failed):
        return out
    for test in list(out.failed):
        alone = dataclasses.replace(cfg, append=f"{cfg.append} test={test.replace(' ', '_')}".strip())
        second = emulate(name + "-again", alone)
        if not second.failed and second.passed:
            out.failed.remove(test)
            out.passed.append(test)
            out.unsteady.append(test)
    return out


def kernel_job(name, kernel, options):
    def run(filter_):
        cfg = emu.Config(kernel, ["build/programs/ktest.elf"], timeout=240, expect="^# done")
        for key, value in options.items():
            setattr(cfg, key, value)
        if filter_:
            cfg.append = f"{cfg.append} test={filter_.replace(' ', '_')}".strip()
        missing = missing_machine(cfg)
        return skip(missing) if missing else emulate_tests(f"kernel-{name}", cfg, filter_)
    compiler = "clang" if kernel in (CLANG, CLANG_RELEASE) else "gcc"
    return Job(f"kernel/{name}", run, (f"build/{compiler}-kernel", "build/gcc-programs"),
               alone=options.get("cpus", 2) > 2)


def kernel_jobs():
    if not list(ROOT.glob("tests/kernel/*.c")):
        return [Job("kernel/none", lambda _: skip("no tests/kernel/*.c"))]
    return [kernel_job(*row) for row in KERNEL_MATRIX]


def boot_job(name, options):
    def run(_):
        cfg = emu.Config(RELEASE, ["build/programs/hello.elf"], expect="^done$", timeout=60)
        for key, value in options.items():
            setattr(cfg, key, value)
        missing = missing_machine(cfg)
        if missing:
            return skip(missing)
        result = emu.run(cfg)
        out = Outcome(repeat=cfg.command(), seconds=result.seconds)
        (out.passed if result.ok else out.failed).append("")
        if not result.ok:
            path = log(f"boot-{name}", result.console)
            out.detail = f"{result.reason}\nconsole, all of it in {path}:\n"
            out.detail += result.epitaph(cfg.kernel) or tail(result.console)
        return out
    return Job(f"boot/{name}", run, ("build/gcc-kernel", "build/gcc-programs"),
               alone=options.get("cpus", 2) > 2)


def boot_jobs():
    if not list(ROOT.glob("apps/hello/*.c")):
        return [Job("boot/none", lambda _: skip("no apps/hello/*.c"))]
    return [boot_job(*row) for row in BOOT_MATRIX]


def system_jobs():
    """Tests with a driver of their own: tests/NAME/run.py, which reports in TAP. One that has a
    quick form is run in that form, unless FULL is set in the environment."""
    def job(path):
        short = ["--quick"] if "--quick" in path.read_text() and not os.environ.get("FULL") else []

        def run(filter_):
            done = proc.run([PYTHON, str(path)] + short, 3600 if not short else 2400)
            name = f"system-{path.parent.name}"
            out = of_report(tap.parse(done.out), False, filter_)
            if (done.rc != 0 or done.timed_out) and not out.failed:
                out.failed.append("(end)")
            out.repeat, out.seconds = " ".join([PYTHON, str(path)] + short), done.seconds
            if out.failed:
                out.detail += f"all of it in {log(name, done.out)}\n" + \
                    (tap.failures(done.out) or tail(done.out))
            return out
        return Job(f"system/{path.parent.name}", run)
    return [job(p.relative_to(ROOT)) for p in sorted(ROOT.glob("tests/*/run.py"))]


def proof_jobs():
    def run(_):
        if not (ROOT / "proofs/run.py").exists():
            return skip("no proofs/run.py")
        return of_command([PYTHON, "proofs/run.py", "--quick"], 3600, "proofs")

    def run_prover(_):
        return of_command([PYTHON, "-m", "unittest", "discover", "-s", "proofs", "-t", "proofs"], 1200, "prover")
    # By themselves on both processors, since tests that count on time run beside others.
    return [Job("proofs/prover", run_prover), Job("proofs/quick", run, alone=True)]


# ---- running the list ------------------------------------------------------------------------

class Totals:
    """Prints each outcome when it comes, and counts."""

    def __init__(self, repeats=False):
        self.lock = threading.Lock()
        self.repeats = repeats          # say of what passed, too, how to run it again
        self.passed = self.failed = self.skipped = self.number = 0
        self.status = {}

    def add(self, job, out):
        with self.lock:
            self.number += 1
            self.passed += len(out.passed)
            self.failed += len(out.failed)
            self.skipped += len(out.skipped)
            self.status[job.name] = ("failed" if out.failed else
                                     "passed" if out.passed else "skipped")
            self.show(job, out)

    def show(self, job, out):
        word = "not ok" if out.failed else "ok"
        line = f"{word} {self.number} {job.name}"
        if not out.failed and not out.passed:
            reason = out.skipped[0][1] if out.skipped else "no test of this name"
            print(f"{line} # SKIP {reason}", flush=True)
            return
        print(f"{line} ({len(out.passed)} passed, {out.seconds:.1f} s)", flush=True)
        for reason, count in collections.Counter(r for _, r in out.skipped).items():
            print(f"  # skipped {count}: {reason}")
        if self.repeats and out.repeat and not out.failed and not job.name.startswith("build/"):
            print(f"  # repeat: {out.repeat}")
        for name in out.unsteady:
            print(f"  # failed, and passed when run again by itself: {name}")
        for name in out.failed:
            print(f"  # FAILED {job.name} {name}".rstrip())
        if out.failed:
            print("\n".join("  # | " + s for s in out.detail.splitlines()))
            print(f"  # repeat: {out.repeat}\n  # or:     make test T={job.name}", flush=True)


def guarded(job, totals, filter_):
    """Runs a job whose builds succeeded; an exception of the driver is a failed test."""
    blocked = [n for n in job.needs if totals.status.get(n, "passed") != "passed"]
    try:
        out = skip(f"{blocked[0]} {totals.status[blocked[0]]}") if blocked else job.run(filter_)
    except Exception as e:                                      # report, and go on with the rest
        out = Outcome(failed=["(driver)"], detail=f"{type(e).__name__}: {e}")
    totals.add(job, out)


def run_all(jobs, totals, filter_):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda j: guarded(j, totals, filter_), [j for j in jobs if not j.alone]))
    for j in jobs:
        if j.alone:
            guarded(j, totals, filter_)


def every_job():
    slow_first = boot_jobs() + fuzz_jobs() + proof_jobs() + kernel_jobs()
    checks = [Job("tools/self", run_tools), Job("check/form", run_check),
              Job("check/interface", run_interface)]
    rest = unit_jobs() + system_jobs() + checks
    return build_jobs(), slow_first + rest


def select(only):
    """The builds and jobs for a name, and the filter for single tests."""
    builds, jobs = every_job()
    if not only:
        return builds, jobs, ""
    chosen = [j for j in builds + jobs if only in j.name]
    filter_ = ""
    if not chosen:
        filter_ = only
        chosen = [j for j in jobs if j.name.startswith("unit/gcc") or j.name == "kernel/microvm"]
    needed = {n for j in chosen for n in j.needs}
    return ([j for j in builds if j.name in needed or j in chosen],
            [j for j in chosen if j not in builds], filter_)


def occurs(name):
    """May a single test have this name?  Some names are put together while the tests run: so it is looked for word by word."""
    texts = [p.read_text() for d in ("tests/unit", "tests/kernel") for p in ROOT.glob(f"{d}/*.[ch]")] + [(ROOT / "abi/kernel.toml").read_text()]
    return all(any(word in text for text in texts) for word in re.findall(r"\w+", name.replace("_", " ")))


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default="")
    p.add_argument("--list", action="store_true")
    args = p.parse_args(argv)
    builds, jobs, filter_ = select(args.only)
    if filter_ and not occurs(filter_):
        print(f"no such test: {filter_}\nNAME is a part of one of these, or of a single test in tests/unit or tests/kernel:")
        print("\n".join(f"  {j.name}" for group in every_job() for j in group))
        return 2
    if args.list:
        print("\n".join(j.name for j in builds + jobs))
        return 0
    totals = Totals(bool(args.only))
    if builds:
        subprocess.run(make("gcc", "gen"), cwd=ROOT, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    for j in builds:                                            # make uses both processors
        guarded(j, totals, "")
    run_all(jobs, totals, filter_)
    if filter_ and totals.passed + totals.failed == len(builds):
        print(f"not ok - no test has a name that contains '{filter_}'")
        totals.failed += 1
    skipped = f", {totals.skipped} skipped" if totals.skipped else ""
    print(f"{totals.passed} passed, {totals.failed} failed{skipped}", flush=True)
    return 1 if totals.failed or not totals.passed else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
