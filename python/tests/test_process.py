"""What each process has of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from kmsramcred._process import PerProcess

from forks import FORKS


@pytest.mark.parametrize("fork", FORKS)
def test_a_forked_child_has_a_value_of_its_own(fork: Callable[[], int]) -> None:
    lock = PerProcess(threading.Lock)
    inherited = lock.get()
    with inherited:
        pid = fork()
        if pid == 0:
            mine = lock.get()
            os._exit(0 if mine is not inherited and mine.acquire(blocking=False) and lock.get() is mine else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert lock.get() is inherited


def test_threads_that_ask_first_at_once_get_the_same_value() -> None:
    all_ask = threading.Barrier(8)

    def make() -> object:
        # Everybody has found none and makes one.
        all_ask.wait()
        return object()

    values = PerProcess(make)
    got: list[object] = []
    threads = [threading.Thread(target=lambda: got.append(values.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8 and len(set(map(id, got))) == 1
