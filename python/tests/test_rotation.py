"""Rotations under load: the real SDK, a real KMS (the emulator's), and not one failed call."""

from __future__ import annotations

import json
import os
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("aliyunsdkcore")
pytest.importorskip("aliyunsdkecs")

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkecs.request.v20140526.DescribeRegionsRequest import DescribeRegionsRequest

from kmsramcred.acs import ProxyAcsClient

from kms_emulator import Emulator, until

pytestmark = pytest.mark.rotation

THREADS = 64
#: Between two calls of a thread: 64 threads must not need more than the processors there are.
PAUSE = 0.3


class Load:
    """Threads that call a service until they are told to stop."""

    def __init__(self, client: ProxyAcsClient, host: str, threads: int) -> None:
        self.ok = 0
        self.errors: list[BaseException] = []
        self._client, self._host = client, host
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(i,), daemon=True) for i in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)
        assert not [thread for thread in self._threads if thread.is_alive()], "a call that does not end"

    def _work(self, number: int) -> None:
        self._stop.wait(PAUSE * number / len(self._threads))
        while not self._stop.is_set():
            request = DescribeRegionsRequest()
            request.set_endpoint(self._host)
            try:
                self._client.do_action_with_exception(request)
                error = None
            except BaseException as raised:
                error = raised
            with self._lock:
                if error is None:
                    self.ok += 1
                else:
                    self.errors.append(error)
            self._stop.wait(PAUSE)


class Stage:
    """One service and one secret, with their counters since the stage was set."""

    def __init__(self, emulator: Emulator, secret_name: str) -> None:
        self.emulator, self.name, self.service = emulator, secret_name, "of-" + secret_name
        self.host = emulator.post("/services", {"name": self.service})["host"]

    def refused(self) -> int:
        return int(self.emulator.get("/counters")["services"].get(self.service, {}).get("refused", 0))

    def fetched(self) -> int:
        return int(self.emulator.get("/counters")["kms"]["by_secret"].get(self.name, {}).get("requests", 0))

    def rotate(self, times: int, pace: float, check: Callable[[], Any] | None = None, **how: Any) -> list[int]:
        """Rotates `times`, `pace` seconds apart. Answers how many calls each rotation saw refused."""
        seen = []
        due = time.monotonic()
        for _ in range(times):
            before = self.refused()
            self.emulator.post(f"/secrets/{self.name}/rotate", how)
            due += pace
            time.sleep(max(0.0, due - time.monotonic()))
            if check:
                until(check, "the key in use is the new one")
            seen.append(self.refused() - before)
        return seen


@pytest.fixture
def stage(emulator: Emulator, secret_name: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "KMSRAMCRED_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    emulator.properties(tmp_path)
    monkeypatch.chdir(tmp_path)
    return Stage(emulator, secret_name)


@pytest.fixture
def client(stage: Stage) -> Iterator[ProxyAcsClient]:
    with ProxyAcsClient(stage.name, pool_size=THREADS) as made:
        yield made


def flowing(load: Load, least: int = THREADS) -> None:
    """Waits until calls go through again, so that every thread has had its turn."""
    goal = load.ok + least
    until(lambda: load.ok >= goal, "calls go through", 30.0)


def test_a_rotation_a_second_with_the_old_key_dead_at_once(stage: Stage, client: ProxyAcsClient) -> None:
    with Load(client, stage.host, THREADS) as load:
        flowing(load)
        refused = stage.rotate(20, 1.0, old="dead")
        flowing(load)
    assert not load.errors, load.errors[:3]
    assert stage.fetched() <= 21
    assert min(refused) >= 1, refused


def test_a_new_key_that_spreads_slowly_beside_the_old_one(stage: Stage, client: ProxyAcsClient) -> None:
    with Load(client, stage.host, THREADS) as load:
        flowing(load)
        stage.rotate(10, 4.0, old="overlap", lag_ms=2000, overlap_ms=2000)
        flowing(load)
    assert not load.errors, load.errors[:3]
    assert stage.fetched() <= 11


def test_a_new_key_that_spreads_slowly_and_no_old_one(stage: Stage, client: ProxyAcsClient) -> None:
    with Load(client, stage.host, THREADS) as load:
        flowing(load)
        stage.rotate(10, 4.0, old="dead", lag_ms=2000)
        flowing(load)
    assert not load.errors, load.errors[:3]
    assert stage.fetched() <= 14


def test_a_service_that_refuses_everything_spoils_nothing(
    stage: Stage, client: ProxyAcsClient, emulator: Emulator
) -> None:
    hostile = emulator.post("/services", {"name": "hostile-" + stage.name, "refuse_all": True})["host"]
    started = time.monotonic()
    with Load(client, stage.host, THREADS - 8) as load, Load(client, hostile, 8) as refused:
        flowing(load)
        stage.rotate(20, 1.0, old="dead")
        flowing(load)
        until(lambda: refused.errors, "users of the hostile service see its error", 30.0)
    minutes = (time.monotonic() - started) / 60
    assert not load.errors, load.errors[:3]
    assert not refused.ok
    for error in refused.errors:
        assert isinstance(error, ServerException) and error.error_code == "InvalidAccessKeyId.NotFound", error
    assert stage.fetched() <= 21 + 10 * max(1.0, minutes)


def test_forked_children_and_their_parent(stage: Stage, client: ProxyAcsClient) -> None:
    children, threads = 8, 8
    # The parent has fetched and has connections: what a server with preloaded code looks like when it forks.
    request = DescribeRegionsRequest()
    request.set_endpoint(stage.host)
    client.do_action_with_exception(request)

    def report(load: Load, requests: int) -> dict[str, Any]:
        return {"ok": load.ok, "errors": [repr(error) for error in load.errors[:3]], "kms_requests": requests}

    def kms_requests() -> int:
        return client._client.stats()["kms_requests"]

    stop_reader, stop_writer = os.pipe()
    pipes: dict[int, int] = {}
    for _ in range(children):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            answer: dict[str, Any] = {"errors": ["the child died"]}
            try:
                os.close(stop_writer)
                before = kms_requests()
                with Load(client, stage.host, threads) as load:
                    os.read(stop_reader, 1)
                answer = report(load, kms_requests() - before)
            finally:
                os.write(writer, json.dumps(answer).encode())
                os._exit(0)
        os.close(writer)
        pipes[pid] = reader
    before = kms_requests()
    with Load(client, stage.host, threads) as load:
        flowing(load, threads)
        stage.rotate(20, 1.0, old="dead")
        flowing(load, threads)
        os.close(stop_writer)
        answers = []
        for pid, reader in pipes.items():
            with os.fdopen(reader, "rb") as pipe:
                answers.append(json.loads(pipe.read() or b'{"errors": ["no answer"]}'))
            os.waitpid(pid, 0)
    os.close(stop_reader)
    answers.append(report(load, kms_requests() - before))
    assert not [answer for answer in answers if answer["errors"]], answers
    assert all(answer["ok"] >= threads and answer["kms_requests"] <= 21 for answer in answers), answers
