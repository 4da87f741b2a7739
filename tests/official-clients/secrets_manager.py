"""The cached secret clients: one language reads its settings from the environment, the other from a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from client_key import ClientKey
from programs import Program

#: From Python 3.11 on the Python client cannot read its file; the Go client reads no CA file from the environment.
PYTHON, GO = "python-secret-manager", "go-secrets-manager"
CLIENTS = [PYTHON, GO]
REGION = "cn-hangzhou"

Settings = dict[str, str]


def by_access_key(ready: dict[str, Any], secret: str | None = None) -> Settings:
    """Settings for the shared gateway with the emulator's first caller, or with another secret for its id."""
    return {
        "credentials_type": "ak",
        "credentials_access_key_id": ready["access_key_id"],
        "credentials_access_secret": secret or ready["access_key_secret"],
        "cache_client_region_id": json.dumps([{"regionId": REGION, "endpoint": ready["kms_host"]}]),
    }


def by_client_key(ready: dict[str, Any], key: ClientKey) -> Settings:
    """Settings for the shared gateway with a ClientKey."""
    return {
        "credentials_type": "client_key",
        "client_key_private_key_path": str(key.file),
        "client_key_password_from_file_path": str(key.password_file),
        "cache_client_region_id": json.dumps([{"regionId": REGION, "endpoint": ready["kms_host"]}]),
    }


def by_instance(ready: dict[str, Any], key: ClientKey) -> Settings:
    """Settings for the dedicated gateway."""
    instance = {
        "regionId": REGION,
        "endpoint": ready["dedicated_host"],
        "clientKeyFile": str(key.file),
        "passwordFromFilePath": str(key.password_file),
        "caFilePath": str(ready["dedicated_ca_path"]),
        "ignoreSslCerts": False,
    }
    return {"cache_client_dkms_config_info": json.dumps([instance])}


def open_client(start: Callable[..., Program], name: str, settings: Settings) -> Program:
    """Starts the program of that name with its settings where its client looks for them."""
    if name == PYTHON:
        return start(name, **settings)
    file = "".join(f"{key}={value}\n" for key, value in settings.items())
    return start(name, files={"secretsmanager.properties": file})
