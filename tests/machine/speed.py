# SPDX-License-Identifier: MIT
"""The benchmark of the kernel: all its rows are there, and none is far above its aim.

`make bench` says more; this is so that it keeps working, and that a loss by half is not missed.
"""
import tomllib

from under import ROOT     # first: it knows where tools are
import bench                # noqa: E402

ROWS = ("ipc_round_trip_0 ipc_round_trip_8 ipc_round_trip_64 ipc_round_trip_cross_cpu notif_signal notif_signal_switch "
        "thread_yield_switch fault_round_trip space_map_unmap_4k space_map_512 cap_derive_delete endpoint_create_delete "
        "thread_create_delete irq_to_user boot_to_program kernel_ram").split()
FAR = 1.6   # times the aim; docs/status.md says which are above it


def run(tap):
    found = bench.measure("microvm", "") + bench.measure("microvm", "only=boot", "512M") + bench.longest("microvm", "")
    rows = {r["name"]: r["value"] for r in found}
    lacking = [n for n in ROWS if not rows.get(n)]
    tap.say(not lacking, "make bench measures every row that there is an aim for", " ".join(lacking))
    calls = [c["name"] for c in tomllib.loads((ROOT / "abi/kernel.toml").read_text())["call"] if not c.get("removed")]
    lacking = [c for c in calls if not rows.get("worst_" + c)]
    tap.say(calls and not lacking, "the longest of every call is measured", " ".join(lacking))
    waits = [r["name"] for r in found if r.get("machine") == "q35-iommu"]
    tap.say("worst_device_bind" in waits, "calls that wait for an IOMMU are measured where there is one", " ".join(waits))
    aims = {n: a["value"] for n, a in bench.aims().items() if n in rows and "value" in a}
    far = [f"{n} {rows[n]} aim {v}" for n, v in aims.items() if rows[n] > FAR * v]
    tap.say(len(aims) > 10 and not far, f"no row of the kernel is more than {FAR} times its aim", "\n".join(far))
