"""What buckets make of refusals, with a secret that the test plays."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

oss2 = pytest.importorskip("oss2")

from kmsramcred import ClosedError, KmsServerError
from kmsramcred._oss_body import rewinder, state
from kmsramcred.oss import ProxyBucket

from conftest import Service
from forks import FORKS, connections
from played import PlayedClient, refuses

DEAD = "InvalidAccessKeyId"


def error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()


def dead(*keys: str) -> Callable[[dict[str, Any]], tuple[int, bytes]]:
    """A service that knows the keys of the others."""
    answer: Callable[[dict[str, Any]], tuple[int, bytes]] = refuses(*keys, body=error(DEAD), status=403)
    return answer


@pytest.fixture
def played() -> PlayedClient:
    return PlayedClient()


@pytest.fixture
def bucket(played: PlayedClient, service: Service) -> Iterator[ProxyBucket]:
    with ProxyBucket("name", "http://" + service.host, "bucket", client=played) as made:  # type: ignore[arg-type]
        yield made


def key_of(seen: dict[str, Any]) -> str:
    return str(seen["headers"]["authorization"].split(" ")[1].split(":")[0])


def test_it_is_a_bucket_with_the_official_attributes(bucket: ProxyBucket) -> None:
    assert isinstance(bucket, oss2.Bucket)
    assert (bucket.secret_name, bucket.ak_expire_handler, bucket.is_close) == ("name", None, False)


def test_a_refusal_is_reported_with_service_and_host(
    bucket: ProxyBucket, played: PlayedClient, service: Service
) -> None:
    service.answer = dead("k1")
    bucket.put_object("key", b"data")
    assert [key_of(seen) for seen in service.requests] == ["k1", "k2"]
    assert played.played.reports == [
        {"serial": 1, "service": "oss", "host": service.host, "code": DEAD, "status": 403}
    ]
    assert played.played.accepted == [2]


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "AccessDenied", "RequestTimeTooSkewed"])
def test_other_errors_pass_untouched(
    bucket: ProxyBucket, played: PlayedClient, service: Service, code: str
) -> None:
    service.answer = lambda _: (403, error(code))
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.put_object("key", b"data")
    assert caught.value.code == code and caught.value.__cause__ is None
    assert len(service.requests) == 1 and played.played.serial == 1 and not played.played.accepted


def test_giving_up_shows_the_services_error_with_the_cause(
    bucket: ProxyBucket, played: PlayedClient, service: Service
) -> None:
    cause = KmsServerError("KMS is down")
    played.played.verdict = SimpleNamespace(action="give_up", retry_after=0.0, error=cause)
    service.answer = dead("k1")
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.get_object("key")
    assert caught.value.code == DEAD and caught.value.__cause__ is cause


def test_a_head_without_any_code_is_reported_as_such(
    bucket: ProxyBucket, played: PlayedClient, service: Service
) -> None:
    service.answer = lambda _: (403, b"")
    with pytest.raises(oss2.exceptions.ServerError):
        bucket.head_object("key")
    assert [(report["code"], report["status"]) for report in played.played.reports] == [("", 403)]


def test_a_security_token_goes_with_its_key(bucket: ProxyBucket, played: PlayedClient, service: Service) -> None:
    played.played.tokens = {1: "token1", 3: "token3"}
    service.answer = dead("k1", "k2")
    bucket.put_object("key", b"data", headers={"x-oss-meta-mine": "1"})
    tokens = [seen["headers"].get("x-oss-security-token") for seen in service.requests]
    assert tokens == ["token1", None, "token3"]
    assert [seen["headers"]["x-oss-meta-mine"] for seen in service.requests] == ["1"] * 3
    assert "security-token=token3" in bucket.sign_url("GET", "key", 60)
    assert "security-token=token3" in bucket.sign_rtmp_url("channel", "list", 60)


def test_a_handler_may_judge_further_errors(played: PlayedClient, service: Service) -> None:
    judged: list[Any] = []

    class Handler:
        def judge_ak_expire(self, exception: Any) -> bool:
            judged.append(exception)
            return bool(exception.code == "MyGateway.KeyGone")

    service.answer = refuses("k1", body=error("MyGateway.KeyGone"), status=403)
    bucket = ProxyBucket(
        "name", service.host, "bucket", ak_expire_handler=Handler(), client=played  # type: ignore[arg-type]
    )
    bucket.get_object("key")
    assert len(judged) == 1 and isinstance(judged[0], oss2.exceptions.ServerError)
    assert played.played.reports[0]["code"] is None


def test_calls_of_a_callback_stand_for_themselves(
    bucket: ProxyBucket, played: PlayedClient, service: Service
) -> None:
    service.answer = dead("k1")
    inner: list[Any] = []

    def progress(*_: Any) -> None:
        if not inner:
            inner.append(None)
            bucket.get_object("other")

    bucket.put_object("key", b"data", progress_callback=progress)
    # The upload was signed with the first key before its callback found the second.
    assert [report["serial"] for report in played.played.reports] == [1, 1]
    assert service.requests[-1]["body"] == b"data" and key_of(service.requests[-1]) == "k2"


def test_another_auth_is_left_alone(bucket: ProxyBucket, played: PlayedClient, service: Service) -> None:
    bucket.auth = oss2.Auth("other", "secret")
    service.answer = dead("other")
    with pytest.raises(oss2.exceptions.ServerError):
        bucket.get_object("key")
    assert not played.played.reports and not played.played.accepted


def test_a_broken_connection_is_the_sdks_own_error(played: PlayedClient) -> None:
    bucket = ProxyBucket("name", "http://127.0.0.1:1", "bucket", client=played)  # type: ignore[arg-type]
    with pytest.raises(oss2.exceptions.RequestError):
        bucket.get_object("key")
    assert not played.played.reports and not played.played.accepted


def test_a_bucket_that_was_shut_down_says_so(bucket: ProxyBucket) -> None:
    bucket.shutdown()
    bucket.shutdown()
    assert bucket.is_close
    with pytest.raises(ClosedError, match="'name'"):
        bucket.get_object("key")
    with pytest.raises(ClosedError):
        bucket.sign_url("GET", "key", 60)


@pytest.mark.parametrize(
    ("options", "found"),
    [({"auth_version": "v4"}, "region is missing"), ({"auth_version": "v3"}, "'v3'.*'v1', 'v2', 'v4'")],
)
def test_a_wrong_version_is_told_when_the_bucket_is_made(
    played: PlayedClient, options: dict[str, str], found: str
) -> None:
    with pytest.raises(ValueError, match=found):
        ProxyBucket("name", "http://127.0.0.1:1", "bucket", client=played, **options)  # type: ignore[arg-type]


def test_version_2_signs_with_the_secrets_key(played: PlayedClient, service: Service) -> None:
    bucket = ProxyBucket("name", service.host, "bucket", client=played, auth_version="v2")  # type: ignore[arg-type]
    service.answer = lambda seen: (403, error(DEAD)) if "k1" in seen["headers"]["authorization"] else (200, b"")
    bucket.put_object("key", b"data")
    assert [seen["headers"]["authorization"][:21] for seen in service.requests] == [
        "OSS2 AccessKeyId:k1,S",
        "OSS2 AccessKeyId:k2,S",
    ]


@pytest.mark.parametrize("fork", FORKS)
def test_a_forked_child_opens_connections_of_its_own(
    bucket: ProxyBucket, service: Service, fork: Callable[[], int]
) -> None:
    service.answer = lambda _: (200, b"")
    assert connections(fork, service, lambda: bucket.put_object("key", b"data")) == (True, True)


@pytest.mark.parametrize("fork", FORKS)
def test_signed_urls_too_are_used_on_connections_of_the_childs_own(
    bucket: ProxyBucket, service: Service, fork: Callable[[], int]
) -> None:
    service.answer = lambda _: (200, b"")
    url = bucket.sign_url("PUT", "key", 60)
    assert connections(fork, service, lambda: bucket.put_object_with_url(url, b"data")) == (True, True)


def test_a_head_is_refused_in_a_header(bucket: ProxyBucket) -> None:
    packed = base64.b64encode(error(DEAD)).decode()
    answers = iter([SimpleNamespace(status=403, headers={"x-oss-err": packed}, read=lambda amt=None: b"")])

    class Session:
        """Refuses the first request as OSS refuses a HEAD."""

        def do_request(self, req: Any, timeout: Any) -> Any:
            return next(answers, None) or SimpleNamespace(
                status=200, headers={"content-length": "0"}, request_id="R", read=lambda amt=None: b""
            )

    bucket.session = Session()
    bucket.head_object("key")


class Stuck(io.BytesIO):
    """Can go anywhere as long as nobody needs it."""

    def read(self, size: int | None = -1) -> bytes:
        self.seek = self.stay  # type: ignore[method-assign]
        return super().read(size)

    def stay(self, position: int, whence: int = 0) -> int:
        if whence == 0 and position == self.tell():
            return position
        raise OSError("the tape is stuck")


def test_a_body_that_does_not_go_back_after_all_leaves_the_services_error(
    bucket: ProxyBucket, played: PlayedClient, service: Service
) -> None:
    service.answer = dead("k1")
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.put_object("key", Stuck(b"data"))
    assert caught.value.code == DEAD and "the tape is stuck" in str(caught.value.__cause__)
    assert len(service.requests) == 1 and played.played.serial == 2


class Subclass(oss2.utils._BytesAndFileAdapter):  # type: ignore[misc, name-defined]
    pass


def of_a_newer_version() -> Any:
    adapter = oss2.utils.make_crc_adapter(b"data")
    adapter.something_new = 1
    return adapter


@pytest.mark.parametrize(
    "body",
    [
        oss2.utils.make_cipher_adapter(b"data", lambda content: content),
        oss2.utils.make_crc_adapter(oss2.utils.make_cipher_adapter(b"data", lambda content: content)),
        oss2.utils.make_crc_adapter(iter([b"data"])),
        oss2.SizedFileAdapter(iter([b"data"]), 4),
        Subclass(b"data", size=4),
        of_a_newer_version(),
        [b"data"],
    ],
)
def test_what_nobody_can_take_back_counts_as_gone(body: Any) -> None:
    assert rewinder(body, state(body)) is None


def test_adapters_go_back_to_where_they_were_with_their_checksum() -> None:
    seen: list[int] = []
    stream = io.BytesIO(b"before" + bytes(range(200)))
    stream.seek(6)
    part = oss2.SizedFileAdapter(stream, 150)
    body = oss2.utils.make_crc_adapter(oss2.utils.make_progress_adapter(part, lambda at, _: seen.append(at)), 7)
    rewind = rewinder(body, state(body))
    assert rewind
    for amount in (10, 149, 150):
        rewind()
        assert body.read(amount) == bytes(range(amount)) and body.crc != 7
    whole = oss2.utils.make_crc_adapter(bytes(range(150)), 7)
    whole.read()
    assert body.crc == whole.crc and seen == [10, 149, 150]
