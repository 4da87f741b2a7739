"""The emulator, and the official clients as running programs."""

from __future__ import annotations

import contextlib
import functools
import pathlib
from collections.abc import Callable, Iterator

import pytest
from kms_emulator import Emulator, emulator
from programs import Program

__all__ = ["emulator"]

Start = Callable[..., Program]


class Programs:
    """Starts programs, each in a directory of its own."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._started: list[Program] = []

    def start(self, name: str, files: dict[str, str] | None = None, **environment: str) -> Program:
        directory = self._directory / f"{name}-{len(self._started)}"
        directory.mkdir()
        self._started.append(Program(name, directory, files or {}, environment))
        return self._started[-1]

    def close(self) -> None:
        for program in self._started:
            program.close()


@pytest.fixture
def start(tmp_path: pathlib.Path) -> Iterator[Start]:
    """Starts programs that end with the test."""
    with contextlib.closing(Programs(tmp_path)) as programs:
        yield programs.start


@pytest.fixture(scope="session")
def share(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts programs that keep nothing from one order to the next, once for all tests."""
    with contextlib.closing(Programs(tmp_path_factory.mktemp("shared"))) as programs:
        yield functools.cache(programs.start)


@pytest.fixture
def secret(emulator: Emulator, request: pytest.FixtureRequest) -> str:
    """The name of a secret that is the test's own."""
    name = f"{request.module.__name__}/{request.node.name}"
    emulator.post("/secrets", {"name": name})
    return name


@pytest.fixture
def counted(emulator: Emulator, secret: str) -> Callable[[str], dict[str, int] | None]:
    """What a gateway counted for the test's secret; nothing if it never was asked."""
    return lambda gateway: emulator.get("/counters")[gateway]["by_secret"].get(secret)
