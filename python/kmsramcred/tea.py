"""The V2 SDKs (Tea, ``alibabacloud-tea-openapi``): generated clients whose AccessKey may rotate at any time."""

from __future__ import annotations

import copy
import logging
from typing import Any, TypeVar

from kmsramcred import Secret
from kmsramcred._tea_key import CredentialsProvider
from kmsramcred._tea_methods import Surviving, upload

__all__ = ["CredentialsProvider", "wrap"]

_logger = logging.getLogger("kmsramcred")

_C = TypeVar("_C")

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
            members[name] = upload(client_class, name)
    return type(client_class.__name__, (Surviving, client_class), members)


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
