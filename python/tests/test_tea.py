"""kmsramcred.tea on the real V2 SDKs: the emulator for rotations, a service of our own for bodies and odd answers."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("alibabacloud_tea_openapi")
pytest.importorskip("alibabacloud_ecs20140526")

from alibabacloud_credentials.client import Client as CredentialsClient
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_kms20160120.client import Client as KmsClient
from alibabacloud_tea_openapi.client import Client as OpenApiClient
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from Tea.exceptions import TeaException

try:
    from darabonba.runtime import RuntimeOptions
except ImportError:
    from alibabacloud_tea_util.models import RuntimeOptions

import kmsramcred.tea
from kmsramcred import Client, KmsServerError

from conftest import Service
from forks import FORKS, connections
from kms_emulator import Emulator, until
from played import DEAD, PlayedClient, PlayedSecret


def key_of(seen: dict[str, Any]) -> str:
    if "AccessKeyId" in seen["query"]:
        return str(seen["query"]["AccessKeyId"])
    return str(seen["headers"]["authorization"].split("Credential=")[1].split(",")[0])


def refuses(*dead: str) -> Any:
    def answer(seen: dict[str, Any]) -> tuple[int, bytes]:
        if key_of(seen) in dead:
            return 404, json.dumps({"Code": DEAD, "Message": "not found", "RequestId": "R"}).encode()
        return 200, b'{"RequestId":"R"}'

    return answer


class PlayedTeaSecret(PlayedSecret):
    client = PlayedClient()


@pytest.fixture
def secret() -> PlayedSecret:
    return PlayedTeaSecret()


def config(host: str, **more: Any) -> Config:
    return Config(endpoint=host, protocol="http", region_id="cn-hangzhou", **more)


def params(style: str = "RPC", body: str = "formData") -> Params:
    return Params(
        action="Do",
        version="2020-01-01",
        protocol="HTTP",
        pathname="/" if style == "RPC" else "/things",
        method="POST",
        auth_type="AK",
        style=style,
        req_body_type=body,
        body_type="json",
    )


def call(client: Any, how: str, *arguments: Any) -> Any:
    method = getattr(client, how)
    return asyncio.run(method(*arguments)) if how.endswith("_async") else method(*arguments)


BOTH = pytest.mark.parametrize("suffix", ["", "_async"])


@BOTH
def test_a_generated_client_survives_a_rotation(secret: PlayedSecret, service: Service, suffix: str) -> None:
    service.answer = refuses("k1", "k2")
    client = kmsramcred.tea.wrap(EcsClient, config(service.host), secret)  # type: ignore[arg-type]
    assert isinstance(client, EcsClient)
    call(client, "describe_regions" + suffix, ecs.DescribeRegionsRequest())
    assert [key_of(seen) for seen in service.requests] == ["k1", "k2", "k3"]
    assert len({seen["headers"]["x-acs-signature-nonce"] for seen in service.requests}) == 3
    report = secret.reports[0]
    assert report["code"] == DEAD and report["status"] == 404 and report["host"] == service.host
    assert report["service"] == "alibabacloud_ecs20140526" and secret.accepted == [3]


@pytest.mark.parametrize("fork", FORKS)
def test_a_forked_child_opens_connections_of_its_own(
    secret: PlayedSecret, service: Service, fork: Callable[[], int]
) -> None:
    client = kmsramcred.tea.wrap(EcsClient, config(service.host), secret)  # type: ignore[arg-type]
    request = ecs.DescribeRegionsRequest()
    assert connections(fork, service, lambda: client.describe_regions(request)) == (True, True)


@BOTH
@pytest.mark.parametrize("algorithm", [None, "v2"])
@pytest.mark.parametrize(("style", "body"), [("RPC", "formData"), ("ROA", "json"), ("ROA", "formData")])
def test_every_protocol_survives_a_rotation(
    secret: PlayedSecret, service: Service, suffix: str, algorithm: str | None, style: str, body: str
) -> None:
    service.answer = refuses_roa("k1") if algorithm == "v2" and style == "ROA" else refuses("k1")
    client = kmsramcred.tea.wrap(
        OpenApiClient, config(service.host, signature_algorithm=algorithm), secret  # type: ignore[arg-type]
    )
    request = OpenApiRequest(query={}, headers={}, body={"Key": "value"})
    call(client, "call_api" + suffix, params(style, body), request, RuntimeOptions())
    first, second = service.requests
    assert first["body"] == second["body"] != b"" and secret.accepted == [2]


def refuses_roa(*dead: str) -> Any:
    def answer(seen: dict[str, Any]) -> tuple[int, bytes]:
        if seen["headers"]["authorization"].split(" ")[1].split(":")[0] in dead:
            return 404, json.dumps({"Code": DEAD, "Message": "not found", "RequestId": "R"}).encode()
        return 200, b"{}"

    return answer


class OneWay:
    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._data.read(size)


class AsyncOneWay(OneWay):
    async def read(self, size: int = -1) -> bytes:  # type: ignore[override]
        return super().read(size)


@pytest.mark.parametrize("stream", [io.BytesIO, OneWay, AsyncOneWay, bytes])
def test_a_stream_is_sent_again_whole(secret: PlayedSecret, service: Service, stream: Any) -> None:
    service.answer = refuses("k1")
    data = bytes(range(256)) * 300
    client = kmsramcred.tea.wrap(OpenApiClient, config(service.host), secret)  # type: ignore[arg-type]
    request = OpenApiRequest(query={}, headers={}, stream=stream(data))
    given = request.stream
    how = "call_api_async" if stream is AsyncOneWay else "call_api"
    call(client, how, params("ROA", "binary"), request, RuntimeOptions())
    digests = [hashlib.sha256(seen["body"]).hexdigest() for seen in service.requests]
    assert digests == [hashlib.sha256(data).hexdigest()] * 2
    assert request.stream is given, "the user's request stays as it was"


@BOTH
@pytest.mark.skipif(not hasattr(OpenApiClient, "call_sseapi"), reason="tea-openapi without server-sent events")
def test_events_come_after_a_rotation(secret: PlayedSecret, service: Service, suffix: str) -> None:
    refuse = refuses("k1")

    def answer(seen: dict[str, Any]) -> tuple[int, bytes]:
        status, body = refuse(seen)
        return (status, body) if status != 200 else (200, b"data: one\n\ndata: two\n\n")

    service.answer = answer
    client = kmsramcred.tea.wrap(OpenApiClient, config(service.host), secret)  # type: ignore[arg-type]
    arguments = params("ROA", "json"), OpenApiRequest(query={}, headers={}, body={"a": 1}), RuntimeOptions()

    async def collect() -> list[Any]:
        return [event async for event in client.call_sseapi_async(*arguments)]

    events = asyncio.run(collect()) if suffix else list(client.call_sseapi(*arguments))
    assert [event.event.data for event in events] == ["one", "two"]
    assert [key_of(seen) for seen in service.requests] == ["k1", "k2"]
    assert secret.reports[0]["code"] == DEAD and secret.reports[0]["status"] == 404


@BOTH
def test_rpc_headers_go_with_every_send(secret: PlayedSecret, service: Service, suffix: str) -> None:
    service.answer = refuses("k1")
    client = kmsramcred.tea.wrap(OpenApiClient, config(service.host), secret)  # type: ignore[arg-type]
    client.set_rpc_headers({"x-acs-extra": "1"})
    call(client, "call_api" + suffix, params(), OpenApiRequest(query={}, headers={}), RuntimeOptions())
    assert [seen["headers"]["x-acs-extra"] for seen in service.requests] == ["1", "1"]


@BOTH
def test_other_errors_pass_untouched(secret: PlayedSecret, service: Service, suffix: str) -> None:
    service.answer = lambda _: (403, b'{"Code":"Forbidden.RAM","Message":"no","RequestId":"R"}')
    client = kmsramcred.tea.wrap(EcsClient, config(service.host), secret)  # type: ignore[arg-type]
    with pytest.raises(TeaException) as caught:
        call(client, "describe_regions" + suffix, ecs.DescribeRegionsRequest())
    assert caught.value.code == "Forbidden.RAM" and caught.value.__cause__ is None
    assert len(service.requests) == 1 and not secret.accepted


@BOTH
def test_giving_up_shows_the_services_error_with_the_cause(
    secret: PlayedSecret, service: Service, suffix: str
) -> None:
    cause = KmsServerError("KMS is down")
    secret.verdict = SimpleNamespace(action="give_up", retry_after=0.0, error=cause)
    service.answer = refuses("k1")
    client = kmsramcred.tea.wrap(EcsClient, config(service.host), secret)  # type: ignore[arg-type]
    with pytest.raises(TeaException) as caught:
        call(client, "describe_regions" + suffix, ecs.DescribeRegionsRequest())
    assert caught.value.code == DEAD and caught.value.__cause__ is cause


@BOTH
def test_the_librarys_own_error_keeps_its_type(secret: PlayedSecret, service: Service, suffix: str) -> None:
    def fails(timeout: float | None = None) -> Any:
        raise KmsServerError("KMS is down")

    secret.credential = fails  # type: ignore[method-assign, assignment]
    client = kmsramcred.tea.wrap(EcsClient, config(service.host), secret)  # type: ignore[arg-type]
    with pytest.raises(KmsServerError):
        call(client, "describe_regions" + suffix, ecs.DescribeRegionsRequest())
    assert not service.requests


def test_a_key_in_the_config_is_ignored(
    secret: PlayedSecret, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    given = config(service.host, access_key_id="mine", access_key_secret="hidden")
    client = kmsramcred.tea.wrap(EcsClient, given, secret)  # type: ignore[arg-type]
    client.describe_regions(ecs.DescribeRegionsRequest())
    assert key_of(service.requests[0]) == "k1" and given.access_key_id == "mine"
    assert "access_key_id" in caplog.text and "hidden" not in caplog.text


@BOTH
def test_a_provider_gives_one_snapshot(secret: PlayedSecret, suffix: str) -> None:
    provider = kmsramcred.tea.CredentialsProvider(secret)  # type: ignore[arg-type]
    models = [call(provider, "get_credential" + suffix)]
    if "provider" in CredentialsClient.__init__.__annotations__:
        models.append(call(CredentialsClient(provider=provider), "get_credential" + suffix))
    for model in models:
        assert (model.access_key_id, model.access_key_secret, model.type) == ("k1", "s1", "access_key")
        assert model.provider_name is None


class Uploader(OpenApiClient):
    """What the generator makes of an operation with a file: a plain client first, then the call itself."""

    def put_advance(self, request: Any, runtime: Any) -> Any:
        credential = self._credential.get_credential()
        plain = OpenApiClient(
            Config(
                access_key_id=credential.access_key_id,
                access_key_secret=credential.access_key_secret,
                endpoint=self._endpoint,
                protocol="http",
            )
        )
        query = {"Action": "AuthorizeFileUpload"}
        plain.call_api(params(), OpenApiRequest(query=query, headers={}), runtime)
        body = {"file": request.file.read()}
        return self.call_api(params(), OpenApiRequest(query={}, headers={}, body=body), runtime)


def test_an_advance_method_survives_a_rotation(secret: PlayedSecret, service: Service) -> None:
    service.answer = refuses("k1")
    client = kmsramcred.tea.wrap(Uploader, config(service.host), secret)  # type: ignore[arg-type]
    client.put_advance(Upload(io.BytesIO(b"content")), RuntimeOptions())
    assert [key_of(seen) for seen in service.requests] == ["k1", "k2", "k2"]
    assert b"content" in service.requests[-1]["body"] and len(secret.reports) == 1


def test_an_advance_method_passes_on_the_error_where_the_file_cannot_be_rewound(
    secret: PlayedSecret, service: Service
) -> None:
    service.answer = refuses("k1")
    client = kmsramcred.tea.wrap(Uploader, config(service.host), secret)  # type: ignore[arg-type]
    with pytest.raises(TeaException) as caught:
        client.put_advance(Upload(OneWay(b"content")), RuntimeOptions())
    assert caught.value.code == DEAD and len(service.requests) == 1 and secret.serial == 2


class Upload:
    def __init__(self, file: Any) -> None:
        self.file = file

    def to_map(self) -> dict[str, Any]:
        return {}


# -- against the emulator


@pytest.fixture
def kms(emulator: Emulator, tmp_path: Any) -> Iterator[Client]:
    with Client.from_file(emulator.properties(tmp_path)) as client:
        yield client


class Stage:
    def __init__(self, emulator: Emulator, name: str) -> None:
        self.emulator, self.name = emulator, name
        self.host = emulator.post("/services", {"name": "tea-" + name})["host"]

    def fetched(self) -> int:
        return int(self.emulator.get("/counters")["kms"]["by_secret"].get(self.name, {}).get("requests", 0))

    def rotate(self) -> None:
        self.emulator.post(f"/secrets/{self.name}/rotate", {"old": "dead"})


@pytest.fixture
def stage(emulator: Emulator, secret_name: str) -> Stage:
    return Stage(emulator, secret_name)


ROTATIONS = int(os.environ.get("KMSRAMCRED_TEST_ROTATIONS", "3"))


def ride(stage: Stage, done: Callable[[], int], least: int) -> None:
    for _ in range(ROTATIONS):
        goal = done() + least
        until(lambda: done() >= goal, "calls go through", 60.0)
        stage.rotate()
    goal = done() + 2 * least
    until(lambda: done() >= goal, "calls go through after the last rotation", 60.0)


@pytest.mark.parametrize("client_class", [EcsClient, KmsClient])
def test_threads_ride_through_rotations(stage: Stage, kms: Client, client_class: Any) -> None:
    client = kmsramcred.tea.wrap(client_class, config(stage.host), kms.secret(stage.name))
    ok, errors, stop = [0], [], threading.Event()
    lock = threading.Lock()

    def work() -> None:
        while not stop.wait(0.3):
            try:
                client.call_api(params(), OpenApiRequest(query={}, headers={}), RuntimeOptions())
                with lock:
                    ok[0] += 1
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(64)]
    for thread in threads:
        thread.start()
    try:
        ride(stage, lambda: ok[0] + len(errors), 64)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert not errors, errors[:3]
    assert stage.fetched() <= ROTATIONS + 1


def test_tasks_ride_through_rotations(stage: Stage, kms: Client) -> None:
    client = kmsramcred.tea.wrap(EcsClient, config(stage.host), kms.secret(stage.name))
    ok, errors = [0], []

    async def main() -> None:
        stop = asyncio.Event()

        async def work() -> None:
            while not stop.is_set():
                try:
                    await client.describe_regions_async(ecs.DescribeRegionsRequest())
                    ok[0] += 1
                except BaseException as error:
                    errors.append(error)
                await asyncio.sleep(1.0)

        tasks = [asyncio.create_task(work()) for _ in range(200)]
        try:
            await asyncio.to_thread(ride, stage, lambda: ok[0] + len(errors), 200)
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    asyncio.run(main())
    assert not errors, errors[:3]
    assert stage.fetched() <= ROTATIONS + 1


def test_a_slow_kms_does_not_stop_the_loop(stage: Stage, kms: Client, emulator: Emulator) -> None:
    client = kmsramcred.tea.wrap(EcsClient, config(stage.host), kms.secret(stage.name))

    async def main() -> None:
        await client.describe_regions_async(ecs.DescribeRegionsRequest())
        stage.rotate()
        fault = emulator.post("/faults", {"at": "kms", "kind": "hang", "for_ms": 600_000})
        waiting = asyncio.create_task(client.describe_regions_async(ecs.DescribeRegionsRequest()))
        before = stage.fetched()
        # The loop runs this while the call waits for KMS; it lets KMS go only afterwards.
        for _ in range(1000):
            if stage.fetched() > before or waiting.done():
                break
            await asyncio.sleep(0.01)
        assert not waiting.done()
        emulator.delete(f"/faults/{fault['id']}")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(main())
