"""The thread on which a watch's callback runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from kmsramcred import _native_thread
from kmsramcred.errors import KmsRamCredError

#: A greenlet would wait for ever for the hub of a thread that runs none.
start_thread = _native_thread.original("_thread", "start_new_thread")


def run(
    turn: AbstractContextManager[None],
    callback: Callable[[int, KmsRamCredError | None], object],
    generation: int,
    error: KmsRamCredError | None,
) -> None:
    """Started by the native module. What the callback raises goes to ``sys.unraisablehook``."""
    with turn:
        callback(generation, error)
