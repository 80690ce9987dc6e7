# SPDX-License-Identifier: MIT
"""Trees of files for the Linux personality: what a program needs, packed as an archive or image."""
