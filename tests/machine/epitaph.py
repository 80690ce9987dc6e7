# SPDX-License-Identifier: MIT
"""A bug in the kernel ends in an epitaph, on whatever CPU it shows, and all CPUs stop.

The bugs are planted by the debugger: a thread's state that no invariant allows, and an instruction
that does not exist where a CPU goes when another one sends for it.
"""
import re

from under import DEBUG, HELLO, KTEST, RELEASE, ROOT, emu, machine

REGISTERS = ("r15 r14 r13 r12 rbp rbx r10 r9 r8 rdx rsi rdi rax rcx r11 vector error rip cs flags "
             "rsp ss cr2 cr3").split()
EVENT = re.compile(r"^\d+ \w+ thread=[0-9a-fx]+ a=[0-9a-fx]+ b=[0-9a-fx]+$", re.MULTILINE)
ENTRY = re.compile(r"^ of=[0-9a-fx]+ thread=[0-9a-fx]+(?: (?:call|vector)=[0-9a-fx]+ (?:handle|error)=[0-9a-fx]+ from=[0-9a-fx]+)?$",
                   re.MULTILINE)
BREAK_STATE = ("python import kd; gdb.selected_inferior().write_memory(int(kd.obj('TH', "
               "int(gdb.parse_and_eval('t')))['state'].address), b'\\x4d')")
NO_INSTRUCTION = "set *(unsigned short *)kernel_kick = 0x0b0f"
REMOTE = "test=a_call_to_another_CPU_is_answered"


def lacks(epitaph):
    """Registers that it does not show."""
    return [r for r in REGISTERS if not re.search(rf"(^| ){r}=", epitaph, re.MULTILINE)]


def assertion(tap):
    with machine(DEBUG, HELLO) as m:
        m.gdb("tbreak sys_object_create", "continue", BREAK_STATE)
        rc, text = m.end(), m.console()
    tap.say(rc == 97, "a broken invariant ends the emulator with status 97", f"{rc}\n{text}")
    tap.say(re.search(r"^KERNEL panic: kernel_inv_local\(cpu\) at kernel/entry\.c:\d+$", text, re.M),
            "an epitaph says which assertion failed, and where", text)
    tap.say(not lacks(text), "an epitaph shows the registers of the thread", " ".join(lacks(text)))
    events = EVENT.findall(text)
    tap.say(len(events) >= 10 and " call " in events[-2] and " result " in events[-1],
            "an epitaph ends with the last trace events of the CPU", "\n".join(events[-3:]))


def remote(tap, kernel, word):
    """The CPU with the bug is not the one that booted; three others are there."""
    with machine(kernel, KTEST, cpus=4, append=REMOTE) as m:
        m.gdb("break kernel_syscall", "continue", "delete", NO_INSTRUCTION)
        rc = m.end()
        result = emu.Result(False, "", rc or 0, m.console(), 0)
    text = result.epitaph(str(ROOT / kernel))
    cpu = re.search(r"^ cpu=0*(?:0x)?([0-9a-f]+) ", text, re.MULTILINE)
    tap.say(rc == 97 and re.search("^KERNEL panic: exception in the kernel$", text, re.M),
            f"an exception in the kernel is told, and ends with status 97, {word}",
            f"{rc}\n{result.console}")
    tap.say(cpu and int(cpu.group(1), 16) != 0, f"an epitaph names its CPU, {word}", text)
    entries = ENTRY.findall(text)
    tap.say(len(entries) == 4 and any(" from=" in e for e in entries),
            f"an epitaph tells with what each CPU entered the kernel last, {word}", text)
    tap.say("rip is kernel_kick at" in text, f"an epitaph leads to the place in the source, {word}", text)


def all_stop(tap):
    """Without the device that ends the emulator, what the CPUs do afterwards can be seen."""
    with machine(DEBUG, KTEST, cpus=4, append=REMOTE, poweroff=True) as m:
        m.gdb("break kernel_syscall", "continue", "delete", NO_INSTRUCTION)
        m.says(r"^end of epitaph$", 60)
        said = m.gdb(m.ask("info registers -a"))
        text = m.console()
    cpus = re.split(r"^CPU#\d+$", said, flags=re.MULTILINE)[1:]
    still = [c for c in cpus if "HLT=1" in c and "CPL=0" in c and
             not int(re.search(r"\bRFL=([0-9a-f]+)", c).group(1), 16) & 0x200]
    tap.say(len(cpus) == 4 and len(still) == 4,
            "after an epitaph all CPUs are halted, with interrupts off", f"{said}\n{text}")
    tap.say(text.count("KERNEL panic") == 1 and text.rstrip().endswith("end of epitaph"),
            "there is one epitaph, and nothing is said after it", text)


def run(tap):
    assertion(tap)
    remote(tap, DEBUG, "debug")
    remote(tap, RELEASE, "release")
    all_stop(tap)
