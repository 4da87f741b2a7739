"""What can go wrong. Every exception says what was found, where, and what to do about it."""

from __future__ import annotations


class KmsRamCredError(Exception):
    """Base of all exceptions of this package. Never holds a secret."""

    #: The number of the kind, the same in every language.
    status: int = 0
    #: The kind in words.
    kind: str = ""
    #: The service's own error code, such as ``Forbidden.NoPermission``.
    code: str | None = None
    #: The service's request id.
    request_id: str | None = None
    #: The HTTP status of the service's answer.
    http_status: int | None = None
    #: Seconds the service asked to wait.
    retry_after: float | None = None
    #: Whether the same call may succeed later without anybody changing anything.
    retryable: bool = False
    #: What the person who reads the error should do.
    advice: str = ""


class InvalidArgumentError(KmsRamCredError, ValueError):
    """An argument of the call cannot be used."""

    status, kind = 2, "invalid_argument"


class ClosedError(KmsRamCredError):
    """The client was closed."""

    status, kind = 4, "closed"


class InternalError(KmsRamCredError):
    """The library itself failed."""

    status, kind = 5, "internal"


class ConfigError(KmsRamCredError):
    """The configuration cannot be used."""


class ConfigMissingError(ConfigError):
    """No configuration was found where one was looked for."""

    status, kind = 100, "config_missing"


class ConfigInvalidError(ConfigError):
    """A setting has a value that cannot be used."""

    status, kind = 101, "config_invalid"


class SourceError(KmsRamCredError):
    """The identity that calls KMS could not be had."""


class SourceUnavailableError(SourceError):
    """The place that gives the identity for KMS did not answer."""

    status, kind = 200, "source_unavailable"


class SourceDeniedError(SourceError):
    """The place that gives the identity refused, or KMS refused the identity."""

    status, kind = 201, "source_denied"


class NetworkError(KmsRamCredError):
    """The gateway could not be reached, or the connection broke."""

    status, kind = 300, "network"


class TlsError(NetworkError):
    """The gateway's certificate was not accepted."""

    status, kind = 301, "tls"


class TimedOutError(KmsRamCredError, TimeoutError):
    """The budget of the call ended before there was an answer, and no error says why."""

    status, kind = 302, "timeout"


class KmsError(KmsRamCredError):
    """KMS answered, and not with a value."""


class KmsDeniedError(KmsError):
    """KMS knows the identity and denies it the secret."""

    status, kind = 400, "kms_denied"


class KmsNotFoundError(KmsError):
    """KMS does not know the secret."""

    status, kind = 401, "kms_not_found"


class KmsThrottledError(KmsError):
    """KMS asks for fewer requests."""

    status, kind = 402, "kms_throttled"


class KmsServerError(KmsError):
    """KMS failed on its side."""

    status, kind = 403, "kms_server"


class KmsRejectedError(KmsError):
    """KMS refused the request for another reason."""

    status, kind = 404, "kms_rejected"


class SecretError(KmsRamCredError):
    """The secret cannot serve as a credential."""


class SecretTypeError(SecretError):
    """The secret exists but does not hold an AccessKey."""

    status, kind = 500, "secret_type"


class SecretMalformedError(SecretError):
    """The secret holds an AccessKey in a form that cannot be read."""

    status, kind = 501, "secret_malformed"


class NotReadyError(KmsRamCredError, TimeoutError):
    """Nothing is cached yet, and the caller did not want to wait (``timeout=0``). A fetch has been started."""

    status, kind = 600, "not_ready"


class ExpiredError(KmsRamCredError):
    """The cached value is past its hard end of life and no newer one could be had."""

    status, kind = 601, "expired"


def _kinds(base: type[KmsRamCredError]) -> dict[int, type[KmsRamCredError]]:
    found = {base.status: base} if "status" in vars(base) and base.status else {}
    for derived in base.__subclasses__():
        found.update(_kinds(derived))
    return found


_BY_STATUS = _kinds(KmsRamCredError)


def _from_native(
    status: int,
    message: str,
    code: str | None,
    request_id: str | None,
    http_status: int | None,
    retry_after: float | None,
    retryable: bool,
    advice: str,
) -> KmsRamCredError:
    error = _BY_STATUS.get(status, KmsRamCredError)(message)
    error.status = status
    error.code = code
    error.request_id = request_id
    error.http_status = http_status
    error.retry_after = retry_after
    error.retryable = retryable
    error.advice = advice
    return error
