# SPDX-License-Identifier: MIT
"""The generator of everything that depends on a table in abi/. Standard library only."""
