"""Bodies of the V2 SDKs that have to be there again for a second send."""

from __future__ import annotations

import contextlib
import copy
import inspect
from typing import Any


def in_memory(request: Any) -> Any:
    """The request with its stream as bytes. The SDK reads it whole for every signature, and gets nothing twice."""
    stream: Any = getattr(request, "stream", None)
    return request if not hasattr(stream, "read") else _with_stream(request, stream.read())


async def in_memory_async(request: Any) -> Any:
    """The same for a stream whose ``read`` may have to be awaited."""
    stream: Any = getattr(request, "stream", None)
    if not hasattr(stream, "read"):
        return request
    data = stream.read()
    return _with_stream(request, await data if inspect.isawaitable(data) else data)


def _with_stream(request: Any, data: Any) -> Any:
    kept = copy.copy(request)
    kept.stream = data
    return kept


class Streams:
    """The open files in a request of the user, and where each of them stood."""

    __slots__ = ("_positions", "possible")

    def __init__(self, request: Any) -> None:
        self._positions: list[tuple[Any, int]] = []
        #: Whether all of them can be brought back there.
        self.possible = True
        self._collect(request, 0)

    def _collect(self, value: Any, depth: int) -> None:
        if depth > 4:
            return
        if hasattr(value, "read"):
            with contextlib.suppress(Exception):
                position = value.tell()
                value.seek(position)
                self._positions.append((value, position))
                return
            self.possible = False
        elif isinstance(value, (list, tuple)):
            for item in value:
                self._collect(item, depth + 1)
        elif isinstance(value, dict):
            for item in value.values():
                self._collect(item, depth + 1)
        elif hasattr(value, "to_map") and hasattr(value, "__dict__"):
            for item in vars(value).values():
                self._collect(item, depth + 1)

    def rewind(self) -> None:
        for stream, position in self._positions:
            stream.seek(position)
