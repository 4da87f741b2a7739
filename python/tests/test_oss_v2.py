"""kmsramcred.oss_v2 on the real SDK against the emulator's OSS, and a service of our own for odd answers."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

oss = pytest.importorskip("alibabacloud_oss_v2")

from alibabacloud_oss_v2.aio import AsyncClient

import kmsramcred.oss_v2
from kmsramcred import Client, KmsServerError

from conftest import Service
from forks import FORKS, connections
from kms_emulator import Emulator, until
from played import PlayedClient, PlayedSecret

XML = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>m</Message></Error>"


class PlayedOssSecret(PlayedSecret):
    client = PlayedClient()


@pytest.fixture
def secret() -> PlayedOssSecret:
    return PlayedOssSecret()


def config(host: str, **more: Any) -> Any:
    more = {"region": "cn-hangzhou", "endpoint": "http://" + host, "use_path_style": True, **more}
    return oss.config.Config(**more)


def key_of(seen: dict[str, Any]) -> str:
    return str(seen["headers"]["authorization"].split("Credential=")[1].split("/")[0])


def refuses(*dead: str) -> Any:
    def answer(seen: dict[str, Any]) -> tuple[int, bytes]:
        return (403, XML % b"InvalidAccessKeyId") if key_of(seen) in dead else (200, b"")

    return answer


def put(body: Any) -> Any:
    return oss.PutObjectRequest(bucket="bucket", key="key", body=body)


class Clients:
    """One operation by the client and by the asynchronous one."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def call(self, made: Any, secret: Any, name: str, *arguments: Any) -> Any:
        if self.kind == "sync":
            client = oss.Client(kmsramcred.oss_v2.configure(made, secret))
            return getattr(client, name)(*arguments)

        async def main() -> Any:
            client = AsyncClient(await kmsramcred.oss_v2.configure_async(made, secret))
            try:
                return await getattr(client, name)(*arguments)
            finally:
                await client.close()

        return asyncio.run(main())


@pytest.fixture(params=["sync", "async"])
def clients(request: pytest.FixtureRequest) -> Clients:
    return Clients(request.param)


def test_an_operation_survives_a_rotation(clients: Clients, secret: Any, service: Service) -> None:
    service.answer = refuses("k1", "k2", "k3", "k4")
    clients.call(config(service.host), secret, "put_object", put(b"data"))
    assert [key_of(seen) for seen in service.requests] == ["k1", "k2", "k3", "k4", "k5"]
    assert [seen["body"] for seen in service.requests] == [b"data"] * 5
    report = secret.reports[0]
    assert (report["service"], report["host"], report["code"]) == ("oss", service.host, "InvalidAccessKeyId")
    assert report["status"] == 403 and secret.accepted == [5]


def test_a_provider_is_gone_with_its_last_user(secret: Any) -> None:
    provider = kmsramcred.oss_v2.CredentialsProvider(secret)
    provider.get_credentials()
    gone = weakref.ref(provider)
    # What an operation leaves behind for the one after it.
    kmsramcred.oss_v2._signed.set(None)
    del provider
    assert gone() is None


@pytest.mark.parametrize("fork", FORKS)
def test_a_forked_child_opens_connections_of_its_own(secret: Any, service: Service, fork: Callable[[], int]) -> None:
    client = oss.Client(kmsramcred.oss_v2.configure(config(service.host), secret))
    assert connections(fork, service, lambda: client.put_object(put(b"data"))) == (True, True)


def test_a_limit_on_attempts_does_not_count_refusals(clients: Clients, secret: Any, service: Service) -> None:
    service.answer = refuses("k1")
    clients.call(config(service.host, retry_max_attempts=1), secret, "put_object", put(b"data"))
    assert len(service.requests) == 2


def test_a_head_without_a_code_is_told_with_its_status(clients: Clients, secret: Any, service: Service) -> None:
    service.answer = lambda _: (403, b"")
    request = oss.HeadObjectRequest(bucket="bucket", key="key")
    with pytest.raises(oss.exceptions.OperationError):
        clients.call(config(service.host), secret, "head_object", request)
    assert [(report["code"], report["status"]) for report in secret.reports] == [("", 403)]


def test_other_errors_pass_untouched(clients: Clients, secret: Any, service: Service) -> None:
    service.answer = lambda _: (403, XML % b"AccessDenied")
    with pytest.raises(oss.exceptions.OperationError) as caught:
        clients.call(config(service.host), secret, "put_object", put(b"data"))
    error = caught.value.unwrap()
    assert error.code == "AccessDenied" and error.__cause__ is None
    assert len(service.requests) == 1 and not secret.accepted


def test_the_sdks_own_retries_stay_as_many(clients: Clients, secret: Any, service: Service) -> None:
    service.answer = lambda _: (500, XML % b"InternalError")
    retryer = oss.retry.StandardRetryer(max_attempts=3, backoff_delayer=oss.retry.FixedDelayBackoff(0.0))
    with pytest.raises(oss.exceptions.OperationError):
        clients.call(config(service.host, retryer=retryer), secret, "put_object", put(b"data"))
    assert len(service.requests) == 3


def test_giving_up_shows_the_services_error_with_the_cause(clients: Clients, secret: Any, service: Service) -> None:
    cause = KmsServerError("KMS is down")
    secret.verdict = SimpleNamespace(action="give_up", retry_after=0.0, error=cause)
    service.answer = refuses("k1")
    with pytest.raises(oss.exceptions.OperationError) as caught:
        clients.call(config(service.host), secret, "put_object", put(b"data"))
    error = caught.value.unwrap()
    assert error.code == "InvalidAccessKeyId" and error.__cause__ is cause


def test_a_secret_that_cannot_be_had_is_asked_for_once(secret: Any, service: Service) -> None:
    asked = []

    def fails(timeout: float | None = None) -> Any:
        asked.append(timeout)
        raise KmsServerError("KMS is down")

    secret.credential = fails
    with pytest.raises(oss.exceptions.OperationError, match="KMS is down"):
        Clients("sync").call(config(service.host), secret, "put_object", put(b"data"))
    assert len(asked) == 1 and not service.requests


def test_a_token_goes_with_its_key(clients: Clients, secret: Any, service: Service) -> None:
    secret.tokens = {1: "token1", 3: "token3"}
    service.answer = refuses("k1", "k2")
    clients.call(config(service.host), secret, "put_object", put(b"data"))
    tokens = [seen["headers"].get("x-oss-security-token") for seen in service.requests]
    assert tokens == ["token1", None, "token3"]


class OneWay(io.RawIOBase):
    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(buffer)


@pytest.mark.parametrize("make", [lambda: (part for part in [b"on", b"ce"]), lambda: OneWay(b"once")])
def test_a_body_that_is_gone_is_not_sent_again(secret: Any, service: Service, make: Any) -> None:
    service.answer = refuses("k1")
    with pytest.raises(oss.exceptions.OperationError) as caught:
        Clients("sync").call(config(service.host), secret, "put_object", put(make()))
    assert caught.value.unwrap().code == "InvalidAccessKeyId"
    assert len(service.requests) == 1 and secret.serial == 2, "the key is fresh for the next call"


# -- against the emulator


@pytest.fixture
def kms(emulator: Emulator, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Client.from_file(emulator.properties(tmp_path)) as client:
        yield client


def rotate(emulator: Emulator, name: str) -> None:
    emulator.post(f"/secrets/{name}/rotate", {"old": "dead"})


def fetched(emulator: Emulator, name: str) -> int:
    return int(emulator.get("/counters")["kms"]["by_secret"].get(name, {}).get("requests", 0))


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize("skip", [None, 1000])
def test_an_upload_cut_by_a_rotation_arrives_whole(
    emulator: Emulator, kms: Client, secret_name: str, clients: Clients, version: str, skip: int | None
) -> None:
    secret = kms.secret(secret_name)
    secret.credential()
    rotate(emulator, secret_name)
    data = bytes(range(256)) * 800
    body: Any = data
    if skip is not None:
        body = io.BytesIO(data)
        body.seek(skip)
    made = config(emulator.ready["oss_host"], signature_version=version)
    clients.call(made, secret, "put_object", put(body))
    reader = oss.Client(kmsramcred.oss_v2.configure(made, secret))
    got = reader.get_object(oss.GetObjectRequest(bucket="bucket", key="key"))
    assert hashlib.sha256(got.body.content).digest() == hashlib.sha256(data[skip or 0 :]).digest()
    assert fetched(emulator, secret_name) == 2


def test_an_upload_in_parts_survives_a_rotation(
    emulator: Emulator, kms: Client, secret_name: str, tmp_path: Any
) -> None:
    secret = kms.secret(secret_name)
    made = kmsramcred.oss_v2.configure(config(emulator.ready["oss_host"]), secret)
    client = oss.Client(made)
    data = bytes(range(256)) * 4 * 1024
    file = tmp_path / "file"
    file.write_bytes(data)
    secret.credential()
    rotate(emulator, secret_name)
    client.uploader(part_size=100 * 1024, parallel_num=4).upload_file(
        oss.PutObjectRequest(bucket="bucket", key="parts"), str(file)
    )
    got = client.get_object(oss.GetObjectRequest(bucket="bucket", key="parts"))
    assert got.body.content == data and fetched(emulator, secret_name) == 2


ROTATIONS = int(os.environ.get("KMSRAMCRED_TEST_ROTATIONS", "3"))


def ride(emulator: Emulator, name: str, done: Any, least: int) -> None:
    for _ in range(ROTATIONS):
        goal = done() + least
        until(lambda: done() >= goal, "operations go through", 60.0)
        rotate(emulator, name)
    goal = done() + 2 * least
    until(lambda: done() >= goal, "operations go through after the last rotation", 60.0)


def test_threads_that_upload_ride_through_rotations(emulator: Emulator, kms: Client, secret_name: str) -> None:
    made = kmsramcred.oss_v2.configure(config(emulator.ready["oss_host"]), kms.secret(secret_name))
    client = oss.Client(made)
    ok, errors, stop, lock = [0], [], threading.Event(), threading.Lock()

    def work() -> None:
        while not stop.wait(0.3):
            try:
                client.put_object(put(b"threads"))
                with lock:
                    ok[0] += 1
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(64)]
    for thread in threads:
        thread.start()
    try:
        ride(emulator, secret_name, lambda: ok[0] + len(errors), 64)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert not errors, errors[:3]
    assert fetched(emulator, secret_name) <= ROTATIONS + 1


def test_tasks_that_upload_ride_through_rotations(emulator: Emulator, kms: Client, secret_name: str) -> None:
    ok, errors = [0], []

    async def main() -> None:
        made = await kmsramcred.oss_v2.configure_async(config(emulator.ready["oss_host"]), kms.secret(secret_name))
        client, stop = AsyncClient(made), asyncio.Event()

        async def work(number: int) -> None:
            while not stop.is_set():
                try:
                    await client.put_object(oss.PutObjectRequest(bucket="bucket", key=f"k{number}", body=b"tasks"))
                    ok[0] += 1
                except BaseException as error:
                    errors.append(error)
                await asyncio.sleep(1.0)

        tasks = [asyncio.create_task(work(number)) for number in range(200)]
        try:
            await asyncio.to_thread(ride, emulator, secret_name, lambda: ok[0] + len(errors), 200)
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await client.close()

    asyncio.run(main())
    assert not errors, errors[:3]
    assert fetched(emulator, secret_name) <= ROTATIONS + 1
