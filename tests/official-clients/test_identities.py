"""The credentials libraries of Go and Node: the identity that each finds is one that KMS accepts."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from identity_client import CLIENTS, IdentityClient
from kms_emulator import Emulator
from programs import Program

Start = Callable[..., Program]
Counted = Callable[[str], dict[str, int] | None]
every_kms_client = pytest.mark.parametrize("client", CLIENTS, indirect=True)
every_library = pytest.mark.parametrize("client", ["go", "node"], indirect=True)


@pytest.fixture
def client(emulator: Emulator, share: Start, request: pytest.FixtureRequest) -> IdentityClient:
    return IdentityClient(share, emulator, request.param)


@pytest.fixture
def role(emulator: Emulator) -> str:
    """The ARN of a role that is the test's own."""
    name = f"official-{len(emulator.get('/roles')['roles'])}"
    return str(emulator.post("/roles", {"name": name})["arn"])


@pytest.fixture
def accepted(counted: Counted, secret: str) -> Callable[[dict[str, Any]], None]:
    """Whether an answer is the test's secret, and KMS counted just the one request for it."""

    def check(answer: dict[str, Any]) -> None:
        assert answer.get("ok", answer).get("secret") == secret, answer
        assert json.loads(answer["ok"]["value"])["AccessKeyId"]
        assert counted("kms") == {"requests": 1, "ok": 1, "failed": 0}

    return check


@every_kms_client
def test_an_access_key(emulator: Emulator, client: IdentityClient, secret: str, accepted: Callable[..., None]) -> None:
    ready = emulator.ready
    identity = {"access_key_id": ready["access_key_id"], "access_key_secret": ready["access_key_secret"]}
    accepted(client.ask(secret, {"type": "access_key", **identity}))


@every_kms_client
def test_a_wrong_access_key_secret(
    emulator: Emulator, client: IdentityClient, secret: str, counted: Counted
) -> None:
    identity = {"access_key_id": emulator.ready["access_key_id"], "access_key_secret": "wrong"}
    refused = client.ask(secret, {"type": "access_key", **identity})["error"]
    assert "SignatureDoesNotMatch" in refused["code"]
    assert counted("kms") == {"requests": 1, "ok": 0, "failed": 1}


@every_kms_client
def test_a_security_token(
    emulator: Emulator, client: IdentityClient, secret: str, accepted: Callable[..., None]
) -> None:
    identity = {
        "access_key_id": "STS." + secret,
        "access_key_secret": "s",
        "security_token": "tok/+== é",
    }
    emulator.post("/callers", identity)
    accepted(client.ask(secret, {"type": "sts", **identity}))


@every_library
def test_a_role_by_sts(
    emulator: Emulator, client: IdentityClient, secret: str, role: str, accepted: Callable[..., None]
) -> None:
    ready = emulator.ready
    identity = {
        "type": "ram_role_arn",
        "access_key_id": ready["access_key_id"],
        "access_key_secret": ready["access_key_secret"],
        "role_arn": role,
        "role_session_name": "official",
        "sts_endpoint": ready["sts_host"],
    }
    accepted(client.ask(secret, identity))
    emulator.post(f"/roles/{role.split('/')[-1]}", {"deny": True})
    assert "NoPermission" in client.ask(secret, identity)["error"]["message"]


@every_library
def test_a_role_by_an_oidc_token(
    emulator: Emulator,
    client: IdentityClient,
    secret: str,
    role: str,
    tmp_path: pathlib.Path,
    accepted: Callable[..., None],
) -> None:
    provider = role.split("/")[-1]
    arn = emulator.post("/oidc-providers", {"name": provider})["arn"]
    emulator.post(f"/oidc-providers/{provider}/tokens", {"token": "good.token"})
    file = tmp_path / "token"
    identity = {
        "type": "oidc_role_arn",
        "role_arn": role,
        "role_session_name": "official",
        "oidc_provider_arn": arn,
        "oidc_token_file_path": str(file),
        "sts_endpoint": emulator.ready["sts_host"],
    }
    file.write_text("good.token")
    accepted(client.ask(secret, identity))
    file.write_text("other.token")
    assert "AuthenticationFail.OIDCToken.Invalid" in client.ask(secret, identity)["error"]["message"]


@every_library
def test_a_credentials_uri(
    emulator: Emulator, client: IdentityClient, secret: str, role: str, accepted: Callable[..., None]
) -> None:
    emulator.post("/credentials-uri", {"role": role.split("/")[-1]})
    uri = {"type": "credentials_uri", "credentials_uri": emulator.ready["credentials_uri"]}
    accepted(client.ask(secret, uri))


@every_library
def test_the_default_chain(
    emulator: Emulator, client: IdentityClient, secret: str, role: str, accepted: Callable[..., None]
) -> None:
    emulator.post("/credentials-uri", {"role": role.split("/")[-1]})
    found = client.ask(
        secret,
        None,
        ALIBABA_CLOUD_ECS_METADATA_DISABLED="true",
        ALIBABA_CLOUD_CREDENTIALS_URI=emulator.ready["credentials_uri"],
    )
    accepted(found)
