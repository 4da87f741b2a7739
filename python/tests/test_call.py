"""The loop around a send follows the verdicts and ends."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from kmsramcred import KmsServerError
from kmsramcred._call import ROUNDS, Call


class Verdicts:
    def __init__(self, *verdicts: tuple[str, float, Exception | None]) -> None:
        self.verdicts = list(verdicts)
        self.reports: list[tuple[Any, ...]] = []
        self.client = SimpleNamespace(call_budget=10.0)

    def report_failure(self, *report: Any) -> SimpleNamespace:
        self.reports.append(report)
        verdict = self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]
        return SimpleNamespace(action=verdict[0], retry_after=verdict[1], error=verdict[2])


def refused(call: Call, **more: Any) -> bool:
    return call.refused(7, "Ecs", "host", "InvalidAccessKeyId.NotFound", 404, **more)


def make(verdicts: Verdicts, budget: float = 10.0) -> Call:
    verdicts.client.call_budget = budget
    return Call(verdicts)  # type: ignore[arg-type]


def test_retry_sends_again() -> None:
    verdicts = Verdicts(("retry", 0.0, None))
    assert refused(make(verdicts))
    (serial, service, host, code, status, round_, left), = verdicts.reports
    assert (serial, service, host, code, status, round_) == (7, "Ecs", "host", "InvalidAccessKeyId.NotFound", 404, 1)
    assert 9.9 < left <= 10.0


@pytest.mark.parametrize("action", ["unrelated", "give_up", "something new"])
def test_anything_else_does_not(action: str) -> None:
    cause = KmsServerError("down")
    call = make(Verdicts((action, 0.0, cause)))
    assert not refused(call)
    assert call.error is cause


def test_retry_later_waits_as_long_as_told() -> None:
    started = time.monotonic()
    assert refused(make(Verdicts(("retry_later", 0.2, None))))
    assert 0.2 <= time.monotonic() - started < 2.0


def test_retry_later_never_goes_past_the_budget() -> None:
    started = time.monotonic()
    assert not refused(make(Verdicts(("retry_later", 1.0, None)), budget=0.5))
    assert time.monotonic() - started < 0.4


def test_the_budget_runs_from_the_first_refusal() -> None:
    verdicts = Verdicts(("retry_later", 0.05, None))
    call = make(verdicts)
    time.sleep(0.1)
    assert refused(call) and refused(call)
    lefts = [report[6] for report in verdicts.reports]
    assert lefts[0] > 9.95 and lefts[1] <= lefts[0] - 0.05


def test_rounds_end() -> None:
    verdicts = Verdicts(("retry", 0.0, None))
    call = make(verdicts)
    sends = 1
    while refused(call):
        sends += 1
    assert sends == ROUNDS == 16
    assert [report[5] for report in verdicts.reports] == list(range(1, 17))


def test_a_body_that_is_gone_still_refreshes_the_key() -> None:
    verdicts = Verdicts(("retry", 0.0, None))
    assert not refused(make(verdicts), can_resend=False)
    assert len(verdicts.reports) == 1


def test_the_same_for_asyncio() -> None:
    class Secret(Verdicts):
        _identity = 1
        name = "played"

    async def main() -> tuple[bool, bool, int]:
        secret = Secret(("retry_later", 0.2, None), ("give_up", 0.0, None))
        call, turns = make(secret), 0
        first = asyncio.ensure_future(call.refused_async(7, "Ecs", "host", "InvalidAccessKeyId.NotFound", 404))
        while not first.done():
            await asyncio.sleep(0.005)
            turns += 1
        return first.result(), await call.refused_async(7, "Ecs", "host", "InvalidAccessKeyId.NotFound", 404), turns

    again, more, turns = asyncio.run(main())
    assert again and not more and turns > 5
