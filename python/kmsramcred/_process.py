"""What each process has of its own: a forked child must not touch the locks, threads and pools that it inherits."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")

#: Forks between the first process and this one of which Python has told.
_forks = 0


class PerProcess(Generic[_T]):
    """A value that every process makes for itself on first use. The values of its ancestors are kept and left alone.

    The process id tells them apart, for uWSGI runs none of Python's hooks when it forks; the hook does where an ancestor's
    id is used again.
    """

    __slots__ = ("_make", "_values")

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._values: dict[tuple[int, int], _T] = {}

    def get(self) -> _T:
        """This process's value, the same for all threads."""
        process = os.getpid(), _forks
        value = self._values.get(process)
        return self._values.setdefault(process, self._make()) if value is None else value


def _after_fork_in_child() -> None:
    global _forks
    _forks += 1


os.register_at_fork(after_in_child=_after_fork_in_child)
