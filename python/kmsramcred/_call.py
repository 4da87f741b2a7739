"""The loop every adapter runs around a send. What to do about a refusal is the core's decision."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kmsramcred.errors import KmsRamCredError

if TYPE_CHECKING:
    from kmsramcred import Secret

#: Sends of one call, the first one included, whatever the verdicts say.
ROUNDS = 16


class Call:
    """One call of the user: its budget runs from its first refusal.

    ``while call.send() is refused and call.refused(...): send again``
    """

    __slots__ = ("_budget", "_ends", "_round", "_secret", "error")

    def __init__(self, secret: Secret, budget: float) -> None:
        self._secret = secret
        self._budget = budget
        self._ends: float | None = None
        self._round = 0
        #: Why no newer key could be had, once that is known.
        self.error: KmsRamCredError | None = None

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
        if self._ends is None:
            self._ends = time.monotonic() + self._budget
        self._round += 1
        verdict = self._secret.report_failure(
            serial, service, host, code, http_status, self._round, max(0.0, self._ends - time.monotonic())
        )
        self.error = verdict.error
        if not can_resend or self._round >= ROUNDS:
            return False
        if verdict.action == "retry_later":
            if verdict.retry_after > self._ends - time.monotonic():
                return False
            time.sleep(verdict.retry_after)
            return True
        return verdict.action == "retry"
