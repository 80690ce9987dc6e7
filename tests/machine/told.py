# SPDX-License-Identifier: MIT
"""What the first program is told of the machine: CPUs and memory by NUMA node, framebuffer, ACPI root."""
import re

from under import DEBUG, HELLO, machine

TWO_NODES = ("-object memory-backend-ram,id=m0,size=256M -object memory-backend-ram,id=m1,size=256M "
             "-numa node,nodeid=0,cpus=0-1,memdev=m0 -numa node,nodeid=1,cpus=2-3,memdev=m1").split()


def info(what, **options):
    """What the debugger prints of the kernel's map at boot."""
    with machine(DEBUG, HELLO, **options) as m:
        said = m.gdb("set print elements unlimited", "hbreak kernel_boot", "continue", "delete",
                     *(f"print map->info.{w}" for w in what))
        m.end(30)
        return said


def nodes(tap):
    said = info(["cpus", "cpu", "region", "acpi_root"], machine="q35", cpus=4, mem="512M", extra=TWO_NODES)
    cpus = [int(n) for n in re.findall(r"hardware_id = \d+, node = (\d+)", said)][:4]
    tap.say(cpus == [0, 0, 1, 1], "the first program is told the node of each CPU", said)
    pages = {0: 0, 1: 0}
    for count, node in re.findall(r"count = (\d+), [^}]*?is_ram = (?:true|1)[^}]*?node = (\d+)", said):
        pages[int(node)] += int(count)
    tap.say(all(60000 < n <= 65536 for n in pages.values()),
            "the first program is told which memory is near which node", f"{pages}\n{said}")
    root = re.search(r"^\$4 = (\d+)", said, re.MULTILINE)
    tap.say(root and 0xe0000 <= int(root[1]) < 0x100000, "the first program is told where the ACPI tables begin", said)


def framebuffer(tap):
    said = info(["framebuffer"], machine="iso-bios")
    m = re.search(r"address = (\d+), .*width = 1024, height = 768, .*bits = 32", said)
    tap.say(m and int(m[1]) >= 1 << 24, "the first program is told where the framebuffer is, if there is one", said)


def run(tap):
    nodes(tap)
    framebuffer(tap)
