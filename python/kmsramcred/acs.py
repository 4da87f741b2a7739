"""aliyun-python-sdk-core (the V1 SDK): an ``AcsClient`` whose AccessKey may rotate at any time."""

from __future__ import annotations

import logging
import os
import re
import sys
import weakref
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from aliyunsdkcore.acs_exception import error_code
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.signers.signer import Signer
from aliyunsdkcore.client import AcsClient

from kmsramcred import ClosedError, Client, Credential, KmsRamCredError, Secret, _shared, _wait
from kmsramcred._call import Call
from kmsramcred._replay import Attempts
from kmsramcred._session import SessionPerProcess

__all__ = ["ProxyAcsClient"]

_logger = logging.getLogger("kmsramcred")


#: Of the call that is running. The signer, the send and the loop around it have nothing of ours in between.
_attempts: ContextVar[Attempts | None] = ContextVar("kmsramcred_acs_attempts", default=None)

_XML_CODE = re.compile(rb"<Code>\s*([^<\s]+)\s*</Code>")

# `SignerFactory` takes the environment's AccessKey unless it is given one; ours is put in its place right after.
_PLACEHOLDER = "kmsramcred"


class _SecretSigner(Signer):
    """Takes one snapshot for each signature: id, secret and token always belong together."""

    def __init__(self, owner: ProxyAcsClient) -> None:
        self._owner = owner

    def sign(self, region_id: str, request: Any) -> tuple[Mapping[str, str], str]:
        credential = self._owner._credential()
        attempts = _attempts.get()
        if attempts is None:
            Attempts(request).forget_token()
        else:
            attempts.signed_with = credential
            if attempts.has_token:
                attempts.forget_token()
        token = credential.security_token
        if token is not None:
            if request.get_style() == "RPC":
                request.add_query_param("SecurityToken", token)
            else:
                request.add_header("x-acs-security-token", token)
        access_key = credential.access_key_id, credential.access_key_secret
        header = request.get_signed_header(region_id, *access_key)
        return header, request.get_url(region_id, *access_key)


class ProxyAcsClient(SessionPerProcess, AcsClient):
    """An ``AcsClient`` that signs with the current AccessKey of a RAM secret and survives its rotation.

    It reads ``managed_credentials_providers.properties`` (see the documentation for where it is looked for), unless
    ``client`` gives it a ``kmsramcred.Client``. ``ak``, ``secret``, ``public_key_id``, ``private_key``,
    ``session_period`` and ``credential`` are there for those who come from the official plug-in, and ignored as there.
    ``ak_expire_handler.judge_ak_expire(exception)`` may say that further errors mean a dead key. Further options
    (``pool_size``, ``proxy``) go to ``AcsClient``.

    Nothing is fetched before the first call. Safe for threads and after ``fork``; request objects are not.
    """

    def __init__(
        self,
        secret_name: str,
        ak_expire_handler: Any = None,
        ak: str | None = None,
        secret: str | None = None,
        region_id: str = "cn-hangzhou",
        auto_retry: bool = True,
        max_retry_time: int | None = None,
        user_agent: str | None = None,
        port: int = 80,
        connect_timeout: float | None = None,
        timeout: float | None = None,
        public_key_id: str | None = None,
        private_key: str | None = None,
        session_period: int = 3600,
        credential: Any = None,
        debug: bool = False,
        verify: Any = None,
        *,
        client: Client | None = None,
        **options: Any,
    ) -> None:
        self.secret_name = secret_name
        self.ak_expire_handler = ak_expire_handler
        self.is_close = False
        self._process = os.getpid()
        if ak is not None or secret is not None or credential is not None or private_key is not None:
            _logger.warning("ProxyAcsClient(%r): the given AccessKey is ignored, the secret's is used", secret_name)
        super().__init__(
            ak=_PLACEHOLDER,
            secret=_PLACEHOLDER,
            region_id=region_id,
            auto_retry=auto_retry,
            max_retry_time=max_retry_time,
            user_agent=user_agent,
            port=port,
            connect_timeout=connect_timeout,
            timeout=timeout,
            debug=debug,
            verify=verify,
            **options,
        )
        self._signer = _SecretSigner(self)
        self._give_back: Any = None
        if client is None:
            shared = _shared.borrow()
            self._give_back = weakref.finalize(self, _shared.give_back, shared)
            # Exit closes nothing: other threads may still be at work then.
            self._give_back.atexit = False
            client = shared.client
        self._client = client
        self._kms_secret: Secret = client.secret(secret_name)

    # -- the life of the client

    def shutdown(self) -> None:
        """Ends the use of the secret by this client, and by no other."""
        if not self.is_close:
            self.is_close = True
            if self._give_back is not None:
                self._give_back()

    def __enter__(self) -> ProxyAcsClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # Half-made when the constructor raised; and at exit the modules that closing needs may be gone.
        if getattr(self, "session", None) is not None and not finalizing():
            self._close_session()

    # -- the key

    def _credential(self) -> Credential:
        if self.is_close:
            raise ClosedError(f"ProxyAcsClient({self.secret_name!r}) was shut down. Make a new one.")
        try:
            # Nearly always one is at hand.
            return self._kms_secret.credential(0)
        except KmsRamCredError:
            pass
        return _wait.credential(self._kms_secret)

    def get_access_key(self) -> str:
        return self._credential().access_key_id

    def get_access_secret(self) -> str:
        return self._credential().access_key_secret

    # -- one send, and the loop around it

    def _handle_retry_and_timeout(self, endpoint: str, request: Any, signer: Any) -> tuple[Any, Any, Any, Any]:
        # The SDK's own retries do not rewind a body either, so they are part of the same call.
        outer = _attempts.set(Attempts(request))
        try:
            return super()._handle_retry_and_timeout(endpoint, request, signer)  # type: ignore[no-any-return]
        finally:
            _attempts.reset(outer)

    def _handle_single_request(
        self, endpoint: str, request: Any, read_timeout: Any, connect_timeout: Any, signer: Any
    ) -> tuple[Any, Any, Any, Any]:
        if self._generation != self._kms_secret.generation:
            self._look_for_fork(self._kms_secret)
        once: Any = super()._handle_single_request
        attempts = _attempts.get()
        if signer is not None or attempts is None:
            # Signed with somebody else's key.
            return once(endpoint, request, read_timeout, connect_timeout, signer)  # type: ignore[no-any-return]
        while True:
            if attempts.answer is not None:
                if not attempts.possible:
                    return attempts.answer
                attempts.rewind()
            attempts.signed_with = None
            try:
                answer = once(endpoint, request, read_timeout, connect_timeout, signer)
            except KmsRamCredError as error:
                if attempts.answer is None:
                    raise
                # The service's own error is what became of the call.
                attempts.answer[3].__cause__ = error
                return attempts.answer
            finally:
                attempts.clean()
            attempts.answer = answer
            credential = attempts.signed_with
            if credential is None:
                # The user has put a signer of their own in place of ours.
                return answer  # type: ignore[no-any-return]
            if answer[3] is None:
                if not credential.accepted:
                    self._kms_secret.report_success(credential.serial)
                return answer
            if not self._is_sent_again(endpoint, request, attempts, credential):
                return answer

    def _is_sent_again(self, endpoint: str, request: Any, attempts: Attempts, credential: Credential) -> bool:
        """Reports a refusal and waits as told."""
        _, headers, body, exception = attempts.answer or (None,) * 4
        if not isinstance(exception, ServerException):
            return False
        if attempts.call is None:
            attempts.call = Call(self._kms_secret)
        code = None if self._judged_dead(exception) else _code(exception, headers, body)
        again = attempts.call.refused(
            credential.serial,
            request.get_product() or "",
            endpoint,
            code,
            exception.http_status,
            can_resend=attempts.possible,
        )
        if not again and attempts.call.error is not None:
            exception.__cause__ = attempts.call.error
        return again

    def _judged_dead(self, exception: Any) -> bool:
        handler = self.ak_expire_handler
        return handler is not None and bool(handler.judge_ak_expire(exception))

    def _get_server_exception(self, http_status: int, response_body: bytes, endpoint: str, string_to_sign: str) -> Any:
        try:
            return super()._get_server_exception(http_status, response_body, endpoint, string_to_sign)
        except (IndexError, TypeError, ValueError):
            # The SDK trips over a SignatureDoesNotMatch without a colon in its message, over JSON that is no object
            # and over bytes that are not UTF-8. The user must see what the service said all the same.
            text = response_body.decode("utf-8", "replace")
            found = re.search(r'"Code"\s*:\s*"([^"]+)"', text)
            code = found.group(1) if found else error_code.SDK_UNKNOWN_SERVER_ERROR
            return ServerException(code, f"ServerResponseBody: {text}", http_status=http_status)


def _code(exception: Any, headers: Any, body: bytes | None) -> str:
    """The service's error code; empty when it sent none, which is not the same as one we judged."""
    code: str = exception.error_code
    if code != error_code.SDK_UNKNOWN_SERVER_ERROR:
        return code
    found = _XML_CODE.search(body or b"")
    if found:
        return found.group(1).decode("ascii", "replace")
    return (headers or {}).get("x-oss-err") or ""
