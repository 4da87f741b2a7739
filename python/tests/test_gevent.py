"""A program that gevent has patched: no wait holds up the other greenlets."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("gevent")
pytest.importorskip("aliyunsdkecs")

from kms_emulator import Emulator

START = """
import gevent.monkey
{patch}
import sys, time
import gevent, kmsramcred
from aliyunsdkecs.request.v20140526.DescribeRegionsRequest import DescribeRegionsRequest
from kmsramcred.acs import ProxyAcsClient
from kms_emulator import Emulator
import json
properties, name, ready = sys.argv[1:]
emulator = Emulator(json.loads(ready))
kmsramcred.set_config_file(properties)
turns = []
def tick():
    while True:
        turns.append(time.monotonic())
        gevent.sleep(0.01)
gevent.spawn(tick)
def longest():
    return max(after - before for before, after in zip(turns, turns[1:]))
"""

CALLS = """
client = ProxyAcsClient(name)
host = emulator.post("/services", {"name": "of-" + name})["host"]
def call():
    request = DescribeRegionsRequest()
    request.set_endpoint(host)
    return client.do_action_with_exception(request)
def calls():
    return [greenlet.get() for greenlet in [gevent.spawn(call) for _ in range(16)]]
emulator.post("/faults", {"at": "kms", "kind": "delay", "delay_ms": 1000, "secret": name, "times": 2})
calls()
emulator.post("/secrets/" + name + "/rotate", {"old": "dead"})
calls()
assert client._client.stats()["kms_requests"] == 2, client._client.stats()
assert longest() < 0.7, longest()
client.shutdown()
"""

WATCH = """
told = []
secret = kmsramcred.default_client().secret(name)
with secret.watch(lambda generation, error: told.append(error)):
    secret.credential()
    emulator.post("/secrets/" + name + "/rotate", {"old": "dead"})
    secret.refresh()
    ends = time.monotonic() + 10
    while len(told) < 2 and time.monotonic() < ends:
        gevent.sleep(0.01)
assert told[:2] == [None, None], told
"""


@pytest.mark.parametrize("patch", ["gevent.monkey.patch_all()", "import kmsramcred; gevent.monkey.patch_all()"])
@pytest.mark.parametrize("what", [CALLS, WATCH])
def test_no_wait_holds_up_the_others(
    emulator: Emulator, tmp_path: pathlib.Path, secret_name: str, what: str, patch: str
) -> None:
    import json

    script = START.format(patch=patch) + what
    arguments = [str(emulator.properties(tmp_path)), secret_name, json.dumps(emulator.ready)]
    path = ":".join(str(place) for place in (pathlib.Path(__file__).parent,))
    environment = {"PYTHONPATH": path, "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-W", "ignore", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
