# SPDX-License-Identifier: MIT
"""What people look with: the commands of `make gdb`, the recording of `make trace`."""
import json
import re
import subprocess

from under import DEBUG, HELLO, ROOT, machine

# Command, and what it must show of the program hello, whose first question waits for the server.
COMMANDS = [
    ("kd threads", r"^ *0x\w+ cpu 0 call +prio 100/100 .* queue 0x\w+ .* ip 0x\w+"),
    ("kd cpus", r"^cpu 0: current 0x\w+ loaded 0x\w+ charged 0x\w+ clock since \d+"),
    ("kd caps", r"^0x\w+ memory CREATE \[0x\w+, 0x\w+\)(.*\n)+?  +0x\w+ ep .* owner"),
    ("kd queues", r"^ *0x\w+ ep +cpu 0 senders: 0x\w+$"),
    ("kd objects", r"^ +2 thread +0x\w+ 0x\w+$"),
    ("kd trace", r"^ +\d+ cpu 0 thread 0x\w+ +call "),
]
SPACE = ("python import kd; page = next(kd.heads('space'))[0]; "
         "gdb.execute('kd space %d' % page)")
MAPPED = r"^0x\w+ to 0x\w+  r-x  page 0x\w+\n(.*\n)*?0x\w+ to 0x\w+  rw-  page 0x\w+"


def commands(tap):
    with machine(DEBUG, HELLO) as m:
        words = ["break sys_ep_recv", "continue"]
        for c, _ in COMMANDS:
            words += [f"echo @@@{c}\\n", c]
        said = m.gdb(*words, "echo @@@kd space\\n", SPACE, "echo @@@help\\n", "help kd", "delete")
        rc = m.end()
    parts = dict(p.split("\n", 1) for p in said.split("@@@")[1:])
    for c, pattern in [*COMMANDS, ("kd space", MAPPED), ("help", "threads")]:
        tap.say(re.search(pattern, parts.get(c, ""), re.MULTILINE), f"{c} shows what there is",
                f"{parts.get(c, said)}")
    tap.say(rc == 33, "a machine that was looked into goes on", str(rc))


def recording(tap):
    done = subprocess.run(["make", "--no-print-directory", "trace"], cwd=ROOT, text=True, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    calls = re.findall(r"^ *\d+ \+\d+ +cpu 0 thread 0x\w+ +call (\w+)", done.stdout, re.M)
    tap.say(done.returncode == 0 and {"ep_call", "object_create"} <= set(calls),
            "make trace prints calls by name", done.stdout[-2000:])
    chrome = json.loads((ROOT / "build/trace-chrome.json").read_text())["traceEvents"]
    spans = [e for e in chrome if e["ph"] == "X"]
    tap.say(len({e["name"] for e in spans}) >= 2 and all(e["dur"] >= 0 for e in spans),
            "make trace writes the threads' turns for Chrome and Perfetto", str(spans[:5]))
    tap.say(any(e["ph"] == "i" and "ep_call" in e["name"] for e in chrome),
            "make trace writes the calls for Chrome and Perfetto", str(chrome[:5]))


def run(tap):
    commands(tap)
    recording(tap)
