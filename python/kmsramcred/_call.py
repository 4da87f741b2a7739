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

    def begin(self) -> None:
        """Starts the budget, if it does not run yet: where the report may have to queue for a thread first."""
        if self._ends is None:
            self._ends = time.monotonic() + self._budget

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
        self.begin()
        assert self._ends is not None
        self._round += 1
        verdict = self._secret.report_failure(
            serial, service, host, code, http_status, self._round, max(0.0, self._ends - time.monotonic())
        )
        self.error = verdict.error
        if not can_resend or self._round >= ROUNDS:
            return None
        if verdict.action == "retry_later":
            return None if verdict.retry_after > self._ends - time.monotonic() else verdict.retry_after
        return 0.0 if verdict.action == "retry" else None
