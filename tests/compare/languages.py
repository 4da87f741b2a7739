"""The languages: what is compared in each, how its programs are started, and which versions they have."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import subprocess
from collections.abc import Callable

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
BUILT = REPOSITORY / "target" / "compare"
#: Every program knows these two; some know a third.
WHO = ("official", "kmsramcred")
#: The official client without a program that refreshes it.
ALONE = "alone"

Versions = dict[str, dict[str, str]]


@dataclasses.dataclass(frozen=True)
class Language:
    key: str
    name: str
    #: What is shown of each that is compared.
    labels: dict[str, str]
    #: Who also takes part where the old key dies at once.
    guests: tuple[str, ...]
    #: Steps that it has besides those of every language.
    steps: frozenset[str]
    #: What it is left out for the lack of.
    needs: str
    program: Callable[[str], list[str]]
    #: The configuration file's name, where it is another one.
    file: dict[str, str]
    #: What both run on, and the versions of each.
    versions: Callable[[], tuple[str, Versions]]

    def command(self, who: str) -> list[str]:
        return [*self.program(who), who]

    def missing(self) -> list[str]:
        return [file for who in WHO if not pathlib.Path(file := self.program(who)[0]).exists()]


PACKAGES = {
    "official": [
        "aliyun-openapi-python-sdk-managed-credentials-provider",
        "aliyun-oss-python-sdk-managed-credentials-provider",
        "aliyun-secret-manager-client",
        "aliyun-python-sdk-core",
        "oss2",
    ],
    "kmsramcred": ["kmsramcred", "aliyun-python-sdk-core", "oss2"],
}
ASK_PYTHON = """
import json, platform, sys
from importlib.metadata import version
print(json.dumps([platform.python_version(), {name: version(name) for name in sys.argv[1:]}]))
"""
MODULES = {
    "official": ["github.com/aliyun/aliyun-secretsmanager-client-go", "github.com/aliyun/alibaba-cloud-sdk-go"],
    "kmsramcred": ["github.com/aliyun/alibaba-cloud-sdk-go"],
}


def python(who: str) -> str:
    return str(BUILT / "python" / who / "bin" / "python")


def go_program(who: str) -> str:
    return str(BUILT / "go" / ("kmsramcred" if who == "kmsramcred" else "official"))


def python_versions() -> tuple[str, Versions]:
    interpreters, found = set(), {}
    for who in WHO:
        command = [python(who), "-c", ASK_PYTHON, *PACKAGES[who]]
        interpreter, found[who] = json.loads(subprocess.check_output(command, text=True))
        interpreters.add(interpreter)
    if len(interpreters) > 1:
        raise SystemExit(f"the two environments have different interpreters: {sorted(interpreters)}; remove target/compare")
    return f"CPython {interpreters.pop()}", found


def go_versions() -> tuple[str, Versions]:
    """What the programs say that they were built of; a module of this repository has no version there."""
    found: Versions = {}
    toolchain = ""
    for who in WHO:
        text = subprocess.check_output(["go", "version", "-m", go_program(who)], text=True)
        toolchain = text.splitlines()[0].rpartition(" go")[2]
        built_of = dict(line.split("\t")[2:4] for line in text.splitlines() if line.startswith("\tdep\t"))
        found[who] = {name.rpartition("/")[2]: built_of[name] for name in MODULES[who]}
    ours = re.search(r'^version = "(.*)"', (REPOSITORY / "Cargo.toml").read_text(), re.MULTILINE)
    assert ours
    return f"Go {toolchain}", {**found, "kmsramcred": {"kmsramcred": ours[1], **found["kmsramcred"]}}


PYTHON = Language(
    key="python",
    name="Python",
    labels={"official": "official plug-in", "kmsramcred": "kmsramcred"},
    guests=(),
    steps=frozenset({"imports", "upload", "fork"}),
    needs="CPython 3.10 (`COMPARE_PYTHON`) and the official packages from its package index",
    program=lambda who: [python(who), str(HERE / "program.py")],
    file={},
    versions=python_versions,
)
GO = Language(
    key="go",
    name="Go",
    labels={"official": "official client", ALONE: "official client alone", "kmsramcred": "kmsramcred"},
    guests=(ALONE,),
    steps=frozenset({"size"}),
    needs="Go, a C compiler and the official client from its module proxy",
    program=lambda who: [go_program(who)],
    file={"official": "secretsmanager.properties", ALONE: "secretsmanager.properties"},
    versions=go_versions,
)
LANGUAGES = {language.key: language for language in (PYTHON, GO)}
#: Languages without a program here, and why.
NONE = {
    "java": "Java: Maven Central did not have the official plug-in (`com.aliyun`: `aliyun-java-sdk-core-managed-credentials-provider` "
    "1.3.0, 1.3.3, 1.3.4 and 1.3.5, `alibabacloud-tea-managed-credentials-provider` 1.3.4, `aliyun-sdk-oss-managed-credentials-provider` 1.3.5) when "
    "this was written, in 2026-11. The client below it (`alibabacloud-secretsmanager-client`) is there as 1.3.7, but kmsramcred has no "
    "Java binding to put beside it.",
}
