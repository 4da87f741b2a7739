"""The binding against a real KMS (the emulator's)."""

from __future__ import annotations

import copy
import datetime
import gc
import json
import logging
import math
import os
import pathlib
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kmsramcred
from kmsramcred import Client, Secret

from kms_emulator import Emulator, until

DEAD = "InvalidAccessKeyId.NotFound"


@pytest.fixture
def client(emulator: Emulator, tmp_path: pathlib.Path) -> Iterator[Client]:
    with Client.from_file(emulator.properties(tmp_path)) as made:
        yield made


@pytest.fixture
def secret(client: Client, secret_name: str) -> Secret:
    return client.secret(secret_name)


@pytest.fixture
def slow() -> Iterator[Secret]:
    """A secret behind a gateway that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        region = [{"regionId": "cn-hangzhou", "endpoint": "127.0.0.1:%d" % server.getsockname()[1]}]
        settings: dict[str, Any] = {"cache_client_region_id": region, "credentials_type": "ak"}
        client = Client(access_key_id="LTAI5tNobodyAtAll", access_key_secret="secret", **settings)
        yield client.secret("slow")
        client.close(timeout=5)


@pytest.fixture
def interrupt_after() -> Iterator[Callable[[float], None]]:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)  # type: ignore[return-value]
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)


# -- a credential


def test_a_credential_is_a_whole(emulator: Emulator, secret: Secret) -> None:
    credential = secret.credential()
    access_key_id, access_key_secret, security_token = credential
    assert access_key_id == credential.access_key_id == emulator.get(f"/secrets/{secret.name}")["access_key_id"]
    assert access_key_secret == credential.access_key_secret and len(access_key_secret) >= 16
    assert security_token is None and credential.security_token is None
    assert credential.serial >= 1 and isinstance(credential.version_id, str)
    assert credential.accepted is False and credential.not_after is None
    age = datetime.datetime.now(datetime.timezone.utc) - credential.fetched_at
    assert datetime.timedelta(seconds=-1) < age < datetime.timedelta(seconds=30)


def test_a_security_token_comes_along(emulator: Emulator, client: Client) -> None:
    emulator.post("/secrets", {"name": "py-sts", "security_token": "the-token"})
    assert client.secret("py-sts").credential().security_token == "the-token"


@pytest.mark.parametrize("end", ["9999-12-30T21:59:59Z", "9999-12-31T23:59:59Z", "+012345-01-01T00:00:00Z"])
def test_an_absurd_end_of_life_is_still_a_date(emulator: Emulator, client: Client, secret_name: str, end: Any) -> None:
    key = {"AccessKeyId": "LTAI" + secret_name[-20:], "AccessKeySecret": "s" * 30, "SecurityToken": "t"}
    name = secret_name + "-absurd"
    emulator.post("/secrets", {"name": name, "secret_data": json.dumps({**key, "ExpireTimestamp": end})})
    credential = client.secret(name).credential()
    assert credential.not_after is None or credential.not_after.year == 9999
    assert credential.fetched_at.tzinfo is datetime.timezone.utc


def test_a_warm_read_makes_nothing_new(secret: Secret) -> None:
    first = secret.credential()
    assert secret.credential() is first and secret.credential(timeout=0) is first
    assert first.access_key_secret is first.access_key_secret and first.serial is first.serial
    credential = secret.credential
    blocks = []
    for _ in range(5):
        before = sys.getallocatedblocks()
        for _ in range(1000):
            credential()
        blocks.append(sys.getallocatedblocks() - before)
    assert min(blocks) <= 1, blocks


def test_nobody_sees_or_carries_off_the_secret(secret: Secret) -> None:
    credential = secret.credential()
    for shown in (repr(credential), str(credential), repr(secret), str(secret.explain()), str(secret.client.explain())):
        assert credential.access_key_secret not in shown and credential.access_key_id not in shown
    assert credential.access_key_id[-4:] in repr(credential)
    assert copy.copy(credential) is credential and copy.deepcopy(credential) is credential
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(credential)
    with pytest.raises(AttributeError):
        credential.access_key_id = "other"  # type: ignore[misc]


def test_a_new_value_is_a_new_object(emulator: Emulator, secret: Secret) -> None:
    old, generation = secret.credential(), secret.generation
    emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
    new = secret.refresh()
    assert new.access_key_id != old.access_key_id and new.serial != old.serial
    assert secret.credential().serial == new.serial and secret.generation > generation


# -- verdicts


def test_a_refusal_brings_the_new_key(emulator: Emulator, secret: Secret) -> None:
    old = secret.credential()
    secret.report_success(old.serial)
    assert old.accepted
    emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
    verdict = secret.report_failure(old.serial, "Ecs", "127.0.0.1:1", DEAD, 404, 1, 10.0)
    assert (verdict.action, verdict.retry_after, verdict.error) == ("retry", 0.0, None)
    assert secret.credential().serial != old.serial


def test_another_error_is_not_about_the_key(secret: Secret) -> None:
    serial = secret.credential().serial
    verdict = secret.report_failure(
        serial=serial, service="Ecs", host="h", code="Forbidden.RAM", http_status=403, round=1, left=10.0
    )
    assert verdict.action == "unrelated" and "unrelated" in repr(verdict)


# -- time


@pytest.mark.parametrize("timeout", [-1, -0.001, math.nan, math.inf, 1e300, datetime.timedelta(seconds=-1)])
def test_a_timeout_that_makes_no_sense(slow: Secret, timeout: Any) -> None:
    with pytest.raises(kmsramcred.InvalidArgumentError, match="timeout"):
        slow.credential(timeout)
    with pytest.raises(ValueError):
        slow.refresh(timeout=timeout)


def test_a_timeout_of_another_type(slow: Secret) -> None:
    with pytest.raises(TypeError):
        slow.credential("1")  # type: ignore[arg-type]


def test_no_timeout_at_all_means_not_to_wait(slow: Secret) -> None:
    started = time.monotonic()
    with pytest.raises(kmsramcred.NotReadyError) as caught:
        slow.credential(0)
    assert time.monotonic() - started < 0.5
    assert (caught.value.status, caught.value.kind, caught.value.retryable) == (600, "not_ready", True)
    assert caught.value.advice and caught.value.advice in str(caught.value)


@pytest.mark.parametrize("thread", [False, True])
def test_a_wait_keeps_its_time_and_lets_others_run(slow: Secret, thread: bool) -> None:
    seen: list[float] = []

    def wait() -> None:
        started = time.monotonic()
        with pytest.raises(TimeoutError) as caught:
            slow.credential(timeout=datetime.timedelta(seconds=0.5))
        assert isinstance(caught.value, kmsramcred.KmsRamCredError) and caught.value.retryable
        seen.append(time.monotonic() - started)

    if thread:
        waiting = threading.Thread(target=wait)
        waiting.start()
        turns = 0
        while waiting.is_alive():
            time.sleep(0.005)
            turns += 1
        assert turns > 20
    else:
        wait()
    assert 0.45 <= seen[0] < 1.5


def test_ctrl_c_ends_a_wait(slow: Secret, interrupt_after: Callable[[float], None]) -> None:
    started = time.monotonic()
    interrupt_after(0.2)
    with pytest.raises(KeyboardInterrupt):
        slow.credential(timeout=8)
    assert time.monotonic() - started < 1.5


def test_ctrl_c_ends_the_wait_after_a_refusal(
    emulator: Emulator, secret: Secret, interrupt_after: Callable[[float], None]
) -> None:
    serial = secret.credential().serial
    secret.report_success(serial)
    emulator.post("/faults", {"at": "kms", "kind": "hang", "secret": secret.name, "for_ms": 5000})
    try:
        started = time.monotonic()
        interrupt_after(0.2)
        with pytest.raises(KeyboardInterrupt):
            secret.report_failure(serial, "Ecs", "h", DEAD, 404, 1, 8.0)
        assert time.monotonic() - started < 1.5
    finally:
        emulator.delete("/faults")


def test_a_wait_outlasts_a_passing_fault(emulator: Emulator, secret: Secret) -> None:
    emulator.post("/faults", {"at": "kms", "kind": "reset", "secret": secret.name, "for_ms": 1000})
    try:
        with pytest.raises(kmsramcred.KmsRamCredError):
            secret.credential(timeout=0.3)
        assert secret.credential(timeout=10).serial
    finally:
        emulator.delete("/faults")


# -- what goes wrong


def test_an_unknown_secret(client: Client) -> None:
    with pytest.raises(kmsramcred.KmsNotFoundError) as caught:
        client.secret("no-such-secret").credential()
    error = caught.value
    assert isinstance(error, kmsramcred.KmsError) and isinstance(error, kmsramcred.KmsRamCredError)
    assert (error.status, error.kind, error.retryable) == (401, "kms_not_found", False)
    assert error.code and error.request_id and error.http_status == 404


def test_settings_that_cannot_be_used(tmp_path: pathlib.Path) -> None:
    with pytest.raises(kmsramcred.ConfigError):
        Client(nonsense="1")
    with pytest.raises(kmsramcred.InvalidArgumentError, match="needed together"):
        Client(access_key_id="LTAI5tAlone")
    with pytest.raises(kmsramcred.ConfigMissingError):
        Client.from_file(tmp_path / "none.properties")


def test_secret_names_may_be_a_list(emulator: Emulator, secret_name: str) -> None:
    ready = emulator.ready
    region = {"regionId": "cn-hangzhou", "endpoint": ready["kms_host"], "caFilePath": ready["ca_path"]}
    with Client(
        access_key_id=ready["access_key_id"],
        access_key_secret=ready["access_key_secret"],
        cache_client_region_id=[region],
        secret_names=[secret_name, "none"],
    ) as client:
        names = {secret["name"] for secret in client.explain()["secrets"]}
        assert names == {secret_name, "none"}


def test_a_closed_client_stays_closed(client: Client, secret: Secret) -> None:
    secret.credential()
    assert not client.closed
    client.close()
    client.close(timeout=0)
    assert client.closed and "closed" in repr(client)
    with pytest.raises(kmsramcred.ClosedError):
        secret.credential()


# -- what is going on


def test_explain_and_stats(client: Client, secret: Secret) -> None:
    secret.credential()
    assert isinstance(secret.explain(), dict) and isinstance(client.explain(), dict)
    stats = client.stats()
    assert stats["kms_requests"] == 1 and stats["refreshes_ok"] == 1
    assert client.call_budget == 10.0 and client.fetch_budget == 10.0
    assert secret.client.secret(secret.name).credential().serial == secret.credential().serial


def test_a_watch_is_told_until_it_ends(emulator: Emulator, secret: Secret) -> None:
    secret.credential()
    told: list[tuple[int, Any]] = []
    with secret.watch(lambda generation, error: told.append((generation, error))):
        emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
        secret.refresh()
        until(lambda: told, "the watch is told")
    assert told[0][0] <= secret.generation and told[0][1] is None
    count = len(told)
    emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
    secret.refresh()
    time.sleep(0.2)
    assert len(told) == count


def test_a_watch_is_told_of_a_failure(emulator: Emulator, secret: Secret) -> None:
    secret.credential()
    told: list[Any] = []
    watch = secret.watch(lambda _, error: told.append(error))
    emulator.post("/faults", {"at": "kms", "kind": "status", "status": 403, "code": "Forbidden.NoPermission",
                              "secret": secret.name, "times": 1})
    try:
        with pytest.raises(kmsramcred.KmsDeniedError):
            secret.refresh()
        error = until(lambda: [error for error in told if error], "the watch is told")[0]
        assert isinstance(error, kmsramcred.KmsDeniedError)
    finally:
        emulator.delete("/faults")
        watch.close()


def test_a_watch_may_fail_and_may_end_itself(
    emulator: Emulator, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret.credential()
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)

    def callback(*_: object) -> None:
        watch.close()
        raise ValueError("from the callback")

    watch = secret.watch(callback)
    emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
    secret.refresh()
    until(lambda: unraisable, "the failure is reported")
    with pytest.raises(kmsramcred.InvalidArgumentError):
        secret.watch(7)  # type: ignore[arg-type]


def test_a_watch_that_only_its_callback_knows_is_collected(emulator: Emulator, secret: Secret) -> None:
    class Holder:
        def __init__(self) -> None:
            self.watch = secret.watch(self.told)

        def told(self, *_: object) -> None:
            self.watch.close()

    secret.credential()
    gone = weakref.ref(Holder())
    gc.collect()
    assert gone() is None
    holder = Holder()
    gc.collect()
    kept = weakref.ref(holder)
    emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
    secret.refresh()
    del holder
    until(lambda: gc.collect() + 1 and kept() is None, "collected after it was told and has ended itself")


def test_callbacks_may_end_each_others_watches(emulator: Emulator, client: Client, secret_name: str) -> None:
    emulator.post("/secrets", {"name": secret_name + "-2"})
    secrets = [client.secret(secret_name), client.secret(secret_name + "-2")]
    meeting = threading.Barrier(2)
    watches: list[kmsramcred.Watch] = []
    ended: list[int] = []

    def ends(other: int) -> Callable[..., None]:
        def callback(*_: object) -> None:
            meeting.wait(5)
            watches[other].close()
            ended.append(other)

        return callback

    watches.extend(secret.watch(ends(1 - n)) for n, secret in enumerate(secrets))
    for secret in secrets:
        secret.credential()
    until(lambda: sorted(ended) == [0, 1], "both have ended")


def test_log_records_arrive_in_the_programs_own_calls(emulator: Emulator, secret: Secret) -> None:
    records: list[logging.LogRecord] = []
    threads: set[int] = set()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            secret.credential()
            threads.add(threading.get_ident())
            records.append(record)

    logger, handler = logging.getLogger("kmsramcred"), Handler()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        key = secret.credential()
        emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
        secret.refresh()
        until(lambda: secret.credential() and records, "a record")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert threads == {threading.get_ident()}
    assert not [record for record in records if key.access_key_secret in record.getMessage()]


# -- processes


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    # From 3.12 on a fork beside any other thread is worth a warning to Python.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


EXITS = {
    "client open": "",
    "a watch that is told": "w = secret.watch(lambda *_: None); secret.refresh()",
    "threads in waits": """
import threading
slow = kmsramcred.Client.from_file(sys.argv[1]).secret('slow')
for _ in range(4):
    threading.Thread(target=lambda: slow.credential(timeout=30), daemon=True).start()
time.sleep(0.2)
""",
    "records nobody fetched": """
import logging
logging.basicConfig(level=logging.DEBUG, stream=open(os.devnull, 'w'))
secret.refresh()
""",
    "a fork": "os.waitpid(pid, 0) if (pid := os.fork()) else secret.credential()",
    "sys.exit in a with": """
with client:
    sys.exit(0)
""",
}


@pytest.mark.parametrize("what", EXITS)
def test_exit_is_quick_and_silent(emulator: Emulator, tmp_path: pathlib.Path, secret_name: str, what: str) -> None:
    emulator.post("/faults", {"at": "kms", "kind": "hang", "secret": "slow"})
    try:
        script = "import os, sys, time, kmsramcred\nclient = kmsramcred.Client.from_file(sys.argv[1])\n"
        script += "secret = client.secret(sys.argv[2]); secret.credential()\n" + EXITS[what]
        started = time.monotonic()
        done = run(script, emulator.properties(tmp_path), secret_name)
        assert (done.returncode, done.stderr) == (0, "")
        assert time.monotonic() - started < 5.0
    finally:
        emulator.delete("/faults")


def test_a_child_gets_log_records_of_its_own(emulator: Emulator, tmp_path: pathlib.Path, secret_name: str) -> None:
    script = """
import logging, os, sys, time, kmsramcred
class Handler(logging.Handler):
    def emit(self, record):
        records.append(record.getMessage())
records = []
logging.getLogger("kmsramcred").addHandler(Handler())
logging.getLogger("kmsramcred").setLevel(logging.DEBUG)
client = kmsramcred.Client.from_file(sys.argv[1])
secret = client.secret(sys.argv[2])
secret.credential()
while not records:
    client.stats()
pid = os.fork()
del records[:]
secret.refresh()
ends = time.monotonic() + 10
while not records and time.monotonic() < ends:
    client.stats()
if pid:
    assert os.waitpid(pid, 0)[1] == 0
sys.exit(not records)
"""
    done = run(script, emulator.properties(tmp_path), secret_name)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_child_keeps_the_serial_and_fetches_for_itself(emulator: Emulator, secret: Secret) -> None:
    serial = secret.credential().serial
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            same = secret.credential().serial == serial
            emulator.post(f"/secrets/{secret.name}/rotate", {"old": "dead"})
            os.write(writer, b"yes" if same and secret.refresh().serial != serial else b"no")
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"yes"
    os.waitpid(pid, 0)
    assert secret.credential().serial == serial
    assert secret.refresh().serial != serial
