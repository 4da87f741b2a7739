"""What each adapter adds to a call outside rotations: the same SDK call with a fixed key and with the adapter, where the network
is an instant answer. The two take turns call by call, each as often first as second, so that both meet the same machine; a call
that the machine interrupts weighs nothing in a median. Exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import alibabacloud_oss_v2 as oss_v2
import oss2
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_ecs20140526.models import DescribeRegionsRequest as TeaRequest
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.http import http_response
from aliyunsdkecs.request.v20140526.DescribeRegionsRequest import DescribeRegionsRequest
from darabonba.core import DaraCore
from requests import Response

import kmsramcred.acs
import kmsramcred.oss
import kmsramcred.oss_v2
import kmsramcred.tea

from credential import secret_of

GOAL = 5.0
RUNS = 7
#: Of each, in a run. The first run warms up what a client makes once.
CALLS = 5000


def answer(body: bytes) -> Response:
    made = Response()
    made.status_code = 200
    made._content = body
    made._content_consumed = True
    made.headers["Content-Type"] = "application/json"
    return made


class Session(oss2.Session):
    def do_request(self, request: Any, timeout: Any) -> Any:
        return oss2.http.Response(answer(b""))


class Transport(oss_v2.types.HttpClient):
    class Reply(oss_v2.types.HttpResponse):
        status_code, reason, is_closed, is_stream_consumed = 200, "OK", True, True
        content, request = b"", None
        headers = {"Content-Length": "0"}

        def __repr__(self) -> str:
            return "reply"

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: Any) -> None:
            pass

        def read(self) -> bytes:
            return b""

        def close(self) -> None:
            pass

        def iter_bytes(self, **kwargs: Any) -> Any:
            return iter(())

    def send(self, request: Any, **kwargs: Any) -> Any:
        return self.Reply()

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass


def pairs(secret: Any) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """By adapter: a call with a fixed key, and the same with the adapter."""
    http_response.HttpResponse.get_response_object = lambda self: (200, {}, b"{}")
    DaraCore.do_action = staticmethod(lambda *args, **kwargs: darabonba_answer())
    current = secret.credential()
    fixed = current.access_key_id, current.access_key_secret

    plain = AcsClient(*fixed, "cn-hangzhou")
    ours = kmsramcred.acs.ProxyAcsClient("bench", region_id="cn-hangzhou", client=secret.client)

    def acs(client: Any) -> Callable[[], Any]:
        def call() -> None:
            request = DescribeRegionsRequest()
            request.set_endpoint("127.0.0.1")
            client.do_action_with_exception(request)

        return call

    bucket = oss2.Bucket(oss2.Auth(*fixed), "http://127.0.0.1", "bucket", session=Session())
    our_bucket = kmsramcred.oss.ProxyBucket("bench", "http://127.0.0.1", "bucket", session=Session(), client=secret.client)

    def config(**more: Any) -> Config:
        return Config(region_id="cn-hangzhou", endpoint="127.0.0.1", protocol="http", **more)

    ecs = EcsClient(config(access_key_id=fixed[0], access_key_secret=fixed[1]))
    our_ecs = kmsramcred.tea.wrap(EcsClient, config(), secret)

    def tea(client: Any) -> Callable[[], Any]:
        return lambda: client.describe_regions(TeaRequest())

    def settings() -> Any:
        provider = oss_v2.credentials.StaticCredentialsProvider(*fixed)
        return oss_v2.Config("cn-hangzhou", "http://127.0.0.1", credentials_provider=provider, http_client=Transport())

    new = oss_v2.Client(settings())
    our_new = oss_v2.Client(kmsramcred.oss_v2.configure(settings(), secret))

    def put(client: Any) -> Callable[[], Any]:
        return lambda: client.put_object(oss_v2.PutObjectRequest(bucket="bucket", key="key", body=b"x"))

    return {
        "kmsramcred.acs": (acs(plain), acs(ours)),
        "kmsramcred.oss": (
            lambda: bucket.put_object("key", b"x"),
            lambda: our_bucket.put_object("key", b"x"),
        ),
        "kmsramcred.tea": (tea(ecs), tea(our_ecs)),
        "kmsramcred.oss_v2": (put(new), put(our_new)),
    }


def darabonba_answer() -> Any:
    from darabonba.response import DaraResponse

    made = DaraResponse()
    made.status_code, made.headers, made.body = 200, {}, b"{}"
    return made


def microseconds(plain: Callable[[], Any], ours: Callable[[], Any]) -> tuple[float, float]:
    """The medians of both."""
    now = time.perf_counter_ns
    took: tuple[list[int], list[int]] = ([], [])
    for turn in range(CALLS):
        second = turn % 2
        calls = (ours, plain) if second else (plain, ours)
        began = now()
        calls[0]()
        between = now()
        calls[1]()
        took[second].append(between - began)
        took[1 - second].append(now() - between)
    theirs, mine = (statistics.median(times) / 1000 for times in took)
    return theirs, mine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--emulator", required=True, help="the path of kms-emulator")
    options = parser.parse_args()
    missed = False
    with secret_of(options.emulator) as secret:
        print(f"{'':<20}{'SDK alone':>12}{'with ours':>12}{'adds':>10}   microseconds a call; at most {GOAL:g}")
        for name, (plain, ours) in pairs(secret).items():
            measured = [microseconds(plain, ours) for _ in range(RUNS + 1)][1:]
            added = statistics.median(mine - theirs for theirs, mine in measured)
            theirs, mine = (statistics.median(times) for times in zip(*measured))
            missed |= added > GOAL
            print(f"{name:<20}{theirs:>12.1f}{mine:>12.1f}{added:>10.1f}" + ("  MISSED" if added > GOAL else ""))
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
