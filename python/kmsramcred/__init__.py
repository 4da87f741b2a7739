"""Keeps Alibaba Cloud SDK clients working while KMS rotates their RAM AccessKey."""

import atexit

from kmsramcred._native import Client, Credential, Secret, Verdict, Watch, _drain_log, _end_watches
from kmsramcred._shared import default_client, set_config_file
from kmsramcred.errors import (
    ClosedError,
    ConfigError,
    ConfigInvalidError,
    ConfigMissingError,
    ExpiredError,
    InternalError,
    InvalidArgumentError,
    KmsDeniedError,
    KmsError,
    KmsNotFoundError,
    KmsRamCredError,
    KmsRejectedError,
    KmsServerError,
    KmsThrottledError,
    NetworkError,
    NotReadyError,
    SecretError,
    SecretMalformedError,
    SecretTypeError,
    SourceDeniedError,
    SourceError,
    SourceUnavailableError,
    TimedOutError,
    TlsError,
)

__all__ = [
    "Client",
    "ClosedError",
    "ConfigError",
    "ConfigInvalidError",
    "ConfigMissingError",
    "Credential",
    "ExpiredError",
    "InternalError",
    "InvalidArgumentError",
    "KmsDeniedError",
    "KmsError",
    "KmsNotFoundError",
    "KmsRamCredError",
    "KmsRejectedError",
    "KmsServerError",
    "KmsThrottledError",
    "NetworkError",
    "NotReadyError",
    "Secret",
    "SecretError",
    "SecretMalformedError",
    "SecretTypeError",
    "SourceDeniedError",
    "SourceError",
    "SourceUnavailableError",
    "TimedOutError",
    "TlsError",
    "Verdict",
    "Watch",
    "default_client",
    "set_config_file",
]

# Records that nobody fetched yet, before `logging` shuts down.
atexit.register(_drain_log)
# Runs before that: what is registered last runs first.
atexit.register(_end_watches)
