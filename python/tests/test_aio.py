"""asyncio: no wait holds up the loop, and many waits need one thread."""

from __future__ import annotations

import asyncio
import os
import pathlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kmsramcred
from kmsramcred import Client, Secret, aio

from forks import FORKS
from kms_emulator import Emulator

DEAD = "InvalidAccessKeyId.NotFound"


@pytest.fixture
def secret(emulator: Emulator, tmp_path: pathlib.Path, secret_name: str) -> Iterator[Secret]:
    with Client.from_file(emulator.properties(tmp_path)) as client:
        yield client.secret(secret_name)


@pytest.fixture
def slow() -> Iterator[Secret]:
    """A secret behind a gateway that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        region = [{"regionId": "cn-hangzhou", "endpoint": "127.0.0.1:%d" % server.getsockname()[1]}]
        settings: dict[str, Any] = {"cache_client_region_id": region, "credentials_type": "ak"}
        client = Client(access_key_id="LTAI5tNobodyAtAll", access_key_secret="secret", **settings)
        yield client.secret("slow")
        client.close(timeout=5)


def threads() -> int:
    return sum(thread.name == "kmsramcred-aio" for thread in threading.enumerate())


def test_many_tasks_share_one_first_fetch_and_one_thread(secret: Secret, emulator: Emulator) -> None:
    before = threads()

    async def main() -> set[int]:
        found = await asyncio.gather(*(aio.credential(secret) for _ in range(200)))
        return {credential.serial for credential in found}

    assert len(asyncio.run(main())) == 1
    assert secret.client.stats()["kms_requests"] == 1
    assert threads() - before <= 1


def test_a_cached_credential_needs_no_thread(secret: Secret) -> None:
    expected, before = secret.credential(), threads()

    async def main() -> Any:
        return await aio.credential(secret)

    assert asyncio.run(main()) is expected and threads() == before


def test_a_wait_holds_up_neither_the_loop_nor_another_secret(slow: Secret, secret: Secret) -> None:
    async def main() -> int:
        turns = 0
        waits = [asyncio.ensure_future(aio.credential(slow, timeout=1.0)) for _ in range(20)]
        await asyncio.sleep(0)
        assert (await aio.credential(secret)).serial
        assert not any(wait.done() for wait in waits)
        while not all(wait.done() for wait in waits):
            await asyncio.sleep(0.005)
            turns += 1
        for wait in waits:
            assert isinstance(wait.exception(), TimeoutError)
        return turns

    started = time.monotonic()
    assert asyncio.run(main()) > 20
    assert time.monotonic() - started < 3.0


def test_a_short_wait_is_not_held_up_by_a_long_one(slow: Secret) -> None:
    async def main() -> float:
        long = asyncio.ensure_future(aio.credential(slow, timeout=6.0))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        with pytest.raises(kmsramcred.TimedOutError):
            await aio.credential(slow, timeout=0.2)
        long.cancel()
        return time.monotonic() - started

    assert asyncio.run(main()) < 2.0


def test_no_timeout_at_all_means_not_to_wait(slow: Secret) -> None:
    with pytest.raises(kmsramcred.NotReadyError):
        asyncio.run(aio.credential(slow, 0))
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(kmsramcred.InvalidArgumentError):
            asyncio.run(aio.refresh(slow, wrong))


def test_a_refusal_brings_the_new_key_to_every_task(secret: Secret, emulator: Emulator) -> None:
    async def main() -> None:
        old = await aio.credential(secret)
        secret.report_success(old.serial)
        emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
        reports = [aio.report_failure(secret, old.serial, "Ecs", "h", DEAD, 404, 1, 10.0) for _ in range(50)]
        assert {verdict.action for verdict in await asyncio.gather(*reports)} == {"retry"}
        assert (await aio.credential(secret)).serial != old.serial

    asyncio.run(main())
    assert secret.client.stats()["kms_requests"] == 2


def test_a_refresh_brings_the_new_key(secret: Secret, emulator: Emulator) -> None:
    async def main() -> None:
        old = await aio.credential(secret)
        emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
        assert (await aio.refresh(secret)).serial != old.serial

    asyncio.run(main())


def test_errors_are_those_of_the_other_calls(secret: Secret) -> None:
    with pytest.raises(kmsramcred.KmsNotFoundError):
        asyncio.run(aio.credential(secret.client.secret("no-such-secret")))


def test_a_cancelled_wait_does_no_harm(slow: Secret) -> None:
    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(aio.credential(slow, timeout=1.0), 0.05)
        with pytest.raises(TimeoutError):
            await aio.credential(slow, timeout=0.1)

    asyncio.run(main())


@pytest.mark.parametrize("fork", FORKS)
def test_a_forked_child_waits_on_a_thread_of_its_own(slow: Secret, secret: Secret, fork: Callable[[], int]) -> None:
    async def wait() -> None:
        with pytest.raises(TimeoutError):
            await aio.credential(slow, timeout=0.1)

    asyncio.run(wait())
    pid = fork()
    if pid == 0:
        try:
            asyncio.run(wait())
            os._exit(0 if asyncio.run(aio.credential(secret)).serial else 1)
        except BaseException:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
