"""The credentials libraries of Go and Node, each with KMS clients that take what they found.

Both trust the authority of a gateway by the variables that Go and Node themselves know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kms_emulator import Emulator
from programs import Program

Identity = dict[str, str]

GO, NODE = "go-credentials", "node"
#: What Node calls the settings that Go names with underscores.
NODE_NAMES = {
    "access_key_id": "accessKeyId",
    "access_key_secret": "accessKeySecret",
    "security_token": "securityToken",
    "role_arn": "roleArn",
    "role_session_name": "roleSessionName",
    "oidc_provider_arn": "oidcProviderArn",
    "oidc_token_file_path": "oidcTokenFilePath",
    "sts_endpoint": "stsEndpoint",
    "credentials_uri": "credentialsURI",
}
#: Program and order of each combination of a library and a KMS client.
CLIENTS: dict[str, tuple[str, dict[str, str]]] = {
    "go": (GO, {}),
    "node": (NODE, {"client": "kms"}),
    "node-pop-core-get": (NODE, {"client": "pop-core", "method": "GET"}),
    "node-pop-core-post": (NODE, {"client": "pop-core", "method": "POST"}),
}


class IdentityClient:
    """One library with one KMS client."""

    def __init__(self, start: Callable[..., Program], emulator: Emulator, combination: str) -> None:
        self._start, self._ready = start, emulator.ready
        self._name, self._order = CLIENTS[combination]

    def ask(
        self, secret: str, identity: Identity | None, instance: bool = False, **environment: str
    ) -> dict[str, Any]:
        """What is answered for a secret; without an identity the library looks where it looks by default."""
        host, authority = ("dedicated_host", "dedicated_ca_path") if instance else ("kms_host", "ca_path")
        trusted = dict.fromkeys(("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(self._ready[authority]))
        order: dict[str, Any] = {"endpoint": self._ready[host], "secret": secret, **self._order}
        if identity is not None:
            named = NODE_NAMES if self._name == NODE else {}
            order["identity"] = {named.get(name, name): value for name, value in identity.items()}
        return self._start(self._name, **trusted, **environment).ask(**order)
