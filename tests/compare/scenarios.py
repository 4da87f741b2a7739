"""What is measured. Each scenario gives lists of samples, one of each run, for all who take part."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import pathlib
import sys
import time
from collections.abc import Callable
from typing import Any

import languages
from languages import REPOSITORY, WHO, Language
from stage import Emulator, Program

sys.path.insert(0, str(REPOSITORY / "python" / "benches"))

import import_cost  # noqa: E402

#: A thread pauses so long after a call; calls are counted for WINDOW seconds after the rotation.
PAUSES = {1: 0.1, 64: 0.4}
WINDOW = 4.0
ROTATIONS: dict[str, dict[str, int]] = {
    "the old key dies at once": {},
    "services learn the new key 1 s late": {"lag_ms": 1000},
    "KMS serves the new key 1 s late": {"kms_lag_ms": 1000},
}
UPLOAD_SIZE, UPLOAD_TIMEOUT = 1 << 20, 5
CHILDREN, CALLS = 4, 5
#: Nobody waits longer than this for the error of a KMS that is down.
OUTAGE_BOUND = 30.0
#: Steps that not every language has.
SOME = {"imports", "size", "upload", "fork"}

Samples = dict[str, list[dict[str, Any]]]


@dataclasses.dataclass(frozen=True)
class Step:
    name: str
    who: tuple[str, ...]
    run: Callable[[], Samples]


class Scenarios:
    _secrets = 0

    def __init__(self, language: Language, emulator: Emulator, runs: int) -> None:
        self.language, self.emulator, self.runs = language, emulator, runs

    def _program(self, who: str, scenario: str, **wanted: Any) -> Program:
        return Program(self.language, who, self.emulator, scenario, **wanted)

    def _secret(self) -> str:
        Scenarios._secrets += 1
        name = f"compared-{Scenarios._secrets}"
        self.emulator.post("/secrets", {"name": name})
        return name

    def _asked(self, secret: str) -> int:
        return int(self.emulator.get("/counters")["kms"]["by_secret"].get(secret, {}).get("requests", 0))

    def _each(self, one: Any, all_who: tuple[str, ...] = WHO) -> Samples:
        """One run of each in turn, so that whatever else the machine does meets all."""
        found: Samples = {who: [] for who in all_who}
        for _ in range(self.runs):
            for who in all_who:
                found[who].append(one(who))
        return found

    @property
    def _host(self) -> str:
        return str(self.emulator.ready["services"]["default"])

    def imports(self) -> Samples:
        statements = {"official": import_cost.ROWS[4][1], "kmsramcred": "import kmsramcred.acs"}
        found: Samples = {}
        for who in WHO:
            python = languages.python(who)
            bare = import_cost.measure(python, "pass")[1]
            runs = import_cost.samples(python, statements[who])
            found[who] = [{"milliseconds": took, "mebibytes": size - bare} for took, size in runs]
        return found

    def first(self, adapter: bool) -> Samples:
        def one(who: str) -> dict[str, Any]:
            with self._program(who, "first", secret=self._secret(), host=self._host, adapter=adapter) as program:
                said = program.must_hear()
                took = (time.monotonic() - program.started) * 1000
                assert said["error"] is None, (who, said)
                # Python's program is gone by now; its imports are measured instead.
                memory = {"mebibytes": program.memory()} if "imports" not in self.language.steps else {}
            return {"milliseconds": took, **memory}

        return self._each(one)

    def size(self) -> Samples:
        return {who: [{"mebibytes": pathlib.Path(self.language.command(who)[0]).stat().st_size / (1 << 20)}] for who in WHO}

    def read(self, threads: int) -> Samples:
        def one(who: str) -> dict[str, Any]:
            with self._program(who, "read", secret=self._secret(), threads=threads, seconds=0.4) as program:
                return program.must_hear()

        return self._each(one)

    def rotation(self, threads: int, how: dict[str, int], all_who: tuple[str, ...]) -> Samples:
        def one(who: str) -> dict[str, Any]:
            secret = self._secret()
            wanted = {"secret": secret, "host": self._host, "threads": threads, "pause": PAUSES[threads]}
            with self._program(who, "load", **wanted) as program:
                assert program.must_hear()["flowing"], f"{who}: calls do not go through before the rotation"
                asked = self._asked(secret)
                rotated = time.monotonic()
                self.emulator.post(f"/secrets/{secret}/rotate", how)
                # The length of the window is what is measured over, not a wait for something.
                time.sleep(max(0.0, rotated + WINDOW - time.monotonic()))
                asked = self._asked(secret) - asked
                program.tell(rotated=rotated)
                return {**program.must_hear(), "kms_requests": asked}

        return self._each(one, all_who)

    def upload(self) -> Samples:
        def one(who: str) -> dict[str, Any]:
            secret = self._secret()
            wanted = {
                "secret": secret,
                "endpoint": "http://" + self.emulator.ready["oss_host"],
                "bucket": secret,
                "size": UPLOAD_SIZE,
                "timeout": UPLOAD_TIMEOUT,
            }
            with self._program(who, "upload", **wanted) as program:
                program.must_hear()
                self.emulator.post(f"/secrets/{secret}/rotate", {})
                program.tell()
                said = program.must_hear()
            stored = [o for o in self.emulator.get("/objects")["objects"] if (o["bucket"], o["key"]) == (secret, "object")]
            whole = bool(stored) and stored[0]["etag"].lower() == said["md5"]
            return {"error": said["error"], "seconds": said["seconds"], "whole": whole, "stored": stored}

        return self._each(one)

    def outage(self) -> Samples:
        """All of them wait at the same time: they hardly compute."""

        def one(who: str) -> dict[str, Any]:
            with self._program(who, "first", secret=secrets.pop(), host=self._host, adapter=True) as program:
                said = program.hear(OUTAGE_BOUND)
            if said is None:
                return {"seconds": OUTAGE_BOUND, "error": None}
            assert said["error"], "a credential without a KMS"
            return {"seconds": said["seconds"], "error": said["error"]}

        secrets = [self._secret() for _ in range(2 * self.runs)]
        self.emulator.post("/kms", {"down": True})
        try:
            with concurrent.futures.ThreadPoolExecutor(2 * self.runs) as pool:
                running = {who: [pool.submit(one, who) for _ in range(self.runs)] for who in WHO}
                return {who: [future.result() for future in futures] for who, futures in running.items()}
        finally:
            self.emulator.post("/kms", {"down": False})

    def fork(self) -> Samples:
        def one(who: str) -> dict[str, Any]:
            secret = self._secret()
            wanted = {"secret": secret, "host": self._host, "children": CHILDREN, "calls": CALLS}
            with self._program(who, "fork", **wanted) as program:
                program.must_hear()
                self.emulator.post(f"/secrets/{secret}/rotate", {})
                program.tell()
                said = program.hear(20.0)
            return said or {"calls": CHILDREN * CALLS, "ok": 0}

        return self._each(one)

    def steps(self) -> list[Step]:
        """In the order of the page, those that the language has."""
        guests = self.language.guests
        takes_part = {name: WHO if how else (WHO[0], *guests, WHO[1]) for name, how in ROTATIONS.items()}
        rotations = [
            Step(
                f"rotation/{name}/{threads}",
                takes_part[name],
                lambda threads=threads, how=how, who=takes_part[name]: self.rotation(threads, how, who),
            )
            for name, how in ROTATIONS.items()
            for threads in PAUSES
        ]
        every = [
            Step("imports", WHO, self.imports),
            Step("size", WHO, self.size),
            Step("first credential", WHO, lambda: self.first(False)),
            Step("first call", WHO, lambda: self.first(True)),
            Step("read/1", WHO, lambda: self.read(1)),
            Step("read/64", WHO, lambda: self.read(64)),
            *rotations,
            Step("upload", WHO, self.upload),
            Step("fork", WHO, self.fork),
            Step("outage", WHO, self.outage),
        ]
        return [step for step in every if step.name not in SOME or step.name in self.language.steps]
