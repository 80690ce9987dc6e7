# SPDX-License-Identifier: MIT
"""Who holds which capability, who can reach whom: as text."""


def text(_system):
    return ""
