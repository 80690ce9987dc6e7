# SPDX-License-Identifier: MIT
"""Measures the C of the tree against the aims of docs/style.md and looks for what the kernel
must not contain.

    check.py                the tables, the ten worst places, everything forbidden
    check.py --forbidden    only what is forbidden; status 1 if there is any
    check.py --sloc         only the number of lines of the kernel, for other tools
"""
import argparse
import dataclasses
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
AIMS = {"lines": 60, "complexity": 10, "parameters": 5, "file": 500}
KERNEL_SLOC = 8000

BRANCH = re.compile(r"\b(?:if|for|while|case)\b|&&|\|\||\?")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+\w+\(", re.MULTILINE)
CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b", re.MULTILINE)
ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)|\[\[[^\]]*\]\]")
HEADER = re.compile(r"(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)\s*\w*\s*$")

# What generic kernel code must not contain, in code without comments and directives.
FORBIDDEN = [
    ("goto", re.compile(r"\bgoto\b")),
    ("pointer to function", re.compile(r"\(\s*\*\s*(?:const\s+)?\w*\s*(?:\[\w*\])?\)\s*\(")),
    ("bit-field", re.compile(r"\b(?:u8|u16|u32|u64|int|unsigned|bool)\s+\w*\s*:\s*\w+\s*;")),
    ("variable arguments", re.compile(r"\bva_(?:list|start|arg)\b|,\s*\.\.\.\s*\)")),
    ("inline assembler", re.compile(r"\b(?:asm|__asm__|__asm)\b")),
    ("floating point", re.compile(r"\b(?:float|double)\b")),
    ("name of an architecture", re.compile(
        r"(?i)\b(?:x86(?:_64)?|amd64|i386|riscv\w*|aarch64|arm64|l?apic|ioapic|x2apic|cr[0348]|"
        r"e?fl?ags_if|msr|invlpg|pcid|vtd|rax|rsp|rip)\b|__x86_64__")),
]
UNION = re.compile(r"\bunion\b")
NOTE = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "_Static_assert", "defined",
            "__attribute__", "typeof"}


@dataclasses.dataclass
class Function:
    file: str
    name: str
    line: int
    lines: int
    complexity: int
    parameters: int
    calls: set


@dataclasses.dataclass
class File:
    path: str
    text: str
    code: str           # comments and strings blanked, line structure kept
    bare: str           # directives blanked too
    lines: int
    sloc: int
    comments: int
    functions: list
    globals: list


def blank(match):
    """White space with the same line ends; a string keeps its quotes."""
    text = match.group(0)
    keep = re.sub(r"[^\n]", " ", text)
    return keep if text[0] == "/" or len(text) < 2 else text[0] + keep[1:-1] + text[-1]


def top_level(bare):
    """Yields (start, text before the brace or semicolon, end, body) of what stands at depth 0."""
    depth, start, brace = 0, 0, 0
    for i, c in enumerate(bare):
        if c == "{":
            if depth == 0:
                brace = i
            depth += 1
        elif c == "}":
            depth -= 1
            if depth == 0 and HEADER.search(ATTRIBUTE.sub(" ", bare[start:brace])):
                yield start, bare[start:brace], i, bare[brace:i + 1]
                start = i + 1
        elif c == ";" and depth == 0:
            yield start, bare[start:i], i, ""
            start = i + 1


def parameters(text):
    text = re.sub(r"\([^()]*\)", "", text).strip()
    return 0 if text in ("", "void") else text.count(",") + 1


def global_name(text):
    """The name of a variable that can change, if `text` declares one."""
    text = re.sub(r"\{.*\}", "{}", ATTRIBUTE.sub(" ", text), flags=re.DOTALL).strip()
    if re.match(r"(typedef|extern|_Static_assert|enum\b[^=]*$|(struct|union)\s+\w+\s*(\{\})?$)",
                text) or "(" in text.split("=")[0] or re.search(r"\bconst\b", text.split("=")[0]):
        return None
    m = re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*(?:=.*)?$", text, re.DOTALL)
    return m.group(1) if m and len(text.split()) > 1 else None


def measure_function(path, bare, start, header, end, body):
    m = HEADER.search(ATTRIBUTE.sub(" ", header))
    first = start + len(header) - len(header.lstrip())
    calls = {n for n in re.findall(r"\b(\w+)\s*\(", body)} - KEYWORDS
    return Function(path, m.group(1), bare.count("\n", 0, first) + 1,
                    bare.count("\n", first, end) + 1, 1 + len(BRANCH.findall(body)),
                    parameters(m.group(2)), calls)


def measure(path, root=ROOT):
    text = path.read_text(encoding="utf-8", errors="replace")
    name = str(path.relative_to(root))
    code = COMMENT.sub(blank, text)
    bare = DIRECTIVE.sub(blank, code)
    functions, variables = [], []
    for start, header, end, body in top_level(bare):
        if body:
            functions.append(measure_function(name, bare, start, header, end, body))
        elif global_name(header) and path.suffix == ".c":
            variables.append(global_name(header))
    lines = text.splitlines()
    sloc = sum(1 for s in code.splitlines() if s.strip())
    comments = sum(1 for a, b in zip(lines, code.splitlines()) if a.strip() and not b.strip())
    return File(name, text, code, bare, len(lines), sloc, comments, functions, variables)


def sources(*directories, root=ROOT):
    found = []
    for d in directories:
        found += [p for p in sorted((root / d).rglob("*")) if p.suffix in (".c", ".h", ".S")]
    return [measure(p, root) for p in found]


def is_generic(path):
    return path.startswith("kernel/") and not path.startswith("kernel/arch/")


def kernel_files(root=ROOT):
    """The hand-written kernel that boots: without simulation and prover's view."""
    return [f for f in sources("kernel", root=root)
            if not f.path.startswith(("kernel/arch/host/", "kernel/arch/proof/"))]


def kernel_sloc(root=ROOT):
    return sum(f.sloc for f in kernel_files(root))


# ---- what is forbidden -----------------------------------------------------------------------

def places(pattern, text):
    return [text.count("\n", 0, m.start()) + 1 for m in pattern.finditer(text)]


def recursion(functions):
    """Names of functions that can reach themselves."""
    names = {f.name: f for f in functions}
    found = []
    for f in functions:
        seen, work = set(), [f.name]
        while work:
            for c in names[work.pop()].calls:
                if c in names and c not in seen:
                    seen.add(c)
                    work.append(c)
        if f.name in seen:
            found.append(f)
    return found


def forbidden(files):
    """Lines that say where the generic kernel contains what it must not."""
    out, functions = [], []
    for f in files:
        if f.path.startswith("kernel/"):
            out += [f"{f.path}:{n}: note about work left to do" for n in places(NOTE, f.text)]
        if not is_generic(f.path):
            continue
        functions += f.functions
        for what, pattern in FORBIDDEN:
            out += [f"{f.path}:{n}: {what}" for n in places(pattern, f.bare)]
        if pathlib.Path(f.path).stem != "cap":
            out += [f"{f.path}:{n}: union" for n in places(UNION, f.bare)]
    return out + [f"{f.file}:{f.line}: recursion through {f.name}" for f in recursion(functions)]


# ---- tables ----------------------------------------------------------------------------------

def spread(values):
    """median/95th percentile/maximum"""
    if not values:
        return "-"
    values = sorted(values)
    return f"{statistics.median_low(values)}/{values[int(0.95 * (len(values) - 1))]}/{values[-1]}"


def print_table(files):
    groups = {}
    for f in files:
        parts = pathlib.Path(f.path).parts
        depth = 3 if parts[:2] == ("kernel", "arch") else 1 if parts[0] == "kernel" else 2
        groups.setdefault("/".join(parts[:min(depth, len(parts) - 1)]), []).append(f)
    print(f"{'directory':22} {'files':>5} {'sloc':>6} {'comm%':>5} {'length':>11} "
          f"{'complexity':>10} {'#if/k':>6} {'macros':>6} {'globals':>7} {'longest':>7}")
    for name, fs in sorted(groups.items()):
        sloc = sum(f.sloc for f in fs)
        functions = [g for f in fs for g in f.functions]
        conditionals = sum(len(CONDITIONAL.findall(f.code)) for f in fs)
        comments = 100 * sum(f.comments for f in fs) // max(1, sloc + sum(f.comments for f in fs))
        print(f"{name:22} {len(fs):5} {sloc:6} {comments:5} "
              f"{spread([g.lines for g in functions]):>11} "
              f"{spread([g.complexity for g in functions]):>10} "
              f"{1000 * conditionals / max(1, sloc):6.1f} "
              f"{sum(len(MACRO.findall(f.code)) for f in fs):6} "
              f"{sum(len(f.globals) for f in fs):7} {max(f.lines for f in fs):7}")
    print("length and complexity of functions: median/95th percentile/maximum")


def offenders(files):
    """(times over the aim, text) for all that is over an aim, worst first."""
    found = []
    for f in files:
        found.append((f.lines / AIMS["file"], f"{f.path}: {f.lines} lines"))
        for g in f.functions:
            for what in ("lines", "complexity", "parameters"):
                value = getattr(g, what)
                found.append((value / AIMS[what], f"{g.file}:{g.line} {g.name}: {what} {value}"))
    return sorted([x for x in found if x[0] > 1], reverse=True)


def print_offenders(files):
    worst = offenders(files)
    print(f"\nover an aim ({', '.join(f'{k} {v}' for k, v in AIMS.items())}): {len(worst)} places"
          + ("; the ten worst:" if worst else ""))
    for times, text in worst[:10]:
        print(f"  {times:4.1f} x  {text}")


def print_form(files):
    unmarked = [f.path for f in files if "SPDX-License-Identifier" not in f.text[:200]]
    print(f"\nfiles without licence line: {len(unmarked)} {' '.join(unmarked[:5])}")
    if shutil.which("clang-format"):
        paths = [f.path for f in files if not f.path.endswith(".S")]
        out = subprocess.run(["clang-format", "--dry-run", *paths], cwd=ROOT, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE).stderr
        ragged = sorted({line.split(":")[0] for line in out.splitlines() if "warning:" in line})
        print(f"files that `make fmt` would change: {len(ragged)} of {len(paths)}")


def print_total(files):
    generic = sum(f.sloc for f in files if is_generic(f.path))
    machine = sum(f.sloc for f in files if f.path.startswith("kernel/arch/x86_64/"))
    generated = ROOT / "build" / "gen" / "dispatch.c"
    extra = f"; generated dispatcher {measure(generated).sloc}" if generated.exists() else ""
    print(f"\nkernel, lines of code written by hand: {generic} generic + {machine} machine = "
          f"{generic + machine} (aim {KERNEL_SLOC}){extra}")


def main(argv):
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--forbidden", action="store_true")
    p.add_argument("--sloc", action="store_true")
    args = p.parse_args(argv)
    if args.sloc:
        print(kernel_sloc())
        return 0
    files = sources("kernel", "include", "lib", "apps", "servers", "drivers", "tests")
    bad = forbidden(files)
    if not args.forbidden:
        print_table(files)
        print_offenders(files)
        print_form(files)
        print_total(files)
    print(f"\nforbidden in the kernel: {len(bad)}")
    print("\n".join("  " + b for b in bad))
    return 1 if bad else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))
