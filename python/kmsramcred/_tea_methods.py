"""The methods of ``alibabacloud-tea-openapi`` that send, with the loop around them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from alibabacloud_tea_openapi.client import Client as OpenApiClient
from Tea.exceptions import TeaException

from kmsramcred._streams import Streams, in_memory, in_memory_async
from kmsramcred._tea_key import CredentialsProvider
from kmsramcred._tea_sends import Sends


class Surviving:
    """Goes before a generated client in the order of classes."""

    _kmsramcred: CredentialsProvider
    _kmsramcred_service: str


def _host(client: Any, request: Any) -> str | None:
    host: str | None = getattr(request, "endpoint_override", None) or getattr(client, "_endpoint", None)
    return host


def _place_of_request(name: str) -> int:
    return list(inspect.signature(getattr(OpenApiClient, name)).parameters).index("request") - 1


def _with_request(place: int, arguments: tuple[Any, ...], named: dict[str, Any], request: Any) -> Any:
    if "request" in named:
        return arguments, {**named, "request": request}
    return (*arguments[:place], request, *arguments[place + 1 :]), named


def _kept_headers(client: Any) -> Callable[[], None]:
    """``set_rpc_headers`` holds for one send; the next one of the same call needs them again."""
    headers = getattr(client, "_headers", None)

    def restore() -> None:
        if headers is not None:
            client._headers = headers

    return restore


def _sync_method(name: str) -> Any:
    place = _place_of_request(name)

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        original = getattr(super(Surviving, self), name)
        request = named["request"] if "request" in named else arguments[place]
        arguments, named = _with_request(place, arguments, named, in_memory(request))
        restore = _kept_headers(self)
        sends = Sends(self, _host(self, request))
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
    place = _place_of_request(name)

    async def method(self: Any, *arguments: Any, **named: Any) -> Any:
        original = getattr(super(Surviving, self), name)
        request = named["request"] if "request" in named else arguments[place]
        arguments, named = _with_request(place, arguments, named, await in_memory_async(request))
        restore = _kept_headers(self)
        sends = Sends(self, _host(self, request))
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
    original = super(Surviving, self).call_sseapi
    kept = in_memory(request)
    restore = _kept_headers(self)
    sends = Sends(self, _host(self, request))
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
    original = super(Surviving, self).call_sseapi_async
    kept = await in_memory_async(request)
    restore = _kept_headers(self)
    sends = Sends(self, _host(self, request))
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


def upload(client_class: type[Any], name: str) -> Any:
    """``*_advance``: asks for a place with a plain client, uploads a file there, then sends the call itself."""
    original = getattr(client_class, name)

    @functools.wraps(original)
    def method(self: Any, request: Any, *rest: Any, **named: Any) -> Any:
        sends = Sends(self, getattr(self, "_open_platform_endpoint", None), Streams(request))
        while True:
            try:
                with sends.attempt(tells=False):
                    return original(self, request, *rest, **named)
            except TeaException as error:
                if not sends.refused(error):
                    raise

    @functools.wraps(original)
    async def method_async(self: Any, request: Any, *rest: Any, **named: Any) -> Any:
        sends = Sends(self, getattr(self, "_open_platform_endpoint", None), Streams(request))
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
    setattr(Surviving, _name, _sync_method(_name))
    setattr(Surviving, _name + "_async", _async_method(_name + "_async"))
if hasattr(OpenApiClient, "call_sseapi"):
    setattr(Surviving, "call_sseapi", _events)
    setattr(Surviving, "call_sseapi_async", _events_async)
