"""Clients of KMS instances against the dedicated gateway: their own protocol, and OpenAPI with an AccessKey."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import secrets_manager
from client_key import ClientKey
from identity_client import CLIENTS, IdentityClient
from kms_emulator import Emulator
from programs import Program

Start = Callable[..., Program]
Ask = Callable[[str], dict[str, Any]]
Asking = Callable[..., Ask]
Counted = Callable[[str], dict[str, int] | None]

PLAIN = ["python-dkms-gcs", "go-dkms-gcs"]
client = pytest.mark.parametrize("client", PLAIN + secrets_manager.CLIENTS)
#: The cached clients change this code into the one of OpenAPI.
UNKNOWN_KEY = dict.fromkeys(PLAIN, "Unauthorized") | dict.fromkeys(
    secrets_manager.CLIENTS, "InvalidAccessKeyId.NotFound"
)


@pytest.fixture
def asking(emulator: Emulator, start: Start, share: Start, client: str) -> Asking:
    """Makes what asks the client for a secret, by way of a ClientKey."""

    def asking(key: ClientKey, authority: str | None = None) -> Ask:
        ready = {**emulator.ready}
        if authority:
            ready["dedicated_ca_path"] = emulator.ready[authority]
        if client in secrets_manager.CLIENTS:
            program = secrets_manager.open_client(start, client, secrets_manager.by_instance(ready, key))
            return lambda secret: program.ask(do="get", secret=secret)
        # A connection of one authority would serve another.
        program = start(client) if authority else share(client)
        return lambda secret: program.ask(
            endpoint=ready["dedicated_host"],
            ca_file=str(ready["dedicated_ca_path"]),
            client_key_file=str(key.file),
            password=key.password,
            secret=secret,
        )

    return asking


@client
def test_a_client_key_gets_a_secret(
    emulator: Emulator, counted: Counted, asking: Asking, secret: str, tmp_path: pathlib.Path, client: str
) -> None:
    key = ClientKey.make(tmp_path).register(emulator)
    found = asking(key)(secret)["ok"]
    state = emulator.get("/secrets/" + secret.replace("/", "%2F"))
    assert (found["secret"], found["version"]) == (secret, state["version_id"])
    assert json.loads(found["value"])["AccessKeyId"] == state["access_key_id"]
    assert counted("dedicated") == {"requests": 1, "ok": 1, "failed": 0}
    assert emulator.get("/counters")["dedicated"]["by_caller"][key.key_id] == 1


@client
def test_a_client_key_that_was_disabled_is_refused_until_it_is_enabled(
    emulator: Emulator, counted: Counted, asking: Asking, secret: str, tmp_path: pathlib.Path, client: str
) -> None:
    key = ClientKey.make(tmp_path).register(emulator)
    ask = asking(key)
    emulator.post(f"/keys/{key.key_id}/disable")
    assert ask(secret)["error"]["code"] == UNKNOWN_KEY[client]
    emulator.post(f"/keys/{key.key_id}/enable")
    assert ask(secret)["ok"]["secret"] == secret
    assert counted("dedicated") == {"requests": 2, "ok": 1, "failed": 1}


@client
@pytest.mark.parametrize("how", ["deleted", "expired", "unknown"])
def test_a_client_key_that_is_no_more_is_refused(
    emulator: Emulator, counted: Counted, asking: Asking, secret: str, tmp_path: pathlib.Path, client: str, how: str
) -> None:
    key = ClientKey.make(tmp_path)
    if how != "unknown":
        key.register(emulator, expire_seconds=0 if how == "expired" else None)
    if how == "deleted":
        emulator.post(f"/keys/{key.key_id}/delete")
    assert asking(key)(secret)["error"]["code"] == UNKNOWN_KEY[client]
    assert counted("dedicated") == {"requests": 1, "ok": 0, "failed": 1}


@client
def test_a_signature_by_another_client_key_is_refused(
    emulator: Emulator, counted: Counted, asking: Asking, secret: str, tmp_path: pathlib.Path, client: str
) -> None:
    key = ClientKey.make(tmp_path).register(emulator, "a")
    assert asking(key)(secret)["error"]["code"] == "SignatureNotMatch"
    assert counted("dedicated") == {"requests": 1, "ok": 0, "failed": 1}


@client
def test_a_secret_that_does_not_exist_is_told(
    emulator: Emulator, asking: Asking, tmp_path: pathlib.Path, client: str
) -> None:
    key = ClientKey.make(tmp_path).register(emulator)
    found = asking(key)("official/absent")
    assert found["error"]["code"] == "Forbidden.ResourceNotFound"


@pytest.mark.parametrize("client", PLAIN)
def test_a_client_tries_again_when_it_is_throttled(
    emulator: Emulator, counted: Counted, asking: Asking, secret: str, tmp_path: pathlib.Path, client: str
) -> None:
    key = ClientKey.make(tmp_path).register(emulator)
    emulator.post("/faults", {"at": "dedicated", "secret": secret, "kind": "throttle", "times": 1})
    assert asking(key)(secret)["ok"]["secret"] == secret
    assert counted("dedicated") == {"requests": 2, "ok": 1, "failed": 1}


@pytest.mark.parametrize("client", PLAIN)
def test_a_client_that_trusts_another_authority_sends_nothing(
    emulator: Emulator, counted: Counted, asking: Asking, secret: str, tmp_path: pathlib.Path, client: str
) -> None:
    key = ClientKey.make(tmp_path).register(emulator)
    refused = asking(key, authority="ca_path")(secret)["error"]
    assert "certificate" in refused["message"]
    assert counted("dedicated") is None


@pytest.mark.parametrize("combination", CLIENTS)
def test_an_access_key_is_accepted_by_way_of_open_api(
    emulator: Emulator, counted: Counted, share: Start, secret: str, combination: str
) -> None:
    ready = emulator.ready
    identity = {"access_key_id": ready["access_key_id"], "access_key_secret": ready["access_key_secret"]}
    answer = IdentityClient(share, emulator, combination).ask(
        secret, {"type": "access_key", **identity}, instance=True
    )
    assert answer["ok"]["secret"] == secret
    assert counted("dedicated") == {"requests": 1, "ok": 1, "failed": 0}
