"""The clients that adapters share, the default client, and the file that a program names."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("aliyunsdkcore")

import kmsramcred
from kmsramcred import _shared
from kmsramcred.acs import ProxyAcsClient

from forks import FORKS
from kms_emulator import Emulator
from played import PlayedSecret


class PlayedCore:
    """What `_native.Client` is to the sharing of clients."""

    made: list[PlayedCore]

    call_budget = 10.0

    def __init__(self, path: str | None) -> None:
        self.closed = False
        self.path = path

    @staticmethod
    def from_file(path: str | None) -> PlayedCore:
        PlayedCore.made.append(PlayedCore(path))
        return PlayedCore.made[-1]

    def secret(self, name: str) -> PlayedSecret:
        return PlayedSecret()

    def close(self, timeout: float) -> None:
        self.closed = True


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> list[PlayedCore]:
    PlayedCore.made = []
    monkeypatch.setattr(_shared, "_native", SimpleNamespace(Client=PlayedCore))
    monkeypatch.setattr(_shared, "_open", {})
    monkeypatch.setattr(_shared, "_defaults", {})
    monkeypatch.delenv("KMSRAMCRED_CONFIG", raising=False)
    return PlayedCore.made


def test_shutting_one_down_leaves_the_others_alone(cores: list[PlayedCore]) -> None:
    first, second = ProxyAcsClient("one"), ProxyAcsClient("two")
    (core,) = cores
    first.shutdown()
    first.shutdown()
    assert not core.closed
    second.shutdown()
    assert core.closed
    third = ProxyAcsClient("one")
    assert len(cores) == 2 and not cores[1].closed
    third.shutdown()


def test_each_configuration_file_has_its_client(
    cores: list[PlayedCore], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [ProxyAcsClient("one")]
    monkeypatch.chdir(tmp_path)
    clients.append(ProxyAcsClient("one"))
    monkeypatch.setenv("KMSRAMCRED_CONFIG", "/etc/other.properties")
    clients.append(ProxyAcsClient("one"))
    clients.append(ProxyAcsClient("one"))
    assert len(cores) == 3
    for client in clients:
        client.shutdown()
    assert all(core.closed for core in cores)


def test_a_forgotten_client_gives_back_its_share(cores: list[PlayedCore]) -> None:
    import gc

    ProxyAcsClient("one")
    gc.collect()
    assert cores[0].closed


@pytest.mark.parametrize("fork", FORKS)
def test_a_child_forked_under_the_lock_can_go_on(cores: list[PlayedCore], fork: Callable[[], int]) -> None:
    with _shared._lock.get():
        pid = fork()
        if pid == 0:
            try:
                ProxyAcsClient("one").shutdown()
                os._exit(0)
            except BaseException:
                os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_client_that_could_not_be_made_leaves_no_trace(
    cores: list[PlayedCore], recwarn: pytest.WarningsRecorder
) -> None:
    with pytest.raises(TypeError):
        ProxyAcsClient("one", no_such_option=True)
    assert not cores and not recwarn.list


def test_a_file_named_in_code_goes_before_the_environment(
    cores: list[PlayedCore], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KMSRAMCRED_CONFIG", "/etc/other.properties")
    monkeypatch.setattr(_shared, "_named", None)
    monkeypatch.chdir(tmp_path)
    others = ProxyAcsClient("one")
    kmsramcred.set_config_file("mine.properties")
    mine = ProxyAcsClient("one")
    assert [core.path for core in cores] == [None, "mine.properties"]
    kmsramcred.set_config_file(None)
    again = ProxyAcsClient("one")
    assert len(cores) == 2
    for client in (others, mine, again):
        client.shutdown()


def test_the_default_client_stays_and_is_shared_with_adapters(
    cores: list[PlayedCore], monkeypatch: pytest.MonkeyPatch
) -> None:
    default: Any = kmsramcred.default_client()
    assert kmsramcred.default_client() is default
    adapter = ProxyAcsClient("one")
    assert adapter._client is default
    adapter.shutdown()
    assert not default.closed, "the program may still want it"
    default.close(0)
    assert kmsramcred.default_client() is not default


def test_a_file_that_the_program_names_must_be_there(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_shared, "_named", None)
    monkeypatch.setenv("KMSRAMCRED_CREDENTIALS_TYPE", "ak")
    kmsramcred.set_config_file(tmp_path / "none.properties")
    with pytest.raises(kmsramcred.ConfigMissingError, match="none.properties"):
        kmsramcred.default_client()


def test_a_handler_may_hold_its_lock_while_others_log(emulator: Emulator, tmp_path: Any, secret_name: str) -> None:
    """Two threads with two handlers, each of which asks for a credential with its lock held."""
    logger = logging.getLogger("kmsramcred")
    client = kmsramcred.Client.from_file(emulator.properties(tmp_path))
    secret = client.secret(secret_name)
    told: list[str] = []

    class Asks(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(secret.credential().version_id)
            logger.debug("of the handler's own")

    def work(lock: Any) -> None:
        for n in range(20):
            if n % 5 == 0:
                # Its record waits for whoever calls next.
                secret.refresh()
            with lock:
                secret.credential()
                client.stats()
            logger.info("of the program's own")

    handlers = [Asks(logging.INFO), Asks(logging.INFO)]
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        threads = [threading.Thread(target=work, args=(handlers[n % 2].lock,), daemon=True) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not [thread for thread in threads if thread.is_alive()], "a deadlock"
    finally:
        logger.setLevel(logging.NOTSET)
        for handler in handlers:
            logger.removeHandler(handler)
        client.close()
    assert len(told) >= 2 * 8 * 20
