"""What each process has of its own: a forked child must not touch the locks, threads and pools that it inherits."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class PerProcess(Generic[_T]):
    """A value that every process makes for itself on first use. The values of its ancestors are kept and left alone.

    Not by a hook of Python's: uWSGI runs none when it forks.
    """

    __slots__ = ("_make", "_values")

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._values: dict[int, _T] = {}

    def get(self) -> _T:
        """This process's value, the same for all threads."""
        process = os.getpid()
        value = self._values.get(process)
        return self._values.setdefault(process, self._make()) if value is None else value
