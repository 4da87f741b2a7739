"""The ways in which a process may fork."""

from __future__ import annotations

import ctypes
import os


def fork_untold() -> int:
    """As uWSGI does it: none of Python's hooks runs."""
    pid: int = ctypes.PyDLL(None).fork()
    return pid


FORKS = [os.fork, fork_untold]
