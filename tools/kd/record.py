# SPDX-License-Identifier: MIT
"""For gdb: records the kernel's trace events into $TRACE_OUT until the machine ends, or until there
are $TRACE_MAX. Stops where an event is about to be written, and reads those that were."""
import json
import os

import gdb

import kd

seen, rows = {}, []


def read_new():
    """Events that appeared since the last time, on every CPU."""
    for c in range(kd.cpus()):
        count = int(kd.cpu(c)["traced"])
        new = count - seen.get(c, 0)
        rows.extend((c, e) for e in kd.events(c)[-new:] if new)
        seen[c] = count


class Write(gdb.Breakpoint):
    """trace_add is entered: the event before this one is complete."""

    def stop(self):
        try:
            read_new()
        except gdb.MemoryError:         # the CPU's area is not mapped yet
            return False
        return len(rows) >= int(os.environ["TRACE_MAX"])


Write("trace_add")
try:
    gdb.execute("continue")
    gdb.execute("kill")
except gdb.error as e:
    print(f"the machine ended: {e}")
with open(os.environ["TRACE_OUT"], "w") as f:
    json.dump(rows, f)
