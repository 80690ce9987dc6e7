# SPDX-License-Identifier: MIT
"""Push-button prover: symbolic execution of clang's LLVM IR, obligations to Z3."""


class Refused(Exception):
    """Something the prover does not model. It is always an error, never skipped."""
