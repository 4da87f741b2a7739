"""A running `kms-emulator`: its control API, and the fixture that starts it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
#: A proxy of the environment must not see loopback requests.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(condition: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
    """Waits for a condition and returns what it was."""
    ends = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < ends, f"not within {seconds} s: {what}"
        time.sleep(0.01)


class Emulator:
    """A running `kms-emulator` and its control API."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready

    def request(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.ready["control"] + path, data, headers, method=method)
        try:
            with _OPENER.open(request, timeout=10) as response:
                answer = response.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None
        return json.loads(answer) if answer else None

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def post(self, path: str, body: object = None) -> Any:
        return self.request("POST", path, {} if body is None else body)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)

    def service(self, name: str = "default") -> Any:
        return self.get("/counters")["services"][name]

    def properties(self, directory: pathlib.Path, **extra: str) -> pathlib.Path:
        """Writes a configuration file for this emulator's KMS."""
        region = {
            "regionId": "cn-hangzhou",
            "endpoint": self.ready["kms_host"],
            "caFilePath": str(self.ready["ca_path"]),
        }
        settings = {
            "credentials_type": "ak",
            "credentials_access_key_id": self.ready["access_key_id"],
            "credentials_access_secret": self.ready["access_key_secret"],
            "cache_client_region_id": json.dumps([region]),
            **extra,
        }
        path = directory / "managed_credentials_providers.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        path.chmod(0o600)
        return path


def _command() -> pathlib.Path | None:
    named = os.environ.get("KMS_EMULATOR")
    if named:
        return pathlib.Path(named)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
    built = [target / profile / "kms-emulator" for profile in ("release", "debug")]
    return next((path for path in built if path.is_file()), None)


@contextlib.contextmanager
def running(command: str | pathlib.Path) -> Iterator[Emulator]:
    """Runs one for as long as the block."""
    process = subprocess.Popen(
        [command, "--exit-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin and process.stdout
    try:
        yield Emulator(json.loads(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    command = _command()
    if command is None:
        pytest.skip("no kms-emulator: build it, or name it with KMS_EMULATOR")
    with running(command) as made:
        yield made
