"""The loop around the sends of one call of a V2 SDK."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from Tea.exceptions import TeaException

from kmsramcred import KmsRamCredError, _tea_sessions, _waiting
from kmsramcred._call import Call
from kmsramcred._streams import Streams
from kmsramcred._tea_key import Attempt, CredentialsProvider, running


class Sends:
    """The attempts of one call."""

    def __init__(self, client: Any, host: str | None, streams: Streams | None = None) -> None:
        _tea_sessions.renew()
        self._provider: CredentialsProvider = client._kmsramcred
        self._secret = self._provider.secret
        self._call = Call(self._secret)
        self._service: str = client._kmsramcred_service
        self._host = host or ""
        self._streams = streams
        self._last: Attempt | None = None

    @contextlib.contextmanager
    def attempt(self, *, tells: bool = True) -> Iterator[None]:
        """Around one send. ``tells``: its end without an error means that the key was accepted."""
        current = self._last = Attempt(self._provider)
        outer = running.set(current)
        try:
            yield
        except TeaException as error:
            inner = getattr(error, "inner_exception", None)
            if isinstance(inner, KmsRamCredError):
                # tea-openapi wraps what the provider raises and forgets its type.
                raise inner from None
            raise
        else:
            if tells and current.credential is not None and not current.credential.accepted:
                self._secret.report_success(current.credential.serial)
        finally:
            running.reset(outer)

    def _report(self, error: TeaException) -> tuple[Any, ...] | None:
        assert self._last is not None
        credential = self._last.credential
        if credential is None or self._last.settled is error:
            return None
        return credential.serial, self._service, self._host, _code(error), _status(error)

    def _can_resend(self) -> bool:
        return self._streams is None or self._streams.possible

    def refused(self, error: TeaException) -> bool:
        """Whether to send again."""
        report = self._report(error)
        return self._ended(
            error, report is not None and self._call.refused(*report, can_resend=self._can_resend())
        )

    async def refused_async(self, error: TeaException) -> bool:
        report = self._report(error)
        return self._ended(
            error,
            report is not None
            and await _waiting.refused(self._call, self._secret, *report, can_resend=self._can_resend()),
        )

    def _ended(self, error: TeaException, again: bool) -> bool:
        if again:
            if self._streams is not None:
                self._streams.rewind()
            return True
        if self._call.error is not None and error.__cause__ is None:
            error.__cause__ = self._call.error
        around = running.get()
        if around is not None:
            around.settled = error
        return False


def _code(error: TeaException) -> str:
    """The service's error code; the SDK writes a missing one as the text ``None``."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) and code != "None" else ""


def _status(error: TeaException) -> int | None:
    data = getattr(error, "data", None)
    for found in (
        getattr(error, "status_code", None),
        getattr(error, "statusCode", None),
        data.get("statusCode") if isinstance(data, dict) else None,
    ):
        with contextlib.suppress(TypeError, ValueError):
            if found is not None:
                return int(found)
    return None
