"""The plug-in's entry point: the AccessKey of a secret, from the process's default client."""

from __future__ import annotations

import sys
from typing import Any

from kmsramcred import Client, Secret, _shared

from aliyun_sdk_secretsmanager_common_plugin.auth.secretsmanager_plugin_credentials import (
    SecretsManagerPluginCredentials,
)


class AliyunSdkSecretsManagerPluginsManager:
    """What the official class of this name offers to programs; everything is a class method.

    `init` is no duty: whatever needs the client makes it. After `shutdown` the next call makes it anew.
    """

    @classmethod
    def init(cls, loader: Any = None) -> None:
        """Reads the configuration. A ``loader`` cannot be used: there is one configuration, the file's."""
        if loader is not None:
            raise TypeError("init(loader): loaders are not supported. Put the settings into the configuration file.")
        _shared.default_client()

    @classmethod
    def get_aliyun_sdk_secretsmanager_plugin(cls) -> Client:
        """The ``kmsramcred.Client`` in use."""
        return _shared.default_client()

    @classmethod
    def get_access_key(cls, secret_name: str) -> SecretsManagerPluginCredentials:
        """The current AccessKey of a secret."""
        credential = cls._secret(secret_name).credential()
        end = credential.not_after
        return SecretsManagerPluginCredentials(
            credential.access_key_id,
            credential.access_key_secret,
            sys.maxsize if end is None else int(end.timestamp() * 1000),
            int(credential.fetched_at.timestamp() * 1000),
        )

    @classmethod
    def get_access_key_id(cls, secret_name: str) -> str:
        """Its id. Who needs both takes `get_access_key`: two calls may see two keys."""
        return cls._secret(secret_name).credential().access_key_id

    @classmethod
    def get_access_key_secret(cls, secret_name: str) -> str:
        """Its secret. Who needs both takes `get_access_key`: two calls may see two keys."""
        return cls._secret(secret_name).credential().access_key_secret

    @classmethod
    def get_secret_name(cls, secret_name: str) -> str:
        """The name that is asked for at KMS: the same one."""
        return cls._secret(secret_name).name

    @classmethod
    def refresh_secret_info(cls, secret_name: str) -> None:
        """Fetches now."""
        cls._secret(secret_name).refresh()

    @classmethod
    def shutdown(cls) -> None:
        """Ends the manager's use of the client; proxy clients that use it go on."""
        _shared.give_back_default()

    @classmethod
    def _secret(cls, secret_name: str) -> Secret:
        if not secret_name:
            raise ValueError("secret_name is empty; give the name of a RAM secret.")
        return _shared.default_client().secret(secret_name)
