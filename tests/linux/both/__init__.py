# SPDX-License-Identifier: MIT
"""The parts of the comparison (tests/linux/compare.py)."""
