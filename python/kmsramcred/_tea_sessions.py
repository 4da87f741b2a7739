"""Connections of the V2 SDKs, which keep them for all clients of a program: a forked child must not use its parent's."""

from __future__ import annotations

import copy
import os
import sys
import threading
from typing import Any

from kmsramcred._process import PerProcess

#: The classes that hold them, where they are loaded.
_HOLDERS = (("Tea.core", "TeaCore"), ("darabonba.core", "DaraCore"))
#: What the parent uses, kept for ever: see `_session`.
_inherited: list[Any] = []
_lock = PerProcess(threading.Lock)
#: Whose connections they are.
_process = os.getpid()


def renew() -> None:
    """Before each call. In a forked child it sets aside what the SDK has inherited; then the SDK connects anew."""
    global _process
    if _process == os.getpid():
        return
    # Whoever comes second must wait: the SDK looks twice for a session that it has just seen.
    with _lock.get():
        if _process == os.getpid():
            return
        for module, name in _HOLDERS:
            holder: Any = getattr(sys.modules.get(module), name, None)
            if hasattr(holder, "_sessions"):
                _inherited.append(holder._sessions)
                holder._sessions = {}
            for adapter in ("http_adapter", "https_adapter"):
                if hasattr(holder, adapter):
                    _inherited.append(getattr(holder, adapter))
                    # As the adapter's pickling does it: the settings without the connections.
                    setattr(holder, adapter, copy.copy(getattr(holder, adapter)))
        _process = os.getpid()
