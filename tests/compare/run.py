"""Runs everything, and writes docs/comparison.md with its plots.

usage: run.py EMULATOR [--languages python,go,java] [--runs N] [--docs DIRECTORY]
The samples are in target/compare/results.json. It takes some 11 minutes with 3 runs, and ends itself after LIMIT seconds.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import shutil
import threading
import time

import report
from languages import BUILT, LANGUAGES, NONE, REPOSITORY
from scenarios import Scenarios
from stage import running

LIMIT = 1200
def chosen(text: str) -> tuple[list[str], dict[str, str]]:
    """The languages that run, and why the others do not."""
    wanted = text.split(",")
    unknown = set(wanted) - set(LANGUAGES) - set(NONE)
    if unknown:
        raise SystemExit(f"unknown languages {', '.join(sorted(unknown))}; there are {', '.join([*LANGUAGES, *NONE])}")
    run, left_out = [], dict(NONE)
    for key, language in LANGUAGES.items():
        missing = language.missing()
        if key not in wanted:
            left_out[key] = f"{language.name}: `COMPARE_LANGUAGES` did not name it."
        elif missing:
            left_out[key] = f"{language.name}: it needs {language.needs}, and one of them was missing."
            print(f"without {language.name}: no {', '.join(missing)}", flush=True)
        else:
            run.append(key)
    return run, left_out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("emulator")
    parser.add_argument("--languages", default=",".join([*LANGUAGES, *NONE]))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--docs", type=pathlib.Path, default=REPOSITORY / "docs")
    options = parser.parse_args()
    watchdog = threading.Timer(LIMIT, lambda: os._exit(124))
    watchdog.daemon = True
    watchdog.start()
    shutil.rmtree(BUILT / "runs", ignore_errors=True)
    run, left_out = chosen(options.languages)
    results = {
        "cpus": len(os.sched_getaffinity(0)),
        "left_out": left_out,
        "languages": {},
    }
    began = time.monotonic()
    with running(options.emulator) as emulator:
        for key in run:
            platform, versions = LANGUAGES[key].versions()
            steps = Scenarios(LANGUAGES[key], emulator, options.runs).steps()
            found = {}
            for number, step in enumerate(steps, 1):
                print(f"{time.monotonic() - began:5.0f} s  {key} {number}/{len(steps)}  {step.name}", flush=True)
                found[step.name] = step.run()
            results["languages"][key] = {
                "platform": platform,
                "versions": versions,
                "runs": options.runs,
                "date": datetime.date.today().isoformat(),
                "steps": found,
            }
    (BUILT / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    plots = options.docs / "comparison"
    plots.mkdir(parents=True, exist_ok=True)
    for file, text in report.plots(results).items():
        (plots / file).write_text(text)
    (options.docs / "comparison.md").write_text(report.page(results))
    print(f"{time.monotonic() - began:5.0f} s  {options.docs / 'comparison.md'}")


if __name__ == "__main__":
    main()
