"""The emulator of the Python tests, and a program beside it whose every wait ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from languages import BUILT, REPOSITORY, Language

sys.path.insert(0, str(REPOSITORY / "python" / "tests"))

from kms_emulator import Emulator, running  # noqa: E402, F401

#: A program that is silent for longer is ended.
PATIENCE = 60.0


class Program:
    """A fresh process of a language's program, in a directory of its own; it and its children end with the block."""

    _made = 0

    def __init__(self, language: Language, who: str, emulator: Emulator, scenario: str, **wanted: Any) -> None:
        Program._made += 1
        directory = BUILT / "runs" / str(Program._made)
        directory.mkdir(parents=True, exist_ok=True)
        settings = emulator.properties(directory)
        settings.rename(directory / language.file.get(who, settings.name))
        # No proxy and no identity of whoever runs this; the official plug-in writes its log into HOME.
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "LANG": "C.UTF-8", "PYTHONWARNINGS": "ignore"}
        self._log = directory / "log"
        with self._log.open("wb") as log:
            self.started = time.monotonic()
            self._process = subprocess.Popen(
                [*language.command(who), scenario, json.dumps(wanted)],
                cwd=directory,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _kill(self) -> None:
        """With its children, which hold its standard output open."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def tell(self, **what: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def hear(self, patience: float = PATIENCE) -> dict[str, Any] | None:
        """The next answer; nothing if there is none in that time. A program that fell over is an error of ours."""
        assert self._process.stdout
        watchdog = threading.Timer(patience, self._kill)
        watchdog.start()
        began = time.monotonic()
        line = self._process.stdout.readline()
        watchdog.cancel()
        if line:
            said: dict[str, Any] = json.loads(line)
            return said
        if time.monotonic() - began >= patience:
            return None
        raise SystemExit(f"a program ended early:\n{self._log.read_text()[-3000:]}")

    def must_hear(self) -> dict[str, Any]:
        said = self.hear()
        if said is None:
            raise SystemExit(f"a program was silent for {PATIENCE:.0f} s:\n{self._log.read_text()[-3000:]}")
        return said

    def memory(self) -> float:
        """MiB of the process at its largest, as long as it is there."""
        with open(f"/proc/{self._process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
