"""oss2 (the OSS SDK for Python): buckets and services whose AccessKey may rotate at any time."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import oss2
import requests
from oss2.exceptions import ServerError
from requests.structures import CaseInsensitiveDict

from kmsramcred import Client
from kmsramcred._call import Call
from kmsramcred._oss_auth import SecretAuth, SecretCredentialsProvider, signed_with
from kmsramcred._oss_body import Rewind, rewinder, state
from kmsramcred._session import SessionPerProcess, unconnected

__all__ = ["ProxyBucket", "ProxyCryptoBucket", "ProxyService", "SecretCredentialsProvider"]

#: The bucket that has a loop further out which will send again what its `_do` is about to send; `_do` then sends once.
_repeating: ContextVar[Any] = ContextVar("kmsramcred_oss_repeating", default=None)


class _Rotating(SessionPerProcess):
    """What bucket, encrypting bucket and service have in common. Stands before the class of the SDK."""

    #: Set by the SDK's class.
    endpoint: str

    def _use(
        self, secret_name: str, ak_expire_handler: Any, client: Client | None, auth_version: str, region: str | None
    ) -> SecretAuth:
        """What every constructor does first; the answer is the auth for the SDK's own constructor."""
        if auth_version == oss2.AUTH_VERSION_4 and not region:
            raise ValueError('auth_version is "v4", but region is missing: signatures of version 4 contain it.')
        self.secret_name = secret_name
        self.ak_expire_handler = ak_expire_handler
        self._process = os.getpid()
        self._provider = SecretCredentialsProvider(secret_name, client=client)
        return SecretAuth(self._provider, auth_version)

    # -- the life of the client

    @property
    def is_close(self) -> bool:
        """Whether ``shutdown`` was called."""
        return self._provider.is_close

    def shutdown(self) -> None:
        """Ends the use of the secret by this client, and by no other."""
        self._provider.shutdown()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()

    def _copy_session(self, session: Any) -> Any:
        fresh = copy.copy(session)
        if isinstance(getattr(session, "session", None), requests.Session):
            fresh.session = unconnected(session.session)
        return fresh

    # -- the loop around a send

    def _do(self, *request: Any, **options: Any) -> Any:
        """One request of the SDK: every method of its classes ends here."""
        return self._send(super()._do, request, options)  # type: ignore[misc]

    def _do_url(self, *request: Any, **options: Any) -> Any:
        """The same with a signature that the user has made before."""
        self._look_for_fork(self._provider.secret)
        return super()._do_url(*request, **options)  # type: ignore[misc]

    def _send(self, once: Callable[..., Any], request: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Sends until the key is accepted or the verdict is to stop."""
        secret = self._provider.secret
        if self._generation != secret.generation:
            self._look_for_fork(secret)
        body, headers = options.get("data"), options.get("headers")
        before = state(body)
        call: Call | None = None
        rewind: Rewind | None = None
        outer = signed_with.set(None)
        try:
            while True:
                try:
                    if isinstance(headers, CaseInsensitiveDict):
                        # A send writes signature and token into them; of any other mapping oss2 makes its own.
                        options["headers"] = _copied(headers)
                    answer = once(*request, **options)
                except ServerError as error:
                    if call is None:
                        call, rewind = Call(secret), rewinder(body, before)
                    if not self._is_sent_again(call, error, rewind):
                        raise
                    signed_with.set(None)
                else:
                    credential = signed_with.get()
                    if credential is not None and not credential.accepted:
                        secret.report_success(credential.serial)
                    return answer
        finally:
            signed_with.reset(outer)

    def _is_sent_again(self, call: Call, error: Any, rewind: Rewind | None) -> bool:
        """Reports a refusal, waits as told and takes the body back. Without ``rewind`` it only reports."""
        credential = signed_with.get()
        if credential is None:
            # The user has put an auth of their own in place of ours.
            return False
        code = None if self._judged_dead(error) else error.code or ""
        host = urlsplit(self.endpoint).netloc
        again = call.refused(credential.serial, "oss", host, code, error.status, can_resend=rewind is not None)
        if not again or rewind is None:
            if call.error is not None:
                error.__cause__ = call.error
            return False
        try:
            rewind()
        except Exception as gone:
            raise error from gone
        return True

    def _judged_dead(self, error: Any) -> bool:
        handler = self.ak_expire_handler
        return handler is not None and bool(handler.judge_ak_expire(error))


class ProxyBucket(_Rotating, oss2.Bucket):
    """An ``oss2.Bucket`` that signs with the current AccessKey of a RAM secret and survives its rotation.

    It reads ``managed_credentials_providers.properties`` (see the documentation for where it is looked for), unless
    ``client`` gives it a ``kmsramcred.Client``. ``auth_version`` is the version of the signatures: ``"v1"`` as in the
    official plug-in, ``"v2"``, or ``"v4"``, which needs ``region``. ``ak_expire_handler.judge_ak_expire(exception)``
    may say that further errors mean a dead key. Further options (``is_path_style``) go to ``oss2.Bucket``.

    Nothing is fetched before the first call. Safe for threads and after ``fork``.
    """

    def __init__(
        self,
        secret_name: str,
        endpoint: str,
        bucket_name: str,
        is_cname: bool = False,
        session: Any = None,
        connect_timeout: float | None = None,
        app_name: str = "",
        enable_crc: bool = True,
        proxies: Any = None,
        region: str | None = None,
        cloudbox_id: str | None = None,
        ak_expire_handler: Any = None,
        *,
        client: Client | None = None,
        auth_version: str = oss2.AUTH_VERSION_1,
        **options: Any,
    ) -> None:
        super().__init__(
            self._use(secret_name, ak_expire_handler, client, auth_version, region),
            endpoint,
            bucket_name,
            is_cname=is_cname,
            session=session,
            connect_timeout=connect_timeout,
            app_name=app_name,
            enable_crc=enable_crc,
            proxies=proxies,
            region=region,
            cloudbox_id=cloudbox_id,
            **options,
        )


class ProxyCryptoBucket(_Rotating, oss2.CryptoBucket):
    """An ``oss2.CryptoBucket`` that survives the rotation of its AccessKey; otherwise like ``ProxyBucket``.

    A refused upload is encrypted anew. ``crypto_provider`` is the user's: an ``AliKMSProvider`` has an AccessKey of its
    own, which does not rotate with the secret.
    """

    def __init__(
        self,
        secret_name: str,
        endpoint: str,
        bucket_name: str,
        crypto_provider: Any,
        is_cname: bool = False,
        session: Any = None,
        connect_timeout: float | None = None,
        app_name: str = "",
        enable_crc: bool = True,
        proxies: Any = None,
        region: str | None = None,
        cloudbox_id: str | None = None,
        ak_expire_handler: Any = None,
        *,
        client: Client | None = None,
        auth_version: str = oss2.AUTH_VERSION_1,
        **options: Any,
    ) -> None:
        super().__init__(
            self._use(secret_name, ak_expire_handler, client, auth_version, region),
            endpoint,
            bucket_name,
            crypto_provider,
            is_cname=is_cname,
            session=session,
            connect_timeout=connect_timeout,
            app_name=app_name,
            enable_crc=enable_crc,
            proxies=proxies,
            region=region,
            cloudbox_id=cloudbox_id,
            **options,
        )

    def _do(self, *request: Any, **options: Any) -> Any:
        if _repeating.get() is not self:
            return super()._do(*request, **options)
        # Calls that the user's callbacks make during this send stand for themselves.
        outer = _repeating.set(None)
        try:
            return super(_Rotating, self)._do(*request, **options)
        finally:
            _repeating.reset(outer)

    def _repeat(self, operation: Callable[..., Any], *request: Any, **options: Any) -> Any:
        """The loop around an operation that must make its request anew each time."""

        def operate(*request: Any, **options: Any) -> Any:
            outer = _repeating.set(self)
            try:
                return operation(*request, **options)
            finally:
                _repeating.reset(outer)

        return self._send(operate, request, options)

    def put_object(self, key: Any, data: Any, headers: Any = None, progress_callback: Any = None) -> Any:
        return self._repeat(super().put_object, key, data=data, headers=headers, progress_callback=progress_callback)

    def upload_part(
        self,
        key: Any,
        upload_id: str,
        part_number: int,
        data: Any,
        progress_callback: Any = None,
        headers: Any = None,
        upload_context: Any = None,
    ) -> Any:
        return self._repeat(
            super().upload_part,
            key,
            upload_id,
            part_number,
            data=data,
            progress_callback=progress_callback,
            headers=headers,
            upload_context=upload_context,
        )


class ProxyService(_Rotating, oss2.Service):
    """An ``oss2.Service`` that survives the rotation of its AccessKey; otherwise like ``ProxyBucket``."""

    def __init__(
        self,
        secret_name: str,
        endpoint: str,
        session: Any = None,
        connect_timeout: float | None = None,
        app_name: str = "",
        proxies: Any = None,
        region: str | None = None,
        cloudbox_id: str | None = None,
        ak_expire_handler: Any = None,
        *,
        client: Client | None = None,
        auth_version: str = oss2.AUTH_VERSION_1,
        **options: Any,
    ) -> None:
        super().__init__(
            self._use(secret_name, ak_expire_handler, client, auth_version, region),
            endpoint,
            session=session,
            connect_timeout=connect_timeout,
            app_name=app_name,
            proxies=proxies,
            region=region,
            cloudbox_id=cloudbox_id,
            **options,
        )


def _copied(headers: Any) -> Any:
    if type(headers) is not CaseInsensitiveDict or not hasattr(headers, "_store"):
        return headers.copy()
    # The same in a tenth of the time: each call copies.
    copied = CaseInsensitiveDict.__new__(CaseInsensitiveDict)
    copied._store = headers._store.copy()
    return copied
