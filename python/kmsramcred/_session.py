"""HTTP sessions of an SDK, one for each process."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmsramcred import Secret

#: Sessions of the parent, kept for ever: their locks may have been held during the fork, so they must not even be
#: closed here, and the connections in them belong to the parent.
_inherited: list[Any] = []


class SessionPerProcess:
    """A client of an SDK whose ``session`` is its connections: in a forked child it gets a fresh copy of it, before the
    first call. A socket shared with the parent would mix up the answers of the two. Takes no lock.

    Whoever sends looks first: ``if self._generation != secret.generation: self._look_for_fork(secret)``. The generation
    of a secret moves in a forked child too, and reading it costs less than to ask the kernel for the process at each
    call. A hook of Python's would not do: uWSGI runs none when it forks.
    """

    #: Set by the SDK's class.
    session: Any

    #: Whose the session is, and the generation at which that was found out.
    _process: int
    _generation: int | None = None

    def _look_for_fork(self, secret: Secret) -> None:
        # Taken first: a fork from here on moves it once more.
        generation = secret.generation
        if self._process != os.getpid():
            _inherited.append(self.session)
            # Two threads may do this at once; then one copy is used for one call and thrown away.
            self.session = self._copy_session(self.session)
            self._process = os.getpid()
        self._generation = generation

    def _close_session(self) -> None:
        if self._process == os.getpid():
            self.session.close()
        else:
            _inherited.append(self.session)

    def _copy_session(self, session: Any) -> Any:
        return unconnected(session)


def unconnected(session: Any) -> Any:
    """The same settings without the connections: what the session's own pickling keeps."""
    fresh = copy.copy(session)
    fresh.cookies = type(session.cookies)()
    fresh.adapters = type(session.adapters)()
    for prefix, adapter in session.adapters.items():
        fresh.adapters[prefix] = copy.copy(adapter)
    return fresh
