"""The key for the V2 SDKs, and which one an attempt was signed with."""

from __future__ import annotations

from contextvars import ContextVar

from alibabacloud_credentials.models import CredentialModel

from kmsramcred import Credential, Secret, _given, _waiting


class Attempt:
    """One send: what it was signed with, as the provider was asked in its course."""

    __slots__ = ("credential", "provider", "settled")

    def __init__(self, provider: CredentialsProvider) -> None:
        self.provider = provider
        self.credential: Credential | None = None
        #: The error that a send inside this one has already been judged by.
        self.settled: BaseException | None = None


#: Tasks share a thread, so this is theirs.
running: ContextVar[Attempt | None] = ContextVar("kmsramcred_tea_attempt", default=None)


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
        attempt = running.get()
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
