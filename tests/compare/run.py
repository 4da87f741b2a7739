"""Runs everything, and writes docs/comparison.md with its plots.

usage: run.py EMULATOR [--runs N] [--docs DIRECTORY]
The samples are in target/compare/results.json. It takes some 6 minutes with 3 runs, and ends itself after LIMIT seconds.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

import report
from scenarios import Scenarios
from stage import BUILT, REPOSITORY, WHO, running

LIMIT = 900
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
VERSIONS = """
import json, platform, sys
from importlib.metadata import version
print(json.dumps([platform.python_version(), {name: version(name) for name in sys.argv[1:]}]))
"""


def versions() -> dict[str, object]:
    found: dict[str, object] = {}
    pythons = set()
    for who in WHO:
        command = [str(BUILT / who / "bin" / "python"), "-c", VERSIONS, *PACKAGES[who]]
        python, found[who] = json.loads(subprocess.check_output(command, text=True))
        pythons.add(python)
    if len(pythons) > 1:
        raise SystemExit(f"the two environments have different interpreters: {sorted(pythons)}; remove target/compare")
    return {**found, "python": pythons.pop()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("emulator")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--docs", type=pathlib.Path, default=REPOSITORY / "docs")
    options = parser.parse_args()
    watchdog = threading.Timer(LIMIT, lambda: os._exit(124))
    watchdog.daemon = True
    watchdog.start()
    shutil.rmtree(BUILT / "runs", ignore_errors=True)
    results = {
        "versions": versions(),
        "runs": options.runs,
        "cpus": len(os.sched_getaffinity(0)),
        "date": datetime.date.today().isoformat(),
        "steps": {},
    }
    began = time.monotonic()
    with running(options.emulator) as emulator:
        steps = Scenarios(emulator, options.runs).steps()
        for number, (name, run) in enumerate(steps, 1):
            print(f"{time.monotonic() - began:5.0f} s  {number}/{len(steps)}  {name}", flush=True)
            results["steps"][name] = run()
    (BUILT / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    plots = options.docs / "comparison"
    plots.mkdir(parents=True, exist_ok=True)
    for file, text in report.plots(results).items():
        (plots / file).write_text(text)
    (options.docs / "comparison.md").write_text(report.page(results))
    print(f"{time.monotonic() - began:5.0f} s  {options.docs / 'comparison.md'}")


if __name__ == "__main__":
    main()
