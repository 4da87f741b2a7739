"""The V2 SDKs (Tea, ``alibabacloud-tea-openapi``): generated clients whose AccessKey may rotate at any time."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

from alibabacloud_credentials.models import CredentialModel
from alibabacloud_tea_openapi.client import Client as OpenApiClient
from Tea.exceptions import TeaException

from kmsramcred import Credential, KmsRamCredError, Secret, _given, _waiting
from kmsramcred._call import Call
from kmsramcred._streams import Streams, in_memory, in_memory_async

__all__ = ["CredentialsProvider", "wrap"]

_logger = logging.getLogger("kmsramcred")

_C = TypeVar("_C")


class _Attempt:
    """One send: what it was signed with, as the provider was asked in its course."""

    __slots__ = ("credential", "provider", "settled")

    def __init__(self, provider: CredentialsProvider) -> None:
        self.provider = provider
        self.credential: Credential | None = None
        #: The error that a send inside this one has already been judged by.
        self.settled: BaseException | None = None


_attempt: ContextVar[_Attempt | None] = ContextVar("kmsramcred_tea_attempt", default=None)


class _Credentials:
    """One snapshot, as ``alibabacloud-credentials`` 1.x reads it."""

    __slots__ = ("_credential",)

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def get_access_key_id(self) -> str:
        return self._credential.access_key_id

    def get_access_key_secret(self) -> str:
        return self._credential.access_key_secret

    def get_security_token(self) -> str | None:
        return self._credential.security_token

    def get_provider_name(self) -> None:
        # A name would be sent to the services in a header.
        return None


class CredentialsProvider:
    """The current AccessKey of a RAM secret, for what asks ``alibabacloud-credentials`` for one.

    ``alibabacloud_credentials.client.Client(provider=CredentialsProvider(secret))`` with 1.x. With any version it can
    be the ``credential`` of a tea-openapi ``Config`` itself. One question, one snapshot: ``get_credential``,
    ``get_credentials`` and their async forms. The single getters answer each from the snapshot of their moment.

    On its own it never hears of a refusal: use ``wrap`` for that. ``secret`` is a ``kmsramcred.Secret``, or a name in
    the configuration file's client.
    """

    #: Read by tea-openapi beside the model.
    provider_name = None

    def __init__(self, secret: Secret | str) -> None:
        self.secret: Secret = _given.opened(secret, self)

    def _note(self, credential: Credential) -> Credential:
        attempt = _attempt.get()
        if attempt is not None and attempt.provider is self:
            attempt.credential = credential
        return credential

    def _take(self) -> Credential:
        return self._note(self.secret.credential())

    async def _take_async(self) -> Credential:
        return self._note(await _waiting.credential(self.secret))

    # -- a provider of alibabacloud-credentials 1.x

    def get_credentials(self) -> _Credentials:
        return _Credentials(self._take())

    async def get_credentials_async(self) -> _Credentials:
        return _Credentials(await self._take_async())

    def get_provider_name(self) -> str:
        return "access_key"

    # -- a credential of any version

    def get_credential(self) -> CredentialModel:
        return _model(self._take())

    async def get_credential_async(self) -> CredentialModel:
        return _model(await self._take_async())

    def get_type(self) -> str:
        return "access_key"

    def get_access_key_id(self) -> str:
        return self._take().access_key_id

    async def get_access_key_id_async(self) -> str:
        return (await self._take_async()).access_key_id

    def get_access_key_secret(self) -> str:
        return self._take().access_key_secret

    async def get_access_key_secret_async(self) -> str:
        return (await self._take_async()).access_key_secret

    def get_security_token(self) -> str | None:
        return self._take().security_token

    async def get_security_token_async(self) -> str | None:
        return (await self._take_async()).security_token

    def get_bearer_token(self) -> None:
        return None


def _model(credential: Credential) -> CredentialModel:
    model = CredentialModel(
        access_key_id=credential.access_key_id,
        access_key_secret=credential.access_key_secret,
        security_token=credential.security_token,
        type="access_key",
    )
    # tea-openapi 0.3.14 reads both from models of 0.3.6, which have neither.
    model.provider_name = None
    model.bearer_token = None
    return model


class _Sends:
    """The attempts of one call."""

    def __init__(self, client: _Surviving, host: str | None, streams: Streams | None = None) -> None:
        self._provider = client._kmsramcred
        self._secret = self._provider.secret
        self._call = Call(self._secret, self._secret.client.call_budget)
        self._service = type(client)._kmsramcred_service
        self._host = host or ""
        self._streams = streams
        self._last: _Attempt | None = None

    @contextlib.contextmanager
    def attempt(self, *, tells: bool = True) -> Iterator[None]:
        """Around one send. ``tells``: its end without an error means that the key was accepted."""
        current = self._last = _Attempt(self._provider)
        outer = _attempt.set(current)
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
            _attempt.reset(outer)

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
        around = _attempt.get()
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


class _Surviving:
    """Goes before a generated client in the order of classes."""

    _kmsramcred: CredentialsProvider
    _kmsramcred_service: str


def _host(client: Any, request: Any) -> str | None:
    host: str | None = getattr(request, "endpoint_override", None) or getattr(client, "_endpoint", None)
    return host


def _request_of(name: str) -> Callable[..., Any]:
    """Finds the ``request`` among the arguments of a method of the SDK."""
    names = list(inspect.signature(getattr(OpenApiClient, name)).parameters)
    place = names.index("request") - 1

    def replace(arguments: tuple[Any, ...], named: dict[str, Any], make: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if "request" in named:
            return arguments, {**named, "request": make}
        return (*arguments[:place], make, *arguments[place + 1 :]), named

    def find(arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return named["request"] if "request" in named else arguments[place]

    return lambda arguments, named: (find(arguments, named), lambda new: replace(arguments, named, new))


def _kept_headers(client: Any) -> Callable[[], None]:
    """``set_rpc_headers`` holds for one send; the next one of the same call needs them again."""
    headers = getattr(client, "_headers", None)

    def restore() -> None:
        if headers is not None:
            client._headers = headers

    return restore


def _sync_method(name: str) -> Any:
    request_of = _request_of(name)

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        original = getattr(super(_Surviving, self), name)
        request, put = request_of(arguments, named)
        arguments, named = put(in_memory(request))
        restore = _kept_headers(self)
        sends = _Sends(self, _host(self, request))
        while True:
            try:
                with sends.attempt():
                    return original(*arguments, **named)
            except TeaException as error:
                if not sends.refused(error):
                    raise
            restore()

    return functools.wraps(getattr(OpenApiClient, name))(method)


def _async_method(name: str) -> Any:
    request_of = _request_of(name)

    async def method(self: Any, *arguments: Any, **named: Any) -> Any:
        original = getattr(super(_Surviving, self), name)
        request, put = request_of(arguments, named)
        arguments, named = put(await in_memory_async(request))
        restore = _kept_headers(self)
        sends = _Sends(self, _host(self, request))
        while True:
            try:
                with sends.attempt():
                    return await original(*arguments, **named)
            except TeaException as error:
                if not await sends.refused_async(error):
                    raise
            restore()

    return functools.wraps(getattr(OpenApiClient, name))(method)


_END = object()


def _events(self: Any, params: Any, request: Any, runtime: Any) -> Iterator[Any]:
    original = super(_Surviving, self).call_sseapi
    kept = in_memory(request)
    restore = _kept_headers(self)
    sends = _Sends(self, _host(self, request))
    while True:
        events = original(params, kept, runtime)
        try:
            # A refusal comes before the first event; the attempt must not be seen by whoever consumes them.
            with sends.attempt():
                first = next(events, _END)
            break
        except TeaException as error:
            if not sends.refused(error):
                raise
        restore()
    if first is not _END:
        yield first
        yield from events


async def _events_async(self: Any, params: Any, request: Any, runtime: Any) -> AsyncIterator[Any]:
    original = super(_Surviving, self).call_sseapi_async
    kept = await in_memory_async(request)
    restore = _kept_headers(self)
    sends = _Sends(self, _host(self, request))
    while True:
        events = original(params, kept, runtime)
        try:
            with sends.attempt():
                first = await anext(events, _END)
            break
        except TeaException as error:
            if not await sends.refused_async(error):
                raise
        restore()
    if first is not _END:
        yield first
        async for event in events:
            yield event


def _upload(client_class: type[Any], name: str) -> Any:
    """``*_advance``: asks for a place with a plain client, uploads a file there, then sends the call itself."""
    original = getattr(client_class, name)

    @functools.wraps(original)
    def method(self: Any, request: Any, *rest: Any, **named: Any) -> Any:
        sends = _Sends(self, getattr(self, "_open_platform_endpoint", None), Streams(request))
        while True:
            try:
                with sends.attempt(tells=False):
                    return original(self, request, *rest, **named)
            except TeaException as error:
                if not sends.refused(error):
                    raise

    @functools.wraps(original)
    async def method_async(self: Any, request: Any, *rest: Any, **named: Any) -> Any:
        sends = _Sends(self, getattr(self, "_open_platform_endpoint", None), Streams(request))
        while True:
            try:
                with sends.attempt(tells=False):
                    return await original(self, request, *rest, **named)
            except TeaException as error:
                if not await sends.refused_async(error):
                    raise

    return method_async if inspect.iscoroutinefunction(original) else method


_SENDS = ("do_rpcrequest", "do_roarequest", "do_roarequest_with_form", "do_request", "execute")
for _name in _SENDS:
    setattr(_Surviving, _name, _sync_method(_name))
    setattr(_Surviving, _name + "_async", _async_method(_name + "_async"))
if hasattr(OpenApiClient, "call_sseapi"):
    setattr(_Surviving, "call_sseapi", _events)
    setattr(_Surviving, "call_sseapi_async", _events_async)


#: By generated class.
_made: dict[type[Any], type[Any]] = {}


def _surviving(client_class: type[Any]) -> type[Any]:
    """The generated class with everything above it; made once."""
    made = _made.get(client_class)
    if made is None:
        made = _made[client_class] = _make(client_class)
    return made


def _make(client_class: type[Any]) -> type[Any]:
    members: dict[str, Any] = {
        "__module__": client_class.__module__,
        "__doc__": client_class.__doc__,
        "_kmsramcred_service": client_class.__module__.split(".")[0],
    }
    for name in dir(client_class):
        if name.endswith(("_advance", "_advance_async")) and callable(getattr(client_class, name)):
            members[name] = _upload(client_class, name)
    return type(client_class.__name__, (_Surviving, client_class), members)


def wrap(client_class: type[_C], config: Any, secret: Secret | str) -> _C:
    """A generated V2 client that signs with the current AccessKey of a RAM secret and survives its rotation.

    ``client = kmsramcred.tea.wrap(EcsClient, config, "prod/robot")``. The result is an ``EcsClient``. ``config`` stays
    as it is; an AccessKey or credential in it is ignored with a warning. ``secret`` is a ``kmsramcred.Secret``, or a
    name: then all such clients share the ``kmsramcred.Client`` of the configuration file.

    Nothing is fetched before the first call. Safe for threads and tasks as the SDK's client is.
    """
    given = copy.copy(config)
    for name in ("access_key_id", "access_key_secret", "security_token", "bearer_token", "credential"):
        if getattr(given, name, None):
            _logger.warning("wrap(%s): the config's %s is ignored, the secret is used", client_class.__name__, name)
        setattr(given, name, None)
    provider = CredentialsProvider(secret)
    given.credential = provider
    client: Any = _surviving(client_class)(given)
    client._kmsramcred = provider
    made: _C = client
    return made
