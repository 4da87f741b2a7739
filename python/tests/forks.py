"""The ways in which a process may fork."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

from conftest import Service


def fork_untold() -> int:
    """As uWSGI does it: none of Python's hooks runs."""
    pid: int = ctypes.PyDLL(None).fork()
    return pid


FORKS = [os.fork, fork_untold]


def connections(fork: Callable[[], int], service: Service, call: Callable[[], object]) -> tuple[bool, bool]:
    """Calls in the parent, in a child and in the parent again: whether the parent keeps its connection to `service`, and
    whether the child has one of its own."""
    call()
    pid = fork()
    if pid == 0:
        try:
            call()
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    call()
    first, child, third = (seen["peer"] for seen in service.requests)
    return first == third, first != child
