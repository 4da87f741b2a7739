"""kmsramcred.rocketmq on the real client, against a RocketMQ of a few lines that verifies every signature."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import hashlib
import hmac
import pathlib
import re
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

rocketmq = pytest.importorskip("rocketmq")

import grpc
from rocketmq import ClientConfiguration, FilterExpression, Message, Producer, SimpleConsumer
from rocketmq.grpc_protocol import Code, service_pb2, service_pb2_grpc
from rocketmq.v5.exception import UnauthorizedException
from rocketmq.v5.util import Misc, Signature

import kmsramcred.rocketmq
from kmsramcred import Client, KmsServerError

from kms_emulator import Emulator
from played import PlayedClient, PlayedSecret

TOPIC = "topic"
_AUTHORIZATION = re.compile(
    r"MQv2-HMAC-SHA1 Credential=([^,]+), SignedHeaders=x-mq-date-time, Signature=([0-9a-f]{40})"
)


class Broker(service_pb2_grpc.MessagingServiceServicer):  # type: ignore[misc]
    """Accepts what is signed with a key in `alive`; counts what it refused."""

    def __init__(self) -> None:
        self.alive: dict[str, str] = {}
        self.refused = 0
        self.forged = 0
        #: What a request is answered with whose key is alive.
        self.code = int(Code.OK)
        self.stored: list[bytes] = []
        self._lock = threading.Lock()
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(64))
        service_pb2_grpc.add_MessagingServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait()

    def _code(self, context: Any) -> int:
        sent = dict(context.invocation_metadata())
        found = _AUTHORIZATION.fullmatch(sent["authorization"])
        assert found
        with self._lock:
            secret = self.alive.get(found[1])
            if secret is None:
                self.refused += 1
                return int(Code.UNAUTHORIZED)
            right = hmac.new(secret.encode(), sent["x-mq-date-time"].encode(), hashlib.sha1).hexdigest()
            if right != found[2]:
                self.forged += 1
                return int(Code.UNAUTHORIZED)
        return self.code

    def QueryRoute(self, request: Any, context: Any) -> Any:
        answer = service_pb2.QueryRouteResponse()
        answer.status.code = self._code(context)
        queue = answer.message_queues.add()
        queue.topic.CopyFrom(request.topic)
        queue.permission = 4
        queue.accept_message_types.append(1)
        queue.broker.name = "broker"
        queue.broker.endpoints.scheme = 1
        address = queue.broker.endpoints.addresses.add()
        address.host, address.port = "127.0.0.1", self.port
        return answer

    def Heartbeat(self, request: Any, context: Any) -> Any:
        answer = service_pb2.HeartbeatResponse()
        answer.status.code = self._code(context)
        return answer

    def NotifyClientTermination(self, request: Any, context: Any) -> Any:
        answer = service_pb2.NotifyClientTerminationResponse()
        answer.status.code = self._code(context)
        return answer

    def SendMessage(self, request: Any, context: Any) -> Any:
        answer = service_pb2.SendMessageResponse()
        code = self._code(context)
        answer.status.code = code
        entry = answer.entries.add()
        entry.status.code = code
        if code == Code.OK:
            self.stored += [message.body for message in request.messages]
            entry.message_id = request.messages[0].system_properties.message_id
        return answer

    def ReceiveMessage(self, request: Any, context: Any) -> Iterator[Any]:
        code = self._code(context)
        told = service_pb2.ReceiveMessageResponse()
        told.status.code = code
        yield told
        if code != Code.OK:
            return
        for number in range(2):
            answer = service_pb2.ReceiveMessageResponse()
            answer.message.topic.name = TOPIC
            answer.message.body = b"%d" % number
            answer.message.system_properties.message_id = f"m{number}"
            answer.message.system_properties.body_encoding = 1
            answer.message.system_properties.body_digest.type = 1
            answer.message.system_properties.body_digest.checksum = Misc.crc32_checksum(answer.message.body)
            yield answer

    def Telemetry(self, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        yield from requests


@pytest.fixture
def broker() -> Iterator[Broker]:
    made = Broker()
    yield made
    made.stop()


class Played(PlayedSecret):
    client = PlayedClient()


def configuration(broker: Broker, secret: Any) -> Any:
    return ClientConfiguration(f"127.0.0.1:{broker.port}", kmsramcred.rocketmq.Credentials(secret))


@pytest.fixture
def ending() -> Iterator[list[Any]]:
    """Clients to shut down."""
    made: list[Any] = []
    yield made
    for client in made:
        client.shutdown()
    made.clear()
    gc.collect()


def producer(broker: Broker, secret: Any, ending: list[Any]) -> Any:
    made = kmsramcred.rocketmq.attach(Producer(configuration(broker, secret), [TOPIC]))
    made.startup()
    ending.append(made)
    return made


def message(body: bytes = b"body") -> Any:
    made = Message()
    made.topic = TOPIC
    made.body = body
    return made


def test_the_signer_of_the_client_sees_the_current_key() -> None:
    secret = Played()
    shown = ClientConfiguration("127.0.0.1:1", kmsramcred.rocketmq.Credentials(secret))

    def signed() -> tuple[str, bool]:
        sent = dict(Signature.metadata(shown, "id"))
        found = _AUTHORIZATION.fullmatch(sent["authorization"])
        assert found
        key, number = found[1], found[1][1:]
        return key, Signature.sign("s" + number, sent["x-mq-date-time"]) == found[2]

    assert signed() == ("k1", True)
    secret.serial = 2
    assert signed() == ("k2", True)


def test_a_pair_belongs_together_whichever_half_is_read_first() -> None:
    secret = Played()
    credentials = kmsramcred.rocketmq.Credentials(secret)
    read = {"ak": lambda: credentials.ak, "sk": lambda: credentials.sk}
    for first, second in (("sk", "ak"), ("ak", "sk")):
        pair = {first: read[first]()}
        secret.serial += 1
        pair[second] = read[second]()
        assert pair["ak"][1:] == pair["sk"][1:]
        assert read[second]()[1:] == str(secret.serial), "and the next read sees the new key"
        read[first]()


def test_credentials_show_no_secret() -> None:
    assert "s1" not in repr(kmsramcred.rocketmq.Credentials(Played()))


def test_a_client_starts_and_sends_with_a_key_that_died(broker: Broker, ending: list[Any]) -> None:
    secret = Played()
    broker.alive = {"k2": "s2"}
    sender = producer(broker, secret, ending)
    assert sender.send(message()).message_id
    assert broker.stored == [b"body"]
    assert [report["serial"] for report in secret.reports] == [1]
    assert secret.reports[0] == {
        "serial": 1, "service": "rocketmq", "host": f"127.0.0.1:{broker.port}", "code": None, "status": None
    }
    assert 2 in secret.accepted and 1 not in secret.accepted
    broker.alive = {"k3": "s3"}
    assert sender.send_async(message(b"again")).result(10).message_id
    assert broker.stored == [b"body", b"again"] and broker.forged == 0


def test_a_refusal_that_no_newer_key_heals_reaches_the_program(broker: Broker, ending: list[Any]) -> None:
    secret = Played()
    broker.alive = {"k1": "s1"}
    sender = producer(broker, secret, ending)
    broker.alive = {}
    secret.verdict = type("Verdict", (), {"action": "give_up", "retry_after": 0.0, "error": None})
    with pytest.raises(UnauthorizedException):
        sender.send(message())


def test_a_key_that_is_lost_after_a_refusal_leaves_the_brokers_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Played()
    client = SimpleNamespace(client_configuration=ClientConfiguration("127.0.0.1:1", None), client_id="id")
    signer = kmsramcred.rocketmq._Signer(client, secret)  # type: ignore[arg-type]
    sender = kmsramcred.rocketmq._Sender(None, signer)
    signed = signer()
    refusal = SimpleNamespace(status=SimpleNamespace(code=Code.UNAUTHORIZED))

    def credential(timeout: float | None = None) -> SimpleNamespace:
        raise KmsServerError("KMS is down")

    monkeypatch.setattr(secret, "credential", credential)
    # No metadata to send again with: the client is given the reply.
    assert asyncio.run(sender._judged(sender._call(), "broker", refusal, signed)) is None
    assert [report["serial"] for report in secret.reports] == [1]


@pytest.mark.parametrize(
    "name, accepted",
    [("OK", True), ("MULTIPLE_RESULTS", True), ("CODE_UNSPECIFIED", True), ("BAD_REQUEST", False), ("FORBIDDEN", False),
     ("TOO_MANY_REQUESTS", False), ("PROXY_TIMEOUT", False)],
)
def test_only_an_answer_to_the_request_is_a_success_of_the_key(
    broker: Broker, ending: list[Any], name: str, accepted: bool
) -> None:
    secret = Played()
    broker.alive = {"k1": "s1"}
    sender = producer(broker, secret, ending)
    broker.code = code = Code.Value(name)
    broker.alive = {"k2": "s2"}
    secret.serial = 2
    to, request = sender.client_configuration.rpc_endpoints, service_pb2.SendMessageRequest()
    request.messages.add()
    reply = sender.rpc_client.send_message_async(to, request, sender.sign()).result(10)
    broker.code = int(Code.OK)
    assert reply.status.code == code
    assert (2 in secret.accepted) == accepted


def test_a_consumer_receives_with_a_key_that_died(broker: Broker, ending: list[Any]) -> None:
    secret = Played()
    broker.alive = {"k1": "s1"}
    consumer = kmsramcred.rocketmq.attach(SimpleConsumer(configuration(broker, secret), "group", {TOPIC: FilterExpression()}))
    consumer.startup()
    ending.append(consumer)
    assert [found.body for found in consumer.receive(2, 15)] == [b"0", b"1"]
    broker.alive = {"k2": "s2"}
    assert [found.body for found in consumer.receive_async(2, 15).result(10)] == [b"0", b"1"]
    assert secret.serial == 2


def test_rotations_lose_no_message(broker: Broker, ending: list[Any], emulator: Emulator, tmp_path: pathlib.Path) -> None:
    name = "rocketmq/rotations"
    emulator.post("/secrets", {"name": name})
    path = emulator.properties(tmp_path)

    def learn() -> None:
        with Client.from_file(path) as theirs:
            found = theirs.secret(name).credential()
        broker.alive = {found.access_key_id: found.access_key_secret}

    learn()
    with Client.from_file(path) as ours:
        senders = [producer(broker, ours.secret(name), ending) for _ in range(2)]
        stop = threading.Event()
        sent = [0] * 16

        def work(number: int) -> None:
            while not stop.is_set():
                senders[number % 2].send(message(b"%d" % number))
                sent[number] += 1

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            working = [pool.submit(work, number) for number in range(16)]
            try:
                for _ in range(4):
                    emulator.post(f"/secrets/{name.replace('/', '%2F')}/rotate")
                    before = list(sent)
                    learn()
                    while any(now <= then + 2 for now, then in zip(sent, before)) and not any(w.done() for w in working):
                        stop.wait(0.01)
            finally:
                stop.set()
            for done in working:
                done.result(30)
        assert len(broker.stored) == sum(sent) and broker.refused >= 4 and broker.forged == 0


def test_attaching_twice_is_once_and_a_wrong_client_is_named() -> None:
    config = ClientConfiguration("127.0.0.1:1", kmsramcred.rocketmq.Credentials(Played()))
    made = Producer(config, [])
    assert kmsramcred.rocketmq.attach(made) is made
    sign, sender = made.sign, made.rpc_client
    kmsramcred.rocketmq.attach(made)
    assert made.sign is sign and made.rpc_client is sender
    with pytest.raises(TypeError, match=r"Credentials: give its ClientConfiguration kmsramcred\.rocketmq"):
        kmsramcred.rocketmq.attach(Producer(ClientConfiguration("127.0.0.1:1", rocketmq.Credentials("a", "s")), []))
