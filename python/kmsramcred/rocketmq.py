"""``rocketmq-python-client``: producers and consumers whose AccessKey may rotate at any time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from rocketmq.grpc_protocol import Code
from rocketmq.v5.client import ClientConfiguration
from rocketmq.v5.client import Credentials as _RocketMQCredentials
from rocketmq.v5.util import Signature

from kmsramcred import Credential, KmsRamCredError, Secret, _given, _waiting
from kmsramcred._call import Call

__all__ = ["Credentials", "attach"]

_SERVICE = "rocketmq"
#: Where the client keeps what sends for it.
_SENDER = "_Client__rpc_client"

#: Other codes may be of a proxy that has not looked at the key. A message has none.
_ACCEPTED = (Code.OK, Code.MULTIPLE_RESULTS, Code.CODE_UNSPECIFIED)

_ClientT = TypeVar("_ClientT")


class Credentials(_RocketMQCredentials):
    """The current AccessKey of a RAM secret, whenever the client signs.

    The client reads ``sk`` and ``ak`` one after the other. What a thread reads second belongs to what it read first,
    also where the key has changed in between. RocketMQ takes no security token, so a secret with one cannot be used.
    """

    def __init__(self, secret: Secret | str) -> None:
        super().__init__()
        self.secret: Secret = _given.opened(secret, self)
        self._half = threading.local()

    @property
    def ak(self) -> str:
        """The AccessKey id."""
        return self._read("ak", "sk").access_key_id

    @property
    def sk(self) -> str:
        """The AccessKey secret. Do not log it."""
        return self._read("sk", "ak").access_key_secret

    def _read(self, this: str, other: str) -> Credential:
        missing, credential = getattr(self._half, "read", ("", None))
        if credential is not None and missing == this:
            self._half.read = ("", None)
        else:
            credential = self.secret.credential()
            self._half.read = (other, credential)
        found: Credential = credential
        return found

    def __repr__(self) -> str:
        return f"kmsramcred.rocketmq.Credentials({self.secret!r})"


class _Key:
    """One snapshot, for one signature of the client's own code."""

    def __init__(self, credential: Credential) -> None:
        self.ak = credential.access_key_id
        self.sk = credential.access_key_secret


class _Signing:
    """What the client's signer needs of a configuration, with one snapshot in it."""

    def __init__(self, configuration: ClientConfiguration, credential: Credential) -> None:
        self.namespace = configuration.namespace
        self.credentials = _Key(credential)


class _Signed(list[Any]):
    """Metadata of a request, and the serial that it was signed with."""

    serial: int


class _Signer:
    """Takes the place of a client's ``sign``."""

    def __init__(self, client: Any, secret: Secret) -> None:
        self._configuration = client.client_configuration
        self._id = client.client_id
        self.secret = secret

    def __call__(self) -> _Signed:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self.with_key(self.secret.credential())
        # The loop sends for every client of the process: nobody waits in it.
        return self.with_key(self.secret.credential(0))

    def with_key(self, credential: Credential) -> _Signed:
        signed = _Signed(Signature.metadata(_Signing(self._configuration, credential), self._id))
        signed.serial = credential.serial
        return signed


class _Sender:
    """Takes the place of what sends for a client: a refused request is signed and sent again."""

    def __init__(self, sender: Any, signer: _Signer) -> None:
        self._sender = sender
        self._signer = signer
        self._secret = signer.secret

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._sender, name)
        # Writing to a telemetry stream is not signed.
        if not name.endswith("_async") or name == "telemetry_write_async":
            return found

        def send(endpoints: Any, req: Any, metadata: Any, timeout: float = 3) -> Future[Any]:
            return asyncio.run_coroutine_threadsafe(
                self._send(found, endpoints, req, metadata, timeout), self._sender.get_channel_io_loop()
            )

        return send

    async def _send(self, send: Callable[..., Future[Any]], endpoints: Any, req: Any, metadata: Any, timeout: float) -> Any:
        call = self._call()
        while True:
            reply = await asyncio.wrap_future(send(endpoints, req, metadata, timeout))
            again = await self._judged(call, endpoints, reply, metadata)
            if again is None:
                return reply
            metadata = again

    async def receive_message(self, endpoints: Any, req: Any, metadata: Any, timeout: float = 3) -> _Received:
        """A stream of replies; a refusal is the first of them."""
        call = self._call()
        while True:
            stream = await self._sender.receive_message(endpoints, req, metadata=metadata, timeout=timeout)
            try:
                replies = aiter(stream)
                first = await anext(replies, None)
                again = None if first is None else await self._judged(call, endpoints, first, metadata)
            except asyncio.CancelledError:
                stream.cancel()
                raise
            if again is None:
                return _Received(stream, replies, first)
            stream.cancel()
            metadata = again

    def _call(self) -> Call:
        return Call(self._secret)

    async def _judged(self, call: Call, endpoints: Any, reply: Any, metadata: Any) -> _Signed | None:
        """Reports how a request fared. New metadata: send it again."""
        if not isinstance(metadata, _Signed):
            return None
        if reply.status.code != Code.UNAUTHORIZED:
            if reply.status.code in _ACCEPTED:
                self._secret.report_success(metadata.serial)
            return None
        # The code is RocketMQ's only one about keys, and none of those that the core knows.
        report = metadata.serial, _SERVICE, str(endpoints), None, None
        if not await _waiting.refused(call, self._secret, *report, can_resend=True):
            return None
        try:
            credential = await _waiting.credential(self._secret)
        except KmsRamCredError:
            # The broker's own refusal is what became of the request.
            return None
        return self._signer.with_key(credential)


class _Received:
    """A stream whose first reply was read already."""

    def __init__(self, stream: Any, replies: AsyncIterator[Any], first: Any) -> None:
        self._stream = stream
        self._replies = replies
        self._first = first

    async def __aiter__(self) -> AsyncIterator[Any]:
        if self._first is not None:
            yield self._first
            async for reply in self._replies:
                yield reply

    def cancel(self) -> bool:
        return bool(self._stream.cancel())


def attach(client: _ClientT) -> _ClientT:
    """Makes a producer or consumer, whose configuration has `Credentials`, follow rotations; returns it.

    Call it before ``startup()``. Each request is signed with one snapshot; a refused one is reported, waited for as
    the verdict says, signed and sent again.
    """
    made: Any = client
    credentials = made.client_configuration.credentials
    if not isinstance(credentials, Credentials):
        raise TypeError(
            f"the client's credentials are a {type(credentials).__name__}: "
            "give its ClientConfiguration kmsramcred.rocketmq.Credentials(secret)"
        )
    sender = getattr(made, _SENDER, None)
    if sender is None:
        raise TypeError(f"{type(client).__name__} of this rocketmq-python-client has no {_SENDER}: tested is 5.1.2")
    if isinstance(sender, _Sender):
        return client
    made.sign = _Signer(made, credentials.secret)
    setattr(made, _SENDER, _Sender(sender, made.sign))
    return client
