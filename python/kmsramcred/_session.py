"""HTTP sessions of an SDK, one for each process."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Any

#: Sessions of the parent, kept for ever: their locks may have been held during the fork, so they must not even be
#: closed here, and the connections in them belong to the parent.
_inherited: list[Any] = []


class PerProcess:
    """Holds a session and answers with a fresh copy of it in a forked child. Takes no lock."""

    __slots__ = ("_copy", "_held")

    def __init__(self, copy: Callable[[Any], Any] | None = None) -> None:
        self._copy = copy or _unconnected
        self._held: tuple[int, Any] = (os.getpid(), None)

    def replace(self, session: Any) -> None:
        self._held = (os.getpid(), session)

    def current(self) -> Any:
        owner, session = self._held
        pid = os.getpid()
        if owner != pid and session is not None:
            _inherited.append(session)
            # Two threads may do this at once; then one copy is used for one call and thrown away.
            session = self._copy(session)
            self._held = (pid, session)
        return session

    def close(self) -> None:
        owner, session = self._held
        if session is None:
            return
        if owner == os.getpid():
            session.close()
        else:
            _inherited.append(session)


def _unconnected(session: Any) -> Any:
    """The same settings without the connections: what the session's own pickling keeps."""
    fresh = copy.copy(session)
    fresh.cookies = type(session.cookies)()
    fresh.adapters = type(session.adapters)()
    for prefix, adapter in session.adapters.items():
        fresh.adapters[prefix] = copy.copy(adapter)
    return fresh
