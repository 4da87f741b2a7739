"""The clients that adapters share: one for each configuration file, closed when its last user is gone.

Beside them the default client: the one of the file that is found or named, kept until the program ends.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from os import PathLike

from kmsramcred import _native
from kmsramcred._process import PerProcess
from kmsramcred.errors import TimedOutError

FILE_NAME = "managed_credentials_providers.properties"


class Shared:
    """A client and how many use it."""

    __slots__ = ("client", "key", "users")

    def __init__(self, key: str, client: _native.Client) -> None:
        self.key = key
        self.client = client
        self.users = 0


_open: dict[str, Shared] = {}
#: Uses that ended but are not yet counted. A garbage collection may end one at any moment, even while this very
#: thread holds the lock, so ending one is an append.
_ended: deque[Shared] = deque()
_lock = PerProcess(threading.Lock)
#: The file that the program has named in code.
_named: str | None = None
#: The uses that `default_client` has begun, by file; they end with the program.
_defaults: dict[str, Shared] = {}


def set_config_file(path: str | PathLike[str] | None) -> None:
    """Names the configuration file for `default_client` and for adapters that are made from now on.

    It goes before ``KMSRAMCRED_CONFIG``. A relative path is taken from the working directory at the time of use.
    ``None`` goes back to the documented look-up.
    """
    global _named
    _named = None if path is None else os.fspath(path)


def config_file() -> str | None:
    """The file that `set_config_file` has named."""
    return _named


def default_client() -> _native.Client:
    """The client of the configuration file that is named or found now; the same one for everybody who asks.

    Adapters without a client of their own use it too. It is made when it is first asked for, and anew after somebody
    has closed it.
    """
    key = _key()
    shared = _defaults.get(key)
    if shared is None or shared.client.closed:
        shared = _defaults[key] = borrow()
    return shared.client


def give_back_default() -> None:
    """Ends the use that `default_client` has begun. Whoever else uses the client goes on."""
    shared = _defaults.pop(_key(), None)
    if shared is not None:
        give_back(shared)


def _key() -> str:
    return os.path.abspath(_named or os.environ.get("KMSRAMCRED_CONFIG") or FILE_NAME)


def borrow() -> Shared:
    """The client of the configuration file that is named or found now."""
    key = _key()
    with _lock.get():
        shared = _open.get(key)
        if shared is None or shared.client.closed:
            shared = _open[key] = Shared(key, _native.Client.from_file(_named))
        shared.users += 1
    _count()
    return shared


def give_back(shared: Shared) -> None:
    """Ends one use. Others go on undisturbed; the last one closes the client."""
    _ended.append(shared)
    _count()


def _count() -> None:
    # Whoever holds the lock comes here after letting go of it.
    lock = _lock.get()
    while _ended and lock.acquire(blocking=False):
        unused = []
        try:
            while _ended:
                shared = _ended.popleft()
                shared.users -= 1
                if shared.users == 0:
                    unused.append(shared.client)
                    if _open.get(shared.key) is shared:
                        del _open[shared.key]
        finally:
            lock.release()
        for client in unused:
            # A fetch that is still running ends by itself; nobody waits for its answer.
            with contextlib.suppress(TimedOutError):
                client.close(timeout=0)
