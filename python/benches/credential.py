"""A warm `secret.credential()` against an empty method of the same module, in one run; best of 5.

Exits with 1 when the goal is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import timeit
import urllib.request
from collections.abc import Iterator

import kmsramcred
from kmsramcred import _native

ROUNDS = 5


def best(statements: list[str], names: dict[str, object], number: int) -> list[float]:
    """Nanoseconds a call of each statement takes in its quietest round, without the loop around it.

    The rounds of all statements alternate, so that a busy moment of the machine hits all of them alike.
    """
    timers = [timeit.Timer(statement, globals=names) for statement in ["pass", *statements]]
    rounds = [[timer.timeit(number) for timer in timers] for _ in range(ROUNDS)]
    loop, *calls = (min(times) for times in zip(*rounds))
    return [(call - loop) / number * 1e9 for call in calls]


GOALS = {"Python: credential()": 1.3}


@contextlib.contextmanager
def secret_of(emulator: str) -> Iterator[kmsramcred.Secret]:
    """A secret with a cached value, from an emulator that ends with this program."""
    command = [emulator, "--exit-with-stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        ready = json.loads(process.stdout.readline())
        order = urllib.request.Request(ready["control"] + "/secrets", json.dumps({"name": "bench"}).encode())
        urllib.request.urlopen(order).close()
        region = {"regionId": "cn-hangzhou", "endpoint": ready["kms_host"], "caFilePath": ready["ca_path"]}
        with kmsramcred.Client(
            access_key_id=ready["access_key_id"],
            access_key_secret=ready["access_key_secret"],
            cache_client_region_id=json.dumps([region]),
        ) as client:
            yield client.secret("bench")
        process.stdin.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--emulator", required=True, help="the path of kms-emulator")
    parser.add_argument("--number", type=int, default=2_000_000)
    options = parser.parse_args()

    with secret_of(options.emulator) as secret:
        credential = secret.credential()
        names: dict[str, object] = {
            "empty": _native._empty.call,
            "acquire": secret.credential,
            "credential": credential,
        }
        rows = [
            ("Python: empty method", "empty()"),
            ("Python: credential()", "acquire()"),
            ("Python: .access_key_id", "credential.access_key_id"),
            ("Python: id, secret, token =", "a, b, c = credential"),
        ]
        measured = best([statement for _, statement in rows], names, options.number)
    missed = 0
    for (label, _), nanoseconds in zip(rows, measured):
        ratio = nanoseconds / measured[0]
        line = f"{label:28} {nanoseconds:10.2f} {ratio:9.1f}x"
        if label in GOALS:
            over = ratio > GOALS[label]
            missed += over
            line += f" {GOALS[label]:7.1f}x{'  MISSED' if over else ''}"
        print(line)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
