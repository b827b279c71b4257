"""Processes of one user, kept out of each other: agents beside a server that has secrets in its memory."""

from __future__ import annotations

import ctypes
import sys

PR_SET_DUMPABLE = 4
"""Of Linux' prctl. A process that is not dumpable has an environment and a memory that its user's others cannot read."""


def keep_private() -> None:
    """From here on no other process of this user reads this one's memory or environment, nor traces it.

    On Linux; elsewhere nothing is done. Processes that this one starts are as they would be.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
