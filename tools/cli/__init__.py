# SPDX-License-Identifier: MIT
"""The front door: ./tessera."""
