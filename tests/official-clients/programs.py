"""The programs around the official clients: where they are, and how they are asked."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import threading
from typing import Any

from kms_emulator import REPOSITORY

HERE = pathlib.Path(__file__).resolve().parent
BUILT = REPOSITORY / "target" / "official"
#: An answer that takes longer was forgotten.
PATIENCE = 60.0


def command(name: str) -> list[str]:
    """How the program in the directory `name` is started."""
    language = name.partition("-")[0]
    if language == "python":
        return [str(BUILT / name / "bin" / "python"), str(HERE / name / "program.py")]
    if language == "node":
        return ["node", str(HERE / name / "program.js")]
    return [str(BUILT / name / "program")]


class Program:
    """A running program: a line of JSON goes in, a line of JSON comes out."""

    def __init__(self, name: str, directory: pathlib.Path, files: dict[str, str], environment: dict[str, str]) -> None:
        self.name = name
        for file, text in files.items():
            (directory / file).write_text(text)
        self._log = directory / "log"
        # No proxy and no identity of whoever runs the tests; HOME is where clients look for profiles.
        plain = {"PATH": os.environ["PATH"], "HOME": str(directory), "LANG": "C.UTF-8"}
        if name == "node":
            plain["NODE_PATH"] = str(BUILT / name / "node_modules")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command(name),
                cwd=directory,
                env={**plain, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def ask(self, **order: Any) -> dict[str, Any]:
        """What the program answers to an order."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        watchdog = threading.Timer(PATIENCE, self._process.kill)
        watchdog.start()
        answer = stdout.readline()
        watchdog.cancel()
        assert answer, f"{self.name} ended or was silent for {PATIENCE} s:\n{self._log.read_text()[-4000:]}"
        said: dict[str, Any] = json.loads(answer)
        return said

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
