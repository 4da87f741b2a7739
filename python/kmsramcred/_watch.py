"""The thread on which a watch's callback runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from kmsramcred.errors import KmsRamCredError


def run(
    turn: AbstractContextManager[None],
    callback: Callable[[int, KmsRamCredError | None], object],
    generation: int,
    error: KmsRamCredError | None,
) -> None:
    """Started by the native module. What the callback raises goes to ``sys.unraisablehook``."""
    with turn:
        callback(generation, error)
