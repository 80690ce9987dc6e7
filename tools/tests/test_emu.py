# SPDX-License-Identifier: MIT
"""The emulator runner tells success, failure, panic, hang and triple fault apart."""
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import emu


class Slots(unittest.TestCase):
    def test_a_third_emulator_waits_for_a_slot(self):
        with tempfile.TemporaryDirectory() as d:
            order = []

            def third():
                with emu.Slot(d):
                    order.append("third")

            first, second = emu.Slot(d), emu.Slot(d)
            first.__enter__()
            second.__enter__()
            thread = threading.Thread(target=third)
            thread.start()
            time.sleep(0.3)
            order.append("released")
            second.__exit__()
            thread.join(timeout=10)
            first.__exit__()
            self.assertEqual(order, ["released", "third"])


class CommandLines(unittest.TestCase):
    def line(self, **options):
        return " ".join(emu.qemu_command(emu.Config("k.elf", ["a.elf", "b.elf"], accel="tcg",
                                                    **options), iso="x.iso"))

    def test_programs_become_modules_of_a_direct_boot(self):
        for machine in ("microvm", "pc", "q35", "q35-iommu"):
            line = self.line(machine=machine, append="test=x")
            self.assertIn("-kernel k.elf -initrd a.elf,b.elf -append test=x", line)

    def test_an_image_boots_from_its_own_file(self):
        line = self.line(machine="iso-uefi")
        self.assertIn("-cdrom x.iso", line)
        self.assertIn("OVMF", line)
        self.assertNotIn("-kernel", line)

    def test_the_iommu_remaps_interrupts(self):
        self.assertIn("intel-iommu,intremap=on", self.line(machine="q35-iommu"))

    def test_icount_never_uses_kvm(self):
        line = " ".join(emu.qemu_command(emu.Config("k", accel="kvm", icount=True)))
        self.assertIn("-accel tcg -icount shift=0,sleep=off", line)

    def test_later_emulators_count_instructions_without_the_x2apic(self):
        for major, model in ((7, "max"), (0, "max"), (10, "max,-x2apic")):
            with mock.patch.object(emu, "qemu_major", return_value=major):
                self.assertEqual(emu.cpu_model(emu.Config("k", icount=True)), model)
                self.assertEqual(emu.cpu_model(emu.Config("k")), "max")

    def test_the_command_to_repeat_a_run_gives_the_same_configuration(self):
        cfg = emu.Config("k", ["p"], machine="q35", cpus=4, edu=True, append="a=b c", timeout=9.0,
                         extra=["-device", "edu"])
        import shlex
        args = emu.parser().parse_args(shlex.split(cfg.command())[2:])
        self.assertEqual(emu.config_of(args), cfg)


class Verdicts(unittest.TestCase):
    """Boots a guest of a few instructions that ends in every way there is."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which(emu.QEMU):
            raise unittest.SkipTest("no QEMU")
        cls.dir = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    def run_guest(self, action, text="hello\n", **options):
        elf = emu.build_probe(pathlib.Path(self.dir.name) / "guest.elf", action, text)
        return emu.run(emu.Config(str(elf), mem="64M", accel="tcg", **options))

    def test_success_is_exit_code_33(self):
        r = self.run_guest(0x10)
        self.assertTrue(r.ok, r.reason)
        self.assertEqual(r.console, "hello\n")

    def test_success_without_the_expected_line_is_a_failure(self):
        r = self.run_guest(0x10, expect="^# done")
        self.assertFalse(r.ok)
        self.assertIn("no line", r.reason)

    def test_success_with_the_expected_line_is_success(self):
        self.assertTrue(self.run_guest(0x10, "1..0\n# done\n", expect="^# done").ok)

    def test_a_failed_test_is_told_from_a_panic(self):
        failed, panic = self.run_guest(0x20), self.run_guest(0x30)
        self.assertFalse(failed.ok or panic.ok)
        self.assertIn("test failure", failed.reason)
        self.assertIn("kernel panic", panic.reason)

    def test_a_triple_fault_is_a_failure_though_the_status_is_0(self):
        r = self.run_guest(1)
        self.assertEqual((r.ok, r.rc), (False, 0))
        self.assertIn("triple fault", r.reason)

    def test_a_guest_that_hangs_is_stopped(self):
        start = time.monotonic()
        r = self.run_guest(0, timeout=1.5)
        self.assertFalse(r.ok)
        self.assertIn("timeout", r.reason)
        self.assertLess(time.monotonic() - start, 30)

    def test_an_emulator_that_refuses_its_arguments_is_a_failure(self):
        r = self.run_guest(0x10, extra=["-no-such-option"])
        self.assertEqual((r.ok, r.rc), (False, 1))

    def test_an_image_boots_through_grub_on_bios(self):
        if not shutil.which("grub-mkrescue"):
            self.skipTest("no grub-mkrescue")
        self.assertTrue(self.run_guest(0x10, machine="iso-bios").ok)


if __name__ == "__main__":
    unittest.main()
