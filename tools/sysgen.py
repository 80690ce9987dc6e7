# SPDX-License-Identifier: MIT
"""From a system file (systems/NAME.toml) to what init interprets at boot.

    sysgen.py check SYSTEM.toml              only look for errors
    sysgen.py build SYSTEM.toml -o DIR       DIR/bundle.bin, DIR/report.txt, DIR/graph.svg,
                                             DIR/emulator (@DIR/emulator is for tools/emu.py)
    sysgen.py report SYSTEM.toml             who holds what, who reaches whom; -o FILE.svg: the picture
    sysgen.py depend SYSTEM.toml -o FILE     what of the tree it is made from, for make
    sysgen.py programs SYSTEM.toml           names of the programs it needs

Errors say file, line, what is wrong and what would be right; all that were found are shown.
"""
import argparse
import pathlib
import sys

from sysgen import graph, model, pack, report

ROOT = pathlib.Path(__file__).resolve().parent.parent


def depend(system, build):
    """A rule for make: the bundle and what it is made from. A program that make does not know (PROGRAMS) is
    left out: `build` says in which line it stands."""
    goal = f"{build}/systems/{pathlib.Path(system.path).stem}"
    programs = " ".join(f"{build}/programs/{p}.elf" for p in system.sources())
    needs = [f"$(filter $(PROGRAMS:%={build}/programs/%.elf),{programs})", system.path, *system.inputs()]
    return f"{goal}/bundle.bin: {' '.join(needs)}\n"


def emulator(system, out):
    """Options of tools/emu.py for `make run`.  `disk`: an empty file of that size is made, once, and
    stands for {disk} in `extra`."""
    e = system.emulator
    disk = out / "disk.img"
    if e["disk"] and (not disk.exists() or disk.stat().st_size != e["disk"]):
        with disk.open("wb") as f:
            f.truncate(e["disk"])
    words = ["--machine", e["machine"], *(["--append", e["append"]] if e["append"] else [])]
    words += [f"--extra={w.replace('{disk}', str(disk))}" for w in e["extra"]]
    return "\n".join(words) + "\n"


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("verb", choices=("check", "build", "report", "depend", "programs"))
    p.add_argument("system")
    p.add_argument("-o", "--output")
    p.add_argument("--build", default="build", help="where the programs are")
    args = p.parse_args(argv)
    system, errors = model.read(args.system, ROOT)
    if args.verb == "depend" and not errors:
        pathlib.Path(args.output).write_text(depend(system, args.build))
        return 0
    if args.verb == "report" and not errors:
        print(report.text(system), end="")
        if args.output:
            pathlib.Path(args.output).write_text(graph.svg(system))
        return 0
    if args.verb == "programs" and not errors:
        print("\n".join(system.sources()))
        return 0
    if args.verb == "build" and not errors:
        out = pathlib.Path(args.output)
        out.mkdir(parents=True, exist_ok=True)
        data, errors = pack.bundle(system, pathlib.Path(args.build) / "programs", ROOT)
        if not errors:
            (out / "report.txt").write_text(report.text(system))
            (out / "graph.svg").write_text(graph.svg(system))
            (out / "emulator").write_text(emulator(system, out))
            (out / "bundle.bin").write_bytes(data)
    for e in sorted(set(errors)):
        print(e, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
