"""Waits of the native module off the event loop, on threads of our own: the loop's own ones resolve names."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from kmsramcred._process import PerProcess
from kmsramcred.errors import KmsRamCredError

if TYPE_CHECKING:
    from kmsramcred import Credential, Secret
    from kmsramcred._call import Call

_T = TypeVar("_T")

#: All who wait for one secret wake together, so few threads serve many tasks.
_THREADS = 16


_executor = PerProcess(lambda: ThreadPoolExecutor(_THREADS, thread_name_prefix="kmsramcred-wait"))


async def _off_the_loop(function: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(_executor.get(), function)


def at_hand(secret: Secret) -> Credential | None:
    """The credential that can be had without a wait."""
    with contextlib.suppress(KmsRamCredError):
        return secret.credential(0)
    return None


async def credential(secret: Secret) -> Credential:
    """``secret.credential()`` for a task."""
    found = at_hand(secret)
    return await _off_the_loop(secret.credential) if found is None else found


async def refused(call: Call, secret: Secret, serial: int, *report: Any, can_resend: bool) -> bool:
    """``call.refused()`` for a task."""
    call.begin()
    current = at_hand(secret)
    if current is not None and current.serial != serial:
        # Somebody has been faster: the verdict needs no wait.
        pause = call.judge(serial, *report, can_resend=can_resend)
    else:
        pause = await _off_the_loop(lambda: call.judge(serial, *report, can_resend=can_resend))
    if pause:
        await asyncio.sleep(pause)
    return pause is not None
