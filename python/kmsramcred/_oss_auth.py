"""Signing for oss2: one snapshot of the secret for each signature."""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import Any

from oss2 import AUTH_VERSION_1, AUTH_VERSION_2, AUTH_VERSION_4
from oss2.auth import AuthBase, ProviderAuth, ProviderAuthV2, ProviderAuthV4
from oss2.credentials import Credentials, CredentialsProvider, StaticCredentialsProvider

from kmsramcred import ClosedError, Client, Credential, KmsRamCredError, Secret, _shared, _wait

#: What the attempt that is running was signed with. The signer knows it, the loop around the send needs it.
signed_with: ContextVar[Credential | None] = ContextVar("kmsramcred_oss_signed_with", default=None)

_SIGNERS: dict[str, Any] = {
    AUTH_VERSION_1: ProviderAuth,
    AUTH_VERSION_2: ProviderAuthV2,
    AUTH_VERSION_4: ProviderAuthV4,
}


class SecretCredentialsProvider(CredentialsProvider):
    """Gives oss2 the current AccessKey of a RAM secret, whole, at each signature.

    For ``oss2.ProviderAuth`` and ``oss2.ProviderAuthV4`` with a plain ``oss2.Bucket``. Such a bucket shows you every
    refusal, and nobody hears of it: ``secret.refresh()`` fetches the new key then. ``ProxyBucket`` does all that.
    """

    def __init__(self, secret_name: str, *, client: Client | None = None) -> None:
        self.secret_name = secret_name
        self.is_close = False
        self._give_back: Any = None
        if client is None:
            shared = _shared.borrow()
            self._give_back = weakref.finalize(self, _shared.give_back, shared)
            # Exit closes nothing: other threads may still be at work then.
            self._give_back.atexit = False
            client = shared.client
        self.client = client
        self.secret: Secret = client.secret(secret_name)

    def credential(self) -> Credential:
        """The current credential of the secret."""
        if self.is_close:
            raise ClosedError(f"The OSS client of secret {self.secret_name!r} was shut down. Make a new one.")
        try:
            # Nearly always one is at hand.
            return self.secret.credential(0)
        except KmsRamCredError:
            pass
        return _wait.credential(self.secret)

    def get_credentials(self) -> Any:
        """What oss2 calls, once for each signature."""
        return _snapshot(self.credential())

    def shutdown(self) -> None:
        """Ends this use of the secret, and no other."""
        if not self.is_close:
            self.is_close = True
            if self._give_back is not None:
                self._give_back()


class SecretAuth(AuthBase):
    """Signs with oss2's own code and notes with what."""

    def __init__(self, provider: SecretCredentialsProvider, version: str) -> None:
        if version not in _SIGNERS:
            known = ", ".join(map(repr, _SIGNERS))
            raise ValueError(f"auth_version is {version!r}; OSS signatures have the versions {known}.")
        super().__init__(provider)
        self._version = version
        #: The key of the last signature, with what signs with it.
        self._last: tuple[Credential | None, Any] = (None, None)

    def auth_version(self) -> str:
        return self._version

    def _sign_request(self, req: Any, bucket_name: str, key: str) -> None:
        credential = self.credentials_provider.credential()
        signed_with.set(credential)
        known, signer = self._last
        if known is not credential:
            signer = self._signer(credential)
        signer._sign_request(req, bucket_name, key)

    def _sign_url(self, *args: Any, **options: Any) -> str:
        url: str = self._signer(self.credentials_provider.credential())._sign_url(*args, **options)
        return url

    def _sign_rtmp_url(self, *args: Any, **options: Any) -> str:
        url: str = self._signer(self.credentials_provider.credential())._sign_rtmp_url(*args, **options)
        return url

    def _signer(self, credential: Credential) -> Any:
        signer = _SIGNERS[self._version](StaticCredentialsProvider(*_parts(credential)))
        self._last = credential, signer
        return signer


def _parts(credential: Credential) -> tuple[str, str, str]:
    return credential.access_key_id, credential.access_key_secret, credential.security_token or ""


def _snapshot(credential: Credential) -> Any:
    return Credentials(*_parts(credential))
