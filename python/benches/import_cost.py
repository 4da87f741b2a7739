"""What importing costs, in time and memory: ours beside the official plug-in for the V1 SDK, in one run.

The official plug-in 0.1.4 starts on Python 3.10 at most, so both are imported by an interpreter of that version, each in fresh
processes, after one that fills the caches. Medians.

usage: import_cost.py --python PATH-OF-A-PYTHON-3.10-WITH-BOTH
Exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess

RUNS = 9
#: What is imported, and for the goals: how much of the official plug-in it may cost, in time and in memory.
ROWS = [
    ("python itself", "pass", None),
    ("kmsramcred", "import kmsramcred", (1 / 10, 1 / 5)),
    ("kmsramcred.acs, with the SDK", "import kmsramcred.acs", None),
    ("the SDK alone", "import aliyunsdkcore.client", None),
    (
        "the official plug-in",
        "from aliyun_sdk_secretsmanager_sdk_core_plugin.proxy_acs_client import ProxyAcsClient",
        None,
    ),
]
MEASURE = """
import time
before = time.perf_counter()
{statement}
took = time.perf_counter() - before
size = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(took * 1000, int(size.split()[1]) / 1024)
"""


def samples(python: str, statement: str) -> list[list[float]]:
    """Of each run the milliseconds, and the MiB of the whole process."""
    script = MEASURE.format(statement=statement)
    found = []
    for run in range(RUNS + 1):
        text = subprocess.check_output([python, "-W", "ignore", "-c", script], text=True)
        if run:
            found.append([float(number) for number in text.split()])
    return found


def measure(python: str, statement: str) -> tuple[float, float]:
    """The medians of the samples."""
    times, sizes = zip(*samples(python, statement))
    return statistics.median(times), statistics.median(sizes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="a Python 3.10 that has both packages")
    options = parser.parse_args()
    measured = {name: measure(options.python, statement) for name, statement, _ in ROWS}
    bare = measured["python itself"]
    theirs = measured["the official plug-in"]
    missed = False
    print(f"{'':<32}{'ms':>8}{'MiB':>8}   of the official plug-in")
    for name, _, goal in ROWS:
        time, size = measured[name]
        # Memory is what comes on top of the interpreter's own.
        shares = time / theirs[0], (size - bare[1]) / (theirs[1] - bare[1])
        over = goal is not None and any(share > most for share, most in zip(shares, goal))
        missed |= over
        line = f"{name:<32}{time:>8.1f}{size - bare[1]:>8.1f}   {shares[0]:.3f} of the time, {shares[1]:.3f} of the memory"
        print(line + ("  MISSED" if over else ""))
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
