"""A program ends while its watches are told: quickly, silently, and with its own exit code."""

from __future__ import annotations

import concurrent.futures
import pathlib
import subprocess
import sys
import time

import pytest

from kms_emulator import Emulator

CODE = 7
REPETITIONS = 20

#: A callback outlives the main module when it is another module's.
TOLD = """
import threading, time
inside = threading.Event()
def sleeps(generation, error, sleep=time.sleep, seconds={seconds}):
    inside.set()
    sleep(seconds)
def computes(generation, error, turns=range(20000)):
    inside.set()
    for _ in turns:
        pass
"""

MAIN = """
import sys, time, told, kmsramcred
client = kmsramcred.Client.from_file(sys.argv[1])
secrets = [client.secret(name) for name in sys.argv[2].split(",")]
watches = [secret.watch(told.{callback}) for secret in secrets]
if {place!r} == "a cycle":
    class Holder:
        pass
    holder = Holder()
    holder.itself, holder.watches = holder, watches
    del watches
elif {place!r} == "another module":
    sys.kept = watches
    del watches
for secret in secrets:
    try:
        secret.credential(0)
    except kmsramcred.NotReadyError:
        pass
assert told.inside.wait(10)
{then}
sys.exit({code})
"""


def ended(directory: pathlib.Path, properties: pathlib.Path, names: list[str], **script: object) -> tuple[int, str, float]:
    """The exit code, what was written to standard error, and how long it took from start to end."""
    directory.mkdir()
    (directory / "told.py").write_text(TOLD.format(seconds=script.pop("seconds", 0)))
    (directory / "main.py").write_text(MAIN.format(code=CODE, **script))
    started = time.monotonic()
    command = [sys.executable, directory / "main.py", properties, ",".join(names)]
    # A hang is a TimeoutExpired.
    done = subprocess.run(command, capture_output=True, text=True, timeout=15)
    return done.returncode, done.stderr, time.monotonic() - started


PLACES = ["a global", "a cycle", "another module"]


@pytest.fixture
def names(emulator: Emulator, request: pytest.FixtureRequest) -> list[str]:
    names = [f"py-exit-{request.node.originalname[-12:].replace('_', '-')}-{n}" for n in range(12)]
    for name in names:
        emulator.post("/secrets", {"name": name})
    return names


def test_exit_does_not_trip_over_a_callback_that_sleeps(
    emulator: Emulator, tmp_path: pathlib.Path, names: list[str]
) -> None:
    # From callbacks that end in time to such as wake up while the interpreter ends, and later.
    seconds = [0.2] * 4 + [0.99 + 0.006 * n for n in range(REPETITIONS - 6)] + [20.0] * 2
    properties = emulator.properties(tmp_path)

    def end(n: int) -> tuple[int, str, float]:
        script = {"callback": "sleeps", "place": PLACES[n % 3], "then": "", "seconds": seconds[n]}
        return ended(tmp_path / str(n), properties, names[:1], **script)

    with concurrent.futures.ThreadPoolExecutor(5) as several:
        for code, errors, took in several.map(end, range(REPETITIONS)):
            assert (code, errors) == (CODE, "")
            assert took < 8.0


def test_exit_does_not_trip_over_callbacks_that_come_and_go(
    emulator: Emulator, tmp_path: pathlib.Path, names: list[str]
) -> None:
    properties = emulator.properties(tmp_path)

    def end(n: int) -> tuple[int, str, float]:
        script = {"callback": "computes", "place": PLACES[n % 3], "then": f"time.sleep({0.002 * n})"}
        return ended(tmp_path / str(n), properties, names, **script)

    with concurrent.futures.ThreadPoolExecutor(3) as several:
        for code, errors, took in several.map(end, range(REPETITIONS)):
            assert (code, errors) == (CODE, "")
            assert took < 8.0


def test_nobody_is_told_once_the_end_has_begun(emulator: Emulator, tmp_path: pathlib.Path, names: list[str]) -> None:
    # What is registered first runs last: after the library's own part.
    script = """
import atexit, sys, time
def late():
    before = len(told)
    for _ in range(3):
        try:
            secret.refresh()
        except kmsramcred.KmsRamCredError as error:
            print(error)
    time.sleep(0.2)
    late_watch = secret.watch(lambda *_: None)
    late_watch.close()
    watch.close()
    print("told", before, len(told) - before)
atexit.register(late)
import kmsramcred
client = kmsramcred.Client.from_file(sys.argv[1])
secret = client.secret(sys.argv[2])
told = []
watch = secret.watch(lambda *what: told.append(what))
secret.credential()
while not told:
    time.sleep(0.01)
"""
    command = [sys.executable, "-c", script, emulator.properties(tmp_path), names[0]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=15)
    assert (done.returncode, done.stdout, done.stderr) == (0, "told 1 0\n", "")
