"""asyncio: the calls of a ``Secret`` that may wait, as coroutines.

What is at hand is answered at once, without a thread. A real wait happens on one thread for each secret, however many
tasks wait: they wait for the same fetch. The thread is gone after ten idle seconds, and holds up no exit.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from kmsramcred import Credential, InvalidArgumentError, Secret, Verdict
from kmsramcred._process import PerProcess
from kmsramcred.errors import KmsRamCredError, TimedOutError

__all__ = ["credential", "refresh", "report_failure"]

_T = TypeVar("_T")
#: Seconds without work after which a thread ends.
_IDLE = 10.0
#: How late a wait may end, so that the error says what the fetches have met.
_GRACE = 0.25


async def credential(secret: Secret, timeout: float | timedelta | None = None) -> Credential:
    """``secret.credential(timeout)`` for asyncio."""
    try:
        # A cached one, or the start of the fetch that is waited for; complains about a timeout that makes no sense.
        return secret.credential(0)
    except KmsRamCredError:
        seconds = _seconds(secret, timeout)
        if seconds == 0:
            raise
    return await _waited(secret, seconds, secret.credential)


async def refresh(secret: Secret, timeout: float | timedelta | None = None) -> Credential:
    """``secret.refresh(timeout)`` for asyncio."""
    return await _waited(secret, _seconds(secret, timeout), secret.refresh)


async def report_failure(
    secret: Secret,
    serial: int,
    service: str,
    host: str,
    code: str | None,
    http_status: int | None,
    round: int,
    left: float | timedelta,
) -> Verdict:
    """``secret.report_failure(...)`` for asyncio. Sleep as long as ``retry_after`` says with ``asyncio.sleep``."""

    def report(rest: float) -> Verdict:
        return secret.report_failure(serial, service, host, code, http_status, round, rest)

    return await _waited(secret, _seconds(secret, left), report)


def _seconds(secret: Secret, timeout: float | timedelta | None) -> float:
    if timeout is None:
        return secret.client.fetch_budget
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout)
    if not 0 <= seconds < threading.TIMEOUT_MAX:
        raise InvalidArgumentError(f"timeout is {seconds}; allowed are seconds from 0 up, or a timedelta.")
    return seconds


async def _waited(secret: Secret, seconds: float, work: Callable[[float], _T]) -> _T:
    """``work(what is left)`` on the secret's thread, for no longer than ``seconds``."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_T] = loop.create_future()
    ends = time.monotonic() + seconds

    def settle(value: _T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)  # type: ignore[arg-type]

    def job() -> None:
        if answer.cancelled():
            return
        value, error = None, None
        try:
            value = work(max(0.0, ends - time.monotonic()))
        except BaseException as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(settle, value, error)
        except RuntimeError:
            # The loop was closed meanwhile: nobody waits any more.
            return

    _put(secret, job)
    try:
        # The thread may be held up by a wait that began earlier and ends later; nobody waits beyond their own time.
        await asyncio.wait([answer], timeout=seconds + _GRACE)
        if not answer.done():
            raise TimedOutError(f"Secret {secret.name!r}: no answer within {seconds:g} s.")
        return answer.result()
    finally:
        answer.cancel()


class _Work:
    """What the threads of this process are to do, by secret; a secret without a thread is not in it."""

    def __init__(self) -> None:
        self.jobs: dict[int, deque[Callable[[], None]]] = {}
        self.changed = threading.Condition()


_work = PerProcess(_Work)


def _put(secret: Secret, job: Callable[[], None]) -> None:
    identity = secret._identity
    work = _work.get()
    with work.changed:
        jobs = work.jobs.get(identity)
        if jobs is not None:
            jobs.append(job)
            work.changed.notify_all()
            return
        work.jobs[identity] = deque([job])
    threading.Thread(target=_run, args=(work, identity), name="kmsramcred-aio", daemon=True).start()


def _run(work: _Work, identity: int) -> None:
    jobs = work.jobs[identity]
    while True:
        with work.changed:
            if not work.changed.wait_for(lambda: jobs, _IDLE):
                del work.jobs[identity]
                return
            job = jobs.popleft()
        job()
        # What it holds must not live on while nothing is to do.
        del job
