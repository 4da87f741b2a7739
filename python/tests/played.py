"""A secret and its client, played by the test."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

DEAD = "InvalidAccessKeyId.NotFound"


class PlayedSecret:
    """A secret whose key `k<serial>` is replaced by each refusal with a dead-key code."""

    client: Any = SimpleNamespace(call_budget=10.0)

    def __init__(self) -> None:
        self.serial = 1
        self.tokens: dict[int, str] = {}
        self.accepted: list[int] = []
        self.reports: list[dict[str, Any]] = []
        self.verdict: Any = None

    @property
    def generation(self) -> int:
        # As that of a real one it moves in a forked child.
        return os.getpid() * 1000 + self.serial

    def credential(self, timeout: float | None = None) -> SimpleNamespace:
        return SimpleNamespace(
            access_key_id=f"k{self.serial}",
            access_key_secret=f"s{self.serial}",
            security_token=self.tokens.get(self.serial),
            serial=self.serial,
            accepted=self.serial in self.accepted,
        )

    def report_success(self, serial: int) -> None:
        self.accepted.append(serial)

    def report_failure(self, serial: int, service: str, host: str, code: Any, status: Any, round: int, left: float) -> Any:
        self.reports.append({"serial": serial, "service": service, "host": host, "code": code, "status": status})
        if self.verdict is not None:
            return self.verdict
        if code not in (DEAD, None, "InvalidAccessKeyId"):
            return SimpleNamespace(action="unrelated", retry_after=0.0, error=None)
        if serial == self.serial:
            self.serial += 1
        return SimpleNamespace(action="retry", retry_after=0.0, error=None)


class PlayedClient:
    call_budget = 10.0

    def __init__(self) -> None:
        self.played = PlayedSecret()

    def secret(self, name: str) -> PlayedSecret:
        return self.played


def refuses(*dead: str, body: bytes | None = None, status: int = 404) -> Any:
    """A service that knows the keys of the others."""

    def answer(seen: dict[str, Any]) -> tuple[int, bytes]:
        key = seen["query"].get("AccessKeyId") or seen["headers"]["authorization"].split(" ")[1].split(":")[0]
        if key in dead:
            default = json.dumps({"Code": DEAD, "Message": "Specified access key is not found.", "RequestId": "R"})
            return status, default.encode() if body is None else body
        return 200, b'{"ok":true}'

    return answer
