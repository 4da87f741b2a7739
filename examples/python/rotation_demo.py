"""Calls ECS through the official SDK from many threads while the AccessKey is being rotated, and prints what they saw.

    rotation_demo.py CONFIG SECRET HOST:PORT THREADS SECONDS
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from typing import Any

from aliyunsdkecs.request.v20140526.DescribeRegionsRequest import DescribeRegionsRequest

import kmsramcred
from kmsramcred.acs import ProxyAcsClient

PAUSE = 0.1


class WitnessedRequest(DescribeRegionsRequest):
    """A request that remembers which AccessKeys it was signed with: the client sends it again without saying so."""

    def __init__(self) -> None:
        super().__init__()
        self.signed_with: list[str] = []

    def get_signed_header(self, region_id: Any = None, ak: Any = None, secret: Any = None) -> Any:
        self.signed_with.append(ak)
        return super().get_signed_header(region_id, ak, secret)


class Worker(threading.Thread):
    """One thread of the application."""

    def __init__(self, client: ProxyAcsClient, service: str, wait: float, seconds: float) -> None:
        super().__init__()
        self._client, self._service = client, service
        self._wait, self._ends = wait, time.monotonic() + seconds
        self._key: str | None = None
        self.calls = self.failed = self.healed = self.rotations = 0
        self.slowest = self.slowest_at_rotation = 0.0
        self.complaint: str | None = None

    def run(self) -> None:
        # Not all of them at the same moment.
        time.sleep(self._wait)
        while time.monotonic() < self._ends:
            self._call()
            time.sleep(PAUSE)

    def _call(self) -> None:
        request = WitnessedRequest()
        request.set_endpoint(self._service)
        started = time.monotonic()
        try:
            self._client.do_action_with_exception(request)
            failed = False
        except Exception as error:
            failed = True
            self.complaint = self.complaint or f"{type(error).__name__}: {error}"
        took = time.monotonic() - started
        self._note(request.signed_with, took, failed)

    def _note(self, signed_with: list[str], took: float, failed: bool) -> None:
        refused = len(signed_with) > 1
        key = signed_with[-1] if signed_with else None
        rotated = self._key is not None and key != self._key
        self._key = key
        self.calls += 1
        self.failed += failed
        self.healed += refused and not failed
        self.rotations += rotated
        self.slowest = max(self.slowest, took)
        if rotated or refused:
            self.slowest_at_rotation = max(self.slowest_at_rotation, took)


def run(client: kmsramcred.Client, secret: str, service: str, threads: int, seconds: float) -> int:
    # The SDK's own retries are off: every further send is one that kmsramcred asked for.
    with ProxyAcsClient(secret, client=client, auto_retry=False, pool_size=threads) as acs:
        workers = [Worker(acs, service, PAUSE * number / threads, seconds) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    complaint = next((worker.complaint for worker in workers if worker.complaint), None)
    if complaint:
        print(complaint, file=sys.stderr)
    seen = {
        "calls": sum(worker.calls for worker in workers),
        "failed": sum(worker.failed for worker in workers),
        "healed": sum(worker.healed for worker in workers),
        "slowest_ms": round(1000 * max(worker.slowest for worker in workers)),
        "slowest_at_rotation_ms": round(1000 * max(worker.slowest_at_rotation for worker in workers)),
        "rotations": max(worker.rotations for worker in workers),
    }
    print(json.dumps(seen))
    return 0 if seen["calls"] and not seen["failed"] else 1


def main(arguments: list[str]) -> int:
    if len(arguments) != 5 or not all(number.isdigit() and int(number) for number in arguments[3:]):
        print(f"usage: {sys.argv[0]} CONFIG SECRET HOST:PORT THREADS SECONDS", file=sys.stderr)
        return 2
    # Ctrl-C ends the threads too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    config, secret, service, threads, seconds = arguments
    with kmsramcred.Client.from_file(config) as client:
        return run(client, secret, service, int(threads), int(seconds))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
