"""An AccessKey as the plug-in hands it out."""

from __future__ import annotations

import sys


class SecretsManagerPluginCredentials:
    """An AccessKey, with the milliseconds since 1970 at which it ends and at which it was fetched."""

    def __init__(
        self,
        access_key_id: str,
        access_key_secret: str,
        expire_timestamp: int,
        generate_timestamp: int = sys.maxsize,
    ) -> None:
        if not access_key_id or not access_key_secret:
            raise ValueError("access_key_id and access_key_secret must both be given.")
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self.expire_timestamp = expire_timestamp
        self.generate_timestamp = generate_timestamp

    def get_access_key_id(self) -> str:
        return self.access_key_id

    def get_access_key_secret(self) -> str:
        return self.access_key_secret

    def __repr__(self) -> str:
        return f"<SecretsManagerPluginCredentials access_key_id=***{self.access_key_id[-4:]}>"
