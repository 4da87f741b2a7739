"""The loop every adapter runs around a send. What to do about a refusal is the core's decision."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from kmsramcred import _wait
from kmsramcred.errors import KmsRamCredError

if TYPE_CHECKING:
    from kmsramcred import Secret, Verdict

#: Sends of one call, the first one included, whatever the verdicts say.
ROUNDS = 16


class Call:
    """One call of the user: its budget runs from its first refusal.

    ``while call.send() is refused and call.refused(...): send again``
    """

    __slots__ = ("_ends", "_round", "_secret", "error")

    def __init__(self, secret: Secret) -> None:
        # Most calls are never refused: nothing else is looked up before.
        self._secret = secret
        self._ends: float | None = None
        self._round = 0
        #: Why no newer key could be had, once that is known.
        self.error: KmsRamCredError | None = None

    def begin(self) -> None:
        """Starts the budget, if it does not run yet: where the report may have to queue for a thread first."""
        if self._ends is None:
            self._ends = time.monotonic() + self._secret.client.call_budget

    def refused(
        self,
        serial: int,
        service: str,
        host: str,
        code: str | None,
        http_status: int | None,
        *,
        can_resend: bool = True,
    ) -> bool:
        """Reports a refusal and waits as told. True: take the credential anew and send again.

        ``can_resend=False``: the body is gone, so the answer is False, but the key gets refreshed all the same.
        """
        pause = self.judge(serial, service, host, code, http_status, can_resend=can_resend)
        if pause:
            time.sleep(pause)
        return pause is not None

    def judge(
        self,
        serial: int,
        service: str,
        host: str,
        code: str | None,
        http_status: int | None,
        *,
        can_resend: bool = True,
    ) -> float | None:
        """As ``refused``, but leaves the last wait to the caller: seconds before the next send, None for no send."""
        left = self._left()
        verdict = _wait.report_failure(self._secret, serial, service, host, code, http_status, self._round, left)
        return self._pause(verdict, can_resend)

    async def refused_async(
        self,
        serial: int,
        service: str,
        host: str,
        code: str | None,
        http_status: int | None,
        *,
        can_resend: bool = True,
    ) -> bool:
        """``refused`` for asyncio: the loop goes on meanwhile."""
        from kmsramcred import aio

        left = self._left()
        verdict = await aio.report_failure(self._secret, serial, service, host, code, http_status, self._round, left)
        pause = self._pause(verdict, can_resend)
        if pause:
            await asyncio.sleep(pause)
        return pause is not None

    def _left(self) -> float:
        """Counts a refusal and says what is left of the budget."""
        self._round += 1
        return self._rest()

    def _rest(self) -> float:
        self.begin()
        return max(0.0, (self._ends or 0.0) - time.monotonic())

    def _pause(self, verdict: Verdict, can_resend: bool) -> float | None:
        """How long to wait before sending again; None: do not."""
        self.error = verdict.error
        if not can_resend or self._round >= ROUNDS:
            return None
        if verdict.action == "retry_later":
            return None if verdict.retry_after > self._rest() else verdict.retry_after
        return 0.0 if verdict.action == "retry" else None
