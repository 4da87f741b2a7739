"""``alibabacloud-oss-v2``: OSS clients whose AccessKey may rotate at any time."""

from __future__ import annotations

import base64
import copy
import re
import urllib.parse
import weakref
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

from alibabacloud_oss_v2 import Config, exceptions, retry
from alibabacloud_oss_v2.aio.transport import AioHttpClient
from alibabacloud_oss_v2.transport.requests_client import RequestsHttpClient
from alibabacloud_oss_v2.types import AsyncHttpClient, Credentials, HttpClient, HttpRequest, Retryer
from alibabacloud_oss_v2.types import CredentialsProvider as _OssCredentialsProvider

from kmsramcred import Credential, Secret, _given, _waiting
from kmsramcred._call import ROUNDS, Call
from kmsramcred._process import PerProcess

__all__ = ["CredentialsProvider", "configure", "configure_async"]

_SERVICE = "oss"
_CODE = re.compile(rb"<Code>\s*([^<\s]+)\s*</Code>")


class _Operation:
    """The attempts at one request: the SDK signs and sends the same object each time."""

    __slots__ = ("again", "call", "others", "request", "signed_with")

    def __init__(self, request: HttpRequest, signed_with: Credential) -> None:
        self.request = weakref.ref(request)
        #: The key of the last attempt.
        self.signed_with = signed_with
        #: Begun by the first refusal.
        self.call: Call | None = None
        #: Whether the last attempt was refused and is to be made again; None if it was not refused.
        self.again: bool | None = None
        #: Failures that have nothing to do with the key.
        self.others = 0


#: The provider knows the key, the HTTP client the answer, the retryer decides: what they tell each other.
_signed: ContextVar[tuple[CredentialsProvider, Credential] | None] = ContextVar("kmsramcred_oss_signed", default=None)
_operation: ContextVar[_Operation | None] = ContextVar("kmsramcred_oss_operation", default=None)


class CredentialsProvider(_OssCredentialsProvider):
    """The current AccessKey of a RAM secret for each signature: id, secret and token of one snapshot.

    ``configure`` makes one. On its own (``config.credentials_provider``) it never hears of a refusal.
    """

    def __init__(self, secret: Secret | str) -> None:
        self.secret: Secret = _given.opened(secret, self)
        #: The last key, with what the SDK was given for it.
        self._last: tuple[Credential | None, Any] = (None, None)

    def get_credentials(self) -> Credentials:
        credential = self.secret.credential()
        _signed.set((self, credential))
        known, given = self._last
        if known is not credential:
            given = Credentials(credential.access_key_id, credential.access_key_secret, credential.security_token)
            self._last = credential, given
        return given


class _Judge:
    """Looks at each answer: was the key accepted, refused, or not the matter?"""

    def __init__(self, provider: CredentialsProvider) -> None:
        self._provider = provider
        self._secret = provider.secret

    def begin(self, request: HttpRequest) -> _Operation | None:
        """Before a send. None where somebody else signed: presigned URLs, other providers of one operation."""
        signed = _signed.get()
        _signed.set(None)
        if signed is None or signed[0] is not self._provider:
            _operation.set(None)
            return None
        operation = _operation.get()
        if operation is None or operation.request() is not request:
            operation = _Operation(request, signed[1])
            _operation.set(operation)
        else:
            operation.again = None
            operation.signed_with = signed[1]
        return operation

    def accepted(self, operation: _Operation, status: int) -> bool:
        credential = operation.signed_with
        if status // 100 == 2 and not credential.accepted:
            self._secret.report_success(credential.serial)
        return status // 100 in (2, 3)

    def call(self, operation: _Operation) -> Call:
        """Whose budget runs from the first refusal on."""
        if operation.call is None:
            operation.call = Call(self._secret)
        return operation.call

    @staticmethod
    def report(request: HttpRequest, response: Any) -> tuple[str, str, str, int]:
        host = urllib.parse.urlsplit(request.url).netloc
        return _SERVICE, host, _code(response), int(response.status_code)

    @staticmethod
    def ended(operation: _Operation, request: HttpRequest, again: bool) -> None:
        operation.again = again
        if again:
            # The signer adds the token of the new key, if it has one, but never takes an old one away.
            request.headers.pop("x-oss-security-token", None)


def _code(response: Any) -> str:
    """The service's error code; in a HEAD it is in a header."""
    body: bytes = response.content or b""
    if not body:
        try:
            body = base64.b64decode(response.headers.get("x-oss-err", ""))
        except ValueError:
            return ""
    found = _CODE.search(body)
    return found.group(1).decode("ascii", "replace") if found else ""


def _repeatable(body: Any) -> bool:
    """Whether the SDK can send the body again; if not it does not ask the retryer either."""
    if hasattr(body, "seekable"):
        return bool(body.seekable())
    return not isinstance(body, (Iterator, AsyncIterator)) and (not hasattr(body, "read") or hasattr(body, "seek"))


class _HttpClient(HttpClient):
    """The SDK's HTTP client, with an eye on the answers. A forked child has one of its own, unless it is the user's."""

    def __init__(self, inner: PerProcess[Any], provider: CredentialsProvider) -> None:
        self._inner = inner
        self._judge = _Judge(provider)

    def send(self, request: HttpRequest, **options: Any) -> Any:
        operation = self._judge.begin(request)
        response = self._inner.get().send(request, **options)
        if operation is None or self._judge.accepted(operation, response.status_code):
            return response
        if not response.is_stream_consumed:
            response.read()
        again = self._judge.call(operation).refused(
            operation.signed_with.serial, *self._judge.report(request, response), can_resend=_repeatable(request.body)
        )
        self._judge.ended(operation, request, again)
        return response

    def open(self) -> None:
        self._inner.get().open()

    def close(self) -> None:
        self._inner.get().close()


class _AsyncHttpClient(AsyncHttpClient):
    """The same for tasks: they wait for a newer key here, where a wait does not stop the event loop."""

    def __init__(self, inner: Any, provider: CredentialsProvider) -> None:
        self._inner = inner
        self._provider = provider
        self._judge = _Judge(provider)

    async def send(self, request: HttpRequest, **options: Any) -> Any:
        operation = self._judge.begin(request)
        response = await self._inner.send(request, **options)
        if operation is None or self._judge.accepted(operation, response.status_code):
            return response
        if not response.is_stream_consumed:
            await response.read()
        again = await _waiting.refused(
            self._judge.call(operation),
            self._provider.secret,
            operation.signed_with.serial,
            *self._judge.report(request, response),
            can_resend=_repeatable(request.body),
        )
        self._judge.ended(operation, request, again)
        return response

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        await self._inner.close()


class _Retryer(Retryer):
    """Repeats what the key was refused for; everything else as the user's retryer says, and as often."""

    def __init__(self, inner: Any, attempts: int | None) -> None:
        self._inner = inner
        self._attempts = max(1, int(inner.max_attempts() if attempts is None else attempts))

    def is_error_retryable(self, error: Exception) -> bool:
        operation = _operation.get()
        if operation is None or isinstance(error, exceptions.CredentialsFetchError):
            # The wait for a credential has been as long as it may be.
            return False
        if operation.again is not None and isinstance(error, exceptions.ServiceError):
            if operation.again:
                return True
            if operation.call is not None and operation.call.error is not None and error.__cause__ is None:
                error.__cause__ = operation.call.error
        operation.others += 1
        return operation.others < self._attempts and bool(self._inner.is_error_retryable(error))

    def max_attempts(self) -> int:
        return ROUNDS + self._attempts

    def retry_delay(self, attempt: int, error: Exception) -> float:
        operation = _operation.get()
        if operation is not None and operation.again:
            return 0.0
        return float(self._inner.retry_delay(operation.others if operation is not None else attempt, error))


def _client_options(config: Config) -> dict[str, Any]:
    """What the SDK's clients make their HTTP client of, unless they are given one."""
    options: dict[str, Any] = {}
    for name in ("insecure_skip_verify", "enabled_redirect", "connect_timeout", "readwrite_timeout", "proxy_host"):
        value = getattr(config, name, None)
        if value:
            options[name] = value
    return options


def _configured(config: Config, provider: CredentialsProvider, client: Any) -> Config:
    made = copy.copy(config)
    made.credentials_provider = provider
    made.http_client = client
    made.retryer = _Retryer(config.retryer or retry.StandardRetryer(), config.retry_max_attempts)
    # The retryer holds to it: refusals do not count.
    made.retry_max_attempts = None
    return made


def configure(config: Config, secret: Secret | str) -> Config:
    """A copy of ``config`` with which a ``Client`` survives rotations of a RAM secret.

    ``client = oss.Client(kmsramcred.oss_v2.configure(config, "prod/robot"))``. ``config``'s own ``http_client`` and
    ``retryer`` go on working inside. ``secret`` is a ``kmsramcred.Secret``, or a name: then all such clients share the
    ``kmsramcred.Client`` of the configuration file. Nothing is fetched before the first call.
    """
    provider = CredentialsProvider(secret)
    given, options = config.http_client, _client_options(config)
    inner = PerProcess(lambda: given or RequestsHttpClient(**options))
    return _configured(config, provider, _HttpClient(inner, provider))


async def configure_async(config: Config, secret: Secret | str) -> Config:
    """The same for an ``AsyncClient``.

    Waits for the first credential, off the event loop: the SDK asks for it where a task cannot wait.
    """
    provider = CredentialsProvider(secret)
    await _waiting.credential(provider.secret)
    inner = config.http_client or AioHttpClient(**_client_options(config))
    return _configured(config, provider, _AsyncHttpClient(inner, provider))
