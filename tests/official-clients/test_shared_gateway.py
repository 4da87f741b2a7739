"""The cached secret clients against the shared gateway, with an AccessKey and with a ClientKey."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable

import pytest
from client_key import ClientKey
from kms_emulator import Emulator
from programs import Program
from secrets_manager import CLIENTS, GO, PYTHON, by_access_key, by_client_key, open_client

Start = Callable[..., Program]
Counted = Callable[[str], dict[str, int] | None]
client = pytest.mark.parametrize("client", CLIENTS)
#: The Python SDK compares the string to sign in the refusal with its own, and changes the code when they are equal.
WRONG_SIGNATURE = {PYTHON: "InvalidAccessKeySecret", GO: "SignatureDoesNotMatch"}


@client
def test_an_access_key_gets_a_secret_and_follows_its_rotation(
    emulator: Emulator, counted: Counted, start: Start, secret: str, client: str
) -> None:
    program = open_client(start, client, by_access_key(emulator.ready))
    path = "/secrets/" + secret.replace("/", "%2F")

    def key() -> str:
        found = program.ask(do="get", secret=secret)["ok"]
        assert found["secret"] == secret
        return str(json.loads(found["value"])["AccessKeyId"])

    old = emulator.get(path)["access_key_id"]
    assert key() == old
    new = emulator.post(path + "/rotate")["access_key_id"]
    assert key() == old, "it is a cache"
    assert program.ask(do="refresh", secret=secret) == {"ok": True}
    assert key() == new
    assert counted("kms") == {"requests": 2, "ok": 2, "failed": 0}


@client
def test_a_wrong_access_key_secret_is_refused(
    emulator: Emulator, counted: Counted, start: Start, secret: str, client: str
) -> None:
    program = open_client(start, client, by_access_key(emulator.ready, "wrong"))
    assert program.ask(do="get", secret=secret)["error"]["code"] == WRONG_SIGNATURE[client]
    assert counted("kms") == {"requests": 1, "ok": 0, "failed": 1}


@pytest.mark.parametrize(
    ("client", "shape"), [(PYTHON, shape) for shape in "abcd"] + [(GO, "a"), (GO, "b"), (GO, "d")]
)
def test_a_client_key_of_every_shape_that_the_client_reads_is_accepted(
    emulator: Emulator, counted: Counted, start: Start, secret: str, tmp_path: pathlib.Path, client: str, shape: str
) -> None:
    key = ClientKey.make(tmp_path, shape).register(emulator, shape)
    found = open_client(start, client, by_client_key(emulator.ready, key)).ask(do="get", secret=secret)
    assert found["ok"]["secret"] == secret
    assert counted("kms") == {"requests": 1, "ok": 1, "failed": 0}
    assert emulator.get("/counters")["kms"]["by_caller"][key.key_id] == 1


@client
def test_a_client_key_that_was_disabled_is_refused_until_it_is_enabled(
    emulator: Emulator, counted: Counted, start: Start, secret: str, tmp_path: pathlib.Path, client: str
) -> None:
    key = ClientKey.make(tmp_path).register(emulator)
    program = open_client(start, client, by_client_key(emulator.ready, key))
    emulator.post(f"/keys/{key.key_id}/disable")
    assert program.ask(do="get", secret=secret)["error"]["code"] == "InvalidAccessKeyId.Inactive"
    emulator.post(f"/keys/{key.key_id}/enable")
    assert program.ask(do="get", secret=secret)["ok"]["secret"] == secret
    assert counted("kms") == {"requests": 2, "ok": 1, "failed": 1}


@client
@pytest.mark.parametrize("how", ["deleted", "expired", "unknown"])
def test_a_client_key_that_is_no_more_is_refused(
    emulator: Emulator, counted: Counted, start: Start, secret: str, tmp_path: pathlib.Path, client: str, how: str
) -> None:
    key = ClientKey.make(tmp_path)
    if how != "unknown":
        key.register(emulator, expire_seconds=0 if how == "expired" else None)
    if how == "deleted":
        emulator.post(f"/keys/{key.key_id}/delete")
    program = open_client(start, client, by_client_key(emulator.ready, key))
    assert program.ask(do="get", secret=secret)["error"]["code"] == "InvalidAccessKeyId.NotFound"
    assert counted("kms") == {"requests": 1, "ok": 0, "failed": 1}


@client
def test_a_signature_by_another_client_key_is_refused(
    emulator: Emulator, counted: Counted, start: Start, secret: str, tmp_path: pathlib.Path, client: str
) -> None:
    key = ClientKey.make(tmp_path).register(emulator, "a")
    program = open_client(start, client, by_client_key(emulator.ready, key))
    assert program.ask(do="get", secret=secret)["error"]["code"] == WRONG_SIGNATURE[client]
    assert counted("kms") == {"requests": 1, "ok": 0, "failed": 1}
