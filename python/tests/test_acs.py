"""ProxyAcsClient on the real SDK, with a secret that the test plays."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("aliyunsdkcore")
pytest.importorskip("aliyunsdkecs")

from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest, RoaRequest, RpcRequest
from aliyunsdkecs.request.v20140526.DescribeRegionsRequest import DescribeRegionsRequest

from kmsramcred import ClosedError, KmsServerError
from kmsramcred.acs import ProxyAcsClient

from conftest import Service
from forks import FORKS, connections
from played import DEAD, PlayedClient, refuses

@pytest.fixture
def played() -> PlayedClient:
    return PlayedClient()


@pytest.fixture
def client(played: PlayedClient) -> Iterator[ProxyAcsClient]:
    with ProxyAcsClient("name", client=played) as made:  # type: ignore[arg-type]
        yield made


def rpc(service: Service, request: Any = None) -> Any:
    request = request or DescribeRegionsRequest()
    request.set_endpoint(service.host)
    return request


def roa(service: Service, content: Any = None) -> RoaRequest:
    request = RoaRequest("CS", "2015-12-15", "DescribeClusters", method="PUT", uri_pattern="/clusters", headers={})
    request.set_content(content)
    request.set_endpoint(service.host)
    return request


def common(service: Service) -> CommonRequest:
    return CommonRequest(domain=service.host, version="2014-05-26", action_name="DescribeRegions", product="Ecs")


def test_it_is_an_acs_client_with_the_official_attributes(client: ProxyAcsClient) -> None:
    assert isinstance(client, AcsClient)
    assert (client.secret_name, client.ak_expire_handler, client.is_close) == ("name", None, False)
    assert (client.get_access_key(), client.get_access_secret()) == ("k1", "s1")


@pytest.mark.parametrize("how", ["do_action_with_exception", "do_action", "get_response"])
@pytest.mark.parametrize("make", [rpc, roa, common])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_way_to_call_survives_a_rotation(
    client: ProxyAcsClient, played: PlayedClient, service: Service, how: str, make: Any
) -> None:
    service.answer = refuses("k1")
    answer = getattr(client, how)(make(service))
    body = answer[2] if how == "get_response" else answer
    assert json.loads(body) == {"ok": True}
    assert len(service.requests) == 2
    assert played.played.accepted == [2]
    (report,) = played.played.reports
    assert report["code"] == DEAD and report["status"] == 404 and report["host"] == service.host
    nonces = [seen["query"].get("SignatureNonce", i) for i, seen in enumerate(service.requests)]
    assert len(set(nonces)) == 2


def test_location_look_ups_survive_a_rotation(
    client: ProxyAcsClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse = refuses("k1")

    def answer(seen: dict[str, Any]) -> tuple[int, bytes]:
        status, body = refuse(seen)
        if status == 200 and seen["query"].get("Action") == "DescribeEndpoints":
            found = {"ServiceCode": "made-up", "Type": "openAPI", "Endpoint": service.host}
            body = json.dumps({"Endpoints": {"Endpoint": [found]}}).encode()
        return status, body

    service.answer = answer
    resolver = client._endpoint_resolver._resolver.endpoint_resolvers[-1]
    resolver.set_location_service_endpoint(service.host)
    original = RpcRequest.set_protocol_type
    monkeypatch.setattr(RpcRequest, "set_protocol_type", lambda self, kind: original(self, "http"))
    request = RpcRequest("MadeUp", "2020-01-01", "Do", "made-up")
    assert json.loads(client.do_action_with_exception(request)) == {"ok": True}
    assert [seen["query"]["Action"] for seen in service.requests] == ["DescribeEndpoints", "DescribeEndpoints", "Do"]


def test_acceptance_is_told_once(client: ProxyAcsClient, played: PlayedClient, service: Service) -> None:
    for _ in range(3):
        client.do_action_with_exception(rpc(service))
    assert played.played.accepted == [1]


def test_other_errors_pass_untouched(client: ProxyAcsClient, played: PlayedClient, service: Service) -> None:
    service.answer = lambda _: (403, b'{"Code":"Forbidden.RAM","Message":"no","RequestId":"R"}')
    with pytest.raises(ServerException) as caught:
        client.do_action_with_exception(rpc(service))
    assert caught.value.error_code == "Forbidden.RAM" and caught.value.request_id == "R"
    assert caught.value.__cause__ is None
    assert len(service.requests) == 1 and not played.played.accepted


def test_giving_up_shows_the_services_error_with_the_cause(
    client: ProxyAcsClient, played: PlayedClient, service: Service
) -> None:
    cause = KmsServerError("KMS is down")
    played.played.verdict = SimpleNamespace(action="give_up", retry_after=0.0, error=cause)
    service.answer = refuses("k1")
    with pytest.raises(ServerException) as caught:
        client.do_action_with_exception(rpc(service))
    assert caught.value.error_code == DEAD and caught.value.__cause__ is cause


def test_the_environment_does_not_replace_the_key(
    played: PlayedClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_ID", "environment")
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_SECRET", "environment")
    with ProxyAcsClient("name", client=played) as client:  # type: ignore[arg-type]
        client.do_action_with_exception(rpc(service))
    assert service.requests[0]["query"]["AccessKeyId"] == "k1"


@pytest.mark.parametrize("make", [rpc, roa, common])
def test_a_security_token_goes_with_its_key(
    client: ProxyAcsClient, played: PlayedClient, service: Service, make: Any
) -> None:
    played.played.tokens = {1: "token1", 3: "token3"}
    service.answer = refuses("k1", "k2")
    client.do_action_with_exception(make(service))
    tokens = [
        seen["query"].get("SecurityToken") or seen["headers"].get("x-acs-security-token") for seen in service.requests
    ]
    assert tokens == ["token1", None, "token3"]


@pytest.mark.parametrize("make", [rpc, roa, common])
def test_the_user_agent_does_not_grow(client: ProxyAcsClient, service: Service, make: Any) -> None:
    service.answer = refuses("k1", "k2")
    request = make(service)
    for _ in range(2):
        client.do_action_with_exception(request)
    assert len({seen["headers"]["user-agent"] for seen in service.requests}) == 1
    assert "User-Agent" not in request.get_headers()


def test_the_users_own_user_agent_stays(client: ProxyAcsClient, service: Service) -> None:
    service.answer = refuses("k1")
    request = rpc(service)
    request.set_user_agent("mine")
    client.do_action_with_exception(request)
    assert request.get_headers()["User-Agent"] == "mine"
    assert len({seen["headers"]["user-agent"] for seen in service.requests}) == 1


def test_the_client_token_stays(client: ProxyAcsClient, service: Service) -> None:
    from aliyunsdkecs.request.v20140526.RunInstancesRequest import RunInstancesRequest

    service.answer = refuses("k1")
    request = RunInstancesRequest()
    request.set_ClientToken("one purchase")
    client.do_action_with_exception(rpc(service, request))
    assert [seen["query"]["ClientToken"] for seen in service.requests] == ["one purchase"] * 2


@pytest.mark.parametrize("content", [b"bytes" * 1000, "text" * 1000])
@pytest.mark.parametrize("make", [roa, rpc])
def test_bodies_in_memory_are_sent_again(client: ProxyAcsClient, service: Service, make: Any, content: Any) -> None:
    service.answer = refuses("k1")
    request = make(service)
    request.set_method("PUT")
    request.set_content(content)
    client.do_action_with_exception(request)
    expected = content.encode() if isinstance(content, str) else content
    assert [seen["body"] for seen in service.requests] == [expected, expected]


def test_form_parameters_are_sent_again(client: ProxyAcsClient, service: Service) -> None:
    service.answer = refuses("k1")
    request = rpc(service)
    request.set_method("POST")
    request.add_body_params("Key", "value")
    client.do_action_with_exception(request)
    assert [seen["body"] for seen in service.requests] == [b"Key=value", b"Key=value"]


def test_a_file_is_rewound_to_where_it_was(client: ProxyAcsClient, service: Service) -> None:
    service.answer = refuses("k1")
    content = io.BytesIO(b"skip" + os.urandom(5000))
    content.seek(4)
    request = rpc(service)
    request.set_method("POST")
    request.set_content(content)
    client.do_action_with_exception(request)
    assert [seen["body"] for seen in service.requests] == [content.getvalue()[4:]] * 2


class OneWay(io.RawIOBase):
    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(buffer)


@pytest.mark.parametrize("content", [OneWay(b"once"), (part for part in [b"on", b"ce"])])
def test_a_body_that_is_gone_is_not_sent_again(
    client: ProxyAcsClient, played: PlayedClient, service: Service, content: Any
) -> None:
    service.answer = refuses("k1")
    request = rpc(service)
    request.set_method("POST")
    request.set_content(content)
    with pytest.raises(ServerException) as caught:
        client.do_action_with_exception(request)
    assert caught.value.error_code == DEAD
    assert [seen["body"] for seen in service.requests] == [b"once"]
    assert played.played.serial == 2, "the key is fresh for the next call"


def test_the_code_is_found_in_xml(client: ProxyAcsClient, played: PlayedClient, service: Service) -> None:
    xml = f"<?xml version='1.0'?><Error><RequestId>R</RequestId><Code>{DEAD}</Code></Error>".encode()
    service.answer = refuses("k1", body=xml)
    assert json.loads(client.do_action_with_exception(rpc(service))) == {"ok": True}


def test_an_empty_body_has_no_code(client: ProxyAcsClient, played: PlayedClient, service: Service) -> None:
    service.answer = refuses("k1", body=b"", status=403)
    request = rpc(service)
    request.set_method("HEAD")
    with pytest.raises(ServerException):
        client.do_action_with_exception(request)
    assert played.played.reports[0]["code"] == "" and played.played.reports[0]["status"] == 403


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"Code":"SignatureDoesNotMatch","Message":"no colon here"}', "SignatureDoesNotMatch"),
        (b"7", "SDK.UnknownServerError"),
        ("<html>\xe9</html>".encode("latin-1"), "SDK.UnknownServerError"),
    ],
)
def test_what_the_sdk_trips_over_is_shown(client: ProxyAcsClient, service: Service, body: bytes, code: str) -> None:
    service.answer = lambda _: (400, body)
    with pytest.raises(ServerException) as caught:
        client.do_action_with_exception(rpc(service))
    assert caught.value.error_code == code and caught.value.http_status == 400


def test_a_handler_may_judge_further_errors(played: PlayedClient, service: Service) -> None:
    judged: list[Any] = []

    class Handler:
        def judge_ak_expire(self, exception: Any) -> bool:
            judged.append(exception)
            return bool(exception.error_code == "MyGateway.KeyGone")

    service.answer = refuses("k1", body=b'{"Code":"MyGateway.KeyGone"}')
    with ProxyAcsClient("name", Handler(), client=played) as client:  # type: ignore[arg-type]
        client.do_action_with_exception(rpc(service))
    assert len(judged) == 1 and isinstance(judged[0], ServerException)
    assert played.played.reports[0]["code"] is None


def test_a_broken_connection_is_the_sdks_own_error(client: ProxyAcsClient, played: PlayedClient) -> None:
    request = DescribeRegionsRequest()
    request.set_endpoint("127.0.0.1:1")
    with pytest.raises(ClientException):
        client.do_action_with_exception(request)
    assert not played.played.reports and not played.played.accepted


def test_another_signer_is_left_alone(client: ProxyAcsClient, played: PlayedClient, service: Service) -> None:
    from aliyunsdkcore.auth.credentials import AccessKeyCredential
    from aliyunsdkcore.auth.signers.access_key_signer import AccessKeySigner

    service.answer = refuses("other")
    request = rpc(service)
    request.add_query_param("SecurityToken", "of the other key")
    *_, exception = client._implementation_of_do_action(
        request, AccessKeySigner(AccessKeyCredential("other", "secret"))
    )
    assert exception.error_code == DEAD
    assert service.requests[0]["query"]["SecurityToken"] == "of the other key"
    assert not played.played.reports and not played.played.accepted


def test_a_client_that_was_shut_down_says_so(client: ProxyAcsClient, service: Service) -> None:
    client.shutdown()
    client.shutdown()
    assert client.is_close
    with pytest.raises(ClosedError):
        client.do_action_with_exception(rpc(service))


def test_threads_share_one_refresh(client: ProxyAcsClient, played: PlayedClient, service: Service) -> None:
    service.answer = refuses("k1")
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(4):
                client.do_action_with_exception(rpc(service))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and played.played.serial == 2


@pytest.mark.parametrize("fork", FORKS)
def test_a_forked_child_opens_connections_of_its_own(
    client: ProxyAcsClient, service: Service, fork: Callable[[], int]
) -> None:
    assert connections(fork, service, lambda: client.do_action_with_exception(rpc(service))) == (True, True)


def test_a_child_keeps_the_settings_of_the_session(client: ProxyAcsClient) -> None:
    from kmsramcred._session import unconnected

    client.session.verify = "/ca"
    copy = unconnected(client.session)
    assert copy.verify == "/ca" and copy.adapters.keys() == client.session.adapters.keys()
    for prefix, adapter in copy.adapters.items():
        original = client.session.adapters[prefix]
        assert adapter.poolmanager is not original.poolmanager
        assert adapter._pool_maxsize == original._pool_maxsize
    assert copy.cookies is not client.session.cookies


def test_the_sdks_own_retry_sends_the_whole_body_again(
    client: ProxyAcsClient, played: PlayedClient, service: Service
) -> None:
    answers = [(503, b'{"Code":"ServiceUnavailable"}'), (404, json.dumps({"Code": DEAD}).encode()), (200, b"{}")]
    service.answer = lambda _: answers[len(service.requests) - 1]
    request = rpc(service)
    request.set_method("POST")
    request.set_content(io.BytesIO(b"whole"))
    client.do_action_with_exception(request)
    assert [seen["body"] for seen in service.requests] == [b"whole"] * 3
    assert len({seen["headers"]["user-agent"] for seen in service.requests}) == 1


def test_the_sdks_own_retry_sends_no_body_that_is_gone(client: ProxyAcsClient, service: Service) -> None:
    service.answer = lambda _: (503, b'{"Code":"ServiceUnavailable"}')
    request = rpc(service)
    request.set_method("POST")
    request.set_content(OneWay(b"once"))
    with pytest.raises(ServerException) as caught:
        client.do_action_with_exception(request)
    assert caught.value.error_code == "ServiceUnavailable"
    assert [seen["body"] for seen in service.requests] == [b"once"]


@pytest.mark.parametrize("how", ["do_action", "get_response"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_refusal_that_stays_is_returned_as_the_sdk_returns_it(
    client: ProxyAcsClient, played: PlayedClient, service: Service, how: str
) -> None:
    played.played.verdict = SimpleNamespace(action="give_up", retry_after=0.0, error=None)
    service.answer = refuses("k1")
    answer = getattr(client, how)(rpc(service))
    body = answer[2] if how == "get_response" else answer
    assert json.loads(body)["Code"] == DEAD and len(played.played.reports) == 1


def test_a_key_that_is_lost_after_a_refusal_leaves_the_services_error(
    client: ProxyAcsClient, played: PlayedClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause = KmsServerError("KMS is down")
    take = played.played.credential

    def credential(timeout: float | None = None) -> SimpleNamespace:
        if played.played.reports:
            raise cause
        return take()

    monkeypatch.setattr(played.played, "credential", credential)
    service.answer = refuses("k1")
    with pytest.raises(ServerException) as caught:
        client.do_action_with_exception(rpc(service))
    assert caught.value.error_code == DEAD and caught.value.__cause__ is cause


def test_no_key_at_all_is_kmsramcreds_error(
    client: ProxyAcsClient, played: PlayedClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def credential(timeout: float | None = None) -> SimpleNamespace:
        raise KmsServerError("KMS is down")

    monkeypatch.setattr(played.played, "credential", credential)
    with pytest.raises(KmsServerError):
        client.do_action_with_exception(rpc(service))
    assert not service.requests


@pytest.mark.parametrize("make", [rpc, roa, common])
def test_a_sent_request_carries_no_token_to_another_client(
    client: ProxyAcsClient, played: PlayedClient, service: Service, make: Any
) -> None:
    played.played.tokens = {1: "token1"}
    request = make(service)
    client.do_action_with_exception(request)
    AcsClient("other", "secret", "cn-hangzhou").do_action_with_exception(request)
    tokens = [
        seen["query"].get("SecurityToken") or seen["headers"].get("x-acs-security-token") for seen in service.requests
    ]
    assert tokens == ["token1", None]
