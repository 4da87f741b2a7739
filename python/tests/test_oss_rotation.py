"""Rotations under load: the real oss2 in many threads, forked ones too, and not one failed call or wrong object."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest

oss2 = pytest.importorskip("oss2")

from kmsramcred.oss import ProxyBucket

from kms_emulator import Emulator, until

pytestmark = pytest.mark.rotation

THREADS = 64
ROTATIONS = int(os.environ.get("KMSRAMCRED_TEST_ROTATIONS", "4"))
#: Between two calls of a thread: 64 threads must not need more than the processors there are.
PAUSE = 0.4


class Load:
    """Threads that write objects of their own until they are told to stop, and remember what they wrote."""

    def __init__(self, bucket: ProxyBucket, prefix: str, threads: int) -> None:
        self.ok = 0
        self.errors: list[BaseException] = []
        self.written: dict[str, bytes] = {}
        self._bucket, self._prefix = bucket, prefix
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
        key = f"{self._prefix}/{number}"
        self._stop.wait(PAUSE * number / len(self._threads))
        while not self._stop.is_set():
            body = os.urandom(2000 + number)
            try:
                self._bucket.put_object(key, body)
                error = None
            except BaseException as raised:
                error = raised
            with self._lock:
                if error is None:
                    self.ok += 1
                    self.written[key] = body
                else:
                    self.errors.append(error)
            self._stop.wait(PAUSE)

    def flowing(self) -> None:
        """Waits until calls go through again, so that every thread has had its turn."""
        goal = self.ok + len(self._threads)
        until(lambda: self.ok >= goal, "calls go through", 30.0)


class Stage:
    def __init__(self, emulator: Emulator, secret_name: str) -> None:
        self.emulator, self.name = emulator, secret_name
        self.endpoint = "http://" + emulator.ready["oss_host"]

    def bucket(self) -> ProxyBucket:
        return ProxyBucket(self.name, self.endpoint, "load", session=oss2.Session(pool_size=THREADS))

    def rotate(self) -> None:
        self.emulator.post(f"/secrets/{self.name}/rotate", {"old": "dead"})

    def fetched(self) -> int:
        return int(self.emulator.get("/counters")["kms"]["by_secret"].get(self.name, {}).get("requests", 0))

    def compare(self, written: dict[str, str]) -> None:
        """Keys and MD5 sums of what was written with what is there."""
        stored = {found["key"]: found["etag"] for found in self.emulator.get("/objects")["objects"]}
        assert written and {key: stored.get(key) for key in written} == written


def sums(load: Load) -> dict[str, str]:
    return {key: hashlib.md5(body).hexdigest().upper() for key, body in load.written.items()}


@pytest.fixture
def stage(
    emulator: Emulator, secret_name: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "KMSRAMCRED_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    emulator.properties(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield Stage(emulator, secret_name)


def test_many_threads_and_a_key_that_dies_at_once(stage: Stage) -> None:
    with stage.bucket() as bucket:
        with Load(bucket, stage.name, THREADS) as load:
            load.flowing()
            for _ in range(ROTATIONS):
                stage.rotate()
                load.flowing()
    assert not load.errors, load.errors[:3]
    assert stage.fetched() <= ROTATIONS + 1
    assert len(load.written) == THREADS
    stage.compare(sums(load))


def test_forked_children_and_their_parent(stage: Stage) -> None:
    children, threads = 3, 6
    bucket = stage.bucket()
    # The parent has fetched and has connections: what a server with preloaded code looks like when it forks.
    bucket.put_object(stage.name, b"first")
    stop_reader, stop_writer = os.pipe()
    pipes: dict[int, int] = {}
    for number in range(children):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            answer: dict[str, Any] = {"errors": ["the child died"]}
            try:
                os.close(stop_writer)
                with Load(bucket, f"{stage.name}/{number}", threads) as load:
                    os.read(stop_reader, 1)
                answer = {"errors": [repr(error) for error in load.errors[:3]], "written": sums(load)}
            finally:
                os.write(writer, json.dumps(answer).encode())
                os._exit(0)
        os.close(writer)
        pipes[pid] = reader
    with Load(bucket, f"{stage.name}/parent", threads) as load:
        load.flowing()
        for _ in range(ROTATIONS):
            stage.rotate()
            load.flowing()
        os.close(stop_writer)
        for pid, reader in pipes.items():
            with os.fdopen(reader, "rb") as pipe:
                answer = json.loads(pipe.read() or b'{"errors": ["no answer"]}')
            os.waitpid(pid, 0)
            assert not answer["errors"], answer["errors"]
            stage.compare(answer["written"])
    os.close(stop_reader)
    assert not load.errors, load.errors[:3]
    stage.compare(sums(load))
    bucket.shutdown()
